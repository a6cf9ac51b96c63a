/*
 * Queries of capacity providers. The rules of db/query.h hold.
 */
#ifndef DB_QUERY_OSCP_H
#define DB_QUERY_OSCP_H

#include "db/db.h"

struct db_oscp_peer {
	const char *id, *state, *url, *token_in, *token_out, *why, *handshake_id, *online_why;
	bool has_heartbeat_s, continuous, intermittent, online;
	double heartbeat_s;
	wall_t changed_at, handshake_at, online_at; /* ms 0: never */
};
struct db_oscp_peer_list {
	size_t count;
	struct db_oscp_peer *items;
};
/* By id. */
int db_query_oscp_peers(struct db_reader *r, struct arena *a, struct db_oscp_peer_list *out);

/* X-Request-IDs of the newest `limit` messages of a provider, newest first. */
int db_query_oscp_received(struct db_reader *r, const char *peer, int limit, struct arena *a,
	struct schema_strings *out);

#endif
