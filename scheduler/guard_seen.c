#include "scheduler/guard_internal.h"

/*
 * An EVSE whose phase nobody knows may lie on any one of them. What it draws is in the meter of a
 * node already, on that one phase: to take the meter's load as others' and to count the EVSE on top
 * would count it twice. With L the import on a phase, m what those EVSEs were measured to draw when
 * it was read and w what they are allowed, the phase bears whichever of them lie on it at most
 * max(0, L - sum m) + sum max(w, m). So m is taken off each phase, and on each phase such an EVSE
 * goes on counting with m until both meters show less: that it is lowered makes room nowhere yet.
 */

#define SEEN_LEAST 3 /* sixths: one that loads all three phases is known by its least current */

int32_t guard_seen_w(const struct guard_evse *s, const struct guard_evse_in *in)
{
	if (s->exact || in->measured_w <= 0)
		return 0;
	for (int p = 0; p < GRID_PHASES; p++)
		if (s->weight[GRID_L1 + p] != s->weight[GRID_L1] || s->surely[p] > 0)
			return 0;
	return s->weight[GRID_L1] < SEEN_LEAST ? 0
					       : guard_least(in->measured_w, guard_counted(s, 0));
}

/* The part of it that this node's reading has in it, at the step'th node of its way. */
int32_t guard_seen_at(const struct guard *g, int e, int step)
{
	return guard_least(g->evse[e].seen_w, g->seen_at[e * g->steps + step]);
}

void guard_take_seen(struct guard *g)
{
	for (int e = 0; e < g->evses; e++) {
		const struct guard_evse *s = &g->evse[e];
		int32_t *at = &g->seen_at[e * g->steps];

		for (int n = grid_tree_evse_node(g->tree, e); n >= 0; n = g->parent[n], at++) {
			const struct guard_node *v = &g->node[n];

			if (v->is_new)
				*at = s->seen_w;
			for (int c = GRID_L1; v->has_rest && c < GRID_CHANNELS; c++)
				g->load[n].s[c] -=
					(int64_t)guard_least(*at, s->seen_w) * s->weight[c];
		}
	}
	for (int n = 0; n < g->nodes; n++)
		for (int c = GRID_L1; g->node[n].has_rest && c < GRID_CHANNELS; c++)
			if (g->load[n].s[c] < 0)
				g->load[n].s[c] = 0;
}

struct grid_load guard_spread_seen(const struct guard_evse *s, int32_t w)
{
	struct grid_load x = guard_spread(s, guard_most(w, s->seen_w));

	x.s[GRID_TOTAL] = 6 * (int64_t)w;
	return x;
}

void guard_use_seen(struct guard *g, int e, int32_t w, int sign)
{
	const struct guard_evse *s = &g->evse[e];
	int64_t more = (int64_t)sign * (guard_most(w, s->seen_w) - w);

	for (int v = grid_tree_evse_node(g->tree, e); more && v >= 0; v = g->parent[v])
		for (int c = GRID_L1; c < GRID_CHANNELS; c++)
			g->room[v].s[c] -= more * s->weight[c];
}
