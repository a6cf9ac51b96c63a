#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include "ocpp/frame.h"
#include "tools/depotsim/old_wire.h"
#include "tools/depotsim/station_state.h"

#define BOOT_RETRY_S       30 /* the station's own choice (B02.FR.07) */
#define RESET_MS           15000
#define DRIVER_RETRY_MS    60000
#define IMPORT_START_WH    100000
#define TRANSACTION_ACTION "TransactionEvent"

int station_env_init(struct station_env *env)
{
	uint8_t seed[10];
	uint64_t run;
	if (getrandom(seed, sizeof seed, 0) != sizeof seed ||
		getrandom(&run, sizeof run, 0) != sizeof run ||
		getrandom(&env->random, sizeof env->random, 0) != sizeof env->random)
		return -1;
	ocpp_message_ids_init(&env->ids, seed);
	snprintf(env->run, sizeof env->run, "%016llx", (unsigned long long)run);
	env->random |= 1;
	return 0;
}

int64_t station_env_random(struct station_env *env, int64_t n)
{
	env->random ^= env->random << 13;
	env->random ^= env->random >> 7;
	env->random ^= env->random << 17;
	return n > 0 ? (int64_t)(env->random % (uint64_t)n) : 0;
}

/* ---- life ---- */

/* As the depot's file says; single-phase sockets of which it says nothing are wired in turn. */
static void set_places(struct evse *e, const struct depot_evse *config, unsigned turn)
{
	const char *rotation =
		config->has_rotation ? depot_rotation_enum.values[config->rotation] : "";

	for (int i = 0; i < 3; i++)
		e->place[i] = (int)strlen(rotation) > i ? rotation[i] - 'R'
							: (int)((turn + (unsigned)i) % 3);
}

static void init_evse(struct station *s, int i, const struct depot_evse *config)
{
	struct evse *e = &s->evses[i];
	*e = (struct evse){
		.station = s,
		.id = (int)config->id,
		.dc = config->kind == DEPOT_CURRENT_DC,
		.phases = config->kind == DEPOT_CURRENT_DC ? 3 : (int)config->phases,
		.max_mw = config->max_w * 1000,
		.min_mw = config->min_w * 1000,
	};
	unsigned hash = (unsigned)e->id;
	for (const char *c = s->config->id; *c; c++)
		hash = hash * 31 + (unsigned char)*c;
	set_places(e, config, e->phases == 1 ? hash : 0);
	e->import_mws = (IMPORT_START_WH + hash % 1000000) * MWS_PER_WH;
}

static struct device_model *make_device(struct station *s)
{
	struct device_evse *evses = calloc((size_t)s->evse_count, sizeof *evses);
	if (!evses)
		return NULL;
	for (int i = 0; i < s->evse_count; i++) {
		const struct evse *e = &s->evses[i];
		evses[i] = (struct device_evse){e->id, e->dc, e->phases, e->max_mw / 1000};
	}
	struct device_info info = {
		.serial = s->config->id,
		.model = s->bay_sensor ? "Rapid" : "Wallbox",
		.vendor = "depotsim",
		.firmware = "1.0.0",
		.sample_s = s->env->sample_s,
		.bay_sensor = s->bay_sensor,
		.evse_count = s->evse_count,
		.evses = evses,
	};
	struct device_model *d = device_model_create(&info);
	free(evses);
	return d;
}

struct station *station_create(struct station_env *env, const struct depot_station *config,
	const struct station_options *options, const struct station_port *port)
{
	struct station *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->env = env;
	s->config = config;
	s->port = *port;
	s->status_by_event = options->status_by_event && !options->speaks_v16;
	s->old_wire = options->speaks_v16 ? old_wire_create(s) : NULL;
	s->evse_count = (int)config->evses.count;
	s->evses = calloc((size_t)s->evse_count, sizeof *s->evses);
	bool amperes = false;
	for (int i = 0; s->evses && i < s->evse_count; i++) {
		init_evse(s, i, &config->evses.items[i]);
		amperes = amperes || !s->evses[i].dc;
	}
	s->bay_sensor = !amperes;
	s->profiles = profiles_create(env->voltage_v, amperes);
	s->device = s->evses ? make_device(s) : NULL;
	outbox_init(&s->out, &env->ids);
	s->boot = BOOT_NEEDED;
	s->boot_reason = OCPP201_BOOT_REASON_POWER_UP;
	if (s->evses && s->profiles && s->device && (s->old_wire || !options->speaks_v16))
		return s;
	station_destroy(s);
	return NULL;
}

