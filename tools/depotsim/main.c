/*
 * depotsim: reads depot and scenario, connects the stations, lets simulated seconds pass.
 */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include "csms/clock.h"
#include "schemas/yaml.h"
#include "gen/ocpp201.h"
#include "tools/depotsim/daytime.h"
#include "tools/depotsim/keyring.h"
#include "tools/depotsim/make_depot.h"
#include "tools/depotsim/options.h"
#include "tools/depotsim/sim.h"
#include "tools/depotsim/upload.h"
#include "tools/depotsim/ws_client.h"

#define MAX_FILE         (16 << 20)
#define PROGRESS_MS      600000
#define MAX_STEPS_A_TICK 200 /* then the sockets get their turn */
#define CALL_TIMEOUT_MS  30000
#define LEAST_REAL_MS    5000 /* of that timeout, however fast simulated time runs */
#define OPENING_AT_ONCE  50
#define DRAIN_REAL_MS    10000 /* at the end, for what the stations still have to send */

struct password {
	char identity[64];
	char secret[65];
};

/* One station's way to the central system. */
struct line {
	struct app *app;
	int number;
	struct wsc_link *link;
	struct keyring *keys;
	const struct wsc_target *began; /* of the command line */
	struct wsc_target moved; /* of a network profile */
	bool wanted; /* waits for its turn to connect */
	bool opening;
	struct upload *upload; /* NULL: none */
	bool upload_told; /* … that it runs */
};

struct app {
	struct options options;
	struct arena *arena;
	const struct depot_file *depot;
	const struct scenario_file *scenario;
	struct wsc_target plain, tls, mutual;
	struct wsc_pool *pool;
	struct sim *sim;
	struct line *lines;
	int line_count, opening, next_line;
	int password_count;
	struct password *passwords;
	wall_t started;
	int64_t progress_ms;
	int64_t drain_until_ms; /* real; 0: not yet */
};

static volatile sig_atomic_t asked_to_stop, asked_to_report;

static void on_signal(int number)
{
	if (number == SIGUSR1)
		asked_to_report = 1;
	else
		asked_to_stop = 1;
}

static int complain(const char *why)
{
	fprintf(stderr, "depotsim: %s\n", why);
	return -1;
}

/* ---- files ---- */

static int read_passwords(struct app *a, const char *path)
{
	char line[200], why[300];
	FILE *f = fopen(path, "r");
	if (!f) {
		snprintf(why, sizeof why, "cannot read %.200s: %s", path, strerror(errno));
		return complain(why);
	}
	int bad = 0;
	for (int number = 1; !bad && fgets(line, sizeof line, f); number++) {
		line[strcspn(line, "\r\n")] = '\0';
		char *colon = strchr(line, ':');
		if (line[0] == '#' || line[0] == '\0')
			continue;
		struct password *more =
			realloc(a->passwords, (size_t)(a->password_count + 1) * sizeof *more);
		if (more)
			a->passwords = more;
		/* The secret itself is never shown. */
		if (!more || !colon || colon - line >= (int)sizeof more->identity ||
			strlen(colon + 1) >= sizeof more->secret) {
			snprintf(why, sizeof why, "%.200s:%d: must be identity:password", path,
				number);
			bad = complain(why);
			break;
		}
		struct password *p = &a->passwords[a->password_count++];
		*p = (struct password){0};
		memcpy(p->identity, line, (size_t)(colon - line));
		snprintf(p->secret, sizeof p->secret, "%s", colon + 1);
	}
	memset(line, 0, sizeof line);
	fclose(f);
	return bad;
}

static const char *password_of(const struct app *a, const char *identity)
{
	const char *any = NULL;
	for (int i = 0; i < a->password_count; i++) {
		if (strcmp(a->passwords[i].identity, identity) == 0)
			return a->passwords[i].secret;
		if (strcmp(a->passwords[i].identity, "*") == 0)
			any = a->passwords[i].secret;
	}
	return any;
}

