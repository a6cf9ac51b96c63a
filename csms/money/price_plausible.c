#include "csms/money/price_plausible.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define SPAN_MS INT64_C(72000000) /* 20 h: a day of a market, whose hours may be 23 */
#define LEAST   0.001 /* a kWh: 1 a MWh */
#define MOST    5.0
#define PERIODS 64

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts them. */
static double median(double *values, int n)
{
	qsort(values, (size_t)n, sizeof *values, compare);
	return values[n / 2];
}

static const char *next_step(const struct depot_price_series *row, bool is_low)
{
	if (is_low && row->unit == DEPOT_PRICE_UNIT_M_WH)
		return "if they are told a kWh, write `unit: kWh` in this series of the depot's file";
	if (!is_low && row->unit == DEPOT_PRICE_UNIT_K_WH)
		return "if they are told a MWh, write `unit: MWh` in this series of the depot's file";
	return "look at the unit in which they are told";
}

bool price_series_is_odd(
	const struct depot_price_series *row, const struct price_points *p, char why[300])
{
	double *values, kwh;

	/* Market documents name their unit themselves. */
	if (row->kind != DEPOT_PRICE_KIND_ENERGY || p->count == 0 ||
		(row->fetch && row->fetch->format == DEPOT_PRICE_FORMAT_ENTSOE) ||
		p->items[p->count - 1].end_ms - p->items[0].start_ms < SPAN_MS)
		return false;
	values = malloc((size_t)p->count * sizeof *values);
	for (int i = 0; values && i < p->count; i++)
		values[i] = fabs(p->items[i].value / 1e6);
	kwh = values ? median(values, p->count) : LEAST;
	free(values);
	if (kwh >= LEAST && kwh <= MOST)
		return false;
	snprintf(why, 300, "half of its %d values are %s a MWh, which prices seldom are: %s",
		p->count, kwh < LEAST ? "below 1" : "above 5000", next_step(row, kwh < LEAST));
	return true;
}

/* Its prices, a kWh; one that costs nothing is meant so. */
static int prices_of(const struct depot_tariff_component *c, double out[PERIODS])
{
	int n = 0;

	if (c->has_price && c->price != 0)
		out[n++] = fabs(c->price);
	for (size_t i = 0; i < c->periods.count && n < PERIODS; i++)
		if (c->periods.items[i].price != 0)
			out[n++] = fabs(c->periods.items[i].price);
	return n;
}

static bool is_odd(const struct depot_tariff_component_list *list, const char *path,
	const char *side, struct depot_fault *out)
{
	double values[PERIODS], largest = 0;

	/* The price of a kWh is the sum of all: a small levy alone is none. */
	for (size_t i = 0; i < list->count; i++) {
		int n = list->items[i].series ? 0 : prices_of(&list->items[i], values);
		double m = n ? median(values, n) : 0;

		if (list->items[i].series)
			return false;
		if (m > largest) {
			largest = m;
			snprintf(out->path, sizeof out->path, "%s%s[%zu]", path, side, i);
		}
	}
	if (largest == 0 || (largest >= LEAST && largest <= MOST))
		return false;
	snprintf(out->text, sizeof out->text,
		"prices here are a kWh, and %g is seldom one: if it is meant a MWh, write %g",
		largest, largest / 1000);
	if (largest < LEAST)
		snprintf(out->text, sizeof out->text,
			"prices here are a kWh, and %g is seldom one: look at the unit in which it "
			"was told",
			largest);
	return true;
}

size_t price_tariff_odd(const struct depot_tariff *t, const char *path,
	void (*tell)(void *arg, const struct depot_fault *odd), void *arg)
{
	struct depot_fault odd;
	size_t n = 0;

	if (is_odd(&t->import, path, "import", &odd)) {
		tell(arg, &odd);
		n++;
	}
	if (is_odd(&t->export, path, "export", &odd)) {
		tell(arg, &odd);
		n++;
	}
	return n;
}

size_t price_depot_odd(const struct depot_file *d,
	void (*tell)(void *arg, const struct depot_fault *odd), void *arg)
{
	size_t n = 0;

	for (size_t i = 0; i < d->tariffs.count; i++) {
		char path[40];

		snprintf(path, sizeof path, "tariffs[%zu].", i);
		n += price_tariff_odd(&d->tariffs.items[i], path, tell, arg);
	}
	return n;
}
