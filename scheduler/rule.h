/*
 * Rule: who draws what at this instant by the plain rule: earliest departure first, within the room
 * that each node has in all, on each phase and between two of them. It needs no forecast, no prices and no plan, so it is what counts when there
 * is none, or when one is only to be looked at. The guard stands below it as below a plan.
 *
 * Pure: the same input gives the same shares. Any thread.
 */
#ifndef SCHEDULER_RULE_H
#define SCHEDULER_RULE_H

#include <stdbool.h>
#include "scheduler/grid.h"

#define RULE_ROOM_MAX INT64_MAX /* where there is no limit */

/* What is left at a node. Phases in sixths of a W (scheduler/limits.h). */
struct rule_room {
	int64_t w;
	int64_t phase[GRID_PHASES];
	int64_t apart; /* two phases may differ by so much in all … */
	int64_t high[GRID_PHASES], low[GRID_PHASES]; /* … and carry so much, at most and for sure */
};

/* What stands at an EVSE. */
struct rule_place {
	bool is_here; /* a vehicle that takes energy; else it gets 0 */
	bool is_fixed; /* it draws max_w, whatever anybody says: it is counted before all others */
	int32_t max_w, min_w; /* 0, or from min_w to max_w */
	uint8_t sixths[GRID_PHASES]; /* of it on each phase, at most; all 0: any of it on any */
	bool is_exact; /* … in just these parts */
	int priority; /* smaller goes first */
	int64_t depart_ms; /* then the earlier; INT64_MAX: not known */
};

/* `place` and `w` have an entry for each EVSE of the tree, `room` one for each node: what its EVSEs may draw
 * together; it is used up. -1: no memory. */
int rule_share(const struct grid_tree *t, const struct rule_place *place, struct rule_room *room,
	int32_t *w);

#endif
