/*
 * The plan in force: what its rows say of each EVSE, and its record in the journal.
 *
 * Writing a plan of 500 vehicles down takes as long as telling those whose power changes. So where a
 * loop runs it is recorded a moment after it counts, when they have been told; at the latest when it
 * is no longer in force, or when somebody is about to record something of it. Loop thread only.
 */
#ifndef CSMS_PLAN_IN_FORCE_H
#define CSMS_PLAN_IN_FORCE_H

#include "csms/loop.h"
#include "csms/plan/planner_job.h"

struct plan_in_force {
	struct core *core;
	struct control_plan view;
	struct planner_job *job; /* NULL: none is */
	int64_t *w; /* [row][slot] */
	int *row_of; /* [evses of the tree], -1: none */
	int evses;
	bool is_unrecorded;
	struct timer record;
	struct loop_task record_task;
};

/* Takes the job; records the one before if that is still to be done. */
void plan_in_force_put(struct plan_in_force *f, struct planner_job *j);

/* Records it, if that is still to be done: now, or soon where a loop runs. */
void plan_in_force_record(struct plan_in_force *f);
void plan_in_force_record_soon(struct plan_in_force *f);

/* The row of an EVSE's open transaction; NULL: none. */
const struct control_plan_row *plan_in_force_row(
	const struct plan_in_force *f, const struct evse *e);

/* Records it if need be; none is in force then. */
void plan_in_force_drop(struct plan_in_force *f);

/* Missing energy as it is shown: what would show as 0.0 kWh is none. */
int64_t plan_shown_short(int64_t wh);

#endif
