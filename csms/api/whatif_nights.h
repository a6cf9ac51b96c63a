/*
 * The nights that a what-if looks at: of each the plan in which most vehicles are, the first of such: later
 * ones have less left to plan. A night goes from noon to noon of the depot's clock. Pure; any thread.
 */
#ifndef CSMS_API_WHATIF_NIGHTS_H
#define CSMS_API_WHATIF_NIGHTS_H

#include <stddef.h>

#include "db/query_access.h"

/* Of a list that is newest first; the newest `max` nights, newest first. Returns how many. The night of
 * now is not over, and counts only where there is no other: *is_tonight. */
size_t whatif_nights(const struct db_plan_list *list, wall_t now, const struct db_plan **best,
	size_t max, bool *is_tonight);

#endif
