#include <check.h>
#include <stdlib.h>
#include <time.h>

#include "csms/api/whatif_nights.h"
#include "csms/zone.h"

/* 2026-11-20 (day 20777) in UTC; the depot is an hour ahead of it. */
#define DAY   INT64_C(20777)
#define AT(h) ((wall_t){DAY * 86400000 + (int64_t)((h)*3600000.0)})

static void in_berlin(void)
{
	setenv("TZ", "Europe/Berlin", 1);
	tzset();
}

START_TEST(a_night_goes_from_noon_to_noon_of_the_depot)
{
	in_berlin();
	ck_assert_int_eq(zone_night(AT(11)), DAY);
	ck_assert_int_eq(zone_night(AT(10.99)), DAY - 1);
	ck_assert_int_eq(zone_night(AT(23)), DAY);
	ck_assert_int_eq(zone_night(AT(30)), DAY);
	ck_assert_int_eq(zone_night(AT(34.99)), DAY);
	ck_assert_int_eq(zone_night(AT(35)), DAY + 1);
	setenv("TZ", "America/Los_Angeles", 1);
	tzset();
	ck_assert_int_eq(zone_night(AT(19)), DAY - 1);
	ck_assert_int_eq(zone_night(AT(20)), DAY);
	setenv("TZ", "Pacific/Auckland", 1);
	tzset();
	ck_assert_int_eq(zone_night(AT(-1)), DAY);
	ck_assert_int_eq(zone_night(AT(-1.01)), DAY - 1);
	in_berlin();
}
END_TEST

/* The evening's plan, before anything was charged, not the last one before they leave. */
START_TEST(of_a_night_the_first_plan_with_the_most_vehicles_counts)
{
	struct db_plan plans[] = {
		{.id = "next evening", .at = AT(41), .vehicles = 2},
		{.id = "morning, few", .at = AT(30), .vehicles = 1},
		{.id = "after midnight, all", .at = AT(25), .vehicles = 5},
		{.id = "evening, all, later", .at = AT(22), .vehicles = 5},
		{.id = "evening, all", .at = AT(20), .vehicles = 5},
		{.id = "evening, some", .at = AT(17), .vehicles = 3},
		{.id = "evening, none", .at = AT(16), .vehicles = 0},
		{.id = "night before", .at = AT(9), .vehicles = 9},
	};
	const struct db_plan *best[4];
	struct db_plan_list list = {sizeof plans / sizeof *plans, plans};
	bool is_tonight;

	in_berlin();
	ck_assert_uint_eq(whatif_nights(&list, AT(100), best, 4, &is_tonight), 3);
	ck_assert(!is_tonight);
	ck_assert_str_eq(best[0]->id, "next evening");
	ck_assert_str_eq(best[1]->id, "evening, all");
	ck_assert_str_eq(best[2]->id, "night before");
	ck_assert_uint_eq(whatif_nights(&list, AT(100), best, 2, &is_tonight), 2);
	ck_assert_str_eq(best[1]->id, "evening, all");
	/* what is not over does not count beside nights that are */
	ck_assert_uint_eq(whatif_nights(&list, AT(41), best, 4, &is_tonight), 2);
	ck_assert_str_eq(best[0]->id, "evening, all");
	list.count = 1;
	ck_assert_uint_eq(whatif_nights(&list, AT(41), best, 4, &is_tonight), 1);
	ck_assert(is_tonight);
}
END_TEST

START_TEST(what_a_plan_says_of_its_night_goes_first)
{
	struct db_plan plans[] = {
		{.id = "b", .at = AT(20), .vehicles = 1, .has_night = true, .night = DAY + 1},
		{.id = "a", .at = AT(19), .vehicles = 5, .has_night = true, .night = DAY},
	};
	const struct db_plan *best[4];
	bool is_tonight;

	in_berlin();
	ck_assert_uint_eq(
		whatif_nights(&(struct db_plan_list){2, plans}, AT(100), best, 4, &is_tonight), 2);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("whatif_nights");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_add_test(t, a_night_goes_from_noon_to_noon_of_the_depot);
	tcase_add_test(t, of_a_night_the_first_plan_with_the_most_vehicles_counts);
	tcase_add_test(t, what_a_plan_says_of_its_night_goes_first);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
