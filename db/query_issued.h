/*
 * Queries of certificates that were issued to stations. The rules of db/query.h hold.
 */
#ifndef DB_QUERY_ISSUED_H
#define DB_QUERY_ISSUED_H

#include "db/db.h"

struct db_issued {
	const char *fingerprint, *station, *type, *serial, *key_hash, *subject, *issuer;
	const char *authority, *signing, *state, *why, *actor;
	const char *chain; /* PEM; NULL unless it was asked for */
	wall_t not_before, not_after, issued_at, moved_at;
};
struct db_issued_list {
	size_t count;
	struct db_issued *items;
};
struct db_issued_filter {
	const char *station, *fingerprint, *state;
	bool chains;
	int limit; /* -1: all */
};
/* Newest first. */
int db_query_issued(struct db_reader *r, const struct db_issued_filter *f, struct arena *a,
	struct db_issued_list *out);

struct db_signing {
	const char *id, *station, *type, *key_hash, *csr, *state, *command, *fingerprint, *note;
	int64_t tries;
	wall_t next_at, started_at, moved_at;
};
struct db_signing_list {
	size_t count;
	struct db_signing *items;
};
/* Of one station (NULL: all), newest first; or those that are not over. */
int db_query_signings(struct db_reader *r, const char *station, bool open, int limit,
	struct arena *a, struct db_signing_list *out);

#endif
