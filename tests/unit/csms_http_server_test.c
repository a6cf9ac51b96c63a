#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "csms/clock.h"
#include "csms/net/http_server.h"
#include "tests/net/client.h"
#include "tests/net/server_thread.h"

static struct world {
	struct server_thread *thread;
	struct loop *loop;
	struct net *net;
	struct http_server *server;
	struct http_limits limits;
	struct net_limits net_limits;
	int port, unix_result;
	char why[200], dir[64], socket[128];
	struct http_exchange *held;
	struct timer later;
	int gone, requests;
} w;

static struct client client, other;
static char text[1 << 21];

static void on_gone(void *arg)
{
	timer_stop(loop_timers(w.loop), &w.later);
	__atomic_add_fetch(&w.gone, 1, __ATOMIC_RELAXED);
}

static void answer_later(void *arg)
{
	http_reply(w.held, 200, "text/plain", "at last", 7);
}

static void stream_more(void *arg)
{
	static char junk[100000];

	if (!strcmp(arg, "/flood")) {
		memset(junk, 'x', sizeof(junk));
		for (int i = 0; i < 1000; i++) {
			if (http_stream_send(w.held, junk, sizeof(junk)))
				return;
		}
		return;
	}
	http_stream_send(w.held, "data: 2\n\n", 9);
	if (!strcmp(arg, "/finite"))
		http_stream_end(w.held);
}

/* Says what came in. */
static void echo(struct http_exchange *x, const struct http_request *req)
{
	static char reply[1 << 20];
	int n = snprintf(reply, sizeof(reply),
		"%s %s ?%s type=%s auth=%s cookie=%s csrf=%s key=%s match=%s/%s event=%s peer=%s "
		"local=%d uid=%d len=%zu %.60s",
		req->method, req->path, req->query, req->content_type, req->authorization,
		req->cookie, req->csrf_token, req->idempotency_key, req->if_match,
		req->if_none_match, req->last_event_id, req->peer, req->local, req->uid,
		req->body_len, req->body);

	if (req->body[req->body_len] != '\0')
		abort();
	http_reply(x, 200, "text/plain", reply, (size_t)n);
}

static void on_request(void *ctx, struct http_exchange *x, const struct http_request *req)
{
	static char big[1 << 20];

	w.requests++;
	if (!strcmp(req->path, "/hold")) {
		w.held = x;
		http_hold(x, on_gone, NULL);
		timer_start(loop_timers(w.loop), &w.later, 150, answer_later, NULL);
	} else if (!strcmp(req->path, "/forget")) {
		w.held = NULL;
	} else if (!strcmp(req->path, "/stream") || !strcmp(req->path, "/finite") ||
		   !strcmp(req->path, "/flood")) {
		if (http_stream_begin(x, "text/event-stream", on_gone, NULL))
			return;
		w.held = x;
		http_stream_send(x, "data: 1\n\n", 9);
		timer_start(loop_timers(w.loop), &w.later, 50, stream_more,
			!strcmp(req->path, "/finite")  ? "/finite"
			: !strcmp(req->path, "/flood") ? "/flood"
						       : "/stream");
	} else if (!strcmp(req->path, "/big")) {
		memset(big, 'b', sizeof(big));
		http_reply(x, 200, "application/octet-stream", big, sizeof(big));
	} else if (!strcmp(req->path, "/headers")) {
		http_header(x, "set-cookie", "a=b");
		http_header(x, "evil", "x\r\nset-cookie: stolen=1");
		http_header(x, "cache-control", "max-age=5");
		http_reply(x, 201, "text/plain", "", 0);
	} else if (!strcmp(req->path, "/empty")) {
		http_reply(x, 304, NULL, NULL, 0);
	} else {
		echo(x, req);
	}
}

static void build(struct loop *l, void *arg)
{
	w.loop = l;
	w.net = net_create(l, &w.net_limits);
	w.server = w.net ? http_server_create(w.net, on_request, NULL, &w.limits) : NULL;
	if (!w.server)
		return;
	w.port = http_server_listen(w.server, "127.0.0.1", 0, NULL, w.why);
	w.unix_result = http_server_listen_unix(w.server, w.socket, w.why);
}

