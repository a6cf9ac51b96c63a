/*
 * Charge price: what the driver pays for a charge (what the depot pays for energy is a tariff), in
 * millionths of the currency, by whole watt-hours and milliseconds. Numbers with fractions exist at
 * the edges only: in the depot's file and in what is told. Pure.
 */
#ifndef CSMS_CHARGE_PRICE_H
#define CSMS_CHARGE_PRICE_H

#include <stdbool.h>
#include "gen/depot.h"

struct charge_price {
	int64_t energy_micro; /* a kilowatt-hour */
	int64_t time_micro; /* an hour from plug to end */
	int64_t start_micro; /* once */
};

/* Of the depot's file. */
struct charge_price charge_price_read(const struct depot_charge_price *row);

/* Does the cost depend on how much was charged? */
static inline bool charge_price_needs_energy(const struct charge_price *t)
{
	return t->energy_micro != 0;
}

/* In millionths; energy and time below 0 count as 0, and what no depot sells is cut. */
int64_t charge_price_cost(const struct charge_price *t, int64_t energy_wh, int64_t time_ms);

/* For people and stations: rounded half up to hundredths. */
double charge_price_amount(int64_t micro);

#endif
