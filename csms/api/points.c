/* The process image: newest values of measuring points. csms/metering/image.h keeps them. */
#include <stdlib.h>
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_power.h"
#include "csms/metering/image.h"

#define LIST_MAX   5000
#define DAYS_MAX_S (366 * 86400)

static int by_name(const void *a, const void *b)
{
	const struct image_point *const *p = a, *const *q = b;

	return strcmp((*p)->v.name, (*q)->v.name);
}

static bool is_wanted(const struct image_point *p, const char *prefix, const char *after)
{
	return strncmp(p->v.name, prefix, strlen(prefix)) == 0 &&
	       (after == NULL || strcmp(p->v.name, after) > 0);
}

/* Those that are asked for, by name; `*count` of them. NULL: no memory. */
static const struct image_point **select_points(
	struct ask *k, const char *prefix, int64_t max_age_s, size_t *count)
{
	const struct image *im = &k->api->core->image;
	const struct image_point **list =
		arena_alloc(k->arena, (HASH_COUNT(im->points) + 1) * sizeof *list);
	const char *after = ask_query(k, "after");
	int64_t oldest = clock_wall().ms - max_age_s * 1000;

	*count = 0;
	for (const struct image_point *p = im->points; list && p; p = p->hh.next)
		if (is_wanted(p, prefix, after) && (max_age_s < 0 || p->v.measured_at.ms >= oldest))
			list[(*count)++] = p;
	if (list)
		qsort(list, *count, sizeof *list, by_name);
	return list;
}

static void view(const struct image_point *p, wall_t now, struct api_point_view *out)
{
	*out = (struct api_point_view){
		.name = p->v.name,
		.value = p->v.value,
		.unit = p->v.unit[0] ? p->v.unit : NULL,
		.quality = image_quality_names[image_quality(p, now)],
		.measured_at = p->v.measured_at,
		.received_at = p->v.received_at,
		.source = p->v.source,
		.context = p->v.context[0] ? p->v.context : NULL,
	};
}

void points_list(struct ask *k)
{
	const char *prefix = ask_query(k, "prefix");
	struct api_point_list out = {.at = clock_wall()};
	const struct image_point **list;
	int64_t limit = LIST_MAX, max_age_s = -1;
	size_t count;

	if (!ask_int(k, "limit", 1, LIST_MAX, &limit) ||
		!ask_int(k, "max_age", 0, DAYS_MAX_S, &max_age_s))
		return;
	list = select_points(k, prefix ? prefix : "", max_age_s, &count);
	if (count > (size_t)limit) {
		count = (size_t)limit;
		out.next = list[count - 1]->v.name;
	}
	out.points.items = arena_alloc(k->arena, (count + 1) * sizeof *out.points.items);
	if (!list || !out.points.items) {
		ask_problem(k, 503, NULL, "no memory for the points");
		return;
	}
	for (size_t i = 0; i < count; i++)
		view(list[i], out.at, &out.points.items[i]);
	out.points.count = count;
	ask_reply(k, 200, &api_point_list_type, &out);
}

void point_get(struct ask *k)
{
	const struct image_point *p = image_find(&k->api->core->image, k->match.param[0]);
	struct api_point_view out;

	if (!p) {
		ask_problem(k, 404, NULL,
			"there is no such point, or nothing has been measured there since depotd "
			"started; GET /api/v1/points lists them");
		return;
	}
	view(p, clock_wall(), &out);
	ask_reply(k, 200, &api_point_view_type, &out);
}
