/*
 * permessage-deflate (RFC 7692) for many connections with the memory of one: no context is kept
 * between messages in either direction, so all connections share the zlib streams.
 * Loop thread only.
 */
#ifndef CSMS_WS_DEFLATE_H
#define CSMS_WS_DEFLATE_H

#include <stddef.h>

#define WS_DEFLATE_RESPONSE_SIZE 128

struct ws_deflate;

struct ws_deflate *ws_deflate_create(void);

/* Chooses among the offers of a Sec-WebSocket-Extensions header. Writes our answer to `response`
 * and returns the window bits to compress with (9..15), or 0: no offer that we can keep. */
int ws_deflate_negotiate(const char *offers, char response[WS_DEFLATE_RESPONSE_SIZE]);

/* Inflates a whole message to at most `max` bytes. Its length, with `out` valid until the next
 * call and one spare byte behind it; -1: it is broken, -2: it would be longer than `max`. */
long ws_deflate_inflate(
	struct ws_deflate *d, const unsigned char *in, size_t len, size_t max, unsigned char **out);

/* Compresses a whole message. Its length, with `out` valid until the next call; -1 if it does not
 * get shorter: send it as it is. */
long ws_deflate_deflate(struct ws_deflate *d, int window_bits, const void *in, size_t len,
	const unsigned char **out);

void ws_deflate_destroy(struct ws_deflate *d);

#endif
