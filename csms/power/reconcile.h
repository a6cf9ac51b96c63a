/*
 * Reconcile: after each reconnect of a station, what it says that it holds against what is believed
 * (rule 47). Asked a while after the connection, when nothing else waits for the station: all
 * charging profiles, then the composite schedule of each EVSE. What differs is journalled and
 * shown, believed from then on, and mended where depotd controls the station. Loop thread only.
 */
#ifndef CSMS_RECONCILE_H
#define CSMS_RECONCILE_H

#include "csms/core.h"
#include "gen/ocpp201.h"

enum reconcile_state {
	RECONCILE_NEVER,
	RECONCILE_WAITING, /* to ask, or for an answer */
	RECONCILE_AGREES,
	RECONCILE_DIFFERS, /* as it was found; the belief follows what the station said */
	RECONCILE_UNSUPPORTED, /* the station does not report its profiles */
	RECONCILE_UNKNOWN, /* it did not answer, or never came to an end */
};

struct reconcile;

/* What came of it last. `lines`: what differed, owned by the station until the next time. */
struct reconcile_view {
	enum reconcile_state state;
	wall_t at; /* ms 0: never */
	int count;
	const char *const *lines;
};
void reconcile_look(const struct station *s, struct reconcile_view *out);
const char *reconcile_word(enum reconcile_state state);

/* The station is connected and accepted. */
void reconcile_soon(struct core *c, struct station *s);

/* A part of a report came; takes it into the belief whoever asked for it. */
void reconcile_reported(struct core *c, struct station *s,
	const struct ocpp201_report_charging_profiles_request *r);

/* For csms/fleet.c. */
void reconcile_forget(struct station *s);

#endif
