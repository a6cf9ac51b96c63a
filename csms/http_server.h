/*
 * HTTP server for API and console: HTTPS or Unix socket, whole request bodies in, replies now or
 * later, long-lived event streams. It knows HTTP, not our API.
 *
 * Loop thread only. An exchange lives until its reply was sent or its client went away; the
 * `gone` callback of http_hold() tells a handler that answers later.
 */
#ifndef CSMS_HTTP_SERVER_H
#define CSMS_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include "csms/net.h"

struct tls_server;
struct http_server;
struct http_exchange;

struct http_request {
	const char *method; /* "GET" … */
	const char *path; /* percent-decoded segments are the caller's business; no query */
	const char *query; /* raw text after '?', or "" */
	const char *body; /* NUL-terminated; "" if none */
	size_t body_len;
	const char *content_type, *authorization, *cookie, *origin, *host; /* "" if absent */
	const char *sec_fetch_site, *if_none_match, *if_match, *last_event_id, *idempotency_key;
	const char *csrf_token, *accept_encoding; /* x-csrf-token, accept-encoding; "" if absent */
	const char *peer; /* address, or "unix" */
	bool local; /* came in over the Unix socket */
	int uid; /* peer's user id on the Unix socket, else -1 */
};

typedef void (*http_handler)(void *ctx, struct http_exchange *x, const struct http_request *req);

struct http_limits {
	size_t max_body; /* larger: 413 */
	int request_timeout_s; /* from first byte to whole body */
	int max_streams; /* open event streams */
};

/* Creates the server; `handler` gets every request. */
struct http_server *http_server_create(
	struct net *n, http_handler handler, void *ctx, const struct http_limits *limits);

/* As ws_server_listen(): HTTPS with `tls`, plain HTTP without. Port, or -1 with `why`. */
int http_server_listen(struct http_server *s, const char *address, int port, struct tls_server *tls,
	char why[200]);

/* Listens on a Unix socket at `path`, mode 0600; a dead leftover is replaced, a live one refused. */
int http_server_listen_unix(struct http_server *s, const char *path, char why[200]);

/* Adds a header to the reply to come. `name` in lower case without colon. */
void http_header(struct http_exchange *x, const char *name, const char *value);

/* Sends the reply; the body is copied. The exchange is over for the handler. Security headers
 * (HSTS on TLS, nosniff, frame-ancestors, no-store unless cache-control was set) are added. */
void http_reply(struct http_exchange *x, int status, const char *content_type, const char *body,
	size_t len);

/* The handler will reply later. `gone(arg)` is called if the client leaves first; the exchange
 * must not be touched afterwards. */
void http_hold(struct http_exchange *x, void (*gone)(void *arg), void *arg);

/* Starts a reply without end (200, chunked or until close): text/event-stream. After it,
 * http_stream_send() any number of times; `gone` as above. -1: too many streams (503 was sent). */
int http_stream_begin(
	struct http_exchange *x, const char *content_type, void (*gone)(void *arg), void *arg);

/* Queues bytes; -1 when more than 1 MB waits (the stream is then closed and `gone` comes). */
int http_stream_send(struct http_exchange *x, const char *bytes, size_t len);

void http_stream_end(struct http_exchange *x);

void http_server_destroy(struct http_server *s);

#endif
