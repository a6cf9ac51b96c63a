#include "csms/pki/ca_pool.h"
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/pki/ca_pool_x509.h"
#include "csms/pki/pem_files.h"

enum { CERTS_MAX = 2000, FILE_MAX = 200000 };

struct ca_pool {
	STACK_OF(X509) * roots, *subs;
	STACK_OF(X509) * operators; /* those of both that stand in mo-roots */
};

/* -- loading ---------------------------------------------------------------------------------- */

struct loading {
	struct ca_pool *pool;
	bool is_operator;
	void (*note)(void *arg, const char *line);
	void *arg;
};

static void note(const struct loading *l, const char *path, const char *what)
{
	char line[900];

	if (!l->note)
		return;
	snprintf(line, sizeof line, "%s: %s", path, what);
	l->note(l->arg, line);
}

static bool is_self_signed(X509 *cert)
{
	return X509_NAME_cmp(X509_get_subject_name(cert), X509_get_issuer_name(cert)) == 0 &&
	       X509_verify(cert, X509_get0_pubkey(cert)) == 1;
}

static bool push(STACK_OF(X509) * to, X509 *cert)
{
	if (!X509_up_ref(cert))
		return false;
	if (sk_X509_push(to, cert) > 0)
		return true;
	X509_free(cert);
	return false;
}

/* Takes the certificate over if it is of an authority. */
static bool take(struct ca_pool *p, X509 *cert, bool is_operator)
{
	STACK_OF(X509) *where = is_self_signed(cert) ? p->roots : p->subs;

	if (sk_X509_num(p->roots) + sk_X509_num(p->subs) < CERTS_MAX && X509_check_ca(cert) == 1 &&
		(!is_operator || push(p->operators, cert)) && sk_X509_push(where, cert) > 0)
		return true;
	X509_free(cert);
	return false;
}

static bool load_file(void *arg, const char *path)
{
	const struct loading *l = arg;
	BIO *bio = BIO_new_file(path, "r");
	X509 *cert;
	int taken = 0, seen = 0;

	while (bio && BIO_tell(bio) < FILE_MAX &&
		(cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		seen++;
		taken += take(l->pool, cert, l->is_operator);
	}
	if (!bio)
		note(l, path, "cannot be read");
	else if (!seen)
		note(l, path, "holds no certificate in PEM");
	else if (taken < seen)
		note(l, path, "what is no certificate of an authority was left out");
	BIO_free(bio);
	ERR_clear_error();
	return true;
}

static void load_folder(struct loading *l, const char *pki, const char *name)
{
	char folder[600], why[200];

	snprintf(folder, sizeof folder, "%s/%s", pki, name);
	if (pem_files(folder, load_file, l, why))
		note(l, folder, why);
}

struct ca_pool *ca_pool_load(const char *pki, void (*tell)(void *arg, const char *line), void *arg)
{
	struct ca_pool *p = calloc(1, sizeof *p);
	struct loading l = {.pool = p, .note = tell, .arg = arg};

	if (!p)
		return NULL;
	p->roots = sk_X509_new_null();
	p->subs = sk_X509_new_null();
	p->operators = sk_X509_new_null();
	if (!p->roots || !p->subs || !p->operators) {
		ca_pool_destroy(p);
		return NULL;
	}
	l.is_operator = true;
	load_folder(&l, pki, "mo-roots");
	l.is_operator = false;
	load_folder(&l, pki, "v2g-roots");
	return p;
}

int ca_pool_roots(const struct ca_pool *p)
{
	return sk_X509_num(p->roots);
}

void ca_pool_destroy(struct ca_pool *p)
{
	if (!p)
		return;
	sk_X509_pop_free(p->roots, X509_free);
	sk_X509_pop_free(p->subs, X509_free);
	sk_X509_pop_free(p->operators, X509_free);
	free(p);
}

/* -- for verifying ---------------------------------------------------------------------------- */

X509_STORE *ca_pool_store(const struct ca_pool *p, int64_t now_s, bool ignores_dates)
{
	X509_STORE *store = X509_STORE_new();
	X509_VERIFY_PARAM *param = store ? X509_STORE_get0_param(store) : NULL;

	if (!param)
		return NULL;
	for (int i = 0; i < sk_X509_num(p->roots); i++)
		X509_STORE_add_cert(store, sk_X509_value(p->roots, i));
	if (ignores_dates) /* a time that is set would count all the same */
		X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_NO_CHECK_TIME);
	else
		X509_VERIFY_PARAM_set_time(param, (time_t)now_s);
	/* Root, two sub-CAs, leaf (ISO 15118-2 7.3.5), and one to spare for a cross-signed root. */
	X509_VERIFY_PARAM_set_depth(param, 4);
	X509_VERIFY_PARAM_set_auth_level(param, 2);
	ERR_clear_error();
	return store;
}

