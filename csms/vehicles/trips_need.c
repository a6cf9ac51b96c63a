/* What a vehicle must leave with and when, by its next trip, or else as it is described. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <utlist.h>
#include "csms/vehicles/trips_private.h"
#include "scheduler/plan.h"

#define OVERDUE_MS  (6 * INT64_C(3600000)) /* who has not left by then does not drive that trip */
#define STAYS_MS    (4 * INT64_C(3600000)) /* the same of a departure of each day */
#define RESERVE_PCT 10 /* of a class that nobody described */
#define SURE_PCT    90
#define KNOWN_PM    10 /* of the battery: a state of charge is told in whole per cent */
#define GUESSED_PM  120 /* … where nobody tells it */
#define UNKNOWN_WH  10000 /* of a vehicle that nobody described */
#define TRUCK_WH    180000 /* batteries of vans are smaller */

/* -- classes ---------------------------------------------------------------------------------- */

const char *trips_class(const struct vehicle *v, char out[81])
{
	const char *class = v->row ? v->row->class : NULL;

	snprintf(out, 81, "%s%s", class ? "" : "vehicle:", class ? class : v->id);
	return out;
}

const struct depot_vehicle_class *trips_class_row(const struct core *c, const struct vehicle *v)
{
	const struct depot_vehicle_class_list *list = &c->depot->classes;

	for (size_t i = 0; v->row && v->row->class && i < list->count; i++)
		if (strcmp(list->items[i].id, v->row->class) == 0)
			return &list->items[i];
	return NULL;
}

int trips_priority(const struct core *c, const struct vehicle *v, int32_t *worth)
{
	const struct depot_vehicle_class *row = v ? trips_class_row(c, v) : NULL;
	double micro = row && row->has_worth_kwh ? row->worth_kwh * 1e6 : 0;

	*worth = micro <= 0 ? 0 : micro < PLAN_PRICE_MAX ? (int32_t)(micro + 0.5) : PLAN_PRICE_MAX;
	if (row && row->has_worth_kwh && !*worth)
		*worth = 1; /* only what costs nothing */
	return row && row->has_priority ? (int)row->priority : v ? v->priority : 9;
}

/* In the order of the depot's file. */
static const enum consumption_body bodies[] = {
	[DEPOT_VEHICLE_BODY_CAR] = CONSUMPTION_CAR,
	[DEPOT_VEHICLE_BODY_VAN] = CONSUMPTION_VAN,
	[DEPOT_VEHICLE_BODY_TRUCK] = CONSUMPTION_TRUCK,
	[DEPOT_VEHICLE_BODY_BUS] = CONSUMPTION_BUS,
};

void trips_model_of(const struct core *c, const struct vehicle *v, struct consumption_model *out)
{
	const struct depot_vehicle_class *row = trips_class_row(c, v);
	struct trips_model *m = NULL;
	char class[81];

	if (c->trips)
		HASH_FIND_STR(c->trips->models, trips_class(v, class), m);
	if (m)
		*out = m->model;
	else if (row)
		consumption_init(out, bodies[row->body], row->has_kwh_km ? row->kwh_km : 0);
	else
		consumption_init(
			out, v->battery_wh > TRUCK_WH ? CONSUMPTION_TRUCK : CONSUMPTION_VAN, 0);
}

/* -- which trip ------------------------------------------------------------------------------- */

/* One that should have left counts as long as its vehicle has stood here since before. */
static bool is_overdue(
	const struct trip *t, const struct duty *d, const struct vehicle *v, wall_t now)
{
	wall_t since = trips_since(d, v);
	int64_t until = t->departs.ms + OVERDUE_MS;

	if (t->returns.ms < until)
		until = t->returns.ms;
	return since.ms && since.ms <= t->departs.ms && now.ms < until;
}

const struct trip *trips_next(const struct duty *d, const struct vehicle *v, wall_t now)
{
	const struct trip *t;

	if (!d)
		return NULL;
	DL_FOREACH (d->trips, t)
		if (!t->is_settling &&
			(t->departs.ms > now.ms || (v->evse && is_overdue(t, d, v, now))))
			return t;
	return NULL;
}

static int local_day(wall_t at)
{
	time_t t = (time_t)(at.ms / 1000);
	struct tm tm;

	localtime_r(&t, &tm);
	return tm.tm_year * 400 + tm.tm_yday;
}

