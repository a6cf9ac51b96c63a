#include "csms/ca/issue.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include "csms/pki/csr.h"
#include "csms/pki/x509.h"

#define ISSUER_DAYS_MORE 30 /* an issuer lasts longer than what it signs by so much */

/* No extended key usage: A00.FR.514. A combined certificate serves vehicles too, so it is of the V2G
 * hierarchy (A02, certification case A_13). */
static const struct profile {
	const char *name, *usage, *domain;
	bool is_v2g;
} profiles[] = {
	{"station", "critical,digitalSignature", NULL, false},
	{"v2g", "critical,digitalSignature,keyAgreement", "CPO", true},
	{"combined", "critical,digitalSignature,keyAgreement", "CPO", true},
};

static const struct profile *profile_of(const char *name)
{
	for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++)
		if (strcmp(profiles[i].name, name) == 0)
			return &profiles[i];
	return NULL;
}

static X509 *make(const struct issue_order *o, const struct profile *p, EVP_PKEY *key,
	const struct keypair *issuer)
{
	const struct keypair_name name = {
		o->common_name, o->organisation[0] ? o->organisation : NULL, p->domain};
	X509 *cert = keypair_draft(key, &name, o->days);

	if (cert && keypair_within(cert, issuer->cert) &&
		keypair_extend(cert, issuer->cert, NID_basic_constraints, "critical,CA:FALSE") &&
		keypair_extend(cert, issuer->cert, NID_key_usage, p->usage) &&
		keypair_extend(cert, issuer->cert, NID_subject_key_identifier, "hash") &&
		keypair_extend(cert, issuer->cert, NID_authority_key_identifier, "keyid") &&
		keypair_sign(cert, issuer->cert, issuer->key))
		return cert;
	X509_free(cert);
	return NULL;
}

static bool write_chain(X509 *cert, X509 *issuer, char out[12000])
{
	BIO *bio = BIO_new(BIO_s_mem());
	int n = 0;

	if (bio && PEM_write_bio_X509(bio, cert) == 1 && PEM_write_bio_X509(bio, issuer) == 1)
		n = BIO_read(bio, out, 11999);
	out[n > 0 ? n : 0] = '\0';
	BIO_free(bio);
	return n > 0 && n < 11999;
}

static enum issue_end refuse(char why[200], const char *words)
{
	snprintf(why, 200, "%s", words);
	return ISSUE_REFUSED;
}

enum issue_end issue(
	struct issuers *i, const struct issue_order *o, char chain[12000], char why[200])
{
	const struct profile *p = profile_of(o->profile);
	const struct keypair *issuer;
	struct csr_facts facts;
	X509_REQ *req;
	X509 *cert;
	bool good;

	if (!p || o->days < 1 || o->days > 3650)
		return refuse(why, "no such profile, or no such time");
	if (csr_read(o->csr, &facts, why))
		return ISSUE_REFUSED;
	if (strcmp(facts.common_name, o->common_name) != 0 ||
		strcmp(facts.organisation, o->organisation) != 0)
		return refuse(why, "the request has other names than it was judged by");
	if (p->is_v2g && facts.is_rsa)
		return refuse(why, "ISO 15118 knows no RSA: its key must be on P-256 or P-521");
	issuer = issuers_get(i,
		p->is_v2g      ? ISSUER_V2G
		: facts.is_rsa ? ISSUER_RSA
			       : ISSUER_ECDSA,
		o->days + ISSUER_DAYS_MORE, why);
	if (!issuer)
		return ISSUE_FAILED;
	req = csr_parse(o->csr);
	cert = req ? make(o, p, X509_REQ_get0_pubkey(req), issuer) : NULL;
	good = cert && write_chain(cert, issuer->cert, chain);
	if (!good)
		snprintf(why, 200, "cannot sign: %s", openssl_words());
	X509_REQ_free(req);
	X509_free(cert);
	return good ? ISSUE_SIGNED : ISSUE_FAILED;
}
