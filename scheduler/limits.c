#include "scheduler/limits.h"

#include <stdlib.h>
#include <string.h>

struct grid_limits {
	int nodes;
	struct grid_bound *bound; /* [node][source] */
	uint32_t *stated; /* [node] bits of the sources that state one: most nodes have none */
};

_Static_assert(GRID_SOURCE_COUNT <= 32, "one bit each");

static const struct grid_bound unbound = {GRID_NO_LIMIT, GRID_NO_LIMIT, GRID_NO_LIMIT};

static struct grid_limits *alloc_limits(int nodes)
{
	struct grid_limits *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->nodes = nodes;
	l->bound = malloc((size_t)nodes * GRID_SOURCE_COUNT * sizeof(*l->bound));
	l->stated = calloc((size_t)nodes, sizeof(*l->stated));
	if (l->bound && l->stated)
		return l;
	grid_limits_destroy(l);
	return NULL;
}

struct grid_limits *grid_limits_create(const struct grid_tree *t)
{
	struct grid_limits *l = alloc_limits(grid_tree_nodes(t));

	for (int i = 0; l && i < l->nodes * GRID_SOURCE_COUNT; i++)
		l->bound[i] = unbound;
	return l;
}

struct grid_limits *grid_limits_copy(const struct grid_limits *l)
{
	struct grid_limits *copy = alloc_limits(l->nodes);

	if (!copy)
		return NULL;
	memcpy(copy->bound, l->bound, (size_t)l->nodes * GRID_SOURCE_COUNT * sizeof(*l->bound));
	memcpy(copy->stated, l->stated, (size_t)l->nodes * sizeof(*l->stated));
	return copy;
}

static int32_t not_below_0(int32_t w)
{
	return w < 0 ? 0 : w;
}

void grid_limits_set(
	struct grid_limits *l, int node, enum grid_source source, const struct grid_bound *b)
{
	uint32_t bit = UINT32_C(1) << (int)source;

	if (!b && !(l->stated[node] & bit))
		return;
	l->stated[node] = b ? l->stated[node] | bit : l->stated[node] & ~bit;
	l->bound[node * GRID_SOURCE_COUNT + (int)source] =
		!b ? unbound
		   : (struct grid_bound){not_below_0(b->import_w), not_below_0(b->export_w),
			     not_below_0(b->phase_ma)};
}

struct grid_bound grid_limits_get(const struct grid_limits *l, int node, enum grid_source source)
{
	return l->bound[node * GRID_SOURCE_COUNT + (int)source];
}

void grid_limits_destroy(struct grid_limits *l)
{
	if (!l)
		return;
	free(l->bound);
	free(l->stated);
	free(l);
}

int32_t grid_usable_w(const struct grid_node *node, int32_t w)
{
	/* Rounded towards less, so that the margin is kept to the watt. */
	return w == GRID_NO_LIMIT ? w : (int32_t)((int64_t)w * (1000 - node->margin_pm) / 1000);
}

static int32_t watts_of(const struct grid_node *v, int32_t ma)
{
	int64_t w = (int64_t)ma * v->electric.volts / 1000;

	return w < GRID_NO_LIMIT ? (int32_t)w : GRID_NO_LIMIT - 1;
}

/* What the node's description alone says. */
static struct grid_limit own_total(const struct grid_node *v, int node)
{
	struct grid_limit m = {GRID_NO_LIMIT, GRID_NO_LIMIT, GRID_SOURCE_NONE, node, 0};

	if (v->rated && v->kind != GRID_PV) {
		m.w = v->rating_w;
		m.source = v->reserve_w && v->reserve_w >= grid_usable_w(v, v->rating_w)
				   ? GRID_SOURCE_RESERVE
				   : GRID_SOURCE_RATING;
	}
	if (v->kind == GRID_EVSE && v->max_w < m.w) {
		m.w = v->max_w;
		m.source = GRID_SOURCE_EVSE;
	}
	return m;
}

static struct grid_limit own_phase(const struct grid_node *v, int node)
{
	if (!v->electric.phase_ma)
		return (struct grid_limit){GRID_NO_LIMIT, GRID_NO_LIMIT, GRID_SOURCE_NONE, node, 0};
	return (struct grid_limit){watts_of(v, v->electric.phase_ma), 0,
		v->kind == GRID_EVSE ? GRID_SOURCE_EVSE : GRID_SOURCE_PHASE, node,
		v->electric.phase_ma};
}

/* The tighter of `m` and what stands in `l`; then less the margin. */
static struct grid_limit tighten(const struct grid_node *v, const struct grid_limits *l, int node,
	enum grid_channel c, struct grid_limit m)
{
	for (uint32_t left = l ? l->stated[node] : 0; left; left &= left - 1) {
		int s = __builtin_ctz(left);
		const struct grid_bound *b = &l->bound[node * GRID_SOURCE_COUNT + s];
		int32_t w = c == GRID_TOTAL ? b->import_w : b->phase_ma;

		if (w == GRID_NO_LIMIT)
			continue;
		if (c != GRID_TOTAL)
			w = watts_of(v, w);
		if (w < m.w) {
			m.w = w;
			m.source = (enum grid_source)s;
			m.ma = c == GRID_TOTAL ? 0 : b->phase_ma;
		}
	}
	/* The margin allows for errors of measurement; what a charger can do has none. */
	m.usable_w = m.source == GRID_SOURCE_EVSE ? m.w : grid_usable_w(v, m.w);
	return m;
}

