/*
 * Mask: OCPP payloads as they may be kept. Passwords go to stations in the clear (A01) but must
 * never stand in the journal or the wire log (invariant 8).
 */
#ifndef CSMS_MASK_H
#define CSMS_MASK_H

#include <stdbool.h>
#include <stddef.h>
#include "schemas/arena.h"

/* The message or payload text with every secret's value replaced by "***"; `text` itself where
 * there is none. From `a` otherwise; NULL: no memory, keep nothing. */
const char *mask_secrets(struct arena *a, const char *text, size_t len, size_t *out_len);

/* A password on its way to a station: from now on it is hidden by mask_secrets() wherever it stands,
 * as it is or in hexadecimal digits, since a station may repeat it in its answer. The last 32 are
 * known, in memory only; none shorter than 8. Loop thread only, as mask_secrets() then. */
void mask_learn(const char *secret);

/* Only that: what a station answers, before anything is made of it. As long as `text`. */
const char *mask_learned(struct arena *a, const char *text, size_t len);

/* The variable holds a password: its value is never kept, wherever it comes from. */
bool mask_is_secret(const char *variable);

#endif
