#include "scheduler/guard_internal.h"

#include <stdlib.h>

static int32_t round_down(int64_t w)
{
	return (int32_t)(w / GUARD_QUANTUM_W * GUARD_QUANTUM_W);
}

/* -- order ----------------------------------------------------------------------------------- */

static int by_urgency(const void *x, const void *y, void *arg)
{
	int a = *(const int *)x, b = *(const int *)y;
	const struct guard_evse_in *in = ((const struct guard_in *)arg)->evse;
	int c = guard_compare(in[a].urgency, in[b].urgency);

	c = c ? c : guard_compare(in[a].depart_ms, in[b].depart_ms);
	return c ? c : guard_compare(a, b);
}

void guard_sort_by_urgency(struct guard *g, const struct guard_in *in)
{
	for (int e = 0; e < g->evses; e++)
		g->order[e] = e;
	qsort_r(g->order, (size_t)g->evses, sizeof(int), by_urgency, (void *)(uintptr_t)in);
}

/* -- room ------------------------------------------------------------------------------------ */

/* Towards less, below 0 as well. */
static int64_t divide(int64_t room, int weight)
{
	return room >= 0 ? room / weight : -((-room + weight - 1) / weight);
}

int64_t guard_path_room(const struct guard *g, int e, int *node, enum grid_channel *channel)
{
	const uint8_t *weight = g->evse[e].weight;
	int64_t least = INT64_MAX, by = 0; /* as a fraction: divisions are what costs here */

	for (int v = grid_tree_evse_node(g->tree, e); v >= 0; v = g->parent[v]) {
		unsigned limited = g->limited[v] & GUARD_ANY_CHANNEL;

		for (int c = 0; limited; c++, limited >>= 1) {
			if (!(limited & 1) || !weight[c])
				continue;
			if (by && g->room[v].s[c] * by >= least * weight[c])
				continue;
			least = g->room[v].s[c];
			by = weight[c];
			*node = v;
			*channel = (enum grid_channel)c;
		}
	}
	return by ? divide(least, (int)by) : INT64_MAX;
}

void guard_use_room(struct guard *g, int e, int64_t w)
{
	const uint8_t *weight = g->evse[e].weight;

	for (int v = grid_tree_evse_node(g->tree, e); v >= 0; v = g->parent[v])
		for (int c = 0; c < GRID_CHANNELS; c++)
			g->room[v].s[c] -= w * weight[c];
}

void guard_bound_by(struct guard *g, int e, int node, enum grid_channel channel)
{
	struct guard_evse_out *o = &g->evse_out[e];
	enum guard_quality q = g->node_out[node].quality;

	g->node_out[node].binds |= 1u << channel;
	o->node = node;
	o->channel = channel;
	if (q == GUARD_HELD || q == GUARD_WORST_CASE || q == GUARD_BOUNDED)
		o->source = GRID_SOURCE_STALE_DATA;
	else if (channel == GRID_IMBALANCE)
		o->source = GRID_SOURCE_IMBALANCE;
	else
		o->source = g->node[node].limit[channel].source;
}

/* -- lowering -------------------------------------------------------------------------------- */

/* room = what is usable - load - what `part` counts for. */
static void set_rooms(struct guard *g)
{
	grid_tree_sum_loads(g->tree, g->part, g->sum);
	for (int n = 0; n < g->nodes; n++)
		for (int c = 0; c < GRID_CHANNELS; c++)
			g->room[n].s[c] = 6 * (int64_t)g->node[n].bears_w[c] - g->load[n].s[c] -
					  g->sum[n].s[c];
}

/* Overload that only the books show is borne for a while: measurements of EVSEs come seldom, and
 * one that has just begun to draw looks like other load until the next. */
