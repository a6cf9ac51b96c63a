/*
 * Site frame: the server's side of Modbus TCP over an image of registers: reads (functions 3 and 4)
 * and nothing else. Pure: bytes in, bytes out.
 */
#ifndef MODBUS_SITE_FRAME_H
#define MODBUS_SITE_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define SITE_FRAME_MAX 260 /* bytes of the longest frame */

/* Registers from address 0. */
struct site_image {
	const uint16_t *words;
	int count;
};

/* Takes one request from the front of `in` and writes its answer to `out`, with its length in
 * `*answer`. Returns how many bytes it took; 0: the request is not whole yet; -1: this is not
 * Modbus, the connection is to be closed. */
int site_frame_take(const uint8_t *in, size_t len, const struct site_image *image,
	uint8_t out[SITE_FRAME_MAX], size_t *answer);

#endif
