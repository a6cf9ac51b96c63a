/*
 * Keyring: the keys and certificates of one simulated station: it makes requests, takes what was signed
 * for them, and holds roots that it was given. Kept in a folder if there is one, else in memory.
 */
#ifndef DEPOTSIM_KEYRING_H
#define DEPOTSIM_KEYRING_H

#include <stdbool.h>
#include "csms/pki/hash_data.h"

#define KEYRING_ROOTS_MAX 20

struct keyring;

/* `folder` (may be NULL) has IDENTITY.pem and IDENTITY.key of logins, and gets them; `root` (may be
 * NULL) is a file with a root of the central system, held from the beginning as `root_type`. */
struct keyring *keyring_create(
	const char *folder, const char *identity, const char *root, int root_type);

/* A new key, and a request for a certificate of it in PEM, to be freed. NULL: no memory. */
char *keyring_request(struct keyring *k, const char *organisation, const char *name);

/* A chain for the key of one of the last requests; `is_login`: it comes by it from now on. -1: it is of no key that
 * is here. */
int keyring_take(struct keyring *k, const char *chain, bool is_login);

/* What it logs in with, in PEM; NULL: nothing. */
const char *keyring_chain(const struct keyring *k);
const char *keyring_key(const struct keyring *k);

/* 0; -1: it is no certificate, or there is no room. One that is there already is taken. */
int keyring_install(struct keyring *k, int type, const char *pem);

/* The roots that it holds, by place; false: there are no more. Hashes are SHA-256. */
bool keyring_look(const struct keyring *k, int place, int *type, struct hash_data *out);
bool keyring_remove(struct keyring *k, int place);

void keyring_destroy(struct keyring *k);

#endif
