#include <check.h>
#include <stdlib.h>
#include "csms/timers.h"

enum { MANY = 20000 };

static struct timers *timers;
static struct timer many[MANY];
static int order[MANY], fired;

static void setup(void)
{
	clock_simulate((wall_t){1773270000000});
	timers = timers_create();
	fired = 0;
}

static void teardown(void)
{
	timers_destroy(timers);
}

static void note(void *arg)
{
	order[fired++] = (int)((struct timer *)arg - many);
}

static void start(int i, int64_t ms)
{
	timer_start(timers, &many[i], ms, note, &many[i]);
}

START_TEST(test_fires_in_order_of_deadline)
{
	ck_assert_int_eq(timers_run(timers), -1);
	start(0, 30);
	start(1, 10);
	start(2, 20);
	ck_assert_int_eq(timers_run(timers), 10);
	ck_assert_int_eq(fired, 0);
	clock_advance_ms(20);
	ck_assert_int_eq(timers_run(timers), 10);
	ck_assert_int_eq(fired, 2);
	ck_assert_int_eq(order[0], 1);
	ck_assert_int_eq(order[1], 2);
	ck_assert(!timer_running(&many[1]));
	ck_assert(timer_running(&many[0]));
	clock_advance_ms(1000);
	ck_assert_int_eq(timers_run(timers), -1);
	ck_assert_int_eq(fired, 3);
}
END_TEST

START_TEST(test_same_deadline_fires_in_order_of_start)
{
	for (int i = 0; i < 100; i++)
		start((i * 37) % 100, 5);
	clock_advance_ms(5);
	timers_run(timers);
	ck_assert_int_eq(fired, 100);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(order[i], (i * 37) % 100);
}
END_TEST

START_TEST(test_restart_and_stop)
{
	start(0, 10);
	start(0, 50);
	start(1, 20);
	timer_stop(timers, &many[1]);
	timer_stop(timers, &many[1]);
	clock_advance_ms(30);
	ck_assert_int_eq(timers_run(timers), 20);
	ck_assert_int_eq(fired, 0);
	start(2, -5);
	timers_run(timers);
	ck_assert_int_eq(fired, 1);
	ck_assert_int_eq(order[0], 2);
}
END_TEST

static void stop_next(void *arg)
{
	note(arg);
	timer_stop(timers, (struct timer *)arg + 1);
}

START_TEST(test_callback_may_stop_another_that_is_due)
{
	timer_start(timers, &many[0], 1, stop_next, &many[0]);
	start(1, 1);
	start(2, 1);
	clock_advance_ms(1);
	ck_assert_int_eq(timers_run(timers), -1);
	ck_assert_int_eq(fired, 2);
	ck_assert_int_eq(order[1], 2);
}
END_TEST

static void again(void *arg)
{
	note(arg);
	timer_start(timers, arg, 0, again, arg);
}

START_TEST(test_zero_delay_in_a_callback_does_not_loop)
{
	timer_start(timers, &many[0], 0, again, &many[0]);
	ck_assert_int_eq(timers_run(timers), 1);
	ck_assert_int_eq(fired, 1);
	clock_advance_ms(1);
	timers_run(timers);
	ck_assert_int_eq(fired, 2);
}
END_TEST

START_TEST(test_rounds_up)
{
	clock_simulate((wall_t){0});
	start(0, 7);
	clock_advance_ms(6);
	ck_assert_int_eq(timers_next_ms(timers), 1);
	clock_advance_ms(1);
	ck_assert_int_eq(timers_next_ms(timers), 0);
	ck_assert_int_eq(fired, 0);
}
END_TEST

START_TEST(test_thousands_at_random)
{
	static int64_t due[MANY];
	int64_t now = 0, last = -1;
	int live = 0, before;

	srand(7);
	for (int i = 0; i < MANY; i++)
		start(i, due[i] = rand() % 5000);
	for (int i = 0; i < MANY; i += 3) {
		timer_stop(timers, &many[i]);
		due[i] = -1;
	}
	for (int i = 1; i < MANY; i += 3)
		start(i, due[i] = rand() % 5000);
	for (int i = 0; i < MANY; i++)
		live += due[i] >= 0;
	while (timers_next_ms(timers) >= 0) {
		int64_t step = timers_next_ms(timers);

		clock_advance_ms(step);
		now += step;
		before = fired;
		timers_run(timers);
		for (int i = before; i < fired; i++)
			ck_assert_int_eq(due[order[i]], now);
		ck_assert_int_gt(now, last);
		last = now;
	}
	ck_assert_int_eq(fired, live);
}
END_TEST

START_TEST(test_destroy_leaves_timers_stopped)
{
	start(0, 10);
	timers_destroy(timers);
	ck_assert(!timer_running(&many[0]));
	timers = timers_create();
}
END_TEST

static void be_slow(void *arg)
{
	int64_t until_us = clock_real_us() + 3000;

	while (clock_real_us() < until_us)
		;
	note(arg);
}

START_TEST(test_with_a_budget_the_rest_waits_in_order)
{
	for (int i = 0; i < 4; i++)
		timer_start(timers, &many[i], 4 - i, be_slow, &many[i]);
	clock_advance_ms(10);
	ck_assert_int_eq(timers_run_for(timers, 4000), 0); /* the next at once */
	ck_assert_int_ge(fired, 1);
	ck_assert_int_le(fired, 2);
	while (timers_run_for(timers, 1000) == 0)
		;
	ck_assert_int_eq(fired, 4);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(order[i], 3 - i);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("csms_timers");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_fires_in_order_of_deadline);
	tcase_add_test(t, test_same_deadline_fires_in_order_of_start);
	tcase_add_test(t, test_restart_and_stop);
	tcase_add_test(t, test_callback_may_stop_another_that_is_due);
	tcase_add_test(t, test_zero_delay_in_a_callback_does_not_loop);
	tcase_add_test(t, test_rounds_up);
	tcase_add_test(t, test_with_a_budget_the_rest_waits_in_order);
	tcase_add_test(t, test_thousands_at_random);
	tcase_add_test(t, test_destroy_leaves_timers_stopped);
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
