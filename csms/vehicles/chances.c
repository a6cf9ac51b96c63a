#include "csms/vehicles/chances.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/log.h"
#include "csms/plan/plan_sim.h"
#include "csms/power/control.h"
#include "csms/record.h"
#include "csms/vehicles/trips.h"
#include "csms/vehicles/vehicles.h"
#include "db/query_access.h"
#include "db/query_chance.h"
#include "db/query_log.h"

#define MINUTE_MS   INT64_C(60000)
#define LOOK_MS     15000
#define TELL_MS     (5 * MINUTE_MS) /* from one simulation to the next */
#define SETTLE_MS   MINUTE_MS /* chargers tell the state of charge a moment after plugging in */
#define AHEAD_MS    (18 * 60 * MINUTE_MS) /* later departures are told of later */
#define LEAST_MS    (10 * MINUTE_MS) /* … and nearer ones not at all */
#define BEFORE_MS   (120 * MINUTE_MS)
#define EARLY_MS    (30 * MINUTE_MS) /* who leaves sooner did not leave for this departure */
#define UNSEEN_MS   (2 * MINUTE_MS) /* we looked no later than that, or did not see it */
#define KEPT_MS     (14 * 24 * 60 * MINUTE_MS) /* older ones are not taken up again at a start */
#define SOC_AGE_S   900 /* as plans take it (csms/plan/planner_job.c) */
#define SOC_DAY_S   86400
#define EFFICIENCY  0.9
#define CHANGED_PCT 2 /* of the battery: what it needs is not what was told of */

enum { MOMENTS = 2 };

/* What was in the battery, held against what the vehicle needs. */
struct holding_of {
	bool is_known;
	int64_t missing_wh, slack_wh;
	const char *source; /* or why it is not known */
};

/* One that something was told of and that has not ended. One a vehicle. */
struct departure {
	char vehicle[61];
	wall_t at;
	int64_t target_wh;
	bool told[MOMENTS];
	wall_t left; /* ms 0: it is here, or was when we looked last; else: */
	struct holding_of with;
	UT_hash_handle hh;
};

struct chances {
	struct core *core;
	struct departure *open; /* uthash by vehicle */
	struct timer look;
	struct telling *telling; /* under way */
	mono_t told; /* when the last one began; us 0: none yet */
};

/* -- how it ended ----------------------------------------------------------------------------- */

static double taken_wh(const struct core *c, const struct vehicle *v, const struct transaction *t)
{
	double wh =
		t->meter_wh.at.ms && t->begin_wh.at.ms ? t->meter_wh.value - t->begin_wh.value : 0;

	return (wh > 0 ? wh : 0) + trips_carried_wh(c, v);
}

/* Chargers tell whole per cents. */
static struct holding_of measure(const struct core *c, const struct departure *d,
	const struct vehicle *v, const struct evse *e, wall_t now)
{
	struct holding_of out = {.slack_wh = READINESS_SLACK_WH + v->battery_wh / 100};
	struct trip_need need;
	struct vehicle_charge is;

	trips_need(c, v, now, &need);
	if (llabs(need.target_wh - d->target_wh) * 100 > v->battery_wh * CHANGED_PCT) {
		out.source = "what it needs was changed";
		return out;
	}
	is = vehicle_charge_of(c, e, v,
		v->battery_wh > 0 ? 100.0 * (double)need.target_wh / (double)v->battery_wh : 0,
		now);
	out.source = is.by == CHARGE_BY_FULL ? "the vehicle: it takes no more" : is.source;
	out.is_known = true;
	if (is.by == CHARGE_BY_FULL) {
		out.missing_wh = 0;
	} else if (out.source) {
		out.missing_wh = need.target_wh - (int64_t)((double)v->battery_wh * is.pct / 100);
	} else if (v->need_wh >= 0 && e->tx.meter_wh.at.ms && e->tx.begin_wh.at.ms) {
		out.source = "register";
		out.missing_wh = v->need_wh - (int64_t)(taken_wh(c, v, &e->tx) * EFFICIENCY);
	} else {
		out.is_known = false;
		out.source = "nobody told its state of charge";
	}
	if (out.missing_wh < 0)
		out.missing_wh = 0;
	return out;
}

