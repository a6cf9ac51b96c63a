#include "csms/api/whatif_nights.h"

#include "csms/zone.h"

/* Plans that older versions made do not tell their night. */
static int64_t night_of(const struct db_plan *p)
{
	return p->has_night ? p->night : zone_night(p->at);
}

/* The first one of a night stays, those with fewer vehicles go. */
static const struct db_plan *better(const struct db_plan *is, const struct db_plan *before)
{
	return is && is->vehicles > before->vehicles ? is : before;
}

size_t whatif_nights(const struct db_plan_list *list, wall_t now, const struct db_plan **best,
	size_t max, bool *is_tonight)
{
	const struct db_plan *tonight = NULL;
	size_t n = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct db_plan *p = &list->items[i];

		if (p->vehicles == 0)
			continue;
		if (night_of(p) == zone_night(now))
			tonight = better(tonight, p);
		else if (n && night_of(best[n - 1]) == night_of(p))
			best[n - 1] = better(best[n - 1], p);
		else if (n < max)
			best[n++] = p;
		else
			break;
	}
	*is_tonight = n == 0 && tonight;
	if (*is_tonight)
		best[n++] = tonight;
	return n;
}
