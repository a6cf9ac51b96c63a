/* Plausibility of readings, and the statistics of a link. */
#include "modbus/meter_check.h"
#include "modbus/meter_stats.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define IMPORT METER_QUANTITY_IMPORT_WH
#define EXPORT METER_QUANTITY_EXPORT_WH

static struct meter_history history;

static struct meter_reading reading(int64_t at_ms, enum meter_quantity q, double value)
{
	struct meter_reading r = {.at_ms = at_ms};
	r.values[q] = (struct meter_value){value, METER_GOOD};
	return r;
}

static enum meter_quality judge(int64_t at_ms, enum meter_quantity q, double value)
{
	struct meter_reading r = reading(at_ms, q, value);
	meter_history_check(&history, &r, 0);
	return r.values[q].quality;
}

static void set_up(void)
{
	meter_history_init(&history);
}

static const struct {
	enum meter_quantity q;
	double value;
	enum meter_quality want;
} bounded[] = {
	{METER_QUANTITY_POWER_W, -250e3, METER_GOOD},
	{METER_QUANTITY_POWER_W, 3e38, METER_SUSPECT},
	{METER_QUANTITY_POWER_L2_W, -2e8, METER_SUSPECT},
	{METER_QUANTITY_VOLTAGE_L1_V, 0, METER_GOOD},
	{METER_QUANTITY_VOLTAGE_L1_V, 231.4, METER_GOOD},
	{METER_QUANTITY_VOLTAGE_L3_V, -1, METER_SUSPECT},
	{METER_QUANTITY_CURRENT_L1_A, 1e6, METER_SUSPECT},
	{METER_QUANTITY_FREQUENCY_HZ, 49.98, METER_GOOD},
	{METER_QUANTITY_FREQUENCY_HZ, 0, METER_GOOD},
	{METER_QUANTITY_FREQUENCY_HZ, 5, METER_SUSPECT},
	{METER_QUANTITY_FREQUENCY_HZ, 4998, METER_SUSPECT},
	{IMPORT, -1, METER_SUSPECT},
	{IMPORT, 0, METER_GOOD},
};

START_TEST(holds_physical_bounds)
{
	ck_assert_int_eq(judge(1000, bounded[_i].q, bounded[_i].value), bounded[_i].want);
}
END_TEST

START_TEST(leaves_absent_values_absent)
{
	struct meter_reading r = {.at_ms = 1};
	meter_history_check(&history, &r, 1);
	for (int q = 0; q < METER_QUANTITIES; q++)
		ck_assert_int_eq(r.values[q].quality, METER_ABSENT);
}
END_TEST

START_TEST(energy_never_falls)
{
	ck_assert_int_eq(judge(0, IMPORT, 500e3), METER_GOOD);
	ck_assert_int_eq(judge(1000, IMPORT, 500e3), METER_GOOD);
	ck_assert_int_eq(judge(2000, IMPORT, 499.9e3), METER_SUSPECT);
	ck_assert_int_eq(judge(3000, IMPORT, 0), METER_SUSPECT);
	ck_assert_int_eq(judge(4000, IMPORT, 500.1e3), METER_GOOD);
	ck_assert_int_eq(judge(5000, EXPORT, 7), METER_GOOD);
	ck_assert_int_eq(judge(6000, EXPORT, 6), METER_SUSPECT);
}
END_TEST

START_TEST(energy_does_not_leap)
{
	ck_assert_int_eq(judge(0, IMPORT, 500e3), METER_GOOD);
	ck_assert_int_eq(judge(1000, IMPORT, 900e3), METER_SUSPECT);
	/* After a day without readings much may have passed. */
	ck_assert_int_eq(judge(86400000, IMPORT, 900e3), METER_GOOD);
}
END_TEST

START_TEST(a_new_meter_is_believed_in_the_end)
{
	ck_assert_int_eq(judge(0, IMPORT, 5e6), METER_GOOD);
	for (int i = 1; i < METER_REBASE_READINGS; i++)
		ck_assert_int_eq(judge(i * 1000, IMPORT, 10 + i), METER_SUSPECT);
	struct meter_reading r = reading(20000, IMPORT, 40);
	meter_history_check(&history, &r, 0);
	ck_assert_int_eq(r.values[IMPORT].quality, METER_GOOD);
	ck_assert(r.is_rebased);
	r = reading(21000, IMPORT, 41);
	meter_history_check(&history, &r, 0);
	ck_assert_int_eq(r.values[IMPORT].quality, METER_GOOD);
	ck_assert(!r.is_rebased);
}
END_TEST

