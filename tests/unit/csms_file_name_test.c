/* Names, forms and ranges as strangers give them. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/files/file_name.h"
#include "csms/files/multipart.h"

static const struct {
	const char *raw, *clean;
} names[] = {
	{"log.zip", "log.zip"},
	{"../../etc/passwd", "passwd"},
	{"C:\\logs\\a b.txt", "a_b.txt"},
	{"...hidden", "hidden"},
	{"a/b/", ""},
	{"", ""},
	{". .", ""},
	{"na\tme\"\r\nx: y", "na_me___x__y"},
	{"gr\xc3\xbc\xc3\x9f"
	 "e.log",
		"gr____e.log"},
};

START_TEST(names_are_made_harmless)
{
	char out[FILE_NAME_SIZE];

	file_name_clean(names[_i].raw, out);
	ck_assert_str_eq(out, names[_i].clean);
}
END_TEST

START_TEST(long_names_keep_their_end)
{
	char raw[401], out[FILE_NAME_SIZE];

	memset(raw, 'x', 396);
	strcpy(raw + 396, ".zip");
	file_name_clean(raw, out);
	ck_assert_uint_eq(strlen(out), 100);
	ck_assert_str_eq(out + 96, ".zip");
}
END_TEST

static const struct {
	const char *value, *name;
} dispositions[] = {
	{"form-data; name=\"uploadfile\"; filename=\"logfile_20210420.zip\"",
		"logfile_20210420.zip"},
	{"attachment; filename=plain.txt", "plain.txt"},
	{"attachment;FileName = \"no\"; filename=\"yes\"", "yes"},
	{"attachment; filename=\"a\\\"b;c.log\"", "a_b_c.log"},
	{"attachment; filename*=UTF-8''na%20me.log", "na_20me.log"},
	{"attachment; name=\"filename=\\\"trap\\\"\"; filename=ok", "ok"},
	{"attachment", NULL},
	{"", NULL},
	{"attachment; filename=\"\"", NULL},
	{"attachment; filename=\"open", "open"},
};

START_TEST(names_in_dispositions)
{
	char out[FILE_NAME_SIZE] = "";

	if (dispositions[_i].name) {
		ck_assert(file_name_of_disposition(dispositions[_i].value, out));
		ck_assert_str_eq(out, dispositions[_i].name);
	} else {
		ck_assert(!file_name_of_disposition(dispositions[_i].value, out));
	}
}
END_TEST

/* -- multipart --------------------------------------------------------------------------------- */

static char got[5000];
static size_t got_len;

static void take(void *arg, const char *bytes, size_t len)
{
	ck_assert_uint_le(got_len + len, sizeof got);
	memcpy(got + got_len, bytes, len);
	got_len += len;
}

#define TYPE      "multipart/form-data; boundary=XX"
#define FILE_PART "--XX\r\nContent-Disposition: form-data; name=f; filename=a.txt\r\n\r\n"

static const struct {
	const char *type, *body;
	const char *file; /* NULL: broken or not whole */
	const char *name;
} forms[] = {
	{TYPE, FILE_PART "hello\r\n--XX--\r\n", "hello", "a.txt"},
	{TYPE, FILE_PART "hello\r\n--XX--", "hello", "a.txt"},
	{TYPE, "preamble\r\n" FILE_PART "hello\r\n--XX--epilogue\r\n--XX", "hello", "a.txt"},
	{TYPE, FILE_PART "\r\n--XX--", "", "a.txt"},
	{TYPE, FILE_PART "\r\r\n\r\n--X\r\n--XY\r\n--XX--", "\r\r\n\r\n--X\r\n--XY", "a.txt"},
	{TYPE, FILE_PART "one\r\n" FILE_PART "two\r\n--XX--", "one", "a.txt"},
	{TYPE,
		"--XX\r\ncontent-disposition: form-data; name=x\r\n\r\nnoise\r\n--XX \t\r\n"
		"X: y\r\nCONTENT-DISPOSITION: form-data; filename=\"B\"\r\nZ: z\r\n\r\ndata\r\n--XX--",
		"data", "B"},
	{TYPE, "--XX\r\n\r\nno head\r\n--XX--", NULL, NULL},
	{TYPE, FILE_PART "hello\r\n--XX", NULL, NULL},
	{TYPE, FILE_PART "hello", NULL, NULL},
	{TYPE, FILE_PART "hello\r\n--XXrubbish", NULL, NULL},
	{TYPE, "no boundary at all", NULL, NULL},
	{"multipart/form-data; boundary=\"a b\"",
		"--a b\r\nContent-Disposition: x; filename=n"
		"\r\n\r\nquoted\r\n--a b--",
		"quoted", "n"},
};

