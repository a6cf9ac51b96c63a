#include "db/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

#include "db/cadence.h"
#include "db/journal.h"
#include "db/migrate.h"
#include "db/projection.h"
#include "db/readings.h"
#include "db/series.h"
#include "db/store.h"
#include "db/wire.h"
#include "schemas/thread.h"

#define RETRY_MS    250
#define RECORD_MS   100 /* frames and samples are committed at least this often … */
#define RECORD_ROWS 5000 /* … or after so many of them */
#define CACHE_KB    16384
/* The wire log leaves a twentieth of the disk to the journal, within these bounds. */
#define ROOM_PART 20
#define ROOM_MIN  (2LL << 20)
#define ROOM_MAX  (256LL << 20)

struct writer {
	struct db *db;
	struct sql sql;
	struct journal *journal;
	struct projections *projections;
	struct readings *readings;
	struct wire *wire;
	struct series *series;
	pthread_t thread;
	bool running;
	struct cadence cadence;
	int64_t frames, samples; /* recorded, not yet committed */
	int64_t record_us; /* when they must be committed; 0: there are none */
	bool is_tight; /* no frames are recorded */
	char why[300]; /* of the last failure */
};

/* A run of batches that share one transaction. */
struct group {
	struct db_batch *head, *tail;
	size_t events;
	int64_t started_us;
};

static int64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* -- life ----------------------------------------------------------------------------------- */

static int know_key(void *arg, int64_t stream_id, const struct db_event *e)
{
	return projections_know_key(arg, stream_id, e);
}

static int open_depot(struct writer *w, char why[300])
{
	char *path = store_path(w->db, "depot.db");
	const struct sql_options o = {.full_sync = true, .cache_kb = CACHE_KB};
	int rc = path ? sql_open(&w->sql, path, &o, why) : -1;
	free(path);
	if (rc < 0 || migrate_run(&w->sql, &migrate_depot, why) < 0)
		return -1;
	w->projections = projections_create(&w->sql, why);
	if (!w->projections)
		return -1;
	w->readings = readings_create(&w->sql, w->db->cfg.depot, w->db->cfg.readings_max_days,
		w->db->cfg.places_max_days, why);
	if (!w->readings)
		return -1;
	const struct journal_keys keys = {know_key, w->projections};
	w->journal = journal_create(&w->sql, w->db->cfg.depot, &keys, why);
	return w->journal ? 0 : -1;
}

static int open_recorders(struct writer *w, char why[300])
{
	const struct db_config *c = &w->db->cfg;
	char *wire = store_path(w->db, "wire.db"), *series = store_path(w->db, "series.db");
	if (wire)
		w->wire = wire_open(wire, c->depot, c->wire_max_mb, c->wire_max_days, why);
	if (series && w->wire)
		w->series = series_open(series, c->depot, c->series_max_days, why);
	free(wire);
	free(series);
	return w->wire && w->series ? 0 : -1;
}

struct writer *writer_create(struct db *db, char why[300])
{
	struct writer *w = calloc(1, sizeof *w);
	if (!w)
		return NULL;
	w->db = db;
	cadence_init(&w->cadence, (int64_t)db->cfg.commit_every_ms * 1000);
	if (open_depot(w, why) == 0 && open_recorders(w, why) == 0)
		return w;
	writer_destroy(w);
	return NULL;
}

/* -- the transaction of a group --------------------------------------------------------------- */

static int note_failure(struct writer *w, const char *why)
{
	snprintf(w->why, sizeof w->why, "%s", why);
	return -1;
}

static int write_readings(struct writer *w, struct db_batch *b)
{
	for (size_t i = 0; i < b->reading_count; i++) {
		int rc = readings_add(w->readings, &b->readings[i]);
		if (rc < 0)
			return note_failure(w, w->sql.error);
		b->result.repeated += rc == 0;
	}
	return 0;
}

/* Writes one batch into the open transaction. 0: written, or refused by a conflict with its result
 * set; -1: the transaction must be rolled back. */
static int write_batch(struct writer *w, struct db_batch *b)
{
	char why[200] = "";
	b->result = (struct db_result){0};
	batch_finish(b, 0, NULL);
	int rc = journal_check(w->journal, b->events, b->event_count, why);
	if (rc == DB_CONFLICT) {
		batch_finish(b, DB_CONFLICT, why);
		return 0;
	}
	if (rc < 0)
		return note_failure(w, journal_error(w->journal));
	for (size_t i = 0; i < b->event_count; i++) {
		struct journal_entry entry;
		rc = journal_append(w->journal, &b->events[i], &entry);
		if (rc < 0)
			return note_failure(w, journal_error(w->journal));
		if (rc == 0) {
			b->result.duplicates++;
			continue;
		}
		if (projections_apply(w->projections, &entry) < 0)
			return note_failure(w, w->sql.error);
		b->result.last_seq = entry.seq;
	}
	return write_readings(w, b);
}

