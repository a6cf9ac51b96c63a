/*
 * How far chargers go by plans: shadow, assisted, automatic. The evening is dear and the night cheap,
 * so that a charger that draws in the evening does not go by the plan.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include "csms/plan/assisted.h"
#include "csms/power/control_modes.h"
#include "db/query_log.h"
#include "tests/scenario/small.h"
#include "tests/scenario/world.h"

static struct world *world;
static char text[sizeof small_depot + 600];

static const char tariffs[] =
	"tariffs:\n"
	"  - id: tou\n    currency: EUR\n"
	"    import: [{id: e, periods: [{id: night, hours: ['00:00-06:00'], price: 0.1}, {id: day, "
	"hours: ['06:00-24:00'], price: 0.3}]}]\n";

static const char config[] = "control: {approve_min: 20%s}\n";

static void start(const char *mode, const char *more)
{
	static const char row[] = "limit_w: 60000, meter: main";
	const char *at = strstr(small_depot, row) + strlen(row);
	char words[sizeof config + 100];

	snprintf(text, sizeof text, "%.*s, mode: %s%s%s", (int)(at - small_depot), small_depot,
		mode, at, tariffs);
	snprintf(words, sizeof words, config, more);
	world = world_create(&(struct world_options){
		.seed = 9, .depot = text, .config = words, .scenario = SMALL_VISITS});
	world_run_until(world, SMALL_ALL_HERE);
}

static void teardown(void)
{
	world_destroy(world);
	world = NULL;
}

static const struct evse *evse(const char *station)
{
	return &fleet_station(&world_core(world)->fleet, station)->evses[0];
}

static struct assisted *assisted(void)
{
	return control_assisted(world_core(world)->control);
}

/* Of the whole site. */
static struct approval *approval(void)
{
	return assisted_find(assisted(), "site");
}

static const char *followed(const char *station)
{
	return control_followed(world_core(world)->control, evse(station));
}

static int64_t planned_w(const char *station)
{
	const struct control_plan_row *row =
		control_plan_row(world_core(world)->control, evse(station));

	ck_assert_ptr_nonnull(row);
	return row->w[0];
}

static double delivered_kwh(const char *station)
{
	const struct transaction *t = &evse(station)->tx;

	return (t->meter_wh.value - t->begin_wh.value) / 1000;
}

static void on_answer(void *arg, int status, const char *why)
{
	(void)why;
	*(int *)arg = status;
}

static int answer_at(const char *plan, const char *node, bool is_yes)
{
	int status = -1, rc;
	char why[200];
	struct approval_wish wish = {.plan = plan,
		.node = node,
		.is_yes = is_yes,
		.actor = "anna",
		.why = "looked at it",
		.done = on_answer,
		.arg = &status};

	rc = assisted_decide(assisted(), &wish, why);
	if (rc)
		return rc;
	world_run_s(world, 30);
	ck_assert_int_eq(status, 0);
	return 0;
}

static int answer(const char *plan, bool is_yes)
{
	return answer_at(plan, NULL, is_yes);
}

struct counting {
	const char *type;
	int count;
};

static void count_events(struct db_reader *r, void *arg)
{
	struct counting *x = arg;
	struct arena *a = arena_create(0);
	struct db_journal_filter f = {.type = x->type, .limit = 100};
	struct db_journal_page page = {0};

	ck_assert_int_eq(db_query_journal(r, &f, a, &page), 0);
	x->count = (int)page.count;
	arena_destroy(a);
}

static int journalled(const char *type)
{
	struct counting x = {.type = type};

	ck_assert_int_eq(db_read_now(world_core(world)->db, count_events, &x), 0);
	return x.count;
}

START_TEST(in_shadow_the_plan_is_shown_and_the_plain_rule_counts)
{
	start("shadow", "");
	ck_assert_int_eq(planned_w("CP-1"), 0); /* the plan waits for the night */
	ck_assert_str_eq(followed("CP-1"), "rule");
	ck_assert_str_eq(evse("CP-1")->told.source, "rule");
	ck_assert_ptr_nonnull(strstr(evse("CP-1")->told.reason, "shadow"));
	ck_assert_int_gt(evse("CP-1")->told.limit_w, 20000); /* leaves first */
	ck_assert_int_gt(evse("CP-2")->told.limit_w, 15000);
	ck_assert_int_eq(evse("CP-4")->told.limit_w, 0); /* leaves last */
	ck_assert_int_eq(assisted_count(assisted()), 0); /* nobody is asked */
	world_run_until(world, "06:00");
	world_check_limits(world, WORLD_REACTION_S);
	ck_assert_double_ge(evse("CP-4")->soc_pct.value, 85);
}
END_TEST

