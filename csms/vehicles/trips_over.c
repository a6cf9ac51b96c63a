/* Trips that are over: when the vehicle left and came, what it took, and what that teaches. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "csms/log.h"
#include "csms/record.h"
#include "csms/vehicles/telematics.h"
#include "csms/vehicles/trips_private.h"
#include "csms/vehicles/vehicles.h"
#include "db/query_fleet.h"

#define LOOK_MS   15000
#define AT_ONCE   50
#define LATE_MS   (2 * INT64_C(3600000)) /* not seen to come back so long after it should have */
#define NEAR_MS   (30 * INT64_C(60000)) /* a state of charge that old is that of the moment */
#define SLACK_MS  (2 * INT64_C(60000)) /* clocks of vehicles and chargers differ */
#define READ_MS   (24 * INT64_C(3600000)) /* readings of so long before it left */
#define EARLY_MS  (2 * INT64_C(3600000)) /* it may leave so long before its time */
#define ROWS_MAX  10000
#define RISE_PCT  3 /* more than this while it is away: it was charged elsewhere */
#define LEAST_PCT 3 /* less cannot be told from rounding */

/* -- what its readings say -------------------------------------------------------------------- */

struct told {
	bool has;
	double value;
	wall_t at;
};

struct settling {
	char trip[61], vehicle[61];
	wall_t left, came;
	bool never_left, is_seen; /* is_seen: to come back */
	int64_t battery_wh;
	struct told left_soc, came_soc; /* as the chargers said */
	struct told km_left, km_came, soc_left, soc_came; /* as the vehicle said */
	double outside_c;
	int outside_count;
	bool rose;
};

struct settling_trips {
	struct trips *trips; /* NULL: gone meanwhile */
	struct arena *arena;
	int count;
	struct settling items[AT_ONCE];
	bool failed;
};

/* `newest first`: the first that is not later than `at`. */
static struct told before(const struct db_reading_list *l, wall_t at)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->items[i].at.ms <= at.ms)
			return (struct told){true, l->items[i].value, l->items[i].at};
	return (struct told){0};
}

static int read_quantity(struct db_reader *r, const struct settling *x, const char *quantity,
	struct arena *a, struct db_reading_list *out)
{
	const struct db_reading_filter f = {.vehicle = x->vehicle,
		.quantity = quantity,
		.from = wall_add_ms(x->left, -READ_MS),
		.to = wall_add_ms(x->came, SLACK_MS + 1),
		.limit = ROWS_MAX};

	return db_query_readings(r, &f, a, out);
}

/* Charge rose on the way, from one reading to the next of the same source. */
static bool has_risen(const struct db_reading_list *l, wall_t from)
{
	for (size_t i = 1; i < l->count && l->items[i].at.ms >= from.ms; i++)
		if (strcmp(l->items[i].source, l->items[i - 1].source) == 0 &&
			l->items[i - 1].value > l->items[i].value + RISE_PCT)
			return true;
	return false;
}

static bool read_one(struct db_reader *r, struct settling *x, struct arena *a)
{
	struct db_reading_list soc, km, outside;
	wall_t left = wall_add_ms(x->left, SLACK_MS);

	if (read_quantity(r, x, "soc_pct", a, &soc) || read_quantity(r, x, "odometer_km", a, &km) ||
		read_quantity(r, x, "ambient_c", a, &outside))
		return false;
	x->soc_left = before(&soc, left);
	x->km_left = before(&km, left);
	/* Charge and way of the same time: if the last were told a little before it was back, both miss
	 * the same part. */
	x->soc_came = before(&soc, wall_add_ms(x->came, SLACK_MS));
	x->km_came = before(&km, x->soc_came.has ? wall_add_ms(x->soc_came.at, SLACK_MS) : x->came);
	x->rose = has_risen(&soc, left);
	for (size_t i = 0; i < outside.count; i++)
		if (outside.items[i].at.ms >= x->left.ms) {
			x->outside_c += outside.items[i].value;
			x->outside_count++;
		}
	return true;
}

