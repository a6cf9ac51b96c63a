#include "csms/net/net_peers.h"

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
	double tokens; /* connections that it may make now; -1: nobody limits that */
	mono_t tokens_at;
	UT_hash_handle hh;
};

struct net_peers {
	struct peer *table;
	int resting; /* peers without a connection, remembered for their pace */
	mono_t swept;
};

enum {
	BURST_S = 10,
	RESTING_MAX = 10000, /* more addresses than that are not remembered */
	SWEEP_MS = 1000,
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

static struct peer *find(struct net_peers *p, const struct net_address *a, bool makes)
{
	struct peer *peer;
	uint8_t key[16];

	make_key(key, a);
	HASH_FIND(hh, p->table, key, sizeof(key), peer);
	if (peer || !makes || !(peer = calloc(1, sizeof(*peer))))
		return peer;
	memcpy(peer->key, key, sizeof(key));
	peer->tokens = -1;
	HASH_ADD(hh, p->table, key, sizeof(key), peer);
	if (!peer->hh.tbl) {
		free(peer);
		return NULL;
	}
	p->resting++;
	return peer;
}

static void forget(struct net_peers *p, struct peer *peer)
{
	p->resting--;
	HASH_DEL(p->table, peer);
	free(peer);
}

/* Adds what has grown since the last time. */
static void grow(struct peer *peer, double per_s, mono_t now)
{
	double most = per_s * BURST_S;

	if (peer->tokens < 0)
		peer->tokens = most;
	else
		peer->tokens += (double)(now.us - peer->tokens_at.us) / 1e6 * per_s;
	if (peer->tokens > most)
		peer->tokens = most;
	peer->tokens_at = now;
}

/* Those that have rested long enough are as good as unknown. */
static void sweep(struct net_peers *p, mono_t now)
{
	struct peer *peer, *next;

	if (mono_diff_ms(now, p->swept) < SWEEP_MS)
		return;
	p->swept = now;
	HASH_ITER (hh, p->table, peer, next)
		if (!peer->open && mono_diff_ms(now, peer->tokens_at) >= BURST_S * 1000)
			forget(p, peer);
}

enum net_peers_verdict net_peers_enter(struct net_peers *p, const struct net_address *a,
	const struct net_peers_limits *limits, mono_t now)
{
	struct peer *peer;

	if (p->resting >= RESTING_MAX / 2)
		sweep(p, now);
	peer = find(p, a, true);
	if (!peer)
		return NET_PEERS_TOO_MANY;
	if (limits->per_s > 0) {
		grow(peer, limits->per_s, now);
		if (peer->tokens < 1)
			return NET_PEERS_TOO_FAST;
		peer->tokens -= 1;
	}
	if (limits->open > 0 && peer->open >= limits->open)
		return NET_PEERS_TOO_MANY;
	p->resting -= peer->open++ == 0;
	return NET_PEERS_OK;
}

void net_peers_leave(struct net_peers *p, const struct net_address *a)
{
	struct peer *peer = find(p, a, false);

	if (!peer || --peer->open > 0)
		return;
	p->resting++;
	if (peer->tokens < 0 || p->resting > RESTING_MAX)
		forget(p, peer);
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
