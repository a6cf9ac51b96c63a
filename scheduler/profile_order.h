/*
 * Profile order: which new profiles may be sent now, so that at no instant a node is above its
 * limit while some stations have confirmed theirs and others have not, will not, or refuse.
 *
 * What may be in force counts: the old profile until the new one is confirmed, and the greater of
 * both, instant by instant, while it is under way. So lowerings go first, and a raise only into
 * room that is confirmed. Call it again after every answer. Time is cut into `slots` of any length,
 * the same for all arrays (1 slot: only the present matters).
 */
#ifndef SCHEDULER_PROFILE_ORDER_H
#define SCHEDULER_PROFILE_ORDER_H

#include "scheduler/grid.h"

enum profile_action {
	PROFILE_WAIT, /* nothing to send now: on target, under way, or no room yet */
	PROFILE_SEND_LOWER, /* the lower of old and new at each instant: makes room for others */
	PROFILE_SEND_TARGET,
};

struct profile_order_in {
	const struct grid_tree *tree;
	int slots;
	const int32_t *cap_w; /* [node][slot] room for EVSEs, as in struct plan_caps */
	const int32_t *confirmed_w; /* [evse][slot] the most that may be in force */
	const int32_t *target_w; /* [evse][slot] */
	const bool *busy; /* [evse] under way or not reachable: leave it alone */
	const int *rank; /* evses in the order in which raises are served; NULL: by number */
};

/* Decides for every EVSE; returns how many are to be sent. What is sent by this call counts as
 * confirmed at the greater of both at once. -1: no memory. */
int profile_order(const struct profile_order_in *in, enum profile_action *action);

#endif
