/* Capacity providers: registration, what they want, whether they are there. */
#include <stdlib.h>

#include "db/projection.h"
#include "gen/event.h"

struct providers {
	struct sql *sql;
	sqlite3_stmt *change, *renew, *shake, *presence;
};

static void *create(struct sql *s)
{
	struct providers *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->sql = s;
	const struct sql_prepared list[] = {
		{&p->change,
			"INSERT INTO oscp_peers (depot, id, state, url, token_in, token_out, why,"
			" changed_at) VALUES (?1,?2,?3,?4,?5,?6,?7,?8)"
			" ON CONFLICT (depot, id) DO UPDATE SET state=?3, url=?4, token_in=?5,"
			" token_out=?6, why=?7, changed_at=?8"},
		{&p->renew,
			"UPDATE oscp_peers SET handshake_id=NULL, heartbeat_s=NULL, continuous=NULL,"
			" intermittent=NULL, handshake_at=NULL, online=NULL, online_at=NULL,"
			" online_why=NULL WHERE depot=?1 AND id=?2"},
		{&p->shake,
			"INSERT INTO oscp_peers (depot, id, handshake_id, heartbeat_s, continuous,"
			" intermittent, handshake_at) VALUES (?1,?2,?3,?4,?5,?6,?7)"
			" ON CONFLICT (depot, id) DO UPDATE SET handshake_id=?3, heartbeat_s=?4,"
			" continuous=?5, intermittent=?6, handshake_at=?7"},
		{&p->presence, "INSERT INTO oscp_peers (depot, id, online, online_why, online_at)"
			       " VALUES (?1,?2,?3,?4,?5)"
			       " ON CONFLICT (depot, id) DO UPDATE SET online=?3, online_why=?4,"
			       " online_at=?5"},
	};
	if (sql_prepare_all(s, list, sizeof list / sizeof *list) == 0)
		return p;
	free(p);
	return NULL;
}

static int on_changed(void *self, const struct journal_entry *e)
{
	struct providers *p = self;
	const struct event_oscp_peer_changed *c = e->payload;
	sqlite3_stmt *st = p->change;
	projection_bind_key(st, e);
	sql_bind_text(st, 3, event_oscp_state_enum.values[c->state]);
	sql_bind_text(st, 4, c->url);
	sql_bind_text(st, 5, c->token_in);
	sql_bind_text(st, 6, c->token_out);
	sql_bind_text(st, 7, c->why);
	sqlite3_bind_int64(st, 8, e->at.ms);
	int rc = sql_run(p->sql, st);
	bool is_new = c->state == EVENT_OSCP_STATE_OFFERED || c->state == EVENT_OSCP_STATE_ASKING ||
		      c->state == EVENT_OSCP_STATE_ENDED;
	if (rc < 0 || !is_new)
		return rc;
	/* What an earlier registration wanted does not count in this one. */
	projection_bind_key(p->renew, e);
	return sql_run(p->sql, p->renew);
}

static int on_handshaken(void *self, const struct journal_entry *e)
{
	struct providers *p = self;
	const struct event_oscp_handshaken *h = e->payload;
	sqlite3_stmt *st = p->shake;
	projection_bind_key(st, e);
	sql_bind_text(st, 3, h->request_id);
	sql_bind_optional_real(st, 4, h->has_heartbeat_s, h->heartbeat_s);
	sqlite3_bind_int64(st, 5, h->continuous);
	sqlite3_bind_int64(st, 6, h->intermittent);
	sqlite3_bind_int64(st, 7, e->at.ms);
	return sql_run(p->sql, st);
}

static int on_presence(void *self, const struct journal_entry *e)
{
	struct providers *p = self;
	const struct event_oscp_presence_changed *c = e->payload;
	sqlite3_stmt *st = p->presence;
	projection_bind_key(st, e);
	sqlite3_bind_int64(st, 3, c->online);
	sql_bind_text(st, 4, c->why);
	sqlite3_bind_int64(st, 5, e->at.ms);
	return sql_run(p->sql, st);
}

const struct projection projection_oscp = {"oscp", create, free, NULL};

const struct projection_rule projection_oscp_rules[] = {
	{EVENT_OSCP_PEER_CHANGED, &projection_oscp, on_changed},
	{EVENT_OSCP_HANDSHAKEN, &projection_oscp, on_handshaken},
	{EVENT_OSCP_PRESENCE_CHANGED, &projection_oscp, on_presence},
	{.type = -1},
};
