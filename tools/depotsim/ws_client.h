/*
 * WebSocket client: the connections of all stations of the process on one poll loop, and the tick
 * that drives the simulation. The only owner of <libwebsockets.h> here.
 *
 * One thread. `closed` follows every wsc_link_connect(), on failure too; no callback is called
 * from inside wsc_link_send() or wsc_link_close().
 */
#ifndef DEPOTSIM_WS_CLIENT_H
#define DEPOTSIM_WS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wsc_target {
	bool tls;
	char host[256];
	int port;
	char path[256]; /* "/ocpp", without a slash at the end */
};

/* Parses "ws://host:port/path" or "wss://…". 0, or -1 with one line for a person. */
int wsc_target_parse(const char *url, struct wsc_target *out, char why[200]);

struct wsc_handlers {
	void (*opened)(void *arg);
	void (*received)(void *arg, const char *text, size_t len);
	void (*closed)(void *arg, const char *why);
};

struct wsc_pool;
struct wsc_link;

/* `ca_file` (PEM, may be NULL) is all that wss servers are checked against. NULL with `why`. */
struct wsc_pool *wsc_pool_create(
	const char *ca_file, const struct wsc_handlers *handlers, char why[200]);

/* A connection to `target` as station `identity`; not yet opened. Strings are copied. `arg` goes
 * to the handlers. */
struct wsc_link *wsc_link_create(struct wsc_pool *p, const struct wsc_target *target,
	const char *identity, const char *password, void *arg);

/* Subprotocol of the next connection in place of ocpp2.0.1; a static string. */
void wsc_link_set_protocol(struct wsc_link *l, const char *protocol);

/* Password of the next connection. 0, or -1 when it is too long. */
int wsc_link_set_password(struct wsc_link *l, const char *password);

/* Shows this chain (PEM, leaf first) with its key to a server that asks (security profile 3); both stay
 * the caller's. */
void wsc_link_set_certificate(struct wsc_link *l, const char *chain, const char *key);

/* Where the next connection goes; stays the caller's. */
void wsc_link_set_target(struct wsc_link *l, const struct wsc_target *target);

void wsc_link_connect(struct wsc_link *l);

/* Queues a text message (copied). 0, or -1 when not open or out of memory. */
int wsc_link_send(struct wsc_link *l, const char *text, size_t len);

/* Closes with a close frame, or (`abrupt`) cuts the TCP connection without a word. */
void wsc_link_close(struct wsc_link *l, bool abrupt);

/* Runs the loop; `tick(arg)` is called every `tick_us` until it returns false. 0 or -1. */
int wsc_pool_run(struct wsc_pool *p, int64_t tick_us, bool (*tick)(void *arg), void *arg);

/* Ends all connections (no callbacks) and frees all links. */
void wsc_pool_destroy(struct wsc_pool *p);

#endif
