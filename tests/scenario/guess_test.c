/*
 * A van whose charger does not tell its state of charge: what is only guessed is said as a guess, and
 * what the van says itself, that it takes no more, counts as long as nothing else is known.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include "csms/power/control.h"
#include "csms/vehicles/told_soc.h"
#include "csms/vehicles/vehicle_charge.h"
#include "csms/view/view.h"
#include "tests/scenario/world.h"

static struct world *world;
static struct arena *arena;

/* 72 kWh by the guess, of which 40 fit into two hours. */
static const char depot[] =
	"depot: small\nname: Small\ntimezone: Europe/Amsterdam\n"
	"nodes:\n"
	"  - {id: site, kind: site, limit_w: 60000, meter: main}\n"
	"meters:\n"
	"  - {id: main, map: eastron-sdm630, tcp: {host: 127.0.0.1, port: 1502}, unit: 1}\n"
	"stations:\n"
	"  - {id: CP-1, node: site, evses: [{id: 1, kind: ac, max_w: 22000, min_w: 4140, tail_w: 0}]}\n"
	"vehicles:\n"
	"  - {id: V-1, token: T1, battery_wh: 90000, max_ac_w: 22000, max_dc_w: 22000, min_w: 4140, "
	"target_pct: 90, departs: \"%s\"}\n";

static void begin(const char *departs, const char *visits)
{
	static char text[2000];

	snprintf(text, sizeof text, depot, departs);
	world = world_create(&(struct world_options){.seed = 5, .depot = text, .scenario = visits});
	arena = arena_create(0);
}

static void teardown(void)
{
	world_destroy(world);
	arena_destroy(arena);
}

static struct vehicle *van(void)
{
	return fleet_vehicle(&world_core(world)->fleet, "V-1");
}

static struct api_vehicle_view look(void)
{
	struct api_vehicle_view out;

	view_vehicle(world_core(world), van(), arena, &out);
	return out;
}

START_TEST(what_is_guessed_is_said_as_a_guess)
{
	struct api_vehicle_view v;
	struct api_plan plan;

	begin("19:00",
		"visits:\n  - {vehicle: V-1, station: CP-1, arrives: \"17:00\", soc_pct: 50}\n");
	world_run_until(world, "17:10");
	v = look();
	ck_assert_str_eq(v.state, "at_risk");
	ck_assert_ptr_nonnull(strstr(v.reason, "not known"));
	ck_assert_ptr_nonnull(strstr(v.reason, "10\xe2\x80\xaf%"));
	ck_assert_ptr_nonnull(strstr(v.reason, "may be missing"));
	ck_assert_str_eq(v.need_by, "guess");
	view_plan(world_core(world), arena, &plan);
	ck_assert_ptr_nonnull(strstr(plan.sentence, "may be missing"));
	ck_assert_str_eq(plan.vehicles.items[0].need_by, "guess");
}
END_TEST

START_TEST(a_van_that_is_full_stays_so)
{
	begin("19:00",
		"visits:\n  - {vehicle: V-1, station: CP-1, arrives: \"17:00\", soc_pct: 100}\n");
	world_run_until(world, "17:10");
	ck_assert_str_eq(look().state, "ready");
	for (int i = 0; i < 105; i++) {
		struct api_vehicle_view v;

		world_run_s(world, 60);
		v = look();
		ck_assert_msg(strcmp(v.state, "ready") == 0, "after %d min: %s: %s", i, v.state,
			v.reason ? v.reason : "");
		ck_assert_str_eq(v.need_by, "full");
		ck_assert_int_eq(
			control_plan_row(world_core(world)->control, van()->evse)->planned_wh, 0);
	}
}
END_TEST

/* It is asked again now and then with the least power: a van with a clock of its own may want more. */
START_TEST(a_full_van_is_asked_again_and_taken_at_its_word)
{
	const struct evse *e;
	int offered_s = 0;

	begin("06:00",
		"visits:\n  - {vehicle: V-1, station: CP-1, arrives: \"17:00\", soc_pct: 100}\n");
	world_run_until(world, "17:10");
	e = van()->evse;
	for (int s = 0; s < 3 * 3600; s++) {
		world_step(world);
		offered_s += e->told.limit_w > 0;
		ck_assert_int_le(e->told.limit_w, 4140);
	}
	ck_assert_int_ge(offered_s, 2 * 60);
	ck_assert_int_le(offered_s, 30 * 60);
}
END_TEST

START_TEST(what_it_said_outlives_a_restart)
{
	begin("06:00",
		"visits:\n  - {vehicle: V-1, station: CP-1, arrives: \"17:00\", soc_pct: 100}\n");
	world_run_until(world, "17:10");
	world_kill(world);
	world_run_s(world, 20);
	world_start(world);
	world_run_s(world, 120);
	ck_assert_str_eq(look().state, "ready");
	ck_assert_str_eq(look().need_by, "full");
	ck_assert_int_eq(van()->evse->told.limit_w, 0);
}
END_TEST

START_TEST(a_reading_from_after_it_says_otherwise)
{
	struct api_vehicle_view v;

	begin("06:00",
		"visits:\n  - {vehicle: V-1, station: CP-1, arrives: \"17:00\", soc_pct: 100}\n");
	world_run_until(world, "17:10");
	van()->soc_pct = reading_of(40, clock_wall());
	control_evse_changed(world_core(world)->control, van()->evse, "test");
	world_run_s(world, 60);
	v = look();
	ck_assert_str_eq(v.need_by, "telematics");
	ck_assert_int_eq(v.need_wh, 45000);
	ck_assert_str_eq(v.state, "at_risk");
	ck_assert_ptr_nonnull(strstr(v.reason, "takes no power"));
}
END_TEST

