/* What a 1.6 station sends, in the words of 2.0.1: each message as JSON in, JSON out. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "ocpp/v16.h"

static struct arena *arena;
static struct v16_hints hints;

static enum ocpp201_id_token_enum kind_of(void *arg, const char *tag)
{
	(void)arg;
	return strcmp(tag, "CARD-2") == 0 ? OCPP201_ID_TOKEN_CENTRAL : OCPP201_ID_TOKEN_ISO14443;
}

static void setup(void)
{
	arena = arena_create(0);
	hints = (struct v16_hints){
		.arena = arena, .now = {1763694000000}, .kind_of = kind_of, .log_request = 7};
}

static void teardown(void)
{
	arena_destroy(arena);
}

static void *decode16(const struct schema_struct *type, const char *json)
{
	struct schema_error err;
	void *v = schema_decode(type, json, strlen(json), arena, &err);

	ck_assert_msg(v != NULL, "%s: %s: %s", json, err.path, err.message);
	return v;
}

/* Encoded and taken again by the rows of its version, so it is what they allow. */
static const char *encoded(const struct schema_struct *type, const void *value)
{
	struct text t;
	struct schema_error err;
	const char *out;

	ck_assert_ptr_nonnull(value);
	text_init(&t, 0);
	ck_assert_int_eq(schema_encode(type, value, &t), 0);
	ck_assert_msg(schema_decode(type, t.data, t.len, arena, &err) != NULL, "%s: %s: %s", t.data,
		err.path, err.message);
	out = arena_strndup(arena, t.data, t.len);
	text_finish(&t);
	return out;
}

/* -- one for one ------------------------------------------------------------------------------ */

static const struct {
	int action;
	const char *in, *out; /* the request as 1.6 and as 2.0.1 has it */
} ups[] = {
	{OCPP16_AUTHORIZE, "{\"idTag\":\"CARD-1\"}",
		"{\"idToken\":{\"idToken\":\"CARD-1\",\"type\":\"ISO14443\"}}"},
	{OCPP16_AUTHORIZE, "{\"idTag\":\"CARD-2\"}",
		"{\"idToken\":{\"idToken\":\"CARD-2\",\"type\":\"Central\"}}"},
	{OCPP16_BOOT_NOTIFICATION,
		"{\"chargePointVendor\":\"V\",\"chargePointModel\":\"M\","
		"\"chargeBoxSerialNumber\":\"B9\",\"firmwareVersion\":\"1.2\",\"imsi\":\"I\"}",
		"{\"chargingStation\":{\"serialNumber\":\"B9\",\"model\":\"M\","
		"\"modem\":{\"imsi\":\"I\"},\"vendorName\":\"V\",\"firmwareVersion\":\"1.2\"},"
		"\"reason\":\"Unknown\"}"},
	{OCPP16_BOOT_NOTIFICATION,
		"{\"chargePointVendor\":\"V\",\"chargePointModel\":\"M\","
		"\"chargeBoxSerialNumber\":\"B9\",\"chargePointSerialNumber\":\"P1\"}",
		"{\"chargingStation\":{\"serialNumber\":\"P1\",\"model\":\"M\","
		"\"vendorName\":\"V\"},\"reason\":\"Unknown\"}"},
	{OCPP16_HEARTBEAT, "{}", "{}"},
	{OCPP16_DATA_TRANSFER, "{\"vendorId\":\"v\",\"messageId\":\"m\",\"data\":\"a \\\"b\\\"\"}",
		"{\"messageId\":\"m\",\"data\":\"a \\\"b\\\"\",\"vendorId\":\"v\"}"},
	{OCPP16_DIAGNOSTICS_STATUS_NOTIFICATION, "{\"status\":\"UploadFailed\"}",
		"{\"status\":\"UploadFailure\",\"requestId\":7}"},
	{OCPP16_DIAGNOSTICS_STATUS_NOTIFICATION, "{\"status\":\"Uploaded\"}",
		"{\"status\":\"Uploaded\",\"requestId\":7}"},
	{OCPP16_LOG_STATUS_NOTIFICATION, "{\"status\":\"PermissionDenied\",\"requestId\":9}",
		"{\"status\":\"PermissionDenied\",\"requestId\":9}"},
	{OCPP16_FIRMWARE_STATUS_NOTIFICATION, "{\"status\":\"Downloading\"}",
		"{\"status\":\"Downloading\"}"},
	{OCPP16_SIGNED_FIRMWARE_STATUS_NOTIFICATION,
		"{\"status\":\"InvalidSignature\",\"requestId\":3}",
		"{\"status\":\"InvalidSignature\",\"requestId\":3}"},
	{OCPP16_SECURITY_EVENT_NOTIFICATION,
		"{\"type\":\"TamperDetectionActivated\",\"timestamp\":\"2026-01-02T03:04:05Z\","
		"\"techInfo\":\"lid\"}",
		"{\"type\":\"TamperDetectionActivated\",\"timestamp\":\"2026-01-02T03:04:05Z\","
		"\"techInfo\":\"lid\"}"},
	{OCPP16_SIGN_CERTIFICATE, "{\"csr\":\"PEM\"}",
		"{\"csr\":\"PEM\",\"certificateType\":\"ChargingStationCertificate\"}"},
};

