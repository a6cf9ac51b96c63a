#include <stdlib.h>
#include <string.h>
#include "scheduler/phase_plan_private.h"

/*
 * The layers in turn. Layer 1 is the flow planner on the forest: with shared limits one pass is not
 * the last one, since what it moves for one price may open a way for another. Layers 2 and 3 go on
 * from there as long as the caller lets them: the first-order method for a while, its bound, its
 * powers made to fit and improved by layer 1; the best of all is kept.
 */

#define PASSES    4
#define PASS_GAIN 500000 /* a pass that gains less than this part of the cost is the last */
#define LOOK      100 /* iterations before the first look, and at least before another … */
#define LOOK_PART 3 /* … or this part of all so far */
#define MILLION   1000000
#define NO_BOUND  (-((flow_value)1 << 120)) /* proves nothing */

/* -- which layers ----------------------------------------------------------------------------- */

/* A total that is no less than its three phases may carry together is no limit. */
static bool is_limited(const struct phase_plan *p, int v, int place, int c)
{
	const int64_t *limit = p->shared.limit[phase_cell(p, v, place)];

	if (limit[c] >= PHASE_NO_LIMIT)
		return false;
	return c != PHASE_TOTAL || limit[PHASE_L1] + limit[PHASE_L2] + limit[PHASE_L3] > limit[c];
}

/* No limit holds for two patterns: then the trees are plain flows. */
static bool are_trees_apart(const struct phase_plan *p)
{
	int users[FLOW_CHANNELS] = {0};

	for (int q = 0; q < p->shared.patterns; q++)
		for (int c = 0; c < FLOW_CHANNELS; c++)
			users[c] += p->shared.pattern[q].most[c] > 0;
	for (int v = 0; v < p->nodes; v++)
		for (int place = 0; place < p->slots; place++)
			for (int c = 0; c < FLOW_CHANNELS; c++)
				if (users[c] > 1 && is_limited(p, v, place, c))
					return false;
	return true;
}

static bool is_spread_limited(const struct phase_plan *p)
{
	bool is_any = false;

	for (int q = 0; q < p->shared.patterns; q++)
		is_any |= !phase_is_balanced(&p->shared.pattern[q]);
	for (int place = 0; is_any && place < p->slots; place++)
		if (p->spread[place][0][1] < PHASE_NO_LIMIT)
			return true;
	return false;
}

static void choose_mode(struct phase_plan *p)
{
	bool has_spread, is_exact;

	if (!p->is_mode_old)
		return;
	has_spread = is_spread_limited(p);
	is_exact = !has_spread && are_trees_apart(p);
	if (is_exact != p->is_exact || has_spread != (p->shared.spread != NULL))
		phase_touch_all(p);
	p->is_exact = is_exact;
	p->shared.spread = has_spread ? p->spread : NULL;
	p->forest->shared = is_exact ? NULL : &p->shared;
	p->is_mode_old = false;
}

/* -- layer 1 ---------------------------------------------------------------------------------- */

static int improve(struct phase_plan *p)
{
	flow_value cost = 0;

	for (int k = 0; k < PASSES; k++) {
		flow_value was = cost, gain;

		if (flow_solve(p->forest) != 0)
			return -1;
		cost = flow_cost(p->forest);
		gain = was - cost;
		if (p->is_exact || (k && gain * PASS_GAIN <= (cost < 0 ? -cost : cost)))
			break;
	}
	return 0;
}

static int prove_exact(struct phase_plan *p)
{
	p->proof = flow_certify(p->forest);
	if (!p->proof)
		return -1;
	p->bound = p->proof->bound;
	p->is_bound_old = false;
	return 0;
}

/* -- any plan into the forest ----------------------------------------------------------------- */

static void keep(struct phase_plan *p)
{
	memcpy(p->best, p->forest->x, (size_t)p->n * (size_t)p->slots * sizeof *p->best);
}

