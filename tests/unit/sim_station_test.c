/*
 * A simulated station against a scripted central system: every message that it sends is judged by
 * the codec, and the sequences are those of OCPP 2.0.1.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ocpp/frame.h"
#include "tools/depotsim/profiles.h"
#include "tools/depotsim/report.h"
#include "tools/depotsim/station.h"

#define T0       INT64_C(1773244800000)
#define MAX_SENT 2000

/* One CALL of the station as it came over the wire, decoded. */
struct sent {
	char action[40];
	char id[OCPP_MESSAGE_ID_SIZE];
	void *request;
	char *json;
};

static struct {
	struct station_env env;
	struct station *station;
	struct arena *arena;
	struct sent sent[MAX_SENT];
	int count;
	int answered; /* so many of `sent` have their answer */
	bool silent; /* answers nothing */
	bool want_connect, want_disconnect;
	char password[65];
	char last_answer[60000]; /* frame of the station's last CALLRESULT or CALLERROR */
	const char *boot_status, *authorize_status, *event_status;
} csms;

static struct depot_evse ac_evses[2] = {
	{.id = 1, .kind = DEPOT_CURRENT_AC, .max_w = 22000, .min_w = 4140, .phases = 3},
	{.id = 2, .kind = DEPOT_CURRENT_AC, .max_w = 22000, .min_w = 4140, .phases = 3},
};
static struct depot_evse dc_evse = {
	.id = 1, .kind = DEPOT_CURRENT_DC, .max_w = 60000, .min_w = 5000, .phases = 3};
static struct depot_station ac_config = {.id = "AC-01", .evses = {2, ac_evses}};
static struct depot_station dc_config = {.id = "DC-01", .evses = {1, &dc_evse}};
static struct van van;

static const struct schema_action *action_of(const char *name)
{
	return schema_action_find(ocpp201_actions, OCPP201_ACTION_COUNT, name);
}

static void on_connect(void *ctx)
{
	csms.want_connect = true;
}

static void on_disconnect(void *ctx, bool abrupt)
{
	csms.want_disconnect = true;
}

static int on_password(void *ctx, const char *password)
{
	snprintf(csms.password, sizeof csms.password, "%s", password);
	return 0;
}

static int on_send(void *ctx, const char *text, size_t len)
{
	struct ocpp_limits limits = {.version = OCPP_VERSION_2_0_1};
	struct ocpp_frame f;
	struct ocpp_frame_error bad;
	struct schema_error err;
	ck_assert_msg(ocpp_frame_parse(text, len, &limits, &f, &bad) == 0, "%s", bad.description);
	if (f.type != OCPP_CALL) {
		ck_assert_uint_lt(len, sizeof csms.last_answer);
		memcpy(csms.last_answer, text, len);
		csms.last_answer[len] = '\0';
		return 0;
	}
	const struct schema_action *action = action_of(f.action);
	ck_assert_msg(action && (action->sender & SCHEMA_FROM_STATION), "%s", f.action);
	ck_assert_int_lt(csms.count, MAX_SENT);
	ck_assert_msg(csms.silent || csms.answered == csms.count,
		"a second CALL before the first was answered");
	struct sent *s = &csms.sent[csms.count++];
	snprintf(s->action, sizeof s->action, "%s", f.action);
	snprintf(s->id, sizeof s->id, "%s", f.id.text);
	s->json = arena_strndup(csms.arena, f.payload.at, f.payload.len);
	s->request = schema_decode(action->request, f.payload.at, f.payload.len, csms.arena, &err);
	ck_assert_msg(s->request != NULL, "%s: %s: %s", f.action, err.path, err.message);
	return 0;
}

static void reply(const struct sent *s)
{
	char frame[400], time[WALL_TEXT_SIZE], payload[300] = "{}";
	wall_format(csms.env.now, time);
	if (strcmp(s->action, "BootNotification") == 0)
		snprintf(payload, sizeof payload,
			"{\"currentTime\":\"%s\",\"interval\":60,\"status\":\"%s\"}", time,
			csms.boot_status);
	else if (strcmp(s->action, "Heartbeat") == 0)
		snprintf(payload, sizeof payload, "{\"currentTime\":\"%s\"}", time);
	else if (strcmp(s->action, "Authorize") == 0)
		snprintf(payload, sizeof payload, "{\"idTokenInfo\":{\"status\":\"%s\"}}",
			csms.authorize_status);
	else if (strcmp(s->action, "TransactionEvent") == 0 && strstr(s->json, "idToken\""))
		snprintf(payload, sizeof payload, "{\"idTokenInfo\":{\"status\":\"%s\"}}",
			csms.event_status);
	snprintf(frame, sizeof frame, "[3,\"%s\",%s]", s->id, payload);
	station_received(csms.station, frame, strlen(frame));
}

