/*
 * What a storage problem takes over from what a plan is made of: the tree with its room, prices, load
 * and demand charges, in slots as long as the storage planner can have them. Any thread.
 */
#ifndef CSMS_STORAGE_FILL_H
#define CSMS_STORAGE_FILL_H

#include "scheduler/plan.h"
#include "scheduler/storage.h"
#include "schemas/arena.h"

#define STORAGE_PRICE_MISSING                                                                      \
	2000000 /* of a kWh for the least vehicle, millionths; the next class: as much more */
#define STORAGE_CLASSES 10

struct storage_fill {
	struct arena *arena; /* of what the input points to */
	const struct grid_tree *tree;
	const struct plan_caps *caps;
	const struct plan_prices *prices;
	int64_t plan_slot_ms;
	int group; /* slots of the plan in one of these … */
	int64_t slot_ms; /* … and how long that is */
};

/* Puts slots together: group, slot_ms, and what the input says of sizes. */
void storage_fill_begin(struct storage_fill *f, struct storage_input *in);

/* The tree, and the room of its nodes. What may flow back is the caller's. NULL: no memory. */
int32_t *storage_fill_caps(const struct storage_fill *f, struct storage_input *in);

/* Prices and load, means of the slots that make one: the first part of a plan's price is what feeding
 * in would pay. The load, or NULL: no memory. */
int32_t *storage_fill_prices(const struct storage_fill *f, struct storage_input *in);

/* 0, or -1: no memory. */
int storage_fill_charges(const struct storage_fill *f, struct storage_input *in);

int32_t storage_bounded_w(int64_t w);
int64_t storage_energy(const struct storage_fill *f, double wh); /* W·slot, at least 0 */
double storage_money(const struct storage_fill *f, double cost); /* of storage_cost() */

/* What missing energy of that priority costs. */
int32_t storage_missing(int priority);

#endif
