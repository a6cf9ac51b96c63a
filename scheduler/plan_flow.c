/*
 * The plan of least cost: has the flow planner solve the problem (plan_problem.c), and takes its plan
 * over. Vehicles that should have left charge first, by the plain rule: no price makes them wait.
 */
#include "scheduler/flow_floor.h"
#include "scheduler/flow_peak.h"
#include "scheduler/flow_taper.h"
#include "scheduler/plan_private.h"

#include <stdlib.h>
#include <string.h>

#define SCALE        PLAN_PRICE_SCALE
#define TAPER_PASSES 12

/* -- taking the plan over --------------------------------------------------------------------- */

/* In a slot that has begun the flow is the mean over all of it. */
static int32_t power_of(
	const struct plan_work *s, const struct plan_problem *p, int slot, int32_t w)
{
	return slot ? w : (int32_t)((int64_t)w * s->in->slot_s / p->first_s);
}

void plan_take_rows(struct plan_work *s, const struct plan_problem *p, const struct flow *f)
{
	for (int i = 0; i < p->in.n; i++) {
		const struct plan_car *c = &s->car[p->car[i]];

		for (int t = c->first; t < c->last; t++)
			if (flow_w(f, i, t))
				plan_take(s, c, t, power_of(s, p, t, flow_w(f, i, t)));
	}
}

/* Begins the bound before there are rows: what stands already, and what cannot be planned, costs what it
 * costs. No plan costs less than that and the one that knows no batteries and no smallest power. */
static int keep_bound(struct plan_work *s, const struct plan_problem *q)
{
	if (plan_value(s, &s->bound))
		return -1;
	for (int i = 0; i < q->in.n; i++)
		s->bound -= (flow_value)q->vehicles[i].need * q->vehicles[i].tier[0].price *
			    s->in->slot_s;
	return 0;
}

int32_t plan_money_price(int32_t scaled_price)
{
	return scaled_price >= PLAN_MISS_PRICE ? INT32_MAX : scaled_price / SCALE;
}

int64_t plan_worth_price(int32_t scaled_price)
{
	return scaled_price < PLAN_PRICE_MAX * SCALE ? scaled_price : PLAN_PRICE_MAX * SCALE;
}

int64_t plan_worth(const struct plan_work *s, int64_t sum)
{
	return (sum + SCALE / 2) / SCALE * s->in->slot_s / 3600;
}

static int64_t node_worth(
	const struct plan_work *s, const struct flow *f, const struct flow_proof *proof, int node)
{
	int64_t sum = 0;

	for (int t = 0; t < s->slots; t++)
		sum += plan_worth_price(flow_limit_price(f, proof, node, t));
	return plan_worth(s, sum);
}

static void keep_prices(const struct plan_work *s, const struct plan_problem *q,
	const struct flow *f, const struct flow_proof *proof, struct plan *p)
{
	for (int i = 0; i < q->in.n; i++)
		p->marginal[s->car[q->car[i]].index] = plan_money_price(proof->vehicle[i]);
	for (int v = 0; v < s->nodes; v++)
		p->worth[v] = q->node[v] < 0 ? 0 : node_worth(s, f, proof, q->node[v]);
}

/* -- solving ---------------------------------------------------------------------------------- */

/* Over all of the slot, rounded up. */
static int64_t mean_of(const struct plan_work *s, int slot, int64_t w)
{
	return (w * plan_slot_s(s, slot) + s->in->slot_s - 1) / s->in->slot_s;
}

static bool has_demand(const struct plan_work *s)
{
	return s->in->prices && s->in->prices->demands;
}

/* Peaks of the site at which a plan is made, or none: then the best ones are sought. */
static int solve_peaks(
	struct plan_work *s, struct flow *f, const int64_t *peak_w, struct flow_peak *p)
{
	const struct plan_prices *m = s->in->prices;
	int64_t *load = calloc((size_t)s->slots, sizeof *load);
	int rc;

