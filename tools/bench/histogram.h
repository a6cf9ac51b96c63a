/*
 * Histogram: latencies in microseconds, kept in rows that are at most 3 % wide, so that a run of
 * any length takes the same memory and quantiles cost nothing while it is on.
 */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_ROWS 1216

struct histogram {
	int64_t total;
	uint32_t rows[HISTOGRAM_ROWS];
};

/* Counts one latency; a negative one counts as 0. */
void histogram_add(struct histogram *h, int64_t us);

/* The latency in ms that a `share` (0 to 1) of all stays at or below; 0: nothing was counted. */
double histogram_ms(const struct histogram *h, double share);

#endif
