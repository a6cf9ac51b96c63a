/*
 * Taper: a battery takes less as it fills, so what a vehicle may draw in a slot depends on what the
 * plan gave it before. The plan is made as if it did not; then each slot is bounded by what the battery
 * accepts along that plan, and the plan is mended, until nothing is beyond its bound. Passes are
 * bounded: from the middle on bounds only fall, and what the last pass still finds is taken away (it is
 * missing then), so that in the end all that is planned can be delivered.
 */
#ifndef SCHEDULER_FLOW_TAPER_H
#define SCHEDULER_FLOW_TAPER_H

#include "scheduler/battery.h"
#include "scheduler/flow.h"

struct flow_taper {
	const struct battery *battery; /* [n] */
	const int64_t *stored_mj; /* [n] at the beginning of the vehicle's first slot */
	int slot_s;
	int passes; /* at most; 12 are plenty */

	flow_value bound; /* no plan is cheaper, whatever the batteries take */
	int64_t *missing; /* [n] then, W·slot; given, NULL: not asked */
	int solves;
	int64_t cut; /* W·slot that the last pass took away */

	int first_s; /* given: of slot 0, where power is the mean over all of the slot; 0: slot_s */
};

/* Solves; `in` is what the flow was made from, with all changes since. The bounds stay, for
 * flow_solve() after it, until flow_set_vehicle(). 0, or -1 as flow_solve(). */
int flow_taper(struct flow *f, const struct flow_input *in, struct flow_taper *t);

#endif