	*p = (struct flow_peak){.charges = m->demands, .load = load};
	for (int t = 0; load && t < s->slots; t++) {
		load[t] = m->load_w ? m->load_w[t] : 0;
		for (int i = 0; i < s->in->n; i++)
			load[t] += mean_of(s, t, s->w[(size_t)i * (size_t)s->slots + (size_t)t]);
	}
	for (int k = 0; k < m->demands; k++) {
		p->charge[k] = (struct flow_charge){m->demand[k].counts, m->demand[k].paid_w,
			m->demand[k].price * SCALE * 3600 / s->in->slot_s};
		p->peak[k] = peak_w ? peak_w[k] : 0;
	}
	rc = !load ? -1 : peak_w ? flow_peak_hold(f, p) : flow_peak_solve(f, p);
	p->load = NULL;
	free(load);
	return rc;
}

/* Demand charges; the rows that stand (vehicles that should have left) are load. The peaks that are
 * found bound the plan from then on. */
static int find_peaks(struct plan_work *s, struct flow *f, flow_value *bound)
{
	struct flow_peak p;

	if (solve_peaks(s, f, NULL, &p))
		return -1;
	*bound = p.bound;
	memcpy(s->peak_w, p.peak, sizeof s->peak_w);
	return 0;
}

/* Peaks are worth more than a little energy, and phases have a bound without a plan: there the least that
 * is missing is not known. */
static void keep_least(struct plan_work *s, const struct plan_problem *q, const int64_t *missing)
{
	s->least = (struct plan_least){.is_known = !has_demand(s)};
	for (int i = 0; i < q->in.n; i++) {
		const struct plan_car *c = &s->car[q->car[i]];

		if (c->miss_price < PLAN_MISS_PRICE)
			continue;
		s->least.value += (flow_value)missing[i] * c->miss_price * s->in->slot_s;
		s->least.mj += missing[i] * s->in->slot_s * c->battery->efficiency_pm;
	}
}

/* Near full a battery takes less, and when that is depends on the plan; the bound knows no batteries. */
static int solve_taper(
	struct plan_work *s, const struct plan_problem *q, struct flow *f, flow_value *bound)
{
	size_t n = (size_t)q->in.n;
	struct battery *battery = calloc(n + 1, sizeof *battery);
	int64_t *stored = calloc(n + 1, sizeof *stored);
	int64_t *missing = calloc(n + 1, sizeof *missing);
	struct flow_taper t = {.battery = battery,
		.missing = missing,
		.stored_mj = stored,
		.slot_s = s->in->slot_s,
		.first_s = q->first_s,
		.passes = TAPER_PASSES};
	int rc = -1;

	for (size_t i = 0; battery && stored && i < n; i++) {
		battery[i] = *s->car[q->car[i]].battery;
		stored[i] = s->car[q->car[i]].start_mj;
	}
	if (battery && stored && missing)
		rc = flow_taper(f, &q->in, &t);
	if (rc == 0)
		keep_least(s, q, missing);
	*bound = t.bound;
	free(missing);
	free(battery);
	free(stored);
	return rc;
}

static bool has_taper(const struct plan_work *s, const struct plan_problem *q)
{
	for (int i = 0; i < q->in.n; i++)
		if (s->car[q->car[i]].battery->capacity_wh)
			return true;
	return false;
}

static void keep_missing(struct plan_work *s, const struct plan_problem *q, const struct flow *f)
{
	int64_t *missing = calloc((size_t)q->in.n + 1, sizeof *missing);

	for (int i = 0; missing && i < q->in.n; i++)
		missing[i] = flow_missing(f, i);
	if (missing)
		keep_least(s, q, missing);
	free(missing);
}

static int solve_flow(struct plan_work *s, const struct plan_problem *q, struct plan *p,
	struct flow *f, flow_value *bound)
{
	struct flow_proof *proof;
	int rc = has_taper(s, q) ? solve_taper(s, q, f, bound) : flow_solve(f);

	proof = rc == 0 ? flow_certify(f) : NULL;
	if (!proof)
		return -1;
	if (!has_taper(s, q)) {
		*bound = proof->bound;
		keep_missing(s, q, f);
	}
	keep_prices(s, q, f, proof, p);
	flow_proof_destroy(proof);
	plan_take_rows(s, q, f);
	return 0;
}

/* Where phases matter, what the plain flow says of the peaks is still a bound: it knows fewer
 * limits. */
