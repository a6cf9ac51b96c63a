/*
 * Key pairs: a certificate with its key, as files and in the making. What the depot's own
 * authorities share: csms/pki/site_ca.c for its servers, csms/ca/ for stations. Any thread.
 */
#ifndef CSMS_PKI_KEYPAIR_H
#define CSMS_PKI_KEYPAIR_H

#include <openssl/x509.h>
#include <stdbool.h>

struct keypair {
	X509 *cert;
	EVP_PKEY *key;
};

void keypair_free(struct keypair *id);

/* From two files in PEM. False if one is missing, broken, or they do not belong together; `id` is
 * empty then. */
bool keypair_load(const char *cert_path, const char *key_path, struct keypair *id);

/* One of the two into a file: whole and on disk under its name, or not at all; a key with mode 0600.
 * -1 with one line. */
int keypair_save_key(const char *path, const struct keypair *id, char why[200]);
int keypair_save_cert(const char *path, const struct keypair *id, char why[200]);

/* The certificate with those of the file `more` behind it, if there is such a file. */
int keypair_save_chain(const char *path, const struct keypair *id, const char *more, char why[200]);

/* "what path: reason", of OpenSSL or errno; always -1. */
int keypair_explain(char why[200], const char *what, const char *path);

/* The certificate lasts for so many days more. */
bool keypair_lasts(const X509 *cert, int days);

/* -- making ---------------------------------------------------------------------------------------- */

/* What a certificate says of whom it is for; NULL: nothing. */
struct keypair_name {
	const char *common_name, *organisation, *domain; /* domain: DC, as ISO 15118 has it */
};

/* A certificate of that key for so many days from an hour ago (stations' clocks run late, and refuse
 * what is not yet valid), with a random serial number, not signed yet. NULL: no memory, or a name
 * that cannot be. */
X509 *keypair_draft(EVP_PKEY *key, const struct keypair_name *name, int days);

/* Never outlives who signs it. */
bool keypair_within(X509 *cert, const X509 *issuer);

/* Adds an extension as OpenSSL's config files write it. */
bool keypair_extend(X509 *cert, X509 *issuer, int nid, const char *value);

/* Names the issuer and signs with its key. `issuer` may be the certificate itself. */
bool keypair_sign(X509 *cert, const X509 *issuer, EVP_PKEY *key);

#endif
