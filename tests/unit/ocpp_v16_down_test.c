/* Commands to a 1.6 station: what goes out for each request of 2.0.1, what is refused before, and
 * what the answers become. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "ocpp/v16_down.h"

static struct arena *arena;
static struct v16_facts facts;

static int phases(void *arg, int64_t evse)
{
	(void)arg;
	return evse == 2 ? 1 : evse == 3 ? 0 : 3; /* EVSE 3 gives DC */
}

static void setup(void)
{
	arena = arena_create(0);
	facts = (struct v16_facts){.phases = phases, .volts = 230};
}

static void teardown(void)
{
	arena_destroy(arena);
}

static const void *decoded(const struct schema_struct *type, const char *json)
{
	struct schema_error err;
	void *v = schema_decode(type, json, strlen(json), arena, &err);

	ck_assert_msg(v != NULL, "%s: %s: %s", json, err.path, err.message);
	return v;
}

/* Encoded, and taken again by the rows, so it is what they allow. */
static const char *encoded(const struct schema_struct *type, const void *value)
{
	struct text t;
	const char *out;

	ck_assert_ptr_nonnull(value);
	text_init(&t, 0);
	ck_assert_int_eq(schema_encode(type, value, &t), 0);
	decoded(type, t.data);
	out = arena_strndup(arena, t.data, t.len);
	text_finish(&t);
	return out;
}

/* The plan in words: each ask on a line, "? " before a fallback; or "!" and why there is none. */
static const char *plan_words(int action, const char *request, struct v16_plan *p)
{
	const char *why = NULL, *out = "";

	if (v16_plan_make(arena, &facts, action, decoded(ocpp201_actions[action].request, request),
		    p, &why))
		return arena_printf(arena, "!%s", why);
	for (size_t i = 0; i < p->count; i++)
		out = arena_printf(arena, "%s%s%s%s %s", out, i ? "\n" : "",
			p->asks[i].is_fallback ? "? " : "", ocpp16_actions[p->asks[i].action].name,
			encoded(ocpp16_actions[p->asks[i].action].request, p->asks[i].request));
	return out;
}

#define TAG     "\"idToken\":{\"idToken\":\"CARD-1\",\"type\":\"ISO14443\"}"
#define LONG_ID "0123456789012345678901234"
#define PERIODS "\"chargingSchedulePeriod\":[{\"startPeriod\":0,\"limit\":11000}]"
#define SCHEDULE                                                                                   \
	"\"chargingSchedule\":[{\"id\":1,\"startSchedule\":\"2026-01-02T03:04:05Z\","              \
	"\"chargingRateUnit\":\"W\"," PERIODS "}]"
#define PROFILE(evse, purpose, more)                                                               \
	"{\"evseId\":" #evse ",\"chargingProfile\":{\"id\":7,\"stackLevel\":1,"                    \
	"\"chargingProfilePurpose\":\"" purpose                                                    \
	"\",\"chargingProfileKind\":\"Absolute\"," more SCHEDULE "}}"
#define PROFILE16(connector, purpose, more, unit, limit)                                           \
	"SetChargingProfile {\"connectorId\":" #connector ",\"csChargingProfiles\":{"              \
	"\"chargingProfileId\":7," more "\"stackLevel\":1,\"chargingProfilePurpose\":\"" purpose   \
	"\",\"chargingProfileKind\":\"Absolute\",\"chargingSchedule\":{\"startSchedule\":"         \
	"\"2026-01-02T03:04:05Z\",\"chargingRateUnit\":\"" unit "\","                              \
	"\"chargingSchedulePeriod\":[{\"startPeriod\":0,\"limit\":" limit "}]}}}"
#define VARIABLE(component, name)                                                                  \
	"{\"component\":{\"name\":\"" component "\"},\"variable\":{\"name\":\"" name "\"}"
#define FIRMWARE(more)                                                                             \
	"{\"requestId\":3,\"firmware\":{\"location\":\"https://h/f\",\"retrieveDateTime\":"        \
	"\"2026-01-02T03:04:05Z\"" more "}}"
#define SIGNED ",\"signingCertificate\":\"C\",\"signature\":\"S\""

