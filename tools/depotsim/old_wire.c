#include "tools/depotsim/old_wire.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gen/ocpp16.h"
#include "ocpp/frame.h"
#include "tools/depotsim/station_state.h"

#define SLOTS 8 /* transactions that may have messages under way */

/* A transaction as 1.6 knows it. */
struct slot {
	char id[37]; /* of 2.0.1; "" free */
	int evse;
	bool is_started;
	int64_t number;
	enum ocpp201_charging_state state;
};

struct local {
	struct local *next;
	struct text frame;
};

struct old_wire {
	struct station *station;
	struct slot slots[SLOTS];
	int next_slot;
	char out_id[OCPP_ID_SIZE]; /* of the CALL that waits for its answer, "" none */
	const char *out_action; /* in 2.0.1 */
	struct slot *out_slot;
	int in_action; /* OCPP16_… */
	int64_t asides, remote_starts;
	struct local *locals;
};

struct old_wire *old_wire_create(struct station *s)
{
	struct old_wire *w = calloc(1, sizeof *w);

	if (w)
		w->station = s;
	return w;
}

static void put(struct old_wire *w, const struct text *frame)
{
	struct station *s = w->station;

	if (text_ok(frame) && frame->len)
		s->port.send(s->port.ctx, frame->data, frame->len);
}

static void call16(struct old_wire *w, const char *id, int action, const void *request)
{
	struct text json, frame;

	text_init(&json, 0);
	text_init(&frame, 0);
	if (schema_encode(ocpp16_actions[action].request, request, &json) == 0 &&
		ocpp_write_call(&frame, id, ocpp16_actions[action].name, json.data) == 0)
		put(w, &frame);
	text_finish(&json);
	text_finish(&frame);
}

/* Beside the queue of the station: nobody waits for its answer. */
static void aside(struct old_wire *w, int action, const void *request)
{
	char id[32];

	snprintf(id, sizeof id, "aside-%lld", (long long)++w->asides);
	call16(w, id, action, request);
}

/* What 1.6 has no message for is answered here, in the next second. */
static void answer_here(struct old_wire *w, const struct ocpp_id *id, const char *payload)
{
	struct local *it = calloc(1, sizeof *it), **end = &w->locals;

	if (!it)
		return;
	text_init(&it->frame, 0);
	ocpp_write_result(&it->frame, id, payload);
	while (*end)
		end = &(*end)->next;
	*end = it;
}

/* -- states and values ------------------------------------------------------------------------ */

static void tell_status(struct old_wire *w, int64_t connector, enum ocpp16_charge_point_status is)
{
	const struct ocpp16_status_notification_request r = {
		.connector_id = connector,
		.error_code = OCPP16_CHARGE_POINT_ERROR_CODE_NO_ERROR,
		.status = is,
		.has_timestamp = true,
		.timestamp = station_wall(w->station),
	};

	aside(w, OCPP16_STATUS_NOTIFICATION, &r);
}

static enum ocpp16_charge_point_status status_of_state(enum ocpp201_charging_state s)
{
	switch (s) {
	case OCPP201_CHARGING_STATE_CHARGING:
		return OCPP16_CHARGE_POINT_STATUS_CHARGING;
	case OCPP201_CHARGING_STATE_SUSPENDED_EV:
		return OCPP16_CHARGE_POINT_STATUS_SUSPENDED_EV;
	case OCPP201_CHARGING_STATE_SUSPENDED_EVSE:
		return OCPP16_CHARGE_POINT_STATUS_SUSPENDED_EVSE;
	case OCPP201_CHARGING_STATE_EV_CONNECTED:
	case OCPP201_CHARGING_STATE_IDLE:
		break;
	}
	return OCPP16_CHARGE_POINT_STATUS_PREPARING;
}

static int same(const struct schema_enum *from, int v, const struct schema_enum *to)
{
	int found = schema_enum_find(to, from->values[v]);

	return found < 0 ? 0 : found;
}

