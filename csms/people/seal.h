/*
 * Seal: secrets that must be read again, such as those of second factors, encrypted (AES-256-GCM) under
 * a key that lies in a file of its own, mode 0600, and goes into no backup. Loop thread only.
 */
#ifndef CSMS_PEOPLE_SEAL_H
#define CSMS_PEOPLE_SEAL_H

#include <stddef.h>

#define SEAL_BYTES_MAX 64
#define SEAL_TEXT      (2 * (12 + SEAL_BYTES_MAX + 16) + 1)

struct seal;

/* Reads the key, or makes it. At start only: it touches the disk. NULL with one line. */
struct seal *seal_open(const char *path, char why[300]);

/* `name` is whose it is: sealed for another it does not open. */
int seal_put(const struct seal *s, const char *name, const unsigned char *bytes, size_t len,
	char out[SEAL_TEXT]);

/* Length, or -1: another key, another name, or it was changed. */
int seal_get(const struct seal *s, const char *name, const char *text,
	unsigned char out[SEAL_BYTES_MAX]);

void seal_close(struct seal *s);

#endif