static void work(struct db_reader *r, void *arg)
{
	struct settling_trips *w = arg;

	for (int i = 0; i < w->count && !w->failed; i++)
		w->failed = !w->items[i].never_left && !read_one(r, &w->items[i], w->arena);
}

/* -- what it took ----------------------------------------------------------------------------- */

struct taken {
	bool has_km, has_kwh;
	double km, kwh, outside_c;
	const char *source; /* or what is missing */
};

static bool is_near(const struct told *t, wall_t at)
{
	return t->has && wall_diff_ms(at, t->at) <= NEAR_MS;
}

static void fill_km(const struct settling *x, struct taken *out)
{
	bool has = x->km_left.has && x->km_came.has && x->km_came.at.ms > x->left.ms;

	out->km = has ? x->km_came.value - x->km_left.value : 0;
	out->has_km = out->km > 0;
}

static void fill_kwh(const struct settling *x, struct taken *out)
{
	bool left_told = is_near(&x->soc_left, x->left), came_told = is_near(&x->soc_came, x->came);
	const struct told *left = left_told ? &x->soc_left : &x->left_soc;
	const struct told *came = came_told ? &x->soc_came : &x->came_soc;
	double pct = left->value - came->value;

	out->source = left_told && came_told   ? "telematics"
		      : left_told || came_told ? "telematics and charger"
					       : "charger";
	if (!left->has || !came->has)
		out->source = left->has ? "no state of charge when it came"
					: "no state of charge when it left";
	else if (x->rose)
		out->source = "charged on the way";
	else if (pct < LEAST_PCT)
		out->source = "took too little to be measured";
	else
		out->has_kwh = true;
	out->kwh = out->has_kwh ? pct / 100 * (double)x->battery_wh / 1000 : 0;
}

static void reckon(const struct settling *x, const struct trip *t, struct taken *out)
{
	*out = (struct taken){
		.outside_c = x->outside_count ? x->outside_c / x->outside_count : t->way.outside_c};
	if (x->never_left) {
		out->source = "it did not leave";
		return;
	}
	fill_km(x, out);
	fill_kwh(x, out);
	if (out->has_kwh && !out->has_km)
		out->source = "no odometer";
}

/* -- learning --------------------------------------------------------------------------------- */

static void put_model(const struct consumption_model *m, struct event_consumption_model *out,
	double room[2 * CONSUMPTION_TERMS + CONSUMPTION_TERMS * CONSUMPTION_TERMS +
		    CONSUMPTION_TERMS])
{
	double *mean = room, *prior = mean + CONSUMPTION_TERMS, *var = prior + CONSUMPTION_TERMS;
	double *cov = var + CONSUMPTION_TERMS;

	memcpy(mean, m->mean, sizeof m->mean);
	memcpy(prior, m->prior, sizeof m->prior);
	memcpy(var, m->prior_var, sizeof m->prior_var);
	memcpy(cov, m->cov, sizeof m->cov);
	*out = (struct event_consumption_model){
		.mean = {CONSUMPTION_TERMS, mean},
		.cov = {CONSUMPTION_TERMS * CONSUMPTION_TERMS, cov},
		.prior = {CONSUMPTION_TERMS, prior},
		.prior_var = {CONSUMPTION_TERMS, var},
		.a = m->a,
		.b = m->b,
		.trips = m->trips,
	};
}

int trips_model_take(struct trips *s, const struct db_consumption *row)
{
	struct arena *a = arena_create(0);
	struct schema_error err;
	const struct event_consumption_model *e =
		a ? schema_decode(
			    &event_consumption_model_type, row->model, strlen(row->model), a, &err)
		  : NULL;
	struct trips_model *m = e && e->a > 1 && e->b > 0 ? trips_model_make(s, row->class) : NULL;

	if (m) {
		memcpy(m->model.mean, e->mean.items, sizeof m->model.mean);
		memcpy(m->model.prior, e->prior.items, sizeof m->model.prior);
		memcpy(m->model.prior_var, e->prior_var.items, sizeof m->model.prior_var);
		memcpy(m->model.cov, e->cov.items, sizeof m->model.cov);
		m->model.a = e->a;
		m->model.b = e->b;
		m->model.trips = e->trips;
	}
	arena_destroy(a);
	return m ? 0 : -1;
}

