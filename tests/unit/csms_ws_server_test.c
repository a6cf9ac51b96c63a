#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "csms/ws_server.h"
#include "tests/net/client.h"
#include "tests/net/server_thread.h"

/* A server that echoes, and does as the text of a message says. */
static struct world {
	struct server_thread *thread;
	struct loop *loop;
	struct net *net;
	struct ws_server *server;
	struct ws_limits limits;
	struct net_limits net_limits;
	int port;
	pthread_mutex_t lock;
	struct ws_conn *last;
	struct ws_stats stats;
	int opened, closed, refused, alive, refused_status, closed_code;
	char closed_why[128], refused_why[128], identity[64], user[64], password[64],
		protocols[256];
	size_t password_len;
} w;

static struct client client, other;
static char text[1 << 20];

static void on_gate(void *ctx, const struct ws_gate_request *req, struct ws_gate_answer *ans)
{
	pthread_mutex_lock(&w.lock);
	snprintf(w.identity, sizeof(w.identity), "%s", req->identity);
	snprintf(w.user, sizeof(w.user), "%s", req->user);
	snprintf(w.protocols, sizeof(w.protocols), "%s", req->protocols);
	w.password_len = req->password_len;
	memcpy(w.password, req->password, req->password_len);
	pthread_mutex_unlock(&w.lock);
	if (!strcmp(req->identity, "UNKNOWN"))
		ans->status = 404;
	else if (!strcmp(req->identity, "SECRET") && !req->has_basic)
		ans->status = 401;
	else if (!strstr(req->protocols, "ocpp2.0.1"))
		ans->status = 400;
	else
		*ans = (struct ws_gate_answer){101, "ocpp2.0.1", &w};
}

static void on_refused(
	void *ctx, int status, const char *identity, const char *peer, const char *why)
{
	pthread_mutex_lock(&w.lock);
	w.refused++;
	w.refused_status = status;
	snprintf(w.refused_why, sizeof(w.refused_why), "%s", why);
	pthread_mutex_unlock(&w.lock);
}

static void on_opened(void *ctx, void *user, struct ws_conn *c)
{
	pthread_mutex_lock(&w.lock);
	w.opened++;
	w.last = c;
	pthread_mutex_unlock(&w.lock);
}

static void on_message(void *ctx, void *user, struct ws_conn *c, const char *message, size_t len)
{
	static char big[200000];
	int n;

	if (message[len] != '\0' || user != &w)
		abort();
	if (sscanf(message, "close %d", &n) == 1) {
		ws_conn_close(c, n, "you said so");
	} else if (sscanf(message, "flood %d", &n) == 1) {
		memset(big, 'x', sizeof(big));
		for (int i = 0; i < n; i++)
			ws_conn_send(c, big, sizeof(big));
	} else {
		ws_conn_send(c, message, len);
	}
}

static void on_alive(void *ctx, void *user, struct ws_conn *c)
{
	__atomic_add_fetch(&w.alive, 1, __ATOMIC_RELAXED);
}

static void on_closed(void *ctx, void *user, struct ws_conn *c, int code, const char *why)
{
	pthread_mutex_lock(&w.lock);
	w.closed++;
	w.closed_code = code;
	snprintf(w.closed_why, sizeof(w.closed_why), "%s", why);
	pthread_mutex_unlock(&w.lock);
}

static const struct ws_handlers handlers = {
	on_gate, on_refused, on_opened, on_message, on_alive, on_closed, NULL};

static void build(struct loop *l, void *arg)
{
	char why[200];

	w.loop = l;
	w.net = net_create(l, &w.net_limits);
	w.server = w.net ? ws_server_create(w.net, &handlers, &w.limits) : NULL;
	w.port = w.server ? ws_server_listen(w.server, "127.0.0.1", 0, "/ocpp", 1, NULL, why) : -1;
}

static void setup(void)
{
	memset(&w, 0, sizeof(w));
	pthread_mutex_init(&w.lock, NULL);
	w.limits = (struct ws_limits){.max_message = 65536, .max_queue = 1000000};
	w.net_limits = (struct net_limits){.max_connections = 1000, .header_timeout_s = 10};
	client.fd = other.fd = -1;
}

static void start(void)
{
	w.thread = server_thread_start(build, NULL);
	ck_assert_int_gt(w.port, 0);
}

static void destroy(void *arg)
{
	ws_server_destroy(w.server);
	net_destroy(w.net);
}

static void teardown(void)
{
	client_close(&client);
	client_close(&other);
	if (w.thread)
		server_thread_stop(w.thread, destroy, NULL);
}

static void fetch_stats(void *arg)
{
	w.stats = *ws_server_stats(w.server);
}

static const struct ws_stats *stats(void)
{
	server_thread_call(w.thread, fetch_stats, NULL);
	return &w.stats;
}

/* Waits until *n, which the server's thread counts up, reaches `count`. */
static void await(const int *n, int count)
{
	for (int i = 0; i < 800 && __atomic_load_n(n, __ATOMIC_RELAXED) < count; i++)
		usleep(10000);
	ck_assert_int_ge(__atomic_load_n(n, __ATOMIC_RELAXED), count);
}

static void dial_with(struct client *c, const char *headers)
{
	client_connect(c, w.port);
	ck_assert_int_eq(client_upgrade(c, "/ocpp/CP-1", headers, text, sizeof(text)), 101);
}

static void dial(struct client *c)
{
	dial_with(c, "Sec-WebSocket-Protocol: ocpp2.0.1\r\n");
}

static void ck_echo(struct client *c, const char *message)
{
	int first;

	client_send_frame(c, 0x81, message, strlen(message));
	ck_assert_int_eq(client_read_frame(c, &first, text, sizeof(text)), (long)strlen(message));
	ck_assert_int_eq(first, 0x81);
	ck_assert_str_eq(text, message);
}

static void ck_closed(int code)
{
	await(&w.closed, 1);
	ck_assert_int_eq(w.closed_code, code);
}

START_TEST(test_echo)
{
	start();
	dial(&client);
	ck_assert_ptr_nonnull(
		strstr(text, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
	ck_assert_ptr_nonnull(strstr(text, "Sec-WebSocket-Protocol: ocpp2.0.1\r\n"));
	ck_assert_ptr_null(strstr(text, "Extensions"));
	ck_echo(&client, "[2,\"1\",\"Heartbeat\",{}]");
	ck_echo(&client, "");
	ck_echo(&client, "gr\xc3\xbc\xc3\x9f Gott \xf0\x9f\x94\x8c");
	client_send_frame(&client, 0x88, "\x03\xe8", 2);
	ck_assert_int_eq(client_read_close(&client), 1000);
	client_close(&client);
	ck_closed(1000);
	ck_assert_int_eq(stats()->open, 0);
	ck_assert_int_eq(stats()->messages_in, 3);
	ck_assert_int_eq(stats()->messages_out, 3);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("csms_ws_server");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, test_echo);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(suite());

	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
