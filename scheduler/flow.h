/*
 * Flow: who charges when at the least cost, exactly.
 *
 * Slots of equal length, a tree of limits, vehicles that hang at its nodes, and a price of what the
 * root takes in each slot (or billing interval of several), rising with the amount. The problem is a
 * flow whose costs lie on its ends only, so that a plan is optimal as soon as no rerouting moves
 * energy from above any price to below it (docs/planning.md has the proof in short). That is met price
 * by price, in integers, from nothing or from any earlier plan alike, and proved by flow_certify():
 * the dual value equals the cost to the last digit.
 *
 * Power in W, energy in W·slot (W held for one slot), prices in any unit per W·slot that is the same
 * everywhere (here: micro-EUR per kWh); the value of a plan is in price · W·slot. A struct flow
 * belongs to one thread at a time and keeps nothing of its input.
 */
#ifndef SCHEDULER_FLOW_H
#define SCHEDULER_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLOW_SLOTS_MAX 4320
#define FLOW_TIERS     3
#define FLOW_PRICE_MAX 2000000000
#define FLOW_POWER_MAX 1000000000 /* W; also "no limit" */

__extension__ typedef __int128 flow_value;

/* Price of a part of what the root takes in an interval; `price` must not fall from part to part. */
struct flow_part {
	int32_t price;
	int32_t w; /* W·slot; FLOW_POWER_MAX: no end */
};

/* What a missing W·slot costs. The cheapest tiers are used up first: prices must not fall. */
struct flow_tier {
	int64_t amount; /* INT64_MAX: all the rest */
	int32_t price;
};

struct flow_vehicle {
	int node; /* where it hangs */
	int from, to; /* plugged in during slots [from, to) */
	int32_t max_w; /* in each of them */
	const int32_t *most_w; /* [slots] tighter bounds, NULL: none */
	const int32_t *least_w; /* [slots] must be drawn, NULL: nothing must */
	int64_t need; /* W·slot; what cannot or shall not be met is missing */
	int tiers; /* 1..FLOW_TIERS; the last one takes all the rest */
	struct flow_tier tier[FLOW_TIERS];
	int32_t first_w; /* at most in slot 0, where that is shorter than the others; 0: max_w */
};

struct flow_input {
	int slots;
	int nodes; /* 0 is the root; a parent comes before its children */
	const int *parent; /* [nodes], parent[0] -1 */
	const int32_t *cap_w; /* [nodes][slots] */
	int parts; /* of the price of each interval */
	const struct flow_part *price; /* [intervals][parts]; [slots][parts] where none are given */
	int n;
	const struct flow_vehicle *vehicles;
	int interval; /* slots of a billing interval; 0 and 1: each slot is one */
	int open; /* slots of the first one that are still to come; 0: all */
};

int flow_intervals(const struct flow_input *in);

struct flow;

/* NULL: no memory, or input outside its bounds. Nobody charges yet; solve it next. */
struct flow *flow_create(const struct flow_input *in);

/* Changes, each 0 or -1 (outside of the bounds, no memory). They keep as much of the plan as still
 * fits; the next flow_solve() goes on from there. */
int flow_set_cap(struct flow *f, int node, int from, int to, int32_t w);
int flow_set_price(struct flow *f, int interval, const struct flow_part *parts);
/* The most that the root may take in an interval, W·slot; INT64_MAX: no limit, as at the beginning. */
int flow_set_peak(struct flow *f, int interval, int64_t most);
int flow_set_vehicle(struct flow *f, int vehicle, const struct flow_vehicle *v);

/* Begins from a plan made elsewhere: w[n][slots], as far as it fits. */
void flow_set_plan(struct flow *f, const int32_t *w);

/* Makes the plan optimal. 0, or -1: no memory, or what must be drawn does not fit into the limits;
 * then the plan keeps the limits and is not optimal. */
int flow_solve(struct flow *f);

int32_t flow_w(const struct flow *f, int vehicle, int slot);
int64_t flow_missing(const struct flow *f, int vehicle); /* of its need, W·slot */
int64_t flow_node_w(const struct flow *f, int node, int slot);
int64_t flow_interval_taken(const struct flow *f, int interval); /* W·slot */
flow_value flow_cost(const struct flow *f); /* of energy and of what is missing */

/* Prices that prove the plan, and say what each limit costs. */
struct flow_proof {
	flow_value cost, bound; /* of the plan; no plan is cheaper. Equal: optimal */
	int slots, nodes, n, intervals;
	int32_t *vehicle; /* [n] price of one W·slot more of its need, at most */
	int32_t *node; /* [nodes][slots] price of one W more at the node */
	int32_t *interval; /* [intervals] price of one W·slot more, as the meter sees it */
};

/* NULL: no memory. After flow_solve(). */
struct flow_proof *flow_certify(struct flow *f);
void flow_proof_destroy(struct flow_proof *p);

/* What one W less of the node's limit in the slot would cost; one W more saves at most that. */
int32_t flow_limit_price(const struct flow *f, const struct flow_proof *p, int node, int slot);

struct flow_fault {
	int vehicle, node, slot; /* -1 where it does not apply */
	int64_t got, limit;
	const char *what; /* static text */
};

/* Checks the plan against an input by code of its own: windows, bounds, limits, sums. */
bool flow_check(const struct flow *f, const struct flow_input *in, struct flow_fault *fault);

size_t flow_memory(const struct flow *f); /* bytes */
void flow_destroy(struct flow *f);

#endif
