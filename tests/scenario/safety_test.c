/*
 * What stands around the guard, each on the simulated clock: the demand window, chargers
 * that are slow or deaf, measurements that grow old, an island.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/alarms.h"
#include "csms/power/control.h"
#include "csms/plan/fallback.h"
#include "csms/power/grid_edit.h"
#include "csms/metering/meters.h"
#include "csms/power/safety.h"
#include "csms/view/view.h"
#include "db/query_log.h"
#include "tests/scenario/small.h"
#include "tests/scenario/world.h"

#define STATIONS 4

static struct world *world;

static void start(const char *depot, const char *scenario, const char *config)
{
	world = world_create(&(struct world_options){
		.seed = 5, .depot = depot, .scenario = scenario, .config = config});
}

static void teardown(void)
{
	world_destroy(world);
	world = NULL;
}

/* The small depot with `more` in the row of its site, and without the row of the house if nobody
 * describes that. */
static const char *depot_with(const char *more, bool has_house)
{
	static char text[sizeof small_depot + 400];
	static const char row[] = "limit_w: 60000, meter: main";
	const char *at = strstr(small_depot, row) + strlen(row);
	const char *house = strstr(small_depot, "  - {id: house");
	const char *rest = strstr(small_depot, "  - {id: feeder");

	snprintf(text, sizeof text, "%.*s%s%.*s%s%s", (int)(at - small_depot), small_depot, more,
		(int)(house - at), at,
		has_house ? "  - {id: house, kind: load, parent: site, limit_w: 30000}\n"
			  : "  - {id: house, kind: group, parent: site}\n",
		rest);
	return text;
}

static struct core *core(void)
{
	return world_core(world);
}

static const struct safety *safety(void)
{
	return control_safety(core()->control);
}

static struct safety_node_view node(const char *id)
{
	return safety_node(safety(), grid_tree_find(control_grid(core()->control), id));
}

static struct evse *evse(int station)
{
	char id[10];

	snprintf(id, sizeof id, "CP-%d", station + 1);
	return station_evse(fleet_station(&core()->fleet, id), 1);
}

static int64_t power_w(int station)
{
	return plant_evse_mw(world_plant(world), station, 0) / 1000;
}

static int64_t all_power_w(void)
{
	int64_t sum = 0;

	for (int i = 0; i < STATIONS; i++)
		sum += power_w(i);
	return sum;
}

/* -- the journal ------------------------------------------------------------------------------- */

struct journal_count {
	const char *type;
	int count;
};

static void count_events(struct db_reader *r, void *arg)
{
	struct journal_count *c = arg;
	struct db_journal_filter f = {.type = c->type, .limit = 10000};
	struct db_journal_page page = {0};
	struct arena *a = arena_create(0);

	ck_assert_int_eq(db_query_journal(r, &f, a, &page), 0);
	c->count = (int)page.count;
	arena_destroy(a);
}

static int journalled(const char *type)
{
	struct journal_count c = {.type = type};

	world_run_s(world, 11); /* the world's store has written */
	ck_assert_int_eq(db_read_now(core()->db, count_events, &c), 0);
	return c.count;
}

/* -- the demand window -------------------------------------------------------------------------- */

#define TARGET_W 36000

static const char demand_visits[] =
	"base_load:\n"
	"  - {node: house, noise_w: 2000, points: [{at: \"00:00\", w: 6000}, {at: \"05:00\", w: "
	"9000}, {at: \"07:00\", w: 24000}, {at: \"12:00\", w: 15000}, {at: \"17:00\", w: 8000}, {at: \"17:59\", w: 8000}, "
	"{at: \"18:07\", w: 26000}, {at: \"18:40\", w: 26000}, {at: \"18:41\", w: 8000}]}\n"
	"visits:\n"
	"  - {vehicle: V-1, station: CP-1, arrives: \"17:00\", soc_pct: 5}\n"
	"  - {vehicle: V-2, station: CP-2, arrives: \"17:05\", soc_pct: 5}\n"
	"  - {vehicle: V-3, station: CP-3, arrives: \"17:10\", soc_pct: 5}\n"
	"  - {vehicle: V-4, station: CP-4, arrives: \"17:15\", soc_pct: 5}\n";

/* One second; true if a window of the clock ended, with its mean by adding up what flowed. */
static bool step_metered(int64_t *sum_ws, int *seconds, int64_t *mean_w)
{
	bool ended;

	world_step(world);
	*sum_ws += world_node(world, "site")->now_mw / 1000;
	++*seconds;
	ended = world_now(world).ms % 900000 == 0;
	if (!ended)
		return false;
	*mean_w = *sum_ws / *seconds;
	ended = *seconds == 900;
	*sum_ws = *seconds = 0;
	return ended;
}