/* Takes batches off the queue, which is not empty: the first, and more up to `room` events. Returns
 * the last of them. */
static struct db_batch *cut_queue(struct db *db, size_t room)
{
	struct db_batch *last = db->queue.head;
	size_t events = batch_weight(last), count = 1;
	while (last->next && events < room) {
		last = last->next;
		events += batch_weight(last);
		count++;
	}
	db->queue.count -= count;
	db->queue.events -= events;
	db->queue.head = last->next;
	if (!db->queue.head)
		db->queue.tail = NULL;
	last->next = NULL;
	return last;
}

/* Moves what waits in the queue to the end of the group, up to the size of a group. */
static bool take_more(struct writer *w, struct group *g)
{
	struct db *db = w->db;
	size_t room = (size_t)db->cfg.commit_rows;
	room = g->events < room ? room - g->events : 0;
	pthread_mutex_lock(&db->lock);
	struct db_batch *first = db->queue.head;
	if (first) {
		struct db_batch *last = cut_queue(db, room);
		if (g->tail)
			g->tail->next = first;
		else
			g->head = first;
		g->tail = last;
	}
	pthread_mutex_unlock(&db->lock);
	return first != NULL;
}

static bool is_full(const struct writer *w, const struct group *g)
{
	const struct db_config *c = &w->db->cfg;
	return g->events >= (size_t)c->commit_rows ||
	       now_us() - g->started_us >= (int64_t)c->commit_every_ms * 1000;
}

static int begin(struct writer *w)
{
	return sql_exec(&w->sql, "BEGIN IMMEDIATE") < 0 ? note_failure(w, w->sql.error) : 0;
}

static int commit(struct writer *w)
{
	if (journal_seal(w->journal, false) < 0)
		return note_failure(w, journal_error(w->journal));
	if (readings_trim(w->readings) < 0)
		return note_failure(w, w->sql.error);
	return sql_exec(&w->sql, "COMMIT") < 0 ? note_failure(w, w->sql.error) : 0;
}

/* Writes the group, and what arrives meanwhile, in one transaction. With `grow` false only the
 * batches that are there. */
static int write_group(struct writer *w, struct group *g, bool grow)
{
	bool begun = false;
	g->events = 0;
	g->started_us = now_us();
	w->sql.code = 0;
	for (struct db_batch *b = g->head; b; b = b->next) {
		if (batch_weight(b) && !begun) {
			if (begin(w) < 0)
				return -1;
			begun = true;
		}
		if (write_batch(w, b) < 0)
			return -1;
		g->events += batch_weight(b);
		if (grow && !b->next && !is_full(w, g))
			take_more(w, g);
	}
	return begun ? commit(w) : 0;
}

/* -- failures --------------------------------------------------------------------------------- */

/* What a person should know and do about the last failure. */
static void explain(const struct writer *w, char out[300])
{
	const char *dir = w->db->cfg.dir;
	if ((w->sql.code & 0xff) == SQLITE_FULL)
		snprintf(out, 300,
			"no room in %.120s: make some; what waits is written then (%.120s)", dir,
			w->why);
	else if (sql_is_damage(w->sql.code))
		snprintf(out, 300, "the store in %.100s is damaged: restore a backup (%.140s)", dir,
			w->why);
	else
		snprintf(out, 300, "cannot write in %.120s, trying on: look at the disk (%.130s)",
			dir, w->why);
}

static void set_health(struct writer *w, bool ailing, bool broken)
{
	struct db *db = w->db;
	pthread_mutex_lock(&db->lock);
	db->ailing = ailing;
	db->broken |= broken;
	if (ailing || broken) {
		explain(w, db->why);
		db->retries++;
		pthread_cond_broadcast(&db->settled);
	}
	pthread_mutex_unlock(&db->lock);
}

/* Sleeps before the next attempt; false when the store is being closed. */
static bool wait_retry(struct writer *w)
{
	struct db *db = w->db;
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += RETRY_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&db->lock);
	int rc = 0;
	while (!db->stop && rc == 0)
		rc = pthread_cond_timedwait(&db->work, &db->lock, &until);
	bool stop = db->stop;
	pthread_mutex_unlock(&db->lock);
	return !stop;
}

/* Back to the last commit, so that the group can be tried again. */
static void step_back(struct writer *w)
{
	int code = w->sql.code;
	sql_rollback(&w->sql);
	projections_forget(w->projections);
	readings_forget(w->readings);
	if (journal_reload(w->journal) == 0 || !code)
		w->sql.code = code;
}

