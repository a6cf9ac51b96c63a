#include "csms/net_peers.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* A lone failed malloc must not end the process: then the peer is refused. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct peer {
	uint8_t key[16];
	int open;
	UT_hash_handle hh;
};

struct net_peers {
	struct peer *table;
};

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct net_peers *net_peers_create(void)
{
	return calloc(1, sizeof(struct net_peers));
}

static bool is_ipv4(const struct net_address *a)
{
	return !memcmp(a->bytes, mapped_prefix, sizeof(mapped_prefix));
}

bool net_address_from(const struct sockaddr_storage *from, struct net_address *to)
{
	if (from->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)from;

		memcpy(to->bytes, mapped_prefix, sizeof(mapped_prefix));
		memcpy(to->bytes + 12, &in->sin_addr, 4);
		return true;
	}
	if (from->ss_family == AF_INET6) {
		memcpy(to->bytes, &((const struct sockaddr_in6 *)from)->sin6_addr, 16);
		return true;
	}
	return false;
}

const char *net_address_format(const struct net_address *a, char *buf, int size)
{
	const char *text = is_ipv4(a) ? inet_ntop(AF_INET, a->bytes + 12, buf, (socklen_t)size)
				      : inet_ntop(AF_INET6, a->bytes, buf, (socklen_t)size);

	return text ? text : "?";
}

static void make_key(uint8_t key[16], const struct net_address *a)
{
	memcpy(key, a->bytes, 16);
	if (!is_ipv4(a))
		memset(key + 8, 0, 8);
}

bool net_peers_enter(struct net_peers *p, const struct net_address *a, int max)
{
	struct peer *peer;
	uint8_t key[16];

	make_key(key, a);
	HASH_FIND(hh, p->table, key, sizeof(key), peer);
	if (!peer) {
		peer = calloc(1, sizeof(*peer));
		if (!peer)
			return false;
		memcpy(peer->key, key, sizeof(key));
		HASH_ADD(hh, p->table, key, sizeof(key), peer);
		if (!peer->hh.tbl) {
			free(peer);
			return false;
		}
	}
	if (max > 0 && peer->open >= max)
		return false;
	peer->open++;
	return true;
}

void net_peers_leave(struct net_peers *p, const struct net_address *a)
{
	struct peer *peer;
	uint8_t key[16];

	make_key(key, a);
	HASH_FIND(hh, p->table, key, sizeof(key), peer);
	if (!peer || --peer->open > 0)
		return;
	HASH_DEL(p->table, peer);
	free(peer);
}

void net_peers_destroy(struct net_peers *p)
{
	struct peer *peer, *next;

	if (!p)
		return;
	HASH_ITER (hh, p->table, peer, next) {
		HASH_DEL(p->table, peer);
		free(peer);
	}
	free(p);
}
