/* Bodies that are taken as they come, and replies that go in pieces. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "csms/clock.h"
#include "csms/net/http_server.h"
#include "tests/net/client.h"
#include "tests/net/server_thread.h"

#define PIECE 65536

static struct world {
	struct server_thread *thread;
	struct loop *loop;
	struct net *net;
	struct http_server *server;
	int port;
	struct http_exchange *x;
	size_t got, sum, sent, length, most; /* most: bytes in one call */
	int gone, ends, handled, mores;
	struct timer timer;
} w;

static struct client client, other;
static char text[1 << 21];

static void on_gone(void *arg)
{
	__atomic_add_fetch(&w.gone, 1, __ATOMIC_RELAXED);
}

static void read_on(void *arg)
{
	http_body_pause(w.x, false);
}

static void take(void *arg, const char *bytes, size_t len)
{
	w.got += len;
	for (size_t i = 0; i < len; i++)
		w.sum += (unsigned char)bytes[i];
	if (len > w.most)
		w.most = len;
	if (arg && !strcmp(arg, "/enough") && w.got > 1000)
		http_reply_problem(w.x, 507, "the disk is full");
	if (arg && !strcmp(arg, "/slow") && !timer_running(&w.timer)) {
		http_body_pause(w.x, true);
		timer_start(loop_timers(w.loop), &w.timer, 20, read_on, NULL);
	}
}

static void end(void *arg)
{
	char reply[100];
	int n = snprintf(reply, sizeof(reply), "got=%zu sum=%zu", w.got, w.sum);

	w.ends++;
	http_reply(w.x, 201, "text/plain", reply, (size_t)n);
}

static const struct http_sink sink = {take, end, on_gone};

static void on_head(void *ctx, struct http_exchange *x, const struct http_request *req)
{
	w.x = x;
	w.got = w.sum = w.most = 0;
	if (!strcmp(req->path, "/refuse"))
		http_reply_problem(x, 404, "no");
	else if (!strcmp(req->path, "/take"))
		http_take_body(x, 10 << 20, &sink, NULL);
	else if (!strcmp(req->path, "/enough"))
		http_take_body(x, 10 << 20, &sink, "/enough");
	else if (!strcmp(req->path, "/slow"))
		http_take_body(x, 10 << 20, &sink, "/slow");
}

static void more(void *arg)
{
	static char piece[PIECE];
	size_t n = w.length - w.sent < PIECE ? w.length - w.sent : PIECE;

	w.mores++;
	memset(piece, 'a' + (int)(w.sent / PIECE % 26), n);
	w.sent += n;
	http_send(w.x, piece, n);
}

static const struct http_source source = {more, on_gone};

static void on_request(void *ctx, struct http_exchange *x, const struct http_request *req)
{
	char reply[200];
	int n = snprintf(reply, sizeof(reply), "%s?%s length=%lld len=%zu", req->path, req->query,
		(long long)req->content_length, req->body_len);

	w.handled++;
	if (strcmp(req->path, "/pieces") != 0) {
		http_reply(x, 200, "text/plain", reply, (size_t)n);
		return;
	}
	w.x = x;
	w.sent = 0;
	w.length = (size_t)atoll(req->query);
	if (http_send_begin(x, 206, "application/octet-stream", w.length, &source, NULL))
		more(NULL);
}

static void build(struct loop *l, void *arg)
{
	static const struct net_limits net_limits = {.max_connections = 100, .header_timeout_s = 5};
	static const struct http_limits limits = {
		.max_body = 1000, .body_timeout_s = 5, .max_streams = 2};
	char why[200];

	w.loop = l;
	w.net = net_create(l, &net_limits);
	w.server = http_server_create(w.net, on_request, NULL, &limits);
	http_server_on_head(w.server, on_head);
	w.port = http_server_listen(w.server, "127.0.0.1", 0, NULL, why);
}

static void destroy(void *arg)
{
	timer_stop(loop_timers(w.loop), &w.timer);
	http_server_destroy(w.server);
	net_destroy(w.net);
}

