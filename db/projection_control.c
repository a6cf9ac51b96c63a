/* What control decided: setpoints, the last plans and guard actions, the loaded depot. */
#include <stdlib.h>

#include "db/projection.h"
#include "gen/event.h"

#define KEPT 1000 /* plans and guard actions; all stay in the journal */

struct control {
	struct sql *sql;
	sqlite3_stmt *setpoint, *next_plan, *plan, *trim_plans, *next_act, *act, *trim_acts, *depot;
};

static void *create(struct sql *s)
{
	struct control *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->sql = s;
	const struct sql_prepared list[] = {
		{&p->setpoint,
			"INSERT OR REPLACE INTO setpoints (depot, station, evse, limit_w, source,"
			" node,"
			" reason, profile_id, transaction_id, at) VALUES (?1,?2,?3,?4,?5,?6,?7,"
			"?8,?9,?10)"},
		{&p->next_plan, "SELECT ifnull(max(number), 0) + 1 FROM plans WHERE depot=?1"},
		{&p->plan,
			"INSERT INTO plans (depot, number, id, seq, at, trigger, vehicles, slots,"
			" slot_ms, start, solve_us, short_wh, night)"
			" VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)"},
		/* Of each night the one with the most vehicles stays, the first of such: what-ifs look at
		 * it. Plans that do not tell their night, of before layout 8, go by the day in UTC. */
		{&p->trim_plans,
			"DELETE FROM plans WHERE depot=?1 AND number=?2 AND (vehicles=0 OR EXISTS"
			" (SELECT 1 FROM plans b WHERE b.depot=plans.depot AND b.night IS plans.night AND"
			" (plans.night IS NOT NULL OR b.at/86400000=plans.at/86400000) AND"
			" (b.vehicles>plans.vehicles OR"
			" (b.vehicles=plans.vehicles AND b.number<plans.number))))"},
		{&p->next_act, "SELECT ifnull(max(number), 0) + 1 FROM guard_acts WHERE depot=?1"},
		{&p->act,
			"INSERT INTO guard_acts (depot, number, seq, at, node, measured_w, limit_w,"
			" quality, reason, lowered) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)"},
		{&p->trim_acts, "DELETE FROM guard_acts WHERE depot=?1 AND number<=?2"},
		{&p->depot,
			"INSERT OR REPLACE INTO depots (depot, at, source, digest, nodes, stations,"
			" vehicles) VALUES (?1,?2,?3,?4,?5,?6,?7)"},
	};
	if (sql_prepare_all(s, list, sizeof list / sizeof *list) == 0)
		return p;
	free(p);
	return NULL;
}

static int on_setpoint(void *self, const struct journal_entry *e)
{
	struct control *p = self;
	const struct event_setpoint_changed *c = e->payload;
	sqlite3_stmt *st = p->setpoint;
	projection_bind_key(st, e);
	sqlite3_bind_int64(st, 3, c->evse_id);
	sqlite3_bind_int64(st, 4, c->limit_w);
	sql_bind_text(st, 5, c->source);
	sql_bind_text(st, 6, c->node);
	sql_bind_text(st, 7, c->reason);
	sqlite3_bind_int64(st, 8, c->profile_id);
	sql_bind_text(st, 9, c->transaction_id);
	sqlite3_bind_int64(st, 10, e->at.ms);
	return sql_run(p->sql, st);
}

/* The next number of a numbered table, after removing what is more than KEPT behind it. */
static int next_number(struct control *p, sqlite3_stmt *next, sqlite3_stmt *trim,
	const struct journal_entry *e, int64_t *out)
{
	sql_bind_text(next, 1, e->depot);
	if (sql_step(p->sql, next) < 0)
		return -1;
	*out = sqlite3_column_int64(next, 0);
	sqlite3_reset(next);
	sql_bind_text(trim, 1, e->depot);
	sqlite3_bind_int64(trim, 2, *out - KEPT);
	return sql_run(p->sql, trim);
}

static void bind_numbered(sqlite3_stmt *st, const struct journal_entry *e, int64_t number)
{
	sql_bind_text(st, 1, e->depot);
	sqlite3_bind_int64(st, 2, number);
}

static int on_plan(void *self, const struct journal_entry *e)
{
	struct control *p = self;
	const struct event_plan_made *m = e->payload;
	sqlite3_stmt *st = p->plan;
	int64_t number;
	if (next_number(p, p->next_plan, p->trim_plans, e, &number) < 0)
		return -1;
	bind_numbered(st, e, number);
	sql_bind_text(st, 3, projection_subject(e));
	sqlite3_bind_int64(st, 4, e->seq);
	sqlite3_bind_int64(st, 5, e->at.ms);
	sql_bind_text(st, 6, m->trigger);
	sqlite3_bind_int64(st, 7, m->vehicles);
	sqlite3_bind_int64(st, 8, m->slots);
	sqlite3_bind_int64(st, 9, m->slot_ms);
	sqlite3_bind_int64(st, 10, m->start.ms);
	sqlite3_bind_int64(st, 11, m->solve_us);
	sqlite3_bind_int64(st, 12, m->short_wh);
	if (m->has_night)
		sqlite3_bind_int64(st, 13, m->night);
	else
		sqlite3_bind_null(st, 13);
	return sql_run(p->sql, st);
}

static int on_guard(void *self, const struct journal_entry *e)
{
	struct control *p = self;
	const struct event_guard_acted *g = e->payload;
	sqlite3_stmt *st = p->act;
	int64_t number;
	if (next_number(p, p->next_act, p->trim_acts, e, &number) < 0)
		return -1;
	bind_numbered(st, e, number);
	sqlite3_bind_int64(st, 3, e->seq);
	sqlite3_bind_int64(st, 4, e->at.ms);
	sql_bind_text(st, 5, g->node);
	sqlite3_bind_int64(st, 6, g->measured_w);
	sqlite3_bind_int64(st, 7, g->limit_w);
	sql_bind_text(st, 8, g->quality);
	sql_bind_text(st, 9, g->reason);
	sqlite3_bind_int64(st, 10, (int64_t)g->lowered.count);
	return sql_run(p->sql, st);
}

static int on_depot(void *self, const struct journal_entry *e)
{
	struct control *p = self;
	const struct event_depot_loaded *d = e->payload;
	sqlite3_stmt *st = p->depot;
	sql_bind_text(st, 1, e->depot);
	sqlite3_bind_int64(st, 2, e->at.ms);
	sql_bind_text(st, 3, d->source);
	sql_bind_text(st, 4, d->digest);
	sqlite3_bind_int64(st, 5, d->nodes);
	sqlite3_bind_int64(st, 6, d->stations);
	sqlite3_bind_int64(st, 7, d->vehicles);
	return sql_run(p->sql, st);
}

const struct projection projection_control = {"control", create, free, NULL};

const struct projection_rule projection_control_rules[] = {
	{EVENT_SETPOINT_CHANGED, &projection_control, on_setpoint},
	{EVENT_PLAN_MADE, &projection_control, on_plan},
	{EVENT_GUARD_ACTED, &projection_control, on_guard},
	{EVENT_DEPOT_LOADED, &projection_control, on_depot},
	{.type = -1},
};
