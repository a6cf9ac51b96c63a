#include "scheduler/demand.h"

#include <check.h>
#include <stdlib.h>

#define MIN_MS    INT64_C(60000)
#define WINDOW_MS (15 * MIN_MS)
#define T0        (WINDOW_MS * 2000000) /* a window's begin */

static const struct demand_config cfg = {
	.window_ms = WINDOW_MS,
	.target_w = 60000,
	.follow_peak = true,
	.gap_ms = 12000,
	.most_w = 200000,
	.reaction_ms = 10000,
};
static struct demand d;
static struct demand_out out;
static struct demand_closed closed;

static void setup(void)
{
	demand_init(&d, &cfg);
}

static bool step(int64_t now_ms, int64_t w)
{
	return demand_step(&d,
		&(struct demand_in){.now_ms = now_ms,
			.window_ms = now_ms / WINDOW_MS * WINDOW_MS,
			.month = 1,
			.worst_w = 200000,
			.has_import = w >= 0,
			.import_w = w},
		&out, &closed);
}

static bool step_register(int64_t now_ms, int64_t w, int64_t wh)
{
	return demand_step(&d,
		&(struct demand_in){.now_ms = now_ms,
			.window_ms = now_ms / WINDOW_MS * WINDOW_MS,
			.month = 1,
			.worst_w = 200000,
			.has_import = true,
			.import_w = w,
			.has_register = true,
			.register_wh = wh},
		&out, &closed);
}

START_TEST(steady_load_at_the_target_may_go_on)
{
	step(T0, 60000);
	for (int s = 1; s < 900; s++) {
		ck_assert(!step(T0 + s * 1000, 60000));
		ck_assert_int_eq(out.allowed_w, 60000);
		ck_assert_int_eq(out.mean_w, 60000);
		ck_assert_int_eq(out.projected_w, 60000);
	}
	ck_assert(step(T0 + WINDOW_MS, 60000));
	ck_assert_int_eq(closed.mean_w, 60000);
	ck_assert_int_eq(closed.missing_ms, 0);
	ck_assert_int_eq(closed.start_ms, T0);
}
END_TEST

START_TEST(what_was_not_used_may_be_drawn_later)
{
	for (int s = 0; s <= 600; s++)
		step(T0 + s * 1000, 30000);
	/* 15 min at 60 kW less 10 min at 30 kW, in 5 min */
	ck_assert_int_eq(out.allowed_w, 120000);
	step(T0 + WINDOW_MS, 30000);
	ck_assert_int_eq(out.allowed_w, 60000);
}
END_TEST

START_TEST(what_was_drawn_too_much_is_taken_from_the_rest)
{
	for (int s = 0; s <= 300; s++)
		step(T0 + s * 1000, 100000);
	/* 15,000 Wh less 8,333, and 10 s more at 100 kW before anything is lower, in 590 s */
	ck_assert_int_eq(out.allowed_w, 38983);
	step(T0 + 300 * 1000, 30000);
	ck_assert_int_eq(out.allowed_w, 40000);
}
END_TEST

START_TEST(peak_that_is_paid_lifts_the_target)
{
	for (int s = 0; s <= 900; s++)
		step(T0 + s * 1000, 80000);
	ck_assert(closed.is_peak);
	ck_assert_int_eq(closed.mean_w, 80000);
	ck_assert_int_eq(out.target_w, 80000);
	for (int s = 901; s <= 1800; s++)
		step(T0 + s * 1000, 70000);
	ck_assert(!closed.is_peak);
	ck_assert_int_eq(d.peak_w, 80000);
	ck_assert_int_eq(d.peak_at_ms, T0);
	demand_step(&d,
		&(struct demand_in){
			.now_ms = T0 + 1801 * 1000, .window_ms = T0 + 2 * WINDOW_MS, .month = 2},
		&out, &closed);
	ck_assert_int_eq(out.target_w, 60000);
}
END_TEST

