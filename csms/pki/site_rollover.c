#include "csms/pki/site_rollover.h"

#include <errno.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "csms/pki/keypair.h"
#include "csms/pki/site_ca.h"
#include "csms/pki/x509.h"

enum { WHY_SIZE = 200, SERVER_DAYS = 730, PATH_SIZE = 600, PEM_SIZE = 12000 };

static void place(const char *dir, const char *name, char out[PATH_SIZE])
{
	snprintf(out, PATH_SIZE, "%.500s/%s", dir, name);
}

static int read_file(const char *path, char *out, size_t size)
{
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(out, 1, size - 1, f) : 0;

	out[n] = '\0';
	if (f)
		fclose(f);
	return n > 0 ? 0 : -1;
}

int site_rollover_read(const char *dir, struct site_rollover *out)
{
	char path[PATH_SIZE], pem[PEM_SIZE];
	X509 *cross, *root;

	memset(out, 0, sizeof *out);
	place(dir, "next/cross.pem", path);
	if (read_file(path, out->cross, sizeof out->cross))
		return 0;
	place(dir, "next/root.pem", path);
	if (read_file(path, pem, sizeof pem))
		return 0;
	cross = certificate_read(out->cross);
	root = certificate_read(pem);
	if (cross && root) {
		certificate_serial(cross, out->serial);
		certificate_serial(root, out->root_serial);
		certificate_subject(cross, out->subject, sizeof out->subject);
		out->not_after_ms = time_of(X509_get0_notAfter(cross));
	}
	X509_free(cross);
	X509_free(root);
	return out->serial[0] && out->root_serial[0];
}

/* The same name and key as the new root, by the word of the old one. */
static X509 *make_cross(const struct keypair *fresh, const struct keypair *old)
{
	const struct keypair_name nobody = {0};
	X509 *cross = keypair_draft(fresh->key, &nobody, SITE_CA_ROOT_DAYS);

	if (cross && X509_set_subject_name(cross, X509_get_subject_name(fresh->cert)) == 1 &&
		keypair_within(cross, old->cert) &&
		keypair_extend(cross, old->cert, NID_basic_constraints, "critical,CA:TRUE") &&
		keypair_extend(cross, old->cert, NID_key_usage, "critical,keyCertSign,cRLSign") &&
		keypair_extend(cross, old->cert, NID_subject_key_identifier, "hash") &&
		keypair_extend(cross, old->cert, NID_authority_key_identifier, "keyid") &&
		keypair_sign(cross, old->cert, old->key))
		return cross;
	X509_free(cross);
	return NULL;
}

static int load_old(const char *dir, struct keypair *old, char why[WHY_SIZE])
{
	char cert[PATH_SIZE], key[PATH_SIZE];

	place(dir, "root.pem", cert);
	place(dir, "root.key", key);
	if (keypair_load(cert, key, old))
		return 0;
	snprintf(why, WHY_SIZE, "the root's key is not here (%.150s)", key);
	return -1;
}

int site_rollover_prepare(const char *dir, struct site_rollover *out, char why[WHY_SIZE])
{
	struct keypair old = {0}, fresh = {0}, cross = {0};
	char path[PATH_SIZE], key[PATH_SIZE];
	int result = -1;

	if (site_rollover_read(dir, out))
		return 0;
	place(dir, "next", path);
	errno = 0;
	if (mkdir(path, 0700) && errno != EEXIST)
		return keypair_explain(why, "cannot create", path);
	if (load_old(dir, &old, why))
		return -1;
	if (site_ca_make_root(&fresh))
		cross.cert = make_cross(&fresh, &old);
	if (!cross.cert) {
		keypair_explain(why, "cannot make a new root in", path);
	} else {
		place(dir, "next/root.key", key);
		place(dir, "next/root.pem", path);
		result = keypair_save_key(key, &fresh, why);
		if (result == 0)
			result = keypair_save_cert(path, &fresh, why);
		place(dir, "next/cross.pem", path);
		if (result == 0)
			result = keypair_save_cert(path, &cross, why);
	}
	keypair_free(&old);
	keypair_free(&fresh);
	keypair_free(&cross);
	if (result == 0 && !site_rollover_read(dir, out)) {
		snprintf(why, WHY_SIZE, "what was written to %.120s cannot be read", path);
		result = -1;
	}
	return result;
}

/* -- the switch -------------------------------------------------------------------------------------- */

