/*
 * Envelopes: limits over time that a grid operator or a person puts on nodes of the tree, from
 * whatever protocol. Adapters hand them in with envelope_receive(); the guard and the planner read
 * them like any other limit. What counts when several speak of one node: scheduler/envelope.h.
 *
 * Newer blocks of one owner, node, kind, type and priority take the place of older ones for the time
 * and the quantities that they speak of, from now on. Everything is journalled with the turn in which it counts, and
 * taken up again at a start. Who may refuse what, and when: docs/energy.md. Loop thread only.
 */
#ifndef CSMS_ENVELOPE_H
#define CSMS_ENVELOPE_H

#include "csms/core.h"
#include "scheduler/envelope.h"

#define ENVELOPES_MAX      700 /* that are not over; how many of whom: csms/power/envelope_room.c */
#define ENVELOPE_ID_SIZE   37
#define ENVELOPE_OWNER_MAX 80
#define ENVELOPE_TYPE_MAX  40

struct envelopes;

/* What somebody wants of a node. All strings are copied. */
struct envelope_offer {
	const char *node;
	const char *owner; /* adapter and peer: "oscp/dso-1", "operator/anna" */
	const char *type; /* of the owner's messages, "CONSUMPTION"; NULL: he has but one */
	const char *reference; /* his own name for it, or the message's id; NULL: none */
	enum envelope_kind kind;
	int priority; /* 0..9, greater goes first; among those of the same owner only */
	bool is_grid; /* the word of a grid operator: obeyed first when it starts at once */
	const struct envelope_block *blocks; /* in any order */
	int count;
	const char *actor; /* of the journal: who sent it */
	const char *why; /* NULL: not said */
};

/* What the planner finds: the same vehicles, with and without it. */
struct envelope_effect {
	wall_t judged_at; /* ms 0: not yet */
	int late; /* vehicles that leave with less than they need because of it */
	int64_t shed_wh; /* energy that they miss */
	int64_t shed_w; /* greatest power that the plan gives up in a slot */
};

/* One that is held, as others may see it. Owned by csms/power/envelope.c. */
struct held_envelope {
	struct envelope e; /* what counts of it: the blocks less what newer ones replaced */
	char id[ENVELOPE_ID_SIZE];
	char node[GRID_ID_MAX + 1];
	char owner[UTF8_SIZE(ENVELOPE_OWNER_MAX)];
	char type[UTF8_SIZE(ENVELOPE_TYPE_MAX)];
	char reference[UTF8_SIZE(100)];
	char why[UTF8_SIZE(200)]; /* of the owner, then of the last move */
	bool is_grid;
	bool is_urgent; /* came so late that it was obeyed before anybody was asked */
	wall_t moved_at;
	char decided_by[UTF8_SIZE(80)]; /* who accepted or refused it; "" nobody yet */
	wall_t decided_at;
	char replaced_by[ENVELOPE_ID_SIZE]; /* who took the place of some of its; "" nobody */
	struct envelope_block replaced; /* the first block that gave way to him, as it was */
	struct envelope_effect effect; /* what it would cost, as judged when it came */
	struct envelope_block run; /* what counts of it now, since run.start_ms; 0: nothing does */
	struct held_envelope *prev, *next;
};

/* Takes an envelope in. 0 with its id; -1 with one line for a person: unknown node, no or bad blocks,
 * all in the past, too many. */
int envelope_receive(
	struct core *c, const struct envelope_offer *o, char id[ENVELOPE_ID_SIZE], char why[200]);

/* Is there room for so many more of the owner? 0, or -1 with one line. */
int envelope_room(const struct core *c, const char *owner, bool is_grid, int more, char why[200]);

/* -1: there is none of that id that is not over. */
int envelope_withdraw(struct core *c, const char *id, const char *actor, const char *reason);

/* Yes or no to one that waits; no also to one of a grid operator that was obeyed first. -1 with one
 * line. */
int envelope_accept(
	struct core *c, const char *id, const char *actor, const char *reason, char why[200]);
int envelope_refuse(
	struct core *c, const char *id, const char *actor, const char *reason, char why[200]);

/* The owner went silent (his fallback blocks count from now on, beside his limits) or is heard
 * again. Says nothing if it is known already. */
void envelope_owner_silent(struct core *c, const char *owner, bool is_silent, const char *reason);

/* One that nobody has taken in yet, for control_try(); NULL with one line, as envelope_receive(). */
struct held_envelope *envelope_draft(struct core *c, const struct envelope_offer *o, char why[200]);
void envelope_draft_free(struct held_envelope *h);
/* The same as it would stand once accepted; shares its blocks. */
struct held_envelope envelope_as_accepted(const struct held_envelope *h);
struct planner_trial;
void envelope_effect_of(const struct planner_trial *t, struct envelope_effect *out);

/* Told of each move of an envelope: from received on to its end. For adapters that must answer
 * their peer; one for each prefix of owners ("oscp/"), which must last. */
typedef void (*envelope_fn)(void *arg, const struct held_envelope *h, const char *reason);
void envelopes_watch(struct envelopes *all, const char *owner_prefix, envelope_fn fn, void *arg);

/* Oldest first, linked by next; those that are over stay for ten minutes. NULL: none. */
const struct held_envelope *envelopes_first(const struct core *c);
const struct held_envelope *envelope_find(const struct core *c, const char *id); /* or NULL */
bool envelope_record_is_made(const struct core *c, const char *id); /* of what is over of it, now */
bool envelopes_owner_is_silent(const struct core *c, const char *owner, wall_t *since);

/* Grows whenever anything that a view shows has changed. */
uint64_t envelopes_revision(const struct core *c);

/* After restore_fleet() and before control. NULL with one line. */
struct envelopes *envelopes_create(struct core *c, char why[300]);
void envelopes_destroy(struct envelopes *all);

#endif