START_TEST(demand_window_is_kept_for_a_day)
{
	int64_t sum = 0, mean = 0, most = 0;
	int seconds = 0, full = 0, windows = 0;

	start(depot_with(", demand: {target_w: 36000, incumbent: false}", true), demand_visits,
		NULL);
	for (int s = 0; s < 86400; s++) {
		if (!step_metered(&sum, &seconds, &mean))
			continue;
		windows++;
		full += mean > TARGET_W * 96 / 100;
		most = mean > most ? mean : most;
		ck_assert_msg(mean <= TARGET_W * 101 / 100, "window %d: %lld W", windows,
			(long long)mean);
	}
	ck_assert_int_ge(windows, 95);
	ck_assert_int_ge(full, 10); /* and no window gives away what it may have */
	ck_assert_int_eq(node("site").missing_ms, 0);
	ck_assert_int_ge(node("site").peak_w, most - 300);
	ck_assert_int_le(node("site").peak_w, most + 300);
	ck_assert_int_ge(journalled("DemandWindowEnded"), 95);
	world_check_limits(world, WORLD_REACTION_S);
}
END_TEST

START_TEST(demand_survives_a_restart_within_the_window)
{
	int64_t sum = 0, mean = 0;
	int seconds = 0, windows = 0;

	start(depot_with(", demand: {target_w: 36000}", true), demand_visits, NULL);
	world_run_until(world, "17:45");
	for (int s = 0; s < 3600 && windows < 3; s++) {
		if (s == 300)
			world_kill(world);
		if (s == 420)
			world_start(world);
		if (!step_metered(&sum, &seconds, &mean))
			continue;
		windows++;
		ck_assert_msg(mean <= TARGET_W * 101 / 100, "window %d: %lld W", windows,
			(long long)mean);
	}
	ck_assert_int_eq(windows, 3);
	ck_assert_int_eq(node("site").missing_ms, 0); /* the register told */
	ck_assert_int_gt(node("site").peak_w, TARGET_W * 9 / 10); /* kept */
}
END_TEST

/* depotd starts five minutes into a window, and dies in it: what it had measured is not lost, and the
 * vans are not stopped for what it had. */
START_TEST(first_window_survives_a_restart)
{
	struct safety_node_view before;
	int64_t energy_ws = 0;

	world = world_create(&(struct world_options){.seed = 5,
		.start = "2026-03-11T16:20:00Z",
		.depot = depot_with(", demand: {target_w: 36000}", true),
		.scenario = demand_visits});
	world_run_s(world, 5);
	ck_assert_int_ge(
		node("site").demand.allowed_w, TARGET_W * 99 / 100); /* no guess stops vans */
	energy_ws = 5 * world_node(world, "site")->now_mw / 1000;
	while (world_now(world).ms % 900000 < 880000) {
		world_step(world);
		energy_ws += world_node(world, "site")->now_mw / 1000;
	}
	before = node("site");
	ck_assert_int_gt(before.demand.allowed_w, 8000);
	ck_assert_int_ge(before.missing_ms, 300000);
	world_kill(world);
	for (int s = 0; s < 5; s++)
		world_step(world);
	world_start(world);
	world_run_s(world, 5);
	ck_assert_int_eq(node("site").window.ms, before.window.ms);
	ck_assert_int_gt(node("site").demand.allowed_w, before.demand.allowed_w / 2);
	ck_assert_int_ge(node("site").missing_ms, before.missing_ms);
	ck_assert_int_le(node("site").missing_ms, before.missing_ms + 15000);
	world_run_s(world, 30); /* the next window */
	ck_assert_int_ge(node("site").peak_w, energy_ws / 900 * 95 / 100);
	ck_assert_int_le(node("site").peak_w, energy_ws / 900 * 106 / 100);
}
END_TEST

static void on_edited(void *arg, int status, const char *why)
{
	ck_assert_msg(status == 0, "%s", why ? why : "");
	*(bool *)arg = true;
}

/* The site's target; NULL: none. */
static void edit_demand(struct depot_demand *demand)
{
	struct depot_grid grid = *grid_edits_grid(core()->grid_edits);
	struct depot_node nodes[3];
	struct depot_fault fault = {0};
	bool is_done = false;
	int edits, status;

	ck_assert_uint_eq(grid.nodes.count, 3);
	memcpy(nodes, grid.nodes.items, sizeof nodes);
	nodes[0].demand = demand;
	grid.nodes.items = nodes;
	grid.revision = NULL;
	status = grid_edits_put(core()->grid_edits,
		&(struct grid_wish){
			.grid = &grid, .actor = "user:test", .done = on_edited, .arg = &is_done},
		&edits, &fault);
	ck_assert_msg(status == 0, "%s: %s", fault.path, fault.text);
	for (int i = 0; i < 12 && !is_done; i++)
		world_step(world);
	ck_assert(is_done);
}

