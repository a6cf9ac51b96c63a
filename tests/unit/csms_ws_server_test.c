#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include "csms/clock.h"
#include "csms/net/ws_server.h"
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
		*ans = (struct ws_gate_answer){.status = 101, .protocol = "ocpp2.0.1", .user = &w};
}

static void on_refused(
	void *ctx, int profile, int status, const char *identity, const char *peer, const char *why)
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

/* --- the gate ------------------------------------------------------------------------------ */

static int upgrade(const char *path, const char *headers)
{
	int status;

	client_connect(&client, w.port);
	status = client_upgrade(&client, path, headers, text, sizeof(text));
	return status;
}

static int refusal(const char *path, const char *headers)
{
	int status = upgrade(path, headers);

	ck_assert(client_sees_end(&client, 5000));
	client_close(&client);
	return status;
}

#define OFFER "Sec-WebSocket-Protocol: ocpp2.0.1\r\n"

START_TEST(test_gate)
{
	start();
	ck_assert_int_eq(refusal("/ocpp/UNKNOWN", OFFER), 404);
	ck_assert_int_eq(refusal("/ocpp/SECRET", OFFER), 401);
	ck_assert_ptr_nonnull(strstr(text, "WWW-Authenticate: Basic realm="));
	ck_assert_int_eq(refusal("/ocpp/CP-1", ""), 400);
	ck_assert_int_eq(refusal("/ocpp/CP-1", "Sec-WebSocket-Protocol: ocpp0.1\r\n"), 400);
	ck_assert_int_eq(w.refused, 0);
	ck_assert_int_eq(refusal("/ocpp/A%2FB", OFFER), 404);
	ck_assert_int_eq(refusal("/ocpp/A%zz", OFFER), 404);
	ck_assert_int_eq(refusal("/other/CP-1", OFFER), 404);
	ck_assert_int_eq(refusal("/ocpp/CP-1", OFFER "Bad Field: x\r\n"), 400);
	ck_assert_int_eq(w.refused, 4);
	ck_assert_int_eq(
		upgrade("/ocpp/SECRET/", OFFER "Authorization: Basic U0VDUkVUOmE6YgBj\r\n"), 101);
	ck_assert_str_eq(w.identity, "SECRET");
	ck_assert_str_eq(w.user, "SECRET");
	ck_assert_uint_eq(w.password_len, 5);
	ck_assert_mem_eq(w.password, "a:b\0c", 5);
	ck_assert_int_eq(stats()->refused, 8);
	ck_assert_int_eq(stats()->accepted, 1);
}
END_TEST

