/*
 * Inside of the phase plan: its state, shared by phase_plan.c (building, changing, reading),
 * phase_plan_fit.c (any plan made to fit), phase_plan_dual.c (first-order method), phase_plan_bound.c
 * (what its prices prove) and phase_plan_solve.c (the layers in turn).
 *
 * The plan itself lives in a flow on a forest: the depot's tree once for each pattern. Vehicles are
 * numbered as that flow does, places are slots by their price.
 */
#ifndef SCHEDULER_PHASE_PLAN_PRIVATE_H
#define SCHEDULER_PHASE_PLAN_PRIVATE_H

#include "scheduler/flow_private.h"
#include "scheduler/phase_plan.h"

#define PHASE_NO_LIMIT (INT64_MAX / 64) /* in sixths of a W */

struct phase_dual;

struct phase_plan {
	struct flow *forest;
	struct flow_shared shared; /* kept also while the trees share nothing */
	int64_t (*spread)[FLOW_PHASES][FLOW_PHASES]; /* [places] */
	int nodes, slots, n;
	int *parent; /* [nodes] */
	int *node_of, *pattern_of; /* [n] */
	int *order; /* [n] the most urgent vehicles first */
	uint64_t *touched; /* places where the plan may break a limit */
	bool is_exact, is_mode_old; /* is_mode_old: a change may decide otherwise on is_exact */

	struct phase_dual *dual; /* NULL until it was needed */
	int32_t *best; /* copy of the forest's x */
	flow_value bound;
	struct flow_proof *proof; /* while it is exact */
	bool is_bound_old;
};

static inline const struct flow_pattern *phase_pattern(const struct phase_plan *p, int i)
{
	return &p->shared.pattern[p->pattern_of[i]];
}

static inline size_t phase_cell(const struct phase_plan *p, int v, int place)
{
	return (size_t)v * (size_t)p->slots + (size_t)place;
}

/* What the power of a place costs, by its amount. */
static inline const struct flow_part *phase_parts(const struct phase_plan *p, int place)
{
	return p->forest->price + (size_t)p->forest->interval_of[place] * (size_t)p->forest->parts;
}

/* -- phase_plan_fit.c ------------------------------------------------------------------------- */

void phase_order(struct phase_plan *p); /* of p->order */
void phase_touch_all(struct phase_plan *p);
bool phase_is_balanced(const struct flow_pattern *pattern); /* it never moves two phases apart */

/* Lowers the plan to what fits, in the places that were touched. -1: what must be drawn does not. */
int phase_fit(struct phase_plan *p);

/* -- phase_plan_dual.c ------------------------------------------------------------------------ */

/* Prices of limits in units of PHASE_PRICE_PARTS to one of price. */
#define PHASE_PRICE_PARTS 1024

/* Takes over limits, prices, vehicles and the plan as they are now; prices found earlier stay. */
int phase_dual_load(struct phase_plan *p);
void phase_dual_run(struct phase_dual *d, int iterations);
int32_t phase_dual_w(const struct phase_dual *d, int vehicle, int slot);
int64_t phase_dual_limit_price(const struct phase_dual *d, int v, int channel, int slot);
int64_t phase_dual_spread_price(const struct phase_dual *d, int high, int low, int slot);
int64_t phase_dual_power_price(const struct phase_dual *d, int slot);
void phase_dual_destroy(struct phase_dual *d);

/* -- phase_plan_bound.c ----------------------------------------------------------------------- */

/* The least that any plan costs, by the prices of p->dual (NULL: none). -1: no memory. */
int phase_bound(const struct phase_plan *p, flow_value *bound);

#endif
