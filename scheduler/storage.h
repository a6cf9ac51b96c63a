/*
 * Storage: who charges and who gives back when, at the least cost, with batteries that lose and wear.
 *
 * The flow planner (scheduler/flow.h) cannot see batteries that discharge: losses and wear put costs
 * inside of its network. So this one solves the whole problem as a linear program: vehicles, those that
 * give back (V2G), stationary batteries, the tree of limits both ways, the site's load and PV, import
 * and feed-in prices, demand charges. The method is an interior-point method whose linear algebra is
 * one sweep up and one down the tree (docs/planning.md); its dual prices prove a bound that no plan goes
 * below. What batteries do is then frozen, in whole W, and the flow planner plans all others exactly.
 *
 * Power in W at the meter, charging positive; energy in W·slot (W held for one slot) inside of the
 * battery; prices in micro-units of money per kWh, costs in price times W·slot. The input must outlive
 * the struct, which lives in the caller's memory and belongs to one thread at a time.
 */
#ifndef SCHEDULER_STORAGE_H
#define SCHEDULER_STORAGE_H

#include "scheduler/flow.h"

#define STORAGE_SLOTS_MAX 192
#define STORAGE_CHARGES   3

/* A vehicle, or a stationary battery. One that gives nothing back is only a vehicle that charges. */
struct storage_device {
	int node;
	int from, to; /* there during slots [from, to) */
	int32_t charge_w, discharge_w; /* at most; 0: it cannot */
	const int32_t *most_w; /* [slots] tighter bounds for charging, NULL: none */
	int charge_pm,
		discharge_pm; /* of what is drawn, stored; of what is taken out, given: 1..1000 */
	int64_t stored, full; /* now, at most */
	int64_t least; /* not discharged below; who holds less now gives nothing back */
	int64_t need; /* to be stored at `to`; at most full */
	int32_t missing; /* price of a W·slot that is missing then, above 0 */
	int32_t left; /* worth of a W·slot above the need then; 0 to missing */
	int32_t wear; /* price of a W·slot given back, besides what it loses */
};

/* What one W more of the highest slot costs. */
struct storage_charge {
	const uint8_t *counts; /* [slots] not 0: it does; NULL: all do */
	int32_t paid_w; /* paid for already, at least 0 */
	int64_t price; /* in the unit of the cost */
};

struct storage_input {
	int slots;
	int nodes; /* 0 is the root; a parent comes before its children */
	const int *parent; /* [nodes], parent[0] -1 */
	const int32_t *cap_w, *feed_w; /* [nodes][slots] room for drawing, and for giving back */
	const int32_t *load_w; /* [slots] drawn at the root besides (PV: below 0); NULL: nothing */
	int parts;
	const struct flow_part *price; /* [slots][parts] of what the site draws; never falls */
	const int32_t *feed_price; /* [slots] paid for what it feeds in, at most the first part's;
	                            * NULL: nothing */
	int n;
	const struct storage_device *devices;
	int charges;
	struct storage_charge charge[STORAGE_CHARGES];
};

/* Where memory comes from: zeroed or not, any alignment; NULL: there is none left. Nothing is given
 * back by itself: the caller lets go of all at once. */
struct storage_memory {
	void *(*take)(void *arg, size_t bytes);
	void *arg;
};

struct storage;

/* NULL: no memory, or input outside its bounds. */
struct storage *storage_create(const struct storage_input *in, const struct storage_memory *m);

struct storage_effort {
	double gap; /* of the cost, that is near enough; 0: 1e-7 */
	int iterations; /* at most; 0: 100 */
};

/* Solves it. A plan that keeps all limits stands afterwards in any case; how far it may be from the
 * best is storage_bound(). The iterations that it took. */
int storage_solve(struct storage *s, const struct storage_effort *effort);

double storage_w(const struct storage *s, int device, int slot); /* below 0: given back */
double storage_peak_w(const struct storage *s, int charge); /* what it aims at, at least `paid_w` */
double storage_cost(const struct storage *s); /* of the plan; what is missing counts */
double storage_bound(const struct storage *s); /* no plan costs less */
double storage_gap(const struct storage *s); /* (cost - bound) / cost; 0: proved the best */

/* What one W·slot more drawn at the node would cost, at the bound. */
double storage_node_price(const struct storage *s, int node, int slot);

/* The plan in whole W, w[n][slots], which keeps all limits too. 0, or -1: no memory. */
int storage_round(const struct storage *s, int32_t *w);

/* What others have left when the devices that can give back do as w[n][slots] says: cap_w[nodes][slots]
 * and load_w[slots] of the input, less that. */
void storage_freeze(
	const struct storage_input *in, const int32_t *w, int32_t *cap_w, int32_t *load_w);

struct storage_fault {
	int device, node, slot; /* -1 where it does not apply */
	double got, limit;
	const char *what; /* static text */
};

/* Checks w[n][slots] by code of its own: power, windows, every node both ways, what each battery
 * holds; each to within `slack` W or W·slot. */
bool storage_check(
	const struct storage_input *in, const double *w, double slack, struct storage_fault *fault);

/* What such a plan costs, reckoned anew from w alone. */
double storage_reckon(const struct storage_input *in, const double *w);

#endif
