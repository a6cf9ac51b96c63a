#include "csms/station/dispatch.h"
#include <stdio.h>
#include <string.h>
#include "csms/station/call.h"
#include "csms/command.h"
#include "csms/station/dispatch_private.h"
#include "csms/handle/handlers.h"
#include "csms/station/invite.h"
#include "csms/station/later.h"
#include "csms/log.h"
#include "csms/record.h"
#include "csms/station/refusal.h"
#include "csms/station/retry.h"
#include "csms/station/signed.h"
#include "csms/station/unread.h"

#define BAD_FRAMES_MAX                                                                             \
	50 /* texts in one connection that are no OCPP-J message; then it is closed */

/*
 * One row an action that a station may send.
 *   handler   called with the decoded request
 *   unasked   true: allowed although the station is not accepted and was not asked for it
 *   use       where the specification describes it
 * Actions without a handler go the other way: NotSupported, never silence.
 */
struct row {
	handler_fn handler;
	bool unasked;
	const char *use;
};

static const struct row rows[OCPP201_ACTION_COUNT] = {
	[OCPP201_AUTHORIZE] = {handle_authorize, false, "C01"},
	[OCPP201_BOOT_NOTIFICATION] = {handle_boot_notification, true, "B01"},
	[OCPP201_CLEARED_CHARGING_LIMIT] = {handle_cleared_charging_limit, false, "K13"},
	[OCPP201_DATA_TRANSFER] = {handle_data_transfer, false, "P02"},
	[OCPP201_FIRMWARE_STATUS_NOTIFICATION] = {handle_firmware_status, false, "L01"},
	[OCPP201_GET15118_EV_CERTIFICATE] = {handle_get_ev_certificate, false, "M01"},
	[OCPP201_GET_CERTIFICATE_STATUS] = {handle_get_certificate_status, false, "M06"},
	[OCPP201_HEARTBEAT] = {handle_heartbeat, false, "G02"},
	[OCPP201_LOG_STATUS_NOTIFICATION] = {handle_log_status, false, "N01"},
	[OCPP201_METER_VALUES] = {handle_meter_values, false, "J01"},
	[OCPP201_NOTIFY_CHARGING_LIMIT] = {handle_notify_charging_limit, false, "K12"},
	[OCPP201_NOTIFY_CUSTOMER_INFORMATION] = {handle_notify_customer_information, false, "N09"},
	[OCPP201_NOTIFY_DISPLAY_MESSAGES] = {handle_notify_display_messages, false, "O04"},
	[OCPP201_NOTIFY_EV_CHARGING_NEEDS] = {handle_ev_charging_needs, false, "K15"},
	[OCPP201_NOTIFY_EV_CHARGING_SCHEDULE] = {handle_ev_charging_schedule, false, "K15"},
	[OCPP201_NOTIFY_EVENT] = {handle_notify_event, false, "N07"},
	[OCPP201_NOTIFY_MONITORING_REPORT] = {handle_notify_monitoring_report, false, "N02"},
	[OCPP201_NOTIFY_REPORT] = {handle_notify_report, false, "B07"},
	[OCPP201_PUBLISH_FIRMWARE_STATUS_NOTIFICATION] = {handle_publish_status, false, "L03"},
	[OCPP201_REPORT_CHARGING_PROFILES] = {handle_report_charging_profiles, false, "K09"},
	[OCPP201_RESERVATION_STATUS_UPDATE] = {handle_reservation_status, false, "H01"},
	[OCPP201_SECURITY_EVENT_NOTIFICATION] = {handle_security_event, false, "A04"},
	[OCPP201_SIGN_CERTIFICATE] = {handle_sign_certificate, false, "A02"},
	[OCPP201_STATUS_NOTIFICATION] = {handle_status_notification, false, "G01"},
	[OCPP201_TRANSACTION_EVENT] = {handle_transaction_event, false, "E01"},
};

/* -- answers ---------------------------------------------------------------------------------- */

static void remember(struct session *x, const char *id, const struct text *t, bool is_out)
{
	if (x->station->retries && text_ok(t))
		retry_answered(x->station->retries, id, t->data, t->len, is_out);
}

/* Answers that depend on nothing durable go at once. */
static void answer_now(
	struct session *x, const struct ocpp_id *id, struct text *t, const char *verdict)
{
	if (!text_ok(t))
		return;
	record_frame(x->core, x->station, DB_FRAME_OUT, id->text, NULL, verdict, t->data, t->len);
	session_send(x, t->data, t->len);
}

void dispatch_error(
	struct session *x, const struct ocpp_id *id, enum ocpp_code code, const char *words)
{
	struct text t;

	text_init(&t, 0);
	ocpp_write_error(&t, id, x->version, code, words, NULL, NULL);
	x->core->metrics.errors_out++;
	remember(x, id->text, &t, true);
	answer_now(x, id, &t, words);
	text_finish(&t);
}

