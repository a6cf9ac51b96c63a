#include "csms/api/telematics_post.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "csms/api/ask.h"
#include "csms/net/http_server.h"
#include "csms/record.h"
#include "csms/station/refusal.h"
#include "csms/vehicles/telematics.h"

#define PREFIX    "/telematics/"
#define LINES_MAX 10000

bool telematics_is_path(const char *path)
{
	return strncmp(path, PREFIX, sizeof(PREFIX) - 1) == 0;
}

/* A post that waits for the disk. */
struct post {
	struct http_exchange *x; /* NULL: the client left */
	struct api_telematics_answer answer;
};

static void post_gone(void *arg)
{
	struct post *p = arg;

	p->x = NULL;
}

static void post_durable(void *arg, int status, const char *why)
{
	struct post *p = arg;
	struct text t;

	(void)why;
	text_init(&t, 0);
	if (p->x != NULL && status != 0)
		http_reply_problem(p->x, 503, "the store could not write it: send it again");
	else if (p->x != NULL && schema_encode(&api_telematics_answer_type, &p->answer, &t) == 0)
		http_reply(p->x, 200, "application/json", t.data, t.len);
	text_finish(&t);
	free(p);
}

/* -- who and how much ------------------------------------------------------------------------ */

static bool may_post(struct api *api, struct http_exchange *x, const struct http_request *req,
	const struct telematics_source *s)
{
	struct telematics_source_view v = {0};

	if (auth_blocked(api->auth, req->peer)) {
		refusal_limit(api->core, LIMIT_SIGN_IN, req->peer);
		http_reply_problem(x, 429, "too many attempts with wrong tokens: wait a minute");
		return false;
	}
	if (s != NULL)
		telematics_source_look(s, &v);
	/* An unknown source is answered as a wrong token is. */
	if (v.has_http && strncasecmp(req->authorization, "Bearer ", 7) == 0 &&
		telematics_token_fits(s, req->authorization + 7))
		return true;
	auth_failed(api->auth, req->peer);
	http_header(x, "www-authenticate", "Bearer");
	http_reply_problem(x, 401,
		"send the token of the source as Authorization: Bearer; depotctl telematics token "
		"SOURCE makes one");
	return false;
}

static bool has_room(struct http_exchange *x, const struct telematics_source *s)
{
	int64_t wait = telematics_wait_ms(s);
	char seconds[24];

	if (wait == 0)
		return true;
	snprintf(seconds, sizeof(seconds), "%lld", (long long)(wait + 999) / 1000);
	http_header(x, "retry-after", seconds);
	http_reply_problem(x, 429, "more readings than the source may send: wait");
	return false;
}

/* -- the body -------------------------------------------------------------------------------- */

static void ingest(struct telematics_source *s, const char *text, size_t len, wall_t now,
	struct telematics_counts *counts, int *refused)
{
	const struct telematics_message msg = {.text = text, .len = len, .received = now};

	if (!telematics_ingest(s, &msg, false, counts))
		(*refused)++;
}

static bool is_lines(const struct http_request *req)
{
	return strncasecmp(req->content_type, "application/x-ndjson", 20) == 0 ||
	       strncasecmp(req->content_type, "application/jsonl", 17) == 0 ||
	       strncasecmp(req->content_type, "application/ndjson", 18) == 0;
}

/* False: too many lines; none was taken. */
static bool take_lines(struct telematics_source *s, const struct http_request *req, wall_t now,
	struct telematics_counts *counts, int *refused)
{
	const char *p = req->body, *end = req->body + req->body_len;
	int count = 0;

	for (const char *q = p; q < end; q++)
		if (*q == '\n' && ++count > LINES_MAX)
			return false;
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((nl != NULL ? nl : end) - p);

		while (len > 0 && (p[len - 1] == '\r' || p[len - 1] == ' '))
			len--;
		if (len > 0)
			ingest(s, p, len, now, counts, refused);
		p = nl != NULL ? nl + 1 : end;
	}
	return true;
}

static void fill(struct api_telematics_answer *out, const struct telematics_counts *c, int refused)
{
	out->readings = c->readings;
	out->late = c->late;
	out->repeated = c->repeated;
	out->aside = c->aside;
	out->dropped = c->dropped;
	out->refused = refused;
}

static void take(struct api *api, struct http_exchange *x, const struct http_request *req,
	struct telematics_source *s)
{
	struct telematics_counts counts = {0};
	struct post *p;
	int refused = 0;

	if (!is_lines(req))
		ingest(s, req->body, req->body_len, clock_wall(), &counts, &refused);
	else if (!take_lines(s, req, clock_wall(), &counts, &refused)) {
		http_reply_problem(x, 413, "more than 10000 lines: send them in parts");
		return;
	}
	/* All of it is no JSON: its sender should know. What it was is set aside all the same. */
	if (refused > 0 && counts.readings == 0 && counts.messages == refused) {
		http_reply_problem(x, 400, "the body is no JSON; it was set aside");
		return;
	}
	p = calloc(1, sizeof(*p));
	if (p == NULL) {
		http_reply_problem(x, 503, "no memory");
		return;
	}
	p->x = x;
	fill(&p->answer, &counts, refused);
	http_hold(x, post_gone, p);
	record_then(api->core, post_durable, p);
}

void telematics_handle(struct api *api, struct http_exchange *x, const struct http_request *req)
{
	struct telematics_source *s = api->core->telematics != NULL
					      ? telematics_source_find(api->core->telematics,
							req->path + sizeof(PREFIX) - 1)
					      : NULL;

	if (strcmp(req->method, "POST") != 0) {
		http_header(x, "allow", "POST");
		http_reply_problem(x, 405, "this path takes POST");
	} else if (may_post(api, x, req, s) && has_room(x, s)) {
		take(api, x, req, s);
	}
}