static const struct {
	int action;
	const char *in, *out;
} plans[] = {
	{OCPP201_RESET, "{\"type\":\"OnIdle\"}", "Reset {\"type\":\"Soft\"}"},
	{OCPP201_RESET, "{\"type\":\"Immediate\"}", "Reset {\"type\":\"Hard\"}"},
	{OCPP201_RESET, "{\"type\":\"OnIdle\",\"evseId\":1}",
		"!OCPP 1.6 has no Reset of a single EVSE: leave evseId out"},
	{OCPP201_CHANGE_AVAILABILITY, "{\"operationalStatus\":\"Inoperative\"}",
		"ChangeAvailability {\"connectorId\":0,\"type\":\"Inoperative\"}"},
	{OCPP201_CHANGE_AVAILABILITY,
		"{\"operationalStatus\":\"Operative\",\"evse\":{\"id\":2,\"connectorId\":1}}",
		"ChangeAvailability {\"connectorId\":2,\"type\":\"Operative\"}"},
	{OCPP201_CHANGE_AVAILABILITY,
		"{\"operationalStatus\":\"Operative\",\"evse\":{\"id\":2,\"connectorId\":2}}",
		"!OCPP 1.6 has one connector per EVSE"},
	{OCPP201_CLEAR_CACHE, "{}", "ClearCache {}"},
	{OCPP201_UNLOCK_CONNECTOR, "{\"evseId\":2,\"connectorId\":1}",
		"UnlockConnector {\"connectorId\":2}"},
	{OCPP201_REQUEST_START_TRANSACTION, "{\"remoteStartId\":5,\"evseId\":1," TAG "}",
		"RemoteStartTransaction {\"connectorId\":1,\"idTag\":\"CARD-1\"}"},
	{OCPP201_REQUEST_START_TRANSACTION,
		"{\"remoteStartId\":5,\"idToken\":{\"idToken\":\"" LONG_ID
		"\",\"type\":\"Central\"}}",
		"!OCPP 1.6 has no idTag of more than 20 characters"},
	{OCPP201_REQUEST_START_TRANSACTION,
		"{\"remoteStartId\":5,\"idToken\":{\"idToken\":\"\",\"type\":\"NoAuthorization\"}}",
		"!OCPP 1.6 has no start without an idTag"},
	{OCPP201_REQUEST_STOP_TRANSACTION, "{\"transactionId\":\"86400\"}",
		"RemoteStopTransaction {\"transactionId\":86400}"},
	{OCPP201_REQUEST_STOP_TRANSACTION, "{\"transactionId\":\"86400x\"}",
		"!OCPP 1.6 numbers its transactions: this is none of them"},
	{OCPP201_REQUEST_STOP_TRANSACTION, "{\"transactionId\":\"4294967296\"}",
		"!OCPP 1.6 numbers its transactions: this is none of them"},
	/* triggers */
	{OCPP201_TRIGGER_MESSAGE, "{\"requestedMessage\":\"Heartbeat\"}",
		"TriggerMessage {\"requestedMessage\":\"Heartbeat\"}"},
	{OCPP201_TRIGGER_MESSAGE,
		"{\"requestedMessage\":\"StatusNotification\",\"evse\":{\"id\":2,\"connectorId\":1}"
		"}",
		"TriggerMessage {\"requestedMessage\":\"StatusNotification\",\"connectorId\":2}"},
	{OCPP201_TRIGGER_MESSAGE, "{\"requestedMessage\":\"TransactionEvent\",\"evse\":{\"id\":1}}",
		"TriggerMessage {\"requestedMessage\":\"MeterValues\",\"connectorId\":1}"},
	{OCPP201_TRIGGER_MESSAGE, "{\"requestedMessage\":\"LogStatusNotification\"}",
		"ExtendedTriggerMessage {\"requestedMessage\":\"LogStatusNotification\"}\n"
		"? TriggerMessage {\"requestedMessage\":\"DiagnosticsStatusNotification\"}"},
	{OCPP201_TRIGGER_MESSAGE, "{\"requestedMessage\":\"SignChargingStationCertificate\"}",
		"ExtendedTriggerMessage {\"requestedMessage\":\"SignChargePointCertificate\"}"},
	{OCPP201_TRIGGER_MESSAGE, "{\"requestedMessage\":\"SignV2GCertificate\"}",
		"!OCPP 1.6 has no trigger of SignV2GCertificate"},
	/* profiles */
	{OCPP201_SET_CHARGING_PROFILE, PROFILE(1, "TxDefaultProfile", ""),
		PROFILE16(1, "TxDefaultProfile", "", "W", "11000")},
	{OCPP201_SET_CHARGING_PROFILE, PROFILE(0, "ChargingStationMaxProfile", ""),
		PROFILE16(0, "ChargePointMaxProfile", "", "W", "11000")},
	{OCPP201_SET_CHARGING_PROFILE, PROFILE(1, "TxProfile", "\"transactionId\":\"12\","),
		PROFILE16(1, "TxProfile", "\"transactionId\":12,", "W", "11000")},
	{OCPP201_SET_CHARGING_PROFILE, PROFILE(1, "TxProfile", "\"transactionId\":\"tx\","),
		"!OCPP 1.6 numbers its transactions: this is none of them"},
	{OCPP201_SET_CHARGING_PROFILE, PROFILE(0, "ChargingStationExternalConstraints", ""),
		"!OCPP 1.6 has no ChargingStationExternalConstraints"},
	{OCPP201_CLEAR_CHARGING_PROFILE,
		"{\"chargingProfileCriteria\":{\"evseId\":1,\"chargingProfilePurpose\":"
		"\"ChargingStationMaxProfile\",\"stackLevel\":2}}",
		"ClearChargingProfile {\"connectorId\":1,\"chargingProfilePurpose\":"
		"\"ChargePointMaxProfile\",\"stackLevel\":2}"},
	{OCPP201_CLEAR_CHARGING_PROFILE, "{\"chargingProfileId\":7}",
		"ClearChargingProfile {\"id\":7}"},
	{OCPP201_GET_COMPOSITE_SCHEDULE,
		"{\"duration\":60,\"evseId\":1,\"chargingRateUnit\":\"A\"}",
		"GetCompositeSchedule {\"connectorId\":1,\"duration\":60,\"chargingRateUnit\":"
		"\"A\"}"},
	/* authorisation and reservation */
	{OCPP201_GET_LOCAL_LIST_VERSION, "{}", "GetLocalListVersion {}"},
	{OCPP201_SEND_LOCAL_LIST,
		"{\"versionNumber\":4,\"updateType\":\"Differential\","
		"\"localAuthorizationList\":[{" TAG "},{" TAG
		",\"idTokenInfo\":{\"status\":\"NoCredit\"}},{\"idToken\":{\"idToken\":\"" LONG_ID
		"\",\"type\":\"Central\"}}]}",
		"SendLocalList {\"listVersion\":4,\"localAuthorizationList\":[{\"idTag\":"
		"\"CARD-1\"},{\"idTag\":\"CARD-1\",\"idTagInfo\":{\"status\":\"Invalid\"}}],"
		"\"updateType\":\"Differential\"}"},
	{OCPP201_SEND_LOCAL_LIST, "{\"versionNumber\":4,\"updateType\":\"Full\"}",
		"SendLocalList {\"listVersion\":4,\"updateType\":\"Full\"}"},
	{OCPP201_RESERVE_NOW,
		"{\"id\":9,\"expiryDateTime\":\"2026-01-02T03:04:05Z\"," TAG
		",\"groupIdToken\":{\"idToken\":\"G\",\"type\":\"Central\"}}",
		"ReserveNow {\"connectorId\":0,\"expiryDate\":\"2026-01-02T03:04:05Z\",\"idTag\":"
		"\"CARD-1\",\"parentIdTag\":\"G\",\"reservationId\":9}"},
	{OCPP201_RESERVE_NOW,
		"{\"id\":9,\"expiryDateTime\":\"2026-01-02T03:04:05Z\"," TAG
		",\"connectorType\":\"cType2\"}",
		"!OCPP 1.6 has no reservation of a kind of connector"},
	{OCPP201_CANCEL_RESERVATION, "{\"reservationId\":9}",
		"CancelReservation {\"reservationId\":9}"},
	/* configuration */
	{OCPP201_SET_VARIABLES,
		"{\"setVariableData\":[" VARIABLE("ocppcommctrlr",
			"HEARTBEATINTERVAL") ","
					     "\"attributeValue\":\"60\"}," VARIABLE("Nobody",
						     "Knows") ",\"attributeValue\":"
							      "\"1\"}," VARIABLE("OCPP16",
								      "MinimumStatusDuration") ",\"attributeValue\":\"2\"}"
											       "]}",
		"ChangeConfiguration {\"key\":\"HeartbeatInterval\",\"value\":\"60\"}\n"
		"ChangeConfiguration {\"key\":\"MinimumStatusDuration\",\"value\":\"2\"}"},
	{OCPP201_SET_VARIABLES,
		"{\"setVariableData\":[" VARIABLE("Nobody", "Knows") ",\"attributeValue\":\"1\"}]}",
		"!OCPP 1.6 has no Nobody.Knows that could be written"},
	{OCPP201_SET_VARIABLES,
		"{\"setVariableData\":[" VARIABLE("SecurityCtrlr",
			"BasicAuthPassword") ","
					     "\"attributeValue\":\"sixteen letters.\"}]}",
		"ChangeConfiguration {\"key\":\"AuthorizationKey\",\"value\":"
		"\"7369787465656e206c6574746572732e\"}"},
	{OCPP201_SET_VARIABLES,
		"{\"setVariableData\":[" VARIABLE("SecurityCtrlr",
			"BasicAuthPassword") ","
					     "\"attributeValue\":\"00ff00ff00ff00ff00ff00ff00ff00ff00FF00FF\"}]}",
		"ChangeConfiguration {\"key\":\"AuthorizationKey\",\"value\":"
		"\"00ff00ff00ff00ff00ff00ff00ff00ff00FF00FF\"}"},
	{OCPP201_SET_VARIABLES,
		"{\"setVariableData\":[" VARIABLE("SecurityCtrlr",
			"BasicAuthPassword") ","
					     "\"attributeValue\":\"twenty-one characters\"}]}",
		"!OCPP 1.6 has passwords of 16 to 20 bytes: give 16 to 20 letters, or 32 to 40 "
		"hexadecimal digits"},
	{OCPP201_SET_VARIABLES,
		"{\"setVariableData\":[" VARIABLE(
			"SmartChargingCtrlr", "RateUnit") ","
							  "\"attributeValue\":\"W, A\"}]}",
		"ChangeConfiguration {\"key\":\"ChargingScheduleAllowedChargingRateUnit\","
		"\"value\":\"Power,Current\"}"},
	{OCPP201_GET_VARIABLES,
		"{\"getVariableData\":[" VARIABLE("TxCtrlr", "EVConnectionTimeOut") "}," VARIABLE(
			"Nobody", "Knows") "}," VARIABLE("OCPP16", "NumberOfConnectors") "}]}",
		"GetConfiguration {\"key\":[\"ConnectionTimeOut\",\"NumberOfConnectors\"]}"},
	{OCPP201_GET_VARIABLES,
		"{\"getVariableData\":[" VARIABLE("LocalAuthListCtrlr", "Entries") "}]}",
		"!OCPP 1.6 has no LocalAuthListCtrlr.Entries that could be read"},
	{OCPP201_GET_BASE_REPORT, "{\"requestId\":1,\"reportBase\":\"FullInventory\"}",
		"GetConfiguration {}"},
	{OCPP201_GET_BASE_REPORT, "{\"requestId\":1,\"reportBase\":\"SummaryInventory\"}",
		"!OCPP 1.6 has no SummaryInventory"},
	/* files and certificates */
	{OCPP201_GET_LOG,
		"{\"requestId\":3,\"logType\":\"DiagnosticsLog\",\"retries\":2,\"log\":{"
		"\"remoteLocation\":\"https://h/u\",\"latestTimestamp\":\"2026-01-02T03:04:05Z\"}}",
		"GetLog {\"log\":{\"remoteLocation\":\"https://h/u\",\"latestTimestamp\":"
		"\"2026-01-02T03:04:05Z\"},\"logType\":\"DiagnosticsLog\",\"requestId\":3,"
		"\"retries\":2}\n"
		"? GetDiagnostics {\"location\":\"https://h/u\",\"retries\":2,\"stopTime\":"
		"\"2026-01-02T03:04:05Z\"}"},
	{OCPP201_GET_LOG,
		"{\"requestId\":3,\"logType\":\"SecurityLog\",\"log\":{\"remoteLocation\":"
		"\"https://h/u\"}}",
		"GetLog {\"log\":{\"remoteLocation\":\"https://h/u\"},\"logType\":\"SecurityLog\","
		"\"requestId\":3}"},
	{OCPP201_UPDATE_FIRMWARE, FIRMWARE(SIGNED),
		"SignedUpdateFirmware {\"requestId\":3,\"firmware\":{\"location\":\"https://h/f\","
		"\"retrieveDateTime\":\"2026-01-02T03:04:05Z\"" SIGNED "}}\n"
		"? UpdateFirmware {\"location\":\"https://h/f\",\"retrieveDate\":"
		"\"2026-01-02T03:04:05Z\"}"},
	{OCPP201_UPDATE_FIRMWARE, FIRMWARE(""),
		"UpdateFirmware {\"location\":\"https://h/f\",\"retrieveDate\":"
		"\"2026-01-02T03:04:05Z\"}"},
	{OCPP201_UPDATE_FIRMWARE, FIRMWARE(",\"installDateTime\":\"2026-01-03T03:04:05Z\""),
		"!OCPP 1.6 has no installDateTime without signing certificate and signature"},
	{OCPP201_INSTALL_CERTIFICATE,
		"{\"certificateType\":\"CSMSRootCertificate\",\"certificate\":\"PEM\"}",
		"InstallCertificate {\"certificateType\":\"CentralSystemRootCertificate\","
		"\"certificate\":\"PEM\"}"},
	{OCPP201_INSTALL_CERTIFICATE,
		"{\"certificateType\":\"V2GRootCertificate\",\"certificate\":\"PEM\"}",
		"!OCPP 1.6 has no V2GRootCertificate"},
	{OCPP201_GET_INSTALLED_CERTIFICATE_IDS, "{}",
		"GetInstalledCertificateIds {\"certificateType\":\"CentralSystemRootCertificate\"}"
		"\nGetInstalledCertificateIds {\"certificateType\":"
		"\"ManufacturerRootCertificate\"}"},
	{OCPP201_GET_INSTALLED_CERTIFICATE_IDS, "{\"certificateType\":[\"MORootCertificate\"]}",
		"!OCPP 1.6 has no certificates but CSMSRootCertificate and "
		"ManufacturerRootCertificate"},
	{OCPP201_DELETE_CERTIFICATE,
		"{\"certificateHashData\":{\"hashAlgorithm\":\"SHA384\",\"issuerNameHash\":\"a\","
		"\"issuerKeyHash\":\"b\",\"serialNumber\":\"1\"}}",
		"DeleteCertificate {\"certificateHashData\":{\"hashAlgorithm\":\"SHA384\","
		"\"issuerNameHash\":\"a\",\"issuerKeyHash\":\"b\",\"serialNumber\":\"1\"}}"},
	{OCPP201_CERTIFICATE_SIGNED, "{\"certificateChain\":\"PEM\"}",
		"CertificateSigned {\"certificateChain\":\"PEM\"}"},
	{OCPP201_CERTIFICATE_SIGNED,
		"{\"certificateChain\":\"PEM\",\"certificateType\":\"V2GCertificate\"}",
		"!OCPP 1.6 has no V2GCertificate"},
	{OCPP201_DATA_TRANSFER, "{\"vendorId\":\"v\",\"data\":\"text\"}",
		"DataTransfer {\"vendorId\":\"v\",\"data\":\"text\"}"},
	{OCPP201_DATA_TRANSFER, "{\"vendorId\":\"v\",\"data\":[1,2]}",
		"DataTransfer {\"vendorId\":\"v\",\"data\":\"[1,2]\"}"},
	/* a few of those that 1.6 has not at all */
	{OCPP201_GET_TRANSACTION_STATUS, "{}", "!OCPP 1.6 has no GetTransactionStatus"},
	{OCPP201_GET_CHARGING_PROFILES, "{\"requestId\":1,\"chargingProfile\":{}}",
		"!OCPP 1.6 has no GetChargingProfiles"},
	{OCPP201_SET_MONITORING_LEVEL, "{\"severity\":1}", "!OCPP 1.6 has no SetMonitoringLevel"},
};

