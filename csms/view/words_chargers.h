/*
 * Words of chargers: how it stands with all of them, and with one. Sentences as csms/words.h has them.
 * Pure.
 */
#ifndef CSMS_WORDS_CHARGERS_H
#define CSMS_WORDS_CHARGERS_H

#include "csms/words.h"

/* All chargers in numbers; names of one where there is only one, else NULL. */
struct words_chargers {
	int chargers;
	int silent, pending, rejected; /* the last two of those that are connected */
	int evses, charging, free, faulted;
	const char *silent_name; /* of the first one */
	wall_t silent_since; /* ms 0: it was never here */
	const char *faulted_name; /* "CP-B3 EVSE 1", of the first one */
};

/* "CP-Y4 is silent since 21:59. 1 EVSE has a fault." */
void words_chargers_sentence(struct text *t, const struct words_chargers *n, wall_t now);

/* "14 of 24 EVSEs charge, 5 are free." */
void words_chargers_sub(struct text *t, const struct words_chargers *n);

/* One charger: its EVSEs as csms/fleet.h calls their states, in order. */
struct words_charger {
	const char *name;
	bool is_connected, is_pending, is_rejected;
	wall_t last_seen, now;
	int evses;
	const char *const *states;
};

/* "CP-B3: EVSE 1 has a fault, EVSE 2 charges." */
void words_charger_sentence(struct text *t, const struct words_charger *c);

#endif
