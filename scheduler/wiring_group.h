/*
 * Wiring of all meters that share the next meter above them. What depotd commands moves several feeders at
 * the same moment, so the steps of one show above together with those of its neighbours. Here all are
 * reckoned together: what a neighbour's steps explain is taken off before one meter is held against the
 * one above (scheduler/wiring.h), whichever way that neighbour is mounted. Where it never moves without
 * them, nothing is claimed.
 *
 * Pure: no clock, no I/O. Power in W, import positive.
 */
#ifndef SCHEDULER_WIRING_GROUP_H
#define SCHEDULER_WIRING_GROUP_H

#include "scheduler/wiring.h"

#define WIRING_MOST 32 /* meters side by side: more are too many to tell apart */

struct wiring_group;

/* NULL: no memory. `lowers`: 1..WIRING_MOST. */
struct wiring_group *wiring_group_create(int lowers);

/* All meters, each read anew since the last look: [lowers][WIRING_PHASES] of `lower`. Steps count between
 * looks at which the lower ones were at rest, so it does no harm that they are read one after the other. */
void wiring_group_add(struct wiring_group *g, const double upper[WIRING_PHASES],
	const double (*lower)[WIRING_PHASES]);

/* Something else may have moved since the last look: begin anew from the next one. */
void wiring_group_gap(struct wiring_group *g);

/* Forgets all steps. */
void wiring_group_reset(struct wiring_group *g);

/* One meter against the one above, its neighbours taken off: for wiring_judge(). `is_together`: it has
 * moved, but hardly ever without them. */
struct wiring_pair wiring_group_pair(const struct wiring_group *g, int lower, bool *is_together);

void wiring_group_destroy(struct wiring_group *g);

#endif
