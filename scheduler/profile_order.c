#include "scheduler/profile_order.h"

#include <stdlib.h>
#include <string.h>

struct work {
	const struct profile_order_in *in;
	int64_t *room; /* [node][slot] beside all that may be in force */
};

static const int32_t *row(const struct work *k, const int32_t *table, int evse)
{
	return table + (size_t)evse * (size_t)k->in->slots;
}

static void use(struct work *k, int evse, int slot, int64_t w)
{
	const struct grid_tree *t = k->in->tree;

	for (int v = grid_tree_evse_node(t, evse); v >= 0; v = grid_tree_node(t, v)->parent)
		k->room[(size_t)v * (size_t)k->in->slots + (size_t)slot] -= w;
}

static bool fits(const struct work *k, int evse, int slot, int64_t w)
{
	const struct grid_tree *t = k->in->tree;

	for (int v = grid_tree_evse_node(t, evse); v >= 0; v = grid_tree_node(t, v)->parent) {
		size_t at = (size_t)v * (size_t)k->in->slots + (size_t)slot;

		if (k->in->cap_w[at] != GRID_NO_LIMIT && k->room[at] < w)
			return false;
	}
	return true;
}

static void find_room(struct work *k)
{
	size_t slots = (size_t)k->in->slots;
	int nodes = grid_tree_nodes(k->in->tree), evses = grid_tree_evses(k->in->tree);

	for (size_t i = 0; i < (size_t)nodes * slots; i++)
		k->room[i] = k->in->cap_w[i];
	for (int e = 0; e < evses; e++)
		for (int s = 0; s < k->in->slots; s++)
			use(k, e, s, row(k, k->in->confirmed_w, e)[s]);
}

static enum profile_action decide(struct work *k, int e)
{
	const int32_t *old = row(k, k->in->confirmed_w, e), *new = row(k, k->in->target_w, e);
	bool lower = false, rise = false, room = true;

	for (int s = 0; s < k->in->slots; s++) {
		lower = lower || new[s] < old[s];
		if (new[s] <= old[s])
			continue;
		rise = true;
		room = room && fits(k, e, s, (int64_t) new[s] - old[s]);
	}
	if (rise && !room)
		return lower ? PROFILE_SEND_LOWER : PROFILE_WAIT;
	if (!rise && !lower)
		return PROFILE_WAIT;
	/* While it is under way both may be in force, so it frees nothing yet. */
	for (int s = 0; s < k->in->slots; s++)
		if (new[s] > old[s])
			use(k, e, s, (int64_t) new[s] - old[s]);
	return PROFILE_SEND_TARGET;
}

int profile_order(const struct profile_order_in *in, enum profile_action *action)
{
	struct work k = {in, NULL};
	int evses = grid_tree_evses(in->tree), sent = 0;

	k.room = malloc((size_t)grid_tree_nodes(in->tree) * (size_t)in->slots * sizeof(*k.room));
	if (!k.room)
		return -1;
	find_room(&k);
	for (int i = 0; i < evses; i++) {
		int e = in->rank ? in->rank[i] : i;

		action[e] = in->busy[e] ? PROFILE_WAIT : decide(&k, e);
		sent += action[e] != PROFILE_WAIT;
	}
	free(k.room);
	return sent;
}
