/*
 * Prices that are implausible for their unit: €/kWh where €/MWh is meant, or the other way about. No
 * fault, for prices may be near 0 for days; but worth a sentence. Pure.
 */
#ifndef CSMS_PRICE_PLAUSIBLE_H
#define CSMS_PRICE_PLAUSIBLE_H

#include "csms/depot_check.h"
#include "csms/money/price_read.h"

/* Half of a series' values of a day or more are below 1 or above 5,000 a MWh, either way: `why` says so, and
 * what to do. False: nothing odd, too few values, or no prices of energy. */
bool price_series_is_odd(
	const struct depot_price_series *row, const struct price_points *p, char why[300]);

/* The same of the prices that a tariff's components list. Returns how many are odd. */
size_t price_tariff_odd(const struct depot_tariff *t, const char *path,
	void (*tell)(void *arg, const struct depot_fault *odd), void *arg);

/* … of all tariffs in the depot's file. */
size_t price_depot_odd(const struct depot_file *d,
	void (*tell)(void *arg, const struct depot_fault *odd), void *arg);

#endif
