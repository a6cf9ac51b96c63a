#include "csms/api/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "csms/api/reach.h"
#include "csms/api/scope.h"
#include "csms/log.h"
#include "csms/view/tongue.h"

#define PROBLEM_TYPE  "application/problem+json"
#define JSON_TYPE     "application/json"
#define LINE_MAX_ASKS 20 /* that wait for the one that is worked at */

static const char *status_title(int status)
{
	switch (status) {
	case 400:
		return "Bad request";
	case 401:
		return "Not signed in";
	case 403:
		return "Not allowed";
	case 404:
		return "Not found";
	case 405:
		return "Method not allowed";
	case 409:
		return "Conflict";
	case 413:
		return "Too long";
	case 415:
		return "Unsupported media type";
	case 422:
		return "Cannot be done";
	case 429:
		return "Too many attempts";
	case 502:
		return "The other side did not take it";
	case 507:
		return "No room";
	case 503:
		return "Not available now";
	default:
		return "Internal error";
	}
}

static void ask_free(struct ask *k)
{
	if (k->api != NULL && k->is_held)
		DL_DELETE(k->api->asks, k);
	k->is_held = false;
	k->x = NULL;
	if (k->is_running)
		k->is_over = true;
	else
		arena_destroy(k->arena);
}

void ask_run(struct ask *k, void (*step)(struct ask *k))
{
	struct core *c = k->api->core;
	const char *outer = c->request;

	k->is_running = true;
	c->request = k->id;
	step(k);
	c->request = outer;
	k->is_running = false;
	if (k->is_over)
		arena_destroy(k->arena);
}

/* The depot's own time and zone, so that a client in another zone can say what the depot says. */
static void add_time(struct ask *k)
{
	char now[WALL_TEXT_SIZE];

	http_header(k->x, "x-depot-time", wall_format(clock_wall(), now));
	http_header(k->x, "x-depot-zone", k->api->core->depot->timezone);
}

/* The one way out: sends if there is still somebody to send to, and frees the ask. */
void ask_reply_text(
	struct ask *k, int status, const char *content_type, const char *text, size_t len)
{
	if (k->is_over)
		return;
	if (k->api != NULL && k->is_once)
		replay_end(k->api->replay, k, status, content_type, text, len);
	if (k->api != NULL)
		audit_request(k, status);
	if (k->x != NULL && k->api != NULL)
		add_time(k);
	if (k->x != NULL)
		http_reply(k->x, status, content_type, text, len);
	ask_free(k);
}

static void reply_json(struct ask *k, int status, const char *content_type,
	const struct schema_struct *type, const void *value)
{
	enum tongue to =
		k->x != NULL ? tongue_of(http_request_header(k->x, "accept-language")) : TONGUE_EN;
	struct tongue_texts said;
	struct text out;

	text_init(&out, 0);
	tongue_texts_init(&said, &out);
	if (schema_encode(type, value, &out) == 0 && text_ok(tongue_text(&said, to))) {
		const struct text *t = tongue_text(&said, to);

		if (k->x != NULL)
			http_header(k->x, "content-language", tongue_name(to));
		ask_reply_text(k, status, content_type, t->data, t->len);
	} else {
		static const char failed[] =
			"{\"type\":\"about:blank\",\"title\":\"Internal error\","
			"\"status\":500}";
		log_error("api: cannot encode the answer of %s",
			k->match.row != NULL ? k->match.row->pattern : "a request");
		ask_reply_text(k, 500, PROBLEM_TYPE, failed, sizeof(failed) - 1);
	}
	tongue_texts_finish(&said);
	text_finish(&out);
}

void ask_reply(struct ask *k, int status, const struct schema_struct *type, const void *value)
{
	if (k->api != NULL && status == 200 && scope_is_limited(&k->who) &&
		reach_of(k->match.row) != REACH_FREE)
		value = reach_cut(&(struct scope){k->api->core, &k->who}, k->arena, type, value);
	if (value == NULL) {
		ask_problem(
			k, 404, NULL, "there is nothing of that name below %s", k->who.nodes[0]);
		return;
	}
	reply_json(k, status, JSON_TYPE, type, value);
}

void ask_done(struct ask *k, const char *text)
{
	ask_reply(k, 200, &api_done_type, &(struct api_done){.ok = true, .text = text});
}

