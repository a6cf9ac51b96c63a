#include "csms/money/price_estimate.h"

#define WS_PER_WH  3600
#define WS_PER_KWH INT64_C(3600000)

static int64_t price_of(const struct price_slots *p, int slot)
{
	return p->import[(size_t)slot * (size_t)p->parts].price - p->carbon[slot];
}

static int64_t rounded(__int128 v, int64_t by)
{
	return (int64_t)((v + (v < 0 ? -by / 2 : by / 2)) / by);
}

void price_estimate(const struct price_estimate_ask *ask, struct price_estimate *out)
{
	int64_t stored_mj = ask->stored_wh * BATTERY_MJ_PER_WH;
	int64_t all_ws = ask->taken_wh * WS_PER_WH;
	__int128 cost = ask->slots ? (__int128)all_ws * price_of(ask->prices, 0) : 0;

	*out = (struct price_estimate){0};
	for (int t = 0; t < ask->slots; t++) {
		int64_t lasts_s = t == 0 && ask->first_s ? ask->first_s : ask->slot_s;
		int64_t ws = ask->w[t] > 0 ? battery_charge(ask->battery, &stored_mj,
						     (int32_t)ask->w[t], lasts_s)
					   : 0;

		all_ws += ws;
		cost += (__int128)ws * price_of(ask->prices, t);
		if (ws && ask->prices->source[t] > out->source)
			out->source = ask->prices->source[t];
	}
	out->energy_wh = rounded(all_ws, WS_PER_WH);
	out->cost_micro = rounded(cost, WS_PER_KWH);
}
