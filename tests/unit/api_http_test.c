/*
 * The API over real sockets: the whole core on a store of its own, an HTTP server on a Unix socket
 * and on a port of loopback, a client that speaks HTTP as it is on the wire.
 */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "csms/api/api.h"
#include "csms/api/ask.h"
#include "csms/api/reach.h"
#include "csms/config.h"
#include "csms/power/control.h"
#include "csms/power/grid_edit.h"
#include "csms/metering/meters.h"
#include "csms/record.h"
#include "csms/restore.h"
#include "csms/secret.h"
#include "tests/net/client.h"
#include "tests/net/server_thread.h"

#define HOST "depot.example:8443"

static const char depot_yaml[] =
	"depot: test\n"
	"name: Test depot\n"
	"timezone: Europe/Amsterdam\n"
	"nodes:\n"
	"  - {id: site, kind: site, limit_w: 100000}\n"
	"  - {id: hall, kind: feeder, parent: site, limit_w: 50000}\n"
	"stations:\n"
	"  - {id: CP-1, node: hall, evses: [{id: 1, kind: ac, max_w: 22000}]}\n"
	"vehicles:\n"
	"  - {id: VAN-1, token: AABB01, battery_wh: 60000, max_ac_w: 11000, "
	"max_dc_w: 0, departs: \"05:30\"}\n";

static struct world {
	char dir[256];
	struct server_thread *thread;
	struct config config;
	struct core core;
	struct loop_wake *wake;
	int port;
} w;

static struct client client;
static char reply[1 << 20];

/* -- a depotd without stations ----------------------------------------------------------------- */

static void write_file(const char *name, const char *text)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/%s", w.dir, name);
	FILE *f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static void on_store(void *arg)
{
	db_drain(w.core.db);
}

static void wake_loop(void *arg)
{
	loop_wake_send(w.wake);
}

static void on_turn_end(void *arg)
{
	record_turn_end(&w.core);
}

static void must(bool ok, const char *why)
{
	if (ok)
		return;
	fprintf(stderr, "set-up: %s\n", why);
	abort();
}

static void start(struct loop *l, void *arg)
{
	static const struct net_limits net_limits = {.max_connections = 100, .header_timeout_s = 5};
	static const struct http_limits http_limits = {
		.max_body = 65536, .body_timeout_s = 5, .max_streams = 5};
	struct core *c = &w.core;
	char path[600], why[400] = "";

	*c = (struct core){.config = w.config.file, .depot = w.config.depot, .data_dir = w.dir};
	c->loop = l;
	c->timers = loop_timers(l);
	c->started = clock_wall();
	fleet_init(&c->fleet);
	must((w.wake = loop_wake_create(l, on_store, NULL)) != NULL, "wake");
	c->db = db_open(&(struct db_config){.dir = w.dir, .depot = "test", .wake = wake_loop}, why);
	must(c->db != NULL, why);
	must((c->grid_edits = grid_edits_create(c, &w.config, why)) != NULL &&
			restore_fleet(c, why) == 0 && restore_depot_file(c, &w.config, why) == 0,
		why);
	must((c->meters = meters_create(c, why)) != NULL, why);
	must((c->control = control_create(c, why)) != NULL, why);
	must((c->net = net_create(l, &net_limits)) != NULL, "net");
	snprintf(path, sizeof(path), "%s/console", w.dir);
	c->api = api_create(c,
		&(struct api_config){
			.console_dir = path, .max_streams = 2, .auth_failures_per_min = 3},
		why);
	must(c->api != NULL, why);
	c->http = http_server_create(c->net, api_handle, c->api, &http_limits);
	snprintf(path, sizeof(path), "%s/api.sock", w.dir);
	must(http_server_listen_unix(c->http, path, why) == 0, why);
	w.port = http_server_listen(c->http, "127.0.0.1", 0, NULL, why);
	must(w.port > 0, why);
	api_set_url(c->api, "https://" HOST);
	loop_on_turn_end(l, on_turn_end, NULL);
}

static void stop(void *arg)
{
	struct core *c = &w.core;

	api_destroy(c->api);
	http_server_destroy(c->http);
	net_destroy(c->net);
	control_destroy(c->control);
	meters_destroy(c->meters);
	grid_edits_destroy(c->grid_edits);
	record_turn_end(c);
	db_flush(c->db);
	db_close(c->db);
	image_finish(&c->image);
	fleet_finish(&c->fleet);
	loop_wake_destroy(w.wake);
}

