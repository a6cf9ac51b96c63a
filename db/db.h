/*
 * The store: journal, projections, measurement series and wire log behind one interface.
 * The only room that knows SQL (design: docs/architecture.md).
 *
 * Three files in one directory: depot.db (journal + projections, synchronous=FULL), series.db,
 * wire.db. One writer thread with group commit; reader threads for queries. The loop thread fills
 * a batch, submits it, and is told on its own thread when the batch is on disk.
 *
 * Every key carries the depot; ids are made by us.
 */
#ifndef DB_DB_H
#define DB_DB_H

#include "schemas/codec.h"

struct db;
struct db_batch;

struct db_config {
	const char *dir; /* must exist */
	const char *depot; /* id of the depot, part of every key */
	int commit_every_ms; /* a group stays open at most this long (default 5) */
	int commit_rows; /* … or this many events (default 500) */
	size_t max_queue; /* batches waiting for the writer; more: db_submit() refuses */
	int wire_max_mb; /* wire.db is trimmed, oldest first, to this size */
	int wire_max_days;
	int series_max_days; /* raw samples; rollups stay */
	int readings_max_days, places_max_days; /* what vehicles report, and where they were */
	/* Called on any thread when finished batches wait for db_drain(). */
	void (*wake)(void *arg);
	void *wake_arg;
};

/* Opens or creates the three files, migrates them, checks the chain's head. NULL with one line for
 * a person that says what to do ("…/depot.db is damaged (…): restore a backup with …"). */
struct db *db_open(const struct db_config *cfg, char why[300]);

/* -- writing: loop thread ------------------------------------------------------------------- */

#define DB_ANY_VERSION (-1)

struct db_event {
	const char *stream; /* "station/CP-7" */
	int64_t expect_version; /* version of the stream that was seen; DB_ANY_VERSION: append */
	int type; /* EVENT_… of build/gen/event.h: row in event_actions[] */
	const void *payload; /* its request struct; must live in the batch's arena */
	wall_t at; /* when it happened, by its source */
	wall_t received; /* when we heard of it */
	const char *cause; /* id of what caused it: message id, command id … or NULL */
	const char *correlation; /* id of the whole story, or NULL */
	const char *idem; /* idempotency key within the stream, or NULL: a second event with the
				     same key is dropped and counted, the batch still succeeds */
	const char *actor; /* "station:CP-7", "user:anna", "guard" … */
};

enum db_direction { DB_FRAME_IN = 0, DB_FRAME_OUT = 1 };

/* Outcome of one batch, given to `done` on the loop thread. */
struct db_result {
	int status; /* 0: on disk; DB_CONFLICT; DB_FAILED (see why) */
	int duplicates; /* events dropped by their idempotency key */
	int repeated; /* readings that were there already */
	int64_t last_seq; /* journal sequence of its last event, 0 if none */
	const char *why;
};
#define DB_CONFLICT (-2) /* a stream had another version: nothing of the batch was written */
#define DB_FAILED   (-1) /* disk full, I/O error: nothing of the batch was written */

/* A new batch with an arena for payloads. NULL: no memory. */
struct db_batch *db_batch_create(struct db *db);
struct arena *db_batch_arena(struct db_batch *b);

/* Adds an event; the struct is copied, its strings must live in the arena or be static. */
void db_batch_event(struct db_batch *b, const struct db_event *e);

/* Adds a frame to the wire log (text is copied). Lost if the process dies before the next commit:
 * the recorder does not hold up replies. `pair` is the message id, `action` may be NULL for
 * replies, `verdict` NULL when the schema was met. */
void db_batch_frame(struct db_batch *b, const char *station, enum db_direction dir, wall_t at,
	const char *pair, const char *action, const char *verdict, const char *text, size_t len);

/* The verdict on the newest incoming frame of `pair` in the batch, known only after it was read. */
void db_batch_verdict(struct db_batch *b, const char *pair, const char *verdict);

/* Adds one measurement: `point` as "meter/site/power_w" or "evse/CP-7/1/power_w". */
void db_batch_sample(struct db_batch *b, const char *point, wall_t at, double value, int quality);

/* Adds one reading of a vehicle, `point` as "VAN-7/soc_pct/SOURCE": on disk with the batch's events.
 * One of the same point and time that is there already stays; it is counted in the result. */
void db_batch_reading(struct db_batch *b, const char *point, wall_t at, double value,
	wall_t received, int confidence);

/* Hands the batch to the writer. `done` (may be NULL) is called by db_drain(). -1: the queue is
 * full or the store has failed; the batch is destroyed and `done` is not called. */
int db_submit(struct db *db, struct db_batch *b, void (*done)(void *arg, const struct db_result *r),
	void *arg);

/* Drops a batch that was not submitted. */
void db_batch_destroy(struct db_batch *b);

/* Calls the `done` callbacks of finished batches and queries. Loop thread, after wake(). */
void db_drain(struct db *db);

/* The same for the oldest of each, for whom all would take too long. False: nothing is left; or else
 * call it again, wake() does not come for what is. */
bool db_drain_some(struct db *db);

/* Waits until all submitted batches are on disk and drains. For shutdown and tests. */
int db_flush(struct db *db);

/* True while the writer works; false after a failure that it could not overcome (/readyz). */
bool db_healthy(const struct db *db, char why[300]);

/* Counters for /metrics. */
struct db_stats {
	int64_t events, frames, samples, commits, duplicates, queued;
	int64_t commit_us_sum, commit_us_max;
	int64_t lost; /* frames and samples that could not be recorded */
	bool is_tight; /* the last room of the disk is kept for the journal: no frames are recorded */
};
void db_stats(const struct db *db, struct db_stats *out);

/* -- reading -------------------------------------------------------------------------------- */

/* Runs `work(reader, arg)` on a reader thread with a snapshot of its own, then `done(arg)` on the
 * loop thread through db_drain(). -1: too many waiting. Queries are in db/query.h. */
struct db_reader;
int db_read(struct db *db, void (*work)(struct db_reader *r, void *arg), void (*done)(void *arg),
	void *arg);

/* The same, now, on the calling thread: start-up, tests and tools. */
int db_read_now(struct db *db, void (*work)(struct db_reader *r, void *arg), void *arg);

/* -- care ----------------------------------------------------------------------------------- */

/* Copies the three files to `dir` (made if missing) while running, each checked; `progress` may be
 * NULL. Blocks: reader thread or tool. */
int db_backup(struct db *db, const char *dir, void (*progress)(void *arg, int percent), void *arg,
	char why[300]);

/* Flushes and closes. NULL is fine. */
void db_close(struct db *db);

#endif
