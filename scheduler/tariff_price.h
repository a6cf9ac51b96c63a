/*
 * Tariff price: what a tariff says of a stretch of time: prices of slots for the planner, and the
 * pieces of constant price of which bills are made (scheduler/bill.h). Pure.
 */
#ifndef SCHEDULER_TARIFF_PRICE_H
#define SCHEDULER_TARIFF_PRICE_H

#include "scheduler/flow.h"
#include "scheduler/tariff.h"

/* Mean of a series in [from, to). False: nobody knows. */
typedef bool (*tariff_market_fn)(
	void *arg, int series, int64_t from_ms, int64_t to_ms, int64_t *value);

/* Slots of time, and what is known of them. */
struct tariff_span {
	const struct calendar_zone *zone;
	int64_t start_ms, slot_ms;
	int slots;
	int64_t month_wh; /* taken in the billing month of start_ms before it */
	tariff_market_fn market; /* NULL: nobody knows */
	void *arg;
};

/* Prices a kWh of each slot, its mean where a period ends in it: import[slots][blocks + 1], as
 * struct flow wants them; feed_in[slots] what a kWh fed in earns (may be NULL). Of tiers that of
 * the month so far. Returns in how many slots the market knew nothing: those lack its part. */
int tariff_slots(const struct tariff *t, const struct tariff_span *s, struct flow_part *import,
	int32_t *feed_in);

/* -- for bill.c ------------------------------------------------------------------------------- */

bool tariff_holds(
	const struct tariff *t, const struct tariff_mask *m, const struct calendar_time *at);

/* Number of the billing month, year * 12 + month - 1 of the day that it begins on. */
int64_t tariff_month(const struct tariff *t, const struct calendar_day *d);
void tariff_month_begin(const struct tariff *t, int64_t month, struct calendar_day *out);

/* A piece of time in which the price of a component stays: period (-1: none), price and end, not
 * after `until_ms`. Of tiers the price is that of `month_wh`. False: the market knows nothing. */
struct tariff_piece {
	int period;
	int64_t price_micro, end_ms;
};
bool tariff_piece(const struct tariff *t, int component, const struct tariff_span *s, int64_t at_ms,
	int64_t until_ms, int64_t month_wh, struct tariff_piece *out);

#endif
