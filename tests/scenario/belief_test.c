/*
 * Meters that nothing moves, that hang, and that lie, below others that do not: who is believed, how
 * a vehicle starts below one that may be dead, and what the meters around it are good for.
 */
#include <check.h>
#include <string.h>
#include "csms/alarms.h"
#include "csms/power/belief.h"
#include "csms/power/control.h"
#include "csms/power/grid_edit.h"
#include "csms/metering/meters.h"
#include "csms/power/safety.h"
#include "csms/metering/walk.h"
#include "tests/scenario/world.h"

#define LEAST_W 4140

/* Tails of 0, and nobody said what else hangs on the feeders. */
#define DEPOT(main)                                                                                \
	"depot: belief\nname: Belief\ntimezone: Europe/Amsterdam\n"                                \
	"nodes:\n"                                                                                 \
	"  - {id: site, kind: site, limit_w: 80000" main "}\n"                                     \
	"  - {id: fa, kind: feeder, parent: site, limit_w: 40000, meter: fa}\n"                    \
	"  - {id: shed, kind: group, parent: fa}\n"                                                \
	"  - {id: fb, kind: feeder, parent: site, limit_w: 40000, meter: fb}\n"                    \
	"meters:\n"                                                                                \
	"  - {id: fa, map: eastron-sdm72-v1, tcp: {host: 127.0.0.1, port: 1502}, unit: 2}\n"       \
	"  - {id: fb, map: eastron-sdm630, tcp: {host: 127.0.0.1, port: 1502}, unit: 3}\n"         \
	"  - {id: main, map: eastron-sdm630, tcp: {host: 127.0.0.1, port: 1502}, unit: 1}\n"       \
	"stations:\n"                                                                              \
	"  - {id: CP-1, node: fa, evses: [{id: 1, kind: ac, max_w: 22000, min_w: 4140, tail_w: "   \
	"0}]}\n"                                                                                   \
	"  - {id: CP-2, node: fa, evses: [{id: 1, kind: ac, max_w: 22000, min_w: 4140, tail_w: "   \
	"0}]}\n"                                                                                   \
	"  - {id: CP-3, node: fb, evses: [{id: 1, kind: ac, max_w: 22000, min_w: 4140, tail_w: "   \
	"0}]}\n"                                                                                   \
	"vehicles:\n"                                                                              \
	"  - {id: V-1, token: T1, battery_wh: 90000, max_ac_w: 22000, max_dc_w: 22000, min_w: "    \
	"4140, target_pct: 90, departs: \"06:00\"}\n"                                              \
	"  - {id: V-2, token: T2, battery_wh: 90000, max_ac_w: 22000, max_dc_w: 22000, min_w: "    \
	"4140, target_pct: 90, departs: \"06:10\"}\n"                                              \
	"  - {id: V-3, token: T3, battery_wh: 90000, max_ac_w: 22000, max_dc_w: 22000, min_w: "    \
	"4140, target_pct: 90, departs: \"06:20\"}\n"

/* Nobody charges and nothing flows until 19:00. */
#define VISITS                                                                                     \
	"visits:\n"                                                                                \
	"  - {vehicle: V-1, station: CP-1, arrives: \"19:00\", soc_pct: 20}\n"                     \
	"  - {vehicle: V-2, station: CP-2, arrives: \"19:00\", soc_pct: 15}\n"

static struct world *world;

static void start(const char *depot, const char *scenario)
{
	world = world_create(
		&(struct world_options){.seed = 7, .depot = depot, .scenario = scenario});
	world_set_meter(world, "fa", WORLD_METER_PLAIN);
}

static void teardown(void)
{
	world_destroy(world);
	world = NULL;
}

static struct belief_view belief(const char *meter)
{
	struct core *c = world_core(world);
	struct belief_view v;

	belief_of(c, meters_find(c->meters, meter), &v);
	return v;
}

static int64_t power_w(int station)
{
	return plant_evse_mw(world_plant(world), station, 0) / 1000;
}

static const char *source(const char *node)
{
	const struct control *k = world_core(world)->control;

	return control_node(k, grid_tree_find(control_grid(k), node))->load_source;
}

static wall_t load_at(const char *node)
{
	const struct control *k = world_core(world)->control;

	return control_node(k, grid_tree_find(control_grid(k), node))->load_at;
}

