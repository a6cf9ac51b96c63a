/*
 * Names: numbers for long names that stand in every row of a file (stations, points), kept in a
 * table (id, depot, name) and cached. Writer thread only.
 */
#ifndef DB_NAMES_H
#define DB_NAMES_H

#include "db/sqlite.h"

struct names;

/* `table` must be a constant of ours. NULL with s->error. */
struct names *names_create(struct sql *s, const char *table, const char *depot);

/* The number of the name, made if new; -1 on failure. */
int64_t names_get(struct names *n, const char *name);

/* After a rollback: what was cached may not be in the table. */
void names_forget(struct names *n);

void names_destroy(struct names *n);

#endif