/* What the meter said of the window so far, it said; also before anybody asked for a target, and while
 * there was none in between. */
START_TEST(demand_target_that_comes_in_mid_window_goes_by_the_meter)
{
	struct depot_demand demand = {.window_min = 15, .target_w = TARGET_W};
	int64_t energy_ws = 0, seconds = 0;

	start(depot_with("", true), demand_visits, NULL);
	world_run_until(world, "18:15");
	for (; seconds < 600; seconds++) {
		world_step(world);
		energy_ws += world_node(world, "site")->now_mw / 1000;
	}
	edit_demand(&demand);
	world_run_s(world, 3);
	ck_assert_int_le(node("site").missing_ms, 5000);
	ck_assert_int_ge(node("site").demand.mean_w, energy_ws / seconds * 95 / 100);
	ck_assert_int_le(node("site").demand.mean_w, energy_ws / seconds * 105 / 100);
	ck_assert_int_eq(node("site").peak_w, 0); /* of before */
	edit_demand(NULL);
	world_run_s(world, 30);
	ck_assert(!node("site").has_demand);
	edit_demand(&demand);
	world_run_s(world, 3);
	ck_assert_int_le(node("site").missing_ms, 5000);
}
END_TEST

START_TEST(demand_that_cannot_be_kept_is_an_alarm)
{
	start(depot_with(", demand: {target_w: 12000}", true), demand_visits, NULL);
	world_run_until(world, "17:35");
	ck_assert_ptr_null(world_alarm(world, ALARM_DEMAND_AT_RISK, NULL));
	world_run_until(world, "18:14");
	ck_assert_ptr_nonnull(world_alarm(world, ALARM_DEMAND_AT_RISK, NULL));
	ck_assert_int_eq(all_power_w(), 0);
	world_run_until(world, "20:00");
	ck_assert_ptr_null(world_alarm(world, ALARM_DEMAND_AT_RISK, NULL));
	ck_assert_int_gt(node("site").demand.target_w, 12000); /* that month's peak is paid */
	ck_assert_int_gt(all_power_w(), 10000);
}
END_TEST

/* -- chargers ----------------------------------------------------------------------------------- */

static const char *quirks(int station)
{
	static char words[400];

	safety_quirks(safety(), evse(station), words, sizeof words);
	return words;
}

START_TEST(deaf_charger_is_named_and_forgiven)
{
	start(small_depot,
		SMALL_VISITS
		"failures:\n"
		"  - {kind: ignore_profiles, target: CP-4, at: \"17:50\", for_s: 1800}\n",
		NULL);
	world_run_until(world, "18:00");
	ck_assert_int_eq(power_w(3), 22000);
	ck_assert(safety_obey(safety(), evse(3))->disobeys);
	ck_assert_int_ge(obey_uncontrolled_w(safety_obey(safety(), evse(3))), 21900);
	ck_assert_ptr_nonnull(world_alarm(world, ALARM_CHARGER_DISOBEYS, NULL));
	ck_assert_str_eq(world_alarm(world, ALARM_CHARGER_DISOBEYS, NULL)->subject, "CP-4/1");
	ck_assert_msg(strstr(quirks(3), "load") != NULL, "%s", quirks(3));
	world_run_until(world, "18:19");
	world_run_until(world, "18:45");
	ck_assert(!safety_obey(safety(), evse(3))->disobeys);
	ck_assert_ptr_null(world_alarm(world, ALARM_CHARGER_DISOBEYS, NULL));
	world_check_limits(world, WORLD_REACTION_S);
}
END_TEST

/* The house comes and goes, so that the chargers are lowered and raised again. */
#define SLOW_S 18 /* docs/energy.md */

