#include "csms/http_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "csms/bytes.h"
#include "csms/http_body.h"
#include "csms/http_head.h"
#include "csms/net_internal.h"

enum {
	LISTENERS_MAX = 4,
	IDLE_S = 75, /* a browser's connection between two requests */
	PIPELINE_MAX = 16384, /* requests that wait behind the one in work */
	REPLY_HEAD_MAX = 8192,
	QUEUE_MAX = 32 * 1024 * 1024, /* a reply is one piece */
	STREAM_QUEUE_MAX = 1024 * 1024,
};

#define PROBLEM_TYPE "application/problem+json"

struct endpoint {
	struct http_server *server;
	struct net_listener *listener;
};

enum http_state {
	HTTP_HEAD, /* waits for a request, or for the rest of its head */
	HTTP_BODY,
	HTTP_ANSWERING, /* the handler has it */
	HTTP_STREAMING,
	HTTP_ENDED,
};

struct http_conn;

struct http_exchange {
	struct http_conn *conn;
	char *head_bytes;
	struct http_head head;
	struct http_body body;
	bool is_head, keeps_alive, is_chunked, sets_cache, sets_csp;
	bool in_handler, is_held;
	char reply_head[REPLY_HEAD_MAX]; /* fields that the handler set */
	size_t reply_head_len;
	void (*gone)(void *arg);
	void *gone_arg;
};

struct http_conn {
	struct net_conn *net;
	struct endpoint *endpoint;
	struct http_conn *prev, *next;
	enum http_state state;
	bool is_paused, is_consuming, had_request;
	struct http_exchange *exchange;
	struct timer next_request;
	struct bytes in; /* what no request has taken yet */
	size_t searched; /* of it, for the end of a head */
};

struct http_server {
	struct net *net;
	http_handler handler;
	void *ctx;
	struct http_limits limits;
	struct http_conn *conns;
	struct endpoint endpoints[LISTENERS_MAX];
	int endpoint_count, streams;
};

static struct http_server *server_of(const struct http_conn *c)
{
	return c->endpoint->server;
}

static void consume(struct http_conn *c);

/* --- replies ------------------------------------------------------------------------------- */

static bool has_line_break(const char *s)
{
	return strpbrk(s, "\r\n") != NULL;
}

void http_header(struct http_exchange *x, const char *name, const char *value)
{
	size_t room = sizeof(x->reply_head) - x->reply_head_len;
	int n;

	/* A value with a line break would let its author write headers, or a second reply. */
	if (has_line_break(name) || has_line_break(value))
		return;
	n = snprintf(x->reply_head + x->reply_head_len, room, "%s: %s\r\n", name, value);
	if (n < 0 || (size_t)n >= room) {
		x->reply_head[x->reply_head_len] = '\0';
		return;
	}
	x->reply_head_len += (size_t)n;
	x->sets_cache |= !strcmp(name, "cache-control");
	x->sets_csp |= !strcmp(name, "content-security-policy");
}

/* Status line and all fields but those about the length. */
static int write_reply_head(
	const struct http_exchange *x, char *out, size_t size, int status, const char *content_type)
{
	return snprintf(out, size,
		"HTTP/1.1 %d %s\r\n%s%s%s%s%s%s"
		"x-content-type-options: nosniff\r\nreferrer-policy: no-referrer\r\n"
		"connection: %s\r\n%s",
		status, http_reason(status), content_type ? "content-type: " : "",
		content_type ? content_type : "", content_type ? "\r\n" : "",
		x->sets_cache ? "" : "cache-control: no-store\r\n",
		x->sets_csp ? ""
			    : "content-security-policy: default-src 'self'; base-uri 'none'; "
			      "form-action 'self'; frame-ancestors 'none'\r\n",
		net_conn_is_tls(x->conn->net) ? "strict-transport-security: max-age=31536000\r\n"
					      : "",
		x->keeps_alive ? "keep-alive" : "close", x->reply_head);
}

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

/* The reply is on its way: on to the next request, or the end. */
static void end_exchange(struct http_exchange *x)
{
	struct http_conn *c = x->conn;
	struct http_server *s = server_of(c);
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
	net_conn_deadline(c->net, IDLE_S, "idle");
	/* Not from here: the caller may be anywhere, and the handler would be entered again. */
	if (!c->is_consuming && (c->in.len || c->is_paused))
		timer_start(net_timers(s->net), &c->next_request, 0, on_next_request, c);
}

static bool has_no_body(int status)
{
	return status == 204 || status == 304;
}

