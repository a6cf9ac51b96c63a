#include "csms/power/external.h"
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "csms/power/holding.h"
#include "csms/log.h"
#include "csms/power/profile_check.h"
#include "db/query_profile.h"

#define EXTERNALS_MAX 100 /* of one station */

/* -- the list --------------------------------------------------------------------------------- */

static void remove_one(struct station *s, struct external *x)
{
	DL_DELETE(s->externals, x);
	arena_destroy(x->arena);
	free(x);
}

void externals_forget(struct station *s)
{
	while (s->externals)
		remove_one(s, s->externals);
}

int external_clear(struct station *s, enum ocpp201_charging_limit_source source, int64_t evse_id)
{
	struct external *x, *tmp;
	int n = 0;

	DL_FOREACH_SAFE (s->externals, x, tmp)
		if (x->source == source && (evse_id < 0 || x->evse_id == evse_id)) {
			remove_one(s, x);
			n++;
		}
	return n;
}

/* A copy by way of the codec. */
static const struct ocpp201_notify_charging_limit_request *copy(
	struct arena *a, const struct ocpp201_notify_charging_limit_request *r)
{
	const struct ocpp201_notify_charging_limit_request *out = NULL;
	struct schema_error err;
	struct text t;

	text_init(&t, 0);
	if (schema_encode(&ocpp201_notify_charging_limit_request_type, r, &t) == 0)
		out = schema_decode(
			&ocpp201_notify_charging_limit_request_type, t.data, t.len, a, &err);
	text_finish(&t);
	return out;
}

static bool is_full(const struct station *s)
{
	const struct external *x;
	int n;

	DL_COUNT(s->externals, x, n);
	return n >= EXTERNALS_MAX;
}

struct external *external_set(
	struct station *s, const struct ocpp201_notify_charging_limit_request *r, wall_t at)
{
	struct external *x = calloc(1, sizeof *x);
	const struct ocpp201_notify_charging_limit_request *own = NULL;

	if (x && (x->arena = arena_create(0)))
		own = copy(x->arena, r);
	if (own)
		external_clear(s, r->charging_limit.charging_limit_source,
			r->has_evse_id ? r->evse_id : 0);
	if (!own || is_full(s)) {
		log_warn(
			"station %s: an external limit is not kept: too many, or no memory", s->id);
		if (x)
			arena_destroy(x->arena);
		free(x);
		return NULL;
	}
	x->evse_id = r->has_evse_id ? r->evse_id : 0;
	x->source = r->charging_limit.charging_limit_source;
	x->is_grid_critical = r->charging_limit.is_grid_critical;
	x->schedules = own->charging_schedule;
	x->at = at;
	DL_APPEND(s->externals, x);
	return x;
}

/* -- how much --------------------------------------------------------------------------------- */

/* The period of the schedule, which began so long ago; NULL: it has none then. */
static const struct ocpp201_charging_schedule_period *period_at(
	const struct ocpp201_charging_schedule *q, int64_t age_ms)
{
	int64_t s = age_ms / 1000;
	const struct ocpp201_charging_schedule_period *p = NULL;

	if (age_ms < 0 || (q->has_duration && s >= q->duration))
		return NULL;
	for (size_t i = 0; i < q->charging_schedule_period.count; i++)
		if (q->charging_schedule_period.items[i].start_period <= s)
			p = &q->charging_schedule_period.items[i];
	return p;
}

int64_t external_w(const struct external *x, const struct station *s, const struct evse *e,
	int voltage_v, wall_t now)
{
	static const struct evse whole = {.phases = 3};
	int64_t least = -1;

	for (size_t i = 0; i < x->schedules.count; i++) {
		const struct ocpp201_charging_schedule *q = &x->schedules.items[i];
		/* Where it says when it begins, it says so by its own clock. */
		int64_t age_ms = q->has_start_schedule ? wall_diff_ms(now, q->start_schedule) +
								 station_clock_ahead_ms(&s->clock)
						       : wall_diff_ms(now, x->at);
		const struct ocpp201_charging_schedule_period *p = period_at(q, age_ms);
		int64_t w =
			p ? profile_period_w(e ? e : &whole, q->charging_rate_unit, p, voltage_v)
			  : -1;

		if (w >= 0 && (least < 0 || w < least))
			least = w;
	}
	return least;
}

/* The station deals its limit out by itself; what an EVSE gets of it is reckoned as an equal share
 * of those that charge, but no less than its minimum: with less it would not charge at all. */