static const char swings[] =
	"base_load:\n"
	"  - {node: house, noise_w: 500, points: [{at: \"00:00\", w: 8000}]}\n"
	"visits:\n"
	"  - {vehicle: V-1, station: CP-1, arrives: \"17:00\", soc_pct: 5}\n"
	"  - {vehicle: V-2, station: CP-2, arrives: \"17:05\", soc_pct: 5}\n"
	"failures:\n"
	"  - {kind: base_load_spike, target: house, at: \"17:30\", for_s: 180, w: 22000}\n"
	"  - {kind: base_load_spike, target: house, at: \"17:36\", for_s: 180, w: 22000}\n"
	"  - {kind: base_load_spike, target: house, at: \"17:42\", for_s: 180, w: 22000}\n"
	"  - {kind: base_load_spike, target: house, at: \"17:48\", for_s: 180, w: 22000}\n"
	"  - {kind: base_load_spike, target: house, at: \"17:54\", for_s: 180, w: 22000}\n"
	"  - {kind: base_load_spike, target: house, at: \"18:00\", for_s: 180, w: 22000}\n"
	"  - {kind: base_load_spike, target: house, at: \"18:06\", for_s: 180, w: 22000}\n";

START_TEST(slow_charger_is_learned_and_remembered)
{
	int64_t slow_ms;

	start(small_depot, swings, NULL);
	world_run_until(world, "17:29");
	plant_set_trouble(world_plant(world), 1, &(struct plant_trouble){.late_s = 23});
	world_run_until(world, "18:30");
	slow_ms = safety_reaction_ms(safety(), evse(1));
	ck_assert_int_ge(slow_ms, 23000);
	ck_assert_int_le(slow_ms, 45000); /* it is measured every 15 s */
	ck_assert_msg(strstr(quirks(1), "needs") != NULL, "%s", quirks(1));
	ck_assert_ptr_null(strstr(quirks(0), "needs"));
	ck_assert_int_ge(journalled("ChargerLearned"), 1);
	world_kill(world);
	world_start(world);
	world_run_s(world, 5);
	ck_assert_int_eq(safety_reaction_ms(safety(), evse(1)), slow_ms);
}
END_TEST

/* Two need 23 s, which is known of them: the others, who follow soon, are lowered for them after 10 s. */
START_TEST(others_stand_in_for_known_slow_chargers)
{
	static char text[sizeof swings + 200];
	const char *failures = strstr(swings, "failures:");

	snprintf(text, sizeof text,
		"%.*s"
		"  - {vehicle: V-3, station: CP-3, arrives: \"17:10\", soc_pct: 5}\n"
		"  - {vehicle: V-4, station: CP-4, arrives: \"17:15\", soc_pct: 5}\n"
		"%s",
		(int)(failures - swings), swings, failures);
	start(small_depot, text, NULL);
	world_run_until(world, "17:29");
	plant_set_trouble(world_plant(world), 1, &(struct plant_trouble){.late_s = 23});
	plant_set_trouble(world_plant(world), 2, &(struct plant_trouble){.late_s = 23});
	world_run_until(world, "17:53");
	ck_assert_int_ge(safety_reaction_ms(safety(), evse(1)), 23000);
	ck_assert_int_ge(safety_reaction_ms(safety(), evse(2)), 23000);
	world_forget_nodes(world);
	world_run_until(world, "18:09");
	ck_assert_int_gt(world_node(world, "site")->longest_s, WORLD_REACTION_S);
	world_check_node(world, "site", SLOW_S);
}
END_TEST

/* -- old measurements --------------------------------------------------------------------------- */

static int quality = -1; /* of the newest sample of the site's load */

static void read_quality(struct db_reader *r, void *arg)
{
	wall_t now = world_now(world);
	struct db_series_list list = {0};
	struct arena *a = arena_create(0);

	(void)arg;
	ck_assert_int_eq(
		db_query_series(r, "node/site/load_w", wall_add_ms(now, -60000), now, 0, a, &list),
		0);
	ck_assert_uint_gt(list.count, 0);
	quality = list.items[list.count - 1].quality;
	arena_destroy(a);
}

static int sampled_quality(void)
{
	ck_assert_int_eq(db_flush(core()->db), 0);
	ck_assert_int_eq(db_read_now(core()->db, read_quality, NULL), 0);
	return quality;
}

