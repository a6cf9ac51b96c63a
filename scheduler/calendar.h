/*
 * Calendar: local days and minutes of instants, by a table of the zone's offsets that the caller
 * gives, and holidays by rule. Pure; no zone data, no clock.
 */
#ifndef SCHEDULER_CALENDAR_H
#define SCHEDULER_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#define CALENDAR_DAY_MS INT64_C(86400000)

/* From `at_ms` (UTC) on local time is ahead of UTC by so much. */
struct calendar_shift {
	int64_t at_ms;
	int32_t offset_s;
};

/* Shifts in the order of time; the first one counts before its time too. Empty: UTC. */
struct calendar_zone {
	int count;
	const struct calendar_shift *shifts;
};

struct calendar_day {
	int year, month, day; /* 2026, 1..12, 1..31 */
	int weekday; /* 0: Monday */
};

/* An instant as a clock on the wall shows it. */
struct calendar_time {
	struct calendar_day day;
	int32_t minute; /* of the day, as the clock shows it */
	int64_t local_ms; /* counted as if the local clock were UTC */
	int64_t until_ms; /* UTC: for so long the date and the offset stay */
};

void calendar_local(const struct calendar_zone *z, int64_t at_ms, struct calendar_time *out);

/* The instant at which a local day begins; where the clock jumps over midnight, the first after. */
int64_t calendar_begin_ms(const struct calendar_zone *z, const struct calendar_day *d);

/* Days since 1970-01-01 and back (proleptic Gregorian). Months and days beyond their range count
 * on: month 13 is January of the next year. */
int64_t calendar_number(int year, int month, int day);
void calendar_of_number(int64_t days, struct calendar_day *out);
int calendar_month_days(int year, int month);

enum calendar_rule {
	CALENDAR_YEARLY, /* month, day */
	CALENDAR_ONCE, /* year, month, day */
	CALENDAR_EASTER, /* day: so many after Easter Sunday (Gregorian) */
	CALENDAR_NTH, /* the nth (-1: last) weekday `day` of the month */
};

struct calendar_holiday {
	enum calendar_rule rule;
	int year, month, day, nth;
};

bool calendar_is_holiday(
	const struct calendar_holiday *list, int count, const struct calendar_day *d);

/* Reads "12-25", "2026-04-27", "easter+39", "easter", "4th thu 11", "last mon 05". 0, or -1. */
int calendar_read_holiday(const char *text, struct calendar_holiday *out);

/* Reads "MM-DD" of any year that has it. 0, or -1. */
int calendar_read_month_day(const char *text, int *month, int *day);

/* Reads three letters of a weekday, "mon": its number, or -1. */
int calendar_read_weekday(const char *text, int len);
const char *calendar_weekday_name(int weekday); /* "Mon" */

#endif
