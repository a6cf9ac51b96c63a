#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gen/api.h"
#include "gen/config.h"
#include "gen/depot.h"
#include "gen/event.h"
#include "gen/meter.h"
#include "gen/ocpp201.h"
#include "schemas/codec.h"

static struct arena *arena;
static struct schema_error err;

static void setup(void)
{
	arena = arena_create(0);
	memset(&err, 0xff, sizeof(err));
}

static void teardown(void)
{
	arena_destroy(arena);
}

static void *decode(const struct schema_struct *type, const char *json)
{
	return schema_decode(type, json, strlen(json), arena, &err);
}

static const char transaction_event[] =
	"{\"eventType\":\"Updated\",\"timestamp\":\"2026-03-11T22:40:12.345+01:00\","
	"\"triggerReason\":\"MeterValuePeriodic\",\"seqNo\":3,\"offline\":true,"
	"\"transactionInfo\":{\"transactionId\":\"tx-\\u00e9\",\"chargingState\":\"Charging\"},"
	"\"evse\":{\"id\":1.0,\"connectorId\":1e0},"
	"\"idToken\":{\"idToken\":\"04A2\",\"type\":\"ISO14443\"},"
	"\"meterValue\":[{\"timestamp\":\"2026-03-11T22:40:12Z\",\"sampledValue\":["
	"{\"value\":1234.5,\"unitOfMeasure\":{\"unit\":\"kWh\",\"multiplier\":-1}},"
	"{\"value\":11000,\"measurand\":\"Power.Active.Import\",\"phase\":\"L1-N\"}]}],"
	" \"customData\" : { \"vendorId\" : \"v\" , \"x\" : [ 1 , \"a b\\\"\" , null ] } }";

START_TEST(decodes_a_message)
{
	const struct ocpp201_transaction_event_request *r =
		decode(&ocpp201_transaction_event_request_type, transaction_event);
	const struct ocpp201_sampled_value *v;

	ck_assert_msg(r != NULL, "%s %s", err.path, err.message);
	ck_assert_int_eq(err.fault, SCHEMA_OK);
	ck_assert_str_eq(err.path, "");
	ck_assert_int_eq(r->event_type, OCPP201_TRANSACTION_EVENT_UPDATED);
	ck_assert_int_eq(r->timestamp.ms, INT64_C(1773265212345));
	ck_assert_int_eq(r->seq_no, 3);
	ck_assert(r->has_offline && r->offline);
	ck_assert_str_eq(r->transaction_info.transaction_id, "tx-\xc3\xa9");
	ck_assert(r->transaction_info.has_charging_state);
	ck_assert_int_eq(r->evse->id, 1);
	ck_assert(r->evse->has_connector_id && r->evse->connector_id == 1);
	ck_assert_int_eq(r->id_token->type, OCPP201_ID_TOKEN_ISO14443);
	ck_assert_ptr_null(r->id_token->additional_info.items);
	ck_assert(!r->has_reservation_id && !r->has_cable_max_current);
	ck_assert_uint_eq(r->meter_value.count, 1);
	ck_assert_uint_eq(r->meter_value.items[0].sampled_value.count, 2);
	v = r->meter_value.items[0].sampled_value.items;
	ck_assert_double_eq(v[0].value, 1234.5);
	ck_assert_int_eq(v[0].unit_of_measure->multiplier, -1);
	ck_assert(!v[0].has_measurand);
	ck_assert_int_eq(v[0].measurand, OCPP201_MEASURAND_ENERGY_ACTIVE_IMPORT_REGISTER);
	ck_assert(v[1].has_measurand && v[1].has_phase);
	ck_assert_int_eq(v[1].phase, OCPP201_PHASE_L1_N);
	ck_assert_ptr_null(v[1].unit_of_measure);
	ck_assert_str_eq(r->custom_data, "{\"vendorId\":\"v\",\"x\":[1,\"a b\\\"\",null]}");
}
END_TEST

