/*
 * Queries of local authorisation lists. The rules of db/query.h hold.
 */
#ifndef DB_QUERY_LIST_H
#define DB_QUERY_LIST_H

#include "db/db.h"

struct db_local_list {
	const char *station, *mode, *state, *digest, *note; /* mode NULL: the depot's file */
	int64_t version, entries;
	wall_t at;
};
struct db_local_list_list {
	size_t count;
	struct db_local_list *items;
};
/* All of them; not limited. */
int db_query_local_lists(struct db_reader *r, struct arena *a, struct db_local_list_list *out);

#endif
