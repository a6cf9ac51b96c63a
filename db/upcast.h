/*
 * Upcast: brings the payload of an old event to the present version of its type, on read. The
 * journal itself is never rewritten.
 *
 * One row a step, from version N to N+1, as a function of JSON text to JSON text.
 */
#ifndef DB_UPCAST_H
#define DB_UPCAST_H

#include "schemas/codec.h"

struct upcast_row {
	const char *type; /* "StationBooted" */
	int from; /* version that it reads; the result is from + 1 */
	/* Appends the new payload to `out`; -1: the old one cannot be understood. */
	int (*step)(const char *payload, size_t len, struct text *out);
};

struct upcast_table {
	int count;
	const struct upcast_row *rows;
};

extern const struct upcast_table upcast_rows;

/* Decodes a payload of the given version as the present struct of `type`. NULL with `err`: no row
 * for a step, a newer version than this program knows, or not what its schema says. */
void *upcast_decode(const struct upcast_table *table, const struct schema_event *type, int version,
	const char *payload, size_t len, struct arena *a, struct schema_error *err);

/* The row of that name in event_events[], or -1. */
int upcast_find_type(const char *name);

#endif
