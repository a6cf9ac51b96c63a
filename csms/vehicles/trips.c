#include "csms/vehicles/trips.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "csms/power/control.h"
#include "csms/log.h"
#include "csms/record.h"
#include "csms/stored.h"
#include "csms/vehicles/trips_private.h"
#include "db/query.h"

#define AHEAD_MS (400 * INT64_C(86400000)) /* a trip leaves no later than that from now */
#define LONG_MS  (14 * INT64_C(86400000)) /* … and is back after this at the latest */
#define PAST_MS  INT64_C(86400000) /* one that should have been back by then is of no use */

#define HABIT_MS   (56 * INT64_C(86400000)) /* arrivals of eight weeks make a habit */
#define HABIT_ROWS 10000

#define MILD_C 15 /* outside, where nobody said */

/* -- what is held ----------------------------------------------------------------------------- */

struct duty *trips_duty(const struct trips *s, const char *vehicle)
{
	struct duty *d = NULL;

	if (s)
		HASH_FIND_STR(s->duties, vehicle, d);
	return d;
}

struct duty *trips_duty_make(struct trips *s, const char *vehicle)
{
	struct duty *d = trips_duty(s, vehicle);

	if (d)
		return d;
	d = calloc(1, sizeof *d);
	if (!d)
		return NULL;
	snprintf(d->id, sizeof d->id, "%s", vehicle);
	HASH_ADD_STR(s->duties, id, d);
	return d;
}

static void free_trip(struct trip *t)
{
	free((char *)(uintptr_t)t->id); /* all its texts are one piece */
	free(t);
}

void trips_drop(struct trips *s, struct trip *t)
{
	struct duty *d = trips_duty(s, t->vehicle);

	HASH_DEL(s->by_id, t);
	DL_DELETE(d->trips, t);
	free_trip(t);
}

/* Copies the texts into one piece of memory that the first of them points at. */
static int own_texts(const char **text[], size_t count)
{
	size_t room = 0;
	char *p;

	for (size_t i = 0; i < count; i++)
		room += *text[i] ? strlen(*text[i]) + 1 : 0;
	p = malloc(room + 1);
	if (!p)
		return -1;
	for (size_t i = 0; i < count; i++) {
		size_t len = *text[i] ? strlen(*text[i]) + 1 : 0;

		if (!len)
			continue;
		memcpy(p, *text[i], len);
		*text[i] = p;
		p += len;
	}
	return 0;
}

static int compare(struct trip *a, struct trip *b)
{
	return a->departs.ms < b->departs.ms ? -1 : a->departs.ms > b->departs.ms;
}

/* In the place of the one of its id. -1: no memory. */
static int hold(struct trips *s, const struct depot_trip *row, const char *source,
	const char *actor, wall_t at)
{
	struct trip *t = calloc(1, sizeof *t), *old = trips_find(s, row->id);
	struct duty *d = trips_duty_make(s, row->vehicle);

	if (!t || !d) {
		free(t);
		return -1;
	}
	*t = (struct trip){
		.id = row->id,
		.vehicle = row->vehicle,
		.shift = row->shift,
		.note = row->note,
		.source = source,
		.actor = actor,
		.departs = row->departs,
		.returns = row->returns,
		.at = at,
		.way = {row->distance_km, row->payload_kg,
			(double)wall_diff_ms(row->returns, row->departs) / 3600000,
			row->has_temperature_c ? row->temperature_c : MILD_C, row->heated},
		.need_kwh = row->has_need_kwh ? row->need_kwh : 0,
	};
	if (own_texts((const char **[]){&t->id, &t->vehicle, &t->shift, &t->note, &t->source,
			      &t->actor},
		    6)) {
		free(t);
		return -1;
	}
	if (old)
		trips_drop(s, old);
	HASH_ADD_KEYPTR(hh, s->by_id, t->id, strlen(t->id), t);
	DL_INSERT_INORDER(d->trips, t, compare);
	return 0;
}

struct trip *trips_find(const struct trips *s, const char *id)
{
	struct trip *t;

	HASH_FIND_STR(s->by_id, id, t);
	return t;
}

const struct trip *trips_all(const struct trips *s)
{
	return s->by_id;
}

const struct trips_model *trips_models(const struct trips *s)
{
	return s->models;
}

struct trips_model *trips_model_make(struct trips *s, const char *class)
{
	struct trips_model *m;

	HASH_FIND_STR(s->models, class, m);
	if (m)
		return m;
	m = calloc(1, sizeof *m);
	if (!m)
		return NULL;
	snprintf(m->class, sizeof m->class, "%s", class);
	HASH_ADD_STR(s->models, class, m);
	return m;
}

/* -- judging ---------------------------------------------------------------------------------- */

static int fault(struct trips_fault *out, size_t row, const char *member, const char *text)
{
	out->row = (int)row;
	out->member = member;
	snprintf(out->text, sizeof out->text, "%s", text);
	return -1;
}

