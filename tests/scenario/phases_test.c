/*
 * Vans on one phase beside one on three: what the plan promises in the evening is what they have in the
 * morning, since it knows that the cable is full on L1.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include "csms/power/control.h"
#include "csms/plan/planner.h"
#include "tests/scenario/world.h"

#define VANS 4

#define STATION(ID, ROTATION) STATION_OF(ID, ROTATION, "22000")
#define STATION_OF(ID, ROTATION, MOST)                                                             \
	"  - {id: " ID ", node: feeder, evses: [{id: 1, kind: ac, max_w: " MOST ", min_w: 4140, "  \
	"tail_w: 0, rotation: " ROTATION "}]}\n"
#define VAN(ID, TOKEN, PHASES, W)                                                                  \
	"  - {id: " ID ", token: " TOKEN ", battery_wh: 60000, max_ac_w: " W                       \
	", max_dc_w: 0, phases: " PHASES ", target_pct: 90, departs: \"06:00\"}\n"

static const char depot_head[] =
	"depot: small\nname: Small\ntimezone: Europe/Amsterdam\n"
	"nodes:\n"
	"  - {id: site, kind: site, limit_w: 60000, meter: main%s}\n"
	"  - {id: house, kind: load, parent: site, limit_w: 20000}\n"
	"  - {id: feeder, kind: feeder, parent: site, limit_a: 40}\n"
	"meters:\n"
	"  - {id: main, map: eastron-sdm630, tcp: {host: 127.0.0.1, port: 1502}, unit: 1}\n"
	"stations:\n";

static const char depot_vans[] = "vehicles:\n" VAN("V-1", "T1", "1", "7400")
	VAN("V-2", "T2", "1", "7400") VAN("V-3", "T3", "1", "7400") VAN("V-4", "T4", "3", "11000");

static const char visits[] = "base_load:\n"
			     "  - {node: house, points: [{at: \"00:00\", w: 5000}]}\n"
			     "visits:\n"
			     "  - {vehicle: V-1, station: CP-1, arrives: \"17:00\", soc_pct: 10}\n"
			     "  - {vehicle: V-2, station: CP-2, arrives: \"17:05\", soc_pct: 10}\n"
			     "  - {vehicle: V-3, station: CP-3, arrives: \"17:10\", soc_pct: 10}\n"
			     "  - {vehicle: V-4, station: CP-4, arrives: \"17:15\", soc_pct: 10}\n";

static struct world *world;

static const char *mode = ""; /* more of the site's row */

static void begin_with(const char *first, const char *second, const char *third)
{
	static char text[4000];
	int n = snprintf(text, sizeof text, depot_head, mode);

	snprintf(text + n, sizeof text - (size_t)n,
		"%s" STATION("CP-2", "%s") STATION("CP-3", "%s") STATION("CP-4", "RST") "%s", first,
		second, third, depot_vans);
	world = world_create(&(struct world_options){.seed = 7, .depot = text, .scenario = visits});
}

static void begin(const char *second, const char *third)
{
	begin_with(STATION("CP-1", "RST"), second, third);
}

static void teardown(void)
{
	world_destroy(world);
	world = NULL;
	mode = "";
}

static int64_t promised_wh(int *shorts)
{
	const struct control_plan *p = control_plan(world_core(world)->control);
	int64_t sum = 0;

	*shorts = 0;
	ck_assert_int_eq(p->row_count, VANS);
	for (int i = 0; i < p->row_count; i++) {
		sum += p->rows[i].planned_wh;
		*shorts += p->rows[i].short_wh > 0;
	}
	return sum;
}

static double delivered_wh(void)
{
	double sum = 0;

	for (int i = 1; i <= VANS; i++) {
		char id[8];
		const struct evse *e;

		snprintf(id, sizeof id, "CP-%d", i);
		e = station_evse(fleet_station(&world_core(world)->fleet, id), 1);
		sum += e->tx.meter_wh.value - e->tx.begin_wh.value;
	}
	return sum;
}

/* What the batteries gained from 18:00 to 05:55 against what was promised at 18:00. */
static void check_promise(int shorts_expected)
{
	int shorts;
	int64_t promised;
	double before, got;

	world_run_until(world, "18:00");
	promised = promised_wh(&shorts);
	before = delivered_wh();
	ck_assert_int_eq(shorts > 0, shorts_expected > 0);
	world_run_until(world, "05:55");
	got = (delivered_wh() - before) * 0.9;
	ck_assert_msg(got > 0.93 * (double)promised && got < 1.07 * (double)promised,
		"promised %lld Wh, they took %.0f", (long long)promised, got);
	world_check_limits(world, WORLD_REACTION_S);
}

/* What the guard counts for caution, as long as it does not know a charger, is no reading. */
START_TEST(phases_of_a_node_without_a_meter_are_what_chargers_report)
{
	const struct core *c;
	int64_t most_mw[3] = {0};
	int node, at = 0;

	begin("RST", "RST");
	while (strcmp(plant_node_at(world_plant(world), at).id, "feeder") != 0)
		at++;
	c = world_core(world);
	node = grid_tree_find(control_grid(c->control), "feeder");
	world_run_until(world, "17:00");
	for (int s = 0; s < 1500; s++) {
		struct plant_node real;
		const struct control_node *shown;

		world_step(world);
		real = plant_node_at(world_plant(world), at);
		shown = control_node(c->control, node);
		for (int p = 0; p < 3; p++) {
			const struct control_limit *l = &shown->phase[p];

			if (real.phase_mw[p] > most_mw[p])
				most_mw[p] = real.phase_mw[p];
			if (l->load >= 0)
				ck_assert_str_eq(l->load_source, "chargers");
			ck_assert_int_le(l->load, most_mw[p] / 230 * 105 / 100 + 500);
		}
	}
	ck_assert_int_gt(control_node(c->control, node)->phase[0].load, 25000);
	node = grid_tree_find(control_grid(c->control), "house");
	ck_assert_int_eq(control_node(c->control, node)->phase[0].load, -1);
}
END_TEST

