/*
 * The guard over three EVSEs, for tests of single cycles.
 */
#ifndef TESTS_UNIT_GUARD_THREE_H
#define TESTS_UNIT_GUARD_THREE_H

#include <check.h>
#include <string.h>

#include "scheduler/guard.h"

/* Site of 20 kW with a meter; three EVSEs of 11 kW and a minimum of 4140 W right below it. */
static struct grid_row depot[] = {
	{.id = "site", .kind = GRID_SITE, .rated = true, .rating_w = 20000},
	{.id = "a", .parent = "site", .kind = GRID_EVSE, .max_w = 11000, .min_w = 4140},
	{.id = "b", .parent = "site", .kind = GRID_EVSE, .max_w = 11000, .min_w = 4140},
	{.id = "c", .parent = "site", .kind = GRID_EVSE, .max_w = 11000, .min_w = 4140},
};

static struct grid_tree *tree;
static struct guard *guard;
static struct grid_limits *limits;
static struct guard_node_in node[4];
static struct guard_evse_in evse[3];
static struct guard_in in;
static struct guard_report r;
static struct guard_config cfg;

/* Everyone charges at `w` as commanded and wants 11 kW; a is more urgent than b than c. */
static inline void begin(int32_t w, int32_t load)
{
	struct grid_error err;

	tree = grid_tree_create(depot, 4, &err);
	limits = grid_limits_create(tree);
	cfg = guard_config_default();
	guard = guard_create(tree, &cfg);
	memset(node, 0, sizeof(node));
	node[0] = (struct guard_node_in){
		.quality = GUARD_FRESH, .import_w = load + 3 * w, .worst_w = GRID_UNKNOWN};
	for (int e = 0; e < 3; e++)
		evse[e] = (struct guard_evse_in){.connected = true,
			.reachable = true,
			.commanded_w = w,
			.wanted_w = 11000,
			.measured_w = w,
			.depart_ms = e};
	in = (struct guard_in){1000, limits, node, evse};
}

static inline void cycle(void)
{
	r = guard_cycle(guard, &in);
	in.now_ms += 1000;
}

static inline void end(void)
{
	guard_destroy(guard);
	grid_limits_destroy(limits);
	grid_tree_destroy(tree);
}

static inline int32_t allowed(int e)
{
	return r.evse[e].allowed_w;
}

#endif
