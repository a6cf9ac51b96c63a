#include "csms/zone.h"
#include <time.h>

#define STEP_MS (7 * CALENDAR_DAY_MS) /* no zone changes twice in a week */

static int32_t offset_at(int64_t ms)
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm = {0};

	localtime_r(&t, &tm);
	return (int32_t)tm.tm_gmtoff;
}

/* The second in (from, to] from which on the offset is that of `to`. */
static int64_t find_shift(int64_t from_ms, int64_t to_ms)
{
	int64_t lo = from_ms / 1000, hi = to_ms / 1000;
	int32_t after = offset_at(to_ms);

	while (hi - lo > 1) {
		int64_t mid = lo + (hi - lo) / 2;

		if (offset_at(mid * 1000) == after)
			hi = mid;
		else
			lo = mid;
	}
	return hi * 1000;
}

static void add(struct zone *z, int64_t at_ms, int32_t offset_s)
{
	if (z->zone.count < ZONE_SHIFTS_MAX)
		z->shifts[z->zone.count++] = (struct calendar_shift){at_ms, offset_s};
}

void zone_read(struct zone *z, int64_t from_ms, int64_t to_ms)
{
	int32_t offset = offset_at(from_ms);

	z->zone = (struct calendar_zone){0, z->shifts};
	add(z, from_ms, offset);
	for (int64_t at = from_ms; at < to_ms; at += STEP_MS) {
		int32_t next = offset_at(at + STEP_MS);

		if (next != offset)
			add(z, find_shift(at, at + STEP_MS), next);
		offset = next;
	}
}

int64_t zone_night(wall_t at)
{
	int64_t ms = at.ms + offset_at(at.ms) * INT64_C(1000) - CALENDAR_DAY_MS / 2;

	return ms / CALENDAR_DAY_MS - (ms % CALENDAR_DAY_MS < 0);
}
