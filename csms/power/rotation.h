/*
 * Rotation: charging places of which nobody wrote on which phases of the grid they hang. Below a
 * limit of phases a vehicle of one or two phases counts there on each of them, so others get less
 * than there is room for: safe, and seldom what was meant. Loop thread, but for rotation_check().
 */
#ifndef CSMS_ROTATION_H
#define CSMS_ROTATION_H

#include "csms/core.h"
#include "csms/depot_check.h"
#include "scheduler/limits.h"

/* The nearest node above the EVSE with a limit of its phases, or of the difference between them; -1:
 * none. `l` may be NULL. */
int rotation_limited_above(const struct grid_tree *t, const struct grid_limits *l, int evse);

/* Tells each such EVSE of the file below standing limits, where it or a vehicle has fewer than three
 * phases; returns how many. */
size_t rotation_check(const struct depot_file *d,
	void (*tell)(void *arg, const struct depot_fault *fault), void *arg);

/* The first of the station's, in words; "": none. */
void rotation_say(const struct core *c, const struct station *s, char out[300]);

#endif
