#include "scheduler/phase_plan_private.h"

/* What limits cost: by the proof of the flow planner where it is exact, else by the prices of the
 * first-order method. */

static int32_t whole(int64_t parts)
{
	int64_t price = (parts + PHASE_PRICE_PARTS / 2) / PHASE_PRICE_PARTS;

	return price < INT32_MAX ? (int32_t)price : INT32_MAX;
}

/* The channel that a pattern fills first at a node. */
static bool is_tightest(const struct phase_plan *p, int q, int v, int c, int place)
{
	const struct flow_pattern *pattern = &p->shared.pattern[q];
	const int64_t *limit = p->shared.limit[phase_cell(p, v, place)];

	if (!pattern->most[c])
		return false;
	for (int k = 0; k < FLOW_CHANNELS; k++)
		if (pattern->most[k] && limit[k] * pattern->most[c] < limit[c] * pattern->most[k])
			return false;
	return true;
}

/* A tree's price is for its power; a W on one phase is worth as much more as its part is less. */
static int32_t exact_price(const struct phase_plan *p, int v, int c, int slot)
{
	int64_t price = 0;

	for (int q = 0; q < p->shared.patterns; q++)
		if (is_tightest(p, q, v, c, p->forest->place_of[slot]))
			price += (int64_t)flow_limit_price(
					 p->forest, p->proof, 1 + q * p->nodes + v, slot) *
				 6 / p->shared.pattern[q].most[c];
	return price < INT32_MAX ? (int32_t)price : INT32_MAX;
}

int32_t phase_plan_limit_price(const struct phase_plan *p, int node, enum phase_channel c, int slot)
{
	if (p->proof)
		return exact_price(p, node, (int)c, slot);
	return p->dual ? whole(phase_dual_limit_price(p->dual, node, (int)c, slot)) : 0;
}

int32_t phase_plan_imbalance_price(const struct phase_plan *p, int slot)
{
	int64_t parts = 0;

	for (int high = 0; !p->proof && p->dual && high < FLOW_PHASES; high++)
		for (int low = 0; low < FLOW_PHASES; low++)
			if (high != low)
				parts += phase_dual_spread_price(p->dual, high, low, slot);
	return whole(parts);
}
