/*
 * Room of a plan: what limits, other load and envelopes leave for EVSEs at every node (EVSEs too) in
 * every slot, in all and on each phase.
 */
#ifndef SCHEDULER_PLAN_CAPS_H
#define SCHEDULER_PLAN_CAPS_H

#include "scheduler/limits.h"

#define PLAN_SLOTS_MAX 4320

/* Of a node that has limits of its phases. */
struct plan_phase_caps {
	int32_t (*w)[GRID_PHASES]; /* [slots] never below 0; NULL: this node has none */
	uint8_t *source; /* [slots] enum grid_source */
	int32_t load_w[GRID_PHASES]; /* uncontrolled load reckoned with */
};

struct plan_caps {
	int nodes, slots;
	int32_t *w; /* [node][slot] limit less margin, reserve and forecast; never below 0 */
	int32_t *load_w; /* uncontrolled load reckoned with */
	uint8_t *source; /* enum grid_source of the limit that w comes from */
	struct plan_phase_caps *phase; /* [nodes] */
	/* The node above all EVSEs whose phases may not differ by more than apart_w; -1: there is
	 * none. Its load stands in phase[apart_node]. */
	int apart_node;
	int32_t apart_w;
};

/* Fills `c` from the limits that stand now. base_w[node] is a forecast of the uncontrolled load of
 * the node's whole subtree, one value a slot, or NULL: unknown; base_w NULL: all unknown.
 * base_phase[node]: the same of its phases, in W, for all slots, each GRID_UNKNOWN or known; NULL:
 * all of base_w may lie on any one. Limits of an EVSE's phases count in all, by the phases that it
 * has. 0, or -1: no memory or slots outside 1..PLAN_SLOTS_MAX. */
int plan_caps_init(struct plan_caps *c, const struct grid_tree *t, const struct grid_limits *l,
	int slots, const int32_t *const *base_w, const int64_t (*base_phase)[GRID_PHASES]);

/* A further limit of `limit_w` (before margin) on slots [from, to): an envelope that comes
 * later. */
void plan_caps_lower(struct plan_caps *c, const struct grid_tree *t, int node, int from, int to,
	int32_t limit_w, enum grid_source source);
/* The same of the current of each phase. -1: no memory. */
int plan_caps_lower_phases(struct plan_caps *c, const struct grid_tree *t, int node, int from,
	int to, int32_t limit_ma, enum grid_source source);
/* So much more room at the node, shared by its phases; negative: less. What has no limit keeps
 * none. */
void plan_caps_add(struct plan_caps *c, int node, int64_t w);
/* … in one slot; where it is full by now nothing is added, since nobody knows by how much. */
void plan_caps_shift(struct plan_caps *c, int node, int slot, int64_t w);

/* Room of phases for a node that has none yet: no limit. -1: no memory. */
int plan_caps_make_phases(struct plan_caps *c, int node);

void plan_caps_finish(struct plan_caps *c);

#endif