static int solve(struct plan_work *s, const struct plan_problem *q, struct plan *p, struct flow *f)
{
	flow_value peaks = 0, bound = 0;
	int rc = has_demand(s) ? find_peaks(s, f, &peaks) : 0;

	memcpy(s->free_peak_w, s->peak_w, sizeof s->peak_w);
	if (rc == 0)
		rc = keep_bound(s, q);
	if (rc == 0)
		rc = s->by_phase ? plan_phases(s, q, p, &bound) : solve_flow(s, q, p, f, &bound);
	s->bound += (has_demand(s) ? peaks : bound) * s->in->slot_s;
	return rc;
}

/* -- least powers ------------------------------------------------------------------------------ */

/* The plan with nothing below the least powers, of all slots: the energy that one vehicle loses by
 * that is planned anew together with all others'. */
static int mend(const struct plan_work *s, const struct plan_problem *q, struct flow *f)
{
	size_t n = (size_t)q->in.n + 1;
	int32_t *least = malloc(2 * n * sizeof *least);
	/* Bounds are those of batteries near full: they are offered the least, and take less. */
	struct flow_floor floor = {.slots = s->slots,
		.least_w = least,
		.takes_less = true,
		.in_haste = plan_is_large(s)};
	int64_t slot_s = s->in->slot_s;
	int rc = -1;

	for (size_t i = 0; least && i + 1 < n; i++) {
		least[i] = s->car[q->car[i]].min_w;
		least[n + i] = (int32_t)((least[i] * (int64_t)q->first_s + slot_s - 1) / slot_s);
	}
	floor.first_least_w = least ? least + n : NULL;
	if (least)
		rc = flow_floor(f, &floor);
	free(least);
	return rc;
}

static bool is_any_least(const struct plan_work *s, const struct plan_problem *q)
{
	for (int i = 0; i < q->in.n; i++)
		if (s->car[q->car[i]].min_w)
			return true;
	return false;
}

static int settle_mended(struct plan_work *s, const struct plan_problem *q, struct flow *f)
{
	for (int i = 0; i < q->in.n; i++)
		plan_clear_row(s, &s->car[q->car[i]]);
	if (mend(s, q, f))
		return -1;
	plan_take_rows(s, q, f);
	return plan_settle(s);
}

/* Settles the rows as they are, and those of the mended plan; the better ones stay. */
static int settle_both(struct plan_work *s, const struct plan_problem *q, struct flow *f)
{
	size_t n = (size_t)s->in->n, cells = n * (size_t)s->slots;
	int32_t *rows = malloc((cells + 1) * sizeof *rows);
	int64_t *got = malloc((n + 1) * sizeof *got);
	flow_value value, mended;
	int rc = -1;

	if (!rows || !got || plan_settle(s) || plan_value(s, &value))
		goto out;
	memcpy(rows, s->w, cells * sizeof *rows);
	memcpy(got, s->got_mj, n * sizeof *got);
	if (settle_mended(s, q, f) || plan_value(s, &mended))
		goto out;
	if (mended >= value) {
		plan_restore(s, rows);
		memcpy(s->got_mj, got, n * sizeof *got);
	}
	rc = 0;
out:
	free(rows);
	free(got);
	return rc;
}

static int settle(struct plan_work *s, const struct plan_problem *q, struct flow *f)
{
	if (s->by_phase || !is_any_least(s, q))
		return plan_settle(s);
	return plan_is_large(s) ? settle_mended(s, q, f) : settle_both(s, q, f);
}

int plan_peaks(struct plan_work *s, struct flow *f)
{
	flow_value bound;

	return find_peaks(s, f, &bound);
}

int plan_peaks_at(struct plan_work *s, struct flow *f, const int64_t *peak_w)
{
	struct flow_peak p;

	return solve_peaks(s, f, peak_w, &p);
}

int plan_flow(struct plan_work *s, struct plan *p)
{
	struct plan_problem q;
	struct flow *f;
	int rc = -1;

	plan_early_late(s);
	if (plan_problem_init(&q, s))
		return -1;
	f = flow_create(&q.in);
	if (f && solve(s, &q, p, f) == 0)
		rc = settle(s, &q, f);
	if (rc == 0 && has_demand(s) && !s->by_phase && is_any_least(s, &q))
		rc = plan_again(s) || plan_turns(s) ? -1 : 0;
	flow_destroy(f);
	plan_problem_finish(&q);
	return rc;
}