START_TEST(test_request_without_upgrade)
{
	start();
	client_connect(&client, w.port);
	client_send_text(&client, "GET /ocpp/CP-1 HTTP/1.1\r\nHost: x\r\n\r\n");
	ck_assert_int_eq(client_read_reply(&client, text, sizeof(text)), 426);
	ck_assert_ptr_nonnull(strstr(text, "Upgrade: websocket\r\n"));
	ck_assert(client_sees_end(&client, 5000));
	client_close(&client);
	client_connect(&client, w.port);
	client_send_text(&client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	ck_assert_int_eq(client_read_reply(&client, text, sizeof(text)), 404);
	client_close(&client);
	client_connect(&client, w.port);
	client_send_text(&client, "\x16\x03\x01 TLS on a plain port\r\n\r\n");
	ck_assert_int_eq(client_read_reply(&client, text, sizeof(text)), 400);
}
END_TEST

/* A name in Host that belongs to another listener moves nobody. */
START_TEST(test_host_header_is_no_listener)
{
	start();
	client_connect(&client, w.port);
	client_send_text(&client,
		"GET /ocpp/CP-1 HTTP/1.1\r\nHost: tls:9001\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" OFFER "\r\n");
	ck_assert_int_eq(client_read_reply(&client, text, sizeof(text)), 101);
	ck_echo(&client, "still here");
}
END_TEST

static const struct {
	const char *headers;
	const char *seen;
} protocols[] = {
	{"Sec-WebSocket-Protocol: ocpp0.1,ocpp2.0.1\r\n", "ocpp0.1,ocpp2.0.1"},
	{"Sec-WebSocket-Protocol: ocpp1.6 ,\tocpp2.0.1 , \r\n", "ocpp1.6 ,\tocpp2.0.1 ,"},
	{"Sec-WebSocket-Protocol: ocpp2.1\r\nX: y\r\nsec-websocket-protocol: ocpp2.0.1\r\n",
		"ocpp2.1,ocpp2.0.1"},
};

START_TEST(test_chosen_protocol_is_echoed)
{
	start();
	dial_with(&client, protocols[_i].headers);
	ck_assert_ptr_nonnull(strstr(text, "\r\nSec-WebSocket-Protocol: ocpp2.0.1\r\n"));
	ck_assert_str_eq(w.protocols, protocols[_i].seen);
}
END_TEST

START_TEST(test_head_in_pieces_and_frames_right_behind)
{
	static const char head[] =
		"GET /ocpp/CP-1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" OFFER
		"\r\n";
	unsigned char last[256];
	size_t n = sizeof(head) - 1 - 5;
	int first;

	start();
	client_connect(&client, w.port);
	for (size_t i = 0; i < n; i += 50) {
		client_send(&client, head + i, n - i < 50 ? n - i : 50);
		usleep(2000);
	}
	memcpy(last, head + n, 5);
	n = 5 + client_make_frame(last + 5, 0x81, "one", 3);
	n += client_make_frame(last + n, 0x81, "two", 3);
	client_send(&client, last, n);
	ck_assert_int_eq(client_read_reply(&client, text, sizeof(text)), 101);
	ck_assert_int_eq(client_read_frame(&client, &first, text, sizeof(text)), 3);
	ck_assert_str_eq(text, "one");
	ck_assert_int_eq(client_read_frame(&client, &first, text, sizeof(text)), 3);
	ck_assert_str_eq(text, "two");
}
END_TEST

/* --- frames -------------------------------------------------------------------------------- */

START_TEST(test_pipelined_in_one_segment)
{
	unsigned char *burst = malloc(100000);
	size_t n = 0;
	int first;

	start();
	dial(&client);
	for (int i = 0; i < 500; i++) {
		char message[32];

		n += client_make_frame(burst + n, 0x81, message,
			(size_t)snprintf(message, sizeof(message), "message %d", i));
	}
	client_send(&client, burst, n);
	free(burst);
	for (int i = 0; i < 500; i++) {
		char message[32];

		snprintf(message, sizeof(message), "message %d", i);
		ck_assert_int_gt(client_read_frame(&client, &first, text, sizeof(text)), 0);
		ck_assert_str_eq(text, message);
	}
}
END_TEST

START_TEST(test_fragments_with_control_frames_between)
{
	int first;

	start();
	dial(&client);
	client_send_frame(&client, 0x01, "one ", 4);
	client_send_frame(&client, 0x89, "ping", 4);
	client_send_frame(&client, 0x00, "tw\xc3", 3); /* cut inside of a character */
	client_send_frame(&client, 0x8a, "unasked", 7);
	client_send_frame(&client, 0x00, "", 0);
	client_send_frame(&client, 0x80, "\xb6 three", 7);
	ck_assert_int_eq(client_read_frame(&client, &first, text, sizeof(text)), 4);
	ck_assert_int_eq(first, 0x8a);
	ck_assert_str_eq(text, "ping");
	ck_assert_int_eq(client_read_frame(&client, &first, text, sizeof(text)), 14);
	ck_assert_int_eq(first, 0x81);
	ck_assert_str_eq(text, "one tw\xc3\xb6 three");
	ck_echo(&client, "next");
}
END_TEST

START_TEST(test_every_byte_alone)
{
	unsigned char frame[64];
	size_t n = client_make_frame(frame, 0x81, "byte by byte", 12);
	int first;

	start();
	dial(&client);
	for (size_t i = 0; i < n; i++) {
		client_send(&client, frame + i, 1);
		usleep(500);
	}
	ck_assert_int_eq(client_read_frame(&client, &first, text, sizeof(text)), 12);
	ck_assert_str_eq(text, "byte by byte");
}
END_TEST

START_TEST(test_sizes_around_the_borders)
{
	static const size_t sizes[] = {
		125, 126, 127, 1023, 1024, 16383, 16384, 16385, 65535, 65536};
	char *big = malloc(65537);
	int first;

	start();
	dial(&client);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		memset(big, 'a' + (int)i, sizes[i]);
		client_send_frame(&client, 0x81, big, sizes[i]);
		ck_assert_int_eq(
			client_read_frame(&client, &first, text, sizeof(text)), (long)sizes[i]);
		ck_assert_mem_eq(text, big, sizes[i]);
	}
	free(big);
}
END_TEST

