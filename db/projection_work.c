/* What vehicles have to do: trips, how much they take, and moves from bay to bay. */
#include <stdlib.h>

#include "db/projection.h"
#include "gen/event.h"

struct work {
	struct sql *sql;
	sqlite3_stmt *plan, *drop, *finish, *learn, *move;
};

static void destroy(void *self)
{
	struct work *p = self;

	sqlite3_finalize(p->plan);
	sqlite3_finalize(p->drop);
	sqlite3_finalize(p->finish);
	sqlite3_finalize(p->learn);
	sqlite3_finalize(p->move);
	free(p);
}

static void *create(struct sql *s)
{
	struct work *p = calloc(1, sizeof *p);
	const struct sql_prepared list[] = {
		{&p->plan,
			"INSERT OR REPLACE INTO trips (depot, id, vehicle, departs, returns, row, "
			"state, source, at, actor) VALUES (?1,?2,?3,?4,?5,?6,'planned',?7,?8,?9)"},
		{&p->drop, "DELETE FROM trips WHERE depot=?1 AND id=?2"},
		{&p->finish, "UPDATE trips SET state='over', left_at=?3, came_at=?4, km=?5, kwh=?6,"
			     " temperature_c=?7, expected_kwh=?8, spread_kwh=?9, learnt=?10,"
			     " measured=?11 WHERE depot=?1 AND id=?2"},
		{&p->learn,
			"INSERT OR REPLACE INTO consumption_models (depot, class, model, trip, at)"
			" VALUES (?1,?2,?3,?4,?5)"},
		{&p->move, "INSERT OR REPLACE INTO vehicle_moves (depot, vehicle, station, evse,"
			   " transaction_id, since, carried_wh, soc_pct, soc_at)"
			   " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)"},
	};

	if (!p)
		return NULL;
	p->sql = s;
	if (sql_prepare_all(s, list, sizeof list / sizeof *list) == 0)
		return p;
	destroy(p);
	return NULL;
}

static int on_planned(void *self, const struct journal_entry *e)
{
	struct work *p = self;
	const struct event_trip_planned *t = e->payload;
	sqlite3_stmt *st = p->plan;

	projection_bind_key(st, e);
	sql_bind_text(st, 3, t->vehicle);
	sqlite3_bind_int64(st, 4, t->departs.ms);
	sqlite3_bind_int64(st, 5, t->returns.ms);
	sql_bind_text(st, 6, t->row);
	sql_bind_text(st, 7, t->source);
	sqlite3_bind_int64(st, 8, e->at.ms);
	sql_bind_text(st, 9, e->actor);
	return sql_run(p->sql, st);
}

static int on_removed(void *self, const struct journal_entry *e)
{
	struct work *p = self;

	projection_bind_key(p->drop, e);
	return sql_run(p->sql, p->drop);
}

static int on_finished(void *self, const struct journal_entry *e)
{
	struct work *p = self;
	const struct event_trip_finished *t = e->payload;
	sqlite3_stmt *st = p->finish;

	projection_bind_key(st, e);
	sqlite3_bind_int64(st, 3, t->left.ms);
	sqlite3_bind_int64(st, 4, t->came.ms);
	sql_bind_optional_real(st, 5, t->has_km, t->km);
	sql_bind_optional_real(st, 6, t->has_kwh, t->kwh);
	sql_bind_optional_real(st, 7, t->has_temperature_c, t->temperature_c);
	sqlite3_bind_double(st, 8, t->expected_kwh);
	sqlite3_bind_double(st, 9, t->spread_kwh);
	sqlite3_bind_int(st, 10, t->learnt);
	sql_bind_text(st, 11, t->source);
	return sql_run(p->sql, st);
}

static int on_learnt(void *self, const struct journal_entry *e)
{
	struct work *p = self;
	const struct event_consumption_learnt *l = e->payload;

	projection_bind_key(p->learn, e);
	sql_bind_text(p->learn, 3, l->model);
	sql_bind_text(p->learn, 4, l->trip);
	sqlite3_bind_int64(p->learn, 5, e->at.ms);
	return sql_run(p->sql, p->learn);
}

static int on_moved(void *self, const struct journal_entry *e)
{
	struct work *p = self;
	const struct event_vehicle_moved *m = e->payload;
	sqlite3_stmt *st = p->move;

	projection_bind_key(st, e);
	sql_bind_text(st, 3, m->station);
	sqlite3_bind_int64(st, 4, m->evse);
	sql_bind_text(st, 5, m->transaction_id);
	sqlite3_bind_int64(st, 6, m->since.ms);
	sqlite3_bind_int64(st, 7, m->carried_wh);
	sql_bind_optional_real(st, 8, m->has_soc_pct, m->soc_pct);
	sql_bind_optional(st, 9, m->has_soc_at, m->soc_at.ms);
	return sql_run(p->sql, st);
}

const struct projection projection_work = {"work", create, destroy, NULL};

const struct projection_rule projection_work_rules[] = {
	{EVENT_TRIP_PLANNED, &projection_work, on_planned},
	{EVENT_TRIP_REMOVED, &projection_work, on_removed},
	{EVENT_TRIP_FINISHED, &projection_work, on_finished},
	{EVENT_CONSUMPTION_LEARNT, &projection_work, on_learnt},
	{EVENT_VEHICLE_MOVED, &projection_work, on_moved},
	{.type = -1},
};
