/*
 * What a depotd of its own takes and gives, printed as "bench: NAME VALUE UNIT"; docs/bench.md says
 * what each figure means.
 *
 *   bench-depotd DEPOTD FOLDER ws|many|start|guard|replan
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tools/bench/crowd.h"
#include "tools/bench/cycle.h"
#include "tools/bench/guard.h"
#include "tools/bench/replan.h"
#include "tools/bench/server.h"

#define PASSWORD     "Bench_Passw0rd-of-all"
#define KNOWN        1000
#define MANY         10000
#define SPARE_FILES  100
#define RISE_WINDOW  100
#define RISE_LIMIT_S 90
#define WINDOW       200 /* stations with a CALL in flight in a closed loop */
#define RATE_PER_S   2000
#define WARM_S       1
#define RUN_S        5
#define STARTS       3
#define GROUPS       5

struct bench {
	const char *depotd, *folder;
	int stores; /* made so far, for their names */
};

static void figure(const char *name, double value, const char *unit)
{
	printf("bench: %s %.*f %s\n", name, value < 10 ? 3 : value < 100 ? 1 : 0, value, unit);
	fflush(stdout);
}

static void named(const char *name, const char *part, double value, const char *unit)
{
	char whole[80];

	snprintf(whole, sizeof whole, "%s%s", name, part);
	figure(whole, value, unit);
}

static int prepare(struct bench *b, struct server *s, int stations)
{
	char dir[400];

	snprintf(dir, sizeof dir, "%s/%d", b->folder, ++b->stores);
	return server_prepare(s, dir, stations, PASSWORD);
}

/* -- memory ----------------------------------------------------------------------------------- */

/* Brings up a crowd and prints what an idle station of it takes. */
static int measure_idle(const struct server *s, struct crowd *c, const struct client_target *target,
	int count, const char *name)
{
	double before = server_rss(s), took_s = crowd_rise(c, target, RISE_WINDOW, RISE_LIMIT_S);

	if (took_s < 0)
		return -1;
	crowd_settle(c);
	figure(name, (server_rss(s) - before) / count, "bytes");
	return 0;
}

/* -- messages --------------------------------------------------------------------------------- */

static int measure_closed(
	const struct server *s, struct crowd *c, enum station_job job, const char *name)
{
	struct crowd_run warm = {.job = job, .window = WINDOW, .seconds = WARM_S};
	struct crowd_run run = {.job = job, .window = WINDOW, .seconds = RUN_S};
	double cpu;

	if (crowd_run(c, &warm))
		return -1;
	cpu = server_cpu_s(s);
	if (crowd_run(c, &run))
		return -1;
	cpu = server_cpu_s(s) - cpu;
	named(name, "_per_core_s", (double)run.done / cpu, "messages/s");
	named(name, "_per_s", (double)run.answered / run.took_s, "messages/s");
	return 0;
}

static int measure_open(
	const struct server *s, struct crowd *c, enum station_job job, const char *name)
{
	struct crowd_run run = {.job = job, .rate_per_s = RATE_PER_S, .seconds = RUN_S};
	double cpu = server_cpu_s(s);

	if (crowd_run(c, &run))
		return -1;
	cpu = server_cpu_s(s) - cpu;
	named(name, "_p50_ms", histogram_ms(&run.latency, 0.5), "ms");
	named(name, "_p99_ms", histogram_ms(&run.latency, 0.99), "ms");
	named(name, "_2k_cpu_us", cpu * 1e6 / (double)run.done, "us");
	return 0;
}

static int measure_job(
	const struct server *s, struct crowd *c, enum station_job job, const char *name)
{
	return measure_closed(s, c, job, name) || measure_open(s, c, job, name) ? -1 : 0;
}

/* All stations at once, as after a power cut: each shows its password, boots, tells its connector,
 * greets. The longest turn of the loop is what whoever was there already had to wait. */
