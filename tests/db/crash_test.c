/*
 * kill -9 at any moment: what was acknowledged is in the journal, the chain holds, the projections
 * are what the journal gives.
 *
 *   crash_test [ROUNDS [SEED]]
 *
 * Each round a child opens the store, writes, and reports every acknowledged batch through a pipe;
 * the parent kills it at a random moment, also while it opens, migrates or recovers, and looks.
 */
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "db/care.h"
#include "db/db.h"
#include "db/query_log.h"
#include "gen/event.h"

#define ROUNDS_A_STORE 12
#define IDS_MAX        1000000
#define IN_FLIGHT      64
#define T0             1773268800000LL

static char dir[300];
static unsigned seed;

static int roll(int n)
{
	return rand_r(&seed) % n;
}

/* -- child ------------------------------------------------------------------------------------ */

static int report_fd, wake_fd[2], in_flight;

static void on_wake(void *arg)
{
	if (write(wake_fd[1], "w", 1) != 1)
		_exit(3);
}

static void on_done(void *arg, const struct db_result *r)
{
	int64_t id = (intptr_t)arg;
	in_flight--;
	if (r->status != 0 || write(report_fd, &id, sizeof id) != sizeof id)
		_exit(4);
}

static void add_transaction(struct db_batch *b, int64_t id)
{
	struct arena *a = db_batch_arena(b);
	struct event_transaction_reported *t = arena_alloc(a, sizeof *t);
	int seq = roll(8);
	*t = (struct event_transaction_reported){
		.station_id = arena_printf(a, "CP-%d", roll(20)),
		.transaction_id = arena_printf(a, "tx-%lld", (long long)id / 50),
		.kind = seq == 0   ? "Started"
			: seq == 7 ? "Ended"
				   : "Updated",
		.seq_no = seq,
		.trigger = "MeterValuePeriodic",
		.charging_state = "Charging",
		.has_meter_wh = true,
		.meter_wh = seq * 100.5,
	};
	const struct db_event e = {
		.stream = arena_printf(a, "transaction/%s/%s", t->station_id, t->transaction_id),
		.expect_version = DB_ANY_VERSION,
		.type = EVENT_TRANSACTION_REPORTED,
		.payload = t,
		.at = {T0 + id},
		.received = {T0 + id},
		.actor = "crash",
	};
	db_batch_event(b, &e);
	db_batch_frame(
		b, t->station_id, DB_FRAME_IN, e.at, "m", "TransactionEvent", NULL, "[2,\"m\"]", 7);
	db_batch_sample(b, "evse/CP-1/1/power_w", e.at, seq, 0);
}

/* The event by which the parent knows the batch again. */
static void add_marker(struct db_batch *b, int64_t id)
{
	static const struct event_station_booted boot = {
		.reason = "PowerUp", .vendor = "V", .model = "M", .interval_s = 60};
	struct arena *a = db_batch_arena(b);
	const struct db_event e = {
		.stream = arena_printf(a, "station/CP-%d", (int)(id % 20)),
		.expect_version = DB_ANY_VERSION,
		.type = EVENT_STATION_BOOTED,
		.payload = &boot,
		.at = {T0 + id},
		.received = {T0 + id},
		.idem = arena_printf(a, "%lld", (long long)id),
	};
	db_batch_event(b, &e);
}

static void child(int64_t first_id)
{
	char why[300];
	const struct db_config cfg = {.dir = dir, .depot = "demo", .wake = on_wake};
	if (pipe(wake_fd) < 0)
		_exit(2);
	struct db *db = db_open(&cfg, why);
	if (!db) {
		fprintf(stderr, "crash_test: child: %s\n", why);
		_exit(2);
	}
	for (int64_t id = first_id;; id++) {
		struct db_batch *b = db_batch_create(db);
		if (!b)
			_exit(2);
		for (int i = roll(4); i > 0; i--)
			add_transaction(b, id);
		add_marker(b, id);
		if (db_submit(db, b, on_done, (void *)(intptr_t)id) < 0)
			_exit(5);
		in_flight++;
		char rings[64];
		while (in_flight >= IN_FLIGHT && read(wake_fd[0], rings, sizeof rings) > 0)
			db_drain(db);
	}
}

/* -- parent ----------------------------------------------------------------------------------- */

static bool acked[IDS_MAX], stored[IDS_MAX];

