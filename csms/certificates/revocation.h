/*
 * Revocation: lists of revoked certificates (CRLs) are fetched from the addresses of trust.crls, and from
 * nowhere else: what a certificate names is somebody else's word. A list is taken only if it is of now and
 * signed by an authority that we know, and kept as DATA/pki/crl/url-….pem, from where it is read like one
 * that a person put there (csms/pki/peer_check.h). Nothing here waits on the loop. Loop thread only.
 */
#ifndef CSMS_REVOCATION_H
#define CSMS_REVOCATION_H

#include "csms/core.h"

/* NULL with one line. `changed` is told when another list was kept. */
struct revocations *revocations_create(
	struct core *c, void (*changed)(void *arg), void *arg, char why[300]);
void revocations_destroy(struct revocations *all);

/* Asks all of them now. */
void revocations_fetch(struct revocations *all);

struct revocation_view {
	const char *url, *why; /* why the last try failed; "" it did not */
	wall_t asked_at, taken_at; /* ms 0: never since the start */
};

/* The one that keeps the file of this name ("url-….pem"); false: a person keeps it. */
bool revocation_look(const struct revocations *all, const char *file, struct revocation_view *out);

#endif
