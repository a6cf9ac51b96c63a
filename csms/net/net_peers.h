/*
 * Peers: how many connections each address has open and how fast it makes them, to cap both. IPv6 counts by /64, for that is
 * what one household or one attacker gets. Loop thread only.
 */
#ifndef CSMS_NET_PEERS_H
#define CSMS_NET_PEERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include "csms/clock.h"

struct net_peers;

/* An address as 16 bytes, IPv4 mapped into IPv6. */
struct net_address {
	uint8_t bytes[16];
};

struct net_peers *net_peers_create(void);

/* False for families other than IPv4 and IPv6. */
bool net_address_from(const struct sockaddr_storage *from, struct net_address *to);
const char *net_address_format(const struct net_address *a, char *buf, int size);

struct net_peers_limits {
	int open; /* at a time; 0: no limit */
	double per_s; /* in the long run, ten seconds' worth at once; 0: no limit */
};

enum net_peers_verdict { NET_PEERS_OK, NET_PEERS_TOO_MANY, NET_PEERS_TOO_FAST };

/* Counts one more connection of `a`, if it may have one. */
enum net_peers_verdict net_peers_enter(struct net_peers *p, const struct net_address *a,
	const struct net_peers_limits *limits, mono_t now);
void net_peers_leave(struct net_peers *p, const struct net_address *a);

void net_peers_destroy(struct net_peers *p);

#endif
