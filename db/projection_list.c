/* Local authorisation lists: what each station has. */
#include <stdlib.h>

#include "db/projection.h"
#include "gen/event.h"

struct lists {
	struct sql *sql;
	sqlite3_stmt *put, *drop;
};

static void *create(struct sql *s)
{
	struct lists *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->sql = s;
	const struct sql_prepared list[] = {
		{&p->put,
			"INSERT OR REPLACE INTO local_lists (depot, station, mode, state, version,"
			" entries, digest, note, at) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)"},
		{&p->drop, "DELETE FROM local_lists WHERE depot=?1 AND station=?2"},
	};
	if (sql_prepare_all(s, list, sizeof list / sizeof *list) == 0)
		return p;
	free(p);
	return NULL;
}

static int on_changed(void *self, const struct journal_entry *e)
{
	struct lists *p = self;
	const struct event_local_list_changed *l = e->payload;
	sqlite3_stmt *st = p->put;
	projection_bind_key(st, e);
	sql_bind_text(st, 3, l->has_mode ? event_list_mode_enum.values[l->mode] : NULL);
	sql_bind_text(st, 4, event_list_state_enum.values[l->state]);
	sqlite3_bind_int64(st, 5, l->version);
	sqlite3_bind_int64(st, 6, l->entries);
	sql_bind_text(st, 7, l->digest);
	sql_bind_text(st, 8, l->note);
	sqlite3_bind_int64(st, 9, e->at.ms);
	return sql_run(p->sql, st);
}

static int on_removed(void *self, const struct journal_entry *e)
{
	struct lists *p = self;
	projection_bind_key(p->drop, e);
	return sql_run(p->sql, p->drop);
}

const struct projection projection_list = {"list", create, free, NULL};

const struct projection_rule projection_list_rules[] = {
	{EVENT_LOCAL_LIST_CHANGED, &projection_list, on_changed},
	{EVENT_STATION_REMOVED, &projection_list, on_removed},
	{.type = -1},
};
