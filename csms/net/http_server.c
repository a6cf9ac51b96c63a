#include "csms/net/http_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum {
	PIPELINE_MAX = 16384, /* requests that wait behind the one in work */
	QUEUE_MAX = 32 * 1024 * 1024, /* a reply is one piece */
};

#define LENGTH_MAX (1ull << 50) /* more is no length that anybody means */

static void consume(struct http_conn *c);

static void free_exchange(struct http_exchange *x)
{
	http_body_finish(&x->body);
	free(x->head_bytes);
	free(x);
}

static void on_next_request(void *arg)
{
	consume(arg);
}

void http_end_exchange(struct http_exchange *x)
{
	struct http_conn *c = x->conn;
	struct http_server *s = http_server_of(c);
	bool keeps_alive = x->keeps_alive;

	c->exchange = NULL;
	if (!x->in_handler)
		free_exchange(x);
	if (!keeps_alive) {
		c->state = HTTP_ENDED;
		net_conn_finish(c->net);
		return;
	}
	c->state = HTTP_HEAD;
	net_conn_deadline(c->net, s->limits.idle_timeout_s, LIMIT_IDLE);
	/* Not from here: the caller may be anywhere, and the handler would be entered again. */
	if (!c->is_consuming && (c->in.len || c->is_full))
		timer_start(net_timers(s->net), &c->next_request, 0, on_next_request, c);
}

/* --- requests ------------------------------------------------------------------------------ */

static const char *field(const struct http_head *h, const char *name)
{
	const char *value = http_head_get(h, name);

	return value ? value : "";
}

const char *http_request_header(const struct http_exchange *x, const char *name)
{
	return field(&x->head, name);
}

static void read_request(
	struct http_exchange *x, char peer[NET_PEER_SIZE], struct http_request *out)
{
	const struct http_conn *c = x->conn;
	const struct http_head *h = &x->head;
	char *query = strchr(h->target, '?');

	*out = (struct http_request){
		/* A HEAD is a GET whose body stays here. */
		.method = x->is_head ? "GET" : h->method,
		.is_head = x->is_head,
		.path = h->target,
		.query = query ? query + 1 : "",
		.body = x->body.bytes.data ? (const char *)x->body.bytes.data : "",
		.body_len = x->body.bytes.len,
		.content_length = x->body.is_chunked ? -1 : (int64_t)x->body.expected,
		.content_type = field(h, "content-type"),
		.content_disposition = field(h, "content-disposition"),
		.range = field(h, "range"),
		.if_range = field(h, "if-range"),
		.authorization = field(h, "authorization"),
		.cookie = field(h, "cookie"),
		.origin = field(h, "origin"),
		.host = field(h, "host"),
		.sec_fetch_site = field(h, "sec-fetch-site"),
		.if_none_match = field(h, "if-none-match"),
		.if_match = field(h, "if-match"),
		.last_event_id = field(h, "last-event-id"),
		.idempotency_key = field(h, "idempotency-key"),
		.csrf_token = field(h, "x-csrf-token"),
		.accept_encoding = field(h, "accept-encoding"),
		.peer = peer,
		.local = net_conn_uid(c->net) >= 0,
		.uid = net_conn_uid(c->net),
	};
	snprintf(peer, NET_PEER_SIZE, "%s", net_conn_peer(c->net));
	if (query)
		*query = '\0';
}

static void say_stopping(struct http_exchange *x)
{
	x->keeps_alive = false;
	http_reply_problem(x, 503, "depotd is stopping");
}

static void call_handler(struct http_exchange *x)
{
	struct http_conn *c = x->conn;
	struct http_server *s = http_server_of(c);
	struct http_request request;
	char peer[NET_PEER_SIZE];

	read_request(x, peer, &request);
	c->state = HTTP_ANSWERING;
	net_conn_deadline(c->net, 0, LIMIT_NONE);
	x->in_handler = true;
	if (s->handler)
		s->handler(s->ctx, x, &request);
	else
		say_stopping(x);
	x->in_handler = false;
	if (c->exchange != x) /* it was answered */
		free_exchange(x);
	else if (!x->is_held)
		http_reply_problem(x, 500, "depotd has no answer to this request");
}

