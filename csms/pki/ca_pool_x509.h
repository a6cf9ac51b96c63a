/* The inside of csms/pki/: the pool's certificates. */
#ifndef CSMS_PKI_CA_POOL_X509_H
#define CSMS_PKI_CA_POOL_X509_H

#include <openssl/x509.h>
#include "csms/pki/ca_pool.h"
#include "csms/pki/cert_id.h"

/* A store with the roots whose checks are made as of `now_s`; to be freed. `ignores_dates`: only
 * signatures and constraints count. NULL: no memory. */
X509_STORE *ca_pool_store(const struct ca_pool *p, int64_t now_s, bool ignores_dates);

/* All of them, roots too, and those of `more` (may be NULL): what chains are built from. To be freed
 * with sk_X509_pop_free(…, X509_free). */
STACK_OF(X509) * ca_pool_all(const struct ca_pool *p, STACK_OF(X509) * more);

/* The id by which `issuer` answers for `cert`. */
bool cert_id_of(X509 *cert, X509 *issuer, enum cert_hash hash, struct cert_id *out);

/* Is `ca` the issuer that the id speaks of? */
bool cert_id_is_of(const struct cert_id *id, X509 *ca);

#endif
