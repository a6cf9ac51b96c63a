#include "scheduler/guard_internal.h"

#define MAKE_ROOM 4 /* pausing EVSEs for which others are asked to give way, each cycle */

/* What is missing at a node's channel until an EVSE could start, counting the room on its way; in
 * sixths of a watt. */
static int64_t missing(const struct guard *g, int n, int c, int e, int64_t need)
{
	int weight = g->evse[e].weight[c];

	if (!(g->limited[n] >> c & 1) || !weight)
		return 0;
	return need * weight - g->room[n].s[c] - g->pending[n].s[c];
}

void guard_find_pending(struct guard *g)
{
	for (int e = 0; e < g->evses; e++) {
		const struct guard_evse *s = &g->evse[e];

		g->part[e] = guard_spread(s, guard_counted(s, s->w) - guard_settled(s, s->w));
	}
	grid_tree_sum_loads(g->tree, g->part, g->pending);
}

static bool lacks_room(const struct guard *g, int e, int64_t need)
{
	for (int v = grid_tree_evse_node(g->tree, e); v >= 0; v = g->parent[v])
		for (int c = 0; (g->limited[v] & GUARD_ANY_CHANNEL) && c < GRID_CHANNELS; c++)
			if (missing(g, v, c, e, need) > 0)
				return true;
	return false;
}

bool guard_lacks_room(const struct guard *g, int e, int64_t need)
{
	return lacks_room(g, e, need) || (g->balanced && guard_balance_lacks(g, e, need, -1));
}

static bool may_yield(const struct guard *g, const struct guard_in *in, int victim, int e)
{
	const struct guard_evse *s = &g->evse[victim];

	return victim != e && !s->fixed && s->w > 0 && s->floor_w == 0 &&
	       in->evse[victim].urgency >= in->evse[e].urgency;
}

static void add_pending(struct guard *g, int e, int64_t w)
{
	for (int v = grid_tree_evse_node(g->tree, e); v >= 0; v = g->parent[v])
		for (int c = 0; c < GRID_CHANNELS; c++)
			g->pending[v].s[c] += w * g->evse[e].weight[c];
}

static void yield_to(struct guard *g, int victim, int32_t w, enum grid_source source)
{
	struct guard_evse *s = &g->evse[victim];

	add_pending(g, victim, s->w - w);
	s->w = w;
	s->lowered_ms = g->now_ms;
	g->evse_out[victim].source = source;
	g->evse_out[victim].node = -1;
}

static int64_t spare_w(const struct guard_evse *s)
{
	return s->w - guard_least(s->min_w, s->w);
}

/* Could those below the node give the channel what it lacks without a pause? */
static bool can_share(
	const struct guard *g, const struct guard_in *in, int n, int c, int e, int64_t lack)
{
	const struct grid_node *v = grid_tree_node(g->tree, n);

	for (int o = v->evse_first; o < v->evse_end && lack > 0; o++)
		if (may_yield(g, in, o, e))
			lack -= spare_w(&g->evse[o]) * g->evse[o].weight[c];
	return lack <= 0;
}

static void share_channel(
	struct guard *g, const struct guard_in *in, int n, int c, int e, int64_t need)
{
	const struct grid_node *v = grid_tree_node(g->tree, n);

	for (int i = g->evses - 1; i >= 0 && missing(g, n, c, e, need) > 0; i--) {
		int o = g->order[i];
		int weight = g->evse[o].weight[c];
		int64_t lack, spare;

		if (o < v->evse_first || o >= v->evse_end || !weight || !may_yield(g, in, o, e))
			continue;
		lack = (missing(g, n, c, e, need) + weight - 1) / weight;
		lack = (lack + GUARD_QUANTUM_W - 1) / GUARD_QUANTUM_W * GUARD_QUANTUM_W;
		spare = spare_w(&g->evse[o]);
		if (spare > 0)
			yield_to(g, o, (int32_t)(g->evse[o].w - (spare < lack ? spare : lack)),
				GRID_SOURCE_ROTATION);
	}
}

/* Others go down, but not below their minimum: those that may wait longest first. All or
 * nothing. */
static bool share(struct guard *g, const struct guard_in *in, int e, int64_t need)
{
	int leaf = grid_tree_evse_node(g->tree, e);

	if (!lacks_room(g, e, need))
		return false; /* it lacks balance, not power */
	for (int v = leaf; v >= 0; v = g->parent[v])
		for (int c = 0; c < GRID_CHANNELS; c++)
			if (!can_share(g, in, v, c, e, missing(g, v, c, e, need)))
				return false;
	for (int v = leaf; v >= 0; v = g->parent[v])
		for (int c = 0; c < GRID_CHANNELS; c++)
			share_channel(g, in, v, c, e, need);
	return true;
}

/* True if all of what `victim` draws would let `e` start. */
static bool suffices(const struct guard *g, int victim, int e, int64_t need)
{
	const struct guard_evse *s = &g->evse[victim];

	for (int v = grid_tree_evse_node(g->tree, e); v >= 0; v = g->parent[v]) {
		const struct grid_node *n = grid_tree_node(g->tree, v);
		bool below = victim >= n->evse_first && victim < n->evse_end;

		for (int c = 0; c < GRID_CHANNELS; c++)
			if (missing(g, v, c, e, need) > (below ? (int64_t)s->w * s->weight[c] : 0))
				return false;
	}
	return !g->balanced || !guard_balance_lacks(g, e, need, victim);
}

/* One that has charged for its time pauses: of the least urgent, the one that had the longest. */
static void rotate(struct guard *g, const struct guard_in *in, int e, int64_t need)
{
	int victim = -1;

	for (int o = 0; o < g->evses; o++) {
		const struct guard_evse *s = &g->evse[o];
		int c;

		if (!may_yield(g, in, o, e) || s->on_since_ms == GUARD_LONG_AGO_MS ||
			g->now_ms - s->on_since_ms < g->cfg.rotate_ms || !suffices(g, o, e, need))
			continue;
		c = victim < 0 ? 1 : guard_compare(in->evse[o].urgency, in->evse[victim].urgency);
		if (c > 0 || (c == 0 && s->on_since_ms < g->evse[victim].on_since_ms))
			victim = o;
	}
	if (victim >= 0)
		yield_to(g, victim, 0, GRID_SOURCE_ROTATION);
}

void guard_take_turns(struct guard *g, const struct guard_in *in)
{
	int tries = MAKE_ROOM;

	guard_find_pending(g);
	for (int i = 0; i < g->evses && tries > 0; i++) {
		int e = g->order[i];
		struct guard_evse *s = &g->evse[e];
		int64_t off = g->now_ms - s->off_since_ms;

		if (!guard_wants_to_start(s) || s->awaits_room || guard_rests(g, s) ||
			s->off_since_ms == GUARD_LONG_AGO_MS || off < g->cfg.hold_ms)
			continue;
		tries--;
		if (guard_lacks_room(g, e, s->min_w) && !share(g, in, e, s->min_w) &&
			off >= g->cfg.rotate_ms)
			rotate(g, in, e, s->min_w);
		/* What is on its way is spoken for: the next in line must not count on it. */
		add_pending(g, e, -(int64_t)s->min_w);
	}
}
