/*
 * Envelope: what somebody (a grid operator, a person) allows a node over time. Its life, and what
 * counts where several speak of the same node.
 *
 *   received ──accept──> pending ──begin──> active ──end──> expired
 *      │                    └──<──rest──<─────┘ (a gap between its blocks)
 *      └──keep──> fallback-eligible ──silence──> fallback ──voice──> fallback-eligible
 *
 * What counts, for each quantity of a node at an instant:
 *  1. Of one owner and kind, the highest priority that says something; lower ones are overruled, so
 *     an owner can make an exception from his own word, even a looser one.
 *  2. Of what is left, whoever it is from, the tightest. Nobody can relax what another owner said,
 *     and nothing here relaxes a rating: that is a limit of the tree of its own.
 * Of equals the one received first is named.
 *
 * An owner who is silent is not obeyed less: his limits stand until they end, and his fallback
 * blocks count as well.
 *
 * Pure: no clock, no I/O. Times are UTC ms, any thread.
 */
#ifndef SCHEDULER_ENVELOPE_H
#define SCHEDULER_ENVELOPE_H

#include "scheduler/limits.h"

#define ENVELOPE_BLOCKS_MAX   3000 /* a month of quarters of an hour */
#define ENVELOPE_PRIORITY_MAX 9

/* A limit counts at its time; a fallback at its time while its owner is silent. */
enum envelope_kind { ENVELOPE_LIMIT, ENVELOPE_FALLBACK, ENVELOPE_KIND_COUNT };

/* Order and names are public (API, journal): append only. */
enum envelope_state {
	ENVELOPE_RECEIVED, /* waits for somebody's yes or no */
	ENVELOPE_PENDING, /* accepted, its time is to come */
	ENVELOPE_ACTIVE,
	ENVELOPE_ELIGIBLE, /* a fallback whose owner is heard, or whose time is to come */
	ENVELOPE_IN_FALLBACK,
	ENVELOPE_EXPIRED,
	ENVELOPE_WITHDRAWN, /* by its owner, or replaced as a whole by his newer word */
	ENVELOPE_REFUSED,
	ENVELOPE_STATE_COUNT
};

enum envelope_event {
	ENVELOPE_ACCEPT, /* a limit */
	ENVELOPE_KEEP, /* a fallback */
	ENVELOPE_BEGIN, /* one of its blocks begins */
	ENVELOPE_REST, /* one ends, the next is to come */
	ENVELOPE_SILENCE, /* its owner is silent and one of its blocks runs */
	ENVELOPE_VOICE, /* … no longer */
	ENVELOPE_END, /* its last block is over */
	ENVELOPE_WITHDRAW,
	ENVELOPE_REFUSE,
	ENVELOPE_EVENT_COUNT
};

const char *envelope_kind_name(enum envelope_kind k);
const char *envelope_state_name(enum envelope_state s); /* "received", "fallback-eligible" … */
const char *envelope_event_name(enum envelope_event e);

/* The state after the event, or -1: it cannot happen in that state. */
int envelope_next(enum envelope_state s, enum envelope_event e);
bool envelope_is_over(enum envelope_state s);

struct envelope_block {
	int64_t start_ms, end_ms; /* [start, end) */
	struct grid_bound bound;
};

struct envelope {
	int node; /* of the tree; -1: not in it, counts nowhere */
	int owner; /* who said it: equal numbers, same owner */
	enum envelope_kind kind;
	enum envelope_state state;
	int priority; /* 0..ENVELOPE_PRIORITY_MAX, greater goes first; of one owner only */
	bool is_silent; /* its owner is */
	int64_t received_ms;
	int count;
	struct envelope_block *blocks; /* in the order of time, without overlap */
};

/* Puts blocks in the order of time. -1: none, too many, an end that is not after its start, two that
 * overlap, nothing limited, or a limit below 0; `*bad` is the index of one that is at fault in what
 * is left. */
int envelope_blocks_order(struct envelope_block *b, int count, int *bad);

/* Takes what `by` speaks of (its quantities, for its time) out of the blocks, in place; `b` has room
 * for count + 2. The new count. */
int envelope_blocks_replace(struct envelope_block *b, int count, const struct envelope_block *by);

/* What time does to it: the event that is due at `now`, or -1. Ask again after each. */
int envelope_due(const struct envelope *e, int64_t now);

/* The next instant after `now` at which a block begins or ends, INT64_MAX: none. */
int64_t envelope_next_edge(const struct envelope *e, int64_t now);

/* Its block at `at` if it counts then, as things stand: accepted, and a fallback only while its
 * owner is silent. NULL: it says nothing then. */
const struct envelope_block *envelope_block_at(const struct envelope *e, int64_t at);

enum envelope_quantity { ENVELOPE_IMPORT, ENVELOPE_EXPORT, ENVELOPE_PHASE, ENVELOPE_QUANTITIES };
int32_t envelope_value(const struct grid_bound *b, enum envelope_quantity q);

/* What list[i] says of a quantity at `at`: GRID_NO_LIMIT if nothing, or if a higher priority of the
 * same owner, kind and node overrules it (*by, unless NULL: whose index that is, else -1). */
int32_t envelope_says(const struct envelope *const *list, int n, int i, enum envelope_quantity q,
	int64_t at, int *by);

/* Index of the envelope whose word counts at a node, or -1 if there is none; *value: the word. */
int envelope_winner(const struct envelope *const *list, int n, int node, enum envelope_quantity q,
	int64_t at, int32_t *value);

#endif