/* What a peer may send, and the code it is sent away with. */
static const struct {
	const char *name;
	int first;
	const char *payload;
	size_t len;
	int code;
} faults[] = {
	{"binary", 0x82, "x", 1, 1003},
	{"not UTF-8", 0x81, "\xff", 1, 1007},
	{"cut UTF-8", 0x81, "a\xc3", 2, 1007},
	{"RSV1 without deflate", 0xc1, "x", 1, 1002},
	{"RSV2", 0xa1, "x", 1, 1002},
	{"unknown opcode", 0x83, "x", 1, 1002},
	{"continuation of nothing", 0x80, "x", 1, 1002},
	{"fragmented ping", 0x09, "x", 1, 1002},
	{"close with one byte", 0x88, "x", 1, 1002},
	{"close with a bad code", 0x88, "\x03\xed", 2, 1002},
	{"close with a bad reason", 0x88, "\x03\xe8\xff", 3, 1007},
};

START_TEST(test_faults)
{
	start();
	dial(&client);
	dial(&other);
	client_send_frame(&client, faults[_i].first, faults[_i].payload, faults[_i].len);
	ck_assert_msg(client_read_close(&client) == faults[_i].code, "%s", faults[_i].name);
	ck_assert(client_sees_end(&client, 5000));
	client_close(&client);
	ck_closed(faults[_i].code);
	ck_echo(&other, "not disturbed");
	ck_assert_int_eq(stats()->dropped_binary, faults[_i].code == 1003);
}
END_TEST

START_TEST(test_unmasked_frame)
{
	start();
	dial(&client);
	client_send(&client, "\x81\x01x", 3);
	ck_assert_int_eq(client_read_close(&client), 1002);
}
END_TEST

START_TEST(test_new_message_inside_of_another)
{
	start();
	dial(&client);
	client_send_frame(&client, 0x01, "a", 1);
	client_send_frame(&client, 0x81, "b", 1);
	ck_assert_int_eq(client_read_close(&client), 1002);
}
END_TEST

START_TEST(test_oversize)
{
	char *big = calloc(1, 65537);

	start();
	dial(&client);
	/* Judged by its header: the payload need not come. */
	client_send(&client, "\x81\xff\0\0\0\0\0\x01\0\x01\1\2\3\4", 14);
	ck_assert_int_eq(client_read_close(&client), 1009);
	client_close(&client);
	ck_closed(1009);
	dial(&client);
	client_send(&client, "\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\1\2\3\4", 14);
	ck_assert_int_eq(client_read_close(&client), 1009);
	client_close(&client);
	/* In fragments that are each small enough. */
	dial(&client);
	memset(big, 'x', 65536);
	client_send_frame(&client, 0x01, big, 40000);
	client_send_frame(&client, 0x80, big, 40000);
	ck_assert_int_eq(client_read_close(&client), 1009);
	client_close(&client);
	ck_assert_int_eq(stats()->dropped_oversize, 3);
	free(big);
}
END_TEST

/* --- closing ------------------------------------------------------------------------------- */