static const char *counts_as(const char *node)
{
	const struct control *k = world_core(world)->control;

	return safety_node(control_safety(k), grid_tree_find(control_grid(k), node)).counts_as;
}

/* The most that both places of fa drew in so many seconds. */
static int64_t most_w(int seconds)
{
	int64_t most = 0;

	for (int i = 0; i < seconds; i++) {
		int64_t w;

		world_step(world);
		w = power_w(0) + power_w(1);
		most = w > most ? w : most;
	}
	return most;
}

START_TEST(feeder_that_stood_idle_for_hours_charges)
{
	start(DEPOT(""), VISITS);
	world_run_until(world, "18:59");
	ck_assert_str_eq(belief("fa").state, "idle");
	ck_assert_str_eq(source("fa"), "meter");
	ck_assert_ptr_null(world_alarm(world, ALARM_MEASUREMENT_OLD, NULL));
	world_run_until(world, "19:05");
	ck_assert_int_gt(power_w(0) + power_w(1), 30000);
	ck_assert_str_eq(belief("fa").state, "ok");
	ck_assert_ptr_null(world_alarm(world, ALARM_MEASUREMENT_OLD, NULL));
	world_check_limits(world, 0);
}
END_TEST

/* What the link said last tells an electrician where to look. */
START_TEST(silent_meter_says_where_to_look)
{
	static const struct {
		enum meter_result last;
		const char *word;
	} rows[] = {{METER_TIMEOUT, "wire"}, {METER_CORRUPT, "end resistors"},
		{METER_GARBLED, "addresses"}};
	struct meter *m;

	start(DEPOT(", meter: main"), VISITS);
	world_run_s(world, 30);
	world_set_meter(world, "main", WORLD_METER_SILENT);
	world_run_s(world, 60);
	ck_assert_int_eq(belief("main").is, BELIEF_SILENT);
	m = (struct meter *)meters_at(
		world_core(world)->meters, meters_find(world_core(world)->meters, "main"));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		meter_stats_add(&m->stats, rows[i].last, 0, 1, "");
		ck_assert_msg(strstr(belief("main").next, rows[i].word), "%s", belief("main").next);
	}
}
END_TEST

/* It hung while nothing flowed. One vehicle tries, its charger says what it draws, and the meter is
 * not believed; none draws more than the least current meanwhile. */
START_TEST(meter_that_hangs_at_zero_is_found_with_the_least_current)
{
	start(DEPOT(""), VISITS);
	world_run_until(world, "18:00");
	world_set_meter(world, "fa", WORLD_METER_HUNG);
	world_run_until(world, "18:59");
	ck_assert_str_eq(belief("fa").state, "idle");
	ck_assert_int_le(most_w(360), LEAST_W + 200);
	ck_assert_int_eq(belief("fa").is, BELIEF_HANGS);
	ck_assert_ptr_nonnull(world_alarm(world, ALARM_MEASUREMENT_OLD, "fa"));
	ck_assert_ptr_nonnull(
		strstr(world_alarm(world, ALARM_MEASUREMENT_OLD, "fa")->text, "has not moved for"));
	/* Nothing else is known there: it stays at the tails, and does not swing. */
	world_run_s(world, 60);
	ck_assert_int_eq(most_w(600), 0);
	world_set_meter(
		world, "fa", WORLD_METER_PLAIN); /* its register has counted what was drawn */
	world_run_s(world, 300);
	ck_assert_str_eq(belief("fa").state, "ok");
	ck_assert_int_gt(power_w(0) + power_w(1), 30000);
	world_check_limits(world, 0);
}
END_TEST

