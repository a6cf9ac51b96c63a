#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "csms/clock.h"
#include "csms/loop.h"
#include "schemas/thread.h"

static struct loop *loop;
static struct timer timer, guard;
static char trace[256];
static int64_t started_us;

static void note(const char *what)
{
	strncat(trace, what, sizeof(trace) - strlen(trace) - 1);
}

static void give_up(void *arg)
{
	note("TIMEOUT");
	loop_stop(loop);
}

static void setup(void)
{
	trace[0] = '\0';
	loop = loop_create();
	ck_assert_ptr_nonnull(loop);
	timer_start(loop_timers(loop), &guard, 5000 * (int64_t)clock_speed(), give_up, NULL);
	started_us = clock_real_us();
}

static void teardown(void)
{
	loop_destroy(loop);
}

static void stop(void *arg)
{
	note("stop ");
	loop_stop(loop);
}

START_TEST(test_timer)
{
	timer_start(loop_timers(loop), &timer, 30, stop, NULL);
	loop_run(loop);
	ck_assert_str_eq(trace, "stop ");
	ck_assert_int_ge(clock_real_us() - started_us, 30000);
	ck_assert_int_lt(clock_real_us() - started_us, 3000000);
}
END_TEST

static void start_early_one(void *arg)
{
	note("first ");
	timer_start(loop_timers(loop), &timer, 5, stop, NULL);
}

/* The trap of libwebsockets on libev: an earlier timer must pre-empt a later one. */
START_TEST(test_earlier_timer_preempts)
{
	static struct timer late, first;

	timer_start(loop_timers(loop), &late, 4000, give_up, NULL);
	timer_start(loop_timers(loop), &first, 10, start_early_one, NULL);
	loop_run(loop);
	ck_assert_str_eq(trace, "first stop ");
	ck_assert_int_lt(clock_real_us() - started_us, 3000000);
	timer_stop(loop_timers(loop), &late);
}
END_TEST

START_TEST(test_scaled_clock_shortens_sleep)
{
	clock_scale((wall_t){0}, clock_real_us(), 100);
	timer_start(loop_timers(loop), &guard, 500000, give_up, NULL);
	timer_start(loop_timers(loop), &timer, 3000, stop, NULL);
	loop_run(loop);
	ck_assert_str_eq(trace, "stop ");
	ck_assert_int_ge(clock_real_us() - started_us, 30000);
	ck_assert_int_lt(clock_real_us() - started_us, 2000000);
}
END_TEST

static struct loop_wake *wake;
static int wakes;

static void on_wake(void *arg)
{
	wakes++;
	stop(NULL);
}

static void *send_wakes(void *arg)
{
	usleep(10000);
	for (int i = 0; i < 100; i++)
		loop_wake_send(wake);
	return NULL;
}

START_TEST(test_wake_from_another_thread)
{
	pthread_t thread;

	wakes = 0;
	wake = loop_wake_create(loop, on_wake, NULL);
	pthread_create(&thread, NULL, send_wakes, NULL);
	loop_run(loop);
	pthread_join(thread, NULL);
	ck_assert_int_ge(wakes, 1);
	ck_assert_int_le(wakes, 100);
	ck_assert_ptr_null(strstr(trace, "TIMEOUT"));
	loop_wake_destroy(wake);
}
END_TEST

static void on_signal(void *arg, int signum)
{
	note(signum == SIGUSR1 ? "usr1 " : "? ");
	loop_stop(loop);
}

static void raise_signal(void *arg)
{
	raise(SIGUSR1);
}

START_TEST(test_signal)
{
	ck_assert_int_eq(loop_on_signal(loop, SIGUSR1, on_signal, NULL), 0);
	timer_start(loop_timers(loop), &timer, 1, raise_signal, NULL);
	loop_run(loop);
	ck_assert_str_eq(trace, "usr1 ");
}
END_TEST

static void on_turn_end(void *arg)
{
	note(arg);
}

static struct timer from_hook;

static void start_from_hook(void *arg)
{
	if (!strcmp(trace, "timer A B "))
		timer_start(loop_timers(loop), &from_hook, 0, stop, NULL);
}

static void on_timer(void *arg)
{
	trace[0] = '\0';
	note("timer ");
}