static void settle(void)
{
	while (!csms.silent && csms.answered < csms.count)
		reply(&csms.sent[csms.answered++]);
}

static void second(void)
{
	if (csms.want_disconnect) {
		csms.want_disconnect = false;
		station_closed(csms.station);
	}
	if (csms.want_connect) {
		csms.want_connect = false;
		station_opened(csms.station);
	}
	station_step(csms.station);
	settle();
	csms.env.now.ms += 1000;
}

static void seconds(int n)
{
	while (n-- > 0)
		second();
}

static char uploaded[1000], upload_url[100];

static int on_upload(void *ctx, const char *url, const char *text, size_t len)
{
	snprintf(upload_url, sizeof upload_url, "%s", url);
	snprintf(uploaded, sizeof uploaded, "%.*s", (int)len, text);
	return 0;
}

static void start(const struct depot_station *config, bool by_event)
{
	struct station_port port = {
		on_connect, on_disconnect, on_send, on_password, NULL, on_upload, NULL, NULL};
	struct station_options options = {.status_by_event = by_event};
	memset(&csms, 0, sizeof csms);
	ck_assert_int_eq(station_env_init(&csms.env), 0);
	csms.env.now.ms = T0;
	csms.env.voltage_v = 230;
	csms.env.sample_s = 60;
	csms.env.efficiency_ac_permille = csms.env.efficiency_dc_permille = 1000;
	csms.env.call_timeout_ms = 30000;
	csms.env.report = report_create(1);
	csms.arena = arena_create(0);
	csms.boot_status = csms.authorize_status = csms.event_status = "Accepted";
	csms.station = station_create(&csms.env, config, &options, &port);
	ck_assert_ptr_nonnull(csms.station);
	van = (struct van){.id = "VAN-01",
		.token = "CARD1",
		.token_type = "ISO14443",
		.capacity_mws = 20000 * MWS_PER_WH,
		.max_ac_mw = 11000000,
		.max_dc_mw = 50000000,
		.min_mw = 4140000};
}

static void teardown(void)
{
	station_destroy(csms.station);
	report_destroy(csms.env.report);
	arena_destroy(csms.arena);
}

static int count_of(const char *action)
{
	int n = 0;
	for (int i = 0; i < csms.count; i++)
		n += strcmp(csms.sent[i].action, action) == 0;
	return n;
}

/* The n-th TransactionEvent. */
static const struct ocpp201_transaction_event_request *event(int n)
{
	for (int i = 0; i < csms.count; i++) {
		if (strcmp(csms.sent[i].action, "TransactionEvent") == 0 && n-- == 0)
			return csms.sent[i].request;
	}
	return NULL;
}

/* "S:CablePluggedIn", "U:Authorized", "E:RemoteStop" … */
static const char *shape(const struct ocpp201_transaction_event_request *e)
{
	static char buf[60];
	snprintf(buf, sizeof buf, "%.1s:%s", ocpp201_transaction_event_enum.values[e->event_type],
		ocpp201_trigger_reason_enum.values[e->trigger_reason]);
	return buf;
}

static void expect_shapes(const char *const *shapes, int n)
{
	for (int i = 0; i < n; i++) {
		ck_assert_msg(event(i) != NULL, "event %d (%s) is missing", i, shapes[i]);
		ck_assert_str_eq(shape(event(i)), shapes[i]);
	}
}

static int64_t register_wh(const struct ocpp201_transaction_event_request *e)
{
	ck_assert_uint_eq(e->meter_value.count, 1);
	const struct ocpp201_sampled_value *v = &e->meter_value.items[0].sampled_value.items[0];
	ck_assert_int_eq(v->measurand, OCPP201_MEASURAND_ENERGY_ACTIVE_IMPORT_REGISTER);
	return (int64_t)v->value;
}

static void call(const char *action, const char *payload)
{
	char frame[2000];
	csms.last_answer[0] = '\0';
	snprintf(frame, sizeof frame, "[2,\"c%d\",\"%s\",%s]", csms.count, action, payload);
	station_received(csms.station, frame, strlen(frame));
	settle();
}

