/*
 * Price read: documents of others as points of a series: market documents of ENTSO-E in XML, CSV,
 * JSON. Nothing in them is believed: sizes, counts, times and values are bounded. Pure.
 */
#ifndef CSMS_PRICE_READ_H
#define CSMS_PRICE_READ_H

#include "gen/depot.h"

#define PRICE_POINTS_MAX   3000
#define PRICE_DOCUMENT_MAX (1u << 20)

struct price_point {
	int64_t start_ms, end_ms;
	int32_t value; /* millionths a kWh; of carbon mg/kWh */
};

struct price_points {
	int count;
	struct price_point items[PRICE_POINTS_MAX]; /* by start, none over another */
};

/* Reads `len` bytes as the row says. 0, or -1 with one line that says what is wrong. */
int price_read(const struct depot_price_series *row, const char *text, size_t len,
	struct price_points *out, char why[300]);

/* -- of the readers --------------------------------------------------------------------------- */

int price_read_entsoe(const struct depot_price_series *row, const char *text, size_t len,
	struct price_points *out, char why[300]);
int price_read_csv(const struct depot_price_series *row, const char *text, size_t len,
	struct price_points *out, char why[300]);
int price_read_json(const struct depot_price_series *row, const char *text, size_t len,
	struct price_points *out, char why[300]);

/* Adds a point: end_ms 0: till the next one. -1: too many, or impossible; `why` says so. */
int price_points_add(
	struct price_points *p, int64_t start_ms, int64_t end_ms, int32_t value, char why[300]);

/* A number of the series' unit as its value. -1: no number that a price can be. */
int price_value_of(const struct depot_price_series *row, double number, int32_t *out);

/* Sorts, gives open ends their end, drops what the next one covers. */
int price_points_finish(struct price_points *p, int64_t step_ms, char why[300]);

#endif
