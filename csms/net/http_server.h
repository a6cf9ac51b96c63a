/*
 * HTTP server for API, console and files: HTTPS or Unix socket, request bodies whole or as they come,
 * replies now, later or in pieces, long-lived event streams. It knows HTTP, not our API.
 *
 * Loop thread only. An exchange lives until its reply was sent or its client went away; the
 * `gone` callback of http_hold() tells a handler that answers later.
 */
#ifndef CSMS_HTTP_SERVER_H
#define CSMS_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "csms/net/net.h"

struct tls_server;
struct http_server;
struct http_exchange;

struct http_request {
	const char *method; /* "GET" … */
	const char *path; /* percent-decoded segments are the caller's business; no query */
	const char *query; /* raw text after '?', or "" */
	const char *body; /* NUL-terminated; "" if none, or if it is yet to come */
	size_t body_len;
	int64_t content_length; /* as announced; -1: it comes in chunks */
	const char *content_type, *authorization, *cookie, *origin, *host; /* "" if absent */
	const char *sec_fetch_site, *if_none_match, *if_match, *last_event_id, *idempotency_key;
	const char *csrf_token, *accept_encoding; /* x-csrf-token, accept-encoding; "" if absent */
	const char *content_disposition, *range, *if_range; /* "" if absent */
	bool is_head; /* method is "GET", but only the head of the reply will leave */
	const char *peer; /* address, or "unix" */
	bool local; /* came in over the Unix socket */
	int uid; /* peer's user id on the Unix socket, else -1 */
};

typedef void (*http_handler)(void *ctx, struct http_exchange *x, const struct http_request *req);

struct http_limits {
	size_t max_body; /* larger: 413 */
	int body_timeout_s; /* from first byte to whole body */
	int transfer_idle_s; /* a file or stream: without a byte, either way; 0: for ever */
	int idle_timeout_s; /* between two requests; 0: for ever */
	int max_streams; /* open event streams */
};

/* Creates the server; `handler` gets every request. */
struct http_server *http_server_create(
	struct net *n, http_handler handler, void *ctx, const struct http_limits *limits);

/* `on_head` sees each request that has a body before the body comes. It may take the body with
 * http_take_body(), or reply at once; else the body is collected for `handler`. */
void http_server_on_head(struct http_server *s, http_handler on_head);

/* What becomes of a body that is taken as it comes. In each call the exchange may be replied to. */
struct http_sink {
	void (*bytes)(void *arg, const char *bytes, size_t len);
	void (*end)(void *arg); /* that was all: reply, now or later */
	/* The client left, or broke HTTP, before the reply: the exchange is not to be touched. */
	void (*gone)(void *arg);
};

/* Takes the body, of at most `max` bytes (413 beyond). Only from on_head. */
void http_take_body(struct http_exchange *x, size_t max, const struct http_sink *sink, void *arg);

/* Stops and resumes reading: the sink is behind. A few kB may still come. */
void http_body_pause(struct http_exchange *x, bool is_behind);

/* As ws_server_listen(): HTTPS with `tls`, plain HTTP without. Port, or -1 with `why`. */
int http_server_listen(struct http_server *s, const char *address, int port, struct tls_server *tls,
	char why[200]);

/* Listens on a Unix socket at `path`, mode 0600; a dead leftover is replaced, a live one refused. */
int http_server_listen_unix(struct http_server *s, const char *path, char why[200]);

/* The value of any header of the request (name in lower case), "" if it is absent; while the
 * exchange lives. */
const char *http_request_header(const struct http_exchange *x, const char *name);

/* Adds a header to the reply to come. `name` in lower case without colon. */
void http_header(struct http_exchange *x, const char *name, const char *value);

/* Sends the reply; the body is copied. The exchange is over for the handler. Security headers
 * (HSTS on TLS, nosniff, frame-ancestors, no-store unless cache-control was set) are added. */
void http_reply(struct http_exchange *x, int status, const char *content_type, const char *body,
	size_t len);

/* application/problem+json with one line for a person; no quotes in it. */
void http_reply_problem(struct http_exchange *x, int status, const char *detail);

/* A reply of `length` bytes that comes in pieces. False: no bytes are wanted (HEAD, or none), and
 * the exchange is over. Else the caller sends the first piece with http_send(), and each next one
 * after `more` asked for it; with the last byte the exchange is over. */
struct http_source {
	void (*more)(void *arg);
	void (*gone)(void *arg); /* the client left first: the exchange is not to be touched */
};
bool http_send_begin(struct http_exchange *x, int status, const char *content_type, uint64_t length,
	const struct http_source *source, void *arg);
void http_send(struct http_exchange *x, const char *bytes, size_t len);

/* Drops the connection: a reply that was begun cannot be completed. `gone` comes. */
void http_abort(struct http_exchange *x, const char *why);

/* The handler will reply later. `gone(arg)` is called if the client leaves first; the exchange
 * must not be touched afterwards. */
void http_hold(struct http_exchange *x, void (*gone)(void *arg), void *arg);

/* Starts a reply without end (200, chunked or until close): text/event-stream. After it,
 * http_stream_send() any number of times; `gone` as above. -1: too many streams (503 was sent). */
int http_stream_begin(
	struct http_exchange *x, const char *content_type, void (*gone)(void *arg), void *arg);

/* Queues bytes; -1 when more than 1 MB waits (the stream is then closed and `gone` comes); 1 when
 * the request was a HEAD, whose body stays here. */
int http_stream_send(struct http_exchange *x, const char *bytes, size_t len);

/* After each http_stream_send() from now on `drained` is called, with the argument of `gone`, when
 * all that was queued has left: to send more than the queue holds. The exchange may end in it. */
void http_stream_on_drained(struct http_exchange *x, void (*drained)(void *arg));

void http_stream_end(struct http_exchange *x);

/* From now on the handlers are not called any more: requests on connections that live on are
 * answered with 503, and the connection closes. */
void http_server_stop(struct http_server *s);

void http_server_destroy(struct http_server *s);

#endif
