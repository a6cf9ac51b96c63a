#include "csms/pki/pki_profile.h"

#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "csms/pki/keypair.h"
#include "schemas/yaml.h"

#define FILE_MAX_BYTES (64 * 1024)
#define MARGIN_DAYS    30 /* depotd-ca's sub-CA outlasts what it signs by so much */

enum pki_kind pki_role_kind(enum pki_role role)
{
	static const enum pki_kind kinds[] = {
		[PKI_ROLE_V2G_ROOT] = PKI_ROOT,
		[PKI_ROLE_CPO_SUB1] = PKI_SUB,
		[PKI_ROLE_CPO_SUB2] = PKI_SUB,
		[PKI_ROLE_SECC] = PKI_LEAF,
		[PKI_ROLE_MO_ROOT] = PKI_ROOT,
		[PKI_ROLE_MO_SUB1] = PKI_SUB,
		[PKI_ROLE_MO_SUB2] = PKI_SUB,
		[PKI_ROLE_CONTRACT] = PKI_LEAF,
		[PKI_ROLE_OEM_ROOT] = PKI_ROOT,
		[PKI_ROLE_OEM_SUB1] = PKI_SUB,
		[PKI_ROLE_OEM_SUB2] = PKI_SUB,
		[PKI_ROLE_OEM] = PKI_LEAF,
		[PKI_ROLE_VEHICLE] = PKI_LEAF,
		[PKI_ROLE_CPS_SUB1] = PKI_SUB,
		[PKI_ROLE_CPS_SUB2] = PKI_SUB,
		[PKI_ROLE_CPS] = PKI_LEAF,
	};

	return kinds[role];
}

const char *pki_role_name(enum pki_role role)
{
	return pki_role_enum.values[role];
}

const char *pki_curve_name(enum pki_curve curve)
{
	return pki_curve_enum.values[curve];
}

const struct pki_certificate *pki_profile_of(const struct pki_profile *p, enum pki_role role)
{
	for (size_t i = 0; i < p->certificates.count; i++)
		if (p->certificates.items[i].role == role)
			return &p->certificates.items[i];
	return NULL;
}

/* -- finding --------------------------------------------------------------------------------- */

static bool is_file_name(const char *name)
{
	size_t len = strlen(name);

	return strchr(name, '/') || (len > 5 && strcmp(name + len - 5, ".yaml") == 0);
}

bool pki_profile_find(const char *name, const char *beside, char path[700])
{
	char exe[400];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);

	if (is_file_name(name)) {
		if (beside && name[0] != '/')
			snprintf(path, 700, "%.400s/%.250s", beside, name);
		else
			snprintf(path, 700, "%.650s", name);
		return access(path, R_OK) == 0;
	}
	if (beside) {
		snprintf(path, 700, "%.400s/pki/%.100s.yaml", beside, name);
		if (access(path, R_OK) == 0)
			return true;
	}
	exe[n > 0 ? n : 0] = '\0';
	if (strrchr(exe, '/')) {
		*strrchr(exe, '/') = '\0';
		snprintf(path, 700, "%s/../etc/pki/%.100s.yaml", exe, name);
		if (access(path, R_OK) == 0)
			return true;
	}
	snprintf(path, 700, "/etc/depotd/pki/%.100s.yaml", name);
	return access(path, R_OK) == 0;
}

/* -- judging --------------------------------------------------------------------------------- */

struct fault {
	size_t at; /* of certificates */
	const char *field;
	char words[200];
};

static int blame(struct fault *f, const char *field, const char *words)
{
	f->field = field;
	snprintf(f->words, sizeof f->words, "%s", words);
	return -1;
}

static bool has_usage(const struct pki_certificate *c, enum pki_usage usage)
{
	for (size_t i = 0; i < c->usages.count; i++)
		if (c->usages.items[i] == usage)
			return true;
	return false;
}

static int check_usages(const struct pki_certificate *c, struct fault *f)
{
	bool is_leaf = pki_role_kind(c->role) == PKI_LEAF;

	if (has_usage(c, PKI_USAGE_KEY_CERT_SIGN) == is_leaf)
		return blame(f, "usages",
			is_leaf ? "a certificate that signs no others has no keyCertSign"
				: "an authority needs keyCertSign");
	if (is_leaf && !has_usage(c, PKI_USAGE_DIGITAL_SIGNATURE))
		return blame(
			f, "usages", "needs digitalSignature: it is for TLS or signed messages");
	if (is_leaf && c->has_path_length)
		return blame(f, "path_length", "only an authority has one");
	if (!is_leaf && c->extended_usages.count)
		return blame(
			f, "extended_usages", "only a certificate that signs no others has them");
	return 0;
}

/* The eMAID and the SECC id are asked for when the certificate is made. */
static int check_name(const struct pki_certificate *c, struct fault *f)
{
	bool is_asked = c->role == PKI_ROLE_SECC || c->role == PKI_ROLE_CONTRACT;

	if (is_asked && c->name)
		return blame(
			f, "name", "leave it out: it is the SECC id, or the eMAID of the contract");
	if (!is_asked && !c->name)
		return blame(f, "role", "needs a name");
	if (c->also.count && c->role != PKI_ROLE_SECC)
		return blame(f, "also", "only chargers bring keys of their own");
	return 0;
}

