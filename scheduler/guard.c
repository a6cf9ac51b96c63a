#include "scheduler/guard_internal.h"

#include <stdlib.h>
#include <string.h>

#define SHORT_RUN_MS    120000
#define SHORT_RUNS_MOST 4 /* that count: it rests for 16 times hold_ms at most */

/* -- life ------------------------------------------------------------------------------------ */

struct guard_config guard_config_default(void)
{
	return (struct guard_config){
		.reaction_ms = 10000,
		.hold_ms = 15000,
		.step_ms = 5000,
		.step_w = 5000,
		.rotate_ms = 900000,
		.grace_ms = 20000,
		.tolerance_w = 250,
		.tolerance_pm = 50,
	};
}

static int longest_way(const struct grid_tree *t)
{
	int most = 0;

	for (int e = 0; e < grid_tree_evses(t); e++) {
		int steps = 0;

		for (int n = grid_tree_evse_node(t, e); n >= 0; n = grid_tree_node(t, n)->parent)
			steps++;
		most = steps > most ? steps : most;
	}
	return most;
}

struct guard *guard_create(const struct grid_tree *t, const struct guard_config *cfg)
{
	struct guard *g = calloc(1, sizeof(*g));
	size_t nodes = (size_t)grid_tree_nodes(t), evses = (size_t)grid_tree_evses(t);

	if (!g)
		return NULL;
	g->tree = t;
	g->cfg = *cfg;
	g->nodes = (int)nodes;
	g->evses = (int)evses;
	g->evse = calloc(evses + 1, sizeof(*g->evse));
	g->node = calloc(nodes, sizeof(*g->node));
	g->load = calloc(nodes * 4, sizeof(*g->load));
	g->parent = calloc(nodes, sizeof(*g->parent));
	g->limited = calloc(nodes, sizeof(*g->limited));
	g->part = calloc(evses + 1, sizeof(*g->part));
	g->wish_w = calloc(evses + 1, sizeof(*g->wish_w));
	g->order = calloc(evses + 1, sizeof(*g->order));
	g->steps = longest_way(t);
	g->seen_at = calloc(evses * (size_t)g->steps + 1, sizeof(*g->seen_at));
	g->evse_out = calloc(evses + 1, sizeof(*g->evse_out));
	g->node_out = calloc(nodes, sizeof(*g->node_out));
	if (!g->evse || !g->node || !g->parent || !g->limited || !g->load || !g->part ||
		!g->wish_w || !g->order || !g->seen_at || !g->evse_out || !g->node_out) {
		guard_destroy(g);
		return NULL;
	}
	g->room = g->load + nodes;
	g->sum = g->load + 2 * nodes;
	g->pending = g->load + 3 * nodes;
	for (size_t e = 0; e < evses; e++) {
		struct guard_evse *s = &g->evse[e];

		s->high_until_ms = s->high_since_ms = s->behind_since_ms = s->lowered_ms =
			GUARD_LONG_AGO_MS;
		s->raised_ms = s->on_since_ms = s->off_since_ms = s->rests_until_ms =
			GUARD_LONG_AGO_MS;
	}
	for (size_t n = 0; n < nodes; n++) {
		for (int c = 0; c < GRID_CHANNELS; c++)
			g->node[n].books_over_ms[c] = GUARD_LONG_AGO_MS;
		g->node[n].apart_since_ms = GUARD_LONG_AGO_MS;
		g->node[n].books_apart_ms = GUARD_LONG_AGO_MS;
		g->parent[n] = grid_tree_node(t, (int)n)->parent;
		g->balanced += grid_tree_node(t, (int)n)->electric.imbalance_ma > 0;
	}
	return g;
}

void guard_destroy(struct guard *g)
{
	if (!g)
		return;
	free(g->evse);
	free(g->node);
	free(g->parent);
	free(g->limited);
	free(g->load);
	free(g->part);
	free(g->wish_w);
	free(g->order);
	free(g->seen_at);
	free(g->evse_out);
	free(g->node_out);
	free(g);
}

static void keep_node(struct guard_node *v, const struct guard_node *old, bool is_same)
{
	memcpy(v->peak, old->peak, sizeof v->peak);
	memcpy(v->books_over_ms, old->books_over_ms, sizeof v->books_over_ms);
	v->above_ms = old->above_ms;
	v->tired = old->tired;
	if (!is_same)
		return;
	v->known = old->known;
	v->reading = old->reading;
	v->held = old->held;
	v->is_bounded = old->is_bounded;
	v->has_rest = old->has_rest;
	memcpy(v->rest, old->rest, sizeof v->rest);
}

void guard_keep(struct guard *g, const struct guard *old, const bool *is_same)
{
	for (int n = 0; n < g->nodes; n++) {
		const struct grid_node *own = grid_tree_node(g->tree, n), *then;
		int was = grid_tree_find(old->tree, own->id);

		if (was < 0)
			continue;
		then = grid_tree_node(old->tree, was);
		keep_node(&g->node[n], &old->node[was], is_same[n]);
		if (own->kind == GRID_EVSE && then->kind == GRID_EVSE)
			g->evse[own->evse_first] = old->evse[then->evse_first];
	}
	g->started = old->started;
	g->now_ms = old->now_ms;
	g->period_ms = old->period_ms;
}

/* -- what comes of it ------------------------------------------------------------------------ */

/* Nobody is switched on and off all the time, whatever the reason: after each run that soon ended it
 * waits twice as long for the next. */
