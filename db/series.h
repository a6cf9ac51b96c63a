/*
 * Series: measurements in series.db, raw and rolled up by minute and quarter of an hour. Writer
 * thread only.
 *
 * A rollup is computed from the finer rows when its span is over, and again when a late sample
 * falls into it. Raw samples leave by age, measured against the newest of their point; rollups
 * stay. Times must be plausible: whoever adds a sample bounds what a device claims.
 */
#ifndef DB_SERIES_H
#define DB_SERIES_H

#include "db/batch.h"

#define SERIES_MINUTE_MS  60000
#define SERIES_QUARTER_MS 900000

struct series;

struct series *series_open(const char *path, const char *depot, int max_days, char why[300]);

/* Takes a sample for the next commit, starting a transaction if needed. Not a number: dropped. */
int series_add(struct series *s, const struct batch_sample *m);

/* Writes what was taken, in the order of points and times: pages are visited once. */
int series_commit(struct series *s);
void series_rollback(struct series *s);
const char *series_error(const struct series *s);
void series_close(struct series *s);

#endif