static void put_sample(
	struct arena *a, const struct ocpp201_sampled_value *in, struct ocpp16_sampled_value *out)
{
	int unit = in->unit_of_measure ? schema_enum_find(&ocpp16_unit_of_measure_enum,
						 in->unit_of_measure->unit)
				       : -1;

	out->value = arena_printf(a, "%.10g", in->value);
	out->has_context = out->has_measurand = out->has_location = true;
	out->context = (enum ocpp16_reading_context)same(
		&ocpp201_reading_context_enum, in->context, &ocpp16_reading_context_enum);
	out->measurand = (enum ocpp16_measurand)same(
		&ocpp201_measurand_enum, in->measurand, &ocpp16_measurand_enum);
	out->location = (enum ocpp16_location)same(
		&ocpp201_location_enum, in->location, &ocpp16_location_enum);
	out->has_phase = in->has_phase;
	if (in->has_phase)
		out->phase =
			(enum ocpp16_phase)same(&ocpp201_phase_enum, in->phase, &ocpp16_phase_enum);
	out->has_unit = unit >= 0;
	out->unit = (enum ocpp16_unit_of_measure)(unit >= 0 ? unit : 0);
}

static struct ocpp16_meter_value_list values16(
	struct arena *a, const struct ocpp201_meter_value_list *in)
{
	struct ocpp16_meter_value_list out = {0};

	out.items = arena_alloc(a, (in->count + 1) * sizeof *out.items);
	for (size_t i = 0; out.items && i < in->count; i++) {
		const struct ocpp201_meter_value *m = &in->items[i];
		struct ocpp16_meter_value *o = &out.items[out.count++];

		o->timestamp = m->timestamp;
		o->sampled_value.items = arena_alloc(
			a, (m->sampled_value.count + 1) * sizeof *o->sampled_value.items);
		for (size_t k = 0; o->sampled_value.items && k < m->sampled_value.count; k++)
			put_sample(a, &m->sampled_value.items[k],
				&o->sampled_value.items[o->sampled_value.count++]);
	}
	return out;
}

/* The import register is the first sample of each event of this simulator. */
static int64_t register_wh(const struct ocpp201_transaction_event_request *r)
{
	return r->meter_value.count ? (int64_t)r->meter_value.items[0].sampled_value.items[0].value
				    : 0;
}

/* -- transactions ----------------------------------------------------------------------------- */

static struct slot *slot_of(struct old_wire *w, const struct ocpp201_transaction_event_request *r)
{
	const char *id = r->transaction_info.transaction_id;
	struct slot *k;

	for (int i = 0; i < SLOTS; i++)
		if (strcmp(w->slots[i].id, id) == 0)
			return &w->slots[i];
	k = &w->slots[w->next_slot++ % SLOTS];
	*k = (struct slot){.evse = r->evse ? (int)r->evse->id : 0,
		.state = OCPP201_CHARGING_STATE_EV_CONNECTED};
	snprintf(k->id, sizeof k->id, "%s", id);
	return k;
}

static void start(struct old_wire *w, const char *id,
	const struct ocpp201_transaction_event_request *r, struct slot *k)
{
	const struct ocpp16_start_transaction_request req = {
		.connector_id = k->evse,
		.id_tag = r->id_token->id_token,
		.meter_start = register_wh(r),
		.timestamp = r->timestamp,
	};

	call16(w, id, OCPP16_START_TRANSACTION, &req);
}

static void stop(struct old_wire *w, const char *id,
	const struct ocpp201_transaction_event_request *r, const struct slot *k)
{
	int reason = schema_enum_find(&ocpp16_reason_enum,
		ocpp201_reason_enum.values[r->transaction_info.stopped_reason]);
	const struct ocpp16_stop_transaction_request req = {
		.transaction_id = k->number,
		.meter_stop = register_wh(r),
		.timestamp = r->timestamp,
		.has_reason = true,
		.reason = reason < 0 ? OCPP16_REASON_OTHER : (enum ocpp16_reason)reason,
	};

	call16(w, id, OCPP16_STOP_TRANSACTION, &req);
}

