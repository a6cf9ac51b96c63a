#include "csms/pki/site_ca.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "csms/pki/keypair.h"

enum {
	WHY_SIZE = 200,
	SERVER_DAYS = 730,
	RENEW_DAYS = 30,
	NAMES_SIZE = 4096,
};

bool site_ca_make_root(struct keypair *root)
{
	unsigned char random[4];
	char cn[64];
	const struct keypair_name name = {.common_name = cn, .organisation = "depotd"};

	if (RAND_bytes(random, sizeof(random)) != 1)
		return false;
	snprintf(cn, sizeof(cn), "depotd site root %02x%02x%02x%02x", random[0], random[1],
		random[2], random[3]);
	root->key = EVP_EC_gen("P-256");
	root->cert = root->key ? keypair_draft(root->key, &name, SITE_CA_ROOT_DAYS) : NULL;
	return root->cert &&
	       keypair_extend(root->cert, root->cert, NID_basic_constraints,
		       "critical,CA:TRUE,pathlen:1") &&
	       keypair_extend(
		       root->cert, root->cert, NID_key_usage, "critical,keyCertSign,cRLSign") &&
	       keypair_extend(root->cert, root->cert, NID_subject_key_identifier, "hash") &&
	       keypair_sign(root->cert, root->cert, root->key);
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

static bool make_server(struct keypair *id, const struct keypair *root, bool is_rsa, const char *cn,
	const char *names)
{
	const struct keypair_name name = {.common_name = cn, .organisation = "depotd"};
	/* RSA keys also decrypt the session key of the suites without ECDHE. */
	const char *usage =
		is_rsa ? "critical,digitalSignature,keyEncipherment" : "critical,digitalSignature";

	id->key = is_rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
	id->cert = id->key ? keypair_draft(id->key, &name, SERVER_DAYS) : NULL;
	return id->cert &&
	       keypair_extend(id->cert, root->cert, NID_basic_constraints, "critical,CA:FALSE") &&
	       keypair_extend(id->cert, root->cert, NID_key_usage, usage) &&
	       keypair_extend(id->cert, root->cert, NID_ext_key_usage, "serverAuth") &&
	       keypair_extend(id->cert, root->cert, NID_subject_alt_name, names) &&
	       keypair_extend(id->cert, root->cert, NID_subject_key_identifier, "hash") &&
	       keypair_extend(id->cert, root->cert, NID_authority_key_identifier, "keyid") &&
	       keypair_sign(id->cert, root->cert, root->key);
}

/* Issued by this root, and for exactly the hosts that are asked for? */
static bool fits(X509 *cert, const struct keypair *root, const char *const *hosts, int count)
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
	const char *cert_path, const char *key_path, struct keypair *root, char why[WHY_SIZE])
{
	if (keypair_load(cert_path, key_path, root) && keypair_lasts(root->cert, RENEW_DAYS))
		return 0;
	keypair_free(root);
	errno = 0;
	if (!site_ca_make_root(root))
		return keypair_explain(why, "cannot make", cert_path);
	/* The key first: a certificate without its key would be made again, and is trusted already. */
	if (keypair_save_key(key_path, root, why))
		return -1;
	return keypair_save_cert(cert_path, root, why);
}

struct order {
	const char *const *hosts;
	int count;
	bool is_rsa;
	const char *cross; /* goes behind the certificate, if there is such a file */
};

static int ensure_server(const char *cert_path, const char *key_path, const struct keypair *root,
	const struct order *order, char why[WHY_SIZE])
{
	struct keypair id;
	char names[NAMES_SIZE], cn[65];
	int result = -1;

	if (keypair_load(cert_path, key_path, &id) && keypair_lasts(id.cert, RENEW_DAYS) &&
		fits(id.cert, root, order->hosts, order->count)) {
		keypair_free(&id);
		return 0;
	}
	keypair_free(&id);
	if (order->count < 1 || !write_names(order->hosts, order->count, names)) {
		snprintf(why, WHY_SIZE, "the host names for the server certificate are not usable");
		return -1;
	}
	errno = 0;
	snprintf(
		cn, sizeof(cn), "%s", order->hosts[0]); /* X.520 allows 64; the SAN has all of it */
	if (!make_server(&id, root, order->is_rsa, cn, names))
		keypair_explain(why, "cannot make", cert_path);
	else if (!keypair_save_key(key_path, &id, why))
		result = keypair_save_chain(cert_path, &id, order->cross, why);
	keypair_free(&id);
	return result;
}

static bool join(char out[512], const char *dir, const char *file)
{
	return snprintf(out, 512, "%s/%s", dir, file) < 512;
}

struct site {
	struct site_ca_paths *paths;
	char root_key[512], cross[512];
};

static int find(struct site *s, const char *dir, struct site_ca_paths *paths, char why[WHY_SIZE])
{
	s->paths = paths;
	if (join(paths->root_cert, dir, "root.pem") && join(s->root_key, dir, "root.key") &&
		join(s->cross, dir, SITE_CA_CROSS) &&
		join(paths->ecdsa_cert, dir, "server-ecdsa.pem") &&
		join(paths->ecdsa_key, dir, "server-ecdsa.key") &&
		join(paths->rsa_cert, dir, "server-rsa.pem") &&
		join(paths->rsa_key, dir, "server-rsa.key"))
		return 0;
	snprintf(why, WHY_SIZE, "the path of the certificates is too long");
	return -1;
}

static int ensure_servers(const struct site *s, const struct keypair *root,
	const char *const *hosts, int count, char why[WHY_SIZE])
{
	const struct order ecdsa = {hosts, count, false, s->cross};
	const struct order rsa = {hosts, count, true, s->cross};

	return ensure_server(s->paths->ecdsa_cert, s->paths->ecdsa_key, root, &ecdsa, why) ||
			       ensure_server(s->paths->rsa_cert, s->paths->rsa_key, root, &rsa, why)
		       ? -1
		       : 0;
}

int site_ca_ensure(const char *dir, const char *const *hosts, int count,
	struct site_ca_paths *paths, char why[WHY_SIZE])
{
	struct keypair root = {0};
	struct site s;
	int result = -1;

	if (find(&s, dir, paths, why))
		return -1;
	errno = 0;
	if (mkdir(dir, 0700) && errno != EEXIST)
		return keypair_explain(why, "cannot create", dir);
	if (!ensure_root(paths->root_cert, s.root_key, &root, why))
		result = ensure_servers(&s, &root, hosts, count, why);
	keypair_free(&root);
	return result;
}

int site_ca_renew(const char *dir, const char *const *hosts, int count, char why[WHY_SIZE])
{
	struct site_ca_paths paths;
	struct keypair root = {0};
	struct site s;
	int result = 0;

	if (find(&s, dir, &paths, why))
		return -1;
	errno = 0;
	if (!keypair_load(paths.root_cert, s.root_key, &root))
		return keypair_explain(why, "cannot use", paths.root_cert);
	if (keypair_lasts(root.cert, RENEW_DAYS))
		result = ensure_servers(&s, &root, hosts, count, why);
	keypair_free(&root);
	return result;
}
