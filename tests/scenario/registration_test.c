/*
 * Stations that are not accepted: pending until somebody accepts them, rejected for good.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/scenario/small.h"
#include "tests/scenario/world.h"

static struct world *world;
static int calls, profiles; /* to CP-2 */

static bool count_calls(void *ctx, const struct world_frame *f)
{
	(void)ctx;
	if (f->to_station && f->station == 1 && strncmp(f->text, "[2,", 3) == 0) {
		calls++;
		profiles += strstr(f->text, "\"SetChargingProfile\"") != NULL;
	}
	return true;
}

static void start(const char *policy)
{
	static const char row[] = "{id: CP-2, ";
	const char *at = strstr(small_depot, row);
	char depot[sizeof small_depot + 40];

	ck_assert_ptr_nonnull(at);
	at += strlen(row);
	snprintf(depot, sizeof depot, "%.*spolicy: %s, %s", (int)(at - small_depot), small_depot,
		policy, at);
	calls = profiles = 0;
	world = world_create(&(struct world_options){
		.seed = 11, .depot = depot, .scenario = SMALL_VISITS, .pass = count_calls});
}

static void teardown(void)
{
	world_destroy(world);
}

static const struct station *station(void)
{
	return fleet_station(&world_core(world)->fleet, "CP-2");
}

static void on_done(void *arg, int status, const char *why)
{
	ck_assert_msg(status == 0, "%s", why);
	*(bool *)arg = true;
}

static void put_policy(enum event_registration policy)
{
	struct event_evse evse = {.id = 1,
		.kind = "ac",
		.max_w = 22000,
		.min_w = 4140,
		.tail_w = 4140,
		.phases = 3,
		.connectors = 1};
	struct event_station_registered reg = {
		.policy = policy, .node = "feeder", .source = "api", .evses = {1, &evse}};
	bool is_done = false;
	char why[300];

	ck_assert_msg(core_put_station(world_core(world), "CP-2", &reg, NULL, "user:test", on_done,
			      &is_done, why) == 0,
		"%s", why);
	world_run_s(world, 10);
	ck_assert(is_done);
}

START_TEST(pending_station_serves_once_it_is_accepted)
{
	int64_t full_mw;

	start("pending");
	world_run_until(world, SMALL_ALL_HERE);
	ck_assert_ptr_nonnull(station()->session);
	ck_assert(!plant_station_is_accepted(world_plant(world), 1));
	ck_assert_int_eq(profiles, 0);
	ck_assert_int_eq(plant_evse_mw(world_plant(world), 1, 0), 0);
	put_policy(EVENT_REGISTRATION_ACCEPTED);
	world_run_s(world, 30);
	ck_assert(plant_station_is_accepted(world_plant(world), 1));
	ck_assert_int_eq(station()->boot_status, EVENT_REGISTRATION_ACCEPTED);
	world_run_s(world, 300);
	ck_assert_int_gt(profiles, 1);
	full_mw = plant_evse_mw(world_plant(world), 1, 0);
	ck_assert_int_gt(full_mw, 4000000);
	world_check_limits(world, WORLD_REACTION_S);
}
END_TEST

START_TEST(rejected_station_gets_no_calls_at_all)
{
	start("rejected");
	world_run_until(world, "19:00");
	ck_assert_ptr_nonnull(station()->session);
	ck_assert(!plant_station_is_accepted(world_plant(world), 1));
	ck_assert_int_eq(calls, 0);
	ck_assert_int_gt(plant_evse_mw(world_plant(world), 0, 0), 4000000);
	world_check_limits(world, 0);
}
END_TEST

START_TEST(accepted_station_that_is_rejected_is_told_nothing_more)
{
	start("accepted");
	world_run_until(world, SMALL_ALL_HERE);
	ck_assert_int_gt(profiles, 1);
	put_policy(EVENT_REGISTRATION_REJECTED);
	world_run_s(world, 120); /* its connection is closed, it comes back */
	calls = 0;
	world_run_s(world, 3600);
	ck_assert_int_eq(calls, 0);
	world_check_limits(world, WORLD_REACTION_S);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("registration");
	TCase *t = tcase_create("registration");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, pending_station_serves_once_it_is_accepted);
	tcase_add_test(t, rejected_station_gets_no_calls_at_all);
	tcase_add_test(t, accepted_station_that_is_rejected_is_told_nothing_more);
	suite_add_tcase(s, t);
	return world_run_suite(s);
}
