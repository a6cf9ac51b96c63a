/* B01 to B03 cold boot, G02 heartbeat. */
#include <stdio.h>
#include <string.h>
#include "csms/control.h"
#include "csms/handle/handlers.h"
#include "csms/log.h"
#include "csms/record.h"

static enum ocpp201_registration_status status_of(enum event_registration policy)
{
	switch (policy) {
	case EVENT_REGISTRATION_ACCEPTED:
		return OCPP201_REGISTRATION_STATUS_ACCEPTED;
	case EVENT_REGISTRATION_PENDING:
		return OCPP201_REGISTRATION_STATUS_PENDING;
	case EVENT_REGISTRATION_REJECTED:
		break;
	}
	return OCPP201_REGISTRATION_STATUS_REJECTED;
}

static void note_station(struct station *s, const struct ocpp201_charging_station *cs)
{
	snprintf(s->vendor, sizeof s->vendor, "%s", cs->vendor_name);
	snprintf(s->model, sizeof s->model, "%s", cs->model);
	snprintf(s->serial, sizeof s->serial, "%s", cs->serial_number ? cs->serial_number : "");
	snprintf(s->firmware, sizeof s->firmware, "%s", cs->firmware_version ? cs->firmware_version : "");
}

static void journal(struct exchange *x, const struct ocpp201_boot_notification_request *req,
	int interval_s)
{
	struct event_station_booted *p = arena_alloc(x->arena, sizeof *p);

	if (!p)
		return;
	p->status = x->station->policy;
	p->reason = ocpp201_boot_reason_enum.values[req->reason];
	p->vendor = req->charging_station.vendor_name;
	p->model = req->charging_station.model;
	p->serial = req->charging_station.serial_number;
	p->firmware = req->charging_station.firmware_version;
	p->interval_s = interval_s;
	record_now(x->core, EVENT_STATION_BOOTED, "station", x->station->id, p, NULL, x->message_id);
}

/* After a boot no connector has a state until the station reports it (B01.FR.05). */
static void forget_connectors(struct station *s)
{
	for (int i = 0; i < s->evse_count; i++)
		for (int j = 0; j < s->evses[i].connector_count; j++)
			s->evses[i].connectors[j].status[0] = '\0';
}

void *handle_boot_notification(struct exchange *x, const void *request)
{
	const struct ocpp201_boot_notification_request *req = request;
	struct ocpp201_boot_notification_response *res = arena_alloc(x->arena, sizeof *res);
	const struct config_boot *cfg = x->core->config->boot;
	struct station *s = x->station;

	if (!res)
		return NULL;
	note_station(s, &req->charging_station);
	forget_connectors(s);
	s->has_booted = true;
	s->boot_status = s->policy;
	x->session->invited = 0;
	res->current_time = x->received;
	res->status = status_of(s->policy);
	res->interval =
		s->policy == EVENT_REGISTRATION_ACCEPTED ? cfg->heartbeat_s : cfg->retry_s;
	journal(x, req, (int)res->interval);
	fleet_touch(&x->core->fleet, s);
	log_info("station %s: booted (%s), %s", s->id, ocpp201_boot_reason_enum.values[req->reason],
		event_registration_enum.values[s->policy]);
	if (s->policy == EVENT_REGISTRATION_ACCEPTED)
		control_station_ready(x->core->control, s, true);
	return res;
}

void *handle_heartbeat(struct exchange *x, const void *request)
{
	struct ocpp201_heartbeat_response *res = arena_alloc(x->arena, sizeof *res);

	(void)request;
	if (res)
		res->current_time = x->received;
	return res;
}
