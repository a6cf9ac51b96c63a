/* Smart charging: what a station is believed to hold, and what that amounts to. */
#include <stdio.h>
#include <string.h>
#include <utlist.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_stations.h"
#include "csms/station/call.h"
#include "csms/power/external.h"
#include "csms/power/holding.h"
#include "csms/power/profile_check.h"
#include "csms/power/reconcile.h"
#include "csms/power/stack.h"
#include "gen/ocpp201.h"

#define DURATION_S     3600
#define DURATION_MAX_S (7 * 86400)

static struct station *path_station(struct ask *k)
{
	struct station *s = fleet_station(&k->api->core->fleet, k->match.param[0]);

	if (s == NULL)
		ask_problem(k, 404, NULL,
			"there is no station %.48s; GET /api/v1/stations lists them",
			k->match.param[0]);
	return s;
}

static const char *encode(struct arena *a, const struct schema_struct *type, const void *value)
{
	const char *out = NULL;
	struct text t;

	text_init(&t, 0);
	if (schema_encode(type, value, &t) == 0)
		out = arena_strndup(a, t.data, t.len);
	text_finish(&t);
	return out;
}

/* -- what it holds --------------------------------------------------------------------------- */

static void fill_profile(struct arena *a, const struct holding *h, struct api_held_profile *out)
{
	const struct ocpp201_charging_profile *p = h->profile;

	*out = (struct api_held_profile){
		.id = p->id,
		.evse = h->evse_id,
		.purpose =
			ocpp201_charging_profile_purpose_enum.values[p->charging_profile_purpose],
		.stack_level = p->stack_level,
		.kind = ocpp201_charging_profile_kind_enum.values[p->charging_profile_kind],
		.transaction = p->transaction_id,
		.source = ocpp201_charging_limit_source_enum.values[h->source],
		.owner = h->owner[0] != '\0' ? h->owner : NULL,
		.at = h->at,
		.profile = encode(a, &ocpp201_charging_profile_type, p),
	};
}

static bool put_profiles(struct ask *k, const struct station *s, struct api_held_profile_list *out)
{
	const struct holding *h;
	struct api_held_profile *items =
		arena_alloc(k->arena, sizeof(*items) * (size_t)holdings_count(s) + 1);

	if (items == NULL)
		return false;
	out->profiles.items = items;
	DL_FOREACH (s->holdings, h) {
		fill_profile(k->arena, h, &items[out->profiles.count]);
		if (items[out->profiles.count++].profile == NULL)
			return false;
	}
	return true;
}

static const char *schedules_of(struct arena *a, const struct external *x)
{
	const char *out = NULL;
	struct text t;

	text_init(&t, 0);
	text_putc(&t, '[');
	for (size_t i = 0; i < x->schedules.count; i++) {
		if (i > 0)
			text_putc(&t, ',');
		schema_encode(&ocpp201_charging_schedule_type, &x->schedules.items[i], &t);
	}
	text_putc(&t, ']');
	if (text_ok(&t))
		out = arena_strndup(a, t.data, t.len);
	text_finish(&t);
	return out;
}

static bool put_externals(struct ask *k, const struct station *s, struct api_held_profile_list *out)
{
	const struct core *c = k->api->core;
	const struct external *x;
	int count;

	DL_COUNT(s->externals, x, count);
	struct api_external_limit *items =
		arena_alloc(k->arena, sizeof(*items) * (size_t)count + 1);
	if (items == NULL)
		return false;
	out->external_limits.items = items;
	DL_FOREACH (s->externals, x) {
		int64_t w = external_w(
			x, s, station_evse(s, x->evse_id), (int)c->depot->voltage_v, clock_wall());
		struct api_external_limit *row = &items[out->external_limits.count++];
		*row = (struct api_external_limit){
			.evse = x->evse_id,
			.source = ocpp201_charging_limit_source_enum.values[x->source],
			.grid_critical = x->is_grid_critical,
			.at = x->at,
			.has_limit_w = w >= 0,
			.limit_w = w,
			.schedules = schedules_of(k->arena, x),
		};
		if (row->schedules == NULL)
			return false;
	}
	return true;
}

static bool put_needs(struct ask *k, const struct station *s, struct api_held_profile_list *out)
{
	struct api_charging_needs_view *items =
		arena_alloc(k->arena, sizeof(*items) * (size_t)s->evse_count + 1);

	if (items == NULL)
		return false;
	out->needs.items = items;
	for (int i = 0; i < s->evse_count; i++) {
		const struct evse *e = &s->evses[i];
		const struct needs *n = &e->tx.needs;
		if (!e->tx.is_open || n->at.ms == 0)
			continue;
		items[out->needs.count++] = (struct api_charging_needs_view){
			.evse = e->id,
			.transaction = e->tx.id,
			.at = n->at,
			.has_max_periods = n->max_tuples > 0,
			.max_periods = n->max_tuples,
			.has_departs_at = n->departs_at.ms != 0,
			.departs_at = n->departs_at,
			.has_energy_wh = n->energy_wh >= 0,
			.energy_wh = n->energy_wh,
			.has_max_w = n->max_w > 0,
			.max_w = n->max_w,
		};
	}
	return true;
}

void profiles_get(struct ask *k)
{
	struct station *s = path_station(k);
	struct api_held_profile_list list = {0};
	struct reconcile_view seen;

	if (s == NULL)
		return;
	reconcile_look(s, &seen);
	list.station = s->id;
	list.control = s->is_manual ? API_CONTROL_MANUAL : API_CONTROL_AUTOMATIC;
	list.checked = reconcile_word(seen.state);
	list.has_checked_at = seen.at.ms != 0;
	list.checked_at = seen.at;
	list.differences.count = (size_t)seen.count;
	list.differences.items = (const char **)(uintptr_t)seen.lines;
	if (!put_profiles(k, s, &list) || !put_externals(k, s, &list) || !put_needs(k, s, &list)) {
		ask_problem(k, 503, NULL, "no memory for the list");
		return;
	}
	ask_reply(k, 200, &api_held_profile_list_type, &list);
}

