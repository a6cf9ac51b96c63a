/*
 * What each EVSE goes by: the plan, the one that was approved, or the plain rule.
 *
 * By the mode of its node: automatic goes by the newest plan, assisted by the approved one (by the
 * plain rule where there is none), shadow by the plain rule. When no plan came within
 * control.plan_late_s all go by the plain rule, until one comes. A vehicle in assisted whose departure
 * is in danger takes what the newest plan gives it, approved or not, if that is more; others then have
 * no more than the newest plan gives them, so that there is room for it. The guard and its limits
 * stand below all of this.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/alarms.h"
#include "csms/plan/assisted.h"
#include "csms/power/control_private.h"
#include "csms/power/evse_phases.h"
#include "csms/log.h"
#include "csms/plan/planner.h"
#include "csms/plan/planner_job.h"
#include "csms/record.h"
#include "csms/plan/storage_plan.h"
#include "csms/vehicles/trips.h"
#include "scheduler/rule.h"

#define SHARE_EVERY_MS                                                                             \
	60000 /* the plain rule goes by what was free then; the guard by each second */
#define DANGER_PART 150 /* per cent: so much of the time that a vehicle needs at full power … */
#define DANGER_MS   1800000 /* … and half an hour: with less to its departure it is in danger */
#define STORED      0.9 /* of what is drawn */
#define SUBJECT     "planner"

/* -- a planner that is late ------------------------------------------------------------------- */

static void journal_late(struct control *k, mono_t asked, wall_t now)
{
	struct arena *a = record_arena(k->core);
	struct event_planner_late *e = a ? arena_alloc(a, sizeof *e) : NULL;

	if (!e)
		return;
	e->asked = wall_add_ms(now, -mono_diff_ms(clock_mono(), asked));
	e->deadline_s = k->core->config->control->plan_late_s;
	e->trigger = k->trigger[0] ? arena_strdup(a, k->trigger) : NULL;
	record_now(k->core, EVENT_PLANNER_LATE, "depot", k->core->depot->depot, e, "control", NULL);
}

static void journal_back(struct control *k)
{
	const struct control_plan *p = planner_plan(k->planner);
	struct arena *a = record_arena(k->core);
	struct event_planner_back *e = a ? arena_alloc(a, sizeof *e) : NULL;

	if (!e)
		return;
	e->late_s = mono_diff_ms(clock_mono(), k->late_since) / 1000;
	e->plan = arena_strdup(a, p ? p->id : "");
	record_now(k->core, EVENT_PLANNER_BACK, "depot", k->core->depot->depot, e, "control", NULL);
}

/* Its thread works in real time, also where depotd's runs faster. */
static void watch_planner(struct control *k, wall_t now)
{
	mono_t asked = planner_asked(k->planner);
	int64_t deadline_s = k->core->config->control->plan_late_s;
	double speed = clock_speed() > 1 ? clock_speed() : 1;
	bool is_late = asked.us && (double)mono_diff_ms(clock_mono(), asked) >
					   (double)deadline_s * 1000 * speed;

	if (is_late == k->is_late)
		return;
	k->is_late = is_late;
	k->shared.us = 0;
	if (is_late) {
		k->late_since = clock_mono();
		journal_late(k, asked, now);
		log_warn("planner: no plan within %lld s; the plain rule takes over",
			(long long)deadline_s);
		alarm_raise(k->core, ALARM_PLANNER_LATE, SUBJECT,
			"No plan came within %lld s: vehicles charge earliest departure first.",
			(long long)deadline_s);
	} else {
		journal_back(k);
		log_info("planner: plans come again");
		alarm_clear(k->core, ALARM_PLANNER_LATE, SUBJECT);
	}
}

/* -- the plain rule --------------------------------------------------------------------------- */

struct rule_room control_follow_no_limits(void)
{
	return (struct rule_room){.w = RULE_ROOM_MAX,
		.phase = {RULE_ROOM_MAX, RULE_ROOM_MAX, RULE_ROOM_MAX},
		.apart = RULE_ROOM_MAX};
}

