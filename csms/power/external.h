/*
 * External limits: what an energy management system or the grid operator has put on a station over
 * a way of its own (K11 to K14), and what an EVSE can count on beside it. Loop thread only.
 */
#ifndef CSMS_EXTERNAL_H
#define CSMS_EXTERNAL_H

#include "csms/core.h"
#include "gen/ocpp201.h"

struct external {
	struct external *prev, *next; /* utlist, station->externals */
	struct arena *arena;
	int64_t evse_id; /* 0: the whole station */
	enum ocpp201_charging_limit_source source;
	bool is_grid_critical;
	struct ocpp201_charging_schedule_list schedules; /* none: a limit of unknown height */
	wall_t at; /* when a schedule without startSchedule began */
};

/* Takes or replaces the limit of that source and EVSE; not journalled. NULL: no memory, or too
 * many. */
struct external *external_set(
	struct station *s, const struct ocpp201_notify_charging_limit_request *r, wall_t at);

/* Lifts those of the source, of one EVSE or (evse_id -1) of all. Their number. */
int external_clear(struct station *s, enum ocpp201_charging_limit_source source, int64_t evse_id);

/* W of one limit at `now` for an EVSE (NULL: the station, as three phases), or -1: none then. */
int64_t external_w(const struct external *x, const struct station *s, const struct evse *e,
	int voltage_v, wall_t now);

/* What the EVSE can count on: the least of its own limits, of its share of the station's, and of
 * the profiles with such a purpose that the station reported. INT64_MAX: nothing limits it.
 * `*source` (may be NULL) is then untouched. */
int64_t external_cap_w(const struct core *c, const struct evse *e, wall_t now,
	enum ocpp201_charging_limit_source *source);

/* Since when that is so; ms 0: nothing limits it. */
wall_t external_cap_at(const struct core *c, const struct evse *e, wall_t now);

/* For restore_fleet(). -1: cannot be read. */
int externals_restore(struct core *c);

/* For csms/fleet.c. */
void externals_forget(struct station *s);

#endif
