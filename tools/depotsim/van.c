#include "tools/depotsim/van.h"

void van_arrive(
	struct van *v, int64_t stored_mws, bool dc, int64_t evse_max_mw, int efficiency_permille)
{
	int64_t max_mw = dc ? v->max_dc_mw : v->max_ac_mw;
	v->battery = (struct battery){
		.capacity_mws = v->capacity_mws,
		.stored_mws = stored_mws < v->capacity_mws ? stored_mws : v->capacity_mws,
		.max_mw = max_mw < evse_max_mw ? max_mw : evse_max_mw,
		.min_mw = v->min_mw,
		.efficiency_permille = efficiency_permille,
	};
	v->unlimited = v->battery;
}

void van_charge(struct van *v, int64_t mw)
{
	battery_charge(&v->battery, mw);
	battery_charge(&v->unlimited, battery_wants_mw(&v->unlimited));
}
