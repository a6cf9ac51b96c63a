/*
 * Battery: how much power a vehicle takes as it fills. Full power up to a knee (80 %), then a
 * straight fall to a floor (5 %) at 100 %. Pure integer arithmetic, no allocation.
 *
 * Power is in W at the charge point's meter. Energy in the battery is in mJ (one W drawn for one
 * second at an efficiency of e per mille stores exactly e mJ, so nothing is lost to rounding).
 */
#ifndef SCHEDULER_BATTERY_H
#define SCHEDULER_BATTERY_H

#include <stdbool.h>
#include <stdint.h>

#define BATTERY_MJ_PER_WH INT64_C(3600000)

struct battery {
	int64_t capacity_wh; /* 0: unknown, never full and never tapers; at most 100 MWh */
	int32_t max_w; /* accepted below the knee; at most 10 MW */
	int knee_pm; /* state of charge where the fall begins, 0..1000 */
	int floor_pm; /* of max_w, accepted when full, 1..1000 */
	int efficiency_pm; /* of what is drawn, stored: 1..1000 */
};

/* The usual van: knee 80 %, floor 5 %, efficiency 90 %. */
struct battery battery_default(int64_t capacity_wh, int32_t max_w);

/* True when every field is within its bounds; the calls below rely on it. */
bool battery_valid(const struct battery *b);

/* Content up to which all of max_w is accepted; INT64_MAX: ever. */
int64_t battery_knee_mj(const struct battery *b);

/* Power accepted at this content; 0 when full. */
int32_t battery_accept_w(const struct battery *b, int64_t stored_mj);

/* The greatest constant power that it accepts during all of the next `seconds` (1..86400). */
int32_t battery_hold_w(const struct battery *b, int64_t stored_mj, int64_t seconds);

/* Offers `offer_w` for `seconds`; adds to *stored_mj what is stored, never beyond full, and never
 * more than a real battery of this shape would take. Returns the energy drawn, in W·s. */
int64_t battery_charge(
	const struct battery *b, int64_t *stored_mj, int32_t offer_w, int64_t seconds);

/* Seconds at `offer_w` until target_mj (capped at full) is stored, or -1: not within `max_s`. */
int64_t battery_time_s(const struct battery *b, int64_t stored_mj, int64_t target_mj,
	int32_t offer_w, int64_t max_s);

#endif
