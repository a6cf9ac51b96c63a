/*
 * Limits that several trees of one flow share. A vehicle on one phase and one on three load the same
 * cable by different parts of their power, so the depot's tree stands in the flow once for each
 * pattern of phases; tree q has its node v at 1 + q * nodes + v, below the flow's root, which only
 * pays. What a node may carry more follows from the load of all trees there, kept in sixths of a W so
 * that every part is a whole number.
 *
 * Such limits are no polymatroid (docs/phases.md): the flow stays safe, and is optimal no longer.
 * Safe because a way through the trees holds what it may come to carry at each node before it goes
 * on, as one way may pass a node in two trees.
 */
#ifndef SCHEDULER_FLOW_SHARED_H
#define SCHEDULER_FLOW_SHARED_H

#include <stdbool.h>
#include <stdint.h>

#define FLOW_PHASES       3
#define FLOW_CHANNELS     4 /* the power in all, that of L1, L2, L3 */
#define FLOW_PATTERNS_MAX 32

struct flow;

/* Sixths of a vehicle's power on each channel: at most, and for sure. */
struct flow_pattern {
	uint8_t most[FLOW_CHANNELS], least[FLOW_CHANNELS];
};

struct flow_shared {
	int nodes; /* of each tree */
	int patterns;
	struct flow_pattern pattern[FLOW_PATTERNS_MAX];
	int64_t (*limit)[FLOW_CHANNELS], (*load)[FLOW_CHANNELS]; /* [nodes][places] */
	/* At the site: the most that one phase may carry above another, of the vehicles alone; what
	 * each carries at most and for sure. */
	int64_t (*spread)[FLOW_PHASES][FLOW_PHASES]; /* [places]; NULL: no such limit */
	int64_t (*high)[FLOW_PHASES], (*low)[FLOW_PHASES]; /* [places] */
};

/* What a node of a tree may take more, or give away, in a place; with what is held. */
int32_t flow_shared_room(const struct flow *f, int node, int place);
int32_t flow_shared_gift(const struct flow *f, int node, int place);

/* Brings the bits of all trees at node v of the depot's tree up to load and limits. */
void flow_shared_bits(struct flow *f, int v, int place);

/* The flow of a node has changed by w. */
void flow_shared_add(struct flow *f, int node, int place, int32_t w);

/* A way begins that may let it rise or fall by w; -w: it has ended. */
void flow_shared_hold(struct flow *f, int node, int place, bool is_rise, int32_t w);

#endif
