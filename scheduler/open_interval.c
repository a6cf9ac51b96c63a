#include "scheduler/open_interval.h"

static int32_t bounded(int64_t w)
{
	return w > FLOW_POWER_MAX    ? FLOW_POWER_MAX
	       : w < -FLOW_POWER_MAX ? -FLOW_POWER_MAX
				     : (int32_t)w;
}

static bool counts(const struct plan_demand *d, int slot)
{
	return !d->counts || d->counts[slot];
}

/* The load of the moment goes on; what has gone by cannot be undone. */
static void lift_paid(const struct open_interval *o, int64_t past, int64_t rest,
	struct plan_prices *prices, int32_t load_w)
{
	int64_t mean = (o->mean_w * past + (load_w > 0 ? load_w : 0) * rest) / (past + rest);

	for (int k = 0; k < prices->demands; k++)
		if (counts(&prices->demand[k], 0) && prices->demand[k].paid_w < mean)
			prices->demand[k].paid_w = bounded(mean);
}

/* As a mean over all of the first slot. */
static int32_t first_load(const struct open_interval *o, int64_t gone, int64_t slot_ms, int32_t w)
{
	return gone > 0 ? bounded((o->mean_w * gone + w * (slot_ms - gone)) / slot_ms) : w;
}

void open_interval_count(const struct open_interval *o, int64_t now_ms, int64_t start_ms,
	int slot_s, int slots, struct plan_prices *prices, int32_t *load_w)
{
	int64_t past = start_ms - o->begin_ms, rest = o->end_ms - start_ms;

	if (now_ms <= o->begin_ms || now_ms >= o->end_ms || !prices->demands || slots < 1)
		return;
	lift_paid(o, now_ms - o->begin_ms, o->end_ms - now_ms, prices, load_w[0]);
	load_w[0] = first_load(o, now_ms - start_ms, (int64_t)slot_s * 1000, load_w[0]);
	if (past <= 0)
		return;
	for (int t = 0; t < slots && (int64_t)t * slot_s * 1000 < rest; t++) {
		bool is_within = (int64_t)(t + 1) * slot_s * 1000 <= rest, any = false;
		int64_t most = 0;

		/* mean * past + (paid - more) * rest == paid * (past + rest) */
		for (int k = 0; k < prices->demands; k++) {
			const struct plan_demand *d = &prices->demand[k];
			int64_t more = (o->mean_w - d->paid_w) * past / rest;

			if (!counts(d, t) || (any && more <= most))
				continue;
			most = more;
			any = true;
		}
		/* A slot that reaches into the next interval must keep that one's peak too. */
		if (any && (most > 0 || is_within))
			load_w[t] = bounded(load_w[t] + most);
	}
}
