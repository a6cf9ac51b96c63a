/* Commands to stations: asked for, followed, listed. csms/command.h is what does it. */
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/command_say.h"
#include "csms/api/handlers_stations.h"
#include "csms/command/before.h"
#include "csms/mask.h"
#include "csms/record.h"
#include "db/query.h"
#include "db/query_command.h"

#define LIST_MAX 200 /* each may hold a payload and an answer of max_body */

/* -- asking ------------------------------------------------------------------------------------ */

static const char *masked(struct ask *k, const char *json)
{
	size_t len;
	const char *copy = json ? arena_strdup(k->arena, json) : NULL;

	return copy ? mask_secrets(k->arena, copy, strlen(copy), &len) : NULL;
}

static const char *keep(struct ask *k, const char *text)
{
	return text ? arena_strdup(k->arena, text) : NULL;
}

/* How far it is on the wire: a loss is no answer, and what waits for a sign after it was sent. */
static enum api_command_step step_of(const struct command_view *v)
{
	if (v->ended.ms != 0)
		return API_COMMAND_STEP_ENDED;
	if (v->is_answered && v->outcome == EVENT_CALL_OUTCOME_ANSWERED)
		return API_COMMAND_STEP_ANSWERED;
	return v->is_answered || v->is_sent ? API_COMMAND_STEP_SENT : API_COMMAND_STEP_ASKED;
}

/* A view that outlives the command. NULL: no memory. */
static struct api_command_view *view_live(struct ask *k, const struct command *c)
{
	struct api_command_view *out = arena_alloc(k->arena, sizeof(*out));
	struct command_view v;

	if (out == NULL)
		return NULL;
	command_look(c, &v);
	*out = (struct api_command_view){
		.id = keep(k, v.id),
		.station = keep(k, v.station),
		.action = keep(k, v.action),
		.state = (enum api_command_state)v.state,
		.step = step_of(&v),
		.status = keep(k, v.status),
		.note = keep(k, v.note),
		.has_request_id = v.request_id != 0,
		.request_id = v.request_id,
		.started_at = v.started,
		.has_ended_at = v.ended.ms != 0,
		.ended_at = v.ended,
		.actor = keep(k, v.actor),
		.why = keep(k, v.why),
		.payload = masked(k, v.payload),
		.response = masked(k, v.response),
		.error_code = keep(k, v.error_code),
		.error_text = keep(k, v.error_text),
	};
	return out;
}

/* What is told here is on disk: a look at the list right after shows the same. */
static void reply_stored(struct ask *k, int reply, int status, const char *why)
{
	if (status != 0 || k->state == NULL)
		ask_problem(k, 503, NULL, "the store: %s", why ? why : "no memory");
	else
		ask_reply(k, reply, &api_command_view_type, k->state);
}

static void on_durable(void *arg, int status, const char *why)
{
	reply_stored(arg, 200, status, why);
}

static void on_begun(void *arg, int status, const char *why)
{
	reply_stored(arg, 202, status, why);
}

static void on_reached(void *arg, const struct command *c)
{
	struct ask *k = arg;

	if (k->api == NULL) { /* the API ended meanwhile */
		ask_problem(k, 503, NULL, "depotd ends");
		return;
	}
	k->state = view_live(k, c);
	record_then(k->api->core, on_durable, k);
}

/* A command that cannot start: its payload is wrong, or the station cannot take it now. */
static void refuse(struct ask *k, const struct schema_error *err)
{
	if (err->fault == SCHEMA_OK)
		ask_problem(k, 409, NULL, "%s", err->message);
	else if (strcmp(err->path, "action") == 0)
		ask_problem(k, 400, "action", "action: %s", err->message);
	else
		ask_schema_problem(k, err, "payload");
}

void ask_command(struct ask *k, struct station *s, const struct command_request *draft,
	enum api_command_wait wait)
{
	struct command_request req = *draft;
	struct schema_error err;
	char id[37];

	if (!replay_begin(k->api->replay, k))
		return;
	req.actor = k->who.actor;
	req.answered = wait == API_COMMAND_WAIT_ANSWER ? on_reached : NULL;
	req.ended = wait == API_COMMAND_WAIT_END ? on_reached : NULL;
	req.arg = k;
	ask_hold(k);
	if (command_start(k->api->core, s, &req, id, &err) != 0)
		refuse(k, &err);
	else if (wait == API_COMMAND_WAIT_NONE) {
		k->state = view_live(k, command_find(k->api->core, id));
		record_then(k->api->core, on_begun, k);
	}
}

static void post(struct ask *k)
{
	const struct api_command_post *post = k->body;
	struct station *s = ask_path_station(k);
	struct command_request req;

	if (s == NULL) /* the ask was answered, and is gone */
		return;
	req = (struct command_request){
		.action = post->action,
		.payload = post->payload,
		.timeout_s = post->has_timeout_s ? (int)post->timeout_s : 0,
		.effect_s = post->has_effect_s ? (int)post->effect_s : 0,
		.why = post->why,
	};
	ask_command(k, s, &req, post->wait);
}

void command_post(struct ask *k)
{
	const struct api_command_post *p = k->body;

	ask_judged(k, &(struct command_wish){p->action, p->payload, p->force, post});
}

