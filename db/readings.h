/*
 * Readings: what vehicles report, as immutable rows of depot.db: once written they are never
 * changed, and the same one twice (vehicle, quantity, source, time) is one. In the same durable
 * transactions as the journal, but no events: they leave by age. Writer thread only.
 */
#ifndef DB_READINGS_H
#define DB_READINGS_H

#include "db/batch.h"
#include "db/sqlite.h"

struct readings;

/* Places leave after `place_days`, all others after `max_days`. NULL with one line. */
struct readings *readings_create(
	struct sql *s, const char *depot, int max_days, int place_days, char why[300]);

/* 1: written; 0: it was there; -1: failed. */
int readings_add(struct readings *r, const struct batch_reading *m);

/* Before each commit: now and then takes old ones away. */
int readings_trim(struct readings *r);

/* After a rollback. */
void readings_forget(struct readings *r);
void readings_destroy(struct readings *r);

#endif
