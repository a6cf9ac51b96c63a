/* Past plans out of the journal, for the handlers of plans.c, plan_explain.c and whatif.c. */
#ifndef CSMS_API_PLAN_LOAD_H
#define CSMS_API_PLAN_LOAD_H

#include "csms/plan/plan_record.h"
#include "db/query_access.h"
#include "db/query_log.h"

#define PLANS_KEPT 1000 /* in the store, db/projection_control.c */
#define NIGHTS_KEPT                                                                                \
	400 /* … and of each older night the one with the most vehicles: a year is looked at */

struct plan_loaded {
	const char *id, *trigger;
	wall_t made_at;
	const struct event_plan_made *event;
	struct plan_record record;
	int status; /* of the answer, when it could not be loaded */
	char why[200];
};

/* Reader thread. `id` NULL: the newest; older ones than are kept come from the journal. False: status and why. */
bool plan_load(struct db_reader *r, const char *id, struct arena *a, struct plan_loaded *out);
/* The same of a row that is known. */
bool plan_load_row(
	struct db_reader *r, const struct db_plan *row, struct arena *a, struct plan_loaded *out);

#endif