void dispatch_schema_error(
	struct session *x, const struct ocpp_id *id, const struct schema_error *err)
{
	struct text t;
	char verdict[400];

	snprintf(verdict, sizeof verdict, "%s: %s", err->path, err->message);
	text_init(&t, 0);
	ocpp_write_schema_error(&t, id, x->version, err);
	x->core->metrics.errors_out++;
	remember(x, id->text, &t, true);
	answer_now(x, id, &t, verdict);
	text_finish(&t);
}

void dispatch_result(struct session *x, const struct ocpp_id *id, const struct schema_struct *type,
	const void *response, bool durable)
{
	struct text payload, t;

	text_init(&payload, 0);
	text_init(&t, 0);
	schema_encode(type, response, &payload);
	if (text_ok(&payload) && ocpp_write_result(&t, id, payload.data) == 0) {
		remember(x, id->text, &t, !durable);
		if (durable)
			record_reply(
				x->core, x->station, x->station->epoch, id->text, t.data, t.len);
		else
			answer_now(x, id, &t, NULL);
	}
	text_finish(&payload);
	text_finish(&t);
}

/* -- the gate --------------------------------------------------------------------------------- */

/* Rule 18: not accepted means nothing but BootNotification and what we asked for (B02.FR.09). */
bool dispatch_may_send(const struct session *x, const struct ocpp_frame *f, int action)
{
	const struct station *s = x->station;

	if (rows[action].unasked)
		return true;
	if (station_is_accepted(s))
		return true;
	if (s->boot_status != EVENT_REGISTRATION_PENDING)
		return false;
	return invite_holds(x, action) ||
	       (s->retries && retry_knows(s->retries, f->id.text, f->action, f->payload.at,
				      f->payload.len, x->epoch));
}

/* Rule 13: a retry is answered alike and does not act twice. Answers that tell the time are made
 * anew on a new connection: a station that counts its ids from 1 each time would live in the past. */
bool dispatch_is_retry(struct session *x, const struct ocpp_frame *f, int action)
{
	struct station *s = x->station;
	bool renews = action == OCPP201_HEARTBEAT || action == OCPP201_BOOT_NOTIFICATION;
	struct retry_answer a = {0};
	enum retry_kind kind;

	if (!s->retries && !(s->retries = retries_create()))
		return false;
	kind = retry_take(s->retries, f->id.text, f->action, f->payload.at, f->payload.len, renews,
		x->epoch, clock_mono().us / 1000, &a);
	if (kind == RETRY_NEW) {
		invite_took(x, action);
		return false;
	}
	x->core->metrics.repeated++;
	if (kind == RETRY_ANSWERED) {
		record_frame(x->core, s, DB_FRAME_OUT, f->id.text, NULL, NULL, a.reply, a.len);
		session_send(x, a.reply, a.len);
	} /* else its answer is on the way: it goes when the first one is on disk */
	return true;
}

/* What was triggered has come (F06). */
static void sign_triggered(struct exchange *e, int action, const void *request)
{
	const struct ocpp201_status_notification_request *status = request;
	const struct ocpp201_meter_values_request *values = request;
	struct command_sign sign = {.kind = SIGN_TRIGGERED, .action = action};

	if (action == OCPP201_STATUS_NOTIFICATION) {
		sign.evse_id = status->evse_id;
		sign.connector_id = status->connector_id;
	} else if (action == OCPP201_METER_VALUES) {
		sign.evse_id = values->evse_id;
	}
	if (e->station)
		command_sign(e->core, e->station, &sign);
}

const void *dispatch_handle(struct exchange *e, int action, const void *request)
{
	const void *response;

	e->core->metrics.calls_in[action]++;
	e->action = ocpp201_actions[action].name;
	response = rows[action].handler(e, request);
	sign_triggered(e, action, request);
	return response;
}

static void handle_call(struct session *x, const struct ocpp_frame *f,
	const struct schema_action *action, const struct row *row)
{
	struct schema_error err;
	struct schema_notes unread;
	struct exchange e = {
		.core = x->core,
		.station = x->station,
		.session = x,
		.message_id = f->id.text,
		.id = &f->id,
		.received = clock_wall(),
		.arena = record_arena(x->core),
		.payload = f->payload.at,
		.payload_len = f->payload.len,
	};
	const void *request, *response;

	if (!e.arena) {
		dispatch_error(x, &f->id, OCPP_CODE_INTERNAL_ERROR, "out of memory");
		return;
	}
	request = schema_decode_lenient(
		action->request, f->payload.at, f->payload.len, e.arena, &unread, &err);
	if (!request) {
		log_warn("station %s: %s refused: %s: %s", x->station->id, f->action, err.path,
			err.message);
		dispatch_schema_error(x, &f->id, &err);
		return;
	}
	e.action = action->name;
	e.has_unread = unread.count > 0;
	unread_tell(&e, &unread);
	response = dispatch_handle(&e, (int)(action - ocpp201_actions), request);
	if (!response)
		dispatch_error(x, &f->id, OCPP_CODE_INTERNAL_ERROR, "out of memory");
	else if (!is_later(response))
		dispatch_result(
			x, &f->id, action->response, response, row->handler != handle_heartbeat);
}

