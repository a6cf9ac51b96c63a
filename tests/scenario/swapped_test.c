/*
 * A meter whose phases are swapped is found by what the chargers below it say of theirs.
 */
#include <check.h>
#include <string.h>
#include "csms/metering/meters.h"
#include "csms/metering/wiring.h"
#include "csms/metering/wiring_chargers.h"
#include "tests/scenario/world.h"

#define STATION(ID, ROTATION)                                                                      \
	"  - {id: " ID ", node: feeder, evses: [{id: 1, kind: ac, max_w: 22000, min_w: 4140, "     \
	"tail_w: 0, rotation: " ROTATION "}]}\n"
#define VAN(ID, TOKEN, PHASES)                                                                     \
	"  - {id: " ID ", token: " TOKEN ", battery_wh: 20000, max_ac_w: 7400, max_dc_w: 0, "      \
	"phases: " PHASES ", target_pct: 90, departs: \"06:00\"}\n"
#define DEPOT(PHASES)                                                                              \
	"depot: small\nname: Small\ntimezone: Europe/Amsterdam\n"                                  \
	"nodes:\n"                                                                                 \
	"  - {id: site, kind: site, limit_w: 90000}\n"                                             \
	"  - {id: feeder, kind: feeder, parent: site, limit_a: 125, meter: fa}\n"                  \
	"  - {id: shed, kind: load, parent: feeder, limit_w: 9000}\n"                              \
	"meters:\n"                                                                                \
	"  - {id: fa, map: eastron-sdm630, tcp: {host: 127.0.0.1, port: 1502}, unit: 1}\n"         \
	"stations:\n" STATION("CP-1", "RST") STATION("CP-2", "STR")                                \
		STATION("CP-3", "TRS") "vehicles:\n" VAN("V-1", "T1", PHASES)                      \
			VAN("V-2", "T2", PHASES) VAN("V-3", "T3", PHASES)

static const char visits[] = "base_load:\n"
			     "  - {node: shed, noise_w: 400, points: [{at: \"00:00\", w: 3000}]}\n"
			     "visits:\n"
			     "  - {vehicle: V-1, station: CP-1, arrives: \"17:00\", soc_pct: 40}\n"
			     "  - {vehicle: V-2, station: CP-2, arrives: \"17:10\", soc_pct: 20}\n"
			     "  - {vehicle: V-3, station: CP-3, arrives: \"17:20\", soc_pct: 50}\n";

static const struct row {
	enum world_meter how;
	const char *depot, *says;
	bool is_swapped, is_apart;
} rows[] = {
	{WORLD_METER_FINE, DEPOT("1"), "It agrees with the chargers on every phase.", false, true},
	{WORLD_METER_SWAPPED, DEPOT("1"),
		"What the chargers draw from L1 shows on L2 of fa. What the chargers draw from L2 shows "
		"on L1 of fa. Either these phases are swapped at fa (transformers and voltage taps "
		"together: swap both), or the `rotation` of the chargers is described wrongly (if fa is "
		"right, RST should be SRT, and so on).",
		true, true},
	{WORLD_METER_SWAPPED, DEPOT("3"),
		"It agrees with the chargers, but phases have moved together: swapped ones would not "
		"show. Let vehicles of one phase charge.",
		false, false},
};

START_TEST(swapped_phases_are_told_by_the_chargers)
{
	const struct row *r = &rows[_i];
	struct world *world = world_create(
		&(struct world_options){.seed = 7, .depot = r->depot, .scenario = visits});
	struct core *c = world_core(world);
	struct wiring_verdict v;
	const struct wiring_below *b;
	char words[600];

	world_set_meter(world, "fa", r->how);
	c->wirings = wirings_create(c);
	ck_assert_ptr_nonnull(c->wirings);
	world_run_until(world, "16:45");
	ck_assert_int_eq(wirings_below_count(c->wirings), 1);
	wiring_judge(&wirings_below(c->wirings, 0)->pair, &v);
	ck_assert(!v.is_clear);
	world_run_until(world, "22:00");
	b = wirings_below(c->wirings, 0);
	wiring_judge(&b->pair, &v);
	wiring_chargers_words(&v, &(struct wiring_self){WIRING_FINE, 0}, "fa", words);
	ck_assert_msg(strcmp(words, r->says) == 0, "%d moves: %s", b->pair.steps, words);
	ck_assert(v.is_clear);
	ck_assert(v.is_swapped == r->is_swapped);
	ck_assert(v.is_apart == r->is_apart);
	wirings_destroy(c->wirings);
	c->wirings = NULL;
	world_destroy(world);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("swapped");
	TCase *t = tcase_create("swapped");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(
		t, swapped_phases_are_told_by_the_chargers, 0, sizeof rows / sizeof *rows);
	suite_add_tcase(s, t);
	return world_run_suite(s);
}
