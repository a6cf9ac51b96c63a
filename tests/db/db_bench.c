/*
 * How many durable transaction events the store takes, and what one costs in CPU: each with its
 * projection and two frames on the wire, as one station message brings them.
 *
 *   bench-db [EVENTS [EVENTS_PER_BATCH [EVENTS_IN_FLIGHT [EVENTS_PER_S]]]]
 *
 * With a rate also: how long an event waits until it is on disk.
 */
#include <dirent.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "db/db.h"
#include "gen/event.h"

#define STATIONS             200
#define EVENTS_A_TRANSACTION 50

static const char request[] =
	"[2,\"b2c4f7a1-6d0e-4a39-8f55-0c1d2e3f4a5b\",\"TransactionEvent\","
	"{\"eventType\":\"Updated\","
	"\"timestamp\":\"2026-03-11T22:40:12.345Z\",\"triggerReason\":\"MeterValuePeriodic\","
	"\"seqNo\":17,"
	"\"transactionInfo\":{\"transactionId\":\"7f3c9a52-1b64-4d0c-9a41-2f6f0b7d8e10\","
	"\"chargingState\":\"Charging\"},\"evse\":{\"id\":1,\"connectorId\":1},\"meterValue\":[{"
	"\"timestamp\":\"2026-03-11T22:40:12.345Z\",\"sampledValue\":[{\"value\":123456.7,"
	"\"measurand\":\"Energy.Active.Import.Register\",\"unitOfMeasure\":{\"unit\":\"Wh\"}},"
	"{\"value\":10987.5,\"measurand\":\"Power.Active.Import\","
	"\"unitOfMeasure\":{\"unit\":\"W\"}}]}]}]";
static const char reply[] = "[3,\"b2c4f7a1-6d0e-4a39-8f55-0c1d2e3f4a5b\",{}]";