static void remove_folder(const char *dir)
{
	char path[1024];
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (unlink(path) != 0)
			remove_folder(path);
	}
	if (d != NULL)
		closedir(d);
	rmdir(dir);
}

static void setup(void)
{
	const char *root = getenv("TMPDIR");
	char path[600], why[400];

	snprintf(w.dir, sizeof(w.dir), "%.200s/api-test-XXXXXX", root != NULL ? root : P_tmpdir);
	ck_assert_ptr_nonnull(mkdtemp(w.dir));
	write_file("depot.yaml", depot_yaml);
	write_file("depotd.yaml", "depot: depot.yaml\n");
	write_file("secret.txt", "not for the world\n");
	snprintf(path, sizeof(path), "%s/console", w.dir);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/console/assets", w.dir);
	mkdir(path, 0700);
	write_file("console/index.html", "<!doctype html><title>depotd</title>");
	write_file("console/.hidden", "hidden\n");
	snprintf(path, sizeof(path), "%s/console/link.txt", w.dir);
	ck_assert_int_eq(symlink("../secret.txt", path), 0);
	char script[4000];
	memset(script, 'x', sizeof(script) - 1);
	script[sizeof(script) - 1] = '\0';
	write_file("console/assets/app-ABCDEFG2.js", script);
	snprintf(path, sizeof(path), "%s/depotd.yaml", w.dir);
	ck_assert_msg(config_load(path, &w.config, why) == 0, "%s", why);
	w.thread = server_thread_start(start, NULL);
}

static void teardown(void)
{
	server_thread_stop(w.thread, stop, NULL);
	config_finish(&w.config);
	remove_folder(w.dir);
}

/* -- asking ------------------------------------------------------------------------------------ */

static int ask_on(
	bool local, const char *method, const char *path, const char *headers, const char *body)
{
	static char request[70000];
	char socket_path[600];

	snprintf(socket_path, sizeof(socket_path), "%s/api.sock", w.dir);
	if (local)
		client_connect_unix(&client, socket_path);
	else
		client_connect(&client, w.port);
	snprintf(request, sizeof(request),
		"%s %s HTTP/1.1\r\nHost: " HOST "\r\nContent-Type: application/json\r\n%s"
		"Content-Length: %zu\r\n\r\n%s",
		method, path, headers, strlen(body), body);
	client_send_text(&client, request);
	int status = client_read_reply(&client, reply, sizeof(reply));
	client_close(&client);
	return status;
}

/* As the owner, over the Unix socket. */
static int ask(const char *method, const char *path, const char *body)
{
	return ask_on(true, method, path, "", body);
}

/* As a stranger, or with headers that say who asks, over the network. */
static int ask_far(const char *method, const char *path, const char *headers, const char *body)
{
	return ask_on(false, method, path, headers, body);
}

static bool says(const char *text)
{
	return strstr(reply, text) != NULL;
}

/* The string value of a key in the reply's body. */
static const char *value_of(const char *key, char *out, size_t size)
{
	char pattern[80];

	snprintf(pattern, sizeof(pattern), "\"%s\":\"", key);
	const char *at = strstr(reply, pattern);
	ck_assert_msg(at != NULL, "no %s in %s", key, reply);
	at += strlen(pattern);
	snprintf(out, size, "%.*s", (int)strcspn(at, "\""), at);
	return out;
}

/* Signs in by a link of that role: headers for a browser's reads and for its writes. */
static void sign_in(const char *role, char reads[300], char writes[600])
{
	char body[200], code[100], csrf[100];

	snprintf(body, sizeof(body), "{\"name\":\"anna\",\"role\":\"%s\"}", role);
	ck_assert_int_eq(ask("POST", "/api/v1/links", body), 200);
	ck_assert(says("\"url\":\"https://" HOST "/#sign-in="));
	snprintf(body, sizeof(body), "{\"code\":\"%s\"}", value_of("code", code, sizeof(code)));
	ck_assert_int_eq(ask_far("POST", "/api/v1/sign-in", "", body), 200);
	const char *sid = strstr(reply, "__Host-sid=");
	ck_assert_ptr_nonnull(sid);
	ck_assert(says("; Path=/; Secure; HttpOnly; SameSite=Strict"));
	value_of("csrf", csrf, sizeof(csrf));
	snprintf(reads, 300, "Cookie: %.*s\r\n", (int)strcspn(sid, ";"), sid);
	snprintf(writes, 600, "%sX-Csrf-Token: %s\r\nOrigin: https://" HOST "\r\n", reads, csrf);
}

