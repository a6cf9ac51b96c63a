#include <check.h>

#include "scheduler/battery.h"
#include "tests/unit/grid_random.h"

START_TEST(full_power_to_the_knee_then_a_straight_fall)
{
	struct battery b = battery_default(100000, 50000);
	int64_t pct = 1000 * BATTERY_MJ_PER_WH;

	ck_assert(battery_valid(&b));
	ck_assert_int_eq(battery_accept_w(&b, 0), 50000);
	ck_assert_int_eq(battery_accept_w(&b, 80 * pct), 50000);
	ck_assert_int_eq(battery_accept_w(&b, 90 * pct), 26250); /* half way from 50000 to 2500 */
	ck_assert_int_eq(battery_accept_w(&b, 100 * pct - 1), 2500);
	ck_assert_int_eq(battery_accept_w(&b, 100 * pct), 0);
	b.capacity_wh = 0;
	ck_assert_int_eq(battery_accept_w(&b, 1000 * pct), 50000);
	b.efficiency_pm = 0;
	ck_assert(!battery_valid(&b));
}
END_TEST

START_TEST(below_the_knee_not_a_watt_second_is_lost)
{
	struct battery b = battery_default(60000, 22000);
	int64_t stored = 0;

	ck_assert_int_eq(battery_charge(&b, &stored, 11000, 3600), INT64_C(11000) * 3600);
	ck_assert_int_eq(stored, 9900 * BATTERY_MJ_PER_WH);
	ck_assert_int_eq(battery_time_s(&b, 0, 9900 * BATTERY_MJ_PER_WH, 11000, 86400), 3600);
	ck_assert_int_eq(battery_time_s(&b, 0, 9900 * BATTERY_MJ_PER_WH, 11000, 3599), -1);
	ck_assert_int_eq(battery_time_s(&b, 0, 1, 0, 3600), -1);
	ck_assert_int_eq(battery_time_s(&b, 5, 5, 0, 3600), 0);
}
END_TEST

static struct battery random_battery(uint64_t *s)
{
	return (struct battery){
		.capacity_wh = random_in(s, 1, 400000),
		.max_w = (int32_t)random_in(s, 1, 300000),
		.knee_pm = (int)random_in(s, 0, 1000),
		.floor_pm = (int)random_in(s, 1, 1000),
		.efficiency_pm = (int)random_in(s, 1, 1000),
	};
}

/* A power that is said to hold is accepted at the end of that time, and one more watt would not be
 * (or would be beyond full power or the battery's size). */
START_TEST(held_power_is_the_greatest_that_holds)
{
	uint64_t s = 11;

	for (int run = 0; run < 20000; run++) {
		struct battery b = random_battery(&s);
		int64_t full = b.capacity_wh * BATTERY_MJ_PER_WH, stored = random_in(&s, 0, full);
		int64_t seconds = random_in(&s, 1, 7200), gain = seconds * b.efficiency_pm;
		int32_t w = battery_hold_w(&b, stored, seconds);
		int64_t end = stored + w * gain;

		ck_assert(w >= 0 && w <= b.max_w && end <= full);
		if (w > 0 && end < full)
			ck_assert_int_ge(battery_accept_w(&b, end), w);
		end = stored + (w + 2) * gain;
		if (w + 2 <= b.max_w && end < full)
			ck_assert_int_lt(battery_accept_w(&b, end), w + 2);
	}
}
END_TEST

/* Charging stores exactly efficiency times what it draws, never passes full, never draws more than
 * offered or more than a second-by-second simulation, and hardly less. */