static void forget_late(struct station *s)
{
	while (s->late) {
		struct late_answer *it = s->late;
		s->late = it->next;
		text_finish(&it->frame);
		free(it);
	}
}

void station_destroy(struct station *s)
{
	if (!s)
		return;
	for (int i = 0; s->evses && i < s->evse_count; i++)
		arena_destroy(s->evses[i].remote_arena);
	forget_late(s);
	old_wire_destroy(s->old_wire);
	outbox_finish(&s->out);
	profiles_destroy(s->profiles);
	device_model_destroy(s->device);
	free(s->list.items);
	free(s->evses);
	free(s);
}

const char *station_id(const struct station *s)
{
	return s->config->id;
}

bool station_is_connected(const struct station *s)
{
	return s->connected;
}

bool station_is_accepted(const struct station *s)
{
	return s->boot == BOOT_ACCEPTED;
}

int station_evse_count(const struct station *s)
{
	return s->evse_count;
}

bool station_is_drained(const struct station *s)
{
	return !s->out.first && !s->out.sent;
}

struct evse *station_evse(struct station *s, int64_t id)
{
	for (int i = 0; i < s->evse_count; i++) {
		if (s->evses[i].id == id)
			return &s->evses[i];
	}
	return NULL;
}

/* ---- sending ---- */

struct outbox_item *station_call(struct station *s, enum outbox_kind kind, const char *action,
	const struct schema_struct *type, const void *request)
{
	struct text json;
	text_init(&json, 0);
	if (schema_encode(type, request, &json) != 0)
		text_clear(&json);
	size_t len;
	return outbox_push(&s->out, kind, action, text_take(&json, &len), s->connected);
}

static void send_frame(struct station *s, const struct text *frame)
{
	if (!text_ok(frame) || !frame->len)
		return;
	if (s->old_wire)
		old_wire_send(s->old_wire, frame);
	else
		s->port.send(s->port.ctx, frame->data, frame->len);
}

void station_flush(struct station *s)
{
	struct text frame;
	if (!s->connected)
		return;
	text_init(&frame, 0);
	if (outbox_send_next(&s->out, s->boot == BOOT_ACCEPTED, s->env->now.ms,
		    s->env->call_timeout_ms, &frame)) {
		int64_t interval =
			device_model_number(s->device, "OCPPCommCtrlr", "HeartbeatInterval", 300);
		s->next_heartbeat_ms = s->env->now.ms + interval * 1000;
		s->env->report->wire.sent_calls++;
		send_frame(s, &frame);
	}
	text_finish(&frame);
}

void station_boot(struct station *s, enum ocpp201_boot_reason reason, bool triggered)
{
	struct ocpp201_boot_notification_request req = {
		.charging_station =
			{
				.serial_number = strlen(s->config->id) <= 25 ? s->config->id : NULL,
				.model = s->bay_sensor ? "Rapid" : "Wallbox",
				.vendor_name = "depotsim",
				.firmware_version = "1.0.0",
			},
		.reason = reason,
	};
	s->boot_sent =
		station_call(s, triggered ? OUTBOX_TRIGGERED : OUTBOX_BOOT, "BootNotification",
			&ocpp201_boot_notification_request_type, &req) != NULL;
}

void station_heartbeat(struct station *s, enum outbox_kind kind)
{
	struct ocpp201_heartbeat_request req = {0};
	station_call(s, kind, "Heartbeat", &ocpp201_heartbeat_request_type, &req);
}