static enum told_soc_end tell(double pct, int minutes_ago, const char *actor)
{
	char say[300];
	wall_t at = wall_add_ms(clock_wall(), -60000 * (int64_t)minutes_ago);

	return told_soc_take(world_core(world), van(), pct, at, actor, say);
}

/* Half full, as its driver read off it: 40 of 90 kWh are missing and not 80. */
START_TEST(what_a_person_tells_counts)
{
	struct api_vehicle_view v;

	begin("19:30",
		"visits:\n  - {vehicle: V-1, station: CP-1, arrives: \"17:00\", soc_pct: 50}\n");
	world_run_until(world, "17:10");
	ck_assert_str_eq(look().need_by, "guess");
	ck_assert_int_eq(tell(53, 2, "user:anna"), TOLD_SOC_COUNTS);
	world_run_s(world, 60);
	v = look();
	ck_assert_str_eq(v.need_by, "person");
	ck_assert_str_eq(v.soc_source, "told by anna");
	ck_assert_str_eq(v.state, "charging");
	ck_assert_int_le(v.need_wh, 33300);
	ck_assert_int_ge(v.need_wh, 32000);
}
END_TEST

START_TEST(what_a_person_tells_is_raised_by_what_it_took_over_a_restart)
{
	struct api_vehicle_view v;
	double before;

	begin("23:30",
		"visits:\n  - {vehicle: V-1, station: CP-1, arrives: \"17:00\", soc_pct: 50}\n");
	world_run_until(world, "17:10");
	ck_assert_int_eq(tell(53, 0, "user:anna"), TOLD_SOC_COUNTS);
	world_run_until(world, "18:10");
	before = look().soc_pct;
	ck_assert_double_gt(before, 65);
	world_kill(world);
	world_run_s(world, 20);
	world_start(world);
	world_run_s(world, 120);
	v = look();
	ck_assert_str_eq(v.soc_source, "told by anna");
	ck_assert_str_eq(v.need_by, "person");
	ck_assert_double_ge(v.soc_pct, before);
	ck_assert_double_le(v.soc_pct, before + 2);
}
END_TEST

/* The time of what was read decides, not who says it, nor when it was said. */
START_TEST(the_newest_word_counts)
{
	begin("23:30",
		"visits:\n  - {vehicle: V-1, station: CP-1, arrives: \"17:00\", soc_pct: 50}\n");
	world_run_until(world, "17:10");
	ck_assert_int_eq(tell(53, 2, "user:anna"), TOLD_SOC_COUNTS);
	ck_assert_int_eq(tell(20, 5, "user:ben"), TOLD_SOC_LATE);
	ck_assert_str_eq(look().soc_source, "told by anna");
	ck_assert_int_eq(tell(20, 2 * 1440, "user:ben"), TOLD_SOC_REFUSED);
	ck_assert_int_eq(tell(20, -5, "user:ben"), TOLD_SOC_REFUSED);
	van()->evse->soc_pct = reading_of(50, wall_add_ms(clock_wall(), -60000));
	ck_assert_str_eq(look().soc_source, "charger");
	ck_assert_int_eq(tell(54, 0, "local:1000"), TOLD_SOC_COUNTS);
	ck_assert_str_eq(look().soc_source, "told by local:1000");
	world_run_s(world, 60);
	ck_assert_str_eq(look().need_by, "person");
	van()->evse->soc_pct = reading_of(55, clock_wall());
	control_evse_changed(world_core(world)->control, van()->evse, "test");
	world_run_s(world, 60);
	ck_assert_str_eq(look().need_by, "charger");
}
END_TEST

/* Read long before it came: it drove since. */
START_TEST(a_word_of_long_before_it_came_is_no_need)
{
	begin("23:30",
		"visits:\n  - {vehicle: V-1, station: CP-1, arrives: \"17:00\", soc_pct: 50}\n");
	world_run_until(world, "15:30");
	ck_assert_int_eq(tell(95, 0, "user:anna"), TOLD_SOC_COUNTS);
	world_run_until(world, "17:10");
	ck_assert_str_eq(look().need_by, "guess");
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("guess");
	Suite *s = suite_create("guess");

	tcase_set_timeout(c, 120);
	tcase_add_checked_fixture(c, NULL, teardown);
	tcase_add_test(c, what_is_guessed_is_said_as_a_guess);
	tcase_add_test(c, a_van_that_is_full_stays_so);
	tcase_add_test(c, a_full_van_is_asked_again_and_taken_at_its_word);
	tcase_add_test(c, what_it_said_outlives_a_restart);
	tcase_add_test(c, a_reading_from_after_it_says_otherwise);
	tcase_add_test(c, what_a_person_tells_counts);
	tcase_add_test(c, what_a_person_tells_is_raised_by_what_it_took_over_a_restart);
	tcase_add_test(c, the_newest_word_counts);
	tcase_add_test(c, a_word_of_long_before_it_came_is_no_need);
	suite_add_tcase(s, c);
	return world_run_suite(s);
}
