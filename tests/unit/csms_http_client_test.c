#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "csms/clock.h"
#include "csms/net/http_client.h"
#include "csms/net/http_server.h"
#include "csms/pki/site_ca.h"
#include "csms/net/tls.h"
#include "tests/net/server_thread.h"

/* A server of ours on a thread; the client on the loop of the test. */
static struct world {
	struct server_thread *thread;
	struct net *net;
	struct net_limits limits;
	struct http_server *server;
	struct tls_server *tls;
	struct http_exchange *held;
	int port, tls_port, requests, moved;
	char dir[64], why[200], seen[600];
	struct site_ca_paths paths;
	struct loop *loop;
	struct http_client *client;
	struct timer guard;
	struct http_outcome outcome;
	char body[200];
	int done;
} w;

static void on_gone(void *arg)
{
	w.held = NULL;
}

static void on_request(void *ctx, struct http_exchange *x, const struct http_request *req)
{
	static char long_text[HTTP_CLIENT_ANSWER_MAX + 1];
	int n = ++w.requests;

	snprintf(w.seen, sizeof w.seen, "%s %s auth=%s type=%s body=%s", req->method, req->path,
		req->authorization, req->content_type, req->body);
	if (strcmp(req->path, "/moved") == 0) {
		http_header(x, "location", "/elsewhere");
		http_reply(x, 302, NULL, "", 0);
	} else if (strcmp(req->path, "/long") == 0) {
		memset(long_text, 'x', sizeof long_text);
		http_reply(x, 200, "text/plain", long_text, sizeof long_text);
	} else if (strcmp(req->path, "/silent") == 0) {
		w.held = x;
		http_hold(x, on_gone, NULL);
	} else if (strcmp(req->path, "/busy") == 0 && n < 3) {
		http_reply(x, 503, NULL, "", 0);
	} else if (strcmp(req->path, "/never") == 0) {
		http_reply(x, 501, "text/plain", "no", 2);
	} else {
		w.moved += strcmp(req->path, "/elsewhere") == 0;
		http_reply(x, 204, NULL, "", 0);
	}
}

static void build(struct loop *l, void *arg)
{
	static const struct http_limits limits = {
		.max_body = 1000000, .body_timeout_s = 10, .transfer_idle_s = 10};

	w.net = net_create(l, &w.limits);
	w.server = w.net ? http_server_create(w.net, on_request, NULL, &limits) : NULL;
	if (!w.server)
		return;
	w.port = http_server_listen(w.server, "127.0.0.1", 0, NULL, w.why);
	w.tls_port = http_server_listen(w.server, "127.0.0.1", 0, w.tls, w.why);
}

static void destroy(void *arg)
{
	http_server_destroy(w.server);
	net_destroy(w.net);
}