/* Rule 34 of the trade: NotifyEvent may stand in for StatusNotification. */
static void notify_connector(struct station *s, struct evse *e)
{
	struct ocpp201_evse where = {.id = e->id, .has_connector_id = true, .connector_id = 1};
	struct ocpp201_event_data data = {
		.event_id = ++s->event_id,
		.timestamp = station_wall(s),
		.trigger = OCPP201_EVENT_TRIGGER_DELTA,
		.actual_value = ocpp201_connector_status_enum.values[e->told],
		.component = {.name = "Connector", .evse = &where},
		.event_notification_type = OCPP201_EVENT_NOTIFICATION_HARD_WIRED_NOTIFICATION,
		.variable = {.name = "AvailabilityState"},
	};
	struct ocpp201_notify_event_request req = {
		.generated_at = station_wall(s),
		.seq_no = 0,
		.event_data = {.count = 1, .items = &data},
	};
	station_call(s, OUTBOX_OTHER, "NotifyEvent", &ocpp201_notify_event_request_type, &req);
}

void station_report_connector(struct station *s, struct evse *e, bool triggered)
{
	/* Told later: at the acceptance (B01.FR.05) or when the connection is back (B04). */
	if (!s->connected || (s->boot != BOOT_ACCEPTED && !triggered))
		return;
	e->told = evse_status(e);
	e->has_told = true;
	if (s->status_by_event && !triggered) {
		notify_connector(s, e);
		return;
	}
	struct ocpp201_status_notification_request req = {
		.timestamp = station_wall(s),
		.connector_status = e->told,
		.evse_id = e->id,
		.connector_id = 1,
	};
	station_call(s, triggered ? OUTBOX_TRIGGERED : OUTBOX_OTHER, "StatusNotification",
		&ocpp201_status_notification_request_type, &req);
}

static void tell_security_event(struct station *s, const char *type)
{
	struct ocpp201_security_event_notification_request req = {
		.type = type, .timestamp = station_wall(s)};
	station_call(s, OUTBOX_OTHER, "SecurityEventNotification",
		&ocpp201_security_event_notification_request_type, &req);
}

/* ---- connection and registration ---- */

void station_opened(struct station *s)
{
	struct station_env *env = s->env;
	s->connecting = false;
	s->connected = true;
	s->failed_attempts = 0;
	env->report->wire.connects++;
	if (s->boot != BOOT_ACCEPTED) {
		s->next_boot_ms = env->now.ms;
		return;
	}
	/* No BootNotification after a mere loss of the connection (part 4, 5.3); B04 instead. */
	int64_t threshold =
		device_model_number(s->device, "OCPPCommCtrlr", "OfflineThreshold", 60) * 1000;
	bool all = env->now.ms - s->offline_since_ms > threshold;
	station_heartbeat(s, OUTBOX_OTHER);
	for (int i = 0; i < s->evse_count; i++) {
		struct evse *e = &s->evses[i];
		if (all || !e->has_told || e->told != evse_status(e))
			station_report_connector(s, e, false);
	}
	station_flush(s);
}

/* Wait minimum, doubled a few times, and some chance on top (part 4, 5.3). */
static int64_t backoff_ms(struct station *s)
{
	int64_t wait =
		device_model_number(s->device, "OCPPCommCtrlr", "RetryBackOffWaitMinimum", 5);
	int64_t times =
		device_model_number(s->device, "OCPPCommCtrlr", "RetryBackOffRepeatTimes", 4);
	int64_t range =
		device_model_number(s->device, "OCPPCommCtrlr", "RetryBackOffRandomRange", 5);
	int doublings = s->failed_attempts < times ? s->failed_attempts : (int)times;
	return (wait << doublings) * 1000 + station_env_random(s->env, range * 1000 + 1);
}

