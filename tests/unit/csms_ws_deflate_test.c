#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include "csms/net/ws_deflate.h"

static struct ws_deflate *d;

static void setup(void)
{
	d = ws_deflate_create();
}

static void teardown(void)
{
	ws_deflate_destroy(d);
}

#define BASE "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

static const struct {
	const char *offers;
	int bits;
	const char *response;
} offers[] = {
	{"", 0, NULL},
	{"permessage-deflate", 15, BASE},
	{"permessage-deflate; client_max_window_bits", 15, BASE},
	{"permessage-deflate;client_max_window_bits=10 ;server_no_context_takeover", 15, BASE},
	{"permessage-deflate; server_max_window_bits=10", 10, BASE "; server_max_window_bits=10"},
	{"permessage-deflate; server_max_window_bits=\"9\"", 9, BASE "; server_max_window_bits=9"},
	{"x-webkit-deflate-frame, permessage-deflate", 15, BASE},
	/* An offer that we cannot keep, with a fallback. */
	{"permessage-deflate; server_max_window_bits=8, permessage-deflate", 15, BASE},
	{"permessage-deflate; server_max_window_bits=8", 0, NULL},
	{"permessage-deflate; server_max_window_bits=16", 0, NULL},
	{"permessage-deflate; server_max_window_bits=010", 0, NULL},
	{"permessage-deflate; server_max_window_bits", 0, NULL},
	{"permessage-deflate; server_max_window_bits=", 0, NULL},
	{"permessage-deflate; unknown", 0, NULL},
	{"permessage-deflate; server_no_context_takeover=1", 0, NULL},
	{"permessage-deflate; client_no_context_takeover; client_no_context_takeover", 0, NULL},
	{"permessage-deflatex", 0, NULL},
	{"permessage-bzip2; server_max_window_bits=10", 0, NULL},
	{";;,,=,\"", 0, NULL},
};

START_TEST(test_negotiate)
{
	char response[WS_DEFLATE_RESPONSE_SIZE];

	ck_assert_msg(ws_deflate_negotiate(offers[_i].offers, response) == offers[_i].bits, "%s",
		offers[_i].offers);
	if (offers[_i].bits)
		ck_assert_str_eq(response, offers[_i].response);
}
END_TEST

