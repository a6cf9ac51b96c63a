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

enum { DAY_S = 86400, CERTS = 28, BACKDATE_DAYS = 1 };

enum use { ROOT, SUB, LEAF, RESPONDER };

/*
 * The certificates, issuers first.
 *   issuer    row of who signs it; its own for a root
 *   cn        NULL: one of struct pki_lab
 *   dc        the role, as ISO 15118-2 writes it into the name
 *   pathlen   sub-CAs that may be below, -1: any number
 *   usage     of a leaf
 *   from, to  days from now
 */
static const struct row {
	const char *name, *issuer, *cn, *dc;
	enum use use;
	int pathlen;
	const char *usage;
	int from, to;
} rows[] = {
	{"v2g-root", "v2g-root", "Lab V2G Root", "V2G", ROOT, -1, NULL, -BACKDATE_DAYS, 14600},
	{"cpo-sub1", "v2g-root", "Lab CPO Sub-CA 1", "V2G", SUB, 1, NULL, -BACKDATE_DAYS, 1460},
	{"cpo-sub2", "cpo-sub1", "Lab CPO Sub-CA 2", "V2G", SUB, 0, NULL, -BACKDATE_DAYS, 730},
	{"secc", "cpo-sub2", NULL, "CPO", LEAF, 0, "critical,digitalSignature,keyAgreement",
		-BACKDATE_DAYS, 90},
	{"mo-root", "mo-root", "Lab MO Root", "MO", ROOT, -1, NULL, -BACKDATE_DAYS, 14600},
	{"mo-sub1", "mo-root", "Lab MO Sub-CA 1", "MO", SUB, 1, NULL, -BACKDATE_DAYS, 1460},
	{"mo-sub2", "mo-sub1", "Lab MO Sub-CA 2", "MO", SUB, 0, NULL, -BACKDATE_DAYS, 1460},
#define CONTRACT_USE "critical,digitalSignature,nonRepudiation,keyEncipherment,keyAgreement"
	{"contract", "mo-sub2", NULL, "MO", LEAF, 0, CONTRACT_USE, -BACKDATE_DAYS, 730},
	{"contract-revoked", "mo-sub2", "NLLABC00000002", "MO", LEAF, 0, CONTRACT_USE,
		-BACKDATE_DAYS, 730},
	{"contract-expired", "mo-sub2", "NLLABC00000003", "MO", LEAF, 0, CONTRACT_USE, -400, -1},
	{"oem-root", "oem-root", "Lab OEM Root", "OEM", ROOT, -1, NULL, -BACKDATE_DAYS, 14600},
	{"oem-sub1", "oem-root", "Lab OEM Sub-CA 1", "OEM", SUB, 1, NULL, -BACKDATE_DAYS, 3650},
	{"oem-sub2", "oem-sub1", "Lab OEM Sub-CA 2", "OEM", SUB, 0, NULL, -BACKDATE_DAYS, 3650},
	{"oem", "oem-sub2", "LABVAN00000000001", "OEM", LEAF, 0,
		"critical,digitalSignature,keyAgreement", -BACKDATE_DAYS, 3650},
	{"cps-sub1", "v2g-root", "Lab CPS Sub-CA 1", "V2G", SUB, 1, NULL, -BACKDATE_DAYS, 1460},
	{"cps-sub2", "cps-sub1", "Lab CPS Sub-CA 2", "V2G", SUB, 0, NULL, -BACKDATE_DAYS, 730},
	{"cps", "cps-sub2", "Lab CPS", "CPS", LEAF, 0, "critical,digitalSignature", -BACKDATE_DAYS,
		90},
};

/* Authorities with a responder, at the first port and on. */
static const char *const responders[] = {
	"v2g-root", "cpo-sub1", "cpo-sub2", "mo-root", "mo-sub1", "mo-sub2"};

