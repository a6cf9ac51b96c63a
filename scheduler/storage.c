#include "scheduler/storage.h"
#include <math.h>
#include <string.h>
#include "scheduler/storage_private.h"

/*
 * Mehrotra's predictor-corrector on a linear program with bounds on every variable. Each iteration
 * solves the equations of its step twice with one factorisation: once straight for the optimum, once
 * with what that taught about the centre of the way. Steps are solved for, not new values: the
 * multipliers stay as exact as they have become.
 */

#define GAP        1e-7
#define ITERATIONS 100
#define MULTIPLIER 1.0 /* to begin with, in typical prices */
#define SHORT_OF   0.995 /* a step stays inside by this share of the way to the first bound */
#define STUCK      1e-3 /* shorter steps than this … */
#define STUCK_MOST 4 /* … so often in a row: numbers are at their end */
#define LOOSE      1e-13 /* least resistance of a variable, in typical prices per typical power */
/* How boldly a step aims: at this share of the products at least. Where numbers came to their end too
 * early the next one is tried, from the beginning. */
static const double centre_least[] = {1e-6, 1e-2, 0.1};

#define ATTEMPTS 3

/* Of the first complementarity: plans are made from NEAR on when the gap may be NEARLY met, and from
 * LEAST on in any case. */
#define NEAR   1e-3
#define NEARLY 10
#define LEAST  1e-12

static bool is_power(int32_t w)
{
	return w >= 0 && w <= FLOW_POWER_MAX;
}

static bool is_device(const struct storage_input *in, const struct storage_device *d)
{
	return d->node >= 0 && d->node < in->nodes && d->from >= 0 && d->from < d->to &&
	       d->to <= in->slots && is_power(d->charge_w) && is_power(d->discharge_w) &&
	       d->charge_pm > 0 && d->charge_pm <= 1000 && d->discharge_pm > 0 &&
	       d->discharge_pm <= 1000 && d->stored >= 0 && d->stored <= d->full && d->least >= 0 &&
	       d->least <= d->full && d->need >= 0 && d->need <= d->full && d->missing > 0 &&
	       d->left >= 0 && d->left <= d->missing && d->wear >= 0 &&
	       d->full <= (int64_t)FLOW_POWER_MAX * STORAGE_SLOTS_MAX;
}

static bool are_prices(const struct storage_input *in)
{
	for (int t = 0; t < in->slots; t++)
		for (int k = 0; k < in->parts; k++) {
			const struct flow_part *p = &in->price[storage_at(t, in->parts)];
			int32_t feed = in->feed_price ? in->feed_price[t] : 0;

			if (p[k].w < 0 || p[k].price < (k ? p[k - 1].price : feed) ||
				p[k].price > FLOW_PRICE_MAX || feed < -FLOW_PRICE_MAX)
				return false;
		}
	return true;
}

static bool is_input(const struct storage_input *in)
{
	if (in->slots < 1 || in->slots > STORAGE_SLOTS_MAX || in->nodes < 1 || in->n < 0 ||
		in->parts < 1 || in->charges < 0 || in->charges > STORAGE_CHARGES ||
		!are_prices(in))
		return false;
	for (int v = 0; v < in->nodes; v++)
		if (v ? in->parent[v] < 0 || in->parent[v] >= v : in->parent[v] != -1)
			return false;
	for (size_t k = 0; k < storage_at(in->nodes, in->slots); k++)
		if (!is_power(in->cap_w[k]) || !is_power(in->feed_w[k]))
			return false;
	for (int i = 0; i < in->n; i++)
		if (!is_device(in, &in->devices[i]))
			return false;
	for (int k = 0; k < in->charges; k++)
		if (in->charge[k].paid_w < 0 || in->charge[k].price < 0)
			return false;
	return true;
}

/* What is usual here, so that numbers are about 1 inside. */
static void choose_units(struct storage *s)
{
	double power = 0, price = 0;

	for (int i = 0; i < s->n; i++)
		power += fmax(s->in->devices[i].charge_w, s->in->devices[i].discharge_w);
	for (int t = 0; t < s->slots; t++)
		price += fabs((double)s->in->price[storage_at(t, s->in->parts)].price);
	s->unit_w = s->n && power > 0 ? power / s->n : 1000;
	s->unit_price = price > 0 ? price / s->slots : 1;
}

struct storage *storage_create(const struct storage_input *in, const struct storage_memory *m)
{
	struct storage *s = is_input(in) ? storage_take(m, 1, sizeof *s) : NULL;

	if (!s)
		return NULL;
	s->in = in;
	s->memory = *m;
	s->slots = in->slots;
	s->n = in->n;
	choose_units(s);
	s->w = storage_take(m, storage_at(in->n, in->slots), sizeof *s->w);
	if (!s->w || storage_build(s) != 0)
		return NULL;
	s->cost = storage_reckon(in, s->w);
	s->bound = -INFINITY;
	return s;
}

