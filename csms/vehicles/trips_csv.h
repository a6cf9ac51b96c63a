/*
 * Trips CSV: reads a yard list into trips (docs/vehicles.md). Times without an offset are of the
 * depot's zone, which is the process's. No state.
 */
#ifndef CSMS_TRIPS_CSV_H
#define CSMS_TRIPS_CSV_H

#include "gen/depot.h"

#define TRIPS_CSV_ROWS 20000

struct trips_csv {
	struct depot_trip *rows;
	int *lines; /* of each row, from 1 */
	size_t count;
};

struct trips_csv_fault {
	int line; /* from 1 */
	const char *column; /* as it is called in the first line; NULL: the line as a whole */
	char text[200];
};

/* Texts live in `a`. 0, or -1 with the first fault. */
int trips_csv_read(
	const char *text, struct arena *a, struct trips_csv *out, struct trips_csv_fault *f);

/* The same, but goes on behind rows that are no good: `out` has the others. Returns how many faults there
 * are, of which f[max] has the first; it stops at `max`. */
int trips_csv_try(const char *text, struct arena *a, struct trips_csv *out,
	struct trips_csv_fault *f, int max);

/* What the list calls a member of TripType, for a fault found later; NULL: it has no such column. */
const char *trips_csv_column(const char *text, const char *member, struct arena *a);

#endif
