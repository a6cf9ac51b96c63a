#include "csms/metering/image.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELD_FACTOR 3
#define HELD_MIN_MS 60000

const char *const image_quality_names[] = {
	[IMAGE_GOOD] = "good",
	[IMAGE_HELD] = "held",
	[IMAGE_SUSPECT] = "suspect",
};

static struct image_point *add(struct image *im, const char *name)
{
	size_t len = strlen(name);
	struct image_point *p;
	char *own;

	if (HASH_COUNT(im->points) >= IMAGE_POINTS_MAX || len >= IMAGE_NAME_MAX)
		return NULL;
	p = calloc(1, sizeof *p + len + 1);
	if (!p)
		return NULL;
	own = (char *)(p + 1);
	memcpy(own, name, len + 1);
	p->v.name = own;
	HASH_ADD_KEYPTR(hh, im->points, own, len, p);
	return p;
}

struct image_point *image_put(struct image *im, const struct image_value *v, bool may_add)
{
	struct image_point *p;
	const char *own;

	if (!isfinite(v->value))
		return NULL;
	HASH_FIND_STR(im->points, v->name, p);
	if (!p && may_add)
		p = add(im, v->name);
	if (!p) {
		im->refused++;
		return NULL;
	}
	if (v->measured_at.ms < p->v.measured_at.ms)
		return p;
	if (p->v.measured_at.ms && v->measured_at.ms > p->v.measured_at.ms)
		p->interval_ms = v->measured_at.ms - p->v.measured_at.ms;
	own = p->v.name;
	p->v = *v;
	p->v.name = own;
	snprintf(p->unit, sizeof p->unit, "%s", v->unit);
	p->v.unit = p->unit;
	return p;
}

const struct image_point *image_find(const struct image *im, const char *name)
{
	struct image_point *p;

	HASH_FIND_STR(im->points, name, p);
	return p;
}

enum image_quality image_quality(const struct image_point *p, wall_t now)
{
	int64_t patience_ms = p->interval_ms * HELD_FACTOR;

	if (patience_ms < HELD_MIN_MS)
		patience_ms = HELD_MIN_MS;
	if (p->v.is_suspect)
		return IMAGE_SUSPECT;
	return now.ms - p->v.measured_at.ms > patience_ms ? IMAGE_HELD : IMAGE_GOOD;
}

static void drop(struct image *im, struct image_point *p)
{
	HASH_DEL(im->points, p);
	free(p);
}

void image_forget(struct image *im, const char *prefix)
{
	struct image_point *p, *next;
	size_t len = strlen(prefix);

	HASH_ITER (hh, im->points, p, next) {
		if (strncmp(p->v.name, prefix, len) == 0)
			drop(im, p);
	}
}

void image_finish(struct image *im)
{
	image_forget(im, "");
}
