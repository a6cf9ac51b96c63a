/*
 * Client: one WebSocket client connection on a raw non-blocking socket, with TLS or without. It
 * does no more than a load client needs, so that the client stays far cheaper than the server that it
 * measures: no fragments out, no compression offered, no check of Sec-WebSocket-Accept.
 *
 * Register client->fd with epoll once, edge-triggered for reading and writing, and call
 * client_turn() on every event. A client of all zeros is down.
 */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

enum client_state { CLIENT_DOWN = 0, CLIENT_CONNECTING, CLIENT_UPGRADING, CLIENT_OPEN };

struct client_bytes {
	unsigned char *data;
	size_t len, room;
};

struct client {
	int fd;
	SSL *ssl;
	enum client_state state;
	struct client_bytes in; /* a frame that has not come whole yet */
	struct client_bytes out; /* what the socket did not take yet */
};

struct client_target {
	int port; /* on 127.0.0.1 */
	SSL_CTX *tls; /* NULL: plain */
};

struct client_handlers {
	void (*opened)(void *arg);
	void (*text)(
		void *arg, const char *text, size_t len); /* a whole message, not NUL-terminated */
};

/* A context that trusts the certificates of `root_pem`. NULL: it cannot be read. */
SSL_CTX *client_tls_create(const char *root_pem);

/* Starts to connect as station `id`. 0, or -1 with errno. */
int client_open(struct client *w, const struct client_target *target);

/* Does what can be done now: handshake, upgrade as `id` with `password`, frames in, bytes out.
 * 0, or -1 when the connection has ended or was refused: call client_drop() then. */
int client_turn(struct client *w, const char *id, const char *password,
	const struct client_handlers *on, void *arg);

/* Sends a text message. 0, or -1 when the connection has ended. */
int client_send(struct client *w, const char *text, size_t len);

/* Closes the socket at once, as a cable that is cut by an operating system that is still there. */
void client_drop(struct client *w);

#endif
