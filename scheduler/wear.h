/*
 * Wear: what a kWh given back costs the battery that gives it, by chemistry, depth, rate, temperature
 * and what it has gone through already.
 *
 * Capacity lost by cycling grows as k · cycles^b; k and b are fits to cells that were aged in
 * laboratories, named in wear.c and docs/planning.md. Calendar ageing goes on whatever one does
 * and is no price of a kWh. These are cells, not your packs: the price of a replacement and a factor are
 * the caller's to set. Pure; any thread.
 */
#ifndef SCHEDULER_WEAR_H
#define SCHEDULER_WEAR_H

enum wear_chemistry {
	WEAR_NMC,
	WEAR_NCA,
	WEAR_LFP,
	WEAR_LTO,
	WEAR_OTHER, /* unknown: as the one that wears fastest */
	WEAR_CHEMISTRIES
};

struct wear_use {
	enum wear_chemistry chemistry;
	double depth; /* of a cycle, 0 to 1 of the capacity */
	double rate; /* 1/h: power over capacity */
	double celsius; /* of the cells */
	double cycles; /* full ones, or what makes them up, so far */
};

/* Share of the capacity that cycling has taken by now, 0 to 1. */
double wear_lost(const struct wear_use *u);

/* Share that the next full cycle takes. A battery counts as one that has had WEAR_RUN_IN cycles: the
 * first few take more than the law of any later ones. */
#define WEAR_RUN_IN 100
double wear_next(const struct wear_use *u);

/* Money per kWh given back: a battery costs `price_kwh` a kWh of capacity and is worn out when it has
 * lost `end_share` of it. */
double wear_price(const struct wear_use *u, double price_kwh, double end_share);

/* nmc, nca, lfp, lto; anything else is WEAR_OTHER. */
enum wear_chemistry wear_chemistry_of(const char *name);

#endif