START_TEST(each_message_says_the_same_in_201)
{
	const struct v16_up *up = v16_up_find(ups[_i].action);
	const void *in;

	ck_assert_ptr_nonnull(up);
	in = decode16(ocpp16_actions[ups[_i].action].request, ups[_i].in);
	ck_assert_str_eq(
		encoded(ocpp201_actions[up->to].request, up->request(&hints, in)), ups[_i].out);
}
END_TEST

static const struct {
	int action;
	const char *in, *out; /* the response as 2.0.1 and as 1.6 has it */
} answers[] = {
	{OCPP16_AUTHORIZE, "{\"idTokenInfo\":{\"status\":\"NoCredit\"}}",
		"{\"idTagInfo\":{\"status\":\"Invalid\"}}"},
	{OCPP16_AUTHORIZE,
		"{\"idTokenInfo\":{\"status\":\"Accepted\",\"cacheExpiryDateTime\":"
		"\"2026-01-02T03:04:05Z\",\"groupIdToken\":{\"idToken\":\"G\",\"type\":\"Central\"}"
		"}}",
		"{\"idTagInfo\":{\"expiryDate\":\"2026-01-02T03:04:05Z\",\"parentIdTag\":\"G\","
		"\"status\":\"Accepted\"}}"},
	{OCPP16_AUTHORIZE,
		"{\"idTokenInfo\":{\"status\":\"ConcurrentTx\",\"groupIdToken\":{\"idToken\":"
		"\"a group of too many letters\",\"type\":\"Central\"}}}",
		"{\"idTagInfo\":{\"status\":\"ConcurrentTx\"}}"},
	{OCPP16_BOOT_NOTIFICATION,
		"{\"currentTime\":\"2026-01-02T03:04:05Z\",\"interval\":60,\"status\":\"Pending\"}",
		"{\"status\":\"Pending\",\"currentTime\":\"2026-01-02T03:04:05Z\","
		"\"interval\":60}"},
	{OCPP16_HEARTBEAT, "{\"currentTime\":\"2026-01-02T03:04:05Z\"}",
		"{\"currentTime\":\"2026-01-02T03:04:05Z\"}"},
	{OCPP16_DATA_TRANSFER, "{\"status\":\"UnknownVendorId\",\"data\":\"a \\u00e9\"}",
		"{\"status\":\"UnknownVendorId\",\"data\":\"a \u00e9\"}"},
	{OCPP16_DATA_TRANSFER, "{\"status\":\"Accepted\",\"data\":{\"a\":[1]}}",
		"{\"status\":\"Accepted\",\"data\":\"{\\\"a\\\":[1]}\"}"},
	{OCPP16_SIGN_CERTIFICATE, "{\"status\":\"Rejected\"}", "{\"status\":\"Rejected\"}"},
	{OCPP16_LOG_STATUS_NOTIFICATION, "{}", "{}"},
};

START_TEST(each_answer_says_the_same_in_16)
{
	const struct v16_up *up = v16_up_find(answers[_i].action);
	const void *in = decode16(ocpp201_actions[up->to].response, answers[_i].in);

	ck_assert_str_eq(encoded(ocpp16_actions[up->action].response, up->answer(arena, in)),
		answers[_i].out);
}
END_TEST

/* -- meter values ----------------------------------------------------------------------------- */

static const char *measured(const char *samples)
{
	const char *json = arena_printf(arena,
		"{\"connectorId\":2,\"meterValue\":[{\"timestamp\":\"2026-01-02T03:04:05Z\","
		"\"sampledValue\":[%s]}]}",
		samples);
	bool nothing;
	const struct ocpp201_meter_values_request *r =
		v16_measured(&hints, decode16(&ocpp16_meter_values_request_type, json), &nothing);
	const char *text, *start, *end;

	ck_assert_ptr_nonnull(r);
	ck_assert_int_eq(r->evse_id, 2);
	if (nothing)
		return "nothing";
	text = encoded(&ocpp201_meter_values_request_type, r);
	start = strstr(text, "\"sampledValue\":[") + 16;
	end = strrchr(text, ',');
	return arena_strndup(arena, start, (size_t)(end - start) - 1);
}

