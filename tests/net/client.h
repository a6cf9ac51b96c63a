/*
 * A blocking client for tests: bytes, HTTP replies and WebSocket frames as they are on the wire.
 * Every wait ends after a few seconds.
 */
#ifndef TESTS_NET_CLIENT_H
#define TESTS_NET_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

struct client {
	int fd;
	unsigned char in[1 << 20];
	size_t len;
};

void client_connect(struct client *c, int port);
void client_connect_unix(struct client *c, const char *path);
void client_send(struct client *c, const void *bytes, size_t len);
void client_send_text(struct client *c, const char *text);

/* One HTTP reply: head and, by content-length, body into `out` as text. Its status. */
int client_read_reply(struct client *c, char *out, size_t size);

/* Waits until `text` has come in and takes everything up to its end. False on timeout or end. */
bool client_read_until(struct client *c, const char *text, char *out, size_t size);

/* True if the peer closes within `ms` milliseconds (what it still sends is ignored). */
bool client_sees_end(struct client *c, int ms);

/* True if nothing comes in for `ms` milliseconds. */
bool client_sees_silence(struct client *c, int ms);

/* The upgrade request for `path` with extra header lines ("Name: v\r\n" …); the reply's status. */
int client_upgrade(struct client *c, const char *path, const char *headers, char *out, size_t size);

/* A masked frame; `first` is FIN, RSV and opcode, as 0x81 for a whole text. */
void client_send_frame(struct client *c, int first, const void *payload, size_t len);

/* Appends such a frame to `out`; its size. */
size_t client_make_frame(unsigned char *out, int first, const void *payload, size_t len);

/* Reads a frame: first byte in `first`, payload NUL-terminated in `out`. Length, -1 at the end. */
long client_read_frame(struct client *c, int *first, char *out, size_t size);

/* Reads frames up to a close frame and returns its code; 1006 if the end comes without one. */
int client_read_close(struct client *c);

void client_close(struct client *c);

#endif