/* -- what it amounts to ------------------------------------------------------------------------ */

static bool put_believed(struct ask *k, const struct station *s, struct api_composite *out)
{
	const struct evse *e = out->evse > 0 ? station_evse(s, out->evse) : NULL;
	struct stack_period *rows = arena_alloc(k->arena, sizeof(*rows) * STACK_PERIODS_MAX);
	struct api_composite_period *items =
		arena_alloc(k->arena, sizeof(*items) * STACK_PERIODS_MAX);
	struct stack stack;

	if (rows == NULL || items == NULL || stack_init(&stack, k->api->core, s, e, k->arena) != 0)
		return false;
	int count = stack_schedule(&stack, station_clock_now(&s->clock), out->duration_s, rows);
	out->believed.count = (size_t)count;
	out->believed.items = items;
	for (int i = 0; i < count; i++)
		items[i] = (struct api_composite_period){
			.start_s = rows[i].start_s,
			.limit_w = rows[i].w,
			.has_profile = rows[i].by != NULL,
			.profile = rows[i].by != NULL ? rows[i].by->profile->id : 0,
			.source = rows[i].source,
		};
	return true;
}

static void put_said(struct ask *k, const struct evse *e,
	const struct ocpp201_composite_schedule *q, struct api_composite *out)
{
	static const struct evse whole = {.phases = 3};
	size_t count = q->charging_schedule_period.count;
	struct api_composite_period *items = arena_alloc(k->arena, sizeof(*items) * count + 1);

	for (size_t i = 0; items != NULL && i < count; i++) {
		const struct ocpp201_charging_schedule_period *p =
			&q->charging_schedule_period.items[i];
		items[i] = (struct api_composite_period){
			.start_s = p->start_period,
			.limit_w = profile_period_w(e != NULL ? e : &whole, q->charging_rate_unit,
				p, (int)k->api->core->depot->voltage_v),
		};
	}
	out->said.count = items != NULL ? count : 0;
	out->said.items = items;
	out->has_said_start = true;
	out->said_start = q->schedule_start;
	out->said_unit = ocpp201_charging_rate_unit_enum.values[q->charging_rate_unit];
}

/* Both are told as they are when the station has answered. */
static void on_said(void *arg, const struct call_result *r)
{
	struct ask *k = arg;
	struct api_composite *out = k->state;
	const struct ocpp201_get_composite_schedule_response *res = r->response_struct;
	const struct station *s = fleet_station(&k->api->core->fleet, out->station);

	out->start = clock_wall();
	if (r->outcome != EVENT_CALL_OUTCOME_ANSWERED)
		out->refused = arena_printf(k->arena, "%.60s: %.200s",
			r->error_code != NULL ? r->error_code : "no answer",
			r->error_text != NULL ? r->error_text : "");
	else if (res == NULL || res->status != OCPP201_GENERIC_STATUS_ACCEPTED ||
		 res->schedule == NULL)
		out->refused = "the station said Rejected";
	if (s == NULL || !put_believed(k, s, out)) {
		ask_problem(k, 503, NULL, "no memory for the schedule");
		return;
	}
	if (out->refused == NULL)
		put_said(k, station_evse(s, out->evse), res->schedule, out);
	ask_reply(k, 200, &api_composite_type, out);
}

static void ask_station_too(struct ask *k, struct station *s, struct api_composite *out)
{
	struct schema_error err = {0};
	char payload[80];

	snprintf(payload, sizeof(payload), "{\"evseId\":%lld,\"duration\":%lld}",
		(long long)out->evse, (long long)out->duration_s);
	k->state = out;
	ask_hold(k);
	if (call_queue_add(k->api->core, s,
		    &(struct call_request){.action = "GetCompositeSchedule",
			    .payload = payload,
			    .actor = k->who.actor,
			    .why = "composite schedule",
			    .done = on_said,
			    .arg = k},
		    NULL, &err) != 0)
		ask_problem(k, 409, NULL, "%s", err.message);
}

void composite_get(struct ask *k)
{
	struct station *s = path_station(k);
	const char *asks = ask_query(k, "ask");
	struct api_composite *out = arena_alloc(k->arena, sizeof(*out));
	int64_t evse = 0, duration_s = DURATION_S;

	if (s == NULL)
		return;
	if (!ask_int(k, "evse", 0, s->evse_count, &evse) ||
		!ask_int(k, "duration", 1, DURATION_MAX_S, &duration_s))
		return;
	if (out == NULL) {
		ask_problem(k, 503, NULL, "no memory for the schedule");
		return;
	}
	*out = (struct api_composite){.station = arena_strdup(k->arena, s->id),
		.evse = evse,
		.start = clock_wall(),
		.duration_s = duration_s};
	if (asks != NULL && strcmp(asks, "1") == 0 && !role_may(k->who.role, MAY_OPERATE))
		ask_problem(k, 403, "ask", "ask=1 sends a message to the station: operators may");
	else if (asks != NULL && strcmp(asks, "1") == 0)
		ask_station_too(k, s, out);
	else if (!put_believed(k, s, out))
		ask_problem(k, 503, NULL, "no memory for the schedule");
	else
		ask_reply(k, 200, &api_composite_type, out);
}
