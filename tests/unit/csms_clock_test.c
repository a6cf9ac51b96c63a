#include <check.h>
#include <unistd.h>
#include "csms/clock.h"

START_TEST(test_real)
{
	mono_t before = clock_mono();
	wall_t wall = clock_wall();

	usleep(20000);
	ck_assert_int_ge(mono_diff_ms(clock_mono(), before), 20);
	ck_assert_int_lt(mono_diff_ms(clock_mono(), before), 5000);
	ck_assert_int_ge(wall_diff_ms(clock_wall(), wall), 19);
	ck_assert_int_gt(wall.ms, 1700000000000);
	ck_assert(clock_speed() == 1);
}
END_TEST

START_TEST(test_scaled_runs_faster_from_a_common_origin)
{
	wall_t start = {1773270000000};
	int64_t origin_us = clock_real_us() - 100000; /* another process began 100 ms ago */
	mono_t mono;
	wall_t wall;

	clock_scale(start, origin_us, 60);
	mono = clock_mono();
	wall = clock_wall();
	ck_assert(clock_speed() == 60);
	ck_assert_int_ge(wall_diff_ms(wall, start), 6000);
	ck_assert_int_lt(wall_diff_ms(wall, start), 6000 + 60 * 1000);
	ck_assert_int_ge(mono.us - origin_us, 6000000);
	usleep(20000);
	ck_assert_int_ge(mono_diff_ms(clock_mono(), mono), 1200);
	ck_assert_int_ge(wall_diff_ms(clock_wall(), wall), 1199);
	/* Cost is measured in real time at any speed. */
	ck_assert_int_lt(clock_real_us() - origin_us, 60 * 1000000);
}
END_TEST

START_TEST(test_simulated_stands_still)
{
	wall_t start = {1773270000123};
	mono_t mono;

	clock_simulate(start);
	mono = clock_mono();
	usleep(5000);
	ck_assert_int_eq(clock_mono().us, mono.us);
	ck_assert_int_eq(clock_wall().ms, start.ms);
	clock_advance_ms(24 * 3600 * 1000);
	ck_assert_int_eq(mono_diff_ms(clock_mono(), mono), 24 * 3600 * 1000);
	ck_assert_int_eq(clock_wall().ms, start.ms + 24 * 3600 * 1000);
	ck_assert(clock_speed() == 1);
	clock_simulate(start);
	ck_assert_int_eq(clock_wall().ms, start.ms);
}
END_TEST

START_TEST(test_stands_still_while_it_is_held)
{
	mono_t mono;
	wall_t wall;

	clock_hold();
	mono = clock_mono();
	wall = clock_wall();
	usleep(5000);
	ck_assert_int_eq(clock_mono().us, mono.us);
	ck_assert_int_eq(clock_wall().ms, wall.ms);
	clock_let_go();
	ck_assert_int_ge(clock_mono().us, mono.us + 5000);
	ck_assert_int_ge(clock_wall().ms, wall.ms + 4);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("csms_clock");
	TCase *t = tcase_create("all");

	tcase_add_test(t, test_real);
	tcase_add_test(t, test_scaled_runs_faster_from_a_common_origin);
	tcase_add_test(t, test_simulated_stands_still);
	tcase_add_test(t, test_stands_still_while_it_is_held);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(suite());
	int failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
