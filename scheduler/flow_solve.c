#include <stdlib.h>
#include <string.h>
#include "scheduler/flow_pass.h"

/* -- price levels ----------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

int flow_find_levels(struct flow *f)
{
	size_t most = (size_t)f->intervals * (size_t)f->parts + (size_t)f->n * FLOW_TIERS, n = 0;
	int32_t *level;

	if (!f->levels_stale)
		return 0;
	level = malloc((most + 1) * sizeof *level);
	if (!level)
		return -1;
	for (size_t i = 0; i < (size_t)f->intervals * (size_t)f->parts; i++)
		level[n++] = f->price[i].price;
	for (int i = 0; i < f->n; i++)
		for (int k = 0; k < f->tiers[i]; k++) {
			int32_t price = f->tier[(size_t)i * FLOW_TIERS + (size_t)k].price;

			/* Neighbours mostly cost the same: fewer to sort. */
			if (n == 0 || level[n - 1] != price)
				level[n++] = price;
		}
	qsort(level, n, sizeof *level, by_value);
	f->levels = 0;
	for (size_t i = 0; i < n; i++)
		if (i == 0 || level[i] != level[f->levels - 1])
			level[f->levels++] = level[i];
	free(f->level);
	free(f->node_list);
	f->level = level;
	f->levels_stale = false;
	f->node_list = NULL;
	return 0;
}

/* -- bisection -------------------------------------------------------------------------------- */

/* The nodes above the vehicles of the list, out of `within`. */
static int nodes_above(
	struct flow *f, const int *list, int n, const int *within, int count, int *out)
{
	int found = 0;

	f->marks++;
	for (int k = 0; k < n; k++)
		for (int v = f->node_of[list[k]]; v >= 0 && f->mark[v] != f->marks;
			v = f->parent[v])
			f->mark[v] = f->marks;
	f->mark[0] = f->marks;
	for (int k = 0; k < count; k++)
		if (f->mark[within[k]] == f->marks)
			out[found++] = within[k];
	return found;
}

/* Meets the conditions of all prices between two levels for some vehicles. What is beyond them
 * concerns others only: a list is split by who can reach something cheap. */
static int bisect(struct flow *f, int low, int high, int *list, int n, const int *within, int count,
	int depth)
{
	int mid = (low + high) / 2, reached;
	int *own = f->node_list + (size_t)depth * (size_t)f->nodes;
	struct flow_pass p = {.vehicle = list, .n = n, .node = own};

	if (high - low < 2 || n == 0)
		return 0;
	p.limit = f->level[mid];
	p.nodes = nodes_above(f, list, n, within, count, own);
	if (flow_pass_run(f, &p) != 0)
		return -1;
	reached = flow_pass_split(f, &p);
	if (bisect(f, low, mid, list, n - reached, own, p.nodes, depth + 1) != 0)
		return -1;
	return bisect(f, mid, high, list + n - reached, reached, own, p.nodes, depth + 1);
}

static int depth_of(int levels)
{
	int depth = 2;

	while (levels > 1) {
		levels = (levels + 1) / 2;
		depth++;
	}
	return depth;
}

/* Everybody takes what he can get, before any price is looked at. */
static int fill(struct flow *f, const int *all)
{
	struct flow_pass p = {.vehicle = f->list,
		.n = f->n,
		.node = all,
		.nodes = f->nodes,
		.limit = FLOW_PRICE_MAX + 1,
		.is_first = true};
	bool is_missing = false;

	for (int i = 0; i < f->n; i++) {
		f->missing[i] = 0;
		is_missing |= f->need[i] > f->sum[i];
	}
	if (is_missing && flow_pass_run(f, &p) != 0)
		return -1;
	for (int i = 0; i < f->n; i++)
		f->missing[i] = f->need[i] > f->sum[i] ? f->need[i] - f->sum[i] : 0;
	return 0;
}

int flow_solve(struct flow *f)
{
	int *all, rc;

	f->no_memory = false;
	if (flow_find_levels(f) != 0)
		return -1;
	if (!f->node_list)
		f->node_list = malloc(
			(size_t)depth_of(f->levels + 1) * (size_t)f->nodes * sizeof *f->node_list);
	if (!f->node_list)
		return -1;
	rc = flow_unload(f);
	all = f->node_list;
	for (int v = 0; v < f->nodes; v++)
		all[v] = v;
	memcpy(f->list, f->urgent, (size_t)f->n * sizeof *f->list);
	if (fill(f, all) != 0)
		return -1;
	if (rc == 0)
		rc = bisect(f, 0, f->levels, f->list, f->n, all, f->nodes, 1);
	return rc;
}
