/*
 * Another tariff for the plans of the past: its prices in the place of those that a kept plan was made
 * with, by the series as the store has them for that time.
 */
#ifndef CSMS_API_WHATIF_TARIFF_H
#define CSMS_API_WHATIF_TARIFF_H

#include "csms/api/ask.h"
#include "csms/plan/plan_record.h"
#include "scheduler/tariff.h"

/* What a reader thread needs of it: copies, since the loop goes on. */
struct whatif_tariff {
	struct tariff tariff;
	struct calendar_zone zone;
	const struct depot_price_series_list *series;
};

/* Prices of one plan, owned. */
struct whatif_prices {
	struct plan_prices prices;
	struct flow_part *part;
	struct bill_demand_row *demand;
	int demands;
};

/* Loop thread. False: there is no such tariff, or no memory; the ask is answered. */
bool whatif_tariff_take(struct ask *k, const char *id, struct whatif_tariff *out);

/* Reader thread: puts the tariff's prices in the place of the plan's. What the month had paid for by
 * then under its own tariff counts as paid for under this one. 0 or -1: no memory, or the store cannot
 * be read. `out` must last as long as the input is used. */
int whatif_tariff_apply(const struct whatif_tariff *t, struct db_reader *r, struct plan_input *in,
	struct whatif_prices *out);
void whatif_prices_finish(struct whatif_prices *p);

#endif
