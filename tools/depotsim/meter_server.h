/*
 * Meter server: one Modbus TCP server that poses as some family of meters (pose.h), in a thread of
 * its own. The only user of libmodbus here.
 *
 * meter_server_set() and meter_server_trouble() may be called from one other thread.
 */
#ifndef DEPOTSIM_METER_SERVER_H
#define DEPOTSIM_METER_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include "tools/depotsim/pose.h"

/* What the meter measures. Power by phase; import and export since it was mounted. */
struct meter_values {
	double volts;
	int64_t phase_mw[3];
	int64_t import_mws;
	int64_t export_mws;
	double soc_pct, stored_wh; /* of a storage */
};

enum meter_trouble {
	METER_FINE,
	METER_SILENT, /* takes the request and answers nothing */
	METER_FROZEN, /* answers with the values of the moment it froze */
};

struct meter_server;

/* Listens on `host` (an address) and `port` (0: any free one) as `unit`. NULL with `why`. */
struct meter_server *meter_server_create(
	const char *host, int port, int unit, const struct pose *pose, char why[200]);

int meter_server_port(const struct meter_server *m);
void meter_server_set(struct meter_server *m, const struct meter_values *v);
/* What its setpoint was written to since this was asked last; false: it was not. */
bool meter_server_told(struct meter_server *m, double *w);
void meter_server_trouble(struct meter_server *m, enum meter_trouble trouble);

/* Requests answered so far. */
int64_t meter_server_reads(struct meter_server *m);

void meter_server_destroy(struct meter_server *m);

#endif
