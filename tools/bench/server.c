#include "tools/bench/server.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/bench/meter.h"
#include "tools/bench/seed.h"
#include "tools/bench/station.h"

#define READY_LIMIT_S 60
#define STOP_LIMIT_S  10
#define W_PER_STATION 12000 /* of its feeder's limit: half of what its EVSE could draw */
#define W_WITH_METER  23000 /* … all of it, and the margin of 2 % */
#define W_WITH_VANS   6000 /* … of what the vans could take, about half */
#define CHEAP_H       8

static cpu_set_t server_cpus;
static bool is_pinned;

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void nap_ms(int ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL);
}

void server_pin(void)
{
	cpu_set_t all, mine;
	int found = 0;

	if (sched_getaffinity(0, sizeof all, &all) || CPU_COUNT(&all) < 2)
		return;
	CPU_ZERO(&server_cpus);
	CPU_ZERO(&mine);
	for (int i = 0; i < CPU_SETSIZE && found < 2; i++)
		if (CPU_ISSET(i, &all))
			CPU_SET(i, found++ ? &mine : &server_cpus);
	is_pinned = sched_setaffinity(0, sizeof mine, &mine) == 0;
}

/* -- files ------------------------------------------------------------------------------------ */

static FILE *create(const struct server *s, const char *name)
{
	char path[500];

	snprintf(path, sizeof path, "%s/%s", s->dir, name);
	return fopen(path, "w");
}

/* No limit stands in the way of what is measured; all else is as depotd comes. */
static int write_settings(const struct server *s)
{
	FILE *f = create(s, "depotd.yaml");

	if (!f)
		return -1;
	fputs("depot: depot.yaml\n"
	      "listen:\n"
	      "  console: {address: 127.0.0.1, port: 0}\n"
	      "  profile1: {address: 127.0.0.1, port: 0}\n"
	      "  profile2: {address: 127.0.0.1, port: 0}\n"
	      "  hosts: [localhost]\n"
	      "limits: {max_connections: 12000, messages_per_s: 100000, message_burst: 100000}\n",
		f);
	/* All stations boot at once, which is a return of power: vans need not wait for it here. */
	if (s->meter_port)
		fputs("meter_maps: .\n", f);
	if (s->meter_port || s->has_vans)
		fputs("control: {return_settle_s: 0, return_step_pct: 100}\n", f);
	return fclose(f);
}

/* With a meter every van may charge at once: what it shows decides. */
static long limit_of(const struct server *s, int stations)
{
	return (long)stations * (s->meter_port        ? W_WITH_METER
					: s->has_vans ? W_WITH_VANS
						      : W_PER_STATION);
}

double server_limit_w(const struct server *s, int stations)
{
	return (double)limit_of(s, stations);
}

static int write_meter(const struct server *s, FILE *depot)
{
	FILE *f = create(s, "bench.yaml");

	if (!f)
		return -1;
	fprintf(depot,
		"meters:\n  - {id: main, map: bench, tcp: {host: 127.0.0.1, port: %d}, poll_ms: "
		"100}\n",
		s->meter_port);
	meter_write_map(f);
	return fclose(f);
}

/* The hours of low price begin with this one, so that there is something to gain now. */
static void write_vans(FILE *depot, int stations)
{
	int hour = (int)(time(NULL) / 3600 % 24), end = (hour + CHEAP_H) % 24;
	char name[16];

	fputs("vehicles:\n", depot);
	for (int i = 0; i < stations; i++)
		fprintf(depot, "  - " SERVER_VAN "\n", i);
	fputs("bays:\n", depot);
	for (int i = 0; i < stations; i++) {
		station_name(i, name);
		fprintf(depot, "  - {station: %s, evse: 1, vehicle: VAN-%d}\n", name, i);
	}
	fprintf(depot,
		"tariffs:\n  - id: bench\n    currency: EUR\n    import: [{id: energy, periods: "
		"[{id: low, hours: ['%02d:00-%02d:00'], price: 0.1}, "
		"{id: high, hours: ['%02d:00-%02d:00'], price: 0.3}]}]\n",
		hour, end ? end : 24, end, hour ? hour : 24);
}

static int write_depot(const struct server *s, int stations)
{
	FILE *f = create(s, "depot.yaml");
	long limit_w = limit_of(s, stations);

	if (!f)
		return -1;
	fprintf(f,
		"depot: bench\nname: Bench\ntimezone: UTC\nnodes:\n"
		"  - {id: site, kind: site, limit_w: %ld%s}\n",
		limit_w, s->meter_port ? ", meter: main" : "");
	for (int i = 0; i < SEED_FEEDERS; i++)
		fprintf(f, "  - {id: f%d, kind: feeder, parent: site, limit_w: %ld}\n", i,
			limit_w / SEED_FEEDERS);
	if (s->has_vans)
		write_vans(f, stations);
	if (s->meter_port && write_meter(s, f)) {
		fclose(f);
		return -1;
	}
	return fclose(f);
}

int server_prepare(struct server *s, const char *dir, int stations, const char *password)
{
	char data[500], why[300];

	*s = (struct server){.meter_port = s->meter_port, .has_vans = s->has_vans};
	snprintf(s->dir, sizeof s->dir, "%s", dir);
	snprintf(data, sizeof data, "%s/data", s->dir);
	if ((mkdir(s->dir, 0700) && errno != EEXIST) || mkdir(data, 0700) || write_settings(s) ||
		write_depot(s, stations)) {
		fprintf(stderr, "bench: cannot write to %s: %s\n", s->dir, strerror(errno));
		return -1;
	}
	if (seed_store(data, stations, password, why)) {
		fprintf(stderr, "bench: %s\n", why);
		return -1;
	}
	return 0;
}

