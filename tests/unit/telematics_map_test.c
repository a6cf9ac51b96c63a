/* Messages of each kind of source through its mapping, and messages that are none. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csms/vehicles/telematics_map.h"

#define NOW 1772000000000LL

static struct arena *arena;
static char said[4000];

/* "VAN soc_pct=57 @-60; …": @ is seconds before NOW, ~ where the message says no time. */
static void take(void *arg, const struct telematics_item *i)
{
	size_t n = strlen(said);

	(void)arg;
	if (i->fault == TELEMATICS_FINE)
		snprintf(said + n, sizeof said - n, "%s %s=%.6g %s%lld; ", i->ref,
			telematics_quantity_enum.values[i->quantity], i->value,
			i->is_timed ? "@" : "~", (long long)(i->at.ms - NOW) / 1000);
	else
		snprintf(said + n, sizeof said - n, "%s !%s %s; ", i->ref,
			telematics_fault_names[i->fault], i->field);
}

static const struct telematics_mapping *mapping(const char *name)
{
	const struct telematics_mapping *map;
	char path[200], why[400];

	snprintf(path, sizeof path, "etc/telematics/%s.yaml", name);
	map = telematics_map_load(path, arena, why);
	ck_assert_msg(map != NULL, "%s", why);
	return map;
}

static const char *read_as(const char *name, const char *topic, const char *text)
{
	const struct telematics_message msg = {
		.topic = topic, .text = text, .len = strlen(text), .received = {NOW}};

	said[0] = '\0';
	telematics_map_read(mapping(name), &msg, arena, take, NULL);
	return said;
}

