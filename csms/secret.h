/*
 * Secrets: random values, one-way hashes of machine-made secrets, comparison in constant time.
 * (People's passwords are another matter: argon2id, off the loop thread, a later storey.)
 */
#ifndef CSMS_SECRET_H
#define CSMS_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#define SECRET_HASH_SIZE 108 /* "s1$" 32 hex of salt "$" 64 hex of SHA-256, NUL */

/* `n` random characters of [A-Za-z0-9] and a NUL; aborts if the system has no randomness. */
void secret_random(char *out, size_t n);

/* Salted SHA-256 of a secret, as text to store. */
void secret_hash(const void *secret, size_t len, char out[SECRET_HASH_SIZE]);

/* True if the secret hashes to `stored`. Takes the same time for any `stored`, NULL included. */
bool secret_matches(const void *secret, size_t len, const char *stored);

/* Unsalted SHA-256 as 64 hex digits and NUL: the look-up key of a random token of 128 bits up. */
void secret_digest(const void *secret, size_t len, char out[65]);

#endif
