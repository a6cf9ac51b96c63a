/*
 * Queries of chances that were told of departures, and how those ended. The rules of db/query.h hold.
 */
#ifndef DB_QUERY_CHANCE_H
#define DB_QUERY_CHANCE_H

#include "db/db.h"

#define DB_CHANCES_MOST 50000 /* rows, the newest */

struct db_chance {
	const char *vehicle;
	const char *moment; /* event_chance_moment_enum */
	wall_t departs;
	int64_t chance_pm, target_wh;
	bool is_over; /* how it ended was looked at; then: */
	bool has_ready, ready;
};
struct db_chance_list {
	size_t count;
	struct db_chance *items;
};

/* Of departures from `since` on, by that model of readiness; those of one departure stand together. */
int db_query_chances(
	struct db_reader *r, wall_t since, int model, struct arena *a, struct db_chance_list *out);

#endif