START_TEST(tiers_follow_one_another_with_alarm_and_cost)
{
	start(small_depot, SMALL_VISITS, "control: {stale_tail_s: 300}\n");
	world_run_until(world, "18:00");
	ck_assert_int_eq(node("site").tier, STALE_FRESH);
	ck_assert_ptr_null(world_alarm(world, ALARM_MEASUREMENT_OLD, NULL));
	ck_assert_int_eq(sampled_quality(), 0); /* measured */
	world_set_meter(world, "main", WORLD_METER_SILENT);
	world_run_s(world, 15);
	ck_assert_int_eq(node("site").tier, STALE_HOLD);
	ck_assert_ptr_nonnull(
		strstr(world_alarm(world, ALARM_MEASUREMENT_OLD, NULL)->text, "is held"));
	world_run_s(world, 60);
	ck_assert_int_eq(node("site").tier, STALE_MINIMUM);
	ck_assert_int_eq(sampled_quality(), 3); /* worst case */
	ck_assert_int_gt(node("site").cost_w, 10000);
	ck_assert_ptr_nonnull(
		strstr(world_alarm(world, ALARM_MEASUREMENT_OLD, NULL)->text, "worst case"));
	world_run_s(world, 260);
	ck_assert_int_eq(node("site").tier, STALE_TAIL);
	world_run_s(world, 30);
	ck_assert_int_le(all_power_w(), STATIONS * SMALL_TAIL_W);
	ck_assert_int_gt(all_power_w(), 0);
	ck_assert_int_gt(node("site").cost_w, 20000);
	ck_assert_ptr_nonnull(
		strstr(world_alarm(world, ALARM_MEASUREMENT_OLD, NULL)->text, "safe tails"));
	ck_assert_int_eq(journalled("AlarmRaised"), 3); /* each transition */
	world_set_meter(world, "main", WORLD_METER_FINE);
	world_run_s(world, 90);
	ck_assert_int_eq(node("site").tier, STALE_FRESH);
	ck_assert_int_eq(sampled_quality(), 0);
	ck_assert_int_eq(node("site").cost_w, 0);
	ck_assert_ptr_null(world_alarm(world, ALARM_MEASUREMENT_OLD, NULL));
	world_check_limits(world, 0);
}
END_TEST

/* Limits in A only, and a sibling without a meter: what is lacking is what the guard took away. */
START_TEST(cost_counts_limits_in_amperes_and_siblings)
{
	static char text[sizeof small_depot + 600];
	static const char nodes[] =
		"nodes:\n"
		"  - {id: site, kind: site, limit_w: 90000}\n"
		"  - {id: tr, kind: transformer, parent: site, limit_a: 80}\n"
		"  - {id: fa, kind: feeder, parent: tr, limit_a: 60, meter: main}\n"
		"  - {id: house, kind: load, parent: fa, limit_w: 27600, limit_a: 40}\n"
		"  - {id: feeder, kind: feeder, parent: tr}\n";
	static const char visits[] =
		"base_load:\n"
		"  - {node: house, noise_w: 100, points: [{at: \"00:00\", w: 2000}]}\n"
		"visits:\n"
		"  - {vehicle: V-1, station: CP-1, arrives: \"17:00\", soc_pct: 20}\n"
		"  - {vehicle: V-2, station: CP-2, arrives: \"17:05\", soc_pct: 15}\n"
		"  - {vehicle: V-3, station: CP-3, arrives: \"17:10\", soc_pct: 25}\n"
		"  - {vehicle: V-4, station: CP-4, arrives: \"17:15\", soc_pct: 20}\n";
	const char *rows = strstr(small_depot, "nodes:");
	const char *rest = strstr(small_depot, "meters:");
	char *first;
	int64_t was_w, lost_w;

	snprintf(
		text, sizeof text, "%.*s%s%s", (int)(rows - small_depot), small_depot, nodes, rest);
	first = strstr(text, "node: feeder");
	memcpy(first, "node: fa    ", 12);
	start(text, visits, "control: {stale_tail_s: 600}\n");
	world_run_until(world, "18:00");
	was_w = all_power_w();
	ck_assert_int_gt(was_w, 40000);
	ck_assert_int_eq(node("fa").cost_w, 0);
	world_set_meter(world, "main", WORLD_METER_SILENT);
	world_run_s(world, 120);
	ck_assert_int_eq(node("fa").tier, STALE_MINIMUM);
	lost_w = was_w - all_power_w();
	ck_assert_int_gt(lost_w, 15000);
	ck_assert_int_gt(node("fa").cost_w, lost_w * 85 / 100);
	ck_assert_int_lt(node("fa").cost_w, lost_w * 115 / 100);
	world_set_meter(world, "main", WORLD_METER_FINE);
	world_run_s(world, 90);
	ck_assert_int_eq(node("fa").cost_w, 0);
}
END_TEST

