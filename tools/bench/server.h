/*
 * Server: a depotd of the bench's own in a folder of its own: its files, its process, and what the
 * kernel says that it uses.
 */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

/* The row of van %d, YAML and JSON alike: its battery, at a fifth by what the stations tell, wants 48
 * kWh. */
#define SERVER_VAN                                                                                 \
	"{\"id\": \"VAN-%d\", \"battery_wh\": 80000, \"max_ac_w\": 11000, \"max_dc_w\": 0}"

struct server {
	char dir[400];
	pid_t pid; /* 0: not running */
	int plain_port, tls_port;
	int meter_port; /* of a Modbus meter of the site, set before server_prepare(); 0: none */
	bool has_vans; /* set before too: a described van at each EVSE, a site that carries about half
	                * of them, a price that is low for the next hours */
	double ready_s; /* from its exec to the first "ready" */
};

/* Gives this process, and any depotd that it starts, a processor each where there are two. */
void server_pin(void);

/* Makes `dir` with the settings and a store of `stations` known stations. 0, or -1 with a line on
 * stderr. */
int server_prepare(struct server *s, const char *dir, int stations, const char *password);

/* What its site may carry. */
double server_limit_w(const struct server *s, int stations);

/* Starts depotd and waits until it says that it is ready. 0, or -1 with a line on stderr. */
int server_start(struct server *s, const char *depotd);

/* A request by its socket. server_ask() only sends it and returns the connection, or -1;
 * server_answer() waits for the status, 0: none came, and closes it. */
int server_ask(const struct server *s, const char *method, const char *path, const char *json);
int server_answer(int fd);

/* Turns of its loop: the longest since the last look, in real time and in processor time, and how many
 * were longer than 50 ms since its start. */
struct server_turns {
	double max_ms, max_cpu_ms, over_50ms, over_50ms_cpu;
};
struct server_turns server_turns(const struct server *s);

/* CPU time of all its threads so far. */
double server_cpu_s(const struct server *s);

/* Its resident memory in bytes. */
double server_rss(const struct server *s);

/* The file with the depot's root certificate. */
void server_root(const struct server *s, char out[500]);

/* Ends it by SIGTERM. 0, or -1 with a line on stderr when it did not end well. */
int server_stop(struct server *s);

#endif