static int check_row(
	const struct trips *s, const struct depot_trip *r, size_t i, struct trips_fault *out)
{
	int64_t now = clock_wall().ms;

	if (!fleet_vehicle(&s->core->fleet, r->vehicle))
		return fault(out, i, "vehicle", "there is no such vehicle");
	if (r->returns.ms <= r->departs.ms)
		return fault(out, i, "returns", "must be after it departs");
	if (r->returns.ms > r->departs.ms + LONG_MS)
		return fault(out, i, "returns", "must be within 14 days after it departs");
	if (r->departs.ms > now + AHEAD_MS)
		return fault(out, i, "departs", "must be within the next 400 days");
	if (r->returns.ms < now - PAST_MS)
		return fault(out, i, "returns", "is over for more than a day");
	if (r->distance_km <= 0)
		return fault(out, i, "distance_km", "must be above 0");
	if (r->has_need_kwh && r->need_kwh <= 0)
		return fault(out, i, "need_kwh", "must be above 0");
	return 0;
}

struct span {
	const char *vehicle, *id;
	int64_t from, to;
	size_t row;
	bool is_new;
};

static int compare_spans(const void *a, const void *b)
{
	const struct span *x = a, *y = b;
	int vehicles = strcmp(x->vehicle, y->vehicle);

	if (vehicles)
		return vehicles;
	return x->from < y->from ? -1 : x->from > y->from;
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(((const struct span *)a)->id, ((const struct span *)b)->id);
}

static int check_ids(struct span *spans, size_t count, struct trips_fault *out)
{
	qsort(spans, count, sizeof *spans, compare_ids);
	for (size_t i = 1; i < count; i++)
		if (strcmp(spans[i].id, spans[i - 1].id) == 0)
			return fault(out,
				spans[i].row > spans[i - 1].row ? spans[i].row : spans[i - 1].row,
				"id", "another row has the same id");
	return 0;
}

/* A vehicle drives one trip at a time: `spans` has the new ones at its begin, then those of the same
 * vehicles that stay. */
static int check_spans(struct span *spans, size_t count, struct trips_fault *out)
{
	qsort(spans, count, sizeof *spans, compare_spans);
	for (size_t i = 1; i < count; i++) {
		const struct span *a = &spans[i - 1], *b = &spans[i];
		const struct span *mine = b->is_new ? b : a, *other = b->is_new ? a : b;

		if (strcmp(a->vehicle, b->vehicle) || b->from >= a->to || !mine->is_new)
			continue;
		out->row = (int)mine->row;
		out->member = "departs";
		snprintf(out->text, sizeof out->text, "%.60s drives trip %.60s then", mine->vehicle,
			other->id);
		return -1;
	}
	return 0;
}

static size_t count_kept(const struct trips *s, const struct depot_trip *rows, size_t count)
{
	size_t n = 0;
	const struct trip *t;

	for (size_t i = 0; i < count; i++) {
		const struct duty *d = trips_duty(s, rows[i].vehicle);

		if (d)
			DL_COUNT(d->trips, t, n);
	}
	return n;
}

static void add_kept(
	const struct trips *s, const struct span *new, size_t count, struct span *spans, size_t *n)
{
	const char *last = "";

	for (size_t i = 0; i < count; i++) { /* sorted by vehicle */
		const struct duty *d = trips_duty(s, new[i].vehicle);
		const struct trip *t;

		if (!d || strcmp(new[i].vehicle, last) == 0)
			continue;
		last = new[i].vehicle;
		DL_FOREACH (d->trips, t)
			spans[(*n)++] = (struct span){
				t->vehicle, t->id, t->departs.ms, t->returns.ms, 0, false};
	}
}

static bool is_replaced(const struct span *ids, size_t count, const struct span *k)
{
	return bsearch(k, ids, count, sizeof *ids, compare_ids) != NULL;
}

static int check_all(const struct trips *s, const struct depot_trip *rows, size_t count,
	struct span *ids, struct span *spans, struct trips_fault *out)
{
	size_t n, kept = count;

	for (size_t i = 0; i < count; i++)
		ids[i] = (struct span){rows[i].vehicle, rows[i].id, rows[i].departs.ms,
			rows[i].returns.ms, i, true};
	if (check_ids(ids, count, out))
		return -1;
	memcpy(spans, ids, count * sizeof *ids);
	qsort(spans, count, sizeof *spans, compare_spans);
	add_kept(s, spans, count, spans + count, &(size_t){0});
	n = 0;
	add_kept(s, spans, count, spans + count, &n);
	for (size_t i = count; i < count + n; i++)
		if (!is_replaced(ids, count, &spans[i]))
			spans[kept++] = spans[i];
	if ((size_t)HASH_COUNT(s->by_id) + count > TRIPS_MAX)
		return fault(out, 0, NULL, "there are too many trips that are not over");
	return check_spans(spans, kept, out);
}