START_TEST(agreed_minimum_stands_for_loads_that_nobody_described)
{
	static const char visits[] =
		"visits:\n"
		"  - {vehicle: V-1, station: CP-1, arrives: \"17:00\", soc_pct: 20}\n"
		"  - {vehicle: V-2, station: CP-2, arrives: \"17:05\", soc_pct: 15}\n"
		"  - {vehicle: V-3, station: CP-3, arrives: \"17:10\", soc_pct: 25}\n"
		"  - {vehicle: V-4, station: CP-4, arrives: \"17:15\", soc_pct: 20}\n";

	start(depot_with(", minimum_w: 25000", false), visits, "control: {stale_tail_s: 600}\n");
	world_run_until(world, "18:00");
	ck_assert_int_gt(all_power_w(), 40000);
	world_set_meter(world, "main", WORLD_METER_SILENT);
	world_run_s(world, 120);
	ck_assert_int_eq(node("site").tier, STALE_MINIMUM);
	ck_assert_int_le(all_power_w(), 25000);
	ck_assert_int_gt(all_power_w(), 21000);
	world_run_s(world, 600);
	ck_assert_int_eq(node("site").tier, STALE_TAIL);
	ck_assert_int_le(all_power_w(), STATIONS * SMALL_TAIL_W);
}
END_TEST

/* -- island ------------------------------------------------------------------------------------- */

static const char island_depot[] =
	"depot: isle\nname: Isle\ntimezone: Europe/Amsterdam\n"
	"nodes:\n"
	"  - {id: site, kind: site, limit_w: 80000, meter: main}\n"
	"  - {id: house, kind: load, parent: site, limit_w: 20000}\n"
	"  - {id: bat, kind: storage, parent: site, meter: bat, battery_wh: 200000, "
	"discharge_w: 60000, reserve_pct: 20}\n"
	"  - {id: roof, kind: pv, parent: site, meter: roof}\n"
	"  - {id: feeder, kind: feeder, parent: site, limit_w: 60000}\n"
	"meters:\n"
	"  - {id: main, map: eastron-sdm630, tcp: {host: 127.0.0.1, port: 1502}, unit: 1}\n"
	"  - {id: bat, map: eastron-sdm630, tcp: {host: 127.0.0.1, port: 1502}, unit: 2}\n"
	"  - {id: roof, map: eastron-sdm630, tcp: {host: 127.0.0.1, port: 1502}, unit: 3}\n";

static const char *island_text(void)
{
	static char text[sizeof island_depot + sizeof small_depot];

	snprintf(text, sizeof text, "%s%s", island_depot, strstr(small_depot, "stations:\n"));
	return text;
}

static struct meter_reading pose(double w, double volts, double soc_pct)
{
	struct meter_reading r = {.at_ms = 0};

	r.values[METER_QUANTITY_POWER_W] = (struct meter_value){w, METER_GOOD};
	if (volts >= 0)
		r.values[METER_QUANTITY_VOLTAGE_L1_V] = (struct meter_value){volts, METER_GOOD};
	if (soc_pct >= 0)
		r.values[METER_QUANTITY_SOC_PCT] = (struct meter_value){soc_pct, METER_GOOD};
	return r;
}

#define BATTERY_WS (INT64_C(200000) * 3600)
#define ROOF_W     4000

/* One second of the depot on its stores. */
static void step_island(int64_t *energy_ws, bool has_grid)
{
	int64_t drawn_w = world_node(world, "site")->now_mw / 1000, bat_w = drawn_w - ROOF_W;
	struct meter_reading main = pose(has_grid ? (double)bat_w : 0, has_grid ? 230 : 0, -1);
	struct meter_reading bat, roof = pose(-ROOF_W, 230, -1);

	if (has_grid)
		bat_w = 0;
	*energy_ws -= bat_w;
	bat = pose((double)-bat_w, 230, (double)*energy_ws * 100 / (double)BATTERY_WS);
	world_pose_meter(world, "main", &main);
	world_pose_meter(world, "bat", &bat);
	world_pose_meter(world, "roof", &roof);
	world_step(world);
}

/* Energy and Tonight say that the grid is gone, and the same power that `depotctl power` tells. */
static void check_grid_is_said_gone(void)
{
	struct arena *a = arena_create(0);
	struct api_overview all;
	char feed[60];

	view_overview(core(), a, &all);
	snprintf(feed, sizeof feed,
		"stores and PV give %.1f\xe2\x80\xaf"
		"kW",
		(double)safety_island(safety()).feed_w / 1000);
	ck_assert_msg(strstr(all.energy_sentence, feed), "%s: %s", feed, all.energy_sentence);
	ck_assert_msg(strncmp(all.sub, "The grid is gone. ", 18) == 0, "%s", all.sub);
	arena_destroy(a);
}