static int measure_reconnect(const struct server *s, struct crowd *c,
	const struct client_target *target, int count, const char *name)
{
	struct server_turns before, after;
	double took_s;

	crowd_fall(c);
	before = server_turns(s); /* looking sets the longest back */
	took_s = crowd_rise(c, target, count, RISE_LIMIT_S);
	if (took_s < 0)
		return -1;
	after = server_turns(s);
	named(name, "_s", took_s, "s");
	named(name, "_turn_max_ms", after.max_ms, "ms");
	named(name, "_turn_max_cpu_ms", after.max_cpu_ms, "ms");
	named(name, "_turns_over_50ms", after.over_50ms - before.over_50ms, "turns");
	named(name, "_turns_over_50ms_cpu", after.over_50ms_cpu - before.over_50ms_cpu, "turns");
	crowd_settle(c);
	return 0;
}

/* -- groups ----------------------------------------------------------------------------------- */

static int with_plain(const struct server *s, struct crowd *c)
{
	struct client_target target = {.port = s->plain_port};

	if (measure_idle(s, c, &target, KNOWN, "ws.idle_rss_per_station_plain_1k") ||
		measure_job(s, c, JOB_HEARTBEAT, "ws.heartbeat") ||
		measure_reconnect(s, c, &target, KNOWN, "ws.reconnect_1k") || crowd_begin(c))
		return -1;
	crowd_settle(c);
	return measure_job(s, c, JOB_EVENT, "ws.txevent_durable");
}

static int with_tls(const struct server *s, struct crowd *c)
{
	struct client_target target = {.port = s->tls_port};
	char root[500];
	int rc;

	server_root(s, root);
	target.tls = client_tls_create(root);
	if (!target.tls) {
		fprintf(stderr, "bench: cannot read %s\n", root);
		return -1;
	}
	rc = measure_idle(s, c, &target, KNOWN, "ws.idle_rss_per_station_tls_1k") ||
	     measure_reconnect(s, c, &target, KNOWN, "ws.reconnect_tls_1k");
	crowd_fall(c);
	SSL_CTX_free(target.tls);
	return rc ? -1 : 0;
}

static int with_many(const struct server *s, struct crowd *c)
{
	struct client_target target = {.port = s->plain_port};

	return measure_idle(s, c, &target, MANY, "ws.idle_rss_per_station_plain_10k") ||
			       measure_reconnect(s, c, &target, MANY, "ws.reconnect_10k")
		       ? -1
		       : 0;
}

static int with_server(
	struct bench *b, int stations, int (*measure)(const struct server *s, struct crowd *c))
{
	struct crowd *c = crowd_create(stations, PASSWORD);
	struct server s = {0};
	int rc = -1;

	if (c && prepare(b, &s, stations) == 0 && server_start(&s, b->depotd) == 0)
		rc = measure(&s, c);
	crowd_destroy(c);
	return server_stop(&s) || rc ? -1 : 0;
}

static int has_files_for(int stations)
{
	struct rlimit files;

	return getrlimit(RLIMIT_NOFILE, &files) == 0 &&
	       files.rlim_cur >= (rlim_t)stations + SPARE_FILES;
}

static int group_ws(struct bench *b)
{
	return with_server(b, KNOWN, with_plain) | with_server(b, KNOWN, with_tls);
}

