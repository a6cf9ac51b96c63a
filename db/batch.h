/*
 * Batch: what one hand-over to the writer holds, all in one arena.
 *
 * Filled by the loop thread, then owned by the writer; after the commit both the loop (for the
 * result) and the writer (for frames and samples) hold it, and the last one lets go.
 */
#ifndef DB_BATCH_H
#define DB_BATCH_H

#include <stdatomic.h>

#include "db/db.h"

struct batch_frame {
	const char *station, *pair, *action, *verdict, *text;
	size_t len;
	wall_t at;
	enum db_direction direction;
};

struct batch_sample {
	const char *point;
	wall_t at;
	double value;
	int quality;
};

struct batch_reading {
	const char *point;
	wall_t at, received;
	double value;
	int confidence;
};

struct db_batch {
	struct db_batch *next; /* in a queue: submitted, being written, or in the pool */
	struct db_batch *next_done;
	struct db *db;
	struct arena *arena;
	struct db_event *events;
	struct batch_frame *frames;
	struct batch_sample *samples;
	struct batch_reading *readings;
	size_t event_count, event_room;
	size_t frame_count, frame_room;
	size_t sample_count, sample_room;
	size_t reading_count, reading_room;
	bool out_of_memory;
	atomic_int holders;
	void (*done)(void *arg, const struct db_result *r);
	void *arg;
	struct db_result result;
	char why[240];
};

/* A batch without a pool; destroy frees all of it, reset keeps its memory for the next use. */
struct db_batch *batch_create(void);
void batch_reset(struct db_batch *b);
void batch_destroy(struct db_batch *b);

/* What it adds to the size of a group. */
static inline size_t batch_weight(const struct db_batch *b)
{
	return b->event_count + b->reading_count;
}

/* Sets the outcome that `done` will see. */
void batch_finish(struct db_batch *b, int status, const char *why);

#endif
