/*
 * Who charges where there is room for one of two that are alike: it stays as it is.
 */
#include <check.h>
#include <stdio.h>
#include "tests/scenario/world.h"

#define MIN_W    4140
#define HOURS    4
#define REPLAN_S 120 /* the setting's default */

static struct world *world;

static const char depot[] =
	"depot: pair\nname: Pair\ntimezone: Europe/Amsterdam\n"
	"nodes:\n"
	"  - {id: site, kind: site, limit_w: 60000, meter: main, demand: {target_w: 17000}}\n"
	"  - {id: house, kind: load, parent: site, limit_w: 30000}\n"
	"  - {id: feeder, kind: feeder, parent: site, limit_w: 50000}\n"
	"meters:\n"
	"  - {id: main, map: eastron-sdm630, tcp: {host: 127.0.0.1, port: 1502}, unit: 1}\n"
	"stations:\n"
	"  - {id: CP-1, node: feeder, evses: [{id: 1, kind: ac, max_w: 22000, min_w: 4140, "
	"tail_w: 0}]}\n"
	"  - {id: CP-2, node: feeder, evses: [{id: 1, kind: ac, max_w: 22000, min_w: 4140, "
	"tail_w: 0}]}\n"
	"vehicles:\n"
	"  - {id: V-1, token: T1, battery_wh: 90000, max_ac_w: 22000, max_dc_w: 22000, "
	"min_w: 4140, target_pct: 60, departs: \"07:00\"}\n"
	"  - {id: V-2, token: T2, battery_wh: 90000, max_ac_w: 22000, max_dc_w: 22000, "
	"min_w: 4140, target_pct: 60, departs: \"07:00\"}\n";

static const char tariff[] = "tariffs:\n"
			     "  - id: flat\n    currency: EUR\n"
			     "    import: [{id: e, periods: [{id: all, price: 0.2}]}]\n"
			     "    demand: [{id: peak, price: 10}]\n";

#define VISITS                                                                                     \
	"base_load:\n"                                                                             \
	"  - {node: house, noise_w: 500, points: [{at: \"00:00\", w: 10000}]}\n"                   \
	"visits:\n"                                                                                \
	"  - {vehicle: V-1, station: CP-1, arrives: \"17:00\", soc_pct: 20}\n"                     \
	"  - {vehicle: V-2, station: CP-2, arrives: \"17:05\", soc_pct: 20}\n"

static bool is_told(const char *station)
{
	return fleet_station(&world_core(world)->fleet, station)->evses[0].told.limit_w >= MIN_W;
}

/* Who of two that are alike charges is all the same to a bill and to a target; what is in force wins,
 * and what the plan itself caused asks for no other. Without a tariff energy is not enough for both. */
START_TEST(two_that_are_alike_do_not_change_places)
{
	int changes = 0, none_s = 0;
	char last = 0, text[4000];
	int64_t plans;

	snprintf(text, sizeof text, "%s%s", depot, _i ? tariff : "");
	world = world_create(&(struct world_options){.seed = 5, .depot = text, .scenario = VISITS});
	world_run_until(world, "17:15");
	plans = world_core(world)->metrics.plans;
	for (int s = 0; s < HOURS * 3600; s++) {
		bool first, second;

		world_step(world);
		first = is_told("CP-1");
		second = is_told("CP-2");
		ck_assert(!first || !second);
		none_s += !first && !second;
		if (first == second)
			continue;
		changes += last && last != (first ? 1 : 2);
		last = first ? 1 : 2;
	}
	plans = world_core(world)->metrics.plans - plans;
	ck_assert_int_eq(changes, 0);
	ck_assert_int_le(none_s, 120); /* when the house takes it all */
	ck_assert_int_le(plans, HOURS * 3600 / REPLAN_S + 5);
	world_check_limits(world, WORLD_REACTION_S);
	world_destroy(world);
}
END_TEST

#define STATION(ID)                                                                                \
	"  - {id: " ID ", node: feeder, evses: [{id: 1, kind: ac, max_w: 22000, min_w: 1380, "     \
	"tail_w: 0, rotation: RST}]}\n"
#define VAN(ID, TOKEN, W, MIN, PHASES)                                                             \
	"  - {id: " ID ", token: " TOKEN ", battery_wh: 60000, max_ac_w: " W                       \
	", max_dc_w: 0, min_w: " MIN ", phases: " PHASES ", departs: \"07:00\"}\n"

static const char unlike[] =
	"depot: three\nname: Three\ntimezone: Europe/Amsterdam\n"
	"nodes:\n"
	"  - {id: site, kind: site, limit_w: 60000, meter: main, demand: {target_w: 16200}}\n"
	"  - {id: house, kind: load, parent: site, limit_w: 30000}\n"
	"  - {id: feeder, kind: feeder, parent: site, limit_w: 50000}\n"
	"meters:\n"
	"  - {id: main, map: eastron-sdm630, tcp: {host: 127.0.0.1, port: 1502}, unit: 1}\n"
	"stations:\n" STATION("CP-1") STATION("CP-2")
		STATION("CP-3") "vehicles:\n" VAN("V-1", "T1", "11000", "4140", "3")
			VAN("V-2", "T2", "7400", "1380", "1") VAN("V-3", "T3", "7400", "1380", "1");

#define THREE_VISITS VISITS "  - {vehicle: V-3, station: CP-3, arrives: \"17:10\", soc_pct: 20}\n"

/* Two on one phase and one on three, with room for the one or the two of them, and energy for neither all:
 * whole slots and smallest powers fit the one no better than the others, and who charges goes on. */
START_TEST(one_and_two_do_not_change_places)
{
	static const char *const station[] = {"CP-1", "CP-2", "CP-3"};
	bool is_on[3] = {false}, now;
	int starts = 0, none_s = 0;

	world = world_create(
		&(struct world_options){.seed = 5, .depot = unlike, .scenario = THREE_VISITS});
	world_run_until(world, "17:25");
	for (int s = 0; s < HOURS * 3600; s++) {
		int on = 0;

		world_step(world);
		for (int i = 0; i < 3; i++) {
			now = fleet_station(&world_core(world)->fleet, station[i])
				      ->evses[0]
				      .told.limit_w > 0;
			starts += s && now && !is_on[i];
			is_on[i] = now;
			on += now;
		}
		none_s += !on;
	}
	ck_assert_msg(starts <= 8, "%d starts", starts);
	ck_assert_int_le(none_s, 120);
	world_check_limits(world, WORLD_REACTION_S);
	world_destroy(world);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("places");
	TCase *t = tcase_create("places");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, two_that_are_alike_do_not_change_places, 0, 2);
	tcase_add_test(t, one_and_two_do_not_change_places);
	suite_add_tcase(s, t);
	return world_run_suite(s);
}
