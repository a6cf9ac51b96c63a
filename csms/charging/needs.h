/*
 * Needs: what a vehicle that speaks ISO 15118 says it needs, what of that is believed, and the
 * charging profile that answers it (K15 to K17). On an automatic station the lane of the EVSE
 * answers (csms/power/setpoint.h); on a manual one the operator's own TxProfile is said again, or one
 * with all that the EVSE can give. Loop thread only.
 */
#ifndef CSMS_NEEDS_H
#define CSMS_NEEDS_H

#include "csms/core.h"
#include "gen/ocpp201.h"

/* What is believable of them, bounded. False: neither AC nor DC parameters (K15.FR.06). */
bool needs_read(const struct core *c, const struct evse *e,
	const struct ocpp201_notify_ev_charging_needs_request *r, wall_t now, struct needs *out);

/* Sends a schedule for the open transaction, well within 60 s (K15.FR.08). */
void needs_answer(struct core *c, struct evse *e);

/* True if the vehicle's schedule stays within what it was given (K15.FR.11, FR.12); else one line.
 * A minute of slack in time: it counts from when it got it. */
bool needs_allow(const struct core *c, const struct evse *e, wall_t time_base,
	const struct ocpp201_charging_schedule *q, char why[200]);

/* For restore_fleet(), after transactions. -1: cannot be read. */
int needs_restore(struct core *c);

#endif
