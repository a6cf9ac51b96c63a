/*
 * A plan as the journal keeps it: what it was made of, and what came of it, such that it can be made
 * again, shown and compared at any later time. Any thread.
 */
#ifndef CSMS_PLAN_RECORD_H
#define CSMS_PLAN_RECORD_H

#include "csms/plan/planner_job.h"
#include "gen/event.h"

/* As JSON of PlanSnapshotType and PlanResultType, appended. -1: no memory. */
int plan_record_write(const struct planner_job *j, struct text *snapshot, struct text *result);

/* What was kept; NULL with one line: made by a depotd that kept less, or no memory. */
struct plan_record {
	const struct event_plan_snapshot *snapshot;
	const struct event_plan_result *result;
};
int plan_record_read(
	const struct event_plan_made *e, struct arena *a, struct plan_record *out, char why[200]);

/* `n` numbers of a row of runs into out[]. -1: not a row of so many. */
int plan_runs_read(const char *runs, int n, int32_t *out);

/* A snapshot as the input that it was. */
struct plan_case;
/* NULL with one line. */
struct plan_case *plan_case_create(const struct event_plan_snapshot *s, char why[200]);
/* Its input; the caller may change vehicles and room (both are the case's own) before it solves. */
struct plan_input *plan_case_input(struct plan_case *c);
struct plan_caps *plan_case_caps(struct plan_case *c);
void plan_case_destroy(struct plan_case *c);

/* The plan made again equals the one that was kept, to the last bit. */
bool plan_record_equals(
	const struct event_plan_result *kept, const struct plan_input *in, const struct plan *p);

#endif