int trips_check(
	const struct trips *s, const struct depot_trip *rows, size_t count, struct trips_fault *out)
{
	size_t room = count + count_kept(s, rows, count) + 1;
	struct span *ids, *spans;
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++)
		rc = check_row(s, &rows[i], i, out);
	if (rc)
		return rc;
	ids = calloc(count + 1, sizeof *ids);
	spans = calloc(room, sizeof *spans);
	rc = ids && spans ? check_all(s, rows, count, ids, spans, out)
			  : fault(out, 0, NULL, "out of memory");
	free(ids);
	free(spans);
	return rc;
}

/* -- changing --------------------------------------------------------------------------------- */

/* A change between its journal entry and its coming into force. */
struct trips_change {
	struct trips *trips;
	struct arena *arena;
	struct depot_trip *rows;
	size_t count;
	const char *removed; /* NULL: rows are put */
	const char *source, *actor;
	trip_done done;
	void *arg;
};

static void plan_anew(struct trips *s, const char *vehicle)
{
	const struct vehicle *v = fleet_vehicle(&s->core->fleet, vehicle);

	if (v)
		control_evse_changed(s->core->control, v->evse, "trips changed");
	if (v)
		fleet_touch_vehicle(&s->core->fleet, (struct vehicle *)(uintptr_t)v);
}

static void in_force(void *arg, int status, const char *why)
{
	struct trips_change *x = arg;
	struct trip *t = status == 0 && x->removed ? trips_find(x->trips, x->removed) : NULL;
	wall_t now = clock_wall();

	if (t) {
		struct duty *d = trips_duty(x->trips, t->vehicle);

		trips_drop(x->trips, t);
		plan_anew(x->trips, d->id);
	}
	for (size_t i = 0; status == 0 && i < x->count; i++) {
		if (hold(x->trips, &x->rows[i], x->source, x->actor, now)) {
			status = -1;
			why = "out of memory: the trips count from the next start on";
			break;
		}
		plan_anew(x->trips, x->rows[i].vehicle);
	}
	if (x->done)
		x->done(x->arg, status, why);
	arena_destroy(x->arena);
}

static bool equals(const struct trip *t, const struct depot_trip *r)
{
	return t && strcmp(t->vehicle, r->vehicle) == 0 && t->departs.ms == r->departs.ms &&
	       t->returns.ms == r->returns.ms &&
	       strcmp(t->shift ? t->shift : "", r->shift ? r->shift : "") == 0 &&
	       strcmp(t->note ? t->note : "", r->note ? r->note : "") == 0 &&
	       t->way.km == r->distance_km && t->way.payload_kg == r->payload_kg &&
	       t->way.outside_c == (r->has_temperature_c ? r->temperature_c : MILD_C) &&
	       t->way.is_heated == r->heated && t->need_kwh == (r->has_need_kwh ? r->need_kwh : 0);
}

static struct trips_change *change_create(
	struct trips *s, const char *source, const char *actor, trip_done done, void *arg)
{
	struct arena *a = arena_create(0);
	struct trips_change *x = a ? arena_alloc(a, sizeof *x) : NULL;

	if (!x) {
		arena_destroy(a);
		return NULL;
	}
	*x = (struct trips_change){.trips = s,
		.arena = a,
		.source = arena_strdup(a, source),
		.actor = arena_strdup(a, actor),
		.done = done,
		.arg = arg};
	return x;
}

/* In the turn's arena and in the change's own. */
static int journal_row(struct trips_change *x, const struct depot_trip *row)
{
	struct core *c = x->trips->core;
	struct arena *a = record_arena(c);
	struct event_trip_planned *e = a ? arena_alloc(a, sizeof *e) : NULL;
	struct depot_trip *own = &x->rows[x->count];
	struct schema_error err;
	struct text t;
	const void *copy;
	int rc = -1;

	text_init(&t, 0);
	if (e && schema_encode(&depot_trip_type, row, &t) == 0) {
		*e = (struct event_trip_planned){.vehicle = arena_strdup(a, row->vehicle),
			.departs = row->departs,
			.returns = row->returns,
			.row = arena_strdup(a, t.data),
			.source = x->source};
		e->source = arena_strdup(a, x->source);
		copy = schema_decode(&depot_trip_type, t.data, t.len, x->arena, &err);
		if (copy && e->row && e->vehicle) {
			memcpy(own, copy, sizeof *own);
			x->count++;
			record_now(c, EVENT_TRIP_PLANNED, "trip", own->id, e, x->actor, NULL);
			rc = 0;
		}
	}
	text_finish(&t);
	return rc;
}