static bool answered(const char *part)
{
	return strstr(csms.last_answer, part) != NULL;
}

START_TEST(boots_only_when_accepted)
{
	start(&ac_config, false);
	csms.boot_status = "Pending";
	station_van_arrives(csms.station, 0, &van, 0);
	seconds(59);
	ck_assert_int_eq(csms.count, 1); /* B02.FR.02: nothing but the BootNotification */
	ck_assert_str_eq(csms.sent[0].action, "BootNotification");
	call("GetVariables", "{\"getVariableData\":[{\"component\":{\"name\":\"ocppcommctrlr\"},"
			     "\"variable\":{\"name\":\"HeartbeatInterval\"}},"
			     "{\"component\":{\"name\":\"Nope\"},\"variable\":{\"name\":\"X\"}}]}");
	ck_assert(answered("\"attributeValue\":\"300\""));
	ck_assert(answered("UnknownComponent"));
	call("RequestStartTransaction",
		"{\"evseId\":2,\"remoteStartId\":1,\"idToken\":{\"idToken\":"
		"\"A\",\"type\":\"Central\"}}");
	ck_assert(answered("Rejected")); /* B02.FR.05 */
	call("GetBaseReport", "{\"requestId\":7,\"reportBase\":\"FullInventory\"}");
	ck_assert(answered("Accepted"));
	seconds(1);
	int parts = count_of("NotifyReport");
	ck_assert_int_ge(parts, 2);
	for (int i = 0, seq = 0; i < csms.count; i++) {
		if (strcmp(csms.sent[i].action, "NotifyReport") != 0)
			continue;
		const struct ocpp201_notify_report_request *r = csms.sent[i].request;
		ck_assert_int_eq(r->seq_no, seq++);
		ck_assert_int_eq(r->request_id, 7);
		ck_assert_int_eq(r->tbc, seq < parts);
	}
	csms.boot_status = "Accepted";
	ck_assert_int_eq(count_of("BootNotification"), 1);
	seconds(3);
	ck_assert_int_eq(count_of("BootNotification"), 2); /* B02.FR.08 */
	ck_assert_int_eq(count_of("StatusNotification"), 2);
	ck_assert_int_eq(count_of("SecurityEventNotification"), 1);
	ck_assert_str_eq(shape(event(0)), "S:CablePluggedIn");
	seconds(300);
	ck_assert_int_eq(count_of("BootNotification"), 2);
	teardown();
}
END_TEST

START_TEST(ac_session_from_plug_to_unplug)
{
	start(&ac_config, false);
	seconds(5);
	station_van_arrives(csms.station, 0, &van, 10000 * MWS_PER_WH);
	int64_t begin_mws = station_evse_import_mws(csms.station, 0);
	seconds(1800);
	ck_assert_int_eq(station_evse_power_mw(csms.station, 0), 11000000);
	ck_assert_int_eq(station_evse_power_mw(csms.station, 1), 0);
	int64_t end_mws = station_evse_import_mws(csms.station, 0);
	station_van_leaves(csms.station, 0);
	seconds(5);
	static const char *const shapes[] = {"S:CablePluggedIn", "U:Authorized",
		"U:ChargingStateChanged", "U:MeterValuePeriodic", "U:MeterValuePeriodic"};
	expect_shapes(shapes, 5);
	int n = count_of("TransactionEvent"), with_evse = 0, with_token = 0;
	const struct ocpp201_transaction_event_request *last = event(n - 1);
	ck_assert_str_eq(shape(last), "E:EVCommunicationLost");
	ck_assert_int_eq(last->transaction_info.stopped_reason, OCPP201_REASON_EV_DISCONNECTED);
	for (int i = 0; i < n; i++) {
		ck_assert_int_eq(event(i)->seq_no, i);
		ck_assert(!event(i)->offline);
		ck_assert_str_eq(event(i)->transaction_info.transaction_id,
			event(0)->transaction_info.transaction_id);
		ck_assert(i == 0 || register_wh(event(i)) >= register_wh(event(i - 1)));
		with_evse += event(i)->evse != NULL;
		with_token += event(i)->id_token != NULL;
	}
	ck_assert_int_eq(with_evse, 1);
	ck_assert_int_eq(with_token, 1);
	ck_assert_int_eq(event(0)->evse->connector_id, 1);
	ck_assert_str_eq(event(1)->id_token->id_token, "CARD1");
	ck_assert_int_eq(
		event(2)->transaction_info.charging_state, OCPP201_CHARGING_STATE_CHARGING);
	ck_assert_int_eq(event(2)->number_of_phases_used, 3);
	/* Energy: the same on the wire, in the meter and in the report, to the last unit. */
	const struct session *s = csms.env.report->sessions[0];
	ck_assert_int_eq(s->end_mws - s->begin_mws, end_mws - begin_mws);
	ck_assert_int_eq(s->end_wh - s->begin_wh, register_wh(last) - register_wh(event(0)));
	ck_assert_int_eq(van.battery.stored_mws - 10000 * MWS_PER_WH, end_mws - begin_mws);
	ck_assert_str_eq(s->vehicle, "VAN-01");
	/* Occupied, then Available again */
	ck_assert_int_eq(count_of("StatusNotification"), 4);
	teardown();
}
END_TEST

