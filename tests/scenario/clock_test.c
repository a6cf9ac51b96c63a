/*
 * Clocks that lie: depotd's is set, or those of its stations are wrong by hours. What is told, what
 * is believed and what is left without depotd must not depend on it.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/alarms.h"
#include "csms/power/control.h"
#include "csms/core.h"
#include "csms/power/setpoint.h"
#include "db/query.h"
#include "tests/scenario/small.h"
#include "tests/scenario/world.h"

#define HOUR_MS  3600000
#define STATIONS 4
#define LEASE_S  300
#define SEEN_S   25 /* a charger that disobeys below a node without a meter (docs/energy.md) */

static struct world *world;

/* The small depot whose feeder, without a meter, is what binds. */
static void setup(void)
{
	static char depot[sizeof small_depot];

	strcpy(depot, small_depot);
	memcpy(strstr(depot, "limit_w: 50000"), "limit_w: 35000", 14);
	world = world_create(&(struct world_options){.seed = 9,
		.depot = depot,
		.scenario = SMALL_VISITS,
		.config = "control: {lease_s: 300}\n"});
}

static void teardown(void)
{
	world_destroy(world);
}

static int64_t all_power_w(void)
{
	int64_t sum = 0;

	for (int i = 0; i < STATIONS; i++)
		sum += plant_evse_mw(world_plant(world), i, 0) / 1000;
	return sum;
}

