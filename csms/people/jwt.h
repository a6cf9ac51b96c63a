/*
 * JWT: ID tokens of OpenID Connect (Core 1.0, 3.1.3.7), read and judged. Signatures RS256, PS256 and
 * ES256 only (RFC 7518, 3); whatever else a token says of itself is refused. Pure; any thread.
 */
#ifndef CSMS_PEOPLE_JWT_H
#define CSMS_PEOPLE_JWT_H

#include "gen/oidc.h"

#define JWT_MAX    30000 /* bytes of a token */
#define JWT_SKEW_S 120 /* clocks differ */

struct jwt_expected {
	const char *issuer, *client_id, *nonce;
	int64_t now_s;
};

struct jwt_token {
	const struct oidc_claims *claims;
	const char *json; /* all claims, as they came */
	size_t len;
};

enum jwt_verdict {
	JWT_GOOD,
	JWT_BAD,
	JWT_NO_KEY, /* none of these keys: the provider may have newer ones */
};

/* `keys`: the text of a JWK set (RFC 7517). All of `out` lives in `a`; `why` gets one line. */
enum jwt_verdict jwt_check(const char *token, const char *keys, const struct jwt_expected *x,
	struct arena *a, struct jwt_token *out, char why[200]);

/* base64url of RFC 7515, without padding; NUL-terminated in `a`. NULL: it is none, or no memory. */
char *jwt_unbase64(struct arena *a, const char *text, size_t len, size_t *out_len);

/* The other way. */
char *jwt_base64(struct arena *a, const unsigned char *bytes, size_t len);

#endif
