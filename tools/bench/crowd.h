/*
 * Crowd: many stations on one thread and one epoll. It brings them up, has them send by one of two
 * rules and measures:
 *
 *   closed  `window` CALLs are in flight at any time; the next goes when one is answered. Shows
 *           what depotd can do.
 *   open    CALLs are due at a rate, whatever depotd does. Latency counts from when a CALL was due,
 *           not from when a station was free to send it, so a stall costs all that it delays.
 */
#ifndef BENCH_CROWD_H
#define BENCH_CROWD_H

#include "tools/bench/histogram.h"
#include "tools/bench/meter.h"
#include "tools/bench/station.h"

struct crowd;

struct crowd_run {
	enum station_job job;
	int window; /* closed loop; 0: open loop */
	int rate_per_s; /* open loop */
	double seconds;
	/* outcome */
	int64_t answered; /* within the time */
	int64_t done; /* with those that were in flight at its end */
	double took_s;
	struct histogram latency;
};

/* Stations 0 to count - 1, all down. NULL: no memory. */
struct crowd *crowd_create(int count, const char *password);

/* Brings all up that are down, `window` at a time, until each is booted and greeted. The seconds
 * that it took, or -1 with a line on stderr. */
double crowd_rise(struct crowd *c, const struct client_target *target, int window, double limit_s);

/* Cuts every connection at once. */
void crowd_fall(struct crowd *c);

/* Has every station begin its transaction, or go on with it. 0 or -1. */
int crowd_begin(struct crowd *c);

/* Answers what depotd asks until it has asked nothing for half a second. */
void crowd_settle(struct crowd *c);

/* 0, or -1 with a line on stderr when a station failed. */
int crowd_run(struct crowd *c, struct crowd_run *run);

/* What is looked out for while the crowd runs or waits: how long after the meter said what it does, or
 * after an instant, each lowering comes, and the first rise of one station. */
struct crowd_watch {
	struct meter *meter; /* NULL: since_us counts */
	int64_t since_us;
	struct histogram *lowered;
	struct histogram *raised; /* NULL: no rise is looked for … */
	int station; /* … of this one */
};

/* From now on, until NULL. It must last so long. */
void crowd_watch(struct crowd *c, struct crowd_watch *w);

/* Takes what depotd says for so long. */
void crowd_wait(struct crowd *c, double seconds);

int64_t crowd_now_us(void);

/* What all stations draw, and how many do. */
double crowd_power_w(const struct crowd *c);
int crowd_drawing(const struct crowd *c);
double crowd_station_w(const struct crowd *c, int station);

/* CALLs of depotd answered so far. */
int64_t crowd_calls(const struct crowd *c);

void crowd_destroy(struct crowd *c);

#endif