START_TEST(meters_around_one_that_hangs_say_what_flows_at_most)
{
	start(DEPOT(", meter: main"),
		"base_load:\n  - {node: shed, noise_w: 0, points: [{at: \"00:00\", w: 0}, {at: \"19:29\", "
		"w: 0}, {at: \"19:30\", w: 30000}, {at: \"23:59\", w: 30000}]}\n" VISITS
		"  - {vehicle: V-3, station: CP-3, arrives: \"19:00\", soc_pct: 20}\n");
	world_run_until(world, "18:00");
	world_set_meter(world, "fa", WORLD_METER_HUNG);
	world_run_until(world, "19:20");
	ck_assert_int_eq(belief("fa").is, BELIEF_HANGS);
	ck_assert_str_eq(source("fa"), "bounded");
	ck_assert_int_gt(power_w(0) + power_w(1), 30000);
	ck_assert_int_gt(power_w(2), 20000);
	/* Load that only the meter above sees is met as fast as if the feeder's own saw it. */
	world_run_until(world, "19:40");
	ck_assert_int_le(power_w(0) + power_w(1), 10000);
	world_check_limits(world, WORLD_REACTION_S);
	/* It answers no longer: the load comes from the others, and is as old as they are. */
	world_set_meter(world, "fa", WORLD_METER_SILENT);
	world_run_s(world, 300);
	ck_assert_str_eq(source("fa"), "bounded");
	ck_assert_int_lt(clock_wall().ms - load_at("fa").ms, 30000);
	/* … and where that one is silent too, nothing is known. */
	world_set_meter(world, "main", WORLD_METER_SILENT);
	world_run_s(world, 120);
	ck_assert_str_eq(source("fa"), "worst-case");
	ck_assert_int_eq(power_w(0) + power_w(1), 0);
}
END_TEST

START_TEST(reversed_meter_below_a_good_one_does_not_stop_the_vans)
{
	start(DEPOT(", meter: main"), VISITS);
	world_set_meter(world, "fa", WORLD_METER_REVERSED);
	world_run_until(world, "19:05");
	ck_assert_int_eq(belief("fa").is, BELIEF_LESS);
	ck_assert_ptr_nonnull(strstr(belief("fa").why, "main above it says what flows"));
	ck_assert_str_eq(counts_as("fa"), "bounded");
	ck_assert_int_gt(power_w(0) + power_w(1), 30000);
	world_check_limits(world, 0);
}
END_TEST

/* One beside it that shows too little makes the bound greater, never less. */
START_TEST(two_wrong_meters_side_by_side_are_bounded_by_the_one_above)
{
	start(DEPOT(", meter: main"),
		VISITS "  - {vehicle: V-3, station: CP-3, arrives: \"19:00\", soc_pct: 20}\n");
	world_set_meter(world, "fa", WORLD_METER_KILO);
	world_set_meter(world, "fb", WORLD_METER_REVERSED);
	world_run_until(world, "19:10");
	ck_assert_str_eq(source("fa"), "bounded");
	ck_assert_str_eq(source("fb"), "bounded");
	ck_assert_int_gt(power_w(0), LEAST_W);
	ck_assert_int_gt(power_w(2), LEAST_W);
	world_check_limits(world, 0);
}
END_TEST

/* Load on a feeder whose meter died while nobody charged: the meter above knows of it, since what else
 * hangs there is described. */
START_TEST(load_below_an_idle_meter_is_seen_by_the_one_above)
{
	start(DEPOT(", meter: main}\n  - {id: lamps, kind: load, parent: site, limit_w: 2000"),
		"base_load:\n  - {node: shed, noise_w: 0, points: [{at: \"00:00\", w: 0}, {at: \"18:30\", "
		"w: 0}, {at: \"18:31\", w: 30000}, {at: \"23:59\", w: 30000}]}\n" VISITS);
	world_run_until(world, "18:00");
	world_set_meter(world, "fa", WORLD_METER_HUNG);
	world_run_until(world, "18:50");
	ck_assert_str_eq(belief("fa").state, "idle");
	ck_assert_ptr_nonnull(strstr(belief("fa").why, "main above it shows load"));
	ck_assert_str_eq(source("fa"), "bounded");
	ck_assert_ptr_null(world_alarm(world, ALARM_MEASUREMENT_OLD, NULL));
	world_run_until(world, "19:10");
	ck_assert_int_ge(power_w(0) + power_w(1), LEAST_W - 100);
	world_check_limits(world, 0);
}
END_TEST

/* Meters that lied, and are well again when nobody draws any more: who could prove it? */
START_TEST(meters_that_lied_are_proven_by_one_van)
{
	start(DEPOT(", meter: main"), VISITS);
	world_set_meter(world, "main", WORLD_METER_REVERSED);
	world_set_meter(world, "fa", WORLD_METER_REVERSED);
	world_run_until(world, "19:10");
	ck_assert_int_eq(belief("fa").is, BELIEF_LESS);
	ck_assert_int_eq(power_w(0) + power_w(1), 0);
	world_set_meter(world, "main", WORLD_METER_FINE);
	world_set_meter(world, "fa", WORLD_METER_PLAIN);
	world_run_until(world, "19:45");
	ck_assert_str_eq(belief("fa").state, "ok");
	ck_assert_str_eq(belief("main").state, "ok");
	ck_assert_int_gt(power_w(0) + power_w(1), 30000);
	world_check_limits(world, 0);
}
END_TEST