/* -- who may ask ------------------------------------------------------------------------------- */

START_TEST(nothing_is_open)
{
	static const char *const paths[] = {"/api/v1", "/api/v1/stations", "/api/v1/overview",
		"/api/v1/stream", "/api/v1/journal", "/api/v1/session", "/metrics",
		"/api/v1/metrics"};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		ck_assert_msg(ask_far("GET", paths[i], "", "") == 401, "%s", paths[i]);
		ck_assert(says("application/problem+json"));
		ck_assert(says("depotctl link"));
	}
	ck_assert_int_eq(ask_far("POST", "/api/v1/links", "", "{}"), 401);
	ck_assert_int_eq(ask_far("PUT", "/api/v1/stations/X", "", "{}"), 401);
	ck_assert_int_eq(ask_far("GET", "/livez", "", ""), 200);
	ck_assert_int_eq(ask_far("GET", "/readyz", "", ""), 200);
	ck_assert_int_eq(ask_far("GET", "/api/v1/nothing", "", ""), 404);
	ck_assert_int_eq(ask_far("DELETE", "/api/v1/stations", "", ""), 405);
	ck_assert(says("allow: GET"));
}
END_TEST

START_TEST(a_session_needs_its_token_to_change_things)
{
	char reads[300], writes[600], wrong[600];

	sign_in("admin", reads, writes);
	ck_assert_int_eq(ask_far("GET", "/api/v1/stations", reads, ""), 200);
	ck_assert_int_eq(ask_far("GET", "/api/v1/session", reads, ""), 200);
	ck_assert(says("\"name\":\"anna\",\"role\":\"admin\""));
	const char *body = "{\"status\":\"Accepted\"}";
	ck_assert_int_eq(ask_far("PUT", "/api/v1/tokens/Central/x1", reads, body), 403);
	snprintf(wrong, sizeof(wrong), "%sOrigin: https://" HOST "\r\nX-Csrf-Token: no\r\n", reads);
	ck_assert_int_eq(ask_far("PUT", "/api/v1/tokens/Central/x1", wrong, body), 403);
	ck_assert_int_eq(ask("GET", "/api/v1/tokens/Central/x1", ""), 404);
	ck_assert_int_eq(ask_far("PUT", "/api/v1/tokens/Central/x1", writes, body), 200);
	ck_assert_int_eq(ask("GET", "/api/v1/tokens/Central/x1", ""), 200);
	ck_assert_int_eq(ask("GET", "/api/v1/journal?stream=token/Central/x1", ""), 200);
	ck_assert(says("\"actor\":\"user:anna\""));
	ck_assert_int_eq(ask_far("POST", "/api/v1/sign-out", writes, ""), 200);
	ck_assert_int_eq(ask_far("GET", "/api/v1/stations", reads, ""), 401);
}
END_TEST

START_TEST(roles_bound_what_may_be_asked)
{
	char reads[300], writes[600];

	sign_in("viewer", reads, writes);
	ck_assert_int_eq(ask_far("GET", "/api/v1/overview", reads, ""), 200);
	ck_assert_int_eq(ask_far("PUT", "/api/v1/tokens/Central/x1", writes, "{}"), 403);
	ck_assert(says("needs the role operator"));
	ck_assert_int_eq(ask_far("POST", "/api/v1/links", writes, "{}"), 403);
	ck_assert_int_eq(ask_far("GET", "/api/v1/wire", reads, ""), 403);
	sign_in("operator", reads, writes);
	ck_assert_int_eq(ask_far("PUT", "/api/v1/tokens/Central/x1", writes, "{}"), 200);
	ck_assert_int_eq(ask_far("DELETE", "/api/v1/stations/CP-1", writes, ""), 403);
	ck_assert_int_eq(ask_far("POST", "/api/v1/api-tokens", writes, "{\"name\":\"x\"}"), 403);
}
END_TEST