START_TEST(peak_survives_a_restart)
{
	demand_restore(&d, 1, 75000, T0 - WINDOW_MS);
	step(T0, 1000);
	ck_assert_int_eq(out.target_w, 75000);
	demand_init(&d, &cfg);
	demand_restore(&d, 12, 75000, T0 - WINDOW_MS);
	step(T0, 1000);
	ck_assert_int_eq(out.target_w, 60000); /* of the month before */
}
END_TEST

START_TEST(start_within_a_window_counts_its_past_as_the_worst_case)
{
	step(T0 + 60 * 1000, 10000);
	ck_assert_int_eq(d.missing_ms, 60000);
	ck_assert_int_eq(out.mean_w, 200000);
	/* 15,000 Wh less 3,333 in 14 min */
	ck_assert_int_eq(out.allowed_w, 50000);
	for (int s = 61; s <= 900; s++)
		step(T0 + s * 1000, 10000);
	ck_assert_int_eq(closed.missing_ms, 60000);
	ck_assert_int_eq(closed.mean_w, 9333); /* the peak never rises by a guess */
}
END_TEST

START_TEST(register_tells_the_past_of_a_window_after_a_restart)
{
	demand_restore(&d, 1, 0, 0);
	demand_restore_window(&d, T0, 500000);
	step_register(T0 + 300 * 1000, 20000, 502000); /* 2 kWh in 5 min: 24 kW */
	ck_assert_int_eq(out.mean_w, 24000);
	ck_assert_int_eq(d.missing_ms, 0);
	ck_assert_int_eq(out.allowed_w, 78000);
}
END_TEST

START_TEST(register_of_another_window_or_another_meter_is_not_believed)
{
	demand_restore_window(&d, T0 - WINDOW_MS, 500000);
	ck_assert(!step_register(T0 + 60 * 1000, 20000, 502000));
	ck_assert_int_eq(out.mean_w, 200000);
	demand_init(&d, &cfg);
	demand_restore_window(&d, T0, 500000);
	step_register(T0 + 60 * 1000, 20000, 400000);
	ck_assert_int_eq(out.mean_w, 200000);
	demand_init(&d, &cfg);
	demand_restore_window(&d, T0, 500000);
	step_register(T0 + 60 * 1000, 20000, 504000); /* 240 kW */
	ck_assert_int_eq(out.mean_w, 200000);
}
END_TEST

START_TEST(gap_counts_as_the_worst_case_until_the_register_tells)
{
	for (int s = 0; s <= 300; s++)
		step_register(T0 + s * 1000, 36000, 500000 + s * 10);
	for (int s = 301; s < 360; s++)
		step(T0 + s * 1000, -1);
	ck_assert_int_eq(d.missing_ms, 59000);
	ck_assert_int_eq(d.assumed_wms, 59000 * INT64_C(200000));
	step_register(T0 + 360 * 1000, 36000, 503600);
	ck_assert_int_eq(d.missing_ms, 0);
	ck_assert_int_eq(out.mean_w, 36000);
	for (int s = 361; s < 420; s++)
		step(T0 + s * 1000, -1);
	step(T0 + 420 * 1000, 36000); /* without a register */
	ck_assert_int_eq(d.missing_ms, 60000);
	ck_assert_int_eq(d.assumed_wms, 60000 * INT64_C(200000));
}
END_TEST

/* Nobody knows what flows: it is not nothing. */
START_TEST(what_is_projected_goes_on_at_its_worst_while_nothing_is_measured)
{
	for (int s = 0; s <= 300; s++)
		step(T0 + s * 1000, 36000);
	ck_assert_int_eq(out.projected_w, 36000);
	for (int s = 301; s <= 360; s++)
		step(T0 + s * 1000, -1);
	ck_assert_int_eq(out.projected_w, (300 * 36000 + 600 * 200000) / 900);
	step(T0 + 361 * 1000, 36000);
	ck_assert_int_lt(out.projected_w, 60000);
}
END_TEST