START_TEST(full_van_suspends)
{
	start(&ac_config, false);
	seconds(5);
	station_van_arrives(csms.station, 1, &van, 19900 * MWS_PER_WH);
	int64_t begin = station_evse_import_mws(csms.station, 1);
	seconds(600);
	ck_assert_int_eq(station_evse_import_mws(csms.station, 1) - begin, 100 * MWS_PER_WH);
	bool suspended = false;
	for (int i = 0; event(i); i++)
		suspended = suspended || (event(i)->transaction_info.has_charging_state &&
						 event(i)->transaction_info.charging_state ==
							 OCPP201_CHARGING_STATE_SUSPENDED_EV);
	ck_assert(suspended);
	teardown();
}
END_TEST

START_TEST(bay_sensor_tells_the_connector_later)
{
	start(&dc_config, true);
	seconds(5);
	station_van_arrives(csms.station, 0, &van, 0);
	seconds(120);
	station_van_leaves(csms.station, 0);
	seconds(2);
	static const char *const shapes[] = {
		"S:EVDetected", "U:CablePluggedIn", "U:Authorized", "U:ChargingStateChanged"};
	expect_shapes(shapes, 4);
	ck_assert(!event(0)->evse->has_connector_id);
	ck_assert(event(1)->evse->has_connector_id);
	ck_assert_ptr_null(event(2)->evse);
	int n = count_of("TransactionEvent");
	ck_assert_str_eq(shape(event(n - 2)), "U:EVCommunicationLost");
	ck_assert_str_eq(shape(event(n - 1)), "E:EVDeparted");
	ck_assert_int_eq(count_of("StatusNotification"), 0);
	ck_assert_int_eq(count_of("NotifyEvent"), 3);
	teardown();
}
END_TEST

START_TEST(offline_events_come_later_in_order)
{
	start(&ac_config, false);
	seconds(5);
	station_van_arrives(csms.station, 0, &van, 0);
	seconds(100);
	int before = count_of("TransactionEvent");
	station_set_trouble(csms.station, &(struct station_trouble){.offline = true});
	seconds(600);
	ck_assert(!station_is_connected(csms.station));
	ck_assert_int_eq(count_of("TransactionEvent"), before);
	ck_assert_int_eq(station_evse_power_mw(csms.station, 0), 11000000);
	station_van_leaves(csms.station, 0); /* and another one, all of it offline */
	station_van_arrives(csms.station, 0, &van, 0);
	seconds(100);
	int sent = csms.count;
	station_set_trouble(csms.station, &(struct station_trouble){0});
	seconds(300);
	ck_assert_int_eq(count_of("BootNotification"), 1);
	ck_assert_str_eq(csms.sent[sent].action, "Heartbeat");
	int n = count_of("TransactionEvent"), seq = 0, marked = 0;
	for (int i = 0; i < n; i++) {
		const struct ocpp201_transaction_event_request *e = event(i);
		if (e->event_type == OCPP201_TRANSACTION_EVENT_STARTED)
			seq = 0;
		ck_assert_int_eq(e->seq_no, seq++);
		marked += e->offline;
		ck_assert(i == 0 || e->timestamp.ms >= event(i - 1)->timestamp.ms);
	}
	ck_assert_int_ge(marked, 14);
	ck_assert(!event(n - 1)->offline);
	ck_assert_int_eq(csms.env.report->session_count, 2);
	teardown();
}
END_TEST

