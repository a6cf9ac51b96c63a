/*
 * Inside of csms/net: connections as plain bytes, TLS and polling done. csms/net/ws_server.c and
 * csms/net/http_server.c speak their protocols on top; nobody else includes this.
 *
 * Loop thread only. A connection lives until its service's `closed` returned; closed is never
 * called from inside a net_conn_ call, and always exactly once.
 */
#ifndef CSMS_NET_INTERNAL_H
#define CSMS_NET_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include "csms/net/net.h"

struct peer_facts; /* csms/pki/peer_check.h */
struct tls_server;
struct net_listener;
struct net_conn;

/* What a server does with the connections of its listeners. */
struct net_service {
	/* A client connected; for TLS before the handshake. May set the user pointer. */
	void (*opened)(void *ctx, struct net_conn *c);
	/* Bytes came in. They may be changed in place, and are gone afterwards. */
	void (*received)(void *ctx, struct net_conn *c, unsigned char *bytes, size_t len);
	/* Everything that was queued has left: after net_conn_when_drained(), and may come by
	 * itself. May be NULL. */
	void (*drained)(void *ctx, struct net_conn *c);
	/* `why`: "closed by peer", or what net_conn_kill() or a deadline said. */
	void (*closed)(void *ctx, struct net_conn *c, const char *why);
};

struct net_listen {
	const char *address; /* NULL: all */
	int port; /* 0: any */
	const char *unix_path; /* instead of address and port */
	struct tls_server *tls; /* NULL: plain */
	const char *config_key; /* what to change when the port is taken, for messages */
	size_t max_queue; /* bytes that may wait on one connection */
	const struct net_service *service;
	void *ctx;
};

/* Starts listening. The bound port (0 for a Unix socket), or -1 with `why`. */
int net_listen(
	struct net *n, const struct net_listen *cfg, struct net_listener **out, char why[200]);

/* Takes no more connections. */
void net_listener_close(struct net_listener *l);

/* Also drops its connections; the service is not called any more. For a server that goes. */
void net_listener_abandon(struct net_listener *l);

struct timers *net_timers(struct net *n);

/* Timer delay for a wait on a real peer: sockets do not run faster when the clock is scaled. */
int64_t net_real_ms(int64_t ms);

void net_conn_set_user(struct net_conn *c, void *user);
void *net_conn_user(const struct net_conn *c);
struct net_listener *net_conn_listener(const struct net_conn *c);
bool net_conn_is_tls(const struct net_conn *c);

#define NET_PEER_SIZE 64

/* The peer's address ("192.0.2.7"), or "unix"; valid until the next call. */
const char *net_conn_peer(const struct net_conn *c);

/* The certificate that the peer has shown, verified; NULL: none. Lives as long as the connection. */
const struct peer_facts *net_conn_certificate(const struct net_conn *c);

/* User id of the peer on a Unix socket, else -1. */
int net_conn_uid(const struct net_conn *c);

/* Drops the connection in `seconds` of real time unless called again; 0: never. It starts with
 * net_limits.header_timeout_s. */
void net_conn_deadline(struct net_conn *c, int seconds, enum limit which);

/* The client of a connection has reached a limit. */
void net_conn_limited(const struct net_conn *c, enum limit which);

/* Sends or queues head and body as one piece, copied. -1: over max_queue, or the connection is
 * finishing or dying; nothing was queued then. */
int net_conn_send(
	struct net_conn *c, const void *head, size_t head_len, const void *body, size_t len);

/* Calls `drained` soon after all that was sent has left. */
void net_conn_when_drained(struct net_conn *c);

/* Bytes that wait in the queue. */
size_t net_conn_queued(const struct net_conn *c);

/* Forgets what is queued but for a piece that is already partly on the wire. */
void net_conn_drop_queue(struct net_conn *c);

/* Stops and resumes reading. */
void net_conn_pause(struct net_conn *c);
void net_conn_resume(struct net_conn *c);

/* No more sends: closes once the queue has left, politely, so that the peer reads the last bytes
 * before it sees the end. What it still sends is thrown away. */
void net_conn_finish(struct net_conn *c);

/* Drops the connection soon, unsent bytes and all. */
void net_conn_kill(struct net_conn *c, const char *why);

#endif
