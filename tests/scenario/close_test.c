/*
 * Who is ready just before it leaves: by choice, since energy is cheapest then, or since there is no more
 * time. Only the second is at risk.
 */
#include <check.h>
#include <string.h>
#include "csms/power/control.h"
#include "csms/view/view.h"
#include "tests/scenario/world.h"

static struct world *world;
static struct arena *arena;

/* Energy is cheap from four to six only, when the van leaves. */
static const char depot[] =
	"depot: small\nname: Small\ntimezone: Europe/Amsterdam\n"
	"nodes:\n"
	"  - {id: site, kind: site, limit_w: 60000, meter: main}\n"
	"meters:\n"
	"  - {id: main, map: eastron-sdm630, tcp: {host: 127.0.0.1, port: 1502}, unit: 1}\n"
	"stations:\n"
	"  - {id: CP-1, node: site, evses: [{id: 1, kind: dc, max_w: 22000, min_w: 1380, tail_w: 0}]}\n"
	"vehicles:\n"
	"  - {id: V-1, token: T1, battery_wh: 90000, max_ac_w: 22000, max_dc_w: 22000, min_w: 1380, "
	"target_pct: 90, departs: \"06:00\"}\n"
	"tariffs:\n"
	"  - {id: night, currency: EUR, import: [{id: energy, periods: [{id: dear, hours: "
	"[\"06:00-04:00\"], price: 0.60}, {id: cheap, hours: [\"04:00-06:00\"], price: 0.10}]}]}\n";

static void begin(const char *visits)
{
	world = world_create(
		&(struct world_options){.seed = 7, .depot = depot, .scenario = visits});
	arena = arena_create(0);
}

static void teardown(void)
{
	world_destroy(world);
	arena_destroy(arena);
}

static struct api_vehicle_view look(void)
{
	struct api_vehicle_view out;

	view_vehicle(
		world_core(world), fleet_vehicle(&world_core(world)->fleet, "V-1"), arena, &out);
	return out;
}

static int64_t spare_min(const struct api_vehicle_view *v)
{
	ck_assert(v->has_ready_at && v->has_departs_at);
	return wall_diff_ms(v->departs_at, v->ready_at) / 60000;
}

START_TEST(late_by_choice_is_no_risk)
{
	struct api_vehicle_view v;

	begin("visits:\n  - {vehicle: V-1, station: CP-1, arrives: \"17:00\", soc_pct: 46}\n");
	world_run_until(world, "18:00");
	v = look();
	ck_assert_int_lt(spare_min(&v), 15);
	ck_assert_msg(strcmp(v.state, "waits") == 0, "%s: %s", v.state, v.reason);
}
END_TEST

START_TEST(late_since_there_is_no_more_time_is_a_risk)
{
	struct api_vehicle_view v;

	begin("visits:\n  - {vehicle: V-1, station: CP-1, arrives: \"04:01\", soc_pct: 53}\n");
	world_run_until(world, "04:10");
	v = look();
	ck_assert_int_lt(spare_min(&v), 15);
	ck_assert_str_eq(v.state, "at_risk");
	ck_assert_msg(strstr(v.reason, "nearly all the time"), "%s", v.reason);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("close");
	TCase *t = tcase_create("close");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 300);
	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, late_by_choice_is_no_risk);
	tcase_add_test(t, late_since_there_is_no_more_time_is_a_risk);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
