#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "tools/depotsim/daytime.h"

int daytime_set_zone(const char *zone)
{
	char path[200];
	if (strstr(zone, "..") || zone[0] == '/' || zone[0] == '\0')
		return -1;
	snprintf(path, sizeof path, "/usr/share/zoneinfo/%.120s", zone);
	/* The C library takes an unknown zone for UTC without a word. */
	if (strcmp(zone, "UTC") != 0 && access(path, R_OK) != 0)
		return -1;
	setenv("TZ", zone, 1);
	tzset();
	return 0;
}

int daytime_parse(const char *s)
{
	for (int i = 0; i < 5; i++) {
		if (i == 2 ? s[i] != ':' : (s[i] < '0' || s[i] > '9'))
			return -1;
	}
	int hours = (s[0] - '0') * 10 + s[1] - '0';
	int minutes = (s[3] - '0') * 10 + s[4] - '0';
	return s[5] || hours > 23 || minutes > 59 ? -1 : hours * 60 + minutes;
}

static struct tm local(wall_t t)
{
	time_t seconds = (time_t)(t.ms / 1000);
	struct tm tm;
	localtime_r(&seconds, &tm);
	return tm;
}

int daytime_seconds(wall_t t)
{
	struct tm tm = local(t);
	return tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec;
}

static wall_t on_day(wall_t t, int minutes, int days)
{
	struct tm tm = local(t);
	tm.tm_mday += days;
	tm.tm_hour = minutes / 60;
	tm.tm_min = minutes % 60;
	tm.tm_sec = 0;
	tm.tm_isdst = -1;
	return (wall_t){(int64_t)mktime(&tm) * 1000};
}

wall_t daytime_next(wall_t t, int minutes)
{
	wall_t today = on_day(t, minutes, 0);
	return today.ms >= t.ms ? today : on_day(t, minutes, 1);
}

wall_t daytime_last(wall_t t, int minutes)
{
	wall_t today = on_day(t, minutes, 0);
	return today.ms <= t.ms ? today : on_day(t, minutes, -1);
}

const char *daytime_format(wall_t t, char buf[8])
{
	int minutes = daytime_seconds(t) / 60;
	snprintf(buf, 8, "%02d:%02d", minutes / 60 % 24, minutes % 60);
	return buf;
}
