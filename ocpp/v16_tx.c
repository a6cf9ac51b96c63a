/*
 * Transactions and connectors of 1.6: StartTransaction, StopTransaction, MeterValues and
 * StatusNotification as the TransactionEvent, StatusNotification and NotifyEvent of 2.0.1.
 */
#include <string.h>
#include "ocpp/v16.h"

/* -- transactions ----------------------------------------------------------------------------- */

static struct ocpp201_evse *evse_of(struct arena *a, int64_t connector)
{
	struct ocpp201_evse *e = arena_alloc(a, sizeof *e);

	if (!e)
		return NULL;
	e->id = connector;
	e->has_connector_id = true;
	e->connector_id = 1;
	return e;
}

static struct ocpp201_transaction_event_request *event(const struct v16_hints *h,
	enum ocpp201_transaction_event type, enum ocpp201_trigger_reason trigger, wall_t at,
	const struct v16_tx *tx)
{
	struct ocpp201_transaction_event_request *out = arena_alloc(h->arena, sizeof *out);

	if (!out)
		return NULL;
	out->event_type = type;
	out->trigger_reason = trigger;
	out->timestamp = at;
	out->seq_no = tx->seq_no;
	out->has_offline = out->offline = tx->is_offline;
	out->transaction_info.transaction_id = tx->id;
	out->transaction_info.has_charging_state = tx->has_state;
	out->transaction_info.charging_state = tx->state;
	if (tx->connector > 0 && !(out->evse = evse_of(h->arena, tx->connector)))
		return NULL;
	return out;
}

struct ocpp201_transaction_event_request *v16_started(const struct v16_hints *h,
	const struct ocpp16_start_transaction_request *in, const struct v16_tx *tx)
{
	const struct ocpp16_meter_value_list none = {0};
	struct ocpp201_transaction_event_request *out = event(h, OCPP201_TRANSACTION_EVENT_STARTED,
		tx->has_remote_start ? OCPP201_TRIGGER_REASON_REMOTE_START
				     : OCPP201_TRIGGER_REASON_AUTHORIZED,
		in->timestamp, tx);

	if (!out || !(out->id_token = v16_id_token(h, in->id_tag)))
		return NULL;
	out->has_reservation_id = in->has_reservation_id;
	out->reservation_id = in->reservation_id;
	out->transaction_info.has_remote_start_id = tx->has_remote_start;
	out->transaction_info.remote_start_id = tx->remote_start;
	if (v16_values(h, &none, &out->meter_value) ||
		v16_add_register(h, &out->meter_value, in->timestamp, in->meter_start,
			OCPP201_READING_CONTEXT_TRANSACTION_BEGIN))
		return NULL;
	return out;
}

/* Why it ended, as 2.0.1 says it; 1.6 without a reason means Local. */
static const struct {
	enum ocpp201_reason reason;
	enum ocpp201_trigger_reason trigger;
} ends[] = {
	[OCPP16_REASON_DE_AUTHORIZED] = {OCPP201_REASON_DE_AUTHORIZED,
		OCPP201_TRIGGER_REASON_DEAUTHORIZED},
	[OCPP16_REASON_EMERGENCY_STOP] = {OCPP201_REASON_EMERGENCY_STOP,
		OCPP201_TRIGGER_REASON_ABNORMAL_CONDITION},
	[OCPP16_REASON_EV_DISCONNECTED] = {OCPP201_REASON_EV_DISCONNECTED,
		OCPP201_TRIGGER_REASON_EV_COMMUNICATION_LOST},
	[OCPP16_REASON_HARD_RESET] = {OCPP201_REASON_IMMEDIATE_RESET,
		OCPP201_TRIGGER_REASON_RESET_COMMAND},
	[OCPP16_REASON_LOCAL] = {OCPP201_REASON_LOCAL, OCPP201_TRIGGER_REASON_STOP_AUTHORIZED},
	[OCPP16_REASON_OTHER] = {OCPP201_REASON_OTHER, OCPP201_TRIGGER_REASON_ABNORMAL_CONDITION},
	[OCPP16_REASON_POWER_LOSS] = {OCPP201_REASON_POWER_LOSS,
		OCPP201_TRIGGER_REASON_ABNORMAL_CONDITION},
	[OCPP16_REASON_REBOOT] = {OCPP201_REASON_REBOOT, OCPP201_TRIGGER_REASON_ABNORMAL_CONDITION},
	[OCPP16_REASON_REMOTE] = {OCPP201_REASON_REMOTE, OCPP201_TRIGGER_REASON_REMOTE_STOP},
	[OCPP16_REASON_SOFT_RESET] = {OCPP201_REASON_IMMEDIATE_RESET,
		OCPP201_TRIGGER_REASON_RESET_COMMAND},
	[OCPP16_REASON_UNLOCK_COMMAND] = {OCPP201_REASON_REMOTE,
		OCPP201_TRIGGER_REASON_UNLOCK_COMMAND},
};

