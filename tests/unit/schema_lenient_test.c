/* What cannot be read of the parts that a schema marks with `~` is left out and noted. */
#include <check.h>
#include <string.h>

#include "gen/ocpp16.h"
#include "gen/ocpp201.h"
#include "schemas/codec.h"

#define EVENT                                                                                      \
	"{\"eventType\":\"Updated\",\"timestamp\":\"2026-03-11T22:40:12Z\",\"seqNo\":3,"           \
	"\"transactionInfo\":{\"transactionId\":\"t\"},"
#define VALUES "{\"evseId\":1,\"meterValue\":[{\"timestamp\":\"2026-03-11T22:40:12Z\","

static struct arena *arena;
static struct schema_error err;
static struct schema_notes notes;

static void setup(void)
{
	arena = arena_create(0);
	memset(&err, 0xff, sizeof(err));
	memset(&notes, 0xff, sizeof(notes));
}

static void teardown(void)
{
	arena_destroy(arena);
}

static void *lenient(const struct schema_struct *type, const char *json)
{
	return schema_decode_lenient(type, json, strlen(json), arena, &notes, &err);
}

static const struct ocpp201_transaction_event_request *event(const char *json)
{
	const void *r = lenient(&ocpp201_transaction_event_request_type, json);

	ck_assert_msg(r != NULL, "%s: %s: %s", json, err.path, err.message);
	return r;
}

START_TEST(leaves_out_items_of_a_list)
{
	const struct ocpp201_transaction_event_request *r = event(EVENT
		"\"triggerReason\":\"MeterValuePeriodic\",\"meterValue\":["
		"{\"timestamp\":\"2026-03-11T22:40:12Z\",\"sampledValue\":["
		"{\"value\":1},{\"value\":2,\"measurand\":\"Vendor.X\",\"customData\":"
		"{\"vendorId\":\"v\",\"deep\":[[1],{\"a\":2}]}},{\"value\":\"3\"},{\"value\":4}]},"
		"{\"timestamp\":\"soon\",\"sampledValue\":[{\"value\":5}]},7],"
		"\"customData\":{\"vendorId\":\"last\",\"x\":[1, 2]}}");

	ck_assert_int_eq(r->meter_value.count, 1);
	ck_assert_int_eq(r->meter_value.items[0].sampled_value.count, 2);
	ck_assert(r->meter_value.items[0].sampled_value.items[0].value == 1);
	ck_assert(r->meter_value.items[0].sampled_value.items[1].value == 4);
	ck_assert_int_eq(notes.count, 4);
	ck_assert_str_eq(notes.items[0].path, "meterValue[0].sampledValue[1].measurand");
	ck_assert_int_eq(notes.items[0].fault, SCHEMA_BAD_ENUM);
	ck_assert_str_eq(notes.items[1].path, "meterValue[0].sampledValue[2].value");
	ck_assert_str_eq(notes.items[2].path, "meterValue[1].timestamp");
	ck_assert_str_eq(notes.items[3].path, "meterValue[2]");
	/* The walk found its place again: the spelling is that of the sender. */
	ck_assert_str_eq(r->custom_data, "{\"vendorId\":\"last\",\"x\":[1,2]}");
}
END_TEST

START_TEST(lists_may_be_empty)
{
	static const char *const empty[] = {
		"{\"evseId\":1,\"meterValue\":[]}",
		"{\"evseId\":1,\"meterValue\":[{}]}",
		"{\"evseId\":1,\"meterValue\":{\"a\":[1]}}",
		VALUES "\"sampledValue\":7}]}",
	};

	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
		const struct ocpp201_meter_values_request *r =
			lenient(&ocpp201_meter_values_request_type, empty[i]);

		ck_assert_msg(r != NULL, "%s: %s: %s", empty[i], err.path, err.message);
		ck_assert(r->meter_value.count == 0 ||
			  r->meter_value.items[0].sampled_value.count == 0);
		ck_assert_int_eq(notes.count, 1);
	}
}
END_TEST

START_TEST(an_optional_part_is_as_if_not_sent)
{
	const struct ocpp201_transaction_event_request *r =
		event(EVENT "\"triggerReason\":\"CostLimitReached\",\"offline\":1,"
			    "\"evse\":{\"connectorId\":1},\"numberOfPhasesUsed\":\"3\","
			    "\"idToken\":{\"idToken\":\"a\",\"type\":\"Card\"},"
			    "\"meterValue\":\"none\",\"customData\":{}}");

	ck_assert_int_eq(r->trigger_reason, OCPP201_TRIGGER_REASON_ABNORMAL_CONDITION);
	ck_assert(!r->has_offline && !r->offline);
	ck_assert(!r->has_number_of_phases_used && r->number_of_phases_used == 0);
	ck_assert_ptr_null(r->evse);
	ck_assert_ptr_null(r->id_token);
	ck_assert_ptr_null(r->custom_data);
	ck_assert(r->meter_value.count == 0 && r->meter_value.items == NULL);
	ck_assert_int_eq(notes.count, 7);
}
END_TEST

