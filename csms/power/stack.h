/*
 * Stack: the charging profiles that a station is believed to hold, and the limits that others have
 * put on it, as one limit over time (K08): what an EVSE may draw by all of them together.
 *
 * A stack is a snapshot: it borrows from the station and lives until its next change. Loop thread.
 */
#ifndef CSMS_STACK_H
#define CSMS_STACK_H

#include "csms/core.h"
#include "csms/power/holding.h"
#include "scheduler/composite.h"

#define STACK_PERIODS_MAX 1000

struct stack {
	const struct station *station;
	const struct evse *evse; /* NULL: the station, the sum of its EVSEs */
	struct stack *parts; /* of the station: one an EVSE */
	struct composite_profile *items;
	const struct holding **by; /* of each item, NULL: an external limit */
	const char **source; /* of each item: "CSO", "EMS" … */
	int alone; /* items from here on bind each by itself: limits of others */
	int count;
	struct composite_context ctx;
	int64_t max_w;
};

struct stack_period {
	int64_t start_s;
	int64_t w;
	const struct holding *by; /* that rules, NULL: none or an external limit */
	const char *source; /* "CSO", "EMS" …; "rating" where nothing limits */
};

/* Of the EVSE, or of the whole station. -1: no memory. */
int stack_init(struct stack *k, const struct core *c, const struct station *s, const struct evse *e,
	struct arena *a);

/* Times are the station's own (csms/station/station_clock.h). */

/* The limit at `t`, never more than the rating; *until (may be NULL): nothing changes before. */
int64_t stack_w(const struct stack *k, wall_t t, wall_t *until);

/* From `from` for `duration_s`: at most STACK_PERIODS_MAX periods into `out`; their number. */
int stack_schedule(
	const struct stack *k, wall_t from, int64_t duration_s, struct stack_period *out);

#endif