struct ocpp201_transaction_event_request *v16_ended(const struct v16_hints *h,
	const struct ocpp16_stop_transaction_request *in, const struct v16_tx *tx)
{
	enum ocpp16_reason reason = in->has_reason ? in->reason : OCPP16_REASON_LOCAL;
	struct ocpp201_transaction_event_request *out =
		event(h, OCPP201_TRANSACTION_EVENT_ENDED, ends[reason].trigger, in->timestamp, tx);

	if (!out)
		return NULL;
	out->transaction_info.has_stopped_reason = true;
	out->transaction_info.stopped_reason = ends[reason].reason;
	if (in->id_tag && !(out->id_token = v16_id_token(h, in->id_tag)))
		return NULL;
	if (v16_values(h, &in->transaction_data, &out->meter_value) ||
		v16_add_register(h, &out->meter_value, in->timestamp, in->meter_stop,
			OCPP201_READING_CONTEXT_TRANSACTION_END))
		return NULL;
	return out;
}

static enum ocpp201_trigger_reason reading_trigger(const struct ocpp201_meter_value_list *list)
{
	const struct ocpp201_sampled_value *v =
		list->count ? &list->items[0].sampled_value.items[0] : NULL;

	if (v && v->has_context && v->context == OCPP201_READING_CONTEXT_SAMPLE_CLOCK)
		return OCPP201_TRIGGER_REASON_METER_VALUE_CLOCK;
	if (v && v->has_context && v->context == OCPP201_READING_CONTEXT_TRIGGER)
		return OCPP201_TRIGGER_REASON_TRIGGER;
	return OCPP201_TRIGGER_REASON_METER_VALUE_PERIODIC;
}

/* The newest of the readings is when it happened. */
static wall_t newest(const struct ocpp201_meter_value_list *list, wall_t otherwise)
{
	wall_t at = {0};

	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].timestamp.ms > at.ms)
			at = list->items[i].timestamp;
	return at.ms ? at : otherwise;
}

struct ocpp201_transaction_event_request *v16_metered(const struct v16_hints *h,
	const struct ocpp16_meter_values_request *in, const struct v16_tx *tx)
{
	struct ocpp201_meter_value_list values;
	struct ocpp201_transaction_event_request *out;

	if (v16_values(h, &in->meter_value, &values))
		return NULL;
	out = event(h, OCPP201_TRANSACTION_EVENT_UPDATED, reading_trigger(&values),
		newest(&values, h->now), tx);
	if (out && values.count)
		out->meter_value = values;
	return out;
}

struct ocpp201_transaction_event_request *v16_changed(
	const struct v16_hints *h, wall_t at, const struct v16_tx *tx)
{
	return event(h, OCPP201_TRANSACTION_EVENT_UPDATED,
		OCPP201_TRIGGER_REASON_CHARGING_STATE_CHANGED, at, tx);
}

struct ocpp201_meter_values_request *v16_measured(
	const struct v16_hints *h, const struct ocpp16_meter_values_request *in, bool *nothing)
{
	struct ocpp201_meter_values_request *out = arena_alloc(h->arena, sizeof *out);

	*nothing = false;
	if (!out || v16_values(h, &in->meter_value, &out->meter_value))
		return NULL;
	out->evse_id = in->connector_id;
	*nothing = out->meter_value.count == 0;
	return out;
}

/* -- answers ---------------------------------------------------------------------------------- */

/* No idTokenInfo is none that objects. */
struct ocpp16_start_transaction_response *v16_start_answer(
	struct arena *a, const struct ocpp201_transaction_event_response *in, int64_t number)
{
	struct ocpp16_start_transaction_response *out = arena_alloc(a, sizeof *out);

	if (!out)
		return NULL;
	out->transaction_id = number;
	out->id_tag_info.status = OCPP16_AUTHORIZATION_STATUS_ACCEPTED;
	if (in->id_token_info)
		v16_id_tag_info(in->id_token_info, &out->id_tag_info);
	return out;
}

struct ocpp16_stop_transaction_response *v16_stop_answer(
	struct arena *a, const struct ocpp201_transaction_event_response *in)
{
	struct ocpp16_stop_transaction_response *out = arena_alloc(a, sizeof *out);

	if (!out || !in->id_token_info)
		return out;
	out->id_tag_info = arena_alloc(a, sizeof *out->id_tag_info);
	if (!out->id_tag_info)
		return NULL;
	v16_id_tag_info(in->id_token_info, out->id_tag_info);
	return out;
}

