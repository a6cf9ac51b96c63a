/*
 * Peers: how many connections each address has open, to cap them. IPv6 counts by /64, for that is
 * what one household or one attacker gets. Loop thread only.
 */
#ifndef CSMS_NET_PEERS_H
#define CSMS_NET_PEERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct net_peers;

/* An address as 16 bytes, IPv4 mapped into IPv6. */
struct net_address {
	uint8_t bytes[16];
};

struct net_peers *net_peers_create(void);

/* False for families other than IPv4 and IPv6. */
bool net_address_from(const struct sockaddr_storage *from, struct net_address *to);
const char *net_address_format(const struct net_address *a, char *buf, int size);

/* Counts one more connection of `a`; false if it already has `max` (0: no limit). */
bool net_peers_enter(struct net_peers *p, const struct net_address *a, int max);
void net_peers_leave(struct net_peers *p, const struct net_address *a);

void net_peers_destroy(struct net_peers *p);

#endif
