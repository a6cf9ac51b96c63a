/*
 * Envelopes, inside: shared by envelope.c (life: moves, time, who takes back what),
 * envelope_receive.c (coming), envelope_room.c (how many), envelope_apply.c (what counts),
 * envelope_try.c (what it would cost, who is asked), envelope_record.c (what became of it),
 * envelope_journal.c and envelope_restore.c. Nobody else includes this.
 */
#ifndef CSMS_ENVELOPE_PRIVATE_H
#define CSMS_ENVELOPE_PRIVATE_H

#include "csms/power/envelope_apply.h"

#define ENVELOPE_OWNERS_MAX   1000
#define ENVELOPE_OWNERS_KEPT  100 /* … for grid operators and persons */
#define ENVELOPE_WATCHERS_MAX 8

struct envelope_owner {
	char name[UTF8_SIZE(ENVELOPE_OWNER_MAX)];
	int number;
	bool is_silent;
	wall_t since;
	char reason[UTF8_SIZE(300)];
	struct envelope_owner *prev, *next;
};

struct envelope_record;

struct envelopes {
	struct core *core;
	struct held_envelope *list; /* utlist, oldest first */
	struct envelope_owner *owners; /* utlist */
	int owner_count;
	struct timer timer;
	uint64_t revision;
	struct {
		const char *prefix;
		envelope_fn fn;
		void *arg;
	} watchers[ENVELOPE_WATCHERS_MAX];
	int watcher_count;
	int64_t tighter_at; /* less counts from then on somewhere; INT64_MAX: never */
	int *touched; /* nodes that have bounds of ours */
	int touched_count, touched_room;
	struct envelope_record *records; /* utlist, that are being made */
};

struct held_envelope *envelope_hold(struct core *c, const char *id);
struct envelope_owner *envelope_owner(struct envelopes *all, const char *name); /* NULL: too many */

/* envelope_room.c: how many owners there may be if this one is new. */
int envelope_owners_max(const char *owner);

/* envelope_journal.c: one event each. */
void envelope_journal_received(struct core *c, const struct held_envelope *h, const char *actor);
void envelope_journal_moved(struct core *c, const struct held_envelope *h,
	enum envelope_event event, const char *actor, const char *reason);
void envelope_journal_replaced(
	struct core *c, const struct held_envelope *h, const char *by, const char *actor);
void envelope_journal_owner(struct core *c, const struct envelope_owner *o);

/* To the adapter of its owner. */
void envelope_tell(struct core *c, const struct held_envelope *h, const char *reason);

/* There is no room for the offer (`why` says so): whose place it may take, since it is tighter than
 * what stands and that one can wait. NULL, `why` may say more: nobody's. */
struct held_envelope *envelope_that_waits(
	struct core *c, const struct envelope_offer *o, char why[200]);
/* It is refused, with an alarm, in favour of a limit of `to`. */
void envelope_give_way(struct core *c, struct held_envelope *h, const char *to);

/* One move, journalled and told. */
void envelope_move(struct held_envelope *h, struct core *c, enum envelope_event event,
	const char *actor, const char *reason);

/* Yes: it counts from now on, in place of older words of its owner. */
void envelope_take(struct core *c, struct held_envelope *h, bool urgent, const char *actor,
	const char *reason);

/* What time does, and the timer for what it does next. */
void envelopes_step(struct core *c);

/* envelope_try.c: whether it counts at once, or somebody is asked. */
void envelope_decide(struct core *c, struct held_envelope *h, const char *actor);
/* The instant from which it is obeyed whether or not anybody has answered; INT64_MAX: never. */
int64_t envelope_obeyed_from(const struct core *c, const struct held_envelope *h);

/* envelope_apply.c: its node in the tree of the moment. */
void envelope_place(struct core *c, struct held_envelope *h);
/* Finds tighter_at. */
void envelopes_look_ahead(struct envelopes *all, wall_t now);

/* envelope_record.c: a run of it is over. */
void envelope_record_begin(struct core *c, const struct held_envelope *h, int64_t end_ms);
void envelope_records_stop(struct envelopes *all);

/* envelope_restore.c */
int envelopes_restore(struct envelopes *all);

#endif