START_TEST(encodes_in_row_order)
{
	const void *r = decode(&ocpp201_transaction_event_request_type, transaction_event);
	struct text t;

	text_init(&t, 0);
	ck_assert_int_eq(schema_encode(&ocpp201_transaction_event_request_type, r, &t), 0);
	ck_assert_str_eq(t.data,
		"{\"customData\":{\"vendorId\":\"v\",\"x\":[1,\"a b\\\"\",null]},"
		"\"eventType\":\"Updated\",\"meterValue\":[{\"sampledValue\":["
		"{\"value\":1234.5,\"unitOfMeasure\":{\"unit\":\"kWh\",\"multiplier\":-1}},"
		"{\"value\":11000,\"measurand\":\"Power.Active.Import\",\"phase\":\"L1-N\"}],"
		"\"timestamp\":\"2026-03-11T22:40:12Z\"}],"
		"\"timestamp\":\"2026-03-11T21:40:12.345Z\",\"triggerReason\":\"MeterValuePeriodic\","
		"\"seqNo\":3,\"offline\":true,\"transactionInfo\":{\"transactionId\":\"tx-\xc3\xa9\","
		"\"chargingState\":\"Charging\"},\"evse\":{\"id\":1,\"connectorId\":1},"
		"\"idToken\":{\"idToken\":\"04A2\",\"type\":\"ISO14443\"}}");
	text_finish(&t);
}
END_TEST

START_TEST(fills_defaults_of_what_is_absent)
{
	const struct api_token_put *token = decode(&api_token_put_type, "{}");
	const struct config_listener *listener = decode(&config_listener_type, "{}");
	const struct meter_register *row = decode(&meter_register_type,
		"{\"quantity\":\"power_w\",\"address\":52,\"type\":\"float32\"}");
	struct text t;

	ck_assert_str_eq(token->status, "Accepted");
	ck_assert(listener->on && !listener->has_on);
	ck_assert_double_eq(row->scale, 1);
	ck_assert(!row->has_scale);
	text_init(&t, 0);
	schema_encode(&api_token_put_type, token, &t);
	schema_encode(&config_listener_type, listener, &t);
	ck_assert_str_eq(t.data, "{}{}");
	text_finish(&t);
}
END_TEST

/* Absent and empty lists differ; so do absent and empty texts. */
START_TEST(keeps_empty_apart_from_absent)
{
	const struct config_listen *listen = decode(&config_listen_type, "{}");
	const struct event_guard_acted *acted;
	struct event_guard_acted guard = {
		.node = "n", .has_limit_w = true, .quality = "", .reason = "r"};
	struct text t;

	ck_assert_ptr_null(listen->hosts.items);
	text_init(&t, 0);
	ck_assert_int_eq(schema_encode(&event_guard_acted_type, &guard, &t), 0);
	ck_assert_str_eq(t.data, "{\"node\":\"n\",\"measured_w\":0,\"limit_w\":0,\"quality\":\"\","
				 "\"lowered\":[],\"reason\":\"r\"}");
	acted = decode(&event_guard_acted_type, t.data);
	ck_assert_ptr_nonnull(acted->lowered.items);
	ck_assert_uint_eq(acted->lowered.count, 0);
	ck_assert_str_eq(acted->quality, "");
	text_finish(&t);
}
END_TEST

START_TEST(decodes_all_list_kinds)
{
	const struct ocpp201_clear_variable_monitoring_request *ints =
		decode(&ocpp201_clear_variable_monitoring_request_type, "{\"id\":[1,-2,3.0,4,5]}");
	const struct config_listen *texts =
		decode(&config_listen_type, "{\"hosts\":[\"a\",\"b\"]}");
	const struct ocpp201_notify_ev_charging_needs_response *none = decode(
		&ocpp201_notify_ev_charging_needs_response_type, "{\"status\":\"Accepted\"}");
	const struct ocpp201_get_log_request *log;

	ck_assert_uint_eq(ints->id.count, 5);
	ck_assert_int_eq(ints->id.items[1], -2);
	ck_assert_int_eq(ints->id.items[4], 5);
	ck_assert_str_eq(texts->hosts.items[1], "b");
	ck_assert_ptr_null(none->custom_data);
	log = decode(&ocpp201_get_log_request_type, "{\"log\":{\"remoteLocation\":\"ftp://x\"},"
						    "\"logType\":\"SecurityLog\",\"requestId\":1}");
	ck_assert_int_eq(log->log_type, OCPP201_LOG_SECURITY_LOG);
}
END_TEST

