/* Calls to stations: queued by whom, ended how. Payload and answer stay in the journal. */
#include <stdlib.h>

#include "db/projection.h"
#include "gen/event.h"

struct calls {
	struct sql *sql;
	sqlite3_stmt *queued, *ended;
};

static void *create(struct sql *s)
{
	struct calls *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->sql = s;
	const struct sql_prepared list[] = {
		{&p->queued,
			"INSERT INTO calls (depot, call_id, station, action, queued_seq,"
			" queued_at,"
			" actor, why, command) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)"
			" ON CONFLICT (depot, call_id) DO UPDATE SET queued_seq=?5, queued_at=?6,"
			" actor=?7, why=?8, command=?9"},
		{&p->ended,
			"INSERT INTO calls (depot, call_id, station, action, ended_seq,"
			" ended_at,"
			" outcome, status, error_code, error_text, took_ms)"
			" VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11) ON CONFLICT (depot, call_id)"
			" DO UPDATE SET ended_seq=?5, ended_at=?6, outcome=?7, status=?8,"
			" error_code=?9,"
			" error_text=?10, took_ms=?11"},
	};
	if (sql_prepare_all(s, list, sizeof list / sizeof *list) == 0)
		return p;
	free(p);
	return NULL;
}

static void bind_key(
	sqlite3_stmt *st, const struct journal_entry *e, const char *id, const char *action)
{
	sql_bind_text(st, 1, e->depot);
	sql_bind_text(st, 2, id);
	sql_bind_text(st, 3, projection_subject(e));
	sql_bind_text(st, 4, action);
	sqlite3_bind_int64(st, 5, e->seq);
	sqlite3_bind_int64(st, 6, e->at.ms);
}

static int on_queued(void *self, const struct journal_entry *e)
{
	struct calls *p = self;
	const struct event_call_queued *c = e->payload;
	bind_key(p->queued, e, c->call_id, c->action);
	sql_bind_text(p->queued, 7, e->actor);
	sql_bind_text(p->queued, 8, c->why);
	sql_bind_text(p->queued, 9, c->command_id);
	return sql_run(p->sql, p->queued);
}

static int on_ended(void *self, const struct journal_entry *e)
{
	struct calls *p = self;
	const struct event_call_ended *c = e->payload;
	sqlite3_stmt *st = p->ended;
	bind_key(st, e, c->call_id, c->action);
	sql_bind_text(st, 7, event_call_outcome_enum.values[c->outcome]);
	sql_bind_text(st, 8, c->status);
	sql_bind_text(st, 9, c->error_code);
	sql_bind_text(st, 10, c->error_text);
	sqlite3_bind_int64(st, 11, c->took_ms);
	return sql_run(p->sql, st);
}

const struct projection projection_call = {"call", create, free, NULL};

const struct projection_rule projection_call_rules[] = {
	{EVENT_CALL_QUEUED, &projection_call, on_queued},
	{EVENT_CALL_ENDED, &projection_call, on_ended},
	{.type = -1},
};
