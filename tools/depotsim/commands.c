#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ocpp/frame.h"
#include "tools/depotsim/station_state.h"

#define RESET_DELAY_MS 2000

/* ---- remote control ---- */

static struct evse *remote_evse(
	struct station *s, const struct ocpp201_request_start_transaction_request *req)
{
	if (req->has_evse_id)
		return station_evse(s, req->evse_id);
	for (int i = 0; i < s->evse_count; i++) {
		struct evse *e = &s->evses[i];
		if (!e->inoperative && !e->tx.authorized && !e->reserved_by_remote)
			return e; /* F01.FR.20 */
	}
	return NULL;
}

/* The profile waits with the request until its transaction has an id. */
static int keep_remote_profile(struct evse *e, const struct ocpp201_charging_profile *profile)
{
	struct text json;
	struct schema_error err;
	text_init(&json, 0);
	arena_destroy(e->remote_arena);
	e->remote_profile = NULL;
	e->remote_arena = arena_create(0);
	if (e->remote_arena && schema_encode(&ocpp201_charging_profile_type, profile, &json) == 0)
		e->remote_profile = schema_decode(
			&ocpp201_charging_profile_type, json.data, json.len, e->remote_arena, &err);
	text_finish(&json);
	return e->remote_profile ? 0 : -1;
}

static bool remote_profile_is_fine(const struct ocpp201_charging_profile *profile)
{
	return !profile ||
	       (profile->charging_profile_purpose == OCPP201_CHARGING_PROFILE_PURPOSE_TX_PROFILE &&
		       !profile->transaction_id); /* F01.FR.09, 11 */
}

static void start_now(struct station *s, struct evse *e,
	const struct ocpp201_request_start_transaction_request *r)
{
	struct transaction *tx = &e->tx;
	snprintf(tx->token, sizeof tx->token, "%s", r->id_token.id_token);
	tx->token_type = r->id_token.type;
	tx->has_remote_start = true;
	tx->remote_start_id = r->remote_start_id;
	e->authorizing = false;
	tx_authorized(e, OCPP201_TRIGGER_REASON_REMOTE_START); /* F01.FR.19 */
	if (r->charging_profile) {
		struct profiles_evse view = evse_profiles_view(e);
		r->charging_profile->transaction_id = tx->id;
		profiles_set(s->profiles, e->id, true, &view, r->charging_profile);
	}
}

static const void *request_start(struct station *s, const void *request, struct arena *a)
{
	const struct ocpp201_request_start_transaction_request *req = request;
	struct ocpp201_request_start_transaction_response *res = arena_alloc(a, sizeof *res);
	if (!res)
		return NULL;
	struct evse *e = remote_evse(s, req);
	res->status = OCPP201_REQUEST_START_STOP_STATUS_REJECTED;
	/* B02.FR.05, F01.FR.23, 24, 26 */
	if (s->boot != BOOT_ACCEPTED || !e || e->inoperative || e->tx.authorized ||
		!remote_profile_is_fine(req->charging_profile))
		return res;
	res->status = OCPP201_REQUEST_START_STOP_STATUS_ACCEPTED;
	if (e->tx.active) {
		res->transaction_id = arena_strdup(a, e->tx.id); /* F01.FR.13 */
		start_now(s, e, req);
		return res;
	}
	if (req->charging_profile && keep_remote_profile(e, req->charging_profile) != 0)
		return NULL;
	e->served = false;
	e->reserved_by_remote = true;
	e->remote_start_id = req->remote_start_id;
	e->remote_token_type = req->id_token.type;
	snprintf(e->remote_token, sizeof e->remote_token, "%s", req->id_token.id_token);
	e->remote_until_ms =
		s->env->now.ms +
		device_model_number(s->device, "TxCtrlr", "EVConnectionTimeOut", 120) * 1000;
	return res;
}

static const void *request_stop(struct station *s, const void *request, struct arena *a)
{
	const struct ocpp201_request_stop_transaction_request *req = request;
	struct ocpp201_request_stop_transaction_response *res = arena_alloc(a, sizeof *res);
	if (!res)
		return NULL;
	res->status = OCPP201_REQUEST_START_STOP_STATUS_REJECTED;
	for (int i = 0; s->boot == BOOT_ACCEPTED && i < s->evse_count; i++) {
		struct evse *e = &s->evses[i];
		if (!e->tx.active || strcmp(e->tx.id, req->transaction_id) != 0)
			continue;
		res->status = OCPP201_REQUEST_START_STOP_STATUS_ACCEPTED;
		tx_end(e, OCPP201_TRIGGER_REASON_REMOTE_STOP, OCPP201_REASON_REMOTE,
			e->plugged ? OCPP201_CHARGING_STATE_EV_CONNECTED
				   : OCPP201_CHARGING_STATE_IDLE);
	}
	return res;
}

