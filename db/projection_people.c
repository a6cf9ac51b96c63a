/* Users of this depot: role, where it holds, password, second factor. */
#include <stdlib.h>

#include "db/projection.h"
#include "gen/event.h"

struct people {
	struct sql *sql;
	sqlite3_stmt *change, *link, *password, *factor, *recovery;
};

static void *create(struct sql *s)
{
	struct people *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->sql = s;
	const struct sql_prepared list[] = {
		{&p->change, "INSERT INTO people (depot, name, role, nodes, disabled, changed_at)"
			     " VALUES (?1,?2,?3,?4,?5,?6) ON CONFLICT DO UPDATE SET"
			     " role=?3, nodes=?4, disabled=?5, changed_at=?6"},
		{&p->link, "INSERT OR REPLACE INTO people_links (depot, name, provider, issuer,"
			   " subject, at) VALUES (?1,?2,?3,?4,?5,?6)"},
		{&p->password, "UPDATE people SET hash=?3 WHERE depot=?1 AND name=?2"},
		{&p->factor, "UPDATE people SET factor=?3, recovery=?4 WHERE depot=?1 AND name=?2"},
		{&p->recovery, "UPDATE people SET recovery=trim(replace(char(10) || recovery ||"
			       " char(10), char(10) || ?3 || char(10), char(10)), char(10))"
			       " WHERE depot=?1 AND name=?2"},
	};
	if (sql_prepare_all(s, list, sizeof list / sizeof *list) == 0)
		return p;
	free(p);
	return NULL;
}

static int on_changed(void *self, const struct journal_entry *e)
{
	struct people *p = self;
	const struct event_user_changed *u = e->payload;
	projection_bind_key(p->change, e);
	sql_bind_text(p->change, 3, u->role);
	projection_bind_lines(p->change, 4, &u->nodes);
	sqlite3_bind_int(p->change, 5, u->disabled);
	sqlite3_bind_int64(p->change, 6, e->at.ms);
	return sql_run(p->sql, p->change);
}

static int on_linked(void *self, const struct journal_entry *e)
{
	struct people *p = self;
	const struct event_user_linked *u = e->payload;
	projection_bind_key(p->link, e);
	sql_bind_text(p->link, 3, u->provider);
	sql_bind_text(p->link, 4, u->issuer);
	sql_bind_text(p->link, 5, u->subject);
	sqlite3_bind_int64(p->link, 6, e->at.ms);
	return sql_run(p->sql, p->link);
}

static int on_password(void *self, const struct journal_entry *e)
{
	struct people *p = self;
	const struct event_user_password_set *u = e->payload;
	projection_bind_key(p->password, e);
	sql_bind_text(p->password, 3, u->password_hash);
	return sql_run(p->sql, p->password);
}

static int on_factor(void *self, const struct journal_entry *e)
{
	struct people *p = self;
	const struct event_user_factor_set *u = e->payload;
	projection_bind_key(p->factor, e);
	sql_bind_text(p->factor, 3, u->sealed);
	projection_bind_lines(p->factor, 4, &u->recovery);
	return sql_run(p->sql, p->factor);
}

static int on_recovery(void *self, const struct journal_entry *e)
{
	struct people *p = self;
	const struct event_user_recovery_used *u = e->payload;
	projection_bind_key(p->recovery, e);
	sql_bind_text(p->recovery, 3, u->digest);
	return sql_run(p->sql, p->recovery);
}

const struct projection projection_people = {"people", create, free, NULL};

const struct projection_rule projection_people_rules[] = {
	{EVENT_USER_CHANGED, &projection_people, on_changed},
	{EVENT_USER_LINKED, &projection_people, on_linked},
	{EVENT_USER_PASSWORD_SET, &projection_people, on_password},
	{EVENT_USER_FACTOR_SET, &projection_people, on_factor},
	{EVENT_USER_RECOVERY_USED, &projection_people, on_recovery},
	{.type = -1},
};
