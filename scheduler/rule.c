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

static int64_t weight(const struct rule_place *p, int phase)
{
	return p->sixths[0] || p->sixths[1] || p->sixths[2] ? p->sixths[phase] : 6;
}

/* Sixths of a W by which a W of it brings phase `p` above `q`. */
static int64_t parts(const struct rule_place *x, int p, int q)
{
	return p == q ? 0 : weight(x, p) - (x->is_exact ? weight(x, q) : 0);
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Whole W that fit into `room` sixths by `by` a W. */
static int64_t fit(int64_t room, int64_t by)
{
	return room > 0 ? room / by : 0;
}

static int64_t room_at(const struct rule_room *r, const struct rule_place *x)
{
	int64_t w = r->w;

	for (int p = 0; p < GRID_PHASES; p++) {
		if (r->phase[p] != RULE_ROOM_MAX && weight(x, p))
			w = least(w, fit(r->phase[p], weight(x, p)));
		for (int q = 0; r->apart != RULE_ROOM_MAX && q < GRID_PHASES; q++)
			if (parts(x, p, q) > 0)
				w = least(w,
					fit(r->apart - (r->high[p] - r->low[q]), parts(x, p, q)));
	}
	return w;
}

/* Of all nodes from the EVSE up to the root. */
static int64_t room_above(const struct grid_tree *t, int evse, const struct rule_place *x,
	const struct rule_room *room)
{
	int64_t w = RULE_ROOM_MAX;

	for (int v = grid_tree_evse_node(t, evse); v >= 0; v = grid_tree_node(t, v)->parent)
		w = least(w, room_at(&room[v], x));
	return w;
}

static void take_at(struct rule_room *r, const struct rule_place *x, int32_t w)
{
	if (r->w != RULE_ROOM_MAX)
		r->w -= w;
	for (int p = 0; p < GRID_PHASES; p++) {
		if (r->phase[p] != RULE_ROOM_MAX)
			r->phase[p] -= w * weight(x, p);
		r->high[p] += w * weight(x, p);
		r->low[p] += x->is_exact ? w * weight(x, p) : 0;
	}
}

/* As much more as it can take and has room for. */
static void raise(const struct grid_tree *t, int evse, const struct rule_place *x,
	struct rule_room *room, int32_t *w)
{
	int64_t left = room_above(t, evse, x, room);
	int32_t more = x->is_here ? x->max_w - *w : 0;

	if (!x->is_fixed && more > left)
		more = left > 0 && *w + left >= x->min_w ? (int32_t)left : 0;
	*w += more;
	for (int v = grid_tree_evse_node(t, evse); v >= 0; v = grid_tree_node(t, v)->parent)
		take_at(&room[v], x, more);
}

int rule_share(const struct grid_tree *t, const struct rule_place *place, struct rule_room *room,
	int32_t *w)
{
	int n = grid_tree_evses(t);
	int *order = malloc(((size_t)n + 1) * sizeof *order);

	if (!order)
		return -1;
	for (int i = 0; i < n; i++) {
		order[i] = i;
		w[i] = 0;
	}
	qsort_r(order, (size_t)n, sizeof *order, compare, (void *)(uintptr_t)place);
	/* Once more, as who loads another phase lets the first rise where phases may not differ. */
	for (int k = 0; k < 2 * n; k++)
		raise(t, order[k % n], &place[order[k % n]], room, &w[order[k % n]]);
	free(order);
	return 0;
}
