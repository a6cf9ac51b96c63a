/*
 * WebSocket frames (RFC 6455 5): headers in and out, unmasking, UTF-8. Pure functions on bytes.
 */
#ifndef CSMS_WS_FRAME_H
#define CSMS_WS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ws_opcode {
	WS_CONTINUATION = 0x0,
	WS_TEXT = 0x1,
	WS_BINARY = 0x2,
	WS_CLOSE = 0x8,
	WS_PING = 0x9,
	WS_PONG = 0xa,
};

#define WS_HEADER_MAX  14
#define WS_CONTROL_MAX 125

struct ws_frame {
	enum ws_opcode opcode;
	bool is_final, is_compressed; /* FIN, RSV1 */
	uint64_t length; /* of the payload */
	unsigned char mask[4];
	size_t header_size;
};

/* Reads the header of a frame that a client sent. Its size; 0: more bytes are needed; -1: it
 * breaks the protocol (unmasked, reserved bits, bad control frame …), `why` tells how. */
int ws_frame_read(const unsigned char *bytes, size_t len, struct ws_frame *f, const char **why);

/* Writes the header of a frame from us (not masked, final). Its size. */
size_t ws_frame_write(
	unsigned char out[WS_HEADER_MAX], enum ws_opcode opcode, bool is_compressed, size_t length);

/* Copies `len` masked bytes to `to` unmasked; `to` may be `from` or lie before it. */
void ws_frame_unmask(
	unsigned char *to, const unsigned char *from, size_t len, const unsigned char mask[4]);

bool ws_utf8_valid(const unsigned char *s, size_t len);

/* True if `code` may stand in a close frame (RFC 6455 7.4). */
bool ws_close_code_valid(int code);

#endif
