#include "csms/ca/issue.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include "csms/pki/csr.h"
#include "csms/pki/x509.h"

#define ISSUER_DAYS_MORE 30 /* an issuer lasts longer than what it signs by so much */

/* No extended key usage of what logs in to depotd: A00.FR.514; a profile's would be the server's, which
 * is what a vehicle sees. A combined certificate serves vehicles too, so it is of the V2G hierarchy (A02,
 * certification case A_13). */
static const struct profile {
	const char *name;
	bool is_v2g, has_extended;
} profiles[] = {
	{"station", false, false},
	{"v2g", true, true},
	{"combined", true, false},
};

static const struct profile *profile_of(const char *name)
{
	for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++)
		if (strcmp(profiles[i].name, name) == 0)
			return &profiles[i];
	return NULL;
}

/* Without the address of a responder, whatever the profile says: there is none. */
static bool extend(
	X509 *cert, X509 *issuer, const struct profile *p, const struct pki_certificate *form)
{
	if (form)
		return pki_profile_extend(cert, issuer, form, p->has_extended);
	return keypair_extend(cert, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
	       keypair_extend(cert, issuer, NID_key_usage, "critical,digitalSignature");
}

static X509 *make(const struct issue_order *o, const struct profile *p,
	const struct pki_certificate *form, EVP_PKEY *key, const struct keypair *issuer)
{
	const struct keypair_name name = {o->common_name,
		o->organisation[0] ? o->organisation : NULL, form ? form->domain : NULL};
	X509 *cert = keypair_draft(key, &name, o->days);

	if (cert && keypair_within(cert, issuer->cert) && extend(cert, issuer->cert, p, form) &&
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

static bool is_on(const struct csr_facts *f, enum pki_curve curve)
{
	return strncmp(f->key, "EC ", 3) == 0 && strcmp(f->key + 3, pki_curve_name(curve)) == 0;
}

static bool has_right_key(const struct csr_facts *f, const struct pki_certificate *form)
{
	bool good = is_on(f, form->curve);

	for (size_t i = 0; i < form->also.count; i++)
		good = good || is_on(f, form->also.items[i]);
	return good;
}

static enum issue_end refuse_key(
	char why[200], const struct csr_facts *f, const struct pki_certificate *form)
{
	snprintf(why, 200,
		"its key is %.40s: certificates of ISO 15118 are for keys on %s here%s%s", f->key,
		pki_curve_name(form->curve), form->also.count ? " or " : "",
		form->also.count ? pki_curve_name(form->also.items[0]) : "");
	return ISSUE_REFUSED;
}

static const struct keypair *issuer_for(struct issuers *i, const struct profile *p,
	const struct csr_facts *f, int days, char why[200])
{
	enum issuer_kind kind = p->is_v2g ? ISSUER_V2G : f->is_rsa ? ISSUER_RSA : ISSUER_ECDSA;

	return issuers_get(i, kind, days + ISSUER_DAYS_MORE, why);
}

enum issue_end issue(
	struct issuers *i, const struct issue_order *asked, char chain[12000], char why[200])
{
	const struct profile *p = profile_of(asked->profile);
	const struct pki_certificate *form = NULL;
	struct issue_order o = *asked;
	const struct keypair *issuer;
	struct csr_facts facts;
	X509_REQ *req;
	X509 *cert;
	bool good;

	if (!p || o.days < 1 || o.days > 3650)
		return refuse(why, "no such profile, or no such time");
	if (csr_read(o.csr, &facts, why))
		return ISSUE_REFUSED;
	if (strcmp(facts.common_name, o.common_name) != 0 ||
		strcmp(facts.organisation, o.organisation) != 0)
		return refuse(why, "the request has other names than it was judged by");
	if (p->is_v2g && !i->v2g)
		return refuse(why, "no profile of V2G certificates was found when depotd began: "
				   "trust.v2g_profile names it");
	if (p->is_v2g) {
		form = pki_profile_of(i->v2g, PKI_ROLE_SECC);
		if (!has_right_key(&facts, form))
			return refuse_key(why, &facts, form);
		o.days = o.days > (int)form->days ? (int)form->days : o.days;
	}
	issuer = issuer_for(i, p, &facts, o.days, why);
	if (!issuer)
		return ISSUE_FAILED;
	req = csr_parse(o.csr);
	cert = req ? make(&o, p, form, X509_REQ_get0_pubkey(req), issuer) : NULL;
	good = cert && write_chain(cert, issuer->cert, chain);
	if (!good)
		snprintf(why, 200, "cannot sign: %s", openssl_words());
	X509_REQ_free(req);
	X509_free(cert);
	return good ? ISSUE_SIGNED : ISSUE_FAILED;
}