START_TEST(test_we_close)
{
	int first;

	start();
	dial(&client);
	client_send_frame(&client, 0x81, "close 1008", 10);
	ck_assert_int_eq(client_read_frame(&client, &first, text, sizeof(text)), 13);
	ck_assert_int_eq(first, 0x88);
	ck_assert_mem_eq(text, "\x03\xf0you said so", 13);
	client_send_frame(&client, 0x81, "too late", 8); /* is not answered any more */
	client_send_frame(&client, 0x88, "\x03\xf0", 2);
	ck_assert(client_sees_end(&client, 5000));
	client_close(&client);
	ck_closed(1008);
	ck_assert_int_eq(stats()->messages_in, 1);
}
END_TEST

START_TEST(test_we_close_and_nobody_answers)
{
	start();
	dial(&client);
	client_send_frame(&client, 0x81, "close 1008", 10);
	ck_assert_int_eq(client_read_close(&client), 1008);
	ck_assert(client_sees_end(&client, 8000));
	ck_closed(1008);
}
END_TEST

START_TEST(test_peer_vanishes)
{
	start();
	dial(&client);
	client_close(&client);
	ck_closed(1006);
	ck_assert_int_eq(stats()->open, 0);
}
END_TEST

static void close_all(void *arg)
{
	ws_server_close_all(w.server);
	net_stop_listening(w.net);
}

START_TEST(test_close_all)
{
	start();
	dial(&client);
	dial(&other);
	server_thread_call(w.thread, close_all, NULL);
	ck_assert_int_eq(client_read_close(&client), 1001);
	ck_assert_int_eq(client_read_close(&other), 1001);
	client_send_frame(&client, 0x88, "\x03\xe9", 2);
	client_close(&client);
	client_close(&other);
	await(&w.closed, 2);
}
END_TEST

START_TEST(test_destroy_with_open_connections)
{
	start();
	dial(&client);
	dial(&other);
	client_connect(&other, w.port); /* and one before its request */
	client_send_text(&other, "GET /ocpp");
	usleep(20000);
}
END_TEST

/* --- limits -------------------------------------------------------------------------------- */

START_TEST(test_full_send_queue)
{
	start();
	dial(&client);
	dial(&other);
	/* 40 MB to one that does not read: more than any socket buffer and our queue. */
	client_send_frame(&client, 0x81, "flood 200", 9);
	ck_closed(1013);
	ck_assert_str_eq(w.closed_why, "send queue is full");
	ck_echo(&other, "not disturbed");
}
END_TEST

START_TEST(test_large_answers_arrive_whole)
{
	int first;

	start();
	dial(&client);
	client_send_frame(&client, 0x81, "flood 3", 7); /* 600 kB: some of it has to wait */
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(client_read_frame(&client, &first, text, sizeof(text)), 200000);
		ck_assert_int_eq(strspn(text, "x"), 200000);
	}
	ck_echo(&client, "and on");
}
END_TEST

START_TEST(test_rate_pauses_only_the_one)
{
	unsigned char *burst = malloc(10000);
	size_t n = 0;
	int64_t before;
	int first;

	w.limits.messages_per_s = 50;
	w.limits.message_burst = 10;
	start();
	dial(&client);
	dial(&other);
	for (int i = 0; i < 40; i++)
		n += client_make_frame(burst + n, 0x81, "x", 1);
	before = clock_real_us();
	client_send(&client, burst, n);
	for (int i = 0; i < 5; i++)
		ck_echo(&other, "not disturbed");
	ck_assert_int_lt(clock_real_us() - before, 400000);
	for (int i = 0; i < 40; i++)
		ck_assert_int_eq(client_read_frame(&client, &first, text, sizeof(text)), 1);
	/* 10 at once, 30 at 50 a second. */
	ck_assert_int_ge(clock_real_us() - before, 550000);
	ck_assert_int_lt(clock_real_us() - before, 5000000);
	ck_assert_int_eq(w.closed, 0);
	free(burst);
}
END_TEST