static void grant_grace(struct guard *g)
{
	for (int e = 0; e < g->evses; e++) {
		const struct guard_evse *s = &g->evse[e];

		struct grid_load least = guard_spread_seen(s, s->floor_w);

		g->part[e] = guard_spread_seen(s, s->fixed ? s->floor_w : guard_settled(s, s->w));
		for (int c = 0; c < GRID_CHANNELS; c++)
			g->part[e].s[c] -= least.s[c];
	}
	grid_tree_sum_loads(g->tree, g->part, g->sum);
	for (int n = 0; n < g->nodes; n++) {
		struct guard_node *v = &g->node[n];

		for (int c = 0; c < GRID_CHANNELS; c++) {
			int64_t *since = &v->books_over_ms[c];

			if (!(g->limited[n] >> c & 1) || g->room[n].s[c] >= g->sum[n].s[c]) {
				*since = GUARD_LONG_AGO_MS;
				continue;
			}
			if (*since == GUARD_LONG_AGO_MS)
				*since = g->now_ms;
			if (v->most.s[c] == GRID_UNKNOWN ||
				v->most.s[c] > 6 * (int64_t)v->bears_w[c])
				continue;
			if (g->now_ms - *since < g->cfg.grace_ms)
				g->room[n].s[c] = g->sum[n].s[c];
		}
	}
}

/* First the minimum for each, the most urgent first: who finds no room for it pauses. */
static void keep_minimum(struct guard *g, int e)
{
	struct guard_evse *s = &g->evse[e];
	int node = -1;
	enum grid_channel channel = GRID_TOTAL;
	int64_t room = guard_path_room(g, e, &node, &channel);
	int32_t before = s->w, need = guard_settled(s, s->min_w) - s->floor_w;

	if (before == 0)
		return;
	s->w = before < s->min_w ? 0 : s->min_w;
	if (room < need || room < 0) {
		s->w = 0;
		s->lowered_ms = g->now_ms;
		guard_bound_by(g, e, node, channel);
		return;
	}
	if (s->w)
		guard_use_room(g, e, need);
}

static void keep_more(struct guard *g, int e, int32_t wish)
{
	struct guard_evse *s = &g->evse[e];
	int node = -1;
	enum grid_channel channel = GRID_TOTAL;
	int64_t room = guard_path_room(g, e, &node, &channel),
		more = guard_settled(s, wish) - guard_settled(s, s->w);

	if (wish <= s->w || (s->w == 0 && s->min_w > 0))
		return;
	if (room >= more) {
		s->w = wish;
		guard_use_room(g, e, more);
		return;
	}
	s->lowered_ms = g->now_ms;
	guard_bound_by(g, e, node, channel);
	if (room <= 0)
		return;
	/* Below its floor a setting costs no room. */
	wish = guard_least(guard_most(round_down(guard_settled(s, s->w) + room), s->w), wish);
	guard_use_room(g, e, guard_settled(s, wish) - guard_settled(s, s->w));
	s->w = wish;
}

/* What is seen of it on an unknown phase is in nobody's way but the others'. */
static void keep(struct guard *g, int e, bool minimum, int32_t wish)
{
	const struct guard_evse *s = &g->evse[e];

	guard_use_seen(g, e, minimum ? s->floor_w : guard_settled(s, s->w), -1);
	if (minimum)
		keep_minimum(g, e);
	else
		keep_more(g, e, wish);
	guard_use_seen(g, e, guard_settled(s, s->w), 1);
}

void guard_lower(struct guard *g)
{
	int32_t *wish = g->wish_w;

	for (int e = 0; e < g->evses; e++) {
		g->part[e] = guard_spread_seen(&g->evse[e], g->evse[e].floor_w);
		wish[e] = g->evse[e].w;
	}
	set_rooms(g);
	grant_grace(g);
	for (int i = 0; i < g->evses; i++)
		if (!g->evse[g->order[i]].fixed)
			keep(g, g->order[i], true, 0);
	for (int i = 0; i < g->evses; i++)
		if (!g->evse[g->order[i]].fixed)
			keep(g, g->order[i], false, wish[g->order[i]]);
	if (g->balanced)
		guard_balance(g);
}
