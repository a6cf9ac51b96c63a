/*
 * The inside of the guard: guard.c (life and report), guard_observe.c (what is there),
 * guard_seen.c (what an EVSE draws on a phase that nobody knows),
 * guard_lower.c, guard_raise.c, guard_balance.c (phases that must not differ too much) and
 * guard_turns.c (who gives way to whom). For nobody else.
 *
 * The decision for an EVSE is one number in W; it counts on four channels by its weights. Rooms and
 * loads of nodes are in sixths of a watt (scheduler/limits.h).
 */
#ifndef SCHEDULER_GUARD_INTERNAL_H
#define SCHEDULER_GUARD_INTERNAL_H

#include "scheduler/guard.h"

#define GUARD_QUANTUM_W   100 /* settings between minimum and wish come in steps of this */
#define GUARD_LONG_AGO_MS (INT64_MIN / 4)
#define GUARD_APART       0x80 /* the node's phases may not differ too much */
#define GUARD_ANY_CHANNEL 0x0f

/* One EVSE: what is remembered from cycle to cycle, then what this cycle found. */
struct guard_evse {
	bool started; /* was observed once */
	int32_t allowed_w; /* decided last */
	int32_t commanded_w; /* seen last */
	int32_t high_w; /* commanded before the last lowering; counts until high_until_ms */
	int64_t high_until_ms;
	int64_t late_from_ms; /* … and is slow if it still draws it then */
	int64_t high_since_ms; /* no more than high_w has been in force since */
	int64_t behind_since_ms; /* commanded above allowed since; GUARD_LONG_AGO_MS: is not */
	int64_t lowered_ms; /* for lack of room */
	int64_t raised_ms;
	int64_t on_since_ms, off_since_ms; /* charges; wants to but pauses */
	int short_runs; /* one after the other that soon ended … */
	int64_t rests_until_ms; /* … and so it does not start again before */

	bool fixed; /* nothing to decide: nobody there, or out of reach */
	bool disobeys;
	int64_t reaction_ms;
	bool awaits_room; /* room on its way is kept for it to start */
	bool exact; /* weights are the parts themselves, not only their bounds */
	uint8_t heaviest; /* of the phases that it is said to use, in sixths; 0: not seen yet */
	uint8_t weight[GRID_CHANNELS]; /* sixths of its power on each channel; total: 6 */
	int32_t cap_w; /* wanted, within its own power; 0: less than the minimum */
	int32_t min_w;
	int32_t ceiling_w; /* may still be in force */
	int32_t floor_w; /* counts at least for this, whatever is allowed */
	int64_t surely[GRID_PHASES]; /* sixths that each phase was measured to carry of it */
	int32_t seen_w; /* measured, on a phase that nobody knows: in the meters of its nodes; 0: not
	                 * so */
	int32_t w; /* the decision */
};

struct guard_node {
	bool known; /* `held` has been measured */
	int64_t reading; /* … by this one */
	bool is_new; /* … in this cycle */
	struct grid_load held; /* uncontrolled load by the last fresh measurement */
	bool is_bounded; /* … by meters around it: not to be held once they say nothing */
	struct grid_load peak[2]; /* greatest uncontrolled load in this and the previous hold_ms */
	int64_t books_over_ms[GRID_CHANNELS]; /* over by the books since; GUARD_LONG_AGO_MS: not */
	struct grid_load import; /* GRID_UNKNOWN: not measured */
	struct grid_load most; /* the same, or the most that it can be */
	struct grid_limit limit[GRID_CHANNELS];

	int32_t bears_w[GRID_CHANNELS]; /* usable while it is above its continuous rating */
	bool bears, tired; /* within its short-time rating; that is used up until it has rested */
	int64_t above_ms; /* time above the continuous rating that has not been rested off */

	int64_t apart; /* imbalance limit in sixths, 0: none */
	bool has_rest;
	int64_t rest[GRID_PHASES]; /* uncontrolled, signed, as measured or held */
	int64_t swing[2][GRID_PHASES][GRID_PHASES]; /* greatest rest[a] - rest[b] in this and the
	                                             * previous hold_ms */
	int64_t high[GRID_PHASES], low[GRID_PHASES]; /* of the pass under way, EVSEs included */
	int64_t books_apart_ms; /* too far by the books, since; GUARD_LONG_AGO_MS: is not */
	int64_t apart_since_ms; /* too far, with one on an unknown phase lowered for it;
	                         * GUARD_LONG_AGO_MS: is not */
};

