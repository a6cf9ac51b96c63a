#include "scheduler/battery.h"

#define CAPACITY_MAX_WH INT64_C(100000000)
#define POWER_MAX_W     10000000
#define TAPER_STEP_S    10 /* taper is integrated in steps of this, each at its lowest power */

__extension__ typedef __int128 wide; /* products of power, energy and time */
__extension__ typedef unsigned __int128 unsigned_wide;

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

/* Full steps that it takes `w` for, from that content on. */
static int64_t steps_at(const struct battery *b, int64_t stored_mj, int32_t w)
{
	int64_t full = full_mj(b), knee = battery_knee_mj(b), end = full;
	int64_t drop = (int64_t)b->max_w - (int64_t)b->max_w * b->floor_pm / 1000;

	if (drop > 0)
		end = knee + (int64_t)quotient((wide)(b->max_w - w) * (full - knee), drop);
	end = (end < full ? end : full) - stored_mj;
	return end > 0 ? end / ((int64_t)w * TAPER_STEP_S * b->efficiency_pm) : 0;
}

/* base^n in parts of 2^64, each product rounded up. */
static uint64_t power_up(uint64_t base, int64_t n)
{
	uint64_t out = UINT64_MAX;

	for (; n; n >>= 1) {
		if (n & 1)
			out = (uint64_t)((unsigned_wide)out * base >> 64) + 1;
		base = (uint64_t)((unsigned_wide)base * base >> 64) + 1;
	}
	return out;
}

/* On the fall, full steps, as hold() says of each: what is left to the content at which the straight
 * line would come to 0 becomes less by the same part with each step, so all of them are one power.
 * Rounded such that less is stored. Returns the energy drawn; *seconds: what is left of them. */
static int64_t charge_falling(const struct battery *b, int64_t *stored_mj, int64_t *seconds)
{
	const int64_t gain = (int64_t)TAPER_STEP_S * b->efficiency_pm, full = full_mj(b);
	const int64_t knee = battery_knee_mj(b), span = full - knee;
	const int64_t drop = (int64_t)b->max_w - (int64_t)b->max_w * b->floor_pm / 1000;
	int64_t left, end, ws;
	unsigned_wide part;

	if (span <= 0 || drop <= 0)
		return 0;
	left = knee + (int64_t)quotient((wide)b->max_w * span, drop) - *stored_mj;
	part = ((unsigned_wide)(uint64_t)span << 64) / (uint64_t)(span + drop * gain) + 1;
	part = power_up((uint64_t)part, *seconds / TAPER_STEP_S);
	end = *stored_mj + left - (int64_t)((uint64_t)left * part >> 64) - 1;
	ws = ((end < full ? end : full) - *stored_mj) / b->efficiency_pm;
	if (ws <= 0)
		return 0;
	*seconds %= TAPER_STEP_S;
	*stored_mj += ws * b->efficiency_pm;
	return ws;
}

static int64_t draw(const struct battery *b, int64_t *stored_mj, int32_t w, int64_t seconds)
{
	*stored_mj += (int64_t)w * seconds * b->efficiency_pm;
	return (int64_t)w * seconds;
}

int64_t battery_charge(
	const struct battery *b, int64_t *stored_mj, int32_t offer_w, int64_t seconds)
{
	int32_t most = offer_w < b->max_w ? offer_w : b->max_w;
	int64_t drawn_ws, steps;

	/* It ends before the knee: all of it is taken. */
	if (*stored_mj + (int64_t)most * seconds * b->efficiency_pm <= battery_knee_mj(b) ||
		hold(b, *stored_mj, seconds) >= most)
		return draw(b, stored_mj, most, seconds);
	steps = steps_at(b, *stored_mj, most);
	if (steps > seconds / TAPER_STEP_S)
		steps = seconds / TAPER_STEP_S;
	drawn_ws = draw(b, stored_mj, most, steps * TAPER_STEP_S);
	seconds -= steps * TAPER_STEP_S;
	drawn_ws += charge_falling(b, stored_mj, &seconds);
	while (seconds > 0) {
		int64_t step = seconds < TAPER_STEP_S ? seconds : TAPER_STEP_S;
		int32_t w = hold(b, *stored_mj, step);

		if (w == 0)
			break; /* full but for less than a watt: nothing more will be stored */
		drawn_ws += draw(b, stored_mj, w < most ? w : most, step);
		seconds -= step;
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