/* Any powers into the forest, then what fits of them. */
static int take(struct phase_plan *p)
{
	struct flow *f = p->forest;
	int rc;

	phase_touch_all(p);
	rc = phase_fit(p);
	for (int i = 0; i < p->n; i++)
		f->missing[i] = f->need[i] - f->sum[i];
	return rc;
}

static void take_best(struct phase_plan *p)
{
	struct flow *f = p->forest;

	for (int i = 0; i < p->n; i++)
		for (int place = 0; place < p->slots; place++) {
			size_t xi = flow_xi(f, i, place);

			flow_add_x(f, i, place, xi, p->best[xi] - f->x[xi]);
		}
	take(p);
}

/* -- who goes first --------------------------------------------------------------------------- */

/* What its missing energy costs a vehicle at most. */
static int32_t rank_of(const struct flow *f, int i)
{
	return f->tier[(size_t)i * FLOW_TIERS + (size_t)f->tiers[i] - 1].price;
}

static int32_t price_of_missing(const struct flow *f, int i)
{
	int64_t left = f->missing[i];
	int32_t price = INT32_MIN;

	for (int k = 0; k < f->tiers[i] && left > 0; k++) {
		price = f->tier[(size_t)i * FLOW_TIERS + (size_t)k].price;
		left -= left < f->tier[(size_t)i * FLOW_TIERS + (size_t)k].amount
				? left
				: f->tier[(size_t)i * FLOW_TIERS + (size_t)k].amount;
	}
	return price;
}

/* The dearest missing energy, if someone charges to whom his is worth less. */
static bool is_overtaken(const struct phase_plan *p, int32_t *dearest)
{
	const struct flow *f = p->forest;
	bool is_any = false;

	*dearest = INT32_MIN;
	for (int i = 0; i < p->n; i++)
		if (f->missing[i] > 0 && price_of_missing(f, i) > *dearest)
			*dearest = price_of_missing(f, i);
	for (int i = 0; i < p->n; i++)
		is_any |= f->sum[i] > 0 && rank_of(f, i) < *dearest;
	return is_any;
}

/* Plans anew: first as if only they were there to whom energy is worth `price` or more. */
static int solve_ranked(struct phase_plan *p, int32_t price)
{
	struct flow *f = p->forest;
	int64_t *need = malloc(((size_t)p->n + 1) * sizeof *need);
	int rc;

	if (!need)
		return -1;
	memcpy(need, f->need, (size_t)p->n * sizeof *need);
	for (int i = 0; i < p->n; i++) {
		if (rank_of(f, i) >= price)
			continue;
		f->need[i] = 0;
		for (int place = 0; place < p->slots; place++) {
			size_t xi = flow_xi(f, i, place);

			flow_add_x(f, i, place, xi, flow_least(f, xi) - f->x[xi]);
			f->need[i] += f->x[xi];
		}
	}
	phase_touch_all(p);
	rc = phase_fit(p);
	if (flow_solve(f) != 0)
		rc = -1;
	memcpy(f->need, need, (size_t)p->n * sizeof *need);
	free(need);
	return rc == 0 ? improve(p) : rc;
}

/* Ways do not lead from tree to tree, so a vehicle cannot push one of another pattern aside, however
 * urgent it is. Where that may be, it goes first; the cheaper plan stays. */
static int let_overtake(struct phase_plan *p)
{
	flow_value was;
	int32_t dearest;

	for (int k = 0; k < PASSES && is_overtaken(p, &dearest); k++) {
		was = flow_cost(p->forest);
		keep(p);
		if (solve_ranked(p, dearest) != 0 || flow_cost(p->forest) >= was) {
			take_best(p);
			return p->forest->no_memory ? -1 : 0;
		}
	}
	return 0;
}

/* -- layers 2 and 3 --------------------------------------------------------------------------- */

