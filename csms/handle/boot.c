/* B01 to B03 cold boot, G02 heartbeat. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/command.h"
#include "csms/power/control.h"
#include "csms/charging/doubt.h"
#include "csms/handle/handlers.h"
#include "csms/station/identity.h"
#include "csms/station/invite.h"
#include "csms/station/inventory.h"
#include "csms/charging/local_list.h"
#include "csms/log.h"
#include "csms/record.h"
#include "csms/station/refusal.h"
#include "csms/station/sampling.h"
#include "csms/certificates/signing.h"
#include "csms/station/session.h"

#define RESET_TAKES_MS    300000 /* a station may wait for its transactions to end */
#define POWER_UP_TAKES_MS 5000 /* nobody is back sooner whose power was gone */

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

/* What the station is told: pending while its certificate is only good to get another one
 * (A00.FR.429, 806). */
static enum event_registration verdict(const struct station *s)
{
	return s->policy == EVENT_REGISTRATION_ACCEPTED && s->identity.is_restricted
		       ? EVENT_REGISTRATION_PENDING
		       : s->policy;
}

static void note_station(struct station *s, const struct ocpp201_charging_station *cs)
{
	const struct ocpp201_modem *m = cs->modem;

	snprintf(s->vendor, sizeof s->vendor, "%s", cs->vendor_name);
	snprintf(s->model, sizeof s->model, "%s", cs->model);
	snprintf(s->serial, sizeof s->serial, "%s", cs->serial_number ? cs->serial_number : "");
	snprintf(s->firmware, sizeof s->firmware, "%s",
		cs->firmware_version ? cs->firmware_version : "");
	snprintf(s->iccid, sizeof s->iccid, "%s", m && m->iccid ? m->iccid : "");
	snprintf(s->imsi, sizeof s->imsi, "%s", m && m->imsi ? m->imsi : "");
}

static void journal(
	struct exchange *x, const struct ocpp201_boot_notification_request *req, int interval_s)
{
	struct event_station_booted *p = arena_alloc(x->arena, sizeof *p);

	if (!p)
		return;
	p->status = verdict(x->station);
	p->reason = ocpp201_boot_reason_enum.values[req->reason];
	p->vendor = req->charging_station.vendor_name;
	p->model = req->charging_station.model;
	p->serial = req->charging_station.serial_number;
	p->firmware = req->charging_station.firmware_version;
	p->iccid = req->charging_station.modem ? req->charging_station.modem->iccid : NULL;
	p->imsi = req->charging_station.modem ? req->charging_station.modem->imsi : NULL;
	p->interval_s = interval_s;
	handle_journal(x, EVENT_STATION_BOOTED, p, x->received);
}

/* After a boot no connector has a state until the station reports it (B01.FR.05). */
static void forget_connectors(struct station *s)
{
	for (int i = 0; i < s->evse_count; i++)
		for (int j = 0; j < s->evses[i].connector_count; j++)
			s->evses[i].connectors[j].status[0] = '\0';
}

/* What waits for the answer to be on disk, and so on its way: nothing may be asked of the station
 * before it knows that it is accepted (B01.FR.02). */
struct boot {
	struct core *core;
	char station[49];
	int64_t epoch;
	enum event_registration status;
	const char *reason; /* static */
	bool from_power_up;
};

/* A05.FR.07: a station that has come back on a higher security profile is never again let in on a
 * lower one, but where the gate let it come from 3 to 2 (A05.FR.08 of the errata). */
static void keep_profile(struct core *c, struct station *s)
{
	struct event_evse evses[EVSES_MAX];
	struct event_station_registered reg;
	char why[300];

	if (s->connected_profile < 2 || s->connected_profile == s->security_profile)
		return;
	station_registration(s, evses, &reg);
	reg.security_profile = s->connected_profile;
	if (s->connected_profile < s->security_profile)
		reg.why = "AllowSecurityProfileDowngrade";
	if (core_put_station(c, s->id, &reg, NULL, "station's own word", NULL, NULL, why))
		log_error("station %s: security profile %d could not be kept: %s", s->id,
			s->connected_profile, why);
	else
		log_info(
			"station %s: security profile %d from now on", s->id, s->connected_profile);
}

/* A00.FR.429, A02: it is pending only to get another certificate. */
static void renew_certificate(struct core *c, struct station *s)
{
	const struct command_request req = {
		.action = "TriggerMessage",
		.payload = "{\"requestedMessage\":\"SignChargingStationCertificate\"}",
		.actor = "depotd",
		.why = "its certificate has expired, or is its maker's",
	};
	struct schema_error err;

	if (command_start(c, s, &req, NULL, &err))
		log_warn("station %s: it could not be asked to renew its certificate: %s", s->id,
			err.message);
}

