/* Commands to a 1.6 station: the table, and those that are simple. */
#include "ocpp/v16_down.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ocpp/v16_down_private.h"

#define WHY_MAX 200

/* -- making ----------------------------------------------------------------------------------- */

void *v16_add(struct v16_making *m, int action16)
{
	struct v16_plan *p = m->plan;
	struct v16_ask *asks = p->asks;
	void *request = arena_alloc(m->arena, ocpp16_actions[action16].request->size);

	if (request && p->count == m->room) {
		m->room = m->room ? 2 * m->room : 2;
		asks = arena_alloc(m->arena, m->room * sizeof *asks);
		if (asks && p->count)
			memcpy(asks, p->asks, p->count * sizeof *asks);
	}
	if (!request || !asks) {
		m->why = "out of memory";
		return NULL;
	}
	p->asks = asks;
	p->asks[p->count++] = (struct v16_ask){.action = action16, .request = request};
	return request;
}

void v16_mark_fallback(struct v16_making *m)
{
	m->plan->asks[m->plan->count - 1].is_fallback = true;
}

int v16_refuse(struct v16_making *m, const char *fmt, ...)
{
	char words[WHY_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof words, fmt, ap);
	va_end(ap);
	m->why = arena_strdup(m->arena, words);
	return -1;
}

int v16_connector(struct v16_making *m, bool has, int64_t evse, int64_t *out)
{
	*out = has ? evse : 0;
	return has && evse < 0 ? v16_refuse(m, "there is no EVSE %lld", (long long)evse) : 0;
}

const char *v16_tag_of(struct v16_making *m, const struct ocpp201_id_token *t)
{
	if (*t->id_token && v16_is_tag(t->id_token))
		return t->id_token;
	v16_refuse(m, *t->id_token ? "OCPP 1.6 has no idTag of more than 20 characters"
				   : "OCPP 1.6 has no start without an idTag");
	return NULL;
}

struct ocpp201_status_info *v16_info(struct arena *a, const char *code, const char *words)
{
	struct ocpp201_status_info *i = arena_alloc(a, sizeof *i);

	if (i) {
		i->reason_code = code;
		i->additional_info = words;
	}
	return i;
}

const void *v16_last(const struct v16_plan *p, const struct v16_reply *replies, int *action16)
{
	for (size_t i = p->count; i-- > 0;)
		if (replies[i].response) {
			if (action16)
				*action16 = p->asks[i].action;
			return replies[i].response;
		}
	return NULL;
}

/* -- the simple ones -------------------------------------------------------------------------- */

static int make_reset(struct v16_making *m, const void *request)
{
	const struct ocpp201_reset_request *in = request;
	struct ocpp16_reset_request *out = v16_add(m, OCPP16_RESET);

	if (!out)
		return -1;
	if (in->has_evse_id)
		return v16_refuse(m, "OCPP 1.6 has no Reset of a single EVSE: leave evseId out");
	out->type = in->type == OCPP201_RESET_IMMEDIATE ? OCPP16_RESET_TYPE_HARD
							: OCPP16_RESET_TYPE_SOFT;
	return 0;
}

static int make_availability(struct v16_making *m, const void *request)
{
	const struct ocpp201_change_availability_request *in = request;
	struct ocpp16_change_availability_request *out = v16_add(m, OCPP16_CHANGE_AVAILABILITY);

	if (!out)
		return -1;
	if (in->evse && in->evse->has_connector_id && in->evse->connector_id > 1)
		return v16_refuse(m, "OCPP 1.6 has one connector per EVSE");
	out->type = in->operational_status == OCPP201_OPERATIONAL_STATUS_OPERATIVE
			    ? OCPP16_AVAILABILITY_TYPE_OPERATIVE
			    : OCPP16_AVAILABILITY_TYPE_INOPERATIVE;
	return v16_connector(m, in->evse != NULL, in->evse ? in->evse->id : 0, &out->connector_id);
}

static int make_clear_cache(struct v16_making *m, const void *request)
{
	(void)request;
	return v16_add(m, OCPP16_CLEAR_CACHE) ? 0 : -1;
}