/* Pings cost an answer each, pieces of a message and pongs a look: they count as messages do. */
START_TEST(test_pings_pongs_and_pieces_have_the_rate_of_messages)
{
	static const int kinds[] = {0x89, 0x8A, 0x00};
	unsigned char *burst = malloc(10000);
	int64_t before;
	int first;

	w.limits.messages_per_s = 50;
	w.limits.message_burst = 10;
	start();
	for (int k = 0; k < 3; k++) {
		static struct client c;
		size_t n = 0;

		dial(&c);
		if (kinds[k] == 0x00)
			n += client_make_frame(burst, 0x01, "a", 1);
		for (int i = 0; i < 40; i++)
			n += client_make_frame(burst + n, kinds[k], "", 0);
		n += client_make_frame(burst + n, kinds[k] == 0x00 ? 0x80 : 0x81, "x", 1);
		before = clock_real_us();
		client_send(&c, burst, n);
		do
			first = 0;
		while (client_read_frame(&c, &first, text, sizeof(text)) >= 0 && first != 0x81);
		ck_assert_int_eq(first, 0x81);
		/* 10 at once, 31 at 50 a second. */
		ck_assert_int_ge(clock_real_us() - before, 550000);
		client_close(&c);
	}
	free(burst);
}
END_TEST

START_TEST(test_slow_header_is_dropped)
{
	int64_t before = clock_real_us();

	w.net_limits.header_timeout_s = 1;
	start();
	client_connect(&client, w.port);
	client_connect(&other, w.port); /* says nothing at all */
	client_send_text(&client, "GET /ocpp/CP-1 HTTP/1.1\r\nHost:");
	for (int i = 0; i < 6; i++) {
		usleep(250000);
		client_send_text(&client, "x"); /* dribbling does not extend it */
	}
	ck_assert(client_sees_end(&client, 3000));
	ck_assert(client_sees_end(&other, 3000));
	ck_assert_int_lt(clock_real_us() - before, 4000000);
	await(&w.refused, 1);
	ck_assert_int_eq(w.refused_status, 408);
	ck_assert_str_eq(w.refused_why, "no request in time");
}
END_TEST

START_TEST(test_endless_header)
{
	char *filler = malloc(10000);

	start();
	client_connect(&client, w.port);
	memset(filler, 'a', 10000);
	client_send_text(&client, "GET /ocpp/");
	client_send(&client, filler, 10000);
	ck_assert_int_eq(client_read_reply(&client, text, sizeof(text)), 431);
	free(filler);
}
END_TEST

START_TEST(test_pings_and_missing_pong)
{
	int first;

	w.limits.ping_interval_s = 1;
	w.limits.pong_timeout_s = 1;
	start();
	dial(&client);
	dial(&other);
	/* One answers, the other has gone dark without closing. */
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(client_read_frame(&client, &first, text, sizeof(text)), 0);
		ck_assert_int_eq(first, 0x89);
		client_send_frame(&client, 0x8a, "", 0);
	}
	ck_closed(1006);
	ck_assert_str_eq(w.closed_why, "pong missing");
	ck_assert(client_sees_end(&other, 3000));
	ck_assert_int_eq(w.closed, 1);
	ck_assert_int_eq(stats()->dropped_silent, 1);
	await(&w.alive, 3);
	ck_echo(&client, "alive");
}
END_TEST

START_TEST(test_connections_per_address)
{
	w.net_limits.max_per_address = 2;
	start();
	dial(&client);
	dial(&other);
	static struct client third;
	client_connect(&third, w.port);
	ck_assert(client_sees_end(&third, 3000));
	client_close(&third);
	client_close(&other);
	await(&w.closed, 1);
	dial(&other);
	ck_echo(&client, "first");
	ck_echo(&other, "again");
}
END_TEST

START_TEST(test_total_connections_wait_for_a_place)
{
	w.net_limits.max_connections = 1;
	start();
	dial(&client);
	client_connect(&other, w.port); /* the kernel keeps it waiting */
	client_send_text(&other, "GET /ocpp/X HTTP/1.1\r\nHost: x\r\n\r\n");
	ck_assert(client_sees_silence(&other, 300));
	client_close(&client);
	ck_assert_int_eq(client_read_reply(&other, text, sizeof(text)), 426);
}
END_TEST

