#include "csms/pki/crl_file.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/pki/x509.h"

enum { WHY_SIZE = 200, CLOCKS_MS = 300 * 1000 };

static void read_facts(X509_CRL *crl, struct crl_facts *out)
{
	const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);
	STACK_OF(X509_REVOKED) *revoked = X509_CRL_get_REVOKED(crl);

	memset(out, 0, sizeof *out);
	certificate_name(X509_CRL_get_issuer(crl), out->issuer, sizeof out->issuer);
	out->this_ms = time_of(X509_CRL_get0_lastUpdate(crl));
	out->next_ms = next ? time_of(next) : 0;
	out->revoked = revoked ? sk_X509_REVOKED_num(revoked) : 0;
}

static X509_CRL *read_pem(const void *bytes, size_t len)
{
	BIO *bio = BIO_new_mem_buf(bytes, (int)len);
	X509_CRL *crl = bio ? PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	ERR_clear_error();
	return crl;
}

/* Authorities publish DER (RFC 5280 4.2.1.13); some publish PEM. */
static X509_CRL *read_any(const void *bytes, size_t len)
{
	const unsigned char *at = bytes;
	X509_CRL *crl = d2i_X509_CRL(NULL, &at, (long)len);

	ERR_clear_error();
	if (crl && at == (const unsigned char *)bytes + len)
		return crl;
	X509_CRL_free(crl);
	return read_pem(bytes, len);
}

int crl_facts(const char *pem, struct crl_facts *out, char why[WHY_SIZE])
{
	X509_CRL *crl = read_pem(pem, strlen(pem));

	if (!crl) {
		snprintf(why, WHY_SIZE,
			"this is no revocation list in PEM (-----BEGIN X509 CRL-----)");
		return -1;
	}
	read_facts(crl, out);
	X509_CRL_free(crl);
	return 0;
}

/* RFC 5280 6.3.3 (f), (g): of that name, allowed to sign lists, and it did. */
static bool has_signed(X509 *issuer, X509_CRL *crl)
{
	bool may = X509_NAME_cmp(X509_get_subject_name(issuer), X509_CRL_get_issuer(crl)) == 0 &&
		   X509_check_ca(issuer) == 1 && (X509_get_key_usage(issuer) & KU_CRL_SIGN);
	EVP_PKEY *key = may ? X509_get0_pubkey(issuer) : NULL;
	bool good = key && X509_CRL_verify(crl, key) == 1;

	ERR_clear_error();
	return good;
}

static bool is_signed(X509_CRL *crl, const char *issuers)
{
	BIO *bio = BIO_new_mem_buf(issuers, -1);
	X509 *cert;
	bool good = false;

	while (bio && !good && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		good = has_signed(cert, crl);
		X509_free(cert);
	}
	BIO_free(bio);
	ERR_clear_error();
	return good;
}

static char *write_pem(X509_CRL *crl)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL, *out = NULL;
	long n = bio && PEM_write_bio_X509_CRL(bio, crl) == 1 ? BIO_get_mem_data(bio, &text) : 0;

	if (n > 0)
		out = strndup(text, (size_t)n);
	BIO_free(bio);
	return out;
}

/* What is wrong with it; NULL: nothing. */
static const char *fault_of(
	X509_CRL *crl, const struct crl_facts *f, const char *issuers, int64_t now_ms)
{
	if (!is_signed(crl, issuers))
		return "is signed by none of the authorities that are known (trust.crls.issuer "
		       "names another)";
	if (f->this_ms == 0 || f->this_ms > now_ms + CLOCKS_MS)
		return "is of a time that is yet to come";
	if (f->next_ms == 0)
		return "does not say when the next one comes";
	if (f->next_ms <= now_ms)
		return "is over: its authority has not renewed it";
	return NULL;
}

char *crl_judge(const void *bytes, size_t len, const char *issuers, int64_t now_ms,
	struct crl_facts *out, char why[WHY_SIZE])
{
	X509_CRL *crl = len <= CRL_BYTES_MAX ? read_any(bytes, len) : NULL;
	const char *fault = "is no revocation list, in DER or PEM";
	char *pem = NULL;

	if (crl) {
		read_facts(crl, out);
		fault = fault_of(crl, out, issuers, now_ms);
	}
	if (fault)
		snprintf(why, WHY_SIZE, "the list %s", fault);
	else if (!(pem = write_pem(crl)))
		snprintf(why, WHY_SIZE, "out of memory");
	X509_CRL_free(crl);
	return pem;
}
