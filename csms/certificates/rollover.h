/*
 * Rollover: the depot gets a new root, and no station is lost on the way (M05; platform rule: first all
 * stations trust the new one, then the servers change). `start` makes the new root, signed by the old
 * one too, and has each station install it, a few at a time; what counts is the station's own list
 * (GetInstalledCertificateIds). `switch` is refused until every station that uses TLS is ready, but
 * those that a person names: one that is dead must not keep the old root in force.
 * `abort` forgets the new root. Journalled; goes on after a restart. Loop thread only.
 */
#ifndef CSMS_ROLLOVER_H
#define CSMS_ROLLOVER_H

#include "csms/core.h"

/* Reads what is prepared. NULL with one line. */
struct rollovers *rollovers_create(struct core *c, char why[300]);
void rollovers_destroy(struct rollovers *all);

enum rollover_act { ROLLOVER_START, ROLLOVER_SWITCH, ROLLOVER_ABORT };

/* `without`: stations that need not be ready for the switch; they know the old root alone. */
struct rollover_order {
	enum rollover_act act;
	const char *actor, *reason; /* reason may be NULL */
	struct schema_strings without;
};

/* Files are read and written on another thread; `done` tells how it ended, with one line in `why`
 * unless status is 0. -1 with one line: refused, `done` is not called. */
int rollover_do(struct core *c, const struct rollover_order *o,
	void (*done)(void *arg, int status, const char *why), void *arg, char why[600]);

enum rollover_state {
	ROLLOVER_NOT_NEEDED, /* it uses no TLS */
	ROLLOVER_AWAY, /* not connected: nothing can be done now */
	ROLLOVER_WAITING, /* its turn comes */
	ROLLOVER_INSTALLING,
	ROLLOVER_LISTING,
	ROLLOVER_READY,
	ROLLOVER_FAILED, /* tried again later */
};
extern const char *const rollover_state_names[];

struct rollover_view {
	bool is_open;
	const char *subject, *serial; /* of the new root; "" none */
	wall_t not_after;
	int needed, ready;
};
void rollover_look(const struct core *c, struct rollover_view *out);

/* One station; `note` says why it failed. */
enum rollover_state rollover_station(const struct core *c, const struct station *s, char note[200]);

#endif