static void try(struct ask *k)
{
	const struct api_command_post *post = k->body;
	struct station *s = ask_path_station(k);
	struct command_request req;
	struct schema_error err;

	if (s == NULL)
		return;
	req = (struct command_request){
		.action = post->action, .payload = post->payload, .actor = k->who.actor};
	if (command_check(k->api->core, s, &req, &err) != 0)
		refuse(k, &err);
	else
		command_effect(k, s, post);
}

void command_try(struct ask *k)
{
	const struct api_command_post *p = k->body;

	ask_judged(k, &(struct command_wish){p->action, p->payload, p->force, try});
}

/* -- looking ----------------------------------------------------------------------------------- */

struct query {
	struct db_command_filter filter;
	struct db_command_list found;
	const char *error;
};

/* Of one that is not over, the live one knows how far it is. */
static enum api_command_step stored_step(const struct ask *k, const struct db_command *c)
{
	const struct command *live =
		c->ended_at.ms == 0 && k->api != NULL ? command_find(k->api->core, c->id) : NULL;
	struct command_view v;

	if (live == NULL)
		return API_COMMAND_STEP_ENDED;
	command_look(live, &v);
	return step_of(&v);
}

static void view_stored(
	const struct ask *k, const struct db_command *c, struct api_command_view *out)
{
	int state = schema_enum_find(&api_command_state_enum, c->state);

	*out = (struct api_command_view){
		.id = c->id,
		.station = c->station,
		.action = c->action,
		.state = state < 0 ? API_COMMAND_STATE_UNKNOWN : (enum api_command_state)state,
		.step = stored_step(k, c),
		.status = c->status,
		.note = c->note,
		.has_request_id = c->request_id != 0,
		.request_id = c->request_id,
		.started_at = c->started_at,
		.has_moved_at = c->moved_at.ms != 0,
		.moved_at = c->moved_at,
		.has_ended_at = c->ended_at.ms != 0,
		.ended_at = c->ended_at,
		.actor = c->actor,
		.why = c->why,
		.parent = c->parent,
		.payload = c->payload,
		.response = c->response,
	};
}

static void query_work(struct db_reader *r, struct ask *k)
{
	struct query *q = k->state;

	if (db_query_commands(r, &q->filter, k->arena, &q->found) != 0)
		q->error = arena_strdup(k->arena, db_reader_error(r));
}

static bool has_failed(struct ask *k, const struct query *q)
{
	if (q->error != NULL)
		ask_problem(k, 503, NULL, "the store: %s", q->error);
	return q->error != NULL;
}

static void list_finish(struct ask *k)
{
	const struct query *q = k->state;
	struct api_command_list list = {0};

	if (has_failed(k, q))
		return;
	list.commands.items =
		arena_alloc(k->arena, sizeof(*list.commands.items) * q->found.count + 1);
	list.commands.count = list.commands.items ? q->found.count : 0;
	for (size_t i = 0; i < list.commands.count; i++)
		view_stored(k, &q->found.items[i], &list.commands.items[i]);
	ask_reply(k, 200, &api_command_list_type, &list);
}

static struct query *query_of(struct ask *k)
{
	struct query *q = arena_alloc(k->arena, sizeof(*q));

	if (q == NULL)
		ask_problem(k, 503, NULL, "no memory for the query");
	k->state = q;
	return q;
}

void commands_list(struct ask *k)
{
	const char *state = ask_query(k, "state");
	int64_t limit = 100;
	struct query *q;

	if (!ask_int(k, "limit", 1, LIST_MAX, &limit) || !(q = query_of(k)))
		return;
	q->filter = (struct db_command_filter){
		.station = ask_station(k, ask_query(k, "station")),
		.action = ask_query(k, "action"),
		.parent = ask_query(k, "parent"),
		.bodies = true,
		.limit = (int)limit,
	};
	if (state != NULL && strcmp(state, "open") == 0)
		q->filter.open = true;
	else
		q->filter.state = state;
	ask_read(k, query_work, list_finish);
}

static void get_finish(struct ask *k)
{
	const struct query *q = k->state;
	struct api_command_view v;

	if (has_failed(k, q))
		return;
	if (q->found.count == 0) {
		ask_problem(k, 404, NULL, "there is no command \"%.40s\"", k->match.param[0]);
		return;
	}
	view_stored(k, &q->found.items[0], &v);
	ask_reply(k, 200, &api_command_view_type, &v);
}

void command_get(struct ask *k)
{
	const struct command *live = command_find(k->api->core, k->match.param[0]);
	struct query *q;

	if (live != NULL) {
		ask_reply(k, 200, &api_command_view_type, view_live(k, live));
		return;
	}
	q = query_of(k);
	if (q == NULL)
		return;
	q->filter = (struct db_command_filter){.id = k->match.param[0], .bodies = true, .limit = 1};
	ask_read(k, query_work, get_finish);
}

void command_delete(struct ask *k)
{
	struct command *c = command_find(k->api->core, k->match.param[0]);

	if (c == NULL) {
		ask_problem(k, 404, NULL, "no open command \"%.40s\"", k->match.param[0]);
		return;
	}
	ask_hold(k);
	command_cancel(k->api->core, c, k->who.actor);
	record_then(k->api->core, ask_changed, k);
}
