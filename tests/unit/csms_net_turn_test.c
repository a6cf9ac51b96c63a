/* Many who speak at once: a turn of the loop hears some of them, later turns the others. */
#include <check.h>
#include <stdlib.h>
#include <unistd.h>
#include "csms/net/net_internal.h"
#include "tests/net/client.h"
#include "tests/net/server_thread.h"

#define CLIENTS 30
#define WORK_US 4000 /* that hearing one takes */
#define A_TURN  7 /* 10 ms as they come, 10 ms of those that wait, one that began in time each */

static struct world {
	struct server_thread *thread;
	struct net *net;
	struct net_listener *listener;
	int port, opened, closed, heard, turn_heard, most, wrong;
} w;

static struct client clients[CLIENTS];

static void opened(void *ctx, struct net_conn *c)
{
	net_conn_set_user(c, calloc(1, 1));
	__atomic_add_fetch(&w.opened, 1, __ATOMIC_RELAXED);
}

/* Each says "a", and "b" when it has its answer. */
static void received(void *ctx, struct net_conn *c, unsigned char *bytes, size_t len)
{
	char *next = net_conn_user(c);

	for (size_t i = 0; i < len; i++)
		w.wrong += bytes[i] != 'a' + (*next)++;
	usleep(WORK_US);
	w.turn_heard++;
	w.heard++;
	net_conn_send(c, bytes, len, NULL, 0);
}

static void closed(void *ctx, struct net_conn *c, const char *why)
{
	free(net_conn_user(c));
	__atomic_add_fetch(&w.closed, 1, __ATOMIC_RELAXED);
}

static const struct net_service service = {
	.opened = opened, .received = received, .closed = closed};

static void on_turn_end(void *arg)
{
	if (w.turn_heard > w.most)
		w.most = w.turn_heard;
	w.turn_heard = 0;
}

static void build(struct loop *l, void *arg)
{
	static const struct net_limits limits = {.max_connections = 100, .header_timeout_s = 20};
	struct net_listen listen = {.address = "127.0.0.1", .max_queue = 1000, .service = &service};
	char why[200];

	w.net = net_create(l, &limits);
	w.port = w.net ? net_listen(w.net, &listen, &w.listener, why) : -1;
	loop_on_turn_end(l, on_turn_end, NULL);
}

static void demolish(void *arg)
{
	net_destroy(w.net);
}

/* The first keeps the loop busy while the others speak. */
static void say_all(const char *what)
{
	for (int i = 0; i < CLIENTS; i++)
		client_send_text(&clients[i], what);
}

static void hear_all(const char *what)
{
	char said[8];

	for (int i = 0; i < CLIENTS; i++)
		ck_assert(client_read_until(&clients[i], what, said, sizeof said));
}

START_TEST(a_turn_hears_some_and_all_are_heard)
{
	w.thread = server_thread_start(build, NULL);
	ck_assert_int_gt(w.port, 0);
	for (int i = 0; i < CLIENTS; i++)
		client_connect(&clients[i], w.port);
	say_all("a");
	hear_all("a");
	say_all("b");
	hear_all("b");
	ck_assert_int_eq(w.wrong, 0);
	ck_assert_int_eq(w.heard, 2 * CLIENTS);
	ck_assert_int_le(w.most, A_TURN);
	server_thread_stop(w.thread, demolish, NULL);
	ck_assert_int_eq(w.closed, CLIENTS);
	for (int i = 0; i < CLIENTS; i++)
		client_close(&clients[i]);
}
END_TEST

/* Who leaves before he was heard is forgotten. */
START_TEST(who_leaves_unheard_is_forgotten)
{
	w.thread = server_thread_start(build, NULL);
	for (int i = 0; i < CLIENTS; i++)
		client_connect(&clients[i], w.port);
	say_all("a");
	for (int i = 0; i < CLIENTS; i++)
		client_close(&clients[i]);
	for (int i = 0; i < 500 && __atomic_load_n(&w.closed, __ATOMIC_RELAXED) < CLIENTS; i++)
		usleep(20000);
	ck_assert_int_eq(w.closed, CLIENTS);
	ck_assert_int_eq(w.wrong, 0);
	server_thread_stop(w.thread, demolish, NULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net turn");
	TCase *t = tcase_create("turn");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_turn_hears_some_and_all_are_heard);
	tcase_add_test(t, who_leaves_unheard_is_forgotten);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
