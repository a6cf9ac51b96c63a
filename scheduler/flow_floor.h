/*
 * Least current: a charging station gives a vehicle nothing or at least its least current (6 A in
 * IEC 61851-1), which no flow can say. The next slots, those that will be sent, are mended: what is
 * too little is raised to the least or turned off, and the plan around it made anew. Later slots are
 * left as they are, as they will be next in turn some time.
 */
#ifndef SCHEDULER_FLOW_FLOOR_H
#define SCHEDULER_FLOW_FLOOR_H

#include "scheduler/flow.h"

struct flow_floor {
	int slots; /* the first ones */
	const int32_t *least_w; /* [n] in each of them: nothing or at least this … */
	const int32_t *first_least_w; /* [n] … but for slot 0, or NULL */
	bool in_haste; /* no further pass once one mends hardly more than the one before it */
	bool takes_less; /* what is bounded below its least may be drawn up to the bound */

	flow_value cost, bound; /* of the mended plan; no plan at all is cheaper */
	int solves;
};

/* After flow_solve(), of a plan that is optimal. The plan keeps every limit; where something must be
 * drawn that is less than the least, that stays. The flow's bounds are afterwards what they were, so
 * that the next flow_solve() begins from the mended plan and is as free as before. 0 or -1: no
 * memory; the plan is then as it was. */
int flow_floor(struct flow *f, struct flow_floor *r);

#endif
