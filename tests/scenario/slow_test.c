/*
 * Chargers that tell their power by the interval only, each 15 or 60 s, not with each change as the
 * simulator else does: limits hold as well, and how much of the room and the balance of phases is used.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/alarms.h"
#include "csms/metering/meters.h"
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

static int64_t age_ms(struct world *w)
{
	const struct meters *m = world_core(w)->meters;

	return meter_age_ms(meters_at(m, meters_find(m, "ocpp:CP-1/1")));
}

/* The meter of a charger speaks each sample_s, by default 15 s, where others are old after 10. */
START_TEST(charger_that_is_a_meter_is_not_old_between_its_values)
{
	static const char row[] = "stations:\n  - {id: CP-1, node: feeder";
	const char *at = strstr(small_depot, "meters:\n"), *own = strstr(at, row);
	char depot[sizeof small_depot + 200];
	int64_t most_ms = 0;
	struct world *w;

	snprintf(depot, sizeof depot,
		"%.*s  - {id: own, kind: feeder, parent: feeder, limit_w: 30000, meter: "
		"\"ocpp:CP-1/1\"}\n%.*sstations:\n  - {id: CP-1, node: own%s",
		(int)(at - small_depot), small_depot, (int)(own - at), at, own + strlen(row));
	w = world_create(&(struct world_options){.seed = 11,
		.config = "control: {}\n",
		.depot = depot,
		.scenario = "sample_s: 15\nbare_changes: true\n" SMALL_VISITS});
	world_set_meter(w, "ocpp:CP-1/1", WORLD_METER_SILENT); /* but for what the charger says */
	world_run_until(w, SMALL_ALL_HERE);
	ck_assert_int_eq(world_core(w)->config->control->stale_hold_s, 10);
	for (int s = 0; s < 1800; s++) {
		world_step(w);
		most_ms = age_ms(w) > most_ms ? age_ms(w) : most_ms;
		ck_assert_ptr_null(world_alarm(w, ALARM_MEASUREMENT_OLD, "own"));
	}
	ck_assert_int_ge(most_ms, 14000);
	world_check_limits(w, WORLD_REACTION_S);
	world_destroy(w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("slow");
	TCase *t = tcase_create("slow"), *m = tcase_create("meter");

	tcase_set_timeout(t, 300);
	tcase_add_loop_test(t, power_told_by_the_interval_only_is_enough, 0, 4);
	suite_add_tcase(s, t);
	tcase_set_timeout(m, 120);
	tcase_add_test(m, charger_that_is_a_meter_is_not_old_between_its_values);
	suite_add_tcase(s, m);
	return world_run_suite(s);
}
