/*
 * The simulated stations' WebSocket client against a small server of our own on real sockets,
 * plain and with TLS.
 */
#include <check.h>
#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdatomic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tools/depotsim/ws_client.h"

/* ---- a server: accepts, checks the password, echoes in two fragments ---- */

static struct {
	int listener, port;
	SSL_CTX *tls; /* NULL: plain */
	atomic_int fd; /* of the peer that is served, -1: none */
	bool is_running;
	pthread_t thread;
	pthread_mutex_t lock;
	char request[2000]; /* the last handshake, as it came */
} server = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct peer {
	int fd;
	SSL *ssl;
};

static int take(struct peer *p, void *buf, int len)
{
	for (int got = 0; got < len;) {
		int n = p->ssl ? SSL_read(p->ssl, (char *)buf + got, len - got)
			       : (int)read(p->fd, (char *)buf + got, (size_t)(len - got));
		if (n <= 0)
			return -1;
		got += n;
	}
	return 0;
}

static void give(struct peer *p, const void *buf, int len)
{
	if (p->ssl)
		SSL_write(p->ssl, buf, len);
	else if (write(p->fd, buf, (size_t)len) != len)
		perror("write");
}

static void give_frame(struct peer *p, int first_byte, const char *bytes, int len)
{
	unsigned char head[4] = {(unsigned char)first_byte, (unsigned char)len};
	if (len > 125) {
		head[1] = 126;
		head[2] = (unsigned char)(len >> 8);
		head[3] = (unsigned char)len;
	}
	give(p, head, len > 125 ? 4 : 2);
	give(p, bytes, len);
}

/* One text message; its length, or -1 for a close or the end. */
static int take_message(struct peer *p, char *out, int room)
{
	unsigned char head[2], more[2], mask[4];
	if (take(p, head, 2) || (head[0] & 15) != 1)
		return -1;
	int len = head[1] & 127;
	if (len == 126) {
		if (take(p, more, 2))
			return -1;
		len = more[0] << 8 | more[1];
	}
	if (len >= room || !(head[1] & 128) || take(p, mask, 4) || take(p, out, len))
		return -1;
	for (int i = 0; i < len; i++)
		out[i] = (char)(out[i] ^ mask[i % 4]);
	out[len] = '\0';
	return len;
}

static int shake_hands(struct peer *p)
{
	static const char magic[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	char request[2000] = "", key[100], answer[300];
	unsigned char hash[20], accept[40];
	for (size_t n = 0; n < sizeof request - 1 && !strstr(request, "\r\n\r\n"); n++) {
		if (take(p, request + n, 1))
			return -1;
	}
	pthread_mutex_lock(&server.lock);
	memcpy(server.request, request, sizeof request);
	pthread_mutex_unlock(&server.lock);
	/* CP-1:a-password-of-16 */
	if (!strstr(request, "uthorization: Basic Q1AtMTphLXBhc3N3b3JkLW9mLTE2\r\n")) {
		static const char no[] = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
		give(p, no, sizeof no - 1);
		return -1;
	}
	const char *at = strstr(request, "Sec-WebSocket-Key: ");
	if (!at || sscanf(at, "Sec-WebSocket-Key: %50s", key) != 1)
		return -1;
	strcat(key, magic);
	SHA1((unsigned char *)key, strlen(key), hash);
	EVP_EncodeBlock(accept, hash, sizeof hash);
	int n = snprintf(answer, sizeof answer,
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: ocpp2.0.1\r\n\r\n",
		accept);
	give(p, answer, n);
	return 0;
}

static void serve(struct peer *p)
{
	static char text[70000];
	if (shake_hands(p))
		return;
	for (int len; (len = take_message(p, text, sizeof text)) >= 0;) {
		if (strcmp(text, "cut") == 0)
			return;
		if (strcmp(text, "close") == 0) {
			give_frame(p, 0x88, "\x03\xe9", 2); /* 1001 */
			continue;
		}
		give_frame(p, 0x01, text, len / 2);
		give_frame(p, 0x80, text + len / 2, len - len / 2);
	}
}

static void *serve_all(void *arg)
{
	int fd;
	while ((fd = accept(server.listener, NULL, NULL)) >= 0) {
		struct peer p = {.fd = fd};
		atomic_store(&server.fd, fd);
		if (server.tls) {
			p.ssl = SSL_new(server.tls);
			SSL_set_fd(p.ssl, fd);
		}
		if (!p.ssl || SSL_accept(p.ssl) == 1)
			serve(&p);
		SSL_free(p.ssl);
		atomic_store(&server.fd, -1);
		close(fd);
	}
	return NULL;
}

/* Before the process ends: OpenSSL takes itself down at exit, and must not be in use then. */
static void stop_server(void)
{
	if (!server.is_running)
		return;
	shutdown(server.listener, SHUT_RDWR);
	if (atomic_load(&server.fd) >= 0)
		shutdown(atomic_load(&server.fd), SHUT_RDWR);
	pthread_join(server.thread, NULL);
	close(server.listener);
	SSL_CTX_free(server.tls);
	server.is_running = false;
}

static void start_server(SSL_CTX *tls)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof at;
	server.tls = tls;
	server.listener = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(server.listener, (struct sockaddr *)&at, len), 0);
	ck_assert_int_eq(listen(server.listener, 10), 0);
	getsockname(server.listener, (struct sockaddr *)&at, &len);
	server.port = ntohs(at.sin_port);
	atomic_store(&server.fd, -1);
	ck_assert_int_eq(pthread_create(&server.thread, NULL, serve_all, NULL), 0);
	server.is_running = true;
}

