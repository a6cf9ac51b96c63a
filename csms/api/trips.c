/* Trips: planned, changed, taken from a yard list, and what they took. csms/vehicles/trips.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_fleet.h"
#include "csms/vehicles/trips.h"
#include "db/query_work.h"

static struct trips *trips_of(const struct ask *k)
{
	return k->api->core->trips;
}

/* -- looking ---------------------------------------------------------------------------------- */

static void view_planned(
	const struct core *c, const struct trip *t, struct arena *a, struct api_trip_view *out)
{
	const struct vehicle *v = fleet_vehicle(&c->fleet, t->vehicle);
	struct consumption use = {0};
	struct trip_need need = {0};

	*out = (struct api_trip_view){
		.id = arena_strdup(a, t->id),
		.vehicle = arena_strdup(a, t->vehicle),
		.shift = t->shift ? arena_strdup(a, t->shift) : NULL,
		.departs = t->departs,
		.returns = t->returns,
		.distance_km = t->way.km,
		.payload_kg = t->way.payload_kg,
		.temperature_c = t->way.outside_c,
		.heated = t->way.is_heated,
		.note = t->note ? arena_strdup(a, t->note) : NULL,
		.source = arena_strdup(a, t->source),
		.planned_by = t->actor ? arena_strdup(a, t->actor) : NULL,
		.planned_at = t->at,
		.state = "planned",
	};
	if (!v)
		return;
	trips_predict(c, v, &t, 1, &use);
	trips_need(c, v, clock_wall(), &need);
	out->expected_kwh = use.kwh;
	out->spread_kwh = consumption_spread(&use);
	if (need.trip != t)
		return;
	out->state = "next";
	out->has_leave_wh = out->has_possible = true;
	out->leave_wh = need.target_wh;
	out->possible = need.is_possible;
}

static int compare(const void *a, const void *b)
{
	const struct api_trip_view *x = a, *y = b;

	if (x->departs.ms != y->departs.ms)
		return x->departs.ms < y->departs.ms ? -1 : 1;
	return strcmp(x->id, y->id);
}

static bool fits(const struct trip *t, const struct db_trip_filter *f)
{
	return (!f->vehicle || strcmp(t->vehicle, f->vehicle) == 0) &&
	       (!f->from.ms || t->departs.ms >= f->from.ms) &&
	       (!f->to.ms || t->departs.ms < f->to.ms);
}

static void list_planned(struct ask *k, const struct db_trip_filter *f)
{
	const struct core *c = k->api->core;
	const struct trip *all = trips_all(trips_of(k));
	size_t room = HASH_COUNT(all) + 1;
	struct api_trip_list list = {.at = clock_wall()};

	list.trips.items = arena_alloc(k->arena, room * sizeof *list.trips.items);
	if (!list.trips.items) {
		ask_problem(k, 503, NULL, "no memory for the list");
		return;
	}
	for (const struct trip *t = all; t; t = t->hh.next)
		if (fits(t, f))
			view_planned(c, t, k->arena, &list.trips.items[list.trips.count++]);
	qsort(list.trips.items, list.trips.count, sizeof *list.trips.items, compare);
	if (list.trips.count > (size_t)f->limit)
		list.trips.count = (size_t)f->limit;
	ask_reply(k, 200, &api_trip_list_type, &list);
}

struct over {
	struct db_trip_filter filter;
	struct db_trip_list trips;
	bool failed;
};

static void read_over(struct db_reader *r, struct ask *k)
{
	struct over *o = k->state;

	o->failed = db_query_trips_over(r, &o->filter, k->arena, &o->trips) != 0;
}

static void view_over(const struct db_trip *t, struct arena *a, struct api_trip_view *out)
{
	struct schema_error err;
	const struct depot_trip *row =
		schema_decode(&depot_trip_type, t->row, strlen(t->row), a, &err);

	*out = (struct api_trip_view){
		.id = t->id,
		.vehicle = t->vehicle,
		.shift = row ? row->shift : NULL,
		.departs = t->departs,
		.returns = t->returns,
		.distance_km = row ? row->distance_km : 0,
		.payload_kg = row ? row->payload_kg : 0,
		.temperature_c = row && row->has_temperature_c ? row->temperature_c : 0,
		.heated = row && row->heated,
		.note = row ? row->note : NULL,
		.source = t->source,
		.planned_by = t->actor,
		.planned_at = t->at,
		.state = "over",
		.expected_kwh = t->expected_kwh,
		.spread_kwh = t->spread_kwh,
		.has_left = true,
		.left = t->left,
		.has_came = true,
		.came = t->came,
		.has_km = t->has_km,
		.km = t->km,
		.has_kwh = t->has_kwh,
		.kwh = t->kwh,
		.has_learnt = true,
		.learnt = t->learnt,
		.measured = t->measured,
	};
	if (t->has_temperature_c)
		out->temperature_c = t->temperature_c;
}

