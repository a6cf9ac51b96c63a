/*
 * Several nights of a van: what depotd told of its departures and how those ended stand in the journal,
 * of nights in which all goes well, in which its charger has too little, and in which it leaves early.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include "csms/vehicles/chances.h"
#include "csms/vehicles/chances_report.h"
#include "scheduler/readiness.h"
#include "tests/scenario/world.h"

static struct world *world;
static struct arena *arena;
static struct chances_report report;
static struct db_chance_list rows;

static const char depot[] =
	"depot: small\nname: Small\ntimezone: Europe/Amsterdam\n"
	"nodes:\n"
	"  - {id: site, kind: site, limit_w: 60000, meter: main}\n"
	"  - {id: weak, kind: feeder, parent: site, limit_w: %d}\n"
	"meters:\n"
	"  - {id: main, map: eastron-sdm630, tcp: {host: 127.0.0.1, port: 1502}, unit: 1}\n"
	"stations:\n"
	"  - {id: CP-1, node: weak, evses: [{id: 1, kind: dc, max_w: 22000, min_w: 1380, tail_w: 0}]}\n"
	"vehicles:\n"
	"  - {id: V-1, token: T1, battery_wh: 90000, max_ac_w: 22000, max_dc_w: 22000, min_w: 1380, "
	"target_pct: 90, departs: \"06:00\"}\n";

static void start(int weak_w, const char *visits)
{
	static char text[4000];
	char why[400];

	snprintf(text, sizeof text, depot, weak_w);
	world = world_create(&(struct world_options){.seed = 4, .depot = text, .scenario = visits});
	ck_assert_msg(chances_create(world_core(world), why) != NULL, "%s", why);
	arena = arena_create(0);
}

static void teardown(void)
{
	chances_destroy(world_core(world)->chances);
	world_destroy(world);
	arena_destroy(arena);
}

static void read_all(struct db_reader *r, void *arg)
{
	(void)arg;
	ck_assert_int_eq(db_query_chances(r, (wall_t){0}, READINESS_MODEL, arena, &rows), 0);
	ck_assert_int_eq(chances_report_read(r, (wall_t){0}, arena, &report), 0);
}

static void look(void)
{
	world_run_s(world, 5);
	ck_assert_int_eq(db_read_now(world_core(world)->db, read_all, NULL), 0);
}

static const char daily[] =
	"visits:\n  - {vehicle: V-1, station: CP-1, arrives: \"17:00\", soc_pct: 20}\n";

START_TEST(a_night_that_goes_well_is_told_twice_and_met)
{
	start(22000, daily);
	world_run_until(world, "17:20");
	look();
	ck_assert_uint_eq(rows.count, 1);
	ck_assert_str_eq(rows.items[0].moment, "plugged_in");
	ck_assert_int_ge(rows.items[0].chance_pm, 900);
	ck_assert_int_eq(rows.items[0].target_wh, 81000);
	ck_assert(!rows.items[0].is_over);
	world_run_until(world, "05:00");
	look();
	ck_assert_uint_eq(rows.count, 2); /* no more than one at each moment */
	ck_assert_int_eq(report.waiting, 1);
	world_run_until(world, "07:00");
	look();
	ck_assert_uint_eq(rows.count, 2);
	ck_assert(rows.items[0].is_over && rows.items[0].has_ready && rows.items[0].ready);
	ck_assert_int_eq(report.departures, 1);
	ck_assert_int_eq(report.unknown + report.waiting, 0);
}
END_TEST

/* 3 kW for 13 hours are 39 kWh; 63 are needed. */
START_TEST(who_cannot_have_enough_is_told_so_and_is_not_ready)
{
	start(3000, daily);
	world_run_until(world, "07:00");
	look();
	ck_assert_uint_eq(rows.count, 2);
	ck_assert_int_eq(rows.items[0].chance_pm, 0);
	ck_assert(rows.items[0].has_ready && !rows.items[0].ready);
	ck_assert_int_eq(report.bins[0].count, 1);
	ck_assert_int_eq(report.bins[0].ready, 0);
}
END_TEST

START_TEST(who_leaves_long_before_its_time_is_not_known)
{
	start(22000,
		"visits:\n  - {vehicle: V-1, station: CP-1, arrives_at: \"2026-03-11T16:00:00Z\", "
		"departs_at: \"2026-03-11T20:00:00Z\", soc_pct: 20}\n");
	world_run_until(world, "07:00");
	look();
	ck_assert_uint_eq(rows.count, 1);
	ck_assert(rows.items[0].is_over && !rows.items[0].has_ready);
	ck_assert_int_eq(report.unknown, 1);
}
END_TEST

START_TEST(several_nights_are_counted_over_a_restart)
{
	char why[400];

	start(22000, daily);
	for (int night = 0; night < 3; night++) {
		world_run_until(world, "22:00");
		if (night == 1) { /* taken up again from the store */
			chances_destroy(world_core(world)->chances);
			ck_assert_msg(chances_create(world_core(world), why) != NULL, "%s", why);
		}
		world_run_until(world, "07:00");
	}
	look();
	ck_assert_int_eq(report.departures, 3);
	ck_assert_int_eq(report.unknown + report.waiting, 0);
	ck_assert_uint_eq(rows.count, 6);
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("chances");
	Suite *s = suite_create("chances");

	tcase_set_timeout(c, 120);
	tcase_add_checked_fixture(c, NULL, teardown);
	tcase_add_test(c, a_night_that_goes_well_is_told_twice_and_met);
	tcase_add_test(c, who_cannot_have_enough_is_told_so_and_is_not_ready);
	tcase_add_test(c, who_leaves_long_before_its_time_is_not_known);
	tcase_add_test(c, several_nights_are_counted_over_a_restart);
	suite_add_tcase(s, c);
	return world_run_suite(s);
}
