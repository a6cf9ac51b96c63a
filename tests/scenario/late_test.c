/*
 * A planner that is late: the plain rule takes over, and the plan again when it comes. The evening is
 * dear, so a charger that draws does not go by the plan.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/power/control.h"
#include "csms/loop.h"
#include "csms/plan/planner.h"
#include "csms/plan/planner_job.h"
#include "db/query_log.h"
#include "tests/scenario/small.h"
#include "tests/scenario/world.h"

#define DEAR_W 25000

static struct world *world;
static char text[sizeof small_depot + 600];
static bool is_stalled;
static int32_t asked_w[8]; /* limit of the first node, in each plan that was asked for */
static int asked;

static const char tariffs[] =
	"tariffs:\n"
	"  - id: tou\n    currency: EUR\n"
	"    import: [{id: e, periods: [{id: night, hours: ['00:00-06:00'], price: 0.1}, {id: day, "
	"hours: ['06:00-24:00'], price: 0.3}]}]\n";

/* The linker puts this in the place of the planner's (tests/module.mk). */
struct planner_job *__real_planner_job_create(struct core *c, const struct planner_view *v,
	const struct held_envelope *extra, const char *trigger);
struct planner_job *__wrap_planner_job_create(struct core *c, const struct planner_view *v,
	const struct held_envelope *extra, const char *trigger);
struct planner_job *__wrap_planner_job_create(struct core *c, const struct planner_view *v,
	const struct held_envelope *extra, const char *trigger)
{
	asked_w[asked++ % 8] = grid_limits_get(v->limits, 0, GRID_SOURCE_ENVELOPE).import_w;
	return is_stalled ? NULL : __real_planner_job_create(c, v, extra, trigger);
}

static void setup(void)
{
	snprintf(text, sizeof text, "%s%s", small_depot, tariffs);
	for (char *at = text; (at = strstr(at, "target_pct: 90"));)
		at[12] = '5'; /* so that all of it fits into the cheap hours */
	is_stalled = false;
	world = world_create(
		&(struct world_options){.seed = 9, .depot = text, .scenario = SMALL_VISITS});
	world_run_until(world, SMALL_ALL_HERE);
}

static void teardown(void)
{
	world_destroy(world);
}

static const struct evse *evse(const char *station)
{
	return &fleet_station(&world_core(world)->fleet, station)->evses[0];
}

/* By the plan hardly anything flows in the evening. */
static int64_t told_w(void)
{
	return evse("CP-1")->told.limit_w + evse("CP-2")->told.limit_w +
	       evse("CP-3")->told.limit_w + evse("CP-4")->told.limit_w;
}

static void count_events(struct db_reader *r, void *arg)
{
	struct arena *a = arena_create(0);
	struct db_journal_filter f = {.type = "PlannerLate", .limit = 100};
	struct db_journal_page late = {0}, back = {0};

	ck_assert_int_eq(db_query_journal(r, &f, a, &late), 0);
	f.type = "PlannerBack";
	ck_assert_int_eq(db_query_journal(r, &f, a, &back), 0);
	*(int *)arg = (int)(late.count * 10 + back.count);
	arena_destroy(a);
}

/* Tens: times that it was late; ones: that it was back. */
static int journalled(void)
{
	int n = -1;

	world_run_s(world, 12); /* written by then */
	ck_assert_int_eq(db_read_now(world_core(world)->db, count_events, &n), 0);
	return n;
}