/* What goes into one file together. */
static const struct bundle {
	const char *file, *certs[4];
} bundles[] = {
	{"secc-chain.pem", {"secc", "cpo-sub2", "cpo-sub1"}},
	{"contract-chain.pem", {"contract", "mo-sub2", "mo-sub1"}},
	{"contract-revoked-chain.pem", {"contract-revoked", "mo-sub2", "mo-sub1"}},
	{"contract-expired-chain.pem", {"contract-expired", "mo-sub2", "mo-sub1"}},
	{"oem-chain.pem", {"oem", "oem-sub2", "oem-sub1"}},
	{"cps-chain.pem", {"cps", "cps-sub2", "cps-sub1"}},
	{"mo-roots.pem", {"mo-root", "mo-sub1", "mo-sub2"}},
	{"v2g-roots.pem", {"v2g-root", "cpo-sub1", "cpo-sub2"}},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct pair {
	char name[40];
	const struct row *row; /* NULL: a responder's */
	X509 *cert;
	EVP_PKEY *key;
};

struct lab {
	const struct pki_lab *order;
	char host[260];
	int port;
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

static bool set_name(X509 *cert, const char *cn, const char *dc)
{
	X509_NAME *name = X509_get_subject_name(cert);

	return put_name(name, "CN", cn) && put_name(name, "O", "Lab") &&
	       put_name(name, "C", "NL") && put_name(name, "DC", dc);
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

/* Where to ask about what this authority signed; "": nowhere. */
static void address_of(const struct lab *l, const char *authority, char out[400])
{
	out[0] = '\0';
	for (size_t i = 0; i < COUNT(responders); i++)
		if (strcmp(responders[i], authority) == 0)
			snprintf(out, 400, "http://%s:%d/%s", l->host,
				l->port + (l->order->has_one_port ? 0 : (int)i), authority);
}

static bool add_address(const struct lab *l, X509 *cert, X509 *issuer, const char *authority)
{
	char url[400], value[420];

	address_of(l, authority, url);
	snprintf(value, sizeof value, "OCSP;URI:%s", url);
	return !url[0] || add_extension(cert, issuer, NID_info_access, value);
}

static bool add_authority(X509 *cert, X509 *issuer, const struct row *r)
{
	char value[60] = "critical,CA:TRUE";

	if (r->pathlen >= 0)
		snprintf(value, sizeof value, "critical,CA:TRUE,pathlen:%d", r->pathlen);
	return add_extension(cert, issuer, NID_basic_constraints, value) &&
	       add_extension(cert, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
}

static bool add_extensions(const struct lab *l, X509 *cert, X509 *issuer, const struct row *r)
{
	bool good = add_extension(cert, issuer, NID_subject_key_identifier, "hash");

	if (r->use == ROOT)
		return good && add_authority(cert, issuer, r);
	good = good && add_extension(cert, issuer, NID_authority_key_identifier, "keyid");
	if (r->use == RESPONDER)
		return good &&
		       add_extension(cert, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
		       add_extension(cert, issuer, NID_key_usage, "critical,digitalSignature") &&
		       add_extension(cert, issuer, NID_ext_key_usage, "OCSPSigning") &&
		       add_extension(cert, issuer, NID_id_pkix_OCSP_noCheck, "NULL");
	good = good && add_address(l, cert, issuer, r->issuer);
	if (r->use == SUB)
		return good && add_authority(cert, issuer, r);
	return good && add_extension(cert, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_extension(cert, issuer, NID_key_usage, r->usage);
}

static bool fill(const struct lab *l, struct pair *p, const struct pair *by, const struct row *r)
{
	const char *cn = r->cn ? r->cn : r->issuer[0] == 'm' ? l->order->emaid : l->order->secc;
	X509 *issuer = by ? by->cert : p->cert;

	return X509_set_version(p->cert, X509_VERSION_3) == 1 && set_serial(p->cert) &&
	       set_name(p->cert, cn, r->dc) &&
	       X509_set_issuer_name(p->cert, X509_get_subject_name(issuer)) == 1 &&
	       X509_time_adj_ex(X509_getm_notBefore(p->cert), r->from, 0, NULL) &&
	       X509_time_adj_ex(X509_getm_notAfter(p->cert), r->to, 0, NULL) &&
	       X509_set_pubkey(p->cert, p->key) == 1 && add_extensions(l, p->cert, issuer, r) &&
	       X509_sign(p->cert, by ? by->key : p->key, EVP_sha256()) > 0;
}

static int make(struct lab *l, const char *name, const struct row *r)
{
	struct pair *by = find(l, r->issuer), *p = &l->pairs[l->count++];

	snprintf(p->name, sizeof p->name, "%s", name);
	p->row = r->use == RESPONDER ? NULL : r;
	p->key = EVP_EC_gen("P-256");
	p->cert = X509_new();
	if (p->key && p->cert && fill(l, p, by, r))
		return 0;
	return fail(l, "cannot make the certificate", name);
}

static int make_all(struct lab *l)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (make(l, rows[i].name, &rows[i]))
			return -1;
	for (size_t i = 0; i < COUNT(responders); i++) {
		char name[40], cn[60];
		struct row r = {name, responders[i], cn, find(l, responders[i])->row->dc, RESPONDER,
			0, NULL, -BACKDATE_DAYS, 730};

		snprintf(name, sizeof name, "ocsp-%s", responders[i]);
		snprintf(cn, sizeof cn, "Lab OCSP of %s", responders[i]);
		if (make(l, name, &r))
			return -1;
	}
	return 0;
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

static int write_bundle(struct lab *l, const struct bundle *b)
{
	FILE *f = create(l, b->file, 0644);
	bool good = f != NULL;

	for (size_t i = 0; good && i < COUNT(b->certs) && b->certs[i]; i++)
		good = PEM_write_X509(f, find(l, b->certs[i])->cert) == 1;
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

		if (p->row && p->row->use != ROOT && strcmp(p->row->issuer, authority) == 0)
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
	for (size_t i = 0; f && i < COUNT(responders); i++)
		fprintf(f,
			"openssl ocsp -index %s.index -CA %s.pem -rsigner ocsp-%s.pem -rkey ocsp-%s.key "
			"-port %d -ndays 1 -ignore_err &\n",
			responders[i], responders[i], responders[i], responders[i],
			l->port + (int)i);
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
static bool write_hash(struct lab *l, FILE *f, const struct pair *p)
{
	const struct pair *by = find(l, p->row->issuer);
	const ASN1_BIT_STRING *key = X509_get0_pubkey_bitstr(by->cert);
	unsigned char name_hash[32], key_hash[32];
	char *serial = hex_of(p->cert), url[400];
	bool good =
		serial &&
		X509_NAME_digest(X509_get_subject_name(by->cert), EVP_sha256(), name_hash, NULL) ==
			1 &&
		EVP_Digest(key->data, (size_t)key->length, key_hash, NULL, EVP_sha256(), NULL) == 1;

	address_of(l, p->row->issuer, url);
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
	const struct pair *p = find(l, leaf);
	char name[60];
	bool good;
	FILE *f;

	snprintf(name, sizeof name, "%s-hashes.json", leaf);
	f = create(l, name, 0644);
	good = f && fputs("[\n", f) >= 0;
	for (; good && p->row->use != ROOT; p = find(l, p->row->issuer))
		good = write_hash(l, f, p) &&
		       fputs(find(l, p->row->issuer)->row->use == ROOT ? "\n]\n" : ",\n", f) >= 0;
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
	for (size_t i = 0; i < COUNT(responders); i++)
		if (write_index(l, responders[i]))
			return -1;
	if (write_hashes(l, "contract") || write_hashes(l, "contract-revoked") ||
		write_hashes(l, "secc"))
		return -1;
	return write_script(l);
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
		l->port > 0 && l->port + (int)COUNT(responders) < 65536)
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
	l->why = why;
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
