#include "scheduler/guard_internal.h"

#include <stdlib.h>

#define RISE_MIN_W 300 /* smaller rises are not worth a command */

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
	int c = guard_compare(t->in[a].urgency, t->in[b].urgency);

	c = c ? c : guard_compare(guard_wants_to_start(sb), guard_wants_to_start(sa));
	if (!c && guard_wants_to_start(sa))
		c = guard_compare(sa->off_since_ms, sb->off_since_ms);
	c = c ? c : guard_compare(t->in[a].depart_ms, t->in[b].depart_ms);
	return c ? c : guard_compare(a, b);
}

/* Room that has lasted: beside the greatest load of late, and never into a short-time rating. */
static void set_rooms(struct guard *g)
{
	grid_tree_sum_loads(g->tree, g->part, g->sum);
	for (int n = 0; n < g->nodes; n++) {
		const struct guard_node *v = &g->node[n];

		for (int c = 0; c < GRID_CHANNELS; c++) {
			int64_t load = v->peak[0].s[c] > v->peak[1].s[c] ? v->peak[0].s[c]
									 : v->peak[1].s[c];

			g->room[n].s[c] = 6 * (int64_t)v->limit[c].usable_w - load - g->sum[n].s[c];
		}
	}
}

/* The power that an EVSE may rise to at this step, room aside. */
static int32_t next_step(const struct guard *g, const struct guard_evse *s)
{
	int32_t up = s->w + guard_least(g->cfg.step_w, s->cap_w - s->w);

	return guard_most(up, s->min_w);
}

/* The most in even steps that is not above `most`; the minimum need not be even. */
static int32_t within(const struct guard_evse *s, int32_t up, int64_t most)
{
	int64_t even = most / GUARD_QUANTUM_W * GUARD_QUANTUM_W;

	if (even < s->min_w && most >= s->min_w)
		even = s->min_w;
	return even < up ? (int32_t)even : up;
}

static void use_room(struct guard *g, int e, int64_t w)
{
	guard_use_room(g, e, w);
	if (g->balanced)
		guard_balance_use(g, e, w);
}

/* Only the load of a moment ago is in the way: the limit that it met no longer is. */
static bool only_waits(const struct guard *g, int e, int node, enum grid_channel c, int64_t need)
{
	const struct guard_node *v = &g->node[node];
	int64_t was, weight;

	if (c == GRID_IMBALANCE)
		return false;
	was = v->peak[0].s[c] > v->peak[1].s[c] ? v->peak[0].s[c] : v->peak[1].s[c];
	weight = g->evse[e].weight[c];
	return g->room[node].s[c] + was - g->load[node].s[c] >= need * weight;
}

static void raise_one(struct guard *g, int e)
{
	struct guard_evse *s = &g->evse[e];
	int32_t up = next_step(g, s);
	int node = -1;
	enum grid_channel channel = GRID_TOTAL;
	int64_t room, more, least;

	/* What one that disobeys draws costs no room, and yet it is not given what it takes. */
	if (s->fixed || s->disobeys || s->cap_w <= s->w)
		return;
	if (g->now_ms - s->lowered_ms < g->cfg.hold_ms ||
		g->now_ms - s->raised_ms < g->cfg.step_ms || guard_rests(g, s)) {
		if (g->evse_out[e].node < 0) {
			g->evse_out[e].source = GRID_SOURCE_HOLD;
			g->evse_out[e].rests_until_ms = guard_rests(g, s) ? s->rests_until_ms : 0;
		}
		return;
	}
	room = guard_path_room(g, e, &node, &channel);
	if (g->balanced)
		guard_balance_room(g, e, &room, &node, &channel);
	more = guard_counted(s, up) - guard_counted(s, s->w);
	if (room < more) {
		least = s->w == 0 ? s->min_w : RISE_MIN_W;
		if (room >= least || !only_waits(g, e, node, channel, least))
			guard_bound_by(g, e, node, channel);
		else if (g->evse_out[e].node < 0)
			g->evse_out[e].source = GRID_SOURCE_HOLD;
		up = room < 0 ? s->w : within(s, up, guard_counted(s, s->w) + room);
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

void guard_raise(struct guard *g, const struct guard_in *in)
{
	struct turn_order order = {g, in->evse};

	for (int e = 0; e < g->evses; e++)
		g->part[e] = guard_spread(&g->evse[e], guard_counted(&g->evse[e], g->evse[e].w));
	set_rooms(g);
	if (g->balanced)
		guard_balance_begin(g, true);
	qsort_r(g->order, (size_t)g->evses, sizeof(int), by_turn, &order);
	guard_find_pending(g);
	for (int i = 0; i < g->evses; i++)
		raise_one(g, g->order[i]);
}