#define EVSE  &depot_evse_type
#define FILE_ &depot_file_type
#define BOOT  &ocpp201_boot_notification_request_type
#define TX    &ocpp201_transaction_event_request_type
#define RESET &ocpp201_reset_request_type
#define AUTH  &ocpp201_authorize_request_type
#define REG   &meter_register_type
#define DATA  &ocpp201_data_transfer_request_type
#define VAR   &ocpp201_variable_type

static const struct {
	const struct schema_struct *type;
	const char *json;
	enum schema_fault fault;
	const char *path;
	const char *message;
} faults[] = {
	{RESET, "", SCHEMA_BAD_SYNTAX, "", "text ends too early at byte 0"},
	{RESET, "{\"type\":\"OnIdle\"", SCHEMA_BAD_SYNTAX, "", "expected ',' or '}' at byte 16"},
	{RESET, "{\"type\":\"OnIdle\"} x", SCHEMA_BAD_SYNTAX, "", "text after the end at byte 18"},
	{RESET, "{\"type\":\"OnIdle\",}", SCHEMA_BAD_SYNTAX, "", "expected a string at byte 17"},
	{RESET, "{\"type\" \"OnIdle\"}", SCHEMA_BAD_SYNTAX, "", "expected ':' at byte 8"},
	{RESET, "{\"type\":[1 2]}", SCHEMA_BAD_SYNTAX, "", "expected ',' or ']' at byte 11"},
	{RESET, "{\"type\":nul}", SCHEMA_BAD_SYNTAX, "", "expected a value at byte 8"},
	{RESET, "{\"type\":'a'}", SCHEMA_BAD_SYNTAX, "", "expected a value at byte 8"},
	{RESET, "{\"evseId\":01}", SCHEMA_BAD_SYNTAX, "", "expected ',' or '}' at byte 11"},
	{RESET, "{\"evseId\":1.}", SCHEMA_BAD_SYNTAX, "", "bad number at byte 12"},
	{RESET, "{\"evseId\":-}", SCHEMA_BAD_SYNTAX, "", "bad number at byte 11"},
	{RESET, "{\"evseId\":1e+}", SCHEMA_BAD_SYNTAX, "", "bad number at byte 13"},
	{RESET, "{\"type\":\"a", SCHEMA_BAD_SYNTAX, "", "text ends in a string at byte 10"},
	{RESET, "{\"type\":\"a\n\"}", SCHEMA_BAD_SYNTAX, "",
		"control character in a string at byte 10"},
	{RESET, "{\"type\":\"\\x\"}", SCHEMA_BAD_SYNTAX, "", "bad escape at byte 10"},
	{RESET, "{\"type\":\"\\u12\"}", SCHEMA_BAD_SYNTAX, "", "bad \\u escape at byte 11"},
	{RESET, "{\"type\":\"\\u0000\"}", SCHEMA_BAD_SYNTAX, "", "NUL character at byte 11"},
	{RESET, "{\"type\":\"\\ud800\"}", SCHEMA_BAD_SYNTAX, "", "lone surrogate at byte 15"},
	{RESET, "{\"type\":\"\\udc00\"}", SCHEMA_BAD_SYNTAX, "", "lone surrogate at byte 15"},
	{RESET, "{\"type\":\"\\ud800\\u0041\"}", SCHEMA_BAD_SYNTAX, "",
		"lone surrogate at byte 15"},
	{RESET, "{\"type\":\"\xff\"}", SCHEMA_BAD_SYNTAX, "",
		"not UTF-8, or a NUL byte inside at byte 0"},
	{RESET, "[]", SCHEMA_BAD_TYPE, "", "must be an object but is an array"},
	{RESET, "3", SCHEMA_BAD_TYPE, "", "must be an object but is a number"},
	{RESET, "{\"type\":null}", SCHEMA_BAD_TYPE, "type", "must be a string but is null"},
	{RESET, "{\"type\":\"OnIdle\",\"evseId\":null}", SCHEMA_BAD_TYPE, "evseId",
		"must be a whole number but is null"},
	{RESET, "{\"type\":\"OnIdle\",\"evseId\":\"1\"}", SCHEMA_BAD_TYPE, "evseId",
		"must be a whole number but is a string"},
	{TX, "{\"offline\":1}", SCHEMA_BAD_TYPE, "offline",
		"must be true or false but is a number"},
	{TX, "{\"timestamp\":true}", SCHEMA_BAD_TYPE, "timestamp",
		"must be a date-time string but is a boolean"},
	{TX, "{\"meterValue\":{}}", SCHEMA_BAD_TYPE, "meterValue",
		"must be an array but is an object"},
	{TX, "{\"meterValue\":[{\"sampledValue\":[{\"value\":\"1\"}]}]}", SCHEMA_BAD_TYPE,
		"meterValue[0].sampledValue[0].value", "must be a number but is a string"},
	{AUTH, "{\"customData\":[]}", SCHEMA_BAD_TYPE, "customData",
		"must be an object but is an array"},
	{AUTH, "{\"customData\":{\"vendorId\":1}}", SCHEMA_BAD_TYPE, "customData.vendorId",
		"must be a string but is a number"},
	{RESET, "{}", SCHEMA_MISSING, "type", "is missing"},
	{AUTH, "{\"idToken\":{\"type\":\"Local\"}}", SCHEMA_MISSING, "idToken.idToken",
		"is missing"},
	{AUTH, "{\"customData\":{}}", SCHEMA_MISSING, "customData.vendorId", "is missing"},
	{RESET, "{\"Type\":\"OnIdle\"}", SCHEMA_UNKNOWN, "Type", "is not a field of ResetRequest"},
	{RESET, "{\"\\n\":1}", SCHEMA_UNKNOWN, "?", "is not a field of ResetRequest"},
	{RESET, "{\"type\":\"OnIdle\",\"\\u0074ype\":\"OnIdle\"}", SCHEMA_DUPLICATE, "type",
		"stands there twice"},
	{RESET, "{\"type\":\"onIdle\"}", SCHEMA_BAD_ENUM, "type",
		"must be one of Immediate, OnIdle but is \"onIdle\""},
	{RESET, "{\"type\":\"On\\nIdle\"}", SCHEMA_BAD_ENUM, "type",
		"must be one of Immediate, OnIdle but is \"On?Idle\""},
	{VAR, "{\"name\":\"123456789012345678901234567890123456789012345678901\"}",
		SCHEMA_BAD_LENGTH, "name", "must have at most 50 characters but has 51"},
	{FILE_, "{\"depot\":\"\"}", SCHEMA_BAD_LENGTH, "depot",
		"must have at least 1 characters but has 0"},
	{RESET, "{\"evseId\":1.5}", SCHEMA_BAD_RANGE, "evseId",
		"must be a whole number but is 1.5"},
	{RESET, "{\"evseId\":2147483648}", SCHEMA_BAD_RANGE, "evseId",
		"must be from -2147483648 to 2147483647 but is 2147483648"},
	{RESET, "{\"evseId\":-1e300}", SCHEMA_BAD_RANGE, "evseId",
		"must be from -2147483648 to 2147483647 but is -1e300"},
	{RESET, "{\"evseId\":1e999}", SCHEMA_BAD_RANGE, "evseId",
		"must be from -2147483648 to 2147483647 but is 1e999"},
	{EVSE, "{\"max_w\":9007199254740993}", SCHEMA_BAD_RANGE, "max_w",
		"must be from 1 to 1000000 but is 9007199254740993"},
	{REG, "{\"scale\":1e999}", SCHEMA_BAD_RANGE, "scale", "is too large: 1e999"},
	{FILE_, "{\"depot\":\"a b\"}", SCHEMA_BAD_FORMAT, "depot",
		"may only hold letters, digits and * - _ = : + | @ ."},
	{TX, "{\"timestamp\":\"2026-02-29T00:00:00Z\"}", SCHEMA_BAD_FORMAT, "timestamp",
		"must be a date-time like 2026-03-11T22:40:12Z but is \"2026-02-29T00:00:00Z\""},
	{TX, "{\"meterValue\":[]}", SCHEMA_BAD_ITEMS, "meterValue",
		"must have at least 1 items but has 0"},
};

