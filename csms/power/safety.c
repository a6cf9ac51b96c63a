#include "csms/power/safety.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "csms/alarms.h"
#include "csms/plan/planner.h"
#include "csms/power/safety_private.h"

#define SLOW_MS   10000 /* what can wait is looked at this often */
#define SILENT_MS 60000 /* a station, or a meter of no node */

/* -- life ------------------------------------------------------------------------------------- */

static const struct depot_node *row_of(const struct core *c, const struct grid_node *n)
{
	const struct depot_node_list *list = &c->depot->nodes;

	if (n->kind == GRID_STATION || n->kind == GRID_EVSE)
		return NULL;
	for (size_t i = 0; i < list->count; i++)
		if (strcasecmp(list->items[i].id, n->id) == 0)
			return &list->items[i];
	return NULL;
}

const struct meter *safety_meter(const struct safety *s, int node)
{
	return s->k->meter[node] >= 0 ? meters_at(s->core->meters, s->k->meter[node]) : NULL;
}

int safety_station_node(const struct safety *s, const struct station *st)
{
	int evse = st->evse_count > 0 ? st->evses[0].grid_evse : -1;

	return evse >= 0 && evse < s->evses ? grid_tree_evse_node(s->tree, evse) : -1;
}

static int find_connection(const struct safety *s)
{
	for (int i = 0; i < s->nodes; i++)
		if (grid_tree_node(s->tree, i)->kind == GRID_CONNECTION && s->k->meter[i] >= 0)
			return i;
	return s->k->meter[0] >= 0 ? 0 : -1;
}

/* What was not believed before a restart is so since then. */
static void take_up_doubt(struct safety *s, int i)
{
	const struct control_doubt *d = &s->k->doubt[i];
	int64_t age_ms = wall_diff_ms(clock_wall(), d->found);

	if (!d->found.ms || !(d->hangs || d->is_doubted))
		return;
	s->node[i].stale.is_bad = true;
	s->node[i].stale.bad_ms = clock_mono().us / 1000 - (age_ms > 0 ? age_ms : 0);
}

static void keep_nodes(struct safety *s, const struct safety *old)
{
	for (int i = 0; i < s->nodes; i++) {
		const struct grid_node *n = grid_tree_node(s->tree, i);
		int was = old ? grid_tree_find(old->tree, n->id) : -1;

		s->node[i].row = row_of(s->core, n);
		s->node[i].load_w = GRID_UNKNOWN;
		s->node[i].reckoned_w = -1;
		take_up_doubt(s, i);
		if (was < 0)
			continue;
		s->node[i].says_old = old->node[was].says_old;
		s->node[i].old_by = old->node[was].old_by;
		s->node[i].says_return = old->node[was].says_return;
		s->node[i].says_cut = old->node[was].says_cut;
		safety_stale_keep(&s->node[i], &old->node[was]);
		if (s->k->meter[i] < 0)
			continue;
		s->node[i].stale = old->node[was].stale;
		s->node[i].load_w = old->node[was].load_w;
	}
}

static void keep_evse(struct safety *s, int i, const struct safety *old, int was)
{
	s->evse[i] = old->evse[was];
	s->share[i] = old->share[was];
}

static void keep_evses(struct safety *s, const struct safety *old)
{
	for (int i = 0; i < s->evses; i++) {
		const struct grid_node *n =
			grid_tree_node(s->tree, grid_tree_evse_node(s->tree, i));
		int was = old ? grid_tree_find(old->tree, n->id) : -1;

		obey_init(&s->evse[i].obey);
		if (was >= 0 && grid_tree_node(old->tree, was)->kind == GRID_EVSE)
			keep_evse(s, i, old, grid_tree_node(old->tree, was)->evse_first);
	}
}

static void configure(struct safety *s)
{
	const struct config_control *c = s->core->config->control;

	s->stale = (struct stale_config){.hold_ms = c->stale_hold_s * 1000,
		.minimum_ms = c->stale_worst_s * 1000,
		.tail_ms = c->stale_tail_s * 1000};
	s->obey = obey_config_default();
	island_init(&s->island, &(struct island_config){
					.gone_ms = c->island_gone_s * 1000,
					.back_ms = c->island_back_s * 1000,
					.spread_ms = c->island_spread_h * 3600000,
					.margin_pm = (int)c->island_margin_pct * 10,
				});
}

