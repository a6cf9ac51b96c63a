/*
 * Wiring: what two meters, one above the other in the tree, say about how they are connected. A step
 * of load below shows above on the same phase, with the same sign and the same size; where it shows
 * on another, upside down or twice as large, a phase is swapped, a current transformer looks the
 * other way or its ratio is wrong. Only steps are compared, so what is drawn beside the lower meter
 * does no harm unless it steps at the same moments.
 *
 * Pure: no clock, no I/O. Power in W, import positive.
 */
#ifndef SCHEDULER_WIRING_H
#define SCHEDULER_WIRING_H

#include <stdbool.h>

#define WIRING_PHASES 3

/* Steps of two meters, summed up. Zeroed: nothing seen yet. */
struct wiring_pair {
	bool has_last;
	double last_upper[WIRING_PHASES], last_lower[WIRING_PHASES];
	int steps; /* samples in which the lower meter moved */
	double freedom; /* those, less what was reckoned from them beside (scheduler/wiring_group.h) */
	double upper2[WIRING_PHASES]; /* sums of squares of the steps */
	double lower2[WIRING_PHASES];
	double product[WIRING_PHASES][WIRING_PHASES]; /* [lower][upper] */
};

/* Both meters at one instant. */
void wiring_add(struct wiring_pair *p, const double upper[WIRING_PHASES],
	const double lower[WIRING_PHASES]);

#define WIRING_STILL 4 /* looks without a move: what is slow to tell has told it by then */

/* For what tells its load late, as chargers do: a move counts from before it could show above until
 * both have come to rest. Zeroed: nothing seen yet. */
struct wiring_rest {
	double lower[WIRING_PHASES],
		upper[WIRING_STILL][WIRING_PHASES]; /* of the last looks, a ring */
	double base_lower[WIRING_PHASES], base_upper[WIRING_PHASES];
	int still, looks; /* since it last moved; in the ring */
	bool has_base;
};

/* A look at both, at steady intervals. */
void wiring_rest_add(struct wiring_rest *r, struct wiring_pair *p,
	const double upper[WIRING_PHASES], const double lower[WIRING_PHASES]);

/* One phase of the lower meter, as the upper one shows it. */
struct wiring_phase {
	int upper; /* 0..2: moves with it; -1: too little was seen to say */
	bool is_apart; /* … and clearly no other does: it is not that all move alike */
	double gain; /* W above for each W below; negative: upside down */
	double error; /* of the gain, one standard deviation */
};

/* Of one phase below against one above, however sure; upper -1: too few steps. */
struct wiring_phase wiring_gain(const struct wiring_pair *p, int lower, int upper);

struct wiring_verdict {
	struct wiring_phase phases[WIRING_PHASES];
	bool is_swapped; /* some phase moves another one */
	bool is_reversed[WIRING_PHASES]; /* of the lower meter's phases */
	bool has_ratio; /* all that is known differs by one factor */
	double ratio; /* that factor, upper / lower */
	bool is_clear; /* all three phases known */
	bool is_apart; /* … and told from one another: swapped ones would show */
};

void wiring_judge(const struct wiring_pair *p, struct wiring_verdict *out);

/* What one meter says of itself. Voltages with currents of another phase make a power factor of
 * -0.5 (120 degrees between them), a transformer the other way round makes -1. */
enum wiring_fault {
	WIRING_FINE,
	WIRING_UNKNOWN, /* too little current to tell */
	WIRING_REVERSED, /* `phase`: a transformer the other way round, or that phase feeds in */
	WIRING_SWAPPED, /* the currents of two phases are swapped; `phase` is the third */
	WIRING_ROTATED, /* the currents of all phases are one phase further */
};

struct wiring_self {
	enum wiring_fault fault;
	int phase; /* 0..2, where the fault has one */
};

struct wiring_self wiring_look(const double volts[WIRING_PHASES],
	const double amperes[WIRING_PHASES], const double watts[WIRING_PHASES]);

#endif
