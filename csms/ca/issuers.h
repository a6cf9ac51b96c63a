/*
 * Issuers: the authorities that sign for this depot, each a key with its certificate, made when it is
 * first needed. Keys are files of mode 0600 in DATA/pki/ca, or objects of a PKCS #11 token; the
 * certificates, and the roots for those who verify (DATA/pki/station-roots, charger-roots), are files.
 */
#ifndef CSMS_CA_ISSUERS_H
#define CSMS_CA_ISSUERS_H

#include "csms/pki/keypair.h"
#include "csms/pki/pki_profile.h"

enum issuer_kind {
	ISSUER_ROOT, /* of stations */
	ISSUER_ECDSA, /* signs for keys on curves */
	ISSUER_RSA, /* … and for RSA keys */
	ISSUER_V2G_ROOT, /* ISO 15118 in this depot alone: a private environment; one a curve */
	ISSUER_V2G,
	ISSUERS
};

struct issuers {
	const char *folder; /* DATA/pki */
	const char *module, *root, *ecdsa, *rsa, *pin_file; /* of a token; module NULL: files */
	const struct pki_profile *v2g; /* what the V2G hierarchy is like; NULL: there is none */
	struct keypair ids[ISSUERS]; /* empty until needed */
};

/* Opens the token if there is one, and makes what is always there: the roots, and what signs for curves
 * under them. -1 with one line. */
int issuers_open(struct issuers *i, char why[200]);

/* The issuer, made or made anew if it would not last for a certificate of so many days. NULL with one
 * line. */
const struct keypair *issuers_get(
	struct issuers *i, enum issuer_kind kind, int days, char why[200]);

#endif
