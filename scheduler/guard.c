#include "scheduler/guard_internal.h"

#include <stdlib.h>
#include <string.h>

#define RISE_MIN_W 300 /* smaller rises are not worth a command */

/* -- life ------------------------------------------------------------------------------------ */

struct guard_config guard_config_default(void)
{
	return (struct guard_config){
		.reaction_ms = 10000,
		.hold_ms = 15000,
		.step_ms = 5000,
		.step_w = 5000,
		.rotate_ms = 900000,
		.grace_ms = 0,
		.tolerance_w = 250,
		.tolerance_pm = 50,
	};
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
	g->load_w = calloc(nodes * 4, sizeof(*g->load_w));
	g->part_w = calloc(evses * 2 + 1, sizeof(*g->part_w));
	g->order = calloc(evses + 1, sizeof(*g->order));
	g->evse_out = calloc(evses + 1, sizeof(*g->evse_out));
	g->node_out = calloc(nodes, sizeof(*g->node_out));
	if (!g->evse || !g->node || !g->load_w || !g->part_w || !g->order || !g->evse_out ||
		!g->node_out) {
		guard_destroy(g);
		return NULL;
	}
	g->room_w = g->load_w + nodes;
	g->sum_w = g->load_w + 2 * nodes;
	g->pending_w = g->load_w + 3 * nodes;
	g->wish_w = g->part_w + evses;
	for (size_t e = 0; e < evses; e++) {
		struct guard_evse *s = &g->evse[e];

		s->high_until_ms = s->behind_since_ms = s->lowered_ms = GUARD_LONG_AGO_MS;
		s->raised_ms = s->on_since_ms = s->off_since_ms = GUARD_LONG_AGO_MS;
	}
	for (size_t n = 0; n < nodes; n++)
		g->node[n].books_over_ms = GUARD_LONG_AGO_MS;
	return g;
}

void guard_destroy(struct guard *g)
{
	if (!g)
		return;
	free(g->evse);
	free(g->node);
	free(g->load_w);
	free(g->part_w);
	free(g->order);
	free(g->evse_out);
	free(g->node_out);
	free(g);
}

/* -- small arithmetic ------------------------------------------------------------------------ */

static int32_t least(int32_t a, int32_t b)
{
	return a < b ? a : b;
}

static int32_t most(int32_t a, int32_t b)
{
	return a > b ? a : b;
}

static int32_t round_down(int64_t w)
{
	return (int32_t)(w / GUARD_QUANTUM_W * GUARD_QUANTUM_W);
}

static const struct grid_node *leaf_of(const struct guard *g, int e)
{
	return grid_tree_node(g->tree, grid_tree_evse_node(g->tree, e));
}

static int64_t path_room(const struct guard *g, int e, int *node)
{
	int64_t room = INT64_MAX;

	for (int v = grid_tree_evse_node(g->tree, e); v >= 0;
		v = grid_tree_node(g->tree, v)->parent) {
		if (g->node[v].limit.w == GRID_NO_LIMIT || g->room_w[v] >= room)
			continue;
		room = g->room_w[v];
		*node = v;
	}
	return room;
}

static void use_room(struct guard *g, int e, int64_t w)
{
	for (int v = grid_tree_evse_node(g->tree, e); v >= 0;
		v = grid_tree_node(g->tree, v)->parent)
		g->room_w[v] -= w;
}

static void bound_by(struct guard *g, int e, int node)
{
	struct guard_evse_out *o = &g->evse_out[e];
	enum guard_quality q = g->node_out[node].quality;

	o->node = node;
	o->source = q == GUARD_HELD || q == GUARD_WORST_CASE ? GRID_SOURCE_STALE_DATA
							     : g->node[node].limit.source;
}

/* -- 1. what is there ------------------------------------------------------------------------ */

/* A command takes time to arrive and to be obeyed: meanwhile the old power counts. One that has not
 * arrived for longer than that is taken for lost, and what it should have lowered stays. */
