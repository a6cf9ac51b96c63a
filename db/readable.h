/*
 * Readable: whether a payload that was encoded without complaint can be read back, told from the
 * struct alone, for the many events that are a flat list of short values.
 *
 * Pure; any thread.
 */
#ifndef DB_READABLE_H
#define DB_READABLE_H

#include <stdbool.h>

#include "schemas/codec.h"

/* True: schema_decode takes what schema_encode made of the struct. False: it has lists, structs or
 * long texts, or a value out of its bounds; only decoding tells. */
bool readable_surely(const struct schema_struct *type, const void *value);

#endif
