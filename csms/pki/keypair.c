#include "csms/pki/keypair.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { WHY_SIZE = 200, DAY_S = 86400, BACKDATE_S = 3600, SERIAL_BYTES = 16 };

void keypair_free(struct keypair *id)
{
	X509_free(id->cert);
	EVP_PKEY_free(id->key);
	memset(id, 0, sizeof(*id));
}

int keypair_explain(char why[WHY_SIZE], const char *what, const char *path)
{
	unsigned long error = ERR_peek_last_error();
	const char *reason = error ? ERR_reason_error_string(error) : NULL;

	snprintf(why, WHY_SIZE, "%s %.120s: %.50s", what, path,
		reason  ? reason
		: errno ? strerror(errno)
			: "unknown error");
	ERR_clear_error();
	return -1;
}

bool keypair_lasts(const X509 *cert, int days)
{
	time_t then = time(NULL) + (time_t)days * DAY_S;

	return X509_cmp_time(X509_get0_notAfter(cert), &then) > 0;
}

/* -- files ----------------------------------------------------------------------------------------- */

static FILE *create_private(const char *path)
{
	int fd;
	FILE *f;

	unlink(path); /* a leftover of a run that was killed */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return NULL;
	f = fdopen(fd, "w");
	if (!f)
		close(fd);
	return f;
}

static bool append(FILE *f, const char *more)
{
	char bytes[8192];
	FILE *from = fopen(more, "re");
	size_t n = from ? fread(bytes, 1, sizeof(bytes), from) : 0;

	if (from)
		fclose(from);
	return fwrite(bytes, 1, n, f) == n;
}

struct content {
	bool is_key;
	const char *more; /* file that goes behind it, NULL: none */
};

static bool write_pem(FILE *f, const struct keypair *id, const struct content *c)
{
	if (c->is_key)
		return PEM_write_PrivateKey(f, id->key, NULL, NULL, 0, NULL, NULL) == 1;
	return PEM_write_X509(f, id->cert) == 1 && (!c->more || append(f, c->more));
}

static int save(
	const char *path, const struct keypair *id, const struct content *c, char why[WHY_SIZE])
{
	char draft[1024];
	bool good;
	FILE *f;

	errno = 0;
	snprintf(draft, sizeof(draft), "%s.new", path);
	f = create_private(draft);
	if (!f)
		return keypair_explain(why, "cannot create", draft);
	good = write_pem(f, id, c) && !fflush(f) && !fsync(fileno(f));
	if (good && !c->is_key)
		good = !fchmod(fileno(f), 0644);
	if (fclose(f))
		good = false;
	if (good && !rename(draft, path))
		return 0;
	keypair_explain(why, "cannot write", path);
	unlink(draft);
	return -1;
}

int keypair_save_key(const char *path, const struct keypair *id, char why[WHY_SIZE])
{
	return save(path, id, &(struct content){.is_key = true}, why);
}

int keypair_save_cert(const char *path, const struct keypair *id, char why[WHY_SIZE])
{
	return save(path, id, &(struct content){0}, why);
}

int keypair_save_chain(
	const char *path, const struct keypair *id, const char *more, char why[WHY_SIZE])
{
	return save(path, id, &(struct content){.more = more}, why);
}

bool keypair_load(const char *cert_path, const char *key_path, struct keypair *id)
{
	FILE *f = fopen(cert_path, "re");

	memset(id, 0, sizeof(*id));
	if (f) {
		id->cert = PEM_read_X509(f, NULL, NULL, NULL);
		fclose(f);
	}
	f = fopen(key_path, "re");
	if (f) {
		id->key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
		fclose(f);
	}
	if (id->cert && id->key && X509_check_private_key(id->cert, id->key) == 1)
		return true;
	ERR_clear_error();
	keypair_free(id);
	return false;
}

/* -- making ---------------------------------------------------------------------------------------- */

static bool set_serial(X509 *cert)
{
	unsigned char bytes[SERIAL_BYTES];
	BIGNUM *bn;
	bool good;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	bytes[0] = (bytes[0] & 0x7f) | 0x40; /* positive, and as long as any other */
	bn = BN_bin2bn(bytes, sizeof(bytes), NULL);
	good = bn && BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(cert));
	BN_free(bn);
	return good;
}

static bool add_part(X509_NAME *name, int nid, const char *value)
{
	return !value || X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8,
				 (const unsigned char *)value, -1, -1, 0) == 1;
}

static bool set_name(X509_NAME *name, const struct keypair_name *n)
{
	return add_part(name, NID_domainComponent, n->domain) &&
	       add_part(name, NID_organizationName, n->organisation) &&
	       add_part(name, NID_commonName, n->common_name);
}

X509 *keypair_draft(EVP_PKEY *key, const struct keypair_name *name, int days)
{
	X509 *cert = X509_new();

	if (cert && X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) &&
		set_name(X509_get_subject_name(cert), name) &&
		X509_gmtime_adj(X509_getm_notBefore(cert), -BACKDATE_S) &&
		X509_time_adj_ex(X509_getm_notAfter(cert), days, 0, NULL) &&
		X509_set_pubkey(cert, key) == 1)
		return cert;
	X509_free(cert);
	return NULL;
}

bool keypair_within(X509 *cert, const X509 *issuer)
{
	const ASN1_TIME *end = X509_get0_notAfter(issuer);

	return ASN1_TIME_compare(X509_get0_notAfter(cert), end) <= 0 ||
	       X509_set1_notAfter(cert, end) == 1;
}

bool keypair_extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *ext;
	X509V3_CTX ctx;
	bool good;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	good = ext && X509_add_ext(cert, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return good;
}

/* As strong as the curve (ISO 15118-20: SHA-512 on P-521). */
static const EVP_MD *digest_for(EVP_PKEY *key)
{
	int bits = EVP_PKEY_get_base_id(key) == EVP_PKEY_EC ? EVP_PKEY_get_bits(key) : 0;

	return bits > 384 ? EVP_sha512() : bits > 256 ? EVP_sha384() : EVP_sha256();
}

bool keypair_sign(X509 *cert, const X509 *issuer, EVP_PKEY *key)
{
	return X509_set_issuer_name(cert, X509_get_subject_name(issuer)) &&
	       X509_sign(cert, key, digest_for(key)) > 0;
}
