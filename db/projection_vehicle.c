/* Vehicles that were changed on top of the depot's file. */
#include <stdlib.h>

#include "db/projection.h"
#include "gen/event.h"

struct vehicles {
	struct sql *sql;
	sqlite3_stmt *put, *drop;
};

static void destroy(void *self)
{
	struct vehicles *p = self;

	sqlite3_finalize(p->put);
	sqlite3_finalize(p->drop);
	free(p);
}

static void *create(struct sql *s)
{
	struct vehicles *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	p->sql = s;
	p->put =
		sql_prepare(s, "INSERT OR REPLACE INTO vehicles (depot, id, row, source, at, actor)"
			       " VALUES (?1,?2,?3,?4,?5,?6)");
	p->drop = sql_prepare(s, "DELETE FROM vehicles WHERE depot=?1 AND id=?2");
	if (p->put && p->drop)
		return p;
	destroy(p);
	return NULL;
}

static int on_changed(void *self, const struct journal_entry *e)
{
	struct vehicles *p = self;
	const struct event_vehicle_changed *c = e->payload;
	sqlite3_stmt *st = p->put;

	projection_bind_key(st, e);
	sql_bind_text(st, 3, c->row);
	sql_bind_text(st, 4, c->source);
	sqlite3_bind_int64(st, 5, e->at.ms);
	sql_bind_text(st, 6, e->actor);
	return sql_run(p->sql, st);
}

static int on_removed(void *self, const struct journal_entry *e)
{
	struct vehicles *p = self;

	projection_bind_key(p->drop, e);
	return sql_run(p->sql, p->drop);
}

const struct projection projection_vehicle = {"vehicle", create, destroy, NULL};

const struct projection_rule projection_vehicle_rules[] = {
	{EVENT_VEHICLE_CHANGED, &projection_vehicle, on_changed},
	{EVENT_VEHICLE_REMOVED, &projection_vehicle, on_removed},
	{.type = -1},
};
