/*
 * Limits: what each node of the tree may carry now, where that comes from, and whether a set of
 * set-points keeps it.
 *
 * A struct grid_limits holds the limits that come and go, one per node and source, beside an
 * immutable tree that must outlive it. It belongs to one thread; copy it for a planner's snapshot.
 */
#ifndef SCHEDULER_LIMITS_H
#define SCHEDULER_LIMITS_H

#include "scheduler/grid.h"

struct grid_limits;

/* What somebody allows a node; each GRID_NO_LIMIT: not limited. */
struct grid_bound {
	int32_t import_w, export_w;
	int32_t phase_ma; /* current of each phase, in either direction */
};

/* No limits but the tree's own. NULL: no memory. */
struct grid_limits *grid_limits_create(const struct grid_tree *t);
struct grid_limits *grid_limits_copy(const struct grid_limits *l);
/* Sets the limits that `source` puts on `node`, in place of those it put there before; below 0
 * counts as 0. NULL lifts them. */
void grid_limits_set(
	struct grid_limits *l, int node, enum grid_source source, const struct grid_bound *b);
struct grid_bound grid_limits_get(const struct grid_limits *l, int node, enum grid_source source);
void grid_limits_destroy(struct grid_limits *l);

struct grid_limit {
	int32_t w; /* as stated; GRID_NO_LIMIT: none */
	int32_t usable_w; /* … less margin: measured load, reserve and EVSEs must fit in it */
	enum grid_source source;
	int node; /* where it lies */
};

/* `w` as a limit of `node` less the node's margin. */
int32_t grid_usable_w(const struct grid_node *node, int32_t w);

/* The tightest limit of the node itself. `l` may be NULL here and below: the tree's own only. */
struct grid_limit grid_node_limit(const struct grid_tree *t, const struct grid_limits *l, int node);

/* Effective limit: the tightest on the way from the node to the root, with the node it lies on. */
struct grid_limit grid_tree_limit(const struct grid_tree *t, const struct grid_limits *l, int node);

/* node_w[node] = sum of evse_w[evse] below it, for every node. O(nodes). */
void grid_tree_sum(const struct grid_tree *t, const int32_t *evse_w, int64_t *node_w);

/* Uncontrolled load to reckon with at every node, never below 0. known_w[node] is what is known of
 * the uncontrolled load of its whole subtree (a meter less the EVSEs, a forecast) or GRID_UNKNOWN;
 * NULL: nothing is. Known: that plus the node's reserve. Unknown: the worst case, which is the sum
 * of its children and its own greatest load, at least the reserve. Both arrays may be the same. */
void grid_tree_uncontrolled(const struct grid_tree *t, const int64_t *known_w, int64_t *out_w);

struct grid_over {
	int node;
	int64_t sum_w; /* EVSEs and uncontrolled load below it */
	int64_t limit_w; /* usable */
	enum grid_source source;
};

/* Adds up what the EVSEs draw and the uncontrolled load (as by grid_tree_uncontrolled(), or
 * NULL) at each node and compares with its usable limit. Returns how many nodes are over; the
 * first `max` of them, in tree order, go to over[]; node_w[] (or NULL) receives the EVSE sums.
 * -1: no memory. */
int grid_tree_eval(const struct grid_tree *t, const struct grid_limits *l, const int32_t *evse_w,
	const int64_t *uncontrolled_w, int64_t *node_w, struct grid_over *over, int max);

#endif
