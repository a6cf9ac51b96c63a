/*
 * Smart charging on the simulated clock: limits of others give room to the rest, a vehicle that
 * takes one period is safe when depotd dies, what a station lost is found after its reboot.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include "csms/station/call.h"
#include "csms/power/holding.h"
#include "csms/power/reconcile.h"
#include "tests/scenario/small.h"
#include "tests/scenario/world.h"

static struct world *world;
static char newest[4000]; /* TxProfile to CP-1 */
static int tx_profiles; /* to CP-1 */

static bool watch(void *ctx, const struct world_frame *f)
{
	(void)ctx;
	if (f->to_station && f->station == 0 && strstr(f->text, "\"TxProfile\"")) {
		snprintf(newest, sizeof newest, "%s", f->text);
		tx_profiles++;
	}
	return true;
}

static void setup(void)
{
	newest[0] = '\0';
	tx_profiles = 0;
	world = world_create(&(struct world_options){
		.seed = 3, .depot = small_depot, .scenario = SMALL_VISITS, .pass = watch});
	world_run_until(world, SMALL_ALL_HERE);
}

static void teardown(void)
{
	world_destroy(world);
}

static struct station *station(const char *id)
{
	return fleet_station(&world_core(world)->fleet, id);
}

static int64_t power_of_others(void)
{
	int64_t mw = 0;

	for (int i = 1; i < 4; i++)
		mw += plant_evse_mw(world_plant(world), i, 0);
	return mw;
}

START_TEST(limit_of_another_gives_its_room_to_the_rest)
{
	const struct evse *e = &station("CP-1")->evses[0];
	int64_t others, before = e->told.limit_w;

	ck_assert_int_gt(before, 5000);
	others = power_of_others();
	ck_assert(world_say(world, 0,
		"[2,\"x-1\",\"NotifyChargingLimit\",{\"evseId\":1,\"chargingLimit\":"
		"{\"chargingLimitSource\":\"EMS\"},\"chargingSchedule\":[{\"id\":1,"
		"\"chargingRateUnit\":\"W\",\"duration\":1800,\"chargingSchedulePeriod\":"
		"[{\"startPeriod\":0,\"limit\":5000}]}]}]"));
	world_run_s(world, 300);
	ck_assert_int_le(e->told.limit_w, 5000);
	ck_assert_str_eq(e->told.source, "EMS");
	ck_assert_int_gt(power_of_others(), others + 2000000);
	world_run_s(world, 1800); /* its duration is over */
	ck_assert_int_gt(e->told.limit_w, 5000);
	world_check_limits(world, WORLD_REACTION_S);
}
END_TEST

static int count(const char *text, const char *word)
{
	int n = 0;

	while ((text = strstr(text, word))) {
		text += strlen(word);
		n++;
	}
	return n;
}

START_TEST(rule_48_one_period_is_all_it_takes_and_still_ends_in_the_tail)
{
	int before = tx_profiles;

	ck_assert_int_gt(count(newest, "\"startPeriod\""), 1);
	ck_assert(world_say(world, 0,
		"[2,\"x-1\",\"NotifyEVChargingNeeds\",{\"evseId\":1,\"maxScheduleTuples\":1,"
		"\"chargingNeeds\":{\"requestedEnergyTransfer\":\"AC_three_phase\","
		"\"acChargingParameters\":{\"energyAmount\":60000,\"evMinCurrent\":6,"
		"\"evMaxCurrent\":32,\"evMaxVoltage\":230}}}]"));
	world_run_s(world, 20);
	ck_assert_int_gt(tx_profiles, before);
	world_run_s(world, 120);
	ck_assert_int_eq(count(newest, "\"startPeriod\""), 1);
	ck_assert_int_gt(plant_evse_mw(world_plant(world), 0, 0), SMALL_TAIL_W * 1000);
	world_kill(world);
	world_run_s(world, 2 * 900 + 60);
	ck_assert_int_le(plant_evse_mw(world_plant(world), 0, 0), SMALL_TAIL_W * 1000);
	world_check_limits(world, WORLD_REACTION_S);
}
END_TEST

START_TEST(rule_47_what_a_station_lost_in_its_reboot_is_found)
{
	struct schema_error err;
	struct reconcile_view seen;
	const struct plant_trouble gone = {.offline = true}, back = {0};
	bool found = false;

	ck_assert_int_eq(
		call_queue_add(world_core(world), station("CP-2"),
			&(struct call_request){.action = "SetChargingProfile",
				.actor = "user:test",
				.payload = "{\"evseId\":0,\"chargingProfile\":{\"id\":77,"
					   "\"stackLevel\":0,\"chargingProfilePurpose\":"
					   "\"ChargingStationMaxProfile\",\"chargingProfileKind\":"
					   "\"Absolute\",\"chargingSchedule\":[{\"id\":1,"
					   "\"startSchedule\":\"2026-03-11T16:00:00Z\","
					   "\"chargingRateUnit\":\"W\",\"chargingSchedulePeriod\":"
					   "[{\"startPeriod\":0,\"limit\":20000}]}]}}"},
			NULL, &err),
		0);
	world_run_s(world, 5);
	ck_assert_ptr_nonnull(holding_find(station("CP-2"), 77));
	ck_assert_str_eq(holding_find(station("CP-2"), 77)->owner, "user:test");
	world_answer(world, 1,
		"[2,\"behind-depotd\",\"ClearChargingProfile\",{\"chargingProfileId\":77}]");
	world_run_s(world, 5);
	plant_set_trouble(world_plant(world), 1, &gone);
	world_run_s(world, 120);
	plant_set_trouble(world_plant(world), 1, &back);
	world_run_s(world, 300);
	reconcile_look(station("CP-2"), &seen);
	ck_assert_int_eq(seen.state, RECONCILE_DIFFERS);
	for (int i = 0; i < seen.count; i++)
		found = found || strstr(seen.lines[i], "missing: profile 77 (user:test)");
	ck_assert(found);
	ck_assert_ptr_null(holding_find(station("CP-2"), 77));
	reconcile_look(station("CP-3"), &seen);
	ck_assert_int_eq(seen.state, RECONCILE_AGREES);
	world_check_limits(world, WORLD_REACTION_S);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("smart");
	TCase *t = tcase_create("smart");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, limit_of_another_gives_its_room_to_the_rest);
	tcase_add_test(t, rule_48_one_period_is_all_it_takes_and_still_ends_in_the_tail);
	tcase_add_test(t, rule_47_what_a_station_lost_in_its_reboot_is_found);
	suite_add_tcase(s, t);
	return world_run_suite(s);
}
