/*
 * The inside of the guard, shared by guard.c (what is there, lowering, raising) and guard_turns.c
 * (who gives way to whom). For nobody else.
 */
#ifndef SCHEDULER_GUARD_INTERNAL_H
#define SCHEDULER_GUARD_INTERNAL_H

#include "scheduler/guard.h"

#define GUARD_QUANTUM_W   100 /* settings between minimum and wish come in steps of this */
#define GUARD_LONG_AGO_MS (INT64_MIN / 4)

/* One EVSE: what is remembered from cycle to cycle, then what this cycle found. */
struct guard_evse {
	int32_t allowed_w; /* decided last */
	int32_t commanded_w; /* seen last */
	int32_t high_w; /* commanded before the last lowering; counts until high_until_ms */
	int64_t high_until_ms;
	int64_t behind_since_ms; /* commanded above allowed since; GUARD_LONG_AGO_MS: is not */
	int64_t lowered_ms; /* for lack of room */
	int64_t raised_ms;
	int64_t on_since_ms, off_since_ms; /* charges; wants to but pauses */

	bool fixed; /* nothing to decide: nobody there, or out of reach */
	bool disobeys;
	bool awaits_room; /* room on its way is kept for it to start */
	int32_t cap_w; /* wanted, within its own power; 0: less than the minimum */
	int32_t min_w;
	int32_t ceiling_w; /* may still be in force */
	int32_t floor_w; /* counts at least for this, whatever is allowed */
	int32_t w; /* the decision */
};

struct guard_node {
	bool known; /* held_w has been measured */
	int64_t held_w; /* uncontrolled load by the last fresh measurement */
	int64_t peak_w[2]; /* greatest uncontrolled load in this and the previous hold_ms */
	int64_t books_over_ms; /* over by the books since; GUARD_LONG_AGO_MS: not over */
	int64_t import_w;
	struct grid_limit limit;
};

struct guard {
	const struct grid_tree *tree;
	struct guard_config cfg;
	int nodes, evses;
	bool started;
	int64_t now_ms, period_ms; /* when the running period of peaks began */
	struct guard_evse *evse;
	struct guard_node *node;
	int64_t *load_w; /* [node] uncontrolled now */
	int64_t *room_w; /* [node] left for EVSEs in the pass under way */
	int64_t *sum_w; /* [node] scratch */
	int64_t *pending_w; /* [node] room on its way: lowered but not yet effective */
	int32_t *part_w; /* [evse] scratch */
	int32_t *wish_w; /* [evse] scratch */
	int *order; /* [evse] */
	struct guard_evse_out *evse_out;
	struct guard_node_out *node_out;
};

/* What an EVSE counts for in the long run if `w` is allowed. */
static inline int32_t guard_settled(const struct guard_evse *s, int32_t w)
{
	return w > s->floor_w ? w : s->floor_w;
}

/* … and until that is effective. */
static inline int32_t guard_counted(const struct guard_evse *s, int32_t w)
{
	int32_t c = guard_settled(s, w);

	return c > s->ceiling_w ? c : s->ceiling_w;
}

static inline bool guard_wants_to_start(const struct guard_evse *s)
{
	return !s->fixed && s->w == 0 && s->cap_w > 0;
}

/* pending_w[node] = room below it on its way: lowered, but counting until that is effective. */
void guard_find_pending(struct guard *g);

/* True if `need` finds no room on the EVSE's path, not even with what is on its way. */
bool guard_lacks_room(const struct guard *g, int e, int64_t need);

/* Asks others to give way to those that pause. Relies on room_w and order as raising leaves
 * them. */
void guard_take_turns(struct guard *g, const struct guard_in *in);

#endif
