/*
 * What if all vehicles could give back, as strongly as they charge: the plans of the past once more as
 * problems of the storage planner, with and without that.
 */
#ifndef CSMS_API_WHATIF_V2G_H
#define CSMS_API_WHATIF_V2G_H

#include "csms/api/ask.h"
#include "csms/plan/plan_record.h"

/* What a reader thread needs of the depot: copies, since the loop goes on. */
struct whatif_v2g {
	struct whatif_battery {
		const char *id;
		double least; /* share of its capacity that stays in it */
		double cycles;
		const char *chemistry;
	} * batteries;
	int count;
	bool below_need;
	int64_t export_w; /* that the site may feed in */
	double battery_price, worn_share, celsius;
};

/* Loop thread. -1: no memory. Vehicles whose health forbids it are left out. */
int whatif_v2g_take(const struct core *c, struct arena *a, struct whatif_v2g *out);

/* Reader thread: adds what one plan's night would have been worth. 0, or -1: no memory. */
int whatif_v2g_night(const struct whatif_v2g *v, const struct event_plan_snapshot *s,
	const struct plan_input *in, struct api_what_if_v2g *out);

#endif
