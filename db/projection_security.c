/* Security events of stations (A04), and the certificates that they hold (M03 to M05). */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "db/projection.h"
#include "gen/event.h"

#define EVENTS_KEPT 1000 /* of one station */

struct security {
	struct sql *sql;
	sqlite3_stmt *add, *trim, *clear, *clear_all, *sweep, *put, *drop;
};

static void *create(struct sql *s)
{
	struct security *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->sql = s;
	const struct sql_prepared list[] = {
		{&p->add, "INSERT OR REPLACE INTO security_events (depot, station, seq, type, at,"
			  " received, tech_info) VALUES (?1,?2,?3,?4,?5,?6,?7)"},
		{&p->trim, "DELETE FROM security_events WHERE depot=?1 AND station=?2 AND seq <="
			   " (SELECT seq FROM security_events WHERE depot=?1 AND station=?2"
			   " ORDER BY seq DESC LIMIT 1 OFFSET ?3)"},
		{&p->clear_all, "UPDATE station_certificates SET listed=-1"
				" WHERE depot=?1 AND station=?2"},
		{&p->clear, "UPDATE station_certificates SET listed=-1 WHERE depot=?1 AND"
			    " station=?2 AND type=?3"},
		{&p->sweep, "DELETE FROM station_certificates WHERE depot=?1 AND station=?2"
			    " AND listed=-1"},
		{&p->put, "INSERT INTO station_certificates (depot, station, type,"
			  " hash_algorithm, issuer_name_hash, issuer_key_hash, serial, number,"
			  " parent, subject, not_after, listed, at)"
			  " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)"
			  " ON CONFLICT DO UPDATE SET serial=?7, parent=?9,"
			  " subject=ifnull(?10, subject), not_after=ifnull(?11, not_after),"
			  " listed=?12, at=?13"},
		{&p->drop, "DELETE FROM station_certificates WHERE depot=?1 AND station=?2 AND"
			   " hash_algorithm=?3 AND issuer_name_hash=?4 AND issuer_key_hash=?5"
			   " AND number=?6"},
	};
	if (sql_prepare_all(s, list, sizeof list / sizeof *list) == 0)
		return p;
	free(p);
	return NULL;
}

static int on_event(void *self, const struct journal_entry *e)
{
	struct security *p = self;
	const struct event_security_event_reported *s = e->payload;
	projection_bind_key(p->add, e);
	sqlite3_bind_int64(p->add, 3, e->seq);
	sql_bind_text(p->add, 4, s->type);
	sqlite3_bind_int64(p->add, 5, e->at.ms);
	sqlite3_bind_int64(p->add, 6, e->received.ms);
	sql_bind_text(p->add, 7, s->tech_info);
	if (sql_run(p->sql, p->add) < 0)
		return -1;
	projection_bind_key(p->trim, e);
	sqlite3_bind_int64(p->trim, 3, EVENTS_KEPT);
	return sql_run(p->sql, p->trim);
}

/* -- certificates ------------------------------------------------------------------------------ */

/* rule 53: a serial is a number; zeros in front and capitals mean nothing. */
static const char *number_of(const char *serial, char out[41])
{
	size_t n = 0;
	serial += strspn(serial, "0");
	for (; serial[n] && n < 40; n++)
		out[n] = (char)tolower((unsigned char)serial[n]);
	out[n] = '\0';
	return out;
}

/* Hashes are hex as well: told apart by their value, whatever their letters. */
static void lower(const char *hex, char out[129])
{
	size_t n = 0;
	for (; hex[n] && n < 128; n++)
		out[n] = (char)tolower((unsigned char)hex[n]);
	out[n] = '\0';
}

struct key {
	char name_hash[129], key_hash[129], number[41];
};

static void key_of(const struct event_certificate_hash *h, struct key *out)
{
	lower(h->issuer_name_hash, out->name_hash);
	lower(h->issuer_key_hash, out->key_hash);
	number_of(h->serial, out->number);
}

struct certificate {
	const char *type, *parent, *subject;
	const struct event_certificate_hash *hash;
	bool is_listed;
	wall_t not_after;
};

static int put(struct security *p, const struct journal_entry *e, const struct certificate *c)
{
	sqlite3_stmt *st = p->put;
	struct key k;
	key_of(c->hash, &k);
	projection_bind_key(st, e);
	sql_bind_text(st, 3, c->type);
	sql_bind_text(st, 4, c->hash->hash_algorithm);
	sql_bind_text(st, 5, k.name_hash);
	sql_bind_text(st, 6, k.key_hash);
	sql_bind_text(st, 7, c->hash->serial);
	sql_bind_text(st, 8, k.number);
	sql_bind_text(st, 9, c->parent);
	sql_bind_text(st, 10, c->subject);
	sql_bind_optional(st, 11, c->not_after.ms != 0, c->not_after.ms);
	sqlite3_bind_int64(st, 12, c->is_listed);
	sqlite3_bind_int64(st, 13, e->at.ms);
	return sql_run(p->sql, st);
}

/* Marks what the list will replace; what is in the list too keeps what we know of it. */
static int clear(struct security *p, const struct journal_entry *e,
	const struct event_certificates_listed *l)
{
	if (l->types.count == 0) {
		projection_bind_key(p->clear_all, e);
		return sql_run(p->sql, p->clear_all);
	}
	for (size_t i = 0; i < l->types.count; i++) {
		projection_bind_key(p->clear, e);
		sql_bind_text(p->clear, 3, l->types.items[i]);
		if (sql_run(p->sql, p->clear) < 0)
			return -1;
	}
	return 0;
}

static int on_listed(void *self, const struct journal_entry *e)
{
	struct security *p = self;
	const struct event_certificates_listed *l = e->payload;
	if (clear(p, e, l) < 0)
		return -1;
	for (size_t i = 0; i < l->certificates.count; i++) {
		const struct event_certificate_listed *c = &l->certificates.items[i];
		const struct certificate row = {
			.type = c->type, .parent = c->parent, .hash = &c->hash, .is_listed = true};
		if (put(p, e, &row) < 0)
			return -1;
	}
	projection_bind_key(p->sweep, e);
	return sql_run(p->sql, p->sweep);
}

static int on_installed(void *self, const struct journal_entry *e)
{
	const struct event_certificate_installed *c = e->payload;
	return put(self, e,
		&(struct certificate){.type = c->type,
			.hash = &c->hash,
			.subject = c->subject,
			.not_after = c->not_after});
}

static int on_deleted(void *self, const struct journal_entry *e)
{
	struct security *p = self;
	const struct event_certificate_deleted *c = e->payload;
	struct key k;
	key_of(&c->hash, &k);
	projection_bind_key(p->drop, e);
	sql_bind_text(p->drop, 3, c->hash.hash_algorithm);
	sql_bind_text(p->drop, 4, k.name_hash);
	sql_bind_text(p->drop, 5, k.key_hash);
	sql_bind_text(p->drop, 6, k.number);
	return sql_run(p->sql, p->drop);
}

const struct projection projection_security = {"security", create, free, NULL};

const struct projection_rule projection_security_rules[] = {
	{EVENT_SECURITY_EVENT_REPORTED, &projection_security, on_event},
	{EVENT_CERTIFICATES_LISTED, &projection_security, on_listed},
	{EVENT_CERTIFICATE_INSTALLED, &projection_security, on_installed},
	{EVENT_CERTIFICATE_DELETED, &projection_security, on_deleted},
	{.type = -1},
};