START_TEST(all_on_one_phase)
{
	begin("RST", "RST");
	check_promise(1);
}
END_TEST

START_TEST(shared_out_by_rotation)
{
	begin("STR", "TRS");
	check_promise(0);
}
END_TEST

/* The first limit goes out before anybody knows that the van uses one phase. A current is the same
 * then, and no new message is due: it is the power of it that is shown and learnt from. */
START_TEST(limit_is_what_the_phases_in_use_give)
{
	const struct evse *e;
	bool all = false; /* was told a limit of all phases */

	begin_with(STATION_OF("CP-1", "RST", "15000"), "RST", "RST");
	world_run_until(world, "16:59");
	ck_assert(world_say(world, 0,
		"[2,\"u\",\"NotifyReport\",{\"requestId\":1,\"generatedAt\":\"2026-03-11T16:00:00Z\","
		"\"seqNo\":0,\"reportData\":[{\"component\":{\"name\":\"SmartChargingCtrlr\"},"
		"\"variable\":{\"name\":\"RateUnit\"},\"variableAttribute\":[{\"value\":\"A,W\"}]}]}]"));
	world_run_until(world, "17:00");
	e = station_evse(fleet_station(&world_core(world)->fleet, "CP-1"), 1);
	for (int i = 0; i < 120; i++) {
		world_step(world);
		all = all ||
		      (e->tx.is_open && e->currents.pattern.phases == 3 && e->told.limit_w > 5100);
		if (e->currents.pattern.phases == 1)
			ck_assert_int_le(e->told.limit_w, 5100);
	}
	ck_assert(all);
	ck_assert_int_gt((int)e->power_w.value, 1000);
}
END_TEST

static const struct evse *evse_at(const char *station)
{
	return station_evse(fleet_station(&world_core(world)->fleet, station), 1);
}

/* The cable bears 9.2 kW a phase. V-1 has most of L1; V-2, on L1 too, has too little left of it to
 * start, and V-3 on L2 and V-4 on all three share what there is, which a rule that saw only the whole
 * would have given to V-2. */
START_TEST(the_plain_rule_gives_no_phase_more_than_its_limit)
{
	mode = ", mode: shadow";
	begin("RST", "STR");
	world_run_until(world, "18:00");
	for (int i = 0; i < 600; i++) {
		world_step(world);
		ck_assert_str_eq(evse_at("CP-2")->told.source, "rule"); /* not the guard */
		ck_assert_int_eq(evse_at("CP-2")->told.limit_w, 0);
		ck_assert_int_ge(evse_at("CP-4")->told.limit_w, 4140);
	}
	ck_assert_int_gt((int)evse_at("CP-1")->power_w.value, 6000);
	ck_assert_int_gt((int)evse_at("CP-3")->power_w.value, 6000);
	world_check_limits(world, WORLD_REACTION_S);
}
END_TEST

/* Nobody wrote how CP-1 hangs, and a van of one phase charges there: it is said, once, till it is over. */
START_TEST(van_on_a_phase_that_nobody_knows_is_said_once)
{
	const struct alarm *a;
	wall_t raised;

	begin_with("  - {id: CP-1, node: feeder, evses: [{id: 1, kind: ac, max_w: 22000, min_w: "
		   "4140, tail_w: 0}]}\n",
		"STR", "TRS");
	world_run_until(world, "16:59");
	ck_assert_ptr_null(world_alarm(world, ALARM_PHASE_UNKNOWN, NULL));
	world_run_until(world, "17:20");
	a = world_alarm(world, ALARM_PHASE_UNKNOWN, NULL);
	ck_assert_ptr_nonnull(a);
	ck_assert_str_eq(a->subject, "CP-1/1");
	ck_assert_msg(
		strstr(a->text, "on 1 phase, and nobody wrote on which of the grid: it counts on "
				"each phase of feeder"),
		"%s", a->text);
	raised = a->raised_at;
	world_run_until(world, "18:20");
	a = world_alarm(world, ALARM_PHASE_UNKNOWN, "CP-1/1");
	ck_assert_ptr_nonnull(a);
	ck_assert_int_eq(a->raised_at.ms, raised.ms);
	ck_assert_int_eq(a->count, 1);
	world_check_limits(world, WORLD_REACTION_S);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("phases");
	TCase *t = tcase_create("phases");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, limit_is_what_the_phases_in_use_give);
	tcase_add_test(t, the_plain_rule_gives_no_phase_more_than_its_limit);
	tcase_add_test(t, phases_of_a_node_without_a_meter_are_what_chargers_report);
	tcase_add_test(t, all_on_one_phase);
	tcase_add_test(t, shared_out_by_rotation);
	tcase_add_test(t, van_on_a_phase_that_nobody_knows_is_said_once);
	suite_add_tcase(s, t);
	return world_run_suite(s);
}