START_TEST(noise_is_never_believed)
{
	ck_assert_int_eq(judge(0, IMPORT, 5e6), METER_GOOD);
	for (int i = 1; i < 100; i++)
		ck_assert_int_eq(judge(i * 1000, IMPORT, i % 2 ? 4e6 : 1e6), METER_SUSPECT);
	ck_assert_int_eq(judge(200000, IMPORT, 5e6), METER_GOOD);
}
END_TEST

START_TEST(tells_how_long_nothing_changed)
{
	struct meter_reading r = reading(1000, METER_QUANTITY_POWER_W, 5000);
	meter_history_check(&history, &r, 3000);
	ck_assert_int_eq(r.changed_at_ms, 1000);
	for (int64_t at = 2000; at < 4000; at += 1000) {
		r = reading(at, METER_QUANTITY_POWER_W, 5000);
		meter_history_check(&history, &r, 3000);
		ck_assert_int_eq(r.changed_at_ms, 1000);
		ck_assert_int_eq(r.values[METER_QUANTITY_POWER_W].quality, METER_GOOD);
	}
	r = reading(4000, METER_QUANTITY_POWER_W, 5000);
	meter_history_check(&history, &r, 3000);
	ck_assert_int_eq(r.values[METER_QUANTITY_POWER_W].quality, METER_SUSPECT);
	double out = 1;
	ck_assert(!meter_reading_get(&r, METER_QUANTITY_POWER_W, &out));
	r = reading(5000, METER_QUANTITY_POWER_W, 5000.5);
	meter_history_check(&history, &r, 3000);
	ck_assert_int_eq(r.changed_at_ms, 5000);
	ck_assert_int_eq(r.values[METER_QUANTITY_POWER_W].quality, METER_GOOD);
	/* Without the limit it only tells. */
	r = reading(999999, METER_QUANTITY_POWER_W, 5000.5);
	meter_history_check(&history, &r, 0);
	ck_assert_int_eq(r.changed_at_ms, 5000);
	ck_assert_int_eq(r.values[METER_QUANTITY_POWER_W].quality, METER_GOOD);
}
END_TEST

/* A feeder where nobody charges: nothing, or a small standby, the same for hours. */
START_TEST(what_carries_no_load_may_stand_still)
{
	static const double idle[] = {0, 120, -40};
	struct meter_reading r;

	for (int64_t at = 1000; at < 3600000; at += 60000) {
		r = reading(at, METER_QUANTITY_POWER_W, idle[_i]);
		meter_history_check(&history, &r, 300000);
		ck_assert_int_eq(r.values[METER_QUANTITY_POWER_W].quality, METER_GOOD);
	}
	ck_assert_int_eq(r.changed_at_ms, 1000);
}
END_TEST

START_TEST(counts_each_result)
{
	struct meter_link_stats s = {0};
	meter_stats_add(&s, METER_OK, 2000, 77, "");
	meter_stats_add(&s, METER_TIMEOUT, 500000, 78, "too late");
	meter_stats_add(&s, METER_EXCEPTION, 1000, 79, "refused");
	meter_stats_add(&s, METER_GARBLED, 1000, 80, "not ours");
	meter_stats_add(&s, METER_CORRUPT, 1000, 80, "noise");
	meter_stats_add(&s, METER_BROKEN, 1000, 81, "gone");
	meter_stats_add(&s, METER_DOWN, 0, 82, "waiting");
	ck_assert_uint_eq(s.polls, 6);
	ck_assert_uint_eq(s.ok, 1);
	ck_assert_uint_eq(s.timeouts, 1);
	ck_assert_uint_eq(s.exceptions, 1);
	ck_assert_uint_eq(s.garbled, 1);
	ck_assert_uint_eq(s.crc_errors, 1);
	ck_assert_int_eq(s.last_result, METER_BROKEN);
	ck_assert_uint_eq(s.broken, 1);
	ck_assert_int_eq(s.last_good_ms, 77);
	ck_assert_str_eq(s.last_error, "waiting");
	ck_assert_int_eq(s.latency_max_us, 2000);
	ck_assert_str_eq(meter_result_name(METER_GARBLED), "garbled");
}
END_TEST

START_TEST(keeps_a_histogram_of_latency)
{
	struct meter_link_stats s = {0};
	ck_assert_int_eq(meter_stats_percentile_us(&s, 99), 0);
	ck_assert_int_eq(meter_stats_mean_us(&s), 0);
	for (int i = 0; i < 980; i++)
		meter_stats_add(&s, METER_OK, 10000, 1, "");
	for (int i = 0; i < 20; i++)
		meter_stats_add(&s, METER_OK, 400000, 1, "");
	ck_assert_int_eq(meter_stats_mean_us(&s), 17800);
	int64_t half = meter_stats_percentile_us(&s, 50);
	ck_assert_int_ge(half, 10000);
	ck_assert_int_le(half, 12000);
	int64_t p99 = meter_stats_percentile_us(&s, 99);
	ck_assert_int_ge(p99, 400000 * 5 / 6);
	ck_assert_int_le(p99, 400000);
	meter_stats_add(&s, METER_OK, 3600000000LL, 1, "");
	ck_assert_int_eq(meter_stats_percentile_us(&s, 100), 3600000000LL);
	meter_stats_add(&s, METER_OK, -5, 1, "");
	ck_assert_int_eq(s.latency_last_us, 0);
}
END_TEST