START_TEST(in_assisted_a_plan_counts_when_somebody_approved_it)
{
	const struct approval_wait *w;
	char plan[37];

	start("assisted", "");
	ck_assert_str_eq(followed("CP-1"), "rule"); /* nothing is approved yet */
	ck_assert_int_gt(evse("CP-1")->told.limit_w, 20000);
	w = approval_waits(approval());
	ck_assert_ptr_nonnull(w);
	ck_assert_int_eq(w->count, 4);
	ck_assert_ptr_nonnull(world_alarm(world, ALARM_PLAN_WAITS, "site"));
	ck_assert_int_eq(answer("nothing", true), 409);
	snprintf(plan, sizeof plan, "%s", w->plan);
	ck_assert_int_eq(answer(plan, true), 0);
	ck_assert_ptr_null(approval_waits(approval()));
	ck_assert_str_eq(approval_given(approval())->actor, "anna");
	ck_assert_str_eq(followed("CP-1"), "approved");
	ck_assert_int_eq(evse("CP-1")->told.limit_w, 0); /* it waits for the night, as planned */
	ck_assert_str_eq(evse("CP-1")->told.source, "plan");
	ck_assert_int_eq(answer(plan, true), 409); /* not twice */
	ck_assert_int_ge(journalled("PlanProposed"), 1);
	ck_assert_int_ge(journalled("PlanDecided"), 1);
	world_kill(world);
	world_run_s(world, 60);
	world_start(world);
	world_run_s(world, 120);
	ck_assert_str_eq(followed("CP-1"), "approved"); /* over a restart, too */
	ck_assert_str_eq(approval_given(approval())->why, "looked at it");
	ck_assert_int_eq(evse("CP-1")->told.limit_w, 0);
	world_run_s(world, 3600);
	ck_assert_ptr_null(approval_waits(approval())); /* plans made since are like it */
	world_run_until(world, "05:59");
	world_check_limits(world, WORLD_REACTION_S);
	for (int i = 1; i <= 3; i++) {
		char id[8];

		snprintf(id, sizeof id, "CP-%d", i);
		ck_assert_double_ge(delivered_kwh(id), 65);
	}
}
END_TEST

START_TEST(a_departure_in_danger_is_not_held_back_by_a_missing_approval)
{
	struct vehicle *v;
	char plan[37];

	start("assisted", "");
	snprintf(plan, sizeof plan, "%s", approval_waits(approval())->plan);
	ck_assert_int_eq(answer(plan, true), 0);
	ck_assert_int_eq(evse("CP-3")->told.limit_w, 0);
	v = evse("CP-3")->tx.vehicle;
	v->departs_at = wall_add_ms(world_now(world), 3 * 3600000); /* hardly enough */
	control_evse_changed(world_core(world)->control, NULL, "it leaves earlier");
	world_run_s(world, 60);
	ck_assert_ptr_nonnull(approval_waits(approval()));
	ck_assert_str_eq(followed("CP-3"), "newest");
	ck_assert_int_gt(evse("CP-3")->told.limit_w, 15000);
	ck_assert_str_eq(followed("CP-1"), "approved"); /* it is not: it waits as approved */
	ck_assert_int_eq(evse("CP-1")->told.limit_w, 0);
	ck_assert_int_eq(journalled("PlanOverruled"), 1);
	world_run_s(world, 3 * 3600);
	world_check_limits(world, WORLD_REACTION_S);
	ck_assert_double_ge(delivered_kwh("CP-3"), 58);
}
END_TEST

/* Approved; then a van leaves earlier, though not soon. */
static void approve_and_change(const char *then)
{
	char plan[37];

	start("assisted", then);
	snprintf(plan, sizeof plan, "%s", approval_waits(approval())->plan);
	ck_assert_int_eq(answer(plan, true), 0);
	evse("CP-1")->tx.vehicle->departs_at = wall_add_ms(world_now(world), 17 * 1800000);
	control_evse_changed(world_core(world)->control, NULL, "it leaves at two");
	world_run_s(world, 30);
}

START_TEST(a_plan_that_nobody_answers_expires_and_what_was_approved_stays)
{
	approve_and_change("");
	ck_assert_ptr_nonnull(approval_waits(approval()));
	ck_assert_str_eq(followed("CP-1"), "approved");
	world_run_s(world, 21 * 60);
	ck_assert_int_ge(journalled("PlanDecided"), 2);
	ck_assert_str_eq(followed("CP-1"), "approved");
}
END_TEST