START_TEST(names_every_fault)
{
	const void *v = decode(faults[_i].type, faults[_i].json);

	ck_assert_ptr_null(v);
	ck_assert_str_eq(err.message, faults[_i].message);
	ck_assert_str_eq(err.path, faults[_i].path);
	ck_assert_int_eq(err.fault, faults[_i].fault);
}
END_TEST

START_TEST(reads_every_escape)
{
	const struct ocpp201_variable *v =
		decode(VAR, "{\"\\u006e\\u0061me\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t"
			    "\\u0041\\u00E9\\u20aC\\uD83d\\uDe9A\\uDBFF\\uDFFF\"}");

	ck_assert_msg(v != NULL, "%s", err.message);
	ck_assert_str_eq(
		v->name, "\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x9a\x9a\xf4\x8f\xbf\xbf");
}
END_TEST

START_TEST(counts_code_points)
{
	char json[400] = "{\"name\":\"";

	for (int i = 0; i < 50; i++)
		strcat(json, "\xf0\x9f\x9a\x9a");
	strcat(json, "\"}");
	ck_assert_ptr_nonnull(decode(VAR, json));
	json[strlen(json) - 2] = '\0';
	strcat(json, "\\ud83d\\ude9a\"}");
	ck_assert_ptr_null(decode(VAR, json));
	ck_assert_str_eq(err.message, "must have at most 50 characters but has 51");
}
END_TEST

