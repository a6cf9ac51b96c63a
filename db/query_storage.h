/*
 * Queries of what gives energy back. The rules of db/query.h hold.
 */
#ifndef DB_QUERY_STORAGE_H
#define DB_QUERY_STORAGE_H

#include "db/db.h"

struct db_discharge_stop {
	bool is_stopped;
	wall_t at; /* ms 0: never stopped */
	const char *actor, *why; /* of the newest stop or release */
};
int db_query_discharge_stop(struct db_reader *r, struct arena *a, struct db_discharge_stop *out);

#endif
