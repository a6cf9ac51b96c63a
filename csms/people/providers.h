/*
 * Providers: others who vouch for people, by OpenID Connect. Authorization code flow with PKCE (RFC 7636),
 * state and nonce, and the issuer of the answer (RFC 9207); the discovery document and keys are fetched
 * when they are needed and kept for an hour. Nothing blocks: answers come by callbacks, on the loop.
 * Loop thread only.
 */
#ifndef CSMS_PEOPLE_PROVIDERS_H
#define CSMS_PEOPLE_PROVIDERS_H

#include "csms/core.h"
#include "gen/config.h"

#define PROVIDERS_MINUTES 10 /* from the button to the answer */
#define PROVIDERS_SECRET  44 /* state, and what the browser keeps of it, with NUL */

struct providers;

/* Checks people.providers of the config and reads the secrets. At start only: it touches the disk.
 * NULL with one line. */
struct providers *providers_create(struct core *c, char why[300]);

/* By its id, NULL if there is none. */
const struct config_provider *providers_find(const struct providers *p, const char *id);

/* -- the way there --------------------------------------------------------------------------- */

/* Told once, perhaps from within. `url` NULL: `why` says what failed. */
typedef void (*providers_begun)(void *arg, const char *url, const char *why);

/* Where the browser must go; `browser` gets what it must show when it comes back. -1: too many are
 * on their way, or there is no such provider. */
int providers_begin(struct providers *p, const char *id, const char *redirect_uri,
	char browser[PROVIDERS_SECRET], providers_begun told, void *arg);

/* -- and back -------------------------------------------------------------------------------- */

/* What the browser brought; absent parts NULL. */
struct providers_answer {
	const char *state, *code, *iss, *error;
	const char *browser;
};

/* Somebody for whom the provider vouches; lives during the call. */
struct providers_person {
	const struct config_provider *provider;
	const char *subject, *name; /* name: as the provider says it, or the subject */
	const struct config_provider_role *role; /* NULL: none of the config's fits */
};

/* Told once, perhaps from within. `who` NULL: `status` of HTTP and one line. */
typedef void (*providers_ended)(
	void *arg, const struct providers_person *who, int status, const char *why);

/* Judges the answer; the state in it is spent. -1: no memory. */
int providers_finish(struct providers *p, const char *id, const struct providers_answer *answer,
	providers_ended told, void *arg);

/* -- the way out ----------------------------------------------------------------------------- */

/* Where the browser may go to end its session at the provider, too; false: it has no such place, or
 * was not asked for it yet. */
bool providers_end_url(
	const struct providers *p, const char *id, const char *back_to, char *out, size_t size);

/* Those who wait are told that it is over (503). NULL is fine. */
void providers_destroy(struct providers *p);

#endif