static int group_many(struct bench *b)
{
	if (has_files_for(MANY))
		return with_server(b, MANY, with_many);
	fprintf(stderr, "bench: many left out: it needs %d open files (ulimit -Hn)\n",
		MANY + SPARE_FILES);
	return 0;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static int group_start(struct bench *b)
{
	double ready_s[STARTS], rss[STARTS];
	struct server s = {0};

	if (prepare(b, &s, KNOWN))
		return -1;
	/* The first start makes keys and certificates, which later ones find. */
	for (int i = -1; i < STARTS; i++) {
		if (server_start(&s, b->depotd)) {
			server_stop(&s);
			return -1;
		}
		if (i >= 0) {
			ready_s[i] = s.ready_s;
			rss[i] = server_rss(&s);
		}
		if (server_stop(&s))
			return -1;
	}
	qsort(ready_s, STARTS, sizeof *ready_s, compare);
	qsort(rss, STARTS, sizeof *rss, compare);
	figure("start.known_1k_s", ready_s[STARTS / 2], "s");
	figure("start.rss_mb", rss[STARTS / 2] / 1e6, "MB");
	return 0;
}

/* A meter that shows a breach, again and again, and the time until the vans are told. */
static int with_meter(struct bench *b, struct crowd *c, struct meter *m)
{
	struct guard_figures got = {0};
	struct server s = {.meter_port = meter_port(m)};
	int rc = -1;

	if (prepare(b, &s, GUARD_EVSES) == 0 && server_start(&s, b->depotd) == 0) {
		struct client_target target = {.port = s.plain_port};

		if (crowd_rise(c, &target, RISE_WINDOW, RISE_LIMIT_S) >= 0 && crowd_begin(c) == 0)
			rc = guard_breaches(c, m, server_limit_w(&s, GUARD_EVSES), &got);
	}
	crowd_fall(c);
	if (server_stop(&s) || rc)
		return -1;
	if (!got.lowerings.total) {
		fprintf(stderr, "bench: no lowering was seen\n");
		return -1;
	}
	figure("guard.breach_to_wire_p50_ms", histogram_ms(&got.lowerings, 0.5), "ms");
	figure("guard.breach_to_wire_p99_ms", histogram_ms(&got.lowerings, 0.99), "ms");
	figure("guard.lowerings", (double)got.lowerings.total, "profiles");
	figure("guard.lowered_per_breach_least", got.fewest, "EVSEs");
	figure("guard.lowered_per_breach_most", got.most, "EVSEs");
	return 0;
}

static int group_guard(struct bench *b)
{
	struct crowd *c = crowd_create(GUARD_EVSES, PASSWORD);
	struct meter *m = meter_create();
	double eval_ms = cycle_eval_10k_ms(), calm_ms, breach_ms;
	bool has_cycle = cycle_guard_10k_ms(&calm_ms, &breach_ms) == 0;
	int rc = -1;

	if (eval_ms >= 0)
		figure("grid.eval_10k_ms", eval_ms, "ms");
	if (has_cycle) {
		figure("guard.cycle_10k_ms", calm_ms, "ms");
		figure("guard.cycle_10k_breach_ms", breach_ms, "ms");
	}
	if (c && m)
		rc = with_meter(b, c, m);
	crowd_destroy(c);
	meter_destroy(m);
	return rc || eval_ms < 0 || !has_cycle ? -1 : 0;
}

/* Operators say that vans leave earlier: the time until others give way, and until those begin. */
static int group_replan(struct bench *b)
{
	struct crowd *c = crowd_create(REPLAN_EVSES, PASSWORD);
	struct server s = {.has_vans = true};
	struct replan_figures got = {0};
	int rc = -1;

	if (c && prepare(b, &s, REPLAN_EVSES) == 0 && server_start(&s, b->depotd) == 0) {
		struct client_target target = {.port = s.plain_port};

		if (crowd_rise(c, &target, RISE_WINDOW, RISE_LIMIT_S) >= 0 && crowd_begin(c) == 0)
			rc = replan_events(&s, c, &got);
	}
	crowd_destroy(c);
	if (server_stop(&s) || rc)
		return -1;
	figure("plan.event_to_wire_p50_ms", histogram_ms(&got.lowered, 0.5), "ms");
	figure("plan.event_to_wire_p99_ms", histogram_ms(&got.lowered, 0.99), "ms");
	figure("plan.event_lowerings", (double)got.lowered.total, "profiles");
	figure("plan.event_to_begin_p50_ms", histogram_ms(&got.raised, 0.5), "ms");
	figure("plan.event_to_begin_p99_ms", histogram_ms(&got.raised, 0.99), "ms");
	figure("plan.event_begins", (double)got.raised.total, "profiles");
	return got.events ? 0 : -1;
}

static void raise_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files))
		return;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*measure)(struct bench *b);
	} groups[] = {{"ws", group_ws}, {"many", group_many}, {"start", group_start},
		{"guard", group_guard}, {"replan", group_replan}};
	struct bench b = {0};
	size_t group = 0;

	while (argc == 4 && group < GROUPS && strcmp(argv[3], groups[group].name) != 0)
		group++;
	if (argc != 4 || group == GROUPS) {
		fputs("usage: bench-depotd DEPOTD FOLDER ws|many|start|guard|replan\n", stderr);
		return 2;
	}
	b.depotd = argv[1];
	b.folder = argv[2];
	signal(SIGPIPE, SIG_IGN);
	raise_files();
	server_pin();
	return groups[group].measure(&b) ? 1 : 0;
}