static void fail_group(struct group *g, const char *why)
{
	for (struct db_batch *b = g->head; b; b = b->next) {
		b->result = (struct db_result){0};
		batch_finish(b, DB_FAILED, why);
	}
}

/* Tries until the group is on disk, the store is closed, or the failure is not of the kind that
 * passes. 0: on disk; -1: not, the transaction is rolled back. */
static int write_stubbornly(struct writer *w, struct group *g, bool grow)
{
	for (;;) {
		if (write_group(w, g, grow) == 0) {
			if (w->db->ailing)
				set_health(w, false, false);
			return 0;
		}
		step_back(w);
		if (sql_is_damage(w->sql.code))
			set_health(w, false, true);
		if (!sql_is_transient(w->sql.code))
			return -1;
		set_health(w, true, false);
		if (!wait_retry(w))
			return -1;
	}
}

/* One bad batch must not take its neighbours with it: each gets a transaction of its own. */
static void write_one_by_one(struct writer *w, struct group *g)
{
	for (struct db_batch *b = g->head, *next; b; b = next) {
		next = b->next;
		struct group alone = {.head = b, .tail = b};
		b->next = NULL;
		if (write_stubbornly(w, &alone, false) < 0)
			fail_group(&alone, w->why);
		b->next = next;
	}
}

/* -- after the commit ------------------------------------------------------------------------- */

static void publish(struct writer *w, struct group *g, int64_t took_us)
{
	struct db *db = w->db;
	pthread_mutex_lock(&db->lock);
	for (struct db_batch *b = g->head; b; b = b->next) {
		b->next_done = b->next;
		atomic_store(&b->holders, 2);
		if (b->result.status == 0)
			db->stats.events += (int64_t)b->event_count - b->result.duplicates;
		db->stats.duplicates += b->result.duplicates;
	}
	if (g->events) {
		db->stats.commits++;
		db->stats.commit_us_sum += took_us;
		if (took_us > db->stats.commit_us_max)
			db->stats.commit_us_max = took_us;
	}
	pthread_mutex_unlock(&db->lock);
	store_batches_done(db, g->head, g->tail);
}

/* The flight recorder must not take the last room: what comes in could not be answered then. */
static void look_for_room(struct writer *w)
{
	struct db *db = w->db;
	struct statvfs v;
	int64_t keep, free;
	if (statvfs(db->cfg.dir, &v) < 0)
		return;
	keep = (int64_t)v.f_blocks / ROOM_PART * (int64_t)v.f_frsize;
	keep = keep < ROOM_MIN ? ROOM_MIN : keep > ROOM_MAX ? ROOM_MAX : keep;
	free = (int64_t)v.f_bavail * (int64_t)v.f_frsize;
	/* Some more before it begins again, so that it does not come and go. */
	w->is_tight = free < (w->is_tight ? keep + keep / 4 : keep);
	pthread_mutex_lock(&db->lock);
	db->stats.is_tight = w->is_tight;
	pthread_mutex_unlock(&db->lock);
}

static int record_batch(struct writer *w, const struct db_batch *b)
{
	for (size_t i = 0; !w->is_tight && i < b->frame_count; i++)
		if (wire_add(w->wire, &b->frames[i]) < 0)
			return -1;
	for (size_t i = 0; i < b->sample_count; i++)
		if (series_add(w->series, &b->samples[i]) < 0)
			return -1;
	return 0;
}

static void count_records(struct writer *w, bool written)
{
	struct db *db = w->db;
	pthread_mutex_lock(&db->lock);
	db->stats.frames += written ? w->frames : 0;
	db->stats.samples += written ? w->samples : 0;
	db->stats.lost += written ? 0 : w->frames + w->samples;
	db->recording = false;
	pthread_mutex_unlock(&db->lock);
	w->frames = w->samples = 0;
	w->record_us = 0;
}

/* What cannot be written is counted and lost: the recorder never holds up the journal. */
static void drop_records(struct writer *w)
{
	wire_rollback(w->wire);
	series_rollback(w->series);
	count_records(w, false);
}

static void commit_records(struct writer *w)
{
	if (!w->record_us)
		return;
	if (wire_commit(w->wire) < 0 || series_commit(w->series) < 0) {
		drop_records(w);
		return;
	}
	count_records(w, true);
}

/* Frames and samples of the group go into transactions that stay open for a moment: a commit for
 * each small group would write the same pages again and again. */