static struct ramp *make_ramp(const struct safety *s)
{
	const struct config_control *c = s->core->config->control;
	struct ramp_config cfg = ramp_config_default();

	cfg.settle_ms = c->return_settle_s * 1000;
	cfg.step_ms = c->return_step_s * 1000;
	cfg.step_pm = (int)c->return_step_pct * 10;
	return ramp_create(s->tree, &cfg);
}

struct safety *safety_create(struct control *k, const struct safety *old)
{
	struct safety *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->k = k;
	s->core = k->core;
	s->tree = k->tree;
	s->nodes = k->nodes;
	s->evses = k->evses;
	configure(s);
	s->node = calloc((size_t)s->nodes, sizeof *s->node);
	s->evse = calloc((size_t)s->evses + 1, sizeof *s->evse);
	s->ramp_node = calloc((size_t)s->nodes, sizeof *s->ramp_node);
	s->ramp_evse = calloc((size_t)s->evses + 1, sizeof *s->ramp_evse);
	s->flow = calloc((size_t)s->nodes, sizeof *s->flow);
	s->held = calloc((size_t)s->evses + 1, sizeof *s->held);
	s->let_go = calloc((size_t)s->evses + 1, sizeof *s->let_go);
	s->capped = calloc((size_t)s->evses + 1, sizeof *s->capped);
	s->order = calloc((size_t)s->evses + 1, sizeof *s->order);
	s->share = calloc((size_t)s->evses + 1, sizeof *s->share);
	s->ramp = make_ramp(s);
	if (!s->node || !s->evse || !s->ramp_node || !s->ramp_evse || !s->flow || !s->held ||
		!s->let_go || !s->capped || !s->order || !s->share || !s->ramp) {
		safety_destroy(s);
		return NULL;
	}
	keep_nodes(s, old);
	keep_evses(s, old);
	s->connection = find_connection(s);
	if (old) {
		s->started_ms = old->started_ms;
		s->island = old->island;
		s->island_told = old->island_told;
		safety_return_keep(s, old);
		safety_limits_keep(s, old);
	}
	if (safety_demand_keep(s, old) ||
		(!old && (safety_demand_restore(s) || safety_charger_restore(s) ||
				 safety_return_restore(s) || safety_island_restore(s)))) {
		safety_destroy(s);
		return NULL;
	}
	return s;
}

void safety_destroy(struct safety *s)
{
	if (!s)
		return;
	for (int i = 0; s->node && i < s->nodes; i++)
		free(s->node[i].demand);
	ramp_destroy(s->ramp);
	grid_limits_destroy(s->plan);
	free(s->node);
	free(s->evse);
	free(s->ramp_node);
	free(s->ramp_evse);
	free(s->flow);
	free(s->held);
	free(s->let_go);
	free(s->capped);
	free(s->order);
	free(s->share);
	free(s);
}

/* -- each cycle ------------------------------------------------------------------------------- */

void safety_powered_up(struct safety *s, const char *station)
{
	const struct station *st = fleet_station(&s->core->fleet, station);
	int node = st ? safety_station_node(s, st) : -1;

	if (node >= 0)
		ramp_power_up(s->ramp, node, clock_mono().us / 1000);
}

const struct grid_limits *safety_plan_limits(struct safety *s)
{
	grid_limits_destroy(s->plan);
	s->plan = grid_limits_copy(s->k->limits);
	if (!s->plan)
		return s->k->limits;
	safety_demand_plan(s, s->plan);
	safety_supply_plan(s, s->plan);
	safety_untried_plan(s, s->plan);
	return s->plan;
}

void safety_before(struct safety *s, wall_t now, int64_t now_ms)
{
	if (!s->started_ms)
		s->started_ms = now_ms > 0 ? now_ms : 1;
	safety_stale_before(s, now_ms);
	safety_charger_before(s, now_ms);
	control_darken(s->k, now_ms);
	safety_demand_before(s, now);
	safety_supply_before(s, now, now_ms);
	safety_untried_before(s, now_ms);
}

static void watch_meters(struct safety *s)
{
	for (int i = 0; i < meters_count(s->core->meters); i++) {
		const struct meter *m = meters_at(s->core->meters, i);

		if (m->node >= 0) /* told by its node */
			continue;
		alarm_set(s->core, ALARM_METER_SILENT, m->row->id,
			m->last_at.ms && meter_age_ms(m) > SILENT_MS,
			"Meter %s has not answered for %lld s.", m->row->id,
			(long long)(m->last_at.ms ? meter_age_ms(m) / 1000 : 0));
	}
}

