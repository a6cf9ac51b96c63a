/* What is said of all vehicles: the worst first, then what is not known. */
#include <check.h>
#include "csms/view/words_vehicles.h"
#include "tests/unit/words_fixture.h"

static void says(const struct words_vehicles *n, const char *words)
{
	words_vehicles_sentence(&t, n, now);
	ck_assert_str_eq(t.data, words);
	text_clear(&t);
}

static void says_below(const struct words_vehicles *n, const char *words)
{
	words_vehicles_sub(&t, n);
	ck_assert_str_eq(t.data, words);
	text_clear(&t);
}

START_TEST(the_worst_is_said_first_by_name_where_it_is_one)
{
	struct words_vehicles n = {
		.vehicles = 20, .first_name = "VAN-7", .first_at = wall_add_ms(now, 6 * 3600000)};

	says(&n, "All vehicles can do their work. VAN-7 leaves first, at 04:40.");
	n.broken_rosters = 1;
	n.roster_name = "R-7";
	says(&n, "Roster R-7 cannot be made into trips.");
	n.impossible = 1;
	n.impossible_name = "VAN-3";
	says(&n, "VAN-3 needs more for its trip than its battery holds.");
	n.will_miss = 1;
	n.will_miss_name = "VAN-5";
	n.at_risk = 2;
	n.impossible = 0;
	says(&n, "VAN-5 will miss its departure. 2 vehicles are at risk.");
}
END_TEST

START_TEST(nothing_known_is_said_to_be_so)
{
	struct words_vehicles n = {0};

	says(&n, "No vehicle is known here.");
	n.vehicles = 1;
	says(&n, "1 vehicle is known, and none has a departure.");
}
END_TEST

START_TEST(below_it_stands_what_there_is_to_do_and_what_is_not_known)
{
	struct words_vehicles n = {.vehicles = 20, .here = 14};

	says_below(&n,
		"14 of 20 vehicles are plugged in. No trip is planned: they leave as described.");
	n.trips = 17;
	n.without_trip = 3;
	n.unknown = 1;
	n.aside = 2;
	says_below(&n, "14 of 20 vehicles are plugged in. 17 trips begin within 36 h. 3 vehicles "
		       "have none. 1 vehicle tells no state of charge. 2 readings were set aside.");
}
END_TEST

static void says_of_one(const struct words_vehicle *v, const char *words)
{
	words_vehicle_sentence(&t, v);
	ck_assert_str_eq(t.data, words);
	text_clear(&t);
}

START_TEST(one_vehicle_and_what_it_has_to_do_next)
{
	struct words_vehicle v = {.name = "VAN-7",
		.place = "CP-7/1",
		.now = now,
		.leaves = wall_add_ms(now, 6 * 3600000),
		.target_pct = 80,
		.is_possible = true};

	says_of_one(&v, "VAN-7 at CP-7/1 leaves at 04:40 with 80\xe2\x80\xaf%.");
	v.is_possible = false;
	says_of_one(&v, "VAN-7 at CP-7/1 leaves at 04:40 and needs more than its battery holds.");
	v.leaves = wall_add_ms(now, -600000);
	v.is_possible = true;
	says_of_one(&v, "VAN-7 at CP-7/1 should have left at 22:30 with 80\xe2\x80\xaf%.");
	v.leaves = (wall_t){0};
	says_of_one(&v, "VAN-7 at CP-7/1 has no departure.");
	v.place = NULL;
	says_of_one(&v, "VAN-7 is out and has no departure.");
	v.leaves = wall_add_ms(now, 6 * 3600000);
	says_of_one(&v, "VAN-7 is out and leaves at 04:40 with 80\xe2\x80\xaf%.");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("words_vehicles");
	TCase *c = tcase_create("words_vehicles");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, the_worst_is_said_first_by_name_where_it_is_one);
	tcase_add_test(c, nothing_known_is_said_to_be_so);
	tcase_add_test(c, below_it_stands_what_there_is_to_do_and_what_is_not_known);
	tcase_add_test(c, one_vehicle_and_what_it_has_to_do_next);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
