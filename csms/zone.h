/*
 * Zone: the offsets of the depot's time zone over some years, from the system's zone data, for the
 * pure modules that have no clock. The zone is the process's (csms/main.c sets TZ).
 */
#ifndef CSMS_ZONE_H
#define CSMS_ZONE_H

#include "scheduler/calendar.h"
#include "schemas/wall.h"

#define ZONE_SHIFTS_MAX 400

struct zone {
	struct calendar_zone zone; /* of `shifts`: a struct zone is not moved */
	struct calendar_shift shifts[ZONE_SHIFTS_MAX];
};

/* Offsets in [from_ms, to_ms]. */
void zone_read(struct zone *z, int64_t from_ms, int64_t to_ms);

/* Days since 1970 of the local day at whose noon the night of this instant began: an evening and its
 * morning are one night. Any thread. */
int64_t zone_night(wall_t at);

#endif