START_TEST(obeys_limits_within_a_second)
{
	start(&ac_config, false);
	seconds(5);
	station_van_arrives(csms.station, 0, &van, 0);
	seconds(60);
	ck_assert_int_eq(station_evse_power_mw(csms.station, 0), 11000000);
	call("SetChargingProfile",
		"{\"evseId\":1,\"chargingProfile\":{\"id\":1,\"stackLevel\":0,"
		"\"chargingProfilePurpose\":\"TxDefaultProfile\",\"chargingProfileKind\":"
		"\"Absolute\",\"chargingSchedule\":[{\"id\":1,\"startSchedule\":"
		"\"2026-03-11T16:01:10Z\",\"chargingRateUnit\":\"W\",\"chargingSchedulePeriod\":["
		"{\"startPeriod\":0,\"limit\":6000.5},{\"startPeriod\":10,\"limit\":4139.9},"
		"{\"startPeriod\":20,\"limit\":5000}]}]}}");
	ck_assert(answered("Accepted"));
	while (csms.env.now.ms < T0 + 70000)
		second();
	second();
	ck_assert_int_eq(station_evse_power_mw(csms.station, 0), 6000500);
	seconds(10);
	ck_assert_int_eq(station_evse_power_mw(csms.station, 0), 0); /* below 6 A: suspended */
	int n = count_of("TransactionEvent");
	ck_assert_int_eq(event(n - 1)->transaction_info.charging_state,
		OCPP201_CHARGING_STATE_SUSPENDED_EVSE);
	seconds(10);
	ck_assert_int_eq(station_evse_power_mw(csms.station, 0), 5000000);
	ck_assert_int_eq(csms.env.report->disobeyed_seconds, 0);
	call("GetCompositeSchedule", "{\"duration\":60,\"evseId\":1}");
	ck_assert(answered("\"limit\":5000"));
	station_set_trouble(csms.station, &(struct station_trouble){.ignores_profiles = true});
	seconds(3);
	ck_assert_int_eq(station_evse_power_mw(csms.station, 0), 11000000);
	ck_assert_int_eq(csms.env.report->disobeyed_seconds, 3);
	teardown();
}
END_TEST

START_TEST(station_maximum_is_shared)
{
	static struct van other;
	start(&ac_config, false);
	seconds(5);
	other = van;
	other.id = "VAN-02";
	other.max_ac_mw = 22000000;
	station_van_arrives(csms.station, 0, &van, 0);
	station_van_arrives(csms.station, 1, &other, 0);
	seconds(60);
	ck_assert_int_eq(station_power_mw(csms.station), 33000000);
	static const char profile[] =
		"{\"evseId\":0,\"chargingProfile\":{\"id\":1,\"stackLevel\":0,"
		"\"chargingProfilePurpose\":\"ChargingStationMaxProfile\","
		"\"chargingProfileKind\":\"Absolute\",\"chargingSchedule\":[{\"id\":1,"
		"\"startSchedule\":\"2026-03-11T16:00:00Z\",\"chargingRateUnit\":\"W\","
		"\"chargingSchedulePeriod\":[{\"startPeriod\":0,\"limit\":%d}]}]}}";
	char payload[sizeof profile + 10];
	snprintf(payload, sizeof payload, profile, 25000);
	call("SetChargingProfile", payload);
	second();
	ck_assert_int_eq(station_evse_power_mw(csms.station, 0), 11000000);
	ck_assert_int_eq(station_evse_power_mw(csms.station, 1), 14000000);
	snprintf(payload, sizeof payload, profile, 10000);
	call("SetChargingProfile", payload);
	second();
	ck_assert_int_eq(station_evse_power_mw(csms.station, 0), 5000000);
	ck_assert_int_eq(station_evse_power_mw(csms.station, 1), 5000000);
	teardown();
}
END_TEST

START_TEST(refused_tokens)
{
	start(&ac_config, false);
	csms.authorize_status = "Invalid";
	seconds(5);
	station_van_arrives(csms.station, 0, &van, 0);
	seconds(300);
	ck_assert_int_eq(count_of("Authorize"), 1);
	ck_assert_int_eq(station_power_mw(csms.station), 0);
	teardown();

	start(&ac_config, false);
	csms.event_status = "ConcurrentTx"; /* accepted first, refused by the TransactionEvent */
	seconds(5);
	station_van_arrives(csms.station, 0, &van, 0);
	seconds(300);
	int n = count_of("TransactionEvent");
	ck_assert_str_eq(shape(event(n - 1)), "E:Deauthorized");
	ck_assert_int_eq(
		event(n - 1)->transaction_info.stopped_reason, OCPP201_REASON_DE_AUTHORIZED);
	ck_assert_int_eq(station_power_mw(csms.station), 0);
	teardown();
}
END_TEST

