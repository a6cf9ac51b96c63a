#include "csms/pki/pkcs7.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CERTIFICATES_MOST = 12 };

static PKCS7 *read_base64(const char *base64, size_t len)
{
	EVP_ENCODE_CTX *ctx = EVP_ENCODE_CTX_new();
	unsigned char *der = malloc(len + 4);
	const unsigned char *p = der;
	int n = 0, last = 0;
	PKCS7 *p7 = NULL;

	if (ctx && der && len < 1 << 20) {
		EVP_DecodeInit(ctx);
		if (EVP_DecodeUpdate(ctx, der, &n, (const unsigned char *)base64, (int)len) >= 0 &&
			EVP_DecodeFinal(ctx, der + n, &last) == 1)
			p7 = d2i_PKCS7(NULL, &p, n + last);
	}
	EVP_ENCODE_CTX_free(ctx);
	free(der);
	return p7;
}

static char *write_pem(const STACK_OF(X509) * certs)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL, *out = NULL;
	long len;

	for (int i = 0; bio && i < sk_X509_num(certs); i++)
		PEM_write_bio_X509(bio, sk_X509_value(certs, i));
	len = bio ? BIO_get_mem_data(bio, &text) : 0;
	if (len > 0)
		out = strndup(text, (size_t)len);
	BIO_free(bio);
	return out;
}

char *pkcs7_to_pem(const char *base64, size_t len, char why[200])
{
	PKCS7 *p7 = read_base64(base64, len);
	const STACK_OF(X509) *certs =
		p7 && PKCS7_type_is_signed(p7) && p7->d.sign ? p7->d.sign->cert : NULL;
	char *out = NULL;

	if (certs && sk_X509_num(certs) <= CERTIFICATES_MOST)
		out = write_pem(certs);
	if (!out)
		snprintf(why, 200, "its answer is no PKCS #7 with 1 to 12 certificates, in base64");
	PKCS7_free(p7);
	ERR_clear_error();
	return out;
}

int pem_body(const char *pem, char *out, size_t size)
{
	const char *from = strstr(pem, "-----BEGIN "), *line = from ? strchr(from, '\n') : NULL;
	const char *to = line ? strstr(line, "-----END ") : NULL;
	size_t n = to ? (size_t)(to - line) : 0;

	if (n < 2 || n >= size)
		return -1;
	memcpy(out, line + 1, n - 1);
	out[n - 1] = '\0';
	return 0;
}
