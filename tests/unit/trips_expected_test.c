/* Vehicles that are not here yet: when they come, where, with how much. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <utlist.h>

#include "csms/plan/expected.h"
#include "csms/vehicles/trips_private.h"

#define NOW  INT64_C(1772020800000) /* Wednesday 2026-02-25 12:00 UTC */
#define HOUR INT64_C(3600000)

static struct core core;
static struct depot_file depot;
static struct trips trips;
static struct duty *duty;
static struct vehicle *van;
static struct station *station;
static struct plan_vehicle in[4];
static struct control_plan_row row[4];
static struct trip trip;

static int fill(void)
{
	return expected_fill(&core, (wall_t){NOW}, (wall_t){NOW + 24 * HOUR}, in, row, 4);
}

static void setup(void)
{
	static struct event_evse evses[] = {{.id = 1,
						    .kind = "ac",
						    .max_w = 11000,
						    .min_w = 4140,
						    .phases = 3,
						    .connectors = 1},
		{.id = 2,
			.kind = "ac",
			.max_w = 22000,
			.min_w = 4140,
			.phases = 3,
			.connectors = 1}};
	const struct event_station_registered reg = {
		.node = "site", .source = "file", .evses = {2, evses}};

	setenv("TZ", "UTC", 1);
	tzset();
	core = (struct core){.depot = &depot, .trips = &trips};
	trips = (struct trips){.core = &core};
	fleet_init(&core.fleet);
	station = fleet_put_station(&core.fleet, "CP-1", &reg);
	station->evses[0].grid_evse = 0;
	station->evses[1].grid_evse = 1;
	van = fleet_put_vehicle(&core.fleet, "VAN-1");
	van->battery_wh = 60000;
	van->max_ac_w = 11000;
	van->target_pct = 80;
	van->departs_min = 6 * 60;
	duty = trips_duty_make(&trips, "VAN-1");
	snprintf(duty->last_station, sizeof duty->last_station, "CP-1");
	duty->last_evse = 2;
	duty->arrived.ms = NOW - 24 * HOUR;
	trip = (struct trip){.id = "T",
		.vehicle = "VAN-1",
		.departs = {NOW - 4 * HOUR},
		.returns = {NOW + 4 * HOUR},
		.way = {100, 0, 8, 18, true}};
}

static void teardown(void)
{
	duty->trips = NULL;
	trips.by_id = NULL;
	HASH_DEL(trips.duties, duty);
	free(duty);
	fleet_finish(&core.fleet);
}

static void drive(void)
{
	DL_APPEND(duty->trips, &trip);
	HASH_ADD_KEYPTR(hh, trips.by_id, trip.id, 1, &trip);
}

START_TEST(by_the_trip_that_it_is_on)
{
	drive();
	duty->left.ms = NOW - 4 * HOUR;
	duty->left_soc_pct = 90;
	duty->left_soc_at = duty->left;
	ck_assert_int_eq(fill(), 1);
	ck_assert_int_eq(in[0].from_ms, NOW + 4 * HOUR);
	ck_assert_int_eq(in[0].depart_ms, NOW + 18 * HOUR); /* 06:00, as every day */
	ck_assert_int_eq(in[0].evse, 1); /* where it stood last */
	ck_assert_int_eq(in[0].max_w, 11000);
	ck_assert_int_ge(in[0].stored_wh, 54000 - 28001); /* 100 km by what vans begin with */
	ck_assert_int_eq(in[0].need_wh, 48000 - in[0].stored_wh);
	ck_assert_int_gt(row[0].need_spread_wh, 5000);
	ck_assert_int_eq(row[0].from_spread_s, 1200);
	ck_assert_str_eq(row[0].transaction, "");
}
END_TEST

START_TEST(who_is_late_comes_soon_or_is_given_up)
{
	drive();
	trip.returns.ms = NOW - HOUR;
	ck_assert_int_eq(fill(), 1);
	ck_assert_int_eq(in[0].from_ms, NOW + HOUR / 4);
	trip.returns.ms = NOW - 4 * HOUR + 1;
	ck_assert_int_eq(fill(), 0);
}
END_TEST

