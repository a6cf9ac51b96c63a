#include "scheduler/tails.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Sums of one subtree. */
struct sums {
	int64_t tails_w, reserve_w, load_w;
};

/* Sums of the nodes below are complete when a node's turn comes: children have greater indices. */
static void add_node(const struct grid_node *v, struct sums *own, struct sums *parent)
{
	own->tails_w += v->tail_w;
	own->load_w += v->load_w;
	if (own->reserve_w < v->reserve_w)
		own->reserve_w = v->reserve_w;
	if (!parent)
		return;
	parent->tails_w += own->tails_w;
	parent->load_w += own->load_w;
	parent->reserve_w += own->reserve_w;
}

int grid_tails_check(const struct grid_tree *t, struct grid_tails_fault *faults, int max)
{
	int n = grid_tree_nodes(t), found = 0;
	struct sums *s = calloc((size_t)n, sizeof(*s));

	if (!s)
		return -1;
	for (int i = n - 1; i >= 0; i--) {
		const struct grid_node *v = grid_tree_node(t, i);

		add_node(v, &s[i], v->parent >= 0 ? &s[v->parent] : NULL);
	}
	for (int i = 0; i < n; i++) {
		const struct grid_node *v = grid_tree_node(t, i);
		int64_t sum = s[i].tails_w + s[i].reserve_w + s[i].load_w;

		/* A load's rating bounds the load itself, which is counted in its parents. */
		if (!v->rated || v->kind == GRID_LOAD || sum <= v->rating_w)
			continue;
		if (found < max)
			faults[found] = (struct grid_tails_fault){
				.node = i,
				.sum_w = sum,
				.tails_w = s[i].tails_w,
				.reserve_w = s[i].reserve_w,
				.load_w = s[i].load_w,
				.limit_w = v->rating_w,
			};
		found++;
	}
	free(s);
	return found;
}

void grid_tails_explain(
	const struct grid_tree *t, const struct grid_tails_fault *f, char *text, size_t size)
{
	snprintf(text, size,
		"%s: tails of %" PRId64 " W, a reserve of %" PRId64
		" W and other load of up to %" PRId64 " W add up to %" PRId64
		" W, above its %" PRId64 " W",
		grid_tree_node(t, f->node)->id, f->tails_w, f->reserve_w, f->load_w, f->sum_w,
		f->limit_w);
}
