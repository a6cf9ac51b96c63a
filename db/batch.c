#include "db/batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEEP_BYTES 65536 /* a batch that grew beyond this is not kept for reuse whole */

struct db_batch *batch_create(void)
{
	struct db_batch *b = calloc(1, sizeof *b);
	if (!b)
		return NULL;
	b->arena = arena_create(0);
	if (!b->arena) {
		free(b);
		return NULL;
	}
	return b;
}

void batch_reset(struct db_batch *b)
{
	if (arena_used(b->arena) > KEEP_BYTES) {
		struct arena *fresh = arena_create(0);
		if (fresh) {
			arena_destroy(b->arena);
			b->arena = fresh;
		}
	}
	arena_reset(b->arena);
	b->event_count = b->frame_count = b->sample_count = b->reading_count = 0;
	b->out_of_memory = false;
	b->done = NULL;
	b->arg = NULL;
	b->next = b->next_done = NULL;
	memset(&b->result, 0, sizeof b->result);
	b->why[0] = 0;
}

void batch_destroy(struct db_batch *b)
{
	if (!b)
		return;
	arena_destroy(b->arena);
	free(b->events);
	free(b->frames);
	free(b->samples);
	free(b->readings);
	free(b);
}

void batch_finish(struct db_batch *b, int status, const char *why)
{
	snprintf(b->why, sizeof b->why, "%s", why ? why : "");
	b->result.status = status;
	b->result.why = b->why;
}

/* Room for one more item in a list of the batch, or NULL and the batch is marked. */
static void *grow(struct db_batch *b, void *list, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return list;
	size_t want = *room ? *room * 2 : 8;
	void *bigger = realloc(list, want * size);
	if (!bigger) {
		b->out_of_memory = true;
		return NULL;
	}
	*room = want;
	return bigger;
}

struct arena *db_batch_arena(struct db_batch *b)
{
	return b->arena;
}

void db_batch_event(struct db_batch *b, const struct db_event *e)
{
	void *list = grow(b, b->events, b->event_count, &b->event_room, sizeof *b->events);
	if (!list)
		return;
	b->events = list;
	b->events[b->event_count++] = *e;
}

static const char *copy(struct db_batch *b, const char *s, size_t len)
{
	if (!s)
		return NULL;
	const char *c = arena_strndup(b->arena, s, len);
	if (!c)
		b->out_of_memory = true;
	return c;
}

static const char *copy_string(struct db_batch *b, const char *s)
{
	return s ? copy(b, s, strlen(s)) : NULL;
}

void db_batch_frame(struct db_batch *b, const char *station, enum db_direction dir, wall_t at,
	const char *pair, const char *action, const char *verdict, const char *text, size_t len)
{
	void *list = grow(b, b->frames, b->frame_count, &b->frame_room, sizeof *b->frames);
	if (!list)
		return;
	b->frames = list;
	b->frames[b->frame_count++] = (struct batch_frame){
		.station = copy_string(b, station),
		.pair = copy_string(b, pair),
		.action = copy_string(b, action),
		.verdict = copy_string(b, verdict),
		.text = copy(b, text, len),
		.len = len,
		.at = at,
		.direction = dir,
	};
}

void db_batch_verdict(struct db_batch *b, const char *pair, const char *verdict)
{
	for (size_t i = b->frame_count; i-- > 0;) {
		struct batch_frame *f = &b->frames[i];
		if (f->direction != DB_FRAME_IN || !f->pair || strcmp(f->pair, pair) != 0)
			continue;
		f->verdict = copy_string(b, verdict);
		return;
	}
}

void db_batch_sample(struct db_batch *b, const char *point, wall_t at, double value, int quality)
{
	void *list = grow(b, b->samples, b->sample_count, &b->sample_room, sizeof *b->samples);
	if (!list)
		return;
	b->samples = list;
	b->samples[b->sample_count++] = (struct batch_sample){
		.point = copy_string(b, point),
		.at = at,
		.value = value,
		.quality = quality,
	};
}

void db_batch_reading(struct db_batch *b, const char *point, wall_t at, double value,
	wall_t received, int confidence)
{
	void *list = grow(b, b->readings, b->reading_count, &b->reading_room, sizeof *b->readings);
	if (!list)
		return;
	b->readings = list;
	b->readings[b->reading_count++] = (struct batch_reading){
		.point = copy_string(b, point),
		.at = at,
		.received = received,
		.value = value,
		.confidence = confidence,
	};
}
