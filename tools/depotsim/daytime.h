/*
 * Times of day in the depot's zone. The zone is the process's own (TZ), set once at start.
 */
#ifndef DEPOTSIM_DAYTIME_H
#define DEPOTSIM_DAYTIME_H

#include "schemas/wall.h"

/* Sets the zone of the process. 0, or -1 when there is no such IANA zone on this machine. */
int daytime_set_zone(const char *zone);

/* "HH:MM" as minutes since midnight, or -1. */
int daytime_parse(const char *s);

/* Seconds since local midnight. */
int daytime_seconds(wall_t t);

/* The first instant at or after `t` with that local time; the last one at or before it. */
wall_t daytime_next(wall_t t, int minutes);
wall_t daytime_last(wall_t t, int minutes);

/* "18:40" of `t`, local. */
const char *daytime_format(wall_t t, char buf[8]);

#endif