/* -- connectors ------------------------------------------------------------------------------- */

/* What each state of 1.6 is in 2.0.1: of the connector, and of the open transaction if it says
 * anything about one. */
static const struct {
	enum ocpp201_connector_status connector;
	bool has_state;
	enum ocpp201_charging_state state;
} states[] = {
	[OCPP16_CHARGE_POINT_STATUS_AVAILABLE] = {.connector = OCPP201_CONNECTOR_STATUS_AVAILABLE},
	[OCPP16_CHARGE_POINT_STATUS_PREPARING] = {.connector = OCPP201_CONNECTOR_STATUS_OCCUPIED},
	[OCPP16_CHARGE_POINT_STATUS_CHARGING] = {OCPP201_CONNECTOR_STATUS_OCCUPIED, true,
		OCPP201_CHARGING_STATE_CHARGING},
	[OCPP16_CHARGE_POINT_STATUS_SUSPENDED_EVSE] = {OCPP201_CONNECTOR_STATUS_OCCUPIED, true,
		OCPP201_CHARGING_STATE_SUSPENDED_EVSE},
	[OCPP16_CHARGE_POINT_STATUS_SUSPENDED_EV] = {OCPP201_CONNECTOR_STATUS_OCCUPIED, true,
		OCPP201_CHARGING_STATE_SUSPENDED_EV},
	[OCPP16_CHARGE_POINT_STATUS_FINISHING] = {OCPP201_CONNECTOR_STATUS_OCCUPIED, true,
		OCPP201_CHARGING_STATE_EV_CONNECTED},
	[OCPP16_CHARGE_POINT_STATUS_RESERVED] = {.connector = OCPP201_CONNECTOR_STATUS_RESERVED},
	[OCPP16_CHARGE_POINT_STATUS_UNAVAILABLE] = {.connector =
							    OCPP201_CONNECTOR_STATUS_UNAVAILABLE},
	[OCPP16_CHARGE_POINT_STATUS_FAULTED] = {.connector = OCPP201_CONNECTOR_STATUS_FAULTED},
};

struct ocpp201_status_notification_request *v16_status(
	const struct v16_hints *h, const struct ocpp16_status_notification_request *in)
{
	struct ocpp201_status_notification_request *out = arena_alloc(h->arena, sizeof *out);

	if (!out)
		return NULL;
	out->timestamp = in->has_timestamp ? in->timestamp : h->now;
	out->connector_status = states[in->status].connector;
	out->evse_id = in->connector_id;
	out->connector_id = in->connector_id > 0 ? 1 : 0;
	return out;
}

bool v16_charging_state(enum ocpp16_charge_point_status status, enum ocpp201_charging_state *out)
{
	if (states[status].has_state)
		*out = states[status].state;
	return states[status].has_state;
}

struct ocpp201_notify_event_request *v16_problem(const struct v16_hints *h,
	const struct ocpp16_status_notification_request *in, int64_t event_id)
{
	bool is_over = in->error_code == OCPP16_CHARGE_POINT_ERROR_CODE_NO_ERROR &&
		       in->status != OCPP16_CHARGE_POINT_STATUS_FAULTED;
	struct ocpp201_notify_event_request *out = arena_alloc(h->arena, sizeof *out);
	struct ocpp201_event_data *d = arena_alloc(h->arena, sizeof *d);

	if (!out || !d)
		return NULL;
	out->generated_at = h->now;
	out->event_data.count = 1;
	out->event_data.items = d;
	d->event_id = event_id;
	d->timestamp = in->has_timestamp ? in->timestamp : h->now;
	d->trigger = OCPP201_EVENT_TRIGGER_ALERTING;
	d->actual_value = is_over ? "false" : "true";
	d->tech_code = in->vendor_error_code && *in->vendor_error_code
			       ? in->vendor_error_code
			       : ocpp16_charge_point_error_code_enum.values[in->error_code];
	d->tech_info = arena_printf(h->arena, "%s%s%s%s%s",
		ocpp16_charge_point_error_code_enum.values[in->error_code],
		in->info && *in->info ? ": " : "", in->info ? in->info : "",
		in->vendor_id && *in->vendor_id ? " / " : "", in->vendor_id ? in->vendor_id : "");
	d->has_cleared = true;
	d->cleared = is_over;
	d->event_notification_type = OCPP201_EVENT_NOTIFICATION_HARD_WIRED_NOTIFICATION;
	d->component.name = in->connector_id > 0 ? "Connector" : "ChargingStation";
	d->variable.name = "Problem";
	if (in->connector_id > 0 && !(d->component.evse = evse_of(h->arena, in->connector_id)))
		return NULL;
	return d->tech_info ? out : NULL;
}
