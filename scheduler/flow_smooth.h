/*
 * Among plans that cost the same: the flattest, the earliest, the calmest.
 *
 * Which plan is cheapest depends on the order of the prices only, never on how far they lie apart. So
 * equal prices may be told apart by anything: by how much is drawn in the interval already (flat), by
 * the time (early: what is charged early is there if something breaks). The cost stays the same to the
 * last digit.
 */
#ifndef SCHEDULER_FLOW_SMOOTH_H
#define SCHEDULER_FLOW_SMOOTH_H

#include "scheduler/flow.h"

#define FLOW_PIECES_MAX 64

struct flow_smoothing {
	int pieces; /* steps between 0 and the plan's highest interval; 0 and 1: flatness is nothing */
	const int64_t
		*load; /* [intervals] drawn besides, W·slot, counts for flatness; NULL: nothing */
	bool early; /* of equally flat plans, the earliest */
};

/* After flow_solve(). 0, or -1: no memory, or more steps, intervals and prices than can be told
 * apart; the plan is then as it was, or another one of the same cost. */
int flow_smooth(struct flow *f, const struct flow_smoothing *s);

/* Makes vehicles go on and off less often: moves the energy of short runs to where the vehicle
 * charges anyway, at the same price, or in exchange with a neighbour at the same node. Cost, limits
 * and everybody's energy stay. Returns how many times less something goes on or off. */
int flow_calm(struct flow *f);

#endif