static void setup(void)
{
	memset(&w, 0, sizeof(w));
	client.fd = other.fd = -1;
	w.thread = server_thread_start(build, NULL);
	ck_assert_int_gt(w.port, 0);
	client_connect(&client, w.port);
}

static void teardown(void)
{
	client_close(&client);
	client_close(&other);
	server_thread_stop(w.thread, destroy, NULL);
}

static void ck_has(const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "no \"%s\" in: %.900s", part, text);
}

static void await(const int *n, int count)
{
	for (int i = 0; i < 800 && __atomic_load_n(n, __ATOMIC_RELAXED) < count; i++)
		usleep(10000);
	ck_assert_int_ge(__atomic_load_n(n, __ATOMIC_RELAXED), count);
}

static void put(const char *path, size_t len)
{
	char *body = malloc(len + 200);
	int n = snprintf(
		body, 200, "PUT %s HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n", path, len);

	memset(body + n, 1, len);
	client_send(&client, body, (size_t)n + len);
	free(body);
}

START_TEST(test_a_body_far_over_the_limit_of_others_is_taken_as_it_comes)
{
	put("/take", 5000000);
	ck_assert_int_eq(client_read_reply(&client, text, sizeof(text)), 201);
	ck_has("got=5000000 sum=5000000");
	ck_assert_uint_le(w.most, 70000);
	ck_assert_int_eq(w.handled, 0);
	ck_assert_int_eq(w.gone, 0);
	ck_assert(client_sees_end(&client, 3000));
}
END_TEST

