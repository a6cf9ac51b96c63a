/*
 * PKI profile: what the certificates of ISO 15118 say of themselves, role by role, from a file
 * (schemas/pki.schema; etc/pki/ has those of ISO 15118-2 and -20). Read by depotctl for its lab, by
 * depotd at its start and by depotd-ca, which signs after it. Pure but for reading the file; any thread.
 */
#ifndef CSMS_PKI_PKI_PROFILE_H
#define CSMS_PKI_PKI_PROFILE_H

#include <openssl/x509.h>
#include <stdbool.h>
#include "gen/pki.h"

#define PKI_PROFILE_DEFAULT "iso15118-2"
#define PKI_WORDS_SIZE      160

enum pki_kind { PKI_ROOT, PKI_SUB, PKI_LEAF };

/* Where the profile is. A name is looked for in the folder pki of `beside` (that of the configuration,
 * or NULL), then where the programs were built or installed from; anything with a slash or of the form
 * *.yaml is a file, relative to `beside`. False: there is no such file; `path` says the last place. */
bool pki_profile_find(const char *name, const char *beside, char path[700]);

/* NULL with one line, of file and line: it cannot be read, a role is missing, or OpenSSL would refuse
 * chains that are made after it. */
const struct pki_profile *pki_profile_load(const char *path, struct arena *a, char why[400]);

/* NULL: the profile has none (vehicle only). */
const struct pki_certificate *pki_profile_of(const struct pki_profile *p, enum pki_role role);

enum pki_kind pki_role_kind(enum pki_role role);
const char *pki_role_name(enum pki_role role);
const char *pki_curve_name(enum pki_curve curve);

/* Basic constraints, key usage and, if `has_extended`, extended key usage of the form, on a certificate
 * that `issuer` (maybe itself) will sign. */
bool pki_profile_extend(
	X509 *cert, X509 *issuer, const struct pki_certificate *form, bool has_extended);

#endif
