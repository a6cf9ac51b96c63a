/*
 * Private to csms/net/net.c (listeners, accepting, life) and csms/net/net_conn.c (one connection).
 */
#ifndef CSMS_NET_PRIVATE_H
#define CSMS_NET_PRIVATE_H

#include <libwebsockets.h>
#include "csms/net/net_internal.h"
#include "csms/net/net_peers.h"

#define NET_SCRATCH 65536

/* A piece that waits to be sent. */
struct chunk {
	struct chunk *next;
	size_t len;
	char bytes[];
};

struct net_listener {
	struct net *net;
	struct net_listener *prev, *next;
	struct lws_vhost *vhost;
	struct loop_io *io;
	int fd;
	char *unix_path;
	bool is_tls;
	size_t max_queue;
	const struct net_service *service;
	void *ctx;
};

enum conn_state { CONN_OPEN, CONN_FINISHING, CONN_LINGERING, CONN_DYING };

struct net_conn {
	struct net_listener *listener;
	struct lws *wsi; /* NULL once lws let go of it */
	void *user;
	struct net_conn *prev, *next;
	struct net_conn *next_dying;
	struct net_address address;
	int uid;
	enum conn_state state;
	bool adopting, heard;
	bool is_paused; /* its service reads no more for now */
	bool is_blocked; /* it takes no more for now, and is not read either */
	struct timer deadline;
	enum limit deadline_limit;
	const char *why;
	struct chunk *first, *last;
	size_t queued;
};

struct net {
	struct loop *loop;
	struct timers *timers;
	struct net_limits limits;
	struct lws_context *lws;
	struct lws_vhost *plain;
	struct net_listener *listeners;
	struct net_conn *conns, *dying;
	struct net_peers *peers;
	struct timer reap, resume;
	lws_sorted_usec_list_t heartbeat;
	int open;
	bool accepting_paused;
	int accepts; /* that a listener may make in a turn now */
	double tokens; /* connections that may be accepted now */
	mono_t tokens_at;
	unsigned char scratch[NET_SCRATCH];
};

/* The callback of all connections, for the protocol table of libwebsockets. */
int net_conn_on_lws(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);

/* Takes over an accepted socket whose address was counted. */
void net_conn_adopt(struct net_listener *l, int fd, const struct net_address *address, int uid);

/* Closes at once what net_conn_kill() marked. */
void net_conn_reap(struct net *n);

/* Somebody has reached a limit. `peer`: "" if it is nobody's. */
void net_limited(const struct net *n, enum limit which, const char *peer);

/* A connection has left: accept again if there was no place. */
void net_place_is_free(struct net *n);

#endif
