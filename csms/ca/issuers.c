#include "csms/ca/issuers.h"

#include <errno.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "csms/ca/token.h"

#define SELF (-1)

/* Years by what platforms live: roots outlast chargers; what signs each day does not. */
static const struct {
	const char *file, *name;
	int signer; /* or SELF */
	int years; /* and constraints: those of the V2G hierarchy are its profile's */
	const char *basic;
	const char *published; /* folder and file, without .pem; NULL: none */
	const char *before; /* where it was published before: there it vouched for logins */
} rows[ISSUERS] = {
	[ISSUER_ROOT] = {"root", "depotd station root", SELF, 20, "critical,CA:TRUE,pathlen:1",
		"station-roots/depot", NULL},
	[ISSUER_ECDSA] = {"ecdsa", "depotd stations ECDSA", ISSUER_ROOT, 5,
		"critical,CA:TRUE,pathlen:0", NULL, NULL},
	[ISSUER_RSA] = {"rsa", "depotd stations RSA", ISSUER_ROOT, 5, "critical,CA:TRUE,pathlen:0",
		NULL, NULL},
	[ISSUER_V2G_ROOT] = {"v2g-root", "depotd V2G root", SELF, 0, NULL,
		"charger-roots/depot-v2g", "station-roots/depot-v2g.pem"},
	[ISSUER_V2G] = {"v2g", "depotd V2G sub-CA", ISSUER_V2G_ROOT, 0, NULL, NULL, NULL},
};

/* What the profile says of it; NULL: not of the V2G hierarchy. The sub-CA takes the place of the one that
 * signs for chargers. */
static const struct pki_certificate *form_of(const struct issuers *i, enum issuer_kind kind)
{
	if (kind == ISSUER_V2G_ROOT)
		return pki_profile_of(i->v2g, PKI_ROLE_V2G_ROOT);
	if (kind == ISSUER_V2G)
		return pki_profile_of(i->v2g, pki_profile_of(i->v2g, PKI_ROLE_SECC)->issuer);
	return NULL;
}

/* Behind names of files: a hierarchy a curve, since vehicles that trust one root do not know another. */
static const char *mark_of(const struct issuers *i, enum issuer_kind kind)
{
	static const char *const marks[] = {
		[PKI_CURVE_P_256] = "", [PKI_CURVE_P_384] = "-p384", [PKI_CURVE_P_521] = "-p521"};
	const struct pki_certificate *form = form_of(i, kind);

	return form ? marks[form->curve] : "";
}

static void place(const struct issuers *i, enum issuer_kind kind, const char *end, char out[700])
{
	snprintf(out, 700, "%.600s/ca/%s%s%s", i->folder, rows[kind].file, mark_of(i, kind), end);
}

/* -- keys ------------------------------------------------------------------------------------------ */

/* The V2G hierarchy has certificates of its own for the same keys. */
static const char *uri_of(const struct issuers *i, enum issuer_kind kind)
{
	const char *const uris[ISSUERS] = {
		[ISSUER_ROOT] = i->root,
		[ISSUER_ECDSA] = i->ecdsa,
		[ISSUER_RSA] = i->rsa,
		[ISSUER_V2G_ROOT] = i->root,
		[ISSUER_V2G] = i->ecdsa,
	};

	return uris[kind];
}

static bool is_on(EVP_PKEY *key, enum pki_curve curve)
{
	char group[40] = "";

	EVP_PKEY_get_group_name(key, group, sizeof group, NULL);
	return OBJ_txt2nid(group) == EC_curve_nist2nid(pki_curve_name(curve));
}

static EVP_PKEY *token_key_of(const struct issuers *i, enum issuer_kind kind, char why[200])
{
	const struct pki_certificate *form = form_of(i, kind);
	const char *uri = uri_of(i, kind);
	EVP_PKEY *key;

	if (!uri) {
		snprintf(why, 200, "the token's RSA key is not configured (trust.pkcs11.rsa)");
		return NULL;
	}
	key = token_key(uri, why);
	if (!key || !form || is_on(key, form->curve))
		return key;
	snprintf(why, 200, "the token's key %.80s is not on %s, as trust.v2g_profile wants it", uri,
		pki_curve_name(form->curve));
	EVP_PKEY_free(key);
	return NULL;
}

static EVP_PKEY *new_key(const struct issuers *i, enum issuer_kind kind)
{
	const struct pki_certificate *form = form_of(i, kind);

	return kind == ISSUER_RSA
		       ? EVP_RSA_gen(3072)
		       : EVP_EC_gen(pki_curve_name(form ? form->curve : PKI_CURVE_P_256));
}

/* -- certificates ----------------------------------------------------------------------------------- */

static bool extend(
	X509 *cert, X509 *signer, enum issuer_kind kind, const struct pki_certificate *form)
{
	if (form)
		return pki_profile_extend(cert, signer, form, true);
	return keypair_extend(cert, signer, NID_basic_constraints, rows[kind].basic) &&
	       keypair_extend(cert, signer, NID_key_usage, "critical,keyCertSign,cRLSign");
}

static int make(struct issuers *i, enum issuer_kind kind, const struct keypair *signer,
	struct keypair *id, char why[200])
{
	const struct pki_certificate *form = form_of(i, kind);
	unsigned char random[4];
	char common[64];
	struct keypair_name name = {common, "depotd", form ? form->domain : NULL};

