/*
 * Values: every sampled value of a station, as a point of the process image and of the series:
 * evse/STATION/N/Measurand[.phase][.location], in the measurand's base unit; N is 0 for the
 * station's main meter. What csms/metering/samples.c steers by keeps its short names, power_w and import_wh.
 *
 * A station has a bounded number of points, a point at most one sample a second in the series, a
 * station a bounded number of samples a second. What goes beyond is counted and dropped from the
 * series; the image has the newest value all the same.
 */
#ifndef CSMS_VALUES_H
#define CSMS_VALUES_H

#include "csms/core.h"
#include "gen/ocpp201.h"

#define VALUES_POINTS_MAX 500 /* of a station */
#define VALUES_PER_S      10 /* samples of a station, in the long run */
#define VALUES_BURST      3000 /* at once: what it kept while it was offline */

/* Which of it was not believed as a whole, `suspect`, is marked so. */
void values_take(struct core *c, struct station *s, int evse,
	const struct ocpp201_meter_value_list *values, wall_t now, bool suspect);

/* One value, named in full, into the image and the series; what is steered by is always recorded
 * unless it is suspect. */
void values_keep(
	struct core *c, struct station *s, const struct image_value *v, bool is_steered_by);

/* The point's last part into `out`; true if it is one of the short names. */
bool values_name(const struct ocpp201_sampled_value *v, char *out, size_t size);

/* One value of a measurand that OCPP 2.0.1 does not have: Temperature, RPM. `v` has all but name
 * and unit; its context is a static string. */
void values_take_other(struct core *c, struct station *s, int evse, const char *measurand,
	const char *location, struct image_value *v);

/* A point's last part taken apart; `phase` and `location` "" where it has none. Its unit. */
struct values_part {
	char measurand[61], phase[11], location[11];
	const char *unit; /* static, "" none */
};
void values_parse(const char *what, struct values_part *out);

/* The readings that the meter signed, as they came: the first VALUES_SIGNED_MAX. False: no memory. */
#define VALUES_SIGNED_MAX 20
bool values_signed(const struct ocpp201_meter_value_list *values, struct arena *a,
	struct event_signed_reading_list *out);

/* The station goes: so do its points. */
void values_forget(struct core *c, struct station *s);

#endif
