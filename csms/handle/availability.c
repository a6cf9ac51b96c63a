/* G01 status of connectors, N07 events of the device model. Connector state may come by either
 * way (rule 34): both end in set_status(), which counts a change once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/charging/claim.h"
#include "csms/command.h"
#include "csms/power/control.h"
#include "csms/station/device.h"
#include "csms/handle/handlers.h"
#include "csms/log.h"
#include "csms/mask.h"
#include "csms/record.h"

static void journal(
	struct exchange *x, int64_t evse, int64_t connector, const char *status, wall_t at)
{
	struct event_connector_status_changed *p = arena_alloc(x->arena, sizeof *p);

	if (!p)
		return;
	p->evse_id = evse;
	p->connector_id = connector;
	p->status = arena_printf(x->arena, "%.20s", status);
	handle_journal(x, EVENT_CONNECTOR_STATUS_CHANGED, p, at);
}

static void sign(struct exchange *x, int64_t evse, int64_t connector, const char *status)
{
	struct command_sign said = {
		.kind = SIGN_CONNECTOR,
		.action = -1,
		.evse_id = evse,
		.connector_id = connector,
		.status = status,
	};

	command_sign(x->core, x->station, &said);
}

/* Said once of each station; number 0 is the station itself. */
static void tell_unknown(struct exchange *x, int64_t evse_id, int64_t connector_id)
{
	if (evse_id < 1 || connector_id < 1)
		return;
	x->core->metrics.unknown_connectors++;
	if (x->station->tells_too_much)
		return;
	x->station->tells_too_much = true;
	log_warn("station %s: tells of EVSE %lld, connector %lld, which it does not have here: not "
		 "used; if it has more than are known here, add them to it",
		x->station->id, (long long)evse_id, (long long)connector_id);
}

/* An older report never turns the present back. */
static void set_status(
	struct exchange *x, int64_t evse_id, int64_t connector_id, const char *status, wall_t at)
{
	struct evse *e = station_evse(x->station, evse_id);
	struct connector *k;

	if (!e || connector_id < 1 || connector_id > e->connector_count) {
		tell_unknown(x, evse_id, connector_id);
		return;
	}
	at = handle_when(x, at); /* its clock may run ahead: later reports must still count */
	k = &e->connectors[connector_id - 1];
	if (at.ms < k->at.ms && k->status[0])
		return;
	k->at = at;
	if (strcmp(k->status, status) != 0) {
		snprintf(k->status, sizeof k->status, "%s", status);
		if (strcmp(status, "Available") == 0 && !e->tx.is_open)
			claim_car(x->core, e, ""); /* whoever was plugged in is gone */
		journal(x, evse_id, connector_id, k->status, at);
		fleet_touch(&x->core->fleet, x->station);
		control_evse_changed(x->core->control, e, "connector state");
	}
	sign(x, evse_id, connector_id, k->status);
}

void *handle_status_notification(struct exchange *x, const void *request)
{
	const struct ocpp201_status_notification_request *req = request;

	handle_time(x, req->timestamp);
	set_status(x, req->evse_id, req->connector_id,
		ocpp201_connector_status_enum.values[req->connector_status], req->timestamp);
	return arena_alloc(x->arena, sizeof(struct ocpp201_status_notification_response));
}

/* The spelling of the enum, whatever the case it came in; NULL: no state of a connector. */
static const char *status_of(const char *word)
{
	const struct schema_enum *e = &ocpp201_connector_status_enum;

	for (int i = 0; i < e->count; i++)
		if (strcasecmp(word, e->values[i]) == 0)
			return e->values[i];
	return NULL;
}

static bool shows(const struct evse *e, const char *status)
{
	for (int i = 0; i < e->connector_count; i++)
		if (strcmp(e->connectors[i].status, status) == 0)
			return true;
	return false;
}

/* The state of an EVSE is that of each of its connectors, but a vehicle or a reservation takes only
 * one: where a connector is known to have it, the others keep theirs. */
