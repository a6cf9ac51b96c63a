/*
 * The simulated battery: energy to the last milliwatt-second, and the taper.
 */
#include <check.h>
#include <stdlib.h>
#include "tools/depotsim/van.h"

static struct battery battery(int64_t capacity_wh, int64_t stored_wh, int64_t max_w, int permille)
{
	return (struct battery){
		.capacity_mws = capacity_wh * MWS_PER_WH,
		.stored_mws = stored_wh * MWS_PER_WH,
		.max_mw = max_w * 1000,
		.min_mw = 1380000,
		.efficiency_permille = permille,
	};
}

START_TEST(full_to_the_last_unit)
{
	/* Without losses the socket delivers exactly what was missing, in whatever steps. */
	struct battery b = battery(17366, 0, 6600, 1000);
	int64_t delivered = 0;
	int seconds = 0;
	while (!battery_is_full(&b)) {
		int64_t mw = battery_wants_mw(&b);
		ck_assert_int_gt(mw, 0);
		battery_charge(&b, mw);
		delivered += mw;
		ck_assert_int_lt(++seconds, 100000);
	}
	ck_assert_int_eq(delivered, 17366 * MWS_PER_WH);
	ck_assert_int_eq(battery_wants_mw(&b), 0);
	ck_assert_int_eq(battery_soc_permille(&b), 1000);
}
END_TEST

START_TEST(losses_are_counted)
{
	/* What was stored is 903 thousandths of what flowed, nothing lost by rounding. */
	struct battery b = battery(77000, 10000, 11000, 903);
	int64_t in = 0;
	srandom(7);
	for (int i = 0; i < 20000; i++) {
		int64_t mw = random() % 11000000;
		if (mw > battery_wants_mw(&b))
			mw = battery_wants_mw(&b);
		battery_charge(&b, mw);
		in += mw;
		int64_t stored = b.stored_mws - 10000 * MWS_PER_WH;
		ck_assert_int_eq(stored * 1000 + b.remainder, in * 903);
	}
}
END_TEST

START_TEST(taper_falls_and_ends)
{
	struct battery b = battery(100000, 0, 100000, 1000);
	const struct {
		int soc_pct;
		int64_t wants_w;
	} rows[] = {
		{0, 100000},
		{50, 100000},
		{80, 100000},
		{85, 75000},
		{90, 50000},
		{95, 25000},
		{99, 5000},
		{100, 0},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		b.stored_mws = b.capacity_mws / 100 * rows[i].soc_pct;
		ck_assert_int_eq(battery_wants_mw(&b) / 1000, rows[i].wants_w);
	}
	/* Never below what the van can take, nor 2 % of its best. */
	b.stored_mws = b.capacity_mws / 1000 * 999;
	ck_assert_int_eq(battery_wants_mw(&b), 2000000);
	b.max_mw = 11000000;
	ck_assert_int_eq(battery_wants_mw(&b), 1380000);
}
END_TEST

START_TEST(biggest_battery_does_not_overflow)
{
	struct battery b = battery(5000000, 4100000, 1000000, 1000);
	int64_t before = battery_wants_mw(&b);
	ck_assert_int_eq(before, 900000000);
	b.stored_mws = b.capacity_mws - 1;
	ck_assert_int_eq(battery_wants_mw(&b), 1);
}
END_TEST

START_TEST(unlimited_shadow_runs_ahead)
{
	struct van v = {.capacity_mws = 50000 * MWS_PER_WH,
		.max_ac_mw = 11000000,
		.max_dc_mw = 80000000,
		.min_mw = 4140000};
	van_arrive(&v, 10000 * MWS_PER_WH, true, 60000000, 950);
	ck_assert_int_eq(v.battery.max_mw, 60000000);
	for (int i = 0; i < 3600; i++)
		van_charge(&v, 5000000);
	ck_assert_int_eq(v.battery.stored_mws, 10000 * MWS_PER_WH + 5000 * MWS_PER_WH / 100 * 95);
	ck_assert_int_gt(v.unlimited.stored_mws, 49000 * MWS_PER_WH);
	van_arrive(&v, 60000 * MWS_PER_WH, false, 22000000, 900);
	ck_assert_int_eq(v.battery.max_mw, 11000000);
	ck_assert(battery_is_full(&v.battery));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sim_energy");
	TCase *t = tcase_create("battery");
	tcase_add_test(t, full_to_the_last_unit);
	tcase_add_test(t, losses_are_counted);
	tcase_add_test(t, taper_falls_and_ends);
	tcase_add_test(t, biggest_battery_does_not_overflow);
	tcase_add_test(t, unlimited_shadow_runs_ahead);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
