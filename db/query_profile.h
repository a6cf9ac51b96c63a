/*
 * Queries of smart charging: profiles that stations hold, limits of others, needs of vehicles.
 * As db/query.h otherwise.
 */
#ifndef DB_QUERY_PROFILE_H
#define DB_QUERY_PROFILE_H

#include "db/db.h"

struct db_profile {
	const char *station, *source, *owner, *profile; /* owner NULL: found there */
	int64_t id, evse;
	wall_t at;
};
struct db_profile_list {
	size_t count;
	struct db_profile *items;
};
/* All, by station and id; not limited. */
int db_query_profiles(struct db_reader *r, struct arena *a, struct db_profile_list *out);

struct db_external_limit {
	const char *station, *source, *schedules;
	int64_t evse; /* 0: the whole station */
	bool critical;
	wall_t at;
};
struct db_external_limit_list {
	size_t count;
	struct db_external_limit *items;
};
/* All; not limited. */
int db_query_external_limits(
	struct db_reader *r, struct arena *a, struct db_external_limit_list *out);

struct db_needs {
	const char *station, *transaction_id, *status;
	int64_t evse, max_tuples, energy_wh, max_w, soc_pct; /* -1: not said */
	wall_t departs_at, at;
};
struct db_needs_list {
	size_t count;
	struct db_needs *items;
};
/* The newest of each EVSE; not limited. */
int db_query_needs(struct db_reader *r, struct arena *a, struct db_needs_list *out);

#endif
