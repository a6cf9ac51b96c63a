#include "modbus/meter_stats.h"

#include <stdio.h>

/* Buckets grow by a fifth: bucket i holds latencies below bucket_top(i). The first ends at 50 µs,
 * the last but one near 90 s. */
static int64_t bucket_top(int i)
{
	double top = 50;
	for (; i > 0; i--)
		top *= 1.2;
	return (int64_t)top;
}

static void add_latency(struct meter_link_stats *s, int64_t us)
{
	int i = 0;
	while (i < METER_LATENCY_BUCKETS - 1 && us >= bucket_top(i))
		i++;
	s->latency_buckets[i]++;
	s->latency_last_us = us;
	s->latency_sum_us += us;
	if (us > s->latency_max_us)
		s->latency_max_us = us;
}

void meter_stats_add(struct meter_link_stats *s, enum meter_result result, int64_t latency_us,
	int64_t wall_ms, const char *error)
{
	uint64_t *counters[] = {
		[METER_OK] = &s->ok,
		[METER_TIMEOUT] = &s->timeouts,
		[METER_EXCEPTION] = &s->exceptions,
		[METER_GARBLED] = &s->garbled,
		[METER_CORRUPT] = &s->crc_errors,
		[METER_BROKEN] = &s->broken,
	};
	if (result != METER_DOWN) {
		s->last_result = result;
		s->polls++;
		(*counters[result])++;
	}
	if (result == METER_OK) {
		s->last_good_ms = wall_ms;
		add_latency(s, latency_us < 0 ? 0 : latency_us);
	} else {
		s->last_error_ms = wall_ms;
		snprintf(s->last_error, sizeof(s->last_error), "%s", error);
	}
}

int64_t meter_stats_mean_us(const struct meter_link_stats *s)
{
	return s->ok ? s->latency_sum_us / (int64_t)s->ok : 0;
}

int64_t meter_stats_percentile_us(const struct meter_link_stats *s, int percent)
{
	uint64_t rank = (s->ok * (uint64_t)percent + 99) / 100;
	uint64_t seen = 0;
	for (int i = 0; i < METER_LATENCY_BUCKETS - 1; i++) {
		seen += s->latency_buckets[i];
		if (seen >= rank && seen > 0) {
			int64_t top = bucket_top(i);
			return top < s->latency_max_us ? top : s->latency_max_us;
		}
	}
	return s->latency_max_us;
}

const char *meter_result_name(enum meter_result result)
{
	static const char *const names[] = {
		[METER_OK] = "ok",
		[METER_TIMEOUT] = "timeout",
		[METER_EXCEPTION] = "exception",
		[METER_GARBLED] = "garbled",
		[METER_CORRUPT] = "corrupt",
		[METER_BROKEN] = "broken",
		[METER_DOWN] = "down",
	};
	return names[result];
}
