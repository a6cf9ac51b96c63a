/*
 * Queries: what the adapter of OCPP 1.6 starts with. Rules of db/query.h hold.
 */
#ifndef DB_QUERY_V16_H
#define DB_QUERY_V16_H

#include "db/query.h"

struct db_v16_transaction {
	const char *station, *id_tag, *seqs; /* seqs "0-5,9": events that are in the journal */
	bool adopted, has_meter_start, open, has_remote_start_id;
	int64_t number, connector, meter_start, remote_start_id;
	wall_t started_at;
};
struct db_v16_transaction_list {
	size_t count;
	struct db_v16_transaction *items;
};
/* Those that are open, and of the others those that began after `since`; oldest first. */
int db_query_v16_transactions(
	struct db_reader *r, wall_t since, struct arena *a, struct db_v16_transaction_list *out);

struct db_v16_asked {
	const char *station, *kind, *id_tag, *token_type;
	int64_t request_id, connector; /* connector 0: none */
	wall_t at;
};
struct db_v16_asked_list {
	size_t count;
	struct db_v16_asked *items;
};
int db_query_v16_asked(struct db_reader *r, struct arena *a, struct db_v16_asked_list *out);

/* The greatest number that we gave out, 0: none. */
int db_query_v16_newest(struct db_reader *r, struct arena *a, int64_t *out);

#endif
