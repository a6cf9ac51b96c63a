/*
 * Modes: how far the chargers below a node go by plans (docs/planning.md), and what another mode would
 * change at once. Loop thread only.
 */
#ifndef CSMS_CONTROL_MODES_H
#define CSMS_CONTROL_MODES_H

#include "csms/power/control.h"

/* EVSEs below the node for which it, or the node above it that says its mode, is the nearest that does. */
int control_mode_evses(const struct control *k, int node);

#define CONTROL_MODE_CHANGES 200

struct control_mode_change {
	const struct evse *evse;
	char text[100]; /* "11.0 kW at once, not 0.0 kW" */
};

struct control_mode_effect {
	enum depot_plan_mode from;
	int evses, vehicles; /* whose mode it is, and who is plugged in there */
	int count;
	struct control_mode_change changes[CONTROL_MODE_CHANGES];
};

/* What every vehicle would get now if the node said that mode. -1: no memory. */
int control_mode_try(const struct control *k, int node, enum depot_plan_mode mode, wall_t now,
	struct control_mode_effect *out);

#endif
