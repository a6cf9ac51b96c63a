/*
 * Statistics of a link, or of one unit on it: what was asked, what came back, and how fast.
 *
 * A plain struct to copy. Whoever owns it calls meter_stats_add after each request.
 */
#ifndef MODBUS_METER_STATS_H
#define MODBUS_METER_STATS_H

#include <stdbool.h>
#include <stdint.h>

/* How a request ended. */
enum meter_result {
	METER_OK = 0,
	METER_TIMEOUT, /* no answer, or not all of it, in time */
	METER_EXCEPTION, /* the unit answered with an exception code */
	METER_GARBLED, /* it is no answer to what was asked: other unit, other function, wrong length */
	METER_CORRUPT, /* bad checksum */
	METER_BROKEN, /* no connection, or it was lost */
	METER_DOWN, /* not tried: the link waits before it connects again */
};

#define METER_LATENCY_BUCKETS 80
#define METER_ERROR_MAX       120

struct meter_link_stats {
	uint64_t polls; /* requests sent; METER_DOWN does not count */
	uint64_t ok;
	uint64_t timeouts;
	uint64_t exceptions;
	uint64_t garbled; /* METER_GARBLED */
	uint64_t crc_errors; /* METER_CORRUPT */
	uint64_t broken; /* METER_BROKEN */
	uint64_t connects; /* connections made */
	int64_t latency_last_us;
	int64_t latency_max_us;
	int64_t latency_sum_us; /* over `ok` answers */
	uint32_t latency_buckets[METER_LATENCY_BUCKETS];
	int64_t last_good_ms; /* wall time of the last good answer, 0: never */
	int64_t last_error_ms; /* wall time of the last other one, 0: never */
	enum meter_result last_result;
	char last_error[METER_ERROR_MAX]; /* "" as long as none */
};

/* Notes one request that ended as `result` after `latency_us`. `wall_ms`: now. `error`: words for
 * a person, used unless the result is METER_OK. */
void meter_stats_add(struct meter_link_stats *s, enum meter_result result, int64_t latency_us,
	int64_t wall_ms, const char *error);

/* Mean latency of good answers in microseconds, 0 without any. */
int64_t meter_stats_mean_us(const struct meter_link_stats *s);

/* Latency that `percent` of the good answers did not exceed, in microseconds, to within a fifth. */
int64_t meter_stats_percentile_us(const struct meter_link_stats *s, int percent);

/* "timeout", "exception" … for logs. */
const char *meter_result_name(enum meter_result result);

#endif
