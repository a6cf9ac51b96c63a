/*
 * What the three parts of the WebSocket server share: csms/net/ws_server.c (connections, their life and
 * end), csms/net/ws_upgrade.c (from the request to an open connection) and csms/net/ws_messages.c (from
 * bytes to messages).
 */
#ifndef CSMS_WS_PRIVATE_H
#define CSMS_WS_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include "csms/bytes.h"
#include "csms/clock.h"
#include "csms/net/net_internal.h"
#include "csms/net/ws_deflate.h"
#include "csms/net/ws_frame.h"
#include "csms/net/ws_server.h"

#define WS_LISTENERS_MAX 4

struct ws_endpoint {
	struct ws_server *server;
	struct net_listener *listener;
	int profile;
	char base[128];
};

enum ws_state {
	WS_HEAD, /* waits for the upgrade request */
	WS_OPEN,
	WS_CLOSING, /* we sent a close frame and wait for the peer's */
	WS_ENDED, /* nothing from the peer matters any more */
};

struct ws_conn {
	struct net_conn *net;
	struct ws_endpoint *endpoint;
	struct ws_conn *prev, *next;
	void *user;
	const char *protocol;
	enum ws_state state;
	bool was_opened, is_paused, awaits_pong, heard, message_compressed, in_message;
	signed char deflate_bits; /* 0: not negotiated */
	int close_code; /* what `closed` will be told; 0: TCP just went away */
	const char *close_why;
	struct timer ping, resume;
	double tokens; /* messages that may come in now */
	mono_t tokens_at;
	struct bytes in; /* received, not yet a whole frame */
	struct bytes message; /* fragments of the message so far */
};

struct ws_server {
	struct net *net;
	struct timers *timers;
	struct ws_handlers on;
	struct ws_limits limits;
	struct ws_stats stats;
	struct ws_deflate *deflate;
	struct ws_conn *conns;
	struct ws_endpoint endpoints[WS_LISTENERS_MAX];
	int endpoint_count;
	unsigned spread; /* makes the first pings of a storm of connections come apart */
};

static inline struct ws_server *ws_server_of(const struct ws_conn *c)
{
	return c->endpoint->server;
}

/* -- csms/net/ws_server.c ------------------------------------------------------------------------- */

/* Sends one frame; 0 or -1 when the connection cannot take it any more. */
int ws_conn_frame(
	struct ws_conn *c, enum ws_opcode opcode, bool is_compressed, const void *data, size_t len);

/* Ends a connection that cannot go on: the peer broke a rule, or does not read. `why` is a string
 * that stays. */
void ws_conn_fail(struct ws_conn *c, int code, const char *why);
/* … because it does not read what is sent to it. */
void ws_conn_fail_queue(struct ws_conn *c);

/* The peer's close frame. */
void ws_conn_closed(struct ws_conn *c, const unsigned char *payload, size_t len);

/* The first ping comes somewhere in the second half of the interval. */
void ws_conn_start_pings(struct ws_conn *c);

/* -- csms/net/ws_upgrade.c ------------------------------------------------------------------------ */

/* Bytes of the request; it may come in pieces, and frames may come right behind it. */
void ws_upgrade_bytes(struct ws_conn *c, unsigned char *data, size_t len);

/* -- csms/net/ws_messages.c ----------------------------------------------------------------------- */

/* Bytes of an open connection. */
void ws_messages_bytes(struct ws_conn *c, unsigned char *data, size_t len);

/* Takes what was kept in c->in. */
void ws_messages_held(struct ws_conn *c);

#endif
