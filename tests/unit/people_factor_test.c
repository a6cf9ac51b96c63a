/* Passwords, second factors and the seal, against the vectors of their standards. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "csms/people/argon.h"
#include "csms/people/seal.h"
#include "csms/people/totp.h"

/* RFC 6238, appendix B: SHA-1, the last six digits of its eight. */
static const struct {
	int64_t at;
	int code;
} vectors[] = {{59, 287082}, {1111111109, 81804}, {1111111111, 50471}, {1234567890, 5924},
	{2000000000, 279037}, {INT64_C(20000000000), 353130}};
static const unsigned char secret[] = "12345678901234567890";

START_TEST(codes_are_those_of_the_rfc)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		ck_assert_int_eq(totp_code(secret, TOTP_SECRET, vectors[i].at / TOTP_STEP_S),
			vectors[i].code);
}
END_TEST

START_TEST(a_code_is_good_once_and_for_a_step_to_each_side)
{
	int64_t used = 0;

	ck_assert(!totp_matches(secret, "287083", 59, &used));
	ck_assert(!totp_matches(secret, "", 59, &used));
	ck_assert(!totp_matches(secret, "287082", 59 + 90, &used));
	ck_assert(totp_matches(secret, "287082", 59 + 30, &used));
	ck_assert(!totp_matches(secret, "287082", 59 + 30, &used));
}
END_TEST

START_TEST(a_secret_is_written_in_base32)
{
	unsigned char bytes[TOTP_SECRET];
	char text[TOTP_SECRET_TEXT];
	unsigned buffer = 0;
	int bits = 0, n = 0;

	totp_secret(bytes, text);
	ck_assert_uint_eq(strlen(text), 32);
	for (int i = 0; i < 32; i++) {
		buffer = buffer << 5 |
			 (unsigned)(text[i] >= 'A' ? text[i] - 'A' : text[i] - '2' + 26);
		bits += 5;
		if (bits < 8)
			continue;
		bits -= 8;
		ck_assert_uint_eq(buffer >> bits & 255, bytes[n++]);
	}
	ck_assert_int_eq(n, TOTP_SECRET);
}
END_TEST

START_TEST(passwords_are_argon2id)
{
	char a[ARGON_TEXT], b[ARGON_TEXT];

	ck_assert_int_eq(argon_hash("correct horse", a), 0);
	ck_assert_int_eq(argon_hash("correct horse", b), 0);
	ck_assert_str_ne(a, b);
	ck_assert(strncmp(a, "$argon2id$v=19$m=19456,t=2,p=1$", 31) == 0);
	ck_assert(argon_matches("correct horse", a));
	ck_assert(!argon_matches("correct horsf", a));
	ck_assert(!argon_matches("", a));
	ck_assert(!argon_matches("correct horse", "$argon2id$v=19$m=19456,t=2,p=1$"));
}
END_TEST

START_TEST(what_is_sealed_opens_for_its_own_name_only)
{
	char path[] = "/tmp/seal-XXXXXX", why[300], text[SEAL_TEXT];
	unsigned char out[SEAL_BYTES_MAX];
	struct stat st;

	close(mkstemp(path));
	unlink(path);
	struct seal *s = seal_open(path, why);
	ck_assert_msg(s != NULL, "%s", why);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(seal_put(s, "anna", secret, TOTP_SECRET, text), 0);
	seal_close(s);
	s = seal_open(path, why);
	ck_assert_int_eq(seal_get(s, "anna", text, out), TOTP_SECRET);
	ck_assert(memcmp(out, secret, TOTP_SECRET) == 0);
	ck_assert_int_eq(seal_get(s, "eve", text, out), -1);
	text[30] = text[30] == '0' ? '1' : '0';
	ck_assert_int_eq(seal_get(s, "anna", text, out), -1);
	ck_assert_int_eq(seal_get(s, "anna", "", out), -1);
	ck_assert_int_eq(seal_get(s, "anna", "zz", out), -1);
	seal_close(s);
	ck_assert_int_eq(truncate(path, 5), 0);
	ck_assert_ptr_null(seal_open(path, why));
	unlink(path);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("people_factor");
	TCase *t = tcase_create("factor");
	tcase_add_test(t, codes_are_those_of_the_rfc);
	tcase_add_test(t, a_code_is_good_once_and_for_a_step_to_each_side);
	tcase_add_test(t, a_secret_is_written_in_base32);
	tcase_add_test(t, passwords_are_argon2id);
	tcase_add_test(t, what_is_sealed_opens_for_its_own_name_only);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