/* -- iteration -------------------------------------------------------------------------------- */

static void begin(struct storage_vars *v)
{
	for (int k = 0; k < v->n; k++) {
		bool is_loose = v->high[k] > v->low[k];

		v->z[k] = is_loose ? (v->low[k] + v->high[k]) / 2 : v->low[k];
		v->to_low[k] = v->to_high[k] = is_loose ? MULTIPLIER : 0;
		v->weight[k] = v->dz[k] = 0;
	}
}

/* Mean product of multiplier and distance: 0 at the optimum. */
static double complementarity(const struct storage_vars *v)
{
	double sum = 0;

	for (int k = 0; k < v->n; k++)
		sum += v->to_low[k] * (v->z[k] - v->low[k]) +
		       v->to_high[k] * (v->high[k] - v->z[k]);
	return v->loose ? sum / (2.0 * v->loose) : 0;
}

static void weigh(struct storage_vars *v)
{
	for (int k = 0; k < v->n; k++)
		if (v->high[k] > v->low[k])
			v->weight[k] = 1 / (v->to_low[k] / (v->z[k] - v->low[k]) +
						   v->to_high[k] / (v->high[k] - v->z[k]) + LOOSE);
}

/* How far the step may go, of values and of multipliers. */
struct reach {
	double values, multipliers;
};

static double shorter(double most, double x, double dx)
{
	return dx < 0 && -dx * most > x ? x / -dx : most;
}

static struct reach reach_of(const struct storage_vars *v, double most)
{
	struct reach r = {most, most};

	for (int k = 0; k < v->n; k++) {
		if (v->high[k] <= v->low[k])
			continue;
		r.values = shorter(r.values, v->z[k] - v->low[k], v->dz[k]);
		r.values = shorter(r.values, v->high[k] - v->z[k], -v->dz[k]);
		r.multipliers = shorter(r.multipliers, v->to_low[k], v->dlow[k]);
		r.multipliers = shorter(r.multipliers, v->to_high[k], v->dhigh[k]);
	}
	return r;
}

/* The gradient that steps are asked for: towards products of `aim`, less what the curvature adds. */
static void ask(struct storage_vars *v, double aim)
{
	for (int k = 0; k < v->n; k++) {
		v->h[k] = v->pull[k];
		if (v->high[k] > v->low[k])
			v->h[k] += (aim - v->bent_high[k]) / (v->high[k] - v->z[k]) -
				   (aim - v->bent_low[k]) / (v->z[k] - v->low[k]);
	}
}

/* Multipliers of the bounds that go with dz. */
static void step_bounds(struct storage_vars *v, double aim)
{
	for (int k = 0; k < v->n; k++) {
		double low = v->z[k] - v->low[k], high = v->high[k] - v->z[k];

		if (v->high[k] <= v->low[k])
			continue;
		v->dlow[k] = (aim - v->bent_low[k] - v->to_low[k] * v->dz[k]) / low - v->to_low[k];
		v->dhigh[k] =
			(aim - v->bent_high[k] + v->to_high[k] * v->dz[k]) / high - v->to_high[k];
	}
}

static void straighten(struct storage_vars *v)
{
	memset(v->bent_low, 0, (size_t)v->n * sizeof *v->bent_low);
	memset(v->bent_high, 0, (size_t)v->n * sizeof *v->bent_high);
}

static void bend(struct storage_vars *v)
{
	for (int k = 0; k < v->n; k++) {
		v->bent_low[k] = v->dz[k] * v->dlow[k];
		v->bent_high[k] = -v->dz[k] * v->dhigh[k];
	}
}

/* The product to aim at, from how far the straight step would come. */
static double aim_of(const struct storage_vars *v, struct reach r, double mean, double least)
{
	double sum = 0, share;

	for (int k = 0; k < v->n; k++) {
		double low = v->z[k] + r.values * v->dz[k] - v->low[k];
		double high = v->high[k] - v->z[k] - r.values * v->dz[k];

		if (v->high[k] > v->low[k])
			sum += (v->to_low[k] + r.multipliers * v->dlow[k]) * low +
			       (v->to_high[k] + r.multipliers * v->dhigh[k]) * high;
	}
	share = sum / (2.0 * v->loose) / mean;
	share = share * share * share;
	return mean * (share > least ? share : least);
}

static void advance(struct storage *s, struct reach r)
{
	struct storage_vars *v = &s->v;

	for (int k = 0; k < v->n; k++) {
		if (v->high[k] <= v->low[k])
			continue;
		v->z[k] += r.values * v->dz[k];
		v->to_low[k] += r.multipliers * v->dlow[k];
		v->to_high[k] += r.multipliers * v->dhigh[k];
	}
	storage_sweep_move(s, r.multipliers);
}