static const struct {
	const char *in, *out;
} samples[] = {
	{"{\"value\":\"1234.5\"}",
		"{\"value\":1234.5,\"measurand\":\"Energy.Active.Import.Register\"}"},
	{"{\"value\":\"11,5\",\"unit\":\"kW\",\"measurand\":\"Power.Active.Import\","
	 "\"phase\":\"L1-N\",\"context\":\"Sample.Clock\",\"location\":\"Inlet\"}",
		"{\"value\":11.5,\"context\":\"Sample.Clock\",\"measurand\":\"Power.Active."
		"Import\",\"phase\":\"L1-N\",\"location\":\"Inlet\",\"unitOfMeasure\":{\"unit\":"
		"\"kW\"}}"},
	{"{\"value\":\"80\",\"unit\":\"Percent\",\"measurand\":\"SoC\"}",
		"{\"value\":80,\"measurand\":\"SoC\",\"unitOfMeasure\":{\"unit\":\"Percent\"}}"},
	/* no numbers, and what 2.0.1 does not measure */
	{"{\"value\":\"\"}", "nothing"},
	{"{\"value\":\"NaN\"}", "nothing"},
	{"{\"value\":\"0x10\"}", "nothing"},
	{"{\"value\":\"1e999\"}", "nothing"},
	{"{\"value\":\"12 kWh\"}", "nothing"},
	{"{\"value\":\"40\",\"measurand\":\"Temperature\",\"unit\":\"Celcius\"}", "nothing"},
	{"{\"value\":\"40\",\"measurand\":\"RPM\"}", "nothing"},
	/* signed data goes with its plain reading, or not at all */
	{"{\"value\":\"ABCD\",\"format\":\"SignedData\"}", "nothing"},
	{"{\"value\":\"ABCD\",\"format\":\"SignedData\"},{\"value\":\"5\",\"format\":\"Raw\"}",
		"{\"value\":5,\"measurand\":\"Energy.Active.Import.Register\",\"signedMeterValue\":"
		"{\"signedMeterData\":\"ABCD\",\"signingMethod\":\"\",\"encodingMethod\":\"\","
		"\"publicKey\":\"\"}}"},
};

START_TEST(each_sample_says_the_same_in_201)
{
	ck_assert_str_eq(measured(samples[_i].in), samples[_i].out);
}
END_TEST

/* Every measurand, unit, phase, place and occasion of 1.6 is one of 2.0.1, but for those two. */
START_TEST(no_kind_of_sample_is_forgotten)
{
	for (int i = 0; i < ocpp16_measurand_enum.count; i++) {
		const char *name = ocpp16_measurand_enum.values[i];
		bool is_lost = strcmp(name, "Temperature") == 0 || strcmp(name, "RPM") == 0;

		ck_assert_msg((schema_enum_find(&ocpp201_measurand_enum, name) < 0) == is_lost,
			"%s", name);
	}
	for (int i = 0; i < ocpp16_phase_enum.count; i++)
		ck_assert_int_ge(
			schema_enum_find(&ocpp201_phase_enum, ocpp16_phase_enum.values[i]), 0);
	for (int i = 0; i < ocpp16_location_enum.count; i++)
		ck_assert_int_ge(
			schema_enum_find(&ocpp201_location_enum, ocpp16_location_enum.values[i]),
			0);
	for (int i = 0; i < ocpp16_reading_context_enum.count; i++)
		ck_assert_int_ge(schema_enum_find(&ocpp201_reading_context_enum,
					 ocpp16_reading_context_enum.values[i]),
			0);
}
END_TEST

/* -- transactions ----------------------------------------------------------------------------- */

static const char *event(const struct ocpp201_transaction_event_request *r)
{
	return encoded(&ocpp201_transaction_event_request_type, r);
}

#define START                                                                                      \
	"{\"connectorId\":3,\"idTag\":\"CARD-1\",\"meterStart\":1000,"                             \
	"\"timestamp\":\"2026-01-02T03:04:05Z\",\"reservationId\":4}"

