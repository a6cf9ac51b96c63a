/*
 * Vehicle charge: what is in the battery of a vehicle that is plugged in, and who says so. The charger,
 * telematics or a person tell its state of charge; else it may be known from before it was moved, the vehicle may
 * have said what it needs, or that it takes no more, or somebody described what it needs each time.
 * Where nobody says anything it is guessed, and what rests on that is said to be a guess.
 *
 * A vehicle says that it takes no more by SuspendedEV: it draws nothing though power is offered. That
 * counts until it draws again, leaves, or a reading of its state of charge from after it says otherwise.
 * Loop thread only.
 */
#ifndef CSMS_VEHICLE_CHARGE_H
#define CSMS_VEHICLE_CHARGE_H

#include "csms/core.h"

#define CHARGE_BY_GUESS_PCT 10 /* a battery that nobody measured is nearly empty: the worst case */

/* Source of the setpoint of one that takes no more: outlives a restart of depotd. */
#define CHARGE_BY_FULL_SOURCE "full"

/* Names are public (API): append only. */
enum charge_by {
	CHARGE_BY_CHARGER, /* its state of charge, told by the charger … */
	CHARGE_BY_TELEMATICS,
	CHARGE_BY_MOVED, /* … by the charger before it was moved */
	CHARGE_BY_NEEDS, /* what it needs, told by the vehicle (ISO 15118) */
	CHARGE_BY_DESCRIBED, /* … or in its description */
	CHARGE_BY_FULL, /* it takes no more */
	CHARGE_BY_GUESS, /* nobody says anything */
	CHARGE_BY_TRIP, /* not here yet: by what it left with and what its trip takes */
	CHARGE_BY_PERSON, /* its state of charge, told by a person */
	CHARGE_BY_COUNT
};
extern const char *const charge_by_names[CHARGE_BY_COUNT];

/* Somebody or something measured it. */
bool charge_by_is_known(enum charge_by by);

/* `name` as the record of a plan has it; NULL: of before it had it. */
bool charge_by_is_guess(const char *name);

struct vehicle_charge {
	enum charge_by by;
	double pct; /* -1: not told */
	const char *source; /* of the state of charge, for a person; NULL: it is not told */
};

/* Of the transaction at the EVSE. `v` NULL: nobody that we know. `target_pct`: that it is to leave
 * with; a little less told by a reading is not held against its own word. */
struct vehicle_charge vehicle_charge_of(const struct core *c, const struct evse *e,
	const struct vehicle *v, double target_pct, wall_t now);

/* Its state of charge alone, whatever it says itself; false: nobody tells it. */
bool vehicle_charge_told(const struct core *c, const struct evse *e, const struct vehicle *v,
	wall_t now, struct vehicle_charge *out);

/* True: it has just said that it takes no more, or drawn again. Cheap: asked in every cycle. */
bool vehicle_charge_watch(struct evse *e, wall_t now);

/* It takes no more, and is to be offered its least power for some minutes: one that only waited for a
 * time of its own takes it. */
bool vehicle_charge_is_asked(const struct evse *e, wall_t now);

#endif