static void rest(struct guard *g, struct guard_evse *s)
{
	if (s->on_since_ms == GUARD_LONG_AGO_MS)
		return;
	if (g->now_ms - s->on_since_ms >= SHORT_RUN_MS)
		s->short_runs = 0;
	else if (s->w == 0) {
		s->short_runs += s->short_runs < SHORT_RUNS_MOST;
		s->rests_until_ms = g->now_ms + (g->cfg.hold_ms << s->short_runs);
	}
}

static void remember(struct guard *g, int e, struct guard_report *r)
{
	struct guard_evse *s = &g->evse[e];

	r->lowered += !s->fixed && s->w < s->allowed_w;
	r->raised += !s->fixed && s->w > s->allowed_w;
	r->paused += guard_wants_to_start(s);
	rest(g, s);
	if (s->w == 0 || s->fixed)
		s->on_since_ms = GUARD_LONG_AGO_MS;
	else if (s->on_since_ms == GUARD_LONG_AGO_MS)
		s->on_since_ms = g->now_ms;
	if (!guard_wants_to_start(s))
		s->off_since_ms = GUARD_LONG_AGO_MS;
	else if (s->off_since_ms == GUARD_LONG_AGO_MS)
		s->off_since_ms = g->now_ms;
	s->allowed_w = s->w;
}

/* The reason that no pass has given. */
static void reason(struct guard *g, int e, const struct guard_evse_in *in)
{
	const struct guard_evse *s = &g->evse[e];
	struct guard_evse_out *o = &g->evse_out[e];

	o->allowed_w = s->w;
	o->counted_w = guard_counted(s, s->w);
	if (s->disobeys)
		o->source = GRID_SOURCE_DISOBEYED;
	else if (!in->connected)
		o->source = GRID_SOURCE_TAIL;
	else if (!in->reachable)
		o->source = GRID_SOURCE_STATION;
	else if (in->silent && s->w >= s->cap_w && s->w < in->wanted_w)
		o->source = GRID_SOURCE_STALE_DATA;
	else if (s->w >= s->cap_w && s->cap_w > 0)
		o->source = s->cap_w < in->wanted_w ? GRID_SOURCE_EVSE : GRID_SOURCE_PLAN;
	else if (s->cap_w == 0)
		o->source = in->wanted_w > 0 ? GRID_SOURCE_MINIMUM : GRID_SOURCE_PLAN;
	else
		return;
	o->node = -1;
}

/* Now: what is measured, or what is reckoned with. */
static int64_t load_now(const struct guard *g, int n, int c)
{
	int64_t import = g->node[n].import.s[c];

	return import == GRID_UNKNOWN ? g->load[n].s[c] + g->sum[n].s[c] : import;
}

static void report_phases(struct guard *g, int n)
{
	struct guard_node_out *o = &g->node_out[n];
	const struct guard_node *v = &g->node[n];

	for (int c = GRID_L1; c < GRID_CHANNELS; c++)
		o->phase[c - GRID_L1] = (struct guard_channel_out){
			.source = v->limit[c].source,
			.limit_w = v->limit[c].usable_w,
			.uncontrolled_w = g->load[n].s[c] / 6,
			.counted_w = g->sum[n].s[c] / 6,
			.over = (g->limited[n] >> c & 1) &&
				load_now(g, n, c) > 6 * (int64_t)v->limit[c].usable_w,
		};
	o->imbalance_w = v->import.s[GRID_L1] == GRID_UNKNOWN ? GRID_UNKNOWN
							      : grid_imbalance(&v->import) / 6;
	o->bears = v->bears;
}

static void report_nodes(struct guard *g, struct guard_report *r)
{
	for (int e = 0; e < g->evses; e++)
		g->part[e] = guard_spread(&g->evse[e], g->evse[e].w);
	grid_tree_sum_loads(g->tree, g->part, g->room);
	for (int e = 0; e < g->evses; e++)
		g->part[e] = guard_spread(&g->evse[e], guard_counted(&g->evse[e], g->evse[e].w));
	grid_tree_sum_loads(g->tree, g->part, g->sum);
	for (int n = 0; n < g->nodes; n++) {
		struct guard_node_out *o = &g->node_out[n];
		const struct grid_limit *limit = &g->node[n].limit[GRID_TOTAL];

		o->source = limit->source;
		o->limit_w = limit->usable_w;
		o->uncontrolled_w = g->load[n].s[GRID_TOTAL] / 6;
		o->allowed_w = g->room[n].s[GRID_TOTAL] / 6;
		o->counted_w = g->sum[n].s[GRID_TOTAL] / 6;
		o->over = limit->w != GRID_NO_LIMIT &&
			  load_now(g, n, GRID_TOTAL) > 6 * (int64_t)limit->usable_w;
		report_phases(g, n);
		r->over += o->over || o->phase[0].over || o->phase[1].over || o->phase[2].over;
	}
}

struct guard_report guard_cycle(struct guard *g, const struct guard_in *in)
{
	struct guard_report r = {.evse = g->evse_out, .node = g->node_out};

	for (int e = 0; e < g->evses; e++)
		g->evse_out[e] = (struct guard_evse_out){.source = GRID_SOURCE_PLAN, .node = -1};
	for (int n = 0; n < g->nodes; n++)
		g->node_out[n].binds = 0;
	guard_observe(g, in);
	guard_sort_by_urgency(g, in);
	guard_lower(g);
	guard_raise(g, in);
	guard_take_turns(g, in);
	for (int e = 0; e < g->evses; e++) {
		remember(g, e, &r);
		reason(g, e, &in->evse[e]);
	}
	report_nodes(g, &r);
	return r;
}