static void reply_over(struct ask *k)
{
	const struct over *o = k->state;
	struct api_trip_list list = {.at = clock_wall()};

	list.trips.items = arena_alloc(k->arena, (o->trips.count + 1) * sizeof *list.trips.items);
	if (o->failed || !list.trips.items) {
		ask_problem(k, 503, NULL, "the store's trips cannot be read now: try again");
		return;
	}
	for (size_t i = 0; i < o->trips.count; i++)
		view_over(&o->trips.items[i], k->arena, &list.trips.items[list.trips.count++]);
	ask_reply(k, 200, &api_trip_list_type, &list);
}

void trips_list(struct ask *k)
{
	const char *state = ask_query(k, "state");
	struct over *o = arena_alloc(k->arena, sizeof *o);
	int64_t limit = 1000;

	if (!o) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	o->filter.vehicle = ask_query(k, "vehicle");
	if (!ask_time(k, "from", &o->filter.from) || !ask_time(k, "to", &o->filter.to) ||
		!ask_int(k, "limit", 1, 10000, &limit))
		return;
	o->filter.limit = (int)limit;
	if (state && strcmp(state, "over") == 0) {
		k->state = o;
		ask_read(k, read_over, reply_over);
	} else if (state && strcmp(state, "planned") != 0) {
		ask_problem(k, 400, "state", "state: must be planned or over");
	} else {
		list_planned(k, &o->filter);
	}
}

void consumption_list(struct ask *k)
{
	const struct trips_model *all = trips_models(trips_of(k));
	struct api_consumption_list list = {0};

	list.classes.items =
		arena_alloc(k->arena, ((size_t)HASH_COUNT(all) + 1) * sizeof *list.classes.items);
	if (!list.classes.items) {
		ask_problem(k, 503, NULL, "no memory for the list");
		return;
	}
	for (const struct trips_model *x = all; x; x = x->hh.next) {
		const struct consumption_model *m = &x->model;
		double noise = m->b / (m->a - 1);

		list.classes.items[list.classes.count++] = (struct api_consumption_view){
			.class = x->class,
			.trips = m->trips,
			.km_kwh = m->mean[0],
			.tonne_km_kwh = m->mean[1],
			.heat_k_h_kwh = m->mean[2],
			.cool_k_h_kwh = m->mean[3],
			.cold_km_k_kwh = m->mean[4],
			.km_spread_kwh = sqrt(m->cov[0][0] * noise),
			.noise_pct = sqrt(noise) * 100,
		};
	}
	ask_reply(k, 200, &api_consumption_list_type, &list);
}

/* -- changing --------------------------------------------------------------------------------- */

void trip_put_row(struct ask *k)
{
	const struct depot_trip *row = k->body;
	struct trips_fault f;

	if (strcmp(row->id, k->match.param[0]) != 0) {
		ask_problem(k, 400, "id", "id: is %.60s, but the path says %.60s", row->id,
			k->match.param[0]);
		return;
	}
	if (trips_check(trips_of(k), row, 1, &f)) {
		ask_problem(k, 422, f.member, "%s%s%s", f.member ? f.member : "",
			f.member ? ": " : "", f.text);
		return;
	}
	if (!replay_begin(k->api->replay, k))
		return;
	ask_hold(k);
	if (trips_put(trips_of(k), row, 1, "api", k->who.actor, ask_changed, k) < 0)
		ask_problem(k, 503, NULL, "no memory for the trip");
}

void trip_delete(struct ask *k)
{
	const struct trip *t = trips_find(trips_of(k), k->match.param[0]);

	if (!t) {
		ask_problem(k, 404, NULL,
			"there is no trip \"%.60s\" that is not over; GET /api/v1/trips lists them",
			k->match.param[0]);
		return;
	}
	if (!replay_begin(k->api->replay, k))
		return;
	ask_hold(k);
	if (trips_remove(trips_of(k), t->id, k->who.actor, ask_changed, k) < 0)
		ask_problem(k, 503, NULL, "no memory");
}
