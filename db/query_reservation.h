/*
 * Queries of reservations. The rules of db/query.h hold.
 */
#ifndef DB_QUERY_RESERVATION_H
#define DB_QUERY_RESERVATION_H

#include "db/db.h"

struct db_reservation {
	int64_t id, evse; /* evse 0: any */
	const char *station, *state, *connector_type, *token, *token_type, *group;
	const char *transaction_id, *note;
	wall_t expires, made_at, changed_at;
};
struct db_reservation_list {
	size_t count;
	struct db_reservation *items;
};
struct db_reservation_filter {
	const char *station, *state;
	int64_t id; /* 0: any */
	bool open; /* only asked, active and unknown */
	int limit;
};
/* Newest first. */
int db_query_reservations(struct db_reader *r, const struct db_reservation_filter *f,
	struct arena *a, struct db_reservation_list *out);

#endif
