/*
 * Journal: appends events to their streams inside the writer's transaction, checks versions and
 * idempotency keys, and chains the hashes.
 *
 * Belongs to the writer thread. Knows nothing of projections; asks its owner which keys are taken.
 * Heads of streams are cached, so the usual append is one INSERT.
 */
#ifndef DB_JOURNAL_H
#define DB_JOURNAL_H

#include "db/db.h"
#include "db/sqlite.h"

struct journal;

/* An event as it was, or is to be, applied to the projections. */
struct journal_entry {
	int64_t seq;
	const char *depot;
	const char *stream;
	int64_t stream_id;
	int64_t version;
	int type; /* EVENT_… */
	const void *payload; /* struct of the type's present version */
	wall_t at, received;
	const char *actor;
	const char *idem;
};

/* Who knows which idempotency keys are taken: 1: that of `e` is, in the stream of this number;
 * 0: it is not; -1: failed. Asked only for events that have one, in streams that have events. */
struct journal_keys {
	int (*taken)(void *arg, int64_t stream_id, const struct db_event *e);
	void *arg;
};

/* Reads the chain's head and checks it. NULL with one line for a person. */
struct journal *journal_create(
	struct sql *s, const char *depot, const struct journal_keys *keys, char why[300]);
void journal_destroy(struct journal *j);

/* Looks whether each event of the list could be appended, in order, as the streams stand: 0,
 * DB_CONFLICT (with `why`) or DB_FAILED. Nothing is written. */
int journal_check(struct journal *j, const struct db_event *events, size_t count, char why[200]);

/* Appends one event. 1: appended, `out` filled; 0: dropped, its idempotency key is there already;
 * DB_FAILED. Versions were checked before. */
int journal_append(struct journal *j, const struct db_event *e, struct journal_entry *out);

/* Notes in `meta` how far the chain has come, if the last note is long ago or `now` is set; before
 * COMMIT. If the event that it names is taken away, that shows at the next start. */
int journal_seal(struct journal *j, bool now);

/* After a rollback: forgets what it cached and reads the head again. */
int journal_reload(struct journal *j);

/* Sequence of the newest event, 0 if none. */
int64_t journal_seq(const struct journal *j);

/* Why the last call failed. */
const char *journal_error(const struct journal *j);

#endif
