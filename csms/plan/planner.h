/*
 * Planner: snapshots of the fleet solved in a thread of their own, plans back on the loop.
 *
 * At most one solve runs; a request that comes meanwhile is made right after it. Without a loop
 * (scenario tests) the plan is there when planner_ask() returns.
 */
#ifndef CSMS_PLANNER_H
#define CSMS_PLANNER_H

#include "csms/power/control.h"
#include "scheduler/limits.h"

struct planner;

/* `made(arg)` is called on the loop when a new plan is in force. NULL: no memory or no thread. */
struct planner *planner_create(struct core *c, void (*made)(void *arg), void *arg);

/* What a plan is made of, besides the fleet. The tree must last until planner_forget(); what else is
 * needed later is copied. */
struct planner_view {
	const struct grid_tree *tree;
	const struct grid_limits *limits;
	/* Uncontrolled load expected at each node, and on each of its phases; GRID_UNKNOWN: not
	 * known. Copied. */
	const int64_t *base_w;
	const int64_t (*base_phase_w)[GRID_PHASES];
};

/* Plans anew from the fleet as it is now, within the limits that stand. */
void planner_ask(struct planner *p, const struct planner_view *v, const char *trigger);

#define PLANNER_SHOWN_WH 50 /* a shortage below that shows as 0.0 kWh and counts as none */

/* What an envelope would change, planned with and without it. Valid during the call. */
struct planner_outcome {
	int64_t short_wh;
	wall_t ready_at; /* ms 0: never */
};
struct planner_trial {
	int count;
	struct planner_trial_row {
		const struct control_plan_row *row; /* whose: EVSE, vehicle, need, departure */
		struct planner_outcome without, with;
	} * rows;
	int64_t cost_without, cost_with; /* micro-units of money, peaks included */
	int64_t shed_w; /* greatest power that the plan gives up in a slot */
};
/* `trial` NULL: it could not be said, e.g. because the tree changed meanwhile. */
typedef void (*planner_try_fn)(void *arg, const struct planner_trial *trial);

struct held_envelope;
/* Solves the fleet as it is now twice, in the planner's thread; nothing changes. Without a loop
 * `done` is called before it returns. -1: too many at once, or no memory; `done` is not called. */
int planner_try(struct planner *p, const struct planner_view *v, const struct held_envelope *extra,
	planner_try_fn done, void *arg);

/* Since when a plan is asked for and has not come; us 0: none is. */
mono_t planner_asked(const struct planner *p);

/* The same for a snapshot and one that is edited; all is read before this returns. */
struct planner_job;
struct planner_edit {
	const struct planner_view *without, *with;
	void (*edit)(struct planner_job *with, const void *how);
	const void *how;
};
int planner_try_edited(
	struct planner *p, const struct planner_edit *x, planner_try_fn done, void *arg);

const struct control_plan *planner_plan(const struct planner *p);

/* Has the plan in force in the journal at once: something that refers to it comes next. */
void planner_record(struct planner *p);

/* The row of an EVSE's open transaction in the plan in force, NULL: none yet. */
const struct control_plan_row *planner_row(const struct planner *p, const struct evse *e);

/* Power that the plan in force gives this EVSE at `now`; -1: the plan does not know it. */
int64_t planner_wanted_w(const struct planner *p, const struct evse *e, wall_t now);

/* The tree or the EVSEs are about to change: drops the plan, and the one in the making. */
void planner_forget(struct planner *p);

void planner_destroy(struct planner *p);

#endif
