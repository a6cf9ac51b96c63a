/*
 * Depot tails: safe tails that look like power and are none. Below 6 A a phase no vehicle charges (IEC
 * 61851-1), so a tail of 1,380 W on three phases is a pause: safe, but seldom what was meant. Pure.
 */
#ifndef CSMS_DEPOT_TAILS_H
#define CSMS_DEPOT_TAILS_H

#include "csms/depot_check.h"

struct depot_tail {
	int64_t tail_w, min_w;
	int phases, volts;
	bool is_dc;
};

/* False: vehicles charge at it, or it is 0 and meant as a pause. True: they pause, `out` says why and
 * what to set. */
bool depot_tail_pauses(const struct depot_tail *t, char out[300]);

/* Tells each such tail of the file; returns how many. */
size_t depot_tails_check(const struct depot_file *d,
	void (*tell)(void *arg, const struct depot_fault *fault), void *arg);

#endif
