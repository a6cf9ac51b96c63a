#include <check.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "csms/pki/site_ca.h"

static char dir[64], pki[96];
static struct site_ca_paths paths;
static char why[200];
static const char *const hosts[] = {"depot.example", "localhost", "127.0.0.1", "::1"};

static void setup(void)
{
	strcpy(dir, "/tmp/site_ca_test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(pki, sizeof(pki), "%s/pki", dir);
}

static int run(const char *command)
{
	int status = system(command);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void teardown(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	ck_assert_int_eq(run(command), 0);
}

static void ensure(void)
{
	ck_assert_msg(!site_ca_ensure(pki, hosts, 4, &paths, why), "%s", why);
}

static X509 *read_cert(const char *path)
{
	FILE *f = fopen(path, "r");
	X509 *cert;

	ck_assert_ptr_nonnull(f);
	cert = PEM_read_X509(f, NULL, NULL, NULL);
	fclose(f);
	ck_assert_ptr_nonnull(cert);
	return cert;
}

static unsigned mode_of(const char *path)
{
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_mode & 07777;
}

/* Serial number as text, to see whether a certificate is another one. */
static void serial_of(const char *path, char out[64])
{
	X509 *cert = read_cert(path);
	BIGNUM *bn = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
	char *hex = BN_bn2hex(bn);

	snprintf(out, 64, "%s", hex);
	OPENSSL_free(hex);
	BN_free(bn);
	X509_free(cert);
}

START_TEST(test_openssl_accepts_the_chain)
{
	char command[8192];

	ensure();
	for (int i = 0; i < 2; i++) {
		const char *cert = i ? paths.rsa_cert : paths.ecdsa_cert;

		snprintf(command, sizeof(command),
			"openssl verify -x509_strict -purpose sslserver -verify_hostname depot.example "
			"-CAfile '%s' '%s' >/dev/null && "
			"openssl verify -verify_ip 127.0.0.1 -CAfile '%s' '%s' >/dev/null && "
			"openssl verify -verify_ip ::1 -CAfile '%s' '%s' >/dev/null && "
			"! openssl verify -verify_hostname other.example -CAfile '%s' '%s' "
			">/dev/null 2>&1",
			paths.root_cert, cert, paths.root_cert, cert, paths.root_cert, cert,
			paths.root_cert, cert);
		ck_assert_int_eq(run(command), 0);
	}
}
END_TEST

START_TEST(test_kinds_names_and_dates)
{
	X509 *ecdsa, *rsa, *root;
	char cn[64];
	int days, seconds;

	ensure();
	ecdsa = read_cert(paths.ecdsa_cert);
	rsa = read_cert(paths.rsa_cert);
	root = read_cert(paths.root_cert);
	ck_assert_int_eq(EVP_PKEY_base_id(X509_get0_pubkey(ecdsa)), EVP_PKEY_EC);
	ck_assert_int_eq(EVP_PKEY_bits(X509_get0_pubkey(ecdsa)), 256);
	ck_assert_int_eq(EVP_PKEY_base_id(X509_get0_pubkey(rsa)), EVP_PKEY_RSA);
	ck_assert_int_eq(EVP_PKEY_bits(X509_get0_pubkey(rsa)), 2048);
	X509_NAME_get_text_by_NID(X509_get_subject_name(rsa), NID_commonName, cn, sizeof(cn));
	ck_assert_str_eq(cn, "depot.example");
	X509_NAME_get_text_by_NID(X509_get_subject_name(root), NID_commonName, cn, sizeof(cn));
	ck_assert_int_eq(strncmp(cn, "depotd site root ", 17), 0);
	/* Backdated by an hour, good for two years. */
	ck_assert_int_eq(ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(rsa), NULL), 1);
	ck_assert_int_eq(days, 0);
	ck_assert_int_ge(seconds, 3590);
	ck_assert_int_eq(ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(rsa)), 1);
	ck_assert_int_ge(days, 728);
	X509_free(ecdsa);
	X509_free(rsa);
	X509_free(root);
}
END_TEST

START_TEST(test_keys_are_private)
{
	char root_key[600], draft[600];

	ensure();
	snprintf(root_key, sizeof(root_key), "%s/root.key", pki);
	snprintf(draft, sizeof(draft), "%s/root.key.new", pki);
	ck_assert_uint_eq(mode_of(pki), 0700);
	ck_assert_uint_eq(mode_of(root_key), 0600);
	ck_assert_uint_eq(mode_of(paths.ecdsa_key), 0600);
	ck_assert_uint_eq(mode_of(paths.rsa_key), 0600);
	ck_assert_int_ne(access(draft, F_OK), 0);
}
END_TEST

