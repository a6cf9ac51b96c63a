/*
 * Bytes: a run that grows by what arrives and is freed when it is empty.
 */
#ifndef CSMS_BYTES_H
#define CSMS_BYTES_H

#include <stdbool.h>
#include <stddef.h>

struct bytes {
	unsigned char *data;
	size_t len, capacity;
};

/* Appends; there is always room for one byte behind the run. False without memory. */
bool bytes_add(struct bytes *b, const void *data, size_t len);

/* Removes `n` from the front. */
void bytes_drop(struct bytes *b, size_t n);

void bytes_free(struct bytes *b);

#endif