/* They lie on: one van at a time, with the least current, and seldom. */
START_TEST(meters_that_lie_on_are_tried_seldom)
{
	int on_s = 0;

	start(DEPOT(", meter: main"), VISITS);
	world_set_meter(world, "main", WORLD_METER_REVERSED);
	world_set_meter(world, "fa", WORLD_METER_REVERSED);
	world_run_until(world, "19:10");
	for (int i = 0; i < 3600; i++) {
		world_step(world);
		on_s += power_w(0) + power_w(1) > 0;
		ck_assert_int_le(power_w(0) + power_w(1), LEAST_W + 100);
	}
	ck_assert_int_gt(on_s, 10);
	ck_assert_int_lt(on_s, 150); /* of an hour */
	ck_assert_int_eq(belief("fa").is, BELIEF_LESS);
	world_check_limits(world, 0);
}
END_TEST

/* Both meters above the vans are wrong, tails are 0 and nothing else is known: they stand. The walk
 * lets one of them draw, by the description, and finds both; the other waits. */
START_TEST(walk_below_nothing_but_wrong_meters)
{
	struct core *c;
	char words[400], why[300];
	const struct walk *w;
	int64_t most = 0;

	start(DEPOT(", meter: main"), VISITS);
	c = world_core(world);
	c->walks = walks_create(c);
	world_set_meter(world, "main", WORLD_METER_REVERSED);
	world_set_meter(world, "fa", WORLD_METER_REVERSED);
	world_run_until(world, "19:10");
	ck_assert_int_eq(belief("main").is, BELIEF_LESS);
	ck_assert_str_eq(source("fa"), "worst-case");
	ck_assert_int_eq(power_w(0) + power_w(1), 0);
	ck_assert_int_eq(walks_start(c->walks, "CP-1", 1, 0, 2, "test", why), 0);
	w = walks_now(c->walks);
	for (int i = 0; i < 1500 && (w->state == WALK_HIGH || w->state == WALK_LOW); i++) {
		world_step(world);
		most = power_w(1) > most ? power_w(1) : most;
	}
	ck_assert_msg(w->state == WALK_DONE, "%s", w->error);
	ck_assert_int_eq(most, 0);
	for (int i = 0; i < w->meter_count; i++)
		if (strcmp(w->meters[i].id, "fb") != 0)
			ck_assert_ptr_nonnull(
				strstr(walk_words(w, &w->meters[i], words), "other way"));
	/* Mended, a second one proves them, and all charge. */
	world_set_meter(world, "main", WORLD_METER_FINE);
	world_set_meter(world, "fa", WORLD_METER_PLAIN);
	ck_assert_int_eq(walks_start(c->walks, "CP-1", 1, 0, 2, "test", why), 0);
	world_run_s(world, 300);
	ck_assert_str_eq(belief("fa").state, "ok");
	world_run_s(world, 600);
	ck_assert_int_gt(power_w(0) + power_w(1), 30000);
	world_check_limits(world, 0);
	walks_destroy(c->walks);
	c->walks = NULL;
}
END_TEST

static void on_edited(void *arg, int status, const char *why)
{
	ck_assert_msg(status == 0, "%s", why ? why : "");
	*(bool *)arg = true;
}

#define RATIO (-1) /* in the place of an interval: another ratio … */
#define PLAIN (-2) /* … what counts unwritten too, written down */