START_TEST(test_connect_rate_is_paced)
{
	static struct client many[15];
	int64_t before = clock_real_us();

	w.net_limits.connects_per_s = 10;
	start();
	for (int i = 0; i < 15; i++)
		dial(&many[i]);
	/* 10 at once, 5 more at 10 a second; nobody is refused. */
	ck_assert_int_ge(clock_real_us() - before, 400000);
	ck_assert_int_lt(clock_real_us() - before, 4000000);
	for (int i = 0; i < 15; i++)
		client_close(&many[i]);
}
END_TEST

START_TEST(test_storm)
{
	start();
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 20; i++) {
			dial(&client);
			if (i % 3 == 0)
				ck_echo(&client, "hello");
			if (i % 3 == 1)
				client_send_frame(&client, 0x88, "\x03\xe8", 2);
			client_close(&client);
		}
	}
	await(&w.closed, 200);
	ck_assert_int_eq(w.opened, 200);
	ck_assert_int_eq(stats()->open, 0);
	dial(&client);
	ck_echo(&client, "still here");
}
END_TEST

/* --- permessage-deflate -------------------------------------------------------------------- */

static size_t pack(const char *in, size_t len, unsigned char *out, size_t size)
{
	z_stream z = {0};

	ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (unsigned char *)in;
	z.avail_in = (uInt)len;
	z.next_out = out;
	z.avail_out = (uInt)size;
	ck_assert_int_eq(deflate(&z, Z_SYNC_FLUSH), Z_OK);
	deflateEnd(&z);
	return z.total_out - 4;
}

static size_t unpack(const char *in, size_t len, char *out, size_t size)
{
	z_stream z = {0};

	ck_assert_int_eq(inflateInit2(&z, -15), Z_OK);
	z.next_in = (unsigned char *)in;
	z.avail_in = (uInt)len;
	z.next_out = (unsigned char *)out;
	z.avail_out = (uInt)size;
	ck_assert_int_ge(inflate(&z, Z_SYNC_FLUSH), 0);
	inflateEnd(&z);
	return z.total_out;
}

static void dial_deflate(struct client *c)
{
	dial_with(c,
		OFFER "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n");
	ck_assert_ptr_nonnull(strstr(text,
		"\r\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
		"client_no_context_takeover\r\n"));
}

START_TEST(test_deflate_both_ways)
{
	static unsigned char packed[70000];
	static char big[60001], back[60001];
	size_t n;
	long got;
	int first;

	start();
	dial_deflate(&client);
	memset(big, 'a', 60000);
	/* This one ends the extension of libwebsockets 4.1.6 by an assertion, and the process. */
	n = pack(big, 3083, packed, sizeof(packed));
	client_send_frame(&client, 0xc1, packed, n);
	got = client_read_frame(&client, &first, text, sizeof(text));
	ck_assert_uint_eq(unpack(text, (size_t)got, back, sizeof(back)), 3083);
	n = pack(big, 60000, packed, sizeof(packed));
	ck_assert_uint_lt(n, 200);
	for (int i = 0; i < 3; i++) {
		client_send_frame(&client, 0xc1, packed, n);
		got = client_read_frame(&client, &first, text, sizeof(text));
		ck_assert_int_eq(first, 0xc1);
		ck_assert_int_lt(got, 2000);
		ck_assert_uint_eq(unpack(text, (size_t)got, back, sizeof(back)), 60000);
		ck_assert_mem_eq(back, big, 60000);
	}
	/* Short ones and uncompressed ones go as they are; a compressed one may come in fragments. */
	ck_echo(&client, "plain");
	n = pack("in two parts", 12, packed, sizeof(packed));
	client_send_frame(&client, 0x41, packed, 5);
	client_send_frame(&client, 0x89, "", 0);
	client_send_frame(&client, 0x80, packed + 5, n - 5);
	ck_assert_int_eq(client_read_frame(&client, &first, text, sizeof(text)), 0);
	ck_assert_int_eq(client_read_frame(&client, &first, text, sizeof(text)), 12);
	ck_assert_str_eq(text, "in two parts");
}
END_TEST

