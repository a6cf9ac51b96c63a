/*
 * When plans are made anew: at once after an event, and few of them after many events; who pauses by
 * the plan goes on pausing while the tree is edited.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>
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

static const char tariffs[] =
	"tariffs:\n"
	"  - id: tou\n    currency: EUR\n"
	"    import: [{id: e, periods: [{id: night, hours: ['00:00-06:00'], price: 0.1}, {id: day, "
	"hours: ['06:00-24:00'], price: 0.9}]}]\n";

/* The night is long enough for both. */
static const char visits[] =
	"base_load:\n"
	"  - {node: house, noise_w: 500, points: [{at: \"00:00\", w: 10000}]}\n"
	"visits:\n"
	"  - {vehicle: V-1, station: CP-1, arrives: \"17:00\", soc_pct: 70}\n"
	"  - {vehicle: V-2, station: CP-2, arrives: \"17:05\", soc_pct: 70}\n";

static int sent; /* profiles to these by which they may draw at once */

static bool count_profiles(void *ctx, const struct world_frame *f)
{
	(void)ctx;
	sent += f->to_station && f->station < 2 && strstr(f->text, "\"SetChargingProfile\"") &&
		!strstr(f->text, "\"startPeriod\":0,\"limit\":0}");
	return true;
}

static const struct evse *evse_of(int i)
{
	char id[8];

	snprintf(id, sizeof id, "CP-%d", i + 1);
	return &fleet_station(&world_core(world)->fleet, id)->evses[0];
}

static void on_edit(void *arg)
{
	char why[300];

	(void)arg;
	ck_assert_msg(control_rebuild(world_core(world)->control, why) == 0, "%s", why);
	before = plans();
}

/* A plan is made now, and so the next one not before a moment after the edit. */
static void on_moment_before(void *arg)
{
	struct core *c = world_core(world);

	control_evse_changed(c->control, NULL, "test");
	timer_start(c->timers, &timer, EVENT_MS, on_edit, arg);
}

/* Nobody draws, since energy is cheaper at night. */
START_TEST(who_pauses_by_the_plan_is_not_started_by_an_edit_of_the_tree)
{
	char depot[sizeof small_depot + sizeof tariffs];

	teardown();
	snprintf(depot, sizeof depot, "%s%s", small_depot, tariffs);
	world = world_create(&(struct world_options){
		.seed = 3, .depot = depot, .scenario = visits, .pass = count_profiles});
	world_run_until(world, SMALL_ALL_HERE);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(evse_of(i)->told.limit_w, 0);
	for (int n = 0; n < 3; n++) {
		sent = 0;
		timer_start(world_core(world)->timers, &timer, 500, on_moment_before, NULL);
		world_run_s(world, 5);
		ck_assert_int_gt(plans(), before);
		ck_assert_int_eq(sent, 0);
		for (int i = 0; i < 2; i++)
			ck_assert_int_eq(evse_of(i)->told.limit_w, 0);
	}
	world_run_until(world, "01:00"); /* and its turn comes */
	ck_assert_int_gt(
		plant_evse_mw(world_plant(world), 0, 0) + plant_evse_mw(world_plant(world), 1, 0),
		4000000);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("replan");
	TCase *t = tcase_create("replan");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, one_event_is_planned_at_once_and_a_burst_makes_few_plans);
	tcase_add_test(t, who_pauses_by_the_plan_is_not_started_by_an_edit_of_the_tree);
	suite_add_tcase(s, t);
	return world_run_suite(s);
}
