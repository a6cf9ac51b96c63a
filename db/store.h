/*
 * Store: the inside of `struct db`, shared by the files of this room that talk between threads.
 * Everything below `lock` is guarded by it.
 */
#ifndef DB_STORE_H
#define DB_STORE_H

#include <pthread.h>

#include "db/batch.h"
#include "db/db.h"
#include "db/reader.h"

struct batch_queue {
	struct db_batch *head, *tail;
	size_t count, events;
};

struct db {
	struct db_config cfg; /* with its strings and defaults our own */
	int lock_fd;
	struct writer *writer;
	struct reader_pool *readers;

	pthread_mutex_t lock;
	pthread_cond_t work; /* for the writer: something queued, or stop */
	pthread_cond_t settled; /* for db_flush: pending fell to 0, or a retry failed */
	struct batch_queue queue;
	struct db_batch *done_head, *done_tail; /* finished, chained by next_done */
	struct read_job *read_head, *read_tail; /* finished queries */
	struct db_batch *pool;
	int pooled;
	size_t pending; /* batches submitted and not yet wholly recorded */
	int64_t retries; /* failed attempts of the writer */
	int flushing; /* callers of db_flush() that wait */
	bool recording; /* frames or samples are written and not committed */
	bool writer_waits, writer_gathers, stop, ailing, broken;
	char why[300]; /* why ailing (may pass) or broken (does not) */
	struct db_stats stats;
};

/* A path inside the store's folder; the caller frees it. */
char *store_path(const struct db *db, const char *name);

/* Puts the chain of finished batches where db_drain() finds it and wakes the loop. */
void store_batches_done(struct db *db, struct db_batch *head, struct db_batch *tail);

/* The same for one finished query. */
void store_read_done(struct db *db, struct read_job *job);

/* One holder less; the last one gives the batch back to the pool. */
void store_batch_release(struct db *db, struct db_batch *b);

#endif
