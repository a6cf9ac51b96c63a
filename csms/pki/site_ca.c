#include "csms/pki/site_ca.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	WHY_SIZE = 200,
	DAY_S = 86400,
	ROOT_DAYS = 3653,
	SERVER_DAYS = 730,
	RENEW_DAYS = 30,
	BACKDATE_S = 3600, /* stations' clocks run late, and refuse what is not yet valid */
	SERIAL_BYTES = 16,
	NAMES_SIZE = 4096,
};

struct identity {
	X509 *cert;
	EVP_PKEY *key;
};

static void identity_free(struct identity *id)
{
	X509_free(id->cert);
	EVP_PKEY_free(id->key);
	memset(id, 0, sizeof(*id));
}

static int explain(char why[WHY_SIZE], const char *what, const char *path)
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

/* --- files --------------------------------------------------------------------------------- */

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

static bool write_pem(FILE *f, const struct identity *id, bool is_key)
{
	if (is_key)
		return PEM_write_PrivateKey(f, id->key, NULL, NULL, 0, NULL, NULL) == 1;
	return PEM_write_X509(f, id->cert) == 1;
}

/* Whole and on disk under its name, or not at all. */
static int save(const char *path, const struct identity *id, bool is_key, char why[WHY_SIZE])
{
	char draft[1024];
	bool good;
	FILE *f;

	errno = 0;
	snprintf(draft, sizeof(draft), "%s.new", path);
	f = create_private(draft);
	if (!f)
		return explain(why, "cannot create", draft);
	good = write_pem(f, id, is_key) && !fflush(f) && !fsync(fileno(f));
	if (good && !is_key)
		good = !fchmod(fileno(f), 0644);
	if (fclose(f))
		good = false;
	if (good && !rename(draft, path))
		return 0;
	explain(why, "cannot write", path);
	unlink(draft);
	return -1;
}

/* False if a file is missing, broken, or the two do not belong together. */
static bool load(const char *cert_path, const char *key_path, struct identity *id)
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
	identity_free(id);
	return false;
}

/* --- certificates -------------------------------------------------------------------------- */

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

static bool set_name(X509_NAME *name, const char *cn)
{
	return X509_NAME_add_entry_by_txt(
		       name, "O", MBSTRING_UTF8, (const unsigned char *)"depotd", -1, -1, 0) == 1 &&
	       X509_NAME_add_entry_by_txt(
		       name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0) == 1;
}

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
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

static X509 *new_cert(EVP_PKEY *key, const char *cn, int days)
{
	X509 *cert = X509_new();

	if (cert && X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) &&
		set_name(X509_get_subject_name(cert), cn) &&
		X509_gmtime_adj(X509_getm_notBefore(cert), -BACKDATE_S) &&
		X509_gmtime_adj(X509_getm_notAfter(cert), (long)days * DAY_S) &&
		X509_set_pubkey(cert, key) == 1)
		return cert;
	X509_free(cert);
	return NULL;
}

static bool make_root(struct identity *root)
{
	unsigned char random[4];
	char cn[64];

	if (RAND_bytes(random, sizeof(random)) != 1)
		return false;
	snprintf(cn, sizeof(cn), "depotd site root %02x%02x%02x%02x", random[0], random[1],
		random[2], random[3]);
	root->key = EVP_EC_gen("P-256");
	root->cert = root->key ? new_cert(root->key, cn, ROOT_DAYS) : NULL;
	return root->cert && X509_set_issuer_name(root->cert, X509_get_subject_name(root->cert)) &&
	       add_extension(root->cert, root->cert, NID_basic_constraints,
		       "critical,CA:TRUE,pathlen:1") &&
	       add_extension(
		       root->cert, root->cert, NID_key_usage, "critical,keyCertSign,cRLSign") &&
	       add_extension(root->cert, root->cert, NID_subject_key_identifier, "hash") &&
	       X509_sign(root->cert, root->key, EVP_sha256()) > 0;
}

