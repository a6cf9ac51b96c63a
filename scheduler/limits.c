#include "scheduler/limits.h"

#include <stdlib.h>
#include <string.h>

struct grid_limits {
	int nodes;
	struct grid_bound *bound; /* [node][source] */
};

static const struct grid_bound unbound = {GRID_NO_LIMIT, GRID_NO_LIMIT, GRID_NO_LIMIT};

static struct grid_limits *alloc_limits(int nodes)
{
	struct grid_limits *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->nodes = nodes;
	l->bound = malloc((size_t)nodes * GRID_SOURCE_COUNT * sizeof(*l->bound));
	if (l->bound)
		return l;
	free(l);
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

	if (copy)
		memcpy(copy->bound, l->bound,
			(size_t)l->nodes * GRID_SOURCE_COUNT * sizeof(*l->bound));
	return copy;
}

static int32_t not_below_0(int32_t w)
{
	return w < 0 ? 0 : w;
}

void grid_limits_set(
	struct grid_limits *l, int node, enum grid_source source, const struct grid_bound *b)
{
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
	free(l);
}

int32_t grid_usable_w(const struct grid_node *node, int32_t w)
{
	/* Rounded towards less, so that the margin is kept to the watt. */
	return w == GRID_NO_LIMIT ? w : (int32_t)((int64_t)w * (1000 - node->margin_pm) / 1000);
}

/* What the node's description alone says. */
static struct grid_limit own_limit(const struct grid_node *v, int node)
{
	struct grid_limit m = {GRID_NO_LIMIT, GRID_NO_LIMIT, GRID_SOURCE_NONE, node};

	if (v->rated) {
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

struct grid_limit grid_node_limit(const struct grid_tree *t, const struct grid_limits *l, int node)
{
	const struct grid_node *v = grid_tree_node(t, node);
	struct grid_limit m = own_limit(v, node);

	for (int s = 0; l && s < GRID_SOURCE_COUNT; s++) {
		int32_t w = l->bound[node * GRID_SOURCE_COUNT + s].import_w;

		if (w < m.w) {
			m.w = w;
			m.source = (enum grid_source)s;
		}
	}
	/* The margin allows for errors of measurement; what a charger can do has none. */
	m.usable_w = m.source == GRID_SOURCE_EVSE ? m.w : grid_usable_w(v, m.w);
	return m;
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

int grid_tree_eval(const struct grid_tree *t, const struct grid_limits *l, const int32_t *evse_w,
	const int64_t *uncontrolled_w, int64_t *node_w, struct grid_over *over, int max)
{
	int n = grid_tree_nodes(t), found = 0;
	int64_t *sums = node_w;

	if (!sums)
		sums = malloc((size_t)n * sizeof(*sums));
	if (!sums)
		return -1;
	grid_tree_sum(t, evse_w, sums);
	for (int i = 0; i < n; i++) {
		struct grid_limit m = grid_node_limit(t, l, i);
		int64_t sum = sums[i] + (uncontrolled_w ? uncontrolled_w[i] : 0);

		if (m.w == GRID_NO_LIMIT || sum <= m.usable_w)
			continue;
		if (found < max)
			over[found] = (struct grid_over){i, sum, m.usable_w, m.source};
		found++;
	}
	if (!node_w)
		free(sums);
	return found;
}