START_TEST(only_the_smallest_marked_part_goes)
{
	const struct ocpp201_transaction_event_request *r = event(EVENT
		"\"triggerReason\":\"Trigger\",\"meterValue\":[{\"timestamp\":"
		"\"2026-03-11T22:40:12Z\",\"sampledValue\":[{\"value\":1,\"context\":\"Mine\","
		"\"signedMeterValue\":{\"signedMeterData\":7}}]}]}");
	const struct ocpp201_sampled_value *v = r->meter_value.items[0].sampled_value.items;

	ck_assert_int_eq(r->meter_value.items[0].sampled_value.count, 1);
	ck_assert(v->value == 1 && !v->has_context && !v->signed_meter_value);
	ck_assert_int_eq(v->context, OCPP201_READING_CONTEXT_SAMPLE_PERIODIC);
	ck_assert_int_eq(notes.count, 2);
}
END_TEST

START_TEST(nothing_of_it_is_left_behind)
{
	const struct ocpp201_transaction_event_request *r = event(
		EVENT "\"triggerReason\":\"Trigger\",\"evse\":{\"id\":4,\"connectorId\":\"1\"},"
		      "\"meterValue\":[{\"timestamp\":\"2026-03-11T22:40:12Z\",\"sampledValue\":["
		      "{\"value\":7,\"context\":\"Trigger\",\"phase\":\"L4\"},{\"value\":8}]}]}");
	const struct ocpp201_sampled_value *v = r->meter_value.items[0].sampled_value.items;

	ck_assert_ptr_null(r->evse);
	ck_assert(v->value == 8 && !v->has_phase && !v->has_context);
}
END_TEST

/* What says which event it is, and the keys (rule 16), are held to as ever, and in whatever order
 * the faults come. */
static const struct {
	const char *json, *path;
	enum schema_fault fault;
} strict[] = {
	{"{\"eventType\":\"Mine\"}", "eventType", SCHEMA_BAD_ENUM},
	{EVENT "\"evse\":{\"id\":1}}", "triggerReason", SCHEMA_MISSING},
	{EVENT "\"triggerReason\":\"Trigger\",\"more\":1}", "more", SCHEMA_UNKNOWN},
	{EVENT "\"seqNo\":4}", "seqNo", SCHEMA_DUPLICATE},
	{EVENT "\"evse\":{\"id\":\"x\",\"more\":1}}", "evse.more", SCHEMA_UNKNOWN},
	{EVENT "\"evse\":{\"more\":1,\"id\":\"x\"}}", "evse.more", SCHEMA_UNKNOWN},
	{EVENT "\"meterValue\":[{\"timestamp\":1,\"sampledValue\":[{},{\"unit\":\"Wh\"}]}]}",
		"meterValue[0].sampledValue[1].unit", SCHEMA_UNKNOWN},
	{EVENT "\"meterValue\":[],}", "", SCHEMA_BAD_SYNTAX},
};

START_TEST(the_rest_is_held_to)
{
	ck_assert_ptr_null(lenient(&ocpp201_transaction_event_request_type, strict[_i].json));
	ck_assert_int_eq(err.fault, strict[_i].fault);
	ck_assert_str_eq(err.path, strict[_i].path);
}
END_TEST

START_TEST(the_strict_decoder_knows_no_mercy)
{
	static const char json[] = "{\"evseId\":1,\"meterValue\":[]}";

	ck_assert_ptr_null(
		schema_decode(&ocpp201_meter_values_request_type, json, strlen(json), arena, &err));
	ck_assert_int_eq(err.fault, SCHEMA_BAD_ITEMS);
}
END_TEST

START_TEST(notes_are_bounded)
{
	struct text t;
	const struct ocpp201_meter_values_request *r;

	text_init(&t, 0);
	text_puts(&t, VALUES "\"sampledValue\":[1");
	for (int i = 0; i < 999; i++)
		text_puts(&t, ",{\"value\":true}");
	text_puts(&t, "]}]}");
	r = schema_decode_lenient(
		&ocpp201_meter_values_request_type, t.data, t.len, arena, &notes, &err);
	ck_assert_ptr_nonnull(r);
	ck_assert_int_eq(r->meter_value.items[0].sampled_value.count, 0);
	ck_assert_int_eq(notes.count, 1000);
	text_finish(&t);
}
END_TEST

START_TEST(ocpp_16_too)
{
	static const char json[] = "{\"connectorId\":1,\"idTag\":\"a tag of more than twenty\","
				   "\"meterStart\":7,\"timestamp\":\"2026-03-11T22:40:12Z\"}";
	const struct ocpp16_start_transaction_request *r =
		lenient(&ocpp16_start_transaction_request_type, json);

	ck_assert_msg(r != NULL, "%s: %s", err.path, err.message);
	ck_assert_str_eq(r->id_tag, "");
	ck_assert_int_eq(r->meter_start, 7);
	ck_assert_int_eq(notes.count, 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("schema_lenient");
	TCase *t = tcase_create("lenient");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, leaves_out_items_of_a_list);
	tcase_add_test(t, lists_may_be_empty);
	tcase_add_test(t, an_optional_part_is_as_if_not_sent);
	tcase_add_test(t, only_the_smallest_marked_part_goes);
	tcase_add_test(t, nothing_of_it_is_left_behind);
	tcase_add_loop_test(t, the_rest_is_held_to, 0, sizeof(strict) / sizeof(strict[0]));
	tcase_add_test(t, the_strict_decoder_knows_no_mercy);
	tcase_add_test(t, notes_are_bounded);
	tcase_add_test(t, ocpp_16_too);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
