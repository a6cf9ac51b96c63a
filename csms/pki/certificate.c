#include "csms/pki/certificate.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include "csms/pki/x509.h"

static int count(const char *pem)
{
	static const char line[] = "-----BEGIN CERTIFICATE-----";
	int n = 0;

	while ((pem = strstr(pem, line)) != NULL) {
		pem += sizeof line - 1;
		n++;
	}
	return n;
}

static void put_hex(const unsigned char *bytes, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static void hash_name(const X509_NAME *name, char out[65])
{
	unsigned char sum[32], *der = NULL;
	int len = i2d_X509_NAME(name, &der);

	if (len > 0 && EVP_Digest(der, (size_t)len, sum, NULL, EVP_sha256(), NULL) == 1)
		put_hex(sum, sizeof sum, out);
	OPENSSL_free(der);
}

/* The value of the bit string, without its tag and length (rule 53). */
static void hash_key(const X509 *cert, char out[65])
{
	const ASN1_BIT_STRING *key = X509_get0_pubkey_bitstr(cert);
	unsigned char sum[32];

	if (key && EVP_Digest(key->data, (size_t)key->length, sum, NULL, EVP_sha256(), NULL) == 1)
		put_hex(sum, sizeof sum, out);
}

int certificate_facts(const char *pem, struct certificate_facts *out, char why[200])
{
	X509 *cert = certificate_read(pem);

	memset(out, 0, sizeof *out);
	if (!cert) {
		snprintf(why, 200, "this is no certificate in PEM (-----BEGIN CERTIFICATE-----)");
		return -1;
	}
	out->count = count(pem);
	out->is_ca = X509_check_ca(cert) == 1;
	out->is_self_issued =
		X509_NAME_cmp(X509_get_subject_name(cert), X509_get_issuer_name(cert)) == 0;
	out->not_before_ms = time_of(X509_get0_notBefore(cert));
	out->not_after_ms = time_of(X509_get0_notAfter(cert));
	certificate_subject(cert, out->subject, sizeof out->subject);
	certificate_serial(cert, out->serial);
	hash_name(X509_get_issuer_name(cert), out->issuer_name_hash);
	if (out->is_self_issued)
		hash_key(cert, out->issuer_key_hash);
	X509_free(cert);
	ERR_clear_error();
	return 0;
}
