/*
 * Image: the process image, the newest value of each measuring point with its unit, times, quality
 * and source. Points are named as in the series: meter/ID/quantity, evse/CP/N/what (csms/metering/values.h).
 * Bounded in points; zero-initialised means empty. Loop thread only.
 */
#ifndef CSMS_IMAGE_H
#define CSMS_IMAGE_H

#include <stdbool.h>
#include <uthash.h>
#include "schemas/wall.h"

#define IMAGE_POINTS_MAX 100000
#define IMAGE_NAME_MAX   120
#define IMAGE_UNIT_MAX   24

enum image_quality {
	IMAGE_GOOD,
	IMAGE_HELD, /* overdue: three times its usual interval, and at least a minute */
	IMAGE_SUSPECT, /* its source, or a check, does not believe it */
};
extern const char *const image_quality_names[];

struct image_value {
	const char *name;
	double value;
	const char *unit; /* "" none; shorter than IMAGE_UNIT_MAX, or it is cut */
	wall_t measured_at, received_at;
	bool is_suspect;
	const char *source, *context; /* static strings; context as OCPP spells it, "" none */
};

struct image_point {
	struct image_value v; /* v.name and v.unit are the point's own */
	char unit[IMAGE_UNIT_MAX];
	int64_t interval_ms; /* between its last two values; 0: there was one */
	wall_t kept_at; /* of whoever writes its series; ms 0: never */
	UT_hash_handle hh;
};

struct image {
	struct image_point *points; /* uthash by name, in the order of their first value */
	int64_t refused; /* values of points that there was no room for */
};

/* Finds or makes the point, and gives it the value unless it has a later one. `may_add` false:
 * only a point that is there. NULL: not there, no room, no memory, or not a finite number. */
struct image_point *image_put(struct image *im, const struct image_value *v, bool may_add);

const struct image_point *image_find(const struct image *im, const char *name);
enum image_quality image_quality(const struct image_point *p, wall_t now);

/* Removes all points whose names begin so. */
void image_forget(struct image *im, const char *prefix);
void image_finish(struct image *im);

#endif
