/* Meter values in all the forms that stations send them. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "csms/metering/samples.h"

#define NOW ((wall_t){1800000000000})

static struct arena *arena;

/* Reads a MeterValues request and its samples. */
static struct samples read_json(const char *sampled)
{
	struct schema_error err;
	struct samples out;
	struct text t;
	const struct ocpp201_meter_values_request *r;

	arena = arena_create(0);
	text_init(&t, 0);
	text_printf(&t, "{\"evseId\":1,\"meterValue\":[%s]}", sampled);
	r = schema_decode(&ocpp201_meter_values_request_type, t.data, t.len, arena, &err);
	ck_assert_msg(r != NULL, "%s: %s", err.path, err.message);
	samples_read(&r->meter_value, NOW, &out);
	text_finish(&t);
	arena_destroy(arena);
	return out;
}

#define AT(time, values) "{\"timestamp\":\"" time "\",\"sampledValue\":[" values "]}"
#define EARLY            "2027-01-15T07:00:00Z"
#define LATE             "2027-01-15T07:30:00Z"

#define CURRENT(a, phase)                                                                          \
	"{\"value\":" a ",\"measurand\":\"Current.Import\",\"phase\":\"" phase "\"}"

START_TEST(energy_is_the_default_measurand)
{
	struct samples s =
		read_json(AT(EARLY, "{\"value\":1000}") "," AT(LATE, "{\"value\":1500}"));

	ck_assert(s.has_import);
	ck_assert_double_eq(s.first_import_wh, 1000);
	ck_assert_double_eq(s.import_wh, 1500);
	ck_assert_int_eq(s.count, 2);
	ck_assert_ptr_null(s.quarantined);
}
END_TEST

START_TEST(units_and_multipliers_are_applied)
{
	struct samples s = read_json(AT(EARLY,
		"{\"value\":1.5,\"unitOfMeasure\":{\"unit\":\"kWh\"}},"
		"{\"value\":11,\"measurand\":\"Power.Active.Import\",\"unitOfMeasure\":{\"multiplier\":3}}"));

	ck_assert_double_eq(s.import_wh, 1500);
	ck_assert_double_eq(s.power_w, 11000);
}
END_TEST

START_TEST(phases_are_added_where_no_total_is_there)
{
	struct samples s = read_json(AT(EARLY,
		"{\"value\":3000,\"measurand\":\"Power.Active.Import\",\"phase\":\"L1\"},"
		"{\"value\":3500,\"measurand\":\"Power.Active.Import\",\"phase\":\"L2\"}"));

	ck_assert_double_eq(s.power_w, 6500);
	s = read_json(
		AT(EARLY, "{\"value\":3000,\"measurand\":\"Power.Active.Import\",\"phase\":\"L1\"},"
			  "{\"value\":9000,\"measurand\":\"Power.Active.Import\"}"));
	ck_assert_double_eq(s.power_w, 9000);
}
END_TEST

START_TEST(what_the_inlet_measures_is_not_the_vehicle)
{
	struct samples s = read_json(AT(EARLY,
		"{\"value\":5,\"location\":\"Inlet\"},{\"value\":50,\"measurand\":\"SoC\","
		"\"location\":\"EV\"}"));

	ck_assert(!s.has_import);
	ck_assert_double_eq(s.soc_pct, 50);
}
END_TEST

START_TEST(lies_are_named)
{
	ck_assert_ptr_nonnull(read_json(AT(EARLY, "{\"value\":-1}")).quarantined);
	ck_assert_ptr_nonnull(read_json(AT(EARLY, "{\"value\":1e300}")).quarantined);
	ck_assert_ptr_nonnull(
		read_json(AT(EARLY, "{\"value\":1,\"unitOfMeasure\":{\"multiplier\":99}}"))
			.quarantined);
	ck_assert_ptr_nonnull(
		read_json(AT(EARLY, "{\"value\":101,\"measurand\":\"SoC\"}")).quarantined);
	ck_assert_ptr_nonnull(
		read_json(AT(EARLY, "{\"value\":1e8,\"measurand\":\"Power.Active.Import\"}"))
			.quarantined);
}
END_TEST

START_TEST(a_clock_that_runs_ahead_counts_as_now)
{
	struct samples s = read_json(AT("2099-01-01T00:00:00Z", "{\"value\":7}"));

	ck_assert_int_eq(s.import_at.ms, NOW.ms);
}
END_TEST

START_TEST(currents_come_by_phase)
{
	struct samples s = read_json(AT(EARLY, CURRENT("1", "L1")) "," AT(LATE,
		CURRENT("16", "L1-N") "," CURRENT("15.5", "L3") "," CURRENT(
			"0.2", "L2") ","
				     "{\"value\":99,\"measurand\":\"Current.Import\"}"));

	ck_assert_uint_eq(s.phases, 7);
	ck_assert_double_eq(s.current_a[0], 16);
	ck_assert_double_eq(s.current_a[1], 0.2);
	ck_assert_double_eq(s.current_a[2], 15.5);
	ck_assert(!s.quarantined);
	/* Those of one instant only: what was not told is not known. */
	s = read_json(AT(EARLY, CURRENT("16", "L1") "," CURRENT("16", "L2")) "," AT(
		LATE, CURRENT("10", "L1")));
	ck_assert_uint_eq(s.phases, 1);
	s = read_json(AT(LATE, CURRENT("1e9", "L1")));
	ck_assert_uint_eq(s.phases, 0);
	ck_assert_ptr_nonnull(s.quarantined);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("samples");
	TCase *c = tcase_create("samples");
	SRunner *r;
	int failed;

	tcase_add_test(c, energy_is_the_default_measurand);
	tcase_add_test(c, currents_come_by_phase);
	tcase_add_test(c, units_and_multipliers_are_applied);
	tcase_add_test(c, phases_are_added_where_no_total_is_there);
	tcase_add_test(c, what_the_inlet_measures_is_not_the_vehicle);
	tcase_add_test(c, lies_are_named);
	tcase_add_test(c, a_clock_that_runs_ahead_counts_as_now);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
