#include "csms/api/whatif_nights.h"

#include "csms/zone.h"

/* Plans that older versions made do not tell their night. */
static int64_t night_of(const struct db_plan *p)
{
	return p->has_night ? p->night : zone_night(p->at);
}

size_t whatif_nights(const struct db_plan_list *list, const struct db_plan **best, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct db_plan *p = &list->items[i];

		if (p->vehicles == 0)
			continue;
		if (n && night_of(best[n - 1]) == night_of(p)) {
			if (p->vehicles >= best[n - 1]->vehicles)
				best[n - 1] = p;
		} else if (n == max) {
			break;
		} else {
			best[n++] = p;
		}
	}
	return n;
}