static void setup(void)
{
	static const char *const hosts[] = {"localhost"};
	struct tls_server_config cfg;
	char pki[96];

	memset(&w, 0, sizeof w);
	w.limits = (struct net_limits){.max_connections = 100, .header_timeout_s = 10};
	strcpy(w.dir, "/tmp/http_client_test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(w.dir));
	snprintf(pki, sizeof pki, "%s/pki", w.dir);
	ck_assert_msg(!site_ca_ensure(pki, hosts, 1, &w.paths, w.why), "%s", w.why);
	cfg = (struct tls_server_config){.ecdsa_cert = w.paths.ecdsa_cert,
		.ecdsa_key = w.paths.ecdsa_key,
		.rsa_cert = w.paths.rsa_cert,
		.rsa_key = w.paths.rsa_key};
	w.tls = tls_server_create(&cfg, w.why);
	ck_assert_msg(w.tls != NULL, "%s", w.why);
	w.thread = server_thread_start(build, NULL);
	ck_assert_msg(w.port > 0 && w.tls_port > 0, "%s", w.why);
	w.loop = loop_create();
	w.client = http_client_create(w.loop);
	ck_assert_ptr_nonnull(w.client);
}

static void teardown(void)
{
	char command[100];

	http_client_destroy(w.client);
	loop_destroy(w.loop);
	server_thread_stop(w.thread, destroy, NULL);
	tls_server_destroy(w.tls);
	snprintf(command, sizeof command, "rm -rf %s", w.dir);
	ck_assert_int_eq(system(command), 0);
}

static void on_done(void *arg, const struct http_outcome *o)
{
	w.outcome = *o;
	snprintf(w.body, sizeof w.body, "%s", o->body);
	w.done++;
	loop_stop(w.loop);
}

static void give_up(void *arg)
{
	ck_abort_msg("no outcome in 30 s");
}

static struct http_call_spec post(const char *url)
{
	return (struct http_call_spec){
		.method = "POST",
		.url = url,
		.headers = {"authorization: Token abc", "content-type: application/json"},
		.body = "{\"a\":1}",
		.len = 7,
		.timeout_ms = 5000,
		.tries = 1,
		.wait_ms = 10,
		.done = on_done,
	};
}

static const struct http_outcome *run(const struct http_call_spec *spec)
{
	ck_assert_ptr_nonnull(http_client_send(w.client, spec));
	timer_start(loop_timers(w.loop), &w.guard, 30000, give_up, NULL);
	loop_run(w.loop);
	timer_stop(loop_timers(w.loop), &w.guard);
	return &w.outcome;
}

static const char *url(const char *path, bool tls)
{
	static char text[200];

	snprintf(text, sizeof text, "%s://localhost:%d%s", tls ? "https" : "http",
		tls ? w.tls_port : w.port, path);
	return text;
}

START_TEST(a_post_is_answered)
{
	struct http_call_spec s = post(url("/hello", false));
	const struct http_outcome *o = run(&s);

	ck_assert_msg(o->status == 204, "%d %s", o->status, o->why);
	ck_assert_int_eq(o->tries, 1);
	ck_assert_str_eq(w.seen, "POST /hello auth=Token abc type=application/json body={\"a\":1}");
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(run(&s)->status, 204);
}
END_TEST

START_TEST(answers_are_bounded_and_redirects_not_followed)
{
	struct http_call_spec s = post(url("/long", false));

	s.tries = 3;
	ck_assert_int_eq(run(&s)->status, 0);
	ck_assert_int_eq(w.outcome.tries, 1);
	ck_assert_ptr_nonnull(strstr(w.outcome.why, "longer than 65536 bytes"));
	s = post(url("/moved", false));
	ck_assert_int_eq(run(&s)->status, 302);
	ck_assert_int_eq(w.moved, 0);
}
END_TEST

START_TEST(what_may_pass_is_tried_again)
{
	struct http_call_spec s = post(url("/busy", false));

	s.tries = 5;
	ck_assert_int_eq(run(&s)->status, 204);
	ck_assert_int_eq(w.outcome.tries, 3);
	s = post(url("/never", false));
	s.tries = 5;
	ck_assert_int_eq(run(&s)->status, 501);
	ck_assert_int_eq(w.outcome.tries, 1);
	ck_assert_str_eq(w.body, "no");
	s = post("http://localhost:1/nobody");
	s.tries = 2;
	ck_assert_int_eq(run(&s)->status, 0);
	ck_assert_int_eq(w.outcome.tries, 2);
	ck_assert_str_ne(w.outcome.why, "");
}
END_TEST

START_TEST(a_silent_server_times_out)
{
	struct http_call_spec s = post(url("/silent", false));

	s.timeout_ms = 200;
	ck_assert_int_eq(run(&s)->status, 0);
	ck_assert_ptr_nonnull(strstr(w.outcome.why, "timed out"));
}
END_TEST

START_TEST(certificates_are_verified)
{
	struct http_call_spec s = post(url("/hello", true));

	ck_assert_int_eq(run(&s)->status, 0);
	ck_assert_ptr_nonnull(strstr(w.outcome.why, "certificate is not trusted"));
	ck_assert_int_eq(w.requests, 0);
	s.ca_file = w.paths.root_cert;
	ck_assert_msg(run(&s)->status == 204, "%s", w.outcome.why);
	/* A name that the certificate does not have. */
	char other[100];
	snprintf(other, sizeof other, "https://localhost.localdomain:%d/", w.tls_port);
	s.url = other;
	ck_assert_int_eq(run(&s)->status, 0);
}
END_TEST

static bool is_of(const void *rule, const struct sockaddr *address)
{
	return address->sa_family == *(const int *)rule;
}

START_TEST(every_address_of_a_name_is_asked_about)
{
	static const int never = AF_UNIX, plain = AF_INET;
	struct http_call_spec s = post(url("/hello", false));

	s.may_connect = is_of;
	s.rule = &never;
	s.tries = 3;
	ck_assert_int_eq(run(&s)->status, 0);
	ck_assert_ptr_nonnull(strstr(w.outcome.why, "not allowed"));
	ck_assert_int_eq(w.outcome.tries, 1);
	ck_assert_int_eq(w.requests, 0);
	s.rule = &plain;
	ck_assert_int_eq(run(&s)->status, 204);
	s.rule = &never; /* a connection that stands does not help */
	ck_assert_int_eq(run(&s)->status, 0);
	ck_assert_int_eq(w.requests, 1);
}
END_TEST

START_TEST(calls_end_when_they_are_told_to)
{
	struct http_call_spec s = post(url("/silent", false));
	struct http_call *c = http_client_send(w.client, &s);

	ck_assert_ptr_nonnull(c);
	http_call_cancel(c);
	ck_assert_ptr_nonnull(http_client_send(w.client, &s)); /* ends with the client */
	s.url = url("/hello", false);
	ck_assert_int_eq(run(&s)->status, 204);
	ck_assert_int_eq(w.done, 1);
	for (int i = 0; i < HTTP_CLIENT_CALLS_MAX - 1; i++)
		ck_assert_ptr_nonnull(http_client_send(w.client, &s));
	ck_assert_ptr_null(http_client_send(w.client, &s));
}
END_TEST

START_TEST(addresses_are_judged)
{
	static const char *const bad[] = {"ftp://host/", "file:///etc/passwd", "https://",
		"https:///path", "https://user@host/", "https://user:secret@host/", "host/path",
		"https://host/a b", "https://host/\r\nx: y", "https://h\xc3\xb6st/", ""};

	ck_assert(http_client_takes("https://grid.example:8443/oscp/cp/2.0"));
	ck_assert(http_client_takes("http://[::1]:80/a?b=c@d"));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(!http_client_takes(bad[i]), "%s", bad[i]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("csms_http_client");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_post_is_answered);
	tcase_add_test(t, answers_are_bounded_and_redirects_not_followed);
	tcase_add_test(t, what_may_pass_is_tried_again);
	tcase_add_test(t, a_silent_server_times_out);
	tcase_add_test(t, certificates_are_verified);
	tcase_add_test(t, every_address_of_a_name_is_asked_about);
	tcase_add_test(t, calls_end_when_they_are_told_to);
	tcase_add_test(t, addresses_are_judged);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