START_TEST(a_start_is_a_started_event)
{
	struct v16_tx tx = {.id = "77",
		.connector = 3,
		.has_state = true,
		.state = OCPP201_CHARGING_STATE_CHARGING};
	const struct ocpp16_start_transaction_request *in =
		decode16(&ocpp16_start_transaction_request_type, START);

	ck_assert_str_eq(event(v16_started(&hints, in, &tx)),
		"{\"eventType\":\"Started\",\"meterValue\":[{\"sampledValue\":[{\"value\":1000,"
		"\"context\":\"Transaction.Begin\",\"measurand\":\"Energy.Active.Import.Register\","
		"\"unitOfMeasure\":{\"unit\":\"Wh\"}}],\"timestamp\":\"2026-01-02T03:04:05Z\"}],"
		"\"timestamp\":\"2026-01-02T03:04:05Z\",\"triggerReason\":\"Authorized\","
		"\"seqNo\":0,\"reservationId\":4,\"transactionInfo\":{"
		"\"transactionId\":\"77\",\"chargingState\":\"Charging\"},\"evse\":{\"id\":3,"
		"\"connectorId\":1},\"idToken\":{\"idToken\":\"CARD-1\",\"type\":\"ISO14443\"}}");
	tx.has_remote_start = true;
	tx.remote_start = 99;
	tx.is_offline = true;
	ck_assert_ptr_nonnull(strstr(event(v16_started(&hints, in, &tx)),
		"\"triggerReason\":\"RemoteStart\",\"seqNo\":0,\"offline\":true"));
	ck_assert_ptr_nonnull(strstr(event(v16_started(&hints, in, &tx)), "\"remoteStartId\":99"));
}
END_TEST

static const struct {
	const char *reason, *out;
} ends[] = {
	{NULL, "StopAuthorized/Local"},
	{"Local", "StopAuthorized/Local"},
	{"Remote", "RemoteStop/Remote"},
	{"DeAuthorized", "Deauthorized/DeAuthorized"},
	{"EVDisconnected", "EVCommunicationLost/EVDisconnected"},
	{"EmergencyStop", "AbnormalCondition/EmergencyStop"},
	{"HardReset", "ResetCommand/ImmediateReset"},
	{"SoftReset", "ResetCommand/ImmediateReset"},
	{"PowerLoss", "AbnormalCondition/PowerLoss"},
	{"Reboot", "AbnormalCondition/Reboot"},
	{"UnlockCommand", "UnlockCommand/Remote"},
	{"Other", "AbnormalCondition/Other"},
};

START_TEST(a_stop_is_an_ended_event)
{
	struct v16_tx tx = {.id = "77", .connector = 3, .seq_no = 5};
	const char *reason =
		ends[_i].reason ? arena_printf(arena, ",\"reason\":\"%s\"", ends[_i].reason) : "";
	const struct ocpp16_stop_transaction_request *in = decode16(
		&ocpp16_stop_transaction_request_type,
		arena_printf(arena,
			"{\"transactionId\":77,\"meterStop\":9000,\"idTag\":\"CARD-1\","
			"\"timestamp\":\"2026-01-02T05:04:05Z\"%s,\"transactionData\":[{"
			"\"timestamp\":\"2026-01-02T04:00:00Z\",\"sampledValue\":[{\"value\":"
			"\"4000\"}]}]}",
			reason));
	const struct ocpp201_transaction_event_request *r = v16_ended(&hints, in, &tx);
	const char *text = event(r);

	ck_assert_str_eq(
		arena_printf(arena, "%s/%s", ocpp201_trigger_reason_enum.values[r->trigger_reason],
			ocpp201_reason_enum.values[r->transaction_info.stopped_reason]),
		ends[_i].out);
	ck_assert_int_eq(r->meter_value.count, 2);
	ck_assert_double_eq(r->meter_value.items[0].sampled_value.items[0].value, 4000);
	ck_assert_double_eq(r->meter_value.items[1].sampled_value.items[0].value, 9000);
	ck_assert_ptr_nonnull(strstr(text, "\"context\":\"Transaction.End\""));
	ck_assert_int_eq(r->seq_no, 5);
}
END_TEST

START_TEST(answers_carry_the_number_and_what_is_said_of_the_tag)
{
	struct ocpp201_transaction_event_response
		none = {0},
		*blocked = decode16(&ocpp201_transaction_event_response_type,
			"{\"idTokenInfo\":{\"status\":\"Blocked\"}}");

	ck_assert_str_eq(encoded(&ocpp16_start_transaction_response_type,
				 v16_start_answer(arena, blocked, 5)),
		"{\"idTagInfo\":{\"status\":\"Blocked\"},\"transactionId\":5}");
	ck_assert_str_eq(
		encoded(&ocpp16_start_transaction_response_type, v16_start_answer(arena, &none, 6)),
		"{\"idTagInfo\":{\"status\":\"Accepted\"},\"transactionId\":6}");
	ck_assert_str_eq(
		encoded(&ocpp16_stop_transaction_response_type, v16_stop_answer(arena, &none)),
		"{}");
	ck_assert_str_eq(
		encoded(&ocpp16_stop_transaction_response_type, v16_stop_answer(arena, blocked)),
		"{\"idTagInfo\":{\"status\":\"Blocked\"}}");
}
END_TEST

