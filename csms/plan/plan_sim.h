/*
 * A plan of the journal, simulated: how often each of its vehicles has what it needs when it leaves
 * (scheduler/readiness.h). Any thread.
 */
#ifndef CSMS_PLAN_SIM_H
#define CSMS_PLAN_SIM_H

#include "csms/plan/plan_record.h"
#include "scheduler/readiness.h"

struct plan_sim {
	struct plan_case *snapshot; /* what `in` points into */
	struct readiness_input in;
	int *met, all; /* of in.samples */
};

/* The same plan always gives the same. 0, and plan_sim_finish() when done with; -1 with one line. */
int plan_sim_run(const struct plan_record *rec, double failures_per_day, struct arena *a,
	struct plan_sim *out, char why[200]);
void plan_sim_finish(struct plan_sim *s);

#endif
