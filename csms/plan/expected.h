/*
 * Expected: vehicles that are not here yet but will be within the time that is planned, so that the
 * plan keeps room for them: when each comes, to which bay, with how much left. By the trip that it
 * drives, else by the days of the week on which it came before (docs/vehicles.md). Loop thread only.
 */
#ifndef CSMS_EXPECTED_H
#define CSMS_EXPECTED_H

#include "csms/power/control.h"
#include "scheduler/plan.h"

/* Fills up to `room` vehicles and their rows (whose `transaction` is ""); how many. */
int expected_fill(const struct core *c, wall_t now, wall_t until, struct plan_vehicle *vehicles,
	struct control_plan_row *rows, int room);

#endif
