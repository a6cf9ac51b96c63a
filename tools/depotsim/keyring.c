#include "tools/depotsim/keyring.h"
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/pki/x509.h"

enum { FILE_SIZE_MAX = 60000, PENDING_MAX = 8 };

struct root {
	int type;
	char *pem;
	struct hash_data name;
};

struct keyring {
	char folder[400], identity[64];
	EVP_PKEY *pending[PENDING_MAX]; /* of requests; the oldest goes first */
	int asked;
	char *chain, *key; /* of logins */
	struct root roots[KEYRING_ROOTS_MAX];
	int count;
};

/* -- files and texts --------------------------------------------------------------------------- */

static char *read_text(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = f ? malloc(FILE_SIZE_MAX + 1) : NULL;

	if (text)
		text[fread(text, 1, FILE_SIZE_MAX, f)] = '\0';
	if (f)
		fclose(f);
	return text;
}

static void save(const struct keyring *k, const char *ending, const char *text)
{
	char path[500];
	FILE *f;

	if (!k->folder[0])
		return;
	snprintf(path, sizeof path, "%s/%s%s", k->folder, k->identity, ending);
	f = fopen(path, "we");
	if (!f || fputs(text, f) < 0)
		fprintf(stderr, "depotsim: cannot write %s\n", path);
	if (f)
		fclose(f);
}

/* What is in the BIO, as a text of its own; takes the BIO over. */
static char *text_of(BIO *bio, bool good)
{
	char *at = NULL, *out = NULL;
	long len = bio ? BIO_get_mem_data(bio, &at) : 0;

	if (good && len > 0)
		out = strndup(at, (size_t)len);
	BIO_free(bio);
	return out;
}

static char *key_text(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());

	return text_of(bio,
		bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
}

/* -- requests ---------------------------------------------------------------------------------- */

static void remember(struct keyring *k, EVP_PKEY *key)
{
	EVP_PKEY **at = &k->pending[k->asked++ % PENDING_MAX];

	EVP_PKEY_free(*at);
	*at = key;
}

static bool add_name(X509_NAME *name, const char *field, const char *value)
{
	return !value[0] || X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
				    (const unsigned char *)value, -1, -1, 0) == 1;
}

char *keyring_request(struct keyring *k, const char *organisation, const char *name)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509_REQ *req = X509_REQ_new();
	X509_NAME *subject = req ? X509_REQ_get_subject_name(req) : NULL;
	BIO *bio = BIO_new(BIO_s_mem());
	bool good = key && subject && bio && add_name(subject, "O", organisation) &&
		    add_name(subject, "CN", name) && X509_REQ_set_pubkey(req, key) == 1 &&
		    X509_REQ_sign(req, key, EVP_sha256()) > 0 &&
		    PEM_write_bio_X509_REQ(bio, req) == 1;

	X509_REQ_free(req);
	if (good)
		remember(k, key);
	else
		EVP_PKEY_free(key);
	ERR_clear_error();
	return text_of(bio, good);
}

static EVP_PKEY *key_of(const struct keyring *k, const char *chain)
{
	X509 *leaf = certificate_read(chain);
	EVP_PKEY *found = NULL;

	for (int i = 0; leaf && i < PENDING_MAX && !found; i++)
		if (k->pending[i] && X509_check_private_key(leaf, k->pending[i]) == 1)
			found = k->pending[i];
	X509_free(leaf);
	ERR_clear_error();
	return found;
}

int keyring_take(struct keyring *k, const char *chain, bool is_login)
{
	EVP_PKEY *key = key_of(k, chain);
	char *text = key ? key_text(key) : NULL, *copy = text ? strdup(chain) : NULL;

	if (!copy || !is_login) {
		free(text);
		free(copy);
		return copy ? 0 : -1;
	}
	free(k->chain);
	free(k->key);
	k->chain = copy;
	k->key = text;
	save(k, ".pem", copy);
	save(k, ".key", text);
	return 0;
}

const char *keyring_chain(const struct keyring *k)
{
	return k->chain;
}

const char *keyring_key(const struct keyring *k)
{
	return k->key;
}

/* -- roots ------------------------------------------------------------------------------------- */

/* Of one that another root signed: that root has to be here too. */
static int name_of(const struct keyring *k, const char *pem, struct hash_data *out)
{
	char why[200];
	int rc = hash_data_of(pem, NULL, "SHA256", out, why);

	for (int i = 0; rc && i < k->count; i++)
		rc = hash_data_of(pem, k->roots[i].pem, "SHA256", out, why);
	return rc;
}

static bool is_same(const struct hash_data *a, const struct hash_data *b)
{
	return strcmp(a->issuer_name_hash, b->issuer_name_hash) == 0 &&
	       strcmp(a->issuer_key_hash, b->issuer_key_hash) == 0 &&
	       strcmp(a->serial, b->serial) == 0;
}

int keyring_install(struct keyring *k, int type, const char *pem)
{
	struct root r = {.type = type};

	if (name_of(k, pem, &r.name))
		return -1;
	for (int i = 0; i < k->count; i++)
		if (k->roots[i].type == type && is_same(&k->roots[i].name, &r.name))
			return 0;
	if (k->count == KEYRING_ROOTS_MAX || !(r.pem = strdup(pem)))
		return -1;
	k->roots[k->count++] = r;
	return 0;
}

bool keyring_look(const struct keyring *k, int place, int *type, struct hash_data *out)
{
	if (place >= k->count)
		return false;
	*type = k->roots[place].type;
	*out = k->roots[place].name;
	return true;
}

bool keyring_remove(struct keyring *k, int place)
{
	if (place >= k->count)
		return false;
	free(k->roots[place].pem);
	memmove(&k->roots[place], &k->roots[place + 1],
		(size_t)(--k->count - place) * sizeof *k->roots);
	return true;
}

/* -- life -------------------------------------------------------------------------------------- */

struct keyring *keyring_create(
	const char *folder, const char *identity, const char *root, int root_type)
{
	struct keyring *k = calloc(1, sizeof *k);
	char path[500], *pem;

	if (!k)
		return NULL;
	snprintf(k->folder, sizeof k->folder, "%s", folder ? folder : "");
	snprintf(k->identity, sizeof k->identity, "%s", identity);
	if (folder) {
		snprintf(path, sizeof path, "%s/%s.pem", k->folder, k->identity);
		k->chain = read_text(path);
		snprintf(path, sizeof path, "%s/%s.key", k->folder, k->identity);
		k->key = read_text(path);
	}
	pem = root ? read_text(root) : NULL;
	if (pem)
		keyring_install(k, root_type, pem);
	free(pem);
	return k;
}

void keyring_destroy(struct keyring *k)
{
	if (!k)
		return;
	while (keyring_remove(k, 0))
		continue;
	for (int i = 0; i < PENDING_MAX; i++)
		EVP_PKEY_free(k->pending[i]);
	free(k->chain);
	free(k->key);
	free(k);
}
