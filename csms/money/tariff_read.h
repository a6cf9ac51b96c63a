/*
 * Tariff read: a tariff of the depot's file or of the API as scheduler/tariff.h wants it, judged
 * whole. Decimals become millionths here and nowhere else. Pure.
 */
#ifndef CSMS_TARIFF_READ_H
#define CSMS_TARIFF_READ_H

#include "csms/depot_check.h"
#include "scheduler/tariff.h"

/* `series`: those that components may name; their place in it is the number that the market's
 * function is asked for. 0, or -1 and the fault with its path in the row. */
int tariff_read(const struct depot_tariff *row, const struct depot_price_series_list *series,
	struct tariff *out, struct depot_fault *fault);

/* "2026-11-21" as days since 1970. 0, or -1. */
int tariff_read_date(const char *text, int64_t *day);

#endif