START_TEST(a_link_opens_once_and_guessing_is_limited)
{
	char body[200], code[100];

	ck_assert_int_eq(ask("POST", "/api/v1/links", "{}"), 200);
	snprintf(body, sizeof(body), "{\"code\":\"%s\"}", value_of("code", code, sizeof(code)));
	ck_assert_int_eq(
		ask_far("POST", "/api/v1/sign-in", "Origin: https://evil.example\r\n", body), 403);
	ck_assert_int_eq(ask_far("POST", "/api/v1/sign-in", "", body), 200);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(ask_far("POST", "/api/v1/sign-in", "", body), 401);
	ck_assert_int_eq(ask_far("POST", "/api/v1/sign-in", "", body), 429);
	ck_assert_int_eq(ask_far("GET", "/api/v1/tree", "Authorization: Bearer dt_x\r\n", ""), 429);
}
END_TEST

START_TEST(api_tokens_live_until_revoked_and_over_a_restart)
{
	char token[100], id[60], header[200], path[200];

	ck_assert_int_eq(ask("POST", "/api/v1/api-tokens",
				 "{\"name\":\"job\",\"role\":\"operator\",\"days\":1}"),
		200);
	value_of("token", token, sizeof(token));
	value_of("id", id, sizeof(id));
	ck_assert_uint_ge(strlen(token), 35);
	snprintf(header, sizeof(header), "Authorization: Bearer %s\r\n", token);
	ck_assert_int_eq(ask_far("PUT", "/api/v1/tokens/Central/x2", header, "{}"), 200);
	ck_assert_int_eq(ask_far("GET", "/api/v1/api-tokens", header, ""), 403);
	ck_assert_int_eq(ask("GET", "/api/v1/api-tokens", ""), 200);
	ck_assert(says(id));
	ck_assert(!says(token));
	server_thread_stop(w.thread, stop, NULL);
	w.thread = server_thread_start(start, NULL);
	ck_assert_int_eq(ask_far("GET", "/api/v1/tree", header, ""), 200);
	snprintf(path, sizeof(path), "/api/v1/api-tokens/%s", id);
	ck_assert_int_eq(ask("DELETE", path, ""), 200);
	ck_assert_int_eq(ask("DELETE", path, ""), 404);
	ck_assert_int_eq(ask_far("GET", "/api/v1/tree", header, ""), 401);
	server_thread_stop(w.thread, stop, NULL);
	w.thread = server_thread_start(start, NULL);
	ck_assert_int_eq(ask_far("GET", "/api/v1/tree", header, ""), 401);
}
END_TEST

/* -- what is asked ----------------------------------------------------------------------------- */

START_TEST(stations_are_registered_changed_and_removed)
{
	const char *body =
		"{\"password\":\"0123456789abcdef\",\"evses\":[{\"id\":1,\"max_w\":22000}]}";

	ck_assert_int_eq(ask("PUT", "/api/v1/stations/NEW%3a1", body), 422);
	ck_assert_int_eq(ask("PUT", "/api/v1/stations/NEW-1", body), 200);
	ck_assert_int_eq(ask("GET", "/api/v1/stations/new-1", ""), 200);
	ck_assert(says("\"id\":\"NEW-1\""));
	ck_assert(says("\"node\":\"site\""));
	ck_assert(says("\"has_password\":true"));
	ck_assert(!says("0123456789abcdef"));
	ck_assert_int_eq(
		ask("PUT", "/api/v1/stations/NEW-1", "{\"name\":\"Yard\",\"node\":\"hall\"}"), 200);
	ck_assert_int_eq(ask("GET", "/api/v1/stations/NEW-1", ""), 200);
	ck_assert(says("\"name\":\"Yard\""));
	ck_assert(says("\"max_w\":22000"));
	ck_assert(says("\"has_password\":true"));
	ck_assert_int_eq(ask("GET", "/api/v1/journal?stream=station/NEW-1", ""), 200);
	ck_assert(says("(hidden)"));
	ck_assert_int_eq(ask("DELETE", "/api/v1/stations/NEW-1", ""), 200);
	ck_assert_int_eq(ask("GET", "/api/v1/stations/NEW-1", ""), 404);
	ck_assert(says("GET /api/v1/stations"));
}
END_TEST