static void journal_model(
	struct trips *s, const char *class, const struct consumption_model *m, const char *trip)
{
	struct arena *a = record_arena(s->core);
	struct event_consumption_learnt *e = a ? arena_alloc(a, sizeof *e) : NULL;
	double room[3 * CONSUMPTION_TERMS + CONSUMPTION_TERMS * CONSUMPTION_TERMS];
	struct event_consumption_model state;
	struct text t;

	if (!e)
		return;
	put_model(m, &state, room);
	text_init(&t, 0);
	if (schema_encode(&event_consumption_model_type, &state, &t) == 0) {
		e->class = arena_strdup(a, class);
		e->trip = arena_strdup(a, trip);
		e->model = arena_strdup(a, t.data);
		record_now(s->core, EVENT_CONSUMPTION_LEARNT, "consumption", e->class, e, "depotd",
			NULL);
	}
	text_finish(&t);
}

static bool learn(struct trips *s, const struct vehicle *v, const struct trip *t,
	const struct settling *x, const struct taken *got)
{
	struct consumption_trip way = t->way;
	struct consumption_model model;
	struct trips_model *m;
	char class[81];

	if (!got->has_km || !got->has_kwh)
		return false;
	way.km = got->km;
	way.outside_c = got->outside_c;
	way.hours = (double)wall_diff_ms(x->came, x->left) / 3600000;
	trips_model_of(s->core, v, &model);
	if (!consumption_learn(&model, &way, got->kwh))
		return false;
	m = trips_model_make(s, trips_class(v, class));
	if (!m)
		return false;
	journal_model(s, class, &model, t->id);
	m->model = model;
	return true;
}

static void finish_one(struct trips *s, const struct settling *x)
{
	struct trip *t = trips_find(s, x->trip);
	const struct vehicle *v = t ? fleet_vehicle(&s->core->fleet, t->vehicle) : NULL;
	struct arena *a = v ? record_arena(s->core) : NULL;
	struct event_trip_finished *e = a ? arena_alloc(a, sizeof *e) : NULL;
	struct consumption expected;
	struct taken got;
	char class[81];

	if (!t)
		return;
	t->is_settling = false;
	if (!e)
		return;
	reckon(x, t, &got);
	if (x->is_seen)
		trips_habit_add(&trips_duty(s, t->vehicle)->late,
			(double)wall_diff_ms(x->came, t->returns) / 1000);
	trips_predict(s->core, v, (const struct trip *const[]){t}, 1, &expected);
	*e = (struct event_trip_finished){
		.vehicle = arena_strdup(a, t->vehicle),
		.class = arena_strdup(a, trips_class(v, class)),
		.left = x->left,
		.came = x->came,
		.has_km = got.has_km,
		.km = got.km,
		.has_kwh = got.has_kwh,
		.kwh = got.kwh,
		.has_temperature_c = x->outside_count > 0,
		.temperature_c = got.outside_c,
		.expected_kwh = expected.kwh,
		.spread_kwh = consumption_spread(&expected),
		.learnt = learn(s, v, t, x, &got),
		.source = got.source,
	};
	record_now(s->core, EVENT_TRIP_FINISHED, "trip", arena_strdup(a, t->id), e, "depotd", NULL);
	trips_drop(s, t);
}

static void finish(void *arg)
{
	struct settling_trips *w = arg;
	struct trips *s = w->trips;

	if (w->failed)
		log_error("trips that are over cannot be looked at: the store cannot be read");
	for (int i = 0; s && i < w->count; i++) {
		struct trip *t = trips_find(s, w->items[i].trip);

		if (!w->failed)
			finish_one(s, &w->items[i]);
		else if (t)
			t->is_settling = false;
	}
	if (s)
		s->settling = NULL;
	arena_destroy(w->arena);
	free(w);
}