START_TEST(or_the_plain_rule_counts_then)
{
	approve_and_change(", approve_then: rule");
	ck_assert_str_eq(followed("CP-1"), "approved");
	world_run_s(world, 21 * 60);
	ck_assert_str_eq(followed("CP-1"), "rule");
	ck_assert_int_gt(evse("CP-1")->told.limit_w, 15000);
	world_check_limits(world, WORLD_REACTION_S);
}
END_TEST

START_TEST(a_plan_that_was_rejected_is_not_asked_about_again)
{
	char plan[37];

	approve_and_change("");
	snprintf(plan, sizeof plan, "%s", approval_waits(approval())->plan);
	ck_assert_int_eq(answer(plan, false), 0);
	world_run_s(world, 20 * 60);
	ck_assert_ptr_null(approval_waits(approval()));
	ck_assert_str_eq(followed("CP-1"), "approved");
}
END_TEST

/* Nothing has moved the feeder's meter for long: one vehicle starts with the least, to see whether it
 * moves. The plain rule wants more, or nobody would ever start. */
START_TEST(the_plain_rule_starts_vehicles_below_a_meter_that_nothing_has_moved)
{
	static const char row[] = "kind: feeder, parent: site, limit_w: 50000";
	const char *at = strstr(small_depot, row) + strlen(row), *more = strstr(at, "stations:");

	snprintf(text, sizeof text,
		"%.*s, meter: fm, mode: shadow%.*s"
		"  - {id: fm, map: eastron-sdm630, tcp: {host: 127.0.0.1, port: 1503}, unit: 1}\n"
		"%s%s",
		(int)(at - small_depot), small_depot, (int)(more - at), at, more, tariffs);
	for (char *tail = strstr(text, "tail_w: 4140"); tail; tail = strstr(tail, "tail_w: 4140"))
		memcpy(tail, "tail_w:    0", strlen("tail_w:    0"));
	world = world_create(&(struct world_options){.seed = 9,
		.depot = text,
		.config = "control: {}\n",
		.scenario =
			"base_load:\n"
			"  - {node: house, points: [{at: \"00:00\", w: 10000}]}\n"
			"visits:\n"
			"  - {vehicle: V-1, station: CP-1, arrives: \"22:00\", soc_pct: 20}\n"});
	world_run_until(world, "22:30");
	ck_assert_str_eq(followed("CP-1"), "rule");
	ck_assert_int_gt(evse("CP-1")->told.limit_w, 15000);
	ck_assert_double_gt(delivered_kwh("CP-1"), 5);
}
END_TEST

/* CP-1 and CP-2 below the one, CP-3 and CP-4 below the other, each with a mode of its own. */
static void start_groups(void)
{
	static const char rows[] = "  - {id: feeder, kind: feeder, parent: site, limit_w: 50000";
	const char *at = strstr(small_depot, rows) + strlen(rows);

	snprintf(text, sizeof text,
		"%.*s, mode: assisted}\n"
		"  - {id: second, kind: feeder, parent: site, limit_w: 50000, mode: assisted%s%s",
		(int)(at - small_depot), small_depot, at, tariffs);
	for (char *cp = strstr(text, "CP-3, node: "); cp && cp < strstr(text, "vehicles:");
		cp = strstr(cp + 1, "CP-4, node: "))
		memcpy(strstr(cp, "feeder"), "second", strlen("second"));
	world = world_create(&(struct world_options){.seed = 9,
		.depot = text,
		.config = "control: {approve_min: 60}\n",
		.scenario = SMALL_VISITS});
	world_run_until(world, SMALL_ALL_HERE);
}

static struct approval *group(const char *node)
{
	struct approval *a = assisted_find(assisted(), node);

	ck_assert_ptr_nonnull(a);
	return a;
}

START_TEST(each_group_is_asked_and_answered_for_itself)
{
	char plan[37], other[37];

	start_groups();
	ck_assert_int_eq(assisted_count(assisted()), 2);
	ck_assert_int_eq(approval_waits(group("feeder"))->count, 2);
	ck_assert_int_eq(approval_waits(group("second"))->count, 2);
	ck_assert_ptr_nonnull(world_alarm(world, ALARM_PLAN_WAITS, "feeder"));
	snprintf(plan, sizeof plan, "%s", approval_waits(group("feeder"))->plan);
	ck_assert_int_eq(answer_at(plan, "site", true), 409); /* nobody is asked there */
	ck_assert_int_eq(answer_at(plan, "feeder", true), 0);
	ck_assert_ptr_null(approval_waits(group("feeder")));
	ck_assert_ptr_nonnull(approval_waits(group("second")));
	ck_assert_ptr_null(world_alarm(world, ALARM_PLAN_WAITS, "feeder"));
	ck_assert_ptr_nonnull(world_alarm(world, ALARM_PLAN_WAITS, "second"));
	ck_assert_str_eq(followed("CP-1"), "approved");
	ck_assert_str_eq(followed("CP-2"), "approved");
	ck_assert_str_eq(followed("CP-3"), "rule"); /* it waits for its own yes */
	world_kill(world);
	world_run_s(world, 60);
	world_start(world);
	world_run_s(world, 120);
	ck_assert_str_eq(followed("CP-1"), "approved"); /* the yes was the first one's … */
	ck_assert_str_eq(followed("CP-3"), "rule"); /* … alone */
	world_run_s(world, 900); /* all vehicles are known again */
	snprintf(other, sizeof other, "%s", approval_waits(group("second"))->plan);
	ck_assert_int_eq(answer_at(other, NULL, false), 0); /* wherever it waits: there */
	ck_assert_ptr_null(approval_waits(group("second")));
	ck_assert_str_eq(followed("CP-1"), "approved");
	world_run_until(world, "06:00");
	world_check_limits(world, WORLD_REACTION_S);
}
END_TEST

