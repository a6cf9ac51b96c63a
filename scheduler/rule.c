#include "scheduler/rule.h"

#include <stdlib.h>

/* The index last, so that the order is always the same. */
static int compare(const void *x, const void *y, void *arg)
{
	const struct rule_place *place = arg;
	int i = *(const int *)x, j = *(const int *)y;
	const struct rule_place *a = &place[i], *b = &place[j];

	if (a->is_fixed != b->is_fixed)
		return a->is_fixed ? -1 : 1;
	if (a->priority != b->priority)
		return a->priority < b->priority ? -1 : 1;
	if (a->depart_ms != b->depart_ms)
		return a->depart_ms < b->depart_ms ? -1 : 1;
	return i - j;
}

/* Of all nodes from the EVSE up to the root. */
static int64_t room_above(const struct grid_tree *t, int evse, const int64_t *room)
{
	int64_t least = RULE_ROOM_MAX;

	for (int v = grid_tree_evse_node(t, evse); v >= 0; v = grid_tree_node(t, v)->parent)
		least = room[v] < least ? room[v] : least;
	return least;
}

static void take(const struct grid_tree *t, int evse, int32_t w, int64_t *room)
{
	for (int v = grid_tree_evse_node(t, evse); v >= 0; v = grid_tree_node(t, v)->parent)
		if (room[v] != RULE_ROOM_MAX)
			room[v] -= w;
}

int rule_share(const struct grid_tree *t, const struct rule_place *place, int64_t *room, int32_t *w)
{
	int n = grid_tree_evses(t);
	int *order = malloc(((size_t)n + 1) * sizeof *order);

	if (!order)
		return -1;
	for (int i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, (size_t)n, sizeof *order, compare, (void *)(uintptr_t)place);
	for (int k = 0; k < n; k++) {
		int e = order[k];
		int64_t left = room_above(t, e, room);

		w[e] = place[e].is_here ? place[e].max_w : 0;
		if (!place[e].is_fixed && w[e] > left)
			w[e] = left >= place[e].min_w && left > 0 ? (int32_t)left : 0;
		take(t, e, w[e], room);
	}
	free(order);
	return 0;
}