/* "DNS:depot.example,IP:192.0.2.1"; false if a name could smuggle in another entry. */
static bool write_names(const char *const *hosts, int count, char names[NAMES_SIZE])
{
	unsigned char ip[16];
	size_t n = 0;

	for (int i = 0; i < count; i++) {
		bool is_ip = inet_pton(AF_INET, hosts[i], ip) == 1 ||
			     inet_pton(AF_INET6, hosts[i], ip) == 1;
		size_t len = strlen(hosts[i]);

		if (!len || n + len + 8 > NAMES_SIZE)
			return false;
		if (!is_ip &&
			strspn(hosts[i], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789-.*_") != len)
			return false;
		n += (size_t)snprintf(names + n, NAMES_SIZE - n, "%s%s:%s", i ? "," : "",
			is_ip ? "IP" : "DNS", hosts[i]);
	}
	return n > 0;
}

static bool make_server(struct identity *id, const struct identity *root, bool is_rsa,
	const char *cn, const char *names)
{
	/* RSA keys also decrypt the session key of the suites without ECDHE. */
	const char *usage =
		is_rsa ? "critical,digitalSignature,keyEncipherment" : "critical,digitalSignature";

	id->key = is_rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
	id->cert = id->key ? new_cert(id->key, cn, SERVER_DAYS) : NULL;
	return id->cert && X509_set_issuer_name(id->cert, X509_get_subject_name(root->cert)) &&
	       add_extension(id->cert, root->cert, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_extension(id->cert, root->cert, NID_key_usage, usage) &&
	       add_extension(id->cert, root->cert, NID_ext_key_usage, "serverAuth") &&
	       add_extension(id->cert, root->cert, NID_subject_alt_name, names) &&
	       add_extension(id->cert, root->cert, NID_subject_key_identifier, "hash") &&
	       add_extension(id->cert, root->cert, NID_authority_key_identifier, "keyid") &&
	       X509_sign(id->cert, root->key, EVP_sha256()) > 0;
}

static bool lasts(const X509 *cert, int days)
{
	time_t then = time(NULL) + (time_t)days * DAY_S;

	return X509_cmp_time(X509_get0_notAfter(cert), &then) > 0;
}

/* Issued by this root, and for exactly the hosts that are asked for? */
static bool fits(X509 *cert, const struct identity *root, const char *const *hosts, int count)
{
	GENERAL_NAMES *names;
	int have;

	if (X509_verify(cert, root->key) != 1) {
		ERR_clear_error();
		return false;
	}
	names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	have = sk_GENERAL_NAME_num(names);
	GENERAL_NAMES_free(names);
	for (int i = 0; i < count; i++) {
		if (X509_check_ip_asc(cert, hosts[i], 0) != 1 &&
			X509_check_host(cert, hosts[i], 0, 0, NULL) != 1)
			return false;
	}
	return have == count;
}

/* --- the three of them --------------------------------------------------------------------- */

static int ensure_root(
	const char *cert_path, const char *key_path, struct identity *root, char why[WHY_SIZE])
{
	if (load(cert_path, key_path, root) && lasts(root->cert, RENEW_DAYS))
		return 0;
	identity_free(root);
	errno = 0;
	if (!make_root(root))
		return explain(why, "cannot make", cert_path);
	/* The key first: a certificate without its key would be made again, and is trusted already. */
	if (save(key_path, root, true, why))
		return -1;
	return save(cert_path, root, false, why);
}

struct order {
	const char *const *hosts;
	int count;
	bool is_rsa;
};

static int ensure_server(const char *cert_path, const char *key_path, const struct identity *root,
	const struct order *order, char why[WHY_SIZE])
{
	struct identity id;
	char names[NAMES_SIZE], cn[65];
	int result = -1;

	if (load(cert_path, key_path, &id) && lasts(id.cert, RENEW_DAYS) &&
		fits(id.cert, root, order->hosts, order->count)) {
		identity_free(&id);
		return 0;
	}
	identity_free(&id);
	if (order->count < 1 || !write_names(order->hosts, order->count, names)) {
		snprintf(why, WHY_SIZE, "the host names for the server certificate are not usable");
		return -1;
	}
	errno = 0;
	snprintf(
		cn, sizeof(cn), "%s", order->hosts[0]); /* X.520 allows 64; the SAN has all of it */
	if (!make_server(&id, root, order->is_rsa, cn, names))
		explain(why, "cannot make", cert_path);
	else if (!save(key_path, &id, true, why))
		result = save(cert_path, &id, false, why);
	identity_free(&id);
	return result;
}

static bool join(char out[512], const char *dir, const char *file)
{
	return snprintf(out, 512, "%s/%s", dir, file) < 512;
}

int site_ca_ensure(const char *dir, const char *const *hosts, int count,
	struct site_ca_paths *paths, char why[WHY_SIZE])
{
	struct order ecdsa = {hosts, count, false}, rsa = {hosts, count, true};
	struct identity root = {0};
	char root_key[512];
	int result = -1;

	if (!join(paths->root_cert, dir, "root.pem") || !join(root_key, dir, "root.key") ||
		!join(paths->ecdsa_cert, dir, "server-ecdsa.pem") ||
		!join(paths->ecdsa_key, dir, "server-ecdsa.key") ||
		!join(paths->rsa_cert, dir, "server-rsa.pem") ||
		!join(paths->rsa_key, dir, "server-rsa.key")) {
		snprintf(why, WHY_SIZE, "the path of the certificates is too long");
		return -1;
	}
	errno = 0;
	if (mkdir(dir, 0700) && errno != EEXIST)
		return explain(why, "cannot create", dir);
	if (!ensure_root(paths->root_cert, root_key, &root, why) &&
		!ensure_server(paths->ecdsa_cert, paths->ecdsa_key, &root, &ecdsa, why) &&
		!ensure_server(paths->rsa_cert, paths->rsa_key, &root, &rsa, why))
		result = 0;
	identity_free(&root);
	return result;
}
