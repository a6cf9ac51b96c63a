#include "csms/pki/chain.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "csms/pki/x509.h"

enum { CERTIFICATES_MOST = 12 }; /* an authority may add all that it has */

static int refuse(char why[200], const char *words)
{
	snprintf(why, 200, "%s", words);
	return -1;
}

static X509 *of_key(const STACK_OF(X509) * list, EVP_PKEY *key)
{
	for (int i = 0; i < sk_X509_num(list); i++) {
		X509 *cert = sk_X509_value(list, i);

		if (EVP_PKEY_eq(X509_get0_pubkey(cert), key) == 1)
			return cert;
	}
	return NULL;
}

static bool is_self_signed(X509 *cert)
{
	return X509_check_issued(cert, cert) == X509_V_OK;
}

/* Who signed it, by name and by signature. */
static X509 *signer_of(const STACK_OF(X509) * list, X509 *cert)
{
	for (int i = 0; i < sk_X509_num(list); i++) {
		X509 *other = sk_X509_value(list, i);

		if (other != cert && X509_check_issued(other, cert) == X509_V_OK &&
			X509_verify(cert, X509_get0_pubkey(other)) == 1)
			return other;
	}
	return NULL;
}

static bool add_pem(struct chain_facts *out, X509 *cert)
{
	size_t n = strlen(out->pem);
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len = bio && PEM_write_bio_X509(bio, cert) == 1 ? BIO_get_mem_data(bio, &text) : 0;
	bool fits = len > 0 && n + (size_t)len <= CHAIN_MAX;

	if (fits) {
		memcpy(out->pem + n, text, (size_t)len);
		out->pem[n + (size_t)len] = '\0';
		out->count++;
	}
	BIO_free(bio);
	return fits;
}

static int put_in_order(
	const STACK_OF(X509) * list, X509 *leaf, struct chain_facts *out, char why[200])
{
	X509 *next = leaf;

	for (X509 *cert = leaf; cert && !is_self_signed(cert); cert = next) {
		if (out->count == CHAIN_DEPTH_MOST)
			return refuse(why, "the chain has more than 5 certificates");
		if (!add_pem(out, cert))
			return refuse(why, "the chain is longer than 10000 characters");
		next = signer_of(list, cert);
	}
	return out->count > 0
		       ? 0
		       : refuse(why, "the certificate is signed by itself, not by an authority");
}

/* The name must be the one that was judged: what else the subject says is the authority's affair. */
static int judge_leaf(X509 *leaf, X509_REQ *req, char why[200])
{
	char asked[257], given[257];

	if (X509_check_ca(leaf) != 0)
		return refuse(why, "the certificate is that of an authority: a station must not "
				   "be able to sign others");
	if (name_entry(X509_REQ_get_subject_name(req), NID_commonName, asked, sizeof asked) ||
		name_entry(X509_get_subject_name(leaf), NID_commonName, given, sizeof given) ||
		strcmp(asked, given) != 0)
		return refuse(why, "the certificate has another common name than the request");
	if (X509_cmp_current_time(X509_get0_notAfter(leaf)) <= 0)
		return refuse(why, "the certificate has expired");
	if (X509_cmp_current_time(X509_get0_notBefore(leaf)) > 0)
		return refuse(why, "the certificate is not valid yet: the station would refuse it");
	return 0;
}

static void take_facts(X509 *leaf, struct chain_facts *out)
{
	certificate_fingerprint(leaf, out->fingerprint);
	key_hash(X509_get0_pubkey(leaf), out->key_hash);
	certificate_serial(leaf, out->serial);
	certificate_subject(leaf, out->subject, sizeof out->subject);
	certificate_name(X509_get_issuer_name(leaf), out->issuer, sizeof out->issuer);
	out->not_before_ms = time_of(X509_get0_notBefore(leaf));
	out->not_after_ms = time_of(X509_get0_notAfter(leaf));
}

int chain_judge(const char *pem, const char *csr, struct chain_facts *out, char why[200])
{
	STACK_OF(X509) *list = certificates_read(pem, CERTIFICATES_MOST);
	X509_REQ *req = csr_parse(csr);
	X509 *leaf = list && req ? of_key(list, X509_REQ_get0_pubkey(req)) : NULL;
	int result = -1;

	memset(out, 0, sizeof *out);
	if (!list)
		refuse(why, "its answer holds no certificates in PEM, or more than 12");
	else if (!leaf)
		refuse(why, "none of its certificates is of the key that was to be signed");
	else if (judge_leaf(leaf, req, why) == 0 && put_in_order(list, leaf, out, why) == 0) {
		take_facts(leaf, out);
		result = 0;
	}
	sk_X509_pop_free(list, X509_free);
	X509_REQ_free(req);
	ERR_clear_error();
	return result;
}
