/* Passwords that stations were offered (A01) and are not yet known to have taken or refused. */
#include <stdlib.h>

#include "db/projection.h"
#include "gen/event.h"

struct passwords {
	struct sql *sql;
	sqlite3_stmt *offered, *forgotten, *in_force, *removed;
};

static void *create(struct sql *s)
{
	struct passwords *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->sql = s;
	const struct sql_prepared list[] = {
		{&p->offered,
			"INSERT OR REPLACE INTO password_offers (depot, station, id, hash, waits,"
			" at) VALUES (?1,?2,?3,?4,?5,?6)"},
		{&p->forgotten,
			"DELETE FROM password_offers WHERE depot=?1 AND station=?2 AND id=?3"},
		{&p->in_force, "UPDATE stations SET password_hash=?3 WHERE depot=?1 AND id=?2"},
		{&p->removed, "DELETE FROM password_offers WHERE depot=?1 AND station=?2"},
	};
	if (sql_prepare_all(s, list, sizeof list / sizeof *list) == 0)
		return p;
	free(p);
	return NULL;
}

static int on_offered(void *self, const struct journal_entry *e)
{
	struct passwords *p = self;
	const struct event_station_password_offered *o = e->payload;
	projection_bind_key(p->offered, e);
	sql_bind_text(p->offered, 3, o->offer_id);
	sql_bind_text(p->offered, 4, o->password_hash);
	sqlite3_bind_int(p->offered, 5, o->waits_for_reboot);
	sqlite3_bind_int64(p->offered, 6, e->at.ms);
	return sql_run(p->sql, p->offered);
}

static int on_settled(void *self, const struct journal_entry *e)
{
	struct passwords *p = self;
	const struct event_station_password_settled *o = e->payload;
	for (size_t i = 0; i < o->forgotten.count; i++) {
		projection_bind_key(p->forgotten, e);
		sql_bind_text(p->forgotten, 3, o->forgotten.items[i]);
		if (sql_run(p->sql, p->forgotten) < 0)
			return -1;
	}
	if (!o->password_hash)
		return 0;
	projection_bind_key(p->in_force, e);
	sql_bind_text(p->in_force, 3, o->password_hash);
	return sql_run(p->sql, p->in_force);
}

static int on_removed(void *self, const struct journal_entry *e)
{
	struct passwords *p = self;
	projection_bind_key(p->removed, e);
	return sql_run(p->sql, p->removed);
}

const struct projection projection_password = {"password", create, free, NULL};

const struct projection_rule projection_password_rules[] = {
	{EVENT_STATION_PASSWORD_OFFERED, &projection_password, on_offered},
	{EVENT_STATION_PASSWORD_SETTLED, &projection_password, on_settled},
	{EVENT_STATION_REMOVED, &projection_password, on_removed},
	{.type = -1},
};