/* False: it was answered before its body came. */
static bool show_head(struct http_exchange *x)
{
	struct http_conn *c = x->conn;
	struct http_server *s = http_server_of(c);
	bool keeps_alive = x->keeps_alive;
	struct http_request request;
	char peer[NET_PEER_SIZE], *query = strchr(x->head.target, '?');

	if (!s->on_head || x->body.is_complete)
		return true;
	read_request(x, peer, &request);
	x->keeps_alive = false; /* what follows an early answer cannot be told from the body */
	x->in_handler = true;
	s->on_head(s->ctx, x, &request);
	x->in_handler = false;
	if (c->exchange != x) {
		free_exchange(x);
		return false;
	}
	if (query)
		*query = '?';
	x->keeps_alive = x->sink ? false : keeps_alive;
	return true;
}

static void update_reading(struct http_conn *c)
{
	if (c->is_full || c->is_slow)
		net_conn_pause(c->net);
	else
		net_conn_resume(c->net);
}

static void on_body_bytes(void *arg, const char *bytes, size_t len)
{
	struct http_exchange *x = arg;

	if (x->conn->exchange == x)
		x->sink->bytes(x->sink_arg, bytes, len);
}

void http_take_body(struct http_exchange *x, size_t max, const struct http_sink *sink, void *arg)
{
	x->sink = sink;
	x->sink_arg = arg;
	http_body_to(&x->body, on_body_bytes, x, max);
	http_hold(x, sink->gone, arg);
}

void http_body_pause(struct http_exchange *x, bool is_behind)
{
	struct http_conn *c = x->conn;

	if (c->is_slow == is_behind)
		return;
	c->is_slow = is_behind;
	update_reading(c);
	if (c->state == HTTP_BODY)
		net_conn_deadline(c->net, is_behind ? 0 : http_server_of(c)->limits.transfer_idle_s,
			LIMIT_UPLOAD_IDLE);
}

/* What a refusal of our own means, for a person. */
static const char *detail_of(int status)
{
	switch (status) {
	case 400:
		return "this is not a request of HTTP/1.1: check its first line, its headers (host, "
		       "content-length) and its chunks";
	case 413:
		return "the body is longer than the config allows (limits.max_body, or "
		       "files.max_upload_mb for a file)";
	case 431:
		return "the first line or the headers are too long: shorten the path, the query or "
		       "the cookies";
	case 501:
		return "transfer-encoding: only chunked is understood";
	case 505:
		return "speak HTTP/1.1";
	case 503:
		return "no memory or no room: try again";
	default:
		return "this request cannot be answered";
	}
}

/* It ends without a reply of its handler. */
static void drop_exchange(struct http_conn *c)
{
	struct http_exchange *x = c->exchange;

	c->exchange = NULL;
	if (x && x->is_held && x->gone)
		x->gone(x->gone_arg);
	if (x)
		free_exchange(x);
}

/* A request that no handler sees, or not to its end; what follows it cannot be told from its body. */
static void refuse(struct http_conn *c, int status)
{
	char body[300], reply[600];
	int len = http_problem(body, sizeof(body), status, detail_of(status));
	int n = snprintf(reply, sizeof(reply),
		"HTTP/1.1 %d %s\r\ncontent-type: " HTTP_PROBLEM_TYPE "\r\ncontent-length: %d\r\n"
		"connection: close\r\n\r\n%s",
		status, http_reason(status), len, body);

	drop_exchange(c);
	c->state = HTTP_ENDED;
	if (status != 503)
		net_conn_limited(c->net, status == 413   ? LIMIT_BODY_SIZE
					 : status == 431 ? LIMIT_HEADER_SIZE
							 : LIMIT_BAD_HTTP);
	net_conn_send(c->net, reply, (size_t)n, "", 0);
	net_conn_finish(c->net);
}

static void drop_input(struct http_conn *c, size_t n)
{
	c->searched = 0;
	bytes_drop(&c->in, n);
}

