/* Replay: what counts as the same answer, and how a text is moved in time. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tools/depotctl/replay_text.h"

static const struct {
	const char *a, *b;
	bool alike;
} pairs[] = {
	{"{}", " { } ", true},
	{"{\"a\":1,\"b\":2}", "{\"b\":2, \"a\":1.0}", true},
	{"{\"a\":1}", "{\"a\":1,\"b\":2}", false},
	{"{\"a\":1,\"b\":2}", "{\"a\":1}", false},
	{"{\"a\":1}", "{\"a\":2}", false},
	{"{\"a\":\"1\"}", "{\"a\":1}", false},
	{"{\"a\":{\"b\":[1,{\"c\":true}]}}", "{\"a\":{\"b\":[1,{\"c\":true}]}}", true},
	{"{\"a\":[1,2]}", "{\"a\":[1]}", false},
	{"{\"a\":[]}", "{\"a\":[ ]}", true},
	{"{\"a\":[1,2]}", "{\"a\":[2,1]}", false},
	{"{\"a\":null}", "{\"a\":false}", false},
	{"{\"t\":\"2026-03-11T21:40:12.345Z\",\"i\":300}",
		"{\"t\":\"2027-01-01T00:00:00Z\",\"i\":300}", true},
	{"{\"t\":\"2026-03-11T21:40:12.345Z\"}", "{\"t\":\"never\"}", false},
	{"{\"p\":\"***\"}", "{\"p\":\"secret\"}", true},
	{"{\"s\":\"a\\\"}b\"}", "{\"s\":\"a\\\"}b\"}", true},
	{"{\"s\":\"x\"}", "{\"s\":\"xy\"}", false},
	{"{\"ab\":1}", "{\"a\":1}", false},
	{"{\"status\":\"Accepted\",\"ocspResult\":\"MIIB\"}",
		"{\"status\":\"Accepted\",\"ocspResult\":\"MIIC\"}", true},
	{"{\"status\":\"Accepted\",\"ocspResult\":\"MIIB\"}", "{\"status\":\"Accepted\"}", false},
	{"{\"status\":\"Accepted\",\"ocspResult\":\"MIIB\"}",
		"{\"status\":\"Failed\",\"ocspResult\":\"MIIC\"}", false},
	{"{\"exiResponse\":\"MIIB\"}", "{\"exiResponse\":\"MIIC\"}", false},
};

START_TEST(alike)
{
	ck_assert_msg(replay_alike(pairs[_i].a, pairs[_i].b) == pairs[_i].alike, "%s and %s",
		pairs[_i].a, pairs[_i].b);
	ck_assert_msg(replay_alike(pairs[_i].b, pairs[_i].a) == pairs[_i].alike, "%s and %s",
		pairs[_i].b, pairs[_i].a);
}
END_TEST

START_TEST(times_move_and_nothing_else)
{
	const char *in = "[2,\"2026-03-11\",\"X\",{\"t\" : \"2026-03-11T23:59:59Z\","
			 "\"s\":\"at 2026-03-11T23:59:59Z\",\"n\":1.50}]";
	struct text out;

	text_init(&out, 0);
	replay_shift(in, strlen(in), 2000, &out);
	ck_assert_str_eq(out.data, "[2,\"2026-03-11\",\"X\",{\"t\" : \"2026-03-12T00:00:01Z\","
				   "\"s\":\"at 2026-03-11T23:59:59Z\",\"n\":1.50}]");
	text_finish(&out);
}
END_TEST

START_TEST(long_values_are_cut)
{
	char in[400], *p = in + sprintf(in, "{\"short\":\"MIIB\",\"ocspResult\":\"");
	struct text out;

	/* a character of two bytes, then one of them an escape, at the edge */
	memset(p, 'A', 200);
	memcpy(p + REPLAY_SHOWN - 2, "\xc3\xa9", 2);
	memcpy(p + 100, "\\\"", 2);
	strcpy(p + 200, "\",\"n\":1}");
	text_init(&out, 0);
	replay_cut(in, &out);
	ck_assert_ptr_nonnull(strstr(out.data, "{\"short\":\"MIIB\",\"ocspResult\":\"AAA"));
	ck_assert_ptr_nonnull(strstr(out.data, "AAA…\" (200 bytes),\"n\":1}"));
	ck_assert_ptr_null(strstr(out.data, "\xc3"));
	ck_assert_uint_lt(out.len, 160);
	text_finish(&out);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("depotctl_replay");
	TCase *t = tcase_create("text");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, alike, 0, sizeof pairs / sizeof *pairs);
	tcase_add_test(t, times_move_and_nothing_else);
	tcase_add_test(t, long_values_are_cut);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
