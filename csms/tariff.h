/*
 * Tariff: what a charge costs, in millionths of the currency, by whole watt-hours and milliseconds.
 * Numbers with fractions exist at the edges only: in the depot's file and in what is told. Pure.
 */
#ifndef CSMS_TARIFF_H
#define CSMS_TARIFF_H

#include <stdbool.h>
#include "gen/depot.h"

struct tariff {
	int64_t energy_micro; /* a kilowatt-hour */
	int64_t time_micro; /* an hour from plug to end */
	int64_t start_micro; /* once */
};

/* Of the depot's file. */
struct tariff tariff_read(const struct depot_tariff *row);

/* Does the cost depend on how much was charged? */
static inline bool tariff_needs_energy(const struct tariff *t)
{
	return t->energy_micro != 0;
}

/* In millionths; energy and time below 0 count as 0, and what no depot sells is cut. */
int64_t tariff_cost(const struct tariff *t, int64_t energy_wh, int64_t time_ms);

/* For people and stations: rounded half up to hundredths. */
double tariff_amount(int64_t micro);

#endif
