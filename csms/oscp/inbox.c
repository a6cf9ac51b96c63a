/* What comes from providers: path, token, headers, body; then the journal, 204, and the work. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "csms/api/auth.h"
#include "csms/log.h"
#include "csms/oscp/private.h"
#include "csms/record.h"

#define ARENA_MAX (48u << 20) /* a body of limits.max_body takes up to 40 times its size */
#define PER_S     20 /* messages that a provider may send for long … */
#define BURST     400 /* … and at once: two messages in all their segments */

struct oscp_row {
	const char *method, *word;
	bool before_registration;
	const struct schema_struct *type; /* NULL: no body */
	int (*check)(struct oscp_in *in); /* 0, or -1: it was refused; NULL: nothing to check */
	void (*prepare)(
		struct oscp_in *in); /* ends in oscp_accept() or oscp_refuse(); NULL: accept */
	void (*work)(struct oscp_in *in); /* after 204; the message is its own then */
};

/* method, word, before registration, body, check, prepare, work */
static const struct oscp_row rows[] = {
	{"POST", "register", true, &oscp20_register_type, register_check, register_prepare,
		register_work},
	{"PUT", "register", false, &oscp20_register_type, register_check, register_prepare,
		register_work},
	{"DELETE", "register", false, NULL, NULL, NULL, unregister_work},
	{"POST", "handshake", false, &oscp20_handshake_type, NULL, NULL, handshake_work},
	{"POST", "handshake_acknowledge", false, &oscp20_handshake_type, acknowledge_check, NULL,
		acknowledge_work},
	{"POST", "heartbeat", false, &oscp20_heartbeat_type, NULL, NULL, heartbeat_work},
	{"POST", "update_group_capacity_forecast", false, &oscp20_group_capacity_forecast_type,
		forecast_check, forecast_prepare, forecast_work},
};
#define ROWS (sizeof rows / sizeof *rows)

bool oscp_is_path(const char *path)
{
	return strncmp(path, OSCP_PATH "/", sizeof OSCP_PATH) == 0;
}

/* -- answers ----------------------------------------------------------------------------------- */

static void reply_error(struct http_exchange *x, int status, const char *message)
{
	struct oscp20_error e = {.message = message};
	struct text t;

	text_init(&t, 0);
	schema_encode(&oscp20_error_type, &e, &t);
	http_header(x, "x-error-message", message);
	http_reply(x, status, "application/json", t.data ? t.data : "", t.len);
	text_finish(&t);
}

void oscp_in_free(struct oscp_in *in)
{
	if (--in->holders == 0)
		arena_destroy(in->arena);
}

static void vrefuse(struct oscp_in *in, int status, const char *fmt, va_list ap)
{
	char words[300];

	vsnprintf(words, sizeof words, fmt, ap);
	in->peer->counters.refused++;
	log_warn(
		"oscp %s: %s refused with %d: %s", in->peer->row->id, in->row->word, status, words);
	if (in->x)
		reply_error(in->x, status, words);
	oscp_in_free(in);
}

void oscp_refuse(struct oscp_in *in, int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vrefuse(in, status, fmt, ap);
	va_end(ap);
}

/* -- the journal, then 204 --------------------------------------------------------------------- */

static bool is_seen(const struct oscp_peer *p, const char *id)
{
	for (int i = 0; i < OSCP_SEEN; i++)
		if (strcmp(p->seen[i], id) == 0)
			return true;
	return false;
}

static void see(struct oscp_peer *p, const char *id)
{
	memcpy(p->seen[p->seen_next], id, OSCP_ID_SIZE);
	p->seen_next = (p->seen_next + 1) % OSCP_SEEN;
}

void oscp_in_gone(void *arg)
{
	struct oscp_in *in = arg;

	in->x = NULL;
}

static void on_durable(void *arg, int status, const char *why)
{
	struct oscp_in *in = arg;
	struct oscp_peer *p = in->peer;

	if (status) {
		oscp_refuse(in, 503, "the journal cannot be written: %s", why ? why : "unknown");
		return;
	}
	p->counters.received++;
	see(p, in->id);
	if (in->x)
		http_reply(in->x, 204, NULL, "", 0);
	in->x = NULL;
	if (p->oscp->is_stopping)
		oscp_in_free(in);
	else
		in->row->work(in);
}