static void metered(struct old_wire *w, const char *id, struct arena *a,
	const struct ocpp201_transaction_event_request *r, const struct slot *k)
{
	const struct ocpp16_meter_values_request req = {
		.connector_id = k->evse,
		.has_transaction_id = true,
		.transaction_id = k->number,
		.meter_value = values16(a, &r->meter_value),
	};

	call16(w, id, OCPP16_METER_VALUES, &req);
}

static void tell_state(
	struct old_wire *w, const struct ocpp201_transaction_event_request *r, struct slot *k)
{
	if (!r->transaction_info.has_charging_state ||
		k->state == r->transaction_info.charging_state)
		return;
	k->state = r->transaction_info.charging_state;
	if (r->event_type != OCPP201_TRANSACTION_EVENT_ENDED)
		tell_status(w, k->evse, status_of_state(k->state));
}

static void on_transaction(
	struct old_wire *w, const struct ocpp_frame *f, const void *request, struct arena *a)
{
	const struct ocpp201_transaction_event_request *r = request;
	bool is_end = r->event_type == OCPP201_TRANSACTION_EVENT_ENDED;
	struct slot *k = slot_of(w, r);

	tell_state(w, r, k);
	w->out_slot = k;
	if (!k->is_started && r->id_token && !is_end)
		start(w, f->id.text, r, k);
	else if (!k->is_started)
		answer_here(w, &f->id, "{}"); /* nobody has paid for anything yet */
	else if (is_end)
		stop(w, f->id.text, r, k);
	else
		metered(w, f->id.text, a, r, k);
}

/* -- the station's other messages ------------------------------------------------------------- */

static void on_boot(
	struct old_wire *w, const struct ocpp_frame *f, const void *request, struct arena *a)
{
	const struct ocpp201_boot_notification_request *r = request;
	const struct ocpp16_boot_notification_request req = {
		.charge_point_vendor = r->charging_station.vendor_name,
		.charge_point_model = r->charging_station.model,
		.charge_point_serial_number = r->charging_station.serial_number,
		.firmware_version = r->charging_station.firmware_version,
	};

	(void)a;
	call16(w, f->id.text, OCPP16_BOOT_NOTIFICATION, &req);
}

static void on_heartbeat(
	struct old_wire *w, const struct ocpp_frame *f, const void *request, struct arena *a)
{
	const struct ocpp16_heartbeat_request req = {0};

	(void)request;
	(void)a;
	call16(w, f->id.text, OCPP16_HEARTBEAT, &req);
}

static void on_authorize(
	struct old_wire *w, const struct ocpp_frame *f, const void *request, struct arena *a)
{
	const struct ocpp201_authorize_request *r = request;
	const struct ocpp16_authorize_request req = {.id_tag = r->id_token.id_token};

	(void)a;
	call16(w, f->id.text, OCPP16_AUTHORIZE, &req);
}

static void on_status(
	struct old_wire *w, const struct ocpp_frame *f, const void *request, struct arena *a)
{
	const struct ocpp201_status_notification_request *r = request;
	int status = schema_enum_find(&ocpp16_charge_point_status_enum,
		ocpp201_connector_status_enum.values[r->connector_status]);
	struct ocpp16_status_notification_request req = {
		.connector_id = r->evse_id,
		.error_code = OCPP16_CHARGE_POINT_ERROR_CODE_NO_ERROR,
		.status = status < 0 ? OCPP16_CHARGE_POINT_STATUS_PREPARING
				     : (enum ocpp16_charge_point_status)status,
		.has_timestamp = true,
		.timestamp = r->timestamp,
	};

	(void)a;
	for (int i = 0; status < 0 && i < SLOTS; i++)
		if (w->slots[i].is_started && w->slots[i].evse == r->evse_id)
			req.status = status_of_state(w->slots[i].state);
	call16(w, f->id.text, OCPP16_STATUS_NOTIFICATION, &req);
}