START_TEST(bounds_items_before_it_reads_them)
{
	char json[2000] = "{\"variableAttribute\":[{},{},{},{},{}]}";

	ck_assert_ptr_null(decode(&ocpp201_report_data_type, json));
	ck_assert_int_eq(err.fault, SCHEMA_BAD_ITEMS);
	ck_assert_str_eq(err.message, "must have at most 4 items");
}
END_TEST

START_TEST(bounds_depth)
{
	char json[200] = "{\"vendorId\":\"v\",\"data\":", *p = json + strlen(json);

	memset(p, '[', 31);
	memset(p + 31, ']', 31);
	strcpy(p + 62, "}");
	ck_assert_ptr_nonnull(decode(DATA, json));
	memset(p, '[', 32);
	memset(p + 32, ']', 32);
	strcpy(p + 64, "}");
	ck_assert_ptr_null(decode(DATA, json));
	ck_assert_str_eq(err.message, "nested too deep at byte 54");
}
END_TEST

/* Whatever the cap, the answer is a value or NoMemory, and the error is complete. */
START_TEST(survives_every_arena_cap)
{
	bool worked = false;

	for (size_t cap = 1; cap < 8000; cap += 16) {
		struct arena *a = arena_create(cap);
		const void *v = schema_decode(
			TX, transaction_event, sizeof(transaction_event) - 1, a, &err);

		ck_assert(v || err.fault == SCHEMA_NO_MEMORY);
		ck_assert(!worked || v);
		worked = v != NULL;
		arena_destroy(a);
	}
	ck_assert(worked);
}
END_TEST

START_TEST(reads_no_further_than_told)
{
	for (size_t n = 0; n < sizeof(transaction_event) - 1; n++) {
		char *copy = malloc(n ? n : 1);

		memcpy(copy, transaction_event, n);
		ck_assert_ptr_null(schema_decode(TX, copy, n, arena, &err));
		ck_assert_int_eq(err.fault, SCHEMA_BAD_SYNTAX);
		free(copy);
	}
}
END_TEST

START_TEST(cuts_long_complaints_between_characters)
{
	char json[1200] = "{\"a";

	for (int i = 0; i < 300; i++)
		strcat(json, "\xc3\xa9");
	strcat(json, "\":1}");
	ck_assert_ptr_null(decode(RESET, json));
	ck_assert_uint_eq(strlen(err.path), sizeof(err.path) - 1);
	ck_assert(schema_utf8_check(err.path, strlen(err.path), NULL));
	strcpy(json, "{\"type\":\"a");
	for (int i = 0; i < 300; i++)
		strcat(json, "\xc3\xa9");
	strcat(json, "\"}");
	ck_assert_ptr_null(decode(RESET, json));
	ck_assert(schema_utf8_check(err.message, strlen(err.message), NULL));
}
END_TEST

START_TEST(never_quotes_a_text_of_wrong_length)
{
	ck_assert_ptr_null(decode(&api_station_put_type, "{\"password\":\"hunter2\"}"));
	ck_assert_str_eq(err.path, "password");
	ck_assert_ptr_null(strstr(err.message, "hunter2"));
}
END_TEST