static const struct {
	const char *map, *topic, *text, *says;
} rows[] = {
	{"flespi", "flespi/message/gw/devices/7",
		"{\"ident\":\"IMEI1\",\"timestamp\":1771999940.5,\"can.vehicle.battery.level\":57,"
		"\"position.latitude\":52.1,\"position.longitude\":4.5,\"position.satellites\":9,"
		"\"server.timestamp\":1772000000,\"some.new.thing\":1}",
		"IMEI1 soc_pct=57 @-59; IMEI1 latitude=52.1 @-59; IMEI1 longitude=4.5 @-59; "
		"IMEI1 !unknown-field some.new.thing; "},
	{"teslamate", "teslamate/cars/1/usable_battery_level", "63", "1 soc_pct=63 ~0; "},
	{"teslamate", "teslamate/cars/1/charging_state", "Charging", "1 charging=1 ~0; "},
	{"teslamate", "teslamate/cars/1/plugged_in", "true", "1 plugged=1 ~0; "},
	{"teslamate", "teslamate/cars/1/geofence", "Home \xc3\xa9", ""},
	{"teslamate", "teslamate/cars/1/tpms_pressure_fl", "2.9", "1 tyre_front_left_kpa=290 ~0; "},
	{"teslamate", "teslamate/cars/1/flux", "1", "1 !unknown-field flux; "},
	{"tesla-fleet-telemetry", NULL,
		"{\"data\":[{\"key\":\"Soc\",\"value\":{\"stringValue\":\"60.5\"}},"
		"{\"key\":\"Odometer\",\"value\":{\"doubleValue\":1000}},"
		"{\"key\":\"Location\",\"value\":{\"locationValue\":{\"latitude\":37.5,"
		"\"longitude\":-122.25}}}],\"createdAt\":\"2026-02-25T06:13:20Z\",\"vin\":\"5YJ\"}",
		"5YJ soc_pct=60.5 @0; 5YJ odometer_km=1609.34 @0; 5YJ latitude=37.5 @0; "
		"5YJ longitude=-122.25 @0; "},
	{"tesla-mqtt", "telemetry/5YJ/v/Location", "{\"latitude\":1,\"longitude\":2}",
		"5YJ latitude=1 ~0; 5YJ longitude=2 ~0; "},
	{"tesla-mqtt", "telemetry/5YJ/v/Soc", "\"61\"", "5YJ soc_pct=61 ~0; "},
	{"ovms", "ovms/me/VAN/metric/v/b/soc", "44.5", "VAN soc_pct=44.5 ~0; "},
	{"ovms", "ovms/me/VAN/metric/v/c/charging", "no", "VAN charging=0 ~0; "},
	{"samsara", NULL,
		"{\"data\":[{\"id\":\"281\",\"name\":\"x\",\"evStateOfChargeMilliPercent\":["
		"{\"time\":\"2026-02-25T06:12:20Z\",\"value\":57500},"
		"{\"time\":\"2026-02-25T06:13:20Z\",\"value\":57000}],"
		"\"obdOdometerMeters\":{\"time\":\"2026-02-25T06:13:20Z\",\"value\":12034000},"
		"\"gps\":[{\"time\":\"2026-02-25T06:13:20Z\",\"latitude\":1,\"longitude\":2,"
		"\"speedMilesPerHour\":10}]}]}",
		"281 soc_pct=57.5 @-60; 281 soc_pct=57 @0; 281 odometer_km=12034 @0; "
		"281 latitude=1 @0; 281 longitude=2 @0; 281 speed_km_h=16.0934 @0; "},
	{"geotab", NULL,
		"{\"result\":{\"data\":[{\"id\":\"a\",\"dateTime\":\"2026-02-25T06:13:20.000Z\","
		"\"data\":57,\"device\":{\"id\":\"b1\"},\"diagnostic\":{\"id\":"
		"\"DiagnosticStateOfChargeId\"}},{\"dateTime\":\"2026-02-25T06:13:20Z\",\"data\":1,"
		"\"device\":{\"id\":\"b1\"},\"diagnostic\":{\"id\":\"DiagnosticNewId\"}}],"
		"\"toVersion\":\"1\"}}",
		"b1 soc_pct=57 @0; b1 !unknown-field DiagnosticNewId; "},
	{"generic", NULL,
		"[{\"vehicle\":\"A\",\"soc_pct\":57},{\"vehicle\":\"B\",\"time\":\"2026-02-25T06:13:20Z\","
		"\"soc_pct\":1}]",
		"A soc_pct=57 ~0; B soc_pct=1 @0; "},
	/* values that are none, or cannot be */
	{"generic", NULL, "{\"vehicle\":\"A\",\"soc_pct\":180}", "A !impossible /soc_pct; "},
	{"generic", NULL, "{\"vehicle\":\"A\",\"soc_pct\":1e999}", "A !bad-value /soc_pct; "},
	{"generic", NULL, "{\"vehicle\":\"A\",\"soc_pct\":\"full\"}", "A !bad-value /soc_pct; "},
	{"generic", NULL, "{\"vehicle\":\"A\",\"soc_pct\":null}", ""},
	{"generic", NULL, "{\"vehicle\":\"A\",\"latitude\":91}", "A !impossible /latitude; "},
	{"generic", NULL, "{\"vehicle\":\"A\",\"time\":\"yesterday\",\"soc_pct\":5}",
		"A !bad-time ; "},
	{"generic", NULL, "{\"soc_pct\":5}", " !no-vehicle ; "},
	{"generic", NULL, "[1,2]", " !no-vehicle ;  !no-vehicle ; "},
	{"generic", NULL, "{\"vehicle\":", " !not-json ; "},
	{"generic", NULL, "\xff\xfe", " !not-json ; "},
	{"geotab", NULL, "{}", " !no-vehicle ; "},
};

START_TEST(sources_are_read_by_their_mappings)
{
	ck_assert_str_eq(read_as(rows[_i].map, rows[_i].topic, rows[_i].text), rows[_i].says);
}
END_TEST

START_TEST(a_record_may_be_read_for_another_vehicle_and_time)
{
	const char text[] = "{\"device\":{\"id\":\"b9\"},\"data\":57,\"dateTime\":\"x\","
			    "\"diagnostic\":{\"id\":\"DiagnosticStateOfChargeId\"}}";
	const struct telematics_message msg = {.text = text,
		.len = sizeof text - 1,
		.received = {NOW},
		.is_record = true,
		.ref = "VAN-1",
		.at = {NOW - 5000}};

	said[0] = '\0';
	telematics_map_read(mapping("geotab"), &msg, arena, take, NULL);
	ck_assert_str_eq(said, "VAN-1 soc_pct=57 @-5; ");
}
END_TEST

