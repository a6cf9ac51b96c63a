/*
 * Limits: what each node of the tree may carry now, in all and on each phase, where that comes
 * from, and whether a set of set-points keeps it.
 *
 * Four channels a node: the power in all, and that of each phase (its current at the nominal
 * voltage). What flows on them is counted in sixths of a watt, so that a power that divides into
 * phases (2,2,2 sixths balanced; 3,3 on two; 6 on one) stays a whole number.
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
	int32_t w; /* as stated; GRID_NO_LIMIT: none. Of a phase: its current at nominal voltage */
	int32_t usable_w; /* … less margin: measured load, reserve and EVSEs must fit in it */
	enum grid_source source;
	int node; /* where it lies */
	int32_t ma; /* of a phase: as stated */
};

/* `w` as a limit of `node` less the node's margin. */
int32_t grid_usable_w(const struct grid_node *node, int32_t w);

/* The tightest limit of the node itself on a channel. `l` may be NULL here and below: the tree's
 * own only. */
struct grid_limit grid_channel_limit(
	const struct grid_tree *t, const struct grid_limits *l, int node, enum grid_channel c);

/* The same for a short time: the short-time rating in place of the continuous one, if any. */
struct grid_limit grid_short_limit(
	const struct grid_tree *t, const struct grid_limits *l, int node, enum grid_channel c);

/* The limit of what the node feeds in; its own one counts as its rating. */
struct grid_limit grid_export_limit(
	const struct grid_tree *t, const struct grid_limits *l, int node);

/* grid_channel_limit() of the whole. */
struct grid_limit grid_node_limit(const struct grid_tree *t, const struct grid_limits *l, int node);

/* Effective limit: the tightest on the way from the node to the root, with the node it lies on. */
struct grid_limit grid_tree_limit(const struct grid_tree *t, const struct grid_limits *l, int node);

/* What flows at a place on each channel, in sixths of a watt. */
struct grid_load {
	int64_t s[GRID_CHANNELS];
};

/* At most so much of `w` on each channel: sixths as in struct grid_electric. */
struct grid_load grid_spread(int32_t w, const uint8_t sixths[GRID_PHASES]);

/* The greatest load that nobody controls on the node itself. One whose phases are not rated may lie
 * on any one of them. */
struct grid_load grid_own_load(const struct grid_node *v);

/* What the node keeps free. Without a figure for the phases it is shared by them. */
struct grid_load grid_reserve(const struct grid_node *v);

/* node_w[node] = sum of evse_w[evse] below it, for every node. O(nodes). */
void grid_tree_sum(const struct grid_tree *t, const int32_t *evse_w, int64_t *node_w);
void grid_tree_sum_loads(
	const struct grid_tree *t, const struct grid_load *evse, struct grid_load *node);

/* Uncontrolled load to reckon with at every node, never below 0. known_w[node] is what is known of
 * the uncontrolled load of its whole subtree (a meter less the EVSEs, a forecast) or GRID_UNKNOWN;
 * NULL: nothing is. Known: that plus the node's reserve. Unknown: the worst case, which is the sum
 * of its children and its own greatest load, at least the reserve. Both arrays may be the same. */
void grid_tree_uncontrolled(const struct grid_tree *t, const int64_t *known_w, int64_t *out_w);

/* The same on each channel; GRID_UNKNOWN is a value of a channel. */
void grid_tree_uncontrolled_loads(
	const struct grid_tree *t, const struct grid_load *known, struct grid_load *out);

/* The greatest difference that `load` makes between two phases, in sixths of a watt. */
int64_t grid_imbalance(const struct grid_load *load);

struct grid_over {
	int node;
	enum grid_channel channel; /* GRID_IMBALANCE: the difference between two phases */
	int64_t sum_w; /* EVSEs and uncontrolled load below it */
	int64_t limit_w; /* usable */
	enum grid_source source;
};

/* Adds up what the EVSEs draw, by the phases that the tree gives them, and the uncontrolled load
 * (as by grid_tree_uncontrolled_loads(), or NULL) at each node and compares with its usable limits.
 * Returns how many limits are broken; the first `max` of them, in tree order, go to over[]; node[]
 * (or NULL) receives the EVSE sums. -1: no memory. */
int grid_tree_eval(const struct grid_tree *t, const struct grid_limits *l, const int32_t *evse_w,
	const struct grid_load *uncontrolled, struct grid_load *node, struct grid_over *over,
	int max);

#endif