static const void *unlock_connector(struct station *s, const void *request, struct arena *a)
{
	const struct ocpp201_unlock_connector_request *req = request;
	struct ocpp201_unlock_connector_response *res = arena_alloc(a, sizeof *res);
	struct evse *e = station_evse(s, req->evse_id);
	if (!res)
		return NULL;
	if (!e || req->connector_id != 1)
		res->status = OCPP201_UNLOCK_STATUS_UNKNOWN_CONNECTOR;
	else if (e->tx.authorized)
		res->status = OCPP201_UNLOCK_STATUS_ONGOING_AUTHORIZED_TRANSACTION;
	else
		res->status = OCPP201_UNLOCK_STATUS_UNLOCKED;
	return res;
}

static const void *transaction_status(struct station *s, const void *request, struct arena *a)
{
	const struct ocpp201_get_transaction_status_request *req = request;
	struct ocpp201_get_transaction_status_response *res = arena_alloc(a, sizeof *res);
	if (!res)
		return NULL;
	res->messages_in_queue = outbox_waiting(&s->out, req->transaction_id) > 0;
	if (!req->transaction_id)
		return res; /* E14.FR.06 */
	res->has_ongoing_indicator = true;
	for (int i = 0; i < s->evse_count; i++) {
		const struct transaction *tx = &s->evses[i].tx;
		if (tx->active && strcmp(tx->id, req->transaction_id) == 0)
			res->ongoing_indicator = true;
	}
	return res;
}

/* ---- availability and reset ---- */

static bool change_availability_of(struct station *s, struct evse *e, bool operative)
{
	e->inoperative_when_idle = false;
	if (operative) {
		e->inoperative = false;
	} else if (e->tx.active) {
		e->inoperative_when_idle = true; /* G03.FR.05: after the transaction */
		return false;
	} else {
		e->inoperative = true;
	}
	if (e->told != evse_status(e))
		station_report_connector(s, e, false);
	return true;
}

static const void *change_availability(struct station *s, const void *request, struct arena *a)
{
	const struct ocpp201_change_availability_request *req = request;
	struct ocpp201_change_availability_response *res = arena_alloc(a, sizeof *res);
	if (!res)
		return NULL;
	bool operative = req->operational_status == OCPP201_OPERATIONAL_STATUS_OPERATIVE;
	bool all = !req->evse || req->evse->id == 0;
	if (!all && !station_evse(s, req->evse->id)) {
		res->status = OCPP201_CHANGE_AVAILABILITY_STATUS_REJECTED;
		return res;
	}
	bool now = true;
	for (int i = 0; i < s->evse_count; i++) {
		if (all || s->evses[i].id == req->evse->id)
			now = change_availability_of(s, &s->evses[i], operative) && now;
	}
	res->status = now ? OCPP201_CHANGE_AVAILABILITY_STATUS_ACCEPTED
			  : OCPP201_CHANGE_AVAILABILITY_STATUS_SCHEDULED;
	return res;
}

static const void *reset(struct station *s, const void *request, struct arena *a)
{
	const struct ocpp201_reset_request *req = request;
	struct ocpp201_reset_response *res = arena_alloc(a, sizeof *res);
	if (!res)
		return NULL;
	bool busy = false;
	for (int i = 0; i < s->evse_count; i++)
		busy = busy || s->evses[i].tx.active;
	if (req->has_evse_id) {
		res->status = OCPP201_RESET_STATUS_REJECTED; /* no reset of a single EVSE */
		return res;
	}
	if (busy && req->type == OCPP201_RESET_ON_IDLE) {
		s->reset_when_idle = true;
		res->status = OCPP201_RESET_STATUS_SCHEDULED; /* B12.FR.01 */
		return res;
	}
	for (int i = 0; i < s->evse_count; i++) {
		if (s->evses[i].tx.active)
			tx_end(&s->evses[i], OCPP201_TRIGGER_REASON_RESET_COMMAND,
				OCPP201_REASON_IMMEDIATE_RESET,
				s->evses[i].plugged ? OCPP201_CHARGING_STATE_EV_CONNECTED
						    : OCPP201_CHARGING_STATE_IDLE);
	}
	s->reset_due_ms = s->env->now.ms + RESET_DELAY_MS;
	res->status = OCPP201_RESET_STATUS_ACCEPTED;
	return res;
}

