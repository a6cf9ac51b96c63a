/*
 * Timers: deadlines on clock_mono() in one heap. The loop arms a single libev timer for the next
 * one; scenario tests step from deadline to deadline with timers_run() and clock_advance_ms().
 * Loop thread only.
 */
#ifndef CSMS_TIMERS_H
#define CSMS_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include "csms/clock.h"

typedef void (*timer_fn)(void *arg);

/* Embedded in its owner; zero-initialised means not running. The owner stops it before it goes. */
struct timer {
	mono_t due;
	size_t slot; /* place in the heap + 1; 0: not running */
	timer_fn fn;
	void *arg;
};

struct timers;

struct timers *timers_create(void);

/* (Re)starts `t` to fire once, `delay_ms` from now. */
void timer_start(struct timers *ts, struct timer *t, int64_t delay_ms, timer_fn fn, void *arg);
void timer_stop(struct timers *ts, struct timer *t);

static inline bool timer_running(const struct timer *t)
{
	return t->slot != 0;
}

/* Fires all that are due (a callback may start and stop timers). Returns the milliseconds to the
 * next deadline, rounded up, or -1 when none runs. */
int64_t timers_run(struct timers *ts);

/* The same, but once it has taken so long (real microseconds) those that are left wait for the next
 * call: first those that were due first. */
int64_t timers_run_for(struct timers *ts, int64_t budget_us);

/* Milliseconds to the next deadline without firing anything; as timers_run() otherwise. */
int64_t timers_next_ms(const struct timers *ts);

void timers_destroy(struct timers *ts);

#endif