/* ---- the client ---- */

static struct {
	struct wsc_pool *pool;
	struct wsc_link *link;
	struct wsc_target target;
	int opened, closed, received, ticks;
	char text[2][70000]; /* of the first two messages */
	bool (*step)(void);
} client;

static void on_opened(void *arg)
{
	client.opened++;
}

static void on_received(void *arg, const char *text, size_t len)
{
	ck_assert_int_lt(client.received, 2);
	ck_assert_uint_lt(len, sizeof client.text[0]);
	ck_assert_uint_eq(strlen(text), len);
	memcpy(client.text[client.received++], text, len + 1);
}

static void on_closed(void *arg, const char *why)
{
	client.closed++;
}

static void make_client(const char *scheme, const char *host, const char *ca, const char *password)
{
	static const struct wsc_handlers handlers = {on_opened, on_received, on_closed};
	char url[300], why[200];
	snprintf(url, sizeof url, "%s://%s:%d/ocpp/", scheme, host, server.port);
	ck_assert_int_eq(wsc_target_parse(url, &client.target, why), 0);
	client.pool = wsc_pool_create(ca, &handlers, why);
	ck_assert_msg(client.pool != NULL, "%s", why);
	client.link = wsc_link_create(client.pool, &client.target, "CP-1", password, NULL);
	ck_assert_ptr_nonnull(client.link);
	wsc_link_connect(client.link);
}

static bool on_tick(void *arg)
{
	ck_assert_msg(++client.ticks < 5000, "nothing happened for 5 s");
	return client.step();
}

/* Runs until `step` says false. */
static void run(bool (*step)(void))
{
	client.step = step;
	ck_assert_int_eq(wsc_pool_run(client.pool, 1000, on_tick, NULL), 0);
	wsc_pool_destroy(client.pool);
}

START_TEST(parses_targets)
{
	struct wsc_target t;
	char why[200];
	ck_assert_int_eq(wsc_target_parse("ws://127.0.0.1:9000/ocpp", &t, why), 0);
	ck_assert(!t.tls && t.port == 9000);
	ck_assert_str_eq(t.host, "127.0.0.1");
	ck_assert_str_eq(t.path, "/ocpp");
	ck_assert_int_eq(wsc_target_parse("wss://depot.example/a/b//", &t, why), 0);
	ck_assert(t.tls && t.port == 443);
	ck_assert_str_eq(t.path, "/a/b");
	static const char *const bad[] = {
		"http://x/", "ws://", "ws://:90/", "ws://h:0/", "ws://h:99999/", "ws://h:9x/"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_int_eq(wsc_target_parse(bad[i], &t, why), -1);
}
END_TEST

/* A long message goes there and comes back in fragments, then the server says goodbye. */
static bool long_echo(void)
{
	static int stage;
	static char text[60001];
	if (stage == 0 && client.opened) {
		memset(text, 'x', sizeof text - 1);
		text[0] = '<';
		text[sizeof text - 2] = '>';
		ck_assert_int_eq(wsc_link_send(client.link, text, sizeof text - 1), 0);
		ck_assert_int_eq(wsc_link_send(client.link, "short", 5), 0);
		stage = 1;
	} else if (stage == 1 && client.received == 2) {
		ck_assert_str_eq(client.text[0], text);
		ck_assert_str_eq(client.text[1], "short");
		wsc_link_send(client.link, "close", 5);
		stage = 2;
	}
	if (client.closed)
		ck_assert_int_eq(stage, 2);
	return !client.closed;
}

static void check_echo(void)
{
	run(long_echo);
	ck_assert_int_eq(client.opened, 1);
	ck_assert_int_eq(client.closed, 1);
	pthread_mutex_lock(&server.lock);
	ck_assert(strncmp(server.request, "GET /ocpp/CP-1 HTTP/1.1\r\n", 25) == 0);
	ck_assert_ptr_nonnull(strstr(server.request, "Sec-WebSocket-Protocol: ocpp2.0.1\r\n"));
	pthread_mutex_unlock(&server.lock);
}

START_TEST(talks_in_the_clear)
{
	start_server(NULL);
	make_client("ws", "127.0.0.1", NULL, "a-password-of-16");
	check_echo();
}
END_TEST

static bool until_closed(void)
{
	return !client.closed;
}

START_TEST(wrong_password_is_closed_once)
{
	start_server(NULL);
	make_client("ws", "127.0.0.1", NULL, "wrong");
	run(until_closed);
	ck_assert_int_eq(client.opened, 0);
	ck_assert_int_eq(client.closed, 1);
}
END_TEST

START_TEST(nobody_listens)
{
	server.port = 1;
	make_client("ws", "127.0.0.1", NULL, "a-password-of-16");
	run(until_closed);
	ck_assert_int_eq(client.opened, 0);
	ck_assert_int_eq(client.closed, 1);
}
END_TEST

static char ca_path[64];

/* A certificate for `names` that signs itself; it is written as the CA file too. */
static SSL_CTX *make_tls(const char *names)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_NAME *name = X509_get_subject_name(cert);
	X509_NAME_add_entry_by_txt(
		name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0);
	X509_set_issuer_name(cert, name);
	X509_set_pubkey(cert, key);
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
	X509_add_ext(cert, ext, -1);
	X509_EXTENSION_free(ext);
	ck_assert_int_gt(X509_sign(cert, key, EVP_sha256()), 0);
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
	ck_assert_int_eq(SSL_CTX_use_certificate(tls, cert), 1);
	ck_assert_int_eq(SSL_CTX_use_PrivateKey(tls, key), 1);
	strcpy(ca_path, "/tmp/sim-ws-XXXXXX");
	FILE *f = fdopen(mkstemp(ca_path), "w");
	PEM_write_X509(f, cert);
	fclose(f);
	X509_free(cert);
	EVP_PKEY_free(key);
	return tls;
}