START_TEST(remote_start_and_stop)
{
	char stop[100];
	start(&ac_config, false);
	seconds(5);
	call("RequestStartTransaction",
		"{\"evseId\":1,\"remoteStartId\":77,\"idToken\":{\"idToken\":\"REMOTE\","
		"\"type\":\"Central\"},\"chargingProfile\":{\"id\":5,\"stackLevel\":1,"
		"\"chargingProfilePurpose\":\"TxProfile\",\"chargingProfileKind\":\"Relative\","
		"\"chargingSchedule\":[{\"id\":1,\"chargingRateUnit\":\"W\","
		"\"chargingSchedulePeriod\":[{\"startPeriod\":0,\"limit\":8000}]}]}}");
	ck_assert(answered("Accepted"));
	station_van_arrives(csms.station, 0, &van, 0);
	seconds(30);
	ck_assert_str_eq(shape(event(0)), "S:RemoteStart");
	ck_assert_int_eq(event(0)->transaction_info.remote_start_id, 77);
	ck_assert_str_eq(event(0)->id_token->id_token, "REMOTE");
	ck_assert_int_eq(count_of("Authorize"), 0);
	ck_assert_int_eq(station_evse_power_mw(csms.station, 0), 8000000);
	snprintf(stop, sizeof stop, "{\"transactionId\":\"%s\"}",
		event(0)->transaction_info.transaction_id);
	call("GetTransactionStatus", stop);
	ck_assert(answered("\"ongoingIndicator\":true"));
	call("RequestStopTransaction", "{\"transactionId\":\"nope\"}");
	ck_assert(answered("Rejected"));
	call("RequestStopTransaction", stop);
	ck_assert(answered("Accepted"));
	seconds(100);
	ck_assert_str_eq(shape(event(count_of("TransactionEvent") - 1)), "E:RemoteStop");
	ck_assert_int_eq(station_power_mw(csms.station), 0);
	call("GetTransactionStatus", stop);
	ck_assert(answered("\"ongoingIndicator\":false"));
	teardown();
}
END_TEST

START_TEST(local_list_is_replaced_changed_and_guarded)
{
#define ENTRY(value, info) "{\"idToken\":{\"idToken\":\"" value "\",\"type\":\"ISO14443\"}" info "}"
#define GOOD               ",\"idTokenInfo\":{\"status\":\"Accepted\"}"
#define LIST(version, kind, entries)                                                               \
	"{\"versionNumber\":" version ",\"updateType\":\"" kind                                    \
	"\",\"localAuthorizationList\":[" entries "]}"
	start(&ac_config, false);
	seconds(5);
	call("GetLocalListVersion", "{}");
	ck_assert(answered("\"versionNumber\":0"));
	call("SendLocalList", LIST("3", "Full", ENTRY("A", GOOD) "," ENTRY("B", GOOD)));
	ck_assert(answered("Accepted"));
	call("SendLocalList", LIST("3", "Differential", ENTRY("C", GOOD)));
	ck_assert(answered("VersionMismatch"));
	call("SendLocalList", LIST("4", "Differential", ENTRY("C", GOOD) "," ENTRY("a", "")));
	ck_assert(answered("Accepted"));
	call("SendLocalList", LIST("5", "Full", ENTRY("A", GOOD) "," ENTRY("a", GOOD)));
	ck_assert(answered("Failed")); /* a card twice */
	call("GetLocalListVersion", "{}");
	ck_assert(answered("\"versionNumber\":4"));
	teardown();
}
END_TEST