/* Another rating of a node, or another interval of a meter: a value of 0 leaves it as it is. */
static void edit(const char *node, int64_t limit_w, const char *meter, int64_t poll_ms)
{
	struct core *c = world_core(world);
	struct depot_grid grid = *grid_edits_grid(c->grid_edits);
	struct depot_node nodes[5];
	struct depot_meter meters[3];
	struct depot_fault fault = {0};
	bool is_done = false;
	int edits, status;

	ck_assert_uint_le(grid.nodes.count, 5);
	ck_assert_uint_le(grid.meters.count, 3);
	memcpy(nodes, grid.nodes.items, grid.nodes.count * sizeof *nodes);
	memcpy(meters, grid.meters.items, grid.meters.count * sizeof *meters);
	grid.nodes.items = nodes;
	grid.meters.items = meters;
	grid.revision = NULL;
	for (size_t i = 0; i < grid.nodes.count; i++)
		if (limit_w && strcmp(nodes[i].id, node) == 0)
			nodes[i].limit_w = limit_w;
	for (size_t i = 0; i < grid.meters.count; i++)
		if (poll_ms == RATIO && strcmp(meters[i].id, meter) == 0) {
			meters[i].has_ratio = true;
			meters[i].ratio = 1.001;
		} else if (poll_ms == PLAIN && strcmp(meters[i].id, meter) == 0) {
			meters[i].has_ratio = meters[i].has_reversed = true;
			meters[i].ratio = 1;
		} else if (poll_ms && strcmp(meters[i].id, meter) == 0) {
			meters[i].has_poll_ms = true;
			meters[i].poll_ms = poll_ms;
		}
	status = grid_edits_put(c->grid_edits,
		&(struct grid_wish){
			.grid = &grid, .actor = "user:test", .done = on_edited, .arg = &is_done},
		&edits, &fault);
	ck_assert_msg(status == 0, "%s: %s", fault.path, fault.text);
	for (int s = 0; s < 12 && !is_done; s++)
		world_step(world);
	ck_assert(is_done);
}

/* What is known against both feeders' meters stands in each of so many seconds, and nobody waits. */
static void check_doubts_stand(int seconds)
{
	for (int i = 0; i < seconds; i++) {
		world_step(world);
		ck_assert_int_eq(belief("fa").is, BELIEF_HANGS);
		ck_assert_int_eq(belief("fb").is, BELIEF_LESS);
		ck_assert_str_eq(source("fa"), "bounded");
		ck_assert_str_eq(source("fb"), "bounded");
		ck_assert_int_gt(power_w(0) + power_w(1), 25000);
		ck_assert_int_gt(power_w(2), LEAST_W);
	}
}

START_TEST(edits_of_the_tree_leave_doubts_as_they_are)
{
	start(DEPOT(", meter: main"),
		VISITS "  - {vehicle: V-3, station: CP-3, arrives: \"19:00\", soc_pct: 20}\n");
	world_set_meter(world, "fb", WORLD_METER_REVERSED);
	world_run_until(world, "18:00");
	world_set_meter(world, "fa", WORLD_METER_HUNG);
	world_run_until(world, "19:20");
	check_doubts_stand(1);
	edit("site", 79000, "-", 0);
	check_doubts_stand(60);
	edit("fa", 39500, "-", 0); /* of the node, not of its meter */
	check_doubts_stand(60);
	edit("-", 0, "fb", 1500); /* how often it is asked says nothing of what it shows */
	ck_assert_int_eq(belief("fb").is, BELIEF_LESS);
	check_doubts_stand(60);
	edit("-", 0, "fb", PLAIN);
	ck_assert_int_eq(belief("fb").is, BELIEF_LESS);
	check_doubts_stand(60);
	/* Its own description: it is looked at anew, and found out again; all links start anew. */
	edit("-", 0, "fb", RATIO);
	ck_assert_int_ne(belief("fb").is, BELIEF_LESS);
	ck_assert_int_eq(belief("fa").is, BELIEF_HANGS);
	world_run_s(world, 180);
	check_doubts_stand(30);
	world_check_limits(world, WORLD_REACTION_S);
}
END_TEST

START_TEST(grid_that_is_gone_for_long_stays_an_alarm)
{
	start(DEPOT(", meter: main"), VISITS);
	world_run_until(world, "17:00");
	world_set_meter(world, "main", WORLD_METER_DARK);
	for (int minute = 0; minute < 20; minute++) {
		world_run_s(world, 60);
		ck_assert_ptr_nonnull(world_alarm(world, ALARM_GRID_LOST, "site"));
		ck_assert_str_ne(belief("main").state, "silent");
	}
	ck_assert_ptr_null(world_alarm(world, ALARM_MEASUREMENT_OLD, NULL));
}
END_TEST