/* What is on a phase besides vehicles is sure to be there only where it is measured. */
static void fill_phases(
	const struct control *k, int i, const struct guard_node_out *n, struct rule_room *out)
{
	const struct grid_node *own = grid_tree_node(k->tree, i);
	const struct grid_electric *el = &own->electric;
	const struct guard_node_in *in = &k->node_in[i];
	bool is_measured =
		in->has_phases && (in->quality == GUARD_FRESH || in->quality == GUARD_HELD);

	for (int p = 0; p < GRID_PHASES; p++) {
		const struct guard_channel_out *c = &n->phase[p];

		if (c->limit_w != GRID_NO_LIMIT)
			out->phase[p] = 6 * (c->limit_w - c->uncontrolled_w);
		out->high[p] = 6 * c->uncontrolled_w;
		out->low[p] = is_measured ? out->high[p] : 0;
	}
	if (el->imbalance_ma)
		out->apart = 6 * (int64_t)grid_usable_w(own,
					 (int32_t)((int64_t)el->imbalance_ma * el->volts / 1000));
}

/* What is held back at the EVSE itself until its meter has moved (csms/power/safety_untried.c) waits for the
 * EVSE to be wanted more: it is no room that the rule goes by. */
static bool is_held_back(const struct control *k, int i, const struct guard_node_out *n)
{
	return grid_tree_node(k->tree, i)->kind == GRID_EVSE && n->source == GRID_SOURCE_STALE_DATA;
}

void control_follow_room(struct control *k, const struct guard_report *r)
{
	for (int i = 0; i < k->nodes; i++) {
		const struct guard_node_out *n = &r->node[i];

		k->room[i] = control_follow_no_limits();
		if (n->limit_w != GRID_NO_LIMIT && !is_held_back(k, i, n))
			k->room[i].w = n->limit_w - n->uncontrolled_w;
		fill_phases(k, i, n, &k->room[i]);
	}
}

static bool is_ruled(const struct control_order *o)
{
	return o->by >= CONTROL_BY_SHADOW;
}

static int32_t least_w(const struct evse *e)
{
	const struct vehicle *v = e->tx.vehicle;

	return (int32_t)(v && v->min_w > e->min_w ? v->min_w : e->min_w);
}

/* It says that it takes no more, nothing else is known of it, and it is time to ask again. */
static bool is_asked(const struct control_plan_row *row, const struct evse *e, wall_t now)
{
	return row && row->by == CHARGE_BY_FULL && vehicle_charge_is_asked(e, now);
}

static void fill_place(const struct control *k, const struct control_order *order, int i,
	wall_t now, struct rule_place *out)
{
	const struct evse *e = k->evse[i];
	const struct vehicle *v = e->tx.vehicle;
	const struct control_plan_row *row = planner_row(k->planner, e);
	bool is_reachable = e->station->session && !e->station->is_manual;
	int32_t worth;

	*out = (struct rule_place){
		.is_here = e->tx.is_open,
		.is_fixed = !is_reachable,
		.max_w = is_reachable ? planner_job_max_w(e, v)
				      : (int32_t)lane_bound_w(&k->lanes[i], clock_mono()),
		.min_w = least_w(e),
		.priority = trips_priority(k->core, v, &worth),
		.depart_ms = v ? trips_departure(k->core, v, now).ms : 0,
	};
	memcpy(out->sixths, e->currents.pattern.sixths, sizeof out->sixths);
	out->is_exact = e->currents.pattern.exact;
	if (!out->depart_ms)
		out->depart_ms = INT64_MAX;
	if (is_reachable && !is_ruled(order)) /* keeps its place in the order */
		out->max_w = order->w > 0 ? (int32_t)order->w : 0;
	else if (is_reachable && row && row->need_wh == 0)
		out->max_w = is_asked(row, e, now) ? out->min_w : 0; /* it has what it needs */
	else if (is_reachable && strcmp(e->tx.charging_state, "SuspendedEV") == 0)
		out->max_w = out->min_w; /* it takes nothing; it may come back */
}

int control_share(
	const struct control *k, const struct control_order *order, wall_t now, int32_t *w)
{
	struct rule_place *place = malloc(((size_t)k->evses + 1) * sizeof *place);
	struct rule_room *room = malloc((size_t)k->nodes * sizeof *room);
	int rc = -1;

	if (place && room) {
		memcpy(room, k->room, (size_t)k->nodes * sizeof *room);
		for (int i = 0; i < k->evses; i++)
			fill_place(k, &order[i], i, now, &place[i]);
		rc = rule_share(k->tree, place, room, w);
	}
	free(place);
	free(room);
	return rc;
}

