#include "tools/depotsim/battery.h"

#define TAPER_FROM_PERMILLE 800
#define MICRO               1000000

bool battery_is_full(const struct battery *b)
{
	return b->stored_mws >= b->capacity_mws;
}

int battery_soc_permille(const struct battery *b)
{
	return b->capacity_mws ? (int)(b->stored_mws * 1000 / b->capacity_mws) : 0;
}

static int64_t taper_mw(const struct battery *b)
{
	int64_t knee = b->capacity_mws / 1000 * TAPER_FROM_PERMILLE;
	if (b->stored_mws <= knee)
		return b->max_mw;
	/* Parts in a million: with at most 5 MWh and 1 MW all products stay within 63 bits. */
	int64_t left =
		(b->capacity_mws - b->stored_mws) / 10 * MICRO / ((b->capacity_mws - knee) / 10);
	int64_t mw = b->max_mw / 1000 * left / 1000;
	int64_t floor_mw = b->min_mw > b->max_mw / 50 ? b->min_mw : b->max_mw / 50;
	if (mw < floor_mw)
		mw = floor_mw;
	return mw < b->max_mw ? mw : b->max_mw;
}

int64_t battery_wants_mw(const struct battery *b)
{
	if (battery_is_full(b) || b->efficiency_permille <= 0)
		return 0;
	int64_t mw = taper_mw(b);
	/* The last second ends exactly at full. */
	int64_t room = (b->capacity_mws - b->stored_mws) * 1000 - b->remainder;
	int64_t last_mw = (room + b->efficiency_permille - 1) / b->efficiency_permille;
	return mw < last_mw ? mw : last_mw;
}

void battery_charge(struct battery *b, int64_t mw)
{
	int64_t in = mw * b->efficiency_permille + b->remainder;
	b->stored_mws += in / 1000;
	b->remainder = in % 1000;
	if (b->stored_mws >= b->capacity_mws) {
		b->stored_mws = b->capacity_mws;
		b->remainder = 0;
	}
}
