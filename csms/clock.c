#include "csms/clock.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

enum clock_mode { CLOCK_REAL, CLOCK_SCALED, CLOCK_SIMULATED };

/* A simulated clock starts here, so that a mono_t of 0 is in the past as on a real machine. */
enum { SIMULATED_BOOT_US = 1000000 };

static struct {
	enum clock_mode mode;
	wall_t start;
	int64_t origin_us;
	double speed;
	_Atomic int64_t advanced_us;
} the_clock = {.mode = CLOCK_REAL, .speed = 1};

static _Thread_local struct {
	bool is_on;
	mono_t mono;
	wall_t wall;
} held;

int64_t clock_real_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_cpu_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* Microseconds of scaled time since the common origin. */
static int64_t scaled_us(void)
{
	return (int64_t)((double)(clock_real_us() - the_clock.origin_us) * the_clock.speed);
}

mono_t clock_mono(void)
{
	if (held.is_on)
		return held.mono;
	switch (the_clock.mode) {
	case CLOCK_SCALED:
		return (mono_t){the_clock.origin_us + scaled_us()};
	case CLOCK_SIMULATED:
		return (mono_t){SIMULATED_BOOT_US + atomic_load(&the_clock.advanced_us)};
	case CLOCK_REAL:
		break;
	}
	return (mono_t){clock_real_us()};
}

wall_t clock_wall(void)
{
	struct timespec ts;

	if (held.is_on)
		return held.wall;
	switch (the_clock.mode) {
	case CLOCK_SCALED:
		return wall_add_ms(the_clock.start, scaled_us() / 1000);
	case CLOCK_SIMULATED:
		return wall_add_ms(the_clock.start, atomic_load(&the_clock.advanced_us) / 1000);
	case CLOCK_REAL:
		break;
	}
	clock_gettime(CLOCK_REALTIME, &ts);
	return (wall_t){(int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000};
}

void clock_hold(void)
{
	held.mono = clock_mono();
	held.wall = clock_wall();
	held.is_on = true;
}

void clock_let_go(void)
{
	held.is_on = false;
}

void clock_scale(wall_t start, int64_t origin_us, double speed)
{
	the_clock.start = start;
	the_clock.origin_us = origin_us;
	the_clock.speed = speed;
	the_clock.mode = CLOCK_SCALED;
}

double clock_speed(void)
{
	return the_clock.mode == CLOCK_SCALED ? the_clock.speed : 1;
}

void clock_simulate(wall_t start)
{
	the_clock.start = start;
	atomic_store(&the_clock.advanced_us, 0);
	the_clock.mode = CLOCK_SIMULATED;
}

void clock_step_ms(int64_t ms)
{
	the_clock.start = wall_add_ms(the_clock.start, ms);
}

void clock_advance_ms(int64_t ms)
{
	atomic_fetch_add(&the_clock.advanced_us, ms * 1000);
}
