#include "db/query_command.h"

#include "db/query.h"
#include "db/query_core.h"
#include "db/query_log.h"
#include "gen/event.h"

static void read_command(struct query *q, struct db_command *c)
{
	c->id = query_text(q, 0);
	c->station = query_text(q, 1);
	c->action = query_text(q, 2);
	c->state = query_text(q, 3);
	c->actor = query_text(q, 4);
	c->why = query_text(q, 5);
	c->parent = query_text(q, 6);
	c->status = query_text(q, 7);
	c->note = query_text(q, 8);
	c->request_id = query_int(q, 9);
	c->started_at = query_time(q, 10);
	c->moved_at = query_time(q, 11);
	c->ended_at = query_time(q, 12);
}

static void read_bodies(
	struct query *q, struct db_command *c, int64_t started, int64_t answered, int64_t moved)
{
	const struct event_command_started *in = query_event_of(q, started, EVENT_COMMAND_STARTED);
	const struct event_command_moved *out = query_event_of(q, answered, EVENT_COMMAND_MOVED);
	const struct event_command_moved *last =
		in && in->has_parts ? query_event_of(q, moved, EVENT_COMMAND_MOVED) : NULL;
	c->payload = in ? in->payload : NULL;
	c->response = out ? out->response : NULL;
	c->parts = in && in->has_parts ? in->parts : 0;
	c->effect_s = in && in->has_effect_s ? in->effect_s : 0;
	c->reports = last && last->has_reports ? last->reports : 0;
}

int db_query_commands(struct db_reader *r, const struct db_command_filter *f, struct arena *a,
	struct db_command_list *out)
{
	struct query q;
	struct db_command_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT id, station, action, state, actor, why, parent, status, note, request_id,"
		" started_at, moved_at, ended_at, started_seq, answer_seq, moved_seq FROM commands"
		" WHERE depot=?1");
	query_and_text(&q, "id=?", f->id);
	query_and_text(&q, "station=?", f->station);
	query_and_text(&q, "action=?", f->action);
	query_and_text(&q, "state=?", f->state);
	query_and_text(&q, "parent=?", f->parent);
	if (f->open)
		query_add(&q, " AND ended_at IS NULL");
	query_add(&q, " ORDER BY started_at DESC, id DESC");
	query_limit(&q, f->limit);
	while (query_next(&q)) {
		struct db_command *c = QUERY_ITEM(&q, &list);
		if (!c)
			break;
		read_command(&q, c);
		if (f->bodies)
			read_bodies(&q, c, query_int(&q, 13), query_int(&q, 14), query_int(&q, 15));
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}
