/* Prices in CSV: a time and a value in columns of each line; what comes before the first line that
 * has both is a heading. Times as RFC 3339, "2026-11-21 14:00" in the depot's zone, or seconds
 * since 1970. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "csms/money/price_read.h"

#define CELL_MAX 60
#define HEADING  20 /* lines before the first value */

/* Column `wanted` (from 1) of a line, without blanks and quotes. False: it is not there. */
static bool cell(const char *line, size_t len, char separator, int64_t wanted, char out[CELL_MAX])
{
	const char *end = line + len, *stop;

	for (int64_t i = 1; i < wanted; i++) {
		line = memchr(line, separator, (size_t)(end - line));
		if (!line)
			return false;
		line++;
	}
	stop = memchr(line, separator, (size_t)(end - line));
	stop = stop ? stop : end;
	while (line < stop && (*line == ' ' || *line == '"'))
		line++;
	while (stop > line && strchr(" \"\r", stop[-1]))
		stop--;
	if (line == stop || stop - line >= CELL_MAX)
		return false;
	memcpy(out, line, (size_t)(stop - line));
	out[stop - line] = '\0';
	return true;
}

static bool read_time(const char *s, int64_t *ms)
{
	struct tm tm = {.tm_isdst = -1};
	wall_t at;
	char *end;
	int n = 0;

	if (wall_parse(s, strlen(s), &at)) {
		*ms = at.ms;
		return at.ms >= 0;
	}
	if (sscanf(s, "%4d-%2d-%2d%*1[ T]%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		    &tm.tm_hour, &tm.tm_min, &n) == 5 &&
		(s[n] == '\0' || strcmp(s + n, ":00") == 0)) {
		tm.tm_year -= 1900;
		tm.tm_mon--;
		*ms = (int64_t)mktime(&tm) * 1000;
		return *ms >= 0;
	}
	*ms = strtoll(s, &end, 10);
	if (end == s || *end || *ms < 0 || *ms > INT64_C(100000000000))
		return false;
	*ms *= 1000;
	return true;
}

/* A comma for the decimals, where it is not what separates columns. */
static bool read_number(char *s, char separator, double *out)
{
	char *comma = separator == ',' ? NULL : strchr(s, ','), *end;

	if (comma)
		*comma = '.';
	*out = strtod(s, &end);
	return end != s && *end == '\0';
}

static int read_line(const struct depot_price_series *row, const char *line, size_t len, int number,
	struct price_points *out, char why[300])
{
	const struct depot_price_fetch *f = row->fetch;
	char separator = f->separator[0], when[CELL_MAX], what[CELL_MAX];
	int64_t start;
	int32_t value;
	double x;

	if (!len || line[0] == '#' || line[0] == '\r')
		return 0;
	if (!cell(line, len, separator, f->time_column, when) || !read_time(when, &start) ||
		!cell(line, len, separator, f->value_column, what) ||
		!read_number(what, separator, &x)) {
		if (!out->count && number <= HEADING)
			return 0;
		snprintf(why, 300, "line %d: columns %d and %d must have a time and a number",
			number, (int)f->time_column, (int)f->value_column);
		return -1;
	}
	if (price_value_of(row, x, &value) < 0) {
		snprintf(why, 300, "line %d: %.40s is no price", number, what);
		return -1;
	}
	return price_points_add(out, start, 0, value, why);
}

int price_read_csv(const struct depot_price_series *row, const char *text, size_t len,
	struct price_points *out, char why[300])
{
	const char *end = text + len;

	for (int number = 1; text < end; number++) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));

		stop = stop ? stop : end;
		if (read_line(row, text, (size_t)(stop - text), number, out, why) < 0)
			return -1;
		text = stop + 1;
	}
	return 0;
}