START_TEST(test_second_run_changes_nothing)
{
	char root[64], ecdsa[64], rsa[64], now[64];

	ensure();
	serial_of(paths.root_cert, root);
	serial_of(paths.ecdsa_cert, ecdsa);
	serial_of(paths.rsa_cert, rsa);
	ensure();
	serial_of(paths.root_cert, now);
	ck_assert_str_eq(root, now);
	serial_of(paths.ecdsa_cert, now);
	ck_assert_str_eq(ecdsa, now);
	serial_of(paths.rsa_cert, now);
	ck_assert_str_eq(rsa, now);
}
END_TEST

START_TEST(test_new_host_makes_new_servers_below_the_old_root)
{
	static const char *const other[] = {"depot.example", "csms.example"};
	char root[64], ecdsa[64], now[64];

	ensure();
	serial_of(paths.root_cert, root);
	serial_of(paths.ecdsa_cert, ecdsa);
	ck_assert_int_eq(site_ca_ensure(pki, other, 2, &paths, why), 0);
	serial_of(paths.root_cert, now);
	ck_assert_str_eq(root, now);
	serial_of(paths.ecdsa_cert, now);
	ck_assert_str_ne(ecdsa, now);
}
END_TEST

/* Signs the ECDSA server certificate again, so that it ends in `days`. */
static void shorten(int days)
{
	char command[2048];

	snprintf(command, sizeof(command),
		"cd '%s' && openssl req -new -key server-ecdsa.key -subj /CN=depot.example "
		"-addext subjectAltName=DNS:depot.example,DNS:localhost,IP:127.0.0.1,IP:::1 "
		"-out req.pem 2>/dev/null && openssl x509 -req -in req.pem -CA root.pem -CAkey root.key "
		"-days %d -copy_extensions copy -out server-ecdsa.pem 2>/dev/null",
		pki, days);
	ck_assert_int_eq(run(command), 0);
}

START_TEST(test_renewed_when_less_than_30_days_are_left)
{
	char before[64], after[64];

	ensure();
	shorten(40);
	serial_of(paths.ecdsa_cert, before);
	ensure();
	serial_of(paths.ecdsa_cert, after);
	ck_assert_str_eq(before, after);
	shorten(29);
	serial_of(paths.ecdsa_cert, before);
	ensure();
	serial_of(paths.ecdsa_cert, after);
	ck_assert_str_ne(before, after);
}
END_TEST

START_TEST(test_broken_files_are_made_again)
{
	FILE *f;

	ensure();
	f = fopen(paths.rsa_key, "w");
	fputs("rubbish", f);
	fclose(f);
	ensure();
	ck_assert_uint_eq(mode_of(paths.rsa_key), 0600);
	/* The certificate of one with the key of the other. */
	ck_assert_int_eq(rename(paths.rsa_key, paths.ecdsa_key), 0);
	ensure();
	ck_assert_int_eq(access(paths.rsa_key, F_OK), 0);
}
END_TEST

START_TEST(test_says_what_is_wrong)
{
	static const char *const evil[] = {"depot.example,DNS:bank.example"};

	ck_assert_int_eq(site_ca_ensure("/proc/depotd", hosts, 4, &paths, why), -1);
	ck_assert_ptr_nonnull(strstr(why, "cannot create /proc/depotd"));
	ck_assert_int_eq(site_ca_ensure(pki, evil, 1, &paths, why), -1);
	ck_assert_ptr_nonnull(strstr(why, "host names"));
	ck_assert_int_eq(site_ca_ensure(pki, hosts, 0, &paths, why), -1);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("csms_site_ca");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, test_openssl_accepts_the_chain);
	tcase_add_test(t, test_kinds_names_and_dates);
	tcase_add_test(t, test_keys_are_private);
	tcase_add_test(t, test_second_run_changes_nothing);
	tcase_add_test(t, test_new_host_makes_new_servers_below_the_old_root);
	tcase_add_test(t, test_renewed_when_less_than_30_days_are_left);
	tcase_add_test(t, test_broken_files_are_made_again);
	tcase_add_test(t, test_says_what_is_wrong);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(suite());
	int failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
