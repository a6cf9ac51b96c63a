#include "scheduler/calendar.h"
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* -- days ------------------------------------------------------------------------------------- */

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Years from March on: the leap day is the last one of a year, so that the days before a month
 * follow a straight line (Howard Hinnant, "chrono-compatible low-level date algorithms"). */
int64_t calendar_number(int year, int month, int day)
{
	int64_t months = (int64_t)year * 12 + month - 1, y = floor_div(months, 12);
	int64_t m = months - y * 12 + 1, era, of_era, of_year;

	y -= m <= 2;
	era = floor_div(y, 400);
	of_era = y - era * 400;
	of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year + day - 1 - 719468;
}

void calendar_of_number(int64_t days, struct calendar_day *out)
{
	int64_t era = floor_div(days + 719468, 146097), of_era = days + 719468 - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t m = (5 * of_year + 2) / 153;

	out->day = (int)(of_year - (153 * m + 2) / 5 + 1);
	out->month = (int)(m < 10 ? m + 3 : m - 9);
	out->year = (int)(year + era * 400 + (out->month <= 2));
	out->weekday = (int)(((days + 3) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
}

int calendar_month_days(int year, int month)
{
	return (int)(calendar_number(year, month + 1, 1) - calendar_number(year, month, 1));
}

/* -- zones ------------------------------------------------------------------------------------ */

/* The shift in force at an instant, -1: none at all. */
static int shift_at(const struct calendar_zone *z, int64_t at_ms)
{
	int lo = 0, hi = z->count;

	while (lo < hi) {
		int mid = lo + (hi - lo) / 2;

		if (z->shifts[mid].at_ms <= at_ms)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo > 0 ? lo - 1 : z->count > 0 ? 0 : -1;
}

void calendar_local(const struct calendar_zone *z, int64_t at_ms, struct calendar_time *out)
{
	int i = shift_at(z, at_ms);
	int64_t offset_ms = i < 0 ? 0 : (int64_t)z->shifts[i].offset_s * 1000, days;

	out->local_ms = at_ms + offset_ms;
	days = floor_div(out->local_ms, CALENDAR_DAY_MS);
	calendar_of_number(days, &out->day);
	out->minute = (int32_t)((out->local_ms - days * CALENDAR_DAY_MS) / 60000);
	out->until_ms = (days + 1) * CALENDAR_DAY_MS - offset_ms;
	if (i >= 0 && i + 1 < z->count && z->shifts[i + 1].at_ms < out->until_ms &&
		z->shifts[i + 1].at_ms > at_ms)
		out->until_ms = z->shifts[i + 1].at_ms;
}

int64_t calendar_begin_ms(const struct calendar_zone *z, const struct calendar_day *d)
{
	int64_t local = calendar_number(d->year, d->month, d->day) * CALENDAR_DAY_MS;
	int64_t at = local - CALENDAR_DAY_MS; /* no offset is as great as a day */
	struct calendar_time t;

	for (calendar_local(z, at, &t); t.local_ms < local; calendar_local(z, at, &t))
		at = t.until_ms;
	return at;
}

/* -- holidays --------------------------------------------------------------------------------- */

/* Easter Sunday as days since 1970 (the "anonymous" computus, Nature 1876). */
static int64_t easter(int year)
{
	int a = year % 19, b = year / 100, c = year % 100;
	int h = (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
	int l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
	int m = (a + 11 * h + 22 * l) / 451, n = h + l - 7 * m + 114;

	return calendar_number(year, n / 31, n % 31 + 1);
}

static bool is_nth(const struct calendar_holiday *h, const struct calendar_day *d)
{
	if (d->month != h->month || d->weekday != h->day)
		return false;
	return h->nth > 0 ? (d->day - 1) / 7 + 1 == h->nth
			  : d->day + 7 > calendar_month_days(d->year, d->month);
}

static bool is_on(const struct calendar_holiday *h, const struct calendar_day *d)
{
	switch (h->rule) {
	case CALENDAR_YEARLY:
		return d->month == h->month && d->day == h->day;
	case CALENDAR_ONCE:
		return d->year == h->year && d->month == h->month && d->day == h->day;
	case CALENDAR_EASTER:
		return calendar_number(d->year, d->month, d->day) == easter(d->year) + h->day;
	case CALENDAR_NTH:
		return is_nth(h, d);
	}
	return false;
}

bool calendar_is_holiday(
	const struct calendar_holiday *list, int count, const struct calendar_day *d)
{
	for (int i = 0; i < count; i++)
		if (is_on(&list[i], d))
			return true;
	return false;
}

/* -- words ------------------------------------------------------------------------------------ */

static const char weekdays[7][4] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

const char *calendar_weekday_name(int weekday)
{
	return weekdays[weekday];
}

int calendar_read_weekday(const char *text, int len)
{
	for (int i = 0; len == 3 && i < 7; i++)
		if (strncasecmp(text, weekdays[i], 3) == 0)
			return i;
	return -1;
}

int calendar_read_month_day(const char *text, int *month, int *day)
{
	int m, d, n = 0;

	if (strlen(text) > 5 || sscanf(text, "%2d-%2d%n", &m, &d, &n) != 2 || text[n])
		return -1;
	/* 2000 had a 29 February */
	if (m < 1 || m > 12 || d < 1 || d > calendar_month_days(2000, m))
		return -1;
	*month = m;
	*day = d;
	return 0;
}

/* "4th thu 11", "last mon 05" */
static int read_nth(const char *text, struct calendar_holiday *h)
{
	char which[8], name[8];
	int n = 0;

	h->rule = CALENDAR_NTH;
	if (sscanf(text, "%7s %7s %2d%n", which, name, &h->month, &n) != 3 || text[n])
		return -1;
	h->nth = strcasecmp(which, "last") == 0 ? -1
		 : which[0] >= '1' && which[0] <= '5' && strspn(which + 1, "stndrh") == 2
			 ? which[0] - '0'
			 : 0;
	h->day = calendar_read_weekday(name, (int)strlen(name));
	return h->nth && h->day >= 0 && h->month >= 1 && h->month <= 12 ? 0 : -1;
}

int calendar_read_holiday(const char *text, struct calendar_holiday *out)
{
	struct calendar_holiday h = {0};
	int n = 0;

	if (strncasecmp(text, "easter", 6) == 0) {
		h.rule = CALENDAR_EASTER;
		if (text[6] && (sscanf(text + 6, "%4d%n", &h.day, &n) != 1 || text[6 + n] ||
				       h.day < -100 || h.day > 100))
			return -1;
	} else if (calendar_read_month_day(text, &h.month, &h.day) == 0) {
		h.rule = CALENDAR_YEARLY;
	} else if (sscanf(text, "%4d-%2d-%2d%n", &h.year, &h.month, &h.day, &n) == 3 && !text[n]) {
		h.rule = CALENDAR_ONCE;
		if (h.year < 1970 || h.month < 1 || h.month > 12 || h.day < 1 ||
			h.day > calendar_month_days(h.year, h.month))
			return -1;
	} else if (read_nth(text, &h) < 0) {
		return -1;
	}
	*out = h;
	return 0;
}