static int check_days(
	const struct pki_certificate *c, const struct pki_certificate *by, struct fault *f)
{
	int64_t most = by->days - (c->role == PKI_ROLE_SECC ? MARGIN_DAYS : 0);

	if (c->days <= most)
		return 0;
	blame(f, "days", "");
	snprintf(f->words, sizeof f->words, "must be at most %lld: its issuer %s has %lld%s",
		(long long)most, pki_role_name(by->role), (long long)by->days,
		c->role == PKI_ROLE_SECC ? " and is renewed 30 days earlier" : "");
	return -1;
}

/* Nobody above allows fewer sub-CAs than there are. */
static int check_depth(
	const struct pki_profile *p, const struct pki_certificate *c, struct fault *f)
{
	const struct pki_certificate *up = c;
	int below = 0; /* sub-CAs under `up`, on the way to c */

	while (up->issuer != up->role) {
		if (pki_role_kind(up->role) == PKI_SUB)
			below++;
		up = pki_profile_of(p, up->issuer);
		if (!up->has_path_length || below <= up->path_length)
			continue;
		blame(f, "issuer", "");
		snprintf(f->words, sizeof f->words,
			"%s is too far below %s, whose path_length is %lld", pki_role_name(c->role),
			pki_role_name(up->role), (long long)up->path_length);
		return -1;
	}
	return 0;
}

static int check_issuer(
	const struct pki_profile *p, const struct pki_certificate *c, struct fault *f)
{
	const struct pki_certificate *by = pki_profile_of(p, c->issuer);
	bool is_root = pki_role_kind(c->role) == PKI_ROOT;

	if (is_root && c->issuer != c->role)
		return blame(f, "issuer", "a root issues itself");
	if (is_root)
		return c->ocsp ? blame(f, "ocsp", "no responder speaks about a root") : 0;
	if (pki_role_kind(c->issuer) == PKI_LEAF)
		return blame(f, "issuer", "must be a root or a sub-CA");
	if (c->role == PKI_ROLE_SECC && pki_role_kind(c->issuer) != PKI_SUB)
		return blame(f, "issuer", "must be a sub-CA: a root does not sign each day");
	if (!by || by >= c)
		return blame(f, "issuer", "must stand above what it issues");
	return check_days(c, by, f) ? -1 : check_depth(p, c, f);
}

static int check(const struct pki_profile *p, struct fault *f)
{
	for (f->at = 0; f->at < p->certificates.count; f->at++) {
		const struct pki_certificate *c = &p->certificates.items[f->at];

		if (pki_profile_of(p, c->role) != c)
			return blame(f, "role", "stands in the file twice");
		if (check_usages(c, f) || check_name(c, f) || check_issuer(p, c, f))
			return -1;
	}
	for (int role = 0; role < pki_role_enum.count; role++)
		if (role != PKI_ROLE_VEHICLE && !pki_profile_of(p, (enum pki_role)role)) {
			f->field = NULL;
			snprintf(f->words, sizeof f->words, "has no %s",
				pki_role_name((enum pki_role)role));
			return -1;
		}
	return 0;
}

const struct pki_profile *pki_profile_load(const char *path, struct arena *a, char why[400])
{
	const struct pki_profile *p =
		schema_yaml_load(&pki_profile_type, path, FILE_MAX_BYTES, a, why);
	char where[80] = "certificates";
	struct fault f;

	if (!p || check(p, &f) == 0)
		return p;
	if (f.field)
		snprintf(where, sizeof where, "certificates[%zu].%s", f.at, f.field);
	schema_yaml_complain(path, FILE_MAX_BYTES, where, f.words, why);
	return NULL;
}

/* -- extensions ------------------------------------------------------------------------------ */

/* "critical,a,b" */
static const char *join(char out[PKI_WORDS_SIZE], const char *first,
	const struct schema_enum *words, const int *values, size_t count)
{
	size_t len = (size_t)snprintf(out, PKI_WORDS_SIZE, "%s", first);

	for (size_t i = 0; i < count && len < PKI_WORDS_SIZE; i++)
		len += (size_t)snprintf(out + len, PKI_WORDS_SIZE - len, "%s%s", len ? "," : "",
			words->values[values[i]]);
	return out;
}

bool pki_profile_extend(
	X509 *cert, X509 *issuer, const struct pki_certificate *form, bool has_extended)
{
	bool is_ca = pki_role_kind(form->role) != PKI_LEAF;
	char basic[60], words[PKI_WORDS_SIZE];
	int usages[8], extended[2];

	for (size_t i = 0; i < form->usages.count; i++)
		usages[i] = (int)form->usages.items[i];
	for (size_t i = 0; i < form->extended_usages.count; i++)
		extended[i] = (int)form->extended_usages.items[i];
	if (form->has_path_length)
		snprintf(
			basic, sizeof basic, "critical,CA:TRUE,pathlen:%d", (int)form->path_length);
	else
		snprintf(basic, sizeof basic, "critical,CA:%s", is_ca ? "TRUE" : "FALSE");
	return keypair_extend(cert, issuer, NID_basic_constraints, basic) &&
	       keypair_extend(cert, issuer, NID_key_usage,
		       join(words, "critical", &pki_usage_enum, usages, form->usages.count)) &&
	       (!has_extended || !form->extended_usages.count ||
		       keypair_extend(cert, issuer, NID_ext_key_usage,
			       join(words, "", &pki_extended_enum, extended,
				       form->extended_usages.count)));
}
