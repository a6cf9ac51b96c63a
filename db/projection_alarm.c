/* Alarms as they stand and stood. */
#include <stdlib.h>

#include "db/projection.h"
#include "gen/event.h"

struct alarms {
	struct sql *sql;
	sqlite3_stmt *raise, *clear, *handle;
};

static void *create(struct sql *s)
{
	struct alarms *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->sql = s;
	const struct sql_prepared list[] = {
		{&p->raise, "INSERT INTO alarms (depot, id, kind, subject, rank, text, raised_at,"
			    " last_at, count) VALUES (?1,?2,?3,?4,?5,?6,?7,?7,?8)"
			    " ON CONFLICT (depot, id) DO UPDATE SET text=?6, last_at=?7, count=?8"},
		{&p->clear, "UPDATE alarms SET text=?3, count=?4, last_at=?5, cleared_at=?6,"
			    " aside_until=NULL WHERE depot=?1 AND id=?2"},
		{&p->handle, "UPDATE alarms SET owner=?3, taken_at=?4, aside_until=?5, note=?6"
			     " WHERE depot=?1 AND id=?2"},
	};
	if (sql_prepare_all(s, list, sizeof list / sizeof *list) == 0)
		return p;
	free(p);
	return NULL;
}

static int on_raised(void *self, const struct journal_entry *e)
{
	struct alarms *p = self;
	const struct event_alarm_raised *r = e->payload;
	sqlite3_stmt *st = p->raise;
	projection_bind_key(st, e);
	sql_bind_text(st, 3, r->kind);
	sql_bind_text(st, 4, r->subject);
	sql_bind_text(st, 5, r->rank);
	sql_bind_text(st, 6, r->text);
	sqlite3_bind_int64(st, 7, e->at.ms);
	sqlite3_bind_int64(st, 8, r->count);
	return sql_run(p->sql, st);
}

static int on_cleared(void *self, const struct journal_entry *e)
{
	struct alarms *p = self;
	const struct event_alarm_cleared *r = e->payload;
	sqlite3_stmt *st = p->clear;
	projection_bind_key(st, e);
	sql_bind_text(st, 3, r->text);
	sqlite3_bind_int64(st, 4, r->count);
	sqlite3_bind_int64(st, 5, r->last_at.ms);
	sqlite3_bind_int64(st, 6, e->at.ms);
	return sql_run(p->sql, st);
}

static int on_handled(void *self, const struct journal_entry *e)
{
	struct alarms *p = self;
	const struct event_alarm_handled *r = e->payload;
	sqlite3_stmt *st = p->handle;
	projection_bind_key(st, e);
	sql_bind_text(st, 3, r->owner);
	sqlite3_bind_int64(st, 4, e->at.ms);
	sql_bind_optional(st, 5, r->has_until, r->until.ms);
	sql_bind_text(st, 6, r->note);
	return sql_run(p->sql, st);
}

const struct projection projection_alarm = {"alarm", create, free, NULL};

const struct projection_rule projection_alarm_rules[] = {
	{EVENT_ALARM_RAISED, &projection_alarm, on_raised},
	{EVENT_ALARM_CLEARED, &projection_alarm, on_cleared},
	{EVENT_ALARM_HANDLED, &projection_alarm, on_handled},
	{.type = -1},
};
