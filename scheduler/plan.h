/*
 * Plan: who charges when, and with how much.
 *
 * At the least cost within every node's limit in every slot (scheduler/flow.h); without prices as
 * soon as possible, the earliest departure first. If not all fits, smaller priority numbers go first.
 * A plan always exists: where energy does not suffice it says who falls short, by how much and why.
 * Pure: the same input gives the same plan.
 *
 * Arrays are row-major, [vehicle][slot] and [node][slot]. Power in W at the charge point, constant
 * over a slot; energy in Wh into the battery; times in UTC ms. A plan owns its arrays and does not
 * keep the input. Any thread.
 */
#ifndef SCHEDULER_PLAN_H
#define SCHEDULER_PLAN_H

#include "scheduler/battery.h"
#include "scheduler/flow_peak.h"
#include "scheduler/plan_caps.h"

struct plan_vehicle {
	int evse; /* its place; two vehicles may follow one another there */
	int64_t from_ms; /* plugged in (before the start: already) */
	int64_t depart_ms; /* 0: unknown, the horizon's end; past: overdue, charges first */
	int64_t need_wh; /* still to be stored */
	int64_t stored_wh; /* in the battery at from_ms; for the taper */
	int priority; /* smaller goes first when not all fits */
	int32_t max_w; /* vehicle and connector together; 0: the EVSE's */
	int32_t min_w; /* smallest power but 0; the EVSE's own counts if greater */
	int32_t worth; /* a kWh of its need, as a price: dearer energy is not bought; 0: any price is
	                * paid */
	struct battery battery;
	uint8_t sixths[GRID_PHASES]; /* of its power, at most, on L1, L2, L3 of the grid; all 0: a
	                              * third on each */
	bool is_exact; /* … in just these parts (scheduler/phases.h) */
	int32_t now_w; /* that it has by the plan in force: of equal plans that one stays */
};

/* What energy costs at the root: micro-units of money per kWh, at most PLAN_PRICE_MAX either way;
 * beyond that only the order of prices counts. */
#define PLAN_PRICE_MAX 5000000

#define PLAN_DEMANDS          FLOW_CHARGES
#define PLAN_DEMAND_PRICE_MAX 1000000000 /* a kW */

/* What a kW more of the highest mean costs. */
struct plan_demand {
	const uint8_t *counts; /* [slots] not 0: it counts; NULL: all do */
	int64_t price; /* micro-units of money per kW */
	int32_t paid_w; /* paid for already */
};

struct plan_prices {
	int parts; /* of the price of each slot */
	const struct flow_part *part; /* [slots][parts]; from part to part no cheaper */
	int demands; /* 0..PLAN_DEMANDS */
	struct plan_demand demand[PLAN_DEMANDS];
	const int32_t
		*load_w; /* [slots] drawn at the root besides the vehicles, as a mean over the slot
	                        * with what has gone by of it; NULL: nothing */
};

struct plan_input {
	const struct grid_tree *tree;
	const struct plan_caps *caps; /* caps->slots is the horizon */
	int64_t start_ms; /* of slot 0 */
	int slot_s; /* 1..86400 */
	const struct plan_vehicle *vehicles;
	int n;
	const int32_t *idle_w; /* [evses] what each may draw while nobody is planned for there;
	                        * NULL: its tail */
	bool fill_spare; /* use room left over to fill batteries beyond the need */
	const struct plan_prices *prices; /* NULL: not known, all energy costs the same */
	int calm_pm; /* of the energy's cost may be lost so that vehicles charge without pauses */
	int first_s; /* what is left of slot 0, which has begun; 0: all of it */
	bool is_sample; /* one of many that are only counted: a safe plan, without polish and proof */
};

struct plan_outcome {
	int first_slot, last_slot; /* usable slots [first, last) */
	int64_t need_wh;
	int64_t planned_wh; /* stored by the end of the horizon, rounded down */
	int64_t short_wh; /* of the need, missing at departure; overdue: all that is missing now */
	int ready_slot; /* the need is met at its end; -1: never, -2: nothing was needed */
	enum grid_source why; /* short: what holds it back most, else GRID_SOURCE_NONE */
	int why_node; /* … and the node, or -1 */
	int64_t own_short_wh; /* part of short_wh: missing with all the power that it can take, too */
	enum grid_source own_why; /* whose size that is, where it is not 0: vehicle, EVSE */
};

struct plan {
	int vehicles, slots, slot_s;
	int64_t start_ms;
	int32_t *w; /* [vehicle][slot] offered: 0, or at least the minimum */
	uint8_t *source; /* [vehicle][slot] enum grid_source: why it is not more */
	int32_t *node; /* [vehicle][slot] node whose limit that is, or -1 */
	uint8_t *channel; /* [vehicle][slot] enum grid_channel: which of its limits */
	struct plan_outcome *outcome; /* [vehicle] */
	int64_t need_wh, planned_wh, short_wh;
	int short_vehicles;
	bool by_rule; /* of the plain rule: earliest departure first, as soon as possible */
	int64_t cost; /* micro-units of money, of what is drawn */
	int64_t demand_cost; /* … of higher peaks than are paid for, slot by slot */
	int64_t at_once; /* … of the plain rule's first step, both together; -1: not known, or somebody
	                  * would go short by it */
	int64_t gap; /* … that a plan which delivers as much may save at most; -1: not known */
	int64_t gap_wh; /* that a better plan may deliver more at most */
	int32_t *
		marginal; /* [vehicle] what a kWh more would cost at most, as a price; by_rule: 0 */
	int64_t *worth; /* [node] micro-units that 1 kW more during the whole horizon would save at
	                 * most; by_rule: 0 */
};

/* NULL: no memory, or input outside its bounds (unknown EVSE, negative energy, invalid battery
 * …). */
struct plan *plan_solve(const struct plan_input *in);
void plan_destroy(struct plan *p);

struct plan_fault {
	int vehicle, slot, node; /* -1 where it does not apply */
	int64_t got, limit;
	const char *what; /* static text */
};

/* Checks a plan against its input with code of its own: windows, minimum and maximum power,
 * every node in every slot, batteries, and the outcome's sums. True: sound; else *f is the first
 * fault. */
bool plan_check(const struct plan_input *in, const struct plan *p, struct plan_fault *f);

#endif