START_TEST(charging_keeps_the_books)
{
	uint64_t s = 12;

	for (int run = 0; run < 300; run++) {
		struct battery b = random_battery(&s);
		int64_t full = b.capacity_wh * BATTERY_MJ_PER_WH, start = random_in(&s, 0, full);
		int64_t seconds = random_in(&s, 1, 3600), stored = start, fine = start, drawn,
			fine_drawn = 0;
		int32_t offer = (int32_t)random_in(&s, 0, 300000);

		b.efficiency_pm = (int)random_in(&s, 500, 1000);
		drawn = battery_charge(&b, &stored, offer, seconds);
		for (int64_t i = 0; i < seconds; i++) {
			int32_t w = battery_accept_w(&b, fine);
			int64_t room = (full - fine) / b.efficiency_pm;

			w = w < offer ? w : offer;
			w = w < room ? w : (int32_t)room;
			fine += (int64_t)w * b.efficiency_pm;
			fine_drawn += w;
		}
		ck_assert_int_eq(stored - start, drawn * b.efficiency_pm);
		ck_assert_int_le(stored, full);
		ck_assert_int_le(drawn, (int64_t)offer * seconds);
		ck_assert_int_le(drawn, fine_drawn + seconds); /* a watt of rounding each second */
		/* Nearly as much, where ten seconds are short against the time to fill it. */
		if (b.capacity_wh * 3600 / b.max_w > 2000)
			ck_assert_int_ge(drawn, fine_drawn - fine_drawn / 50 - 11 * seconds);
	}
}
END_TEST

/* A long time is the same as its steps one after another, but for what each of them rounds down. */
START_TEST(charging_does_not_depend_on_how_it_is_cut)
{
	uint64_t s = 14;

	for (int run = 0; run < 20000; run++) {
		struct battery b = random_battery(&s);
		int64_t full = b.capacity_wh * BATTERY_MJ_PER_WH, whole = random_in(&s, 0, full);
		int32_t offer = (int32_t)random_in(&s, 0, 300000);
		int64_t cut = whole, drawn = 0, steps = random_in(&s, 1, 90), at_once;

		for (int64_t k = 0; k < steps; k++)
			drawn += battery_charge(&b, &cut, offer, 10);
		at_once = battery_charge(&b, &whole, offer, 10 * steps);
		ck_assert_int_le(drawn - at_once, 10);
		ck_assert_int_le(at_once - drawn, 2 * steps + 10);
	}
}
END_TEST

START_TEST(time_to_a_target_agrees_with_charging)
{
	uint64_t s = 13;
	int reached = 0;

	for (int run = 0; run < 2000; run++) {
		struct battery b = battery_default(
			random_in(&s, 20000, 200000), (int32_t)random_in(&s, 3000, 150000));
		int64_t full = b.capacity_wh * BATTERY_MJ_PER_WH, stored = random_in(&s, 0, full);
		int64_t target = random_in(&s, 0, full), at;
		int32_t offer = (int32_t)random_in(&s, 1000, 150000);
		int64_t t = battery_time_s(&b, stored, target, offer, 86400);

		if (t < 0)
			continue;
		reached++;
		at = stored;
		battery_charge(&b, &at, offer, t);
		/* Step boundaries differ, so a taper may end some seconds apart. */
		ck_assert_int_ge(at, target - (int64_t)offer * b.efficiency_pm * 30);
		at = stored;
		if (t > 60)
			battery_charge(&b, &at, offer, t - 60);
		ck_assert(t <= 60 || at < target);
	}
	ck_assert_int_gt(reached, 1000);
}
END_TEST

START_TEST(a_battery_fills_at_last)
{
	struct battery b = battery_default(75000, 100000);
	int64_t full = 75000 * BATTERY_MJ_PER_WH, t = battery_time_s(&b, 0, full, 50000, 86400);

	ck_assert_int_gt(t, 5400);
	ck_assert_int_lt(t, 4 * 3600);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("battery");
	TCase *c = tcase_create("taper");
	SRunner *runner;
	int failed;

	tcase_add_test(c, full_power_to_the_knee_then_a_straight_fall);
	tcase_add_test(c, below_the_knee_not_a_watt_second_is_lost);
	tcase_add_test(c, held_power_is_the_greatest_that_holds);
	tcase_add_test(c, charging_keeps_the_books);
	tcase_add_test(c, charging_does_not_depend_on_how_it_is_cut);
	tcase_add_test(c, time_to_a_target_agrees_with_charging);
	tcase_add_test(c, a_battery_fills_at_last);
	suite_add_tcase(suite, c);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
