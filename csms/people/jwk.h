/*
 * JWK: keys that providers publish (RFC 7517, RFC 7518, 6), and signatures by them. Pure; any thread.
 */
#ifndef CSMS_PEOPLE_JWK_H
#define CSMS_PEOPLE_JWK_H

#include "gen/oidc.h"

/* The algorithms that are taken; -1 for any other name, "none" and HS256 among them. */
enum jwk_alg { JWK_RS256, JWK_PS256, JWK_ES256, JWK_ALGS };
int jwk_alg_find(const char *name);

/* May the key sign by that algorithm? By its kind, and by what it says of itself (alg, use). */
bool jwk_fits(const struct oidc_key *k, enum jwk_alg alg);

/* Is it the key's signature over `text`? False as well for a key that is too weak or broken. */
bool jwk_verify(const struct oidc_key *k, enum jwk_alg alg, const char *text, size_t len,
	const unsigned char *signature, size_t signature_len, struct arena *a);

#endif