void ask_problem(struct ask *k, int status, const char *path, const char *fmt, ...)
{
	char detail[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	if (k->api != NULL)
		k->api->refused++;
	k->refused = detail;
	reply_json(k, status, PROBLEM_TYPE, &api_problem_type,
		&(struct api_problem){.type = "about:blank",
			.title = status_title(status),
			.status = status,
			.detail = detail,
			.path = path != NULL && path[0] != '\0' ? path : NULL});
}

void ask_schema_problem(struct ask *k, const struct schema_error *e, const char *prefix)
{
	char path[200];

	snprintf(path, sizeof(path), "%s%s%s", prefix, prefix[0] && e->path[0] ? "." : "", e->path);
	ask_problem(k, 400, path, "%s%s%s", path, path[0] ? ": " : "", e->message);
}

struct http_exchange *ask_take(struct ask *k)
{
	struct http_exchange *x = k->x;

	ask_free(k);
	return x;
}

/* -- later ----------------------------------------------------------------------------------- */

static void client_gone(void *arg)
{
	struct ask *k = arg;

	k->x = NULL;
}

void ask_hold(struct ask *k)
{
	if (k->is_over)
		return;
	if (!k->is_held)
		DL_APPEND(k->api->asks, k);
	k->is_held = true;
	if (k->x != NULL)
		http_hold(k->x, client_gone, k);
}

static void read_work(struct db_reader *r, void *arg)
{
	struct ask *k = arg;

	k->work(r, k);
}

static void read_done(void *arg)
{
	struct ask *k = arg;

	if (k->api == NULL)
		ask_free(k);
	else
		ask_run(k, k->finish);
}

void ask_read(struct ask *k, void (*work)(struct db_reader *r, struct ask *k),
	void (*finish)(struct ask *k))
{
	if (k->is_over)
		return;
	k->work = work;
	k->finish = finish;
	ask_hold(k);
	if (db_read(k->api->core->db, read_work, read_done, k) != 0)
		ask_problem(k, 503, NULL, "too many queries wait for the store; try again soon");
}

/* -- one at a time ---------------------------------------------------------------------------- */

static void alone_done(void *arg);

static void alone_begin(struct ask *k)
{
	struct api *api = k->api;

	api->alone = k;
	if (db_read(api->core->db, read_work, alone_done, k) == 0)
		return;
	api->alone = NULL;
	ask_problem(k, 503, NULL, "too many queries wait for the store; try again soon");
}

/* Nobody waits any more for the answer of one whose client went. */
static void alone_next(struct api *api)
{
	struct ask *k;

	while (api->alone == NULL && (k = api->line) != NULL) {
		LL_DELETE2(api->line, k, line_next);
		if (k->x != NULL)
			alone_begin(k);
		else
			ask_problem(k, 503, NULL, "its client went");
	}
}

static void alone_done(void *arg)
{
	struct ask *k = arg;
	struct api *api = k->api;

	if (api == NULL) {
		ask_free(k);
		return;
	}
	api->alone = NULL;
	ask_run(k, k->finish);
	alone_next(api);
}

void ask_read_alone(struct ask *k, void (*work)(struct db_reader *r, struct ask *k),
	void (*finish)(struct ask *k))
{
	struct ask *other;
	int waiting;

	if (k->is_over)
		return;
	LL_COUNT2(k->api->line, other, waiting, line_next);
	if (waiting >= LINE_MAX_ASKS) {
		ask_problem(
			k, 503, NULL, "%d such questions wait already; try again soon", waiting);
		return;
	}
	k->work = work;
	k->finish = finish;
	ask_hold(k);
	LL_APPEND2(k->api->line, k, line_next);
	alone_next(k->api);
}

void ask_line_end(struct api *api)
{
	struct ask *k, *next;

	LL_FOREACH_SAFE2(api->line, k, next, line_next)
	ask_free(k);
	api->line = NULL;
}

void ask_changed(void *arg, int status, const char *why)
{
	struct ask *k = arg;

	if (status == 0)
		ask_done(k, NULL);
	else
		ask_problem(k, 503, NULL, "the change was not stored: %s",
			why != NULL ? why : "the store failed");
}

/* -- values of the query --------------------------------------------------------------------- */

bool ask_int(struct ask *k, const char *name, int64_t min, int64_t max, int64_t *out)
{
	const char *text = ask_query(k, name);
	char *end;

	if (text == NULL)
		return true;
	long long v = strtoll(text, &end, 10);
	if (end != text && *end == '\0' && v >= min && v <= max) {
		*out = v;
		return true;
	}
	ask_problem(k, 400, name, "%s must be a whole number from %lld to %lld", name,
		(long long)min, (long long)max);
	return false;
}

bool ask_time(struct ask *k, const char *name, wall_t *out)
{
	const char *text = ask_query(k, name);

	if (text == NULL || wall_parse(text, strlen(text), out))
		return true;
	ask_problem(k, 400, name, "%s must be a time such as 2026-03-11T22:40:00Z", name);
	return false;
}

const char *ask_station(struct ask *k, const char *id)
{
	const struct station *s = id != NULL ? fleet_station(&k->api->core->fleet, id) : NULL;

	return s != NULL ? arena_strdup(k->arena, s->id) : id;
}

const char *ask_words(struct ask *k, struct text *t)
{
	const char *s =
		text_ok(t) && t->data != NULL ? arena_strndup(k->arena, t->data, t->len) : NULL;

	text_finish(t);
	return s != NULL ? s : "";
}

struct station *ask_path_station(struct ask *k)
{
	struct station *s = fleet_station(&k->api->core->fleet, k->match.param[0]);

	if (s == NULL)
		ask_problem(k, 404, NULL,
			"there is no station %.48s; GET /api/v1/stations lists them",
			k->match.param[0]);
	return s;
}
