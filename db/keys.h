/*
 * Keys: which idempotency keys of which streams are taken, for all events whose key the projection
 * of transactions does not know already (see db/projection_transaction.c).
 *
 * A table of its own, computed from the journal like any projection. Most events have no key, and
 * most that have one are reports of transactions, so it stays small.
 */
#ifndef DB_KEYS_H
#define DB_KEYS_H

#include <stdbool.h>

#include "db/sqlite.h"

struct keys;

/* NULL: no memory, or the connection's error says why. */
struct keys *keys_create(struct sql *s);
void keys_destroy(struct keys *k);

/* 1: the key is taken in the stream; 0: not; -1: failed. */
int keys_find(struct keys *k, int64_t stream, const char *key);

/* Takes it; 0, also if it was taken, or -1. */
int keys_add(struct keys *k, int64_t stream, const char *key);

/* Reads a number as it is printed, without sign or leading zeros: false if `key` is none. */
bool keys_number(const char *key, int64_t *v);

#endif