static void set_all(struct exchange *x, const struct evse *e, const char *status, wall_t at)
{
	bool is_of_one = strcmp(status, "Occupied") == 0 || strcmp(status, "Reserved") == 0;
	bool is_known = is_of_one && shows(e, status);

	for (int i = 0; i < e->connector_count; i++)
		if (!is_known || strcmp(e->connectors[i].status, status) == 0)
			set_status(x, e->id, i + 1, status, at);
}

/* AvailabilityState of a connector, or of a whole EVSE: component EVSE, or Connector of an EVSE
 * without a number of its own (part 6, TC_G_04, TC_G_11). */
static void take_state(struct exchange *x, const struct ocpp201_event_data *d)
{
	const struct ocpp201_evse *at = d->component.evse;
	const char *status = status_of(d->actual_value);
	bool is_connector = strcasecmp(d->component.name, "Connector") == 0;
	struct evse *e;

	if (!at || !status || strcasecmp(d->variable.name, "AvailabilityState") != 0 ||
		(!is_connector && strcasecmp(d->component.name, "EVSE") != 0))
		return;
	e = station_evse(x->station, at->id);
	if (is_connector && at->has_connector_id)
		set_status(x, at->id, at->connector_id, status, d->timestamp);
	else if (e)
		set_all(x, e, status, d->timestamp);
}

/* ConnectedEV.VehicleID: the vehicle says who it is. */
static void take_vehicle(struct exchange *x, const struct ocpp201_event_data *d)
{
	struct evse *e = d->component.evse ? station_evse(x->station, d->component.evse->id) : NULL;
	const struct vehicle *before = e ? e->tx.vehicle : NULL;

	if (!e || !d->actual_value || strcasecmp(d->component.name, "ConnectedEV") != 0 ||
		strcasecmp(d->variable.name, "VehicleID") != 0)
		return;
	claim_car(x->core, e, d->actual_value);
	if (e->tx.vehicle != before)
		control_evse_changed(x->core->control, e, "vehicle");
}

/* A value that the station cannot tell is empty (N07.FR.10). */
static bool fill_event(
	struct exchange *x, const struct ocpp201_event_data *d, struct event_device_event *out)
{
	if (!device_name(x->arena, &d->component, &d->variable, &out->of))
		return false;
	out->event_id = d->event_id;
	out->trigger = ocpp201_event_trigger_enum.values[d->trigger];
	out->source = ocpp201_event_notification_enum.values[d->event_notification_type];
	out->at = handle_when(x, d->timestamp);
	if (d->actual_value[0] && !mask_is_secret(d->variable.name))
		out->value = d->actual_value;
	out->cleared = d->has_cleared && d->cleared;
	out->has_monitor_id = d->has_variable_monitoring_id;
	out->monitor_id = d->variable_monitoring_id;
	out->has_cause = d->has_cause;
	out->cause = d->cause;
	out->transaction_id = d->transaction_id;
	out->tech_code = d->tech_code;
	out->tech_info = d->tech_info;
	return true;
}

/* Whatever the component: one that we never heard of is news all the same (rule 37). */
static bool journal_events(struct exchange *x, const struct ocpp201_event_data_list *list)
{
	struct event_device_events *p = arena_alloc(x->arena, sizeof *p);

	if (!p)
		return false;
	p->events.items = arena_alloc(x->arena, list->count * sizeof *p->events.items + 1);
	p->events.count = list->count;
	for (size_t i = 0; p->events.items && i < list->count; i++)
		if (!fill_event(x, &list->items[i], &p->events.items[i]))
			return false;
	if (p->events.items)
		record_now(x->core, EVENT_DEVICE_EVENTS, "station", x->station->id, p,
			arena_printf(x->arena, "station:%s", x->station->id), x->message_id);
	return p->events.items != NULL;
}

void *handle_notify_event(struct exchange *x, const void *request)
{
	const struct ocpp201_notify_event_request *req = request;

	handle_time(x, req->generated_at);
	for (size_t i = 0; i < req->event_data.count; i++) {
		take_state(x, &req->event_data.items[i]);
		take_vehicle(x, &req->event_data.items[i]);
	}
	return !req->event_data.count || journal_events(x, &req->event_data)
		       ? arena_alloc(x->arena, sizeof(struct ocpp201_notify_event_response))
		       : NULL;
}