static void on_meter_values(
	struct old_wire *w, const struct ocpp_frame *f, const void *request, struct arena *a)
{
	const struct ocpp201_meter_values_request *r = request;
	const struct ocpp16_meter_values_request req = {
		.connector_id = r->evse_id,
		.meter_value = values16(a, &r->meter_value),
	};

	call16(w, f->id.text, OCPP16_METER_VALUES, &req);
}

static const struct {
	int action;
	void (*pass)(struct old_wire *w, const struct ocpp_frame *f, const void *request,
		struct arena *a);
} calls[] = {
	{OCPP201_AUTHORIZE, on_authorize},
	{OCPP201_BOOT_NOTIFICATION, on_boot},
	{OCPP201_HEARTBEAT, on_heartbeat},
	{OCPP201_METER_VALUES, on_meter_values},
	{OCPP201_STATUS_NOTIFICATION, on_status},
	{OCPP201_TRANSACTION_EVENT, on_transaction},
};

static void send_call(struct old_wire *w, const struct ocpp_frame *f)
{
	const struct schema_action *action =
		schema_action_find(ocpp201_actions, OCPP201_ACTION_COUNT, f->action);
	struct arena *a = arena_create(0);
	struct schema_error err;
	const void *request =
		action && a ? schema_decode(action->request, f->payload.at, f->payload.len, a, &err)
			    : NULL;
	bool passed = false;

	for (size_t i = 0; request && i < sizeof calls / sizeof *calls; i++)
		if (&ocpp201_actions[calls[i].action] == action) {
			memcpy(w->out_id, f->id.text, sizeof w->out_id);
			w->out_action = action->name;
			calls[i].pass(w, f, request, a);
			passed = true;
		}
	if (!passed)
		answer_here(w, &f->id, "{}");
	arena_destroy(a);
}

/* -- its answers ------------------------------------------------------------------------------ */

/* The value of a text field in JSON that this program wrote. */
static bool word(const struct ocpp_slice *json, const char *key, char out[40])
{
	char pattern[40];
	const char *at;
	size_t n;

	n = (size_t)snprintf(pattern, sizeof pattern, "\"%s\":\"", key);
	at = memmem(json->at, json->len, pattern, n);
	if (!at)
		return false;
	at += n;
	n = strcspn(at, "\"");
	snprintf(out, 40, "%.*s", (int)(n < 39 ? n : 39), at);
	return true;
}

static void send_result(struct old_wire *w, const struct ocpp_frame *f)
{
	char status[40] = "Rejected", json[80];
	struct text frame;

	if (!word(&f->payload, "attributeStatus", status))
		word(&f->payload, "status", status);
	if (strcmp(status, "Scheduled") == 0 && w->in_action == OCPP16_RESET)
		snprintf(status, sizeof status, "Accepted");
	if (strncmp(status, "Unknown", 7) == 0 && w->in_action == OCPP16_CHANGE_CONFIGURATION)
		snprintf(status, sizeof status, "NotSupported");
	if (w->in_action == OCPP16_UNLOCK_CONNECTOR && strcmp(status, "Unlocked") != 0)
		snprintf(status, sizeof status, "UnlockFailed");
	snprintf(json, sizeof json, "{\"status\":\"%s\"}", status);
	text_init(&frame, 0);
	ocpp_write_result(&frame, &f->id, json);
	put(w, &frame);
	text_finish(&frame);
}

void old_wire_send(struct old_wire *w, const struct text *text)
{
	static const struct ocpp_limits limits = {.version = OCPP_VERSION_2_0_1};
	struct ocpp_frame f;
	struct ocpp_frame_error err;

	if (ocpp_frame_parse(text->data, text->len, &limits, &f, &err) != 0)
		return;
	if (f.type == OCPP_CALL)
		send_call(w, &f);
	else if (f.type == OCPP_CALLRESULT)
		send_result(w, &f);
	else
		put(w, text);
}

/* -- from the central system ------------------------------------------------------------------ */