static int read_files(struct app *a)
{
	char where[400], why[200];
	const struct options *o = &a->options;
	a->depot = schema_yaml_load(&depot_file_type, o->depot, MAX_FILE, a->arena, where);
	if (!a->depot)
		return complain(where);
	if (o->scenario)
		a->scenario = schema_yaml_load(
			&scenario_file_type, o->scenario, MAX_FILE, a->arena, where);
	else
		a->scenario = schema_yaml_decode(
			&scenario_file_type, "scenario", "{}", 2, a->arena, where);
	if (!a->scenario)
		return complain(where);
	if (daytime_set_zone(a->depot->timezone) != 0) {
		snprintf(where, sizeof where, "%.200s: there is no time zone %.60s on this machine",
			o->depot, a->depot->timezone);
		return complain(where);
	}
	if ((o->csms && wsc_target_parse(o->csms, &a->plain, why) != 0) ||
		(o->csms_tls && wsc_target_parse(o->csms_tls, &a->tls, why) != 0) ||
		(o->csms_mutual && wsc_target_parse(o->csms_mutual, &a->mutual, why) != 0))
		return complain(why);
	return o->passwords ? read_passwords(a, o->passwords) : 0;
}

/* ---- stations and their connections ---- */

static void port_connect(void *ctx)
{
	struct line *l = ctx;
	l->wanted = true;
}

static void port_disconnect(void *ctx, bool abrupt)
{
	wsc_link_close(((struct line *)ctx)->link, abrupt);
}

static int port_send(void *ctx, const char *text, size_t len)
{
	return wsc_link_send(((struct line *)ctx)->link, text, len);
}

static int port_set_password(void *ctx, const char *password)
{
	return wsc_link_set_password(((struct line *)ctx)->link, password);
}

/* By its password where it has one; a server of profile 3 asks for the certificate anyway. */
static int port_move(void *ctx, const char *url, int security_profile)
{
	struct line *l = ctx;
	struct wsc_target to;
	char why[200];
	if (url && wsc_target_parse(url, &to, why) != 0)
		return complain(why);
	if (url)
		l->moved = to;
	wsc_link_set_target(l->link, url ? &l->moved : l->began);
	return 0;
}

static int port_upload(void *ctx, const char *url, const char *text, size_t len)
{
	struct line *l = ctx;
	if (l->upload)
		return -1;
	l->upload = upload_start(url, l->app->options.ca, text, len);
	l->upload_told = false;
	return l->upload ? 0 : -1;
}

static void look_at_uploads(struct app *a)
{
	for (int i = 0; i < a->line_count; i++) {
		struct line *l = &a->lines[i];
		if (!l->upload)
			continue;
		struct station *s = sim_station(a->sim, l->number);
		if (!l->upload_told)
			station_log_goes(s, STATION_LOG_UPLOADING);
		l->upload_told = true;
		enum upload_state now = upload_state(l->upload);
		if (now == UPLOAD_RUNS)
			continue;
		upload_end(l->upload);
		l->upload = NULL;
		station_log_goes(s, now == UPLOAD_DONE ? STATION_LOG_UPLOADED : STATION_LOG_FAILED);
	}
}

/* The best that its profile allows and the command line names. */
static const struct wsc_target *target_of(const struct app *a, int profile)
{
	const struct options *o = &a->options;
	if (o->csms_mutual && (profile >= 3 || (!o->csms && !o->csms_tls)))
		return &a->mutual;
	return (profile >= 2 && o->csms_tls) || !o->csms ? &a->tls : &a->plain;
}

