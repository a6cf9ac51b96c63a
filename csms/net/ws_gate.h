/*
 * WebSocket gate: what can be judged about an upgrade request without knowing any station: its
 * path, its headers, its Basic credentials (OCPP-J part 4, 3.1 and 3.2; RFC 6455 4.2).
 */
#ifndef CSMS_WS_GATE_H
#define CSMS_WS_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include "csms/net/http_head.h"

#define WS_IDENTITY_MAX 48

/* Longest header is 48 + ":" + 64 characters of up to 4 bytes in base64; more is not a password. */
#define WS_BASIC_MAX 512

struct ws_basic {
	char user[WS_BASIC_MAX];
	unsigned char password[WS_BASIC_MAX]; /* bytes, maybe with NUL */
	size_t password_len;
};

/* Takes the identity from `target`: `base`, "/", 1 to 48 characters of identifierString without
 * ':' (percent-encoded), maybe one "/" at the end, maybe a query. 0, or -1 with the reason. */
int ws_gate_identity(
	const char *target, const char *base, char identity[WS_IDENTITY_MAX + 1], const char **why);

/* Decodes "Basic …"; the user ends at the first colon. False: not Basic, or not to be read. */
bool ws_gate_basic(const char *authorization, struct ws_basic *out);

/* Checks that `h` asks for a WebSocket. 101, or the status to refuse with and the reason. */
int ws_gate_upgrade(const struct http_head *h, const char **why);

/* Sec-WebSocket-Accept of a key that ws_gate_upgrade() found good. */
void ws_gate_accept_key(const char *key, char accept[29]);

#define WS_REPLY_MAX 512

/* The whole HTTP reply that refuses with `status`. Its length. */
size_t ws_gate_refusal(int status, char out[WS_REPLY_MAX]);

/* The whole HTTP reply that accepts; `protocol` and `extension` may be NULL. Its length. */
size_t ws_gate_acceptance(const struct http_head *h, const char *protocol, const char *extension,
	char out[WS_REPLY_MAX]);

#endif
