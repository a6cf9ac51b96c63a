#include "scheduler/plan_caps.h"

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

/* The tightest limit of the node in W. One of an EVSE's phases counts here too, by the phases that
 * it has. */
static struct grid_limit whole_limit(const struct grid_tree *t, const struct grid_limits *l, int v)
{
	const struct grid_node *n = grid_tree_node(t, v);
	struct grid_limit m = grid_node_limit(t, l, v);
	struct grid_limit phase;
	int64_t usable, sixths = 2;

	if (n->kind != GRID_EVSE)
		return m;
	phase = grid_channel_limit(t, l, v, GRID_L1);
	if (phase.w == GRID_NO_LIMIT)
		return m;
	for (int p = 0; p < GRID_PHASES; p++)
		if (n->electric.sixths[p] > sixths)
			sixths = n->electric.sixths[p];
	usable = (int64_t)phase.usable_w * 6 / sixths;
	if (usable >= m.usable_w)
		return m;
	phase.usable_w = (int32_t)usable;
	return phase;
}

/* Slots `from` to `to`, which have the same loads. */
static void fill_slots(struct plan_caps *c, const struct grid_tree *t,
	const struct grid_limit *limit, const int32_t *const *base_w, int from, int to,
	int64_t *load)
{
	for (int v = 0; v < c->nodes; v++)
		load[v] = base_w && base_w[v] ? base_w[v][from] : GRID_UNKNOWN;
	grid_tree_uncontrolled(t, load, load);
	for (int v = 0; v < c->nodes; v++) {
		size_t row = (size_t)v * (size_t)c->slots;
		int32_t load_w = clip(load[v]), w = room(limit[v].usable_w, load[v]);

		for (int slot = from; slot < to; slot++) {
			c->load_w[row + (size_t)slot] = load_w;
			c->w[row + (size_t)slot] = w;
		}
		memset(&c->source[row + (size_t)from], limit[v].source, (size_t)(to - from));
	}
}

/* One past the last slot from `from` on that has the same loads. */
static int same_until(const struct plan_caps *c, const int32_t *const *base_w, int from)
{
	int to = c->slots;

	for (int v = 0; base_w && v < c->nodes; v++)
		for (int slot = from + 1; base_w[v] && slot < to; slot++)
			if (base_w[v][slot] != base_w[v][from])
				to = slot;
	return to;
}

static int fill_whole(struct plan_caps *c, const struct grid_tree *t, const struct grid_limits *l,
	const int32_t *const *base_w)
{
	size_t nodes = (size_t)c->nodes;
	struct grid_limit *limit = malloc(nodes * sizeof(*limit));
	int64_t *load = malloc(nodes * sizeof(*load));
	int rc = limit && load ? 0 : -1;

	for (int v = 0; rc == 0 && v < c->nodes; v++)
		limit[v] = whole_limit(t, l, v);
	for (int from = 0, to; rc == 0 && from < c->slots; from = to) {
		to = same_until(c, base_w, from);
		fill_slots(c, t, limit, base_w, from, to, load);
	}
	free(limit);
	free(load);
	return rc;
}

/* -- phases ---------------------------------------------------------------------------------- */

int plan_caps_make_phases(struct plan_caps *c, int node)
{
	struct plan_phase_caps *p = &c->phase[node];
	size_t slots = (size_t)c->slots;

	if (p->w)
		return 0;
	p->w = malloc(slots * sizeof(*p->w));
	p->source = calloc(slots, 1);
	if (!p->w || !p->source) {
		free(p->w);
		free(p->source);
		p->w = NULL;
		p->source = NULL;
		return -1;
	}
	for (size_t slot = 0; slot < slots; slot++)
		for (int k = 0; k < GRID_PHASES; k++)
			p->w[slot][k] = GRID_NO_LIMIT;
	return 0;
}

/* What flows beside the EVSEs, in sixths; unknown of the phases: all that is known of the whole. */
static struct grid_load known_load(
	const int32_t *const *base_w, const int64_t (*base_phase)[GRID_PHASES], int node)
{
	struct grid_load k;
	int64_t whole = base_w && base_w[node] ? base_w[node][0] : GRID_UNKNOWN;

	k.s[GRID_TOTAL] = whole == GRID_UNKNOWN ? whole : 6 * whole;
	for (int p = 0; p < GRID_PHASES; p++) {
		int64_t w = base_phase ? base_phase[node][p] : GRID_UNKNOWN;

		if (w == GRID_UNKNOWN)
			w = whole;
		k.s[GRID_L1 + p] = w == GRID_UNKNOWN ? w : 6 * w;
	}
	return k;
}

static int fill_node_phases(
	struct plan_caps *c, const struct grid_tree *t, const struct grid_limits *l, int v)
{
	struct plan_phase_caps *p = &c->phase[v];
	struct grid_limit m = grid_channel_limit(t, l, v, GRID_L1);