/* Every view says that the island binds, and the plan is made for it. */
static void check_island_is_said(wall_t began)
{
	const struct control_node *site = control_node(core()->control, 0);
	const struct control_plan *p = control_plan(core()->control);
	struct safety_island_view v = safety_island(safety());
	struct setpoint told;

	ck_assert_str_eq(site->limit_source, "island");
	ck_assert_int_eq(site->limit_w, v.limit_w);
	ck_assert(site->binds & 1u << GRID_TOTAL);
	ck_assert_str_eq(site->binds_by, "island");
	ck_assert_int_le(wall_diff_ms(p->made_at, began), 60000);
	ck_assert_int_gt(p->made_at.ms, began.ms);
	control_told(core()->control, &fleet_station(&core()->fleet, "CP-4")->evses[0], &told);
	ck_assert_str_eq(told.source, "island");
	ck_assert_str_eq(told.node, "site");
	ck_assert_ptr_nonnull(strstr(told.reason, "the island supplies"));
	ck_assert_ptr_nonnull(strstr(told.reason, "until the grid is back"));
	check_grid_is_said_gone();
}

/* What the plan gives all vans now. */
static int64_t planned_now_w(void)
{
	const struct control_plan *p = control_plan(core()->control);
	int64_t slot = wall_diff_ms(world_now(world), p->start) / p->slot_ms, sum = 0;

	for (int r = 0; r < p->row_count; r++)
		sum += p->rows[r].w[slot];
	return sum;
}

/* Who is short by it hears of the island, whose end nobody knows, and of no hour at which it has all. */
static void check_short_by_the_island(void)
{
	const struct control_plan *p = control_plan(core()->control);
	int shorts = 0;

	for (int r = 0; r < p->row_count; r++) {
		const struct control_plan_row *row = &p->rows[r];

		if (!row->short_wh)
			continue;
		shorts++;
		ck_assert_msg(strstr(row->reason, "island") &&
				      strstr(row->reason, "until when is not known"),
			"%s", row->reason);
		ck_assert_str_eq(fallback_words(control_fallbacks(core()->control), row->evse), "");
	}
	ck_assert_int_gt(shorts, 0);
}

static void restart_in_the_island(int64_t *energy_ws, wall_t began)
{
	world_kill(world);
	world_start(world);
	step_island(energy_ws, false);
	ck_assert_int_eq(safety_island(safety()).state, ISLAND_ON);
	ck_assert_int_le(
		llabs(safety_island(safety()).for_ms - wall_diff_ms(world_now(world), began)),
		5000);
	for (int s = 0; s < 5; s++)
		step_island(energy_ws, false);
	ck_assert_str_eq(control_node(core()->control, 0)->limit_source, "island");
	ck_assert_int_le(
		llabs(wall_diff_ms(control_node(core()->control, 0)->limit_since, began)), 5000);
}

