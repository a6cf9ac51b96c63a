#include "tools/depotsim/store.h"

#define MWS_PER_WH    INT64_C(3600000)
#define WOBBLE_MW     10000
#define EFFICIENCY_PM 950 /* each way */

void store_init(
	struct store *s, int64_t capacity_wh, int64_t charge_w, int64_t discharge_w, int lets_go_s)
{
	*s = (struct store){.capacity_mws = capacity_wh * MWS_PER_WH,
		.stored_mws = capacity_wh * MWS_PER_WH / 2,
		.charge_mw = charge_w * 1000,
		.discharge_mw = discharge_w * 1000,
		.lets_go_s = lets_go_s,
		.untold_s = lets_go_s};
}

void store_tell(struct store *s, double w)
{
	if (s->is_stuck)
		return;
	double most = (double)s->charge_mw / 1000, least = -(double)s->discharge_mw / 1000;

	s->told_mw = (int64_t)((w > most ? most : w < least ? least : w) * 1000);
	s->untold_s = 0;
}

void store_step(struct store *s)
{
	int64_t room = s->capacity_mws - s->stored_mws, mw = s->told_mw;

	if (s->untold_s >= s->lets_go_s && !s->is_stuck)
		mw = 0;
	else
		s->untold_s++;
	if (mw > room * 1000 / EFFICIENCY_PM)
		mw = room * 1000 / EFFICIENCY_PM;
	if (mw < -s->stored_mws * EFFICIENCY_PM / 1000)
		mw = -s->stored_mws * EFFICIENCY_PM / 1000;
	s->now_mw = mw ? mw + (s->is_steady ? 0 : (int64_t)(s->seconds++ % 3) * WOBBLE_MW) : 0;
	s->stored_mws += mw > 0 ? mw * EFFICIENCY_PM / 1000 : mw * 1000 / EFFICIENCY_PM;
}

double store_soc_pct(const struct store *s)
{
	return s->capacity_mws ? (double)s->stored_mws * 100 / (double)s->capacity_mws : 0;
}