/* Hooks run in order, after the timers of the turn, and what they start does not sleep. */
START_TEST(test_turn_end)
{
	loop_on_turn_end(loop, on_turn_end, "A ");
	loop_on_turn_end(loop, on_turn_end, "B ");
	loop_on_turn_end(loop, start_from_hook, NULL);
	timer_start(loop_timers(loop), &timer, 5, on_timer, NULL);
	loop_run(loop);
	ck_assert_int_eq(strncmp(trace, "timer A B stop ", 15), 0);
	ck_assert_int_lt(clock_real_us() - started_us, 3000000);
}
END_TEST

static struct loop_io *io;

static void on_readable(void *arg, int fd)
{
	char c;

	ck_assert_int_eq(read(fd, &c, 1), 1);
	trace[strlen(trace)] = c;
	if (c == 'p') {
		loop_io_pause(io);
		timer_start(loop_timers(loop), &timer, 30, arg, NULL);
	}
	if (c == 's')
		loop_stop(loop);
}

static void resume(void *arg)
{
	note("|");
	loop_io_resume(io);
}

START_TEST(test_io)
{
	int fds[2];

	memset(trace, 0, sizeof(trace));
	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(write(fds[1], "aps", 3), 3);
	io = loop_io_create(loop, fds[0], on_readable, (void *)resume);
	loop_run(loop);
	ck_assert_str_eq(trace, "ap|s");
	loop_io_destroy(io);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

static void be_slow(void *arg)
{
	usleep(40000);
	loop_stop(loop);
}

START_TEST(test_longest_turn_is_measured)
{
	struct loop_longest longest;

	timer_start(loop_timers(loop), &timer, 1, be_slow, NULL);
	loop_run(loop);
	longest = loop_take_longest(loop);
	ck_assert_int_ge(longest.real_us, 40000);
	ck_assert_int_lt(longest.real_us, 4000000);
	ck_assert_int_lt(longest.cpu_us, 20000); /* it slept */
	longest = loop_take_longest(loop);
	ck_assert_int_eq(longest.real_us, 0);
	ck_assert_int_eq(longest.cpu_us, 0);
	for (int i = 0; i < LOOP_TURN_BOUNDS && loop_turn_bounds_ms[i] < 40; i++)
		ck_assert_int_ge(loop_long_turns(loop)[i], 1);
	ck_assert_int_eq(loop_turn_bounds_ms[4], 50);
}
END_TEST

static void be_busy(void)
{
	int64_t until_us = clock_cpu_us() + 30000;

	while (clock_cpu_us() < until_us)
		;
}

static void be_busy_once(void *arg)
{
	be_busy();
	loop_stop(loop);
}

START_TEST(test_work_of_a_turn_is_measured)
{
	struct loop_longest longest;

	timer_start(loop_timers(loop), &timer, 1, be_busy_once, NULL);
	loop_run(loop);
	longest = loop_take_longest(loop);
	ck_assert_int_ge(longest.cpu_us, 30000);
	ck_assert_int_lt(longest.cpu_us, 300000);
	ck_assert_int_ge(longest.real_us, 30000);
	for (int i = 0; i < LOOP_TURN_BOUNDS && loop_turn_bounds_ms[i] < 30; i++)
		ck_assert_int_ge(loop_long_turns_cpu(loop)[i], 1);
}
END_TEST

/* -- tasks of many milliseconds -------------------------------------------------------------- */

static struct loop_task task_a, task_b, task_c, task_d;

static void end_turn(void *arg)
{
	note("| ");
}

static void ask_for_three(void *arg)
{
	loop_run_alone(loop, &task_d, on_turn_end, "d "); /* the turn has just begun: at once */
	be_busy();
	loop_run_alone(loop, &task_a, on_turn_end, "a ");
	loop_run_alone(loop, &task_b, on_turn_end, "b ");
	loop_run_alone(loop, &task_b, on_turn_end, "b ");
	loop_run_alone(loop, &task_c, on_turn_end, "c ");
	loop_call_off(loop, &task_c);
	loop_call_off(loop, &task_c);
	timer_start(loop_timers(loop), &timer, 0, stop, NULL);
}

START_TEST(test_long_tasks_have_turns_for_themselves)
{
	const char *after;

	loop_on_turn_end(loop, end_turn, NULL);
	timer_start(loop_timers(loop), &timer, 20, ask_for_three, NULL);
	loop_run(loop);
	after = strstr(trace, "d ");
	ck_assert_ptr_nonnull(after);
	ck_assert_str_eq(after, "d | a | b | stop | ");
	trace[0] = '\0';
	loop_run_alone(NULL, &task_a, on_turn_end, "a ");
	ck_assert_str_eq(trace, "a ");
}
END_TEST

/* -- many who speak at once ----------------------------------------------------------------- */

#define MANY 300
#define MOST 64

static int pipes[MANY][2];
static int heard, turn_heard, turn_most, cost_us, timer_ran;

static void on_one_of_many(void *arg, int fd)
{
	int64_t until_us = clock_cpu_us() + cost_us;
	char c;

	ck_assert_int_eq(read(fd, &c, 1), 1);
	while (clock_cpu_us() < until_us)
		;
	turn_heard++;
	if (++heard == MANY)
		loop_stop(loop);
}

static void count_heard(void *arg)
{
	if (turn_heard > turn_most)
		turn_most = turn_heard;
	turn_heard = 0;
}

static void on_soon(void *arg)
{
	timer_ran = heard;
}

static void speak_all(struct loop_io *ios[MANY])
{
	heard = turn_heard = turn_most = 0;
	for (int i = 0; i < MANY; i++) {
		ck_assert_int_eq(pipe(pipes[i]), 0);
		ck_assert_int_eq(write(pipes[i][1], "x", 1), 1);
		ios[i] = loop_io_create(loop, pipes[i][0], on_one_of_many, NULL);
	}
	loop_run(loop);
	for (int i = 0; i < MANY; i++) {
		loop_io_destroy(ios[i]);
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
}

START_TEST(test_a_turn_hears_some_and_all_are_heard)
{
	struct loop_io *ios[MANY];

	timer_stop(loop_timers(loop), &guard);
	loop_on_turn_end(loop, count_heard, NULL);
	cost_us = 0;
	speak_all(ios);
	ck_assert_int_eq(heard, MANY);
	ck_assert_int_le(turn_most, MOST);
	/* When they are dear, fewer: the first turn may be long, then each is short. */
	cost_us = 1000;
	speak_all(ios);
	ck_assert_int_eq(heard, MANY);
	loop_take_longest(loop);
	timer_start(loop_timers(loop), &timer, 1, on_soon, NULL);
	speak_all(ios);
	ck_assert_int_eq(heard, MANY);
	ck_assert_int_le(turn_most, 16);
	ck_assert_int_lt(loop_take_longest(loop).cpu_us, 40000);
	ck_assert_int_le(timer_ran, 32); /* it did not wait for them all */
}
END_TEST

static void be_busy_then_stop(void *arg)
{
	be_busy();
	timer_start(loop_timers(loop), &timer, 0, stop, NULL);
}

/* What other threads hand over is part of the turn, as what sockets bring. */
START_TEST(test_wakes_are_measured_too)
{
	wake = loop_wake_create(loop, be_busy_then_stop, NULL);
	loop_wake_send(wake);
	loop_run(loop);
	ck_assert_int_ge(loop_take_longest(loop).cpu_us, 30000);
	loop_wake_destroy(wake);
}
END_TEST

static int nice_there;

static void *stand_back(void *arg)
{
	thread_stand_back(7);
	nice_there = getpriority(PRIO_PROCESS, 0);
	return NULL;
}

START_TEST(test_a_thread_stands_behind_the_loop)
{
	int here = getpriority(PRIO_PROCESS, 0);
	pthread_t thread;

	pthread_create(&thread, NULL, stand_back, NULL);
	pthread_join(thread, NULL);
	ck_assert_int_eq(nice_there, here + 7 < 19 ? here + 7 : 19);
	ck_assert_int_eq(getpriority(PRIO_PROCESS, 0), here); /* nobody else does */
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("csms_loop");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 20);
	tcase_add_test(t, test_timer);
	tcase_add_test(t, test_earlier_timer_preempts);
	tcase_add_test(t, test_scaled_clock_shortens_sleep);
	tcase_add_test(t, test_wake_from_another_thread);
	tcase_add_test(t, test_signal);
	tcase_add_test(t, test_turn_end);
	tcase_add_test(t, test_io);
	tcase_add_test(t, test_longest_turn_is_measured);
	tcase_add_test(t, test_work_of_a_turn_is_measured);
	tcase_add_test(t, test_long_tasks_have_turns_for_themselves);
	tcase_add_test(t, test_a_turn_hears_some_and_all_are_heard);
	tcase_add_test(t, test_wakes_are_measured_too);
	tcase_add_test(t, test_a_thread_stands_behind_the_loop);
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
