/*
 * What counts of the envelopes: for the guard now, for the planner in each slot of a plan, for
 * whoever asks whose word it is. Loop thread only.
 */
#ifndef CSMS_ENVELOPE_APPLY_H
#define CSMS_ENVELOPE_APPLY_H

#include "csms/power/envelope.h"
#include "scheduler/plan.h"

/* Its name in the tree: envelope, fallback envelope, operator. */
enum grid_source envelope_source(const struct held_envelope *h);

/* The one whose word counts at the node, with the word; NULL: none. `by`, for any of them: the one
 * of its owner that overrules it or the one that is tighter. */
const struct held_envelope *envelopes_winner(const struct core *c, const char *node,
	enum envelope_quantity q, wall_t at, int32_t *value);

/* Writes what counts at `now` into the limits that come and go. For each cycle of control. */
void envelopes_apply(
	struct envelopes *all, const struct grid_tree *t, struct grid_limits *l, wall_t now);

/* How long an EVSE may go on by what it is told now without hearing from us: until a limit becomes
 * tighter at the latest, for depotd may be gone by then. */
int64_t envelopes_lease_ms(const struct envelopes *all, wall_t now, int64_t lease_ms);

/* The same for the slots of a plan: what counts in each, as things stand now. `extra` (or NULL) as if
 * it were accepted. */
struct envelope_slots {
	const struct grid_tree *tree;
	struct plan_caps *caps;
	int64_t start_ms, slot_ms;
	int64_t now_ms; /* what was over by then counts no more */
};
void envelopes_lower(struct envelopes *all, const struct envelope_slots *slots,
	const struct held_envelope *extra);

#endif
