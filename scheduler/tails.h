/*
 * Tails: the proof that the site is safe when nobody commands it. Every station falls back to the
 * tail of its EVSEs; whatever they are doing, the sum below each node then fits its rating, in all
 * and on each phase, and places that are wired to one or two phases cannot pull them further apart
 * than they may be. What a single-phase vehicle at a three-phase place does to the balance cannot be
 * proven: that is the guard's.
 */
#ifndef SCHEDULER_TAILS_H
#define SCHEDULER_TAILS_H

#include "scheduler/grid.h"

struct grid_tails_fault {
	int node;
	enum grid_channel
		channel; /* W of that phase at nominal voltage; GRID_IMBALANCE: tails only */
	int64_t sum_w; /* all that can draw at once: the three below */
	int64_t tails_w;
	int64_t reserve_w; /* unmeasured load kept free below it */
	int64_t load_w; /* worst-case uncontrolled load below it */
	int64_t limit_w; /* its rating */
};

/* Adds up tails, reserves and worst-case loads at each node that has a rating and compares. Draw
 * only adds up, so the sum with every EVSE at its tail bounds any combination of them. Returns the
 * number of sums that do not fit; the first `max` of them, in tree order, go to faults[].
 * -1: no memory. */
int grid_tails_check(const struct grid_tree *t, struct grid_tails_fault *faults, int max);

/* One sentence for a person about a fault; names the node, the sum and the limit. */
void grid_tails_explain(
	const struct grid_tree *t, const struct grid_tails_fault *f, char *text, size_t size);

#endif
