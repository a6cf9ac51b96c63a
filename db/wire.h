/*
 * Wire: the flight recorder, every frame in and out, in wire.db. Writer thread only.
 *
 * Commits without a sync: a power cut may cost the last frames but never the file. Trimmed by age
 * (measured against the newest frame, so simulated time works) and by size, oldest first.
 */
#ifndef DB_WIRE_H
#define DB_WIRE_H

#include "db/batch.h"

#define WIRE_ID_SHIFT 20 /* id = time in ms << 20 | running number */
#define WIRE_SPELL_SHIFT                                                                           \
	33 /* id >> 33 = its spell of 8.2 s: the table `spells` says which stations
			       have frames in which, at a fraction of what an index costs */

struct wire;

struct wire *wire_open(
	const char *path, const char *depot, int max_mb, int max_days, char why[300]);

/* Adds a frame to the open transaction, starting one if needed. */
int wire_add(struct wire *w, const struct batch_frame *f);

/* Commits, and now and then trims. Nothing to do: 0. */
int wire_commit(struct wire *w);

/* After a failure: rolls back what was not committed. */
void wire_rollback(struct wire *w);

const char *wire_error(const struct wire *w);
void wire_close(struct wire *w);

#endif
