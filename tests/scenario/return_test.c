/*
 * Power that returns, each on the simulated clock: vehicles follow in steps, also when depotd is
 * killed or the tree is edited meanwhile; a station that we reset ourselves is no power return.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/alarms.h"
#include "csms/station/call.h"
#include "csms/power/control.h"
#include "csms/power/grid_edit.h"
#include "csms/power/safety.h"
#include "tests/scenario/small.h"
#include "tests/scenario/world.h"

#define STATIONS 4

static struct world *world;

static void start(const char *scenario)
{
	world = world_create(
		&(struct world_options){.seed = 5, .depot = small_depot, .scenario = scenario});
}

static void teardown(void)
{
	world_destroy(world);
	world = NULL;
}

static struct core *core(void)
{
	return world_core(world);
}

static struct ramp_view ramp(const char *id)
{
	return safety_node(
		control_safety(core()->control), grid_tree_find(control_grid(core()->control), id))
		.ramp;
}

/* The ramp that holds the small depot's stations: that of the site or of its feeder. */
static struct ramp_view ramp_of_all(void)
{
	struct ramp_view v = ramp("site");

	return v.sign == RAMP_SIGN_NONE ? ramp("feeder") : v;
}

static int64_t all_power_w(void)
{
	int64_t sum = 0;

	for (int i = 0; i < STATIONS; i++)
		sum += plant_evse_mw(world_plant(world), i, 0) / 1000;
	return sum;
}

static void set_power(bool is_on)
{
	for (int i = 0; i < STATIONS; i++)
		plant_set_trouble(
			world_plant(world), i, &(struct plant_trouble){.no_power = !is_on});
}

START_TEST(power_returns_in_steps)
{
	int64_t before_w, last_w = 0, back_s = 0, jump_w = 0;

	start(SMALL_VISITS);
	world_run_until(world, "17:50");
	before_w = all_power_w();
	ck_assert_int_gt(before_w, 40000);
	set_power(false);
	world_run_s(world, 90);
	ck_assert_int_eq(all_power_w(), 0);
	set_power(true);
	for (int s = 0; s < 600; s++) {
		int64_t now_w;

		world_step(world);
		now_w = all_power_w();
		if (now_w > 0 && !back_s)
			back_s = s;
		jump_w = now_w - last_w > jump_w ? now_w - last_w : jump_w;
		last_w = now_w;
		if (s == 15) {
			ck_assert_ptr_nonnull(world_alarm(world, ALARM_POWER_RETURNED, NULL));
			ck_assert_int_ne(ramp_of_all().sign, RAMP_SIGN_NONE);
		}
	}
	ck_assert_int_ge(back_s, 20); /* it has settled */
	ck_assert_int_le(jump_w, 23000); /* never two at once */
	ck_assert_int_gt(all_power_w(), before_w - 4000);
	world_run_s(world, 61);
	ck_assert_ptr_null(world_alarm(world, ALARM_POWER_RETURNED, NULL));
	world_check_limits(world, 0);
}
END_TEST

/* Power is back for some seconds, two vans charge again and two wait. */
static void come_half_back(const char *scenario)
{
	start(scenario);
	world_run_until(world, "17:50");
	ck_assert_int_gt(all_power_w(), 40000);
	set_power(false);
	world_run_s(world, 90);
	set_power(true);
	for (int s = 0; s < 120 && ramp_of_all().released != 2; s++)
		world_step(world);
	ck_assert_int_eq(ramp_of_all().released, 2);
	ck_assert_int_eq(ramp_of_all().waiting, 2);
}

/* From here on nobody comes back with another, and all do within `most_s`. */
static void follow_in_steps(int most_s)
{
	int64_t last_w = all_power_w(), jump_w = 0;

	for (int s = 0; s < most_s; s++) {
		int64_t now_w;

		world_step(world);
		now_w = all_power_w();
		jump_w = now_w - last_w > jump_w ? now_w - last_w : jump_w;
		last_w = now_w;
	}
	ck_assert_int_le(jump_w, 23000);
	ck_assert_int_eq(ramp_of_all().sign, RAMP_SIGN_NONE);
	ck_assert_int_gt(all_power_w(), 35000);
	world_check_limits(world, 0);
}

START_TEST(restart_in_the_middle_goes_on_with_the_steps)
{
	come_half_back(SMALL_VISITS);
	world_kill(world);
	world_run_s(world, 5);
	world_start(world);
	world_run_s(world, 2);
	ck_assert_int_ne(ramp_of_all().sign, RAMP_SIGN_NONE);
	ck_assert_int_eq(ramp_of_all().released, 2);
	ck_assert_int_eq(ramp_of_all().waiting, 2);
	follow_in_steps(300);
}
END_TEST

