/*
 * Replay's view of JSON texts: moved in time, and alike but for times, and short. Texts are well-formed.
 */
#ifndef DEPOTCTL_REPLAY_TEXT_H
#define DEPOTCTL_REPLAY_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include "schemas/text.h"

/* Appends the text with all its date-times `ms` later. */
void replay_shift(const char *json, size_t len, int64_t ms, struct text *out);

#define REPLAY_SHOWN 80

/* Appends the text for a person: of a longer string these many bytes, and how many it has. */
void replay_cut(const char *json, struct text *out);

/* The same values, whatever the order of keys; any time equals any other, one OCSP answer another, and
 * the "***" of a hidden secret equals any string. Both end with a NUL behind the value. */
bool replay_alike(const char *a, const char *b);

#endif
