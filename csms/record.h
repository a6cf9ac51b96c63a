/*
 * Record: what one turn of the loop leaves behind. Events, frames and samples of the turn go into
 * one database batch; answers to stations wait in it and leave when it is on disk (invariant 1:
 * answered means durable). Loop thread only.
 */
#ifndef CSMS_RECORD_H
#define CSMS_RECORD_H

#include "csms/core.h"

struct turn;

/* The arena of this turn's batch, for payloads; NULL: no memory. */
struct arena *record_arena(struct core *c);

/* Adds an event of any-version to the turn. `payload` lives in record_arena(). What is part of nothing
 * else (`correlation`) is part of the request that is being worked on. */
void record_event(struct core *c, const struct db_event *e);

/* The same with the usual envelope: happened now, stream "kind/id". `cause` NULL: the call whose
 * answer is being worked on, if any. */
void record_now(struct core *c, int type, const char *kind, const char *id, const void *payload,
	const char *actor, const char *cause);

void record_frame(struct core *c, struct station *s, enum db_direction dir, const char *pair,
	const char *action, const char *verdict, const char *text, size_t len);

/* What is wrong with message `pair`, which came in in this turn. */
void record_verdict(struct core *c, const char *pair, const char *verdict);

void record_sample(struct core *c, const char *point, wall_t at, double value, int quality);

/* One reading of a vehicle (db_batch_reading). */
void record_reading(struct core *c, const char *point, wall_t at, double value, wall_t received,
	int confidence);

/* Sends `text`, the answer to message `id`, to the station's connection of that epoch once the turn
 * is on disk. */
void record_reply(struct core *c, const struct station *s, int64_t epoch, const char *id,
	const char *text, size_t len);

/* Calls `done(arg, status, why)` once the turn is on disk (0) or has failed. */
void record_then(struct core *c, void (*done)(void *arg, int status, const char *why), void *arg);

/* Hands the turn's batch to the writer; the loop's turn end, or a test, calls it. */
void record_turn_end(struct core *c);

#endif
