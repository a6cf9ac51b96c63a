/*
 * Wall time: UTC milliseconds since 1970, a type of its own so that it is never mixed with the
 * monotonic time of deadlines (csms/clock.h).
 */
#ifndef SCHEMAS_WALL_H
#define SCHEMAS_WALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
	int64_t ms;
} wall_t;

#define WALL_TEXT_SIZE 32

/* Parses an RFC 3339 date-time ("2026-03-11T22:40:12.345+01:00") of `len` bytes. Fractions beyond
 * milliseconds are cut. False: not a date-time, `out` untouched. */
bool wall_parse(const char *s, size_t len, wall_t *out);

/* Writes "2026-03-11T21:40:12.345Z" (no fraction where it is 0) and returns `buf`. */
const char *wall_format(wall_t t, char buf[WALL_TEXT_SIZE]);

static inline wall_t wall_add_ms(wall_t t, int64_t ms)
{
	return (wall_t){t.ms + ms};
}

static inline int64_t wall_diff_ms(wall_t later, wall_t earlier)
{
	return later.ms - earlier.ms;
}

#endif
