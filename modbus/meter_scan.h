/*
 * Scan: asks every unit of a gateway or bus whether it is there, and what it is. One thread a scan;
 * whoever made it looks at it from another thread as often as he likes, and may cancel it.
 */
#ifndef MODBUS_METER_SCAN_H
#define MODBUS_METER_SCAN_H

#include "modbus/meter_identify.h"
#include "modbus/meter_link.h"

#define METER_SCAN_FAMILIES 100 /* most register maps that are tried */

struct meter_scan;

struct meter_scan_config {
	struct meter_link_config link; /* timeout_ms: of each request, short */
	int first, last; /* units, 0..247 */
	const char *maps; /* folder of register maps, read by the thread; NULL: do not identify */
	void (*wake)(void *); /* called on the thread at each find and at the end; may be NULL */
	void *wake_arg;
};

struct meter_scan_unit {
	int unit;
	bool is_refusing; /* it answered, but only with exceptions */
	int64_t latency_us; /* of its first answer */
	int guess_count;
	struct meter_guess guesses[METER_GUESSES];
};

struct meter_scan_state {
	int first, last;
	int next; /* unit that is asked now */
	int found; /* units so far */
	bool is_over, is_cancelled;
	char error[200]; /* why it could not go on, "" if it could */
};

/* Starts the thread. Copies the config. NULL with one line for a person. */
struct meter_scan *meter_scan_create(const struct meter_scan_config *config, char why[200]);

void meter_scan_look(struct meter_scan *s, struct meter_scan_state *out);

/* The `index`-th find. False: there are not so many. */
bool meter_scan_unit(struct meter_scan *s, int index, struct meter_scan_unit *out);

/* Ends it after the request under way. */
void meter_scan_cancel(struct meter_scan *s);

/* Cancels, waits for the thread (a request at most) and frees all. NULL is fine. */
void meter_scan_destroy(struct meter_scan *s);

#endif