static void conclude(struct chances *s, struct departure *d, const struct holding_of *with)
{
	struct arena *a = record_arena(s->core);
	struct event_chance_met *e = a ? arena_alloc(a, sizeof *e) : NULL;
	bool ready = with->is_known && with->missing_wh <= with->slack_wh;

	if (e) {
		*e = (struct event_chance_met){.departs_at = d->at,
			.has_ready = with->is_known,
			.ready = ready,
			.has_missing_wh = with->is_known,
			.missing_wh = with->missing_wh,
			.source = with->is_known ? arena_strdup(a, with->source) : NULL};
		e->reason = !with->is_known ? with->source
			    : ready         ? "it had what it needs"
					    : arena_printf(a, "%.1f kWh were missing",
						      (double)with->missing_wh / 1000);
		record_now(s->core, EVENT_CHANCE_MET, "vehicle", arena_strdup(a, d->vehicle), e,
			"depotd", NULL);
	}
	HASH_DEL(s->open, d);
	free(d);
}

static void conclude_unknown(struct chances *s, struct departure *d, const char *why)
{
	conclude(s, d, &(struct holding_of){.source = why});
}

static void look_away(struct chances *s, struct departure *d, const struct vehicle *v, wall_t now,
	int64_t moved_ms)
{
	int64_t gone_ms = wall_diff_ms(now, d->left);
	bool is_early = d->left.ms < d->at.ms - EARLY_MS;

	if (v->evse && gone_ms > moved_ms + LOOK_MS)
		conclude_unknown(s, d, "it was away in between");
	else if (v->evse)
		d->left.ms = 0; /* it was moved from bay to bay */
	else if (is_early && now.ms >= d->at.ms)
		conclude_unknown(s, d, "it left before its time");
	else if (!is_early && gone_ms > moved_ms)
		conclude(s, d, &d->with);
}

static void look_here(struct chances *s, struct departure *d, const struct vehicle *v, wall_t now)
{
	const struct control_plan_row *row =
		v->evse ? control_plan_row(s->core->control, v->evse) : NULL;
	struct holding_of with;

	if (!v->evse || now.ms > d->at.ms + UNSEEN_MS) {
		conclude_unknown(s, d, "it was not seen to leave");
	} else if (now.ms >= d->at.ms) {
		with = measure(s->core, d, v, v->evse, now);
		conclude(s, d, &with);
	} else if (row && row->departs_at.ms != d->at.ms) {
		conclude_unknown(s, d, "its departure was changed");
	}
}

static void look_at(struct chances *s, struct departure *d, wall_t now)
{
	const struct vehicle *v = fleet_vehicle(&s->core->fleet, d->vehicle);

	if (!v)
		conclude_unknown(s, d, "it is no vehicle of this depot any more");
	else if (d->left.ms)
		look_away(s, d, v, now, s->core->config->trips->moved_s * 1000);
	else
		look_here(s, d, v, now);
}

void chances_left(struct core *c, const struct vehicle *v, const struct evse *e)
{
	struct departure *d = NULL;

	if (c->chances)
		HASH_FIND_STR(c->chances->open, v->id, d);
	if (!d || d->left.ms)
		return;
	d->left = e->tx.ended.ms ? e->tx.ended : clock_wall();
	d->with = measure(c, d, v, e, d->left);
}

/* -- telling ---------------------------------------------------------------------------------- */

struct told {
	char vehicle[61];
	wall_t departs;
	enum event_chance_moment moment;
	int64_t chance_pm; /* -1: the newest plan does not know it so */
};

struct telling {
	struct chances *owner; /* NULL: gone meanwhile */
	struct arena *arena;
	double failures_per_day;
	struct told *items;
	size_t count;
	int samples;
	const char *plan;
	char why[200]; /* "": it was simulated */
};

