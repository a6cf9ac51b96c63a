/*
 * Server: a depotd of the bench's own in a folder of its own: its files, its process, and what the
 * kernel says that it uses.
 */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include <sys/types.h>

struct server {
	char dir[400];
	pid_t pid; /* 0: not running */
	int plain_port, tls_port;
	int meter_port; /* of a Modbus meter of the site, set before server_prepare(); 0: none */
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

/* CPU time of all its threads so far. */
double server_cpu_s(const struct server *s);

/* Its resident memory in bytes. */
double server_rss(const struct server *s);

/* The file with the depot's root certificate. */
void server_root(const struct server *s, char out[500]);

/* Ends it by SIGTERM. 0, or -1 with a line on stderr when it did not end well. */
int server_stop(struct server *s);

#endif
