/*
 * Provider talk: what is said to an OpenID Connect provider and how its documents are read. Pure.
 */
#ifndef CSMS_PEOPLE_PROVIDER_TALK_H
#define CSMS_PEOPLE_PROVIDER_TALK_H

#include "gen/config.h"
#include "gen/oidc.h"
#include "schemas/peek.h"

/* https, or with `loopback` http to this very machine. */
bool talk_takes(const char *url, bool loopback);

/* The discovery document, if it is this provider's and offers what we need. NULL with one line. */
const struct oidc_discovery *talk_discovery(const struct config_provider *row, const char *body,
	size_t len, struct arena *a, char why[300]);

struct talk_sent {
	const char *redirect_uri, *state, *nonce, *verifier;
};

/* Where the browser goes (RFC 6749, 4.1.1; RFC 7636, 4.3). NULL: no memory. */
const char *talk_begin_url(const struct config_provider *row, const struct oidc_discovery *d,
	const struct talk_sent *sent, struct arena *a);

struct talk_request {
	const char *body, *authorization; /* a header line, or NULL */
};

/* The question for the ID token (RFC 6749, 4.1.3 and 2.3.1). -1: no memory. */
int talk_token_request(const struct config_provider *row, const struct oidc_discovery *d,
	const char *secret, const struct talk_sent *sent, const char *code, struct arena *a,
	struct talk_request *out);

/* OpenID Connect RP-Initiated Logout 1.0, 2. False: it does not fit. */
bool talk_end_url(const struct config_provider *row, const struct oidc_discovery *d,
	const char *back_to, char *out, size_t size);

/* The header line with the access token (RFC 6750, 2.1). NULL: there is none that can be shown. */
const char *talk_bearer(const struct oidc_token_answer *m, struct arena *a);

/* The claims of an answer of the userinfo endpoint, which must be about `subject` (Core 1.0, 5.3.2).
 * -1 with one line. */
int talk_userinfo(const char *body, size_t len, const char *subject, struct arena *a,
	struct peek *out, char why[200]);

/* Is the claim there, whatever it says? */
bool talk_has(const struct peek *claims, const char *name, struct arena *a);

/* A claim that is one text, by its name or JSON pointer. NULL: it is not there, or none. */
const char *talk_claim(const struct peek *claims, const char *name, struct arena *a);

/* The first role of the config that fits the claim; NULL: none. */
const struct config_provider_role *talk_role(
	const struct peek *claims, const struct config_provider *row, struct arena *a);

#endif