/* Reader's thread. */
static void note(struct telling *t, const struct plan_record *rec, const struct plan_sim *sim)
{
	const struct event_plan_snapshot *s = rec->snapshot;

	t->samples = sim->in.samples;
	for (size_t i = 0; i < t->count; i++)
		for (size_t k = 0; k < s->vehicles.count; k++) {
			const struct event_plan_snapshot_vehicle *v = &s->vehicles.items[k];

			if (v->has_departs && v->departs.ms == t->items[i].departs.ms &&
				strcmp(v->id, t->items[i].vehicle) == 0)
				t->items[i].chance_pm = INT64_C(1000) * sim->met[k] / t->samples;
		}
}

static void simulate(struct db_reader *r, void *arg)
{
	struct telling *t = arg;
	struct db_plan_list plans;
	struct db_journal_event *row = NULL;
	const struct event_plan_made *e;
	struct schema_error err;
	struct plan_record rec;
	struct plan_sim sim;
	int type;

	snprintf(t->why, sizeof t->why, "the newest plan cannot be read");
	if (db_query_plans(r, 1, t->arena, &plans) || plans.count == 0 ||
		db_query_event(r, plans.items[0].seq, t->arena, &row) || !row)
		return;
	e = db_event_decode(row, t->arena, &type, &err);
	if (!e || plan_record_read(e, t->arena, &rec, t->why) ||
		plan_sim_run(&rec, t->failures_per_day, t->arena, &sim, t->why))
		return;
	t->plan = plans.items[0].id;
	note(t, &rec, &sim);
	plan_sim_finish(&sim);
	t->why[0] = '\0';
}

static struct departure *open_one(struct chances *s, const char *vehicle, wall_t at)
{
	struct departure *d;

	HASH_FIND_STR(s->open, vehicle, d);
	if (d)
		return d->at.ms == at.ms ? d : NULL; /* the other has to end first */
	d = calloc(1, sizeof *d);
	if (!d)
		return NULL;
	snprintf(d->vehicle, sizeof d->vehicle, "%s", vehicle);
	d->at = at;
	HASH_ADD_STR(s->open, vehicle, d);
	return d;
}

static void tell(struct chances *s, const struct telling *t, const struct told *x)
{
	const struct vehicle *v = fleet_vehicle(&s->core->fleet, x->vehicle);
	struct departure *d = v && v->evse ? open_one(s, x->vehicle, x->departs) : NULL;
	struct arena *a = d ? record_arena(s->core) : NULL;
	struct event_chance_told *e = a ? arena_alloc(a, sizeof *e) : NULL;
	struct trip_need need;

	if (!e)
		return;
	trips_need(s->core, v, clock_wall(), &need);
	if (!d->told[EVENT_CHANCE_MOMENT_PLUGGED_IN])
		d->target_wh = need.target_wh;
	d->told[x->moment] = true;
	*e = (struct event_chance_told){.departs_at = x->departs,
		.moment = x->moment,
		.chance_pm = x->chance_pm,
		.samples = t->samples,
		.model = READINESS_MODEL,
		.plan = arena_strdup(a, t->plan),
		.target_wh = need.target_wh};
	record_now(s->core, EVENT_CHANCE_TOLD, "vehicle", arena_strdup(a, x->vehicle), e, "depotd",
		NULL);
}

static void told(void *arg)
{
	struct telling *t = arg;

	if (t->owner && t->why[0])
		log_error("chances could not be told: %s", t->why);
	for (size_t i = 0; t->owner && !t->why[0] && i < t->count; i++)
		if (t->items[i].chance_pm >= 0)
			tell(t->owner, t, &t->items[i]);
	if (t->owner)
		t->owner->telling = NULL;
	arena_destroy(t->arena);
	free(t);
}

/* Is there something to be told of it now? */
static bool is_due(const struct chances *s, const struct control_plan *p, const struct vehicle *v,
	wall_t now, struct told *out)
{
	const struct control_plan_row *row =
		v->evse ? control_plan_row(s->core->control, v->evse) : NULL;
	int64_t left_ms = row ? wall_diff_ms(row->departs_at, now) : 0;
	const struct departure *d;

	if (!row || left_ms < LEAST_MS || left_ms > AHEAD_MS ||
		wall_diff_ms(p->made_at, v->evse->tx.started) < SETTLE_MS)
		return false;
	HASH_FIND_STR(s->open, v->id, d);
	*out = (struct told){.departs = row->departs_at,
		.moment = left_ms <= BEFORE_MS ? EVENT_CHANCE_MOMENT_BEFORE
					       : EVENT_CHANCE_MOMENT_PLUGGED_IN,
		.chance_pm = -1};
	snprintf(out->vehicle, sizeof out->vehicle, "%s", v->id);
	return !d || !d->told[out->moment];
}

