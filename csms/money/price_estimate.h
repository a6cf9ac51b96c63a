/*
 * What the energy of a session is expected to cost, by a plan: what the battery draws of what it is offered
 * in each slot, at the price of the slot. Energy alone, as the actual cost of a session has it: without
 * demand charges, idle fees and the depot's own price of carbon. Pure.
 */
#ifndef CSMS_PRICE_ESTIMATE_H
#define CSMS_PRICE_ESTIMATE_H

#include "csms/money/prices.h"
#include "scheduler/battery.h"

struct price_estimate_ask {
	const struct price_slots *prices;
	const struct battery *battery;
	int64_t stored_wh; /* in the battery, as the plan begins */
	const int64_t *w; /* [slots] offered */
	int slots;
	int64_t slot_s, first_s; /* first_s: what is left of the first slot, 0: all of it */
	int64_t taken_wh; /* drawn before; at the price of the first slot */
};

struct price_estimate {
	int64_t energy_wh, cost_micro;
	uint8_t source; /* enum price_source: the worst of the prices that count */
};

void price_estimate(const struct price_estimate_ask *ask, struct price_estimate *out);

#endif
