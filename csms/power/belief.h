/*
 * Belief: what the guard thinks of a meter's readings, why, and what somebody should do next. The
 * one answer for API, command line, console and alarms. Loop thread only.
 */
#ifndef CSMS_BELIEF_H
#define CSMS_BELIEF_H

#include "csms/core.h"

enum belief {
	BELIEF_GOOD,
	BELIEF_IDLE, /* nothing has moved for long: good, but it shall prove it when somebody charges */
	BELIEF_DARK, /* good, and what it says is that there is no voltage: nothing flows */
	BELIEF_UNREAD, /* no reading yet */
	BELIEF_SILENT, /* it does not answer */
	BELIEF_REFUSING, /* it answers, but has not the registers that it is asked for */
	BELIEF_IMPLAUSIBLE, /* what it says cannot be */
	BELIEF_HANGS, /* it does not move while load is on the wire */
	BELIEF_LESS, /* it shows less than what is drawn below it */
};

struct belief_view {
	enum belief is;
	const char *state; /* "ok", "idle", "dark", "unread", "silent", "refusing", "doubted" */
	char why[300]; /* "" where nothing need be said */
	const char *next; /* the next step of a person; NULL: none. Static */
};

void belief_of(const struct core *c, int meter, struct belief_view *out);

/* The guard goes by it. */
static inline bool belief_is_good(enum belief b)
{
	return b == BELIEF_GOOD || b == BELIEF_IDLE || b == BELIEF_DARK;
}

#endif