START_TEST(each_request_says_the_same_in_16_or_is_refused)
{
	struct v16_plan p;

	ck_assert_str_eq(plan_words(plans[_i].action, plans[_i].in, &p), plans[_i].out);
}
END_TEST

/* Each of the 2.0.1 commands is either known by the table or has no like in 1.6. */
START_TEST(no_command_is_forgotten)
{
	static const int without[] = {OCPP201_CLEAR_DISPLAY_MESSAGE,
		OCPP201_CLEAR_VARIABLE_MONITORING, OCPP201_COST_UPDATED,
		OCPP201_CUSTOMER_INFORMATION, OCPP201_GET_CHARGING_PROFILES,
		OCPP201_GET_DISPLAY_MESSAGES, OCPP201_GET_MONITORING_REPORT, OCPP201_GET_REPORT,
		OCPP201_GET_TRANSACTION_STATUS, OCPP201_PUBLISH_FIRMWARE,
		OCPP201_SET_DISPLAY_MESSAGE, OCPP201_SET_MONITORING_BASE,
		OCPP201_SET_MONITORING_LEVEL, OCPP201_SET_NETWORK_PROFILE,
		OCPP201_SET_VARIABLE_MONITORING, OCPP201_UNPUBLISH_FIRMWARE};
	int commands = 0, tested = 0;

	for (int i = 0; i < OCPP201_ACTION_COUNT; i++) {
		bool is_tested = false;

		commands += (ocpp201_actions[i].sender & SCHEMA_FROM_CSMS) != 0;
		for (size_t k = 0; k < sizeof plans / sizeof *plans; k++)
			is_tested |= plans[k].action == i && plans[k].out[0] != '!';
		tested += is_tested;
	}
	ck_assert_int_eq(tested + (int)(sizeof without / sizeof *without), commands);
}
END_TEST

