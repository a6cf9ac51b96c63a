#include "csms/station/flood.h"
#include <stdarg.h>
#include <stdio.h>
#include "csms/alarms.h"

void flood_reached(struct core *c, const struct station *s, enum limit which, const char *fmt, ...)
{
	char text[ALARM_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	c->metrics.limits[which]++;
	/* Each time is over at once: the alarm stays for the calm time of its kind. */
	alarm_raise(c, ALARM_STATION_FLOODS, s->id, "%s", text);
	alarm_clear(c, ALARM_STATION_FLOODS, s->id);
}
