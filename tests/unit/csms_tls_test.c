#include <check.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "csms/clock.h"
#include "csms/net/http_server.h"
#include "csms/pki/site_ca.h"
#include "csms/net/tls.h"
#include "tests/net/client.h"
#include "tests/net/server_thread.h"

/* Two HTTPS listeners, asked by the openssl command. */
static struct world {
	struct server_thread *thread;
	struct net *net;
	struct http_server *server;
	struct tls_server *tls;
	struct net_limits limits;
	int port, second_port, reload_result;
	char dir[64], pki[96], why[200];
	struct site_ca_paths paths;
} w;

static struct client client;
static char out[65536];

static void on_request(void *ctx, struct http_exchange *x, const struct http_request *req)
{
	char reply[256];
	int n = snprintf(reply, sizeof(reply), "path=%s len=%zu\n", req->path, req->body_len);

	http_reply(x, 200, "text/plain", reply, (size_t)n);
}

static struct tls_server_config config(void)
{
	return (struct tls_server_config){.ecdsa_cert = w.paths.ecdsa_cert,
		.ecdsa_key = w.paths.ecdsa_key,
		.rsa_cert = w.paths.rsa_cert,
		.rsa_key = w.paths.rsa_key};
}

static void build(struct loop *l, void *arg)
{
	static const struct http_limits limits = {
		.max_body = 1000000, .body_timeout_s = 10, .max_streams = 10};

	w.net = net_create(l, &w.limits);
	w.server = w.net ? http_server_create(w.net, on_request, NULL, &limits) : NULL;
	if (!w.server)
		return;
	w.port = http_server_listen(w.server, "127.0.0.1", 0, w.tls, w.why);
	w.second_port = http_server_listen(w.server, "127.0.0.1", 0, w.tls, w.why);
}

static void destroy(void *arg)
{
	http_server_destroy(w.server);
	net_destroy(w.net);
}

static const char *const hosts[] = {"depot.example", "localhost", "127.0.0.1"};

/* Certificates made once; each test gets a copy. */
static char template[64];

