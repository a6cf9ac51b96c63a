#include "tools/depotctl/pki_lab.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "csms/pki/keypair.h"

enum { CERTS = 40, BACKDATE_DAYS = 1, RESPONDER_DAYS = 730 };

/* Contracts that show the other answers: the profile's, but for name and time. */
static const struct spoilt {
	const char *name, *cn;
	int from, to; /* days from now; to 0: as the profile says */
} spoilt[] = {
	{"contract-revoked", "NLLABC00000002", -BACKDATE_DAYS, 0},
	{"contract-expired", "NLLABC00000003", -400, -1},
};

/* What goes into one file together: a certificate and its sub-CAs, or its authorities from the root. */
static const struct bundle {
	const char *file, *leaf;
	bool is_roots;
} bundles[] = {
	{"secc-chain.pem", "secc", false},
	{"contract-chain.pem", "contract", false},
	{"contract-revoked-chain.pem", "contract-revoked", false},
	{"contract-expired-chain.pem", "contract-expired", false},
	{"oem-chain.pem", "oem", false},
	{"vehicle-chain.pem", "vehicle", false},
	{"cps-chain.pem", "cps", false},
	{"mo-roots.pem", "contract", true},
	{"v2g-roots.pem", "secc", true},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct pair {
	char name[40];
	const struct pki_certificate *form; /* NULL: a responder's */
	X509 *cert;
	EVP_PKEY *key;
};

struct lab {
	const struct pki_lab *order;
	char host[260];
	int port;
	const struct pki_profile *profile;
	const char *responders[16]; /* authorities that have one, at the first port and on */
	int responder_count;
	struct pair pairs[CERTS];
	int count;
	char *why;
};

static int fail(struct lab *l, const char *what, const char *name)
{
	unsigned long error = ERR_peek_last_error();

	snprintf(l->why, 300, "%s %.100s: %.120s", what, name,
		error   ? ERR_reason_error_string(error)
		: errno ? strerror(errno)
			: "unknown error");
	ERR_clear_error();
	return -1;
}

static struct pair *find(struct lab *l, const char *name)
{
	for (int i = 0; i < l->count; i++)
		if (strcmp(l->pairs[i].name, name) == 0)
			return &l->pairs[i];
	return NULL;
}

/* -- certificates ---------------------------------------------------------------------------- */

static bool set_serial(X509 *cert)
{
	unsigned char bytes[16];
	BIGNUM *bn;
	bool good;

	if (RAND_bytes(bytes, sizeof bytes) != 1)
		return false;
	bytes[0] = (bytes[0] & 0x7f) | 0x40;
	bn = BN_bin2bn(bytes, sizeof bytes, NULL);
	good = bn && BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(cert));
	BN_free(bn);
	return good;
}

static bool put_name(X509_NAME *name, const char *field, const char *value)
{
	return X509_NAME_add_entry_by_txt(
		       name, field, MBSTRING_UTF8, (const unsigned char *)value, -1, -1, 0) == 1;
}

static bool set_name(X509 *cert, const struct pki_profile *p, const char *cn, const char *dc)
{
	X509_NAME *name = X509_get_subject_name(cert);

	return put_name(name, "CN", cn) && put_name(name, "O", p->organization) &&
	       put_name(name, "C", p->country) && put_name(name, "DC", dc);
}

/* Where to ask about what this authority signed; "": nowhere. */
static void address_of(const struct lab *l, const char *authority, char out[400])
{
	out[0] = '\0';
	for (int i = 0; i < l->responder_count; i++)
		if (strcmp(l->responders[i], authority) == 0)
			snprintf(out, 400, "http://%s:%d/%s", l->host,
				l->port + (l->order->has_one_port ? 0 : i), authority);
}

static bool add_address(const struct lab *l, X509 *cert, X509 *issuer, const char *authority)
{
	char url[400], value[420];

	address_of(l, authority, url);
	snprintf(value, sizeof value, "OCSP;URI:%s", url);
	return keypair_extend(cert, issuer, NID_info_access, value);
}

