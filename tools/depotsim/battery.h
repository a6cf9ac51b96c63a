/*
 * Battery: what a van takes from its socket, second by second, in whole milliwatt-seconds.
 *
 * Full power up to 80 % of the capacity, from there falling in a straight line towards full, but
 * never below the least that the van can take, so that it does become full. Pure arithmetic.
 */
#ifndef DEPOTSIM_BATTERY_H
#define DEPOTSIM_BATTERY_H

#include <stdbool.h>
#include <stdint.h>

#define MWS_PER_WH INT64_C(3600000)

struct battery {
	int64_t capacity_mws;
	int64_t stored_mws;
	int64_t max_mw; /* from this kind of socket */
	int64_t min_mw; /* with less the van does not charge */
	int efficiency_permille;
	int64_t remainder; /* thousandths of a milliwatt-second, not yet stored */
};

/* What the van would draw in the next second if nothing limited it; 0 when full. */
int64_t battery_wants_mw(const struct battery *b);

/* One second at `mw` from the socket, which must not be above battery_wants_mw(). */
void battery_charge(struct battery *b, int64_t mw);

bool battery_is_full(const struct battery *b);

/* State of charge in tenths of a percent. */
int battery_soc_permille(const struct battery *b);

#endif