/* -- which are over --------------------------------------------------------------------------- */

static wall_t left_at(const struct duty *d, const struct trip *t)
{
	return d->left.ms > t->departs.ms - EARLY_MS && d->left.ms < t->returns.ms ? d->left
										   : t->departs;
}

/* Charge when it came as its charger knows it by now, less what it took since. */
static struct told charger_came(const struct vehicle *v)
{
	const struct evse *e = v->evse;

	if (!e || !e->soc_pct.at.ms || e->soc_pct.at.ms < e->tx.started.ms)
		return (struct told){0};
	return (struct told){true, e->soc_pct.value - vehicle_taken_pct(v), e->tx.started};
}

static bool is_over(const struct trips *s, const struct duty *d, const struct trip *t,
	const struct vehicle *v, struct settling *out)
{
	int64_t now = clock_wall().ms, settle = s->core->config->trips->settle_s * 1000;
	wall_t since = trips_since(d, v), left = left_at(d, t);
	int64_t away_ms = wall_diff_ms(since, left);
	/* A short while only: it stood somewhere else in the yard. */
	bool is_back = since.ms && away_ms * 4 >= wall_diff_ms(t->returns, t->departs) &&
		       (since.ms > t->departs.ms || left.ms < t->departs.ms);

	if (t->is_settling || t->departs.ms > now)
		return false;
	if (is_back ? now < since.ms + settle : now < t->returns.ms + LATE_MS)
		return false;
	*out = (struct settling){
		.left = left,
		.came = is_back ? since : t->returns,
		.never_left = !is_back && since.ms,
		.is_seen = is_back,
		.battery_wh = v->battery_wh,
		.left_soc = {d->left_soc_at.ms && left.ms == d->left.ms, d->left_soc_pct, d->left},
		.came_soc = is_back ? charger_came(v) : (struct told){0},
	};
	snprintf(out->trip, sizeof out->trip, "%s", t->id);
	snprintf(out->vehicle, sizeof out->vehicle, "%s", t->vehicle);
	return true;
}

/* A vehicle that was removed drives no trips. */
static void collect(struct trips *s, struct settling_trips *w)
{
	for (struct duty *d = s->duties; d && w->count < AT_ONCE; d = d->hh.next) {
		const struct vehicle *v = d->trips ? fleet_vehicle(&s->core->fleet, d->id) : NULL;
		struct trip *t = v ? d->trips : NULL;

		if (t && is_over(s, d, t, v, &w->items[w->count])) {
			t->is_settling = true;
			w->count++;
		}
	}
}

static void look(struct trips *s)
{
	struct settling_trips *w = s->settling || !s->by_id ? NULL : calloc(1, sizeof *w);

	if (!w || !(w->arena = arena_create(0))) {
		free(w);
		return;
	}
	w->trips = s;
	s->settling = w;
	collect(s, w);
	if (w->count == 0) {
		finish(w);
	} else if (db_read(s->core->db, work, finish, w) < 0) {
		w->failed = true;
		finish(w);
	}
}

static void on_look(void *arg)
{
	struct trips *s = arg;
	int64_t settle_ms = s->core->config->trips->settle_s * 1000;

	look(s);
	timer_start(s->core->timers, &s->look,
		settle_ms < 1000      ? 1000
		: settle_ms < LOOK_MS ? settle_ms
				      : LOOK_MS,
		on_look, s);
}

void trips_over_start(struct trips *s)
{
	timer_start(s->core->timers, &s->look, 1000, on_look, s);
}

void trips_over_forget(struct trips *s)
{
	if (s->settling)
		s->settling->trips = NULL;
	if (s->core && s->core->timers)
		timer_stop(s->core->timers, &s->look);
}
