/*
 * Argon: hashes of people's passwords, argon2id (RFC 9106) with 19 MiB and two passes. Each takes some
 * 30 ms of a core: never on the loop thread. Pure; any thread.
 */
#ifndef CSMS_PEOPLE_ARGON_H
#define CSMS_PEOPLE_ARGON_H

#include <stdbool.h>

#define ARGON_TEXT 128 /* an encoded hash and its NUL */

/* -1: no memory. */
int argon_hash(const char *password, char out[ARGON_TEXT]);

bool argon_matches(const char *password, const char *stored);

/* Was it made with other costs than those of today? */
bool argon_is_old(const char *stored);

#endif