START_TEST(danger_is_when_the_rest_alone_breaks_the_target)
{
	struct demand_in in = {.now_ms = T0, .window_ms = T0, .month = 1, .has_import = true};

	in.import_w = 100000;
	in.uncontrolled_w = 60000;
	demand_step(&d, &in, &out, &closed);
	ck_assert(!out.in_danger);
	in.worst_w = 200000;
	in.uncontrolled_w = 0;
	in.now_ms = T0 + 14 * MIN_MS; /* unseen: a guess is no danger */
	in.has_import = false;
	demand_step(&d, &in, &out, &closed);
	ck_assert_int_eq(out.allowed_w, 0);
	ck_assert(!out.in_danger);
	setup();
	in.now_ms = T0;
	in.has_import = true;
	in.uncontrolled_w = 60001;
	demand_step(&d, &in, &out, &closed);
	ck_assert(out.in_danger);
}
END_TEST

START_TEST(clock_that_steps_errs_to_the_safe_side)
{
	step(T0, 50000);
	for (int s = 1; s <= 300; s++)
		step(T0 + s * 1000, 50000);
	step(T0 + 240 * 1000, 50000); /* a minute back: counted again */
	for (int s = 241; s <= 300; s++)
		step(T0 + s * 1000, 50000);
	ck_assert_int_ge(d.known_wms + d.assumed_wms, 300000 * INT64_C(50000));
	step(T0 + 600 * 1000, 50000); /* five minutes on */
	ck_assert_int_ge(d.missing_ms, 300000);
	step(T0 - 60 * 1000, 50000); /* into the window before: a new begin */
	ck_assert_int_eq(d.start_ms, T0 - WINDOW_MS);
	ck_assert_int_eq(out.mean_w, 200000);
}
END_TEST

/* A month of days of random load with EVSEs that take all they may, late by the reaction time: the
 * mean of no window, metered by adding up its seconds, is above the target where the load alone is
 * not. */
START_TEST(random_days_keep_the_target)
{
	srand(11);
	for (int day = 0; day < 20; day++) {
		int64_t told[10] = {0}, sum = 0, load = 20000, spare = 0;

		demand_init(&d, &cfg);
		d.cfg.follow_peak = false;
		for (int s = 0; s < 86400; s++) {
			int64_t ev = told[s % 10], free;

			if (s % 900 == 0 && s) {
				ck_assert_msg(sum / 900 <= 60500, "day %d second %d: %lld W", day,
					s, (long long)(sum / 900));
				spare += 60000 - sum / 900;
				sum = 0;
			}
			if (rand() % 300 == 0)
				load = 5000 + rand() % 45000;
			step(T0 + (day * INT64_C(86400) + s) * 1000, load + ev);
			sum += load + ev;
			free = out.allowed_w - load;
			told[s % 10] = free < 0 ? 0 : free > 110000 ? 110000 : free;
		}
		ck_assert_int_lt(spare / 95, 300); /* and nothing is given away */
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("demand_window");
	TCase *t = tcase_create("demand_window");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, steady_load_at_the_target_may_go_on);
	tcase_add_test(t, what_was_not_used_may_be_drawn_later);
	tcase_add_test(t, what_was_drawn_too_much_is_taken_from_the_rest);
	tcase_add_test(t, peak_that_is_paid_lifts_the_target);
	tcase_add_test(t, peak_survives_a_restart);
	tcase_add_test(t, start_within_a_window_counts_its_past_as_the_worst_case);
	tcase_add_test(t, register_tells_the_past_of_a_window_after_a_restart);
	tcase_add_test(t, register_of_another_window_or_another_meter_is_not_believed);
	tcase_add_test(t, gap_counts_as_the_worst_case_until_the_register_tells);
	tcase_add_test(t, what_is_projected_goes_on_at_its_worst_while_nothing_is_measured);
	tcase_add_test(t, danger_is_when_the_rest_alone_breaks_the_target);
	tcase_add_test(t, clock_that_steps_errs_to_the_safe_side);
	tcase_add_test(t, random_days_keep_the_target);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