START_TEST(wrong_fields_are_named)
{
	static const struct {
		const char *method, *path, *body, *field;
	} rows[] = {
		{"PUT", "/api/v1/stations/N", "{\"evses\":[{\"id\":1,\"max_w\":\"x\"}]}",
			"\"path\":\"evses[0].max_w\""},
		{"PUT", "/api/v1/stations/N", "{\"evses\":[{\"id\":1}]}", "evses[0].max_w"},
		{"PUT", "/api/v1/stations/N", "{\"evses\":[{\"id\":2,\"max_w\":7000}]}",
			"\"path\":\"evses[0].id\""},
		{"PUT", "/api/v1/stations/N",
			"{\"evses\":[{\"id\":1,\"max_w\":7000,\"min_w\":8000}]}", "evses[0].min_w"},
		{"PUT", "/api/v1/stations/N", "{\"colour\":1}", "\"path\":\"colour\""},
		{"PUT", "/api/v1/stations/N", "{", "\"status\":400"},
		{"PUT", "/api/v1/stations/N", "{}", "\"path\":\"evses\""},
		{"PUT", "/api/v1/stations/CP-1", "{\"password\":\"short\"}",
			"\"path\":\"password\""},
		{"POST", "/api/v1/stations/CP-1/calls", "{\"action\":\"Restart\",\"payload\":{}}",
			"\"path\":\"action\""},
		{"POST", "/api/v1/stations/CP-1/calls", "{\"action\":\"Heartbeat\",\"payload\":{}}",
			"sent by stations"},
		{"PUT", "/api/v1/tokens/RFID/1", "{}", "\"path\":\"type\""},
		{"GET", "/api/v1/transactions?limit=0", "", "\"path\":\"limit\""},
		{"GET", "/api/v1/transactions?state=half", "", "\"path\":\"state\""},
		{"GET", "/api/v1/transactions?from=today", "", "\"path\":\"from\""},
		{"GET", "/api/v1/power?step=0", "", "\"path\":\"step\""},
		{"GET", "/api/v1/power?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "",
			"\"path\":\"to\""},
		{"GET", "/api/v1/power?node=nowhere", "", "\"path\":\"node\""},
		{"GET", "/api/v1/journal?after=-1", "", "\"path\":\"after\""},
		{"POST", "/api/v1/backup", "{\"dir\":\"here\"}", "\"path\":\"dir\""},
		{"POST", "/api/v1/api-tokens", "{\"name\":\"x\",\"role\":\"root\"}",
			"\"path\":\"role\""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int status = ask(rows[i].method, rows[i].path, rows[i].body);
		ck_assert_msg(
			status == 400 && says(rows[i].field) && says("application/problem+json"),
			"%s %s: %d %s", rows[i].method, rows[i].path, status, reply);
	}
}
END_TEST

START_TEST(a_call_needs_a_connected_station)
{
	const char *body = "{\"action\":\"Reset\",\"payload\":{\"type\":\"OnIdle\"}}";

	ck_assert_int_eq(ask("POST", "/api/v1/stations/CP-1/calls", body), 409);
	ck_assert(says("CP-1 is not connected"));
	ck_assert_int_eq(ask("POST", "/api/v1/stations/CP-9/calls", body), 404);
}
END_TEST

START_TEST(the_live_picture_is_told)
{
	ck_assert_int_eq(ask("GET", "/api/v1/overview", ""), 200);
	ck_assert(says("\"sentence\":\"No van is plugged in.\""));
	ck_assert(says("\"timezone\":\"Europe/Amsterdam\""));
	ck_assert_int_eq(ask("GET", "/api/v1/tree", ""), 200);
	ck_assert(
		says("{\"id\":\"hall\",\"name\":\"hall\",\"kind\":\"feeder\",\"parent\":\"site\""));
	ck_assert(!says("\"kind\":\"station\""));
	ck_assert_int_eq(ask("GET", "/api/v1/plan", ""), 200);
	ck_assert_int_eq(ask("GET", "/api/v1/meters", ""), 200);
	ck_assert_int_eq(ask("GET", "/api/v1/power?step=900", ""), 200);
	ck_assert_int_eq(ask("GET", "/api/v1/transactions", ""), 200);
	ck_assert_int_eq(ask("GET", "/api/v1/transactions/CP-1/none", ""), 404);
	ck_assert_int_eq(ask("GET", "/api/v1/wire", ""), 200);
	ck_assert_int_eq(ask("GET", "/api/v1", ""), 200);
	ck_assert(says("/api/v1/stations/{id}/calls"));
	ck_assert_int_eq(ask("GET", "/metrics", ""), 200);
	ck_assert(says("text/plain; version=0.0.4"));
	ck_assert(says("depotd_stations_registered 1\n"));
}
END_TEST

START_TEST(the_journal_is_read_in_pages)
{
	int64_t after = 0;
	int events = 0;

	for (int page = 0; page < 50; page++) {
		char path[100];
		snprintf(
			path, sizeof(path), "/api/v1/journal?limit=2&after=%lld", (long long)after);
		ck_assert_int_eq(ask("GET", path, ""), 200);
		for (const char *s = reply; (s = strstr(s, "\"seq\":")) != NULL; s += 6) {
			ck_assert_int_eq(atoll(s + 6), after + 1); /* none twice, none left out */
			after++;
			events++;
		}
		if (!says("\"next\":"))
			break;
	}
	ck_assert_int_ge(events, 3);
	ck_assert_int_eq(ask("GET", "/api/v1/journal?limit=1&order=newest", ""), 200);
	ck_assert(says("\"next\":"));
}
END_TEST

START_TEST(a_command_with_a_key_is_done_once)
{
	const char *key = "Idempotency-Key: press-1\r\n";

	ck_assert_int_eq(
		ask_on(true, "PUT", "/api/v1/tokens/Central/k", key, "{\"group\":\"a\"}"), 200);
	ck_assert_int_eq(
		ask_on(true, "PUT", "/api/v1/tokens/Central/k", key, "{\"group\":\"a\"}"), 200);
	ck_assert_int_eq(
		ask_on(true, "PUT", "/api/v1/tokens/Central/k", key, "{\"group\":\"b\"}"), 409);
	ck_assert_int_eq(ask("GET", "/api/v1/journal?stream=token/Central/k", ""), 200);
	ck_assert(says("\"version\":1"));
	ck_assert(!says("\"version\":2"));
}
END_TEST

START_TEST(a_backup_is_made_while_it_runs)
{
	char body[400], path[600];

	snprintf(body, sizeof(body), "{\"dir\":\"%s/copy\"}", w.dir);
	ck_assert_int_eq(ask("POST", "/api/v1/backup", body), 200);
	snprintf(path, sizeof(path), "%s/copy/depot.db", w.dir);
	ck_assert_int_eq(access(path, R_OK), 0);
}
END_TEST

START_TEST(the_stream_tells_what_changed)
{
	char path[600], event[65536];
	struct client *s = calloc(1, sizeof(*s));

	snprintf(path, sizeof(path), "%s/api.sock", w.dir);
	client_connect_unix(s, path);
	client_send_text(s, "GET /api/v1/stream HTTP/1.1\r\nHost: x\r\n\r\n");
	ck_assert(client_read_until(s, "event: overview\ndata: ", event, sizeof(event)));
	ck_assert_ptr_nonnull(strstr(event, "text/event-stream"));
	ck_assert(client_read_until(s, "\n\n", event, sizeof(event)));
	ck_assert_ptr_nonnull(strstr(event, "\"stations\":[{\"id\":\"CP-1\""));
	ck_assert_int_eq(ask("PUT", "/api/v1/stations/CP-1", "{\"name\":\"Renamed\"}"), 200);
	do {
		ck_assert(client_read_until(s, "event: patch\ndata: ", event, sizeof(event)));
		ck_assert(client_read_until(s, "\n\n", event, sizeof(event)));
	} while (strstr(event, "Renamed") == NULL);
	/* The name and the sentence, and nothing that stayed as it was. */
	ck_assert_ptr_nonnull(
		strstr(event, "\"stations\":{\"CP-1\":{\"name\":\"Renamed\",\"sentence\":"));
	ck_assert_ptr_null(strstr(event, "\"connected\""));
	ck_assert_ptr_null(strstr(event, "\"evses\":[]"));
	/* Something new: everybody gets the whole picture again. */
	ck_assert_int_eq(
		ask("PUT", "/api/v1/stations/CP-2", "{\"evses\":[{\"id\":1,\"max_w\":7000}]}"),
		200);
	ck_assert(client_read_until(s, "event: overview\ndata: ", event, sizeof(event)));
	ck_assert(client_read_until(s, "\n\n", event, sizeof(event)));
	ck_assert_ptr_nonnull(strstr(event, "\"id\":\"CP-2\""));
	client_close(s);
	free(s);
}
END_TEST

START_TEST(streams_are_bounded)
{
	struct client *s[2];

	for (int i = 0; i < 2; i++) {
		char path[600];
		snprintf(path, sizeof(path), "%s/api.sock", w.dir);
		s[i] = calloc(1, sizeof(*s[i]));
		client_connect_unix(s[i], path);
		client_send_text(s[i], "GET /api/v1/stream HTTP/1.1\r\nHost: x\r\n\r\n");
		ck_assert(client_read_until(s[i], "event: overview", NULL, 0));
	}
	ck_assert_int_eq(ask("GET", "/api/v1/stream", ""), 503);
	for (int i = 0; i < 2; i++) {
		client_close(s[i]);
		free(s[i]);
	}
}
END_TEST

/* -- the manual ------------------------------------------------------------------------------- */

static void put_routes(struct text *t)
{
	text_puts(t,
		"| method | path | may | limited to | parameters | what |\n|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < api_route_count; i++) {
		const struct route *r = &api_routes[i];
		text_printf(t, "| %s | `%s` | %s | %s | %s | %s |\n", r->method, r->pattern,
			permissions[r->needs].name, reach_name(reach_of(r)), r->query, r->help);
	}
}

static void put_permissions(struct text *t)
{
	text_puts(t, "| permission | what |");
	for (int r = ROLE_VIEWER; r < ROLE_COUNT; r++)
		text_printf(t, " %s |", role_name((enum role)r));
	text_puts(t, "\n|---|---|---|---|---|---|---|---|\n");
	for (int p = MAY_SELF; p < PERMISSION_COUNT; p++) {
		text_printf(t, "| %s | %s |", permissions[p].name, permissions[p].help);
		for (int r = ROLE_VIEWER; r < ROLE_COUNT; r++)
			text_puts(t, role_may((enum role)r, (enum permission)p) ? " x |" : " |");
		text_puts(t, "\n");
	}
}

static char *read_manual(void)
{
	FILE *f = fopen("docs/api.md", "r");
	char *text = calloc(1, 200000);

	ck_assert_msg(f != NULL, "run this from the top of the source");
	ck_assert_uint_gt(fread(text, 1, 199999, f), 0);
	fclose(f);
	return text;
}

/* What stands between the marks must be what `put` makes of the tables. */
static void check_manual(const char *begin, const char *end, void (*put)(struct text *t))
{
	char *manual = read_manual();
	char *from = strstr(manual, begin), *to = strstr(manual, end);
	struct text want;

	ck_assert(from != NULL && to != NULL);
	from = strchr(from, '\n') + 1;
	text_init(&want, 0);
	put(&want);
	bool is_same = (size_t)(to - from) == want.len && memcmp(from, want.data, want.len) == 0;
	if (!is_same && getenv("UPDATE_DOCS") != NULL) {
		FILE *f = fopen("docs/api.md", "w");
		fprintf(f, "%.*s%s%s", (int)(from - manual), manual, want.data, to);
		fclose(f);
		is_same = true;
	}
	ck_assert_msg(is_same, "docs/api.md is old: UPDATE_DOCS=1 build/tests/unit/api_http_test");
	text_finish(&want);
	free(manual);
}

START_TEST(the_manual_lists_every_route)
{
	check_manual("<!-- routes", "<!-- end of routes -->", put_routes);
}
END_TEST

START_TEST(the_manual_lists_every_permission)
{
	check_manual("<!-- permissions", "<!-- end of permissions -->", put_permissions);
}
END_TEST

/* Each row of the table stands at its place; each route names one, and an admin lacks nothing. */
START_TEST(every_route_has_a_permission)
{
	for (int p = 0; p < PERMISSION_COUNT; p++) {
		ck_assert_int_eq(permissions[p].permission, p);
		ck_assert(role_may(ROLE_ADMIN, (enum permission)p));
		ck_assert(role_may(ROLE_NOBODY, (enum permission)p) == (p == MAY_KNOCK));
	}
	for (size_t i = 0; i < api_route_count; i++) {
		const struct route *r = &api_routes[i];
		bool changes = strcmp(r->method, "GET") != 0;
		ck_assert_int_lt(r->needs, PERMISSION_COUNT);
		ck_assert_msg(
			r->needs != MAY_KNOCK || !changes || strstr(r->pattern, "/sign-in") != NULL,
			"%s %s is open to anyone", r->method, r->pattern);
	}
}
END_TEST

/* What a route means for those who are limited to nodes is said of each, and of none that is not. */
START_TEST(every_route_says_how_it_is_limited)
{
	static const enum reach_kind with_path[] = {REACH_STATION, REACH_NODE, REACH_METER,
		REACH_VEHICLE, REACH_ALARM, REACH_ENVELOPE, REACH_COMMAND, REACH_FILE};

	for (size_t i = 0; i < api_route_count; i++) {
		const struct route *r = &api_routes[i];
		enum reach_kind kind = reach_of(r);
		bool changes = strcmp(r->method, "GET") != 0;
		ck_assert_msg(kind != REACH_UNSAID,
			"%s %s: say in csms/api/reach.c how it is limited", r->method, r->pattern);
		ck_assert_msg(kind != REACH_CUT || !changes, "%s %s changes something", r->method,
			r->pattern);
		ck_assert_msg(
			kind != REACH_BODY || r->request != NULL, "%s has no body", r->pattern);
		for (size_t n = 0; n < sizeof(with_path) / sizeof(with_path[0]); n++)
			ck_assert_msg(kind != with_path[n] || strchr(r->pattern, '{') != NULL,
				"%s names nothing", r->pattern);
	}
	ck_assert_int_eq(reach_row_count(), (int)api_route_count);
}
END_TEST

/* -- console --------------------------------------------------------------------------------- */

START_TEST(console_files_are_served)
{
	ck_assert_int_eq(ask_far("GET", "/", "", ""), 200);
	ck_assert(says("text/html"));
	ck_assert(says("<title>depotd</title>"));
	ck_assert(says("default-src 'self'"));
	ck_assert(says("cache-control: no-cache"));
	char tag[100];
	const char *etag = strstr(reply, "etag: ");
	ck_assert_ptr_nonnull(etag);
	snprintf(tag, sizeof(tag), "If-None-Match: %.*s\r\n", (int)strcspn(etag + 6, "\r"),
		etag + 6);
	ck_assert_int_eq(ask_far("GET", "/", tag, ""), 304);
	ck_assert_int_eq(ask_far("GET", "/plan", "", ""), 200);
	ck_assert(says("<title>depotd</title>"));
	ck_assert_int_eq(
		ask_far("GET", "/assets/app-ABCDEFG2.js", "Accept-Encoding: br, gzip\r\n", ""),
		200);
	ck_assert(says("content-encoding: gzip"));
	ck_assert(says("text/javascript"));
	ck_assert(says("immutable"));
	ck_assert_int_eq(ask_far("GET", "/assets/app-ABCDEFG2.js", "", ""), 200);
	ck_assert(says("xxxxxxxx"));
	ck_assert_int_eq(ask_far("POST", "/", "", ""), 405);
}
END_TEST

START_TEST(no_path_leads_out_of_the_console)
{
	static const char *const paths[] = {"/../secret.txt", "/%2e%2e/secret.txt",
		"/..%2fsecret.txt", "/assets/../../secret.txt", "/assets/..%2f..%2fsecret.txt",
		"//secret.txt", "/./../secret.txt", "/link.txt", "/.hidden", "/assets/.",
		"/..\\secret.txt", "/%252e%252e/secret.txt", "/assets/app-ABCDEFG2.js/../../x.txt"};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		int status = ask_far("GET", paths[i], "", "");
		ck_assert_msg(status == 404 || status == 400, "%s: %d", paths[i], status);
		ck_assert_msg(!says("not for the world") && !says("hidden\n"), "%s", paths[i]);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("api_http");
	TCase *c = tcase_create("http");
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 30);
	tcase_add_test(c, nothing_is_open);
	tcase_add_test(c, a_session_needs_its_token_to_change_things);
	tcase_add_test(c, roles_bound_what_may_be_asked);
	tcase_add_test(c, a_link_opens_once_and_guessing_is_limited);
	tcase_add_test(c, api_tokens_live_until_revoked_and_over_a_restart);
	tcase_add_test(c, stations_are_registered_changed_and_removed);
	tcase_add_test(c, wrong_fields_are_named);
	tcase_add_test(c, a_call_needs_a_connected_station);
	tcase_add_test(c, the_live_picture_is_told);
	tcase_add_test(c, the_journal_is_read_in_pages);
	tcase_add_test(c, a_command_with_a_key_is_done_once);
	tcase_add_test(c, a_backup_is_made_while_it_runs);
	tcase_add_test(c, the_stream_tells_what_changed);
	tcase_add_test(c, streams_are_bounded);
	tcase_add_test(c, the_manual_lists_every_route);
	tcase_add_test(c, the_manual_lists_every_permission);
	tcase_add_test(c, every_route_has_a_permission);
	tcase_add_test(c, every_route_says_how_it_is_limited);
	tcase_add_test(c, console_files_are_served);
	tcase_add_test(c, no_path_leads_out_of_the_console);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
