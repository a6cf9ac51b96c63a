#include <check.h>
#include <stdio.h>
#include <string.h>

#include "csms/words.h"
#include "tests/unit/words_fixture.h"

#define NS   "\xe2\x80\xaf"
#define HOUR INT64_C(3600000)

static const char *said(void)
{
	static char buf[400];

	snprintf(buf, sizeof(buf), "%s", t.data != NULL ? t.data : "");
	text_clear(&t);
	return buf;
}

START_TEST(numbers_carry_their_unit)
{
	words_power(&t, 142000);
	ck_assert_str_eq(said(), "142" NS "kW");
	words_power(&t, 9440);
	ck_assert_str_eq(said(), "9.4" NS "kW");
	words_power(&t, 99960);
	ck_assert_str_eq(said(), "100" NS "kW");
	words_power(&t, -3000);
	ck_assert_str_eq(said(), "\xe2\x88\x92"
				 "3.0" NS "kW");
	words_power(&t, -20);
	ck_assert_str_eq(said(), "0.0" NS "kW");
	words_power_of(&t, 142000, 250000);
	ck_assert_str_eq(said(), "142 of 250" NS "kW");
	words_energy(&t, 412345);
	ck_assert_str_eq(said(), "412" NS "kWh");
}
END_TEST

START_TEST(what_is_missing_is_said_once)
{
	words_missing(&t, 27200, "27.2 kWh short: charger");
	ck_assert_str_eq(said(), "27.2" NS "kWh will be missing: its charger gives no more.");
	words_missing(&t, 27200, "27.2 kWh short: hall-a (rating)");
	ck_assert_str_eq(said(), "27.2" NS "kWh will be missing: held back by hall-a (rating).");
	words_missing(&t, 12400, "12.4 kWh short: 10.0 by site (envelope), 2.4 by the battery");
	ck_assert_str_eq(said(), "12.4" NS "kWh will be missing: 10.0 by site (envelope), 2.4 by "
				 "the battery.");
	words_missing(&t, 9400, "");
	ck_assert_str_eq(said(), "9.4" NS "kWh will be missing.");
}
END_TEST

START_TEST(times_are_the_depots)
{
	words_time(&t, wall_add_ms(now, 7 * HOUR - 10 * 60000), now);
	ck_assert_str_eq(said(), "05:30");
	words_time(&t, wall_add_ms(now, 30 * HOUR), now);
	ck_assert_str_eq(said(), "Fri 04:40");
	/* Summer time begins on 2026-03-29 at 02:00. */
	wall_t eve;
	ck_assert(wall_parse("2026-03-28T23:00:00Z", 20, &eve));
	words_time(&t, wall_add_ms(eve, 4 * HOUR), eve);
	ck_assert_str_eq(said(), "05:00");
}
END_TEST

START_TEST(durations_are_short)
{
	words_duration(&t, 38 * 60000);
	ck_assert_str_eq(said(), "38" NS "min");
	words_duration(&t, 136 * 60000);
	ck_assert_str_eq(said(), "2" NS "h 16" NS "min");
	words_duration(&t, 3 * HOUR);
	ck_assert_str_eq(said(), "3" NS "h");
	words_duration(&t, 72 * HOUR);
	ck_assert_str_eq(said(), "3 days");
}
END_TEST

START_TEST(the_sentence_fits_the_night)
{
	wall_t first = wall_add_ms(now, 7 * HOUR - 10 * 60000);
	const struct {
		struct words_night n;
		const char *sentence;
	} rows[] = {
		{{.vans = 20, .on_track = 20, .first = first},
			"20 vans are on track. The first leaves at 05:30."},
		{{.vans = 20, .on_track = 1, .away = 19, .first = first},
			"1 van is on track. It leaves at 05:30."},
		{{.vans = 20, .on_track = 20, .ready = 20, .first = first},
			"20 vans are ready. The first leaves at 05:30."},
		{{.vans = 2, .on_track = 2}, "2 vans are on track."},
		{{.vans = 20, .will_miss = 1, .on_track = 19}, "1 van will miss its departure."},
		{{.vans = 20, .will_miss = 1, .at_risk = 2},
			"1 van will miss its departure. 2 more are at risk."},
		{{.vans = 20, .will_miss = 3, .at_risk = 1},
			"3 vans will miss their departures. 1 more is at risk."},
		{{.vans = 20, .at_risk = 1, .on_track = 5},
			"1 van is at risk. 5 more are on track."},
		{{.vans = 20, .at_risk = 2}, "2 vans are at risk."},
		{{.vans = 20, .away = 20}, "No van is plugged in."},
		{{.vans = 3, .unknown = 1, .away = 2}, "1 van is plugged in, its need unknown."},
		{{.evses = 24, .charging = 1}, "1 of 24 bays charges."},
		{{.evses = 1}, "0 of 1 bay charges."},
		{{0}, "No charger and no van is set up yet."},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		words_sentence(&t, &rows[i].n, now);
		ck_assert_str_eq(said(), rows[i].sentence);
	}
}
END_TEST

START_TEST(below_it_stands_what_a_person_needs)
{
	struct words_night n = {.vans = 20, .on_track = 12, .away = 8};

	n.site_w = 142000;
	n.limit_w = 250000;
	words_sub(&t, &n, now);
	ck_assert_str_eq(said(), "The site draws 142 of 250" NS "kW. 8 vans are away.");
	n.silent = 1;
	n.faulted = 2;
	n.is_assumed = true;
	words_sub(&t, &n, now);
	ck_assert_str_eq(said(), "The site's meter is silent; 142" NS "kW is assumed. 1 charger is "
				 "silent. 2 bays have a fault. 8 vans are away.");
	n = (struct words_night){.worst = "VAN-07",
		.worst_leaves = wall_add_ms(now, 7 * HOUR),
		.worst_reason = "Hall A feeder holds it back."};
	words_sub(&t, &n, now);
	ck_assert_str_eq(said(), "VAN-07 leaves at 05:40. Hall A feeder holds it back.");
	n.worst_reason = "31.8 kWh short: charger";
	n.stations = 2;
	n.silent = 1;
	words_sub(&t, &n, now);
	ck_assert_str_eq(
		said(), "VAN-07 leaves at 05:40. 31.8 kWh short: charger. 1 charger is silent.");
	n.silent = 0;
	n.is_island = true;
	words_sub(&t, &n, now);
	ck_assert_str_eq(said(), "The grid is gone. VAN-07 leaves at 05:40. 31.8 kWh short: "
				 "charger.");
	n.is_back = true;
	words_sub(&t, &n, now);
	ck_assert_str_eq(said(),
		"The grid is back: vans return in steps if it stays. VAN-07 leaves "
		"at 05:40. 31.8 kWh short: charger.");
	n = (struct words_night){.site_w = INT64_MIN, .limit_w = INT64_MIN};
	words_sub(&t, &n, now);
	ck_assert_str_eq(said(), "The site's power is unknown.");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("api_words");
	TCase *c = tcase_create("words");
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, numbers_carry_their_unit);
	tcase_add_test(c, what_is_missing_is_said_once);
	tcase_add_test(c, times_are_the_depots);
	tcase_add_test(c, durations_are_short);
	tcase_add_test(c, the_sentence_fits_the_night);
	tcase_add_test(c, below_it_stands_what_a_person_needs);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
