/*
 * One solve of the planner: the snapshot of fleet, limits and loads that it reads, taken on the loop,
 * and the solving, which any thread may do since everything that is read is the job's own (but for
 * the tree, which outlives it).
 */
#ifndef CSMS_PLANNER_JOB_H
#define CSMS_PLANNER_JOB_H

#include "csms/plan/planner.h"
#include "csms/money/prices.h"
#include "scheduler/plan.h"

struct planner_job {
	const struct grid_tree *tree;
	struct plan_caps caps;
	struct plan_vehicle *vehicles;
	struct control_plan_row *rows; /* what each vehicle of the input is called */
	int32_t *idle_w;
	struct plan_prices prices; /* part NULL: not known … */
	struct price_slots told; /* … and what they were made of, with its sources */
	int32_t *load_w; /* [slots] that the site draws besides */
	uint8_t *counts[PLAN_DEMANDS];
	int count;
	int present; /* of them: the others are expected (csms/plan/expected.h) */
	int64_t start_ms, slot_ms; /* slot 0 may have begun: … */
	int first_s; /* … so much is left of it (plan_input.first_s) */
	int slots;
	int calm_pm;
	char trigger[80];
	struct plan *plan;
	int64_t solve_us;
	bool is_sound; /* plan_check() agreed */
};

/* Loop thread. `extra`: an envelope that is only tried, or NULL. NULL: no memory. */
struct planner_job *planner_job_create(struct core *c, const struct planner_view *v,
	const struct held_envelope *extra, const char *trigger);

/* The most that this vehicle takes there, as far as it is known. */
int32_t planner_job_max_w(const struct evse *e, const struct vehicle *v);

/* When a slot begins: what is left of it; and how long that lasts. */
static inline int64_t planner_job_slot_ms(const struct planner_job *j, int slot)
{
	return slot == 0 && j->first_s ? (int64_t)j->first_s * 1000 : j->slot_ms;
}

static inline int64_t planner_job_slot_at(const struct planner_job *j, int slot)
{
	return j->start_ms + (slot + 1) * j->slot_ms - planner_job_slot_ms(j, slot);
}

/* Any thread: fills plan, solve_us and is_sound. */
void planner_job_solve(struct planner_job *j);

void planner_job_destroy(struct planner_job *j);

#endif
