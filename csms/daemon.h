/*
 * The daemon in parts: csms/main.c starts and stops them, csms/listen.c opens what depotd listens on.
 */
#ifndef CSMS_DAEMON_H
#define CSMS_DAEMON_H

#include "csms/config.h"
#include "csms/core.h"
#include "csms/net/http_server.h"
#include "csms/metering/site_server.h"
#include "csms/net/tls.h"

struct options {
	const char *config, *data, *console;
	bool check;
	double speed;
	wall_t start;
	int64_t origin_us;
};

struct daemon {
	struct options opt;
	struct config config;
	struct core core;
	struct loop_wake *db_wake;
	struct tls_server *tls;
	struct tls_server *station_tls; /* of security profile 3; NULL: off */
	struct http_limits http_limits;
	struct site_server *site_server; /* NULL: off */
	struct http_server *file_server; /* NULL: files go by the console's */
	struct timer stop_timer;
	int exit_code;
};

/* Opens every listener of the config: stations, console and API, files, the building's Modbus. Their
 * ports are written into the data folder. 0 or -1 with one line. */
int daemon_listen(struct daemon *d, char why[400]);

#endif
