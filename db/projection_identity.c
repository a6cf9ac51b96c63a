/* What certificate a station may come with, and which one it came with last. */
#include <stdlib.h>

#include "db/projection.h"
#include "gen/event.h"

struct identities {
	struct sql *sql;
	sqlite3_stmt *registered, *changed, *seen, *removed;
};

static void *create(struct sql *s)
{
	struct identities *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->sql = s;
	const struct sql_prepared list[] = {
		{&p->registered,
			"INSERT INTO station_identities (depot, station, serial, source, changed_at)"
			" VALUES (?1,?2,?3,?4,?5) ON CONFLICT DO UPDATE SET"
			" serial=?3, source=?4, changed_at=?5"},
		{&p->changed,
			"INSERT INTO station_identities (depot, station, serial, source, changed_at,"
			" expired_allowed, factory_allowed, why) VALUES (?1,?2,?3,?4,?5,?6,?7,?8)"
			" ON CONFLICT DO UPDATE SET serial=?3, source=?4, changed_at=?5,"
			" expired_allowed=?6, factory_allowed=?7, why=?8"},
		{&p->seen, "INSERT INTO station_identities (depot, station, fingerprint,"
			   " certificate_serial, common_name, issuer, not_after, expired, factory,"
			   " seen_at) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)"
			   " ON CONFLICT DO UPDATE SET fingerprint=?3, certificate_serial=?4,"
			   " common_name=?5, issuer=?6, not_after=?7, expired=?8, factory=?9,"
			   " seen_at=?10"},
		{&p->removed, "DELETE FROM station_identities WHERE depot=?1 AND station=?2"},
	};
	if (sql_prepare_all(s, list, sizeof list / sizeof *list) == 0)
		return p;
	free(p);
	return NULL;
}

static int on_registered(void *self, const struct journal_entry *e)
{
	struct identities *p = self;
	const struct event_station_registered *r = e->payload;
	if (!r->serial)
		return 0;
	projection_bind_key(p->registered, e);
	sql_bind_text(p->registered, 3, r->serial);
	sql_bind_text(p->registered, 4, r->source);
	sqlite3_bind_int64(p->registered, 5, e->at.ms);
	return sql_run(p->sql, p->registered);
}

static int on_changed(void *self, const struct journal_entry *e)
{
	struct identities *p = self;
	const struct event_station_identity_changed *c = e->payload;
	projection_bind_key(p->changed, e);
	sql_bind_text(p->changed, 3, c->serial);
	sql_bind_text(p->changed, 4, c->source);
	sqlite3_bind_int64(p->changed, 5, e->at.ms);
	sqlite3_bind_int(p->changed, 6, c->expired_allowed);
	sqlite3_bind_int(p->changed, 7, c->factory_allowed);
	sql_bind_text(p->changed, 8, c->why);
	return sql_run(p->sql, p->changed);
}

static int on_seen(void *self, const struct journal_entry *e)
{
	struct identities *p = self;
	const struct event_station_certificate_seen *c = e->payload;
	projection_bind_key(p->seen, e);
	sql_bind_text(p->seen, 3, c->fingerprint);
	sql_bind_text(p->seen, 4, c->serial);
	sql_bind_text(p->seen, 5, c->common_name);
	sql_bind_text(p->seen, 6, c->issuer);
	sqlite3_bind_int64(p->seen, 7, c->not_after.ms);
	sqlite3_bind_int(p->seen, 8, c->expired);
	sqlite3_bind_int(p->seen, 9, c->factory);
	sqlite3_bind_int64(p->seen, 10, e->at.ms);
	return sql_run(p->sql, p->seen);
}

static int on_removed(void *self, const struct journal_entry *e)
{
	struct identities *p = self;
	projection_bind_key(p->removed, e);
	return sql_run(p->sql, p->removed);
}

const struct projection projection_identity = {"identity", create, free, NULL};

const struct projection_rule projection_identity_rules[] = {
	{EVENT_STATION_REGISTERED, &projection_identity, on_registered},
	{EVENT_STATION_IDENTITY_CHANGED, &projection_identity, on_changed},
	{EVENT_STATION_CERTIFICATE_SEEN, &projection_identity, on_seen},
	{EVENT_STATION_REMOVED, &projection_identity, on_removed},
	{.type = -1},
};
