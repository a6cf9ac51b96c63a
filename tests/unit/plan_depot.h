/*
 * A depot for tests of plans with prices: vans, a plan that is checked, and an end. Header only, so that
 * each test program links nothing more than what it tests.
 */
#ifndef TESTS_UNIT_PLAN_DEPOT_H
#define TESTS_UNIT_PLAN_DEPOT_H

#include <check.h>
#include <string.h>

#include "scheduler/plan.h"

#define START_MS   INT64_C(1790000000000)
#define HOUR_MS    INT64_C(3600000)
#define DEPOT_VANS 16

struct depot {
	struct grid_tree *tree;
	struct plan_caps caps;
	struct flow_part part[96];
	struct plan_prices prices;
	struct plan_vehicle van[DEPOT_VANS];
	struct plan_input in;
	struct plan *plan;
};

/* Slots of an hour, without prices. */
static inline void depot_use_rows(struct depot *d, const struct grid_row *rows, int n, int slots)
{
	struct grid_error err = {0};

	memset(d, 0, sizeof *d);
	d->tree = grid_tree_create(rows, n, &err);
	ck_assert_msg(d->tree != NULL, "%s", err.text);
	ck_assert_int_eq(plan_caps_init(&d->caps, d->tree, NULL, slots, NULL, NULL), 0);
	d->in = (struct plan_input){.tree = d->tree,
		.caps = &d->caps,
		.start_ms = START_MS,
		.slot_s = 3600,
		.vehicles = d->van};
}

static inline void depot_price(struct depot *d, const int32_t *cents)
{
	for (int t = 0; t < d->caps.slots; t++)
		d->part[t] = (struct flow_part){cents[t] * 10000, FLOW_POWER_MAX};
	d->prices = (struct plan_prices){.parts = 1, .part = d->part};
	d->in.prices = &d->prices;
}

/* Here already; a battery without a size, of which nothing is lost. */
static inline struct plan_vehicle *depot_add_van(
	struct depot *d, int evse, int leaves_h, int64_t need_wh)
{
	struct plan_vehicle *v = &d->van[d->in.n++];

	ck_assert_int_le(d->in.n, DEPOT_VANS);
	*v = (struct plan_vehicle){
		.evse = evse,
		.from_ms = START_MS - 1,
		.depart_ms = START_MS + leaves_h * HOUR_MS,
		.need_wh = need_wh,
		.priority = 5,
		.battery = {0, 100000, 800, 50, 1000},
	};
	return v;
}

static inline void depot_solve(struct depot *d)
{
	struct plan_fault f = {0};

	plan_destroy(d->plan);
	d->plan = plan_solve(&d->in);
	ck_assert_ptr_nonnull(d->plan);
	ck_assert_msg(plan_check(&d->in, d->plan, &f), "%s: vehicle %d slot %d node %d: %lld, %lld",
		f.what, f.vehicle, f.slot, f.node, (long long)f.got, (long long)f.limit);
}

static inline void depot_finish(struct depot *d)
{
	plan_destroy(d->plan);
	plan_caps_finish(&d->caps);
	grid_tree_destroy(d->tree);
}

static inline int32_t depot_w(const struct depot *d, int vehicle, int slot)
{
	return d->plan->w[vehicle * d->plan->slots + slot];
}

#endif
