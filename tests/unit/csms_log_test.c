#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "csms/clock.h"
#include "csms/log.h"

static char text[8192];
static int saved, out[2];

static void setup(void)
{
	clock_simulate((wall_t){1773265212345}); /* 2026-03-11T21:40:12.345Z */
	ck_assert_int_eq(pipe(out), 0);
	saved = dup(STDERR_FILENO);
	dup2(out[1], STDERR_FILENO);
	log_set_level(LOG_INFO);
}

static void teardown(void)
{
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(out[0]);
	close(out[1]);
}

static const char *logged(void)
{
	ssize_t n;

	log_error("end");
	n = read(out[0], text, sizeof(text) - 1);
	ck_assert_int_gt(n, 0);
	text[n] = '\0';
	return text;
}

#define TS  "ts=2026-03-11T21:40:12.345Z level="
#define END TS "error msg=\"end\"\n"

START_TEST(test_line)
{
	log_info("station %s: %d", "CP-7", 42);
	ck_assert_str_eq(logged(), TS "info msg=\"station CP-7: 42\"\n" END);
}
END_TEST

START_TEST(test_levels)
{
	log_debug("hidden");
	log_warn("shown");
	ck_assert_str_eq(logged(), TS "warn msg=\"shown\"\n" END);
	log_set_level(LOG_DEBUG);
	log_debug("shown");
	ck_assert_str_eq(logged(), TS "debug msg=\"shown\"\n" END);
	log_set_level(LOG_ERROR);
	log_warn("hidden");
	ck_assert_str_eq(logged(), END);
}
END_TEST

START_TEST(test_nobody_can_write_a_line_of_his_own)
{
	log_info("a\"b\\c\nts=now level=info\r\033[2J\x7f gr\xc3\xbcn");
	ck_assert_str_eq(logged(), TS
		"info msg=\"a\\\"b\\\\c\\nts=now level=info\\x0d\\x1b[2J\\x7f gr\xc3\xbcn\"\n" END);
}
END_TEST

START_TEST(test_huge_message_is_cut_and_still_one_line)
{
	char *huge = malloc(100001);
	const char *line;

	memset(huge, '\n', 100000);
	huge[100000] = '\0';
	log_info("%s", huge);
	free(huge);
	line = logged();
	ck_assert_ptr_eq(strchr(line, '\n') + 1, strstr(line, END));
	ck_assert_ptr_nonnull(strstr(line, "\\n\\n\"\n"));
}
END_TEST

START_TEST(test_nobody_waits_for_who_reads_it)
{
	int64_t begin_us = clock_real_us();
	ssize_t n;

	for (int i = 0; i < 20000; i++)
		log_info("line %d", i);
	ck_assert_int_lt(clock_real_us() - begin_us, 2000000);
	for (n = read(out[0], text, sizeof(text)); n == sizeof(text);)
		n = read(out[0], text, sizeof(text));
	log_info("here again");
	n = read(out[0], text, sizeof(text) - 1);
	ck_assert_int_gt(n, 0);
	text[n] = '\0';
	ck_assert_ptr_nonnull(strstr(text, " lines were lost, since nobody took them\"\n"));
	ck_assert_ptr_nonnull(strstr(text, "msg=\"here again\"\n"));
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("csms_log");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_line);
	tcase_add_test(t, test_levels);
	tcase_add_test(t, test_nobody_can_write_a_line_of_his_own);
	tcase_add_test(t, test_huge_message_is_cut_and_still_one_line);
	tcase_add_test(t, test_nobody_waits_for_who_reads_it);
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