static void follow_command(struct guard *g, struct guard_evse *s, int32_t commanded)
{
	if (commanded < s->commanded_w) {
		if (g->now_ms >= s->high_until_ms)
			s->high_w = 0;
		s->high_w = most(s->high_w, s->commanded_w);
		s->high_until_ms = g->now_ms + g->cfg.reaction_ms;
	}
	s->commanded_w = commanded;
	s->ceiling_w = commanded;
	if (g->now_ms < s->high_until_ms)
		s->ceiling_w = most(s->ceiling_w, s->high_w);
	if (commanded <= s->allowed_w)
		s->behind_since_ms = GUARD_LONG_AGO_MS;
	else if (s->behind_since_ms == GUARD_LONG_AGO_MS)
		s->behind_since_ms = g->now_ms;
	else if (g->now_ms - s->behind_since_ms > g->cfg.reaction_ms)
		s->floor_w = commanded;
}

static bool above(const struct guard *g, int32_t measured, int32_t limit)
{
	int64_t slack = (int64_t)limit * g->cfg.tolerance_pm / 1000;

	if (slack < g->cfg.tolerance_w)
		slack = g->cfg.tolerance_w;
	return measured > limit + slack;
}

/* Nobody is there, but somebody may come: it counts with what it then would draw unasked. */
static void observe_idle(
	struct guard *g, struct guard_evse *s, const struct guard_evse_in *in, int32_t tail)
{
	int32_t w = in->commanded_w == GUARD_UNKNOWN_W ? tail : in->commanded_w;

	s->fixed = true;
	s->w = w;
	s->floor_w = s->ceiling_w = w;
	s->cap_w = 0;
	if (above(g, in->measured_w, w)) {
		s->disobeys = true;
		s->floor_w = in->measured_w;
	}
}

static void observe_evse(struct guard *g, int e, const struct guard_evse_in *in)
{
	const struct grid_node *leaf = leaf_of(g, e);
	struct guard_evse *s = &g->evse[e];
	int32_t commanded = in->commanded_w < 0 ? leaf->max_w : in->commanded_w;

	if (!g->started) {
		s->commanded_w = commanded;
		s->allowed_w = commanded;
	}
	s->fixed = s->disobeys = s->awaits_room = false;
	s->floor_w = 0;
	s->min_w = most(in->min_w, leaf->min_w);
	follow_command(g, s, commanded);
	if (!in->connected) {
		observe_idle(g, s, in, leaf->tail_w);
		return;
	}
	s->cap_w = least(in->wanted_w, leaf->max_w);
	if (s->cap_w < s->min_w || s->cap_w < 0)
		s->cap_w = 0;
	/* What was measured before the last lowering took effect tells nothing about obedience. */
	if (in->measured_ms >= s->high_until_ms && above(g, in->measured_w, s->ceiling_w)) {
		s->disobeys = true;
		s->floor_w = most(s->floor_w, in->measured_w);
	}
	if (!in->reachable) {
		s->fixed = true;
		s->w = commanded;
		s->floor_w = most(s->floor_w, commanded);
		return;
	}
	s->w = least(s->allowed_w, s->cap_w);
}

/* The part of a node's import that is surely an EVSE's: never more than it counts for, so that a
 * measurement that is too old can not make the rest look small. */
static int32_t explained(const struct guard_evse *s, const struct guard_evse_in *in)
{
	return in->measured_w <= 0 ? 0 : least(in->measured_w, guard_counted(s, 0));
}

static int64_t known_load(struct guard *g, int n, const struct guard_node_in *in, int64_t evse_w)
{
	struct guard_node *v = &g->node[n];

	switch (in->quality) {
	case GUARD_FRESH:
		v->known = true;
		v->held_w = in->import_w > evse_w ? in->import_w - evse_w : 0;
		return v->held_w;
	case GUARD_HELD:
		return v->known ? v->held_w : in->worst_w;
	case GUARD_WORST_CASE:
		return in->worst_w;
	case GUARD_NO_METER:
		break;
	}
	return GRID_UNKNOWN;
}

