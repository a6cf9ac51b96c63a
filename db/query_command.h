/*
 * Queries of commands: what was asked of stations, and how it ended. The rules of db/query.h hold.
 */
#ifndef DB_QUERY_COMMAND_H
#define DB_QUERY_COMMAND_H

#include "db/db.h"

struct db_command {
	const char *id, *station, *action, *state, *actor, *why, *parent, *status, *note;
	const char *payload, *response; /* with `bodies` only */
	int64_t request_id; /* 0: none */
	int64_t parts, reports, effect_s; /* of its events, with `bodies` only; 0: not said */
	wall_t started_at, moved_at, ended_at;
};
struct db_command_list {
	size_t count;
	struct db_command *items;
};
struct db_command_filter {
	const char *id, *station, *action, *state, *parent;
	bool open; /* only those that are not over */
	bool bodies;
	int limit;
};
/* Newest first. */
int db_query_commands(struct db_reader *r, const struct db_command_filter *f, struct arena *a,
	struct db_command_list *out);

#endif