/* First it is silent, for a minute, then it repeats what it said: who reads of that reads its own time. */
START_TEST(alarm_of_another_cause_has_its_own_time)
{
	const struct alarm *a;
	wall_t silent;

	start(DEPOT(""), VISITS);
	world_run_until(world, "19:10");
	world_set_meter(world, "fa", WORLD_METER_SILENT);
	world_run_s(world, 60);
	a = world_alarm(world, ALARM_MEASUREMENT_OLD, "fa");
	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_nonnull(strstr(a->text, "No good reading"));
	silent = a->raised_at;
	world_set_meter(world, "fa", WORLD_METER_HUNG);
	for (int i = 0; i < 120; i++) {
		world_step(world);
		a = world_alarm(world, ALARM_MEASUREMENT_OLD, "fa");
		if (a && strstr(a->text, "shows less"))
			break;
	}
	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_nonnull(strstr(a->text, "shows less"));
	ck_assert_int_eq(a->count, 1);
	ck_assert_int_gt(a->raised_at.ms, silent.ms + 60000);
	ck_assert_int_lt(world_now(world).ms - a->raised_at.ms, 5000);
	a = alarms_cleared(world_core(world));
	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_nonnull(strstr(a->text, "No good reading"));
	ck_assert_int_eq(a->raised_at.ms, silent.ms);
}
END_TEST

static void cut(bool is_cut)
{
	world_set_meter(world, "fb", is_cut ? WORLD_METER_DARK : WORLD_METER_FINE);
	plant_set_trouble(world_plant(world), 2, &(struct plant_trouble){.no_power = is_cut});
}

static int64_t counted_at_site(void)
{
	const struct control *k = world_core(world)->control;

	return control_node(k, 0)->evse_w;
}

/* Its meter has a supply of its own and is the one witness left: nobody doubts it for what stations
 * said last that are gone too. */
START_TEST(feeder_without_voltage_is_a_power_cut)
{
	const struct alarm *a;
	int64_t after_s = 0;

	start(DEPOT(", meter: main"),
		VISITS "  - {vehicle: V-3, station: CP-3, arrives: \"19:00\", soc_pct: 20}\n");
	world_run_until(world, "19:20");
	ck_assert_int_gt(power_w(2), 20000);
	cut(true);
	for (int s = 0; s < 600; s++) {
		world_step(world);
		if (s < 3)
			continue;
		ck_assert_str_eq(belief("fb").state, "dark");
		ck_assert_ptr_null(world_alarm(world, ALARM_MEASUREMENT_OLD, NULL));
		if (s < 30)
			continue;
		a = world_alarm(world, ALARM_FEEDER_LOST, "fb");
		ck_assert_ptr_nonnull(a);
		ck_assert_ptr_nonnull(strstr(a->text, "fb has no voltage"));
		ck_assert_str_eq(source("fb"), "meter");
		ck_assert_int_lt(counted_at_site(), power_w(0) + power_w(1) + 2000);
	}
	cut(false);
	for (int s = 0; s < 240; s++) {
		world_step(world);
		ck_assert_str_ne(belief("fb").state, "doubted");
		ck_assert_ptr_null(world_alarm(world, ALARM_MEASUREMENT_OLD, NULL));
		if (s < 15) /* nor does what they said before come back with the power */
			ck_assert_int_lt(counted_at_site(), power_w(0) + power_w(1) + 2000);
		if (power_w(2) > 20000 && !after_s)
			after_s = s;
	}
	ck_assert_int_gt(after_s, 20); /* it has settled */
	ck_assert_int_lt(after_s, 120);
	ck_assert_ptr_null(world_alarm(world, ALARM_FEEDER_LOST, NULL));
	ck_assert_str_eq(belief("fb").state, "ok");
	world_check_limits(world, WORLD_REACTION_S);
}
END_TEST

/* The fuses of its voltage taps: the stations go on, and say so. */
START_TEST(meter_that_lost_only_its_voltage_is_found_out)
{
	start(DEPOT(", meter: main"),
		VISITS "  - {vehicle: V-3, station: CP-3, arrives: \"19:00\", soc_pct: 20}\n");
	world_run_until(world, "19:20");
	world_set_meter(world, "fb", WORLD_METER_DARK);
	world_run_s(world, 40);
	ck_assert_str_eq(belief("fb").state, "doubted");
	ck_assert_str_eq(source("fb"), "bounded");
	ck_assert_ptr_null(world_alarm(world, ALARM_FEEDER_LOST, NULL));
	ck_assert_int_gt(power_w(2), 20000);
}
END_TEST

