/*
 * Scans: who looks for meters on which gateway or bus, a thread each (modbus/meter_scan.h). A few at
 * a time; the last ones are kept to be looked at. Loop thread only.
 *
 * It goes where meters may be (csms/metering/meter_place.h), and to serial devices that no meter uses, since a
 * bus has one master.
 */
#ifndef CSMS_SCANS_H
#define CSMS_SCANS_H

#include "csms/core.h"
#include "modbus/meter_scan.h"

#define SCANS_KEPT    8
#define SCANS_RUNNING 2 /* at a time */

struct scans;

struct scan_order {
	const char *host; /* NULL: device */
	int port;
	const char *device;
	int baud;
	char parity; /* N, E, O */
	int stop_bits;
	int timeout_ms;
	int first, last;
	bool is_identifying;
};

struct scan {
	char id[OCPP_MESSAGE_ID_SIZE];
	char link[320]; /* "tcp 10.0.0.5:502" */
	wall_t started;
	struct meter_scan *scan;
};

struct scans *scans_create(struct core *c);

/* May depotd connect there? 0; or -1 with one line for a person. */
int scans_judge(const struct core *c, const struct scan_order *o, char why[300]);

/* Starts a scan. NULL with the HTTP status that fits and one line: 400 not allowed, 409 too many,
 * 503 no memory. */
const struct scan *scans_start(
	struct scans *s, const struct scan_order *o, const char *actor, int *status, char why[300]);

const struct scan *scans_find(const struct scans *s, const char *id);

/* Newest first; NULL behind the last. */
const struct scan *scans_at(const struct scans *s, int index);

/* Ends all scans, within a request of each. NULL is fine. */
void scans_destroy(struct scans *s);

#endif