START_TEST(open_structs_take_unknown_keys)
{
	const struct ocpp201_custom_data *c = decode(&ocpp201_custom_data_type,
		"{\"a\":{\"b\":[\"}\",{}]},\"vendorId\":\"v\",\"c\":-1.5e3,\"d\":null}");

	ck_assert_msg(c != NULL, "%s", err.message);
	ck_assert_str_eq(c->vendor_id, "v");
}
END_TEST

/* What was skipped must not shift what is read behind it. */
START_TEST(keeps_the_spelling_of_any)
{
	const struct ocpp201_data_transfer_request *r = decode(DATA,
		"{\"data\":[ 1.0, -0, 1E2, 12345678901234567890.10, \"\\u00e9 \\/\", { } ],"
		"\"customData\":{\"x\":[{\"y\":[1,[2]]},\"\\\"\"],\"vendorId\":\"v\",\"z\":{}},"
		"\"vendorId\":\"w\"}");

	ck_assert_msg(r != NULL, "%s", err.message);
	ck_assert_str_eq(
		r->custom_data, "{\"x\":[{\"y\":[1,[2]]},\"\\\"\"],\"vendorId\":\"v\",\"z\":{}}");
	ck_assert_str_eq(r->data, "[1.0,-0,1E2,12345678901234567890.10,\"\\u00e9 \\/\",{}]");
	ck_assert_str_eq(r->vendor_id, "w");
	ck_assert_ptr_null(decode(RESET, "{\"customData\":{\"x\":[1,{\"y\":2}],\"vendorId\":\"v\"},"
					 "\"type\":\"OnIdle\",\"evseId\":1.25}"));
	ck_assert_str_eq(err.message, "must be a whole number but is 1.25");
}
END_TEST

/* Longer than any fixed buffer on the way; complaints show the beginning only. */
START_TEST(takes_numbers_of_any_length)
{
	const struct meter_register *row;
	char json[400], zeros[121];

	memset(zeros, '0', 120);
	zeros[120] = '\0';
	snprintf(json, sizeof(json),
		"{\"quantity\":\"power_w\",\"address\":52,\"type\":\"float32\",\"scale\":2.5%s1}",
		zeros);
	row = decode(REG, json);
	ck_assert_msg(row != NULL, "%s", err.message);
	ck_assert_double_eq(row->scale, 2.5);
	snprintf(json, sizeof(json), "{\"evseId\":1.5%s}", zeros);
	ck_assert_ptr_null(decode(RESET, json));
	ck_assert_str_eq(err.message, "must be a whole number but is "
				      "1.5000000000000000000000000000000000000000000000");
}
END_TEST

/* More nesting than is allowed may begin than the text has room to end. */
START_TEST(survives_brackets_that_never_close)
{
	char json[3000];

	for (size_t n = 1; n <= sizeof(json); n++) {
		memset(json, '[', n);
		ck_assert_ptr_null(schema_decode(RESET, json, n, arena, &err));
		ck_assert_int_eq(err.fault, SCHEMA_BAD_SYNTAX);
		ck_assert(n <= 32 || strcmp(err.message, "nested too deep at byte 32") == 0);
	}
}
END_TEST

START_TEST(an_event_may_be_empty)
{
	const struct event_station_removed *e = decode(&event_station_removed_type, " { } ");
	struct text t;

	ck_assert_ptr_nonnull(e);
	text_init(&t, 0);
	ck_assert_int_eq(schema_encode(&event_station_removed_type, e, &t), 0);
	ck_assert_str_eq(t.data, "{}");
	text_finish(&t);
}
END_TEST