/* Both are asked anew at the same moment: by the same plan. */
START_TEST(one_answer_counts_in_all_groups_where_the_plan_waits)
{
	char plan[37];

	start_groups();
	for (int i = 0; i < 2; i++) {
		const char *node = i ? "second" : "feeder";

		snprintf(plan, sizeof plan, "%s", approval_waits(group(node))->plan);
		ck_assert_int_eq(answer_at(plan, node, true), 0);
	}
	evse("CP-1")->tx.vehicle->departs_at = wall_add_ms(world_now(world), 17 * 1800000);
	evse("CP-3")->tx.vehicle->departs_at = wall_add_ms(world_now(world), 17 * 1800000);
	control_evse_changed(world_core(world)->control, NULL, "they leave at two");
	world_run_s(world, 30);
	snprintf(plan, sizeof plan, "%s", approval_waits(group("feeder"))->plan);
	ck_assert_str_eq(approval_waits(group("second"))->plan, plan);
	ck_assert_int_eq(answer(plan, true), 0);
	ck_assert_ptr_null(approval_waits(group("feeder")));
	ck_assert_ptr_null(approval_waits(group("second")));
	ck_assert_str_eq(approval_given(group("second"))->plan, plan);
}
END_TEST

START_TEST(what_another_mode_would_change_is_said_before)
{
	const struct control *k;
	static struct control_mode_effect x;
	int64_t told;

	start("automatic", "");
	world_run_s(world, 5); /* a slot has just begun: what is followed is told by now */
	k = world_core(world)->control;
	told = evse("CP-1")->told.limit_w;
	ck_assert_int_eq(told, 0); /* it waits for the night */
	ck_assert_int_eq(control_mode_try(k, grid_tree_find(control_grid(k), "feeder"),
				 DEPOT_PLAN_MODE_SHADOW, world_now(world), &x),
		0);
	ck_assert_int_eq(x.from, DEPOT_PLAN_MODE_AUTOMATIC);
	ck_assert_int_eq(x.evses, 4);
	ck_assert_int_eq(x.vehicles, 4);
	ck_assert_int_ge(x.count, 2);
	ck_assert_ptr_eq(x.changes[0].evse, evse("CP-1"));
	ck_assert_ptr_nonnull(strstr(x.changes[0].text, "22.0 kW at once, not "));
	ck_assert_int_eq(evse("CP-1")->told.limit_w, told); /* nothing has changed */
	ck_assert_str_eq(followed("CP-1"), "plan");
	ck_assert_int_eq(
		control_mode_try(k, 0, DEPOT_PLAN_MODE_AUTOMATIC, world_now(world), &x), 0);
	ck_assert_int_eq(x.count, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mode");
	TCase *t = tcase_create("mode");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, in_shadow_the_plan_is_shown_and_the_plain_rule_counts);
	tcase_add_test(t, in_assisted_a_plan_counts_when_somebody_approved_it);
	tcase_add_test(t, a_departure_in_danger_is_not_held_back_by_a_missing_approval);
	tcase_add_test(t, a_plan_that_nobody_answers_expires_and_what_was_approved_stays);
	tcase_add_test(t, or_the_plain_rule_counts_then);
	tcase_add_test(t, a_plan_that_was_rejected_is_not_asked_about_again);
	tcase_add_test(t, the_plain_rule_starts_vehicles_below_a_meter_that_nothing_has_moved);
	tcase_add_test(t, each_group_is_asked_and_answered_for_itself);
	tcase_add_test(t, one_answer_counts_in_all_groups_where_the_plan_waits);
	tcase_add_test(t, what_another_mode_would_change_is_said_before);
	suite_add_tcase(s, t);
	return world_run_suite(s);
}