/* After some minutes the poller believes nothing of it, which is no other cause. */
START_TEST(meter_that_hangs_has_one_cause_till_it_moves)
{
	const struct alarm *a = NULL;
	wall_t raised;

	start(DEPOT(", meter: main"), VISITS);
	world_run_until(world, "19:20");
	world_set_meter(world, "fa", WORLD_METER_HUNG);
	for (int s = 0; s < 120 && !a; s++) {
		world_step(world);
		a = world_alarm(world, ALARM_MEASUREMENT_OLD, "fa");
	}
	ck_assert_ptr_nonnull(a);
	raised = a->raised_at;
	for (int s = 0; s < 1500; s++) {
		world_step(world);
		ck_assert_int_eq(belief("fa").is, BELIEF_HANGS);
		a = world_alarm(world, ALARM_MEASUREMENT_OLD, "fa");
		ck_assert_ptr_nonnull(a);
		ck_assert_int_eq(a->raised_at.ms, raised.ms);
		ck_assert_ptr_nonnull(strstr(a->text, "has not moved for"));
		ck_assert_ptr_null(strstr(a->text, "  "));
	}
	world_set_meter(world, "fa", WORLD_METER_PLAIN);
	world_run_s(world, 120);
	ck_assert_str_eq(belief("fa").state, "ok");
}
END_TEST

/* It is not believed for a moment longer than before, nor for another reason or time. */
START_TEST(restart_keeps_what_is_known_against_meters)
{
	start(DEPOT(", meter: main"),
		VISITS "  - {vehicle: V-3, station: CP-3, arrives: \"19:00\", soc_pct: 20}\n");
	world_set_meter(world, "fb", WORLD_METER_REVERSED);
	world_run_until(world, "18:00");
	world_set_meter(world, "fa", WORLD_METER_HUNG);
	world_run_until(world, "19:20");
	check_doubts_stand(1);
	world_kill(world);
	world_run_s(world, 5);
	world_start(world);
	for (int s = 0; s < 120; s++) {
		world_step(world);
		if (s < 3)
			continue;
		ck_assert_int_eq(belief("fa").is, BELIEF_HANGS);
		ck_assert_msg(strstr(belief("fa").why, "not moved for 3 h") != NULL, "%s",
			belief("fa").why);
		ck_assert_int_eq(belief("fb").is, BELIEF_LESS);
		ck_assert_str_eq(source("fa"), "bounded");
		ck_assert_str_eq(source("fb"), "bounded");
	}
	check_doubts_stand(30);
	world_set_meter(world, "fa", WORLD_METER_PLAIN);
	world_set_meter(world, "fb", WORLD_METER_FINE);
	world_run_s(world, 240);
	ck_assert_str_eq(belief("fb").state, "ok");
	world_kill(world);
	world_start(world);
	for (int s = 0; s < 60; s++) {
		world_step(world);
		ck_assert_str_ne(belief("fa").state, "doubted");
		ck_assert_str_ne(belief("fb").state, "doubted");
	}
	world_check_limits(world, WORLD_REACTION_S);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("belief");
	TCase *t = tcase_create("belief");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, feeder_that_stood_idle_for_hours_charges);
	tcase_add_test(t, silent_meter_says_where_to_look);
	tcase_add_test(t, meter_that_hangs_at_zero_is_found_with_the_least_current);
	tcase_add_test(t, meters_around_one_that_hangs_say_what_flows_at_most);
	tcase_add_test(t, reversed_meter_below_a_good_one_does_not_stop_the_vans);
	tcase_add_test(t, two_wrong_meters_side_by_side_are_bounded_by_the_one_above);
	tcase_add_test(t, load_below_an_idle_meter_is_seen_by_the_one_above);
	tcase_add_test(t, meters_that_lied_are_proven_by_one_van);
	tcase_add_test(t, meters_that_lie_on_are_tried_seldom);
	tcase_add_test(t, walk_below_nothing_but_wrong_meters);
	tcase_add_test(t, edits_of_the_tree_leave_doubts_as_they_are);
	tcase_add_test(t, alarm_of_another_cause_has_its_own_time);
	tcase_add_test(t, feeder_without_voltage_is_a_power_cut);
	tcase_add_test(t, meter_that_lost_only_its_voltage_is_found_out);
	tcase_add_test(t, meter_that_hangs_has_one_cause_till_it_moves);
	tcase_add_test(t, restart_keeps_what_is_known_against_meters);
	tcase_add_test(t, grid_that_is_gone_for_long_stays_an_alarm);
	suite_add_tcase(s, t);
	return world_run_suite(s);
}
