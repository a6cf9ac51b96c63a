/*
 * Meters that nothing has moved for long. Where nobody charges that is what a good meter shows, and
 * a dead one too. So below such a meter one vehicle starts with the least current, and no other
 * rises until the meter has moved; if it does not, what the charger reports speaks against it
 * (csms/power/control_doubt.c). A vehicle that draws nothing does not keep the next one waiting for long.
 */
#include "csms/power/safety_private.h"
#include "csms/metering/walk.h"

#define TRY_MS 60000 /* a vehicle that draws moves the meter within this, or is reported */

static bool is_untried(const struct safety *s, int node)
{
	bool is_off_grid = s->connection >= 0 && s->island_out.is_island && s->connection >= node &&
			   s->connection < grid_tree_node(s->tree, node)->end;

	return s->k->meter[node] >= 0 && s->k->doubt[node].belief == BELIEF_IDLE && !is_off_grid;
}

static bool is_on(const struct guard_evse_in *in)
{
	return in->connected && in->commanded_w != 0;
}

static bool goes_before(const struct guard_evse_in *a, const struct guard_evse_in *b)
{
	return a->urgency != b->urgency ? a->urgency < b->urgency : a->depart_ms < b->depart_ms;
}

/* Who is to start below the node, -1: somebody is at it already, or nobody wants to. */
static int find_starter(struct safety *s, const struct grid_node *n, int64_t now_ms)
{
	const struct guard_evse_in *in = s->k->evse_in;
	int best = -1;

	for (int e = n->evse_first; e < n->evse_end; e++) {
		struct safety_evse *v = &s->evse[e];

		if (!is_on(&in[e])) {
			v->tried_ms = 0;
			if (in[e].connected && in[e].wanted_w > 0 && in[e].reachable &&
				(best < 0 || goes_before(&in[e], &in[best])))
				best = e;
			continue;
		}
		if (!v->tried_ms)
			v->tried_ms = now_ms;
		if (now_ms - v->tried_ms < TRY_MS)
			return -1;
	}
	return best;
}

/* What the EVSE has may stay; more than the least waits. */
static void hold_evse(struct safety *s, int e, bool may_start)
{
	const struct guard_evse_in *in = &s->k->evse_in[e];
	int leaf = grid_tree_evse_node(s->tree, e);
	int32_t least = in->min_w > grid_tree_node(s->tree, leaf)->min_w
				? in->min_w
				: grid_tree_node(s->tree, leaf)->min_w;
	int32_t w = in->commanded_w > least ? in->commanded_w : is_on(in) || may_start ? least : 0;

	grid_limits_set(s->k->limits, leaf, GRID_SOURCE_STALE_DATA,
		&(struct grid_bound){w, GRID_NO_LIMIT, GRID_NO_LIMIT});
	s->evse[e].is_held_back = true;
}

static void hold_node(struct safety *s, int node, int starter)
{
	const struct grid_node *n = grid_tree_node(s->tree, node);

	for (int e = n->evse_first; e < n->evse_end; e++)
		if (s->k->evse_in[e].connected && !s->evse[e].is_held_back)
			hold_evse(s, e, e == starter);
}

/* Below a node that counts by its description none rises but the one of the walk. */
static void hold_others(struct safety *s, int node, int walked)
{
	const struct grid_node *n = grid_tree_node(s->tree, node);

	for (int e = n->evse_first; e < n->evse_end; e++)
		if (e != walked && s->k->evse_in[e].connected && !s->evse[e].is_held_back)
			hold_evse(s, e, false);
}

/* The topmost meter first: who may start below it proves those below it too. */
void safety_untried_before(struct safety *s, int64_t now_ms)
{
	int walked = s->core->walks ? walks_evse(s->core->walks) : -1;
	bool is_trial = walked < 0 && s->k->trial.is_on;

	for (int e = 0; e < s->evses; e++) {
		if (s->evse[e].is_held_back)
			grid_limits_set(s->k->limits, grid_tree_evse_node(s->tree, e),
				GRID_SOURCE_STALE_DATA, NULL);
		s->evse[e].is_held_back = false;
	}
	if (is_trial) {
		walked = s->k->trial.last;
		hold_evse(s, walked, true);
	}
	for (int i = 0; i < s->nodes; i++)
		if (s->k->doubt[i].is_walked)
			hold_others(s, i, walked);
		else if (is_untried(s, i))
			hold_node(s, i, find_starter(s, grid_tree_node(s->tree, i), now_ms));
}

void safety_untried_plan(const struct safety *s, struct grid_limits *l)
{
	for (int e = 0; e < s->evses; e++)
		grid_limits_set(l, grid_tree_evse_node(s->tree, e), GRID_SOURCE_STALE_DATA, NULL);
}
