/* Calls to stations as the store knows them, asked for by whomever. */
#include "csms/api/ask.h"
#include "csms/api/handlers_stations.h"
#include "db/query.h"

#define LIST_MAX 200 /* each may hold a payload and an answer of max_body */

struct query {
	struct db_call_filter filter;
	struct db_call_list found;
	const char *error;
};

static void view_call(const struct db_call *c, struct api_call_view *out)
{
	bool has_ended = c->outcome != NULL;

	*out = (struct api_call_view){
		.call_id = c->call_id,
		.station = c->station,
		.action = c->action,
		.at = c->queued_at,
		.actor = c->actor,
		.why = c->why,
		.payload = c->payload,
		.has_ended_at = has_ended,
		.ended_at = c->ended_at,
		.outcome = c->outcome,
		.status = c->status,
		.response = c->response,
		.error_code = c->error_code,
		.error_text = c->error_text,
		.has_took_ms = has_ended,
		.took_ms = c->took_ms,
	};
}

static void list_work(struct db_reader *r, struct ask *k)
{
	struct query *q = k->state;

	if (db_query_calls(r, &q->filter, k->arena, &q->found) != 0)
		q->error = arena_strdup(k->arena, db_reader_error(r));
}

static void list_finish(struct ask *k)
{
	const struct query *q = k->state;
	struct api_call_list list = {0};

	list.calls.items = arena_alloc(k->arena, sizeof(*list.calls.items) * q->found.count + 1);
	if (q->error != NULL || list.calls.items == NULL) {
		ask_problem(k, 503, NULL, "the store: %s", q->error ? q->error : "no memory");
		return;
	}
	list.calls.count = q->found.count;
	for (size_t i = 0; i < q->found.count; i++)
		view_call(&q->found.items[i], &list.calls.items[i]);
	ask_reply(k, 200, &api_call_list_type, &list);
}

void calls_list(struct ask *k)
{
	struct query *q = arena_alloc(k->arena, sizeof(*q));
	int64_t limit = 100;

	if (q == NULL) {
		ask_problem(k, 503, NULL, "no memory for the query");
		return;
	}
	if (!ask_int(k, "limit", 1, LIST_MAX, &limit))
		return;
	k->state = q;
	q->filter = (struct db_call_filter){.station = ask_station(k, ask_query(k, "station")),
		.bodies = true,
		.limit = (int)limit};
	ask_read(k, list_work, list_finish);
}