/* depotd dies: two leases later all hold their tails, and on the way no limit is broken. */
static void check_rest(void)
{
	world_kill(world);
	world_forget_nodes(world);
	world_run_s(world, 2 * LEASE_S + 30);
	world_check_limits(world, WORLD_REACTION_S);
	for (int i = 0; i < STATIONS; i++)
		ck_assert_int_le(
			plant_evse_limit_mw(world_plant(world), i, 0), SMALL_TAIL_W * 1000);
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

/* What is left of a lease counts by its station's clock: set by hours it changes nothing of what is
 * told and lasts. */
static void set_and_check(int64_t ms)
{
	world_run_until(world, "18:00");
	ck_assert_int_gt(all_power_w(), 30000);
	world_step_clock(world, ms);
	for (int i = 0; i < 20; i++) {
		world_run_s(world, 30);
		ck_assert_int_gt(all_power_w(), 28000);
	}
	world_check_limits(world, WORLD_REACTION_S);
	check_rest();
}

START_TEST(our_clock_is_set_an_hour_back)
{
	set_and_check(-HOUR_MS);
}
END_TEST

START_TEST(our_clock_is_set_an_hour_ahead)
{
	set_and_check(HOUR_MS);
}
END_TEST

START_TEST(our_clock_is_set_a_day_ahead)
{
	set_and_check(26 * HOUR_MS);
}
END_TEST

START_TEST(our_clock_is_a_day_ahead_after_a_restart)
{
	world_run_until(world, "18:00");
	world_kill(world);
	world_step_clock(world, 26 * HOUR_MS);
	world_start(world);
	world_run_s(world, 600);
	world_check_limits(world, WORLD_REACTION_S);
	ck_assert_int_gt(all_power_w(), 28000);
	check_rest();
}
END_TEST

/* -- the stations' ----------------------------------------------------------------------------- */

static void set_stations(const int64_t ms[STATIONS])
{
	for (int i = 0; i < STATIONS; i++)
		plant_set_trouble(
			world_plant(world), i, &(struct plant_trouble){.clock_ms = ms[i]});
}

static void read_sessions(struct db_reader *r, void *arg)
{
	struct arena *a = arena_create(0);
	struct db_transaction_list list = {0};
	const char *except = arg;
	wall_t now = world_now(world), first = wall_add_ms(now, -2 * HOUR_MS);

	ck_assert_ptr_nonnull(a);
	ck_assert_int_eq(
		db_query_transactions(r, &(struct db_transaction_filter){.limit = 100}, a, &list),
		0);
	ck_assert_int_ge(list.count, STATIONS);
	for (size_t i = 0; i < list.count; i++) {
		const struct db_transaction *t = &list.items[i];
		wall_t times[] = {t->heard_at, t->started_at, t->last_at,
			t->open ? t->last_at : t->ended_at, t->has_meter_wh ? t->meter_at : now};

		for (size_t j = 0;
			strcmp(t->station, except) != 0 && j < sizeof times / sizeof *times; j++)
			ck_assert_msg(times[j].ms >= first.ms && times[j].ms <= now.ms,
				"%s/%s: time %zu is %lld s ahead of now", t->station, t->id, j,
				(long long)wall_diff_ms(times[j], now) / 1000);
	}
	arena_destroy(a);
}

/* What the journal says of them is by our clock; but of a station whose clock was days behind before
 * anything was known of it. */
static void check_session_times(const char *except)
{
	ck_assert_int_eq(db_read_now(world_core(world)->db, read_sessions, (void *)except), 0);
}

START_TEST(stations_whose_clocks_are_hours_off_are_told_by_their_own)
{
	set_stations((int64_t[]){HOUR_MS, -HOUR_MS, 50 * HOUR_MS, -50 * HOUR_MS});
	world_run_until(world, "18:00");
	ck_assert_int_gt(all_power_w(), 30000);
	check_session_times("CP-4");
	world_check_limits(world, WORLD_REACTION_S);
	check_rest();
}
END_TEST

/* By its clock the lease of 0 W is over at once, and one message is all that has told of that clock: it
 * counts with its tail before a van is there, for what the others are given now lasts without depotd. */
START_TEST(an_idle_evse_whose_clock_is_ahead_counts_with_its_tail)
{
	struct control *k;

	set_stations((int64_t[]){HOUR_MS, 0, 50 * HOUR_MS, 0});
	world_run_s(world, 60);
	k = world_core(world)->control;
	for (int i = 0; i < STATIONS; i++) {
		char id[8];
		int64_t holds_mw = plant_evse_limit_mw(world_plant(world), i, 0);
		struct station *s;

		snprintf(id, sizeof id, "CP-%d", i + 1);
		s = fleet_station(&world_core(world)->fleet, id);
		ck_assert_int_eq(holds_mw, i % 2 ? 0 : SMALL_TAIL_W * 1000);
		ck_assert_int_eq(
			lane_bound_w(control_lane(k, &s->evses[0]), clock_mono()) * 1000, holds_mw);
	}
}
END_TEST

START_TEST(a_stations_clock_that_is_set_is_followed)
{
	world_run_until(world, "18:00");
	set_stations((int64_t[]){HOUR_MS, -HOUR_MS, 50 * HOUR_MS, -2 * HOUR_MS});
	world_run_s(world, 240);
	world_forget_nodes(world);
	world_run_s(world, 600);
	ck_assert_int_gt(all_power_w(), 30000);
	world_check_limits(world, WORLD_REACTION_S);
	check_rest();
}
END_TEST

/* Its transaction seems to begin in the time to come: it is no reason to wait before it is told. */
START_TEST(a_station_whose_clock_is_ahead_is_told_again_after_a_restart_and_a_boot)
{
	struct plant_trouble t = {.clock_ms = 26 * HOUR_MS};
	struct evse *e;

	plant_set_trouble(world_plant(world), 3, &t);
	world_run_until(world, "18:00");
	world_kill(world);
	world_run_s(world, 30);
	world_start(world);
	world_run_s(world, 30);
	t.no_power = true;
	plant_set_trouble(world_plant(world), 3, &t);
	world_run_s(world, 60);
	t.no_power = false;
	plant_set_trouble(world_plant(world), 3, &t);
	world_run_s(world, 60);
	e = station_evse(fleet_station(&world_core(world)->fleet, "CP-4"), 1);
	ck_assert(e->tx.is_open);
	ck_assert_int_gt(control_lane(world_core(world)->control, e)->own.lease_ms, 0);
}
END_TEST

/* In the last life of depotd its clock showed the year 9999; it is right now. */
START_TEST(an_evse_stays_limited_after_a_restart_by_a_clock_that_was_far_off)
{
	struct plant_trouble t = {.clock_ms = INT64_C(251607016404) * 1000};
	struct station *s;
	struct evse *e;

	plant_set_trouble(world_plant(world), 3, &t);
	world_run_until(world, "18:00");
	s = fleet_station(&world_core(world)->fleet, "CP-4");
	ck_assert_int_gt(s->clock.kept_ms, 50 * HOUR_MS);
	check_session_times("");
	world_kill(world);
	t.clock_ms = 0;
	plant_set_trouble(world_plant(world), 3, &t);
	world_start(world);
	world_run_s(world, 10);
	s = fleet_station(&world_core(world)->fleet, "CP-4");
	e = station_evse(s, 1);
	ck_assert(!s->clock.is_known);
	/* What it was told first is in force by the clock that it has, and no more is believed. */
	ck_assert_int_le(plant_evse_limit_mw(world_plant(world), 3, 0), SMALL_TAIL_W * 1000);
	ck_assert_int_ge(lane_held_w(control_lane(world_core(world)->control, e), clock_mono()),
		SMALL_TAIL_W);
	world_run_s(world, 300);
	ck_assert(s->clock.is_known);
	world_check_limits(world, WORLD_REACTION_S);
	check_session_times("");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("clock");
	TCase *t = tcase_create("clock");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_charger_that_disobeys_is_seen_after_a_restart_by_a_clock_that_was_late);
	tcase_add_test(t, our_clock_is_set_an_hour_back);
	tcase_add_test(t, our_clock_is_set_an_hour_ahead);
	tcase_add_test(t, our_clock_is_set_a_day_ahead);
	tcase_add_test(t, our_clock_is_a_day_ahead_after_a_restart);
	tcase_add_test(t, stations_whose_clocks_are_hours_off_are_told_by_their_own);
	tcase_add_test(t, an_idle_evse_whose_clock_is_ahead_counts_with_its_tail);
	tcase_add_test(t, a_stations_clock_that_is_set_is_followed);
	tcase_add_test(t, a_station_whose_clock_is_ahead_is_told_again_after_a_restart_and_a_boot);
	tcase_add_test(t, an_evse_stays_limited_after_a_restart_by_a_clock_that_was_far_off);
	suite_add_tcase(s, t);
	return world_run_suite(s);
}