void station_closed(struct station *s)
{
	struct station_env *env = s->env;
	if (s->connected) {
		env->report->wire.disconnects++;
		s->offline_since_ms = env->now.ms;
	} else {
		env->report->wire.failed_connects++;
		s->failed_attempts++;
		if (s->failed_attempts % device_model_number(s->device, "OCPPCommCtrlr",
						 "NetworkProfileConnectionAttempts", 3) ==
			0)
			network_dial(s, false); /* B10 */
	}
	s->connected = s->connecting = s->boot_sent = false;
	s->next_connect_ms = env->now.ms + backoff_ms(s);
	forget_late(s);
	if (s->old_wire)
		old_wire_closed(s->old_wire);
	outbox_disconnected(&s->out);
	for (int i = 0; i < s->evse_count; i++)
		s->evses[i].authorizing = false;
}

static void accepted(struct station *s)
{
	s->boot = BOOT_ACCEPTED;
	for (int i = 0; i < s->evse_count; i++)
		station_report_connector(s, &s->evses[i], false); /* B01.FR.05 */
	tell_security_event(s, "StartupOfTheDevice");
}

static void booted(struct station *s, const struct ocpp201_boot_notification_response *r)
{
	struct station_env *env = s->env;
	int64_t skew = wall_diff_ms(r->current_time, env->now);
	if (skew < 0)
		skew = -skew;
	if (skew > env->report->wire.clock_skew_ms)
		env->report->wire.clock_skew_ms = skew;
	s->boot_sent = false;
	if (r->status == OCPP201_REGISTRATION_STATUS_ACCEPTED) {
		struct ocpp201_set_variable_data set = {
			.component = {.name = "OCPPCommCtrlr"},
			.variable = {.name = "HeartbeatInterval"},
		};
		struct ocpp201_set_variable_result result;
		const char *password;
		char value[24];
		snprintf(value, sizeof value, "%lld", (long long)r->interval);
		set.attribute_value = value;
		if (r->interval > 0)
			device_model_set(s->device, &set, &result, &password); /* B01.FR.04 */
		accepted(s);
		return;
	}
	s->boot = r->status == OCPP201_REGISTRATION_STATUS_PENDING ? BOOT_PENDING : BOOT_REJECTED;
	s->next_boot_ms = env->now.ms + (r->interval > 0 ? r->interval : BOOT_RETRY_S) * 1000;
}

static void reboot(struct station *s, enum ocpp201_boot_reason reason)
{
	s->boot = BOOT_NEEDED;
	s->boot_reason = reason;
	s->reset_due_ms = 0;
	s->reset_when_idle = false;
	network_dial(s, true); /* B09.FR.06 */
	for (int i = 0; i < s->evse_count; i++) {
		struct evse *e = &s->evses[i];
		e->served = e->has_told = false;
		e->token_due_ms = s->env->now.ms + RESET_MS + DRIVER_RETRY_MS;
	}
	if (s->connected)
		s->port.disconnect(s->port.ctx, false);
}

/* ---- answers ---- */

static const struct schema_action *action_of(const char *name)
{
	return schema_action_find(ocpp201_actions, OCPP201_ACTION_COUNT, name);
}

static void deauthorize(struct evse *e)
{
	/* E05, E06.FR.04: StopTxOnInvalidId is true */
	tx_end(e, OCPP201_TRIGGER_REASON_DEAUTHORIZED, OCPP201_REASON_DE_AUTHORIZED,
		OCPP201_CHARGING_STATE_EV_CONNECTED);
}

static void transaction_answered(struct station *s, const struct outbox_item *it,
	const struct ocpp201_transaction_event_response *r)
{
	struct evse *e = station_evse(s, it->evse_id);
	if (!r->id_token_info || !e || !e->tx.active || strcmp(e->tx.id, it->transaction) != 0)
		return;
	if (r->id_token_info->status != OCPP201_AUTHORIZATION_STATUS_ACCEPTED)
		deauthorize(e);
}