static void share(struct control *k, wall_t now)
{
	mono_t mono = clock_mono();

	if (k->shared.us && mono_diff_ms(mono, k->shared) < SHARE_EVERY_MS)
		return;
	if (control_share(k, k->order, now, k->share) == 0)
		k->shared = mono;
}

/* -- who goes by what ------------------------------------------------------------------------- */

/* Less time than it needs at full power, half as much again and half an hour; or the newest plan
 * itself leaves it short. */
static bool is_in_danger(const struct control_plan_row *row, wall_t now)
{
	int64_t max_w, left_ms = wall_diff_ms(row->departs_at, now);

	if (row->need_wh <= 0 || !row->departs_at.ms)
		return false;
	max_w = planner_job_max_w(row->evse, row->vehicle);
	return row->short_wh > 0 || max_w <= 0 ||
	       (double)left_ms <
		       (double)row->need_wh / STORED / (double)max_w * 3.6e6 * DANGER_PART / 100 +
			       DANGER_MS;
}

static void journal_overruled(
	struct control *k, const struct control_plan_row *row, int64_t held_w, int64_t given_w)
{
	struct arena *a = record_arena(k->core);
	struct event_plan_overruled *e = a ? arena_alloc(a, sizeof *e) : NULL;

	if (!e)
		return;
	*e = (struct event_plan_overruled){
		.station = arena_strdup(a, row->evse->station->id),
		.evse_id = row->evse->id,
		.plan = arena_strdup(a, planner_plan(k->planner)->id),
		.held_w = held_w,
		.given_w = given_w,
		.need_wh = row->need_wh,
		.has_departs = true,
		.departs = row->departs_at,
		.why = "its departure is in danger: a missing approval does not hold it back",
	};
	record_now(k->core, EVENT_PLAN_OVERRULED, "vehicle",
		row->vehicle ? row->vehicle->id : "unknown", e, "control", NULL);
}

/* In assisted: by what was approved, or in danger by the newest plan. */
static void follow_assisted(struct control *k, int i, wall_t now)
{
	struct control_order *o = &k->order[i];
	const struct evse *e = k->evse[i];
	const struct control_plan_row *row = planner_row(k->planner, e);
	int64_t newest = planner_wanted_w(k->planner, e, now);
	bool was = o->in_danger;

	o->w = o->approval ? approval_w(o->approval, e, now) : -1;
	o->by = o->w < 0 ? CONTROL_BY_UNAPPROVED : CONTROL_BY_APPROVED;
	o->in_danger =
		o->by == CONTROL_BY_APPROVED && row && newest > o->w && is_in_danger(row, now);
	if (!o->in_danger)
		return;
	if (!was)
		journal_overruled(k, row, o->w, newest);
	o->w = newest;
	o->by = CONTROL_BY_NEWEST;
}

/* By the plan in force; after the tree has changed by the one before, until there is another. */
static int64_t planned_w(const struct control *k, int i, wall_t now)
{
	struct control_order *o = &k->order[i];

	o->is_kept = o->is_kept && !planner_plan(k->planner) &&
		     strcmp(k->evse[i]->tx.id, o->kept_for) == 0;
	return o->is_kept ? o->kept_w : planner_wanted_w(k->planner, k->evse[i], now);
}

static void follow(struct control *k, int i, wall_t now)
{
	struct control_order *o = &k->order[i];

	if (k->is_late) {
		o->by = CONTROL_BY_LATE;
		o->in_danger = false;
	} else if (o->mode == DEPOT_PLAN_MODE_ASSISTED) {
		follow_assisted(k, i, now);
	} else {
		o->by = o->mode == DEPOT_PLAN_MODE_SHADOW ? CONTROL_BY_SHADOW : CONTROL_BY_PLAN;
		o->w = planned_w(k, i, now);
		o->in_danger = false;
	}
	if (!is_ruled(o) && o->w == 0 &&
		is_asked(planner_row(k->planner, k->evse[i]), k->evse[i], now))
		o->w = least_w(k->evse[i]);
}