/* With no measurement and no worst case to reckon with, only tails are proven to fit. */
static void assume_tails(struct guard *g, const struct guard_in *in)
{
	for (int e = 0; e < g->evses; e++)
		g->part_w[e] = leaf_of(g, e)->tail_w;
	grid_tree_sum(g->tree, g->part_w, g->sum_w);
	for (int n = 0; n < g->nodes; n++) {
		const struct guard_node_in *m = &in->node[n];
		bool blind = m->worst_w == GRID_UNKNOWN &&
			     (m->quality == GUARD_WORST_CASE ||
				     (m->quality == GUARD_HELD && !g->node[n].known));
		int64_t rest = g->node[n].limit.usable_w - g->sum_w[n];

		if (blind && g->node[n].limit.w != GRID_NO_LIMIT && g->load_w[n] < rest)
			g->load_w[n] = rest;
	}
}

static void track_peaks(struct guard *g)
{
	bool next = g->now_ms - g->period_ms >= g->cfg.hold_ms;

	if (next)
		g->period_ms = g->now_ms;
	for (int n = 0; n < g->nodes; n++) {
		int64_t *p = g->node[n].peak_w;

		if (next) {
			p[1] = p[0];
			p[0] = 0;
		}
		if (p[0] < g->load_w[n])
			p[0] = g->load_w[n];
	}
}

static void observe(struct guard *g, const struct guard_in *in)
{
	bool blind = false;

	g->now_ms = in->now_ms;
	if (!g->started)
		g->period_ms = in->now_ms;
	for (int e = 0; e < g->evses; e++) {
		observe_evse(g, e, &in->evse[e]);
		g->part_w[e] = explained(&g->evse[e], &in->evse[e]);
	}
	grid_tree_sum(g->tree, g->part_w, g->sum_w);
	for (int n = 0; n < g->nodes; n++) {
		const struct guard_node_in *m = &in->node[n];

		g->node[n].limit = grid_node_limit(g->tree, in->limits, n);
		g->node[n].import_w = m->quality == GUARD_FRESH ? m->import_w : GRID_UNKNOWN;
		g->node_out[n].quality = m->quality;
		g->load_w[n] = known_load(g, n, m, g->sum_w[n]);
		blind = blind || m->quality == GUARD_WORST_CASE || m->quality == GUARD_HELD;
	}
	grid_tree_uncontrolled(g->tree, g->load_w, g->load_w);
	if (blind)
		assume_tails(g, in);
	track_peaks(g);
	g->started = true;
}

/* -- 2. lowering ----------------------------------------------------------------------------- */

