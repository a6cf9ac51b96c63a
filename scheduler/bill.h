/*
 * Bill: what energy costs by a tariff, line by line, exact to the millionth: of what was metered as
 * of what is planned. Each line is summed up exactly and rounded once. And, for the planner, what
 * one kW more of the peak will cost. Pure; conventions of scheduler/tariff.h.
 */
#ifndef SCHEDULER_BILL_H
#define SCHEDULER_BILL_H

#include "scheduler/tariff_price.h"

/* A peak that is known beside the slots: of the month so far, or of a month before. */
struct bill_peak {
	int demand; /* index in the tariff */
	int64_t month; /* tariff_month() */
	int64_t w;
};

struct bill_peaks {
	int count;
	const struct bill_peak *items;
};

enum bill_kind {
	BILL_ENERGY, /* quantity: Wh */
	BILL_POWER, /* Wh taken above a level of power */
	BILL_FEED_IN, /* Wh; what it earns is negative */
	BILL_DEMAND, /* W */
	BILL_BLOCKS, /* blocks of power */
	BILL_FEE, /* ms */
};

#define BILL_NAME (2 * TARIFF_NAME + 2)

struct bill_line {
	enum bill_kind kind;
	bool is_internal; /* not in the total */
	int64_t month; /* tariff_month() */
	char name[BILL_NAME]; /* "energy: peak" */
	int64_t quantity, amount_micro;
	int64_t peak_ms; /* BILL_DEMAND: begin of the interval that set it, -1: none of these slots */
};

struct bill {
	int count, room;
	struct bill_line *lines; /* owned */
	int64_t total_micro, internal_micro;
	int unknown; /* pieces of time for which the market knew nothing */
};

/* The bill of import_wh[slots] and feed_wh[slots] (NULL: none) in the span's time. Fees by the time
 * that the span covers, demand charges whole for each month that it touches. 0, or -1: no memory. */
int bill_make(const struct tariff *t, const struct tariff_span *s, const int64_t *import_wh,
	const int64_t *feed_wh, const struct bill_peaks *peaks, struct bill *out);
void bill_finish(struct bill *b);

/* Greatest mean of an interval of the demand charge, by the slots in a month; -1: no such interval.
 * Slots longer than the interval count with their mean. *at_ms: begin of the first such interval. */
int64_t bill_peak_w(const struct tariff *t, int demand, const struct tariff_span *s,
	const int64_t *import_wh, int64_t month, int64_t *at_ms);

/* What the billing month pays for whatever happens: subscription, ratchet, and `peaks` of it. */
int64_t bill_floor_w(
	const struct tariff *t, int demand, int64_t month, const struct bill_peaks *peaks);

/* What that comes to in the month. */
int64_t bill_demand_micro(
	const struct tariff *t, int demand, int64_t month, const struct bill_peaks *peaks);

/* A demand charge as a plan must see it: the mean of an interval above incumbent_w costs. */
struct bill_demand_row {
	int demand; /* index in the tariff */
	int64_t month;
	int interval_min;
	int64_t price_micro_kw; /* a kW more of the peak; of blocks their mean price */
	int64_t incumbent_w; /* paid for already */
	int from, to; /* slots of its month, [from, to) */
	uint8_t *mask; /* owned, [slots]: 1 where it holds */
};

/* Rows of the span's slots, one a charge and month; -1: no memory. Free with bill_demand_free(). */
int bill_demand_rows(const struct tariff *t, const struct tariff_span *s,
	const struct bill_peaks *peaks, struct bill_demand_row **out);
void bill_demand_free(struct bill_demand_row *rows, int count);

#endif
