/*
 * Nodes without a meter below one that is believed: other load below them that nobody measures is no
 * more than what that one shows. A limit on such a node must not stop a whole depot for load that is
 * not there.
 */
#include <check.h>
#include <string.h>
#include "csms/power/control.h"
#include "csms/power/envelope_apply.h"
#include "tests/scenario/world.h"

#define LIMIT_W 15000
#define HOUR_MS INT64_C(3600000)

/* House and hall may draw 30 kW together, and draw 3. `beside` hangs beside the transformer. */
#define DEPOT(main, beside)                                                                        \
	"depot: bound\nname: Bound\ntimezone: Europe/Amsterdam\n"                                  \
	"nodes:\n"                                                                                 \
	"  - {id: site, kind: site, limit_w: 80000" main "}\n" beside                              \
	"  - {id: t1, kind: transformer, parent: site, limit_w: 60000}\n"                          \
	"  - {id: house, kind: load, parent: t1, limit_w: 20000}\n"                                \
	"  - {id: hall, kind: load, parent: t1, limit_w: 10000}\n"                                 \
	"  - {id: fa, kind: feeder, parent: t1, limit_w: 40000}\n"                                 \
	"meters:\n"                                                                                \
	"  - {id: main, map: eastron-sdm630, tcp: {host: 127.0.0.1, port: 1502}, unit: 1}\n"       \
	"stations:\n"                                                                              \
	"  - {id: CP-1, node: fa, evses: [{id: 1, kind: ac, max_w: 22000, min_w: 4140, tail_w: "   \
	"0}]}\n"                                                                                   \
	"  - {id: CP-2, node: fa, evses: [{id: 1, kind: ac, max_w: 22000, min_w: 4140, tail_w: "   \
	"0}]}\n"                                                                                   \
	"vehicles:\n"                                                                              \
	"  - {id: V-1, token: T1, battery_wh: 90000, max_ac_w: 22000, max_dc_w: 22000, min_w: "    \
	"4140, target_pct: 90, departs: \"06:00\"}\n"                                              \
	"  - {id: V-2, token: T2, battery_wh: 90000, max_ac_w: 22000, max_dc_w: 22000, min_w: "    \
	"4140, target_pct: 90, departs: \"06:10\"}\n"

/* The house takes 10 kW more from 21:00 on. */
#define EVENING                                                                                    \
	"base_load:\n"                                                                             \
	"  - {node: house, noise_w: 100, points: [{at: \"00:00\", w: 2000}, {at: \"20:59\", w: "   \
	"2000}, {at: \"21:00\", w: 12000}, {at: \"23:59\", w: 12000}]}\n"                          \
	"  - {node: hall, noise_w: 100, points: [{at: \"00:00\", w: 1000}]}\n"                     \
	"visits:\n"                                                                                \
	"  - {vehicle: V-1, station: CP-1, arrives: \"19:00\", soc_pct: 20}\n"                     \
	"  - {vehicle: V-2, station: CP-2, arrives: \"19:00\", soc_pct: 15}\n"

#define PV     "  - {id: roof, kind: pv, parent: site, limit_w: 30000}\n"
#define METERS ", meter: main"

static struct world *world;

static void start(const char *depot)
{
	world = world_create(
		&(struct world_options){.seed = 7, .depot = depot, .scenario = EVENING});
}

static void teardown(void)
{
	world_destroy(world);
	world = NULL;
}

/* The grid operator allows the transformer so much for the next hours. */
static void limit(int64_t w)
{
	const struct envelope_block b = {world_now(world).ms, world_now(world).ms + 6 * HOUR_MS,
		{(int32_t)w, GRID_NO_LIMIT, GRID_NO_LIMIT}};
	const struct envelope_offer o = {.node = "t1",
		.owner = "oscp/dso-1",
		.type = "CONSUMPTION",
		.kind = ENVELOPE_LIMIT,
		.is_grid = true,
		.blocks = &b,
		.count = 1,
		.actor = "oscp:dso-1"};
	char id[ENVELOPE_ID_SIZE], why[200];

	ck_assert_msg(envelope_receive(world_core(world), &o, id, why) == 0, "%s", why);
	world_expect_limit(world, "t1", w);
}

static int64_t power_w(void)
{
	return (plant_evse_mw(world_plant(world), 0, 0) + plant_evse_mw(world_plant(world), 1, 0)) /
	       1000;
}

static const struct control_node *shown(const char *node)
{
	const struct control *k = world_core(world)->control;

	return control_node(k, grid_tree_find(control_grid(k), node));
}

START_TEST(limit_of_a_node_without_meter_leaves_what_the_meter_above_shows)
{
	start(DEPOT(METERS, ""));
	world_run_until(world, "18:50");
	limit(LIMIT_W);
	world_run_until(world, "19:30");
	ck_assert_int_gt(power_w(), 9000);
	ck_assert_str_eq(shown("t1")->load_source, "bounded");
	ck_assert_int_lt(shown("t1")->load_w, LIMIT_W + 1000);
	world_check_limits(world, WORLD_REACTION_S);
	/* Load that only the meter above sees is met as if the transformer had one. */
	world_run_until(world, "21:20");
	ck_assert_int_eq(power_w(), 0);
	ck_assert_str_eq(shown("t1")->load_source, "bounded");
	world_check_limits(world, WORLD_REACTION_S);
}
END_TEST

/* When that one says nothing any more the description is back. */
START_TEST(silent_meter_above_brings_the_worst_case_back)
{
	start(DEPOT(METERS, ""));
	world_run_until(world, "18:50");
	limit(LIMIT_W);
	world_run_until(world, "19:30");
	world_set_meter(world, "main", WORLD_METER_SILENT);
	world_run_s(world, 20);
	ck_assert_int_gt(power_w(), 9000); /* held, as it is itself */
	world_run_s(world, 60);
	ck_assert_int_eq(power_w(), 0);
	ck_assert_str_eq(shown("t1")->load_source, "sum");
	world_set_meter(world, "main", WORLD_METER_FINE);
	world_run_s(world, 300);
	ck_assert_int_gt(power_w(), 9000);
	world_check_limits(world, WORLD_REACTION_S);
}
END_TEST

/* What may be fed in beside it, unseen, flows to the transformer past the meter above. */
START_TEST(unmetered_pv_beside_it_makes_the_bound_useless)
{
	start(DEPOT(METERS, PV));
	world_run_until(world, "18:50");
	limit(LIMIT_W);
	world_run_until(world, "19:30");
	ck_assert_int_eq(power_w(), 0);
	ck_assert_str_eq(shown("t1")->load_source, "sum");
	ck_assert_int_ge(shown("t1")->load_w, 30000);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("bound");
	TCase *t = tcase_create("bound");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, limit_of_a_node_without_meter_leaves_what_the_meter_above_shows);
	tcase_add_test(t, silent_meter_above_brings_the_worst_case_back);
	tcase_add_test(t, unmetered_pv_beside_it_makes_the_bound_useless);
	suite_add_tcase(s, t);
	return world_run_suite(s);
}