void http_reply(
	struct http_exchange *x, int status, const char *content_type, const char *body, size_t len)
{
	char head[REPLY_HEAD_MAX + 1024];
	int n = write_reply_head(x, head, sizeof(head) - 64, status, len ? content_type : NULL);

	if (!has_no_body(status))
		n += snprintf(head + n, sizeof(head) - (size_t)n, "content-length: %zu\r\n", len);
	n += snprintf(head + n, sizeof(head) - (size_t)n, "\r\n");
	if (x->is_head || has_no_body(status))
		len = 0;
	if (net_conn_send(x->conn->net, head, (size_t)n, body, len))
		net_conn_kill(x->conn->net, "reply does not fit the queue");
	end_exchange(x);
}

/* application/problem+json, as the API answers too. All parts are texts of ours. */
static int problem(char *out, size_t size, int status, const char *detail)
{
	return snprintf(out, size,
		"{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":\"%s\"}",
		http_reason(status), status, detail);
}

static void reply_problem(struct http_exchange *x, int status, const char *detail)
{
	char body[300];
	int n = problem(body, sizeof(body), status, detail);

	http_reply(x, status, PROBLEM_TYPE, body, (size_t)n);
}

void http_hold(struct http_exchange *x, void (*gone)(void *arg), void *arg)
{
	x->is_held = true;
	x->gone = gone;
	x->gone_arg = arg;
}

/* --- streams ------------------------------------------------------------------------------- */

int http_stream_begin(
	struct http_exchange *x, const char *content_type, void (*gone)(void *arg), void *arg)
{
	struct http_server *s = server_of(x->conn);
	char head[REPLY_HEAD_MAX + 1024];
	int n;

	if (s->streams >= s->limits.max_streams) {
		http_header(x, "retry-after", "5");
		reply_problem(x, 503, "too many event streams are open: close one, or try again");
		return -1;
	}
	x->is_chunked = x->head.minor_version == 1;
	if (!x->is_chunked)
		x->keeps_alive = false;
	n = write_reply_head(x, head, sizeof(head) - 64, 200, content_type);
	n += snprintf(head + n, sizeof(head) - (size_t)n, "%s\r\n",
		x->is_chunked ? "transfer-encoding: chunked\r\n" : "");
	s->streams++;
	x->conn->state = HTTP_STREAMING;
	http_hold(x, gone, arg);
	net_conn_send(x->conn->net, head, (size_t)n, "", 0);
	return 0;
}

int http_stream_send(struct http_exchange *x, const char *bytes, size_t len)
{
	struct net_conn *net = x->conn->net;
	char size_line[24];
	int n = snprintf(size_line, sizeof(size_line), "%zx\r\n", len);
	int status = 0;

	if (!len || x->is_head)
		return 0;
	if (net_conn_queued(net) + len > STREAM_QUEUE_MAX)
		status = -1;
	else if (!x->is_chunked)
		status = net_conn_send(net, "", 0, bytes, len);
	else if (net_conn_send(net, size_line, (size_t)n, bytes, len) ||
		 net_conn_send(net, "\r\n", 2, "", 0))
		status = -1;
	if (status)
		net_conn_kill(net, "stream reader is too slow");
	return status;
}

void http_stream_end(struct http_exchange *x)
{
	server_of(x->conn)->streams--;
	if (x->is_chunked && !x->is_head)
		net_conn_send(x->conn->net, "0\r\n\r\n", 5, "", 0);
	end_exchange(x);
}

/* --- requests ------------------------------------------------------------------------------ */

static const char *field(const struct http_head *h, const char *name)
{
	const char *value = http_head_get(h, name);

	return value ? value : "";
}

