/* What goes to providers: headers, ids, outcomes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csms/log.h"
#include "csms/oscp/private.h"
#include "csms/record.h"

#define TIMEOUT_MS 10000
#define WAIT_MS    2000 /* before the second try */

/* A message on its way. */
struct sending {
	struct oscp_peer *peer;
	int64_t epoch;
	const char *action; /* a word of ours, static */
	bool is_quiet;
	char id[OSCP_ID_SIZE], correlation[OSCP_ID_SIZE], actor[81];
	char *shown; /* payload for the journal, NULL: none */
	void (*done)(struct oscp_peer *p, void *arg, const char *id, const struct http_outcome *o);
	void *arg;
};

static void sending_free(struct sending *s)
{
	free(s->shown);
	free(s);
}

/* A UUID of the random kind: what others expect an X-Request-ID to look like. */
static void make_id(char id[OSCP_ID_SIZE])
{
	char random[33], hex[65];

	secret_random(random, 32);
	secret_digest(random, 32, hex);
	snprintf(id, OSCP_ID_SIZE, "%.8s-%.4s-4%.3s-a%.3s-%.12s", hex, hex + 8, hex + 13, hex + 17,
		hex + 20);
}

bool oscp_taken(const struct http_outcome *o, char why[300])
{
	struct oscp20_error *e = NULL;
	struct schema_error bad;
	struct arena *a;

	if (o->status == 204)
		return true;
	if (o->status == 0) {
		snprintf(why, 300, "no answer: %.280s", o->why);
		return false;
	}
	a = arena_create(HTTP_CLIENT_ANSWER_MAX * 4);
	if (a && o->len)
		e = schema_decode(&oscp20_error_type, o->body, o->len, a, &bad);
	if (o->status >= 200 && o->status < 300)
		snprintf(why, 300, "it answered %d, but OSCP knows only 204 as success", o->status);
	else
		snprintf(why, 300, "it answered %d%s%.200s", o->status, e && e->message ? ": " : "",
			e && e->message ? e->message : "");
	arena_destroy(a);
	return false;
}

static void record_sent(const struct sending *s, const struct http_outcome *o, const char *why)
{
	struct core *c = s->peer->oscp->core;
	struct arena *a = record_arena(c);
	struct event_oscp_sent *e = a ? arena_alloc(a, sizeof *e) : NULL;

	if (!e)
		return;
	*e = (struct event_oscp_sent){
		.action = s->action,
		.request_id = oscp_text(c, s->id),
		.correlation_id = oscp_text(c, s->correlation),
		.has_status = o->status != 0,
		.status = o->status,
		.tries = o->tries,
		.error = oscp_text(c, why),
		.payload = s->shown ? oscp_text(c, s->shown) : NULL,
	};
	oscp_record(s->peer, EVENT_OSCP_SENT, e, s->actor);
}

static void on_outcome(void *arg, const struct http_outcome *o)
{
	struct sending *s = arg;
	struct oscp_peer *p = s->peer;
	bool is_stale = s->epoch != p->epoch;
	char why[300] = "";

	if (oscp_taken(o, why)) {
		p->counters.sent++;
		if (!is_stale)
			oscp_went_well(p, s->action);
	} else {
		p->counters.failed++;
		if (!is_stale) {
			oscp_failed(p, "%s: %s", s->action, why);
			p->error_of = s->is_quiet ? s->action : NULL; /* it comes again and again */
		}
	}
	if (!s->is_quiet)
		record_sent(s, o, why);
	if (s->done && (!is_stale || s->arg))
		s->done(p, s->arg, s->id, o);
	sending_free(s);
}

static struct sending *sending_create(struct oscp_peer *p, const struct oscp_out *out)
{
	struct sending *s = calloc(1, sizeof *s);
	struct text shown;

	if (!s)
		return NULL;
	s->peer = p;
	s->epoch = p->epoch;
	s->action = out->action;
	s->is_quiet = out->is_quiet;
	s->done = out->done;
	s->arg = out->arg;
	make_id(s->id);
	snprintf(s->correlation, sizeof s->correlation, "%s",
		out->correlation ? out->correlation : "");
	snprintf(s->actor, sizeof s->actor, "%s", out->actor ? out->actor : "depotd");
	text_init(&shown, 0);
	if (!out->is_quiet && out->type &&
		schema_encode(out->type, out->shown ? out->shown : out->value, &shown) == 0)
		s->shown = text_take(&shown, NULL);
	text_finish(&shown);
	return s;
}

static bool post(struct sending *s, const struct oscp_out *out, const char *body, size_t len)
{
	struct oscp_peer *p = s->peer;
	char url[500], id[160], correlation[160], authorization[OSCP_TOKEN_MAX + 40];
	struct http_call_spec spec = {
		.method = out->method ? out->method : "POST",
		.url = url,
		.headers = {authorization, id, "accept: application/json",
			body ? "content-type: application/json" : "accept-charset: utf-8"},
		.body = body,
		.len = len,
		.ca_file = p->row->ca,
		.timeout_ms = TIMEOUT_MS,
		.tries = out->tries,
		.wait_ms = WAIT_MS,
		.done = on_outcome,
		.arg = s,
	};

	snprintf(url, sizeof url, "%s/%s", p->url, out->action);
	snprintf(authorization, sizeof authorization, "Authorization: Token %s", p->token_out);
	snprintf(id, sizeof id, "X-Request-ID: %s", s->id);
	snprintf(correlation, sizeof correlation, "X-Correlation-ID: %s", s->correlation);
	if (s->correlation[0])
		spec.headers[4] = correlation;
	return http_client_send(p->oscp->http, &spec) != NULL;
}

int oscp_send(struct oscp_peer *p, const struct oscp_out *out, char id[OSCP_ID_SIZE])
{
	struct sending *s;
	struct text body;
	bool sent = false;

	if (p->oscp->is_stopping || !p->url[0] || !p->token_out[0] ||
		(s = sending_create(p, out)) == NULL)
		return -1;
	text_init(&body, 0);
	if (!out->type || schema_encode(out->type, out->value, &body) == 0)
		sent = post(s, out, out->type ? body.data : NULL, body.len);
	text_finish(&body);
	if (id)
		snprintf(id, OSCP_ID_SIZE, "%s", s->id);
	if (!sent)
		sending_free(s);
	return sent ? 0 : -1;
}
