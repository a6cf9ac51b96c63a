/*
 * People: the users of this depot as the journal has them, the limit of their sign-in attempts, and
 * passwords checked and hashed on a thread of their own. Loop thread only.
 */
#ifndef CSMS_PEOPLE_PEOPLE_H
#define CSMS_PEOPLE_PEOPLE_H

#include <uthash.h>

#include "csms/api/auth.h"
#include "csms/api/permission.h"
#include "csms/core.h"
#include "csms/people/argon.h"
#include "csms/people/seal.h"
#include "csms/people/totp.h"

#define PEOPLE_MAX   10000
#define PERSON_NODES 8
#define PERSON_CODES 10 /* recovery codes */
#define PASSWORD_MIN 12
#define PASSWORD_MAX 200

struct person {
	char name[61];
	enum role role;
	int node_count; /* 0: the whole depot */
	char nodes[PERSON_NODES][61];
	bool is_disabled;
	char provider[21], subject[256]; /* who vouches for them (providers.h); "" nobody does */
	char hash[ARGON_TEXT]; /* "": no password */
	char factor[SEAL_TEXT]; /* sealed; "": no second factor */
	int code_count;
	char codes[PERSON_CODES][65]; /* digests of recovery codes that are left */
	int64_t factor_used; /* step of the code taken last */
	unsigned char offered[TOTP_SECRET]; /* a second factor that waits for its first code */
	bool is_offered;
	struct auth_makers
		makers; /* of the link by which they came in last; their password is newer */
	wall_t changed, signed_in;
	UT_hash_handle hh;
};

struct people;

/* Reads the users of the store. NULL with one line. */
struct people *people_create(struct core *c, char why[300]);

struct person *people_find(struct people *p, const char *name);
struct person *people_first(struct people *p); /* the others by hh.next */

/* The one for whom that provider vouches, or NULL. */
struct person *people_of_provider(struct people *p, const char *provider, const char *subject);

/* The person, made if new. NULL: no memory, or PEOPLE_MAX. */
struct person *people_get(struct people *p, const char *name);

const struct seal *people_seal(const struct people *p);

/* -- passwords ------------------------------------------------------------------------------- */

/* Told once, on the loop; `hash` is that of people_hash(). `is_over`: depotd stops. */
typedef void (*people_told)(void *arg, bool ok, const char *hash, bool is_over);

/* Is it the password of somebody of that name? The same work for a name that nobody has. -1: too
 * many wait. */
int people_check(
	struct people *p, const char *name, const char *password, people_told told, void *arg);
int people_hash(struct people *p, const char *password, people_told told, void *arg);

/* -- attempts -------------------------------------------------------------------------------- */

/* May this address try that name now? Failures of a name are limited over all addresses, but not for
 * an address from which that person has signed in before: strangers lock nobody out. */
bool people_may_try(struct people *p, const char *name, const char *peer);
void people_failed(struct people *p, const char *name, const char *peer);
void people_succeeded(struct people *p, const char *name, const char *peer);

void people_destroy(struct people *p);

#endif
