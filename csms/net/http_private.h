/*
 * The inside of the HTTP server, shared by csms/net/http_server.c (listeners, connections, requests) and
 * csms/net/http_reply.c (what goes back).
 */
#ifndef CSMS_HTTP_PRIVATE_H
#define CSMS_HTTP_PRIVATE_H

#include "csms/bytes.h"
#include "csms/net/http_body.h"
#include "csms/net/http_head.h"
#include "csms/net/http_server.h"
#include "csms/net/net_internal.h"

#define HTTP_LISTENERS_MAX  4
#define HTTP_REPLY_HEAD_MAX 8192

struct endpoint {
	struct http_server *server;
	struct net_listener *listener;
};

enum http_state {
	HTTP_HEAD, /* waits for a request, or for the rest of its head */
	HTTP_BODY,
	HTTP_ANSWERING, /* the handler has it */
	HTTP_STREAMING,
	HTTP_SENDING, /* a reply of known length that comes in pieces */
	HTTP_ENDED,
};

struct http_exchange {
	struct http_conn *conn;
	char *head_bytes;
	struct http_head head;
	struct http_body body;
	bool is_head, keeps_alive, is_chunked, sets_cache, sets_csp;
	bool in_handler, is_held;
	const struct http_sink *sink; /* gets the body as it comes; NULL: it is collected */
	void *sink_arg;
	uint64_t left; /* of a reply in pieces */
	void (*more)(void *arg);
	char reply_head[HTTP_REPLY_HEAD_MAX]; /* fields that the handler set */
	size_t reply_head_len;
	void (*gone)(void *arg);
	void *gone_arg;
};

struct http_conn {
	struct net_conn *net;
	struct endpoint *endpoint;
	struct http_conn *prev, *next;
	enum http_state state;
	bool is_full, is_slow; /* reading rests: too many requests wait, the sink is behind */
	bool is_consuming, had_request;
	struct http_exchange *exchange;
	struct timer next_request;
	struct bytes in; /* what no request has taken yet */
	size_t searched; /* of it, for the end of a head */
};

struct http_server {
	struct net *net;
	http_handler handler, on_head;
	void *ctx;
	struct http_limits limits;
	struct http_conn *conns;
	struct endpoint endpoints[HTTP_LISTENERS_MAX];
	int endpoint_count, streams;
};

static inline struct http_server *http_server_of(const struct http_conn *c)
{
	return c->endpoint->server;
}

/* -- http_server.c ----------------------------------------------------------------------------- */

/* The reply is on its way: on to the next request, or the end. */
void http_end_exchange(struct http_exchange *x);

/* -- http_reply.c ------------------------------------------------------------------------------ */

#define HTTP_PROBLEM_TYPE "application/problem+json"

/* application/problem+json, as the API answers too. All parts are texts of ours. */
int http_problem(char *out, size_t size, int status, const char *detail);

/* All that was queued has left: the next piece may be asked for. */
void http_on_drained(struct http_conn *c);

#endif