/* Status 0, the one to refuse with, or -1: it was answered already. */
static int begin_exchange(struct http_conn *c, size_t head_len)
{
	struct http_server *s = http_server_of(c);
	struct http_exchange *x = calloc(1, sizeof(*x));
	long long length;
	int status;

	if (!x)
		return 503;
	c->exchange = x;
	x->conn = c;
	x->head_bytes = malloc(head_len + 1);
	if (!x->head_bytes)
		return 503;
	memcpy(x->head_bytes, c->in.data, head_len);
	drop_input(c, head_len);
	status = http_head_parse(x->head_bytes, head_len, &x->head);
	if (status)
		return -status;
	if (x->head.minor_version == 1 && !http_head_get(&x->head, "host"))
		return 400;
	if (http_path_climbs(x->head.target))
		net_conn_limited(c->net, LIMIT_BAD_PATH);
	length = http_head_body_length(&x->head, LENGTH_MAX);
	if (length < -1)
		return (int)-length;
	http_body_init(&x->body, length, s->limits.max_body);
	x->keeps_alive = http_head_keeps_alive(&x->head);
	x->is_head = !strcmp(x->head.method, "HEAD");
	c->state = HTTP_BODY;
	c->had_request = true;
	if (!show_head(x))
		return -1;
	if (!x->sink && length > (long long)s->limits.max_body)
		return 413;
	if (!x->body.is_complete && http_head_has_token(&x->head, "expect", "100-continue"))
		net_conn_send(c->net, "HTTP/1.1 100 Continue\r\n\r\n", 25, "", 0);
	net_conn_deadline(c->net, x->sink ? s->limits.transfer_idle_s : s->limits.body_timeout_s,
		x->sink ? LIMIT_UPLOAD_IDLE : LIMIT_BODY_TIME);
	return 0;
}

/* False when more bytes are needed, or the connection ended. */
static bool take_head(struct http_conn *c)
{
	int head, status;

	/* Some clients send a line break behind a body (RFC 9112 2.2). */
	while (c->in.len >= 2 && c->in.data[0] == '\r' && c->in.data[1] == '\n')
		drop_input(c, 2);
	head = http_head_length(c->in.data, c->in.len, c->searched);
	c->searched = c->in.len;
	if (!head)
		return false;
	status = head < 0 ? -head : begin_exchange(c, (size_t)head);
	if (!status)
		return true;
	if (status > 0)
		refuse(c, status);
	return false;
}

/* The body went to its sink; false when that has replied. */
static bool end_body(struct http_exchange *x)
{
	struct http_conn *c = x->conn;

	if (!x->sink) {
		call_handler(x);
		return true;
	}
	c->state = HTTP_ANSWERING;
	net_conn_deadline(c->net, 0, LIMIT_NONE);
	x->in_handler = true;
	x->sink->end(x->sink_arg);
	x->in_handler = false;
	if (c->exchange != x)
		free_exchange(x);
	return true;
}

static bool take_body(struct http_conn *c)
{
	struct http_exchange *x = c->exchange;
	long n;

	if (!x->body.is_complete && c->in.len) {
		x->in_handler = true;
		n = http_body_take(&x->body, (const char *)c->in.data, c->in.len);
		x->in_handler = false;
		if (c->exchange != x) { /* the sink has replied */
			free_exchange(x);
			return false;
		}
		if (n < 0) {
			refuse(c, (int)-n);
			return false;
		}
		drop_input(c, (size_t)n);
	}
	if (!x->body.is_complete)
		return false;
	return end_body(x);
}

static void consume(struct http_conn *c)
{
	bool goes_on = true;

	c->is_consuming = true;
	while (goes_on && (c->state == HTTP_BODY || (c->state == HTTP_HEAD && c->in.len)))
		goes_on = c->state == HTTP_HEAD ? take_head(c) : take_body(c);
	c->is_consuming = false;
	if (c->is_full && c->in.len < PIPELINE_MAX) {
		c->is_full = false;
		update_reading(c);
	}
}

/* --- the network's callbacks --------------------------------------------------------------- */