static void authorize_answered(
	struct station *s, const struct outbox_item *it, const struct ocpp201_authorize_response *r)
{
	struct evse *e = station_evse(s, it->evse_id);
	if (!e || !e->authorizing)
		return;
	e->authorizing = false;
	if (!e->tx.active || e->tx.authorized || !e->van)
		return;
	if (r->id_token_info.status != OCPP201_AUTHORIZATION_STATUS_ACCEPTED) {
		e->served = true; /* the driver gives up: no event, the vehicle stays (E02.FR.20) */
		return;
	}
	evse_take_token(e);
	tx_authorized(e, OCPP201_TRIGGER_REASON_AUTHORIZED);
}

static void answered(struct station *s, const struct outbox_item *it, const void *response)
{
	if (strcmp(it->action, TRANSACTION_ACTION) == 0)
		transaction_answered(s, it, response);
	else if (strcmp(it->action, "BootNotification") == 0)
		booted(s, response);
	else if (strcmp(it->action, "Authorize") == 0)
		authorize_answered(s, it, response);
}

/* No usable answer: CALLERROR, a response that breaks the schema, or silence. */
static void refused(struct station *s, struct outbox_item *it)
{
	int64_t now_ms = s->env->now.ms;
	if (strcmp(it->action, "BootNotification") == 0) {
		s->boot_sent = false;
		s->next_boot_ms = now_ms + BOOT_RETRY_S * 1000;
	}
	if (strcmp(it->action, "Authorize") == 0) {
		struct evse *e = station_evse(s, it->evse_id);
		e->authorizing = false;
		e->token_due_ms = now_ms + DRIVER_RETRY_MS;
	}
	int64_t before = s->out.discarded;
	outbox_refused(&s->out, it,
		(int)device_model_number(s->device, "OCPPCommCtrlr", "MessageAttempts", 3),
		device_model_number(s->device, "OCPPCommCtrlr", "MessageAttemptInterval", 20) *
			1000,
		now_ms);
	s->env->report->wire.discarded_events += s->out.discarded - before;
}

static void take_result(struct station *s, const struct ocpp_frame *f)
{
	struct wire_counts *wire = &s->env->report->wire;
	struct outbox_item *it = outbox_take_answered(&s->out, f->id.text);
	if (!it) {
		wire->late_answers++;
		return;
	}
	if (f->type == OCPP_CALLERROR) {
		wire->received_errors++;
		report_fault(s->env->report, "%s %s: CALLERROR %s: %s", s->config->id, it->action,
			f->code_text, f->description);
		refused(s, it);
		return;
	}
	struct arena *a = arena_create(0);
	struct schema_error err;
	void *response = a ? schema_decode(action_of(it->action)->response, f->payload.at,
				     f->payload.len, a, &err)
			   : NULL;
	if (response) {
		wire->received_answers++;
		answered(s, it, response);
		outbox_item_free(it);
	} else {
		wire->bad_answers++;
		report_fault(s->env->report, "%s %s response: %s: %s", s->config->id, it->action,
			err.path, err.message);
		refused(s, it);
	}
	arena_destroy(a);
}

static void answer(struct station *s, const struct ocpp_frame *f)
{
	struct text frame;
	text_init(&frame, 0);
	s->env->report->wire.received_calls++;
	command_answer(s, f, &frame);
	if (!s->trouble.slow_s) {
		send_frame(s, &frame);
		text_finish(&frame);
		return;
	}
	struct late_answer *late = calloc(1, sizeof *late);
	if (!late) {
		text_finish(&frame);
		return;
	}
	late->due_ms = s->env->now.ms + s->trouble.slow_s * 1000;
	late->frame = frame;
	struct late_answer **end = &s->late;
	while (*end)
		end = &(*end)->next;
	*end = late;
}

void station_received(struct station *s, const char *text, size_t len)
{
	if (s->old_wire)
		old_wire_received(s->old_wire, text, len);
	else
		station_take(s, text, len);
}

