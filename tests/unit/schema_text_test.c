#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/text.h"

static struct text t;

static void setup(void)
{
	text_init(&t, 0);
}

static void teardown(void)
{
	text_finish(&t);
}

START_TEST(appends)
{
	text_putc(&t, '<');
	text_puts(&t, "abc");
	text_put(&t, "de\0f", 4);
	text_printf(&t, "%05d>", 42);
	ck_assert(text_ok(&t));
	ck_assert_uint_eq(t.len, 14);
	ck_assert_mem_eq(t.data, "<abcde\0f00042>", 15);
	text_clear(&t);
	ck_assert_str_eq(t.data, "");
	for (int i = 0; i < 10000; i++)
		text_puts(&t, "0123456789");
	ck_assert_uint_eq(strlen(t.data), 100000);
}
END_TEST

START_TEST(an_error_stays)
{
	text_finish(&t);
	text_init(&t, 4);
	text_puts(&t, "abcd");
	ck_assert(text_ok(&t));
	text_putc(&t, 'e');
	ck_assert(!text_ok(&t));
	text_put(&t, "", 0);
	ck_assert(!text_ok(&t));
	ck_assert_str_eq(t.data, "abcd");
	ck_assert_ptr_null(text_take(&t, NULL));
	text_puts(&t, "abc");
	ck_assert(text_ok(&t));
	text_printf(&t, "%s", "de");
	ck_assert(!text_ok(&t));
	text_clear(&t);
	ck_assert(text_ok(&t));
}
END_TEST

START_TEST(hands_over_its_bytes)
{
	size_t len = 99;
	char *s = text_take(&t, &len);

	ck_assert_str_eq(s, "");
	ck_assert_uint_eq(len, 0);
	free(s);
	text_puts(&t, "abc");
	s = text_take(&t, &len);
	ck_assert_str_eq(s, "abc");
	ck_assert_uint_eq(len, 3);
	ck_assert_ptr_null(t.data);
	free(s);
}
END_TEST

START_TEST(quotes_json)
{
	text_put_json(&t, "a\"b\\c/\b\f\n\r\t\x01\x1f\x7f \xc3\xa9 \xf0\x9f\x9a\x9a");
	ck_assert_str_eq(t.data,
		"\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f \xc3\xa9 \xf0\x9f\x9a\x9a\"");
	text_clear(&t);
	text_put_json(&t, "");
	ck_assert_str_eq(t.data, "\"\"");
}
END_TEST

START_TEST(writes_integers)
{
	text_put_int(&t, 0);
	text_putc(&t, ' ');
	text_put_int(&t, INT64_MIN);
	text_putc(&t, ' ');
	text_put_int(&t, INT64_MAX);
	ck_assert_str_eq(t.data, "0 -9223372036854775808 9223372036854775807");
}
END_TEST

static const struct {
	double v;
	const char *text;
} numbers[] = {
	{0, "0"},
	{-0.0, "-0"},
	{1, "1"},
	{-230.5, "-230.5"},
	{0.1, "0.1"},
	{0.1 + 0.2, "0.30000000000000004"},
	{1.0 / 3, "0.3333333333333333"},
	{123456789012345, "123456789012345"},
	{1e15, "1e+15"},
	{1e21, "1e+21"},
	{1e-7, "1e-07"},
	{DBL_MAX, "1.7976931348623157e+308"},
	{5e-324, "5e-324"},
	{(double)NAN, "null"},
	{(double)INFINITY, "null"},
};

START_TEST(writes_numbers_that_read_back)
{
	double v = numbers[_i].v;

	text_put_number(&t, v);
	ck_assert_str_eq(t.data, numbers[_i].text);
	if (isfinite(v))
		ck_assert(strtod(t.data, NULL) == v);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("schema_text");
	TCase *c = tcase_create("text");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, appends);
	tcase_add_test(c, an_error_stays);
	tcase_add_test(c, hands_over_its_bytes);
	tcase_add_test(c, quotes_json);
	tcase_add_test(c, writes_integers);
	tcase_add_loop_test(
		c, writes_numbers_that_read_back, 0, sizeof(numbers) / sizeof(numbers[0]));
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