static void take_result(struct old_wire *w, const struct ocpp_id *id, const char *payload)
{
	struct text frame;

	text_init(&frame, 0);
	if (ocpp_write_result(&frame, id, payload) == 0)
		station_take(w->station, frame.data, frame.len);
	text_finish(&frame);
}

/* StartTransaction was answered: the number is the transaction's name from now on. */
static void take_number(struct old_wire *w, int64_t number)
{
	struct slot *k = w->out_slot;
	struct evse *e = station_evse(w->station, k->evse);

	k->is_started = true;
	k->number = number;
	if (e && e->tx.session && strcmp(e->tx.id, k->id) == 0)
		snprintf(e->tx.session->transaction, sizeof e->tx.session->transaction, "%lld",
			(long long)number);
}

static const char *info(struct arena *a, const struct ocpp16_id_tag_info *i)
{
	return arena_printf(a, "{\"idTokenInfo\":{\"status\":\"%s\"}}",
		ocpp16_authorization_status_enum.values[i->status]);
}

static const void *decode16(
	struct arena *a, const struct schema_struct *type, const struct ocpp_frame *f)
{
	struct schema_error err;
	const void *v = schema_decode(type, f->payload.at, f->payload.len, a, &err);

	return v;
}

/* A response of 1.6 as the one of 2.0.1 that the station waits for; NULL: it breaks the schema. */
static const char *response201(struct old_wire *w, const struct ocpp_frame *f, struct arena *a)
{
	if (strcmp(w->out_action, "BootNotification") == 0 ||
		strcmp(w->out_action, "Heartbeat") == 0)
		return arena_strndup(a, f->payload.at, f->payload.len);
	if (strcmp(w->out_action, "Authorize") == 0) {
		const struct ocpp16_authorize_response *r =
			decode16(a, &ocpp16_authorize_response_type, f);

		return r ? info(a, &r->id_tag_info) : NULL;
	}
	if (strcmp(w->out_action, "TransactionEvent") == 0 && !w->out_slot->is_started) {
		const struct ocpp16_start_transaction_response *r =
			decode16(a, &ocpp16_start_transaction_response_type, f);

		if (!r)
			return NULL;
		take_number(w, r->transaction_id);
		return info(a, &r->id_tag_info);
	}
	return "{}";
}

static void on_result(struct old_wire *w, const struct ocpp_frame *f)
{
	struct arena *a;
	const char *payload;

	if (strcmp(w->out_id, f->id.text) != 0 || !(a = arena_create(0)))
		return; /* of something beside the queue */
	payload = response201(w, f, a);
	w->out_id[0] = '\0';
	take_result(w, &f->id, payload ? payload : "{\"broken\":true}");
	arena_destroy(a);
}

static struct slot *by_number(struct old_wire *w, int64_t number)
{
	for (int i = 0; i < SLOTS; i++)
		if (w->slots[i].is_started && w->slots[i].number == number)
			return &w->slots[i];
	return NULL;
}

