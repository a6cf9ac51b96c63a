#include <check.h>
#include <ctype.h>
#include <string.h>
#include "csms/secret.h"

START_TEST(test_random_is_alphanumeric_and_different)
{
	char a[41], b[41], all[20001];
	int seen[256] = {0}, letters = 0;

	secret_random(a, 40);
	secret_random(b, 40);
	ck_assert_uint_eq(strlen(a), 40);
	ck_assert_str_ne(a, b);
	secret_random(all, 20000);
	ck_assert_uint_eq(strlen(all), 20000);
	for (int i = 0; i < 20000; i++) {
		ck_assert(isalnum((unsigned char)all[i]));
		seen[(unsigned char)all[i]]++;
	}
	/* 20,000 over 62 letters: 323 each, deviation 18; 8 deviations away is a bug. */
	for (int i = 0; i < 256; i++) {
		if (!seen[i])
			continue;
		letters++;
		ck_assert_int_gt(seen[i], 323 - 8 * 18);
		ck_assert_int_lt(seen[i], 323 + 8 * 18);
	}
	ck_assert_int_eq(letters, 62);
	secret_random(a, 0);
	ck_assert_str_eq(a, "");
}
END_TEST

START_TEST(test_hash_and_match)
{
	char hash[SECRET_HASH_SIZE], again[SECRET_HASH_SIZE];

	secret_hash("pa:ss\0word", 10, hash);
	secret_hash("pa:ss\0word", 10, again);
	ck_assert_uint_lt(strlen(hash), SECRET_HASH_SIZE);
	ck_assert_int_eq(strncmp(hash, "s1$", 3), 0);
	ck_assert_str_ne(hash, again); /* each has its own salt */
	ck_assert(secret_matches("pa:ss\0word", 10, hash));
	ck_assert(secret_matches("pa:ss\0word", 10, again));
	ck_assert(!secret_matches("pa:ss\0wore", 10, hash));
	ck_assert(!secret_matches("pa:ss", 5, hash));
	ck_assert(!secret_matches("", 0, hash));
	secret_hash("", 0, hash);
	ck_assert(secret_matches("", 0, hash));
}
END_TEST

START_TEST(test_nothing_matches_what_is_no_hash)
{
	char hash[SECRET_HASH_SIZE];

	ck_assert(!secret_matches("x", 1, NULL));
	ck_assert(!secret_matches("x", 1, ""));
	ck_assert(!secret_matches("x", 1, "x"));
	secret_hash("x", 1, hash);
	hash[1] = '2';
	ck_assert(!secret_matches("x", 1, hash));
	hash[1] = '1';
	hash[strlen(hash) - 1] = '\0';
	ck_assert(!secret_matches("x", 1, hash));
}
END_TEST

START_TEST(test_digest)
{
	char out[65];

	secret_digest("abc", 3, out); /* FIPS 180-2 */
	ck_assert_str_eq(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	secret_digest("", 0, out);
	ck_assert_str_eq(out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("csms_secret");
	TCase *t = tcase_create("all");

	tcase_add_test(t, test_random_is_alphanumeric_and_different);
	tcase_add_test(t, test_hash_and_match);
	tcase_add_test(t, test_nothing_matches_what_is_no_hash);
	tcase_add_test(t, test_digest);
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
