/* Chances that were told of departures, and how those ended. */
#include <stdlib.h>

#include "db/projection.h"
#include "gen/event.h"

struct chance {
	struct sql *sql;
	sqlite3_stmt *tell, *meet;
};

static void destroy(void *self)
{
	struct chance *p = self;

	sqlite3_finalize(p->tell);
	sqlite3_finalize(p->meet);
	free(p);
}

static void *create(struct sql *s)
{
	struct chance *p = calloc(1, sizeof *p);
	/* The first that was told counts: nobody corrects himself afterwards. */
	const struct sql_prepared list[] = {
		{&p->tell, "INSERT OR IGNORE INTO chances (depot, vehicle, departs_at, moment,"
			   " chance_pm, model, target_wh, at) VALUES (?1,?2,?3,?4,?5,?6,?7,?8)"},
		{&p->meet, "INSERT OR IGNORE INTO chances_met (depot, vehicle, departs_at, ready,"
			   " reason, at) VALUES (?1,?2,?3,?4,?5,?6)"},
	};

	if (!p)
		return NULL;
	p->sql = s;
	if (sql_prepare_all(s, list, sizeof list / sizeof *list) == 0)
		return p;
	destroy(p);
	return NULL;
}

static int on_told(void *self, const struct journal_entry *e)
{
	struct chance *p = self;
	const struct event_chance_told *t = e->payload;

	projection_bind_key(p->tell, e);
	sqlite3_bind_int64(p->tell, 3, t->departs_at.ms);
	sql_bind_text(p->tell, 4, event_chance_moment_enum.values[t->moment]);
	sqlite3_bind_int64(p->tell, 5, t->chance_pm);
	sqlite3_bind_int64(p->tell, 6, t->model);
	sqlite3_bind_int64(p->tell, 7, t->target_wh);
	sqlite3_bind_int64(p->tell, 8, e->at.ms);
	return sql_run(p->sql, p->tell);
}

static int on_met(void *self, const struct journal_entry *e)
{
	struct chance *p = self;
	const struct event_chance_met *m = e->payload;

	projection_bind_key(p->meet, e);
	sqlite3_bind_int64(p->meet, 3, m->departs_at.ms);
	sql_bind_optional(p->meet, 4, m->has_ready, m->ready);
	sql_bind_text(p->meet, 5, m->reason);
	sqlite3_bind_int64(p->meet, 6, e->at.ms);
	return sql_run(p->sql, p->meet);
}

const struct projection projection_chance = {"chance", create, destroy, NULL};

const struct projection_rule projection_chance_rules[] = {
	{EVENT_CHANCE_TOLD, &projection_chance, on_told},
	{EVENT_CHANCE_MET, &projection_chance, on_met},
	{.type = -1},
};