/* ---- small ones ---- */

static const void *data_transfer(struct station *s, const void *request, struct arena *a)
{
	struct ocpp201_data_transfer_response *res = arena_alloc(a, sizeof *res);
	if (res)
		res->status = OCPP201_DATA_TRANSFER_STATUS_UNKNOWN_VENDOR_ID;
	return res;
}

/* ---- triggers ---- */

static bool trigger_for_evses(struct station *s, const struct ocpp201_trigger_message_request *req,
	bool (*one)(struct station *, struct evse *))
{
	bool any = false;
	for (int i = 0; i < s->evse_count; i++) {
		if (!req->evse || req->evse->id == s->evses[i].id)
			any = one(s, &s->evses[i]) || any;
	}
	return any;
}

static bool trigger_meter(struct station *s, struct evse *e)
{
	tx_meter_values(e);
	return true;
}

static bool trigger_transaction(struct station *s, struct evse *e)
{
	if (e->tx.active)
		tx_sample(e, true);
	return e->tx.active;
}

static const void *trigger_message(struct station *s, const void *request, struct arena *a)
{
	const struct ocpp201_trigger_message_request *req = request;
	struct ocpp201_trigger_message_response *res = arena_alloc(a, sizeof *res);
	if (!res)
		return NULL;
	bool done = false;
	struct evse *e = req->evse ? station_evse(s, req->evse->id) : NULL;
	res->status = OCPP201_TRIGGER_MESSAGE_STATUS_REJECTED;
	if (req->evse && !e)
		return res;
	switch (req->requested_message) {
	case OCPP201_MESSAGE_TRIGGER_BOOT_NOTIFICATION:
		done = s->boot != BOOT_ACCEPTED && !s->boot_sent; /* F06.FR.17 */
		if (done)
			station_boot(s, OCPP201_BOOT_REASON_TRIGGERED, true);
		break;
	case OCPP201_MESSAGE_TRIGGER_HEARTBEAT:
		station_heartbeat(s, OUTBOX_TRIGGERED);
		done = true;
		break;
	case OCPP201_MESSAGE_TRIGGER_STATUS_NOTIFICATION:
		done = e && req->evse->has_connector_id && req->evse->connector_id == 1;
		if (done)
			station_report_connector(s, e, true); /* F06.FR.13 */
		break;
	case OCPP201_MESSAGE_TRIGGER_METER_VALUES:
		done = trigger_for_evses(s, req, trigger_meter);
		break;
	case OCPP201_MESSAGE_TRIGGER_TRANSACTION_EVENT:
		done = trigger_for_evses(s, req, trigger_transaction);
		break;
	case OCPP201_MESSAGE_TRIGGER_SIGN_CHARGING_STATION_CERTIFICATE:
	case OCPP201_MESSAGE_TRIGGER_SIGN_V2_G_CERTIFICATE:
	case OCPP201_MESSAGE_TRIGGER_SIGN_COMBINED_CERTIFICATE:
		done = trust_asks(s, req->requested_message);
		break;
	case OCPP201_MESSAGE_TRIGGER_FIRMWARE_STATUS_NOTIFICATION:
		station_call(s, OUTBOX_TRIGGERED, "FirmwareStatusNotification",
			&ocpp201_firmware_status_notification_request_type,
			&(struct ocpp201_firmware_status_notification_request){
				.status = OCPP201_FIRMWARE_STATUS_IDLE}); /* L01.FR.25 */
		done = true;
		break;
	case OCPP201_MESSAGE_TRIGGER_LOG_STATUS_NOTIFICATION:
		station_call(s, OUTBOX_TRIGGERED, "LogStatusNotification",
			&ocpp201_log_status_notification_request_type,
			&(struct ocpp201_log_status_notification_request){
				.status = s->log_runs ? OCPP201_UPLOAD_LOG_STATUS_UPLOADING
						      : OCPP201_UPLOAD_LOG_STATUS_IDLE,
				.has_request_id = s->log_runs,
				.request_id = s->log_request});
		done = true;
		break;
	default:
		res->status = OCPP201_TRIGGER_MESSAGE_STATUS_NOT_IMPLEMENTED;
		return res;
	}
	if (done)
		res->status = OCPP201_TRIGGER_MESSAGE_STATUS_ACCEPTED;
	return res;
}

/* ---- dispatch ---- */

