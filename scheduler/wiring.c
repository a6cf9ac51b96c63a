#include "scheduler/wiring.h"

#include <math.h>

#define STEP_W     400 /* a phase that moves less is at rest */
#define STEPS      6 /* fewer say nothing */
#define SURE       6 /* gain over its error that counts as seen */
#define APART      3 /* how much surer the phase must be than the next */
#define SHOWS      0.5 /* of a step: a phase that shows so much of it may well be its own */
#define RATIO_OFF  0.15 /* of 1: what meters of different classes and instants may differ */
#define RATIO_SURE 3 /* errors that it must be off by */
#define RATIO_ONE  0.10 /* phases that share a wrong ratio differ by no more */

/* ---- two meters ---- */

static bool moves(const double now[WIRING_PHASES], const double last[WIRING_PHASES])
{
	for (int i = 0; i < WIRING_PHASES; i++)
		if (fabs(now[i] - last[i]) >= STEP_W)
			return true;
	return false;
}

void wiring_add(
	struct wiring_pair *p, const double upper[WIRING_PHASES], const double lower[WIRING_PHASES])
{
	bool counts = p->has_last && moves(lower, p->last_lower);
	for (int i = 0; i < WIRING_PHASES; i++) {
		double u = upper[i] - p->last_upper[i], l = lower[i] - p->last_lower[i];
		if (counts) {
			p->upper2[i] += u * u;
			p->lower2[i] += l * l;
			for (int j = 0; j < WIRING_PHASES; j++)
				p->product[i][j] += l * (upper[j] - p->last_upper[j]);
		}
	}
	p->steps += counts;
	p->freedom += counts;
	for (int i = 0; i < WIRING_PHASES; i++) {
		p->last_upper[i] = upper[i];
		p->last_lower[i] = lower[i];
	}
	p->has_last = true;
}

static void copy(double to[WIRING_PHASES], const double from[WIRING_PHASES])
{
	for (int i = 0; i < WIRING_PHASES; i++)
		to[i] = from[i];
}

/* What was above before this move could show there. */
static void keep_base(struct wiring_rest *r)
{
	if (r->still < WIRING_STILL || r->looks < WIRING_STILL)
		return;
	r->has_base = true;
	copy(r->base_lower, r->lower);
	copy(r->base_upper, r->upper[r->looks % WIRING_STILL]);
}

void wiring_rest_add(struct wiring_rest *r, struct wiring_pair *p,
	const double upper[WIRING_PHASES], const double lower[WIRING_PHASES])
{
	bool has_moved = false;

	for (int i = 0; i < WIRING_PHASES; i++)
		has_moved |= fabs(lower[i] - r->lower[i]) >= (double)STEP_W / 2;
	if (has_moved) {
		keep_base(r);
		copy(r->lower, lower);
		r->still = r->looks = 0;
		return;
	}
	copy(r->upper[r->looks % WIRING_STILL], upper);
	r->looks++;
	if (++r->still != WIRING_STILL || !r->has_base)
		return;
	p->has_last = r->has_base = false;
	wiring_add(p, r->base_upper, r->base_lower);
	wiring_add(p, upper, lower);
}

/* Regression through the origin of an upper phase's steps on a lower one's. */
static struct wiring_phase regress(const struct wiring_pair *p, int lower, int upper)
{
	double gain = p->product[lower][upper] / p->lower2[lower];
	double rest = p->upper2[upper] - gain * p->product[lower][upper];
	double error = sqrt(fmax(rest, 0) / (p->freedom - 1) / p->lower2[lower]);
	/* A perfect fit is no better than the meters are: half a per cent. */
	return (struct wiring_phase){upper, false, gain, fmax(error, 0.005 * fabs(gain) + 1e-9)};
}

struct wiring_phase wiring_gain(const struct wiring_pair *p, int lower, int upper)
{
	if (p->freedom < 2 || p->lower2[lower] <= 0)
		return (struct wiring_phase){.upper = -1};
	return regress(p, lower, upper);
}

static double sureness(const struct wiring_phase *f)
{
	return fabs(f->gain) / f->error;
}

/* Three-phase loads step all phases alike, and then every phase of the upper meter fits: the one
 * of the same name is believed unless another is clearly the better and it shows little of them itself: a load
 * beside, on that phase alone, makes it less sure and not another one. */
