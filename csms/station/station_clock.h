/*
 * Station clock: what a station's own clock shows, learnt from the times in its messages.
 *
 * It is kept as a distance from the clock of ours that nobody sets, so a wall clock of ours that is
 * set, or wrong, changes nothing of what a station was told. A message that waited is late by that;
 * so a distance counts once three messages over some seconds agree on it (over more, if the clock
 * seems to be set back), and one message with a wrong time moves nothing. Plain data in each station; loop thread.
 */
#ifndef CSMS_STATION_CLOCK_H
#define CSMS_STATION_CLOCK_H

#include <stdbool.h>
#include "csms/clock.h"

#define STATION_CLOCK_STEP_MS  5000 /* a change by more is worth telling the station anew */
#define STATION_CLOCK_APART_MS 60000 /* less may be messages that wait */
#define STATION_CLOCK_FAR_MS                                                                       \
	INT64_C(86400000) /* no time zone: a fault, which may be mended by now */

struct station_clock {
	int64_t kept_ms; /* ahead of our wall clock by so much, as it stands in the journal */
	bool is_known;
	int64_t apart_ms; /* its wall clock less our monotonic one */
	bool has_other; /* messages that say otherwise, so far */
	int64_t other_ms;
	mono_t other_since;
	int others;
};

/* A message said `said` when it was sent, and was heard now. True: the clock is another by more than
 * a step, or known for the first time and differs from ours by that. */
bool station_clock_hear(struct station_clock *c, wall_t said);

/* What it shows now; while nothing is known what ours and the journal say, or the last message or (where
 * the journal's is doubtful) our clock if that is earlier: what begins too early ends early, and that is safe. */
wall_t station_clock_now(const struct station_clock *c);

/* Not heard yet, and in the last life of depotd it was more than a day off: either may be true now. */
bool station_clock_is_doubtful(const struct station_clock *c);

/* Not known yet: ahead of what station_clock_now() says by so much, by the only messages so far. 0: no. */
int64_t station_clock_perhaps_ahead_ms(const struct station_clock *c);

/* By how much it is ahead of our wall clock, as far as is known. */
int64_t station_clock_ahead_ms(const struct station_clock *c);

/* It was known to be apart by more than a minute, and a message that did not wait shows our time: somebody
 * has set it, by the answer to a BootNotification perhaps, and other messages have yet to agree. */
bool station_clock_is_ours_now(const struct station_clock *c, wall_t said, wall_t heard);

/* By our wall clock the instant that it told as `said`, of which we heard at `heard`; never later. Apart
 * by a minute it tells nothing (messages wait). Apart by more than a day it is a fault that somebody
 * mends some time: what lies nearer to now as it stands counts so. */
wall_t station_clock_ours(const struct station_clock *c, wall_t said, wall_t heard);

#endif
