/*
 * Hash: the chain of the journal, SHA-256 over the previous hash and the fields of an event.
 *
 * Each field goes in with its length in front, so no two different events give the same bytes.
 * One hasher belongs to one thread.
 */
#ifndef DB_HASH_H
#define DB_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "schemas/text.h"

#define HASH_SIZE 32

struct hasher;

struct hasher *hasher_create(void);
void hasher_destroy(struct hasher *h);

/* What the hash of an event covers. Strings may be NULL, which differs from "". */
struct hash_fields {
	int64_t seq, version, type_version, at_ms, received_ms;
	const char *depot, *stream, *type, *cause, *correlation, *idem, *actor;
	const char *payload;
	size_t payload_len;
};

/* out = SHA-256(prev, fields). -1: no memory or no SHA-256 in the library. */
int hasher_chain(struct hasher *h, const unsigned char prev[HASH_SIZE], const struct hash_fields *f,
	unsigned char out[HASH_SIZE]);

#endif
