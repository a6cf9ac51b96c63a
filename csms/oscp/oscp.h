/*
 * OSCP 2.0: depotd as Flexibility Provider of one or more Capacity Providers (grid operators). Each
 * group of a provider is a node of the tree; its forecasts become envelopes on that node, what the
 * node's meter says goes back. docs/oscp.md is for the person who connects the two.
 *
 * What comes is journalled before it is answered (204, nothing else), and worked on after that. What
 * goes is sent by csms/net/http_client.h. State survives a restart; the tokens that we show others lie
 * in DATA/oscp/, 0600, those that others show us are kept as hashes. Loop thread only.
 */
#ifndef CSMS_OSCP_OSCP_H
#define CSMS_OSCP_OSCP_H

#include "csms/core.h"
#include "csms/net/http_server.h"
#include "gen/oscp20.h"

struct oscp;
struct oscp_peer;

/* Reads the depot's file and the store. NULL with one line for a person. */
struct oscp *oscp_create(struct core *c, char why[300]);

/* How others reach us, "https://host:port", known once the listener is bound; begins to talk. */
void oscp_set_url(struct oscp *o, const char *url);

/* True for the paths that are ours; as the http_handler for those. `o` NULL: 404. */
bool oscp_is_path(const char *path);
void oscp_handle(struct oscp *o, struct http_exchange *x, const struct http_request *req);

int oscp_count(const struct oscp *o);
struct oscp_peer *oscp_at(struct oscp *o, int index);
/* By id in any case, or NULL; `o` may be NULL. */
struct oscp_peer *oscp_find(struct oscp *o, const char *id);

struct oscp_counters {
	int64_t received, refused, duplicates, sent, failed, measurements;
};

/* One provider as it stands; strings are the provider's. */
struct oscp_view {
	const char *id, *name, *state, *url, *endpoint, *error, *presence_why;
	const char *next; /* what a person should do now, "" nothing */
	bool is_registered, is_online;
	bool has_heartbeat; /* it wants ours, every … */
	double heartbeat_s;
	bool wants_continuous, wants_intermittent;
	wall_t changed_at, handshake_at, heartbeat_at, offline_at, error_at; /* ms 0: never */
	const char *adjust_id; /* what we asked for last, "" nothing */
	wall_t adjust_at, adjust_granted_at;
	struct oscp_counters counters;
	size_t group_count;
	const struct depot_oscp_group *groups;
};
void oscp_look(const struct oscp_peer *p, struct oscp_view *out);

/* -- asked by people; `done` is told once, on the loop ------------------------------------------ */

typedef void (*oscp_done)(void *arg, int status, const char *text);

/* Begins a registration. With its `url` and `token` we send Register; without them a token is made,
 * which `token_a` gets, and the other sends it. `done`: 0 once that is on disk, or -1 with why.
 * -1 with `why`: it cannot begin. */
#define OSCP_TOKEN_SIZE 65
int oscp_register(struct oscp_peer *p, const char *url, const char *token, const char *actor,
	char token_a[OSCP_TOKEN_SIZE], oscp_done done, void *arg, char why[300]);

/* Ends it: tokens are forgotten, the other is told. */
int oscp_end(struct oscp_peer *p, const char *actor, oscp_done done, void *arg, char why[300]);

/* Repeats the handshake. `done`: 0 when the other took it. */
int oscp_handshake(struct oscp_peer *p, oscp_done done, void *arg, char why[300]);

/* Asks for another capacity. `done`: 0 with the id of the request as text when it was taken. */
int oscp_adjust(struct oscp_peer *p, const struct oscp20_group_capacity_forecast *f,
	const char *actor, oscp_done done, void *arg, char why[300]);

/* No more messages in or out. Its memory stays: the store may still call back. NULL is fine. */
void oscp_stop(struct oscp *o);

#endif
