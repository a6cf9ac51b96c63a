#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/net/http_body.h"
#include "csms/net/http_head.h"

static struct http_head h;
static char *bytes;

/* On the heap with its exact length, so that a sanitizer sees the first byte too many. */
static int parse_bytes(const char *text, size_t len)
{
	free(bytes);
	bytes = malloc(len);
	memcpy(bytes, text, len);
	if (http_head_length((unsigned char *)bytes, len, 0) != (int)len)
		return -1;
	return http_head_parse(bytes, len, &h);
}

static int parse(const char *text)
{
	return parse_bytes(text, strlen(text));
}

static void teardown(void)
{
	free(bytes);
	bytes = NULL;
}

START_TEST(test_request)
{
	char joined[64];

	ck_assert_int_eq(parse("GET /ocpp/CP%2B1?a=b HTTP/1.1\r\nHost: x\r\n"
			       "Sec-WebSocket-Protocol: ocpp1.6 , ocpp2.0.1\r\nEMPTY:\r\n"
			       "sec-websocket-protocol:\t ocpp2.1 \t\r\n\r\n"),
		0);
	ck_assert_str_eq(h.method, "GET");
	ck_assert_str_eq(h.target, "/ocpp/CP%2B1?a=b");
	ck_assert_int_eq(h.minor_version, 1);
	ck_assert_int_eq(h.field_count, 4);
	ck_assert_str_eq(http_head_get(&h, "host"), "x");
	ck_assert_str_eq(http_head_get(&h, "empty"), "");
	ck_assert_ptr_null(http_head_get(&h, "cookie"));
	ck_assert(http_head_join(&h, "sec-websocket-protocol", joined, sizeof(joined)));
	ck_assert_str_eq(joined, "ocpp1.6 , ocpp2.0.1,ocpp2.1");
	ck_assert(!http_head_join(&h, "sec-websocket-protocol", joined, 20));
	ck_assert(http_head_has_token(&h, "sec-websocket-protocol", "OCPP2.0.1"));
	ck_assert(!http_head_has_token(&h, "sec-websocket-protocol", "ocpp2.0"));
}
END_TEST

static const struct {
	const char *text;
	int status;
} heads[] = {
	{"GET / HTTP/1.1\r\n\r\n", 0},
	{"GET / HTTP/1.0\r\n\r\n", 0},
	{"GET http://depot.example/ocpp/X HTTP/1.1\r\n\r\n", 0},
	{"OPTIONS * HTTP/1.1\r\n\r\n", 0},
	{"GET / HTTP/2.0\r\n\r\n", -505},
	{"GET / HTTP/1.12\r\n\r\n", -505},
	{"GET / FTP/1.1\r\n\r\n", -400},
	{"GET /\r\n\r\n", -400},
	{"GET  / HTTP/1.1\r\n\r\n", -400},
	{"GET / x HTTP/1.1\r\n\r\n", -400},
	{"GET x HTTP/1.1\r\n\r\n", -400},
	{"GET /#a HTTP/1.1\r\n\r\n", -400},
	{"GET /\x01 HTTP/1.1\r\n\r\n", -400},
	{"GET /\xc3\xbc HTTP/1.1\r\n\r\n", -400},
	{"G\xffT / HTTP/1.1\r\n\r\n", -400},
	{" / HTTP/1.1\r\n\r\n", -400},
	{"GET / HTTP/1.1\nHost: x\r\n\r\n", -400}, /* bare LF */
	{"GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", -400}, /* bare CR */
	{"GET / HTTP/1.1\r\nHost : x\r\n\r\n", -400}, /* blank before the colon */
	{"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", -400},
	{"GET / HTTP/1.1\r\nNoColon\r\n\r\n", -400},
	{"GET / HTTP/1.1\r\n: x\r\n\r\n", -400},
	{"GET / HTTP/1.1\r\nA: \x08\r\n\r\n", -400},
	{"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", -400},
	{"GET / HTTP/1.1\r\nAuthorization: a\r\nX: y\r\nauthorization: b\r\n\r\n", -400},
};