static bool extend_responder(X509 *cert, X509 *issuer)
{
	return keypair_extend(cert, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
	       keypair_extend(cert, issuer, NID_key_usage, "critical,digitalSignature") &&
	       keypair_extend(cert, issuer, NID_ext_key_usage, "OCSPSigning") &&
	       keypair_extend(cert, issuer, NID_id_pkix_OCSP_noCheck, "NULL");
}

/* What is to be made: after a form of the profile, or for the responder of `by` (form NULL). */
struct draft {
	const char *name, *cn, *domain;
	enum pki_curve curve;
	int from, to; /* days from now */
	const struct pki_certificate *form;
	const struct pair *by; /* NULL: itself */
};

static bool add_extensions(const struct lab *l, X509 *cert, X509 *issuer, const struct draft *d)
{
	if (!keypair_extend(cert, issuer, NID_subject_key_identifier, "hash") ||
		(d->by && !keypair_extend(cert, issuer, NID_authority_key_identifier, "keyid")))
		return false;
	if (!d->form)
		return extend_responder(cert, issuer);
	return (!d->form->ocsp || add_address(l, cert, issuer, d->by->name)) &&
	       pki_profile_extend(cert, issuer, d->form, true);
}

static bool fill(const struct lab *l, const struct pair *p, const struct draft *d)
{
	X509 *issuer = d->by ? d->by->cert : p->cert;

	return X509_set_version(p->cert, X509_VERSION_3) == 1 && set_serial(p->cert) &&
	       set_name(p->cert, l->profile, d->cn, d->domain) &&
	       X509_time_adj_ex(X509_getm_notBefore(p->cert), d->from, 0, NULL) &&
	       X509_time_adj_ex(X509_getm_notAfter(p->cert), d->to, 0, NULL) &&
	       X509_set_pubkey(p->cert, p->key) == 1 && add_extensions(l, p->cert, issuer, d) &&
	       keypair_sign(p->cert, issuer, d->by ? d->by->key : p->key);
}

static int make(struct lab *l, const struct draft *d)
{
	struct pair *p = &l->pairs[l->count++];

	snprintf(p->name, sizeof p->name, "%s", d->name);
	p->form = d->form;
	p->key = EVP_EC_gen(pki_curve_name(d->curve));
	p->cert = X509_new();
	if (p->key && p->cert && fill(l, p, d))
		return 0;
	return fail(l, "cannot make the certificate", d->name);
}

static struct draft draft_of(struct lab *l, const struct pki_certificate *c)
{
	return (struct draft){
		.name = pki_role_name(c->role),
		.cn = c->name                        ? c->name
		      : c->role == PKI_ROLE_CONTRACT ? l->order->emaid
						     : l->order->secc,
		.domain = c->domain,
		.curve = c->curve,
		.from = -BACKDATE_DAYS,
		.to = (int)c->days,
		.form = c,
		.by = c->issuer == c->role ? NULL : find(l, pki_role_name(c->issuer)),
	};
}

static int make_spoilt(struct lab *l)
{
	for (size_t i = 0; i < COUNT(spoilt); i++) {
		struct draft d = draft_of(l, pki_profile_of(l->profile, PKI_ROLE_CONTRACT));

		d.name = spoilt[i].name;
		d.cn = spoilt[i].cn;
		d.from = spoilt[i].from;
		d.to = spoilt[i].to ? spoilt[i].to : d.to;
		if (make(l, &d))
			return -1;
	}
	return 0;
}

static int make_responders(struct lab *l)
{
	for (int i = 0; i < l->responder_count; i++) {
		const struct pair *by = find(l, l->responders[i]);
		char name[40], cn[60];
		struct draft d = {name, cn, by->form->domain, by->form->curve, -BACKDATE_DAYS,
			RESPONDER_DAYS, NULL, by};

		snprintf(name, sizeof name, "ocsp-%s", l->responders[i]);
		snprintf(cn, sizeof cn, "Lab OCSP of %s", l->responders[i]);
		if (make(l, &d))
			return -1;
	}
	return 0;
}

static int make_all(struct lab *l)
{
	for (size_t i = 0; i < l->profile->certificates.count; i++) {
		struct draft d = draft_of(l, &l->profile->certificates.items[i]);

		if (make(l, &d))
			return -1;
	}
	return make_spoilt(l) || make_responders(l) ? -1 : 0;
}

/* -- files ----------------------------------------------------------------------------------- */

static FILE *create(const struct lab *l, const char *name, mode_t mode)
{
	char path[700];
	int fd;

	snprintf(path, sizeof path, "%s/%s", l->order->dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	return fd < 0 ? NULL : fdopen(fd, "w");
}

static int done(struct lab *l, FILE *f, bool good, const char *name)
{
	if (f && fclose(f) == 0 && good)
		return 0;
	return fail(l, "cannot write", name);
}

static int write_pair(struct lab *l, const struct pair *p)
{
	char name[60];
	FILE *f;

	snprintf(name, sizeof name, "%s.pem", p->name);
	f = create(l, name, 0644);
	if (done(l, f, f && PEM_write_X509(f, p->cert) == 1, name))
		return -1;
	snprintf(name, sizeof name, "%s.key", p->name);
	f = create(l, name, 0600);
	return done(
		l, f, f && PEM_write_PrivateKey(f, p->key, NULL, NULL, 0, NULL, NULL) == 1, name);
}

/* NULL above a root. */
static const struct pair *issuer_of(struct lab *l, const struct pair *p)
{
	return p->form->issuer == p->form->role ? NULL : find(l, pki_role_name(p->form->issuer));
}

static int write_bundle(struct lab *l, const struct bundle *b)
{
	const struct pair *way[CERTS], *p = find(l, b->leaf);
	int n = 0;
	FILE *f;
	bool good;

	if (!p) /* a profile without vehicles' own certificates */
		return 0;
	for (; p; p = issuer_of(l, p))
		way[n++] = p;
	f = create(l, b->file, 0644);
	good = f != NULL;
	for (int i = 0; good && i < n - 1; i++)
		good = PEM_write_X509(f, way[b->is_roots ? n - 1 - i : i]->cert) == 1;
	return done(l, f, good, b->file);
}

static char *hex_of(X509 *cert)
{
	BIGNUM *bn = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
	char *hex = bn ? BN_bn2hex(bn) : NULL;

	BN_free(bn);
	return hex;
}

/* Two digits of the year, as in a certificate. */
static void write_time(FILE *f, const struct tm *t)
{
	fprintf(f, "%02d%02d%02d%02d%02d%02dZ", t->tm_year % 100, t->tm_mon + 1, t->tm_mday,
		t->tm_hour, t->tm_min, t->tm_sec);
}

/* A line of the database that `openssl ocsp` reads. */
static bool write_line(FILE *f, const struct pair *p, bool is_revoked)
{
	char *hex = hex_of(p->cert);
	time_t t = time(NULL);
	struct tm end, now;
	bool good = hex && ASN1_TIME_to_tm(X509_get0_notAfter(p->cert), &end) == 1 &&
		    gmtime_r(&t, &now);

	if (good) {
		fputs(is_revoked ? "R\t" : "V\t", f);
		write_time(f, &end);
		fputc('\t', f);
		if (is_revoked)
			write_time(f, &now);
		good = fprintf(f, "\t%s\tunknown\t/CN=%s\n", hex, p->name) > 0;
	}
	OPENSSL_free(hex);
	return good;
}

static int write_index(struct lab *l, const char *authority)
{
	char name[60];
	bool good;
	FILE *f;

	snprintf(name, sizeof name, "%s.index", authority);
	f = create(l, name, 0644);
	good = f != NULL;
	for (int i = 0; good && i < l->count; i++) {
		const struct pair *p = &l->pairs[i];

		if (p->form && p->form->issuer != p->form->role &&
			strcmp(pki_role_name(p->form->issuer), authority) == 0)
			good = write_line(f, p, strcmp(p->name, "contract-revoked") == 0);
	}
	return done(l, f, good, name);
}

/* Starts the responders; openssl's own are enough for trying out. */
static int write_script(struct lab *l)
{
	static const char name[] = "ocsp.sh";
	FILE *f = create(l, name, 0755);

	if (f)
		fputs("#!/bin/sh\n# OCSP responders of the lab, one an authority; ends with Ctrl-C.\n"
		      "# To revoke: make the V of a line in NAME.index an R, with the time in its\n"
		      "# third column as in contract-revoked's.\ncd \"$(dirname \"$0\")\" || exit 1\n"
		      "trap 'kill 0' INT TERM\n",
			f);
	for (int i = 0; f && i < l->responder_count; i++)
		fprintf(f,
			"openssl ocsp -index %s.index -CA %s.pem -rsigner ocsp-%s.pem -rkey ocsp-%s.key "
			"-port %d -ndays 1 -ignore_err &\n",
			l->responders[i], l->responders[i], l->responders[i], l->responders[i],
			l->port + i);
	if (f)
		fputs("wait\n", f);
	return done(l, f, f != NULL, name);
}

/* -- hash data ------------------------------------------------------------------------------- */

static void put_hex(FILE *f, const unsigned char *bytes, unsigned int len)
{
	for (unsigned int i = 0; i < len; i++)
		fprintf(f, "%02x", bytes[i]);
}

/* One entry of iso15118CertificateHashData. */
static bool write_hash(struct lab *l, FILE *f, const struct pair *p, const struct pair *by)
{
	const ASN1_BIT_STRING *key = X509_get0_pubkey_bitstr(by->cert);
	unsigned char name_hash[32], key_hash[32];
	char *serial = hex_of(p->cert), url[400];
	bool good =
		serial &&
		X509_NAME_digest(X509_get_subject_name(by->cert), EVP_sha256(), name_hash, NULL) ==
			1 &&
		EVP_Digest(key->data, (size_t)key->length, key_hash, NULL, EVP_sha256(), NULL) == 1;

	address_of(l, p->form->ocsp ? by->name : "", url);
	if (good) {
		fputs("  {\"hashAlgorithm\": \"SHA256\", \"issuerNameHash\": \"", f);
		put_hex(f, name_hash, sizeof name_hash);
		fputs("\",\n   \"issuerKeyHash\": \"", f);
		put_hex(f, key_hash, sizeof key_hash);
		fprintf(f, "\",\n   \"serialNumber\": \"%s\", \"responderURL\": \"%s\"}",
			serial + strspn(serial, "0"), url);
	}
	OPENSSL_free(serial);
	return good;
}

/* What a station tells of a chain, for trying an Authorize or a GetCertificateStatus by hand. */
static int write_hashes(struct lab *l, const char *leaf)
{
	const struct pair *p = find(l, leaf), *by;
	char name[60];
	bool good;
	FILE *f;

	snprintf(name, sizeof name, "%s-hashes.json", leaf);
	f = create(l, name, 0644);
	good = f && fputs("[\n", f) >= 0;
	for (by = issuer_of(l, p); good && by; p = by, by = issuer_of(l, p))
		good = write_hash(l, f, p, by) && fputs(issuer_of(l, by) ? ",\n" : "\n]\n", f) >= 0;
	return done(l, f, good, name);
}

/* -- all of it ------------------------------------------------------------------------------- */

static int write_all(struct lab *l)
{
	if (mkdir(l->order->dir, 0700) && errno != EEXIST)
		return fail(l, "cannot make", l->order->dir);
	for (int i = 0; i < l->count; i++)
		if (write_pair(l, &l->pairs[i]))
			return -1;
	for (size_t i = 0; i < COUNT(bundles); i++)
		if (write_bundle(l, &bundles[i]))
			return -1;
	for (int i = 0; i < l->responder_count; i++)
		if (write_index(l, l->responders[i]))
			return -1;
	if (write_hashes(l, "contract") || write_hashes(l, "contract-revoked") ||
		write_hashes(l, "secc"))
		return -1;
	return write_script(l);
}

/* Authorities about whose certificates a responder is asked, in their order. */
static void find_responders(struct lab *l)
{
	const struct pki_certificate_list *all = &l->profile->certificates;

	for (size_t i = 0; i < all->count; i++)
		for (size_t j = 0; j < all->count; j++)
			if (all->items[j].ocsp && all->items[j].issuer == all->items[i].role) {
				l->responders[l->responder_count++] =
					pki_role_name(all->items[i].role);
				break;
			}
}

static int read_place(struct lab *l)
{
	const char *colon = strrchr(l->order->ocsp, ':');
	size_t n = colon ? (size_t)(colon - l->order->ocsp) : 0;

	if (colon && n < sizeof l->host) {
		memcpy(l->host, l->order->ocsp, n);
		l->port = atoi(colon + 1);
	}
	if (n > 0 &&
		strspn(l->host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				"0123456789-.") == n &&
		l->port > 0 && l->port + l->responder_count < 65536)
		return 0;
	snprintf(l->why, 300, "%.100s is no host:port for the responders", l->order->ocsp);
	return -1;
}

int pki_lab_make(const struct pki_lab *order, char why[300])
{
	struct lab *l = calloc(1, sizeof *l);
	int result = -1;

	if (!l) {
		snprintf(why, 300, "out of memory");
		return -1;
	}
	l->order = order;
	l->profile = order->profile;
	l->why = why;
	find_responders(l);
	errno = 0;
	if (read_place(l) == 0 && make_all(l) == 0)
		result = write_all(l);
	for (int i = 0; i < l->count; i++) {
		X509_free(l->pairs[i].cert);
		EVP_PKEY_free(l->pairs[i].key);
	}
	free(l);
	return result;
}