START_TEST(amperes_and_watts_as_the_station_takes_them)
{
	struct v16_plan p;

	facts.only_amperes = true;
	ck_assert_str_eq(
		plan_words(OCPP201_SET_CHARGING_PROFILE, PROFILE(1, "TxDefaultProfile", ""), &p),
		PROFILE16(1, "TxDefaultProfile", "", "A", "15.9")); /* 11000 / 690, down */
	ck_assert_str_eq(
		plan_words(OCPP201_SET_CHARGING_PROFILE, PROFILE(2, "TxDefaultProfile", ""), &p),
		PROFILE16(2, "TxDefaultProfile", "", "A", "47.8")); /* one phase */
	ck_assert_str_eq(
		plan_words(OCPP201_SET_CHARGING_PROFILE, PROFILE(3, "TxDefaultProfile", ""), &p),
		PROFILE16(3, "TxDefaultProfile", "", "W", "11000")); /* DC */
}
END_TEST

START_TEST(a_station_without_the_extension_is_asked_in_plain_16)
{
	struct v16_plan p;

	facts.no_security = true;
	ck_assert_str_eq(plan_words(OCPP201_GET_LOG,
				 "{\"requestId\":3,\"logType\":\"DiagnosticsLog\",\"log\":{"
				 "\"remoteLocation\":\"https://h/u\"}}",
				 &p),
		"GetDiagnostics {\"location\":\"https://h/u\"}");
	ck_assert_str_eq(plan_words(OCPP201_GET_LOG,
				 "{\"requestId\":3,\"logType\":\"SecurityLog\",\"log\":{"
				 "\"remoteLocation\":\"https://h/u\"}}",
				 &p),
		"!the station has no security extension of OCPP 1.6, and so no SecurityLog");
	ck_assert_str_eq(plan_words(OCPP201_TRIGGER_MESSAGE,
				 "{\"requestedMessage\":\"LogStatusNotification\"}", &p),
		"TriggerMessage {\"requestedMessage\":\"DiagnosticsStatusNotification\"}");
	ck_assert_str_eq(plan_words(OCPP201_UPDATE_FIRMWARE, FIRMWARE(SIGNED), &p),
		"UpdateFirmware {\"location\":\"https://h/f\",\"retrieveDate\":"
		"\"2026-01-02T03:04:05Z\"}");
}
END_TEST