/* The server cuts, the link comes back; then it is cut from this side. */
static bool cut_and_back(void)
{
	static int stage;
	if (stage == 0 && client.opened == 1) {
		wsc_link_send(client.link, "cut", 3);
		stage = 1;
	} else if (stage == 1 && client.closed == 1) {
		ck_assert_int_eq(wsc_link_send(client.link, "x", 1), -1);
		wsc_link_connect(client.link);
		stage = 2;
	} else if (stage == 2 && client.opened == 2) {
		wsc_link_close(client.link, true);
		stage = 3;
	} else if (stage == 3 && client.closed == 2) {
		wsc_link_connect(client.link);
		stage = 4;
	} else if (stage == 4 && client.opened == 3) {
		wsc_link_close(client.link, false);
		stage = 5;
	}
	return client.closed < 3;
}

START_TEST(comes_back_after_a_cut)
{
	start_server(_i ? make_tls("IP:127.0.0.1") : NULL);
	make_client(_i ? "wss" : "ws", "127.0.0.1", _i ? ca_path : NULL, "a-password-of-16");
	run(cut_and_back);
	ck_assert_int_eq(client.opened, 3);
	ck_assert_int_eq(client.closed, 3);
	if (_i)
		unlink(ca_path);
}
END_TEST

START_TEST(talks_over_tls)
{
	/* by name, and by an address that the certificate names */
	start_server(make_tls(_i == 0 ? "DNS:localhost" : "IP:127.0.0.1"));
	make_client("wss", _i == 0 ? "localhost" : "127.0.0.1", ca_path, "a-password-of-16");
	check_echo();
	unlink(ca_path);
}
END_TEST

START_TEST(refuses_what_it_cannot_trust)
{
	/* another name, another address, a certificate that nobody vouches for */
	SSL_CTX *tls = make_tls(_i == 0 ? "DNS:other.example" : "IP:127.0.0.2");
	start_server(tls);
	if (_i == 2) {
		unlink(ca_path);
		SSL_CTX_free(make_tls("IP:127.0.0.1")); /* another authority's file */
	}
	make_client("wss", _i == 0 ? "localhost" : "127.0.0.1", ca_path, "a-password-of-16");
	run(until_closed);
	ck_assert_int_eq(client.opened, 0);
	ck_assert_int_eq(client.closed, 1);
	pthread_mutex_lock(&server.lock);
	/* Not even the password may have left. */
	ck_assert_ptr_null(strstr(server.request, "uthorization"));
	pthread_mutex_unlock(&server.lock);
	unlink(ca_path);
}
END_TEST

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	Suite *s = suite_create("sim_ws");
	TCase *t = tcase_create("ws");
	tcase_add_checked_fixture(t, NULL, stop_server);
	tcase_set_timeout(t, 20);
	tcase_add_test(t, parses_targets);
	tcase_add_test(t, talks_in_the_clear);
	tcase_add_test(t, wrong_password_is_closed_once);
	tcase_add_test(t, nobody_listens);
	tcase_add_loop_test(t, comes_back_after_a_cut, 0, 2);
	tcase_add_loop_test(t, talks_over_tls, 0, 2);
	tcase_add_loop_test(t, refuses_what_it_cannot_trust, 0, 3);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