/* As it is described. One that stays past its departure of the day must leave at once, for some hours, not
 * tomorrow: else it would have to wait for those that leave today. */
static wall_t described(const struct core *c, const struct vehicle *v, wall_t now)
{
	wall_t was = vehicle_departure(v, (wall_t){now.ms - STAYS_MS});
	const struct duty *d;

	if (!was.ms || was.ms > now.ms || !v->evse || !c->trips)
		return vehicle_departure(v, now);
	d = trips_duty(c->trips, v->id);
	return d && trips_since(d, v).ms && trips_since(d, v).ms <= was.ms
		       ? was
		       : vehicle_departure(v, now);
}

/* A trip goes before the departure of each day from that day on; before that the vehicle leaves as
 * ever. A departure that was said once goes before a later trip. */
static const struct trip *counts(const struct core *c, const struct trip *t,
	const struct vehicle *v, wall_t now, wall_t *usual)
{
	*usual = described(c, v, now);
	if (!t || !usual->ms || t->departs.ms <= usual->ms)
		return t;
	if (v->departs_at.ms > now.ms)
		return NULL;
	return local_day(t->departs) <= local_day(*usual) ? t : NULL;
}

wall_t trips_departure(const struct core *c, const struct vehicle *v, wall_t now)
{
	const struct duty *d = c->trips && c->trips->by_id ? trips_duty(c->trips, v->id) : NULL;
	wall_t usual;
	const struct trip *t = counts(c, trips_next(d, v, now), v, now, &usual);

	return t ? t->departs : usual;
}

/* -- how much --------------------------------------------------------------------------------- */

void trips_predict(const struct core *c, const struct vehicle *v, const struct trip *const *list,
	int n, struct consumption *out)
{
	struct consumption_trip way[TRIPS_OF_SHIFT];
	struct consumption_model model;
	double said = 0;
	int count = 0;

	for (int i = 0; i < n && i < TRIPS_OF_SHIFT; i++)
		if (list[i]->need_kwh > 0)
			said += list[i]->need_kwh;
		else
			way[count++] = list[i]->way;
	trips_model_of(c, v, &model);
	consumption_predict(&model, way, count, out);
	out->kwh += said;
}

/* The trips of the shift from `t` on. */
static int with_shift(const struct trip *t, const struct trip *out[TRIPS_OF_SHIFT])
{
	const char *shift = t->shift;
	int n = 0;

	do
		out[n++] = t;
	while (shift && n < TRIPS_OF_SHIFT && (t = t->next) && t->shift &&
		strcmp(t->shift, shift) == 0);
	return n;
}

static void fill(
	const struct core *c, const struct vehicle *v, const struct trip *t, struct trip_need *out)
{
	const struct depot_vehicle_class *row = trips_class_row(c, v);
	const struct trip *list[TRIPS_OF_SHIFT];
	int64_t reserve = row ? row->reserve_pct : RESERVE_PCT, target;
	struct consumption use;

	if (v->row && v->row->min_soc_pct > reserve)
		reserve = v->row->min_soc_pct;
	out->trip = t;
	out->trips = with_shift(t, list);
	trips_predict(c, v, list, out->trips, &use);
	out->mean_wh = (int64_t)(use.kwh * 1000);
	out->spread_wh = (int64_t)(consumption_spread(&use) * 1000);
	out->reserve_wh = v->battery_wh * reserve / 100;
	target = out->reserve_wh +
		 (int64_t)(consumption_quantile(use.kwh, consumption_spread(&use),
				   (double)(row ? row->sure_pct : SURE_PCT) / 100) *
			   1000);
	out->is_possible = target <= v->battery_wh;
	out->target_wh = out->is_possible ? target : v->battery_wh;
}

int64_t trips_need_spread_wh(const struct vehicle *v, bool is_soc_known)
{
	return v ? v->battery_wh * (is_soc_known ? KNOWN_PM : GUESSED_PM) / 1000 : UNKNOWN_WH;
}

void trips_need(const struct core *c, const struct vehicle *v, wall_t now, struct trip_need *out)
{
	const struct trip *t;

	*out = (struct trip_need){.is_possible = true};
	if (!v)
		return;
	out->target_wh = v->battery_wh * v->target_pct / 100;
	t = counts(c, trips_next(trips_duty(c->trips, v->id), v, now), v, now, &out->departs);
	if (!t)
		return;
	out->departs = t->departs;
	fill(c, v, t, out);
}
