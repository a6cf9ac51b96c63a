/*
 * Wiring of a meter against the chargers below it: what their own meters tell of each phase, summed up by
 * the phases of the grid that their `rotation` names (scheduler/wiring.h). Loop thread only.
 */
#ifndef CSMS_WIRING_CHARGERS_H
#define CSMS_WIRING_CHARGERS_H

#include "csms/core.h"
#include "scheduler/wiring.h"

/* W on each phase of the grid by each EVSE of the tree: [evses]; NULL: no memory, or no tree. free() it. */
struct wiring_load {
	bool is_told; /* its phases are known, also where it draws nothing */
	bool is_late; /* … but not what they carry just now */
	double w[WIRING_PHASES];
};
struct wiring_load *wiring_loads(const struct core *c, wall_t now);

/* Some EVSE below that node of the depot tells its phases. */
bool wiring_has_chargers(const struct core *c, const char *node, const struct wiring_load *loads);

/* Their sum. False: of some it is not known now. */
bool wiring_sum(const struct core *c, const char *node, const struct wiring_load *loads,
	double out[WIRING_PHASES]);

/* Somebody charges below node `above` and below none of the others, which are depot nodes' ids. */
bool wiring_charges_beside(
	const struct core *c, const char *above, const char *const *others, int count);

/* What a verdict means for the electrician; `self` is what the meter shows by itself. */
const char *wiring_chargers_words(const struct wiring_verdict *v, const struct wiring_self *self,
	const char *meter, char out[600]);

#endif
