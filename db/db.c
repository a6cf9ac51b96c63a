#include "db/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/lock.h"
#include "db/store.h"
#include "db/writer.h"

#define POOL_MAX       64
#define READER_THREADS 2

/* -- life ----------------------------------------------------------------------------------- */

static void set_defaults(struct db_config *c)
{
	if (c->commit_every_ms <= 0)
		c->commit_every_ms = 5;
	if (c->commit_rows <= 0)
		c->commit_rows = 500;
	if (!c->max_queue)
		c->max_queue = 10000;
	if (c->wire_max_mb <= 0)
		c->wire_max_mb = 512;
	if (c->wire_max_days <= 0)
		c->wire_max_days = 30;
	if (c->series_max_days <= 0)
		c->series_max_days = 400;
	if (c->readings_max_days <= 0)
		c->readings_max_days = 90;
	if (c->places_max_days <= 0)
		c->places_max_days = 30;
}

static int init_sync(struct db *db)
{
	pthread_condattr_t attr;
	if (pthread_condattr_init(&attr) != 0)
		return -1;
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&db->lock, NULL);
	pthread_cond_init(&db->work, &attr);
	pthread_cond_init(&db->settled, &attr);
	pthread_condattr_destroy(&attr);
	return 0;
}

struct db *db_open(const struct db_config *cfg, char why[300])
{
	why[0] = 0;
	struct db *db = calloc(1, sizeof *db);
	if (!db || init_sync(db) < 0) {
		free(db);
		snprintf(why, 300, "no memory to open the store");
		return NULL;
	}
	db->cfg = *cfg;
	db->lock_fd = -1;
	db->cfg.dir = strdup(cfg->dir);
	db->cfg.depot = strdup(cfg->depot);
	set_defaults(&db->cfg);
	if (!db->cfg.dir || !db->cfg.depot)
		goto fail;
	db->lock_fd = lock_take(cfg->dir, why);
	if (db->lock_fd < 0)
		goto fail;
	db->writer = writer_create(db, why);
	if (!db->writer)
		goto fail;
	db->readers = reader_pool_create(db, READER_THREADS, why);
	if (!db->readers || writer_start(db->writer) < 0)
		goto fail;
	return db;
fail:
	if (!why[0])
		snprintf(why, 300, "no memory or threads to open the store in %s", cfg->dir);
	db_close(db);
	return NULL;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	writer_destroy(db->writer);
	reader_pool_destroy(db->readers);
	db_drain(db);
	lock_release(db->lock_fd);
	for (struct db_batch *b = db->pool, *next; b; b = next) {
		next = b->next;
		batch_destroy(b);
	}
	pthread_mutex_destroy(&db->lock);
	pthread_cond_destroy(&db->work);
	pthread_cond_destroy(&db->settled);
	free((char *)db->cfg.dir);
	free((char *)db->cfg.depot);
	free(db);
}

char *store_path(const struct db *db, const char *name)
{
	size_t len = strlen(db->cfg.dir) + strlen(name) + 2;
	char *path = malloc(len);
	if (path)
		snprintf(path, len, "%s/%s", db->cfg.dir, name);
	return path;
}

/* -- batches ---------------------------------------------------------------------------------- */

struct db_batch *db_batch_create(struct db *db)
{
	pthread_mutex_lock(&db->lock);
	struct db_batch *b = db->pool;
	if (b) {
		db->pool = b->next;
		db->pooled--;
	}
	pthread_mutex_unlock(&db->lock);
	if (!b)
		b = batch_create();
	if (!b)
		return NULL;
	b->next = NULL;
	b->db = db;
	atomic_store(&b->holders, 1);
	return b;
}

void store_batch_release(struct db *db, struct db_batch *b)
{
	if (atomic_fetch_sub(&b->holders, 1) != 1)
		return;
	batch_reset(b);
	pthread_mutex_lock(&db->lock);
	bool keep = db->pooled < POOL_MAX;
	if (keep) {
		b->next = db->pool;
		db->pool = b;
		db->pooled++;
	}
	pthread_mutex_unlock(&db->lock);
	if (!keep)
		batch_destroy(b);
}

void db_batch_destroy(struct db_batch *b)
{
	if (b)
		store_batch_release(b->db, b);
}

