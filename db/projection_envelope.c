/* Envelopes as they stand and stood, and which of their owners are silent. */
#include <stdlib.h>
#include <string.h>

#include "db/projection.h"
#include "gen/event.h"

struct envelopes {
	struct sql *sql;
	sqlite3_stmt *receive, *move, *decide, *replace, *judge, *record, *owner;
};

static void *create(struct sql *s)
{
	struct envelopes *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	p->sql = s;
	const struct sql_prepared list[] = {
		{&p->receive,
			"INSERT INTO envelopes (depot, id, node, owner, type, kind, priority,"
			" grid, reference, why, actor, state, urgent, received_at, moved_at,"
			" received_seq)"
			" VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,'received',0,?12,?12,?13)"},
		{&p->move, "UPDATE envelopes SET state=?3, urgent=?4, reason=coalesce(?5, reason),"
			   " moved_at=?6 WHERE depot=?1 AND id=?2"},
		{&p->decide, "UPDATE envelopes SET decided_by=?3, decided_at=?4"
			     " WHERE depot=?1 AND id=?2"},
		{&p->replace, "UPDATE envelopes SET blocks_seq=?3, replaced_by=?4"
			      " WHERE depot=?1 AND id=?2"},
		{&p->judge, "UPDATE envelopes SET judged_seq=?3 WHERE depot=?1 AND id=?2"},
		{&p->record, "INSERT OR REPLACE INTO envelope_records (depot, id, start_at, seq)"
			     " VALUES (?1,?2,?3,?4)"},
		{&p->owner,
			"INSERT OR REPLACE INTO envelope_owners (depot, owner, silent, at, reason)"
			" VALUES (?1,?2,?3,?4,?5)"},
	};
	if (sql_prepare_all(s, list, sizeof list / sizeof *list) == 0)
		return p;
	free(p);
	return NULL;
}

static void bind_id(sqlite3_stmt *st, const struct journal_entry *e)
{
	projection_bind_key(st, e);
}

static int on_received(void *self, const struct journal_entry *e)
{
	struct envelopes *p = self;
	const struct event_envelope_received *r = e->payload;
	sqlite3_stmt *st = p->receive;

	bind_id(st, e);
	sql_bind_text(st, 3, r->node);
	sql_bind_text(st, 4, r->owner);
	sql_bind_text(st, 5, r->type);
	sql_bind_text(st, 6, r->kind);
	sqlite3_bind_int64(st, 7, r->priority);
	sqlite3_bind_int64(st, 8, r->grid);
	sql_bind_text(st, 9, r->reference);
	sql_bind_text(st, 10, r->why);
	sql_bind_text(st, 11, e->actor);
	sqlite3_bind_int64(st, 12, e->at.ms);
	sqlite3_bind_int64(st, 13, e->seq);
	return sql_run(p->sql, st);
}

/* Yes and no are somebody's; what time does to it is nobody's. */
static bool is_decision(const char *move)
{
	return strcmp(move, "accept") == 0 || strcmp(move, "keep") == 0 ||
	       strcmp(move, "refuse") == 0;
}

static int on_moved(void *self, const struct journal_entry *e)
{
	struct envelopes *p = self;
	const struct event_envelope_moved *m = e->payload;

	bind_id(p->move, e);
	sql_bind_text(p->move, 3, m->state);
	sqlite3_bind_int64(p->move, 4, m->urgent);
	sql_bind_text(p->move, 5, m->reason);
	sqlite3_bind_int64(p->move, 6, e->at.ms);
	if (sql_run(p->sql, p->move) < 0)
		return -1;
	if (!is_decision(m->move))
		return 0;
	bind_id(p->decide, e);
	sql_bind_text(p->decide, 3, e->actor);
	sqlite3_bind_int64(p->decide, 4, e->at.ms);
	return sql_run(p->sql, p->decide);
}

static int on_replaced(void *self, const struct journal_entry *e)
{
	struct envelopes *p = self;
	const struct event_envelope_replaced *r = e->payload;

	bind_id(p->replace, e);
	sqlite3_bind_int64(p->replace, 3, e->seq);
	sql_bind_text(p->replace, 4, r->by);
	return sql_run(p->sql, p->replace);
}

static int on_judged(void *self, const struct journal_entry *e)
{
	struct envelopes *p = self;

	bind_id(p->judge, e);
	sqlite3_bind_int64(p->judge, 3, e->seq);
	return sql_run(p->sql, p->judge);
}

static int on_complied(void *self, const struct journal_entry *e)
{
	struct envelopes *p = self;
	const struct event_envelope_complied *c = e->payload;

	bind_id(p->record, e);
	sqlite3_bind_int64(p->record, 3, c->start.ms);
	sqlite3_bind_int64(p->record, 4, e->seq);
	return sql_run(p->sql, p->record);
}

static int on_owner(void *self, const struct journal_entry *e)
{
	struct envelopes *p = self;
	const struct event_envelope_owner_changed *o = e->payload;
	sqlite3_stmt *st = p->owner;

	sql_bind_text(st, 1, e->depot);
	sql_bind_text(st, 2, o->owner);
	sqlite3_bind_int64(st, 3, o->silent);
	sqlite3_bind_int64(st, 4, e->at.ms);
	sql_bind_text(st, 5, o->reason);
	return sql_run(p->sql, st);
}

const struct projection projection_envelope = {"envelope", create, free, NULL};

const struct projection_rule projection_envelope_rules[] = {
	{EVENT_ENVELOPE_RECEIVED, &projection_envelope, on_received},
	{EVENT_ENVELOPE_MOVED, &projection_envelope, on_moved},
	{EVENT_ENVELOPE_REPLACED, &projection_envelope, on_replaced},
	{EVENT_ENVELOPE_JUDGED, &projection_envelope, on_judged},
	{EVENT_ENVELOPE_COMPLIED, &projection_envelope, on_complied},
	{EVENT_ENVELOPE_OWNER_CHANGED, &projection_envelope, on_owner},
	{.type = -1},
};