struct grid_limit grid_channel_limit(
	const struct grid_tree *t, const struct grid_limits *l, int node, enum grid_channel c)
{
	const struct grid_node *v = grid_tree_node(t, node);

	return tighten(v, l, node, c, c == GRID_TOTAL ? own_total(v, node) : own_phase(v, node));
}

struct grid_limit grid_short_limit(
	const struct grid_tree *t, const struct grid_limits *l, int node, enum grid_channel c)
{
	const struct grid_node *v = grid_tree_node(t, node);
	struct grid_limit m = c == GRID_TOTAL ? own_total(v, node) : own_phase(v, node);

	if (c == GRID_TOTAL && v->electric.short_w)
		m.w = v->electric.short_w;
	if (c != GRID_TOTAL && v->electric.short_ma)
		m = (struct grid_limit){
			watts_of(v, v->electric.short_ma), 0, m.source, node, v->electric.short_ma};
	return tighten(v, l, node, c, m);
}

struct grid_limit grid_export_limit(
	const struct grid_tree *t, const struct grid_limits *l, int node)
{
	const struct grid_node *v = grid_tree_node(t, node);
	struct grid_limit m = {GRID_NO_LIMIT, GRID_NO_LIMIT, GRID_SOURCE_NONE, node, 0};

	if (v->electric.export_limited) {
		m.w = v->electric.export_w;
		m.source = GRID_SOURCE_RATING;
	}
	for (uint32_t left = l ? l->stated[node] : 0; left; left &= left - 1) {
		int s = __builtin_ctz(left), w = l->bound[node * GRID_SOURCE_COUNT + s].export_w;

		if (w < m.w) {
			m.w = w;
			m.source = (enum grid_source)s;
		}
	}
	m.usable_w = grid_usable_w(v, m.w);
	return m;
}

struct grid_limit grid_node_limit(const struct grid_tree *t, const struct grid_limits *l, int node)
{
	return grid_channel_limit(t, l, node, GRID_TOTAL);
}

struct grid_limit grid_tree_limit(const struct grid_tree *t, const struct grid_limits *l, int node)
{
	struct grid_limit tightest = grid_node_limit(t, l, node);

	for (int v = grid_tree_node(t, node)->parent; v >= 0; v = grid_tree_node(t, v)->parent) {
		struct grid_limit m = grid_node_limit(t, l, v);

		if (m.usable_w < tightest.usable_w)
			tightest = m;
	}
	return tightest;
}

/* -- what flows ------------------------------------------------------------------------------ */

struct grid_load grid_spread(int32_t w, const uint8_t sixths[GRID_PHASES])
{
	return (struct grid_load){{6 * (int64_t)w, (int64_t)w * sixths[0], (int64_t)w * sixths[1],
		(int64_t)w * sixths[2]}};
}

static struct grid_load each_phase(int64_t w, int64_t phase_s)
{
	return (struct grid_load){{6 * w, phase_s, phase_s, phase_s}};
}

struct grid_load grid_own_load(const struct grid_node *v)
{
	int64_t phase_w = v->load_w;

	if (v->electric.phase_ma && watts_of(v, v->electric.phase_ma) < phase_w)
		phase_w = watts_of(v, v->electric.phase_ma);
	return each_phase(v->load_w, 6 * phase_w);
}

struct grid_load grid_reserve(const struct grid_node *v)
{
	int64_t s = v->electric.reserve_ma ? 6 * (int64_t)watts_of(v, v->electric.reserve_ma)
					   : 2 * (int64_t)v->reserve_w;

	return each_phase(v->reserve_w, s);
}

void grid_tree_sum(const struct grid_tree *t, const int32_t *evse_w, int64_t *node_w)
{
	int n = grid_tree_nodes(t);

	memset(node_w, 0, (size_t)n * sizeof(*node_w));
	for (int i = n - 1; i >= 0; i--) {
		const struct grid_node *v = grid_tree_node(t, i);

		if (v->kind == GRID_EVSE)
			node_w[i] = evse_w[v->evse_first];
		if (v->parent >= 0)
			node_w[v->parent] += node_w[i];
	}
}

void grid_tree_sum_loads(
	const struct grid_tree *t, const struct grid_load *evse, struct grid_load *node)
{
	int n = grid_tree_nodes(t);

	memset(node, 0, (size_t)n * sizeof(*node));
	for (int i = n - 1; i >= 0; i--) {
		const struct grid_node *v = grid_tree_node(t, i);

		if (v->kind == GRID_EVSE)
			node[i] = evse[v->evse_first];
		for (int c = 0; v->parent >= 0 && c < GRID_CHANNELS; c++)
			node[v->parent].s[c] += node[i].s[c];
	}
}

