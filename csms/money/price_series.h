/*
 * Price series: a price or carbon intensity by time, in cells of five minutes, with the time that
 * each was received; and what to reckon with where nothing was: the same hour of yesterday, the
 * mean of the weekday, the newest that is known. Each says which of these it is. Pure.
 */
#ifndef CSMS_PRICE_SERIES_H
#define CSMS_PRICE_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "scheduler/calendar.h"

#define PRICE_CELL_MS   INT64_C(300000)
#define PRICE_DAYS_BACK 36 /* weekdays of five weeks */
#define PRICE_DAYS      (PRICE_DAYS_BACK + 9)
#define PRICE_CELLS     (PRICE_DAYS * 288)

/* Where a price comes from, the best first. Order and names are public: append only. */
enum price_source {
	PRICE_FIXED, /* the tariff alone says it: no series in it */
	PRICE_SERIES, /* told for this time */
	PRICE_YESTERDAY, /* told for the same time of the day before */
	PRICE_WEEKDAY, /* mean of the same time of this weekday, of up to five weeks */
	PRICE_LAST, /* the same time of the newest day that is known */
	PRICE_NONE, /* nothing is known: the series counts as 0 */
	PRICE_SOURCE_COUNT
};
const char *price_source_name(enum price_source s); /* "fixed", "series" … */
/* What plans reckon with: "yesterday's prices", "the mean of the weekday" … */
const char *price_source_words(enum price_source s);

struct price_series {
	int64_t base_ms; /* begin of the first cell; moves on with time */
	int32_t value[PRICE_CELLS]; /* millionths a kWh, or mg/kWh; PRICE_UNKNOWN */
	int64_t received_ms[PRICE_CELLS];
};
#define PRICE_UNKNOWN INT32_MIN

void price_series_init(struct price_series *s, int64_t now_ms);

/* The window moves on: what is too old is forgotten. */
void price_series_move(struct price_series *s, int64_t now_ms);

/* [from_ms, to_ms) has this value, as received then. What does not lie in the window is dropped.
 * True: some of it is new, or another than before. */
bool price_series_put(
	struct price_series *s, int64_t from_ms, int64_t to_ms, int32_t value, int64_t received_ms);

/* Mean in [from_ms, to_ms); the worst source in it, and when its oldest was received (0: none). */
struct price_value {
	int64_t value;
	enum price_source source;
	int64_t received_ms;
};
struct price_value price_series_mean(const struct price_series *s, const struct calendar_zone *z,
	int64_t from_ms, int64_t to_ms);

/* Until when it is told without a hole from now on; now_ms itself: it is not. */
int64_t price_series_known_until(const struct price_series *s, int64_t now_ms);

#endif
