#include "csms/people/argon.h"

#include <argon2.h>
#include <stdio.h>
#include <string.h>

#include "csms/secret.h"

/* The least that OWASP's password storage cheat sheet recommends for argon2id. */
#define PASSES 2
#define KIB    19456
#define LANES  1

enum { SALT = 22, HASH = 32 }; /* 22 letters: 131 bits */

int argon_hash(const char *password, char out[ARGON_TEXT])
{
	char salt[SALT + 1];

	secret_random(salt, SALT);
	return argon2id_hash_encoded(PASSES, KIB, LANES, password, strlen(password), salt, SALT,
		       HASH, out, ARGON_TEXT) == ARGON2_OK
		       ? 0
		       : -1;
}

bool argon_matches(const char *password, const char *stored)
{
	return argon2id_verify(stored, password, strlen(password)) == ARGON2_OK;
}

bool argon_is_old(const char *stored)
{
	char now[80];
	int n = snprintf(now, sizeof(now), "$argon2id$v=%d$m=%d,t=%d,p=%d$", ARGON2_VERSION_NUMBER,
		KIB, PASSES, LANES);

	return strncmp(stored, now, (size_t)n) != 0;
}