/* Room for those in danger: what the newest plan takes from others it takes from them now. */
static void give_way(struct control *k, wall_t now)
{
	for (int i = 0; i < k->evses; i++) {
		struct control_order *o = &k->order[i];
		int64_t newest = planner_wanted_w(k->planner, k->evse[i], now);

		if (o->by != CONTROL_BY_APPROVED || newest < 0 || newest >= o->w)
			continue;
		o->w = newest;
		o->by = CONTROL_BY_GIVING_WAY;
	}
}

void control_follow(struct control *k, wall_t now)
{
	bool any_danger = false, any_ruled = false;

	watch_planner(k, now);
	assisted_tick(k->assisted);
	for (int i = 0; i < k->evses; i++) {
		follow(k, i, now);
		any_danger |= k->order[i].in_danger;
		any_ruled |= is_ruled(&k->order[i]) && k->evse[i]->tx.is_open;
	}
	if (any_danger)
		give_way(k, now);
	if (!any_ruled)
		return;
	share(k, now);
	for (int i = 0; i < k->evses; i++)
		if (is_ruled(&k->order[i]))
			k->order[i].w = k->share[i];
}

int64_t control_gives_w(const struct control *k, int evse, wall_t now)
{
	if (k->order[evse].by != CONTROL_BY_PLAN)
		return 0;
	return storage_plan_gives_w(k->core->storage, k->evse[evse], now, NULL);
}

/* -- in words --------------------------------------------------------------------------------- */

/* In the order of enum control_by: for the views, as a source, in words. */
static const struct {
	const char *name, *source, *words;
} by_rows[] = {
	[CONTROL_BY_PLAN] = {"plan", "plan", ""},
	[CONTROL_BY_APPROVED] = {"approved", "plan", "by the plan that was approved"},
	[CONTROL_BY_NEWEST] = {"newest", "plan",
		"its departure is in danger: by the newest plan, before it is approved"},
	[CONTROL_BY_GIVING_WAY] = {"gives way", "plan",
		"gives way to a vehicle whose departure is in danger"},
	[CONTROL_BY_SHADOW] = {"rule", "rule", "the plan is only shown here (shadow)"},
	[CONTROL_BY_UNAPPROVED] = {"rule", "rule", "no plan is approved for it yet"},
	[CONTROL_BY_LATE] = {"rule", "rule", "no plan came in time"},
};

bool control_explain_order(struct control *k, int evse, int32_t allowed_w, struct setpoint *want)
{
	struct control_order *o = &k->order[evse];
	const struct control_plan_row *row;

	if (o->by == CONTROL_BY_PLAN) {
		o->is_said = false;
		return false;
	}
	if (o->is_said && o->said_by == o->by && o->said_w == allowed_w)
		return true;
	o->is_said = true;
	o->said_by = o->by;
	o->said_w = allowed_w;
	row = planner_row(k->planner, k->evse[evse]);
	snprintf(want->source, sizeof want->source, "%s", by_rows[o->by].source);
	want->node[0] = '\0';
	if (!is_ruled(o))
		snprintf(want->reason, sizeof want->reason, "%s", by_rows[o->by].words);
	else if (allowed_w == 0 && row && row->need_wh == 0)
		snprintf(want->reason, sizeof want->reason, "has what it needs");
	else
		snprintf(want->reason, sizeof want->reason, "%s: %s",
			allowed_w == 0 ? "waits for those that leave before it"
				       : "earliest departure first",
			by_rows[o->by].words);
	return true;
}

const char *control_followed(const struct control *k, const struct evse *e)
{
	return e->grid_evse >= 0 && e->grid_evse < k->evses
		       ? by_rows[k->order[e->grid_evse].by].name
		       : NULL;
}

const char *control_followed_why(const struct control *k, const struct evse *e)
{
	return e->grid_evse >= 0 && e->grid_evse < k->evses
		       ? by_rows[k->order[e->grid_evse].by].words
		       : "";
}

wall_t control_late_since(const struct control *k)
{
	return k->is_late ? wall_add_ms(clock_wall(), -mono_diff_ms(clock_mono(), k->late_since))
			  : (wall_t){0};
}