START_TEST(test_chunks)
{
	client_send_text(&client, "POST /take?a=b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked"
				  "\r\nExpect: 100-continue\r\n\r\n");
	ck_assert(client_read_until(&client, "100 Continue\r\n\r\n", text, sizeof(text)));
	client_send_text(&client, "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
	ck_assert_int_eq(client_read_reply(&client, text, sizeof(text)), 201);
	ck_has("got=5 ");
}
END_TEST

START_TEST(test_other_bodies_are_collected_as_before)
{
	put("/other?x=1", 1000);
	ck_assert_int_eq(client_read_reply(&client, text, sizeof(text)), 200);
	ck_has("/other?x=1 length=1000 len=1000");
	put("/other", 1001);
	ck_assert_int_eq(client_read_reply(&client, text, sizeof(text)), 413);
}
END_TEST

START_TEST(test_refused_before_the_body)
{
	client_send_text(&client, "PUT /refuse HTTP/1.1\r\nHost: h\r\nContent-Length: 5000000\r\n"
				  "Expect: 100-continue\r\n\r\n");
	ck_assert_int_eq(client_read_reply(&client, text, sizeof(text)), 404);
	ck_assert_ptr_null(strstr(text, "100 Continue"));
	ck_assert(client_sees_end(&client, 3000));
	ck_assert_int_eq(w.gone, 0);
}
END_TEST

START_TEST(test_the_sink_replies_in_the_midst)
{
	put("/enough", 200000);
	ck_assert_int_eq(client_read_reply(&client, text, sizeof(text)), 507);
	ck_has("the disk is full");
	ck_assert_int_eq(w.ends, 0);
	ck_assert_int_eq(w.gone, 0);
}
END_TEST

START_TEST(test_longer_than_the_sink_takes)
{
	char head[200];

	snprintf(head, sizeof(head), "PUT /take HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\nx",
		(10 << 20) + 1);
	client_send_text(&client, head);
	for (int i = 0; i < 11 * 16; i++) /* it is cut off when it has got what it takes */
		if (send(client.fd, text, 65536, MSG_NOSIGNAL) < 0)
			break;
	ck_assert_int_eq(client_read_reply(&client, text, sizeof(text)), 413);
	ck_assert_int_eq(w.gone, 1);
	ck_assert_int_eq(w.ends, 0);
}
END_TEST

START_TEST(test_cut_off)
{
	client_send_text(
		&client, "PUT /take HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf");
	usleep(50000);
	client_close(&client);
	await(&w.gone, 1);
	ck_assert_uint_eq(w.got, 4);
	ck_assert_int_eq(w.ends, 0);
}
END_TEST

START_TEST(test_broken_chunks)
{
	client_send_text(&client, "PUT /take HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
				  "\r\n3\r\nabcXX");
	ck_assert_int_eq(client_read_reply(&client, text, sizeof(text)), 400);
	ck_assert_int_eq(w.gone, 1);
}
END_TEST

START_TEST(test_a_sink_that_is_behind_slows_the_sender_only)
{
	put("/slow", 500000);
	client_connect(&other, w.port);
	client_send_text(&other, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
	ck_assert_int_eq(client_read_reply(&other, text, sizeof(text)), 200);
	ck_assert_int_eq(client_read_reply(&client, text, sizeof(text)), 201);
	ck_has("got=500000 ");
}
END_TEST

static size_t read_pieces(size_t length)
{
	size_t got = client.len, at = 0;

	while (got < length) {
		ssize_t n = recv(client.fd, text, sizeof(text), 0);

		ck_assert_int_gt(n, 0);
		got += (size_t)n;
		at = (size_t)n - 1;
	}
	client.len = 0;
	ck_assert_int_eq(text[at], 'a' + (int)((length - 1) / PIECE % 26));
	return got;
}

START_TEST(test_pieces)
{
	client_send_text(&client, "GET /pieces?10000001 HTTP/1.1\r\nHost: h\r\n\r\n");
	usleep(100000); /* nobody reads: no more is asked for */
	ck_assert_int_lt(__atomic_load_n(&w.mores, __ATOMIC_RELAXED), 153);
	client_connect(&other, w.port);
	client_send_text(&other, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
	ck_assert_int_eq(client_read_reply(&other, text, sizeof(text)), 200);
	ck_assert(client_read_until(&client, "\r\n\r\n", text, sizeof(text)));
	ck_has("HTTP/1.1 206 ");
	ck_has("content-length: 10000001\r\n");
	ck_assert_uint_eq(read_pieces(10000001), 10000001);
	client_send_text(&client, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
	ck_assert_int_eq(client_read_reply(&client, text, sizeof(text)), 200);
	ck_assert_int_eq(w.gone, 0);
}
END_TEST

START_TEST(test_head_of_pieces)
{
	client_send_text(&client, "HEAD /pieces?10000001 HTTP/1.1\r\nHost: h\r\n\r\n"
				  "GET /pieces?0 HTTP/1.1\r\nHost: h\r\n\r\n");
	ck_assert(client_read_until(&client, "\r\n\r\n", text, sizeof(text)));
	ck_has("content-length: 10000001\r\n");
	ck_assert_int_eq(client_read_reply(&client, text, sizeof(text)), 206);
	ck_assert_int_eq(w.mores, 0);
}
END_TEST

START_TEST(test_reader_of_pieces_leaves)
{
	client_send_text(&client, "GET /pieces?100000000 HTTP/1.1\r\nHost: h\r\n\r\n");
	ck_assert(client_read_until(&client, "\r\n\r\n", text, sizeof(text)));
	client_close(&client);
	await(&w.gone, 1);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("csms_http_stream");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, test_a_body_far_over_the_limit_of_others_is_taken_as_it_comes);
	tcase_add_test(t, test_chunks);
	tcase_add_test(t, test_other_bodies_are_collected_as_before);
	tcase_add_test(t, test_refused_before_the_body);
	tcase_add_test(t, test_the_sink_replies_in_the_midst);
	tcase_add_test(t, test_longer_than_the_sink_takes);
	tcase_add_test(t, test_cut_off);
	tcase_add_test(t, test_broken_chunks);
	tcase_add_test(t, test_a_sink_that_is_behind_slows_the_sender_only);
	tcase_add_test(t, test_pieces);
	tcase_add_test(t, test_head_of_pieces);
	tcase_add_test(t, test_reader_of_pieces_leaves);
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