static int make_unlock(struct v16_making *m, const void *request)
{
	const struct ocpp201_unlock_connector_request *in = request;
	struct ocpp16_unlock_connector_request *out = v16_add(m, OCPP16_UNLOCK_CONNECTOR);

	if (!out)
		return -1;
	if (in->connector_id > 1)
		return v16_refuse(m, "OCPP 1.6 has one connector per EVSE");
	out->connector_id = in->evse_id;
	return 0;
}

int v16_transaction_number(const char *id, int64_t *out)
{
	char *end;

	if (!id || !*id || strlen(id) > 10 || strspn(id, "0123456789") != strlen(id))
		return -1;
	*out = strtoll(id, &end, 10);
	return *end || *out > INT32_MAX ? -1 : 0;
}

static int make_request_stop(struct v16_making *m, const void *request)
{
	const struct ocpp201_request_stop_transaction_request *in = request;
	struct ocpp16_remote_stop_transaction_request *out =
		v16_add(m, OCPP16_REMOTE_STOP_TRANSACTION);

	if (!out)
		return -1;
	if (v16_transaction_number(in->transaction_id, &out->transaction_id))
		return v16_refuse(m, "OCPP 1.6 numbers its transactions: this is none of them");
	return 0;
}

static int make_reserve(struct v16_making *m, const void *request)
{
	const struct ocpp201_reserve_now_request *in = request;
	struct ocpp16_reserve_now_request *out = v16_add(m, OCPP16_RESERVE_NOW);

	if (!out)
		return -1;
	if (in->has_connector_type)
		return v16_refuse(m, "OCPP 1.6 has no reservation of a kind of connector");
	out->reservation_id = in->id;
	out->expiry_date = in->expiry_date_time;
	out->id_tag = v16_tag_of(m, &in->id_token);
	if (!out->id_tag)
		return -1;
	if (in->group_id_token && !(out->parent_id_tag = v16_tag_of(m, in->group_id_token)))
		return -1;
	return v16_connector(m, in->has_evse_id, in->evse_id, &out->connector_id);
}

static int make_cancel(struct v16_making *m, const void *request)
{
	const struct ocpp201_cancel_reservation_request *in = request;
	struct ocpp16_cancel_reservation_request *out = v16_add(m, OCPP16_CANCEL_RESERVATION);

	if (out)
		out->reservation_id = in->reservation_id;
	return out ? 0 : -1;
}

static int make_list_version(struct v16_making *m, const void *request)
{
	(void)request;
	return v16_add(m, OCPP16_GET_LOCAL_LIST_VERSION) ? 0 : -1;
}

static bool put_entry(struct arena *a, const struct ocpp201_authorization_data *in,
	struct ocpp16_authorization_data *out)
{
	out->id_tag = in->id_token.id_token;
	if (!in->id_token_info)
		return true;
	out->id_tag_info = arena_alloc(a, sizeof *out->id_tag_info);
	if (out->id_tag_info)
		v16_id_tag_info(in->id_token_info, out->id_tag_info);
	return out->id_tag_info != NULL;
}

/* A token that is longer than an idTag cannot be shown to a 1.6 station either: it is left out. */
static int make_list(struct v16_making *m, const void *request)
{
	const struct ocpp201_send_local_list_request *in = request;
	struct ocpp16_send_local_list_request *out = v16_add(m, OCPP16_SEND_LOCAL_LIST);
	struct ocpp16_authorization_data_list *list = out ? &out->local_authorization_list : NULL;

	if (!out)
		return -1;
	out->list_version = in->version_number;
	out->update_type = in->update_type == OCPP201_UPDATE_FULL ? OCPP16_UPDATE_TYPE_FULL
								  : OCPP16_UPDATE_TYPE_DIFFERENTIAL;
	if (!in->local_authorization_list.count)
		return 0;
	list->items =
		arena_alloc(m->arena, in->local_authorization_list.count * sizeof *list->items);
	for (size_t i = 0; list->items && i < in->local_authorization_list.count; i++) {
		const struct ocpp201_authorization_data *d = &in->local_authorization_list.items[i];

		if (!*d->id_token.id_token || !v16_is_tag(d->id_token.id_token))
			continue;
		if (!put_entry(m->arena, d, &list->items[list->count++]))
			return v16_refuse(m, "out of memory");
	}
	return list->items ? 0 : v16_refuse(m, "out of memory");
}