static void on_net_drained(void *ctx, struct net_conn *net)
{
	struct http_conn *c = net_conn_user(net);

	if (c)
		http_on_drained(c);
}

static void on_net_opened(void *ctx, struct net_conn *net)
{
	struct http_conn *c = calloc(1, sizeof(*c));

	net_conn_set_user(net, c);
	if (!c) {
		net_conn_kill(net, "out of memory");
		return;
	}
	c->net = net;
	c->endpoint = ctx;
	DL_APPEND(http_server_of(c)->conns, c);
}

static void on_net_received(void *ctx, struct net_conn *net, unsigned char *data, size_t len)
{
	struct http_conn *c = net_conn_user(net);

	if (!c || c->state == HTTP_ENDED)
		return;
	/* The first request must come within the header timeout that runs since the connect. */
	if (c->state == HTTP_HEAD && !c->in.len && c->had_request)
		net_conn_deadline(net, http_server_of(c)->limits.body_timeout_s, LIMIT_BODY_TIME);
	if (!bytes_add(&c->in, data, len)) {
		net_conn_kill(net, "out of memory");
		return;
	}
	if (c->state == HTTP_BODY && c->exchange->sink && !c->is_slow)
		net_conn_deadline(
			net, http_server_of(c)->limits.transfer_idle_s, LIMIT_UPLOAD_IDLE);
	consume(c);
	if (c->in.len >= PIPELINE_MAX && c->state != HTTP_ENDED && !c->is_full) {
		c->is_full = true;
		update_reading(c);
	}
}

static void free_conn(struct http_conn *c)
{
	struct http_server *s = http_server_of(c);

	timer_stop(net_timers(s->net), &c->next_request);
	DL_DELETE(s->conns, c);
	if (c->exchange)
		free_exchange(c->exchange);
	bytes_free(&c->in);
	free(c);
}

static void on_net_closed(void *ctx, struct net_conn *net, const char *why)
{
	struct http_conn *c = net_conn_user(net);

	if (!c)
		return;
	if (c->exchange && c->state == HTTP_STREAMING)
		http_server_of(c)->streams--;
	drop_exchange(c);
	free_conn(c);
}

static const struct net_service service = {
	on_net_opened,
	on_net_received,
	on_net_drained,
	on_net_closed,
};

/* --- public -------------------------------------------------------------------------------- */

struct http_server *http_server_create(
	struct net *n, http_handler handler, void *ctx, const struct http_limits *limits)
{
	struct http_server *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->net = n;
	s->handler = handler;
	s->ctx = ctx;
	s->limits = *limits;
	return s;
}

void http_server_on_head(struct http_server *s, http_handler on_head)
{
	s->on_head = on_head;
}

void http_server_stop(struct http_server *s)
{
	s->handler = NULL;
	s->on_head = NULL;
}

static int listen_on(struct http_server *s, struct net_listen *cfg, char why[200])
{
	struct endpoint *e = &s->endpoints[s->endpoint_count];
	int port;

	if (s->endpoint_count == HTTP_LISTENERS_MAX) {
		snprintf(why, 200, "too many listeners");
		return -1;
	}
	e->server = s;
	cfg->config_key = "listen.console";
	cfg->max_queue = QUEUE_MAX;
	cfg->service = &service;
	cfg->ctx = e;
	port = net_listen(s->net, cfg, &e->listener, why);
	if (port >= 0)
		s->endpoint_count++;
	return port;
}

int http_server_listen(
	struct http_server *s, const char *address, int port, struct tls_server *tls, char why[200])
{
	struct net_listen cfg = {.address = address, .port = port, .tls = tls};

	return listen_on(s, &cfg, why);
}

int http_server_listen_unix(struct http_server *s, const char *path, char why[200])
{
	struct net_listen cfg = {.unix_path = path};

	return listen_on(s, &cfg, why);
}

void http_server_destroy(struct http_server *s)
{
	if (!s)
		return;
	for (int i = 0; i < s->endpoint_count; i++)
		net_listener_abandon(s->endpoints[i].listener);
	while (s->conns)
		free_conn(s->conns);
	free(s);
}
