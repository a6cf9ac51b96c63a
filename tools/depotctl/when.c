/* Times as people say them on the command line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/depotctl/client.h"
#include "tools/depotctl/ctl.h"

bool ctl_span(const char *s, int64_t *ms)
{
	int64_t sum = 0;

	while (*s) {
		char *end;
		long v = strtol(s, &end, 10);
		int64_t unit = *end == 'h' ? 3600000 : *end == 'm' ? 60000 : *end == 's' ? 1000 : 0;

		if (end == s || unit == 0 || v < 0 || v > 100000)
			return false;
		sum += v * unit;
		s = end + 1;
	}
	*ms = sum;
	return sum > 0;
}

bool ctl_when(const char *s, wall_t after, wall_t *out)
{
	time_t day = (time_t)(after.ms / 1000);
	int hour, minute, n = 0;
	int64_t span;
	struct tm tm;

	if (strcmp(s, "now") == 0) {
		*out = after;
		return true;
	}
	if (s[0] == '+' && ctl_span(s + 1, &span)) {
		out->ms = after.ms + span;
		return true;
	}
	if (sscanf(s, "%2d:%2d%n", &hour, &minute, &n) != 2 || s[n] != '\0' || hour < 0 ||
		hour > 23 || minute < 0 || minute > 59)
		return wall_parse(s, strlen(s), out);
	localtime_r(&day, &tm);
	for (int i = 0; i < 2; i++) {
		tm.tm_hour = hour;
		tm.tm_min = minute;
		tm.tm_sec = 0;
		tm.tm_isdst = -1;
		tm.tm_mday += i;
		out->ms = (int64_t)mktime(&tm) * 1000;
		if (out->ms > after.ms)
			break;
	}
	return true;
}

int ctl_learn_clock(struct ctl *c)
{
	bool is_json = c->json;
	char *body;
	int status;

	c->json = false;
	status = ctl_ask(c, "GET", "livez", NULL, &body);
	c->json = is_json;
	return status;
}