static int make_data(struct v16_making *m, const void *request)
{
	const struct ocpp201_data_transfer_request *in = request;
	struct ocpp16_data_transfer_request *out = v16_add(m, OCPP16_DATA_TRANSFER);

	if (!out)
		return -1;
	out->vendor_id = in->vendor_id;
	out->message_id = in->message_id;
	out->data = in->data ? v16_data_text(m->arena, in->data) : NULL;
	return 0;
}

/* -- TriggerMessage --------------------------------------------------------------------------- */

/* What each message is called in the two triggers of 1.6; -1: it is not. */
static const struct {
	int plain, extended;
} triggers[] = {
	[OCPP201_MESSAGE_TRIGGER_BOOT_NOTIFICATION] = {OCPP16_MESSAGE_TRIGGER_BOOT_NOTIFICATION,
		-1},
	[OCPP201_MESSAGE_TRIGGER_LOG_STATUS_NOTIFICATION] =
		{OCPP16_MESSAGE_TRIGGER_DIAGNOSTICS_STATUS_NOTIFICATION,
			OCPP16_EXTENDED_MESSAGE_TRIGGER_LOG_STATUS_NOTIFICATION},
	[OCPP201_MESSAGE_TRIGGER_FIRMWARE_STATUS_NOTIFICATION] =
		{OCPP16_MESSAGE_TRIGGER_FIRMWARE_STATUS_NOTIFICATION,
			OCPP16_EXTENDED_MESSAGE_TRIGGER_FIRMWARE_STATUS_NOTIFICATION},
	[OCPP201_MESSAGE_TRIGGER_HEARTBEAT] = {OCPP16_MESSAGE_TRIGGER_HEARTBEAT, -1},
	[OCPP201_MESSAGE_TRIGGER_METER_VALUES] = {OCPP16_MESSAGE_TRIGGER_METER_VALUES, -1},
	[OCPP201_MESSAGE_TRIGGER_SIGN_CHARGING_STATION_CERTIFICATE] = {-1,
		OCPP16_EXTENDED_MESSAGE_TRIGGER_SIGN_CHARGE_POINT_CERTIFICATE},
	[OCPP201_MESSAGE_TRIGGER_SIGN_V2_G_CERTIFICATE] = {-1, -1},
	[OCPP201_MESSAGE_TRIGGER_STATUS_NOTIFICATION] = {OCPP16_MESSAGE_TRIGGER_STATUS_NOTIFICATION,
		-1},
	/* The meter values of a transaction come as one of its events. */
	[OCPP201_MESSAGE_TRIGGER_TRANSACTION_EVENT] = {OCPP16_MESSAGE_TRIGGER_METER_VALUES, -1},
	[OCPP201_MESSAGE_TRIGGER_SIGN_COMBINED_CERTIFICATE] = {-1, -1},
	[OCPP201_MESSAGE_TRIGGER_PUBLISH_FIRMWARE_STATUS_NOTIFICATION] = {-1, -1},
};

static int make_trigger(struct v16_making *m, const void *request)
{
	const struct ocpp201_trigger_message_request *in = request;
	int plain = triggers[in->requested_message].plain;
	int extended = triggers[in->requested_message].extended;
	bool has_connector = in->evse && in->evse->id > 0;

	if (plain < 0 && extended < 0)
		return v16_refuse(m, "OCPP 1.6 has no trigger of %s",
			ocpp201_message_trigger_enum.values[in->requested_message]);
	if (extended >= 0 && (plain < 0 || !m->facts->no_security)) {
		struct ocpp16_extended_trigger_message_request *out =
			v16_add(m, OCPP16_EXTENDED_TRIGGER_MESSAGE);

		if (!out)
			return -1;
		out->requested_message = (enum ocpp16_extended_message_trigger)extended;
		out->has_connector_id = has_connector;
		out->connector_id = has_connector ? in->evse->id : 0;
	}
	if (plain >= 0) {
		struct ocpp16_trigger_message_request *out = v16_add(m, OCPP16_TRIGGER_MESSAGE);

		if (!out)
			return -1;
		out->requested_message = (enum ocpp16_message_trigger)plain;
		out->has_connector_id = has_connector;
		out->connector_id = has_connector ? in->evse->id : 0;
		if (m->plan->count > 1)
			v16_mark_fallback(m);
	}
	return 0;
}