START_TEST(by_the_habit_of_its_weekdays)
{
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(fill(), i < 3 ? 0 : 1);
		trips_habit_add(&duty->weekday[3], 17 * 3600 + (i - 2) * 600);
	}
	ck_assert_int_eq(fill(), 1);
	ck_assert_int_eq(in[0].from_ms, NOW + 5 * HOUR);
	ck_assert_int_gt(row[0].from_spread_s, 900);
	ck_assert_int_lt(row[0].from_spread_s, 1000);
	duty->arrived.ms = NOW - 20 * 24 * HOUR; /* it is somewhere else now */
	ck_assert_int_eq(fill(), 0);
}
END_TEST

START_TEST(its_class_says_what_matters)
{
	static struct depot_vehicle_class classes[] = {{.id = "post",
		.has_priority = true,
		.priority = 2,
		.has_worth_kwh = true,
		.worth_kwh = 0.25}};
	static struct depot_vehicle described = {.id = "VAN-1", .class = "post"};
	int32_t worth;

	van->priority = 5;
	ck_assert_int_eq(trips_priority(&core, van, &worth), 5);
	ck_assert_int_eq(worth, 0);
	depot.classes.items = classes;
	depot.classes.count = 1;
	van->row = &described;
	ck_assert_int_eq(trips_priority(&core, van, &worth), 2);
	ck_assert_int_eq(worth, 250000);
	classes[0].worth_kwh = 0;
	trips_priority(&core, van, &worth);
	ck_assert_int_eq(worth, 1);
	ck_assert_int_eq(trips_priority(&core, NULL, &worth), 9);
	depot.classes.count = 0;
}
END_TEST

START_TEST(a_bay_has_one_vehicle_at_a_time)
{
	struct evse *e = &station->evses[1];
	struct vehicle *other = fleet_put_vehicle(&core.fleet, "VAN-2");

	drive();
	e->tx.is_open = true;
	e->tx.vehicle = other;
	other->evse = e;
	ck_assert_int_eq(fill(), 0); /* nobody knows when that one leaves */
	other->departs_at.ms = NOW + 3 * HOUR;
	ck_assert_int_eq(fill(), 1);
	other->departs_at.ms = NOW + 5 * HOUR;
	ck_assert_int_eq(fill(), 0);
	van->evse = &station->evses[0]; /* it is here */
	e->tx.is_open = false;
	ck_assert_int_eq(fill(), 0);
}
END_TEST

/* It was to leave at 6:00 and is here since before: it is urgent, and not tomorrow's; after some hours it is
 * taken for one that stays. What is said of another time goes before. */
START_TEST(who_stays_past_the_days_departure_is_late)
{
	const wall_t six = {NOW - 6 * HOUR}, tomorrow = {NOW + 18 * HOUR};
	struct trip_need need;

	van->evse = &station->evses[1];
	duty->since.ms = NOW - 20 * HOUR;
	ck_assert_int_eq(trips_departure(&core, van, (wall_t){six.ms - 1}).ms, six.ms);
	ck_assert_int_eq(trips_departure(&core, van, (wall_t){six.ms + HOUR}).ms, six.ms);
	trips_need(&core, van, (wall_t){six.ms + HOUR}, &need);
	ck_assert_int_eq(need.departs.ms, six.ms);
	ck_assert_int_eq(trips_departure(&core, van, (wall_t){NOW}).ms, tomorrow.ms);
	/* It came back after it had left. */
	duty->since.ms = six.ms + HOUR / 2;
	ck_assert_int_eq(trips_departure(&core, van, (wall_t){six.ms + HOUR}).ms, tomorrow.ms);
	duty->since.ms = NOW - 20 * HOUR;
	van->departs_at.ms = NOW;
	ck_assert_int_eq(trips_departure(&core, van, (wall_t){six.ms + HOUR}).ms, NOW);
	van->evse = NULL;
}
END_TEST

int main(void)
{
	Suite *s = suite_create("trips_expected");
	TCase *t = tcase_create("all");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, by_the_trip_that_it_is_on);
	tcase_add_test(t, who_is_late_comes_soon_or_is_given_up);
	tcase_add_test(t, by_the_habit_of_its_weekdays);
	tcase_add_test(t, its_class_says_what_matters);
	tcase_add_test(t, a_bay_has_one_vehicle_at_a_time);
	tcase_add_test(t, who_stays_past_the_days_departure_is_late);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