/* False: it does not come any further; *stuck counts short steps. */
static bool iterate(struct storage *s, double mean, double least, int *stuck)
{
	struct storage_vars *v = &s->v;
	struct reach r;
	double aim;

	weigh(v);
	straighten(v);
	storage_sweep_miss(s);
	storage_sweep_factor(s);
	ask(v, 0);
	storage_sweep_step(s);
	step_bounds(v, 0);
	aim = aim_of(v, reach_of(v, 1), mean, least);
	bend(v);
	ask(v, aim);
	storage_sweep_step(s);
	step_bounds(v, aim);
	r = reach_of(v, 1 / SHORT_OF);
	r.values = fmin(1, SHORT_OF * r.values);
	r.multipliers = fmin(1, SHORT_OF * r.multipliers);
	*stuck = r.values < STUCK && r.multipliers < STUCK ? *stuck + 1 : 0;
	if (!isfinite(r.values) || !isfinite(r.multipliers) || !isfinite(aim) ||
		*stuck > STUCK_MOST)
		return false;
	advance(s, r);
	return true;
}

/* -- plans and bounds ------------------------------------------------------------------------- */

/* A plan out of the present values, if it is the best so far. -1: no memory. */
static int keep_plan(struct storage *s, double *w)
{
	double cost;

	if (storage_settle(s, false, w) != 0)
		return -1;
	cost = storage_reckon(s->in, w);
	if (cost < s->cost) {
		s->cost = cost;
		memcpy(s->w, w, storage_at(s->n, s->slots) * sizeof *w);
	}
	return 0;
}

double storage_gap(const struct storage *s)
{
	double least = s->unit_w * s->unit_price; /* a vehicle in a slot */
	double size = fmax(least, fmax(fabs(s->cost), fabs(s->bound)));

	return s->cost <= s->bound ? 0 : (s->cost - s->bound) / size;
}

/* Worth making a plan of: what the products add up to is the gap, if all rows are met. */
static bool is_near(const struct storage *s, double first, double near)
{
	double mean = complementarity(&s->v);
	double open = 2 * mean * s->v.loose * s->unit_w * s->unit_price;

	return mean <= NEAR * first &&
	       (open <= NEARLY * near * fabs(s->bound) || mean <= LEAST * first);
}

/* One way to the optimum; the iterations that it took. */
static int attempt(struct storage *s, double near, int most, double least, double *w)
{
	int done = 0, stuck = 0;
	double first, mean;

	begin(&s->v);
	storage_sweep_begin(s);
	first = mean = complementarity(&s->v);
	storage_sweep_pull(s);
	s->bound = fmax(s->bound, storage_lower(s));
	for (; done < most && mean > 0 && iterate(s, mean, least, &stuck); done++) {
		storage_sweep_pull(s);
		s->bound = fmax(s->bound, storage_lower(s));
		mean = complementarity(&s->v);
		if (is_near(s, first, near) && (keep_plan(s, w) != 0 || storage_gap(s) <= near))
			return done + 1;
	}
	keep_plan(s, w); /* of no more than it came to */
	return done;
}

int storage_solve(struct storage *s, const struct storage_effort *effort)
{
	double near = effort->gap > 0 ? effort->gap : GAP;
	int most = effort->iterations > 0 ? effort->iterations : ITERATIONS, done = 0;
	double *w = storage_take(&s->memory, storage_at(s->n, s->slots), sizeof *w);

	for (int k = 0; w && k < ATTEMPTS && done < most && (k == 0 || storage_gap(s) > near); k++)
		done += attempt(s, near, most - done, centre_least[k], w);
	return done;
}

double storage_w(const struct storage *s, int device, int slot)
{
	return s->w[storage_at(device, s->slots) + (size_t)slot];
}

double storage_cost(const struct storage *s)
{
	return s->cost;
}

double storage_bound(const struct storage *s)
{
	return s->bound;
}

double storage_peak_w(const struct storage *s, int charge)
{
	for (int k = 0; k < s->supply.peaks; k++)
		if (s->supply.peak[k].of == &s->in->charge[charge])
			return s->v.z[s->supply.peak[k].peak] * s->unit_w;
	return s->in->charge[charge].paid_w;
}

double storage_node_price(const struct storage *s, int node, int slot)
{
	const struct storage_node *v = &s->node[s->node_of[node]];

	for (int k = 0; k < v->n; k++)
		if (v->slot[k] == slot)
			return v->price[k] * s->unit_price;
	return s->supply.price[slot] * s->unit_price;
}