/* -- answers ---------------------------------------------------------------------------------- */

/* All 1.6 answers that are a status start with it, and so do those of 2.0.1: what is spelt alike
 * means the same. */
struct status16 {
	int status;
};

static const struct schema_enum *status_enum(int action16)
{
	static const struct {
		int action;
		const struct schema_enum *status;
	} rows[] = {
		{OCPP16_CANCEL_RESERVATION, &ocpp16_cancel_reservation_status_enum},
		{OCPP16_CERTIFICATE_SIGNED, &ocpp16_certificate_signed_status_enum},
		{OCPP16_CHANGE_AVAILABILITY, &ocpp16_availability_status_enum},
		{OCPP16_CLEAR_CACHE, &ocpp16_clear_cache_status_enum},
		{OCPP16_CLEAR_CHARGING_PROFILE, &ocpp16_clear_charging_profile_status_enum},
		{OCPP16_DATA_TRANSFER, &ocpp16_data_transfer_status_enum},
		{OCPP16_DELETE_CERTIFICATE, &ocpp16_delete_certificate_status_enum},
		{OCPP16_EXTENDED_TRIGGER_MESSAGE, &ocpp16_trigger_message_status_enum},
		{OCPP16_INSTALL_CERTIFICATE, &ocpp16_install_certificate_status_enum},
		{OCPP16_REMOTE_START_TRANSACTION, &ocpp16_remote_start_stop_status_enum},
		{OCPP16_REMOTE_STOP_TRANSACTION, &ocpp16_remote_start_stop_status_enum},
		{OCPP16_RESERVE_NOW, &ocpp16_reservation_status_enum},
		{OCPP16_RESET, &ocpp16_reset_status_enum},
		{OCPP16_SEND_LOCAL_LIST, &ocpp16_update_status_enum},
		{OCPP16_SET_CHARGING_PROFILE, &ocpp16_charging_profile_status_enum},
		{OCPP16_TRIGGER_MESSAGE, &ocpp16_trigger_message_status_enum},
		{OCPP16_UNLOCK_CONNECTOR, &ocpp16_unlock_status_enum},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].action == action16)
			return rows[i].status;
	return NULL;
}

/* The word of the last answer's status; NULL: it has none. */
static const char *status_word(const struct v16_plan *p, const struct v16_reply *replies)
{
	int action = 0;
	const struct status16 *s = v16_last(p, replies, &action);
	const struct schema_enum *e = s ? status_enum(action) : NULL;

	return e ? e->values[s->status] : NULL;
}

/* NotSupported has no like in most answers of 2.0.1: `otherwise`, and the word in statusInfo. */
#define CONCLUDE(name, response, words, otherwise)                                                 \
	static const void *name(struct arena *a, const struct v16_plan *p,                         \
		const struct v16_reply *replies, const char **why)                                 \
	{                                                                                          \
		struct response *out = arena_alloc(a, sizeof *out);                                \
		const char *word = status_word(p, replies);                                        \
		int found = word ? schema_enum_find(&words, word) : -1;                            \
                                                                                                   \
		(void)why;                                                                         \
		if (!out)                                                                          \
			return NULL;                                                               \
		out->status = found < 0 ? otherwise : found;                                       \
		if (found < 0 && word)                                                             \
			out->status_info = v16_info(a, word, NULL);                                \
		return out;                                                                        \
	}

CONCLUDE(conclude_reset, ocpp201_reset_response, ocpp201_reset_status_enum,
	OCPP201_RESET_STATUS_REJECTED)
