/*
 * depotd dies in the middle of the demo depot's night, as by SIGKILL.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "db/query_log.h"
#include "tests/scenario/world.h"

static struct world *world;

static void setup(void)
{
	world = world_create(&(struct world_options){.seed = 3});
}

static void setup_mixed(void)
{
	char *scenario = world_mixed_scenario();

	world = world_create(&(struct world_options){.seed = 4, .scenario = scenario});
	free(scenario);
}

static void teardown(void)
{
	world_destroy(world);
}

/* Every EVSE is bound by what the depot's file calls its safe tail. */
static void check_tails(void)
{
	struct plant *p = world_plant(world);

	for (int i = 0; i < plant_station_count(p); i++)
		for (int e = 0; e < plant_evse_count(p, i); e++) {
			int64_t tail_mw = plant_station_id(p, i)[0] == 'A' ? 4140000 : 5000000;

			ck_assert_int_le(plant_evse_limit_mw(p, i, e), tail_mw);
		}
}

START_TEST(site_settles_at_its_tails_when_depotd_is_gone)
{
	world_run_until(world, "21:00");
	ck_assert_int_gt(world_node(world, "site")->now_mw, 150000000);
	world_kill(world);
	world_run_s(world, 3600);
	check_tails();
	ck_assert_int_lt(world_node(world, "site")->now_mw, 140000000);
	ck_assert_int_gt(world_node(world, "site")->now_mw, 60000000);
	world_start(world);
	world_run_until(world, "22:30");
	ck_assert_int_gt(world_node(world, "site")->now_mw, 150000000);
	world_check_limits(world, 0);
}
END_TEST

/* -- what survives ---------------------------------------------------------------------------- */

#define STATIONS_MAX 16

struct before {
	int64_t epoch[STATIONS_MAX];
	int open;
};

static struct station *station_of(int i)
{
	return fleet_station(&world_core(world)->fleet, plant_station_id(world_plant(world), i));
}

static int count_open(void)
{
	int n = 0;

	for (int i = 0; i < plant_station_count(world_plant(world)); i++)
		for (int e = 0; e < station_of(i)->evse_count; e++)
			n += station_of(i)->evses[e].tx.is_open;
	return n;
}

static void remember(struct before *b)
{
	ck_assert_int_le(plant_station_count(world_plant(world)), STATIONS_MAX);
	for (int i = 0; i < plant_station_count(world_plant(world)); i++)
		b->epoch[i] = station_of(i)->epoch;
	b->open = count_open();
}

static void check_kept(const struct before *b)
{
	ck_assert_int_eq(count_open(), b->open);
	for (int i = 0; i < plant_station_count(world_plant(world)); i++) {
		struct station *s = station_of(i);

		ck_assert_int_eq(s->epoch, b->epoch[i]);
		ck_assert(s->has_booted);
		for (int e = 0; e < s->evse_count; e++)
			ck_assert(!s->evses[e].tx.is_open || s->evses[e].tx.vehicle);
	}
}

static void check_back(const struct before *b)
{
	for (int i = 0; i < plant_station_count(world_plant(world)); i++) {
		ck_assert_ptr_nonnull(station_of(i)->session);
		ck_assert_int_gt(station_of(i)->epoch, b->epoch[i]);
	}
}

static void check_morning(void)
{
	char why[300] = "";

	ck_assert_int_eq(world_count_ready(world), 20);
	world_check_limits(world, 0);
	ck_assert_msg(world_compare_sessions(world, why) == 20, "%s", why);
}

START_TEST(night_goes_on_after_restarts)
{
	static const char *const times[] = {"18:30", "20:40", "02:00"};
	struct before before;

	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		world_run_until(world, times[i]);
		remember(&before);
		ck_assert_int_gt(before.open, 5);
		world_kill(world);
		world_run_s(world, i == 1 ? 300 : 2);
		world_start(world);
		check_kept(&before);
		world_run_s(world, 180);
		check_back(&before);
	}
	world_run_until(world, "07:40");
	check_morning();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("restart");
	TCase *t = tcase_create("restart");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, site_settles_at_its_tails_when_depotd_is_gone);
	tcase_add_test(t, night_goes_on_after_restarts);
	suite_add_tcase(s, t);
	t = tcase_create("mixed");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup_mixed, teardown);
	tcase_add_test(t, night_goes_on_after_restarts);
	suite_add_tcase(s, t);
	return world_run_suite(s);
}
