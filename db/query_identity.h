/*
 * Queries of what certificates stations may come with, and came with last. The rules of db/query.h
 * hold.
 */
#ifndef DB_QUERY_IDENTITY_H
#define DB_QUERY_IDENTITY_H

#include "db/db.h"

struct db_identity {
	const char *station, *serial, *source, *why;
	bool expired_allowed, factory_allowed, expired, factory;
	const char *fingerprint, *certificate_serial, *common_name, *issuer; /* NULL: none yet */
	wall_t changed_at, not_after, seen_at;
};
struct db_identity_list {
	size_t count;
	struct db_identity *items;
};
/* Of all stations, or of the one; not limited. */
int db_query_identities(
	struct db_reader *r, const char *station, struct arena *a, struct db_identity_list *out);

#endif
