/* What the building's own control system may ask, byte by byte. */
#include "modbus/site_frame.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const uint16_t words[] = {0x1234, 0xabcd, 3, 4};
static const struct site_image image = {words, 4};

static const struct {
	const char *what;
	uint8_t in[16];
	size_t len;
	int taken;
	uint8_t out[16];
	size_t answer;
} cases[] = {
	{"two holding registers", {0, 7, 0, 0, 0, 6, 1, 3, 0, 0, 0, 2}, 12, 12,
		{0, 7, 0, 0, 0, 7, 1, 3, 4, 0x12, 0x34, 0xab, 0xcd}, 13},
	{"an input register", {9, 9, 0, 0, 0, 6, 255, 4, 0, 3, 0, 1}, 12, 12,
		{9, 9, 0, 0, 0, 5, 255, 4, 2, 0, 4}, 11},
	{"beyond the end", {0, 1, 0, 0, 0, 6, 1, 3, 0, 3, 0, 2}, 12, 12,
		{0, 1, 0, 0, 0, 3, 1, 0x83, 2}, 9},
	{"none", {0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 0}, 12, 12, {0, 1, 0, 0, 0, 3, 1, 0x83, 3}, 9},
	{"too many", {0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 126}, 12, 12, {0, 1, 0, 0, 0, 3, 1, 0x83, 3},
		9},
	{"a write", {0, 1, 0, 0, 0, 6, 1, 6, 0, 0, 0, 1}, 12, 12, {0, 1, 0, 0, 0, 3, 1, 0x86, 1},
		9},
	{"a read that is too short", {0, 1, 0, 0, 0, 3, 1, 3, 0}, 9, 9,
		{0, 1, 0, 0, 0, 3, 1, 0x83, 3}, 9},
	{"half a header", {0, 1, 0, 0, 0}, 5, 0, {0}, 0},
	{"half a request", {0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0}, 11, 0, {0}, 0},
	{"and the next behind it", {0, 1, 0, 0, 0, 6, 1, 3, 0, 2, 0, 1, 0, 2}, 14, 12,
		{0, 1, 0, 0, 0, 5, 1, 3, 2, 0, 3}, 11},
	{"HTTP", {'G', 'E', 'T', ' ', '/', ' ', 'H', 'T'}, 8, -1, {0}, 0},
	{"no function", {0, 1, 0, 0, 0, 1, 1}, 7, -1, {0}, 0},
	{"longer than a frame", {0, 1, 0, 0, 1, 0, 1, 3}, 8, -1, {0}, 0},
};

START_TEST(answers_reads_alone)
{
	uint8_t out[SITE_FRAME_MAX] = {0};
	size_t answer = 0;
	int taken = site_frame_take(cases[_i].in, cases[_i].len, &image, out, &answer);
	ck_assert_msg(taken == cases[_i].taken, "%s: %d", cases[_i].what, taken);
	if (taken <= 0)
		return;
	ck_assert_msg(answer == cases[_i].answer, "%s: %zu", cases[_i].what, answer);
	ck_assert_msg(memcmp(out, cases[_i].out, answer) == 0, "%s", cases[_i].what);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("site_frame");
	TCase *tc = tcase_create("frame");
	tcase_add_loop_test(tc, answers_reads_alone, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
