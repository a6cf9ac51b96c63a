/*
 * State of the first-order method (phase_plan_dual.c), and what brings the plan into it
 * (phase_plan_load.c).
 *
 * Powers are in units of a typical vehicle, prices in units of the dearest slot; slots in order of
 * time. Each row of slots is padded to whole blocks of PHASE_LANES, and sums are kept by lane, so that
 * processors with wide and with narrow registers round alike.
 */
#ifndef SCHEDULER_PHASE_PLAN_DUAL_H
#define SCHEDULER_PHASE_PLAN_DUAL_H

#include "scheduler/phase_plan_private.h"

#define PHASE_LANES 4

/* A part of a price that rises with the amount. */
struct phase_piece {
	float price, amount;
};

/* Rows of one kind: in each slot a limit on a sum of powers, and its price. */
struct phase_rows {
	float *limit, *load, *price, *began; /* began: price at the beginning of the round */
	float *step; /* 0: nothing can reach the limit in this slot */
	bool *is_used; /* [rows] */
};

struct phase_dual {
	const struct phase_plan *plan;
	int slots, stride, nodes, n, patterns, parts;
	float watt, money; /* how many W, and how much of price, are one unit */
	float weight; /* of steps of prices against steps of powers */

	/* Vehicles; x and its bounds [n][stride], used in [from, to), whole blocks. */
	int *from, *to, *group_of;
	float *x, *x_began, *least, *most;
	float *need, *worth, *worth_began, *worth_step; /* worth: price of one unit of need */
	struct phase_piece *tier; /* [n][FLOW_TIERS] */

	/* Vehicles of one pattern at one node see the same prices: [groups][stride]. */
	int groups, *group_pattern, *group_node;
	float *group_price, *group_load, *group_step;

	struct phase_rows limit; /* [nodes * FLOW_CHANNELS] */
	float *above; /* [nodes * FLOW_CHANNELS][stride] prices added up to the root */
	struct phase_rows spread; /* [FLOW_PHASES * FLOW_PHASES] high phase by low phase */
	struct phase_rows power; /* one row: all the power, and what it costs */
	struct phase_piece *part; /* [stride][parts] */
	float *pattern_price, *pattern_load; /* [patterns][stride] at the site */
};

static inline size_t phase_row(const struct phase_dual *d, int row)
{
	return (size_t)row * (size_t)d->stride;
}

/* Part of its power that a pattern puts on a channel; by which it moves two phases apart. */
static inline float phase_part(const struct phase_dual *d, int pattern, int channel)
{
	return (float)d->plan->shared.pattern[pattern].most[channel] / 6.0F;
}

static inline float phase_apart(const struct phase_dual *d, int pattern, int high, int low)
{
	const struct flow_pattern *p = &d->plan->shared.pattern[pattern];

	return (float)(p->most[1 + high] - p->least[1 + low]) / 6.0F;
}

#endif
