/*
 * Signed: the normal message inside of a signed one (OCPP 2.0.1 part 4, 7.2). The signature is not
 * checked: the connection is authenticated, and the norm leaves it to the receiver. Pure.
 */
#ifndef CSMS_SIGNED_H
#define CSMS_SIGNED_H

#include "ocpp/frame.h"
#include "schemas/arena.h"

/* The action ends in "-Signed". */
bool signed_is(const struct ocpp_frame *f);

/* The text of the normal message in `a`, `*len` bytes long; NULL: its payload is no flattened JWS,
 * or no memory. */
const char *signed_unwrap(const struct ocpp_frame *f, struct arena *a, size_t *len);

#endif
