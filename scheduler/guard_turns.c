#include "scheduler/guard_internal.h"

#define MAKE_ROOM 4 /* pausing EVSEs for which others are asked to give way, each cycle */

static int32_t least(int32_t a, int32_t b)
{
	return a < b ? a : b;
}

static int order_of(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* What is missing at a node until an EVSE could start, counting the room on its way. */
static int64_t missing(const struct guard *g, int n, int64_t need)
{
	if (g->node[n].limit.w == GRID_NO_LIMIT)
		return 0;
	return need - g->room_w[n] - g->pending_w[n];
}

void guard_find_pending(struct guard *g)
{
	for (int e = 0; e < g->evses; e++) {
		const struct guard_evse *s = &g->evse[e];

		g->part_w[e] = guard_counted(s, s->w) - guard_settled(s, s->w);
	}
	grid_tree_sum(g->tree, g->part_w, g->pending_w);
}

bool guard_lacks_room(const struct guard *g, int e, int64_t need)
{
	for (int v = grid_tree_evse_node(g->tree, e); v >= 0;
		v = grid_tree_node(g->tree, v)->parent)
		if (missing(g, v, need) > 0)
			return true;
	return false;
}

static bool may_yield(const struct guard *g, const struct guard_in *in, int victim, int e)
{
	const struct guard_evse *s = &g->evse[victim];

	return victim != e && !s->fixed && s->w > 0 && s->floor_w == 0 &&
	       in->evse[victim].urgency >= in->evse[e].urgency;
}

static void yield_to(struct guard *g, int victim, int32_t w, enum grid_source source)
{
	struct guard_evse *s = &g->evse[victim];
	int32_t freed = s->w - w;

	for (int v = grid_tree_evse_node(g->tree, victim); v >= 0;
		v = grid_tree_node(g->tree, v)->parent)
		g->pending_w[v] += freed;
	s->w = w;
	s->lowered_ms = g->now_ms;
	g->evse_out[victim].source = source;
	g->evse_out[victim].node = -1;
}

/* Others go down, but not below their minimum: those that may wait longest first. All or
 * nothing. */
static bool share(struct guard *g, const struct guard_in *in, int e, int64_t need)
{
	int64_t spare = 0;
	const struct grid_node *n;

	for (int v = grid_tree_evse_node(g->tree, e); v >= 0; v = n->parent) {
		n = grid_tree_node(g->tree, v);
		spare = 0;
		for (int o = n->evse_first; o < n->evse_end; o++)
			if (may_yield(g, in, o, e))
				spare += g->evse[o].w - least(g->evse[o].min_w, g->evse[o].w);
		if (spare < missing(g, v, need))
			return false;
	}
	for (int v = grid_tree_evse_node(g->tree, e); v >= 0; v = n->parent) {
		n = grid_tree_node(g->tree, v);
		for (int i = g->evses - 1; i >= 0 && missing(g, v, need) > 0; i--) {
			int o = g->order[i];
			int64_t lack = missing(g, v, need);

			if (o < n->evse_first || o >= n->evse_end || !may_yield(g, in, o, e))
				continue;
			spare = g->evse[o].w - g->evse[o].min_w;
			lack = (lack + GUARD_QUANTUM_W - 1) / GUARD_QUANTUM_W * GUARD_QUANTUM_W;
			if (spare > 0)
				yield_to(g, o,
					(int32_t)(g->evse[o].w - (spare < lack ? spare : lack)),
					GRID_SOURCE_ROTATION);
		}
	}
	return true;
}

/* True if all of what `victim` draws would let `e` start. */
static bool suffices(const struct guard *g, int victim, int e, int64_t need)
{
	for (int v = grid_tree_evse_node(g->tree, e); v >= 0;
		v = grid_tree_node(g->tree, v)->parent) {
		const struct grid_node *n = grid_tree_node(g->tree, v);
		bool below = victim >= n->evse_first && victim < n->evse_end;

		if (missing(g, v, need) > (below ? g->evse[victim].w : 0))
			return false;
	}
	return true;
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
		c = victim < 0 ? 1 : order_of(in->evse[o].urgency, in->evse[victim].urgency);
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

		if (!guard_wants_to_start(s) || s->awaits_room ||
			s->off_since_ms == GUARD_LONG_AGO_MS || off < g->cfg.hold_ms)
			continue;
		tries--;
		if (guard_lacks_room(g, e, s->min_w) && !share(g, in, e, s->min_w) &&
			off >= g->cfg.rotate_ms)
			rotate(g, in, e, s->min_w);
		/* What is on its way is spoken for: the next in line must not count on it. */
		for (int v = grid_tree_evse_node(g->tree, e); v >= 0;
			v = grid_tree_node(g->tree, v)->parent)
			g->pending_w[v] -= s->min_w;
	}
}