	if (!id->key)
		id->key = new_key(i, kind);
	if (!id->key || RAND_bytes(random, sizeof random) != 1)
		return keypair_explain(why, "no key could be made for", rows[kind].name);
	snprintf(common, sizeof common, "%s %02x%02x%02x%02x", rows[kind].name, random[0],
		random[1], random[2], random[3]);
	id->cert = keypair_draft(id->key, &name, form ? (int)form->days : rows[kind].years * 365);
	if (!signer)
		signer = id;
	if (id->cert && extend(id->cert, signer->cert, kind, form) &&
		keypair_extend(id->cert, signer->cert, NID_subject_key_identifier, "hash") &&
		(signer == id || keypair_extend(id->cert, signer->cert,
					 NID_authority_key_identifier, "keyid")) &&
		keypair_within(id->cert, signer->cert) &&
		keypair_sign(id->cert, signer->cert, signer->key))
		return 0;
	return keypair_explain(why, "cannot make the certificate of", rows[kind].name);
}

static int publish(
	const struct issuers *i, enum issuer_kind kind, const struct keypair *id, char why[200])
{
	char path[700];

	if (!rows[kind].published)
		return 0;
	if (rows[kind].before) {
		snprintf(path, sizeof path, "%.500s/%s", i->folder, rows[kind].before);
		unlink(path);
	}
	snprintf(path, sizeof path, "%.500s/%s", i->folder, rows[kind].published);
	*strrchr(path, '/') = '\0';
	if (mkdir(path, 0700) && errno != EEXIST)
		return keypair_explain(why, "cannot create", path);
	snprintf(path, sizeof path, "%.500s/%s%s.pem", i->folder, rows[kind].published,
		mark_of(i, kind));
	return access(path, F_OK) == 0 ? 0 : keypair_save_cert(path, id, why);
}

static int keep(
	const struct issuers *i, enum issuer_kind kind, const struct keypair *id, char why[200])
{
	char cert[700], key[700];

	place(i, kind, ".pem", cert);
	place(i, kind, ".key", key);
	/* The key first: a certificate without its key would be made again, and may be trusted already. */
	if (!i->module && keypair_save_key(key, id, why))
		return -1;
	return keypair_save_cert(cert, id, why);
}

/* From its files, or its file and the token; false: there is none yet. */
static bool find(struct issuers *i, enum issuer_kind kind, struct keypair *id)
{
	char cert[700], key[700];
	FILE *f;

	place(i, kind, ".pem", cert);
	place(i, kind, ".key", key);
	if (!i->module)
		return keypair_load(cert, key, id);
	f = fopen(cert, "re");
	id->cert = f ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;
	if (f)
		fclose(f);
	if (id->cert && X509_check_private_key(id->cert, id->key) == 1)
		return true;
	X509_free(id->cert);
	id->cert = NULL;
	ERR_clear_error();
	return false;
}

/* It lasts, and its root is still the one (a profile may have another curve for it). */
static bool is_of_use(const struct keypair *id, const struct keypair *signer, int days)
{
	bool good = keypair_lasts(id->cert, days) &&
		    X509_verify(id->cert, X509_get0_pubkey(signer->cert)) == 1;

	ERR_clear_error();
	return good;
}

const struct keypair *issuers_get(struct issuers *i, enum issuer_kind kind, int days, char why[200])
{
	struct keypair *id = &i->ids[kind], fresh = {0};
	const struct keypair *signer = NULL;
	bool is_self = rows[kind].signer == SELF;

	if (id->cert && (is_self || keypair_lasts(id->cert, days)))
		return id;
	if (!is_self && !(signer = issuers_get(i, (enum issuer_kind)rows[kind].signer, days, why)))
		return NULL;
	if (i->module && !(fresh.key = token_key_of(i, kind, why)))
		return NULL;
	if (find(i, kind, &fresh) && !is_self && !is_of_use(&fresh, signer, days)) {
		X509_free(fresh.cert);
		fresh.cert = NULL;
		if (!i->module) { /* a new key too */
			EVP_PKEY_free(fresh.key);
			fresh.key = NULL;
		}
	}
	if ((!fresh.cert && (make(i, kind, signer, &fresh, why) || keep(i, kind, &fresh, why))) ||
		publish(i, kind, &fresh, why)) {
		keypair_free(&fresh);
		return NULL;
	}
	keypair_free(id);
	*id = fresh;
	return id;
}

int issuers_open(struct issuers *i, char why[200])
{
	char path[700];

	errno = 0;
	if (mkdir(i->folder, 0700) && errno != EEXIST)
		return keypair_explain(why, "cannot create", i->folder);
	snprintf(path, sizeof path, "%.600s/ca", i->folder);
	if (mkdir(path, 0700) && errno != EEXIST)
		return keypair_explain(why, "cannot create", path);
	if (i->module && token_open(i->module, i->pin_file, why))
		return -1;
	/* All hierarchies now: whoever verifies stations reads the roots at its start. */
	return issuers_get(i, ISSUER_ECDSA, 1, why) &&
			       (!i->v2g || issuers_get(i, ISSUER_V2G, 1, why))
		       ? 0
		       : -1;
}
