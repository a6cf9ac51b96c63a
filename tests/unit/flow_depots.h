/*
 * Random problems for the flow planner: trees flat and deep, zero limits, negative prices, parts,
 * tiers, bounds. The same seed gives the same problem.
 */
#ifndef TESTS_FLOW_DEPOTS_H
#define TESTS_FLOW_DEPOTS_H

#include "scheduler/flow.h"

struct depot_rng {
	uint64_t s;
};

/* Evenly, a to b, both of them too. */
int depot_between(struct depot_rng *r, int a, int b);

struct flow_depot {
	struct flow_input in;
	int *parent;
	int32_t *cap_w, *bounds;
	struct flow_part *price;
	struct flow_vehicle *vehicles;
};

/* `size`: about the greatest number of vehicles; slots up to `slots`. */
void flow_depot_make(struct flow_depot *d, uint64_t seed, int size, int slots);
/* One thing changes, in the problem and in the plan alike: a vehicle, a limit, a price, or the plan
 * itself to anything. */
void flow_depot_change(struct flow_depot *d, struct depot_rng *r, struct flow *f);
void flow_depot_finish(struct flow_depot *d);

#endif
