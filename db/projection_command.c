/* Commands to stations: who asked for what, and how far it is. Payload and answer stay in the
 * journal: started_seq and answer_seq say where. */
#include <stdlib.h>

#include "db/projection.h"
#include "gen/event.h"

struct commands {
	struct sql *sql;
	sqlite3_stmt *started, *moved;
};

static void *create(struct sql *s)
{
	struct commands *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->sql = s;
	const struct sql_prepared list[] = {
		{&p->started, "INSERT OR REPLACE INTO commands (depot, id, station, action, state,"
			      " started_seq, started_at, request_id, parent, actor, why)"
			      " VALUES (?1,?2,?3,?4,'waiting',?5,?6,?7,?8,?9,?10)"},
		{&p->moved, "UPDATE commands SET state=?3, moved_seq=?4, moved_at=?5,"
			    " status=ifnull(?6, status), note=?7,"
			    " answer_seq=CASE WHEN ?8 THEN ?4 ELSE answer_seq END,"
			    " ended_at=CASE WHEN ?9 THEN ?5 END WHERE depot=?1 AND id=?2"},
	};
	if (sql_prepare_all(s, list, sizeof list / sizeof *list) == 0)
		return p;
	free(p);
	return NULL;
}

static int on_started(void *self, const struct journal_entry *e)
{
	struct commands *p = self;
	const struct event_command_started *c = e->payload;
	sqlite3_stmt *st = p->started;
	sql_bind_text(st, 1, e->depot);
	sql_bind_text(st, 2, c->command_id);
	sql_bind_text(st, 3, projection_subject(e));
	sql_bind_text(st, 4, c->action);
	sqlite3_bind_int64(st, 5, e->seq);
	sqlite3_bind_int64(st, 6, e->at.ms);
	sql_bind_optional(st, 7, c->has_request_id, c->request_id);
	sql_bind_text(st, 8, c->parent);
	sql_bind_text(st, 9, e->actor);
	sql_bind_text(st, 10, c->why);
	return sql_run(p->sql, st);
}

static int on_moved(void *self, const struct journal_entry *e)
{
	struct commands *p = self;
	const struct event_command_moved *c = e->payload;
	bool is_open =
		c->state == EVENT_COMMAND_STATE_WAITING || c->state == EVENT_COMMAND_STATE_RUNNING;
	sqlite3_stmt *st = p->moved;
	sql_bind_text(st, 1, e->depot);
	sql_bind_text(st, 2, c->command_id);
	sql_bind_text(st, 3, event_command_state_enum.values[c->state]);
	sqlite3_bind_int64(st, 4, e->seq);
	sqlite3_bind_int64(st, 5, e->at.ms);
	sql_bind_text(st, 6, c->status);
	sql_bind_text(st, 7, c->note);
	sqlite3_bind_int64(st, 8, c->response != NULL);
	sqlite3_bind_int64(st, 9, !is_open);
	return sql_run(p->sql, st);
}

const struct projection projection_command = {"command", create, free, NULL};

const struct projection_rule projection_command_rules[] = {
	{EVENT_COMMAND_STARTED, &projection_command, on_started},
	{EVENT_COMMAND_MOVED, &projection_command, on_moved},
	{.type = -1},
};
