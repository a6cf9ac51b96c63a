#include "csms/pki/contract_chain.h"
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "csms/pki/ca_pool_x509.h"

#define SKEW_S 300

enum { PEM_CERTS_MAX = 8, PEM_MAX = 60000 };

/* -- reading ---------------------------------------------------------------------------------- */

/* NULL: there is none, or there are too many. */
static STACK_OF(X509) * read_pem(const char *pem)
{
	STACK_OF(X509) *all = sk_X509_new_null();
	size_t len = strnlen(pem, PEM_MAX);
	BIO *bio = BIO_new_mem_buf(pem, (int)len);
	X509 *cert;

	while (all && bio && sk_X509_num(all) <= PEM_CERTS_MAX &&
		(cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
		if (sk_X509_push(all, cert) <= 0)
			X509_free(cert);
	BIO_free(bio);
	ERR_clear_error();
	if (sk_X509_num(all) >= 1 && sk_X509_num(all) <= PEM_CERTS_MAX)
		return all;
	sk_X509_pop_free(all, X509_free);
	return NULL;
}

static bool is_plain(const unsigned char *text, int len)
{
	for (int i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return true;
}

static void read_name(X509 *leaf, char out[65])
{
	X509_NAME *name = X509_get_subject_name(leaf);
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	const ASN1_STRING *text =
		at < 0 ? NULL : X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
	int len = text ? ASN1_STRING_length(text) : 0;

	/* Two names would let one be checked and the other be charged. */
	if (len < 1 || len > 64 || X509_NAME_get_index_by_NID(name, NID_commonName, at) >= 0 ||
		!is_plain(ASN1_STRING_get0_data(text), len))
		len = 0;
	if (len)
		memcpy(out, ASN1_STRING_get0_data(text), (size_t)len);
	out[len] = '\0';
}

static void read_responder(X509 *cert, char out[CHAIN_URL_SIZE])
{
	STACK_OF(OPENSSL_STRING) *urls = X509_get1_ocsp(cert);
	const char *url = sk_OPENSSL_STRING_num(urls) > 0 ? sk_OPENSSL_STRING_value(urls, 0) : "";
	size_t len = strlen(url);
	bool is_usable = len < CHAIN_URL_SIZE && is_plain((const unsigned char *)url, (int)len);

	snprintf(out, CHAIN_URL_SIZE, "%s", is_usable ? url : "");
	X509_email_free(urls);
}

/* -- judging ---------------------------------------------------------------------------------- */

static int say(struct contract_chain *out, enum chain_verdict verdict, const char *why)
{
	out->verdict = verdict;
	snprintf(out->why, sizeof out->why, "%s", why);
	return -1;
}

/* Signatures, constraints and the root, whatever the date: one that is expired says so only if it is
 * true otherwise (C07.FR.15, FR.17). The chain with its root, to be freed. */
static STACK_OF(X509) * build(const struct ca_pool *pool, STACK_OF(X509) * given, int64_t now_s,
				struct contract_chain *out)
{
	X509_STORE *store = ca_pool_store(pool, now_s, true);
	STACK_OF(X509) *all = ca_pool_all(pool, given), *chain = NULL;
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();

	if (!store || !all || !ctx ||
		X509_STORE_CTX_init(ctx, store, sk_X509_value(given, 0), all) != 1)
		say(out, CHAIN_BROKEN, "out of memory");
	else if (X509_verify_cert(ctx) == 1)
		chain = X509_STORE_CTX_get1_chain(ctx);
	else
		say(out, CHAIN_BROKEN,
			X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
	X509_STORE_CTX_free(ctx);
	sk_X509_pop_free(all, X509_free);
	X509_STORE_free(store);
	ERR_clear_error();
	return chain;
}

static int check_dates(STACK_OF(X509) * chain, int64_t now_s, struct contract_chain *out)
{
	time_t now = (time_t)now_s, soon = (time_t)(now_s + SKEW_S);

	for (int i = 0; i < sk_X509_num(chain); i++)
		if (X509_cmp_time(X509_get0_notBefore(sk_X509_value(chain, i)), &soon) >= 0)
			return say(
				out, CHAIN_BROKEN, "a certificate of the chain is not valid yet");
	for (int i = 0; i < sk_X509_num(chain); i++)
		if (X509_cmp_time(X509_get0_notAfter(sk_X509_value(chain, i)), &now) <= 0)
			return say(out, CHAIN_EXPIRED,
				i ? "an authority of the contract certificate has expired"
				  : "the contract certificate has expired");
	return 0;
}

/* What ISO 15118-2 (annex F) writes into the names of those that charge nobody. */
static bool is_of_other_use(X509 *leaf)
{
	static const char *const uses[] = {"CPO", "CPS", "OEM"};
	X509_NAME *name = X509_get_subject_name(leaf);
	int at = -1;

	while ((at = X509_NAME_get_index_by_NID(name, NID_domainComponent, at)) >= 0) {
		const ASN1_STRING *text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));

		for (int i = 0; i < 3; i++)
			if (ASN1_STRING_length(text) == 3 &&
				strncasecmp(
					(const char *)ASN1_STRING_get0_data(text), uses[i], 3) == 0)
				return true;
	}
	return false;
}

static int check_leaf(X509 *leaf, struct contract_chain *out)
{
	read_name(leaf, out->name);
	if (X509_check_ca(leaf) != 0)
		return say(out, CHAIN_BROKEN,
			"the first certificate is of an authority, not of a contract");
	if (!(X509_get_key_usage(leaf) & KU_DIGITAL_SIGNATURE))
		return say(out, CHAIN_BROKEN,
			"the contract certificate may not be used for signatures (key usage)");
	if (is_of_other_use(leaf))
		return say(out, CHAIN_BROKEN,
			"the first certificate is of a charger, a maker or a pool (DC), not of a contract");
	if (!out->name[0])
		return say(
			out, CHAIN_BROKEN, "the contract certificate does not name one eMAID (CN)");
	return 0;
}

static int take_certs(STACK_OF(X509) * chain, struct contract_chain *out)
{
	for (int i = 0; i + 1 < sk_X509_num(chain) && i < CHAIN_CERTS_MAX; i++) {
		struct chain_cert *c = &out->certs[out->count++];

		read_responder(sk_X509_value(chain, i), c->responder);
		if (!cert_id_of(sk_X509_value(chain, i), sk_X509_value(chain, i + 1), CERT_SHA256,
			    &c->id))
			return say(out, CHAIN_BROKEN, "a serial number of the chain is not usable");
	}
	return 0;
}

void contract_chain_read(
	const struct ca_pool *pool, const char *pem, int64_t now_ms, struct contract_chain *out)
{
	STACK_OF(X509) *given = read_pem(pem), *chain;
	int64_t now_s = now_ms / 1000;

	memset(out, 0, sizeof *out);
	if (!given) {
		say(out, CHAIN_BROKEN, "what came is no chain of 1 to 8 certificates in PEM");
		return;
	}
	if (ca_pool_roots(pool) == 0)
		say(out, CHAIN_BROKEN,
			"no root of a mobility operator is installed: add one with depotctl roots");
	else if (check_leaf(sk_X509_value(given, 0), out) == 0 &&
		 (chain = build(pool, given, now_s, out)) != NULL) {
		if (check_dates(chain, now_s, out) == 0)
			take_certs(chain, out);
		sk_X509_pop_free(chain, X509_free);
	}
	sk_X509_pop_free(given, X509_free);
	ERR_clear_error();
}