static void collect(
	const struct chances *s, const struct control_plan *p, wall_t now, struct telling *t)
{
	for (const struct vehicle *v = s->core->fleet.vehicles; v; v = v->hh.next)
		t->count += is_due(s, p, v, now, &t->items[t->count]);
}

static void start_telling(struct chances *s, wall_t now)
{
	const struct control_plan *p = control_plan(s->core->control);
	struct telling *t = p ? calloc(1, sizeof *t) : NULL;
	size_t most = HASH_COUNT(s->core->fleet.vehicles) + 1; /* is_due() writes one ahead */

	if (!t)
		return;
	t->arena = arena_create(0);
	t->items = t->arena ? arena_alloc(t->arena, most * sizeof *t->items) : NULL;
	if (t->items)
		collect(s, p, now, t);
	if (t->count == 0) {
		arena_destroy(t->arena);
		free(t);
		return;
	}
	t->owner = s;
	t->failures_per_day = s->core->config->trips->charger_failures_per_day;
	s->telling = t;
	s->told = clock_mono();
	if (db_read(s->core->db, simulate, told, t) < 0) {
		snprintf(t->why, sizeof t->why, "the store has too much to read");
		told(t);
	}
}

/* -- life ------------------------------------------------------------------------------------- */

static void on_look(void *arg)
{
	struct chances *s = arg;
	struct departure *d, *next;
	wall_t now = clock_wall();

	HASH_ITER (hh, s->open, d, next)
		look_at(s, d, now);
	if (!s->telling && s->core->control &&
		(!s->told.us || mono_diff_ms(clock_mono(), s->told) >= TELL_MS))
		start_telling(s, now);
	timer_start(s->core->timers, &s->look, LOOK_MS, on_look, s);
}

struct restoring {
	struct arena *arena;
	struct db_chance_list list;
	bool failed;
};

static void read_store(struct db_reader *r, void *arg)
{
	struct restoring *x = arg;

	x->failed = db_query_chances(r, wall_add_ms(clock_wall(), -KEPT_MS), READINESS_MODEL,
			    x->arena, &x->list) != 0;
}

/* Newest first: of each vehicle the latest departure; those before have been passed over. */
static void take_up(struct chances *s, const struct db_chance_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct db_chance *x = &list->items[i];
		struct departure *d = x->is_over ? NULL : open_one(s, x->vehicle, x->departs);
		bool is_before =
			strcmp(x->moment,
				event_chance_moment_enum.values[EVENT_CHANCE_MOMENT_BEFORE]) == 0;

		if (!d)
			continue;
		d->target_wh = x->target_wh;
		d->told[is_before ? EVENT_CHANCE_MOMENT_BEFORE : EVENT_CHANCE_MOMENT_PLUGGED_IN] =
			true;
	}
}

struct chances *chances_create(struct core *c, char why[400])
{
	struct chances *s = calloc(1, sizeof *s);
	struct restoring x = {.arena = arena_create(0)};

	if (!s || !x.arena || db_read_now(c->db, read_store, &x) || x.failed) {
		snprintf(why, 400,
			"what was told of departures cannot be read from the store; try `depotctl "
			"rebuild --check --data DIR`");
		arena_destroy(x.arena);
		free(s);
		return NULL;
	}
	s->core = c;
	take_up(s, &x.list);
	arena_destroy(x.arena);
	timer_start(c->timers, &s->look, LOOK_MS, on_look, s);
	c->chances = s;
	return s;
}

void chances_destroy(struct chances *s)
{
	struct departure *d, *next;

	if (!s)
		return;
	if (s->telling)
		s->telling->owner = NULL;
	timer_stop(s->core->timers, &s->look);
	HASH_ITER (hh, s->open, d, next) {
		HASH_DEL(s->open, d);
		free(d);
	}
	s->core->chances = NULL;
	free(s);
}
