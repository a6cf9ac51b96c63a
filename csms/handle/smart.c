/* K09 reports of charging profiles, K11 to K14 limits of others, K15 to K17 needs and schedules of
 * vehicles. */
#include <stdlib.h>
#include <string.h>
#include "csms/power/control.h"
#include "csms/power/external.h"
#include "csms/handle/handlers.h"
#include "csms/log.h"
#include "csms/charging/needs.h"
#include "csms/power/reconcile.h"
#include "csms/record.h"
#include "csms/station/report.h"

#define RENEGOTIATIONS_MAX 3 /* in one transaction, of schedules that exceed what was given */

/* -- K11 to K14 ------------------------------------------------------------------------------- */

void *handle_notify_charging_limit(struct exchange *x, const void *request)
{
	const struct ocpp201_notify_charging_limit_request *r = request;
	struct event_external_limit_set *p = arena_alloc(x->arena, sizeof *p);

	if (!p)
		return NULL;
	p->evse_id = r->has_evse_id ? r->evse_id : 0;
	p->source =
		ocpp201_charging_limit_source_enum.values[r->charging_limit.charging_limit_source];
	p->is_grid_critical =
		r->charging_limit.has_is_grid_critical && r->charging_limit.is_grid_critical;
	p->schedules = report_items(x->arena, &ocpp201_charging_schedule_type,
		r->charging_schedule.items, r->charging_schedule.count);
	if (!p->schedules)
		return NULL;
	if (external_set(x->station, r, x->received)) {
		handle_journal(x, EVENT_EXTERNAL_LIMIT_SET, p, x->received);
		fleet_touch(&x->core->fleet, x->station);
		control_evse_changed(x->core->control, NULL, "external limit");
		log_info("station %s: %s limits %s %lld", x->station->id, p->source,
			p->evse_id ? "EVSE" : "the whole station", (long long)p->evse_id);
	}
	return arena_alloc(x->arena, sizeof(struct ocpp201_notify_charging_limit_response));
}

void *handle_cleared_charging_limit(struct exchange *x, const void *request)
{
	const struct ocpp201_cleared_charging_limit_request *r = request;
	struct event_external_limit_cleared *p = arena_alloc(x->arena, sizeof *p);

	if (!p)
		return NULL;
	p->has_evse_id = r->has_evse_id && r->evse_id > 0;
	p->evse_id = r->evse_id;
	p->source = ocpp201_charging_limit_source_enum.values[r->charging_limit_source];
	external_clear(x->station, r->charging_limit_source, p->has_evse_id ? r->evse_id : -1);
	handle_journal(x, EVENT_EXTERNAL_LIMIT_CLEARED, p, x->received);
	fleet_touch(&x->core->fleet, x->station);
	control_evse_changed(x->core->control, NULL, "external limit lifted");
	return arena_alloc(x->arena, sizeof(struct ocpp201_cleared_charging_limit_response));
}

/* -- K15, K17: needs -------------------------------------------------------------------------- */

static const char *needs_json(struct arena *a, const struct ocpp201_charging_needs *n)
{
	const char *out = NULL;
	struct text t;

	text_init(&t, 0);
	if (schema_encode(&ocpp201_charging_needs_type, n, &t) == 0)
		out = arena_strndup(a, t.data, t.len);
	text_finish(&t);
	return out;
}