static void make_template(void)
{
	char pki[96];

	strcpy(template, "/tmp/tls_test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(template));
	snprintf(pki, sizeof(pki), "%s/pki", template);
	ck_assert_msg(!site_ca_ensure(pki, hosts, 3, &w.paths, w.why), "%s", w.why);
}

static void start(void)
{
	struct tls_server_config cfg = config();

	w.tls = tls_server_create(&cfg, w.why);
	ck_assert_msg(w.tls != NULL, "%s", w.why);
	w.thread = server_thread_start(build, NULL);
	ck_assert_msg(w.port > 0, "%s", w.why);
}

/* Runs a shell command; its output is in `out`, its exit status is returned. */
static int sh(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static int sh(const char *fmt, ...)
{
	char command[8192];
	va_list ap;
	size_t n;
	FILE *f;
	int status;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	f = popen(command, "r");
	ck_assert_ptr_nonnull(f);
	n = fread(out, 1, sizeof(out) - 1, f);
	out[n] = '\0';
	status = pclose(f);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void remove_template(void)
{
	ck_assert_int_eq(sh("rm -rf '%s'", template), 0);
}

static void setup(void)
{
	memset(&w, 0, sizeof(w));
	client.fd = -1;
	w.limits = (struct net_limits){.max_connections = 1000, .header_timeout_s = 5};
	strcpy(w.dir, "/tmp/tls_test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(w.dir));
	snprintf(w.pki, sizeof(w.pki), "%s/pki", w.dir);
	ck_assert_int_eq(sh("cp -a '%s/pki' '%s'", template, w.pki), 0);
	ck_assert_msg(!site_ca_ensure(w.pki, hosts, 3, &w.paths, w.why), "%s", w.why);
}

static void teardown(void)
{
	client_close(&client);
	if (w.thread)
		server_thread_stop(w.thread, destroy, NULL);
	tls_server_destroy(w.tls);
	ck_assert_int_eq(sh("rm -rf '%s'", w.dir), 0);
}

static void ck_has(const char *part)
{
	ck_assert_msg(strstr(out, part) != NULL, "no \"%s\" in: %.2000s", part, out);
}

#define REQUEST                                                                                    \
	"printf 'GET /x HTTP/1.1\\r\\nHost: depot.example\\r\\nConnection: close\\r\\n\\r\\n' 2>/dev/null"

/* One request by `openssl s_client` with more options. */
static int ask(int port, const char *options)
{
	return sh(REQUEST " | timeout 10 openssl s_client -connect 127.0.0.1:%d -CAfile '%s' "
			  "-verify_return_error -verify_hostname depot.example -ign_eof %s 2>&1",
		port, w.paths.root_cert, options);
}

static const struct {
	const char *options, *cipher;
} accepted[] = {
	/* The four of A00.FR.318 … */
	{"-tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
	{"-tls1_2 -cipher ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"},
	{"-tls1_2 -cipher AES128-GCM-SHA256", "AES128-GCM-SHA256"},
	{"-tls1_2 -cipher AES256-GCM-SHA384", "AES256-GCM-SHA384"},
	/* … and the better ones. */
	{"-tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
	{"-tls1_2 -cipher ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
	{"-tls1_3 -ciphersuites TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"},
	{"-tls1_3 -sigalgs RSA-PSS+SHA256 -ciphersuites TLS_AES_256_GCM_SHA384",
		"TLS_AES_256_GCM_SHA384"},
	{"-tls1_3 -sigalgs ECDSA+SHA256 -groups P-384", "TLS_AES_256_GCM_SHA384"},
	/* The name of another listener, or of nobody, changes nothing. */
	{"-servername plain", "TLS_AES_256_GCM_SHA384"},
	{"-servername tls", "TLS_AES_256_GCM_SHA384"},
};

START_TEST(test_suites)
{
	start();
	ck_assert_msg(ask(w.port, accepted[_i].options) == 0, "%.2000s", out);
	ck_has(accepted[_i].cipher);
	ck_has("Verification: OK");
	ck_has("path=/x len=0");
	ck_has("strict-transport-security: max-age=");
	ck_has("Compression: NONE");
	/* The end comes with the alert of TLS, so a cut reply can be told from a whole one. */
	ck_assert_ptr_null(strstr(out, "unexpected eof"));
	ck_assert_int_eq(ask(w.second_port, accepted[_i].options), 0);
	ck_has("path=/x len=0");
}
END_TEST

static const char *const refused[] = {
	"-tls1_1 -cipher ALL:@SECLEVEL=0",
	"-tls1 -cipher ALL:@SECLEVEL=0",
	"-tls1_2 -cipher AES128-SHA",
	"-tls1_2 -cipher ECDHE-RSA-AES128-SHA256",
	"-tls1_2 -cipher DHE-RSA-AES128-GCM-SHA256",
	"-tls1_2 -cipher NULL:@SECLEVEL=0",
};

START_TEST(test_refused)
{
	start();
	ck_assert_int_ne(ask(w.port, refused[_i]), 0);
	ck_assert_ptr_null(strstr(out, "path=/x"));
	ck_assert_ptr_nonnull(strstr(out, "alert"));
	ck_assert_int_eq(ask(w.port, ""), 0);
}
END_TEST

START_TEST(test_no_resumption)
{
	static const char *const versions[] = {"-tls1_2", "-tls1_3"};
	char options[300];

	start();
	for (int i = 0; i < 2; i++) {
		snprintf(options, sizeof(options), "%s -sess_out '%s/session'", versions[i], w.dir);
		ck_assert_int_eq(ask(w.port, options), 0);
		ck_assert_ptr_null(strstr(out, "session ticket:"));
		snprintf(options, sizeof(options),
			"%s $(test -s '%s/session' && echo -sess_in '%s/session')", versions[i],
			w.dir, w.dir);
		ck_assert_int_eq(ask(w.port, options), 0);
		ck_assert_ptr_null(strstr(out, "Reused,"));
		ck_has("New,");
	}
}
END_TEST

START_TEST(test_no_renegotiation)
{
	start();
	sh("(echo R; sleep 1; " REQUEST
	   ") | timeout 10 openssl s_client -tls1_2 -connect 127.0.0.1:%d "
	   "2>&1",
		w.port);
	ck_has("RENEGOTIATING");
	ck_assert_ptr_null(strstr(out, "path=/x"));
}
END_TEST

START_TEST(test_large_body)
{
	start();
	ck_assert_int_eq(
		sh("head -c 900000 /dev/zero | curl -sS --cacert '%s' --resolve depot.example:%d:127.0.0.1 "
		   "--data-binary @- https://depot.example:%d/big",
			w.paths.root_cert, w.port, w.port),
		0);
	ck_assert_str_eq(out, "path=/big len=900000\n");
}
END_TEST

START_TEST(test_silence_and_nonsense)
{
	int64_t before = clock_real_us();

	w.limits.header_timeout_s = 1;
	start();
	client_connect(&client, w.port);
	ck_assert(client_sees_end(&client, 4000)); /* never said hello */
	client_close(&client);
	client_connect(&client, w.port);
	client_send(&client, "\x16\x03\x01\x02", 4); /* began to */
	ck_assert(client_sees_end(&client, 4000));
	client_close(&client);
	/* Shook hands and then said nothing. */
	sh("sleep 4 | (timeout 3 openssl s_client -connect 127.0.0.1:%d -quiet 2>&1; echo status=$?)",
		w.port);
	ck_assert_ptr_null(strstr(out, "status=124"));
	ck_assert_int_lt(clock_real_us() - before, 9000000);
	client_connect(&client, w.port);
	client_send_text(&client, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	ck_assert(client_sees_end(&client, 4000));
	ck_assert_int_eq(ask(w.port, ""), 0);
}
END_TEST

static void reload(void *arg)
{
	w.reload_result = tls_server_reload(w.tls, w.why);
}

static void serial_of_listener(char serial[128])
{
	ck_assert_int_eq(
		sh("timeout 10 openssl s_client -connect 127.0.0.1:%d </dev/null 2>/dev/null | "
		   "openssl x509 -noout -serial",
			w.second_port),
		0);
	snprintf(serial, 128, "%s", out);
}

START_TEST(test_reload)
{
	static const char *const more_hosts[] = {"depot.example", "new.example"};
	char before[128], after[128];
	FILE *open_connection;

	start();
	serial_of_listener(before);
	/* One connection stays open over the change and asks behind it. */
	snprintf(out, sizeof(out),
		"(sleep 2; " REQUEST
		") | timeout 10 openssl s_client -connect 127.0.0.1:%d -ign_eof 2>&1 | grep -q path=/x",
		w.port);
	open_connection = popen(out, "r");
	usleep(500000);
	ck_assert_int_eq(site_ca_ensure(w.pki, more_hosts, 2, &w.paths, w.why), 0);
	server_thread_call(w.thread, reload, NULL);
	ck_assert_int_eq(w.reload_result, 0);
	serial_of_listener(after);
	ck_assert_str_ne(before, after);
	ck_assert_int_eq(ask(w.port, "-verify_hostname new.example"), 0);
	ck_assert_int_eq(pclose(open_connection), 0);
	/* A broken file changes nothing. */
	ck_assert_int_eq(sh("echo rubbish > '%s'", w.paths.rsa_cert), 0);
	server_thread_call(w.thread, reload, NULL);
	ck_assert_int_eq(w.reload_result, -1);
	ck_assert_ptr_nonnull(strstr(w.why, w.paths.rsa_cert));
	serial_of_listener(before);
	ck_assert_str_eq(before, after);
	ck_assert_int_eq(ask(w.port, "-tls1_2 -cipher AES128-GCM-SHA256"), 0);
}
END_TEST

/* Signs the ECDSA certificate again with an end `seconds` from now. */
static void set_end(long seconds)
{
	FILE *f = fopen(w.paths.ecdsa_cert, "r");
	X509 *cert = PEM_read_X509(f, NULL, NULL, NULL);
	EVP_PKEY *key;

	fclose(f);
	f = fopen(w.paths.ecdsa_key, "r");
	key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	fclose(f);
	ck_assert_ptr_nonnull(X509_gmtime_adj(X509_getm_notAfter(cert), seconds));
	ck_assert_int_gt(X509_sign(cert, key, EVP_sha256()), 0);
	f = fopen(w.paths.ecdsa_cert, "w");
	ck_assert_int_eq(PEM_write_X509(f, cert), 1);
	fclose(f);
	X509_free(cert);
	EVP_PKEY_free(key);
}

START_TEST(test_files_are_checked)
{
	struct tls_server_config cfg = config();

	cfg.rsa_key = cfg.ecdsa_key;
	ck_assert_ptr_null(tls_server_create(&cfg, w.why));
	ck_assert_ptr_nonnull(strstr(w.why, w.paths.ecdsa_key));
	cfg = config();
	cfg.ecdsa_cert = "/nowhere.pem";
	ck_assert_ptr_null(tls_server_create(&cfg, w.why));
	ck_assert_str_eq(w.why, "cannot use certificate /nowhere.pem: No such file or directory");
	cfg.ecdsa_cert = NULL;
	ck_assert_ptr_null(tls_server_create(&cfg, w.why));
	cfg = config();
	set_end(-10);
	ck_assert_ptr_null(tls_server_create(&cfg, w.why));
	ck_assert_ptr_nonnull(strstr(w.why, "has expired"));
	/* One pair alone will do. */
	set_end(1000);
	cfg = (struct tls_server_config){
		.ecdsa_cert = w.paths.ecdsa_cert, .ecdsa_key = w.paths.ecdsa_key};
	w.tls = tls_server_create(&cfg, w.why);
	ck_assert_ptr_nonnull(w.tls);
}
END_TEST

#define ROWS(t) (int)(sizeof(t) / sizeof((t)[0]))

static Suite *suite(void)
{
	Suite *s = suite_create("csms_tls");
	TCase *t = tcase_create("all");

	tcase_add_unchecked_fixture(t, make_template, remove_template);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, test_suites, 0, ROWS(accepted));
	tcase_add_loop_test(t, test_refused, 0, ROWS(refused));
	tcase_add_test(t, test_no_resumption);
	tcase_add_test(t, test_no_renegotiation);
	tcase_add_test(t, test_large_body);
	tcase_add_test(t, test_silence_and_nonsense);
	tcase_add_test(t, test_reload);
	tcase_add_test(t, test_files_are_checked);
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
