/*
 * Queries of network jobs. The rules of db/query.h hold.
 */
#ifndef DB_QUERY_NETWORK_H
#define DB_QUERY_NETWORK_H

#include "db/db.h"

struct db_network_job {
	const char *id, *station, *state, *command, *priority, *note, *actor;
	int64_t slot, security_profile, step; /* step: enum event_network_step */
	bool at_once;
	wall_t at;
};
struct db_network_job_list {
	size_t count;
	struct db_network_job *items;
};
/* Those that are not over. */
int db_query_network_jobs(struct db_reader *r, struct arena *a, struct db_network_job_list *out);
/* `*out` NULL with 0: there is none of that id. */
int db_query_network_job(
	struct db_reader *r, const char *id, struct arena *a, struct db_network_job **out);

#endif
