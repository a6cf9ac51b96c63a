/*
 * The linear program of scheduler/storage.h as its solver sees it.
 *
 * Inside, power is in units of a typical vehicle and prices in units of a typical price. What a battery
 * holds is reckoned at the meter, as what had to be drawn for it: charging then adds 1, giving back
 * takes `per_given`. Variables stand in one row of arrays; each has its bounds, and one whose bounds
 * are equal is no variable but a number.
 */
#ifndef SCHEDULER_STORAGE_PRIVATE_H
#define SCHEDULER_STORAGE_PRIVATE_H

#include "scheduler/storage.h"
#include "scheduler/storage_dense.h"

struct storage_vars {
	int n, room, loose; /* loose: those that are not fixed */
	double *z, *low, *high, *price; /* value, bounds, cost */
	double *to_low, *to_high; /* multipliers of the bounds */
	double *weight; /* by how much it gives way to a price; 0: fixed */
	double *pull; /* gradient: price and all multipliers of its rows */
	double *h; /* gradient of the step that is asked for */
	double *dz, *dlow, *dhigh; /* the step */
	double *bent_low, *bent_high; /* what its curvature adds to the products */
};

/* A row of a device: energy of all slots, or what it holds after each. */
struct storage_rows {
	double *price, *step, *miss; /* multiplier, its step, by how much the row is not met */
};

struct storage_unit {
	const struct storage_device *of;
	int node, at; /* of the solver, and where its first slot stands among the node's */
	int from, slots; /* none: nothing to do for it */
	bool gives;
	double per_given; /* drawn for each that is given back */
	double stored, need; /* at the meter */
	int charge, give, level, over; /* variables; over: above the need at the end, -1: none */
	int row;
};

struct storage_node {
	int parent; /* of the solver; -1 */
	int n, stride; /* slots in which anything is there, and those in whole blocks */
	int *slot; /* [n] */
	int *up; /* [n] where each stands at the parent */
	int flow; /* its first variable */
	double *own,
		*factor; /* [stride][stride] how what is below gives way; the factor of the same */
	double *give; /* [stride] how its own flow gives way */
	double *price, *step, *miss, *sum; /* [stride] */
};

/* A demand charge: in each slot that counts, peak - room = what the site draws. */
struct storage_peak {
	const struct storage_charge *of;
	int peak, room; /* variables; room: one a slot */
	double *price, *step, *miss; /* [slots] */
	double *share; /* [slots] of a peak's step that the draw follows */
};

/* What is drawn from the grid: at each price a part, the cheapest is what would be fed in. */
struct storage_supply {
	int part, parts; /* first variable, [slots][parts] */
	double *load, *price, *step, *miss; /* [slots] */
	double *give, *rest; /* [slots] of the sum of parts: to prices; without any */
	double *root; /* [stride][stride] */
	double *rhs;
	int peaks;
	struct storage_peak peak[STORAGE_CHARGES];
	double corner[STORAGE_CHARGES][STORAGE_CHARGES]; /* of the peaks by themselves, inverse */
};

struct storage {
	const struct storage_input *in;
	struct storage_memory memory;
	double unit_w, unit_price;
	int slots, stride, n, nodes, rows;
	struct storage_unit *unit; /* [n] */
	struct storage_node *node; /* [nodes] those that matter; 0 is the root */
	int *node_of; /* [in->nodes] where what hangs there hangs here */
	struct storage_vars v;
	struct storage_rows row;
	struct storage_supply supply;
	double *scratch; /* [stride][stride] */
	double constant; /* of the cost, in units */
	double *w; /* [n][slots] the plan, W */
	double cost, bound;
};

/* Where a row of slots of a device or node begins. */
static inline size_t storage_at(int row, int slots)
{
	return (size_t)row * (size_t)slots;
}

/* Aligned and zeroed; NULL: no memory. */
void *storage_take(const struct storage_memory *m, size_t n, size_t size);

/* storage_build.c: nodes, variables and rows. 0 or -1: no memory. */
int storage_build(struct storage *s);

/* storage_sweep.c: the equations of one step, by one sweep up and one down the tree. */
void storage_sweep_begin(struct storage *s); /* all multipliers 0 */
void storage_sweep_factor(struct storage *s); /* for the weights that stand */
void storage_sweep_miss(struct storage *s); /* by how much each row is not met */
void storage_sweep_pull(struct storage *s); /* v.pull, by the multipliers that stand */
void storage_sweep_step(struct storage *s); /* v.dz and the multipliers' steps, for v.h */
void storage_sweep_move(struct storage *s, double share); /* multipliers by so much of their step */

/* storage_site.c: the root's end of the same. */
void storage_site_factor(struct storage *s);
void storage_site_miss(struct storage *s);
void storage_site_pull(struct storage *s);
void storage_site_step(struct storage *s, const double *at_site); /* at_site: what all below does */

/* Completes a symmetric matrix from its lower triangle. */
void storage_mirror(double *m, int n);

/* storage_settle.c: a plan that keeps all limits out of values that nearly do, slot by slot; in whole
 * W if asked. 0, or -1: no memory. */
int storage_settle(const struct storage *s, bool is_whole, double *w);

/* Below every plan's cost, whatever the multipliers are. */
double storage_lower(const struct storage *s);

#endif