START_TEST(reservation_holds_until_its_card_comes_or_its_time_is_over)
{
#define RESERVE(id, evse, until)                                                                   \
	"{\"id\":" id ",\"evseId\":" evse ",\"expiryDateTime\":\"" until                           \
	"\",\"idToken\":{\"idToken\":\"OTHER\",\"type\":\"ISO14443\"}}"
	start(&ac_config, false);
	seconds(5);
	call("ReserveNow", RESERVE("7", "1", "2026-03-11T16:01:00Z"));
	ck_assert(answered("Accepted"));
	call("ReserveNow", RESERVE("8", "1", "2026-03-11T17:00:00Z"));
	ck_assert(answered("Occupied"));
	call("ReserveNow", RESERVE("8", "2", "2026-03-11T15:00:00Z"));
	ck_assert(answered("Rejected"));
	station_van_arrives(csms.station, 0, &van, 0);
	seconds(30);
	ck_assert_int_eq(count_of("Authorize"), 0); /* its card is not the one */
	seconds(60);
	ck_assert_int_eq(count_of("ReservationStatusUpdate"), 1);
	ck_assert_int_eq(count_of("Authorize"), 1);
	call("CancelReservation", "{\"reservationId\":7}");
	ck_assert(answered("Rejected"));
	call("ReserveNow", RESERVE("9", "2", "2026-03-11T17:00:00Z"));
	ck_assert(answered("Accepted"));
	call("CancelReservation", "{\"reservationId\":9}");
	ck_assert(answered("Accepted"));
	teardown();
}
END_TEST

START_TEST(reset_and_availability)
{
	start(&ac_config, false);
	seconds(5);
	station_van_arrives(csms.station, 0, &van, 0);
	seconds(60);
	call("ChangeAvailability", "{\"operationalStatus\":\"Inoperative\",\"evse\":{\"id\":1}}");
	ck_assert(answered("Scheduled"));
	call("ChangeAvailability", "{\"operationalStatus\":\"Inoperative\",\"evse\":{\"id\":2}}");
	ck_assert(answered("Accepted"));
	call("ChangeAvailability", "{\"operationalStatus\":\"Operative\"}");
	ck_assert(answered("Accepted"));
	call("Reset", "{\"type\":\"OnIdle\"}");
	ck_assert(answered("Scheduled"));
	call("Reset", "{\"type\":\"Immediate\"}");
	ck_assert(answered("Accepted"));
	seconds(2);
	int n = count_of("TransactionEvent");
	ck_assert_str_eq(shape(event(n - 1)), "E:ResetCommand");
	seconds(200);
	ck_assert_int_eq(count_of("BootNotification"), 2);
	/* It comes back with the van still there: a transaction of its own. */
	ck_assert_str_eq(shape(event(n)), "S:CablePluggedIn");
	ck_assert_str_ne(event(n)->transaction_info.transaction_id,
		event(0)->transaction_info.transaction_id);
	ck_assert_int_eq(station_evse_power_mw(csms.station, 0), 11000000);
	teardown();
}
END_TEST

START_TEST(brings_its_log)
{
	start(&ac_config, false);
	seconds(5);
	call("GetLog", "{\"logType\":\"DiagnosticsLog\",\"requestId\":7,\"log\":{"
		       "\"remoteLocation\":\"https://here/in\"}}");
	ck_assert(answered("Accepted"));
	ck_assert_str_eq(upload_url, "https://here/in");
	ck_assert_ptr_nonnull(strstr(uploaded, "EVSE 2: Available"));
	call("GetLog", "{\"logType\":\"DiagnosticsLog\",\"requestId\":8,\"log\":{"
		       "\"remoteLocation\":\"https://here/in\"}}");
	ck_assert(answered("Rejected")); /* one at a time */
	station_log_goes(csms.station, STATION_LOG_UPLOADING);
	station_log_goes(csms.station, STATION_LOG_UPLOADED);
	seconds(1);
	ck_assert_int_eq(count_of("LogStatusNotification"), 2);
	call("GetInstalledCertificateIds", "{}");
	ck_assert(answered("NotFound"));
	teardown();
}
END_TEST