/* A van stands there that lacks energy. */
static const struct evse *in_need(const struct safety *s, const struct station *st)
{
	for (int i = 0; i < st->evse_count; i++) {
		const struct control_plan_row *row =
			st->evses[i].tx.is_open ? planner_row(s->k->planner, &st->evses[i]) : NULL;

		if (row && row->need_wh > 0)
			return &st->evses[i];
	}
	return NULL;
}

static void watch_stations(struct safety *s, wall_t now)
{
	const struct station *st;

	for (st = s->core->fleet.stations; st; st = st->hh.next) {
		const struct evse *e = st->session || !st->last_seen.ms ? NULL : in_need(s, st);
		const char *van = e && e->tx.vehicle ? e->tx.vehicle->id : "a van";

		alarm_set(s->core, ALARM_STATION_SILENT, st->id,
			e && wall_diff_ms(now, st->last_seen) > SILENT_MS,
			"%s is silent, and %s at EVSE %d still needs energy.", st->id, van,
			e ? e->id : 0);
	}
}

void safety_after(struct safety *s, const struct guard_report *r, wall_t now, int64_t now_ms)
{
	safety_stale_after(s, r, now_ms);
	safety_demand_after(s, now_ms);
	safety_supply_after(s);
	safety_return_after(s);
	safety_limits_after(s, r, now_ms);
	if (now_ms - s->slow_ms < SLOW_MS)
		return;
	s->slow_ms = now_ms;
	watch_meters(s);
	watch_stations(s, now);
	safety_rotation_watch(s);
}

/* -- looking ---------------------------------------------------------------------------------- */

static const char *counts_as(const struct safety *s, int node)
{
	const struct depot_node *row = s->node[node].row;

	if (safety_is_cut_off(s, node))
		return "island";
	if (s->k->doubt[node].above >= 0)
		return "bounded";
	switch (s->node[node].stale.tier) {
	case STALE_FRESH:
		return "measured";
	case STALE_HOLD:
		return "held";
	case STALE_MINIMUM:
		if (s->k->worst_w[node] != GRID_UNKNOWN)
			return "worst-case";
		return row && row->has_minimum_w ? "minimum" : "tails";
	case STALE_TAIL:
		break;
	}
	return "tails";
}

struct safety_node_view safety_node(const struct safety *s, int node)
{
	const struct safety_node *v = &s->node[node];
	int64_t now_ms = clock_mono().us / 1000;
	struct safety_node_view out = {
		.is_measured = s->k->meter[node] >= 0,
		.tier = v->stale.tier,
		.tier_for_ms = v->stale.started ? now_ms - v->stale.since_ms : 0,
		.counts_as = counts_as(s, node),
		.cost_w = v->cost_w,
		.has_demand = v->demand != NULL,
		.ramp = ramp_look(s->ramp, node),
	};

	if (v->demand) {
		out.demand = v->demand->out;
		safety_demand_window(s, node, &out.window, &out.window_end);
		out.peak_w = v->demand->d.peak_w;
		out.peak_at = (wall_t){v->demand->d.peak_at_ms};
		out.missing_ms = v->demand->d.missing_ms;
	}
	if (out.ramp.sign != RAMP_SIGN_NONE) {
		out.ramp_for_ms = now_ms - out.ramp.since_ms;
		out.ramp_next_ms = out.ramp.next_ms - now_ms;
	}
	return out;
}

static const struct safety_evse *find_evse(const struct safety *s, const struct evse *e)
{
	return e->grid_evse >= 0 && e->grid_evse < s->evses ? &s->evse[e->grid_evse] : NULL;
}

const struct obey *safety_obey(const struct safety *s, const struct evse *e)
{
	const struct safety_evse *v = find_evse(s, e);

	return v ? &v->obey : NULL;
}

int64_t safety_reaction_ms(const struct safety *s, const struct evse *e)
{
	const struct safety_evse *v = find_evse(s, e);

	return v ? obey_reaction_ms(&s->obey, &v->obey) : s->obey.default_ms;
}

int safety_quirks(const struct safety *s, const struct evse *e, char *text, size_t size)
{
	const struct safety_evse *v = find_evse(s, e);

	text[0] = '\0';
	return v ? obey_words(&s->obey, &v->obey, e->phases,
			   e->is_dc ? 0 : (int)s->core->depot->voltage_v, text, size)
		 : 0;
}