int trips_count_changed(const struct trips *s, const struct depot_trip *rows, size_t count)
{
	int n = 0;

	for (size_t i = 0; i < count; i++)
		n += !equals(trips_find(s, rows[i].id), &rows[i]);
	return n;
}

int trips_put(struct trips *s, const struct depot_trip *rows, size_t count, const char *source,
	const char *actor, trip_done done, void *arg)
{
	struct trips_change *x = change_create(s, source, actor, done, arg);

	if (x)
		x->rows = arena_alloc(x->arena, (count + 1) * sizeof *x->rows);
	if (!x || !x->rows || !x->source || !x->actor) {
		arena_destroy(x ? x->arena : NULL);
		return -1;
	}
	for (size_t i = 0; i < count; i++)
		if (!equals(trips_find(s, rows[i].id), &rows[i]) && journal_row(x, &rows[i]))
			break; /* what stands in the journal counts, and nothing else */
	record_then(s->core, in_force, x);
	return 0;
}

int trips_remove(struct trips *s, const char *id, const char *actor, trip_done done, void *arg)
{
	struct arena *a = record_arena(s->core);
	struct event_trip_removed *e = a ? arena_alloc(a, sizeof *e) : NULL;
	struct trips_change *x = e ? change_create(s, "", actor, done, arg) : NULL;

	if (!x)
		return -1;
	x->removed = arena_strdup(x->arena, id);
	record_now(s->core, EVENT_TRIP_REMOVED, "trip", x->removed, e, x->actor, NULL);
	record_then(s->core, in_force, x);
	return 0;
}

void trips_vehicle_gone(struct trips *s, const char *vehicle, const char *actor)
{
	const struct duty *d = trips_duty(s, vehicle);
	const struct trip *t;

	if (!d)
		return;
	DL_FOREACH (d->trips, t)
		if (!t->is_settling)
			trips_remove(s, t->id, actor, NULL, NULL);
}

/* -- life ------------------------------------------------------------------------------------- */

struct reading_work {
	struct arena *arena;
	struct db_trip_list trips;
	struct db_consumption_list models;
	struct db_move_list moves;
	struct db_transaction_list past;
	bool failed;
};

static void read_store(struct db_reader *r, void *arg)
{
	struct reading_work *x = arg;

	const struct db_transaction_filter past = {
		.from = {clock_wall().ms - HABIT_MS}, .limit = HABIT_ROWS};

	x->failed = db_query_trips_planned(r, x->arena, &x->trips) ||
		    db_query_transactions(r, &past, x->arena, &x->past) ||
		    db_query_consumption(r, x->arena, &x->models) ||
		    db_query_moves(r, x->arena, &x->moves);
}

static int take_row(struct trips *s, const struct db_trip *row, struct arena *a)
{
	struct schema_error err;
	const struct depot_trip *t =
		schema_decode(&depot_trip_type, row->row, strlen(row->row), a, &err);

	return t ? hold(s, t, row->source, row->actor, row->at) : -1;
}

static int restore(struct trips *s, char why[400])
{
	struct reading_work x = {.arena = arena_create(0)};
	int rc = 0;

	if (!x.arena || db_read_now(s->core->db, read_store, &x) || x.failed) {
		stored_unreadable("trips", why);
		rc = -1;
	}
	for (size_t i = 0; rc == 0 && i < x.trips.count; i++)
		if (take_row(s, &x.trips.items[i], x.arena))
			log_error("trip %s of the store cannot be read, and does not count",
				x.trips.items[i].id);
	for (size_t i = 0; rc == 0 && i < x.models.count; i++)
		if (trips_model_take(s, &x.models.items[i]))
			log_error("what was learnt of %s cannot be read: it begins anew",
				x.models.items[i].class);
	if (rc == 0) {
		trips_habits_restore(s, &x.past);
		trips_bays_restore(s, &x.moves);
	}
	arena_destroy(x.arena);
	return rc;
}

struct trips *trips_create(struct core *c, char why[400])
{
	struct trips *s = calloc(1, sizeof *s);

	if (!s) {
		snprintf(why, 400, "out of memory");
		return NULL;
	}
	s->core = c;
	if (restore(s, why)) {
		trips_destroy(s);
		return NULL;
	}
	c->trips = s;
	trips_over_start(s);
	return s;
}

void trips_destroy(struct trips *s)
{
	struct trip *t, *next;
	struct duty *d, *dnext;
	struct trips_model *m, *mnext;

	if (!s)
		return;
	trips_over_forget(s);
	HASH_ITER (hh, s->by_id, t, next) {
		HASH_DEL(s->by_id, t);
		free_trip(t);
	}
	HASH_ITER (hh, s->duties, d, dnext) {
		HASH_DEL(s->duties, d);
		free(d);
	}
	HASH_ITER (hh, s->models, m, mnext) {
		HASH_DEL(s->models, m);
		free(m);
	}
	free(s);
}