struct guard {
	const struct grid_tree *tree;
	struct guard_config cfg;
	int nodes, evses, balanced; /* balanced: nodes with an imbalance limit */
	int steps; /* nodes on the longest way to the root */
	bool started;
	int64_t now_ms, period_ms; /* when the running period of peaks began */
	struct guard_evse *evse;
	struct guard_node *node;
	int *parent; /* [node] -1: the root. Ways to the root are walked most: these two are small */
	uint8_t *limited; /* [node] bits of the channels that have a limit, and GUARD_APART */
	struct grid_load *load; /* [node] uncontrolled now */
	struct grid_load *room; /* [node] left for EVSEs in the pass under way */
	struct grid_load *sum; /* [node] scratch */
	struct grid_load *pending; /* [node] room on its way: lowered but not yet effective */
	struct grid_load *part; /* [evse] scratch */
	int32_t *wish_w; /* [evse] scratch */
	int32_t *seen_at; /* [evse][step of its way to the root] seen_w when that node was read */
	int *order; /* [evse] */
	struct guard_evse_out *evse_out;
	struct guard_node_out *node_out;
};

static inline int32_t guard_least(int32_t a, int32_t b)
{
	return a < b ? a : b;
}

static inline int32_t guard_most(int32_t a, int32_t b)
{
	return a > b ? a : b;
}

static inline int guard_compare(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* What an EVSE counts for in the long run if `w` is allowed. */
static inline int32_t guard_settled(const struct guard_evse *s, int32_t w)
{
	return guard_most(w, s->floor_w);
}

/* … and until that is effective. */
static inline int32_t guard_counted(const struct guard_evse *s, int32_t w)
{
	return guard_most(guard_settled(s, w), s->ceiling_w);
}

static inline bool guard_wants_to_start(const struct guard_evse *s)
{
	return !s->fixed && s->w == 0 && s->cap_w > 0;
}

/* Its last run was a short one. */
static inline bool guard_rests(const struct guard *g, const struct guard_evse *s)
{
	return s->w == 0 && g->now_ms < s->rests_until_ms;
}

static inline struct grid_load guard_spread(const struct guard_evse *s, int32_t w)
{
	return grid_spread(w, &s->weight[GRID_L1]);
}

/* Does it pull phases apart? */
static inline bool guard_is_uneven(const struct guard_evse *s)
{
	return !s->exact || s->weight[GRID_L1] != s->weight[GRID_L2] ||
	       s->weight[GRID_L2] != s->weight[GRID_L3];
}

/* guard_observe.c */
void guard_observe(struct guard *g, const struct guard_in *in);

/* guard_seen.c */
int32_t guard_seen_w(const struct guard_evse *s, const struct guard_evse_in *in);
/* The part of seen_w that is in the reading of the step'th node on the EVSE's way to the root. */
int32_t guard_seen_at(const struct guard *g, int e, int step);
/* Takes what is seen off the uncontrolled load of each phase. */
void guard_take_seen(struct guard *g);
/* As guard_spread(), and on phases no less than what is seen. */
struct grid_load guard_spread_seen(const struct guard_evse *s, int32_t w);
/* Takes from (sign 1) or gives back to (-1) the rooms what is seen above `w`. */
void guard_use_seen(struct guard *g, int e, int32_t w, int sign);

/* guard_lower.c */
void guard_sort_by_urgency(struct guard *g, const struct guard_in *in);
void guard_lower(struct guard *g);

/* Room on the way from the EVSE to the root, in W of the EVSE; *node and *channel: where it is
 * least. INT64_MAX: no limit. */
int64_t guard_path_room(const struct guard *g, int e, int *node, enum grid_channel *channel);
void guard_use_room(struct guard *g, int e, int64_t w);
void guard_bound_by(struct guard *g, int e, int node, enum grid_channel channel);

/* guard_raise.c */
void guard_raise(struct guard *g, const struct guard_in *in);

/* guard_balance.c: remembers by how much the uncontrolled loads of two phases differed of late. `next`: a
 * new period begins. */
void guard_balance_track(struct guard *g, bool next);
/* Begins a pass, in which each EVSE counts by guard_counted() or _settled(). */
void guard_balance_begin(struct guard *g, bool counted);
/* Lowers what pulls phases apart, the least urgent first. */
void guard_balance(struct guard *g);
/* Room that the imbalance limits leave an EVSE, as by guard_path_room(); may lower *room. */
void guard_balance_room(
	const struct guard *g, int e, int64_t *room, int *node, enum grid_channel *channel);
void guard_balance_use(struct guard *g, int e, int64_t w);
/* True if the EVSE lacks room for `need` for the sake of balance, `victim` (-1: nobody) pausing. */
bool guard_balance_lacks(const struct guard *g, int e, int64_t need, int victim);

/* guard_turns.c: pending[node] = room below it on its way: lowered, but counting until that is
 * effective. */
void guard_find_pending(struct guard *g);
/* True if `need` finds no room on the EVSE's path, not even with what is on its way. */
bool guard_lacks_room(const struct guard *g, int e, int64_t need);
/* Asks others to give way to those that pause. Relies on room and order as raising leaves them. */
void guard_take_turns(struct guard *g, const struct guard_in *in);

#endif