START_TEST(tables_answer)
{
	const struct schema_action *a =
		schema_action_find(ocpp201_actions, OCPP201_ACTION_COUNT, "TransactionEvent");

	ck_assert_int_eq(OCPP201_ACTION_COUNT, 64);
	ck_assert_ptr_eq(a, &ocpp201_actions[OCPP201_TRANSACTION_EVENT]);
	ck_assert_int_eq(a->sender, SCHEMA_FROM_STATION);
	ck_assert_ptr_eq(a->request, TX);
	ck_assert_str_eq(a->use, "E01");
	ck_assert_ptr_null(
		schema_action_find(ocpp201_actions, OCPP201_ACTION_COUNT, "transactionEvent"));
	ck_assert_int_eq(ocpp201_actions[OCPP201_DATA_TRANSFER].sender, SCHEMA_FROM_BOTH);
	ck_assert_int_eq(ocpp201_actions[OCPP201_RESET].sender, SCHEMA_FROM_CSMS);
	ck_assert_int_eq(schema_enum_find(&ocpp201_reset_enum, "OnIdle"), OCPP201_RESET_ON_IDLE);
	ck_assert_int_eq(schema_enum_find(&ocpp201_reset_enum, "onidle"), -1);
	ck_assert_str_eq(event_events[EVENT_STATION_BOOTED].stream, "station");
	ck_assert_str_eq(schema_fault_name(SCHEMA_BAD_TYPE), "BadType");
	ck_assert_str_eq(schema_fault_name((enum schema_fault)99), "Unknown fault");
}
END_TEST

START_TEST(stations_send_24_actions_of_their_own)
{
	int station = 0, csms = 0;

	for (int i = 0; i < OCPP201_ACTION_COUNT; i++) {
		station += ocpp201_actions[i].sender == SCHEMA_FROM_STATION;
		csms += ocpp201_actions[i].sender == SCHEMA_FROM_CSMS;
	}
	ck_assert_int_eq(station, 24);
	ck_assert_int_eq(csms, 39);
}
END_TEST

static const struct {
	const char *s;
	int points; /* -1: not well-formed */
} utf8[] = {
	{"", 0},
	{"abc", 3},
	{"\xc3\xa9\xe2\x82\xac\xf0\x9f\x9a\x9a\xf4\x8f\xbf\xbf\xee\x80\x80", 5},
	{"\x80", -1},
	{"\xc3", -1},
	{"\xc0\xaf", -1},
	{"\xc1\xbf", -1},
	{"\xe0\x9f\xbf", -1},
	{"\xe2\x82", -1},
	{"\xe2\x28\xa1", -1},
	{"\xed\xa0\x80", -1},
	{"\xf0\x8f\xbf\xbf", -1},
	{"\xf4\x90\x80\x80", -1},
	{"\xf5\x80\x80\x80", -1},
	{"\xf0\x9f\x9a", -1},
	{"\xf0\x9f\x9a\x28", -1},
	{"\xff", -1},
};

START_TEST(checks_utf8)
{
	size_t points = 77;

	ck_assert_int_eq(
		schema_utf8_check(utf8[_i].s, strlen(utf8[_i].s), &points), utf8[_i].points >= 0);
	ck_assert_uint_eq(points, utf8[_i].points >= 0 ? (size_t)utf8[_i].points : 77);
	ck_assert(!schema_utf8_check("a\0b", 3, NULL));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("schema_codec");
	TCase *t = tcase_create("codec");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, decodes_a_message);
	tcase_add_test(t, encodes_in_row_order);
	tcase_add_test(t, fills_defaults_of_what_is_absent);
	tcase_add_test(t, keeps_empty_apart_from_absent);
	tcase_add_test(t, decodes_all_list_kinds);
	tcase_add_loop_test(t, names_every_fault, 0, sizeof(faults) / sizeof(faults[0]));
	tcase_add_test(t, reads_every_escape);
	tcase_add_test(t, counts_code_points);
	tcase_add_test(t, bounds_items_before_it_reads_them);
	tcase_add_test(t, bounds_depth);
	tcase_add_test(t, survives_every_arena_cap);
	tcase_add_test(t, reads_no_further_than_told);
	tcase_add_test(t, cuts_long_complaints_between_characters);
	tcase_add_test(t, never_quotes_a_text_of_wrong_length);
	tcase_add_test(t, open_structs_take_unknown_keys);
	tcase_add_test(t, keeps_the_spelling_of_any);
	tcase_add_test(t, takes_numbers_of_any_length);
	tcase_add_test(t, survives_brackets_that_never_close);
	tcase_add_test(t, an_event_may_be_empty);
	tcase_add_test(t, tables_answer);
	tcase_add_test(t, stations_send_24_actions_of_their_own);
	tcase_add_loop_test(t, checks_utf8, 0, sizeof(utf8) / sizeof(utf8[0]));
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
