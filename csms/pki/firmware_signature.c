#include "csms/pki/firmware_signature.h"

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "csms/pki/pem_files.h"
#include "csms/pki/x509.h"

enum { DIGEST_SIZE = 32, SIGNATURE_MAX = 800 };

/* -- the chain --------------------------------------------------------------------------------- */

struct roots {
	X509_STORE *store;
	int count;
};

/* A file that cannot be read takes nothing from the others. */
static bool load_root(void *arg, const char *path)
{
	struct roots *r = arg;

	r->count += X509_STORE_load_file(r->store, path) == 1;
	return true;
}

static int load_roots(const char *folder, X509_STORE *store)
{
	struct roots r = {.store = store};
	char why[200];

	pem_files(folder, load_root, &r, why);
	ERR_clear_error();
	return r.count;
}

static int verify_chain(const char *roots, X509 *cert, char why[300])
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int result = -1;

	if (!store || !ctx || load_roots(roots, store) == 0) {
		snprintf(why, 300,
			"no manufacturer's root is known: add the one of this maker first "
			"(POST /manufacturer-roots)");
	} else if (X509_STORE_CTX_init(ctx, store, cert, NULL) != 1) {
		snprintf(why, 300, "out of memory");
	} else {
		/* 112 bits: RSA of 2048, curves of 224 (A00.FR.501 and after). */
		X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(ctx), 2);
		if (X509_verify_cert(ctx) == 1)
			result = 0;
		else
			snprintf(why, 300,
				"the signing certificate does not chain to a known manufacturer's "
				"root: %s",
				X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
	}
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	ERR_clear_error();
	return result;
}

/* -- the signature ----------------------------------------------------------------------------- */

static bool read_digest(const char *hex, unsigned char out[DIGEST_SIZE])
{
	for (int i = 0; i < DIGEST_SIZE; i++) {
		unsigned int byte;

		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			return false;
		out[i] = (unsigned char)byte;
	}
	return true;
}

/* Base64 with or without line breaks; -1: it is none. */
static int read_signature(const char *base64, unsigned char *out)
{
	EVP_ENCODE_CTX *ctx = EVP_ENCODE_CTX_new();
	size_t len = strlen(base64);
	int n = 0, last = 0;

	if (!ctx || len > SIGNATURE_MAX)
		n = -1;
	if (ctx && n == 0) {
		EVP_DecodeInit(ctx);
		if (EVP_DecodeUpdate(ctx, out, &n, (const unsigned char *)base64, (int)len) < 0 ||
			EVP_DecodeFinal(ctx, out + n, &last) != 1 || n + last == 0)
			n = -1;
		else
			n += last;
	}
	EVP_ENCODE_CTX_free(ctx);
	return n;
}

struct signature {
	const unsigned char *bytes, *digest;
	size_t len;
};

/* `padding` 0: not RSA. */
static bool holds(EVP_PKEY *key, const struct signature *s, int padding)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	bool good = ctx && EVP_PKEY_verify_init(ctx) == 1;

	if (good && padding)
		good = EVP_PKEY_CTX_set_rsa_padding(ctx, padding) == 1;
	if (good && padding == RSA_PKCS1_PSS_PADDING)
		good = EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_AUTO) == 1;
	good = good && EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1 &&
	       EVP_PKEY_verify(ctx, s->bytes, s->len, s->digest, DIGEST_SIZE) == 1;
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	return good;
}

/* The algorithm by which it holds, NULL: by none. */
static const char *algorithm_of(EVP_PKEY *key, const struct signature *s)
{
	static const struct {
		int type, padding;
		const char *name;
	} rows[] = {
		{EVP_PKEY_RSA, RSA_PKCS1_PSS_PADDING, "RSA-PSS-SHA256"},
		{EVP_PKEY_RSA_PSS, RSA_PKCS1_PSS_PADDING, "RSA-PSS-SHA256"},
		{EVP_PKEY_RSA, RSA_PKCS1_PADDING, "RSA-SHA256"},
		{EVP_PKEY_EC, 0, "ECDSA-SHA256"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (EVP_PKEY_get_base_id(key) == rows[i].type && holds(key, s, rows[i].padding))
			return rows[i].name;
	return NULL;
}

static int verify_signature(
	const struct firmware_signature *f, X509 *cert, char algorithm[41], char why[300])
{
	unsigned char bytes[SIGNATURE_MAX], digest[DIGEST_SIZE];
	struct signature s = {.bytes = bytes, .digest = digest};
	int len = read_signature(f->signature, bytes);
	const char *name;

	if (len < 0 || !read_digest(f->sha256, digest)) {
		snprintf(why, 300, "the signature is not base64 of at most %d characters",
			SIGNATURE_MAX);
		return -1;
	}
	s.len = (size_t)len;
	name = algorithm_of(X509_get0_pubkey(cert), &s);
	if (!name) {
		snprintf(why, 300,
			"the signature does not fit the image: it is of other bytes, by another key, "
			"or not RSA or ECDSA over SHA-256");
		return -1;
	}
	snprintf(algorithm, 41, "%s", name);
	return 0;
}

/* The certificate, if its maker entrusted it with signatures; to be freed. NULL with one line. */
static X509 *read_signer(const struct firmware_signature *s, char why[300])
{
	X509 *cert = certificate_read(s->certificate);

	if (!cert)
		snprintf(why, 300, "the signing certificate is not a certificate in PEM");
	else if (!(X509_get_key_usage(cert) & KU_DIGITAL_SIGNATURE))
		snprintf(why, 300, "the certificate may not be used for signatures (key usage)");
	else if (verify_chain(s->roots, cert, why) == 0)
		return cert;
	X509_free(cert);
	ERR_clear_error();
	return NULL;
}

int firmware_signature_verify(
	const struct firmware_signature *s, char algorithm[41], char signer[301], char why[300])
{
	X509 *cert = read_signer(s, why);
	int result = cert ? verify_signature(s, cert, algorithm, why) : -1;

	if (result == 0)
		certificate_subject(cert, signer, 301);
	X509_free(cert);
	ERR_clear_error();
	return result;
}

/* As long as the key is (RSA), or two numbers in DER (ECDSA). */
static bool may_be_of(EVP_PKEY *key, const unsigned char *bytes, int len)
{
	const unsigned char *at = bytes;
	ECDSA_SIG *pair;
	bool good;

	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC)
		return len == EVP_PKEY_get_size(key);
	pair = d2i_ECDSA_SIG(NULL, &at, len);
	good = pair && at == bytes + len;
	ECDSA_SIG_free(pair);
	return good;
}

int firmware_signature_judge(const struct firmware_signature *s, char why[300])
{
	unsigned char bytes[SIGNATURE_MAX];
	X509 *cert = read_signer(s, why);
	int len = cert ? read_signature(s->signature, bytes) : -1, result = -1;

	if (cert && (len < 0 || !may_be_of(X509_get0_pubkey(cert), bytes, len)))
		snprintf(why, 300,
			"the signature is none of the key of the signing certificate: it must be "
			"base64 of RSA or ECDSA over SHA-256");
	else if (cert)
		result = 0;
	X509_free(cert);
	ERR_clear_error();
	return result;
}
