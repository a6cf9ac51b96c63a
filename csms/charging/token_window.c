#include "csms/charging/token_window.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define MINUTES_A_DAY (24 * 60)
#define EVERY_DAY     0x7f

struct window {
	unsigned days; /* bit 0: Sunday, as in struct tm */
	int from, to; /* minutes after midnight; to <= from: over midnight */
};

static int day_of(const char *s)
{
	static const char *const names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

	for (int i = 0; i < 7; i++)
		if (strncasecmp(s, names[i], 3) == 0)
			return i;
	return -1;
}

/* "mon", "mon-fri", "sat,sun"; ends at a blank. NULL: none of these. */
static const char *read_days(const char *s, unsigned *days)
{
	for (;;) {
		int first = day_of(s), last = first;

		if (first < 0)
			return NULL;
		s += 3;
		if (*s == '-') {
			last = day_of(s + 1);
			if (last < 0)
				return NULL;
			s += 4;
		}
		for (int d = first;; d = (d + 1) % 7) {
			*days |= 1u << d;
			if (d == last)
				break;
		}
		if (*s != ',')
			return *s == ' ' ? s + 1 : NULL;
		s++;
	}
}

static bool read_minutes(const char *s, int *out)
{
	int h, m;

	for (int i = 0; i < 5; i++)
		if (i == 2 ? s[i] != ':' : !isdigit((unsigned char)s[i]))
			return false;
	h = (s[0] - '0') * 10 + s[1] - '0';
	m = (s[3] - '0') * 10 + s[4] - '0';
	*out = h * 60 + m;
	return m < 60 && *out <= MINUTES_A_DAY;
}

static bool parse(const char *s, struct window *out)
{
	*out = (struct window){0};
	if (isalpha((unsigned char)*s))
		s = read_days(s, &out->days);
	else
		out->days = EVERY_DAY;
	return s && strlen(s) == 11 && s[5] == '-' && read_minutes(s, &out->from) &&
	       read_minutes(s + 6, &out->to) && out->from < MINUTES_A_DAY;
}

bool token_window_is_sound(const char *text)
{
	struct window w;

	return parse(text, &w);
}

bool token_window_holds(const char *text, wall_t now)
{
	time_t t = (time_t)(now.ms / 1000);
	struct window w;
	struct tm tm;
	int minute;
	bool today, yesterday;

	if (!parse(text, &w) || !localtime_r(&t, &tm))
		return false;
	minute = tm.tm_hour * 60 + tm.tm_min;
	today = w.days >> tm.tm_wday & 1;
	yesterday = w.days >> (tm.tm_wday + 6) % 7 & 1;
	if (w.from < w.to)
		return today && minute >= w.from && minute < w.to;
	return (today && minute >= w.from) || (yesterday && minute < w.to);
}
