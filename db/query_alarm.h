/*
 * Queries of alarms. The rules of db/query.h hold.
 */
#ifndef DB_QUERY_ALARM_H
#define DB_QUERY_ALARM_H

#include "db/db.h"

struct db_alarm {
	const char *id, *kind, *subject, *rank, *text, *owner, *note; /* owner, note: may be NULL */
	wall_t raised_at, last_at, cleared_at, taken_at, aside_until; /* ms 0: not */
	int64_t count;
};
struct db_alarm_list {
	size_t count;
	struct db_alarm *items;
};

/* Open ones, or those that are over; newest first. `id` NULL: any. */
int db_query_alarms(struct db_reader *r, bool open, const char *id, int limit, struct arena *a,
	struct db_alarm_list *out);

#endif