/* -- connectors ------------------------------------------------------------------------------- */

static const struct {
	const char *status, *connector, *state;
} states[] = {
	{"Available", "Available", NULL},
	{"Preparing", "Occupied", NULL},
	{"Charging", "Occupied", "Charging"},
	{"SuspendedEV", "Occupied", "SuspendedEV"},
	{"SuspendedEVSE", "Occupied", "SuspendedEVSE"},
	{"Finishing", "Occupied", "EVConnected"},
	{"Reserved", "Reserved", NULL},
	{"Unavailable", "Unavailable", NULL},
	{"Faulted", "Faulted", NULL},
};

START_TEST(each_state_of_a_connector_has_its_words)
{
	const struct ocpp16_status_notification_request *in =
		decode16(&ocpp16_status_notification_request_type,
			arena_printf(arena,
				"{\"connectorId\":2,\"errorCode\":\"NoError\",\"status\":\"%s\"}",
				states[_i].status));
	enum ocpp201_charging_state state;
	bool has_state = v16_charging_state(in->status, &state);

	ck_assert_str_eq(encoded(&ocpp201_status_notification_request_type, v16_status(&hints, in)),
		arena_printf(arena,
			"{\"timestamp\":\"2025-11-21T03:00:00Z\",\"connectorStatus\":\"%s\","
			"\"evseId\":2,\"connectorId\":1}",
			states[_i].connector));
	ck_assert_int_eq(has_state, states[_i].state != NULL);
	if (has_state)
		ck_assert_str_eq(ocpp201_charging_state_enum.values[state], states[_i].state);
}
END_TEST

START_TEST(an_error_code_is_a_problem_of_the_connector)
{
	const struct ocpp16_status_notification_request *in =
		decode16(&ocpp16_status_notification_request_type,
			"{\"connectorId\":1,\"errorCode\":\"GroundFailure\",\"status\":\"Faulted\","
			"\"info\":\"31 mA\",\"vendorId\":\"com.x\",\"vendorErrorCode\":\"E5\","
			"\"timestamp\":\"2026-01-02T03:04:05Z\"}");
	const struct ocpp16_status_notification_request *over =
		decode16(&ocpp16_status_notification_request_type,
			"{\"connectorId\":0,\"errorCode\":\"NoError\",\"status\":\"Available\"}");
	const char *text = encoded(&ocpp201_notify_event_request_type, v16_problem(&hints, in, 12));

	ck_assert_ptr_nonnull(strstr(text, "\"eventId\":12"));
	ck_assert_ptr_nonnull(strstr(text, "\"actualValue\":\"true\",\"techCode\":\"E5\","
					   "\"techInfo\":\"GroundFailure: 31 mA / com.x\","
					   "\"cleared\":false"));
	ck_assert_ptr_nonnull(strstr(text, "\"component\":{\"evse\":{\"id\":1,"
					   "\"connectorId\":1},\"name\":\"Connector\"}"));
	text = encoded(&ocpp201_notify_event_request_type, v16_problem(&hints, over, 13));
	ck_assert_ptr_nonnull(strstr(text, "\"cleared\":true"));
	ck_assert_ptr_nonnull(strstr(text, "\"name\":\"ChargingStation\""));
}
END_TEST

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

int main(void)
{
	Suite *s = suite_create("ocpp_v16_up");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, each_message_says_the_same_in_201, 0, COUNT(ups));
	tcase_add_loop_test(t, each_answer_says_the_same_in_16, 0, COUNT(answers));
	tcase_add_loop_test(t, each_sample_says_the_same_in_201, 0, COUNT(samples));
	tcase_add_test(t, no_kind_of_sample_is_forgotten);
	tcase_add_test(t, a_start_is_a_started_event);
	tcase_add_loop_test(t, a_stop_is_an_ended_event, 0, COUNT(ends));
	tcase_add_test(t, answers_carry_the_number_and_what_is_said_of_the_tag);
	tcase_add_loop_test(t, each_state_of_a_connector_has_its_words, 0, COUNT(states));
	tcase_add_test(t, an_error_code_is_a_problem_of_the_connector);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