static int order_of(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int by_urgency(const void *x, const void *y, void *arg)
{
	int a = *(const int *)x, b = *(const int *)y;
	const struct guard_evse_in *in = ((const struct guard_in *)arg)->evse;
	int c = order_of(in[a].urgency, in[b].urgency);

	c = c ? c : order_of(in[a].depart_ms, in[b].depart_ms);
	return c ? c : order_of(a, b);
}

static void sort_by_urgency(struct guard *g, const struct guard_in *in)
{
	for (int e = 0; e < g->evses; e++)
		g->order[e] = e;
	qsort_r(g->order, (size_t)g->evses, sizeof(int), by_urgency, (void *)(uintptr_t)in);
}

/* room = usable limit - load - what the EVSEs count for by `count`, which lies in part_w. */
static void set_rooms(struct guard *g, bool peak)
{
	grid_tree_sum(g->tree, g->part_w, g->sum_w);
	for (int n = 0; n < g->nodes; n++) {
		const struct guard_node *v = &g->node[n];
		int64_t load = g->load_w[n];

		if (peak)
			load = v->peak_w[0] > v->peak_w[1] ? v->peak_w[0] : v->peak_w[1];
		g->room_w[n] = v->limit.usable_w - load - g->sum_w[n];
	}
}

/* Overload that only the books show is borne for a while: measurements of EVSEs come seldom, and
 * one that has just begun to draw looks like other load until the next. */
static void grant_grace(struct guard *g)
{
	for (int e = 0; e < g->evses; e++) {
		const struct guard_evse *s = &g->evse[e];

		g->part_w[e] = s->fixed ? 0 : guard_settled(s, s->w) - s->floor_w;
	}
	grid_tree_sum(g->tree, g->part_w, g->sum_w);
	for (int n = 0; n < g->nodes; n++) {
		struct guard_node *v = &g->node[n];

		if (g->room_w[n] >= g->sum_w[n]) {
			v->books_over_ms = GUARD_LONG_AGO_MS;
			continue;
		}
		if (v->books_over_ms == GUARD_LONG_AGO_MS)
			v->books_over_ms = g->now_ms;
		if (v->import_w == GRID_UNKNOWN || v->import_w > v->limit.usable_w)
			continue;
		if (g->now_ms - v->books_over_ms < g->cfg.grace_ms)
			g->room_w[n] = g->sum_w[n];
	}
}

/* First the minimum for each, the most urgent first: who finds no room for it pauses. */
static void keep_minimum(struct guard *g, int e)
{
	struct guard_evse *s = &g->evse[e];
	int node = -1;
	int64_t room = path_room(g, e, &node);
	int32_t before = s->w, need = guard_settled(s, s->min_w) - s->floor_w;

	if (before == 0)
		return;
	s->w = before < s->min_w ? 0 : s->min_w;
	if (room < need || room < 0) {
		s->w = 0;
		s->lowered_ms = g->now_ms;
		bound_by(g, e, node);
		return;
	}
	if (s->w)
		use_room(g, e, need);
}

static void keep_more(struct guard *g, int e, int32_t wish)
{
	struct guard_evse *s = &g->evse[e];
	int node = -1;
	int64_t room = path_room(g, e, &node),
		more = guard_settled(s, wish) - guard_settled(s, s->w);

	if (wish <= s->w || (s->w == 0 && s->min_w > 0))
		return;
	if (room >= more) {
		s->w = wish;
		use_room(g, e, more);
		return;
	}
	s->lowered_ms = g->now_ms;
	bound_by(g, e, node);
	if (room <= 0)
		return;
	/* Below its floor a setting costs no room. */
	wish = least(most(round_down(guard_settled(s, s->w) + room), s->w), wish);
	use_room(g, e, guard_settled(s, wish) - guard_settled(s, s->w));
	s->w = wish;
}

static void lower(struct guard *g)
{
	int32_t *wish = g->wish_w;

	for (int e = 0; e < g->evses; e++) {
		g->part_w[e] = g->evse[e].floor_w;
		wish[e] = g->evse[e].w;
	}
	set_rooms(g, false);
	grant_grace(g);
	for (int i = 0; i < g->evses; i++)
		if (!g->evse[g->order[i]].fixed)
			keep_minimum(g, g->order[i]);
	for (int i = 0; i < g->evses; i++)
		if (!g->evse[g->order[i]].fixed)
			keep_more(g, g->order[i], wish[g->order[i]]);
}

/* -- 3. raising ------------------------------------------------------------------------------ */

struct turn_order {
	const struct guard *g;
	const struct guard_evse_in *in;
};

/* In a class those that pause come first, the longest pause before the others. */
static int by_turn(const void *x, const void *y, void *arg)
{
	const struct turn_order *t = arg;
	int a = *(const int *)x, b = *(const int *)y;
	const struct guard_evse *sa = &t->g->evse[a], *sb = &t->g->evse[b];
	int c = order_of(t->in[a].urgency, t->in[b].urgency);

	c = c ? c : order_of(guard_wants_to_start(sb), guard_wants_to_start(sa));
	if (!c && guard_wants_to_start(sa))
		c = order_of(sa->off_since_ms, sb->off_since_ms);
	c = c ? c : order_of(t->in[a].depart_ms, t->in[b].depart_ms);
	return c ? c : order_of(a, b);
}

/* The power that an EVSE may rise to at this step, room aside. */
static int32_t next_step(const struct guard *g, const struct guard_evse *s)
{
	int32_t up = s->w + least(g->cfg.step_w, s->cap_w - s->w);

	return most(up, s->min_w);
}

static void raise_one(struct guard *g, int e)
{
	struct guard_evse *s = &g->evse[e];
	int32_t up = next_step(g, s);
	int node = -1;
	int64_t room, more;

	if (s->fixed || s->cap_w <= s->w)
		return;
	if (g->now_ms - s->lowered_ms < g->cfg.hold_ms ||
		g->now_ms - s->raised_ms < g->cfg.step_ms) {
		if (g->evse_out[e].node < 0)
			g->evse_out[e].source = GRID_SOURCE_HOLD;
		return;
	}
	room = path_room(g, e, &node);
	more = guard_counted(s, up) - guard_counted(s, s->w);
	if (room < more) {
		bound_by(g, e, node);
		up = room < 0 ? s->w : least(up, round_down(guard_counted(s, s->w) + room));
	}
	if (up < s->min_w || (up < s->cap_w && up - s->w < RISE_MIN_W)) {
		/* Those after it must not take what it only waits for. */
		if (s->w == 0 && !guard_lacks_room(g, e, s->min_w)) {
			use_room(g, e, s->min_w);
			s->awaits_room = true;
		}
		return;
	}
	use_room(g, e, guard_counted(s, up) - guard_counted(s, s->w));
	s->w = up;
	s->raised_ms = g->now_ms;
}

static void raise_all(struct guard *g, const struct guard_in *in)
{
	struct turn_order order = {g, in->evse};

	for (int e = 0; e < g->evses; e++)
		g->part_w[e] = guard_counted(&g->evse[e], g->evse[e].w);
	set_rooms(g, true);
	qsort_r(g->order, (size_t)g->evses, sizeof(int), by_turn, &order);
	guard_find_pending(g);
	for (int i = 0; i < g->evses; i++)
		raise_one(g, g->order[i]);
}

/* -- 5. what comes of it --------------------------------------------------------------------- */

static void remember(struct guard *g, int e, struct guard_report *r)
{
	struct guard_evse *s = &g->evse[e];

	r->lowered += !s->fixed && s->w < s->allowed_w;
	r->raised += !s->fixed && s->w > s->allowed_w;
	r->paused += guard_wants_to_start(s);
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
	else if (s->w >= s->cap_w && s->cap_w > 0)
		o->source = s->cap_w < in->wanted_w ? GRID_SOURCE_EVSE : GRID_SOURCE_PLAN;
	else if (s->cap_w == 0)
		o->source = in->wanted_w > 0 ? GRID_SOURCE_MINIMUM : GRID_SOURCE_PLAN;
	else
		return;
	o->node = -1;
}

static void report_nodes(struct guard *g, struct guard_report *r)
{
	for (int e = 0; e < g->evses; e++)
		g->part_w[e] = g->evse[e].w;
	grid_tree_sum(g->tree, g->part_w, g->room_w);
	for (int e = 0; e < g->evses; e++)
		g->part_w[e] = guard_counted(&g->evse[e], g->evse[e].w);
	grid_tree_sum(g->tree, g->part_w, g->sum_w);
	for (int n = 0; n < g->nodes; n++) {
		struct guard_node_out *o = &g->node_out[n];
		const struct guard_node *v = &g->node[n];
		int64_t now =
			v->import_w == GRID_UNKNOWN ? g->load_w[n] + g->sum_w[n] : v->import_w;

		o->source = v->limit.source;
		o->limit_w = v->limit.usable_w;
		o->uncontrolled_w = g->load_w[n];
		o->allowed_w = g->room_w[n];
		o->counted_w = g->sum_w[n];
		o->over = v->limit.w != GRID_NO_LIMIT && now > v->limit.usable_w;
		r->over += o->over;
	}
}

struct guard_report guard_cycle(struct guard *g, const struct guard_in *in)
{
	struct guard_report r = {.evse = g->evse_out, .node = g->node_out};

	for (int e = 0; e < g->evses; e++)
		g->evse_out[e] = (struct guard_evse_out){.source = GRID_SOURCE_PLAN, .node = -1};
	observe(g, in);
	sort_by_urgency(g, in);
	lower(g);
	raise_all(g, in);
	guard_take_turns(g, in);
	for (int e = 0; e < g->evses; e++) {
		remember(g, e, &r);
		reason(g, e, &in->evse[e]);
	}
	report_nodes(g, &r);
	return r;
}