CONCLUDE(conclude_availability, ocpp201_change_availability_response,
	ocpp201_change_availability_status_enum, OCPP201_CHANGE_AVAILABILITY_STATUS_REJECTED)
CONCLUDE(conclude_clear_cache, ocpp201_clear_cache_response, ocpp201_clear_cache_status_enum,
	OCPP201_CLEAR_CACHE_STATUS_REJECTED)
CONCLUDE(conclude_unlock, ocpp201_unlock_connector_response, ocpp201_unlock_status_enum,
	OCPP201_UNLOCK_STATUS_UNLOCK_FAILED)
CONCLUDE(conclude_start, ocpp201_request_start_transaction_response,
	ocpp201_request_start_stop_status_enum, OCPP201_REQUEST_START_STOP_STATUS_REJECTED)
CONCLUDE(conclude_stop, ocpp201_request_stop_transaction_response,
	ocpp201_request_start_stop_status_enum, OCPP201_REQUEST_START_STOP_STATUS_REJECTED)
CONCLUDE(conclude_reserve, ocpp201_reserve_now_response, ocpp201_reserve_now_status_enum,
	OCPP201_RESERVE_NOW_STATUS_REJECTED)
CONCLUDE(conclude_cancel, ocpp201_cancel_reservation_response,
	ocpp201_cancel_reservation_status_enum, OCPP201_CANCEL_RESERVATION_STATUS_REJECTED)
CONCLUDE(conclude_list, ocpp201_send_local_list_response, ocpp201_send_local_list_status_enum,
	OCPP201_SEND_LOCAL_LIST_STATUS_FAILED)
CONCLUDE(conclude_trigger, ocpp201_trigger_message_response, ocpp201_trigger_message_status_enum,
	OCPP201_TRIGGER_MESSAGE_STATUS_REJECTED)
CONCLUDE(conclude_set_profile, ocpp201_set_charging_profile_response,
	ocpp201_charging_profile_status_enum, OCPP201_CHARGING_PROFILE_STATUS_REJECTED)
CONCLUDE(conclude_clear_profile, ocpp201_clear_charging_profile_response,
	ocpp201_clear_charging_profile_status_enum, OCPP201_CLEAR_CHARGING_PROFILE_STATUS_UNKNOWN)
CONCLUDE(conclude_install, ocpp201_install_certificate_response,
	ocpp201_install_certificate_status_enum, OCPP201_INSTALL_CERTIFICATE_STATUS_FAILED)
CONCLUDE(conclude_delete, ocpp201_delete_certificate_response,
	ocpp201_delete_certificate_status_enum, OCPP201_DELETE_CERTIFICATE_STATUS_FAILED)
CONCLUDE(conclude_signed, ocpp201_certificate_signed_response,
	ocpp201_certificate_signed_status_enum, OCPP201_CERTIFICATE_SIGNED_STATUS_REJECTED)

static const void *conclude_data(struct arena *a, const struct v16_plan *p,
	const struct v16_reply *replies, const char **why)
{
	const struct ocpp16_data_transfer_response *in = v16_last(p, replies, NULL);
	struct ocpp201_data_transfer_response *out = arena_alloc(a, sizeof *out);

	(void)why;
	if (!out)
		return NULL;
	out->status = (enum ocpp201_data_transfer_status)v16_same(&ocpp16_data_transfer_status_enum,
		in->status, &ocpp201_data_transfer_status_enum,
		OCPP201_DATA_TRANSFER_STATUS_REJECTED);
	out->data = in->data ? v16_data_json(a, in->data) : NULL;
	return out;
}

static const void *conclude_version(struct arena *a, const struct v16_plan *p,
	const struct v16_reply *replies, const char **why)
{
	const struct ocpp16_get_local_list_version_response *in = v16_last(p, replies, NULL);
	struct ocpp201_get_local_list_version_response *out = arena_alloc(a, sizeof *out);

	if (in->list_version < 0) {
		*why = "the station keeps no local list (its version is -1)";
		return NULL;
	}
	if (out)
		out->version_number = in->list_version;
	return out;
}