static void push_all(STACK_OF(X509) * to, STACK_OF(X509) * from)
{
	for (int i = 0; i < sk_X509_num(from); i++)
		push(to, sk_X509_value(from, i));
}

STACK_OF(X509) * ca_pool_all(const struct ca_pool *p, STACK_OF(X509) * more)
{
	STACK_OF(X509) *all = sk_X509_new_null();

	if (!all)
		return NULL;
	push_all(all, more);
	push_all(all, p->subs);
	push_all(all, p->roots);
	return all;
}

/* -- ids -------------------------------------------------------------------------------------- */

static const EVP_MD *digest_of(enum cert_hash hash)
{
	return hash == CERT_SHA512   ? EVP_sha512()
	       : hash == CERT_SHA384 ? EVP_sha384()
				     : EVP_sha256();
}

/* The hashes of an authority: of its name, and of the bits of its key without tag and length. */
static bool hash_ca(X509 *ca, enum cert_hash hash, struct cert_id *out)
{
	const ASN1_BIT_STRING *key = X509_get0_pubkey_bitstr(ca);
	unsigned int n = 0, k = 0;

	out->hash = hash;
	if (!key ||
		X509_NAME_digest(X509_get_subject_name(ca), digest_of(hash), out->name, &n) != 1 ||
		EVP_Digest(key->data, (size_t)key->length, out->key, &k, digest_of(hash), NULL) !=
			1)
		return false;
	out->hash_len = (int)n;
	return n == k;
}

bool cert_id_of(X509 *cert, X509 *issuer, enum cert_hash hash, struct cert_id *out)
{
	BIGNUM *bn = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
	bool good;

	memset(out, 0, sizeof *out);
	good = bn && !BN_is_negative(bn) && BN_num_bytes(bn) <= CERT_SERIAL_MAX &&
	       hash_ca(issuer, hash, out);
	if (good)
		out->serial_len = BN_bn2bin(bn, out->serial);
	BN_free(bn);
	return good;
}

bool ca_pool_is_root(const struct ca_pool *p, const struct cert_id *id)
{
	struct cert_id its;

	for (int i = 0; i < sk_X509_num(p->roots); i++) {
		X509 *root = sk_X509_value(p->roots, i);

		if (cert_id_of(root, root, id->hash, &its) && cert_id_same(id, &its))
			return true;
	}
	return false;
}

bool cert_id_is_of(const struct cert_id *id, X509 *ca)
{
	struct cert_id its;

	return hash_ca(ca, id->hash, &its) && cert_id_same_issuer(id, &its);
}

static bool has_signed(X509 *ca, X509 *cert)
{
	return ca != cert &&
	       X509_NAME_cmp(X509_get_subject_name(cert), X509_get_subject_name(ca)) &&
	       X509_check_issued(ca, cert) == X509_V_OK;
}

/* The last of its line: no root, and below it no authority may be or, where it does not say, is known. */
static bool signs_leaves(X509 *ca, STACK_OF(X509) * all)
{
	long pathlen = X509_get_pathlen(ca);

	for (int i = 0; pathlen < 0 && i < sk_X509_num(all); i++)
		if (has_signed(ca, sk_X509_value(all, i)))
			return false;
	return pathlen <= 0 && !is_self_signed(ca);
}

static bool is_id_of(const struct cert_id *id, X509 *cert, X509 *issuer)
{
	struct cert_id its;

	return X509_check_issued(issuer, cert) == X509_V_OK &&
	       cert_id_of(cert, issuer, id->hash, &its) && cert_id_same(id, &its);
}

static enum ca_pool_kind kind_below(
	const struct ca_pool *p, STACK_OF(X509) * all, X509 *issuer, const struct cert_id *id)
{
	for (int i = 0; i < sk_X509_num(all); i++)
		if (is_id_of(id, sk_X509_value(all, i), issuer))
			return CA_POOL_AUTHORITY;
	for (int i = 0; i < sk_X509_num(p->operators); i++)
		if (X509_cmp(sk_X509_value(p->operators, i), issuer) == 0 &&
			signs_leaves(issuer, all))
			return CA_POOL_CONTRACT;
	return CA_POOL_OTHER;
}

enum ca_pool_kind ca_pool_kind_of(const struct ca_pool *p, const struct cert_id *id)
{
	STACK_OF(X509) *all = ca_pool_all(p, NULL);
	enum ca_pool_kind kind = CA_POOL_UNKNOWN;

	/* An authority may be there twice, for two roots. */
	for (int i = 0; i < sk_X509_num(all) && kind != CA_POOL_AUTHORITY; i++)
		if (cert_id_is_of(id, sk_X509_value(all, i))) {
			enum ca_pool_kind its = kind_below(p, all, sk_X509_value(all, i), id);

			if (kind != CA_POOL_CONTRACT || its == CA_POOL_AUTHORITY)
				kind = its;
		}
	sk_X509_pop_free(all, X509_free);
	ERR_clear_error();
	return kind;
}
