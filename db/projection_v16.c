/* What the adapter of OCPP 1.6 must remember: the numbers that it gave to transactions, and the
 * requests whose reports name no number. */
#include <stdlib.h>

#include "db/projection.h"
#include "gen/event.h"

#define START_KEPT_MS 3600000 /* no station waits that long for a vehicle */

struct v16 {
	struct sql *sql;
	sqlite3_stmt *number, *ask, *drop_others, *drop_old, *drop_start;
};

static void *create(struct sql *s)
{
	struct v16 *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->sql = s;
	const struct sql_prepared list[] = {
		{&p->number,
			"INSERT OR REPLACE INTO v16_transactions (depot, station, number, adopted,"
			" connector, id_tag, meter_start, started_at, remote_start_id)"
			" VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)"},
		{&p->ask, "INSERT OR REPLACE INTO v16_asked (depot, station, kind, request_id, at,"
			  " id_tag, token_type, connector) VALUES (?1,?2,?3,?4,?5,?6,?7,?8)"},
		{&p->drop_others, "DELETE FROM v16_asked WHERE depot=?1 AND station=?2 AND kind=?3"
				  " AND kind<>'start'"},
		{&p->drop_old,
			"DELETE FROM v16_asked WHERE depot=?1 AND station=?2 AND kind='start'"
			" AND at<?3"},
		{&p->drop_start,
			"DELETE FROM v16_asked WHERE depot=?1 AND station=?2 AND kind='start'"
			" AND request_id=?3"},
	};
	if (sql_prepare_all(s, list, sizeof list / sizeof *list) == 0)
		return p;
	free(p);
	return NULL;
}

static int on_numbered(void *self, const struct journal_entry *e)
{
	struct v16 *p = self;
	const struct event_v16_transaction_numbered *n = e->payload;
	sqlite3_stmt *st = p->number;
	projection_bind_key(st, e);
	sqlite3_bind_int64(st, 3, n->number);
	sqlite3_bind_int64(st, 4, n->adopted);
	sqlite3_bind_int64(st, 5, n->connector_id);
	sql_bind_text(st, 6, n->id_tag);
	if (n->has_meter_start)
		sqlite3_bind_int64(st, 7, n->meter_start);
	sqlite3_bind_int64(st, 8, n->started.ms);
	if (n->has_remote_start_id)
		sqlite3_bind_int64(st, 9, n->remote_start_id);
	if (sql_run(p->sql, st) < 0)
		return -1;
	if (!n->has_remote_start_id)
		return 0;
	projection_bind_key(p->drop_start, e);
	sqlite3_bind_int64(p->drop_start, 3, n->remote_start_id);
	return sql_run(p->sql, p->drop_start);
}

static int on_asked(void *self, const struct journal_entry *e)
{
	struct v16 *p = self;
	const struct event_v16_asked *a = e->payload;
	projection_bind_key(p->drop_others, e);
	sql_bind_text(p->drop_others, 3, a->kind);
	projection_bind_key(p->drop_old, e);
	sqlite3_bind_int64(p->drop_old, 3, e->at.ms - START_KEPT_MS);
	if (sql_run(p->sql, p->drop_others) < 0 || sql_run(p->sql, p->drop_old) < 0)
		return -1;
	projection_bind_key(p->ask, e);
	sql_bind_text(p->ask, 3, a->kind);
	sqlite3_bind_int64(p->ask, 4, a->request_id);
	sqlite3_bind_int64(p->ask, 5, e->at.ms);
	sql_bind_text(p->ask, 6, a->id_tag);
	sql_bind_text(p->ask, 7, a->token_type);
	if (a->has_connector_id)
		sqlite3_bind_int64(p->ask, 8, a->connector_id);
	return sql_run(p->sql, p->ask);
}

const struct projection projection_v16 = {"v16", create, free, NULL};

const struct projection_rule projection_v16_rules[] = {
	{EVENT_V16_TRANSACTION_NUMBERED, &projection_v16, on_numbered},
	{EVENT_V16_ASKED, &projection_v16, on_asked},
	{.type = -1},
};
