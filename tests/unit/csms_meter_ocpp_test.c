/* Chargers as meters: names in the tree, and what their meter values come to. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "csms/metering/meter_ocpp.h"

#define NOW ((wall_t){1800000000000}) /* 2027-01-15T08:00:00Z */

static const struct {
	const char *id, *station;
	int evse; /* -1: no charger's meter */
} names[] = {
	{"ocpp:CP-1", "CP-1", 0},
	{"ocpp:CP-1/2", "CP-1", 2},
	{"ocpp:a:b|c/100", "a:b|c", 100},
	{"site", "", -1},
	{"OCPP:CP-1", "", -1},
	{"ocpp:", "", -1},
	{"ocpp:/1", "", -1},
	{"ocpp:CP-1/", "", -1},
	{"ocpp:CP-1/0", "", -1},
	{"ocpp:CP-1/101", "", -1},
	{"ocpp:CP-1/2x", "", -1},
	{"ocpp:CP-1/-1", "", -1},
	{"ocpp:1234567890123456789012345678901234567890123456789", "", -1},
};

START_TEST(names_of_chargers_meters)
{
	struct meter_ocpp_name name = {.evse = -7};
	bool is_one = meter_ocpp_parse(names[_i].id, &name);

	ck_assert(is_one == (names[_i].evse >= 0));
	ck_assert_int_eq(name.evse, is_one ? names[_i].evse : -7);
	ck_assert_str_eq(name.station, names[_i].station);
}
END_TEST

static struct meter_reading r;

static bool read_json(int evse, const char *values)
{
	struct arena *arena = arena_create(0);
	const struct ocpp201_meter_values_request *m;
	struct schema_error err;
	struct text t;
	bool is_found;

	text_init(&t, 0);
	text_printf(&t, "{\"evseId\":1,\"meterValue\":[%s]}", values);
	m = schema_decode(&ocpp201_meter_values_request_type, t.data, t.len, arena, &err);
	ck_assert_msg(m != NULL, "%s: %s", err.path, err.message);
	memset(&r, 0, sizeof r);
	is_found = meter_ocpp_read(&m->meter_value, evse, 230, NOW, &r);
	text_finish(&t);
	arena_destroy(arena);
	return is_found;
}

#define AT(time, values) "{\"timestamp\":\"" time "\",\"sampledValue\":[" values "]}"
#define EARLY            "2027-01-15T07:00:00Z"
#define LATE             "2027-01-15T07:30:00Z"
#define AHEAD            "2027-01-15T09:00:00Z"
#define V(m, v)          "{\"value\":" v ",\"measurand\":\"" m "\"}"
#define P(m, p, v)       "{\"value\":" v ",\"measurand\":\"" m "\",\"phase\":\"" p "\"}"
#define L(m, l, v)       "{\"value\":" v ",\"measurand\":\"" m "\",\"location\":\"" l "\"}"

static void expect(enum meter_quantity q, double want)
{
	double v = NAN;

	ck_assert_msg(
		meter_reading_get(&r, q, &v) == !isnan(want), "%s", meter_quantity_enum.values[q]);
	if (!isnan(want))
		ck_assert_msg(fabs(v - want) < 1e-6, "%s: %g", meter_quantity_enum.values[q], v);
}

START_TEST(a_whole_set_of_measurands)
{
	ck_assert(read_json(
		1, AT(EARLY, V("Power.Active.Import", "11000") "," P("Power.Active.Import", "L2",
				     "3600") "," P("Current.Import", "L1", "16.1") "," P("Voltage",
				     "L3-N", "231.5") "," P("Voltage", "L1-L2",
				     "400") "," P("Current.Import", "N", "3") "," V("Frequency",
				     "49.9") "," V("Energy.Active.Import.Register",
				     "123456") "," V("SoC", "55") "," V("Power.Factor", "0.9"))));
	expect(METER_QUANTITY_POWER_W, 11000);
	expect(METER_QUANTITY_POWER_L2_W, 3600);
	expect(METER_QUANTITY_CURRENT_L1_A, 16.1);
	expect(METER_QUANTITY_CURRENT_L2_A, NAN);
	expect(METER_QUANTITY_VOLTAGE_L3_V, 231.5);
	expect(METER_QUANTITY_VOLTAGE_L1_V, NAN);
	expect(METER_QUANTITY_FREQUENCY_HZ, 49.9);
	expect(METER_QUANTITY_IMPORT_WH, 123456);
	expect(METER_QUANTITY_SOC_PCT, 55);
	ck_assert_int_eq(r.at_ms, 1799996400000);
}
END_TEST

START_TEST(export_is_negative)
{
	ck_assert(read_json(
		1, AT(EARLY, V("Power.Active.Import", "0") "," V("Power.Active.Export", "7000"))));
	expect(METER_QUANTITY_POWER_W, -7000);
}
END_TEST

START_TEST(power_from_currents_where_none_is_said)
{
	ck_assert(read_json(1, AT(EARLY, P("Current.Import", "L1", "10") "," P("Current.Import",
						 "L2", "10") "," P("Voltage", "L2-N", "240"))));
	expect(METER_QUANTITY_POWER_L1_W, 2300); /* at the depot's nominal voltage */
	expect(METER_QUANTITY_POWER_L2_W, 2400);
	expect(METER_QUANTITY_POWER_W, 4700);
	/* Energy alone says nothing about now. */
	ck_assert(!read_json(1, AT(EARLY, "{\"value\":1000}")));
}
END_TEST

START_TEST(the_newest_value_counts_and_none_is_from_tomorrow)
{
	ck_assert(read_json(
		1, AT(LATE, V("Power.Active.Import", "2")) "," AT(
			   EARLY, V("Power.Active.Import", "1")) "," AT(AHEAD, "{\"value\":5}")));
	expect(METER_QUANTITY_POWER_W, 2);
	ck_assert(read_json(1, AT(AHEAD, V("Power.Active.Import", "3"))));
	ck_assert_int_eq(r.at_ms, NOW.ms);
}
END_TEST

START_TEST(the_inlet_is_the_main_meters_alone)
{
	const char *both = AT(EARLY, L("Power.Active.Import", "Outlet", "10000") "," L(
					     "Power.Active.Import", "Inlet", "10400"));

	ck_assert(read_json(1, both));
	expect(METER_QUANTITY_POWER_W, 10000);
	ck_assert(read_json(0, both));
	expect(METER_QUANTITY_POWER_W, 10400);
	ck_assert(!read_json(1, AT(EARLY, L("Power.Active.Import", "Inlet", "10400"))));
	ck_assert(!read_json(0, AT(EARLY, L("Power.Active.Import", "EV", "10400"))));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("csms_meter_ocpp");
	TCase *tc = tcase_create("meter_ocpp");

	tcase_add_loop_test(tc, names_of_chargers_meters, 0, (int)(sizeof names / sizeof *names));
	tcase_add_test(tc, a_whole_set_of_measurands);
	tcase_add_test(tc, export_is_negative);
	tcase_add_test(tc, power_from_currents_where_none_is_said);
	tcase_add_test(tc, the_newest_value_counts_and_none_is_from_tomorrow);
	tcase_add_test(tc, the_inlet_is_the_main_meters_alone);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
