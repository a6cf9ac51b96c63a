/*
 * Queries of envelopes: limits over time. The rules of db/query.h hold.
 */
#ifndef DB_QUERY_ENVELOPE_H
#define DB_QUERY_ENVELOPE_H

#include "db/db.h"
#include "gen/event.h"

struct db_envelope {
	const char *id, *node, *owner, *type, *kind, *reference, *why, *actor, *state, *reason,
		*decided_by, *replaced_by; /* NULL where there is none */
	int64_t priority;
	bool grid, urgent;
	wall_t received_at, moved_at, decided_at;
	const struct event_envelope_received *said; /* as it came */
	const struct event_envelope_replaced *left; /* what newer ones left; NULL: all */
	const struct event_envelope_judged *judged; /* NULL: nobody asked */
	int64_t received_seq;
};
struct db_envelope_list {
	size_t count;
	struct db_envelope *items;
};
struct db_envelope_filter {
	const char *id, *node, *owner;
	enum { DB_ENVELOPES_ALL, DB_ENVELOPES_OPEN, DB_ENVELOPES_OVER } which;
	int limit;
};
/* Newest first. */
int db_query_envelopes(struct db_reader *r, const struct db_envelope_filter *f, struct arena *a,
	struct db_envelope_list *out);

struct db_envelope_owner {
	const char *owner, *reason;
	bool silent;
	wall_t at;
};
struct db_envelope_owner_list {
	size_t count;
	struct db_envelope_owner *items;
};
int db_query_envelope_owners(
	struct db_reader *r, struct arena *a, struct db_envelope_owner_list *out);

/* Records of compliance, by the time of their blocks; the newest `limit` (0: as in db/query.h). */
struct db_envelope_record {
	int64_t seq; /* in the journal */
	const char *hash; /* of that event, hex: the chain goes through it */
	wall_t at;
	const struct event_envelope_complied *is;
};
struct db_envelope_record_list {
	size_t count;
	struct db_envelope_record *items;
};
int db_query_envelope_records(struct db_reader *r, const char *id, int limit, struct arena *a,
	struct db_envelope_record_list *out);

/* What EVSEs were told in [from, to), oldest first, at most `limit` of them. */
struct db_told {
	int64_t seq; /* in the journal */
	const char *station, *cause;
	const struct event_setpoint_changed *is;
	wall_t at;
};
struct db_told_list {
	size_t count;
	struct db_told *items;
};
int db_query_told(struct db_reader *r, wall_t from, wall_t to, int limit, struct arena *a,
	struct db_told_list *out);

#endif
