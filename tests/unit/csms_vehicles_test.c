/* What is reckoned of a vehicle: its state of charge as best known, its efficiency by current. */
#include <check.h>
#include <stdlib.h>

#include "csms/vehicles/telematics.h"
#include "csms/vehicles/telematics_private.h"
#include "csms/vehicles/vehicles.h"

#define NOW 1772000000000LL

static struct depot_efficiency steps[] = {{6, 80}, {16, 90}};
static struct depot_vehicle row = {.id = (char *)"VAN-1", .efficiency = {2, steps}};
static struct telemetry telemetry;
static struct station station;
static struct evse evse;
static struct vehicle van;

static void setup(void)
{
	telemetry = (struct telemetry){0};
	evse = (struct evse){.station = &station};
	van = (struct vehicle){.row = &row, .battery_wh = 50000, .telemetry = &telemetry};
}

static void tell(double pct, int64_t at)
{
	telemetry.newest[TELEMATICS_QUANTITY_SOC_PCT] =
		(struct telematics_reading){pct, {at}, {at}, "hook", TELEMATICS_MEASURED, -1};
}

static void plug(int64_t at)
{
	van.evse = &evse;
	evse.tx.is_open = true;
	evse.tx.started.ms = at;
	evse.tx.begin_wh = (struct reading){.value = 1000, .at = {at}};
	evse.tx.meter_wh = (struct reading){.value = 11000, .at = {NOW}};
}

START_TEST(the_newest_of_charger_and_telematics_counts)
{
	struct vehicle_soc soc;

	ck_assert(!vehicle_soc(&van, (wall_t){NOW}, 0, &soc));
	tell(40, NOW - 1000);
	ck_assert(vehicle_soc(&van, (wall_t){NOW}, 60, &soc));
	ck_assert_str_eq(soc.source, "hook");
	van.soc_pct = (struct reading){.value = 45, .at = {NOW - 500}};
	ck_assert(vehicle_soc(&van, (wall_t){NOW}, 60, &soc));
	ck_assert_str_eq(soc.source, "charger");
	ck_assert(!vehicle_soc(&van, (wall_t){NOW + 61000}, 60, &soc));
}
END_TEST

START_TEST(what_was_read_before_it_came_is_raised_by_what_it_took)
{
	struct vehicle_soc soc;

	tell(40, NOW - 7200000);
	plug(NOW - 3600000);
	ck_assert(vehicle_soc(&van, (wall_t){NOW}, 3600, &soc));
	ck_assert(soc.is_reckoned);
	ck_assert_double_eq_tol(soc.pct, 40 + 10000 * 0.9 / 50000 * 100, 1e-9);
	ck_assert_int_eq(soc.at.ms, NOW - 7200000);
	ck_assert(!vehicle_soc(&van, (wall_t){NOW}, 3599, &soc)); /* it was too old as it came */
	tell(95, NOW - 7200000);
	ck_assert(vehicle_soc(&van, (wall_t){NOW}, 0, &soc));
	ck_assert_double_eq(soc.pct, 100);
}
END_TEST

/* A vehicle that sleeps while it is plugged in tells nothing more. */
START_TEST(what_was_read_since_is_raised_by_what_it_took_from_then)
{
	struct vehicle_soc soc;

	plug(NOW - 3600000);
	tell(60, NOW - 1800000);
	ck_assert(vehicle_soc(&van, (wall_t){NOW}, 0, &soc));
	ck_assert(soc.is_reckoned);
	ck_assert_double_eq(soc.pct, 60); /* what it had taken then is not known: at least that */
	telemetry.newest[TELEMATICS_QUANTITY_SOC_PCT].taken_pct = 8;
	ck_assert(vehicle_soc(&van, (wall_t){NOW}, 0, &soc));
	ck_assert_double_eq_tol(soc.pct, 60 - 8 + 10000 * 0.9 / 50000 * 100, 1e-9);
	ck_assert(!vehicle_soc(&van, (wall_t){NOW}, 900, &soc)); /* batteries that give back: no */
}
END_TEST

START_TEST(efficiency_is_read_off_the_line_between_its_rows)
{
	static const struct depot_vehicle none;

	ck_assert_double_eq_tol(vehicle_efficiency(&row, 3), 0.80, 1e-9);
	ck_assert_double_eq_tol(vehicle_efficiency(&row, 11), 0.85, 1e-9);
	ck_assert_double_eq_tol(vehicle_efficiency(&row, 32), 0.90, 1e-9);
	ck_assert_double_eq_tol(vehicle_efficiency(&none, 16), 0.90, 1e-9);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("csms_vehicles");
	TCase *t = tcase_create("all");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, the_newest_of_charger_and_telematics_counts);
	tcase_add_test(t, what_was_read_before_it_came_is_raised_by_what_it_took);
	tcase_add_test(t, what_was_read_since_is_raised_by_what_it_took_from_then);
	tcase_add_test(t, efficiency_is_read_off_the_line_between_its_rows);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
