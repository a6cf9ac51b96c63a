#include "csms/pki/x509.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

int pem_no_password(char *out, int size, int writing, void *arg)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

X509 *certificate_read(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, pem_no_password, NULL) : NULL;

	BIO_free(bio);
	ERR_clear_error();
	return cert;
}

STACK_OF(X509) * certificates_read(const char *pem, int most)
{
	STACK_OF(X509) *list = sk_X509_new_null();
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *cert;

	while (list && bio && (cert = PEM_read_bio_X509(bio, NULL, pem_no_password, NULL)))
		if (sk_X509_num(list) >= most || !sk_X509_push(list, cert)) {
			X509_free(cert);
			sk_X509_pop_free(list, X509_free);
			list = NULL;
		}
	if (list && (sk_X509_num(list) == 0 ||
			    ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)) {
		sk_X509_pop_free(list, X509_free);
		list = NULL;
	}
	BIO_free(bio);
	ERR_clear_error();
	return list;
}

X509_REQ *csr_parse(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509_REQ *req = bio ? PEM_read_bio_X509_REQ(bio, NULL, pem_no_password, NULL) : NULL;

	BIO_free(bio);
	ERR_clear_error();
	return req;
}

/* -- names --------------------------------------------------------------------------------------- */

void certificate_name(const X509_NAME *name, char *out, size_t size)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int n = 0;

	if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0)
		n = BIO_read(bio, out, (int)size - 1);
	out[n > 0 ? n : 0] = '\0';
	BIO_free(bio);
}

void certificate_subject(X509 *cert, char *out, size_t size)
{
	certificate_name(X509_get_subject_name(cert), out, size);
}

static int take_text(const ASN1_STRING *value, char *out, size_t size)
{
	unsigned char *utf8 = NULL;
	int len = ASN1_STRING_to_UTF8(&utf8, value), result = -1;

	if (len > 0 && (size_t)len < size) {
		result = 0;
		for (int i = 0; i < len; i++)
			if (utf8[i] < 0x20 || utf8[i] == 0x7f)
				result = -1;
	}
	if (result == 0) {
		memcpy(out, utf8, (size_t)len);
		out[len] = '\0';
	}
	OPENSSL_free(utf8);
	ERR_clear_error();
	return result;
}

int name_entry(const X509_NAME *name, int nid, char *out, size_t size)
{
	int at = X509_NAME_get_index_by_NID(name, nid, -1);

	out[0] = '\0';
	if (at < 0)
		return 0;
	if (X509_NAME_get_index_by_NID(name, nid, at) >= 0)
		return -1;
	return take_text(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)), out, size);
}

/* -- numbers ------------------------------------------------------------------------------------- */

static void put_hex(const unsigned char *bytes, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

void certificate_fingerprint(const X509 *cert, char out[65])
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	out[0] = '\0';
	if (X509_digest(cert, EVP_sha256(), sum, &len) == 1)
		put_hex(sum, len, out);
}

void key_hash(EVP_PKEY *key, char out[65])
{
	unsigned char *der = NULL, sum[32];
	int len = i2d_PUBKEY(key, &der);

	out[0] = '\0';
	if (len > 0 && EVP_Digest(der, (size_t)len, sum, NULL, EVP_sha256(), NULL) == 1)
		put_hex(sum, sizeof sum, out);
	OPENSSL_free(der);
}

void certificate_serial(X509 *cert, char out[42])
{
	BIGNUM *bn = ASN1_INTEGER_to_BN(X509_get_serialNumber(cert), NULL);
	char *hex = bn ? BN_bn2hex(bn) : NULL;
	const char *digits = hex ? hex + strspn(hex, "0") : "";

	snprintf(out, 42, "%s", hex && !digits[0] ? "0" : digits);
	OPENSSL_free(hex);
	BN_free(bn);
}

int64_t time_of(const ASN1_TIME *t)
{
	struct tm tm;

	return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) * 1000 : 0;
}

const char *openssl_words(void)
{
	unsigned long error = ERR_peek_last_error();
	const char *words = error ? ERR_reason_error_string(error) : NULL;

	ERR_clear_error();
	return words ? words : "unknown error";
}