/* No more than the need: what the first-order method is too much by comes off the dearest slots. */
static int take_dual(struct phase_plan *p)
{
	struct flow *f = p->forest;

	for (int i = 0; i < p->n; i++) {
		int64_t left = f->need[i];

		for (int place = 0; place < p->slots; place++)
			left -= flow_least(f, flow_xi(f, i, place));
		for (int place = 0; place < p->slots; place++) {
			size_t xi = flow_xi(f, i, place);
			int32_t least = flow_least(f, xi);
			int64_t w = phase_dual_w(p->dual, i, f->slot_of[place]) - least;

			w = w < 0 ? 0 : w < left ? w : left;
			left -= w;
			flow_add_x(f, i, place, xi, least + (int32_t)w - f->x[xi]);
		}
	}
	phase_order(p);
	return take(p);
}

static int raise_bound(struct phase_plan *p)
{
	flow_value bound;

	if (phase_bound(p, &bound) != 0)
		return -1;
	if (p->is_bound_old || bound > p->bound)
		p->bound = bound;
	p->is_bound_old = false;
	return 0;
}

static int32_t gap_ppm(flow_value cost, flow_value bound)
{
	flow_value size = cost < 0 ? -cost : cost, gap = cost > bound ? cost - bound : 0;

	if (gap == 0)
		return 0;
	if (size == 0 || gap / size >= 2000)
		return INT32_MAX;
	return (int32_t)((gap * MILLION + size - 1) / size);
}

/* What the first-order method has found so far, made to fit. It stays if it is the best. */
static int round_off(struct phase_plan *p, flow_value *best, bool *is_best)
{
	*is_best = false;
	if (take_dual(p) != 0)
		return p->forest->no_memory ? -1 : 0;
	if (improve(p) != 0)
		return -1;
	*is_best = flow_cost(p->forest) < *best;
	if (*is_best) {
		*best = flow_cost(p->forest);
		keep(p);
	}
	return 0;
}

static bool is_late(const struct phase_effort *e)
{
	return e->is_late && e->is_late(e->arg);
}

/* The first look is for the bound alone, unless it is the last: powers lag behind prices. */
static int descend(struct phase_plan *p, const struct phase_effort *e)
{
	flow_value best = flow_cost(p->forest);
	bool is_best = true, is_last = is_late(e);
	int rc = 0;

	keep(p);
	if (phase_dual_load(p) != 0)
		return -1;
	for (int done = 0; rc == 0 && !is_last;) {
		int round = done / LOOK_PART / LOOK * LOOK;

		round = round > LOOK ? round : LOOK;
		round = round < e->iterations - done ? round : e->iterations - done;
		phase_dual_run(p->dual, round);
		done += round;
		is_last = done >= e->iterations || is_late(e);
		rc = raise_bound(p);
		if (rc == 0 && gap_ppm(best, p->bound) > e->gap_ppm && (done > LOOK || is_last))
			rc = round_off(p, &best, &is_best);
		is_last |= gap_ppm(best, p->bound) <= e->gap_ppm;
	}
	if (!is_best)
		take_best(p);
	return rc;
}

/* -- outside ---------------------------------------------------------------------------------- */

int phase_plan_solve(struct phase_plan *p, const struct phase_effort *e)
{
	choose_mode(p);
	flow_proof_destroy(p->proof);
	p->proof = NULL;
	if (!p->is_exact && phase_fit(p) != 0)
		return -1;
	if (improve(p) != 0)
		return -1;
	if (p->is_exact)
		return prove_exact(p);
	if (let_overtake(p) != 0)
		return -1;
	return e->iterations > 0 ? descend(p, e) : 0;
}

flow_value phase_plan_bound(struct phase_plan *p)
{
	if (p->is_bound_old && raise_bound(p) != 0)
		return NO_BOUND;
	return p->bound;
}

int32_t phase_plan_gap_ppm(struct phase_plan *p)
{
	return gap_ppm(phase_plan_cost(p), phase_plan_bound(p));
}
