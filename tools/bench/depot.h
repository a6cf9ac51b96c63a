/*
 * A made-up depot for the planner: a day from noon to noon, vans that come in the evening, at midday
 * and late, five sizes of charger, groups of eight below feeders of five below one another, limits that
 * bind, envelopes in the evening and at night. The same numbers give the same depot.
 */
#ifndef BENCH_DEPOT_H
#define BENCH_DEPOT_H

#include "scheduler/flow.h"

enum depot_prices { DEPOT_THREE_RATES, DEPOT_HOURLY, DEPOT_EACH_SLOT };

struct depot {
	struct flow_input in;
	int *parent;
	int32_t *cap_w;
	struct flow_part *price;
	struct flow_vehicle *vehicles;
};

/* NULL: no memory. */
struct depot *depot_make(int vehicles, int slots, enum depot_prices prices, unsigned seed);

/* The same as a minimum-cost flow in the DIMACS form, for solvers of others. 0 or -1. */
int depot_write_dimacs(const struct depot *d, const char *path);
void depot_destroy(struct depot *d);

#endif
