/*
 * Flexible: what vehicles can draw less or more during some slots, and still every one leaves as ready as
 * by the plan. Found by making plans: each answer is one that can be followed. Pure.
 */
#ifndef SCHEDULER_FLEXIBLE_H
#define SCHEDULER_FLEXIBLE_H

#include "scheduler/plan.h"

struct flexible {
	int64_t planned_w; /* mean of the plan in these slots */
	int64_t less_w, more_w; /* in each of these slots */
	int64_t less_wh, more_wh;
};

/* In slots [from, to) of a plan that plan_solve() made of `in`. 0, or -1: no memory, no such slots. */
int flexible_find(
	const struct plan_input *in, const struct plan *p, int from, int to, struct flexible *out);

/* The plan that draws `less_w` less at the root in each of these slots than `p`; NULL: no memory. */
struct plan *flexible_take(
	const struct plan_input *in, const struct plan *p, int from, int to, int64_t less_w);

#endif