/* -- answers ---------------------------------------------------------------------------------- */

#define REPLIES_MAX 4
#define ERROR       "error"

static const struct {
	int action;
	const char *in;
	const char *replies[REPLIES_MAX]; /* NULL: not asked; ERROR: a CALLERROR */
	const char *out; /* "!" and why there is none */
} ends[] = {
	{OCPP201_RESET, "{\"type\":\"OnIdle\"}", {"{\"status\":\"Rejected\"}"},
		"{\"status\":\"Rejected\"}"},
	{OCPP201_CHANGE_AVAILABILITY, "{\"operationalStatus\":\"Operative\"}",
		{"{\"status\":\"Scheduled\"}"}, "{\"status\":\"Scheduled\"}"},
	{OCPP201_UNLOCK_CONNECTOR, "{\"evseId\":1,\"connectorId\":1}",
		{"{\"status\":\"NotSupported\"}"},
		"{\"status\":\"UnlockFailed\",\"statusInfo\":{\"reasonCode\":\"NotSupported\"}}"},
	{OCPP201_SET_CHARGING_PROFILE, PROFILE(1, "TxDefaultProfile", ""),
		{"{\"status\":\"NotSupported\"}"},
		"{\"status\":\"Rejected\",\"statusInfo\":{\"reasonCode\":\"NotSupported\"}}"},
	{OCPP201_CLEAR_CHARGING_PROFILE, "{\"chargingProfileId\":7}", {"{\"status\":\"Unknown\"}"},
		"{\"status\":\"Unknown\"}"},
	{OCPP201_RESERVE_NOW, "{\"id\":9,\"expiryDateTime\":\"2026-01-02T03:04:05Z\"," TAG "}",
		{"{\"status\":\"Occupied\"}"}, "{\"status\":\"Occupied\"}"},
	{OCPP201_SEND_LOCAL_LIST, "{\"versionNumber\":4,\"updateType\":\"Full\"}",
		{"{\"status\":\"VersionMismatch\"}"}, "{\"status\":\"VersionMismatch\"}"},
	{OCPP201_SEND_LOCAL_LIST, "{\"versionNumber\":4,\"updateType\":\"Full\"}",
		{"{\"status\":\"NotSupported\"}"},
		"{\"status\":\"Failed\",\"statusInfo\":{\"reasonCode\":\"NotSupported\"}}"},
	{OCPP201_GET_LOCAL_LIST_VERSION, "{}", {"{\"listVersion\":5}"}, "{\"versionNumber\":5}"},
	{OCPP201_GET_LOCAL_LIST_VERSION, "{}", {"{\"listVersion\":-1}"},
		"!the station keeps no local list (its version is -1)"},
	{OCPP201_TRIGGER_MESSAGE, "{\"requestedMessage\":\"LogStatusNotification\"}",
		{ERROR, "{\"status\":\"Accepted\"}"}, "{\"status\":\"Accepted\"}"},
	{OCPP201_TRIGGER_MESSAGE, "{\"requestedMessage\":\"LogStatusNotification\"}",
		{"{\"status\":\"NotImplemented\"}"}, "{\"status\":\"NotImplemented\"}"},
	{OCPP201_GET_LOG,
		"{\"requestId\":3,\"logType\":\"DiagnosticsLog\",\"log\":{\"remoteLocation\":"
		"\"https://h/u\"}}",
		{ERROR, "{\"fileName\":\"d.zip\"}"},
		"{\"status\":\"Accepted\",\"filename\":\"d.zip\"}"},
	{OCPP201_GET_LOG,
		"{\"requestId\":3,\"logType\":\"DiagnosticsLog\",\"log\":{\"remoteLocation\":"
		"\"https://h/u\"}}",
		{ERROR, "{}"},
		"{\"status\":\"Rejected\",\"statusInfo\":{\"reasonCode\":\"NoDiagnostics\","
		"\"additionalInfo\":\"it has no diagnostics to upload\"}}"},
	{OCPP201_UPDATE_FIRMWARE, FIRMWARE(SIGNED), {"{\"status\":\"InvalidCertificate\"}"},
		"{\"status\":\"InvalidCertificate\"}"},
	{OCPP201_UPDATE_FIRMWARE, FIRMWARE(SIGNED), {ERROR, "{}"},
		"{\"status\":\"Accepted\",\"statusInfo\":{\"reasonCode\":\"NotSigned\","
		"\"additionalInfo\":\"plain UpdateFirmware of OCPP 1.6: the station checks no "
		"signature\"}}"},
	{OCPP201_GET_INSTALLED_CERTIFICATE_IDS, "{}",
		{"{\"status\":\"NotFound\"}",
			"{\"status\":\"Accepted\",\"certificateHashData\":[{\"hashAlgorithm\":"
			"\"SHA512\",\"issuerNameHash\":\"a\",\"issuerKeyHash\":\"b\","
			"\"serialNumber\":\"1\"}]}"},
		"{\"status\":\"Accepted\",\"certificateHashDataChain\":[{\"certificateHashData\":{"
		"\"hashAlgorithm\":\"SHA512\",\"issuerNameHash\":\"a\",\"issuerKeyHash\":\"b\","
		"\"serialNumber\":\"1\"},\"certificateType\":\"ManufacturerRootCertificate\"}]}"},
	{OCPP201_GET_COMPOSITE_SCHEDULE, "{\"duration\":60,\"evseId\":1}",
		{"{\"status\":\"Accepted\",\"connectorId\":1,\"scheduleStart\":"
		 "\"2026-01-02T03:04:05Z\",\"chargingSchedule\":{\"chargingRateUnit\":\"A\","
		 "\"chargingSchedulePeriod\":[{\"startPeriod\":0,\"limit\":16.0,\"numberPhases\":3}"
		 "]}}"},
		"{\"status\":\"Accepted\",\"schedule\":{\"chargingSchedulePeriod\":[{"
		"\"startPeriod\":0,\"limit\":16,\"numberPhases\":3}],\"evseId\":1,\"duration\":60,"
		"\"scheduleStart\":\"2026-01-02T03:04:05Z\",\"chargingRateUnit\":\"A\"}}"},
	{OCPP201_GET_COMPOSITE_SCHEDULE, "{\"duration\":60,\"evseId\":1}",
		{"{\"status\":\"Rejected\"}"}, "{\"status\":\"Rejected\"}"},
	{OCPP201_SET_VARIABLES,
		"{\"setVariableData\":[" VARIABLE(
			"OCPP16", "A") ",\"attributeValue\":\"1\"}," VARIABLE("Nobody",
			"Knows") ",\"attributeValue\":\"1\"}," VARIABLE("OCPP16",
			"B") ",\"attributeValue\":\"1\",\"attributeType\":\"Target\"}," VARIABLE("OCPP16",
			"C") ",\"attributeValue\":\"1\"}," VARIABLE("OCPP16",
			"D") ",\"attributeValue\":\"1\"}]}",
		{"{\"status\":\"RebootRequired\"}", "{\"status\":\"NotSupported\"}", ERROR},
		"{\"setVariableResult\":[{\"attributeStatus\":\"RebootRequired\",\"component\":{"
		"\"name\":\"OCPP16\"},\"variable\":{\"name\":\"A\"}},{\"attributeStatus\":"
		"\"UnknownVariable\",\"component\":{\"name\":\"Nobody\"},\"variable\":{\"name\":"
		"\"Knows\"}},{\"attributeType\":\"Target\",\"attributeStatus\":"
		"\"NotSupportedAttributeType\",\"component\":{\"name\":\"OCPP16\"},\"variable\":{"
		"\"name\":\"B\"}},{\"attributeStatus\":\"UnknownVariable\",\"component\":{\"name\":"
		"\"OCPP16\"},\"variable\":{\"name\":\"C\"}},{\"attributeStatus\":\"Rejected\","
		"\"component\":{\"name\":\"OCPP16\"},\"variable\":{\"name\":\"D\"}}]}"},
	{OCPP201_GET_VARIABLES,
		"{\"getVariableData\":[" VARIABLE("SmartChargingCtrlr", "RateUnit") "}," VARIABLE(
			"SecurityCtrlr", "BasicAuthPassword") "}," VARIABLE("OCPP16", "X") "}]}",
		{"{\"configurationKey\":[{\"key\":\"chargingscheduleallowedchargingrateunit\","
		 "\"readonly\":true,\"value\":\"Current\"},{\"key\":\"AuthorizationKey\","
		 "\"readonly\":false,\"value\":\"oops\"}],\"unknownKey\":[\"X\"]}"},
		"{\"getVariableResult\":[{\"attributeStatus\":\"Accepted\",\"attributeValue\":"
		"\"A\",\"component\":{\"name\":\"SmartChargingCtrlr\"},\"variable\":{\"name\":"
		"\"RateUnit\"}},{\"attributeStatus\":\"Rejected\",\"component\":{\"name\":"
		"\"SecurityCtrlr\"},\"variable\":{\"name\":\"BasicAuthPassword\"}},{"
		"\"attributeStatus\":\"UnknownVariable\",\"component\":{\"name\":\"OCPP16\"},"
		"\"variable\":{\"name\":\"X\"}}]}"},
	{OCPP201_GET_BASE_REPORT, "{\"requestId\":1,\"reportBase\":\"FullInventory\"}", {"{}"},
		"{\"status\":\"EmptyResultSet\"}"},
	{OCPP201_DATA_TRANSFER, "{\"vendorId\":\"v\"}",
		{"{\"status\":\"Accepted\",\"data\":\"a\\\"b\"}"},
		"{\"status\":\"Accepted\",\"data\":\"a\\\"b\"}"},
};

