/*
 * Net: the one libwebsockets context of the process, on our loop. csms/net/ws_server.c and
 * csms/net/http_server.c add their listeners to it.
 */
#ifndef CSMS_NET_H
#define CSMS_NET_H

#include "csms/net/limit.h"
#include "csms/loop.h"

struct net;

struct net_limits {
	int max_connections; /* all listeners together; RLIMIT_NOFILE is raised to fit */
	int max_per_address; /* open connections from one address (0: no limit) */
	int connects_per_s; /* accepted per second over all listeners (0: no limit); more wait */
	int address_connects_per_s; /* of one address (0: no limit); ten times as many at once, more are closed */
	int header_timeout_s; /* from TCP accept to the end of the HTTP request header */
	limit_reached reached; /* NULL: nobody counts */
	void *reached_ctx;
};

/* Creates the context; NULL after logging why. */
struct net *net_create(struct loop *l, const struct net_limits *limits);

/* Stops listening on every listener, so that no new connection is made. */
void net_stop_listening(struct net *n);

void net_destroy(struct net *n);

#endif