START_TEST(test_deflate_faults)
{
	static unsigned char packed[4096];
	static char big[200000];
	size_t n;

	start();
	dial_deflate(&client);
	memset(big, '[', sizeof(big));
	n = pack(big, sizeof(big), packed, sizeof(packed)); /* 200 kB out of a few bytes */
	client_send_frame(&client, 0xc1, packed, n);
	ck_assert_int_eq(client_read_close(&client), 1009);
	client_close(&client);
	dial_deflate(&client);
	client_send_frame(&client, 0xc1, "\xff\xff\xff", 3);
	ck_assert_int_eq(client_read_close(&client), 1007);
	client_close(&client);
	dial_deflate(&client);
	n = pack("\xff\xfe", 2, packed, sizeof(packed));
	client_send_frame(&client, 0xc1, packed, n);
	ck_assert_int_eq(client_read_close(&client), 1007);
	client_close(&client);
	dial_deflate(&client);
	client_send_frame(&client, 0x01, "a", 1);
	client_send_frame(&client, 0xc0, "b", 1); /* RSV1 on a continuation */
	ck_assert_int_eq(client_read_close(&client), 1002);
}
END_TEST

/* --- listening ----------------------------------------------------------------------------- */

static char why[3][200];
static int ports[3];

static void listen_wrongly(void *arg)
{
	ports[0] = ws_server_listen(w.server, "127.0.0.1", w.port, "/ocpp", 1, NULL, why[0]);
	ports[1] = ws_server_listen(w.server, "192.0.2.1", 0, "/ocpp", 2, NULL, why[1]);
	ports[2] = ws_server_listen(w.server, "localhost", 0, "/ocpp", 1, NULL, why[2]);
}

START_TEST(test_listen_says_what_to_do)
{
	char expected[200];

	start();
	server_thread_call(w.thread, listen_wrongly, NULL);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(ports[i], -1);
	snprintf(expected, sizeof(expected),
		"port %d is in use by another program; set listen.profile1.port", w.port);
	ck_assert_str_eq(why[0], expected);
	ck_assert_str_eq(
		why[1], "this machine has no address 192.0.2.1; set listen.profile2.address");
	ck_assert_str_eq(why[2], "\"localhost\" is not an IP address; set listen.profile1.address");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("csms_ws_server");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, test_echo);
	tcase_add_test(t, test_gate);
	tcase_add_test(t, test_request_without_upgrade);
	tcase_add_test(t, test_host_header_is_no_listener);
	tcase_add_loop_test(t, test_chosen_protocol_is_echoed, 0, 3);
	tcase_add_test(t, test_head_in_pieces_and_frames_right_behind);
	tcase_add_test(t, test_pipelined_in_one_segment);
	tcase_add_test(t, test_fragments_with_control_frames_between);
	tcase_add_test(t, test_every_byte_alone);
	tcase_add_test(t, test_sizes_around_the_borders);
	tcase_add_loop_test(t, test_faults, 0, sizeof(faults) / sizeof(faults[0]));
	tcase_add_test(t, test_unmasked_frame);
	tcase_add_test(t, test_new_message_inside_of_another);
	tcase_add_test(t, test_oversize);
	tcase_add_test(t, test_we_close);
	tcase_add_test(t, test_we_close_and_nobody_answers);
	tcase_add_test(t, test_peer_vanishes);
	tcase_add_test(t, test_close_all);
	tcase_add_test(t, test_destroy_with_open_connections);
	tcase_add_test(t, test_full_send_queue);
	tcase_add_test(t, test_large_answers_arrive_whole);
	tcase_add_test(t, test_rate_pauses_only_the_one);
	tcase_add_test(t, test_pings_pongs_and_pieces_have_the_rate_of_messages);
	tcase_add_test(t, test_slow_header_is_dropped);
	tcase_add_test(t, test_endless_header);
	tcase_add_test(t, test_pings_and_missing_pong);
	tcase_add_test(t, test_connections_per_address);
	tcase_add_test(t, test_total_connections_wait_for_a_place);
	tcase_add_test(t, test_connect_rate_is_paced);
	tcase_add_test(t, test_storm);
	tcase_add_test(t, test_deflate_both_ways);
	tcase_add_test(t, test_deflate_faults);
	tcase_add_test(t, test_listen_says_what_to_do);
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
