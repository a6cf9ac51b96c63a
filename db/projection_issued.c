/* Certificates that were issued to stations, and what stations asked to have signed. */
#include <stdlib.h>

#include "db/projection.h"
#include "gen/event.h"

struct issued {
	struct sql *sql;
	sqlite3_stmt *add, *move, *sign;
};

static void *create(struct sql *s)
{
	struct issued *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->sql = s;
	const struct sql_prepared list[] = {
		{&p->add, "INSERT OR REPLACE INTO issued_certificates (depot, fingerprint, station,"
			  " type, serial, key_hash, subject, issuer, not_before, not_after, chain,"
			  " authority, signing, issued_at, state, moved_at) VALUES"
			  " (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,'pending',?14)"},
		{&p->move, "UPDATE issued_certificates SET state=?3, why=?4, moved_at=?5, actor=?6"
			   " WHERE depot=?1 AND fingerprint=?2"},
		{&p->sign, "INSERT INTO signings (depot, id, station, type, key_hash, csr, state,"
			   " tries, next_at, command, fingerprint, note, started_at, moved_at)"
			   " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?13)"
			   " ON CONFLICT (depot, id) DO UPDATE SET state=excluded.state,"
			   " tries=excluded.tries, next_at=excluded.next_at,"
			   " command=excluded.command, fingerprint=excluded.fingerprint,"
			   " note=excluded.note, moved_at=excluded.moved_at"},
	};
	if (sql_prepare_all(s, list, sizeof list / sizeof *list) == 0)
		return p;
	free(p);
	return NULL;
}

static int on_issued(void *self, const struct journal_entry *e)
{
	struct issued *p = self;
	const struct event_certificate_issued *i = e->payload;
	sqlite3_stmt *st = p->add;
	projection_bind_key(st, e);
	sql_bind_text(st, 3, i->station);
	sql_bind_text(st, 4, i->type);
	sql_bind_text(st, 5, i->serial);
	sql_bind_text(st, 6, i->key_hash);
	sql_bind_text(st, 7, i->subject);
	sql_bind_text(st, 8, i->issuer);
	sqlite3_bind_int64(st, 9, i->not_before.ms);
	sqlite3_bind_int64(st, 10, i->not_after.ms);
	sql_bind_text(st, 11, i->chain);
	sql_bind_text(st, 12, i->authority);
	sql_bind_text(st, 13, i->signing_id);
	sqlite3_bind_int64(st, 14, e->at.ms);
	return sql_run(p->sql, st);
}

static int on_moved(void *self, const struct journal_entry *e)
{
	struct issued *p = self;
	const struct event_issued_moved *m = e->payload;
	sqlite3_stmt *st = p->move;
	projection_bind_key(st, e);
	sql_bind_text(st, 3, event_issued_state_enum.values[m->state]);
	sql_bind_text(st, 4, m->why);
	sqlite3_bind_int64(st, 5, e->at.ms);
	sql_bind_text(st, 6, e->actor);
	return sql_run(p->sql, st);
}

static int on_signing(void *self, const struct journal_entry *e)
{
	struct issued *p = self;
	const struct event_signing_moved *m = e->payload;
	sqlite3_stmt *st = p->sign;
	projection_bind_key(st, e);
	sql_bind_text(st, 3, m->station);
	sql_bind_text(st, 4, m->type);
	sql_bind_text(st, 5, m->key_hash);
	sql_bind_text(st, 6, m->csr);
	sql_bind_text(st, 7, event_signing_state_enum.values[m->state]);
	sqlite3_bind_int64(st, 8, m->tries);
	sql_bind_optional(st, 9, m->has_next_at, m->next_at.ms);
	sql_bind_text(st, 10, m->command_id);
	sql_bind_text(st, 11, m->fingerprint);
	sql_bind_text(st, 12, m->note);
	sqlite3_bind_int64(st, 13, e->at.ms);
	return sql_run(p->sql, st);
}

const struct projection projection_issued = {"issued", create, free, NULL};

const struct projection_rule projection_issued_rules[] = {
	{EVENT_CERTIFICATE_ISSUED, &projection_issued, on_issued},
	{EVENT_ISSUED_MOVED, &projection_issued, on_moved},
	{EVENT_SIGNING_MOVED, &projection_issued, on_signing},
	{.type = -1},
};
