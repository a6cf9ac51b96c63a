/* Telematics: what was set aside and waits for a person, and the tokens of sources. */
#include <stdlib.h>

#include "db/projection.h"
#include "gen/event.h"

struct telematics {
	struct sql *sql;
	sqlite3_stmt *put, *correct, *drop, *token, *revoke;
};

static void destroy(void *self)
{
	struct telematics *p = self;

	sqlite3_finalize(p->put);
	sqlite3_finalize(p->correct);
	sqlite3_finalize(p->drop);
	sqlite3_finalize(p->token);
	sqlite3_finalize(p->revoke);
	free(p);
}

static void *create(struct sql *s)
{
	struct telematics *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	p->sql = s;
	const struct sql_prepared list[] = {
		{&p->put, "INSERT OR REPLACE INTO telematics_aside (depot, id, source, fault, ref,"
			  " field, quantity, value, at, received_at, topic, raw)"
			  " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)"},
		{&p->correct,
			"UPDATE telematics_aside SET vehicle=ifnull(?3, vehicle),"
			" new_quantity=ifnull(?4, new_quantity), new_value=ifnull(?5, new_value),"
			" new_at=ifnull(?6, new_at), corrected_by=?7 WHERE depot=?1 AND id=?2"},
		{&p->drop, "DELETE FROM telematics_aside WHERE depot=?1 AND id=?2"},
		{&p->token,
			"INSERT OR REPLACE INTO telematics_tokens (depot, source, digest, made_at,"
			" actor) VALUES (?1,?2,?3,?4,?5)"},
		{&p->revoke, "DELETE FROM telematics_tokens WHERE depot=?1 AND source=?2"},
	};
	if (sql_prepare_all(s, list, sizeof list / sizeof *list) == 0)
		return p;
	destroy(p);
	return NULL;
}

static void bind_number(sqlite3_stmt *st, int i, bool has, double v)
{
	if (has)
		sqlite3_bind_double(st, i, v);
	else
		sqlite3_bind_null(st, i);
}

static void bind_time(sqlite3_stmt *st, int i, bool has, wall_t at)
{
	if (has)
		sqlite3_bind_int64(st, i, at.ms);
	else
		sqlite3_bind_null(st, i);
}

static int on_set_aside(void *self, const struct journal_entry *e)
{
	struct telematics *p = self;
	const struct event_telematics_set_aside *a = e->payload;
	sqlite3_stmt *st = p->put;

	sql_bind_text(st, 1, e->depot);
	sql_bind_text(st, 2, a->id);
	sql_bind_text(st, 3, projection_subject(e));
	sql_bind_text(st, 4, a->fault);
	sql_bind_text(st, 5, a->ref);
	sql_bind_text(st, 6, a->field);
	sql_bind_text(st, 7, a->quantity);
	bind_number(st, 8, a->has_value, a->value);
	bind_time(st, 9, a->has_measured, a->measured);
	sqlite3_bind_int64(st, 10, e->received.ms);
	sql_bind_text(st, 11, a->topic);
	sql_bind_text(st, 12, a->raw);
	return sql_run(p->sql, st);
}

static int on_corrected(void *self, const struct journal_entry *e)
{
	struct telematics *p = self;
	const struct event_telematics_corrected *c = e->payload;
	sqlite3_stmt *st = p->correct;

	sql_bind_text(st, 1, e->depot);
	sql_bind_text(st, 2, c->id);
	sql_bind_text(st, 3, c->vehicle);
	sql_bind_text(st, 4, c->quantity);
	bind_number(st, 5, c->has_value, c->value);
	bind_time(st, 6, c->has_measured, c->measured);
	sql_bind_text(st, 7, e->actor);
	return sql_run(p->sql, st);
}

static int on_let_go(void *self, const struct journal_entry *e)
{
	struct telematics *p = self;
	const struct event_telematics_let_go *g = e->payload;

	sql_bind_text(p->drop, 1, e->depot);
	sql_bind_text(p->drop, 2, g->id);
	return sql_run(p->sql, p->drop);
}

static int on_token_made(void *self, const struct journal_entry *e)
{
	struct telematics *p = self;
	const struct event_telematics_token_made *t = e->payload;

	projection_bind_key(p->token, e);
	sql_bind_text(p->token, 3, t->digest);
	sqlite3_bind_int64(p->token, 4, e->at.ms);
	sql_bind_text(p->token, 5, e->actor);
	return sql_run(p->sql, p->token);
}

static int on_token_revoked(void *self, const struct journal_entry *e)
{
	struct telematics *p = self;

	projection_bind_key(p->revoke, e);
	return sql_run(p->sql, p->revoke);
}

const struct projection projection_telematics = {"telematics", create, destroy, NULL};

const struct projection_rule projection_telematics_rules[] = {
	{EVENT_TELEMATICS_SET_ASIDE, &projection_telematics, on_set_aside},
	{EVENT_TELEMATICS_CORRECTED, &projection_telematics, on_corrected},
	{EVENT_TELEMATICS_LET_GO, &projection_telematics, on_let_go},
	{EVENT_TELEMATICS_TOKEN_MADE, &projection_telematics, on_token_made},
	{EVENT_TELEMATICS_TOKEN_REVOKED, &projection_telematics, on_token_revoked},
	{.type = -1},
};
