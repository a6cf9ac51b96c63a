/* What was changed in the tree since the depot's file was read. */
#include <stdlib.h>

#include "db/projection.h"
#include "gen/event.h"

struct grid {
	struct sql *sql;
	sqlite3_stmt *put, *drop;
};

static void destroy(void *self)
{
	struct grid *p = self;

	sqlite3_finalize(p->put);
	sqlite3_finalize(p->drop);
	free(p);
}

static void *create(struct sql *s)
{
	struct grid *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	p->sql = s;
	p->put = sql_prepare(s, "INSERT OR REPLACE INTO grid_edits"
				" (depot, kind, id, row, file, at, source_seq)"
				" VALUES (?1,?2,?3,?4,?5,?6,?7)");
	p->drop = sql_prepare(s, "DELETE FROM grid_edits WHERE depot=?1");
	if (p->put && p->drop)
		return p;
	destroy(p);
	return NULL;
}

static int on_changed(void *self, const struct journal_entry *e)
{
	struct grid *p = self;
	const struct event_grid_changed *c = e->payload;
	sqlite3_stmt *st = p->put;

	for (size_t i = 0; i < c->edits.count; i++) {
		const struct event_grid_edit *edit = &c->edits.items[i];

		sql_bind_text(st, 1, e->depot);
		sql_bind_text(st, 2, edit->kind);
		sql_bind_text(st, 3, edit->id);
		sql_bind_text(st, 4, edit->after);
		sql_bind_text(st, 5, c->file);
		sqlite3_bind_int64(st, 6, e->at.ms);
		sqlite3_bind_int64(st, 7, e->seq);
		if (sql_run(p->sql, st) < 0)
			return -1;
	}
	return 0;
}

static int on_loaded(void *self, const struct journal_entry *e)
{
	struct grid *p = self;
	const struct event_depot_loaded *l = e->payload;

	if (!l->dropped.count)
		return 0;
	sql_bind_text(p->drop, 1, e->depot);
	return sql_run(p->sql, p->drop);
}

const struct projection projection_grid = {"grid", create, destroy, NULL};

const struct projection_rule projection_grid_rules[] = {
	{EVENT_GRID_CHANGED, &projection_grid, on_changed},
	{EVENT_DEPOT_LOADED, &projection_grid, on_loaded},
	{.type = -1},
};