static int64_t share_of(const struct evse *e, int64_t w)
{
	const struct station *s = e->station;
	int64_t open = 0, part;

	for (int i = 0; i < s->evse_count; i++)
		open += s->evses[i].tx.is_open;
	part = w / (open > 1 ? open : 1);
	if (part < e->min_w)
		part = w < e->min_w ? w : e->min_w;
	return part;
}

/* The same from a profile that the station reported (K11.FR.06). */
static int64_t reported_w(const struct holding *h, const struct evse *e, int voltage_v, wall_t now)
{
	const struct ocpp201_charging_profile *p = h->profile;
	struct external x = {.evse_id = h->evse_id, .schedules = p->charging_schedule, .at = h->at};
	int64_t its_ms;

	if (p->charging_profile_purpose !=
		OCPP201_CHARGING_PROFILE_PURPOSE_CHARGING_STATION_EXTERNAL_CONSTRAINTS)
		return -1;
	its_ms = now.ms + station_clock_ahead_ms(&e->station->clock);
	if ((p->has_valid_from && its_ms < p->valid_from.ms) ||
		(p->has_valid_to && its_ms >= p->valid_to.ms))
		return -1;
	return external_w(&x, e->station, h->evse_id ? e : NULL, voltage_v, now);
}

static int64_t least(const struct core *c, const struct evse *e, wall_t now,
	enum ocpp201_charging_limit_source *source, wall_t *at)
{
	int voltage_v = (int)c->depot->voltage_v;
	const struct external *x;
	const struct holding *h;
	int64_t cap = INT64_MAX;

	DL_FOREACH (e->station->externals, x) {
		int64_t w =
			x->evse_id == 0 || x->evse_id == e->id
				? external_w(x, e->station, x->evse_id ? e : NULL, voltage_v, now)
				: -1;

		if (w >= 0 && x->evse_id == 0)
			w = share_of(e, w);
		if (w < 0 || w >= cap)
			continue;
		cap = w;
		*source = x->source;
		*at = x->at;
	}
	DL_FOREACH (e->station->holdings, h) {
		int64_t w = h->evse_id == 0 || h->evse_id == e->id
				    ? reported_w(h, e, voltage_v, now)
				    : -1;

		if (w >= 0 && h->evse_id == 0)
			w = share_of(e, w);
		if (w < 0 || w >= cap)
			continue;
		cap = w;
		*source = h->source;
		*at = h->at;
	}
	return cap;
}

int64_t external_cap_w(const struct core *c, const struct evse *e, wall_t now,
	enum ocpp201_charging_limit_source *source)
{
	enum ocpp201_charging_limit_source whose;
	wall_t at;
	int64_t w = least(c, e, now, &whose, &at);

	if (w != INT64_MAX && source)
		*source = whose;
	return w;
}

wall_t external_cap_at(const struct core *c, const struct evse *e, wall_t now)
{
	enum ocpp201_charging_limit_source whose;
	wall_t at = {0};

	least(c, e, now, &whose, &at);
	return at;
}

/* -- start ------------------------------------------------------------------------------------ */

struct restore {
	struct core *core;
	struct arena *arena;
	bool failed;
};

static void put_row(struct restore *w, const struct db_external_limit *row)
{
	struct station *s = fleet_station(&w->core->fleet, row->station);
	const struct ocpp201_notify_charging_limit_request *r;
	struct schema_error err;
	const char *json = arena_printf(w->arena,
		"{%s%s%s\"chargingLimit\":{\"chargingLimitSource\":\"%s\",\"isGridCritical\":%s}"
		",\"evseId\":%lld}",
		strcmp(row->schedules, "[]") ? "\"chargingSchedule\":" : "",
		strcmp(row->schedules, "[]") ? row->schedules : "",
		strcmp(row->schedules, "[]") ? "," : "", row->source,
		row->critical ? "true" : "false", (long long)row->evse);

	r = json ? schema_decode(&ocpp201_notify_charging_limit_request_type, json, strlen(json),
			   w->arena, &err)
		 : NULL;
	if (s && r)
		external_set(s, r, row->at);
}

static void read_rows(struct db_reader *db, void *arg)
{
	struct restore *w = arg;
	struct db_external_limit_list list = {0};

	if (db_query_external_limits(db, w->arena, &list))
		w->failed = true;
	for (size_t i = 0; i < list.count; i++)
		put_row(w, &list.items[i]);
}

int externals_restore(struct core *c)
{
	struct restore w = {.core = c, .arena = arena_create(0)};

	if (!w.arena || db_read_now(c->db, read_rows, &w))
		w.failed = true;
	arena_destroy(w.arena);
	return w.failed ? -1 : 0;
}
