/*
 * What the energy of a transaction cost by the tariffs and prices in force. Loop thread only.
 */
#ifndef CSMS_PRICES_COST_H
#define CSMS_PRICES_COST_H

#include "csms/charging/energy_use.h"
#include "csms/money/prices.h"

struct price_cost {
	char tariff[41], currency[4];
	int64_t energy_wh, energy_micro; /* energy alone: demand charges and fees are a month's */
	int64_t internal_micro; /* own price of carbon */
	int64_t idle_s, idle_micro;
	enum price_source source; /* the worst of its prices */
};

/* Series as the store has them, for times that the loop has forgotten. */
struct price_past {
	int count;
	struct price_series *series[PRICES_SERIES_MAX];
};

/* Reader thread: what counts for [from, to]; `ids`: the series of the depot. 0 or -1. */
int price_past_read(struct db_reader *r, const struct depot_price_series_list *ids, wall_t from,
	wall_t to, struct price_past *out);
void price_past_finish(struct price_past *p);

/* What to reckon with, besides the use itself. */
struct price_basis {
	int64_t month_wh; /* that the site had taken in the billing month, for tiers */
	const struct price_past *past; /* NULL: what is known now */
	int64_t *price_micro; /* [slots] gets the price of each slot; may be NULL */
};

/* 0; 1: no tariff was in force; -1: no memory. */
int prices_cost(struct prices *p, const struct energy_use *u, const struct price_basis *basis,
	struct price_cost *out);

/* What the demand charges of the billing month that `at` lies in come to, and the energy that the
 * site took in it, by the tariff in force. False: nothing of it was metered. */
bool prices_month(const struct prices *p, int64_t at_ms, int64_t *demand_micro, int64_t *site_wh);

/* Energy of a demand window: by registers where it can be. */
struct db_site_window;
int64_t prices_window_wh(
	const struct db_site_window *w, const struct db_site_window *before, int64_t window_ms);
const char *prices_site(const struct prices *p, int64_t *window_ms); /* its node, "" none */

#endif
