/*
 * The meter's open interval in a plan: what has been drawn in it counts when it ends, so what may be
 * drawn in the rest of it is more or less than the peak that is paid for. The plan's slots each keep the
 * peak, so all intervals after this one do, wherever they begin. Pure.
 */
#ifndef SCHEDULER_OPEN_INTERVAL_H
#define SCHEDULER_OPEN_INTERVAL_H

#include "scheduler/plan.h"

struct open_interval {
	int64_t begin_ms, end_ms; /* now lies within it */
	int64_t mean_w; /* drawn at the root since its begin */
};

/* Moves load_w[slots] of the slots that begin in it by what its history takes from them or leaves them,
 * against what is paid for; and lifts what counts as paid for to the mean that it will have though
 * nobody charges any more. Slots begin at start_ms, of which the first has begun where `now_ms` is
 * later: what has gone by of it is its history too. */
void open_interval_count(const struct open_interval *o, int64_t now_ms, int64_t start_ms,
	int slot_s, int slots, struct plan_prices *prices, int32_t *load_w);

#endif
