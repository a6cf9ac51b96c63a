/* Where vehicles stand, and since when: one that is moved from bay to bay has not driven. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "csms/record.h"
#include "csms/vehicles/telematics.h"
#include "csms/vehicles/trips_private.h"
#include "csms/vehicles/vehicles.h"
#include "db/query.h"

#define YARD_KM   1.0 /* who has driven no more has only been moved */
#define SOC_MAX_S 86400

static double taken_wh(const struct evse *e)
{
	const struct transaction *t = &e->tx;
	double wh =
		t->meter_wh.at.ms && t->begin_wh.at.ms ? t->meter_wh.value - t->begin_wh.value : 0;

	return wh > 0 ? wh : 0;
}

static const struct telematics_reading *odometer(const struct vehicle *v)
{
	return telematics_newest(v, TELEMATICS_QUANTITY_ODOMETER_KM);
}

static wall_t begin_of(const struct evse *e)
{
	return e->tx.started.ms ? e->tx.started : clock_wall();
}

/* A transaction that was told late began before we heard of it. */
wall_t trips_since(const struct duty *d, const struct vehicle *v)
{
	bool is_first = d->carried_wh <= 0 && !d->soc_at.ms;

	return d->since.ms && is_first && v->evse && v->evse->tx.started.ms &&
			       v->evse->tx.started.ms < d->since.ms
		       ? v->evse->tx.started
		       : d->since;
}

void trips_left(struct core *c, struct vehicle *v, struct evse *e)
{
	struct duty *d = c->trips ? trips_duty_make(c->trips, v->id) : NULL;
	const struct telematics_reading *km = odometer(v);
	struct vehicle_soc soc;

	if (!d || !d->since.ms)
		return;
	d->here = trips_since(d, v);
	d->left = e->tx.ended.ms ? e->tx.ended : clock_wall();
	d->left_wh = d->carried_wh + taken_wh(e);
	d->left_soc_at = d->soc_at;
	d->left_soc_pct = trips_moved_soc(c, v);
	d->left_source = "charger";
	if (vehicle_soc(v, d->left, SOC_MAX_S, &soc) && soc.at.ms >= d->here.ms) {
		d->left_soc_pct = soc.pct;
		d->left_soc_at = soc.at;
		d->left_source = strcmp(soc.source, "charger") == 0 ? "charger" : "telematics";
	}
	d->left_km = km ? km->value : 0;
	d->left_km_at = km ? km->at : (wall_t){0};
	d->since = (wall_t){0};
}

/* It was plugged in again soon, its odometer does not say that it drove, and no trip lies between. */
static bool was_moved(
	const struct trips *s, const struct duty *d, const struct vehicle *v, const struct evse *e)
{
	const struct telematics_reading *km = odometer(v);
	int64_t away_ms = wall_diff_ms(begin_of(e), d->left);

	if (!d->left.ms || away_ms > s->core->config->trips->moved_s * 1000)
		return false;
	if (km && d->left_km_at.ms && km->at.ms > d->left.ms)
		return km->value - d->left_km <= YARD_KM;
	for (const struct trip *t = d->trips; t; t = t->next)
		if (t->departs.ms > d->left.ms - 1800000 && t->returns.ms < begin_of(e).ms + 900000)
			return false;
	return true;
}

static void journal_move(struct trips *s, const struct duty *d, const struct evse *e)
{
	struct arena *a = record_arena(s->core);
	struct event_vehicle_moved *m = a ? arena_alloc(a, sizeof *m) : NULL;

	if (!m)
		return;
	*m = (struct event_vehicle_moved){
		.station = arena_strdup(a, e->station->id),
		.evse = e->id,
		.transaction_id = arena_strdup(a, e->tx.id),
		.since = d->since,
		.carried_wh = (int64_t)d->carried_wh,
		.has_soc_pct = d->soc_at.ms != 0,
		.soc_pct = d->soc_pct,
		.has_soc_at = d->soc_at.ms != 0,
		.soc_at = d->soc_at,
	};
	record_now(
		s->core, EVENT_VEHICLE_MOVED, "vehicle", arena_strdup(a, d->id), m, "depotd", NULL);
}

