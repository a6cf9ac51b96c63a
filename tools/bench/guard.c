#include "tools/bench/guard.h"

#include <stdio.h>

#define ROUNDS   4
#define BREACH   0.4 /* of all that flows, over the limit: hundreds of vans go down */
#define ENOUGH   0.4 /* of the limit flows before a breach (vans take half of what points give) */
#define RISE_S   120
#define SETTLE_S 0.6

static int report(struct crowd *c, double seconds)
{
	struct crowd_run run = {.job = JOB_EVENT, .window = 50, .seconds = seconds};

	return crowd_run(c, &run);
}

/* What flows is what the stations draw; the rest of the site is still. */
static int follow(struct crowd *c, struct meter *m, double seconds)
{
	meter_say(m, crowd_power_w(c) + 1000);
	return report(c, seconds);
}

/* Every van charges. */
static int rise(struct crowd *c, struct meter *m, double limit_w)
{
	for (int i = 0; crowd_power_w(c) < ENOUGH * limit_w || crowd_drawing(c) < GUARD_EVSES; i++)
		if (i == RISE_S || follow(c, m, 1)) {
			fprintf(stderr, "bench: after %d s only %.0f kW flow, to %d vans\n", i,
				crowd_power_w(c) / 1000, crowd_drawing(c));
			return -1;
		}
	return 0;
}

int guard_breaches(struct crowd *c, struct meter *m, double limit_w, struct guard_figures *out)
{
	struct crowd_watch w = {.meter = m, .lowered = &out->lowerings};

	*out = (struct guard_figures){.fewest = GUARD_EVSES + 1};
	for (int i = 0; i < ROUNDS; i++) {
		int64_t before = out->lowerings.total;
		int lowered;

		if (rise(c, m, limit_w) || follow(c, m, 0.4))
			return -1;
		meter_say(m, limit_w + BREACH * crowd_power_w(c) + i);
		crowd_watch(c, &w);
		crowd_wait(c, SETTLE_S);
		crowd_watch(c, NULL);
		lowered = (int)(out->lowerings.total - before);
		out->fewest = lowered < out->fewest ? lowered : out->fewest;
		out->most = lowered > out->most ? lowered : out->most;
	}
	return 0;
}