/* Each writes the 2.0.1 request; false: such a station does not offer that. */
static bool put_profile(struct old_wire *w, const struct ocpp16_set_charging_profile_request *r,
	struct arena *a, struct text *out)
{
	const struct ocpp16_charging_profile *p = &r->cs_charging_profiles;
	const struct ocpp16_charging_schedule *s = &p->charging_schedule;
	struct slot *k = p->has_transaction_id ? by_number(w, p->transaction_id) : NULL;
	struct ocpp201_charging_schedule schedule = {
		.id = 1,
		.has_start_schedule = s->has_start_schedule,
		.start_schedule = s->start_schedule,
		.has_duration = s->has_duration,
		.duration = s->duration,
		.charging_rate_unit = s->charging_rate_unit == OCPP16_CHARGING_RATE_UNIT_W
					      ? OCPP201_CHARGING_RATE_UNIT_W
					      : OCPP201_CHARGING_RATE_UNIT_A,
	};
	struct ocpp201_set_charging_profile_request req = {.evse_id = r->connector_id,
		.charging_profile = {
			.id = p->charging_profile_id,
			.stack_level = p->stack_level,
			.charging_profile_purpose =
				p->charging_profile_purpose ==
						OCPP16_CHARGING_PROFILE_PURPOSE_TX_PROFILE
					? OCPP201_CHARGING_PROFILE_PURPOSE_TX_PROFILE
				: p->charging_profile_purpose ==
						OCPP16_CHARGING_PROFILE_PURPOSE_TX_DEFAULT_PROFILE
					? OCPP201_CHARGING_PROFILE_PURPOSE_TX_DEFAULT_PROFILE
					: OCPP201_CHARGING_PROFILE_PURPOSE_CHARGING_STATION_MAX_PROFILE,
			.charging_profile_kind = OCPP201_CHARGING_PROFILE_KIND_ABSOLUTE,
			.charging_schedule = {1, &schedule},
			.transaction_id = k                       ? k->id
					  : p->has_transaction_id ? "unknown"
								  : NULL,
		}};
	size_t n = s->charging_schedule_period.count;

	schedule.charging_schedule_period.items =
		arena_alloc(a, (n + 1) * sizeof *schedule.charging_schedule_period.items);
	if (!schedule.charging_schedule_period.items)
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct ocpp16_charging_schedule_period *q =
			&s->charging_schedule_period.items[i];

		schedule.charging_schedule_period.items[schedule.charging_schedule_period.count++] =
			(struct ocpp201_charging_schedule_period){.start_period = q->start_period,
				.limit = q->limit,
				.has_number_phases = q->has_number_phases,
				.number_phases = q->number_phases};
	}
	return schema_encode(&ocpp201_set_charging_profile_request_type, &req, out) == 0;
}

/* The keys that can be written. */
static bool put_configuration(const struct ocpp16_change_configuration_request *r, struct text *out)
{
	bool is_sample = strcmp(r->key, "MeterValueSampleInterval") == 0;

	if (!is_sample && strcmp(r->key, "HeartbeatInterval") != 0)
		return false;
	text_printf(out,
		"{\"setVariableData\":[{\"component\":{\"name\":\"%s\"},\"variable\":{"
		"\"name\":\"%s\"},\"attributeValue\":",
		is_sample ? "SampledDataCtrlr" : "OCPPCommCtrlr",
		is_sample ? "TxUpdatedInterval" : "HeartbeatInterval");
	text_put_json(out, r->value);
	text_puts(out, "}]}");
	return true;
}

/* The 2.0.1 action and its payload for a CALL of 1.6; NULL: not offered. */
static const char *command201(
	struct old_wire *w, const void *request, struct arena *a, struct text *out)
{
	const struct ocpp16_remote_start_transaction_request *start_r = request;
	const struct ocpp16_remote_stop_transaction_request *stop_r = request;
	const struct ocpp16_reset_request *reset = request;
	struct slot *k;

	switch (w->in_action) {
	case OCPP16_SET_CHARGING_PROFILE:
		return put_profile(w, request, a, out) ? "SetChargingProfile" : NULL;
	case OCPP16_CHANGE_CONFIGURATION:
		return put_configuration(request, out) ? "SetVariables" : NULL;
	case OCPP16_REMOTE_START_TRANSACTION:
		text_printf(out,
			"{\"remoteStartId\":%lld,\"evseId\":%lld,\"idToken\":{\"type\":"
			"\"ISO14443\",\"idToken\":",
			(long long)++w->remote_starts,
			(long long)(start_r->has_connector_id ? start_r->connector_id : 1));
		text_put_json(out, start_r->id_tag);
		text_puts(out, "}}");
		return "RequestStartTransaction";
	case OCPP16_REMOTE_STOP_TRANSACTION:
		k = by_number(w, stop_r->transaction_id);
		text_printf(out, "{\"transactionId\":\"%s\"}", k ? k->id : "unknown");
		return "RequestStopTransaction";
	case OCPP16_RESET:
		text_printf(out, "{\"type\":\"%s\"}",
			reset->type == OCPP16_RESET_TYPE_HARD ? "Immediate" : "OnIdle");
		return "Reset";
	case OCPP16_CLEAR_CACHE:
		text_puts(out, "{}");
		return "ClearCache";
	default:
		return NULL;
	}
}

