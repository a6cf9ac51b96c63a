/*
 * Identify: what kind of meter answers. SunSpec devices say so themselves; of the others each
 * register map is tried, and what it reads is judged by physics: voltages of a low-voltage grid, its
 * frequency, power that current and voltage can make. Families that share their registers cannot be
 * told apart; families without voltages cannot be recognised at all. Reads through a function of
 * the caller's.
 */
#ifndef MODBUS_METER_IDENTIFY_H
#define MODBUS_METER_IDENTIFY_H

#include "modbus/sunspec.h"

#define METER_GUESSES     6 /* most that are kept of one device */
#define METER_GUESS_LEAST 60 /* points that a guess needs */

/* Reads registers of the device; METER_DOWN: give up. */
typedef enum meter_result (*meter_read)(
	void *arg, enum meter_function function, int address, int count, uint16_t *out);

struct meter_guess {
	char map[61]; /* name of the register map; "sunspec" */
	char about[160]; /* "Eastron SDM630 Modbus", or who it says it is */
	int points; /* 0..100 */
	struct meter_reading reading; /* as that map reads it */
};

/* How much a reading looks like that of a real meter: 0 (cannot be) to 100. */
int meter_identify_judge(const struct meter_reading *r);

/* Tries SunSpec (`models`, NULL: not) and `count` maps. `out` gets the best guesses first; returns
 * how many there are. */
int meter_identify(meter_read read, void *arg, const struct meter_sunspec *models,
	const struct meter_map *const *maps, int count, struct meter_guess out[METER_GUESSES]);

#endif
