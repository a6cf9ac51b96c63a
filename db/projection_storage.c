/* Whether discharging is stopped. */
#include <stdlib.h>

#include "db/projection.h"
#include "gen/event.h"

struct stops {
	struct sql *sql;
	sqlite3_stmt *put;
};

static void *create(struct sql *s)
{
	struct stops *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->sql = s;
	const struct sql_prepared list[] = {
		{&p->put, "INSERT OR REPLACE INTO discharge_stops (depot, stopped, at, actor, why)"
			  " VALUES (?1,?2,?3,?4,?5)"},
	};
	if (sql_prepare_all(s, list, sizeof list / sizeof *list) == 0)
		return p;
	free(p);
	return NULL;
}

static int put(struct stops *p, const struct journal_entry *e, bool is_stopped, const char *why)
{
	sql_bind_text(p->put, 1, e->depot);
	sqlite3_bind_int(p->put, 2, is_stopped);
	sqlite3_bind_int64(p->put, 3, e->at.ms);
	sql_bind_text(p->put, 4, e->actor);
	sql_bind_text(p->put, 5, why);
	return sql_run(p->sql, p->put);
}

static int on_stopped(void *self, const struct journal_entry *e)
{
	const struct event_discharge_stopped *s = e->payload;

	return put(self, e, true, s->why);
}

static int on_released(void *self, const struct journal_entry *e)
{
	const struct event_discharge_released *s = e->payload;

	return put(self, e, false, s->why);
}

const struct projection projection_storage = {"storage", create, free, NULL};

const struct projection_rule projection_storage_rules[] = {
	{EVENT_DISCHARGE_STOPPED, &projection_storage, on_stopped},
	{EVENT_DISCHARGE_RELEASED, &projection_storage, on_released},
	{.type = -1},
};
