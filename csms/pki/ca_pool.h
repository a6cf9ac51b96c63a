/*
 * CA pool: the authorities whose contracts and chargers are believed: roots of mobility operators
 * (DATA/pki/mo-roots) and of V2G (DATA/pki/v2g-roots), one or more certificates a file, *.pem.
 * Sub-CAs may stand in the same files: they are believed only as far as a root signed them, and let
 * the signature of an OCSP answer be checked where a station told nothing but hashes.
 *
 * Immutable once loaded: any thread. Loading reads files: call it on a worker.
 */
#ifndef CSMS_PKI_CA_POOL_H
#define CSMS_PKI_CA_POOL_H

#include <stdbool.h>

struct ca_pool;

/* `pki`: DATA/pki. Files that cannot be read or hold nothing of an authority are left out; `note` (may
 * be NULL) gets a line about each. NULL: no memory. */
struct ca_pool *ca_pool_load(const char *pki, void (*note)(void *arg, const char *line), void *arg);

struct cert_id; /* csms/pki/cert_id.h */

/* Is it the id of one of the roots itself? Roots vouch for themselves: nobody is asked about them. */
bool ca_pool_is_root(const struct ca_pool *p, const struct cert_id *id);

/* What an id alone says of a certificate, which nobody here has. */
enum ca_pool_kind {
	CA_POOL_UNKNOWN, /* its issuer is not in the pool */
	CA_POOL_AUTHORITY, /* it is in the pool itself */
	CA_POOL_CONTRACT, /* of a sub-CA in mo-roots that signs no other authorities */
	CA_POOL_OTHER, /* of any other authority: a charger's, a maker's, or a sub-CA that nobody knows */
};
enum ca_pool_kind ca_pool_kind_of(const struct ca_pool *p, const struct cert_id *id);

int ca_pool_roots(const struct ca_pool *p);
void ca_pool_destroy(struct ca_pool *p);

#endif
