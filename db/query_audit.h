/*
 * Queries of the audit: of the journal what people, their programs and other systems did or were
 * refused, and how the depot's file was taken. The rules of db/query.h hold.
 */
#ifndef DB_QUERY_AUDIT_H
#define DB_QUERY_AUDIT_H

#include "db/query_log.h"

struct db_audit_filter {
	const char *who; /* "user:anna"; ends in ':' or '/': all that begin so */
	const char *type;
	const char *about; /* a stream, or a prefix ending in "/" */
	const char *text; /* somewhere in the payload */
	const char *request; /* of this one request */
	bool refused; /* only what was */
	wall_t from, to; /* when it was received, in [from, to); ms 0: open */
	int64_t before; /* only lower sequence numbers; 0: all */
	int limit;
};

/* What stands beside the event of the same place in the page. */
struct db_audit_note {
	const char *peer; /* where it came from; NULL: nobody told */
	const char *why;
	bool refused;
};

struct db_audit_page {
	struct db_journal_page events; /* newest first; next: `before` of the next page */
	size_t count;
	struct db_audit_note *items;
};

int db_query_audit(struct db_reader *r, const struct db_audit_filter *f, struct arena *a,
	struct db_audit_page *out);

/* The event of the same stream and type before that one, looked for among AUDIT_BACK of the stream.
 * *out NULL: none. */
#define AUDIT_BACK 10000
int db_query_audit_before(struct db_reader *r, const struct db_journal_event *e, struct arena *a,
	struct db_journal_event **out);

/* Newest event of the journal, whose hash vouches for all before it. *out NULL: it is empty. */
int db_query_audit_head(struct db_reader *r, struct arena *a, struct db_journal_event **out);

#endif
