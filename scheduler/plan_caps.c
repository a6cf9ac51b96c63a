#include "scheduler/plan.h"

#include <stdlib.h>
#include <string.h>

/* Room that a usable limit leaves beside a load; a load above the limit leaves none. */
static int32_t room(int32_t usable_w, int64_t load_w)
{
	if (usable_w == GRID_NO_LIMIT)
		return usable_w;
	return load_w >= usable_w ? 0 : (int32_t)(usable_w - load_w);
}

static int32_t clip(int64_t w)
{
	return w > GRID_NO_LIMIT ? GRID_NO_LIMIT : (int32_t)w;
}

/* The tightest limit of the node in W. Plans know no phases yet: a limit of its phases counts as if
 * vehicles and other load were shared by them evenly, at a charging place by the phases it has. The
 * guard clips what that leaves too much. */
static struct grid_limit whole_limit(const struct grid_tree *t, const struct grid_limits *l, int v)
{
	const struct grid_node *n = grid_tree_node(t, v);
	struct grid_limit m = grid_node_limit(t, l, v);
	struct grid_limit phase = grid_channel_limit(t, l, v, GRID_L1);
	int64_t usable = phase.usable_w, sixths = 2;

	if (phase.w == GRID_NO_LIMIT)
		return m;
	for (int p = 0; n->kind == GRID_EVSE && p < GRID_PHASES; p++)
		if (n->electric.sixths[p] > sixths)
			sixths = n->electric.sixths[p];
	usable = usable * 6 / sixths;
	if (usable >= m.usable_w)
		return m;
	phase.usable_w = (int32_t)usable;
	return phase;
}

static void fill_slot(struct plan_caps *c, const struct grid_tree *t,
	const struct grid_limit *limit, const int32_t *const *base_w, int slot, int64_t *load)
{
	for (int v = 0; v < c->nodes; v++)
		load[v] = base_w && base_w[v] ? base_w[v][slot] : GRID_UNKNOWN;
	grid_tree_uncontrolled(t, load, load);
	for (int v = 0; v < c->nodes; v++) {
		size_t at = (size_t)v * (size_t)c->slots + (size_t)slot;

		c->load_w[at] = clip(load[v]);
		c->w[at] = room(limit[v].usable_w, load[v]);
		c->source[at] = (uint8_t)limit[v].source;
	}
}

int plan_caps_init(struct plan_caps *c, const struct grid_tree *t, const struct grid_limits *l,
	int slots, const int32_t *const *base_w)
{
	size_t nodes = (size_t)grid_tree_nodes(t), cells;
	struct grid_limit *limit = NULL;
	int64_t *load = NULL;
	int rc = -1;

	memset(c, 0, sizeof(*c));
	if (slots < 1 || slots > PLAN_SLOTS_MAX)
		return -1;
	cells = nodes * (size_t)slots;
	c->nodes = (int)nodes;
	c->slots = slots;
	c->w = malloc(cells * sizeof(*c->w));
	c->load_w = malloc(cells * sizeof(*c->load_w));
	c->source = malloc(cells);
	limit = malloc(nodes * sizeof(*limit));
	load = malloc(nodes * sizeof(*load));
	if (!c->w || !c->load_w || !c->source || !limit || !load)
		goto out;
	for (int v = 0; v < c->nodes; v++)
		limit[v] = whole_limit(t, l, v);
	for (int slot = 0; slot < slots; slot++)
		fill_slot(c, t, limit, base_w, slot, load);
	rc = 0;
out:
	free(limit);
	free(load);
	if (rc < 0)
		plan_caps_finish(c);
	return rc;
}

void plan_caps_lower(struct plan_caps *c, const struct grid_tree *t, int node, int from, int to,
	int32_t limit_w, enum grid_source source)
{
	int32_t usable = grid_usable_w(grid_tree_node(t, node), limit_w < 0 ? 0 : limit_w);

	for (int slot = from < 0 ? 0 : from; slot < to && slot < c->slots; slot++) {
		size_t at = (size_t)node * (size_t)c->slots + (size_t)slot;
		int32_t w = room(usable, c->load_w[at]);

		if (w >= c->w[at])
			continue;
		c->w[at] = w;
		c->source[at] = (uint8_t)source;
	}
}

void plan_caps_finish(struct plan_caps *c)
{
	free(c->w);
	free(c->load_w);
	free(c->source);
	memset(c, 0, sizeof(*c));
}