static void on_call(struct session *x, const struct ocpp_frame *f)
{
	const struct schema_action *action =
		schema_action_find(ocpp201_actions, OCPP201_ACTION_COUNT, f->action);
	const struct row *row = action ? &rows[action - ocpp201_actions] : NULL;

	if (!action) {
		dispatch_error(x, &f->id, OCPP_CODE_NOT_IMPLEMENTED, "there is no such action");
	} else if (!row->handler) {
		dispatch_error(x, &f->id, OCPP_CODE_NOT_SUPPORTED, "only a CSMS sends this action");
	} else if (!dispatch_may_send(x, f, (int)(action - ocpp201_actions))) {
		dispatch_error(x, &f->id, OCPP_CODE_SECURITY_ERROR,
			"not accepted yet: send a BootNotification first");
	} else if (!dispatch_is_retry(x, f, (int)(action - ocpp201_actions))) {
		handle_call(x, f, action, row);
	}
}

/* Part 4, 7.2: the encapsulated normal message is processed as if it had come by itself. */
static void on_signed_call(
	struct session *x, const struct ocpp_frame *f, const struct ocpp_limits *limits)
{
	struct arena *a = arena_create(0);
	struct ocpp_frame inner;
	struct ocpp_frame_error err;
	size_t len = 0;
	const char *text = a ? signed_unwrap(f, a, &len) : NULL;

	if (!text || ocpp_frame_parse(text, len, limits, &inner, &err) || signed_is(&inner)) {
		dispatch_error(x, &f->id, OCPP_CODE_FORMAT_VIOLATION,
			"the signed message holds no payload that can be read");
	} else {
		inner.id = f->id;
		on_call(x, &inner);
	}
	arena_destroy(a);
}

static void on_bad_frame(struct session *x, const struct ocpp_frame_error *err)
{
	struct text t;

	x->core->metrics.bad_frames++;
	log_warn(
		"station %s: bad frame at byte %zu: %s", x->station->id, err->at, err->description);
	if (err->has_id && err->type == OCPP_CALLRESULT)
		call_refused(
			x->core, x->station, err->id.text, "FormatViolation", err->description);
	if (err->may_answer) {
		text_init(&t, 0);
		ocpp_write_frame_error(&t, x->version, err);
		x->core->metrics.errors_out++;
		answer_now(x, &err->id, &t, err->description);
		text_finish(&t);
	}
	if (++x->bad_frames > BAD_FRAMES_MAX) {
		refusal_limit(x->core, LIMIT_BROKEN_MESSAGES, x->peer);
		session_close(x, WS_CLOSE_POLICY, "too many broken messages");
	}
}

static void on_answer(struct session *x, const struct ocpp_frame *f)
{
	bool known;

	if (f->type == OCPP_CALLRESULT)
		known = call_answered(
			x->core, x->station, f->id.text, f->payload.at, f->payload.len);
	else
		known = call_refused(x->core, x->station, f->id.text, f->code_text, f->description);
	if (!known)
		log_info("station %s: an answer to %s came that nobody waits for; dropped",
			x->station->id, f->id.text);
}

void dispatch_message(struct session *x, const char *text, size_t len)
{
	const struct config_limits *lim = x->core->config->limits;
	struct ocpp_limits limits = {
		.version = x->version,
		.max_bytes = (size_t)lim->max_message,
		.max_depth = (int)lim->max_depth,
	};
	struct ocpp_frame f;
	struct ocpp_frame_error err;
	char why[400];
	const char *verdict = NULL;

	if (ocpp_frame_parse(text, len, &limits, &f, &err)) {
		record_frame(x->core, x->station, DB_FRAME_IN, err.has_id ? err.id.text : NULL,
			NULL, err.description, text, len);
		on_bad_frame(x, &err);
		return;
	}
	if (f.type == OCPP_CALLRESULT && x->version != OCPP_VERSION_1_6 &&
		!call_is_sound(x->station, f.id.text, f.payload.at, f.payload.len, why))
		verdict = why;
	record_frame(x->core, x->station, DB_FRAME_IN, f.id.text, f.action[0] ? f.action : NULL,
		verdict, text, len);
	if (f.type == OCPP_CALL && x->version != OCPP_VERSION_1_6 && signed_is(&f))
		on_signed_call(x, &f, &limits);
	else if (f.type == OCPP_CALL && x->version == OCPP_VERSION_1_6)
		v16_on_call(x, &f);
	else if (f.type == OCPP_CALL)
		on_call(x, &f);
	else
		on_answer(x, &f);
}
