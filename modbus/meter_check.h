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

/* Energy by the registers against energy by the power, over a window. */
struct meter_balance {
	bool is_open;
	int64_t from_ms, last_ms;
	double last_w;
	double plus_wh, minus_wh; /* integral of the power above and below 0 */
	struct meter_value import, export; /* at the window's start */
	double odd; /* of the last whole window that disagreed: registers / power; 0: agreed */
	bool is_power_low; /* the registers say more import than the power does */
	double last_wh[2]; /* of the registers, with last_w … */
	int64_t moved_ms; /* … any of which last differed then */
	double step_wh; /* the smallest that a register was seen to make; 0: none yet */
	int64_t settles_ms; /* it hung: no window begins before */
};

struct meter_history {
	struct meter_balance balance;
	struct meter_energy import, export;
	bool has_previous;
	struct meter_value previous[METER_QUANTITIES];
	int64_t changed_at_ms;
};

void meter_history_init(struct meter_history *h);

/* Checks and marks `r` (its at_ms set), fills changed_at_ms and is_rebased, and remembers it.
 *   bounds   a value no meter of a depot can have
 *   energy   must not fall, nor rise faster than 100 MW could make it
 *   balance  over at least 10 minutes and 10 kWh the registers must agree with the integral of the
 *            power to a fifth: a wrong ratio, scale or unit does not. The energy is suspect then;
 *            the power too if it says less import, since a guard that believes it would be blind.
 *            Where power and registers stood still for a minute and then leapt, or stood still
 *            under load, the meter hung: the window begins anew
 *   frozen   it carries load, and nothing changed for `frozen_ms` (0: off): a gateway that repeats
 *            itself; all values. Of one that shows none it takes what chargers and other meters say
 *            (csms/power/control_doubt.c) */
void meter_history_check(struct meter_history *h, struct meter_reading *r, int64_t frozen_ms);

#endif
