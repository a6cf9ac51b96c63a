/* What is sealed opens with its passphrase alone, and with openssl's own tool. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "csms/pki/sealed_file.h"

static const char secret[] = "-----BEGIN PRIVATE KEY-----\nMC4C\0AQ\n-----END PRIVATE KEY-----\n";
static const char pass[] = "winter in the depot";

START_TEST(comes_back_with_its_passphrase_alone)
{
	size_t len = 0, n = 0;
	char *text = sealed_file_make(secret, sizeof secret, pass, &len);

	ck_assert_ptr_nonnull(text);
	ck_assert_ptr_nonnull(strstr(text, "-----BEGIN CMS-----"));
	ck_assert_ptr_null(memmem(text, len, "MC4C", 4));
	char *back = sealed_file_open(text, len, pass, &n);
	ck_assert_ptr_nonnull(back);
	ck_assert_uint_eq(n, sizeof secret);
	ck_assert_mem_eq(back, secret, n);
	free(back);
	ck_assert_ptr_null(sealed_file_open(text, len, "winter in the depoT", &n));
	ck_assert_ptr_null(sealed_file_open(text, len / 2, pass, &n));
	ck_assert_ptr_null(sealed_file_open("no seal", 7, pass, &n));
	char *again = sealed_file_make(secret, sizeof secret, pass, &n);
	ck_assert_str_ne(text, again); /* nothing tells that they are the same secret */
	free(again);
	free(text);
}
END_TEST

/* A byte of the content that is another one is found: what opens is what was sealed. */
START_TEST(a_changed_text_opens_nothing)
{
	size_t len = 0, n = 0;
	char big[3000];

	memset(big, 'k', sizeof big);
	char *text = sealed_file_make(big, sizeof big, pass, &len);
	ck_assert_ptr_nonnull(text);
	char *at = text + len / 2;
	*at = *at == 'A' ? 'B' : 'A';
	ck_assert_ptr_null(sealed_file_open(text, len, pass, &n));
	free(text);
}
END_TEST

START_TEST(openssl_opens_it)
{
	char dir[] = "/tmp/sealed-XXXXXX", path[100], command[500], back[200];
	size_t len = 0;
	char *text = sealed_file_make("the secret", 10, pass, &len);

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/x.sealed", dir);
	FILE *f = fopen(path, "w");
	ck_assert_uint_eq(fwrite(text, 1, len, f), len);
	fclose(f);
	snprintf(command, sizeof command,
		"openssl cms -decrypt -inform PEM -in %s -pwri_password '%s'; rm -r %s", path, pass,
		dir);
	f = popen(command, "r");
	size_t n = fread(back, 1, sizeof back, f);
	pclose(f);
	ck_assert_uint_eq(n, 10);
	ck_assert_mem_eq(back, "the secret", 10);
	free(text);
}
END_TEST

START_TEST(keys_are_known_by_their_mark)
{
	static const char cert[] = "-----BEGIN CERTIFICATE-----\n";

	ck_assert(sealed_file_is_key(secret, sizeof secret));
	ck_assert(!sealed_file_is_key(cert, sizeof cert));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sealed_file");
	TCase *t = tcase_create("sealed_file");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, comes_back_with_its_passphrase_alone);
	tcase_add_test(t, a_changed_text_opens_nothing);
	tcase_add_test(t, openssl_opens_it);
	tcase_add_test(t, keys_are_known_by_their_mark);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