static int64_t below(const struct grid_tree *t, const int64_t *w, int node)
{
	int end = grid_tree_node(t, node)->end;
	int64_t sum = 0;

	for (int c = node + 1; c < end; c = grid_tree_node(t, c)->end)
		sum += w[c];
	return sum;
}

void grid_tree_uncontrolled(const struct grid_tree *t, const int64_t *known_w, int64_t *out_w)
{
	/* Children before parents: a node's own entry is read before it is written. */
	for (int i = grid_tree_nodes(t) - 1; i >= 0; i--) {
		const struct grid_node *v = grid_tree_node(t, i);
		int64_t known = known_w ? known_w[i] : GRID_UNKNOWN;
		int64_t sum;

		if (known != GRID_UNKNOWN) {
			out_w[i] = (known > 0 ? known : 0) + v->reserve_w;
			continue;
		}
		sum = below(t, out_w, i) + v->load_w;
		out_w[i] = sum > v->reserve_w ? sum : v->reserve_w;
	}
}

void grid_tree_uncontrolled_loads(
	const struct grid_tree *t, const struct grid_load *known, struct grid_load *out)
{
	for (int i = grid_tree_nodes(t) - 1; i >= 0; i--) {
		const struct grid_node *v = grid_tree_node(t, i);
		struct grid_load sum = grid_own_load(v), reserve = grid_reserve(v);

		for (int k = i + 1; k < v->end; k = grid_tree_node(t, k)->end)
			for (int c = 0; c < GRID_CHANNELS; c++)
				sum.s[c] += out[k].s[c];
		for (int c = 0; c < GRID_CHANNELS; c++) {
			int64_t x = known ? known[i].s[c] : GRID_UNKNOWN;

			if (x != GRID_UNKNOWN)
				out[i].s[c] = (x > 0 ? x : 0) + reserve.s[c];
			else
				out[i].s[c] = sum.s[c] > reserve.s[c] ? sum.s[c] : reserve.s[c];
		}
	}
}

int64_t grid_imbalance(const struct grid_load *load)
{
	int64_t low = load->s[GRID_L1], high = low;

	for (int c = GRID_L2; c < GRID_CHANNELS; c++) {
		low = load->s[c] < low ? load->s[c] : low;
		high = load->s[c] > high ? load->s[c] : high;
	}
	return high - low;
}

/* -- evaluation ------------------------------------------------------------------------------ */

/* Rounded up: a limit that is broken by a sixth of a watt is broken. */
static int64_t whole_watts(int64_t sixths)
{
	return (sixths + 5) / 6;
}

/* The limits of one node that `load` breaks, at most one a channel and the imbalance. */
static int broken_at(const struct grid_tree *t, const struct grid_limits *l, int node,
	const struct grid_load *load, struct grid_over out[GRID_CHANNELS + 1])
{
	const struct grid_node *v = grid_tree_node(t, node);
	int64_t apart = 6 * (int64_t)watts_of(v, v->electric.imbalance_ma);
	int found = 0;

	for (int c = 0; c < GRID_CHANNELS; c++) {
		struct grid_limit m = grid_channel_limit(t, l, node, (enum grid_channel)c);

		if (m.w != GRID_NO_LIMIT && load->s[c] > 6 * (int64_t)m.usable_w)
			out[found++] = (struct grid_over){node, (enum grid_channel)c,
				whole_watts(load->s[c]), m.usable_w, m.source};
	}
	if (apart && grid_imbalance(load) > apart)
		out[found++] = (struct grid_over){node, GRID_IMBALANCE,
			whole_watts(grid_imbalance(load)), apart / 6, GRID_SOURCE_IMBALANCE};
	return found;
}

int grid_tree_eval(const struct grid_tree *t, const struct grid_limits *l, const int32_t *evse_w,
	const struct grid_load *uncontrolled, struct grid_load *node, struct grid_over *over,
	int max)
{
	int n = grid_tree_nodes(t), evses = grid_tree_evses(t), found = 0;
	struct grid_load *sums = node ? node : malloc((size_t)n * sizeof(*sums));
	struct grid_load *evse = malloc(((size_t)evses + 1) * sizeof(*evse));

	for (int e = 0; sums && evse && e < evses; e++)
		evse[e] = grid_spread(
			evse_w[e], grid_tree_node(t, grid_tree_evse_node(t, e))->electric.sixths);
	if (sums && evse)
		grid_tree_sum_loads(t, evse, sums);
	else
		found = -1;
	for (int i = 0; found >= 0 && i < n; i++) {
		struct grid_over here[GRID_CHANNELS + 1];
		struct grid_load load = sums[i];
		int broken;

		for (int c = 0; uncontrolled && c < GRID_CHANNELS; c++)
			load.s[c] += uncontrolled[i].s[c];
		broken = broken_at(t, l, i, &load, here);
		for (int k = 0; k < broken; k++, found++)
			if (found < max)
				over[found] = here[k];
	}
	if (!node)
		free(sums);
	free(evse);
	return found;
}
