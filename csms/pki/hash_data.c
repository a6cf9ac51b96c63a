#include "csms/pki/hash_data.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include "csms/pki/x509.h"

static void put_hex(const unsigned char *bytes, unsigned int len, char out[129])
{
	for (unsigned int i = 0; i < len; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static int digest(X509 *cert, X509 *issuer, const EVP_MD *md, struct hash_data *out)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (X509_NAME_digest(X509_get_issuer_name(cert), md, sum, &len) != 1)
		return -1;
	put_hex(sum, len, out->issuer_name_hash);
	/* The bits of the key, not the whole SubjectPublicKeyInfo. */
	if (X509_pubkey_digest(issuer, md, sum, &len) != 1)
		return -1;
	put_hex(sum, len, out->issuer_key_hash);
	certificate_serial(cert, out->serial);
	return 0;
}

static const EVP_MD *md_of(const char *algorithm)
{
	static const char *const names[] = {"SHA256", "SHA384", "SHA512"};

	for (int i = 0; i < 3; i++)
		if (strcmp(names[i], algorithm) == 0)
			return EVP_get_digestbyname(algorithm);
	return NULL;
}

int hash_data_of(const char *pem, const char *issuer, const char *algorithm, struct hash_data *out,
	char why[200])
{
	X509 *cert = certificate_read(pem), *by = issuer ? certificate_read(issuer) : NULL;
	const EVP_MD *md = md_of(algorithm);
	int result = -1;

	memset(out, 0, sizeof *out);
	if (!cert || (issuer && !by))
		snprintf(why, 200, "this is no certificate in PEM (-----BEGIN CERTIFICATE-----)");
	else if (!md)
		snprintf(why, 200, "the algorithm must be SHA256, SHA384 or SHA512");
	else if (ASN1_STRING_type(X509_get0_serialNumber(cert)) == V_ASN1_NEG_INTEGER)
		snprintf(why, 200, "its serial number is below zero: OCPP cannot name it");
	else if (X509_check_issued(by ? by : cert, cert) != X509_V_OK)
		snprintf(why, 200,
			by ? "the other certificate did not issue it"
			   : "it was issued by another: give that one too");
	else if (digest(cert, by ? by : cert, md, out) == 0)
		result = 0;
	else
		snprintf(why, 200, "it cannot be hashed: %s", openssl_words());
	X509_free(cert);
	X509_free(by);
	ERR_clear_error();
	return result;
}