/* Reads reports until `until_ms` have passed (negative: until the pipe ends). Highest id. */
static int64_t collect(int fd, int until_ms, int64_t highest)
{
	int64_t ids[512];
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		if (until_ms >= 0 && poll(&p, 1, until_ms) == 0)
			return highest;
		ssize_t n = read(fd, ids, sizeof ids);
		if (n <= 0)
			return highest;
		for (size_t i = 0; i < (size_t)n / sizeof *ids; i++) {
			if (ids[i] >= 0 && ids[i] < IDS_MAX)
				acked[ids[i]] = true;
			highest = ids[i] > highest ? ids[i] : highest;
		}
		if (until_ms >= 0)
			until_ms = until_ms > 2 ? until_ms - 2 : 0;
	}
}

static int64_t run_and_kill(int64_t first_id, int delay_ms)
{
	int fds[2];
	if (pipe(fds) < 0)
		exit(2);
	pid_t pid = fork();
	if (pid == 0) {
		close(fds[0]);
		report_fd = fds[1];
		child(first_id);
	}
	close(fds[1]);
	int64_t highest = collect(fds[0], delay_ms, first_id - 1);
	usleep((useconds_t)roll(3000));
	kill(pid, SIGKILL);
	highest = collect(fds[0], -1, highest);
	close(fds[0]);
	int status;
	waitpid(pid, &status, 0);
	if (!WIFSIGNALED(status)) {
		fprintf(stderr, "crash_test: the child ended by itself (%d)\n",
			WEXITSTATUS(status));
		exit(1);
	}
	return highest;
}

static void read_markers(struct db_reader *r, void *arg)
{
	int64_t *highest = arg, from = 1;
	while (from) {
		struct db_journal_page page;
		struct arena *a = arena_create(0);
		const struct db_journal_filter f = {
			.type = "StationBooted", .from = from, .limit = 10000};
		if (db_query_journal(r, &f, a, &page) < 0)
			exit(2);
		for (size_t i = 0; i < page.count; i++) {
			int64_t id = atoll(page.items[i].idem);
			stored[id] = true;
			*highest = id > *highest ? id : *highest;
		}
		from = page.next;
		arena_destroy(a);
	}
}

/* Opens the store as the daemon would after the crash. Highest id in it. */
static int64_t look(int64_t highest)
{
	char why[300];
	const struct db_config cfg = {.dir = dir, .depot = "demo"};
	if (db_rebuild_check(dir, NULL, NULL, why) == 1) {
		fprintf(stderr, "crash_test: projections differ: %s\n", why);
		exit(1);
	}
	struct db *db = db_open(&cfg, why);
	if (!db || db_read_now(db, read_markers, &highest) < 0) {
		fprintf(stderr, "crash_test: after the crash: %s\n", why);
		exit(1);
	}
	db_close(db);
	if (db_rebuild_check(dir, NULL, NULL, why) != 0 || db_check_files(dir, why) != 0) {
		fprintf(stderr, "crash_test: %s\n", why);
		exit(1);
	}
	return highest;
}

static int64_t count_lost(void)
{
	int64_t lost = 0;
	for (int64_t i = 0; i < IDS_MAX; i++)
		lost += acked[i] && !stored[i];
	return lost;
}

static void new_store(void)
{
	const char *root = getenv("TMPDIR");
	snprintf(dir, sizeof dir, "%.200s/crash-test-XXXXXX", root ? root : P_tmpdir);
	if (!mkdtemp(dir)) {
		perror("crash_test: mkdtemp");
		exit(2);
	}
	memset(acked, 0, sizeof acked);
	memset(stored, 0, sizeof stored);
}

static void remove_store(void)
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

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 60;
	seed = argc > 2 ? (unsigned)atoi(argv[2]) : 1;
	int64_t highest = 0, total = 0;
	for (int round = 0; round < rounds; round++) {
		if (round % ROUNDS_A_STORE == 0)
			new_store();
		/* The first rounds of a store hit it while it is made. */
		int delay_ms = round % ROUNDS_A_STORE < 3 ? roll(12) : roll(150);
		highest = run_and_kill(highest + 1, delay_ms);
		highest = look(highest);
		if (count_lost()) {
			fprintf(stderr,
				"crash_test: round %d (seed %d): %lld acknowledged batches lost\n",
				round, argc > 2 ? atoi(argv[2]) : 1, (long long)count_lost());
			return 1;
		}
		if (round % ROUNDS_A_STORE == ROUNDS_A_STORE - 1 || round == rounds - 1) {
			for (int64_t i = 0; i < IDS_MAX; i++)
				total += acked[i];
			remove_store();
			highest = 0;
		}
	}
	printf("crash_test: %d kills, %lld acknowledged batches, none lost\n", rounds,
		(long long)total);
	return 0;
}
