/*
 * Chargers that tell their power by the interval only, each 15 or 60 s, not with each change as the
 * simulator else does: limits hold as well, and how much of the room and the balance of phases is used.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include "csms/power/control.h"
#include "tests/scenario/small.h"
#include "tests/scenario/world.h"

#define HOURS 3

/* Six vans of one phase, three on L1, two on L2, one on L3, below 20 A of imbalance. */
#define PLACE(n, rotation)                                                                         \
	"  - {id: CP-" n ", node: site, evses: [{id: 1, kind: ac, max_w: 22000, min_w: 4140, "     \
	"tail_w: 0, rotation: " rotation "}]}\n"
#define VAN(n)                                                                                     \
	"  - {id: V-" n ", token: T" n ", battery_wh: 90000, max_ac_w: 7360, max_dc_w: 0, "        \
	"min_w: 1380, phases: 1, target_pct: 90, departs: \"06:00\"}\n"
#define VISIT(n) "  - {vehicle: V-" n ", station: CP-" n ", arrives: \"17:0" n "\", soc_pct: 20}\n"

static const char uneven_depot[] =
	"depot: uneven\nname: Uneven\ntimezone: Europe/Amsterdam\n"
	"nodes:\n"
	"  - {id: site, kind: site, limit_w: 60000, limit_a: 80, imbalance_a: 20, meter: main}\n"
	"  - {id: house, kind: load, parent: site, limit_w: 9000}\n"
	"meters:\n"
	"  - {id: main, map: eastron-sdm630, tcp: {host: 127.0.0.1, port: 1502}, unit: 1}\n"
	"stations:\n" PLACE("1", "RST") PLACE("2", "RST") PLACE("3", "RST") PLACE("4", "STR")
		PLACE("5", "STR") PLACE("6", "TRS") "vehicles:\n" VAN("1") VAN("2") VAN("3")
			VAN("4") VAN("5") VAN("6");

#define UNEVEN_VISITS                                                                              \
	"base_load:\n  - {node: house, noise_w: 500, points: [{at: \"00:00\", w: 6000}]}\n"        \
	"visits:\n" VISIT("1") VISIT("2") VISIT("3") VISIT("4") VISIT("5") VISIT("6")

/* least[0]: part of what is charged with changes told that is at 15 s; [1] at 60 s. */
static const struct depot_case {
	const char *name, *depot, *visits;
	int stations;
	double least[2];
} depots[] = {{"small", small_depot, SMALL_VISITS, 4, {0.98, 0.97}},
	{"uneven", uneven_depot, UNEVEN_VISITS, 6, {0.95, 0.95}}};

/* Wh of three hours from when all are there. */
static double charge(const struct depot_case *d, int sample_s, bool is_bare)
{
	char config[80], scenario[3000];
	struct world *w;
	double wh = 0;

	snprintf(config, sizeof config, "control: {sample_s: %d}\n", sample_s);
	snprintf(scenario, sizeof scenario, "sample_s: %d\nbare_changes: %s\n%s", sample_s,
		is_bare ? "true" : "false", d->visits);
	w = world_create(&(struct world_options){
		.seed = 11, .config = config, .depot = d->depot, .scenario = scenario});
	world_run_until(w, SMALL_ALL_HERE);
	for (int s = 0; s < HOURS * 3600; s++) {
		world_step(w);
		for (int i = 0; i < d->stations; i++)
			wh += (double)plant_evse_mw(world_plant(w), i, 0) / 3.6e6;
	}
	world_check_limits(w, WORLD_REACTION_S);
	world_check_balance(w, "site", WORLD_REACTION_S);
	world_destroy(w);
	return wh;
}

START_TEST(power_told_by_the_interval_only_is_enough)
{
	const struct depot_case *d = &depots[_i / 2];
	int sample_s = _i % 2 ? 60 : 15;
	double told = charge(d, sample_s, false), bare = charge(d, sample_s, true);

	fprintf(stderr, "%s, each %d s: %.1f kWh in %d h, %.1f with changes told\n", d->name,
		sample_s, bare / 1000, HOURS, told / 1000);
	ck_assert(bare > d->least[_i % 2] * told);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("slow");
	TCase *t = tcase_create("slow");

	tcase_set_timeout(t, 300);
	tcase_add_loop_test(t, power_told_by_the_interval_only_is_enough, 0, 4);
	suite_add_tcase(s, t);
	return world_run_suite(s);
}
