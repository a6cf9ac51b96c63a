/*
 * Demand charges: the highest interval costs too, above what has been paid for already.
 *
 * With every interval capped at a peak the cost of the plan is a convex function of the peak, and the
 * prices that prove a plan say how it falls with a higher one. So each plan gives a straight line that
 * the cost never goes below; the next peak tried is where the lines and the charge together are
 * lowest. With one charge the answer is the best of all whole peaks, exactly; with several
 * (on-peak hours and all hours) the same in all their peaks at once, and what it may miss by is said:
 * `bound` is below every plan. docs/planning.md has the proof in short.
 *
 * A peak is the energy of an interval in W·slot: W times its slots.
 */
#ifndef SCHEDULER_FLOW_PEAK_H
#define SCHEDULER_FLOW_PEAK_H

#include "scheduler/flow.h"

#define FLOW_CHARGES     3
#define FLOW_PEAK_SOLVES 64

struct flow_charge {
	const uint8_t *counts; /* [intervals] not 0: it does; NULL: all do */
	int64_t paid; /* highest interval that has been paid for, W·slot; at least 0 */
	int64_t price; /* of each W·slot above it, in the unit of flow_cost(); at least 0 */
};

struct flow_peak {
	/* [intervals] W·slot that the site draws besides the vehicles (below 0: it gives), and in an
	 * open interval has drawn already; NULL: nothing. Within +-2^49. */
	const int64_t *load;
	int charges; /* 0..FLOW_CHARGES */
	struct flow_charge charge[FLOW_CHARGES];

	int64_t peak[FLOW_CHARGES]; /* of the plan: highest interval that counts, at least `paid` */
	flow_value cost,
		bound; /* with the charges; no plan is cheaper (one charge: by whole W·slots) */
	int solves;
};

/* Makes the cheapest plan. The peaks stay in force for each flow_solve() after it, so that a plan
 * mended in a hurry does not cost more demand. 0, or -1 as flow_solve(). */
int flow_peak_solve(struct flow *f, struct flow_peak *p);

/* The same with the peaks at p->peak, not sought; they stay in force too. */
int flow_peak_hold(struct flow *f, struct flow_peak *p);

/* The lowest peak of charge `k` among the plans that cost the same: after flow_solve() or
 * flow_peak_solve(). The other charges' peaks stay. 0 or -1; the plan stays one that costs as much. */
int flow_peak_lower(struct flow *f, struct flow_peak *p, int k);

#endif