START_TEST(wrong_requests_get_the_right_error)
{
	start(&ac_config, false);
	seconds(5);
	call("NoSuchAction", "{}");
	ck_assert(answered("NotImplemented"));
	call("SetDisplayMessage", "{}");
	ck_assert(answered("NotSupported"));
	call("Heartbeat", "{}"); /* the wrong direction */
	ck_assert(answered("NotSupported"));
	call("Reset", "{\"type\":\"Now\"}");
	ck_assert(answered("PropertyConstraintViolation"));
	call("Reset", "{}");
	ck_assert(answered("OccurrenceConstraintViolation"));
	call("TriggerMessage", "{\"requestedMessage\":\"BootNotification\"}");
	ck_assert(answered("Rejected")); /* F06.FR.17 */
	call("TriggerMessage", "{\"requestedMessage\":\"StatusNotification\"}");
	ck_assert(answered("Rejected"));
	int before = count_of("StatusNotification");
	call("TriggerMessage", "{\"requestedMessage\":\"StatusNotification\",\"evse\":{\"id\":2,"
			       "\"connectorId\":1}}");
	ck_assert(answered("Accepted"));
	ck_assert_int_eq(count_of("StatusNotification"), before + 1);
	call("TriggerMessage", "{\"requestedMessage\":\"MeterValues\",\"evse\":{\"id\":2}}");
	ck_assert_int_eq(count_of("MeterValues"), 1);
	call("SetVariables",
		"{\"setVariableData\":[{\"attributeValue\":\"new-password-of-24-chars\","
		"\"component\":{\"name\":\"SecurityCtrlr\"},\"variable\":{\"name\":"
		"\"BasicAuthPassword\"}},{\"attributeValue\":\"0\",\"component\":{\"name\":"
		"\"OCPPCommCtrlr\"},\"variable\":{\"name\":\"HeartbeatInterval\"}}]}");
	ck_assert(answered("Accepted") && answered("Rejected"));
	ck_assert_str_eq(csms.password, "new-password-of-24-chars");
	seconds(30);
	ck_assert_int_eq(count_of("BootNotification"), 1);
	ck_assert(station_is_connected(csms.station));
	teardown();
}
END_TEST

START_TEST(silence_is_repeated_then_given_up)
{
	start(&ac_config, false);
	seconds(5);
	csms.silent = true;
	station_van_arrives(csms.station, 0, &van, 0);
	seconds(60);
	int n = csms.count;
	ck_assert_str_eq(csms.sent[n - 2].action, "StatusNotification");
	seconds(300);
	/* 30 s of waiting, then 20, 40 s of pause: three attempts at seq 0, one id. */
	int first = 0;
	const char *id = NULL;
	for (int i = 0; i < csms.count; i++) {
		if (strcmp(csms.sent[i].action, "TransactionEvent") != 0)
			continue;
		const struct ocpp201_transaction_event_request *e = csms.sent[i].request;
		if (e->seq_no != 0)
			continue;
		first++;
		ck_assert(!id || strcmp(id, csms.sent[i].id) == 0);
		id = csms.sent[i].id;
	}
	ck_assert_int_eq(first, 3);
	ck_assert_int_ge(csms.env.report->wire.discarded_events, 1);
	teardown();
}
END_TEST

START_TEST(doubled_and_slow)
{
	start(&ac_config, false);
	seconds(5);
	station_set_trouble(
		csms.station, &(struct station_trouble){.doubles_events = true, .slow_s = 20});
	station_van_arrives(csms.station, 0, &van, 0);
	seconds(60);
	ck_assert_int_eq(event(0)->seq_no, 0);
	ck_assert_int_eq(event(1)->seq_no, 0);
	ck_assert_int_eq(event(2)->seq_no, 1);
	call("ClearCache", "{}");
	ck_assert_str_eq(csms.last_answer, "");
	seconds(19);
	ck_assert_str_eq(csms.last_answer, "");
	seconds(3);
	ck_assert(answered("Accepted"));
	teardown();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sim_station");
	TCase *t = tcase_create("station");
	tcase_add_test(t, boots_only_when_accepted);
	tcase_add_test(t, ac_session_from_plug_to_unplug);
	tcase_add_test(t, full_van_suspends);
	tcase_add_test(t, bay_sensor_tells_the_connector_later);
	tcase_add_test(t, offline_events_come_later_in_order);
	tcase_add_test(t, obeys_limits_within_a_second);
	tcase_add_test(t, station_maximum_is_shared);
	tcase_add_test(t, refused_tokens);
	tcase_add_test(t, remote_start_and_stop);
	tcase_add_test(t, local_list_is_replaced_changed_and_guarded);
	tcase_add_test(t, reservation_holds_until_its_card_comes_or_its_time_is_over);
	tcase_add_test(t, reset_and_availability);
	tcase_add_test(t, brings_its_log);
	tcase_add_test(t, wrong_requests_get_the_right_error);
	tcase_add_test(t, silence_is_repeated_then_given_up);
	tcase_add_test(t, doubled_and_slow);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
