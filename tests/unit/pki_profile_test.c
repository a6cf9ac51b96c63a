/* Profiles of certificates: both that are shipped, chains made after them as OpenSSL's own program and
 * depotd judge them, and files that are wrong. */
#include <check.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "csms/pki/contract_chain.h"
#include "csms/pki/pki_profile.h"
#include "tools/depotctl/pki_lab.h"

static char dir[60], why[400];
static struct arena *arena;

static void setup(void)
{
	strcpy(dir, "/tmp/pki_profile.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	arena = arena_create(0);
}

static void teardown(void)
{
	char command[100];

	arena_destroy(arena);
	snprintf(command, sizeof command, "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

/* -- making ----------------------------------------------------------------------------------- */

static const char *const shipped[] = {"etc/pki/iso15118-2.yaml", "etc/pki/iso15118-20.yaml"};

static void make_lab(const char *file)
{
	char lab_dir[80];
	struct pki_lab lab = {lab_dir, "ocsp.example:8880", false, "NLLABC00000001", "NLLABE1",
		pki_profile_load(file, arena, why)};

	ck_assert_msg(lab.profile != NULL, "%s", why);
	snprintf(lab_dir, sizeof lab_dir, "%s/lab", dir);
	ck_assert_msg(pki_lab_make(&lab, why) == 0, "%s", why);
}

static bool shell(const char *format, const char *a, const char *b, const char *c)
{
	char command[600];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(command, sizeof command, format, dir, a, b, c);
#pragma GCC diagnostic pop
	return system(command) == 0;
}

/* What the program `openssl verify` says of a chain below a root. */
static bool openssl_believes(const char *root, const char *chain)
{
	return shell("cd %s/lab && openssl verify -x509_strict -auth_level 2 -CAfile %s.pem "
		     "-untrusted %s-chain.pem %s-chain.pem >/dev/null 2>&1",
		root, chain, chain);
}

static X509 *cert_of(const char *name)
{
	char path[200];
	X509 *x = NULL;
	FILE *f;

	snprintf(path, sizeof path, "%s/lab/%s.pem", dir, name);
	f = fopen(path, "r");
	if (f) {
		x = PEM_read_X509(f, NULL, NULL, NULL);
		fclose(f);
	}
	return x;
}

static enum chain_verdict depotd_says(const char *chain)
{
	struct ca_pool *pool = ca_pool_load(dir, NULL, NULL);
	struct contract_chain out;
	char path[200], pem[20000];
	FILE *f;

	snprintf(path, sizeof path, "%s/lab/%s-chain.pem", dir, chain);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	pem[fread(pem, 1, sizeof pem - 1, f)] = '\0';
	fclose(f);
	contract_chain_read(pool, pem, (int64_t)time(NULL) * 1000, &out);
	ca_pool_destroy(pool);
	return out.verdict;
}

START_TEST(openssl_and_depotd_judge_the_chains_alike)
{
	static const struct {
		const char *root, *chain;
		bool is_good;
	} rows[] = {{"v2g-root", "secc", true}, {"mo-root", "contract", true},
		{"oem-root", "oem", true}, {"v2g-root", "cps", true}, {"mo-root", "secc", false},
		{"v2g-root", "contract", false}, {"mo-root", "contract-expired", false}};

	make_lab(shipped[_i]);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_msg(openssl_believes(rows[i].root, rows[i].chain) == rows[i].is_good,
			"%s below %s", rows[i].chain, rows[i].root);
	ck_assert(shell("mkdir %s/mo-roots && cp %s/lab/mo-root.pem %s/mo-roots/%s", dir, dir, ""));
	ck_assert_int_eq(depotd_says("contract"), CHAIN_GOOD);
	ck_assert_int_eq(depotd_says("contract-revoked"), CHAIN_GOOD); /* which OCSP would say */
	ck_assert_int_eq(depotd_says("contract-expired"), CHAIN_EXPIRED);
	ck_assert_int_eq(depotd_says("secc"), CHAIN_BROKEN);
	ck_assert_int_eq(depotd_says("oem"), CHAIN_BROKEN);
}
END_TEST

static void expect_curve(const char *name, const char *curve)
{
	X509 *x = cert_of(name);
	char group[40] = "";

	ck_assert_msg(x != NULL, "%s", name);
	EVP_PKEY_get_group_name(X509_get0_pubkey(x), group, sizeof group, NULL);
	ck_assert_str_eq(group, curve);
	X509_free(x);
}

START_TEST(profile_20_has_its_own_curve_and_vehicles)
{
	X509 *vehicle, *secc;

	make_lab(shipped[1]);
	vehicle = cert_of("vehicle");
	secc = cert_of("secc");
	ck_assert(openssl_believes("oem-root", "vehicle"));
	ck_assert_uint_eq(X509_get_extended_key_usage(vehicle), XKU_SSL_CLIENT);
	ck_assert_uint_eq(X509_get_extended_key_usage(secc), XKU_SSL_SERVER);
	ck_assert_int_eq(X509_get_signature_nid(secc), NID_ecdsa_with_SHA512);
	expect_curve("secc", "secp521r1");
	expect_curve("ocsp-mo-sub2", "secp521r1");
	X509_free(vehicle);
	X509_free(secc);
}
END_TEST

/* -- changes ---------------------------------------------------------------------------------- */

/* The shipped file with the first `from` behind "role: ROLE" made `to`. Its path. */
static const char *copy_with(const char *role, const char *from, const char *to)
{
	static char path[100];
	char text[20000], mark[60], *at;
	FILE *f = fopen(shipped[0], "r");

	ck_assert_ptr_nonnull(f);
	text[fread(text, 1, sizeof text - 1, f)] = '\0';
	fclose(f);
	snprintf(mark, sizeof mark, "role: %s\n", role);
	at = strstr(text, mark);
	ck_assert_msg(at && (at = strstr(at, from)), "%s: %s", role, from);
	snprintf(path, sizeof path, "%s/mine.yaml", dir);
	f = fopen(path, "w");
	fprintf(f, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	fclose(f);
	return path;
}

static int days_of(const char *name)
{
	X509 *x = cert_of(name);
	int days, seconds;

	ck_assert_ptr_nonnull(x);
	ck_assert_int_eq(ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(x)), 1);
	X509_free(x);
	return seconds > 43200 ? days + 1 : days;
}

START_TEST(a_changed_lifetime_counts)
{
	make_lab(copy_with("contract", "days: 730", "days: 100"));
	ck_assert_int_eq(days_of("contract"), 100);
	ck_assert_int_eq(days_of("mo-sub2"), 1460);
}
END_TEST

START_TEST(a_changed_curve_counts)
{
	make_lab(copy_with("secc", "curve: P-256", "curve: P-384"));
	expect_curve("secc", "secp384r1");
	expect_curve("cpo-sub2", "prime256v1");
	ck_assert(openssl_believes("v2g-root", "secc"));
}
END_TEST

START_TEST(wrong_files_are_refused_with_the_line)
{
	static const struct {
		const char *role, *from, *to, *line;
	} rows[] = {
		{"secc", "curve: P-256", "curve: secp256k1",
			"mine.yaml:42: certificates[3].curve: must be one of P-256"},
		{"secc", "days: 90", "days: ninety", "mine.yaml:45: certificates[3].days: must be"},
		{"secc", "days: 90", "days: 701",
			"mine.yaml:45: certificates[3].days: must be at most 700"},
		{"secc", "[digitalSignature, keyAgreement]", "[keyAgreement]",
			"mine.yaml:44: certificates[3].usages: needs digitalSignature"},
		{"cpo-sub1", "path_length: 1", "path_length: 0",
			"certificates[2].issuer: cpo-sub2 is too far below cpo-sub1"},
		{"cpo-sub2", "issuer: cpo-sub1", "issuer: secc", "[2].issuer: must be a root"},
		{"cpo-sub1", "issuer: v2g-root", "issuer: mo-root", "must stand above"},
		{"mo-root", "ocsp: false", "ocsp: true", "no responder speaks about a root"},
		{"mo-sub1", "[keyCertSign, cRLSign]", "[cRLSign]",
			"an authority needs keyCertSign"},
		{"contract", "domain: MO", "domain: MO\n    name: DE1", "leave it out"},
		{"oem", "domain: OEM", "domain: OEM\n    also: [P-521]", "only chargers"},
		{"cps", "role: cps", "role: cps-sub1", "stands in the file twice"},
		{"cps", "role: cps", "role: vehicle", "has no cps"},
		{"secc", "ocsp: true", "oscp: true", "mine.yaml:46: certificates[3].oscp"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *path = copy_with(rows[i].role, rows[i].from, rows[i].to);

		ck_assert_msg(pki_profile_load(path, arena, why) == NULL, "%s", rows[i].to);
		ck_assert_msg(strstr(why, rows[i].line) != NULL, "%s", why);
	}
}
END_TEST

START_TEST(profiles_are_found_by_name_or_file)
{
	char path[700];

	ck_assert(shell("mkdir %s/pki && touch %s/pki/mine.yaml %s/at.yaml%s", dir, dir, ""));
	ck_assert(pki_profile_find("mine", dir, path));
	ck_assert_ptr_nonnull(strstr(path, "/pki/mine.yaml"));
	ck_assert(pki_profile_find("at.yaml", dir, path));
	ck_assert(pki_profile_find("pki/mine.yaml", dir, path));
	ck_assert(pki_profile_find(shipped[1], NULL, path));
	ck_assert(!pki_profile_find("another", dir, path));
	ck_assert_str_eq(path, "/etc/depotd/pki/another.yaml");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pki_profile");
	TCase *t = tcase_create("all");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, openssl_and_depotd_judge_the_chains_alike, 0, 2);
	tcase_add_test(t, profile_20_has_its_own_curve_and_vehicles);
	tcase_add_test(t, a_changed_lifetime_counts);
	tcase_add_test(t, a_changed_curve_counts);
	tcase_add_test(t, wrong_files_are_refused_with_the_line);
	tcase_add_test(t, profiles_are_found_by_name_or_file);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