static void call_handler(struct http_exchange *x)
{
	struct http_conn *c = x->conn;
	struct http_server *s = server_of(c);
	const struct http_head *h = &x->head;
	char *query = strchr(h->target, '?'), peer[NET_PEER_SIZE];
	struct http_request request = {
		/* A HEAD is a GET whose body stays here. */
		.method = x->is_head ? "GET" : h->method,
		.path = h->target,
		.query = query ? query + 1 : "",
		.body = x->body.bytes.data ? (const char *)x->body.bytes.data : "",
		.body_len = x->body.bytes.len,
		.content_type = field(h, "content-type"),
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

	snprintf(peer, sizeof(peer), "%s", net_conn_peer(c->net));
	if (query)
		*query = '\0';
	c->state = HTTP_ANSWERING;
	net_conn_deadline(c->net, 0, NULL);
	x->in_handler = true;
	s->handler(s->ctx, x, &request);
	x->in_handler = false;
	if (c->exchange != x) /* it was answered */
		free_exchange(x);
	else if (!x->is_held)
		reply_problem(x, 500, "depotd has no answer to this request");
}

/* What a refusal of our own means, for a person. */
static const char *detail_of(int status)
{
	switch (status) {
	case 400:
		return "this is not a request of HTTP/1.1: check its first line, its headers (host, "
		       "content-length) and its chunks";
	case 413:
		return "the body is longer than limits.max_body of the config";
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

/* A request that no handler sees; what follows it cannot be told from its body. */
static void refuse(struct http_conn *c, int status)
{
	char body[300], reply[600];
	int len = problem(body, sizeof(body), status, detail_of(status));
	int n = snprintf(reply, sizeof(reply),
		"HTTP/1.1 %d %s\r\ncontent-type: " PROBLEM_TYPE "\r\ncontent-length: %d\r\n"
		"connection: close\r\n\r\n%s",
		status, http_reason(status), len, body);

	c->state = HTTP_ENDED;
	net_conn_send(c->net, reply, (size_t)n, "", 0);
	net_conn_finish(c->net);
}

static void drop_input(struct http_conn *c, size_t n)
{
	c->searched = 0;
	bytes_drop(&c->in, n);
}

/* Status 0, or the one to refuse with. */
static int begin_exchange(struct http_conn *c, size_t head_len)
{
	struct http_server *s = server_of(c);
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
	length = http_head_body_length(&x->head, s->limits.max_body);
	if (length < -1)
		return (int)-length;
	http_body_init(&x->body, length, s->limits.max_body);
	x->keeps_alive = http_head_keeps_alive(&x->head);
	x->is_head = !strcmp(x->head.method, "HEAD");
	if (!x->body.is_complete && http_head_has_token(&x->head, "expect", "100-continue"))
		net_conn_send(c->net, "HTTP/1.1 100 Continue\r\n\r\n", 25, "", 0);
	net_conn_deadline(c->net, s->limits.request_timeout_s, "request took too long");
	c->state = HTTP_BODY;
	c->had_request = true;
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
	if (c->exchange)
		free_exchange(c->exchange);
	c->exchange = NULL;
	refuse(c, status);
	return false;
}

static bool take_body(struct http_conn *c)
{
	struct http_exchange *x = c->exchange;
	long n;

	if (!x->body.is_complete && c->in.len) {
		n = http_body_take(&x->body, (const char *)c->in.data, c->in.len);
		if (n < 0) {
			free_exchange(x);
			c->exchange = NULL;
			refuse(c, (int)-n);
			return false;
		}
		drop_input(c, (size_t)n);
	}
	if (!x->body.is_complete)
		return false;
	call_handler(x);
	return true;
}

static void consume(struct http_conn *c)
{
	bool goes_on = true;

	c->is_consuming = true;
	while (goes_on && (c->state == HTTP_BODY || (c->state == HTTP_HEAD && c->in.len)))
		goes_on = c->state == HTTP_HEAD ? take_head(c) : take_body(c);
	c->is_consuming = false;
	if (c->is_paused && c->in.len < PIPELINE_MAX) {
		c->is_paused = false;
		net_conn_resume(c->net);
	}
}

/* --- the network's callbacks --------------------------------------------------------------- */

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
	DL_APPEND(server_of(c)->conns, c);
}

static void on_net_received(void *ctx, struct net_conn *net, unsigned char *data, size_t len)
{
	struct http_conn *c = net_conn_user(net);

	if (!c || c->state == HTTP_ENDED)
		return;
	/* The first request must come within the header timeout that runs since the connect. */
	if (c->state == HTTP_HEAD && !c->in.len && c->had_request)
		net_conn_deadline(
			net, server_of(c)->limits.request_timeout_s, "request took too long");
	if (!bytes_add(&c->in, data, len)) {
		net_conn_kill(net, "out of memory");
		return;
	}
	consume(c);
	if (c->in.len >= PIPELINE_MAX && c->state != HTTP_ENDED && !c->is_paused) {
		c->is_paused = true;
		net_conn_pause(net);
	}
}

static void free_conn(struct http_conn *c)
{
	struct http_server *s = server_of(c);

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
	struct http_exchange *x;

	if (!c)
		return;
	x = c->exchange;
	if (x && c->state == HTTP_STREAMING)
		server_of(c)->streams--;
	if (x && x->is_held && x->gone)
		x->gone(x->gone_arg);
	free_conn(c);
}

static const struct net_service service = {
	on_net_opened,
	on_net_received,
	NULL,
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

static int listen_on(struct http_server *s, struct net_listen *cfg, char why[200])
{
	struct endpoint *e = &s->endpoints[s->endpoint_count];
	int port;

	if (s->endpoint_count == LISTENERS_MAX) {
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