/* -- process ---------------------------------------------------------------------------------- */

static void become_depotd(const struct server *s, const char *depotd)
{
	char config[500], data[500], log[500];
	struct rlimit files;
	int fd;

	snprintf(config, sizeof config, "%s/depotd.yaml", s->dir);
	snprintf(data, sizeof data, "%s/data", s->dir);
	snprintf(log, sizeof log, "%s/depotd.log", s->dir);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd >= 0) {
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
	}
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max < 65536 ? files.rlim_max : 65536;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	if (is_pinned)
		sched_setaffinity(0, sizeof server_cpus, &server_cpus);
	execl(depotd, depotd, "--config", config, "--data", data, (char *)NULL);
	fprintf(stderr, "cannot run %s: %s\n", depotd, strerror(errno));
	_exit(127);
}

int server_ask(const struct server *s, const char *method, const char *path, const char *json)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char text[1500];
	int len = snprintf(text, sizeof text,
		"%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
		"Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
		method, path, strlen(json), json);

	if ((size_t)snprintf(to.sun_path, sizeof to.sun_path, "%s/data/depotd.sock", s->dir) >=
		sizeof to.sun_path)
		fprintf(stderr, "bench: the path of the build folder is too long for a socket\n");
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0 &&
		send(fd, text, (size_t)len, MSG_NOSIGNAL) == len)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

int server_answer(int fd)
{
	char text[16] = "";
	bool came = fd >= 0 && recv(fd, text, 12, MSG_WAITALL) == 12;

	if (fd >= 0)
		close(fd);
	return came ? atoi(text + 9) : 0;
}

static double metric_in(const char *text, const char *name)
{
	char line[200];
	const char *at;

	snprintf(line, sizeof line, "\n%.190s ", name);
	at = strstr(text, line);
	return at ? atof(at + strlen(line)) : -1;
}

struct server_turns server_turns(const struct server *s)
{
	static char text[1 << 20];
	int fd = server_ask(s, "GET", "/metrics", "");
	size_t len = 0;
	ssize_t n = 1;

	while (fd >= 0 && len < sizeof text - 1 && n > 0) {
		n = recv(fd, text + len, sizeof text - 1 - len, 0);
		len += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0)
		close(fd);
	text[len] = '\0';
	return (struct server_turns){
		.max_ms = metric_in(text, "depotd_loop_turn_max_seconds") * 1000,
		.max_cpu_ms = metric_in(text, "depotd_loop_turn_cpu_max_seconds") * 1000,
		.over_50ms = metric_in(text, "depotd_loop_turns_total{over=\"0.05\"}"),
		.over_50ms_cpu = metric_in(text, "depotd_loop_turns_cpu_total{over=\"0.05\"}"),
	};
}

static bool is_ready(const struct server *s)
{
	return server_answer(server_ask(s, "GET", "/readyz", "")) == 200;
}

static int read_port(const struct server *s, const char *name)
{
	char path[500];
	int port = -1;
	FILE *f;

	snprintf(path, sizeof path, "%s/data/%s.port", s->dir, name);
	f = fopen(path, "r");
	if (!f)
		return -1;
	if (fscanf(f, "%d", &port) != 1)
		port = -1;
	fclose(f);
	return port;
}

int server_start(struct server *s, const char *depotd)
{
	double begin = now_s();

	s->pid = fork();
	if (s->pid == 0)
		become_depotd(s, depotd);
	while (!is_ready(s)) {
		if (s->pid < 0 || waitpid(s->pid, NULL, WNOHANG) ||
			now_s() - begin > READY_LIMIT_S) {
			fprintf(stderr, "bench: depotd did not start; see %s/depotd.log\n", s->dir);
			return -1;
		}
		nap_ms(1);
	}
	s->ready_s = now_s() - begin;
	s->plain_port = read_port(s, "profile1");
	s->tls_port = read_port(s, "profile2");
	return s->plain_port > 0 && s->tls_port > 0 ? 0 : -1;
}

double server_cpu_s(const struct server *s)
{
	struct timespec t = {0};
	clockid_t clock;

	if (clock_getcpuclockid(s->pid, &clock) || clock_gettime(clock, &t))
		return 0;
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double server_rss(const struct server *s)
{
	char path[64];
	long size, resident = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/statm", (int)s->pid);
	f = fopen(path, "r");
	if (!f)
		return 0;
	if (fscanf(f, "%ld %ld", &size, &resident) != 2)
		resident = 0;
	fclose(f);
	return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

void server_root(const struct server *s, char out[500])
{
	snprintf(out, 500, "%s/data/pki/root.pem", s->dir);
}

int server_stop(struct server *s)
{
	double begin = now_s();
	int status = 0;
	pid_t gone = 0;

	if (s->pid <= 0)
		return 0;
	kill(s->pid, SIGTERM);
	while ((gone = waitpid(s->pid, &status, WNOHANG)) == 0 && now_s() - begin < STOP_LIMIT_S)
		nap_ms(5);
	if (gone == 0) {
		kill(s->pid, SIGKILL);
		waitpid(s->pid, &status, 0);
	}
	s->pid = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	fprintf(stderr, "bench: depotd did not end well; see %s/depotd.log\n", s->dir);
	return -1;
}