/* ---- energy against the integral of power ---- */

/* A reading a minute for `minutes`: `w` as shown, the registers as `true_w` and `out_w` make them. */
static struct meter_reading run_minutes(
	int64_t *at_ms, double *in_wh, double *out_wh, int minutes, double w, double real_w)
{
	struct meter_reading r = {0};
	for (int i = 0; i < minutes; i++) {
		*at_ms += 60000;
		*(real_w > 0 ? in_wh : out_wh) += fabs(real_w) / 60;
		r = reading(*at_ms, METER_QUANTITY_POWER_W, w + i % 2); /* never the same */
		r.values[METER_QUANTITY_POWER_L2_W] = (struct meter_value){w / 3, METER_GOOD};
		r.values[IMPORT] = (struct meter_value){floor(*in_wh / 100) * 100, METER_GOOD};
		r.values[EXPORT] = (struct meter_value){floor(*out_wh / 100) * 100, METER_GOOD};
		meter_history_check(&history, &r, 0);
	}
	return r;
}

static const struct {
	double shown_w, real_w;
	double odd; /* registers / power; 0: they agree */
	enum meter_quality power, energy;
} balances[] = {
	{80e3, 80e3, 0, METER_GOOD, METER_GOOD},
	{-80e3, -80e3, 0, METER_GOOD, METER_GOOD},
	{80e3, 88e3, 0, METER_GOOD, METER_GOOD}, /* a tenth: reactive load, coarse polls */
	{80, 80e3, 1000, METER_SUSPECT, METER_SUSPECT}, /* kW taken for W: the guard were blind */
	{80e3, 2e3, 0.025, METER_GOOD, METER_SUSPECT}, /* a ratio in the power alone */
	{-80e3, 80e3, -1, METER_SUSPECT, METER_SUSPECT}, /* sign: import shown as export */
	{80e3, -80e3, -1, METER_GOOD, METER_SUSPECT},
};

START_TEST(energy_is_held_against_power)
{
	int64_t at = 1000;
	double in = 5e6, out = 1e6;
	struct meter_reading r =
		run_minutes(&at, &in, &out, 9, balances[_i].shown_w, balances[_i].real_w);
	ck_assert_double_eq(r.odd, 0); /* not before there is enough to judge by */
	r = run_minutes(&at, &in, &out, 30, balances[_i].shown_w, balances[_i].real_w);
	ck_assert_double_eq_tol(r.odd, balances[_i].odd, fabs(balances[_i].odd) * 0.05 + 0.01);
	ck_assert_int_eq(r.values[METER_QUANTITY_POWER_W].quality, balances[_i].power);
	ck_assert_int_eq(r.values[METER_QUANTITY_POWER_L2_W].quality, balances[_i].power);
	ck_assert_int_eq(r.values[IMPORT].quality, balances[_i].energy);
	ck_assert_int_eq(r.values[EXPORT].quality, balances[_i].energy);
	/* Mended, it is believed again. */
	r = run_minutes(&at, &in, &out, 900, balances[_i].real_w, balances[_i].real_w);
	ck_assert_double_eq(r.odd, 0);
	ck_assert_int_eq(r.values[METER_QUANTITY_POWER_W].quality, METER_GOOD);
	ck_assert_int_eq(r.values[IMPORT].quality, METER_GOOD);
}
END_TEST

START_TEST(nothing_is_integrated_over_a_gap)
{
	int64_t at = 1000;
	double in = 5e6, out = 1e6;
	run_minutes(&at, &in, &out, 9, 80e3, 80e3);
	at += 3600000; /* an hour of silence in which a megawatt hour was drawn */
	in += 1e6;
	struct meter_reading r = run_minutes(&at, &in, &out, 30, 80e3, 80e3);
	ck_assert_double_eq(r.odd, 0);
}
END_TEST

/* Read each second: at `shown_w` for half an hour, then it hangs at that for `minutes`, while 9 kW flow
 * that are in its registers afterwards (or, `forgets`, are not); then 9 kW for an hour. */