static const struct {
	int action;
	command_fn run;
} commands[] = {
	{OCPP201_CANCEL_RESERVATION, command_cancel_reservation},
	{OCPP201_CERTIFICATE_SIGNED, command_certificate_signed},
	{OCPP201_CHANGE_AVAILABILITY, change_availability},
	{OCPP201_CLEAR_CACHE, command_clear_cache},
	{OCPP201_CLEAR_CHARGING_PROFILE, command_clear_profile},
	{OCPP201_COST_UPDATED, command_cost_updated},
	{OCPP201_DATA_TRANSFER, data_transfer},
	{OCPP201_DELETE_CERTIFICATE, command_delete_certificate},
	{OCPP201_GET_BASE_REPORT, command_get_base_report},
	{OCPP201_GET_CHARGING_PROFILES, command_get_profiles},
	{OCPP201_GET_COMPOSITE_SCHEDULE, command_get_composite},
	{OCPP201_GET_INSTALLED_CERTIFICATE_IDS, command_installed_certificates},
	{OCPP201_GET_LOCAL_LIST_VERSION, command_local_list_version},
	{OCPP201_GET_LOG, command_get_log},
	{OCPP201_GET_TRANSACTION_STATUS, transaction_status},
	{OCPP201_GET_VARIABLES, command_get_variables},
	{OCPP201_INSTALL_CERTIFICATE, command_install_certificate},
	{OCPP201_REQUEST_START_TRANSACTION, request_start},
	{OCPP201_REQUEST_STOP_TRANSACTION, request_stop},
	{OCPP201_RESERVE_NOW, command_reserve_now},
	{OCPP201_RESET, reset},
	{OCPP201_SEND_LOCAL_LIST, command_send_local_list},
	{OCPP201_SET_CHARGING_PROFILE, command_set_profile},
	{OCPP201_SET_NETWORK_PROFILE, command_set_network_profile},
	{OCPP201_SET_VARIABLES, command_set_variables},
	{OCPP201_TRIGGER_MESSAGE, trigger_message},
	{OCPP201_UNLOCK_CONNECTOR, unlock_connector},
};

static command_fn find_command(const struct schema_action *action)
{
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		if (&ocpp201_actions[commands[i].action] == action)
			return commands[i].run;
	}
	return NULL;
}

static void refuse(struct station *s, const struct ocpp_frame *call, enum ocpp_code code,
	const char *why, struct text *frame)
{
	s->env->report->wire.sent_errors++;
	report_fault(s->env->report, "%s %s: %s", s->config->id, call->action, why);
	ocpp_write_error(frame, &call->id, OCPP_VERSION_2_0_1, code, why, NULL, NULL);
}

static void run_command(struct station *s, const struct ocpp_frame *call,
	const struct schema_action *action, command_fn run, struct arena *a, struct text *frame)
{
	struct schema_error err;
	struct text json;
	const void *request =
		schema_decode(action->request, call->payload.at, call->payload.len, a, &err);
	if (!request) {
		s->env->report->wire.sent_errors++;
		s->env->report->wire.bad_requests++;
		report_fault(s->env->report, "%s %s: %s: %s", s->config->id, call->action, err.path,
			err.message);
		ocpp_write_schema_error(frame, &call->id, OCPP_VERSION_2_0_1, &err);
		return;
	}
	const void *response = run(s, request, a);
	text_init(&json, 0);
	if (response && schema_encode(action->response, response, &json) == 0) {
		s->env->report->wire.sent_answers++;
		ocpp_write_result(frame, &call->id, json.data);
	} else {
		refuse(s, call, OCPP_CODE_INTERNAL_ERROR, "out of memory", frame);
	}
	text_finish(&json);
}

void command_answer(struct station *s, const struct ocpp_frame *call, struct text *frame)
{
	const struct schema_action *action =
		schema_action_find(ocpp201_actions, OCPP201_ACTION_COUNT, call->action);
	command_fn run = action ? find_command(action) : NULL;
	if (!action) {
		refuse(s, call, OCPP_CODE_NOT_IMPLEMENTED, "no such action in OCPP 2.0.1", frame);
		return;
	}
	if (!run || !(action->sender & SCHEMA_FROM_CSMS)) {
		refuse(s, call, OCPP_CODE_NOT_SUPPORTED, "this station does not offer that", frame);
		return;
	}
	struct arena *a = arena_create(0);
	if (a)
		run_command(s, call, action, run, a, frame);
	else
		refuse(s, call, OCPP_CODE_INTERNAL_ERROR, "out of memory", frame);
	arena_destroy(a);
}