/* What an extension of the old certificate said, once more. */
static bool copy_extension(X509 *to, X509 *from, int nid)
{
	int at = X509_get_ext_by_NID(from, nid, -1);

	return at < 0 || X509_add_ext(to, X509_get_ext(from, at), -1) == 1;
}

static X509 *sign_server(const struct keypair *server, const struct keypair *root)
{
	const struct keypair_name nobody = {0};
	X509 *cert = keypair_draft(server->key, &nobody, SERVER_DAYS);

	if (cert && X509_set_subject_name(cert, X509_get_subject_name(server->cert)) == 1 &&
		copy_extension(cert, server->cert, NID_basic_constraints) &&
		copy_extension(cert, server->cert, NID_key_usage) &&
		copy_extension(cert, server->cert, NID_ext_key_usage) &&
		copy_extension(cert, server->cert, NID_subject_alt_name) &&
		keypair_extend(cert, root->cert, NID_subject_key_identifier, "hash") &&
		keypair_extend(cert, root->cert, NID_authority_key_identifier, "keyid") &&
		keypair_sign(cert, root->cert, root->key))
		return cert;
	X509_free(cert);
	return NULL;
}

/* Into `dir`/next: nothing is in force yet. */
static int prepare_server(
	const char *dir, const char *name, const struct keypair *root, char why[WHY_SIZE])
{
	struct keypair server = {0}, fresh = {0};
	char cert[PATH_SIZE], key[PATH_SIZE], next[PATH_SIZE], file[80], cross[PATH_SIZE];
	int result = -1;

	snprintf(file, sizeof file, "%s.pem", name);
	place(dir, file, cert);
	snprintf(file, sizeof file, "next/%s.pem", name);
	place(dir, file, next);
	snprintf(file, sizeof file, "%s.key", name);
	place(dir, file, key);
	place(dir, "next/cross.pem", cross);
	errno = 0;
	if (keypair_load(cert, key, &server))
		fresh.cert = sign_server(&server, root);
	if (!fresh.cert)
		keypair_explain(why, "cannot sign anew", cert);
	else
		result = keypair_save_chain(next, &fresh, cross, why);
	keypair_free(&server);
	keypair_free(&fresh);
	return result;
}

static int move(const char *dir, const char *from, const char *to, char why[WHY_SIZE])
{
	char a[PATH_SIZE], b[PATH_SIZE];

	place(dir, from, a);
	place(dir, to, b);
	return rename(a, b) == 0 ? 0 : keypair_explain(why, "cannot move", a);
}

int site_rollover_switch(const char *dir, char why[WHY_SIZE])
{
	/* Were it to stop in the middle, the next start makes servers' certificates that fit the root. */
	static const char *const moves[][2] = {{"root.key", "previous/root.key"},
		{"root.pem", "previous/root.pem"}, {"next/root.key", "root.key"},
		{"next/root.pem", "root.pem"}, {"next/cross.pem", SITE_CA_CROSS},
		{"next/server-ecdsa.pem", "server-ecdsa.pem"},
		{"next/server-rsa.pem", "server-rsa.pem"}};
	struct keypair root = {0};
	char cert[PATH_SIZE], key[PATH_SIZE];
	int result = -1;

	place(dir, "next/root.pem", cert);
	place(dir, "next/root.key", key);
	if (!keypair_load(cert, key, &root)) {
		snprintf(why, WHY_SIZE, "no new root is prepared");
		return -1;
	}
	if (prepare_server(dir, "server-ecdsa", &root, why) == 0 &&
		prepare_server(dir, "server-rsa", &root, why) == 0)
		result = 0;
	keypair_free(&root);
	place(dir, "previous", cert);
	errno = 0;
	if (result == 0 && mkdir(cert, 0700) && errno != EEXIST)
		return keypair_explain(why, "cannot create", cert);
	for (size_t i = 0; result == 0 && i < sizeof moves / sizeof *moves; i++)
		result = move(dir, moves[i][0], moves[i][1], why);
	return result;
}

int site_rollover_abort(const char *dir, char why[WHY_SIZE])
{
	static const char *const names[] = {"next/cross.pem", "next/root.pem", "next/root.key",
		"next/server-ecdsa.pem", "next/server-rsa.pem"};
	char path[PATH_SIZE];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		place(dir, names[i], path);
		if (unlink(path) && errno != ENOENT)
			return keypair_explain(why, "cannot remove", path);
	}
	return 0;
}