void trips_habit_add(struct trips_habit *h, double value)
{
	double off = value - h->mean;

	h->n++;
	h->mean += off / h->n;
	h->m2 += off * (value - h->mean);
}

static void stands(struct duty *d, const char *station, int evse)
{
	snprintf(d->last_station, sizeof d->last_station, "%s", station);
	d->last_evse = evse;
}

/* From somewhere else. */
static void learn_arrival(struct duty *d, wall_t at)
{
	time_t t = (time_t)(at.ms / 1000);
	struct tm tm;

	localtime_r(&t, &tm);
	trips_habit_add(&d->weekday[tm.tm_wday], tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec);
	d->arrived = at;
}

void trips_habits_restore(struct trips *s, const struct db_transaction_list *past)
{
	int64_t moved_ms = s->core->config->trips->moved_s * 1000;

	for (size_t i = past->count; i-- > 0;) {
		const struct db_transaction *t = &past->items[i];
		struct duty *d = t->vehicle && t->has_evse && t->started_at.ms
					 ? trips_duty_make(s, t->vehicle)
					 : NULL;

		if (!d)
			continue;
		if (!d->left.ms || t->started_at.ms > d->left.ms + moved_ms)
			learn_arrival(d, t->started_at);
		stands(d, t->station, (int)t->evse);
		d->left = t->ended_at.ms ? t->ended_at : t->last_at;
	}
	for (struct duty *d = s->duties; d; d = d->hh.next)
		d->left = (wall_t){0}; /* with what it left is not known */
}

static void arrive(struct duty *d, const struct evse *e)
{
	d->since = begin_of(e);
	d->carried_wh = 0;
	d->soc_at = (wall_t){0};
}

void trips_came(struct core *c, struct vehicle *v, struct evse *e)
{
	struct duty *d = c->trips ? trips_duty_make(c->trips, v->id) : NULL;

	if (!d)
		return;
	stands(d, e->station->id, e->id);
	if (d->since.ms)
		return;
	if (!was_moved(c->trips, d, v, e)) {
		arrive(d, e);
		learn_arrival(d, d->since);
		return;
	}
	d->since = d->here;
	d->carried_wh = d->left_wh;
	d->soc_pct = d->left_soc_pct;
	d->soc_at = d->left_soc_at;
	journal_move(c->trips, d, e);
}

double trips_carried_wh(const struct core *c, const struct vehicle *v)
{
	const struct duty *d = v ? trips_duty(c->trips, v->id) : NULL;

	return d && d->since.ms ? d->carried_wh : 0;
}

double trips_moved_soc(const struct core *c, const struct vehicle *v)
{
	const struct duty *d = trips_duty(c->trips, v->id);
	double pct;

	if (!d || !d->since.ms || !d->soc_at.ms || !v->evse)
		return -1;
	pct = d->soc_pct + vehicle_taken_pct(v);
	return pct > 100 ? 100 : pct;
}

void trips_bays_restore(struct trips *s, const struct db_move_list *moves)
{
	for (struct vehicle *v = s->core->fleet.vehicles; v; v = v->hh.next) {
		struct duty *d = v->evse ? trips_duty_make(s, v->id) : NULL;

		if (d)
			arrive(d, v->evse);
	}
	for (size_t i = 0; i < moves->count; i++) {
		const struct db_move *m = &moves->items[i];
		const struct vehicle *v = fleet_vehicle(&s->core->fleet, m->vehicle);
		struct duty *d = v && v->evse ? trips_duty(s, v->id) : NULL;

		if (!d || strcmp(v->evse->tx.id, m->transaction_id) != 0)
			continue;
		d->since = m->since;
		d->carried_wh = (double)m->carried_wh;
		d->soc_pct = m->soc_pct;
		d->soc_at = m->has_soc_pct ? m->soc_at : (wall_t){0};
	}
}
