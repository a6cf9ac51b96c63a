/*
 * Phases: which phases of the grid a charging place loads, and how heavily. The L1 of a charger is
 * not that of the feeder: electricians rotate them, so that single-phase vehicles, which all use
 * the charger's L1, are shared out.
 *
 * Power spreads by sixths (struct grid_electric). A pattern is either exact, or the most that each
 * phase can get of what was allowed: a command is a current of each phase, so a vehicle that uses
 * fewer phases than thought draws less in all and no more on any of them.
 *
 * Pure; integers.
 */
#ifndef SCHEDULER_PHASES_H
#define SCHEDULER_PHASES_H

#include "scheduler/grid.h"

/* Phases of the grid (R, S, T) that L1, L2, L3 of a charger hang on, as OCPP writes PhaseRotation;
 * of a single-phase one its only phase. */
enum phases_rotation {
	PHASES_UNKNOWN,
	PHASES_RST,
	PHASES_RTS,
	PHASES_SRT,
	PHASES_STR,
	PHASES_TRS,
	PHASES_TSR,
	PHASES_R,
	PHASES_S,
	PHASES_T,
	PHASES_ROTATIONS
};

/* As OCPP writes them; "" for the unknown one. */
extern const char *const phases_rotation_names[PHASES_ROTATIONS];
enum phases_rotation phases_rotation_find(const char *name); /* PHASES_UNKNOWN: none of them */

/* What is known of an EVSE and what is plugged into it. */
struct phases_facts {
	bool is_dc; /* its rectifiers load all phases alike */
	int phases; /* of the EVSE, 1..3 */
	enum phases_rotation rotation;
	int vehicle; /* phases that the vehicle is said to use, 0: not known */
	unsigned
		used; /* bits of the charger's phases that were measured to carry it, 0: not known */
};

struct phases_pattern {
	uint8_t sixths[GRID_PHASES]; /* of its power, on L1, L2, L3 of the grid */
	bool exact; /* … in just these parts; else no more than these */
	int phases; /* by which a power divides into the current of each phase */
};

struct phases_pattern phases_find(const struct phases_facts *f);

/* Can a place with so many phases hang there? R, S and T are one phase. */
bool phases_fit(enum phases_rotation r, int phases);

/* Grid phase (0..2) that the charger's phase (0..2) hangs on, -1: not known. */
int phases_place(enum phases_rotation r, int phase);

/* What is learnt of one charging session from the currents of the charger's own meter. */
struct phases_learner {
	unsigned used; /* bits; 0: nothing yet */
	unsigned seen; /* by the last measurements, since … */
	int64_t since_ms;
};

/* A measurement: a phase above 1 A carries the vehicle. One that was not reckoned with (`expected`,
 * bits, while nothing is learnt; 0: any) counts at once; fewer count when they lasted 10 s. True:
 * `used` has changed. */
bool phases_learn(
	struct phases_learner *l, int64_t now_ms, const int32_t ma[GRID_PHASES], unsigned expected);

#endif
