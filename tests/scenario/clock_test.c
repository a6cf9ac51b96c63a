/*
 * Clocks that lie: depotd's is set, or those of its stations are wrong by hours. What is told, what
 * is believed and what is left without depotd must not depend on it.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "csms/alarms.h"
#include "csms/core.h"
#include "tests/scenario/small.h"
#include "tests/scenario/world.h"

#define HOUR_MS 3600000
#define SEEN_S  25 /* a charger that disobeys below a node without a meter (docs/energy.md) */

static struct world *world;

/* The small depot whose feeder, without a meter, is what binds. */
static void setup(void)
{
	static char depot[sizeof small_depot];

	strcpy(depot, small_depot);
	memcpy(strstr(depot, "limit_w: 50000"), "limit_w: 35000", 14);
	world = world_create(
		&(struct world_options){.seed = 9, .depot = depot, .scenario = SMALL_VISITS});
}

static void teardown(void)
{
	world_destroy(world);
}

/* -- depotd's ---------------------------------------------------------------------------------- */

/* The feeder has no meter: only what the charger says of itself tells of it. */
START_TEST(a_charger_that_disobeys_is_seen_after_a_restart_by_a_clock_that_was_late)
{
	world_run_until(world, "18:00");
	world_step_clock(world, -HOUR_MS);
	world_kill(world);
	world_run_s(world, 30);
	world_start(world);
	world_run_s(world, 90);
	world_step_clock(world, HOUR_MS);
	world_run_s(world, 60);
	world_forget_nodes(world);
	plant_set_trouble(world_plant(world), 1, &(struct plant_trouble){.ignores_profiles = true});
	world_run_s(world, 120);
	ck_assert_int_gt(plant_evse_mw(world_plant(world), 1, 0), 21000000);
	world_check_node(world, "feeder", SEEN_S);
	ck_assert_ptr_nonnull(world_alarm(world, ALARM_CHARGER_DISOBEYS, "CP-2/1"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("clock");
	TCase *t = tcase_create("clock");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t,
		a_charger_that_disobeys_is_seen_after_a_restart_by_a_clock_that_was_late);
	suite_add_tcase(s, t);
	return world_run_suite(s);
}