/* The body as the journal may have it. */
static const char *shown_body(const struct oscp_in *in)
{
	struct core *c = in->peer->oscp->core;
	struct oscp20_register quiet;
	const void *value = in->body;
	const char *out = NULL;
	struct text t;

	if (!in->body)
		return "{}";
	if (in->row->type == &oscp20_register_type) {
		quiet = *(const struct oscp20_register *)in->body;
		quiet.token = "(hidden)";
		value = &quiet;
	}
	text_init(&t, 0);
	if (schema_encode(in->row->type, value, &t) == 0)
		out = oscp_text(c, t.data);
	text_finish(&t);
	return out;
}

static void record_received(struct oscp_in *in)
{
	struct oscp_peer *p = in->peer;
	struct core *c = p->oscp->core;
	struct arena *a = record_arena(c);
	struct event_oscp_received *e = a ? arena_alloc(a, sizeof *e) : NULL;
	const struct oscp20_group_capacity_forecast *f =
		in->row->type == &oscp20_group_capacity_forecast_type ? in->body : NULL;
	wall_t now = clock_wall();

	if (!e)
		return;
	*e = (struct event_oscp_received){
		.action = in->row->word,
		.request_id = oscp_text(c, in->id),
		.correlation_id = oscp_text(c, in->correlation),
		.has_segment = in->segments != 0,
		.segment = in->segment,
		.has_segments = in->segments != 0,
		.segments = in->segments,
		.group = f ? oscp_text(c, f->group_id) : NULL,
		.note = oscp_text(c, in->note),
		.payload = shown_body(in),
	};
	record_event(c, &(struct db_event){
				.stream = arena_printf(a, "oscp/%s", p->row->id),
				.expect_version = DB_ANY_VERSION,
				.type = EVENT_OSCP_RECEIVED,
				.payload = e,
				.at = now,
				.received = now,
				.correlation = e->correlation_id,
				.idem = e->request_id,
				.actor = arena_printf(a, "oscp:%s", p->row->id),
			});
}

void oscp_accept(struct oscp_in *in)
{
	record_received(in);
	if (in->x)
		http_hold(in->x, oscp_in_gone, in);
	record_then(in->peer->oscp->core, on_durable, in);
}

/* -- who, and what ------------------------------------------------------------------------------ */

/* The word behind "/oscp/fp/2.0/"; Register is the same in all versions, and so may stand without. */
static const char *word_of(const char *path)
{
	const char *rest = path + sizeof OSCP_PATH;

	if (strncmp(rest, OSCP_VERSION "/", sizeof OSCP_VERSION) == 0)
		return rest + sizeof OSCP_VERSION;
	return strcmp(rest, "register") == 0 ? rest : NULL;
}

static const struct oscp_row *find_row(struct http_exchange *x, const struct http_request *req)
{
	const char *word = word_of(req->path);
	char allow[60] = "";

	for (size_t i = 0; word && i < ROWS; i++) {
		if (strcmp(rows[i].word, word) != 0)
			continue;
		if (strcmp(rows[i].method, req->method) == 0)
			return &rows[i];
		snprintf(allow + strlen(allow), sizeof allow - strlen(allow), "%s%s",
			allow[0] ? ", " : "", rows[i].method);
	}
	if (allow[0])
		http_header(x, "allow", allow);
	reply_error(x, allow[0] ? 405 : 404,
		allow[0] ? "this path takes other methods"
			 : "a Flexibility Provider of OSCP 2.0 has no such path");
	return NULL;
}

/* The provider whose token it is. All are compared, so that the time tells nothing. */
static struct oscp_peer *find_peer(struct oscp *o, const char *authorization, bool *by_next)
{
	struct oscp_peer *found = NULL;
	size_t len;

	if (strncasecmp(authorization, "Token ", 6) != 0)
		return NULL;
	authorization += 6;
	authorization += strspn(authorization, " ");
	len = strlen(authorization);
	for (int i = 0; i < o->count && len <= OSCP_TOKEN_MAX; i++) {
		struct oscp_peer *p = &o->peers[i];
		bool is_in = secret_matches(authorization, len, p->token_in);
		bool is_next = secret_matches(authorization, len, p->token_next);

		if (is_in || is_next) {
			found = p;
			*by_next = is_next;
		}
	}
	return found;
}

static struct oscp_peer *authorize(
	struct oscp *o, struct http_exchange *x, const struct http_request *req, bool *by_next)
{
	struct oscp_peer *p = NULL;

	if (auth_blocked(o->failures, req->peer)) {
		http_header(x, "retry-after", "60");
		reply_error(x, 429, "too many attempts from this address: wait a minute");
		return NULL;
	}
	p = find_peer(o, req->authorization, by_next);
	if (p)
		return p;
	auth_failed(o->failures, req->peer);
	log_warn("oscp: refused a message without a good token from %s", req->peer);
	http_header(x, "www-authenticate", "Token");
	reply_error(x, 401,
		"send the header Authorization: Token … with the token of your registration");
	return NULL;
}