static int make_line(void *ctx, int i, const char *id, int profile, struct station_port *out)
{
	struct app *a = ctx;
	struct line *l = &a->lines[i];
	const struct wsc_target *target = target_of(a, profile);
	bool shows = target == &a->mutual;
	char why[200];
	l->app = a;
	l->number = i;
	l->began = target;
	l->keys = keyring_create(a->options.certificates, id, a->options.ca,
		OCPP201_GET_CERTIFICATE_ID_USE_CSMS_ROOT_CERTIFICATE);
	l->link = wsc_link_create(a->pool, target, id, shows ? NULL : password_of(a, id), l);
	if (!l->keys || (shows && (!keyring_chain(l->keys) || !keyring_key(l->keys)))) {
		snprintf(why, sizeof why, "cannot read %.90s/%.60s.pem or its .key",
			a->options.certificates ? a->options.certificates : "", id);
		return complain(why);
	}
	if (l->link && sim_speaks_v16(a->scenario, id))
		wsc_link_set_protocol(l->link, "ocpp1.6");
	*out = (struct station_port){port_connect, port_disconnect, port_send, port_set_password, l,
		port_upload, port_move, l->keys};
	a->line_count = i + 1;
	return l->link ? 0 : -1;
}

static void on_opened(void *arg)
{
	struct line *l = arg;
	l->app->opening -= l->opening;
	l->opening = false;
	station_opened(sim_station(l->app->sim, l->number));
}

static void on_received(void *arg, const char *text, size_t len)
{
	struct line *l = arg;
	station_received(sim_station(l->app->sim, l->number), text, len);
}

static void on_closed(void *arg, const char *why)
{
	struct line *l = arg;
	l->app->opening -= l->opening;
	l->opening = false;
	station_closed(sim_station(l->app->sim, l->number));
}

/* A few handshakes at a time, so that a thousand stations do not all knock at once. */
static void open_some(struct app *a)
{
	for (int i = 0; i < a->line_count && a->opening < OPENING_AT_ONCE; i++) {
		struct line *l = &a->lines[a->next_line];
		a->next_line = (a->next_line + 1) % a->line_count;
		if (!l->wanted)
			continue;
		l->wanted = false;
		l->opening = true;
		a->opening++;
		wsc_link_set_certificate(l->link, keyring_chain(l->keys), keyring_key(l->keys));
		wsc_link_connect(l->link);
	}
}

/* ---- time ---- */

static wall_t start_time(const struct app *a)
{
	if (a->options.has_start)
		return a->options.start;
	if (a->scenario->has_start)
		return a->scenario->start;
	return clock_wall();
}

static void set_clock(struct app *a)
{
	const struct options *o = &a->options;
	if (o->speed == 1 && !o->has_start && !o->has_origin && !a->scenario->has_start)
		return; /* the real clock */
	clock_scale(start_time(a), o->has_origin ? o->origin_us : clock_mono().us, o->speed);
}

static int write_report(struct app *a, FILE *f)
{
	struct text json;
	text_init(&json, 0);
	report_write(sim_report(a->sim), a->started, sim_now(a->sim), &json);
	int bad = !text_ok(&json) || fwrite(json.data, 1, json.len, f) != json.len;
	text_finish(&json);
	return bad ? -1 : 0;
}

static int save_report(struct app *a)
{
	char why[300];
	if (!a->options.report)
		return 0;
	FILE *f = fopen(a->options.report, "w");
	int bad = !f || write_report(a, f) != 0;
	if (f && fclose(f) != 0)
		bad = 1;
	if (!bad)
		return 0;
	snprintf(why, sizeof why, "cannot write the report %.200s: %s", a->options.report,
		strerror(errno));
	return complain(why);
}

static void show_progress(struct app *a)
{
	int64_t ms = sim_now(a->sim).ms;
	if (a->options.quiet || ms < a->progress_ms)
		return;
	a->progress_ms = ms - ms % PROGRESS_MS + PROGRESS_MS;
	sim_print_progress(a->sim, a->options.json ? stderr : stdout);
	fflush(stdout);
}

/* Simulated time has ended; the answers to what was sent may still come. */
static bool drain(struct app *a)
{
	bool drained = true;
	if (!a->drain_until_ms)
		a->drain_until_ms = clock_real_us() / 1000 + DRAIN_REAL_MS;
	for (int i = 0; i < sim_station_count(a->sim); i++) {
		const struct station *s = sim_station(a->sim, i);
		drained = drained && (station_is_drained(s) || !station_is_connected(s));
	}
	return !drained && clock_real_us() / 1000 < a->drain_until_ms;
}

