/*
 * Plausibility: what a meter says is believed only as far as physics and its own past allow.
 *
 * A value that fails stays in the reading, marked METER_SUSPECT. Pure: time is that of the
 * readings. One history belongs to one meter and to one thread.
 */
#ifndef MODBUS_METER_CHECK_H
#define MODBUS_METER_CHECK_H

#include "modbus/meter_map.h"

/* So many readings in a row that agree with one another but not with the past, and an energy
 * register is believed to have begun anew (the meter was replaced or reset). */
#define METER_REBASE_READINGS 10

/* The past of one energy register. */
struct meter_energy {
	bool has_last;
	double last_wh; /* newest value that was believed */
	int64_t last_ms;
	int odd_count; /* values in a row that were not */
	double odd_wh;
	int64_t odd_ms;
};

struct meter_history {
	struct meter_energy import, export;
	bool has_previous;
	struct meter_value previous[METER_QUANTITIES];
	int64_t changed_at_ms;
};

void meter_history_init(struct meter_history *h);

/* Checks and marks `r` (its at_ms set), fills changed_at_ms and is_rebased, and remembers it.
 *   bounds   a value no meter of a depot can have
 *   energy   must not fall, nor rise faster than 100 MW could make it
 *   frozen   nothing changed for `frozen_ms` (0: off): a gateway that repeats itself; all values */
void meter_history_check(struct meter_history *h, struct meter_reading *r, int64_t frozen_ms);

#endif