/* One that floods is told to wait; the others do not feel it. */
static bool may_now(struct oscp_peer *p)
{
	mono_t now = clock_mono();

	p->allowance += (double)mono_diff_ms(now, p->allowance_at) / clock_speed() * PER_S / 1000.0;
	p->allowance_at = now;
	if (p->allowance > BURST)
		p->allowance = BURST;
	if (p->allowance < 1)
		return false;
	p->allowance -= 1;
	return true;
}

/* A header that is an id: printable, not too long. False: it is there and none. */
static bool read_id(const struct http_exchange *x, const char *name, char out[OSCP_ID_SIZE])
{
	const char *v = http_request_header(x, name);

	if (strlen(v) >= OSCP_ID_SIZE)
		return false;
	for (const char *c = v; *c; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	snprintf(out, OSCP_ID_SIZE, "%s", v);
	return true;
}

/* 0: absent, -1: no small whole number. */
static int read_count(const struct http_exchange *x, const char *name)
{
	const char *v = http_request_header(x, name);
	size_t n = strlen(v);

	if (n == 0)
		return 0;
	return n <= 4 && strspn(v, "0123456789") == n ? atoi(v) : -1;
}

static bool read_headers(struct oscp_in *in)
{
	const char *fault = NULL;

	if (!read_id(in->x, "x-request-id", in->id) || !in->id[0])
		fault = "the header X-Request-ID is missing, or no id of 1 to 100 characters";
	else if (!read_id(in->x, "x-correlation-id", in->correlation))
		fault = "the header X-Correlation-ID is no id of 1 to 100 characters";
	in->segment = read_count(in->x, "x-segment-index");
	in->segments = read_count(in->x, "x-segment-count");
	if (!fault && (in->segment < 0 || in->segments < 0 || !in->segment != !in->segments))
		fault = "X-Segment-Index and X-Segment-Count go together: whole numbers from 1";
	if (fault)
		oscp_refuse(in, 400, "%s", fault);
	return !fault;
}

static bool read_body(struct oscp_in *in, const struct http_request *req)
{
	struct schema_error e;

	if (!in->row->type)
		return true;
	in->body = schema_decode(in->row->type, req->body, req->body_len, in->arena, &e);
	if (in->body)
		return true;
	oscp_refuse(in, 400, "%s%s%s", e.path, e.path[0] ? ": " : "", e.message);
	return false;
}

static struct oscp_in *in_create(
	struct oscp_peer *p, struct http_exchange *x, const struct oscp_row *row)
{
	struct arena *a = arena_create(ARENA_MAX);
	struct oscp_in *in = a ? arena_alloc(a, sizeof *in) : NULL;

	if (!in) {
		arena_destroy(a);
		reply_error(x, 503, "no memory");
		return NULL;
	}
	in->arena = a;
	in->holders = 1;
	in->peer = p;
	in->x = x;
	in->row = row;
	in->epoch = p->epoch;
	return in;
}

static void take(struct oscp_in *in)
{
	struct oscp_peer *p = in->peer;

	if (is_seen(p, in->id)) {
		p->counters.duplicates++;
		http_reply(in->x, 204, NULL, "", 0);
		oscp_in_free(in);
	} else if (!in->row->check || in->row->check(in) == 0) {
		if (in->row->prepare)
			in->row->prepare(in);
		else
			oscp_accept(in);
	}
}

void oscp_handle(struct oscp *o, struct http_exchange *x, const struct http_request *req)
{
	const struct oscp_row *row;
	struct oscp_peer *p;
	struct oscp_in *in;
	bool by_next = false;

	if (!o || !o->count || o->is_stopping) {
		reply_error(x, 404, "no capacity provider is configured here");
		return;
	}
	row = find_row(x, req);
	p = row ? authorize(o, x, req, &by_next) : NULL;
	in = p ? in_create(p, x, row) : NULL;
	if (!in)
		return;
	in->is_update = strcmp(req->method, "PUT") == 0;
	if (by_next)
		oscp_token_arrived(p);
	if (!may_now(p))
		oscp_refuse(in, 429, "more than %d messages a second", PER_S);
	else if (!row->before_registration && !oscp_is_registered(p))
		oscp_refuse(in, 403, "this token is for Register only: register first");
	else if (read_headers(in) && read_body(in, req))
		take(in);
}
