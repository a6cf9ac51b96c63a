#include "scheduler/battery.h"

#define CAPACITY_MAX_WH INT64_C(100000000)
#define POWER_MAX_W     10000000
#define TAPER_STEP_S    10 /* taper is integrated in steps of this, each at its lowest power */

__extension__ typedef __int128 wide; /* products of power, energy and time */

struct battery battery_default(int64_t capacity_wh, int32_t max_w)
{
	return (struct battery){
		.capacity_wh = capacity_wh,
		.max_w = max_w,
		.knee_pm = 800,
		.floor_pm = 50,
		.efficiency_pm = 900,
	};
}

bool battery_valid(const struct battery *b)
{
	return b->capacity_wh >= 0 && b->capacity_wh <= CAPACITY_MAX_WH && b->max_w >= 0 &&
	       b->max_w <= POWER_MAX_W && b->knee_pm >= 0 && b->knee_pm <= 1000 &&
	       b->floor_pm >= 1 && b->floor_pm <= 1000 && b->efficiency_pm >= 1 &&
	       b->efficiency_pm <= 1000;
}

static int64_t full_mj(const struct battery *b)
{
	return b->capacity_wh * BATTERY_MJ_PER_WH;
}

/* a / b, of which one is seldom too great for the division that is fast. */
static wide quotient(wide a, wide b)
{
	return a == (int64_t)a && b == (int64_t)b ? (int64_t)a / (int64_t)b : a / b;
}

int64_t battery_knee_mj(const struct battery *b)
{
	return b->capacity_wh ? full_mj(b) / 1000 * b->knee_pm : INT64_MAX;
}

/* Constant power that is accepted all through the next `seconds`. On the taper the accepted
 * power falls with what has been stored by the end of that time: w = f(stored + w * s *
 * efficiency), which is linear and so has one solution. seconds 0: the power accepted at this
 * instant. */
static int32_t hold(const struct battery *b, int64_t stored_mj, int64_t seconds)
{
	int64_t full = full_mj(b), gain = seconds * b->efficiency_pm; /* mJ per W */
	int64_t knee, span, drop, room;
	wide w = b->max_w;

	if (b->capacity_wh == 0)
		return b->max_w;
	if (stored_mj >= full)
		return 0;
	knee = battery_knee_mj(b);
	if (b->max_w * gain <= knee - stored_mj)
		return b->max_w;
	span = full - knee;
	drop = (int64_t)b->max_w - (int64_t)b->max_w * b->floor_pm / 1000;
	if (span > 0 && stored_mj + (wide)b->max_w * gain > knee)
		w = quotient((wide)b->max_w * span - (wide)drop * (stored_mj - knee),
			span + (wide)drop * gain);
	if (w > b->max_w)
		w = b->max_w;
	if (gain > 0) {
		room = (full - stored_mj) / gain;
		if (w > room)
			w = room;
	}
	return (int32_t)w;
}

int32_t battery_accept_w(const struct battery *b, int64_t stored_mj)
{
	return hold(b, stored_mj, 0);
}

int32_t battery_hold_w(const struct battery *b, int64_t stored_mj, int64_t seconds)
{
	return hold(b, stored_mj, seconds);
}

/* Where what a battery takes falls, in full steps, as hold() says of each. Returns the energy drawn;
 * *seconds: what is left of them. */
static int64_t charge_falling(const struct battery *b, int64_t *stored_mj, int64_t *seconds)
{
	const int64_t gain = (int64_t)TAPER_STEP_S * b->efficiency_pm, full = full_mj(b);
	const int64_t knee = battery_knee_mj(b), span = full - knee;
	const int64_t drop = (int64_t)b->max_w - (int64_t)b->max_w * b->floor_pm / 1000;
	int64_t stored = *stored_mj, drawn_w = 0;

	/* Products that could be too great are left to hold(). */
	if (span <= 0 || full > INT64_MAX / 4 / (b->max_w + 1))
		return 0;
	for (; *seconds >= TAPER_STEP_S && stored < full; *seconds -= TAPER_STEP_S) {
		int64_t w = (b->max_w * span - drop * (stored - knee)) / (span + drop * gain);

		if (w * gain > full - stored)
			w = (full - stored) / gain;
		if (w == 0)
			break;
		stored += w * gain;
		drawn_w += w;
	}
	*stored_mj = stored;
	return drawn_w * TAPER_STEP_S;
}

int64_t battery_charge(
	const struct battery *b, int64_t *stored_mj, int32_t offer_w, int64_t seconds)
{
	int64_t drawn_ws = (int64_t)offer_w * seconds, gained = drawn_ws * b->efficiency_pm;
	bool falls = false;

	/* It ends before the knee: all of it is taken. */
	if (offer_w <= b->max_w && *stored_mj + gained <= battery_knee_mj(b)) {
		*stored_mj += gained;
		return drawn_ws;
	}
	drawn_ws = 0;
	while (seconds > 0) {
		/* What does not take the offer for a step takes it for no longer time, and never again. */
		int64_t step = falls && seconds > TAPER_STEP_S ? TAPER_STEP_S : seconds;
		int32_t w = hold(b, *stored_mj, step);

		if (w < offer_w && w < b->max_w && step > TAPER_STEP_S) {
			step = TAPER_STEP_S;
			w = hold(b, *stored_mj, step);
			falls = w < offer_w && w < b->max_w;
		}
		if (w < offer_w && w == 0)
			break; /* full but for less than a watt: nothing more will be stored */
		if (w > offer_w)
			w = offer_w;
		*stored_mj += (int64_t)w * step * b->efficiency_pm;
		drawn_ws += (int64_t)w * step;
		seconds -= step;
		if (falls)
			drawn_ws += charge_falling(b, stored_mj, &seconds);
	}
	return drawn_ws;
}

int64_t battery_time_s(const struct battery *b, int64_t stored_mj, int64_t target_mj,
	int32_t offer_w, int64_t max_s)
{
	int64_t t = 0;

	if (b->capacity_wh && target_mj > full_mj(b))
		target_mj = full_mj(b);
	while (stored_mj < target_mj && t < max_s) {
		int32_t w = hold(b, stored_mj, TAPER_STEP_S);
		int64_t rate, step;

		if (w > offer_w)
			w = offer_w;
		if (w == 0) /* full but for less than a watt */
			return offer_w && target_mj - stored_mj < TAPER_STEP_S * b->efficiency_pm
				       ? t
				       : -1;
		rate = (int64_t)w * b->efficiency_pm;
		step = (target_mj - stored_mj + rate - 1) / rate;
		/* Far below the knee one step may be long; on the taper power changes every
		 * step. */
		if (step > TAPER_STEP_S && hold(b, stored_mj, step) < w)
			step = TAPER_STEP_S;
		t += step;
		stored_mj += rate * step;
	}
	return stored_mj >= target_mj && t <= max_s ? t : -1;
}
