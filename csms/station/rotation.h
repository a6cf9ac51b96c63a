/*
 * Rotation: new passwords for many stations, one command for all of them (A01). depotd makes each
 * password, sends it and keeps its salted hash only: nobody needs to know it. A few stations at a
 * time, each with a result of its own as a part of the job; what becomes of a lost answer is
 * csms/station/password.h's affair: both passwords work until one is used.
 *
 * A restart of depotd ends it where it is: those that were not asked keep what they have, and are
 * not among the results. Loop thread only.
 */
#ifndef CSMS_ROTATION_H
#define CSMS_ROTATION_H

#include "csms/core.h"

struct rotation_order {
	const char *const *stations; /* each once, in any case */
	size_t count;
	const char *actor, *why; /* why may be NULL */
};

/* Starts it, its id goes to `id`. -1 with one line: another one runs, or no memory. */
int rotation_start(struct core *c, const struct rotation_order *order, char id[37], char why[200]);

#endif