/* Its settling is not over: nothing charges, before and after. */
START_TEST(restart_before_the_first_step_waits_for_it)
{
	start(SMALL_VISITS);
	world_run_until(world, "17:50");
	set_power(false);
	world_run_s(world, 90);
	set_power(true);
	for (int s = 0; s < 60 && ramp_of_all().sign == RAMP_SIGN_NONE; s++)
		world_step(world);
	world_step(world);
	world_kill(world);
	world_start(world);
	world_run_s(world, 5);
	ck_assert_int_ne(ramp_of_all().sign, RAMP_SIGN_NONE);
	ck_assert_int_eq(ramp_of_all().released, 0);
	ck_assert_int_eq(all_power_w(), 0);
	follow_in_steps(400);
}
END_TEST

static void on_edited(void *arg, int status, const char *why)
{
	ck_assert_msg(status == 0, "%s", why ? why : "");
	*(bool *)arg = true;
}

/* The rating of the house. */
static void edit_house(int64_t limit_w)
{
	const struct depot_grid *now = grid_edits_grid(core()->grid_edits);
	struct depot_grid grid = *now;
	struct depot_node nodes[10];
	struct depot_fault fault;
	bool is_done = false;
	int edits;

	ck_assert_uint_le(grid.nodes.count, 10);
	memcpy(nodes, now->nodes.items, grid.nodes.count * sizeof *nodes);
	grid.nodes.items = nodes;
	grid.revision = NULL;
	for (size_t i = 0; i < grid.nodes.count; i++)
		if (strcmp(nodes[i].id, "house") == 0)
			nodes[i].limit_w = limit_w;
	ck_assert_int_eq(grid_edits_put(core()->grid_edits,
				 &(struct grid_wish){.grid = &grid,
					 .actor = "user:test",
					 .done = on_edited,
					 .arg = &is_done},
				 &edits, &fault),
		0);
	for (int s = 0; s < 12 && !is_done; s++)
		world_step(world);
	ck_assert(is_done);
}

START_TEST(edit_of_another_row_leaves_the_steps_as_they_are)
{
	struct ramp_view before, after;

	come_half_back(SMALL_VISITS);
	before = ramp_of_all();
	edit_house(29000);
	after = ramp_of_all();
	ck_assert_int_eq(after.sign, before.sign);
	ck_assert_int_eq(after.since_ms, before.since_ms);
	ck_assert_int_ge(after.released, before.released);
	follow_in_steps(300);
}
END_TEST

/* Nobody knows what was there before: no power has returned. */
START_TEST(stations_that_were_never_here_are_no_power_return)
{
	start(SMALL_VISITS);
	for (int s = 0; s < 120; s++) {
		world_step(world);
		ck_assert_int_eq(ramp_of_all().sign, RAMP_SIGN_NONE);
		ck_assert_ptr_null(world_alarm(world, ALARM_POWER_RETURNED, NULL));
	}
	ck_assert_ptr_nonnull(fleet_station(&core()->fleet, "CP-1")->session);
}
END_TEST

/* -- boots without a reason (OCPP 1.6) --------------------------------------------------------- */

#define ALL_OLD "ocpp16: [CP-1, CP-2, CP-3, CP-4]\n"

static void reset_all(void)
{
	for (int i = 0; i < STATIONS; i++) {
		struct call_request req = {.action = "Reset",
			.payload = "{\"type\":\"Immediate\"}",
			.actor = "user:test"};
		struct schema_error err;
		char id[37];

		ck_assert_int_eq(call_queue_add(core(),
					 fleet_station(&core()->fleet,
						 plant_station_id(world_plant(world), i)),
					 &req, id, &err),
			0);
	}
}

START_TEST(stations_that_we_reset_are_no_power_return)
{
	start(ALL_OLD SMALL_VISITS);
	world_run_until(world, "17:50");
	reset_all();
	for (int s = 0; s < 120; s++) {
		world_step(world);
		ck_assert_int_eq(ramp_of_all().sign, RAMP_SIGN_NONE);
	}
}
END_TEST

START_TEST(stations_that_boot_together_unasked_are_a_power_return)
{
	come_half_back(ALL_OLD SMALL_VISITS);
	ck_assert_int_eq(ramp_of_all().sign, RAMP_SIGN_STATIONS);
	follow_in_steps(300);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("return");
	TCase *t = tcase_create("return");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, power_returns_in_steps);
	tcase_add_test(t, restart_in_the_middle_goes_on_with_the_steps);
	tcase_add_test(t, restart_before_the_first_step_waits_for_it);
	tcase_add_test(t, edit_of_another_row_leaves_the_steps_as_they_are);
	tcase_add_test(t, stations_that_were_never_here_are_no_power_return);
	tcase_add_test(t, stations_that_we_reset_are_no_power_return);
	tcase_add_test(t, stations_that_boot_together_unasked_are_a_power_return);
	suite_add_tcase(s, t);
	return world_run_suite(s);
}