	if (grid_tree_node(t, v)->kind == GRID_EVSE || (m.w == GRID_NO_LIMIT && v != c->apart_node))
		return 0;
	if (plan_caps_make_phases(c, v))
		return -1;
	for (int slot = 0; slot < c->slots; slot++) {
		p->source[slot] = (uint8_t)m.source;
		for (int k = 0; k < GRID_PHASES; k++)
			p->w[slot][k] = room(m.usable_w, p->load_w[k]);
	}
	return 0;
}

/* The topmost node with such a limit; one that does not have all EVSEs below it is the guard's
 * matter alone. */
static void find_apart(struct plan_caps *c, const struct grid_tree *t)
{
	c->apart_node = -1;
	for (int v = 0; v < c->nodes && c->apart_node < 0; v++) {
		const struct grid_node *n = grid_tree_node(t, v);

		if (!n->electric.imbalance_ma || n->evse_first || n->evse_end != grid_tree_evses(t))
			continue;
		c->apart_node = v;
		c->apart_w = clip((int64_t)n->electric.imbalance_ma * n->electric.volts / 1000);
	}
}

static int fill_phases(struct plan_caps *c, const struct grid_tree *t, const struct grid_limits *l,
	const int32_t *const *base_w, const int64_t (*base_phase)[GRID_PHASES])
{
	struct grid_load *load = malloc((size_t)c->nodes * sizeof(*load));
	int rc = load ? 0 : -1;

	find_apart(c, t);
	for (int v = 0; rc == 0 && v < c->nodes; v++)
		load[v] = known_load(base_w, base_phase, v);
	if (rc == 0)
		grid_tree_uncontrolled_loads(t, load, load);
	for (int v = 0; rc == 0 && v < c->nodes; v++) {
		for (int k = 0; k < GRID_PHASES; k++)
			c->phase[v].load_w[k] = clip((load[v].s[GRID_L1 + k] + 5) / 6);
		rc = fill_node_phases(c, t, l, v);
	}
	free(load);
	return rc;
}

/* -- public ---------------------------------------------------------------------------------- */

int plan_caps_init(struct plan_caps *c, const struct grid_tree *t, const struct grid_limits *l,
	int slots, const int32_t *const *base_w, const int64_t (*base_phase)[GRID_PHASES])
{
	size_t nodes = (size_t)grid_tree_nodes(t), cells;
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
	c->phase = calloc(nodes, sizeof(*c->phase));
	if (c->w && c->load_w && c->source && c->phase && fill_whole(c, t, l, base_w) == 0)
		rc = fill_phases(c, t, l, base_w, base_phase);
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

int plan_caps_lower_phases(struct plan_caps *c, const struct grid_tree *t, int node, int from,
	int to, int32_t limit_ma, enum grid_source source)
{
	const struct grid_node *n = grid_tree_node(t, node);
	int64_t limit_w = (int64_t)(limit_ma < 0 ? 0 : limit_ma) * n->electric.volts / 1000;
	int32_t usable = grid_usable_w(n, clip(limit_w));
	struct plan_phase_caps *p = &c->phase[node];

	if (plan_caps_make_phases(c, node))
		return -1;
	for (int slot = from < 0 ? 0 : from; slot < to && slot < c->slots; slot++)
		for (int k = 0; k < GRID_PHASES; k++) {
			int32_t w = room(usable, p->load_w[k]);

			if (w >= p->w[slot][k])
				continue;
			p->w[slot][k] = w;
			p->source[slot] = (uint8_t)source;
		}
	return 0;
}

static void add(int32_t *room_w, int64_t w)
{
	int64_t to = (int64_t)*room_w + w;

	if (*room_w < GRID_NO_LIMIT)
		*room_w = to < 0 ? 0 : to < GRID_NO_LIMIT ? (int32_t)to : GRID_NO_LIMIT - 1;
}

static void add_in_slot(struct plan_caps *c, int node, int slot, int64_t w)
{
	struct plan_phase_caps *p = &c->phase[node];

	add(&c->w[(size_t)node * (size_t)c->slots + (size_t)slot], w);
	for (int k = 0; p->w && k < GRID_PHASES; k++)
		add(&p->w[slot][k], w / GRID_PHASES);
}

void plan_caps_add(struct plan_caps *c, int node, int64_t w)
{
	for (int slot = 0; slot < c->slots; slot++)
		add_in_slot(c, node, slot, w);
}

void plan_caps_shift(struct plan_caps *c, int node, int slot, int64_t w)
{
	if (w <= 0 || c->w[(size_t)node * (size_t)c->slots + (size_t)slot] > 0)
		add_in_slot(c, node, slot, w);
}

void plan_caps_finish(struct plan_caps *c)
{
	for (int v = 0; c->phase && v < c->nodes; v++) {
		free(c->phase[v].w);
		free(c->phase[v].source);
	}
	free(c->phase);
	free(c->w);
	free(c->load_w);
	free(c->source);
	memset(c, 0, sizeof(*c));
}