static void destroy(void *arg)
{
	http_server_destroy(w.server);
	net_destroy(w.net);
}

static void setup(void)
{
	memset(&w, 0, sizeof(w));
	client.fd = other.fd = -1;
	w.limits = (struct http_limits){.max_body = 100000, .body_timeout_s = 5, .max_streams = 2};
	w.net_limits = (struct net_limits){.max_connections = 1000, .header_timeout_s = 5};
	strcpy(w.dir, "/tmp/http_test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(w.dir));
	snprintf(w.socket, sizeof(w.socket), "%s/api.sock", w.dir);
}

static void start(void)
{
	w.thread = server_thread_start(build, NULL);
	ck_assert_int_gt(w.port, 0);
}

static void teardown(void)
{
	client_close(&client);
	client_close(&other);
	if (w.thread)
		server_thread_stop(w.thread, destroy, NULL);
	ck_assert_int_ne(access(w.socket, F_OK), 0); /* cleaned up behind us */
	rmdir(w.dir);
}

static int request(struct client *c, const char *bytes)
{
	client_send_text(c, bytes);
	return client_read_reply(c, text, sizeof(text));
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

START_TEST(test_get)
{
	start();
	client_connect(&client, w.port);
	ck_assert_int_eq(
		request(&client, "GET /a%2Fb+c?x=1&y=%26 HTTP/1.1\r\nHost: h\r\n"
				 "Authorization: Bearer t\r\nCookie: c=1\r\nX-CSRF-Token: f\r\n"
				 "Idempotency-Key: k\r\nIf-Match: m\r\nIf-None-Match: n\r\n"
				 "Last-Event-ID: 7\r\n\r\n"),
		200);
	ck_has("GET /a%2Fb+c ?x=1&y=%26 type= auth=Bearer t cookie=c=1 csrf=f key=k match=m/n "
	       "event=7 peer=127.0.0.1 local=0 uid=-1 len=0 ");
	ck_has("x-content-type-options: nosniff\r\n");
	ck_has("frame-ancestors 'none'");
	ck_has("default-src 'self'");
	ck_has("cache-control: no-store\r\n");
	ck_assert_ptr_null(strstr(text, "strict-transport"));
	/* The same connection serves the next ones, also two at once. */
	ck_assert_int_eq(request(&client, "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n"
					  "GET /3 HTTP/1.1\r\nHost: h\r\n\r\n"),
		200);
	ck_has("GET /2 ");
	ck_assert_int_eq(client_read_reply(&client, text, sizeof(text)), 200);
	ck_has("GET /3 ");
	ck_assert_int_eq(
		request(&client, "GET /4 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), 200);
	ck_has("connection: close\r\n");
	ck_assert(client_sees_end(&client, 3000));
}
END_TEST

START_TEST(test_bodies)
{
	char *big = malloc(200000);
	int n;

	start();
	client_connect(&client, w.port);
	ck_assert_int_eq(request(&client, "POST /p HTTP/1.1\r\nHost: h\r\nContent-Type: text/x\r\n"
					  "Content-Length: 5\r\n\r\nhelloPUT /q HTTP/1.1\r\nHost: h"
					  "\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y"
					  "\r\nde\r\n0\r\n\r\n"),
		200);
	ck_has("POST /p ? type=text/x ");
	ck_has("len=5 hello");
	ck_assert_int_eq(client_read_reply(&client, text, sizeof(text)), 200);
	ck_has("PUT /q ");
	ck_has("len=5 abcde");
	/* The largest that is allowed, asked for first. */
	client_send_text(&client, "PUT /e HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n"
				  "Expect: 100-continue\r\n\r\n");
	ck_assert(client_read_until(&client, "100 Continue\r\n\r\n", text, sizeof(text)));
	memset(big, 'y', 200000);
	client_send(&client, big, 100000);
	ck_assert_int_eq(client_read_reply(&client, text, sizeof(text)), 200);
	ck_has("len=100000 yyy");
	/* One byte more, announced or chunked. */
	n = snprintf(big, 200, "PUT /e HTTP/1.1\r\nHost: h\r\nContent-Length: 100001\r\n\r\n");
	memset(big + n, 'y', 100001);
	client_send(&client, big, (size_t)n + 100001);
	ck_assert_int_eq(client_read_reply(&client, text, sizeof(text)), 413);
	ck_assert(client_sees_end(&client, 3000));
	client_close(&client);
	client_connect(&client, w.port);
	n = snprintf(big, 200,
		"PUT /e HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n186A1\r\n");
	memset(big + n, 'y', 100001);
	client_send(&client, big, (size_t)n + 100001);
	ck_assert_int_eq(client_read_reply(&client, text, sizeof(text)), 413);
	free(big);
}
END_TEST

static const struct {
	const char *request;
	int status;
} bad[] = {
	{"GET / HTTP/1.1\r\n\r\n", 400}, /* no Host */
	{"rubbish\r\n\r\n", 400},
	{"GET / HTTP/3.0\r\nHost: h\r\n\r\n", 505},
	{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
		400},
	{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n", 400},
	{"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
	{"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
};

START_TEST(test_bad_requests)
{
	start();
	client_connect(&client, w.port);
	ck_assert_int_eq(request(&client, bad[_i].request), bad[_i].status);
	ck_assert(client_sees_end(&client, 3000));
	ck_assert_int_eq(w.requests, 0);
}
END_TEST

START_TEST(test_head)
{
	start();
	client_connect(&client, w.port);
	client_send_text(
		&client, "HEAD /x HTTP/1.1\r\nHost: h\r\n\r\nGET /y HTTP/1.1\r\nHost: h\r\n\r\n");
	ck_assert(client_read_until(&client, "\r\n\r\n", text, sizeof(text)));
	ck_has("HTTP/1.1 200 OK\r\n");
	ck_has("content-length: ");
	ck_assert_ptr_null(strstr(text, "content-length: 0"));
	ck_assert_int_eq(client_read_reply(&client, text, sizeof(text)), 200);
	ck_has("GET /y ");
}
END_TEST

START_TEST(test_http_1_0_closes)
{
	start();
	client_connect(&client, w.port);
	ck_assert_int_eq(request(&client, "GET / HTTP/1.0\r\n\r\n"), 200);
	ck_assert(client_sees_end(&client, 3000));
}
END_TEST

START_TEST(test_headers_of_the_handler)
{
	start();
	client_connect(&client, w.port);
	ck_assert_int_eq(request(&client, "GET /headers HTTP/1.1\r\nHost: h\r\n\r\n"), 201);
	ck_has("set-cookie: a=b\r\n");
	ck_has("cache-control: max-age=5\r\n");
	ck_assert_ptr_null(strstr(text, "no-store"));
	ck_assert_ptr_null(strstr(text, "stolen"));
	ck_assert_int_eq(request(&client, "GET /empty HTTP/1.1\r\nHost: h\r\n\r\n"), 304);
	ck_assert_ptr_null(strstr(text, "content-length"));
	ck_assert_int_eq(request(&client, "GET /forget HTTP/1.1\r\nHost: h\r\n\r\n"), 500);
}
END_TEST

START_TEST(test_big_reply)
{
	start();
	client_connect(&client, w.port);
	client_connect(&other, w.port);
	client_send_text(&client, "GET /big HTTP/1.1\r\nHost: h\r\n\r\n");
	usleep(100000); /* nobody reads: it waits, and others are served */
	ck_assert_int_eq(request(&other, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n"), 200);
	ck_assert(client_read_until(&client, "\r\n\r\n", text, sizeof(text)));
	ck_has("content-length: 1048576\r\n");
	for (size_t got = client.len; got < 1048576;) {
		ssize_t n = recv(client.fd, text, sizeof(text), 0);

		ck_assert_int_gt(n, 0);
		got += (size_t)n;
	}
	client.len = 0;
	ck_assert_int_eq(request(&client, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n"), 200);
}
END_TEST

START_TEST(test_hold)
{
	start();
	client_connect(&client, w.port);
	/* What comes behind waits until the answer. */
	ck_assert_int_eq(request(&client, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n"
					  "GET /after HTTP/1.1\r\nHost: h\r\n\r\n"),
		200);
	ck_has("at last");
	ck_assert_int_eq(client_read_reply(&client, text, sizeof(text)), 200);
	ck_has("GET /after ");
	ck_assert_int_eq(w.gone, 0);
	client_send_text(&client, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
	usleep(50000);
	client_close(&client);
	await(&w.gone, 1);
}
END_TEST

START_TEST(test_stream)
{
	start();
	client_connect(&client, w.port);
	client_send_text(&client, "GET /finite HTTP/1.1\r\nHost: h\r\n\r\n");
	ck_assert(client_read_until(&client, "\r\n\r\n", text, sizeof(text)));
	ck_has("content-type: text/event-stream\r\n");
	ck_has("transfer-encoding: chunked\r\n");
	ck_assert(client_read_until(&client, "9\r\ndata: 1\n\n\r\n", text, sizeof(text)));
	ck_assert(client_read_until(&client, "9\r\ndata: 2\n\n\r\n0\r\n\r\n", text, sizeof(text)));
	ck_assert_int_eq(request(&client, "GET /next HTTP/1.1\r\nHost: h\r\n\r\n"), 200);
	ck_assert_int_eq(w.gone, 0);
	client_send_text(&client, "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
	ck_assert(client_read_until(&client, "data: 2", text, sizeof(text)));
	client_close(&client);
	await(&w.gone, 1);
	/* Without chunks for an old client: the end of the connection ends it. */
	client_connect(&client, w.port);
	client_send_text(&client, "GET /finite HTTP/1.0\r\n\r\n");
	ck_assert(client_read_until(&client, "\r\n\r\ndata: 1\n\ndata: 2\n\n", text, sizeof(text)));
	ck_assert_ptr_null(strstr(text, "chunked"));
	ck_assert(client_sees_end(&client, 3000));
}
END_TEST

START_TEST(test_too_many_streams)
{
	static struct client third;

	start();
	client_connect(&client, w.port);
	client_send_text(&client, "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
	ck_assert(client_read_until(&client, "data: 1", text, sizeof(text)));
	client_connect(&other, w.port);
	client_send_text(&other, "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
	ck_assert(client_read_until(&other, "data: 1", text, sizeof(text)));
	client_connect(&third, w.port);
	ck_assert_int_eq(request(&third, "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n"), 503);
	client_close(&other);
	await(&w.gone, 1);
	client_send_text(&third, "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
	ck_assert(client_read_until(&third, "data: 1", text, sizeof(text)));
	client_close(&third);
}
END_TEST

START_TEST(test_slow_stream_reader_is_dropped)
{
	start();
	client_connect(&client, w.port);
	client_send_text(&client, "GET /flood HTTP/1.1\r\nHost: h\r\n\r\n");
	await(&w.gone, 1);
	client_connect(&other, w.port);
	ck_assert_int_eq(request(&other, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n"), 200);
}
END_TEST

START_TEST(test_slow_body)
{
	int64_t before = clock_real_us();

	w.limits.body_timeout_s = 1;
	start();
	client_connect(&client, w.port);
	client_send_text(&client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n");
	for (int i = 0; i < 5; i++) {
		usleep(250000);
		client_send_text(&client, "x");
	}
	ck_assert(client_sees_end(&client, 3000));
	ck_assert_int_lt(clock_real_us() - before, 3500000);
	ck_assert_int_eq(w.requests, 0);
}
END_TEST

START_TEST(test_slow_header)
{
	w.net_limits.header_timeout_s = 1;
	start();
	client_connect(&client, w.port);
	client_send_text(&client, "GET / HTTP/1.1\r\n");
	ck_assert(client_sees_end(&client, 3000));
}
END_TEST

START_TEST(test_unix_socket)
{
	struct stat st;
	char expected[64];

	start();
	ck_assert_msg(w.unix_result == 0, "%s", w.why);
	ck_assert_int_eq(stat(w.socket, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	client_connect_unix(&client, w.socket);
	ck_assert_int_eq(request(&client, "GET /u HTTP/1.1\r\nHost: h\r\n\r\n"), 200);
	snprintf(expected, sizeof(expected), "peer=unix local=1 uid=%d ", (int)getuid());
	ck_has(expected);
}
END_TEST

static char why[3][200];
static int results[3];

static void listen_again(void *arg)
{
	char path[200];

	results[0] = http_server_listen_unix(w.server, w.socket, why[0]);
	snprintf(path, sizeof(path), "%s/file", w.dir);
	fclose(fopen(path, "w"));
	results[1] = http_server_listen_unix(w.server, path, why[1]);
	unlink(path);
	memset(path, 'a', 150);
	path[150] = '\0';
	results[2] = http_server_listen_unix(w.server, path, why[2]);
}

START_TEST(test_unix_socket_in_use)
{
	start();
	server_thread_call(w.thread, listen_again, NULL);
	ck_assert_int_eq(results[0], -1);
	ck_assert_ptr_nonnull(strstr(why[0], "is in use by another program"));
	ck_assert_int_eq(results[1], -1);
	ck_assert_ptr_nonnull(strstr(why[1], "is not a socket"));
	ck_assert_int_eq(results[2], -1);
	ck_assert_ptr_nonnull(strstr(why[2], "use a shorter data directory"));
	client_connect_unix(&client, w.socket);
	ck_assert_int_eq(request(&client, "GET /u HTTP/1.1\r\nHost: h\r\n\r\n"), 200);
}
END_TEST

START_TEST(test_dead_unix_socket_is_replaced)
{
	/* A listener that died leaves its file behind. */
	ck_assert_int_eq(mknod(w.socket, S_IFSOCK | 0644, 0), 0);
	start();
	ck_assert_msg(w.unix_result == 0, "%s", w.why);
	client_connect_unix(&client, w.socket);
	ck_assert_int_eq(request(&client, "GET /u HTTP/1.1\r\nHost: h\r\n\r\n"), 200);
}
END_TEST

START_TEST(test_local_gets_in_when_all_places_are_taken)
{
	w.net_limits.max_connections = 1;
	start();
	client_connect(&client, w.port);
	ck_assert_int_eq(request(&client, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n"), 200);
	client_connect_unix(&other, w.socket);
	ck_assert_int_eq(request(&other, "GET /u HTTP/1.1\r\nHost: h\r\n\r\n"), 200);
}
END_TEST

START_TEST(test_destroy_while_busy)
{
	start();
	client_connect(&client, w.port);
	client_send_text(&client, "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
	ck_assert(client_read_until(&client, "data: 1", text, sizeof(text)));
	client_connect(&other, w.port);
	client_send_text(&other, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf");
	usleep(20000);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("csms_http_server");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, test_get);
	tcase_add_test(t, test_bodies);
	tcase_add_loop_test(t, test_bad_requests, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(t, test_head);
	tcase_add_test(t, test_http_1_0_closes);
	tcase_add_test(t, test_headers_of_the_handler);
	tcase_add_test(t, test_big_reply);
	tcase_add_test(t, test_hold);
	tcase_add_test(t, test_stream);
	tcase_add_test(t, test_too_many_streams);
	tcase_add_test(t, test_slow_stream_reader_is_dropped);
	tcase_add_test(t, test_slow_body);
	tcase_add_test(t, test_slow_header);
	tcase_add_test(t, test_unix_socket);
	tcase_add_test(t, test_unix_socket_in_use);
	tcase_add_test(t, test_dead_unix_socket_is_replaced);
	tcase_add_test(t, test_local_gets_in_when_all_places_are_taken);
	tcase_add_test(t, test_destroy_while_busy);
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
