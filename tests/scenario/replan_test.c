/*
 * When plans are made anew: at once after an event, and few of them after many events.
 */
#include <check.h>
#include "csms/clock.h"
#include "csms/power/control.h"
#include "tests/scenario/small.h"
#include "tests/scenario/world.h"

#define EVERY_MS 200 /* at most so often */
#define EVENT_MS 20
#define EVENTS   100

static struct world *world;
static struct timer timer;
static int events; /* still to come */
static int64_t before, at_once; /* plans until the first event, and a millisecond after it */

static void setup(void)
{
	world = world_create(
		&(struct world_options){.seed = 3, .depot = small_depot, .scenario = SMALL_VISITS});
	world_run_until(world, SMALL_ALL_HERE);
}

static void teardown(void)
{
	world_destroy(world);
}

static int64_t plans(void)
{
	return world_core(world)->metrics.plans;
}

static void on_event(void *arg)
{
	struct core *c = world_core(world);

	control_evse_changed(c->control, NULL, "burst");
	if (--events > 0)
		timer_start(c->timers, &timer, EVENT_MS, on_event, arg);
}

static void on_moment_after(void *arg)
{
	at_once = plans();
	events--;
	timer_start(world_core(world)->timers, &timer, EVENT_MS - 1, on_event, arg);
}

static void on_first(void *arg)
{
	struct core *c = world_core(world);

	before = plans();
	control_evse_changed(c->control, NULL, "first of a burst");
	timer_start(c->timers, &timer, 1, on_moment_after, arg);
}

START_TEST(one_event_is_planned_at_once_and_a_burst_makes_few_plans)
{
	int seconds = EVENTS * EVENT_MS / 1000;

	events = EVENTS;
	/* Within a second of the world, so that nothing else is going on. */
	timer_start(world_core(world)->timers, &timer, 500, on_first, NULL);
	world_run_s(world, seconds + 2);
	ck_assert_int_eq(events, 0);
	ck_assert_int_eq(at_once, before + 1);
	ck_assert_int_ge(plans(), before + 2); /* what came last is planned too */
	ck_assert_int_le(plans(), before + 2 + (seconds + 2) * 1000 / EVERY_MS);
	before = plans();
	world_run_s(world, 60);
	ck_assert_int_le(plans(), before + 5); /* and then it is over */
}
END_TEST

int main(void)
{
	Suite *s = suite_create("replan");
	TCase *t = tcase_create("replan");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, one_event_is_planned_at_once_and_a_burst_makes_few_plans);
	suite_add_tcase(s, t);
	return world_run_suite(s);
}
