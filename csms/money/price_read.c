#include "csms/money/price_read.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS    INT64_C(86400000)
#define VALUE_MAX 1900000000.0
#define CELL_MS   INT64_C(300000) /* times of prices lie on these */

int price_value_of(const struct depot_price_series *row, double number, int32_t *out)
{
	double value = row->kind == DEPOT_PRICE_KIND_CARBON ? number * 1000 /* g to mg */
		       : row->unit == DEPOT_PRICE_UNIT_M_WH ? number * 1000 /* a MWh to a kWh */
							    : number * 1e6;

	if (!isfinite(value) || fabs(value) > VALUE_MAX)
		return -1;
	*out = (int32_t)lround(value);
	return 0;
}

int price_points_add(
	struct price_points *p, int64_t start_ms, int64_t end_ms, int32_t value, char why[300])
{
	struct price_point *x = &p->items[p->count];

	if (p->count == PRICE_POINTS_MAX) {
		snprintf(why, 300, "more than %d values: ask for fewer days", PRICE_POINTS_MAX);
		return -1;
	}
	if (start_ms % CELL_MS || (end_ms && (end_ms <= start_ms || end_ms - start_ms > DAY_MS))) {
		snprintf(why, 300,
			"a value's time must lie on five minutes, and hold for a day at most");
		return -1;
	}
	*x = (struct price_point){start_ms, end_ms, value};
	p->count++;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct price_point *x = a, *y = b;

	return x->start_ms < y->start_ms ? -1 : x->start_ms > y->start_ms;
}

/* The step of most: what a last value without an end lasts. */
static int64_t usual_step(const struct price_points *p)
{
	return p->count > 1 ? p->items[1].start_ms - p->items[0].start_ms : 12 * CELL_MS;
}

int price_points_finish(struct price_points *p, int64_t step_ms, char why[300])
{
	int n = 0;

	if (!p->count) {
		snprintf(why, 300, "it has no values");
		return -1;
	}
	qsort(p->items, (size_t)p->count, sizeof *p->items, compare);
	if (!step_ms)
		step_ms = usual_step(p);
	for (int i = 0; i < p->count; i++) {
		struct price_point x = p->items[i];
		int64_t next = i + 1 < p->count ? p->items[i + 1].start_ms : INT64_MAX;

		if (x.start_ms == next) {
			snprintf(why, 300, "it has two values for the same time");
			return -1;
		}
		/* a hole is a hole: nothing holds longer than the usual step */
		if (!x.end_ms)
			x.end_ms = x.start_ms + (step_ms < DAY_MS ? step_ms : DAY_MS);
		if (x.end_ms > next)
			x.end_ms = next;
		p->items[n++] = x;
	}
	p->count = n;
	return 0;
}

int price_read(const struct depot_price_series *row, const char *text, size_t len,
	struct price_points *out, char why[300])
{
	static int (*const readers[])(const struct depot_price_series *, const char *, size_t,
		struct price_points *, char[300]) = {
		[DEPOT_PRICE_FORMAT_ENTSOE] = price_read_entsoe,
		[DEPOT_PRICE_FORMAT_CSV] = price_read_csv,
		[DEPOT_PRICE_FORMAT_JSON] = price_read_json,
	};
	int64_t step_ms = row->fetch->has_step_min ? row->fetch->step_min * 60000 : 0;

	out->count = 0;
	if (len > PRICE_DOCUMENT_MAX) {
		snprintf(why, 300, "it is longer than %u bytes", PRICE_DOCUMENT_MAX);
		return -1;
	}
	if (readers[row->fetch->format](row, text, len, out, why) < 0)
		return -1;
	return price_points_finish(out, step_ms, why);
}
