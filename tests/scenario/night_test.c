/*
 * The demo depot's night, as etc/demo describes it.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/scenario/world.h"

static struct world *world;

static void teardown(void)
{
	world_destroy(world);
}

/* A profile may cross with the end of its transaction, for powers change where slots end, and vans
 * leave on the quarter of an hour; nothing else may ever be refused. */
static void check_wire(void)
{
	struct plant_counts n = plant_counts(world_plant(world));

	ck_assert_msg(
		n.bad_requests + n.bad_frames + n.bad_answers + n.errors == 0, "%s", n.first_fault);
	ck_assert_int_eq(n.timeouts + n.discarded_events, 0);
	ck_assert_int_gt(n.profiles_accepted, 100);
	ck_assert_int_le(n.profiles_rejected, plant_stay_count(world_plant(world)));
}

START_TEST(all_vans_are_ready_and_no_limit_is_exceeded)
{
	char why[300];

	world = world_create(&(struct world_options){.seed = 1});
	world_run_until(world, "07:40");
	check_wire();
	ck_assert_int_eq(plant_stay_count(world_plant(world)), 20);
	ck_assert_int_eq(world_count_ready(world), 20);
	world_check_limits(world, 0);
	ck_assert_msg(world_compare_sessions(world, why) == 20, "%s", why);
}
END_TEST

/* A third of the chargers is old: the night is as good, the limits hold, the energies agree. */
START_TEST(some_stations_speak_ocpp_16)
{
	char *scenario = world_mixed_scenario();
	char why[300];

	world = world_create(&(struct world_options){.seed = 3, .scenario = scenario});
	free(scenario);
	world_run_until(world, "07:40");
	check_wire();
	ck_assert_int_eq(world_count_ready(world), 20);
	ck_assert_str_eq(fleet_station(&world_core(world)->fleet, "DC-05")->protocol, "ocpp1.6");
	world_check_limits(world, 0);
	ck_assert_msg(world_compare_sessions(world, why) == 20, "%s", why);
}
END_TEST

/* etc/demo's scenario with its washing hall at another time. */
static char *scenario_with_spike_at(const char *time)
{
	static const char row[] = "kind: base_load_spike, target: building, at: \"";
	FILE *f = fopen("etc/demo/scenario.yaml", "r");
	char *text = calloc(1, 20000), *at;

	ck_assert(f && text);
	ck_assert_uint_lt(fread(text, 1, 19999, f), 19999);
	fclose(f);
	at = strstr(text, row);
	ck_assert_ptr_nonnull(at);
	memcpy(at + strlen(row), time, strlen(time));
	return text;
}

START_TEST(washing_hall_in_the_evening_is_met_within_the_reaction_time)
{
	char *scenario = scenario_with_spike_at("20:35");
	int64_t before_mw, most_mw = 0;

	world = world_create(&(struct world_options){.seed = 2, .scenario = scenario});
	free(scenario);
	world_run_until(world, "20:35");
	before_mw = world_node(world, "site")->now_mw;
	ck_assert_int_gt(before_mw, 200000000); /* 80 kW more do not fit */
	for (int i = 0; i < 1200; i++) {
		world_step(world);
		if (i >= WORLD_REACTION_S && world_node(world, "site")->now_mw > most_mw)
			most_mw = world_node(world, "site")->now_mw;
	}
	ck_assert_int_le(most_mw, 250000000);
	ck_assert_int_gt(most_mw, 220000000); /* no more is taken from the vans than must be */
	world_check_limits(world, WORLD_REACTION_S);
	world_run_until(world, "21:15");
	ck_assert_int_gt(world_node(world, "site")->now_mw, before_mw - 40000000);
	world_check_limits(world, WORLD_REACTION_S);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("night");
	TCase *t = tcase_create("night");
	tcase_set_timeout(t, 180);
	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, all_vans_are_ready_and_no_limit_is_exceeded);
	tcase_add_test(t, some_stations_speak_ocpp_16);
	tcase_add_test(t, washing_hall_in_the_evening_is_met_within_the_reaction_time);
	suite_add_tcase(s, t);
	return world_run_suite(s);
}
