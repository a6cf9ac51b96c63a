/*
 * WebSocket server for charging stations: listeners, the HTTP gate before the upgrade, whole text
 * messages in, queued text messages out, pings of our own. It knows HTTP and WebSocket, not OCPP.
 *
 * Loop thread only. No callback is called from inside ws_conn_send() or ws_conn_close(); after
 * `closed` the connection must not be touched.
 */
#ifndef CSMS_WS_SERVER_H
#define CSMS_WS_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include "csms/net/net.h"

struct peer_facts; /* csms/pki/peer_check.h */
struct tls_server; /* csms/net/tls.h */
struct ws_conn;
struct ws_server;

/* What the gate sees. Strings live during the call; all lengths are bounded. */
struct ws_gate_request {
	int profile; /* security profile of the listener, 1..3 */
	const char *identity; /* percent-decoded last segment of the path; checked: 1..48
				      characters of identifierString without ':' */
	bool has_basic; /* an Authorization: Basic header was there and could be read */
	const char *user; /* Basic user name, or "" */
	const unsigned char *password; /* Basic password: bytes, maybe with NUL */
	size_t password_len;
	const char *protocols; /* Sec-WebSocket-Protocol as sent, joined by commas; "" if none */
	const char *peer; /* "192.0.2.7" */
	const struct peer_facts *certificate; /* verified; NULL: the listener asks for none */
};

struct ws_gate_answer {
	int status; /* 101 to accept, else 401, 403, 404, 429, 503 … */
	int close_code; /* with 101: complete the handshake without a subprotocol, and close at once
			   (OCPP-J 3.2); nobody is told of such a connection. 0: stay open */
	const char *protocol; /* accepted subprotocol (static string) */
	void *user; /* given to opened/message/closed */
};

enum ws_close {
	WS_CLOSE_NORMAL = 1000,
	WS_CLOSE_GOING_AWAY = 1001,
	WS_CLOSE_PROTOCOL = 1002,
	WS_CLOSE_UNSUPPORTED = 1003, /* binary frame */
	WS_CLOSE_ABNORMAL = 1006, /* never sent: TCP went away, pong missing */
	WS_CLOSE_BAD_DATA = 1007, /* not UTF-8 */
	WS_CLOSE_POLICY = 1008,
	WS_CLOSE_TOO_BIG = 1009,
	WS_CLOSE_TRY_LATER = 1013, /* our send queue is full */
};

struct ws_handlers {
	/* Decides about an upgrade; must not block. */
	void (*gate)(void *ctx, const struct ws_gate_request *req, struct ws_gate_answer *ans);
	/* A refused attempt that never reached the gate (bad path, bad identity …), for the log. */
	void (*refused)(void *ctx, int profile, int status, const char *identity, const char *peer,
		const char *why);
	void (*opened)(void *ctx, void *user, struct ws_conn *c);
	/* A whole text message, NUL-terminated, valid UTF-8. */
	void (*message)(void *ctx, void *user, struct ws_conn *c, const char *text, size_t len);
	/* Any sign of life: a frame or a pong came in. May be NULL. */
	void (*alive)(void *ctx, void *user, struct ws_conn *c);
	void (*closed)(void *ctx, void *user, struct ws_conn *c, int code, const char *why);
	void *ctx;
};

struct ws_limits {
	size_t max_message; /* bytes of one message in; larger: close 1009 */
	size_t max_queue; /* bytes waiting to be sent on one connection; more: close 1013 */
	int ping_interval_s; /* our own pings; 0: none */
	int pong_timeout_s; /* silence after a ping before the connection is dropped */
	int messages_per_s; /* sustained rate of one connection; above it reading is paused */
	int message_burst;
};

struct ws_server *ws_server_create(
	struct net *n, const struct ws_handlers *handlers, const struct ws_limits *limits);

/* Listens on `address` ("127.0.0.1", "::", NULL for all) and `port` (0: any free one) for paths
 * below `base` ("/ocpp"). `tls` NULL: plain. The bound port, or -1 with `why` for a person
 * ("port 9000 is in use by another program; set listen.profile1.port"). */
int ws_server_listen(struct ws_server *s, const char *address, int port, const char *base,
	int profile, struct tls_server *tls, char why[200]);

/* Queues a text message; it is copied. 0, or -1 when the queue is full (the connection is then
 * closed with 1013). */
int ws_conn_send(struct ws_conn *c, const char *text, size_t len);

/* What later callbacks get as `user`; at first what the gate gave. */
void ws_conn_set_user(struct ws_conn *c, void *user);

/* Security profile of the listener, accepted subprotocol, address of the peer (valid until the
 * next call). */
int ws_conn_profile(const struct ws_conn *c);
const char *ws_conn_protocol(const struct ws_conn *c);
const char *ws_conn_peer(const struct ws_conn *c);
const struct peer_facts *ws_conn_certificate(const struct ws_conn *c); /* NULL: none */

/* Starts closing with `code`; `closed` comes later on the loop. Twice is harmless. */
void ws_conn_close(struct ws_conn *c, int code, const char *why);

/* Counters for /metrics. */
struct ws_stats {
	int open;
	int64_t accepted, refused, messages_in, messages_out, bytes_in, bytes_out;
	int64_t dropped_silent, dropped_oversize, dropped_binary;
};
const struct ws_stats *ws_server_stats(const struct ws_server *s);

/* Closes every connection with 1001 and sends what is queued. */
void ws_server_close_all(struct ws_server *s);

void ws_server_destroy(struct ws_server *s);

#endif