static void answer16(struct old_wire *w, const struct ocpp_id *id, const char *payload)
{
	struct text frame;

	w->station->env->report->wire.sent_answers++;
	text_init(&frame, 0);
	ocpp_write_result(&frame, id, payload);
	put(w, &frame);
	text_finish(&frame);
}

static void not_offered(struct old_wire *w, const struct ocpp_id *id)
{
	struct text frame;

	if (w->in_action == OCPP16_CHANGE_CONFIGURATION) {
		answer16(w, id, "{\"status\":\"NotSupported\"}");
		return;
	}
	if (w->in_action == OCPP16_GET_CONFIGURATION) {
		answer16(w, id,
			"{\"configurationKey\":[{\"key\":\"SupportedFeatureProfiles\","
			"\"readonly\":true,\"value\":\"Core,SmartCharging\"},{\"key\":"
			"\"ChargingScheduleAllowedChargingRateUnit\",\"readonly\":true,"
			"\"value\":\"Current,Power\"}]}");
		return;
	}
	text_init(&frame, 0);
	ocpp_write_error(&frame, id, OCPP_VERSION_1_6, OCPP_CODE_NOT_IMPLEMENTED,
		"this station does not offer that", NULL, NULL);
	put(w, &frame);
	text_finish(&frame);
}

static void on_call(struct old_wire *w, const struct ocpp_frame *f)
{
	const struct schema_action *action =
		schema_action_find(ocpp16_actions, OCPP16_ACTION_COUNT, f->action);
	struct arena *a = arena_create(0);
	const void *request = action && a ? decode16(a, action->request, f) : NULL;
	const char *name;
	struct text payload, frame;

	w->in_action = action ? (int)(action - ocpp16_actions) : -1;
	text_init(&payload, 0);
	text_init(&frame, 0);
	if (action && !request) {
		w->station->env->report->wire.bad_requests++;
		report_fault(w->station->env->report, "%s %s breaks the schema of 1.6",
			w->station->config->id, f->action);
	}
	name = request ? command201(w, request, a, &payload) : NULL;
	if (name && ocpp_write_call(&frame, f->id.text, name, payload.data) == 0)
		station_take(w->station, frame.data, frame.len);
	else
		not_offered(w, &f->id);
	text_finish(&payload);
	text_finish(&frame);
	arena_destroy(a);
}

void old_wire_received(struct old_wire *w, const char *text, size_t len)
{
	static const struct ocpp_limits limits = {.version = OCPP_VERSION_1_6};
	struct ocpp_frame f;
	struct ocpp_frame_error err;

	if (ocpp_frame_parse(text, len, &limits, &f, &err) != 0) {
		w->station->env->report->wire.bad_frames++;
		report_fault(w->station->env->report, "%s: bad frame: %s", w->station->config->id,
			err.description);
	} else if (f.type == OCPP_CALL) {
		on_call(w, &f);
	} else if (f.type == OCPP_CALLRESULT) {
		on_result(w, &f);
	} else {
		station_take(w->station, text, len);
	}
}

void old_wire_step(struct old_wire *w)
{
	struct local *it = w->locals;

	if (!it)
		return;
	w->locals = it->next;
	station_take(w->station, it->frame.data, it->frame.len);
	text_finish(&it->frame);
	free(it);
}

void old_wire_closed(struct old_wire *w)
{
	w->out_id[0] = '\0';
	while (w->locals) {
		struct local *it = w->locals;

		w->locals = it->next;
		text_finish(&it->frame);
		free(it);
	}
}

void old_wire_destroy(struct old_wire *w)
{
	if (!w)
		return;
	old_wire_closed(w);
	free(w);
}
