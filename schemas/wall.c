#include "schemas/wall.h"

#include <stdio.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)

/* Days from 1970-01-01 to a date of the proleptic Gregorian calendar. Years begin in March here, so
 * that the leap day is the last one of its year. */
static int64_t days_from_civil(int64_t y, int m, int d)
{
	int64_t era, year_of_era, day_of_year;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	year_of_era = y - era * 400;
	day_of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       day_of_year - 719468;
}

static void civil_from_days(int64_t z, int64_t *y, int *m, int *d)
{
	int64_t era, doe, yoe, doy, mp;

	z += 719468;
	era = (z >= 0 ? z : z - 146096) / 146097;
	doe = z - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	*d = (int)(doy - (153 * mp + 2) / 5 + 1);
	*m = (int)(mp < 10 ? mp + 3 : mp - 9);
	*y = yoe + era * 400 + (*m <= 2);
}

/* What is left of the text. */
struct cursor {
	const char *p;
	const char *end;
};

static bool take_digits(struct cursor *c, int n, int *out)
{
	int v = 0;

	if (c->end - c->p < n)
		return false;
	for (int i = 0; i < n; i++) {
		if (c->p[i] < '0' || c->p[i] > '9')
			return false;
		v = v * 10 + (c->p[i] - '0');
	}
	c->p += n;
	*out = v;
	return true;
}

static bool take_char(struct cursor *c, const char *allowed)
{
	if (c->p == c->end || *c->p == '\0' || !strchr(allowed, *c->p))
		return false;
	c->p++;
	return true;
}

static bool leap(int y)
{
	return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static bool take_date(struct cursor *c, int64_t *days)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int y, m, d;

	if (!take_digits(c, 4, &y) || !take_char(c, "-") || !take_digits(c, 2, &m) ||
		!take_char(c, "-") || !take_digits(c, 2, &d))
		return false;
	if (m < 1 || m > 12 || d < 1 || d > lengths[m - 1] + (m == 2 && leap(y)))
		return false;
	*days = days_from_civil(y, m, d);
	return true;
}

/* The fraction of a second in ms; digits beyond the third are read and dropped. */
static bool take_fraction(struct cursor *c, int *ms)
{
	int digits = 0;

	*ms = 0;
	if (!take_char(c, "."))
		return true;
	for (int weight = 100, v; take_digits(c, 1, &v); weight /= 10, digits++)
		*ms += v * weight;
	return digits > 0;
}

/* How many minutes local time is ahead of UTC. RFC 3339 wants "+01:00"; "+0100" and "+01" are just
 * as clear, common in the field, and good to ajv-formats. No offset at all would be a guess. */
static bool take_offset(struct cursor *c, int *minutes)
{
	int sign = c->p < c->end && *c->p == '-' ? -1 : 1;
	int h, m = 0;

	*minutes = 0;
	if (take_char(c, "Zz"))
		return true;
	if (!take_char(c, "+-") || !take_digits(c, 2, &h))
		return false;
	if (c->p < c->end) {
		take_char(c, ":");
		if (!take_digits(c, 2, &m))
			return false;
	}
	*minutes = sign * (h * 60 + m);
	return h <= 23 && m <= 59;
}

bool wall_parse(const char *s, size_t len, wall_t *out)
{
	struct cursor c = {s, s + len};
	int64_t days, minute_of_day;
	int h, m, sec, ms, offset;

	if (!take_date(&c, &days) || !take_char(&c, "Tt ") || !take_digits(&c, 2, &h) ||
		!take_char(&c, ":") || !take_digits(&c, 2, &m) || !take_char(&c, ":") ||
		!take_digits(&c, 2, &sec) || !take_fraction(&c, &ms) || !take_offset(&c, &offset))
		return false;
	if (c.p != c.end || h > 23 || m > 59 || sec > 60)
		return false;
	/* A leap second can only end a UTC day; POSIX time counts it as the next second. */
	minute_of_day = (h * 60 + m - offset) % 1440;
	if (sec == 60 && (minute_of_day + 1440) % 1440 != 1439)
		return false;
	out->ms = days * DAY_MS + ((int64_t)(h * 60 + m - offset) * 60 + sec) * 1000 + ms;
	return true;
}

const char *wall_format(wall_t t, char buf[WALL_TEXT_SIZE])
{
	int64_t days = t.ms / DAY_MS, ms = t.ms % DAY_MS, y;
	int m, d, sec;

	if (ms < 0) {
		ms += DAY_MS;
		days--;
	}
	civil_from_days(days, &y, &m, &d);
	/* RFC 3339 has four digits of year; what lies outside is nobody's measurement. */
	if (y < 0 || y > 9999) {
		bool past = y < 0;

		return strcpy(buf, past ? "0000-01-01T00:00:00Z" : "9999-12-31T23:59:59.999Z");
	}
	sec = (int)(ms / 1000);
	snprintf(buf, WALL_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d", (int)y, m, d, sec / 3600,
		sec / 60 % 60, sec % 60);
	if (ms % 1000)
		snprintf(buf + 19, WALL_TEXT_SIZE - 19, ".%03dZ", (int)(ms % 1000));
	else
		strcpy(buf + 19, "Z");
	return buf;
}
