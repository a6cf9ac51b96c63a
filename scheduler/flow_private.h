/*
 * Inside of the flow planner: its state, shared by flow.c (building and changing), flow_unload.c,
 * flow_search.c (layers) and flow_push.c, flow_solve.c (order of the price levels), flow_proof.c and
 * those who change plans of their own (flow_smooth.c, flow_calm.c, flow_taper.c, flow_floor.c).
 *
 * Slots are renumbered by their price, so that whoever takes the first free bit takes the cheapest:
 * a "place" is a slot's number in that order. Vehicles are renumbered so that those of one node lie
 * together; nodes with very many get further nodes below them without a limit. x and its bounds are
 * laid out [node][place][member]. Places of one billing interval lie side by side; above the root
 * stands one end for each interval, which has the price.
 */
#ifndef SCHEDULER_FLOW_PRIVATE_H
#define SCHEDULER_FLOW_PRIVATE_H

#include "scheduler/flow.h"
#include "scheduler/flow_shared.h"

#define FLOW_GROUP_MAX 32 /* vehicles of one node of ours */
#define FLOW_ENDLESS   ((int64_t)1 << 50) /* W·slot, more than any root takes */

/* A place in the depth-first search for ways (flow_push.c). */
struct flow_frame {
	uint8_t kind;
	int id; /* vehicle or node */
	int place;
	int round;
	int32_t want, got;
	int at; /* what is tried next or being tried */
};

struct flow {
	int slots, words, nodes, given_nodes, n, parts, intervals;
	int *parent; /* [nodes] */
	int *child_at, *child; /* node's children: child[child_at[v]] up to child_at[v + 1] */
	int *first, *size; /* [nodes] its vehicles */
	size_t *base; /* [nodes] where its x begins */
	int *node_of; /* [n] */
	int *ours, *theirs; /* [n] vehicle's number here and outside */
	int *slot_of, *place_of; /* [slots] */
	int *interval_of; /* [places] our number of its interval; those of one lie together */
	int *interval_at; /* [intervals + 1] its first place */
	int *ours_interval, *theirs_interval; /* [intervals] */
	int *urgent; /* [n] vehicles by their departure */

	int32_t *x, *most, *least; /* [node][place][member]; least NULL: all 0 */
	int64_t *need, *sum, *missing; /* [n] sum of x; missing: given up, beside `sum` */
	int *from, *to; /* [n] */
	int *tiers; /* [n] */
	struct flow_tier *tier; /* [n][FLOW_TIERS] */
	int32_t *f, *cap; /* [nodes][places] */
	int64_t *taken, *peak; /* [intervals] what the root takes and may take at most */
	struct flow_part *price; /* [intervals][parts] */

	/* Bits that follow x and f. */
	uint64_t *can_more, *can_less; /* [n][words] x below most, above least */
	uint64_t *has_room, *has_flow; /* [nodes][words] */

	struct flow_shared *shared; /* limits that its trees share, NULL: none */

	/* Price levels: all prices that occur, sorted, without doubles. */
	int32_t *level;
	int levels;
	bool levels_stale, is_over; /* is_over: some limit may be broken by a change */

	/* The search. */
	int *round_of; /* [n] vehicle's layer, -1: not reached */
	int *mark; /* [nodes] */
	int marks;
	uint64_t *reach; /* [nodes][words] */
	uint64_t **up, **down; /* [rounds_max] each [nodes][words] */
	int rounds, rounds_max;
	int64_t *allowed; /* [intervals] what the root may take in this pass */
	uint64_t *dear; /* [words] places of intervals whose flow is to leave */
	int *list, *swap; /* [n] vehicles, in the order of the bisection */
	int *node_list; /* [depths][nodes] */
	struct flow_frame *stack;
	int frames, frames_max;
	bool no_memory;
};

static inline uint64_t *flow_bits(uint64_t *rows, const struct flow *f, int row)
{
	return rows + (size_t)row * (size_t)f->words;
}