static double seconds(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu_seconds(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void add_event(struct db_batch *b, int64_t n, wall_t at)
{
	struct arena *a = db_batch_arena(b);
	int64_t round = n / STATIONS, station = n % STATIONS;
	int64_t transaction = round / EVENTS_A_TRANSACTION, seq = round % EVENTS_A_TRANSACTION;
	struct event_transaction_reported *t = arena_alloc(a, sizeof *t);
	const char *id = arena_printf(a, "CP-%03lld", (long long)station);
	*t = (struct event_transaction_reported){
		.station_id = id,
		.transaction_id = arena_printf(a, "7f3c9a52-1b64-4d0c-%04lld-%012lld",
			(long long)station, (long long)transaction),
		.kind = seq == 0                          ? "Started"
			: seq == EVENTS_A_TRANSACTION - 1 ? "Ended"
							  : "Updated",
		.seq_no = seq,
		.trigger = "MeterValuePeriodic",
		.has_evse_id = true,
		.evse_id = 1,
		.has_connector_id = true,
		.connector_id = 1,
		.charging_state = "Charging",
		.has_meter_wh = true,
		.meter_wh = (double)seq * 183.4,
		.has_meter_at = true,
		.meter_at = at,
		.has_power_w = true,
		.power_w = 10987.5,
		.samples = 2,
	};
	const struct db_event e = {
		.stream = arena_printf(a, "transaction/%s/%s", id, t->transaction_id),
		.expect_version = DB_ANY_VERSION,
		.type = EVENT_TRANSACTION_REPORTED,
		.payload = t,
		.at = at,
		.received = at,
		.cause = "b2c4f7a1-6d0e-4a39-8f55-0c1d2e3f4a5b",
		.idem = arena_printf(a, "%lld", (long long)seq),
		.actor = arena_printf(a, "station:%s", id),
	};
	db_batch_event(b, &e);
	db_batch_frame(b, id, DB_FRAME_IN, at, e.cause, "TransactionEvent", NULL, request,
		sizeof request - 1);
	db_batch_frame(b, id, DB_FRAME_OUT, at, e.cause, NULL, NULL, reply, sizeof reply - 1);
}

/* The loop of the daemon, in small: sleeps until the store wakes it, then drains. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t rung;
	bool woken;
	int64_t in_flight;
} loop = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, 0};

static void on_wake(void *arg)
{
	pthread_mutex_lock(&loop.lock);
	loop.woken = true;
	pthread_cond_signal(&loop.rung);
	pthread_mutex_unlock(&loop.lock);
}

/* Sleeps until the store wakes us or `due` (seconds, 0: no end) has come. */
static void wait_wake(double due)
{
	const struct timespec until = {(time_t)due, (long)((due - floor(due)) * 1e9)};
	int rc = 0;
	pthread_mutex_lock(&loop.lock);
	while (!loop.woken && rc == 0)
		rc = due > 0 ? pthread_cond_timedwait(&loop.rung, &loop.lock, &until)
			     : pthread_cond_wait(&loop.rung, &loop.lock);
	loop.woken = false;
	pthread_mutex_unlock(&loop.lock);
}

struct run {
	int64_t events, each, in_flight, rate;
	double *waits; /* of each batch: when it was due, then how long it took */
	size_t batches;
};

static void on_done(void *arg, const struct db_result *r)
{
	double *wait = arg;
	*wait = seconds(CLOCK_MONOTONIC) - *wait;
	loop.in_flight -= r->status == 0;
}

/* One batch each time that is due, or as soon as there is room. */
static int fill(struct db *db, struct run *run)
{
	double start = seconds(CLOCK_MONOTONIC);
	for (int64_t n = 0; n < run->events;) {
		double due = run->rate ? start + (double)n / (double)run->rate : 0;
		while (due > seconds(CLOCK_MONOTONIC)) {
			wait_wake(due);
			db_drain(db);
		}
		struct db_batch *b = db_batch_create(db);
		if (!b)
			return -1;
		wall_t at = {1773268812345 + n};
		for (int64_t i = 0; i < run->each && n < run->events; i++)
			add_event(b, n++, at);
		double *wait = &run->waits[run->batches++];
		*wait = due > 0 ? due : seconds(CLOCK_MONOTONIC);
		if (db_submit(db, b, on_done, wait) < 0)
			return -1;
		loop.in_flight++;
		while (loop.in_flight * run->each >= run->in_flight) {
			wait_wake(0);
			db_drain(db);
		}
	}
	return db_flush(db);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void print_waits(struct run *run)
{
	qsort(run->waits, run->batches, sizeof *run->waits, by_size);
	printf("bench: db.durable_p50_ms %.2f ms\n", run->waits[run->batches / 2] * 1e3);
	printf("bench: db.durable_p99_ms %.2f ms\n", run->waits[run->batches * 99 / 100] * 1e3);
	printf("bench: db.durable_max_ms %.2f ms\n", run->waits[run->batches - 1] * 1e3);
}

/* Runs, prints; -1: the store failed. */
static int measure(struct db *db, struct run *run)
{
	struct db_stats s;
	char why[300];
	double wall = seconds(CLOCK_MONOTONIC), cpu = cpu_seconds();
	int rc = fill(db, run);
	wall = seconds(CLOCK_MONOTONIC) - wall;
	cpu = cpu_seconds() - cpu;
	db_stats(db, &s);
	if (rc < 0 || s.events != run->events) {
		fprintf(stderr, "bench-db: the store failed: %s\n",
			db_healthy(db, why) ? "events are missing" : why);
		return -1;
	}
	printf("bench: db.events_per_s %.0f events/s\n", (double)s.events / wall);
	printf("bench: db.cpu_us_per_event %.1f us\n", cpu * 1e6 / (double)s.events);
	printf("bench: db.events_per_commit %.1f events\n", (double)s.events / (double)s.commits);
	if (run->rate)
		print_waits(run);
	return 0;
}

static void remove_store(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	char path[600];
	while (d && (e = readdir(d)) != NULL) {
		snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
		unlink(path);
	}
	if (d)
		closedir(d);
	rmdir(dir);
}

static int64_t number(int argc, char **argv, int i, int64_t missing)
{
	return argc > i ? atoll(argv[i]) : missing;
}

static void init_bell(void)
{
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&loop.rung, &attr);
	pthread_condattr_destroy(&attr);
}

int main(int argc, char **argv)
{
	struct run run = {
		.events = number(argc, argv, 1, 100000),
		.each = number(argc, argv, 2, 10),
		.in_flight = number(argc, argv, 3, 2000),
		.rate = number(argc, argv, 4, 0),
	};
	char dir[300], why[300];
	const char *root = getenv("TMPDIR");
	snprintf(dir, sizeof dir, "%.200s/bench-db-XXXXXX", root ? root : P_tmpdir);
	if (run.events > 0)
		run.waits = calloc((size_t)run.events, sizeof *run.waits);
	if (!run.waits || run.each < 1 || run.in_flight < 1 || run.rate < 0 || !mkdtemp(dir)) {
		fprintf(stderr, "usage: bench-db [EVENTS [EVENTS_PER_BATCH [EVENTS_IN_FLIGHT "
				"[EVENTS_PER_S]]]]\n");
		return 2;
	}
	init_bell();
	const struct db_config cfg = {.dir = dir, .depot = "bench", .wake = on_wake};
	struct db *db = db_open(&cfg, why);
	int rc = -1;
	if (db)
		rc = measure(db, &run);
	else
		fprintf(stderr, "bench-db: %s\n", why);
	db_close(db);
	remove_store(dir);
	free(run.waits);
	return rc == 0 ? 0 : 1;
}