static void hang(int64_t unit_wh, double shown_w, int minutes, bool forgets)
{
	double wh = 5e6, w = shown_w, told = 0;
	struct meter_reading r;
	for (int s = 0; s < 5400 + 60 * minutes; s++) {
		bool hangs = s >= 1800 && s < 1800 + 60 * minutes;
		if (!hangs)
			w = (s < 1800 ? shown_w : 9000) + s % 2;
		if (!hangs || !forgets)
			wh += (s < 1800 ? shown_w : 9000) / 3600;
		if (!hangs)
			told = floor(wh / (double)unit_wh) * (double)unit_wh;
		r = reading(1000 + s * 1000LL, METER_QUANTITY_POWER_W, w);
		r.values[IMPORT] = (struct meter_value){told, METER_GOOD};
		r.values[METER_QUANTITY_VOLTAGE_L1_V] =
			(struct meter_value){230 + s % 3, METER_GOOD};
		meter_history_check(&history, &r, 300000);
		ck_assert_msg(r.odd >= 0 && r.odd <= 0, "%d s: %g", s, r.odd);
	}
}

START_TEST(a_meter_that_hung_is_looked_at_anew)
{
	static const struct {
		int64_t unit_wh;
		double shown_w;
		int minutes;
		bool forgets;
	} hangs[] = {{10, 36e3, 10, false}, {10, 36e3, 10, true}, {10, 500, 10, false},
		{10, 36e3, 4, false}, {1000, 36e3, 10, false}, {1, 0, 15, false}};
	for (size_t i = 0; i < sizeof(hangs) / sizeof(*hangs); i++) {
		meter_history_init(&history);
		hang(hangs[i].unit_wh, hangs[i].shown_w, hangs[i].minutes, hangs[i].forgets);
	}
}
END_TEST

/* Kilowatts in whole, and a register of 1 kWh: standing still for long is what it does. */
START_TEST(a_coarse_meter_is_held_against_its_registers)
{
	struct meter_reading r = {0};
	double wh = 5e6;
	for (int s = 0; s < 7200; s++) {
		wh += 20e3 / 3600;
		r = reading(1000 + s * 1000LL, METER_QUANTITY_POWER_W, 20); /* taken for W */
		r.values[IMPORT] = (struct meter_value){floor(wh / 1000) * 1000, METER_GOOD};
		meter_history_check(&history, &r, 0);
	}
	ck_assert_double_gt(r.odd, 500);
	ck_assert_int_eq(r.values[METER_QUANTITY_POWER_W].quality, METER_SUSPECT);
}
END_TEST

START_TEST(an_export_register_alone_is_held_against_what_flows_out)
{
	struct meter_reading r;
	double out = 1e6;
	for (int i = 0; i < 60; i++) {
		double w = i % 2 ? -60e3 : 20e3; /* a battery; only what it gives is counted */
		out += 1200e3 / 60;
		r = reading(1000 + i * 60000, METER_QUANTITY_POWER_W, w);
		r.values[EXPORT] = (struct meter_value){out, METER_GOOD};
		meter_history_check(&history, &r, 0);
	}
	ck_assert_double_gt(r.odd, 20); /* 1.2 MW counted, 20 kW shown on average */
	ck_assert_int_eq(r.values[METER_QUANTITY_POWER_W].quality, METER_GOOD);
	ck_assert_int_eq(r.values[EXPORT].quality, METER_SUSPECT);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("meter_check");
	TCase *tc = tcase_create("check");
	tcase_add_checked_fixture(tc, set_up, NULL);
	tcase_add_loop_test(
		tc, holds_physical_bounds, 0, (int)(sizeof(bounded) / sizeof(bounded[0])));
	tcase_add_test(tc, leaves_absent_values_absent);
	tcase_add_test(tc, energy_never_falls);
	tcase_add_test(tc, energy_does_not_leap);
	tcase_add_test(tc, a_new_meter_is_believed_in_the_end);
	tcase_add_test(tc, noise_is_never_believed);
	tcase_add_test(tc, tells_how_long_nothing_changed);
	tcase_add_loop_test(tc, what_carries_no_load_may_stand_still, 0, 3);
	tcase_add_loop_test(
		tc, energy_is_held_against_power, 0, (int)(sizeof(balances) / sizeof(balances[0])));
	tcase_add_test(tc, nothing_is_integrated_over_a_gap);
	tcase_add_test(tc, a_meter_that_hung_is_looked_at_anew);
	tcase_add_test(tc, a_coarse_meter_is_held_against_its_registers);
	tcase_add_test(tc, an_export_register_alone_is_held_against_what_flows_out);
	tcase_add_test(tc, counts_each_result);
	tcase_add_test(tc, keeps_a_histogram_of_latency);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