static void record(struct writer *w, struct group *g)
{
	struct db *db = w->db;
	int64_t left_out = 0;
	int rc = 0;
	if (!w->record_us)
		look_for_room(w);
	for (struct db_batch *b = g->head; b; b = b->next) {
		if (w->is_tight)
			left_out += (int64_t)b->frame_count;
		else
			w->frames += (int64_t)b->frame_count;
		w->samples += (int64_t)b->sample_count;
		if (rc == 0)
			rc = record_batch(w, b);
	}
	if (left_out) {
		pthread_mutex_lock(&db->lock);
		db->stats.lost += left_out;
		pthread_mutex_unlock(&db->lock);
	}
	if (rc < 0) {
		drop_records(w);
		return;
	}
	if (!w->frames && !w->samples)
		return;
	if (!w->record_us) {
		w->record_us = now_us() + RECORD_MS * 1000;
		pthread_mutex_lock(&db->lock);
		db->recording = true;
		pthread_mutex_unlock(&db->lock);
	}
	if (w->frames + w->samples >= RECORD_ROWS || now_us() >= w->record_us)
		commit_records(w);
}

static void release(struct writer *w, struct group *g)
{
	struct db *db = w->db;
	size_t count = 0;
	for (struct db_batch *b = g->head, *next; b; b = next) {
		next = b->next;
		store_batch_release(db, b);
		count++;
	}
	pthread_mutex_lock(&db->lock);
	db->pending -= count;
	if (db->pending == 0)
		pthread_cond_broadcast(&db->settled);
	pthread_mutex_unlock(&db->lock);
}

/* -- thread ----------------------------------------------------------------------------------- */

/* Sleeps until there is work, the store is closed, or records must be committed. */
static void sleep_locked(struct writer *w)
{
	struct db *db = w->db;
	const struct timespec until = {w->record_us / 1000000, w->record_us % 1000000 * 1000};
	db->writer_waits = true;
	if (w->record_us)
		pthread_cond_timedwait(&db->work, &db->lock, &until);
	else
		pthread_cond_wait(&db->work, &db->lock);
	db->writer_waits = false;
}

/* While events come fast, lets some gather: see db/cadence.h. */
static void gather_locked(struct writer *w)
{
	struct db *db = w->db;
	int64_t us = cadence_hold_until(&w->cadence, now_us());
	const struct timespec until = {us / 1000000, us % 1000000 * 1000};
	int rc = 0;
	db->writer_gathers = us != 0;
	while (us && rc == 0 && !db->stop && !db->flushing &&
		db->queue.events < (size_t)db->cfg.commit_rows)
		rc = pthread_cond_timedwait(&db->work, &db->lock, &until);
	db->writer_gathers = false;
}

static bool wait_work(struct writer *w, struct group *g)
{
	struct db *db = w->db;
	*g = (struct group){0};
	pthread_mutex_lock(&db->lock);
	while (!db->queue.head && !db->stop) {
		if (w->record_us && (db->flushing || now_us() >= w->record_us)) {
			pthread_mutex_unlock(&db->lock);
			commit_records(w);
			pthread_mutex_lock(&db->lock);
			pthread_cond_broadcast(&db->settled);
			continue;
		}
		sleep_locked(w);
	}
	gather_locked(w);
	pthread_mutex_unlock(&db->lock);
	return take_more(w, g);
}

/* At the end the seal names the very last event. If that fails the older seal still holds. */
static void seal(struct writer *w)
{
	if (begin(w) < 0 || journal_seal(w->journal, true) < 0 || sql_exec(&w->sql, "COMMIT") < 0)
		sql_rollback(&w->sql);
}

static void *run(void *arg)
{
	struct writer *w = arg;
	struct group g;
	thread_stand_back(THREAD_STORE);
	while (wait_work(w, &g)) {
		int64_t start = now_us();
		if (write_stubbornly(w, &g, true) < 0)
			write_one_by_one(w, &g);
		publish(w, &g, now_us() - start);
		cadence_note(&w->cadence, start, g.events);
		record(w, &g);
		release(w, &g);
		sql_checkpoint(&w->sql);
	}
	commit_records(w);
	seal(w);
	return NULL;
}

int writer_start(struct writer *w)
{
	w->running = pthread_create(&w->thread, NULL, run, w) == 0;
	return w->running ? 0 : -1;
}

void writer_destroy(struct writer *w)
{
	if (!w)
		return;
	if (w->running) {
		pthread_mutex_lock(&w->db->lock);
		w->db->stop = true;
		pthread_cond_signal(&w->db->work);
		pthread_mutex_unlock(&w->db->lock);
		pthread_join(w->thread, NULL);
	}
	projections_destroy(w->projections);
	readings_destroy(w->readings);
	journal_destroy(w->journal);
	series_close(w->series);
	wire_close(w->wire);
	sql_close(&w->sql);
	free(w);
}