static const void *conclude_report(struct arena *a, const struct v16_plan *p,
	const struct v16_reply *replies, const char **why)
{
	struct ocpp201_get_base_report_response *out = arena_alloc(a, sizeof *out);
	const struct ocpp16_get_configuration_response *in = v16_last(p, replies, NULL);

	(void)why;
	if (out)
		out->status = in->configuration_key.count
				      ? OCPP201_GENERIC_DEVICE_MODEL_STATUS_ACCEPTED
				      : OCPP201_GENERIC_DEVICE_MODEL_STATUS_EMPTY_RESULT_SET;
	return out;
}

/* -- the table -------------------------------------------------------------------------------- */

/* Actions that are not here 1.6 has not. */
static const struct {
	int action;
	v16_make_fn make;
	v16_conclude_fn conclude;
} rows[] = {
	{OCPP201_CANCEL_RESERVATION, make_cancel, conclude_cancel},
	{OCPP201_CERTIFICATE_SIGNED, v16_make_signed, conclude_signed},
	{OCPP201_CHANGE_AVAILABILITY, make_availability, conclude_availability},
	{OCPP201_CLEAR_CACHE, make_clear_cache, conclude_clear_cache},
	{OCPP201_CLEAR_CHARGING_PROFILE, v16_make_clear_profile, conclude_clear_profile},
	{OCPP201_DATA_TRANSFER, make_data, conclude_data},
	{OCPP201_DELETE_CERTIFICATE, v16_make_delete, conclude_delete},
	{OCPP201_GET_BASE_REPORT, v16_make_base_report, conclude_report},
	{OCPP201_GET_COMPOSITE_SCHEDULE, v16_make_composite, v16_conclude_composite},
	{OCPP201_GET_INSTALLED_CERTIFICATE_IDS, v16_make_installed, v16_conclude_installed},
	{OCPP201_GET_LOCAL_LIST_VERSION, make_list_version, conclude_version},
	{OCPP201_GET_LOG, v16_make_get_log, v16_conclude_get_log},
	{OCPP201_GET_VARIABLES, v16_make_get_variables, v16_conclude_get_variables},
	{OCPP201_INSTALL_CERTIFICATE, v16_make_install, conclude_install},
	{OCPP201_REQUEST_START_TRANSACTION, v16_make_request_start, conclude_start},
	{OCPP201_REQUEST_STOP_TRANSACTION, make_request_stop, conclude_stop},
	{OCPP201_RESERVE_NOW, make_reserve, conclude_reserve},
	{OCPP201_RESET, make_reset, conclude_reset},
	{OCPP201_SEND_LOCAL_LIST, make_list, conclude_list},
	{OCPP201_SET_CHARGING_PROFILE, v16_make_set_profile, conclude_set_profile},
	{OCPP201_SET_VARIABLES, v16_make_set_variables, v16_conclude_set_variables},
	{OCPP201_TRIGGER_MESSAGE, make_trigger, conclude_trigger},
	{OCPP201_UNLOCK_CONNECTOR, make_unlock, conclude_unlock},
	{OCPP201_UPDATE_FIRMWARE, v16_make_update_firmware, v16_conclude_update_firmware},
};

static int row_of(int action)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].action == action)
			return (int)i;
	return -1;
}

int v16_plan_make(struct arena *a, const struct v16_facts *f, int action, const void *request,
	struct v16_plan *out, const char **why)
{
	struct v16_making m = {.arena = a, .facts = f, .plan = out};
	int row = row_of(action), rc;

	*out = (struct v16_plan){.action = action, .request = request};
	rc = row < 0 ? v16_refuse(&m, "OCPP 1.6 has no %s", ocpp201_actions[action].name)
		     : rows[row].make(&m, request);
	if (rc)
		*why = m.why ? m.why : "out of memory";
	return rc;
}

const void *v16_plan_conclude(struct arena *a, const struct v16_plan *p,
	const struct v16_reply *replies, const char **why)
{
	*why = "out of memory";
	return rows[row_of(p->action)].conclude(a, p, replies, why);
}
