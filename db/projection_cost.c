/* What transactions cost in the end. */
#include <stdlib.h>

#include "db/projection.h"
#include "gen/event.h"

struct costs {
	struct sql *sql;
	sqlite3_stmt *put;
};

static void *create(struct sql *s)
{
	struct costs *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->sql = s;
	p->put = sql_prepare(s,
		"INSERT OR REPLACE INTO transaction_costs (depot, station, transaction_id,"
		" currency, cost_micro, energy_wh, time_s, at) VALUES (?1,?2,?3,?4,?5,?6,?7,?8)");
	if (p->put)
		return p;
	free(p);
	return NULL;
}

static int on_settled(void *self, const struct journal_entry *e)
{
	struct costs *p = self;
	const struct event_cost_settled *c = e->payload;
	sqlite3_stmt *st = p->put;
	sql_bind_text(st, 1, e->depot);
	sql_bind_text(st, 2, c->station_id);
	sql_bind_text(st, 3, c->transaction_id);
	sql_bind_text(st, 4, c->currency);
	sqlite3_bind_int64(st, 5, c->cost_micro);
	sqlite3_bind_int64(st, 6, c->energy_wh);
	sqlite3_bind_int64(st, 7, c->time_s);
	sqlite3_bind_int64(st, 8, e->at.ms);
	return sql_run(p->sql, st);
}

const struct projection projection_cost = {"cost", create, free, NULL};

const struct projection_rule projection_cost_rules[] = {
	{EVENT_COST_SETTLED, &projection_cost, on_settled},
	{.type = -1},
};
