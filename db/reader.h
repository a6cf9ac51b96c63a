/*
 * Readers: threads with read-only connections for queries that would hold up the loop.
 *
 * A unit of work sees one snapshot of each file from its first query to its end. Statements are
 * cut off after READER_MAX_MS, so that no reader keeps the write-ahead log from being trimmed.
 */
#ifndef DB_READER_H
#define DB_READER_H

#include "db/db.h"
#include "db/sqlite.h"

#define READER_MAX_MS 10000

struct db_reader {
	struct sql depot, series, wire;
	const char *depot_id;
	int64_t deadline_us; /* of CLOCK_MONOTONIC; 0: none */
	char error[320];
};

struct read_job {
	struct read_job *next;
	void (*work)(struct db_reader *r, void *arg);
	void (*done)(void *arg);
	void *arg;
};

/* Opens the three files of `dir` for reading. -1 with one line. */
int reader_open(struct db_reader *r, const char *dir, const char *depot, char why[300]);
void reader_close(struct db_reader *r);

/* Runs `work` on one snapshot. `max_ms` 0: without a deadline. */
int reader_run(
	struct db_reader *r, int max_ms, void (*work)(struct db_reader *r, void *arg), void *arg);

struct reader_pool;
struct reader_pool *reader_pool_create(struct db *db, int threads, char why[300]);
int reader_pool_add(struct reader_pool *p, struct read_job *job);
int reader_pool_now(struct reader_pool *p, void (*work)(struct db_reader *r, void *arg), void *arg);

/* Ends the threads; jobs not begun are dropped without their `done`. */
void reader_pool_destroy(struct reader_pool *p);

#endif