START_TEST(test_strictness)
{
	ck_assert_msg(parse(heads[_i].text) == heads[_i].status, "head %d: %d", _i,
		parse(heads[_i].text));
}
END_TEST

START_TEST(test_absolute_form_and_nul)
{
	ck_assert_int_eq(parse("GET http://depot.example/ocpp/X HTTP/1.1\r\n\r\n"), 0);
	ck_assert_str_eq(h.target, "/ocpp/X");
	ck_assert_int_eq(parse("GET HTTP://depot.example HTTP/1.1\r\n\r\n"), 0);
	ck_assert_str_eq(h.target, "/");
	ck_assert_int_eq(parse_bytes("GET / HTTP/1.1\r\nA: \0b\r\n\r\n", 25), -400);
}
END_TEST

START_TEST(test_limits)
{
	char text[HTTP_HEAD_MAX + 8];
	int n = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n");

	for (int i = 0; i < HTTP_FIELDS_MAX; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "A: %d\r\n", i);
	memcpy(text + n, "\r\n", 3);
	ck_assert_int_eq(parse(text), 0);
	memcpy(text + n, "B: 1\r\n\r\n", 9);
	ck_assert_int_eq(parse(text), -431);
	memset(text, 'a', sizeof(text));
	ck_assert_int_eq(http_head_length((unsigned char *)text, HTTP_HEAD_MAX - 1, 0), 0);
	ck_assert_int_eq(http_head_length((unsigned char *)text, HTTP_HEAD_MAX, 0), -431);
	memcpy(text + 100, "\r\n\r\n", 4);
	/* Found although the part that was searched before ends in the middle of it. */
	ck_assert_int_eq(http_head_length((unsigned char *)text, 104, 102), 104);
	ck_assert_int_eq(http_head_length((unsigned char *)text, 103, 0), 0);
}
END_TEST

static const struct {
	const char *fields;
	long long length;
} framings[] = {
	{"", 0},
	{"Content-Length: 0\r\n", 0},
	{"Content-Length: 1000\r\n", 1000},
	{"Content-Length: 1001\r\n", -413},
	{"Content-Length: 99999999999999999999999999\r\n", -413},
	{"Content-Length: -1\r\n", -400},
	{"Content-Length: +1\r\n", -400},
	{"Content-Length: 0x10\r\n", -400},
	{"Content-Length: 5, 5\r\n", -400},
	{"Content-Length:\r\n", -400},
	{"Content-Length: 5\r\nContent-Length: 5\r\n", 5},
	{"Content-Length: 5\r\nContent-Length: 6\r\n", -400},
	{"Transfer-Encoding: chunked\r\n", -1},
	{"Transfer-Encoding: gzip, chunked\r\n", -501},
	{"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", -400},
};

START_TEST(test_body_length)
{
	char text[512];

	snprintf(text, sizeof(text), "PUT / HTTP/1.1\r\n%s\r\n", framings[_i].fields);
	ck_assert_int_eq(parse(text), 0);
	ck_assert_int_eq(http_head_body_length(&h, 1000), framings[_i].length);
}
END_TEST

START_TEST(test_keep_alive)
{
	ck_assert_int_eq(parse("GET / HTTP/1.1\r\n\r\n"), 0);
	ck_assert(http_head_keeps_alive(&h));
	ck_assert_int_eq(parse("GET / HTTP/1.1\r\nConnection: Close\r\n\r\n"), 0);
	ck_assert(!http_head_keeps_alive(&h));
	ck_assert_int_eq(parse("GET / HTTP/1.0\r\n\r\n"), 0);
	ck_assert(!http_head_keeps_alive(&h));
	ck_assert_int_eq(parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), 0);
	ck_assert(http_head_keeps_alive(&h));
}
END_TEST

