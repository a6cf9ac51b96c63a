/*
 * Chain: the journal of a connection from its first event to its head, each hash checked on the
 * way. For the files of this room that check and rebuild.
 */
#ifndef DB_CHAIN_H
#define DB_CHAIN_H

#include "db/care.h"
#include "db/hash.h"
#include "db/sqlite.h"

struct chain_event {
	struct hash_fields fields; /* valid until the next one */
	int64_t stream_id;
};

struct chain_visitor {
	/* Not 0: the walk ends with -1; the visitor has written why. NULL: only check. */
	int (*visit)(void *arg, const struct chain_event *e, char why[300]);
	void *arg;
	const struct db_progress *progress;
};

/* Walks on the snapshot of an open transaction, or of its own. 0, or -1 with one line. */
int chain_walk(struct sql *s, const struct chain_visitor *v, int64_t *events, char why[300]);

#endif