void station_take(struct station *s, const char *text, size_t len)
{
	static const struct ocpp_limits limits = {.version = OCPP_VERSION_2_0_1};
	struct ocpp_frame f;
	struct ocpp_frame_error err;
	if (ocpp_frame_parse(text, len, &limits, &f, &err) != 0) {
		s->env->report->wire.bad_frames++;
		report_fault(s->env->report, "%s: bad frame: %s", s->config->id, err.description);
		if (err.may_answer) {
			struct text frame;
			text_init(&frame, 0);
			ocpp_write_frame_error(&frame, OCPP_VERSION_2_0_1, &err);
			send_frame(s, &frame);
			text_finish(&frame);
		}
		return;
	}
	if (f.type == OCPP_CALL)
		answer(s, &f);
	else
		take_result(s, &f);
	station_flush(s);
}

void station_set_trouble(struct station *s, const struct station_trouble *t)
{
	bool returns = s->trouble.no_power && !t->no_power;

	s->trouble = *t;
	if ((t->offline || t->no_power) && s->connected)
		s->port.disconnect(s->port.ctx, true);
	if (!returns)
		return;
	for (int i = 0; i < s->evse_count; i++) /* what stood in memory only is gone */
		profiles_end_transaction(s->profiles, s->evses[i].tx.id);
	reboot(s, OCPP201_BOOT_REASON_POWER_UP);
}

/* ---- time ---- */

static void step_connection(struct station *s)
{
	int64_t now_ms = s->env->now.ms;
	if (s->reconnect_due_ms && now_ms >= s->reconnect_due_ms) {
		s->reconnect_due_ms = 0;
		if (s->connected)
			s->port.disconnect(s->port.ctx, false);
	}
	if (!s->connected && !s->connecting && !s->trouble.offline &&
		now_ms >= s->next_connect_ms) {
		s->connecting = true;
		s->port.connect(s->port.ctx);
	}
	if (!s->connected)
		return;
	if (s->boot != BOOT_ACCEPTED && !s->boot_sent && now_ms >= s->next_boot_ms)
		station_boot(s, s->boot_reason, false);
	if (s->boot == BOOT_ACCEPTED && now_ms >= s->next_heartbeat_ms && !s->out.first &&
		!s->out.sent)
		station_heartbeat(s, OUTBOX_OTHER);
}

static void step_late_answers(struct station *s)
{
	while (s->late && s->late->due_ms <= s->env->now.ms) {
		struct late_answer *it = s->late;
		s->late = it->next;
		if (s->connected)
			send_frame(s, &it->frame);
		text_finish(&it->frame);
		free(it);
	}
}

static void step_overdue(struct station *s)
{
	struct outbox_item *it = outbox_take_overdue(&s->out, s->env->now.ms);
	if (!it)
		return;
	s->env->report->wire.timeouts++;
	report_fault(s->env->report, "%s %s: no answer in time", s->config->id, it->action);
	refused(s, it);
}

static bool is_idle(const struct station *s)
{
	for (int i = 0; i < s->evse_count; i++) {
		if (s->evses[i].tx.active)
			return false;
	}
	return true;
}

static void step_scheduled(struct station *s)
{
	for (int i = 0; i < s->evse_count; i++) {
		struct evse *e = &s->evses[i];
		if (e->inoperative_when_idle && !e->tx.active) {
			e->inoperative_when_idle = false;
			e->inoperative = true; /* G03.FR.05 */
			station_report_connector(s, e, false);
		}
	}
	if (s->reset_when_idle && is_idle(s) && !s->reset_due_ms)
		s->reset_due_ms = s->env->now.ms + 1000;
	if (s->reset_due_ms && s->env->now.ms >= s->reset_due_ms)
		reboot(s, s->reset_when_idle ? OCPP201_BOOT_REASON_SCHEDULED_RESET
					     : OCPP201_BOOT_REASON_REMOTE_RESET);
}

void station_step(struct station *s)
{
	if (s->trouble.no_power) {
		evse_power_off(s);
		return;
	}
	if (s->old_wire)
		old_wire_step(s->old_wire);
	step_scheduled(s);
	step_connection(s);
	step_late_answers(s);
	step_overdue(s);
	evse_step_vans(s);
	evse_step_power(s);
	station_flush(s);
}