static void journal_needs(struct exchange *x,
	const struct ocpp201_notify_ev_charging_needs_request *r, const struct evse *e,
	const struct needs *n, const char *why)
{
	struct event_charging_needs_reported *p = arena_alloc(x->arena, sizeof *p);
	const struct ocpp201_dc_charging_parameters *dc = r->charging_needs.dc_charging_parameters;

	if (!p || !(p->needs = needs_json(x->arena, &r->charging_needs)))
		return;
	p->evse_id = r->evse_id;
	p->transaction_id = e && e->tx.is_open ? arena_strdup(x->arena, e->tx.id) : NULL;
	p->status = why ? "Rejected" : "Accepted";
	p->why = why;
	p->mode = ocpp201_energy_transfer_mode_enum
			  .values[r->charging_needs.requested_energy_transfer];
	p->has_max_tuples = n->max_tuples > 0;
	p->max_tuples = n->max_tuples;
	p->has_departs_at = n->departs_at.ms != 0;
	p->departs_at = n->departs_at;
	p->has_energy_wh = n->energy_wh >= 0;
	p->energy_wh = n->energy_wh;
	p->has_max_w = n->max_w > 0;
	p->max_w = n->max_w;
	p->has_soc_pct = dc && dc->has_state_of_charge;
	p->soc_pct = p->has_soc_pct ? dc->state_of_charge : 0;
	handle_journal(x, EVENT_CHARGING_NEEDS_REPORTED, p, x->received);
}

static void take_needs(struct exchange *x, struct evse *e, const struct needs *n,
	const struct ocpp201_dc_charging_parameters *dc)
{
	int again = e->tx.needs.renegotiations;

	e->tx.needs = *n;
	e->tx.needs.meter_wh = e->tx.meter_wh;
	e->tx.needs.renegotiations = again;
	if (dc && dc->has_state_of_charge && dc->state_of_charge >= 0 &&
		dc->state_of_charge <= 100) {
		e->soc_pct = reading_of((double)dc->state_of_charge, x->received);
		if (e->tx.vehicle) {
			e->tx.vehicle->soc_pct = e->soc_pct;
			fleet_touch_vehicle(&x->core->fleet, e->tx.vehicle);
		}
	}
	fleet_touch(&x->core->fleet, x->station);
}

/* What waits for the answer to be on its way. */
struct negotiation {
	struct core *core;
	char station[49], transaction[UTF8_SIZE(36)];
	int evse;
};

static void on_answered(void *arg, int status, const char *why)
{
	struct negotiation *g = arg;
	struct station *s = fleet_station(&g->core->fleet, g->station);
	struct evse *e = s ? station_evse(s, g->evse) : NULL;

	(void)why;
	if (status == 0 && e && strcmp(e->tx.id, g->transaction) == 0)
		needs_answer(g->core, e);
	free(g);
}

static void negotiate(struct exchange *x, const struct evse *e)
{
	struct negotiation *g = calloc(1, sizeof *g);

	if (!g)
		return;
	g->core = x->core;
	g->evse = e->id;
	memcpy(g->station, x->station->id, sizeof g->station);
	memcpy(g->transaction, e->tx.id, sizeof g->transaction);
	record_then(x->core, on_answered, g);
}

void *handle_ev_charging_needs(struct exchange *x, const void *request)
{
	const struct ocpp201_notify_ev_charging_needs_request *r = request;
	struct ocpp201_notify_ev_charging_needs_response *res = arena_alloc(x->arena, sizeof *res);
	struct evse *e = station_evse(x->station, r->evse_id);
	struct needs n = {.energy_wh = -1};
	const char *why = NULL;

	if (!res)
		return NULL;
	if (!e || !e->tx.is_open)
		why = "no transaction is open at that EVSE";
	else if (!needs_read(x->core, e, r, x->received, &n))
		why = "neither AC nor DC parameters (K15.FR.06)";
	journal_needs(x, r, e, &n, why);
	res->status = why ? OCPP201_NOTIFY_EV_CHARGING_NEEDS_STATUS_REJECTED
			  : OCPP201_NOTIFY_EV_CHARGING_NEEDS_STATUS_ACCEPTED;
	if (why) {
		log_warn("station %s: charging needs of EVSE %lld: %s", x->station->id,
			(long long)r->evse_id, why);
		return res;
	}
	take_needs(x, e, &n, r->charging_needs.dc_charging_parameters);
	negotiate(x, e);
	return res;
}