START_TEST(deep_and_long_messages_end)
{
	static char text[200000];
	size_t n = 0;

	memset(text, '[', 100000);
	text[100000] = '\0';
	ck_assert_str_eq(read_as("generic", NULL, text), " !not-json ; ");
	text[n++] = '[';
	while (n < sizeof text - 3) {
		text[n++] = '1';
		text[n++] = ',';
	}
	text[n - 1] = ']';
	text[n] = '\0';
	said[0] = '\0';
	const struct telematics_message msg = {.text = text, .len = n, .received = {NOW}};
	telematics_map_read(mapping("generic"), &msg, arena, take, NULL);
	ck_assert(strstr(said, "!no-vehicle") != NULL);
}
END_TEST

START_TEST(units_are_converted)
{
	static const struct {
		enum telematics_unit unit;
		enum telematics_quantity quantity;
		double in, out;
	} units[] = {
		{TELEMATICS_UNIT_MILE, TELEMATICS_QUANTITY_ODOMETER_KM, 100, 160.9344},
		{TELEMATICS_UNIT_F, TELEMATICS_QUANTITY_BATTERY_C, 212, 100},
		{TELEMATICS_UNIT_F, TELEMATICS_QUANTITY_BATTERY_C, -40, -40},
		{TELEMATICS_UNIT_KELVIN, TELEMATICS_QUANTITY_AMBIENT_C, 273.15, 0},
		{TELEMATICS_UNIT_FRACTION, TELEMATICS_QUANTITY_SOC_PCT, 0.43, 43},
		{TELEMATICS_UNIT_PSI, TELEMATICS_QUANTITY_TYRE_REAR_LEFT_KPA, 36, 248.211252},
		{TELEMATICS_UNIT_BAR, TELEMATICS_QUANTITY_TYRE_REAR_LEFT_KPA, 2.5, 250},
		{TELEMATICS_UNIT_KWH, TELEMATICS_QUANTITY_ENERGY_WH, 61.5, 61500},
		{TELEMATICS_UNIT_H, TELEMATICS_QUANTITY_CHARGE_LEFT_MIN, 1.5, 90},
		{TELEMATICS_UNIT_M_S, TELEMATICS_QUANTITY_SPEED_KM_H, 10, 36},
	};

	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		ck_assert(telematics_unit_fits(units[i].unit, units[i].quantity));
		ck_assert_double_eq_tol(
			telematics_convert(units[i].in, units[i].unit, units[i].quantity),
			units[i].out, 1e-6);
	}
	ck_assert(!telematics_unit_fits(TELEMATICS_UNIT_BAR, TELEMATICS_QUANTITY_SOC_PCT));
}
END_TEST

START_TEST(a_mapping_that_cannot_be_is_refused)
{
	struct telematics_field field = {.from = (char *)"soc"};
	const char *vehicles[] = {"/id"};
	struct telematics_mapping map = {
		.name = (char *)"x", .vehicle = {1, vehicles}, .fields = {1, &field}};
	char why[400];

	ck_assert_int_eq(telematics_map_check(&map, why), -1); /* no pointer */
	field.from = "/soc";
	ck_assert_int_eq(telematics_map_check(&map, why), 0);
	field.has_unit = true;
	field.unit = TELEMATICS_UNIT_PSI;
	ck_assert_int_eq(telematics_map_check(&map, why), -1);
	field.has_unit = false;
	vehicles[0] = "id";
	ck_assert_int_eq(telematics_map_check(&map, why), -1);
}
END_TEST

static void setup(void)
{
	arena = arena_create(0);
}

static void teardown(void)
{
	arena_destroy(arena);
}

int main(void)
{
	Suite *s = suite_create("telematics_map");
	TCase *t = tcase_create("all");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, sources_are_read_by_their_mappings, 0, sizeof rows / sizeof *rows);
	tcase_add_test(t, a_record_may_be_read_for_another_vehicle_and_time);
	tcase_add_test(t, deep_and_long_messages_end);
	tcase_add_test(t, units_are_converted);
	tcase_add_test(t, a_mapping_that_cannot_be_is_refused);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
