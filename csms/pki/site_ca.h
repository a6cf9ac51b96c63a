/*
 * The depot's own certificate authority for the server certificates of its listeners, made at
 * first start so that TLS works with no step by hand. Stations' certificates: csms/pki/authority.h.
 */
#ifndef CSMS_PKI_SITE_CA_H
#define CSMS_PKI_SITE_CA_H

#include <stdbool.h>

#define SITE_CA_ROOT_DAYS 3653
#define SITE_CA_CROSS                                                                              \
	"cross.pem" /* the root as the one before it signed it; after a change of root */

struct keypair; /* csms/pki/keypair.h */

struct site_ca_paths {
	char root_cert[512]; /* hand this to stations and browsers */
	char ecdsa_cert[512], ecdsa_key[512];
	char rsa_cert[512], rsa_key[512];
};

/* Makes sure that `dir` holds a root and valid ECDSA and RSA server certificates for the `count`
 * host names and addresses (SAN; CN is the first), makes what is missing or expires within 30
 * days, keys with mode 0600, and fills `paths`. -1 with one line for a person. */
int site_ca_ensure(const char *dir, const char *const *hosts, int count,
	struct site_ca_paths *paths, char why[200]);

/* The server certificates alone, where they end within 30 days or name other hosts; the root stays as it
 * is, and nothing is done once it ends within 30 days itself. Not while the root changes. */
int site_ca_renew(const char *dir, const char *const *hosts, int count, char why[200]);

/* A new root; false: OpenSSL says why. For csms/pki/site_rollover.c. */
bool site_ca_make_root(struct keypair *root);

#endif