static const struct {
	const char *text;
	const char *body; /* NULL: refused with `status` */
	int status;
	int rest; /* bytes behind the body */
} chunked[] = {
	{"5\r\nhello\r\n0\r\n\r\nGET", "hello", 0, 3},
	{"1\r\na\r\n0000A;ext=\"x\"\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n", "a0123456789", 0, 0},
	{"0\r\n\r\n", "", 0, 0},
	{"\r\n", NULL, -400, 0},
	{"g\r\n", NULL, -400, 0},
	{"-5\r\nhello", NULL, -400, 0},
	{"5\r\nhelloX\r\n", NULL, -400, 0},
	{"5\r\nhello\rX", NULL, -400, 0},
	{"FFFFFFFFF\r\n", NULL, -413, 0},
	{"41\r\n01234567890123456789012345678901234567890123456789012345678901234", NULL, -413, 0},
};

/* Whole, and byte by byte. */
START_TEST(test_chunked)
{
	size_t len = strlen(chunked[_i].text);

	for (size_t step = 1; step <= len; step += len - 1 ? len - 1 : 1) {
		struct http_body b;
		size_t used = 0;
		long n = 0;

		http_body_init(&b, -1, 64);
		while (used < len && !b.is_complete && n >= 0) {
			n = http_body_take(&b, chunked[_i].text + used,
				used + step <= len ? step : len - used);
			used += n > 0 ? (size_t)n : 0;
		}
		if (chunked[_i].body) {
			ck_assert(b.is_complete);
			ck_assert_str_eq(
				b.bytes.data ? (char *)b.bytes.data : "", chunked[_i].body);
			ck_assert_int_eq((int)(len - used), chunked[_i].rest);
		} else {
			ck_assert_int_eq(n, chunked[_i].status);
		}
		http_body_finish(&b);
	}
}
END_TEST

START_TEST(test_chunk_overhead_is_bounded)
{
	struct http_body b;
	char extension[1024];
	long n = 0;

	memset(extension, 'x', sizeof(extension));
	http_body_init(&b, -1, 1 << 20);
	ck_assert_int_eq(http_body_take(&b, "1;", 2), 2);
	for (int i = 0; i < 100 && n >= 0; i++)
		n = http_body_take(&b, extension, sizeof(extension));
	ck_assert_int_eq(n, -400);
	http_body_finish(&b);
}
END_TEST

START_TEST(test_plain_body)
{
	struct http_body b;

	http_body_init(&b, 5, 10);
	ck_assert_int_eq(http_body_take(&b, "he", 2), 2);
	ck_assert(!b.is_complete);
	ck_assert_int_eq(http_body_take(&b, "lloGET", 6), 3);
	ck_assert(b.is_complete);
	ck_assert_str_eq((char *)b.bytes.data, "hello");
	http_body_finish(&b);
}
END_TEST

START_TEST(test_paths_that_climb)
{
	static const char *const bad[] = {"/../x", "/a/..", "/a/../../b", "/%2e%2e/x",
		"/a%2f..%2Fb", "/..\\x", "/..%5cx", "/%00", "/a%00.js", "..", "/a/%2E./b"};
	static const char *const good[] = {"/", "/a..b/c", "/...", "/a/.../b", "/.well-known/x",
		"/points/evse%2FCP-1%2F1", "/x?next=/../y", "/100%", "/%zz/..a", "/%252e%252e/x"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(http_path_climbs(bad[i]), "%s", bad[i]);
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		ck_assert_msg(!http_path_climbs(good[i]), "%s", good[i]);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("csms_http_head");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, test_request);
	tcase_add_loop_test(t, test_strictness, 0, sizeof(heads) / sizeof(heads[0]));
	tcase_add_test(t, test_absolute_form_and_nul);
	tcase_add_test(t, test_paths_that_climb);
	tcase_add_test(t, test_limits);
	tcase_add_loop_test(t, test_body_length, 0, sizeof(framings) / sizeof(framings[0]));
	tcase_add_test(t, test_keep_alive);
	tcase_add_loop_test(t, test_chunked, 0, sizeof(chunked) / sizeof(chunked[0]));
	tcase_add_test(t, test_chunk_overhead_is_bounded);
	tcase_add_test(t, test_plain_body);
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