static struct wiring_phase judge_phase(const struct wiring_pair *p, int lower)
{
	struct wiring_phase none = {.upper = -1}, best = none, fits[WIRING_PHASES];
	if (p->steps < STEPS || p->freedom < STEPS ||
		p->lower2[lower] < p->steps * (double)STEP_W * STEP_W / 4)
		return none;
	for (int i = 0; i < WIRING_PHASES; i++)
		fits[i] = regress(p, lower, i);
	best = fits[lower];
	for (int i = 0; i < WIRING_PHASES; i++)
		if (sureness(&fits[i]) > APART * sureness(&best) &&
			fabs(fits[lower].gain) < SHOWS * fabs(fits[i].gain))
			best = fits[i];
	best.is_apart = true;
	for (int i = 0; i < WIRING_PHASES; i++)
		best.is_apart &= i == best.upper || sureness(&best) > APART * sureness(&fits[i]);
	return sureness(&best) >= SURE ? best : none;
}

static void judge_ratio(struct wiring_verdict *v)
{
	double least = INFINITY, most = 0, error = 0;
	for (int i = 0; i < WIRING_PHASES; i++) {
		if (v->phases[i].upper < 0)
			continue;
		least = fmin(least, fabs(v->phases[i].gain));
		most = fmax(most, fabs(v->phases[i].gain));
		error = fmax(error, v->phases[i].error);
	}
	if (most <= 0 || most - least > RATIO_ONE * most * 2)
		return;
	v->ratio = (least + most) / 2;
	v->has_ratio = fabs(v->ratio - 1) > fmax(RATIO_OFF, RATIO_SURE * error);
}

void wiring_judge(const struct wiring_pair *p, struct wiring_verdict *out)
{
	*out = (struct wiring_verdict){.is_clear = true, .is_apart = true, .ratio = 1};
	for (int i = 0; i < WIRING_PHASES; i++) {
		struct wiring_phase *f = &out->phases[i];
		*f = judge_phase(p, i);
		out->is_clear &= f->upper >= 0;
		out->is_apart &= f->upper >= 0 && f->is_apart;
		out->is_swapped |= f->upper >= 0 && f->upper != i;
		out->is_reversed[i] = f->upper >= 0 && f->gain < 0;
	}
	judge_ratio(out);
}

/* ---- one meter ---- */

enum factor { FACTOR_NONE, FACTOR_POSITIVE, FACTOR_CROSSED, FACTOR_NEGATIVE };

/* Loads of a depot have power factors near 1: chargers correct theirs. */
static enum factor factor_of(double volts, double amperes, double watts)
{
	double apparent = volts * fabs(amperes);
	if (fabs(amperes) < 1 || apparent < 200)
		return FACTOR_NONE;
	double pf = watts / apparent;
	if (pf > 0.7)
		return FACTOR_POSITIVE;
	if (pf < -0.85)
		return FACTOR_NEGATIVE;
	return pf < -0.25 && pf > -0.75 ? FACTOR_CROSSED : FACTOR_NONE;
}

static int count_of(const enum factor f[WIRING_PHASES], enum factor what, int *which)
{
	int n = 0;
	for (int i = 0; i < WIRING_PHASES; i++) {
		if (f[i] != what)
			continue;
		*which = i;
		n++;
	}
	return n;
}

struct wiring_self wiring_look(const double volts[WIRING_PHASES],
	const double amperes[WIRING_PHASES], const double watts[WIRING_PHASES])
{
	enum factor f[WIRING_PHASES];
	int phase = 0, other = 0;
	for (int i = 0; i < WIRING_PHASES; i++)
		f[i] = factor_of(volts[i], amperes[i], watts[i]);
	if (count_of(f, FACTOR_CROSSED, &other) == 3)
		return (struct wiring_self){WIRING_ROTATED, 0};
	if (count_of(f, FACTOR_CROSSED, &other) == 2 && count_of(f, FACTOR_POSITIVE, &phase) == 1)
		return (struct wiring_self){WIRING_SWAPPED, phase};
	if (count_of(f, FACTOR_NEGATIVE, &phase) == 1 && count_of(f, FACTOR_POSITIVE, &other) == 2)
		return (struct wiring_self){WIRING_REVERSED, phase};
	if (count_of(f, FACTOR_POSITIVE, &other) + count_of(f, FACTOR_NEGATIVE, &other) == 3)
		return (struct wiring_self){WIRING_FINE, 0};
	return (struct wiring_self){WIRING_UNKNOWN, 0};
}