static bool on_tick(void *arg)
{
	struct app *a = arg;
	if (asked_to_stop)
		return false;
	if (a->options.has_until && sim_now(a->sim).ms >= a->options.until.ms)
		return drain(a);
	if (asked_to_report) {
		asked_to_report = 0;
		save_report(a);
	}
	wall_t now = clock_wall();
	for (int i = 0; i < MAX_STEPS_A_TICK && sim_now(a->sim).ms + 1000 <= now.ms; i++) {
		if (a->options.has_until && sim_now(a->sim).ms >= a->options.until.ms)
			break;
		sim_step(a->sim);
		show_progress(a);
	}
	open_some(a);
	look_at_uploads(a);
	return true;
}

static int64_t tick_us(const struct app *a)
{
	double us = 1e6 / a->options.speed;
	return us < 500 ? 500 : us > 50000 ? 50000 : (int64_t)us;
}

/* ---- start ---- */

static void raise_file_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	/* libwebsockets sizes a table by it */
	limit.rlim_cur = limit.rlim_max < 16384 ? limit.rlim_max : 16384;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int start(struct app *a)
{
	static const struct wsc_handlers handlers = {on_opened, on_received, on_closed};
	char why[200];
	const struct options *o = &a->options;
	raise_file_limit();
	a->pool = wsc_pool_create(o->ca, &handlers, why);
	if (!a->pool)
		return complain(why);
	size_t most = a->depot->stations.count > (size_t)o->stations ? a->depot->stations.count
								     : (size_t)o->stations;
	a->lines = calloc(most + 1, sizeof *a->lines);
	if (!a->lines)
		return complain("out of memory");
	set_clock(a);
	a->started = clock_wall();
	if (o->has_origin && a->started.ms < start_time(a).ms)
		a->started = start_time(a);
	struct sim_options how = {
		.start = a->started,
		.call_timeout_ms = (int64_t)fmax(CALL_TIMEOUT_MS, LEAST_REAL_MS * o->speed),
		.station_count = o->stations,
		.no_meters = o->no_meters,
		.meter_maps = o->meter_maps,
		.port = make_line,
		.ctx = a,
	};
	a->sim = sim_create(a->depot, a->scenario, &how, why);
	return a->sim ? 0 : complain(why);
}

static void finish(struct app *a)
{
	for (int i = 0; i < a->line_count; i++)
		upload_end(a->lines[i].upload);
	wsc_pool_destroy(a->pool);
	sim_destroy(a->sim);
	for (int i = 0; i < a->line_count; i++)
		keyring_destroy(a->lines[i].keys);
	arena_destroy(a->arena);
	if (a->passwords)
		explicit_bzero(a->passwords, (size_t)a->password_count * sizeof *a->passwords);
	free(a->passwords);
	free(a->lines);
}

static int run(struct app *a)
{
	struct sigaction act = {.sa_handler = on_signal};
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGUSR1, &act, NULL);
	signal(SIGPIPE, SIG_IGN);
	a->arena = arena_create(0);
	if (!a->arena || read_files(a) != 0 || start(a) != 0)
		return 1;
	if (wsc_pool_run(a->pool, tick_us(a), on_tick, a) != 0)
		return complain("cannot start the timer"), 1;
	int bad = save_report(a);
	if (a->options.json)
		bad = write_report(a, stdout) || bad;
	return bad ? 1 : 0;
}

static int make(const struct options *o)
{
	char why[300];
	struct make_depot_options how = {o->make_depot, o->out, o->day, o->site_w, o->meter_port};
	int n = make_depot(&how, why);
	if (n < 0)
		return complain(why), 1;
	printf("%d sessions: %s/depot.yaml, %s/scenario.yaml\n", n, o->out, o->out);
	return 0;
}

int main(int argc, char **argv)
{
	struct app app = {0};
	int rc = options_read(argc, argv, &app.options);
	if (rc)
		return rc < 0 ? 2 : 0;
	if (app.options.make_depot)
		return make(&app.options);
	rc = run(&app);
	finish(&app);
	return rc;
}
