#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "csms/net/ws_frame.h"

#define MASK 0x11, 0x22, 0x33, 0x44

static const struct {
	unsigned char bytes[16];
	int len, size; /* size: what ws_frame_read() returns */
	unsigned opcode;
	uint64_t length;
} headers[] = {
	{{0x81, 0x85, MASK}, 6, 6, WS_TEXT, 5},
	{{0x81, 0x80, MASK}, 6, 6, WS_TEXT, 0},
	{{0x01, 0xfe, 0x01, 0x00, MASK}, 8, 8, WS_TEXT, 256},
	{{0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, MASK}, 14, 14, WS_TEXT, 65536},
	{{0x82, 0x81, MASK}, 6, 6, WS_BINARY, 1},
	{{0x88, 0x80, MASK}, 6, 6, WS_CLOSE, 0},
	{{0xc1, 0x81, MASK}, 6, 6, WS_TEXT, 1},
	{{0x81}, 1, 0, 0, 0},
	{{0x81, 0x85, 0x11}, 3, 0, 0, 0},
	{{0x81, 0xfe, 0x01}, 3, 0, 0, 0},
	{{0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3}, 13, 0, 0, 0},
	{{0x81, 0x05, 1, 2, 3, 4, 5}, 7, -1, 0, 0}, /* not masked */
	{{0xa1, 0x80, MASK}, 6, -1, 0, 0}, /* RSV2 */
	{{0x91, 0x80, MASK}, 6, -1, 0, 0}, /* RSV3 */
	{{0xc9, 0x80, MASK}, 6, -1, 0, 0}, /* RSV1 on a ping */
	{{0x83, 0x80, MASK}, 6, -1, 0, 0}, /* unknown opcodes */
	{{0x87, 0x80, MASK}, 6, -1, 0, 0},
	{{0x8b, 0x80, MASK}, 6, -1, 0, 0},
	{{0x8f, 0x80, MASK}, 6, -1, 0, 0},
	{{0x09, 0x80, MASK}, 6, -1, 0, 0}, /* fragmented ping */
	{{0x89, 0xfe, 0x00, 0x7e, MASK}, 8, -1, 0, 0}, /* long ping */
	{{0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, MASK}, 14, -1, 0, 0},
};

START_TEST(test_read)
{
	struct ws_frame f;
	const char *why = NULL;

	ck_assert_int_eq(ws_frame_read(headers[_i].bytes, (size_t)headers[_i].len, &f, &why),
		headers[_i].size);
	ck_assert_int_eq(headers[_i].size < 0, why != NULL);
	if (headers[_i].size <= 0)
		return;
	ck_assert_uint_eq(f.opcode, headers[_i].opcode);
	ck_assert_uint_eq(f.length, headers[_i].length);
	ck_assert_int_eq(f.is_final, headers[_i].bytes[0] >> 7);
	ck_assert_int_eq(f.is_compressed, headers[_i].bytes[0] >> 6 & 1);
	ck_assert_mem_eq(f.mask, "\x11\x22\x33\x44", 4);
}
END_TEST

START_TEST(test_write)
{
	unsigned char out[WS_HEADER_MAX];

	ck_assert_uint_eq(ws_frame_write(out, WS_TEXT, false, 125), 2);
	ck_assert_mem_eq(out, "\x81\x7d", 2);
	ck_assert_uint_eq(ws_frame_write(out, WS_TEXT, true, 126), 4);
	ck_assert_mem_eq(out, "\xc1\x7e\x00\x7e", 4);
	ck_assert_uint_eq(ws_frame_write(out, WS_TEXT, false, 65535), 4);
	ck_assert_mem_eq(out, "\x81\x7e\xff\xff", 4);
	ck_assert_uint_eq(ws_frame_write(out, WS_TEXT, false, 65536), 10);
	ck_assert_mem_eq(out, "\x81\x7f\0\0\0\0\0\x01\0\0", 10);
	ck_assert_uint_eq(ws_frame_write(out, WS_PING, false, 0), 2);
	ck_assert_mem_eq(out, "\x89\x00", 2);
}
END_TEST

START_TEST(test_unmask_in_place_and_shifted)
{
	static const unsigned char mask[4] = {1, 2, 3, 4};
	unsigned char plain[64], masked[68];

	for (size_t len = 0; len <= 64; len++) {
		for (size_t shift = 0; shift <= 4; shift += 4) {
			for (size_t i = 0; i < len; i++) {
				plain[i] = (unsigned char)(i * 7);
				masked[shift + i] = plain[i] ^ mask[i % 4];
			}
			ws_frame_unmask(masked, masked + shift, len, mask);
			ck_assert_mem_eq(masked, plain, len);
		}
	}
}
END_TEST

static const struct {
	const char *text;
	bool valid;
} texts[] = {
	{"", true},
	{"plain ASCII of more than eight bytes", true},
	{"\x7f", true},
	{"\xc2\x80", true},
	{"\xdf\xbf", true},
	{"\xe0\xa0\x80", true},
	{"\xed\x9f\xbf", true},
	{"\xee\x80\x80", true},
	{"\xef\xbf\xbf", true},
	{"\xf0\x90\x80\x80", true},
	{"\xf4\x8f\xbf\xbf", true},
	{"12345678\xc3\xbc"
	 "12345678\xf0\x9f\x94\x8c",
		true},
	{"\x80", false}, /* a continuation alone */
	{"\xc2", false}, /* cut */
	{"12345678\xf0\x9f\x94", false},
	{"\xc2\xc2", false},
	{"\xc0\x80", false}, /* overlong */
	{"\xc1\xbf", false},
	{"\xe0\x9f\xbf", false},
	{"\xf0\x8f\xbf\xbf", false},
	{"\xed\xa0\x80", false}, /* surrogate */
	{"\xf4\x90\x80\x80", false}, /* above U+10FFFF */
	{"\xf5\x80\x80\x80", false},
	{"\xff", false},
	{"\xe2\x82\x28", false},
	{"\xf0\x9f\x94\x28", false},
};

START_TEST(test_utf8)
{
	size_t len = strlen(texts[_i].text);
	unsigned char *exact = malloc(len ? len : 1);

	memcpy(exact, texts[_i].text, len);
	ck_assert_int_eq(ws_utf8_valid(exact, len), texts[_i].valid);
	free(exact);
}
END_TEST

START_TEST(test_close_codes)
{
	static const int good[] = {1000, 1001, 1002, 1003, 1007, 1011, 1013, 1014, 3000, 4999};
	static const int bad[] = {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535};

	for (size_t i = 0; i < 10; i++) {
		ck_assert(ws_close_code_valid(good[i]));
		ck_assert(!ws_close_code_valid(bad[i]));
	}
}
END_TEST

#define ROWS(t) (int)(sizeof(t) / sizeof((t)[0]))

static Suite *suite(void)
{
	Suite *s = suite_create("csms_ws_frame");
	TCase *t = tcase_create("all");

	tcase_add_loop_test(t, test_read, 0, ROWS(headers));
	tcase_add_test(t, test_write);
	tcase_add_test(t, test_unmask_in_place_and_shifted);
	tcase_add_loop_test(t, test_utf8, 0, ROWS(texts));
	tcase_add_test(t, test_close_codes);
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