static void decode_replies(
	const struct v16_plan *p, const char *const *in, struct v16_reply replies[REPLIES_MAX])
{
	memset(replies, 0, REPLIES_MAX * sizeof *replies);
	ck_assert_int_le(p->count, REPLIES_MAX);
	for (size_t i = 0; i < p->count && in[i]; i++) {
		replies[i].was_asked = true;
		if (strcmp(in[i], ERROR) != 0)
			replies[i].response =
				decoded(ocpp16_actions[p->asks[i].action].response, in[i]);
	}
}

START_TEST(the_answers_are_one_answer)
{
	struct v16_plan p;
	struct v16_reply replies[REPLIES_MAX];
	const char *why = NULL, *words = plan_words(ends[_i].action, ends[_i].in, &p);
	const void *response;

	ck_assert_msg(words[0] != '!', "%s", words);
	decode_replies(&p, ends[_i].replies, replies);
	response = v16_plan_conclude(arena, &p, replies, &why);
	ck_assert_str_eq(response ? encoded(ocpp201_actions[ends[_i].action].response, response)
				  : arena_printf(arena, "!%s", why),
		ends[_i].out);
}
END_TEST

START_TEST(the_configuration_is_an_inventory_in_parts)
{
	struct v16_plan p;
	struct v16_reply replies[REPLIES_MAX];
	const char *keys = "{\"key\":\"AuthorizationKey\",\"readonly\":false,\"value\":\"secret\"},"
			   "{\"key\":\"LocalAuthListMaxLength\",\"readonly\":true,\"value\":\"99\"}"
			   ",{\"key\":\"NumberOfConnectors\",\"readonly\":true,\"value\":\"2\"},"
			   "{\"key\":\"MessageX\",\"readonly\":false}";
	const struct ocpp201_notify_report_request *r;
	const char *json, *text;
	int parts = 0;
	size_t items = 0;

	for (int i = 0; i < 100; i++)
		keys = arena_printf(
			arena, "%s,{\"key\":\"K%d\",\"readonly\":true,\"value\":\"v\"}", keys, i);
	json = arena_printf(arena, "{\"configurationKey\":[%s]}", keys);
	plan_words(
		OCPP201_GET_BASE_REPORT, "{\"requestId\":8,\"reportBase\":\"FullInventory\"}", &p);
	decode_replies(&p, &json, replies);
	while ((r = v16_report(arena, &p, replies, (wall_t){1763694000000}, parts)) != NULL) {
		text = encoded(&ocpp201_notify_report_request_type, r);
		ck_assert_int_eq(r->request_id, 8);
		ck_assert_int_eq(r->seq_no, parts);
		ck_assert_int_eq(r->tbc, items + r->report_data.count < 104);
		ck_assert_ptr_null(strstr(text, "secret"));
		items += r->report_data.count;
		if (parts++)
			continue;
		ck_assert_ptr_nonnull(strstr(text,
			"{\"component\":{\"name\":\"SecurityCtrlr\"},\"variable\":{\"name\":"
			"\"BasicAuthPassword\"},\"variableAttribute\":[{\"mutability\":\"WriteOnly\"}]"));
		ck_assert_ptr_nonnull(strstr(text, "\"maxLimit\":99"));
		ck_assert_ptr_nonnull(strstr(text,
			"{\"component\":{\"name\":\"OCPP16\"},\"variable\":{\"name\":"
			"\"NumberOfConnectors\"},\"variableAttribute\":[{\"value\":\"2\","
			"\"mutability\":\"ReadOnly\"}]"));
	}
	ck_assert_int_eq(parts, 3);
	ck_assert_int_eq(items, 104);
}
END_TEST

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

int main(void)
{
	Suite *s = suite_create("ocpp_v16_down");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, each_request_says_the_same_in_16_or_is_refused, 0, COUNT(plans));
	tcase_add_test(t, no_command_is_forgotten);
	tcase_add_test(t, amperes_and_watts_as_the_station_takes_them);
	tcase_add_test(t, a_station_without_the_extension_is_asked_in_plain_16);
	tcase_add_loop_test(t, the_answers_are_one_answer, 0, COUNT(ends));
	tcase_add_test(t, the_configuration_is_an_inventory_in_parts);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
