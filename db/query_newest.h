/*
 * Newest: the last sample of each point of a kind, for what is shown from the first moment after a
 * start. The rules of db/query.h hold.
 */
#ifndef DB_QUERY_NEWEST_H
#define DB_QUERY_NEWEST_H

#include "db/query_log.h"

/* Of all points whose name matches the pattern (GLOB of SQLite); raw samples only. */
int db_query_newest(
	struct db_reader *r, const char *pattern, struct arena *a, struct db_sample_list *out);

#endif
