/*
 * Phase plan: who charges when where single-phase vehicles and three-phase ones share cables, so that
 * each phase has a limit of its own and two phases may not differ too much at the site.
 *
 * Such plans are no network flow: with a three-phase vehicle that needs all of three limits at once
 * the best plan may hold halves (docs/phases.md). So there are three layers, each safe on its own:
 * the flow planner on one tree for each pattern of phases, with limits that the trees share, at once;
 * a first-order method for the linear problem, whose dual bounds every plan from below; and its plan
 * rounded down into the limits and improved in whole W. The best plan and the best bound are kept.
 * Where no limit is shared by two patterns (all vehicles balanced; or each on a phase of its own) the
 * flow planner alone is exact, and the bound equals the cost.
 *
 * Units, slots, prices and vehicles are those of scheduler/flow.h. A struct phase_plan belongs to one
 * thread at a time and keeps nothing of its input. Only whole numbers leave it, the same on every
 * machine.
 */
#ifndef SCHEDULER_PHASE_PLAN_H
#define SCHEDULER_PHASE_PLAN_H

#include "scheduler/flow.h"

enum phase_channel { PHASE_TOTAL, PHASE_L1, PHASE_L2, PHASE_L3, PHASE_CHANNELS };

#define PHASE_PATTERNS_MAX 32 /* different ones in one depot */

struct phase_vehicle {
	struct flow_vehicle flow;
	uint8_t sixths[3]; /* of its power on L1, L2, L3 of the grid */
	bool is_exact; /* in just these parts; else no more than these, on any of them */
};

struct phase_input {
	int slots, nodes;
	const int *parent; /* as in struct flow_input */
	const int32_t (*limit_w)[PHASE_CHANNELS]; /* [nodes][slots], of the vehicles alone */
	/* Greatest difference of two phases of the site, FLOW_POWER_MAX: any; and what is on them
	 * beside the vehicles. If that alone differs more, vehicles may not make it worse. */
	const int32_t *imbalance_w; /* [slots], NULL: any */
	const int32_t (*other_w)[3]; /* [slots], NULL: the same on all */
	int parts;
	const struct flow_part *price; /* [slots][parts] */
	int n;
	const struct phase_vehicle *vehicles;
};

struct phase_plan;

/* NULL: no memory, or input outside its bounds. Nobody charges yet; solve it next. */
struct phase_plan *phase_plan_create(const struct phase_input *in);

/* Changes, each 0 or -1 (outside of the bounds). A vehicle keeps its node and its pattern: if they
 * change, create the plan anew and begin from the old one by phase_plan_set(). */
int phase_plan_set_limit(
	struct phase_plan *p, int node, enum phase_channel c, int from, int to, int32_t w);
int phase_plan_set_imbalance(struct phase_plan *p, int slot, int32_t w, const int32_t other_w[3]);
int phase_plan_set_price(struct phase_plan *p, int slot, const struct flow_part *parts);
int phase_plan_set_vehicle(struct phase_plan *p, int vehicle, const struct phase_vehicle *v);
void phase_plan_set(struct phase_plan *p, const int32_t *w); /* [n][slots], as far as it fits */

/* How long to go on. The first layer always runs and is what an event needs. */
struct phase_effort {
	int iterations; /* of the second layer, 0: none; a few thousand come to its end */
	int32_t gap_ppm; /* it is enough that the cost is this near the bound */
	bool (*is_late)(void *arg); /* NULL: never; asked every few ms */
	void *arg;
};

/* 0, or -1: no memory, or what must be drawn does not fit; then the plan keeps the limits. */
int phase_plan_solve(struct phase_plan *p, const struct phase_effort *e);

int32_t phase_plan_w(const struct phase_plan *p, int vehicle, int slot);
int64_t phase_plan_missing(const struct phase_plan *p, int vehicle);
flow_value phase_plan_cost(const struct phase_plan *p);
/* No plan is cheaper. After an event whose solve had no iterations it is what the last prices of the
 * limits still prove. */
flow_value phase_plan_bound(struct phase_plan *p);
int32_t phase_plan_gap_ppm(struct phase_plan *p); /* rounded up */
bool phase_plan_is_exact(const struct phase_plan *p); /* by the flow planner alone */

/* What one W less on the channel would cost in the slot; one W more saves at most about that. From the
 * last second layer, or exact. 0: nothing, or there was none. */
int32_t phase_plan_limit_price(
	const struct phase_plan *p, int node, enum phase_channel c, int slot);
/* The same of the imbalance, of all pairs of phases. */
int32_t phase_plan_imbalance_price(const struct phase_plan *p, int slot);

struct phase_fault {
	int vehicle, node, slot, channel; /* -1 where it does not apply */
	int64_t got, limit; /* W; of a phase in sixths of a W */
	const char *what; /* static text */
};

/* Checks the plan against an input by code of its own: windows, bounds, limits, imbalance, sums. */
bool phase_plan_check(
	const struct phase_plan *p, const struct phase_input *in, struct phase_fault *fault);

void phase_plan_destroy(struct phase_plan *p);

#endif
