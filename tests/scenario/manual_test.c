/*
 * A station that operators control: depotd sends it no charging profile, and counts it with all that
 * its EVSE can draw.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include "csms/power/control.h"
#include "csms/power/setpoint.h"
#include "tests/scenario/small.h"
#include "tests/scenario/world.h"

static struct world *world;
static int profiles; /* to CP-2 */
static int64_t first_bound_w; /* what it counted with when the first of them was on its way */

static int64_t bound_w(void);

static bool count_profiles(void *ctx, const struct world_frame *f)
{
	(void)ctx;
	if (!f->to_station || f->station != 1 || !strstr(f->text, "\"SetChargingProfile\""))
		return true;
	if (!profiles++)
		first_bound_w = bound_w();
	return true;
}

static void start(const char *control, int max_w)
{
	static const char row[] = "{id: CP-2, ";
	const char *at = strstr(small_depot, row) + strlen(row);
	char depot[sizeof small_depot + 100];

	snprintf(depot, sizeof depot,
		"%.*scontrol: %s, node: feeder, evses: [{id: 1, kind: ac, max_w: %d, min_w: 4140, tail_w: 4140}]}\n%s",
		(int)(at - small_depot), small_depot, control, max_w, strchr(at, '\n') + 1);
	profiles = 0;
	world = world_create(&(struct world_options){
		.seed = 11, .depot = depot, .scenario = SMALL_VISITS, .pass = count_profiles});
}

static void teardown(void)
{
	world_destroy(world);
}

static struct station *station(void)
{
	return fleet_station(&world_core(world)->fleet, "CP-2");
}

static int64_t bound_w(void)
{
	return lane_bound_w(
		control_lane(world_core(world)->control, &station()->evses[0]), clock_mono());
}

static void on_done(void *arg, int status, const char *why)
{
	ck_assert_msg(status == 0, "%s", why);
	*(bool *)arg = true;
}

static int put(enum event_control control, int64_t max_w, char why[300])
{
	static bool is_done;
	struct event_evse evse = {.id = 1,
		.kind = "ac",
		.max_w = max_w,
		.min_w = 4140,
		.tail_w = 4140,
		.phases = 3,
		.connectors = 1};
	struct event_station_registered reg = {.node = "feeder",
		.source = "api",
		.evses = {1, &evse},
		.has_control = true,
		.control = control};

	return core_put_station(
		world_core(world), "CP-2", &reg, NULL, "user:test", on_done, &is_done, why);
}

START_TEST(manual_station_gets_no_profiles_and_counts_in_full)
{
	start("manual", 16000);
	world_run_until(world, SMALL_ALL_HERE);
	ck_assert(station()->evses[0].tx.is_open);
	ck_assert_int_eq(profiles, 0);
	ck_assert_int_eq(bound_w(), 16000);
	/* 16 kW of 50 kW at the feeder are its own: the others share the rest. */
	ck_assert_int_gt(plant_evse_mw(world_plant(world), 1, 0), 15000000);
	world_run_until(world, "19:00");
	world_check_limits(world, 0);
}
END_TEST

START_TEST(it_can_be_handed_over_and_back)
{
	char why[300];

	start("automatic", 16000);
	world_run_until(world, SMALL_ALL_HERE);
	ck_assert_int_gt(profiles, 1);
	ck_assert_msg(put(EVENT_CONTROL_MANUAL, 16000, why) == 0, "%s", why);
	world_run_s(world, 10);
	ck_assert(station()->is_manual);
	profiles = 0;
	world_run_s(world, 3600);
	ck_assert_int_eq(profiles, 0);
	ck_assert_int_eq(bound_w(), 16000);
	ck_assert_msg(put(EVENT_CONTROL_AUTOMATIC, 16000, why) == 0, "%s", why);
	world_run_s(world, 60);
	ck_assert_int_gt(profiles, 1);
	ck_assert_int_eq(first_bound_w, 16000); /* until it has taken ours */
	ck_assert_int_ge(station()->evses[0].told.limit_w, 0);
	world_run_until(world, "21:00");
	world_check_limits(world, WORLD_REACTION_S);
}
END_TEST

START_TEST(one_that_does_not_fit_in_full_is_refused_with_node_and_sum)
{
	char why[300];

	start("automatic", 16000);
	world_run_s(world, 5);
	ck_assert_int_eq(put(EVENT_CONTROL_MANUAL, 40000, why), -1);
	ck_assert_msg(strstr(why, "site") && strstr(why, "82420 W"), "%s", why);
	ck_assert_int_eq(put(EVENT_CONTROL_AUTOMATIC, 40000, why), 0);
	world_run_s(world, 5);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("manual");
	TCase *t = tcase_create("manual");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, manual_station_gets_no_profiles_and_counts_in_full);
	tcase_add_test(t, it_can_be_handed_over_and_back);
	tcase_add_test(t, one_that_does_not_fit_in_full_is_refused_with_node_and_sum);
	suite_add_tcase(s, t);
	return world_run_suite(s);
}
