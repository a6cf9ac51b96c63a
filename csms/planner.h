/*
 * Planner: snapshots of the fleet solved in a thread of their own, plans back on the loop.
 *
 * At most one solve runs; a request that comes meanwhile is made right after it. Without a loop
 * (scenario tests) the plan is there when planner_ask() returns.
 */
#ifndef CSMS_PLANNER_H
#define CSMS_PLANNER_H

#include "csms/control.h"
#include "scheduler/limits.h"

struct planner;

/* `made(arg)` is called on the loop when a new plan is in force. NULL: no memory or no thread. */
struct planner *planner_create(struct core *c, void (*made)(void *arg), void *arg);

/* Plans anew from the fleet as it is now, within the limits that stand. `base_w[node]`: uncontrolled
 * load expected at each grid node (GRID_UNKNOWN: not known), copied. Tree and limits must last until
 * planner_forget(). */
void planner_ask(struct planner *p, const struct grid_tree *tree, const struct grid_limits *limits,
	const int64_t *base_w, const char *trigger);

const struct control_plan *planner_plan(const struct planner *p);

/* The row of an EVSE's open transaction in the plan in force, NULL: none yet. */
const struct control_plan_row *planner_row(const struct planner *p, const struct evse *e);

/* Power that the plan in force gives this EVSE at `now`; -1: the plan does not know it. */
int64_t planner_wanted_w(const struct planner *p, const struct evse *e, wall_t now);

/* The tree or the EVSEs are about to change: drops the plan, and the one in the making. */
void planner_forget(struct planner *p);

void planner_destroy(struct planner *p);

#endif
