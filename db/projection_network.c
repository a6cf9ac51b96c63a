/* Stations on their way to another network profile. */
#include <stdlib.h>

#include "db/projection.h"
#include "gen/event.h"

struct network {
	struct sql *sql;
	sqlite3_stmt *put;
};

static void *create(struct sql *s)
{
	struct network *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->sql = s;
	p->put = sql_prepare(s, "INSERT OR REPLACE INTO network_jobs (depot, id, station, slot,"
				" security_profile, at_once, step, state, command, priority, note,"
				" actor, at) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)");
	if (p->put)
		return p;
	free(p);
	return NULL;
}

static int on_moved(void *self, const struct journal_entry *e)
{
	struct network *p = self;
	const struct event_network_job_moved *m = e->payload;
	sqlite3_stmt *st = p->put;
	projection_bind_key(st, e);
	sql_bind_text(st, 3, m->station);
	sqlite3_bind_int64(st, 4, m->slot);
	sqlite3_bind_int64(st, 5, m->security_profile);
	sqlite3_bind_int64(st, 6, m->at_once);
	sqlite3_bind_int64(st, 7, m->step);
	sql_bind_text(st, 8, event_command_state_enum.values[m->state]);
	sql_bind_text(st, 9, m->command_id);
	sql_bind_text(st, 10, m->priority);
	sql_bind_text(st, 11, m->note);
	sql_bind_text(st, 12, e->actor);
	sqlite3_bind_int64(st, 13, e->at.ms);
	return sql_run(p->sql, st);
}

const struct projection projection_network = {"network", create, free, NULL};

const struct projection_rule projection_network_rules[] = {
	{EVENT_NETWORK_JOB_MOVED, &projection_network, on_moved},
	{.type = -1},
};
