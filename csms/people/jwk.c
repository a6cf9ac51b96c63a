#include "csms/people/jwk.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <string.h>

#include "csms/people/jwt.h"

#define RSA_BITS_MIN 2048 /* RFC 7518, 3.3 */
#define RSA_BITS_MAX 8192 /* longer ones only cost time */
#define P256_BYTES   32

/* alg, kind of key, its curve */
static const struct {
	const char *name, *kty, *crv;
} algs[JWK_ALGS] = {
	[JWK_RS256] = {"RS256", "RSA", NULL},
	[JWK_PS256] = {"PS256", "RSA", NULL},
	[JWK_ES256] = {"ES256", "EC", "P-256"},
};

int jwk_alg_find(const char *name)
{
	for (int i = 0; i < JWK_ALGS; i++)
		if (strcmp(algs[i].name, name) == 0)
			return i;
	return -1;
}

static bool is_or_absent(const char *is, const char *wanted)
{
	return is == NULL || strcmp(is, wanted) == 0;
}

bool jwk_fits(const struct oidc_key *k, enum jwk_alg alg)
{
	return strcmp(k->kty, algs[alg].kty) == 0 && is_or_absent(k->alg, algs[alg].name) &&
	       is_or_absent(k->use, "sig") &&
	       (algs[alg].crv == NULL || (k->crv != NULL && strcmp(k->crv, algs[alg].crv) == 0));
}

/* -- keys ------------------------------------------------------------------------------------ */

static BIGNUM *number(struct arena *a, const char *text)
{
	size_t len = 0;
	char *bytes = text != NULL ? jwt_unbase64(a, text, strlen(text), &len) : NULL;

	return bytes != NULL ? BN_bin2bn((const unsigned char *)bytes, (int)len, NULL) : NULL;
}

static EVP_PKEY *key_of(const char *kind, OSSL_PARAM *params)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
	EVP_PKEY *key = NULL;

	if (ctx == NULL || params == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
		EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static EVP_PKEY *rsa_key(const struct oidc_key *k, struct arena *a)
{
	BIGNUM *n = number(a, k->n), *e = number(a, k->e);
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;

	if (n == NULL || e == NULL || b == NULL || BN_num_bits(n) < RSA_BITS_MIN ||
		BN_num_bits(n) > RSA_BITS_MAX || !BN_is_odd(e) || BN_is_one(e))
		goto out;
	if (OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
		OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, e) == 1)
		params = OSSL_PARAM_BLD_to_param(b);
	key = key_of("RSA", params);
out:
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(b);
	BN_free(n);
	BN_free(e);
	return key;
}

static EVP_PKEY *p256_key(const struct oidc_key *k, struct arena *a)
{
	unsigned char point[1 + 2 * P256_BYTES] = {POINT_CONVERSION_UNCOMPRESSED};
	const char *parts[2] = {k->x, k->y};
	OSSL_PARAM params[3];

	for (int i = 0; i < 2; i++) {
		size_t len = 0;
		char *bytes =
			parts[i] != NULL ? jwt_unbase64(a, parts[i], strlen(parts[i]), &len) : NULL;
		if (bytes == NULL || len != P256_BYTES)
			return NULL;
		memcpy(point + 1 + i * P256_BYTES, bytes, P256_BYTES);
	}
	params[0] = OSSL_PARAM_construct_utf8_string(
		OSSL_PKEY_PARAM_GROUP_NAME, (char[]){"prime256v1"}, 0);
	params[1] =
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point));
	params[2] = OSSL_PARAM_construct_end();
	return key_of("EC", params);
}

/* -- signatures ------------------------------------------------------------------------------ */

/* JWS has r and s side by side (RFC 7518, 3.4), OpenSSL wants them in DER. */
static unsigned char *es256_der(const unsigned char *raw, size_t len, int *der_len)
{
	ECDSA_SIG *sig = len == 2 * P256_BYTES ? ECDSA_SIG_new() : NULL;
	BIGNUM *r = BN_bin2bn(raw, P256_BYTES, NULL);
	BIGNUM *s = sig != NULL ? BN_bin2bn(raw + P256_BYTES, P256_BYTES, NULL) : NULL;
	unsigned char *der = NULL;

	if (sig != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(sig, r, s) == 1) {
		r = s = NULL;
		*der_len = i2d_ECDSA_SIG(sig, &der);
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(sig);
	return der;
}

static bool pads(EVP_PKEY_CTX *ctx, enum jwk_alg alg)
{
	if (alg == JWK_RS256)
		return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) > 0;
	/* RFC 7518, 3.5: the salt is as long as the hash. */
	return alg != JWK_PS256 ||
	       (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0 &&
		       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) > 0);
}

static bool digest_verify(EVP_PKEY *key, enum jwk_alg alg, const char *text, size_t len,
	const unsigned char *signature, size_t signature_len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *inner = NULL;
	bool ok = ctx != NULL && EVP_DigestVerifyInit(ctx, &inner, EVP_sha256(), NULL, key) == 1 &&
		  pads(inner, alg) &&
		  EVP_DigestVerify(
			  ctx, signature, signature_len, (const unsigned char *)text, len) == 1;

	EVP_MD_CTX_free(ctx);
	return ok;
}

bool jwk_verify(const struct oidc_key *k, enum jwk_alg alg, const char *text, size_t len,
	const unsigned char *signature, size_t signature_len, struct arena *a)
{
	EVP_PKEY *key = alg == JWK_ES256 ? p256_key(k, a) : rsa_key(k, a);
	unsigned char *der = NULL;
	int der_len = (int)signature_len;
	bool ok = key != NULL;

	if (ok && alg == JWK_ES256) {
		der = signature_len == 2 * P256_BYTES
			      ? es256_der(signature, signature_len, &der_len)
			      : NULL;
		ok = der != NULL && der_len > 0;
	}
	ok = ok &&
	     digest_verify(key, alg, text, len, der != NULL ? der : signature, (size_t)der_len);
	OPENSSL_free(der);
	EVP_PKEY_free(key);
	return ok;
}
