/*
 * Storage plan: what batteries that can give back should do: vehicles (V2G) and stationary ones. It is
 * made on a thread of its own, every discharge.replan_s, from a snapshot that the planner takes; the
 * newest one is frozen into the next charging plan, and said to the stations that can be told. For all
 * others it is a what-if: numbers. Loop thread only. Every `p` may be NULL: nothing gives back.
 */
#ifndef CSMS_STORAGE_PLAN_H
#define CSMS_STORAGE_PLAN_H

#include "csms/plan/storage_case.h"

/* After control's parts exist; kept in core->storage. NULL with one line. */
struct storage_plan *storage_plan_create(struct core *c, char why[300]);
void storage_plan_destroy(struct storage_plan *p);

/* Called by the planner with each snapshot. Takes one for a plan of its own if it is time
 * (`is_real`: not only tried), and freezes the newest into the job: who gives back in a slot charges
 * nothing in it and needs that energy besides. */
void storage_plan_freeze(
	struct storage_plan *p, struct planner_job *j, const struct planner_view *v, bool is_real);

/* W that the vehicle at the EVSE gives back now, 0: none; *vendor is how the station is told. */
int64_t storage_plan_gives_w(
	const struct storage_plan *p, const struct evse *e, wall_t now, const char **vendor);

/* The row of the stationary battery at that node of the tree, NULL: none is planned. */
const struct storage_row *storage_plan_store(const struct storage_plan *p, const char *node);

/* Why the row's battery is not told to do what is planned; NULL: it is. Static text. */
const char *storage_plan_untold(
	const struct storage_plan *p, const struct storage_row *row, wall_t now);

/* The newest one; NULL: none yet, or nothing here can give back. */
const struct storage_case *storage_plan_newest(const struct storage_plan *p);

#endif
