/*
 * Random problems for the storage planner: trees, vehicles that give back and that do not, stationary
 * batteries, load and PV, parts, feed-in, demand charges. The same seed gives the same problem.
 */
#ifndef TESTS_STORAGE_DEPOTS_H
#define TESTS_STORAGE_DEPOTS_H

#include "scheduler/storage.h"
#include "tests/unit/flow_depots.h"

struct storage_depot {
	struct storage_input in;
	int *parent;
	int32_t *cap_w, *feed_w, *load_w, *feed_price, *most_w;
	uint8_t *counts;
	struct flow_part *price;
	struct storage_device *devices;
	struct storage_memory memory; /* for storage_create() */
	void *taken;
};

/* Up to `size` devices and `slots` slots; is_negative: prices may be below zero. */
void storage_depot_make(
	struct storage_depot *d, uint64_t seed, int size, int slots, bool is_negative);

/* Lets go of what was taken of `memory` and of the problem. */
void storage_depot_finish(struct storage_depot *d);

#endif