static inline size_t flow_xi(const struct flow *f, int vehicle, int place)
{
	int g = f->node_of[vehicle];

	return f->base[g] + (size_t)place * (size_t)f->size[g] + (size_t)(vehicle - f->first[g]);
}

static inline size_t flow_fi(const struct flow *f, int node, int place)
{
	return (size_t)node * (size_t)f->slots + (size_t)place;
}

static inline void flow_put_bit(uint64_t *bits, int i, bool on)
{
	uint64_t m = (uint64_t)1 << (i & 63);

	bits[i >> 6] = (bits[i >> 6] & ~m) | (on ? m : 0);
}

static inline bool flow_bit(const uint64_t *bits, int i)
{
	return bits[i >> 6] >> (i & 63) & 1;
}

static inline int32_t flow_least(const struct flow *f, size_t xi)
{
	return f->least ? f->least[xi] : 0;
}

/* Changes x or f and the bits that follow them. */
static inline void flow_add_x(struct flow *f, int vehicle, int place, size_t xi, int32_t w)
{
	f->x[xi] += w;
	f->sum[vehicle] += w;
	flow_put_bit(flow_bits(f->can_more, f, vehicle), place, f->x[xi] < f->most[xi]);
	flow_put_bit(flow_bits(f->can_less, f, vehicle), place, f->x[xi] > flow_least(f, xi));
}

static inline bool flow_is_shared(const struct flow *f, int node)
{
	return f->shared && node > 0 && node < f->given_nodes;
}

static inline void flow_add_f(struct flow *f, int node, int place, int32_t w)
{
	size_t i = flow_fi(f, node, place);

	f->f[i] += w;
	if (node == 0)
		f->taken[f->interval_of[place]] += w;
	if (flow_is_shared(f, node)) {
		flow_shared_add(f, node, place, w);
		return;
	}
	flow_put_bit(flow_bits(f->has_room, f, node), place, f->f[i] < f->cap[i]);
	flow_put_bit(flow_bits(f->has_flow, f, node), place, f->f[i] > 0);
}

/* By how much the flow from a node upwards may rise, and fall. */
static inline int32_t flow_room(const struct flow *f, int node, int place)
{
	size_t i = flow_fi(f, node, place);

	return flow_is_shared(f, node) ? flow_shared_room(f, node, place) : f->cap[i] - f->f[i];
}

static inline int32_t flow_gift(const struct flow *f, int node, int place)
{
	return flow_is_shared(f, node) ? flow_shared_gift(f, node, place)
				       : f->f[flow_fi(f, node, place)];
}

/* The most that a vehicle takes in a slot of its stay. */
static inline int32_t flow_most_of(const struct flow_vehicle *v, int slot)
{
	int32_t most = slot == 0 && v->first_w ? v->first_w : v->max_w;

	return v->most_w && v->most_w[slot] < most ? v->most_w[slot] : most;
}

static inline int64_t flow_width(const struct flow_part *part)
{
	return part->w < FLOW_POWER_MAX ? part->w : FLOW_ENDLESS;
}

/* All places of the intervals that have a place in `bits`. */
void flow_whole_intervals(const struct flow *f, uint64_t *bits);

/* What the root may take in an interval at prices below `limit`. */
int64_t flow_allowed(const struct flow *f, int interval, int32_t limit);

/* What of the vehicle's need may be missing at prices below `limit`. */
int64_t flow_may_miss(const struct flow *f, int vehicle, int32_t limit);

/* -- flow_solve.c ----------------------------------------------------------------------------- */

/* Brings f->level up to date. 0 or -1: no memory. */
int flow_find_levels(struct flow *f);

/* -- flow.c and flow_unload.c ------------------------------------------------------------------ */

/* A change of a vehicle's power in a place, with all nodes above it. */
void flow_shift(struct flow *f, int i, int place, int32_t w);

/* Makes f->least, of zeros, where there is none yet. 0 or -1: no memory. */
int flow_least_array(struct flow *f);

/* Takes from the plan what breaks a limit or a bound, the least urgent first. -1: what must be drawn
 * does not fit. */
int flow_unload(struct flow *f);

#endif
