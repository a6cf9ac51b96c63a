/*
 * Clock: the only reader of clocks. Everything else takes `now` or asks here.
 *
 * Real by default. It can run faster (`make run SPEED=60`): both times are then scaled from a
 * common origin of CLOCK_MONOTONIC, so two processes on one machine given the same origin agree to
 * the microsecond. In scenario tests it stands still and is set by hand.
 * Reading is safe from any thread; changing the mode is for start-up and tests only.
 */
#ifndef CSMS_CLOCK_H
#define CSMS_CLOCK_H

#include "schemas/wall.h"

typedef struct {
	int64_t us;
} mono_t;

mono_t clock_mono(void);
wall_t clock_wall(void);

/* From now on wall time is `start` at CLOCK_MONOTONIC `origin_us` and runs `speed` times as fast. */
void clock_scale(wall_t start, int64_t origin_us, double speed);

/* Simulated seconds per real second: 1 unless scaled. Socket and disk timeouts divide by it. */
double clock_speed(void);

/* Stands still at `start` until clock_advance_ms(); for scenario tests. */
void clock_simulate(wall_t start);
void clock_advance_ms(int64_t ms);
void clock_step_ms(int64_t ms); /* somebody sets the wall clock: the other one goes on */

/* For the calling thread both times stand still until clock_let_go(): a reckoning over thousands of
 * things takes them all at one moment, and does not read the clock for each. Not nested. */
void clock_hold(void);
void clock_let_go(void);

/* CLOCK_MONOTONIC in microseconds, never scaled: only for measuring what code costs. */
int64_t clock_real_us(void);

/* Processor time of the calling thread in microseconds, to tell work from waiting for a processor. */
int64_t clock_cpu_us(void);

/* A time that lies further ahead was told before somebody set the clock back. */
#define CLOCK_STEP_MS 5000

static inline mono_t mono_add_ms(mono_t t, int64_t ms)
{
	return (mono_t){t.us + ms * 1000};
}

static inline int64_t mono_diff_ms(mono_t later, mono_t earlier)
{
	return (later.us - earlier.us) / 1000;
}

#endif
