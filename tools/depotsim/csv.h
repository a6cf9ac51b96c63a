/*
 * CSV of real charging sessions, one a line, as the ACN data set gives them: columns are found by
 * the header's names; lines that start with `#` are comments. Arrival and departure are counts of
 * 5-minute steps since `csv_epoch`.
 */
#ifndef DEPOTSIM_CSV_H
#define DEPOTSIM_CSV_H

#include <stdint.h>
#include <stdio.h>

#define CSV_STEP_S 300
/* 2019-03-01T00:00 in Los Angeles */
#define CSV_EPOCH_MS INT64_C(1551427200000)
#define CSV_ZONE     "America/Los_Angeles"

struct csv_session {
	char id[64];
	char station[48];
	int64_t arrival; /* steps */
	int64_t departure;
	int64_t requested_wh;
	int64_t capacity_wh;
	int64_t max_w;
};

struct csv_sessions {
	int count;
	struct csv_session *items;
};

/* Reads all sessions. 0, or -1 with one line for a person that names the line. */
int csv_read(FILE *f, struct csv_sessions *out, char why[200]);

void csv_finish(struct csv_sessions *s);

#endif