START_TEST(island_night_on_stores_and_pv)
{
	wall_t began;
	const struct alarm *alarm = NULL;
	int64_t kept_w[STATIONS];
	int ramps = 0, told = 0;
	int64_t energy_ws = BATTERY_WS * 80 / 100, before_w, over_s = 0, first_w = 0, last_w = 0;
	struct safety_island_view v;

	start(island_text(),
		"base_load:\n"
		"  - {node: house, noise_w: 500, points: [{at: \"00:00\", w: 8000}]}\n"
		"visits:\n"
		"  - {vehicle: V-1, station: CP-1, arrives: \"17:00\", soc_pct: 10}\n"
		"  - {vehicle: V-2, station: CP-2, arrives: \"17:05\", soc_pct: 10}\n"
		"  - {vehicle: V-3, station: CP-3, arrives: \"17:10\", soc_pct: 10}\n"
		"  - {vehicle: V-4, station: CP-4, arrives: \"17:15\", soc_pct: 10}\n",
		NULL);
	for (int s = 0; s < 6600; s++) /* to 17:50 */
		step_island(&energy_ws, true);
	before_w = all_power_w();
	ck_assert_int_gt(before_w, 50000);
	ck_assert_ptr_null(world_alarm(world, ALARM_GRID_LOST, NULL));
	ck_assert_int_le(safety_island(safety()).for_ms, 6600 * 1000);
	began = world_now(world);
	for (int s = 0; s < 3 * 3600; s++) { /* no grid for three hours */
		step_island(&energy_ws, false);
		v = safety_island(safety());
		if (s < 30)
			continue;
		if (s == 5400) /* it does not begin anew, nor does its limit */
			restart_in_the_island(&energy_ws, began);
		if (s == 59)
			check_island_is_said(began);
		if (s == 600) /* the slot that it began in is over */
			ck_assert_int_le(planned_now_w(), v.evse_w + 2000);
		if (s % 1800 == 600)
			check_short_by_the_island();
		ck_assert_int_eq(v.state, ISLAND_ON);
		over_s = world_node(world, "site")->now_mw / 1000 > v.feed_w ? over_s + 1 : 0;
		ck_assert_int_le(over_s, WORLD_REACTION_S);
		first_w += power_w(0);
		last_w += power_w(3);
	}
	ck_assert_ptr_nonnull(world_alarm(world, ALARM_GRID_LOST, NULL));
	ck_assert_int_gt(first_w, 2 * last_w); /* who leaves first charges */
	ck_assert_int_ge(energy_ws, BATTERY_WS * 20 / 100);
	for (int s = 0; s < 299; s++) { /* it is back, but for how long? */
		step_island(&energy_ws, true);
		ck_assert_int_le(all_power_w(), 50000);
		v = safety_island(safety());
		ck_assert_int_ge(v.load_w, s < 5 ? 0 : 5000); /* the house, whoever feeds it */
		ck_assert_int_le(v.evse_w, v.limit_w - (s < 5 ? 0 : 5000));
		ck_assert_int_eq(node("site").ramp.sign, RAMP_SIGN_NONE); /* nobody was without */
	}
	ck_assert_int_eq(safety_island(safety()).state, ISLAND_BACK);
	for (int i = 0; i < STATIONS; i++)
		kept_w[i] = power_w(i);
	for (int s = 0; s < 300; s++) {
		step_island(&energy_ws, true);
		ramps += node("site").ramp.sign != RAMP_SIGN_NONE;
		alarm = world_alarm(world, ALARM_POWER_RETURNED, "site");
		told += alarm != NULL;
		if (alarm) /* those that wait charge too: it does not say that they do not */
			ck_assert_ptr_nonnull(strstr(alarm->text, "vans have had their step"));
		for (int i = 0; i < STATIONS; i++) /* nobody is stopped again */
			ck_assert_msg(kept_w[i] < 4000 || power_w(i) > kept_w[i] * 8 / 10,
				"%d after %d s: %lld of %lld W", i, s, (long long)power_w(i),
				(long long)kept_w[i]);
	}
	ck_assert_int_eq(safety_island(safety()).state, ISLAND_OFF);
	ck_assert_int_gt(told, 20);
	ck_assert_int_gt(ramps, 20); /* and yet they rise in steps */
	ck_assert_int_gt(all_power_w(), 40000);
	ck_assert_ptr_null(world_alarm(world, ALARM_GRID_LOST, NULL));
}
END_TEST

/* A store whose meter tells no state of charge counts as empty, but nobody says that it is. */
START_TEST(store_that_does_not_tell_is_not_called_empty)
{
	struct meter_reading main, bat;
	struct safety_island_view v;

	start(island_text(), "base_load:\n  - {node: house, points: [{at: \"00:00\", w: 4000}]}\n",
		NULL);
	for (int s = 0; s < 30; s++) {
		main = pose(0, 230, -1);
		bat = pose(0, 230, s < 20 ? -1 : 50);
		world_pose_meter(world, "main", &main);
		world_pose_meter(world, "bat", &bat);
		world_step(world);
		v = safety_island(safety());
		if (s != 19)
			continue;
		ck_assert(v.has_store && !v.has_energy);
		ck_assert_int_eq(v.stores_silent, 1);
		ck_assert_int_eq(v.feed_w, 0);
	}
	ck_assert(v.has_energy);
	ck_assert_int_eq(v.stores_silent, 0);
	ck_assert_int_eq(v.energy_wh, 100000);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("safety");
	TCase *t = tcase_create("safety");
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, demand_window_is_kept_for_a_day);
	tcase_add_test(t, demand_survives_a_restart_within_the_window);
	tcase_add_test(t, first_window_survives_a_restart);
	tcase_add_test(t, demand_target_that_comes_in_mid_window_goes_by_the_meter);
	tcase_add_test(t, demand_that_cannot_be_kept_is_an_alarm);
	tcase_add_test(t, deaf_charger_is_named_and_forgiven);
	tcase_add_test(t, slow_charger_is_learned_and_remembered);
	tcase_add_test(t, others_stand_in_for_known_slow_chargers);
	tcase_add_test(t, tiers_follow_one_another_with_alarm_and_cost);
	tcase_add_test(t, cost_counts_limits_in_amperes_and_siblings);
	tcase_add_test(t, agreed_minimum_stands_for_loads_that_nobody_described);
	tcase_add_test(t, island_night_on_stores_and_pv);
	tcase_add_test(t, store_that_does_not_tell_is_not_called_empty);
	suite_add_tcase(s, t);
	return world_run_suite(s);
}
