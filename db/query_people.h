/*
 * Queries of the users of this depot. The rules of db/query.h hold.
 */
#ifndef DB_QUERY_PEOPLE_H
#define DB_QUERY_PEOPLE_H

#include "db/db.h"

struct db_person {
	const char *name, *role, *nodes, *hash, *factor, *recovery; /* lists: one item a line */
	const char *peer; /* that they came from last, NULL: never */
	const char *provider, *issuer, *subject; /* who vouches for them; NULL: nobody does */
	const char *makers; /* of the newest link in their name, one a line; NULL: none was made */
	int64_t factor_step; /* of the second factor's code taken last; 0: none */
	bool is_disabled;
	wall_t changed, signed_in;
};
struct db_person_list {
	size_t count;
	struct db_person *items;
};
/* All of them, by name. */
int db_query_people(struct db_reader *r, struct arena *a, struct db_person_list *out);

#endif