static void in_force(void *arg, int status, const char *why)
{
	struct boot *b = arg;
	struct station *s = fleet_station(&b->core->fleet, b->station);
	struct command_sign sign = {.kind = SIGN_BOOTED, .action = -1, .status = b->reason};

	(void)why;
	if (status == 0 && s && s->session && s->epoch == b->epoch) {
		bool was_here = s->has_booted;

		s->has_booted = true;
		s->boot_status = b->status;
		invite_clear(s->session);
		fleet_touch(&b->core->fleet, s);
		if (b->status == EVENT_REGISTRATION_ACCEPTED) {
			if (b->from_power_up && was_here)
				control_powered_up(b->core->control, s);
			control_station_ready(b->core->control, s, true);
			keep_profile(b->core, s);
			identity_booted(b->core, s);
			inventory_station_ready(b->core, s, true);
			signing_station_ready(b->core, s);
			sampling_station_ready(b->core, s);
			local_list_station(b->core, s);
			doubt_begin(s->session);
		} else if (s->identity.is_restricted && s->policy == EVENT_REGISTRATION_ACCEPTED) {
			renew_certificate(b->core, s);
			signing_station_ready(b->core, s);
		}
		command_sign(b->core, s, &sign);
	}
	free(b);
}

/* OCPP 1.6 does not say why a station boots: any boot may be one after a power cut, but that of a
 * station that we have just reset, that was heard a moment ago, or that has said so already on this
 * connection (it was asked to, or waits to be accepted). */
static bool may_be_power_up(const struct station *s)
{
	const struct session *x = s->session;
	bool is_our_reset =
		s->reset_at.us && mono_diff_ms(clock_mono(), s->reset_at) < RESET_TAKES_MS;

	return x && !x->has_said_boot && !is_our_reset &&
	       (x->absent_ms < 0 || x->absent_ms >= POWER_UP_TAKES_MS);
}

static void take_effect_later(struct exchange *x, enum ocpp201_boot_reason reason)
{
	struct boot *b = calloc(1, sizeof *b);

	if (!b)
		return;
	b->core = x->core;
	b->epoch = x->station->epoch;
	b->status = verdict(x->station);
	b->reason = ocpp201_boot_reason_enum.values[reason];
	b->from_power_up = strcmp(x->station->protocol, "ocpp1.6") == 0
				   ? may_be_power_up(x->station)
				   : reason == OCPP201_BOOT_REASON_POWER_UP;
	if (x->station->session)
		x->station->session->has_said_boot = true;
	snprintf(b->station, sizeof b->station, "%s", x->station->id);
	record_then(x->core, in_force, b);
}

/* B01.FR.12: this is not the station of the certificate. The answer does not leave any more. */
static void *turn_away(struct exchange *x, struct ocpp201_boot_notification_response *res)
{
	struct session *session = x->station->session;

	refusal_tell(x->core,
		&(struct refusal){.profile = 3,
			.status = WS_CLOSE_POLICY,
			.station = x->station->id,
			.peer = session->peer,
			.why = "the serial number of its BootNotification is not that of its "
			       "certificate (B01.FR.12)"});
	session_close(session, WS_CLOSE_POLICY, "serial number is not that of the certificate");
	res->status = OCPP201_REGISTRATION_STATUS_REJECTED;
	res->current_time = x->received;
	return res;
}

void *handle_boot_notification(struct exchange *x, const void *request)
{
	const struct ocpp201_boot_notification_request *req = request;
	struct ocpp201_boot_notification_response *res = arena_alloc(x->arena, sizeof *res);
	const struct config_boot *cfg = x->core->config->boot;
	struct station *s = x->station;

	if (!res)
		return NULL;
	if (!identity_boot_fits(s, req->charging_station.serial_number))
		return turn_away(x, res);
	note_station(s, &req->charging_station);
	forget_connectors(s);
	res->current_time = x->received;
	res->status = status_of(verdict(s));
	res->interval = verdict(s) == EVENT_REGISTRATION_ACCEPTED ? cfg->heartbeat_s : cfg->retry_s;
	journal(x, req, (int)res->interval);
	take_effect_later(x, req->reason);
	log_info("station %s: booted (%s), %s", s->id, ocpp201_boot_reason_enum.values[req->reason],
		event_registration_enum.values[verdict(s)]);
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
