/* Passwords of 1.6 stations: raw bytes, or the digits that stand for them. */
#include "csms/station/v16_password.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static int asked;

static bool fits(void *arg, const unsigned char *password, size_t len)
{
	const char *registered = arg;

	asked++;
	return strlen(registered) == len && memcmp(registered, password, len) == 0;
}

static bool takes(const char *registered, const void *sent, size_t len)
{
	asked = 0;
	return v16_password_fits(sent, len, fits, (void *)(uintptr_t)registered);
}

#define BYTES  "\x00\x01\x7f\xff\x80 sixteen!\x0a\x00"
#define DIGITS "00017fff80207369787465656e210a00"

START_TEST(digits_that_were_registered_fit_the_bytes_that_come)
{
	ck_assert(takes(DIGITS, BYTES, 16));
	ck_assert(takes("00017FFF80207369787465656E210A00", BYTES, 16));
	ck_assert(takes(DIGITS, DIGITS, 32));
	ck_assert(!takes(DIGITS, BYTES, 15));
	ck_assert(!takes(DIGITS, "00017FFF80207369787465656E210A0x", 32));
}
END_TEST

START_TEST(letters_that_were_registered_fit_their_digits)
{
	ck_assert(takes("sixteen letters.", "7369787465656e206c6574746572732e", 32));
	ck_assert(takes("sixteen letters.", "sixteen letters.", 16));
	ck_assert(!takes("sixteen letters.", "7369787465656e206c6574746572732", 31));
	ck_assert(!takes("sixteen letters.", "7369787465656e206c6574746572732f", 32));
}
END_TEST

START_TEST(nothing_is_tried_without_end)
{
	char much[4000];

	memset(much, 'a', sizeof much);
	ck_assert(!takes("x", much, sizeof much));
	ck_assert_int_le(asked, 4);
	ck_assert(!takes("x", much, 40));
	ck_assert_int_le(asked, 4);
	ck_assert(!takes("x", much, 20));
	ck_assert_int_le(asked, 4);
	ck_assert(!takes("x", "", 0));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("csms_v16_password");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_add_test(t, digits_that_were_registered_fit_the_bytes_that_come);
	tcase_add_test(t, letters_that_were_registered_fit_their_digits);
	tcase_add_test(t, nothing_is_tried_without_end);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
