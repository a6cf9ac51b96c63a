/*
 * Calibration: whether chances that were told may be believed. Departures are sorted by the chance
 * that was told of them; in each bin what was told on average is held against the share that did
 * happen, with the interval that so few departures leave open.
 *
 * Pure; any thread.
 */
#ifndef SCHEDULER_CALIBRATION_H
#define SCHEDULER_CALIBRATION_H

#include <stdbool.h>
#include <stdint.h>

#define CALIBRATION_BINS  6
#define CALIBRATION_LEAST 100 /* departures in a bin; fewer say nothing yet */
#define CALIBRATION_WHOLE 1000 /* chances are per mille */

/* Where bins begin; each goes up to the next, the last holds 1000 too. */
extern const int calibration_from_pm[CALIBRATION_BINS + 1];

struct calibration_bin {
	int count, ready;
	int64_t told_pm; /* sum */
	int unknown; /* departures whose end nobody knows: not in the count */
};

/* The bin of a chance; one outside of 0 to 1000 goes to the nearest. */
int calibration_bin_of(int chance_pm);

/* Of `count` > 0 trials `ready` went well: where the true share lies 95 times of 100, 0 to 1 (the score
 * interval: E. B. Wilson, 1927). */
void calibration_interval(int ready, int count, double *low, double *high);

enum calibration_verdict {
	CALIBRATION_FEW, /* too few departures to say */
	CALIBRATION_TRUE, /* what was told lies within the interval: it may be believed */
	CALIBRATION_BOLD, /* more was told than happened */
	CALIBRATION_SHY, /* less was */
};
enum calibration_verdict calibration_judge(const struct calibration_bin *b);

#endif