START_TEST(the_plain_rule_takes_over_and_the_plan_again_when_it_comes)
{
	struct core *c = world_core(world);

	ck_assert_str_eq(control_followed(c->control, evse("CP-1")), "plan");
	ck_assert_int_le(told_w(), DEAR_W);
	is_stalled = true;
	control_evse_changed(c->control, NULL, "something");
	world_run_s(world, 50);
	ck_assert_int_le(told_w(), DEAR_W); /* its time is not over */
	ck_assert_ptr_null(world_alarm(world, ALARM_PLANNER_LATE, NULL));
	world_run_s(world, 120);
	ck_assert_str_eq(control_followed(c->control, evse("CP-1")), "rule");
	ck_assert_str_eq(evse("CP-1")->told.source, "rule");
	ck_assert_int_gt(evse("CP-1")->told.limit_w, 20000); /* leaves first */
	ck_assert_int_lt(evse("CP-4")->told.limit_w, 10000); /* leaves last */
	ck_assert_ptr_nonnull(world_alarm(world, ALARM_PLANNER_LATE, "planner"));
	ck_assert_int_ne(control_late_since(c->control).ms, 0);
	ck_assert_int_eq(journalled(), 10);
	is_stalled = false;
	world_run_s(world, 180); /* it is asked again every two minutes */
	ck_assert_str_eq(control_followed(c->control, evse("CP-1")), "plan");
	ck_assert_int_le(told_w(), DEAR_W);
	ck_assert_ptr_null(world_alarm(world, ALARM_PLANNER_LATE, NULL));
	ck_assert_int_eq(journalled(), 11);
	world_check_limits(world, WORLD_REACTION_S);
}
END_TEST

static void count_made(void *arg)
{
	static int made;

	clock_advance_ms(1); /* a loop is never so fast that no time passes */
	if (++made == 2)
		loop_stop(arg);
}

/* With a thread of its own: what is asked for meanwhile goes by the limits of then, whatever becomes
 * of them before its turn. */
START_TEST(what_is_asked_for_while_it_plans_is_copied)
{
	struct core *c = world_core(world);
	const struct grid_tree *tree = control_grid(c->control);
	struct grid_limits *limits = grid_limits_create(tree);
	struct grid_bound b = {33000, GRID_NO_LIMIT, GRID_NO_LIMIT};
	int nodes = grid_tree_nodes(tree);
	int64_t *base = calloc((size_t)nodes, sizeof *base);
	int64_t(*phases)[GRID_PHASES] = calloc((size_t)nodes, sizeof *phases);
	struct planner_view v = {tree, limits, base, (const int64_t(*)[GRID_PHASES])phases};
	struct planner *p;

	ck_assert(limits && base && phases);
	c->loop = loop_create();
	p = planner_create(c, count_made, c->loop);
	ck_assert_ptr_nonnull(p);
	asked = 0;
	planner_ask(p, &v, "first");
	grid_limits_set(limits, 0, GRID_SOURCE_ENVELOPE, &b);
	planner_ask(p, &v, "second");
	b.import_w = 1;
	grid_limits_set(limits, 0, GRID_SOURCE_ENVELOPE, &b);
	grid_limits_destroy(limits);
	loop_run(c->loop);
	ck_assert_int_eq(asked, 2);
	ck_assert_int_eq(asked_w[0], GRID_NO_LIMIT);
	ck_assert_int_eq(asked_w[1], 33000);
	planner_destroy(p);
	loop_destroy(c->loop);
	c->loop = NULL;
	free(base);
	free(phases);
}
END_TEST

START_TEST(a_planner_that_never_comes_back_leaves_nobody_short)
{
	is_stalled = true;
	world_run_until(world, "05:59");
	world_check_limits(world, WORLD_REACTION_S);
	for (int i = 1; i <= 3; i++) {
		char id[] = "CP-0";
		const struct transaction *t;

		id[3] = (char)('0' + i);
		t = &evse(id)->tx;
		ck_assert_double_ge(t->meter_wh.value - t->begin_wh.value, 65000);
	}
	ck_assert_double_ge(evse("CP-4")->soc_pct.value, 85); /* a DC charger knows */
}
END_TEST

int main(void)
{
	Suite *s = suite_create("late");
	TCase *t = tcase_create("late");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_plain_rule_takes_over_and_the_plan_again_when_it_comes);
	tcase_add_test(t, a_planner_that_never_comes_back_leaves_nobody_short);
	tcase_add_test(t, what_is_asked_for_while_it_plans_is_copied);
	suite_add_tcase(s, t);
	return world_run_suite(s);
}