/* -- K15 to K17: the vehicle's schedule -------------------------------------------------------- */

static const char *schedule_json(struct arena *a, const struct ocpp201_charging_schedule *q)
{
	const char *out = NULL;
	struct text t;

	text_init(&t, 0);
	if (schema_encode(&ocpp201_charging_schedule_type, q, &t) == 0)
		out = arena_strndup(a, t.data, t.len);
	text_finish(&t);
	return out;
}

static void journal_schedule(struct exchange *x,
	const struct ocpp201_notify_ev_charging_schedule_request *r, const struct evse *e,
	bool is_within, const char *why)
{
	struct event_charging_schedule_reported *p = arena_alloc(x->arena, sizeof *p);

	if (!p || !(p->schedule = schedule_json(x->arena, &r->charging_schedule)))
		return;
	p->evse_id = r->evse_id;
	p->transaction_id = e && e->tx.is_open ? arena_strdup(x->arena, e->tx.id) : NULL;
	p->status = is_within ? "Accepted" : "Rejected";
	p->why = is_within ? NULL : arena_strdup(x->arena, why);
	handle_journal(x, EVENT_CHARGING_SCHEDULE_REPORTED, p, x->received);
}

void *handle_ev_charging_schedule(struct exchange *x, const void *request)
{
	const struct ocpp201_notify_ev_charging_schedule_request *r = request;
	struct ocpp201_notify_ev_charging_schedule_response *res =
		arena_alloc(x->arena, sizeof *res);
	struct evse *e = station_evse(x->station, r->evse_id);
	char why[200] = "no transaction is open at that EVSE";
	bool is_within = e && e->tx.is_open &&
			 needs_allow(x->core, e, r->time_base, &r->charging_schedule, why);

	if (!res)
		return NULL;
	journal_schedule(x, r, e, is_within, why);
	res->status = is_within ? OCPP201_GENERIC_STATUS_ACCEPTED : OCPP201_GENERIC_STATUS_REJECTED;
	if (is_within)
		return res;
	log_warn("station %s: the vehicle's schedule on EVSE %lld: %s", x->station->id,
		(long long)r->evse_id, why);
	/* K15.FR.13, K16.FR.08: renegotiate; a vehicle that never listens is left alone in the end,
	 * since the station holds it to the profile all the same. */
	if (e && e->tx.is_open && e->tx.needs.renegotiations++ < RENEGOTIATIONS_MAX)
		negotiate(x, e);
	return res;
}

/* -- K09 -------------------------------------------------------------------------------------- */

static const char *report_rows(
	struct arena *a, const struct ocpp201_report_charging_profiles_request *r)
{
	const char *out = NULL;
	struct text t;

	text_init(&t, 0);
	text_putc(&t, '[');
	for (size_t i = 0; i < r->charging_profile.count; i++) {
		text_printf(&t,
			"%s{\"evseId\":%lld,\"chargingLimitSource\":\"%s\",\"chargingProfile\":",
			i ? "," : "", (long long)r->evse_id,
			ocpp201_charging_limit_source_enum.values[r->charging_limit_source]);
		schema_encode(&ocpp201_charging_profile_type, &r->charging_profile.items[i], &t);
		text_putc(&t, '}');
	}
	text_putc(&t, ']');
	if (text_ok(&t))
		out = arena_strndup(a, t.data, t.len);
	text_finish(&t);
	return out;
}

/* Without numbers; parts count as they come. */
void *handle_report_charging_profiles(struct exchange *x, const void *request)
{
	const struct ocpp201_report_charging_profiles_request *r = request;
	const char *items = report_rows(x->arena, r);

	if (!items || !report_part(x, EVENT_REPORT_KIND_PROFILES, r->request_id, -1, !r->tbc,
			      (wall_t){0}, items))
		return NULL;
	reconcile_reported(x->core, x->station, r);
	return arena_alloc(x->arena, sizeof(struct ocpp201_report_charging_profiles_response));
}