static bool feed(struct multipart *m, const char *body, size_t step)
{
	size_t len = strlen(body);

	for (size_t i = 0; i < len; i += step)
		if (!multipart_feed(m, body + i, len - i < step ? len - i : step))
			return false;
	return true;
}

START_TEST(forms_in_pieces_of_any_size)
{
	for (size_t step = 1; step < 40; step++) {
		struct multipart m;
		bool fine;

		got_len = 0;
		ck_assert(multipart_init(&m, forms[_i].type, take, NULL));
		fine = feed(&m, forms[_i].body, step) && multipart_is_whole(&m);
		ck_assert_int_eq(fine, forms[_i].file != NULL);
		if (!fine)
			continue;
		ck_assert_uint_eq(got_len, strlen(forms[_i].file));
		ck_assert(memcmp(got, forms[_i].file, got_len) == 0);
		ck_assert_str_eq(m.name, forms[_i].name);
	}
}
END_TEST

START_TEST(types_without_a_sound_boundary)
{
	static const char *const types[] = {"multipart/form-data", "multipart/mixed; boundary=x",
		"multipart/form-data; boundary=", "multipart/form-data; boundary=\"\"",
		"application/json", ""};
	struct multipart m;
	char type[200];

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		ck_assert(!multipart_init(&m, types[i], take, NULL));
	snprintf(type, sizeof type, "multipart/form-data; boundary=%071d", 1);
	ck_assert(!multipart_init(&m, type, take, NULL));
	snprintf(type, sizeof type, "multipart/form-data; boundary=%070d", 1);
	ck_assert(multipart_init(&m, type, take, NULL));
}
END_TEST

START_TEST(heads_and_parts_are_bounded)
{
	struct multipart m;
	char line[100];
	bool fine = true;

	memset(line, 'h', sizeof line);
	ck_assert(multipart_init(&m, TYPE, take, NULL));
	ck_assert(multipart_feed(&m, "--XX\r\n", 6));
	for (int i = 0; i < 40; i++)
		fine = multipart_feed(&m, line, sizeof line);
	ck_assert(fine);
	ck_assert(!multipart_feed(&m, line, sizeof line));
	ck_assert(multipart_init(&m, TYPE, take, NULL));
	for (int i = 0; i < MULTIPART_PARTS_MAX; i++)
		fine = fine &&
		       multipart_feed(&m, i ? "x\r\n--XX\r\n\r\n" : "--XX\r\n\r\n", i ? 11 : 8);
	ck_assert(fine);
	ck_assert(!multipart_feed(&m, "x\r\n--XX\r\n\r\n", 11));
}
END_TEST

#define ROWS(t) (int)(sizeof(t) / sizeof *(t))

int main(void)
{
	Suite *s = suite_create("csms_file_name");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, names_are_made_harmless, 0, ROWS(names));
	tcase_add_test(t, long_names_keep_their_end);
	tcase_add_loop_test(t, names_in_dispositions, 0, ROWS(dispositions));
	tcase_add_loop_test(t, forms_in_pieces_of_any_size, 0, ROWS(forms));
	tcase_add_test(t, types_without_a_sound_boundary);
	tcase_add_test(t, heads_and_parts_are_bounded);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
