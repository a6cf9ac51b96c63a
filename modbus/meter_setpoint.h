/*
 * Setpoint: what a storage is told to draw or feed in, and for how long that holds without depotd.
 *
 * A command holds until a time; whoever gives it must renew it. The worker of the link writes it again
 * and again as long as it holds, then gives the device back to itself. If all of depotd ends, nobody
 * writes, and the device's own watchdog (lets_go_s of its map) does the same.
 *
 * A lease belongs to one worker thread; what it works on is handed to it, nothing here locks.
 */
#ifndef MODBUS_METER_SETPOINT_H
#define MODBUS_METER_SETPOINT_H

#include "modbus/meter_link.h"
#include "modbus/meter_map.h"

struct meter_command {
	bool is_on;
	int32_t w; /* above 0: it draws */
	int64_t until_us; /* by the link's mono_us; later it counts as off */
};

/* What came of the commands so far. */
struct meter_told {
	bool is_on; /* commanded from outside, as far as was written */
	int32_t w; /* written last */
	int64_t at_ms; /* … at this wall time, 0: never */
	int failures; /* in a row */
	char error[METER_ERROR_MAX]; /* of the last one, "": none */
};

struct meter_lease {
	const struct meter_setpoint *how;
	enum meter_order order; /* of the map */
	int unit;
	int64_t period_us; /* of the repetitions */
	int64_t lets_go_us;
	int64_t due_us; /* 0: at once, as for another command */
	int64_t written_us;
	uint64_t begun_at; /* the link's connections then */
	uint16_t beats;
	struct meter_told told;
};

/* For a map with a setpoint. `speed` of the caller's time against real time. */
void meter_lease_init(struct meter_lease *l, const struct meter_map *map, int unit, double speed);

/* Writes what is due, if anything is: the command, or its end. */
void meter_lease_run(struct meter_lease *l, const struct meter_command *c, struct meter_link *link,
	int64_t now_us, int64_t wall_ms);

/* When it wants to run next, INT64_MAX: not before another command comes. */
int64_t meter_lease_due_us(
	const struct meter_lease *l, const struct meter_command *c, int64_t now_us);

/* Gives the device back at once, in one try; nothing if it was not commanded. */
void meter_lease_end(struct meter_lease *l, struct meter_link *link);

#endif