/* What another implementation would send: zlib with the 4 bytes of the flush cut off. */
static size_t pack(const void *in, size_t len, unsigned char *out, size_t size, int level)
{
	z_stream z = {0};

	ck_assert_int_eq(deflateInit2(&z, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (unsigned char *)in;
	z.avail_in = (uInt)len;
	z.next_out = out;
	z.avail_out = (uInt)size;
	ck_assert_int_eq(deflate(&z, Z_SYNC_FLUSH), Z_OK);
	deflateEnd(&z);
	return z.total_out - 4;
}

static unsigned char packed[400000], text[300000];

START_TEST(test_inflate_many_sizes)
{
	static const size_t sizes[] = {0, 1, 5, 1023, 1024, 1025, 4095, 4096, 4097, 65536, 262144};
	unsigned char *out;

	for (int kind = 0; kind < 3; kind++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			size_t n;

			srand(3);
			for (size_t k = 0; k < sizes[i]; k++)
				text[k] = kind == 0 ? 'a'
						    : (unsigned char)(kind == 1 ? (size_t)rand()
										: k / 7);
			n = pack(text, sizes[i], packed, sizeof(packed), kind == 1 ? 0 : 9);
			ck_assert_int_eq(
				ws_deflate_inflate(d, packed, n, 262144, &out), (long)sizes[i]);
			ck_assert_mem_eq(out, text, sizes[i]);
			out[sizes[i]] = '\0'; /* the spare byte */
		}
	}
}
END_TEST

/* RFC 7692 7.2.3: the examples, one of them with a final block. */
START_TEST(test_inflate_examples)
{
	unsigned char *out;

	ck_assert_int_eq(
		ws_deflate_inflate(
			d, (const unsigned char *)"\xf2\x48\xcd\xc9\xc9\x07\x00", 7, 100, &out),
		5);
	ck_assert_mem_eq(out, "Hello", 5);
	ck_assert_int_eq(
		ws_deflate_inflate(d,
			(const unsigned char *)"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", 11,
			100, &out),
		5);
	ck_assert_mem_eq(out, "Hello", 5);
	ck_assert_int_eq(
		ws_deflate_inflate(
			d, (const unsigned char *)"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 8, 100, &out),
		5);
	/* Context takeover: a reference into the message before must not find it. */
	ck_assert_int_eq(
		ws_deflate_inflate(d, (const unsigned char *)"\xf2\x00\x11\x00\x00", 5, 100, &out),
		-1);
}
END_TEST

START_TEST(test_bomb_is_stopped_at_the_limit)
{
	unsigned char *out;
	size_t n;

	memset(text, '[', sizeof(text));
	n = pack(text, 300000, packed, sizeof(packed), 9);
	ck_assert_uint_lt(n, 1000);
	ck_assert_int_eq(ws_deflate_inflate(d, packed, n, 262144, &out), -2);
	ck_assert_int_eq(ws_deflate_inflate(d, packed, n, 299999, &out), -2);
	ck_assert_int_eq(ws_deflate_inflate(d, packed, n, 300000, &out), 300000);
	ck_assert_int_eq(ws_deflate_inflate(d, packed, n, 100, &out), -2);
	/* The stream is good for the next message. */
	n = pack("hello", 5, packed, sizeof(packed), 9);
	ck_assert_int_eq(ws_deflate_inflate(d, packed, n, 5, &out), 5);
}
END_TEST

START_TEST(test_rubbish)
{
	unsigned char rubbish[64], *out;

	srand(11);
	for (int i = 0; i < 20000; i++) {
		size_t n = (size_t)rand() % sizeof(rubbish);

		for (size_t k = 0; k < n; k++)
			rubbish[k] = (unsigned char)rand();
		ck_assert_int_le(ws_deflate_inflate(d, rubbish, n, 4096, &out), 4096);
	}
	ck_assert_int_eq(
		ws_deflate_inflate(d, (const unsigned char *)"\xff\xff", 2, 100, &out), -1);
}
END_TEST

START_TEST(test_deflate_is_read_by_zlib)
{
	const unsigned char *out;
	unsigned char back[4000];
	long n;

	for (int bits = 9; bits <= 15; bits++) {
		for (int round = 0; round < 3; round++) {
			z_stream z = {0};

			for (size_t k = 0; k < 3000; k++)
				text[k] = (unsigned char)('a' + (k * (size_t)(round + 1)) % 13);
			n = ws_deflate_deflate(d, bits, text, 3000, &out);
			ck_assert_int_gt(n, 0);
			ck_assert_int_lt(n, 500);
			/* A receiver with that window and no memory of messages before. */
			ck_assert_int_eq(inflateInit2(&z, -bits), Z_OK);
			memcpy(packed, out, (size_t)n);
			memcpy(packed + n, "\x00\x00\xff\xff", 4);
			z.next_in = packed;
			z.avail_in = (uInt)n + 4;
			z.next_out = back;
			z.avail_out = sizeof(back);
			ck_assert_int_eq(inflate(&z, Z_SYNC_FLUSH), Z_OK);
			ck_assert_uint_eq(z.total_out, 3000);
			ck_assert_mem_eq(back, text, 3000);
			inflateEnd(&z);
		}
	}
}
END_TEST

START_TEST(test_deflate_gives_up_when_it_does_not_pay)
{
	const unsigned char *out;

	srand(5);
	for (size_t k = 0; k < 5000; k++)
		text[k] = (unsigned char)rand();
	ck_assert_int_eq(ws_deflate_deflate(d, 15, text, 5000, &out), -1);
	ck_assert_int_eq(ws_deflate_deflate(d, 15, "short", 5, &out), -1);
	memset(text, 'x', 5000);
	ck_assert_int_gt(ws_deflate_deflate(d, 15, text, 5000, &out), 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("csms_ws_deflate");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, test_negotiate, 0, sizeof(offers) / sizeof(offers[0]));
	tcase_add_test(t, test_inflate_many_sizes);
	tcase_add_test(t, test_inflate_examples);
	tcase_add_test(t, test_bomb_is_stopped_at_the_limit);
	tcase_add_test(t, test_rubbish);
	tcase_add_test(t, test_deflate_is_read_by_zlib);
	tcase_add_test(t, test_deflate_gives_up_when_it_does_not_pay);
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