int db_submit(struct db *db, struct db_batch *b, void (*done)(void *arg, const struct db_result *r),
	void *arg)
{
	b->done = done;
	b->arg = arg;
	b->next = NULL;
	const size_t rows = (size_t)db->cfg.commit_rows;
	pthread_mutex_lock(&db->lock);
	bool refuse = b->out_of_memory || db->broken || db->queue.count >= db->cfg.max_queue;
	if (!refuse) {
		if (db->queue.tail)
			db->queue.tail->next = b;
		else
			db->queue.head = b;
		db->queue.tail = b;
		db->queue.count++;
		db->queue.events += batch_weight(b);
		db->pending++;
		if (db->writer_waits || (db->writer_gathers && db->queue.events >= rows))
			pthread_cond_signal(&db->work);
	}
	pthread_mutex_unlock(&db->lock);
	if (refuse)
		db_batch_destroy(b);
	return refuse ? -1 : 0;
}

/* -- results ---------------------------------------------------------------------------------- */

static void wake(struct db *db, bool needed)
{
	if (needed && db->cfg.wake)
		db->cfg.wake(db->cfg.wake_arg);
}

void store_batches_done(struct db *db, struct db_batch *head, struct db_batch *tail)
{
	pthread_mutex_lock(&db->lock);
	bool first = !db->done_head && !db->read_head;
	if (db->done_tail)
		db->done_tail->next_done = head;
	else
		db->done_head = head;
	db->done_tail = tail;
	pthread_mutex_unlock(&db->lock);
	wake(db, first);
}

void store_read_done(struct db *db, struct read_job *job)
{
	pthread_mutex_lock(&db->lock);
	bool first = !db->done_head && !db->read_head;
	job->next = NULL;
	if (db->read_tail)
		db->read_tail->next = job;
	else
		db->read_head = job;
	db->read_tail = job;
	pthread_mutex_unlock(&db->lock);
	wake(db, first);
}

bool db_drain_some(struct db *db)
{
	pthread_mutex_lock(&db->lock);
	struct db_batch *b = db->done_head;
	struct read_job *job = db->read_head;
	if (b && !(db->done_head = b->next_done))
		db->done_tail = NULL;
	if (job && !(db->read_head = job->next))
		db->read_tail = NULL;
	bool is_more = db->done_head || db->read_head;
	pthread_mutex_unlock(&db->lock);
	if (b) {
		if (b->done)
			b->done(b->arg, &b->result);
		store_batch_release(db, b);
	}
	if (job) {
		if (job->done)
			job->done(job->arg);
		free(job);
	}
	return is_more;
}

void db_drain(struct db *db)
{
	while (db_drain_some(db))
		;
}

int db_flush(struct db *db)
{
	pthread_mutex_lock(&db->lock);
	int64_t patience = db->retries + 2; /* one attempt may be under way since before */
	db->flushing++;
	pthread_cond_signal(&db->work);
	while ((db->pending || db->recording) && !db->broken && db->retries < patience)
		pthread_cond_wait(&db->settled, &db->lock);
	db->flushing--;
	bool settled = db->pending == 0;
	pthread_mutex_unlock(&db->lock);
	db_drain(db);
	return settled ? 0 : -1;
}

bool db_healthy(const struct db *db, char why[300])
{
	struct db *d = (struct db *)db; /* the lock is not part of what the caller sees */
	pthread_mutex_lock(&d->lock);
	bool healthy = !d->ailing && !d->broken;
	snprintf(why, 300, "%s", healthy ? "" : d->why);
	pthread_mutex_unlock(&d->lock);
	return healthy;
}

void db_stats(const struct db *db, struct db_stats *out)
{
	struct db *d = (struct db *)db;
	pthread_mutex_lock(&d->lock);
	*out = d->stats;
	out->queued = (int64_t)d->pending;
	pthread_mutex_unlock(&d->lock);
}

/* -- queries ---------------------------------------------------------------------------------- */

int db_read(struct db *db, void (*work)(struct db_reader *r, void *arg), void (*done)(void *arg),
	void *arg)
{
	struct read_job *job = malloc(sizeof *job);
	if (!job)
		return -1;
	*job = (struct read_job){.work = work, .done = done, .arg = arg};
	if (reader_pool_add(db->readers, job) == 0)
		return 0;
	free(job);
	return -1;
}

int db_read_now(struct db *db, void (*work)(struct db_reader *r, void *arg), void *arg)
{
	return reader_pool_now(db->readers, work, arg);
}
