/*
 * Queries of vehicles and what they report. The rules of db/query.h hold.
 */
#ifndef DB_QUERY_FLEET_H
#define DB_QUERY_FLEET_H

#include "db/db.h"

struct db_vehicle {
	const char *id, *row; /* JSON as in the depot's file */
	const char *source, *actor;
	wall_t at;
};
struct db_vehicle_list {
	size_t count;
	struct db_vehicle *items;
};
/* Those that were changed on top of the depot's file, by id; not limited. */
int db_query_vehicles(struct db_reader *r, struct arena *a, struct db_vehicle_list *out);

#endif
