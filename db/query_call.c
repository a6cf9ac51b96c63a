#include "db/query.h"
#include "db/query_core.h"
#include "db/query_log.h"
#include "gen/event.h"

static void read_call(struct query *q, struct db_call *c)
{
	c->call_id = query_text(q, 0);
	c->station = query_text(q, 1);
	c->action = query_text(q, 2);
	c->queued_at = query_time(q, 3);
	c->actor = query_text(q, 4);
	c->why = query_text(q, 5);
	c->ended_at = query_time(q, 6);
	c->outcome = query_text(q, 7);
	c->status = query_text(q, 8);
	c->error_code = query_text(q, 9);
	c->error_text = query_text(q, 10);
	c->took_ms = query_int(q, 11);
}

static void read_bodies(struct query *q, struct db_call *c, int64_t queued, int64_t ended)
{
	const struct event_call_queued *in = query_event_of(q, queued, EVENT_CALL_QUEUED);
	const struct event_call_ended *out = query_event_of(q, ended, EVENT_CALL_ENDED);
	c->payload = in ? in->payload : NULL;
	c->response = out ? out->response : NULL;
}

int db_query_calls(struct db_reader *r, const struct db_call_filter *f, struct arena *a,
	struct db_call_list *out)
{
	struct query q;
	struct db_call_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT call_id, station, action, queued_at, actor, why, ended_at, outcome, status,"
		" error_code, error_text, took_ms, queued_seq, ended_seq FROM calls"
		" WHERE depot=?1");
	query_and_text(&q, "call_id=?", f->call_id);
	query_and_text(&q, "station=?", f->station);
	query_and_text(&q, "action=?", f->action);
	query_and_int(&q, "queued_at<?", f->before.ms != 0, f->before.ms);
	if (f->waiting)
		query_add(&q, " AND outcome IS NULL");
	query_add(&q, " ORDER BY queued_at DESC, call_id DESC");
	query_limit(&q, f->limit);
	while (query_next(&q)) {
		struct db_call *c = QUERY_ITEM(&q, &list);
		if (!c)
			break;
		read_call(&q, c);
		if (f->bodies)
			read_bodies(&q, c, query_int(&q, 12), query_int(&q, 13));
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}
