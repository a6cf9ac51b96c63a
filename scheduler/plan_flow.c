/*
 * The plan of least cost: hands the vehicles, the room of every node and the prices to the flow
 * planner, and takes its plan over.
 *
 * - Vehicles that should have left charge first, by the plain rule: no price makes them wait.
 * - Of slots at the same price the earlier one is the cheaper by a part of the smallest unit.
 * - Missing energy costs more than any energy, and that of a smaller priority number more than that
 *   of a greater one, so that readiness goes before money; or what the vehicle's energy is worth.
 */
#include "scheduler/flow_floor.h"
#include "scheduler/flow_peak.h"
#include "scheduler/flow_taper.h"
#include "scheduler/plan_private.h"

#include <stdlib.h>
#include <string.h>

#define SCALE        PLAN_PRICE_SCALE /* room for the order of slots below the smallest unit */
#define MISS_PRICE   1400000000 /* above every scaled price of energy */
#define MISS_STEP    50000000 /* from one priority to the next */
#define RANKS        10
#define TAPER_PASSES 12

_Static_assert((int64_t)PLAN_PRICE_MAX *SCALE + SCALE <= MISS_PRICE, "readiness before money");
_Static_assert((int64_t)MISS_PRICE + (int64_t)MISS_STEP * RANKS <= FLOW_PRICE_MAX, "fits");

/* -- the problem ------------------------------------------------------------------------------ */

static int32_t scaled(int32_t price, int slot, int slots)
{
	if (price > PLAN_PRICE_MAX)
		price = PLAN_PRICE_MAX;
	if (price < -PLAN_PRICE_MAX)
		price = -PLAN_PRICE_MAX;
	return price * SCALE + (int32_t)((int64_t)slot * (SCALE - 1) / slots);
}

static int32_t miss_price(int priority)
{
	int rank = priority < 0 ? 0 : priority >= RANKS ? RANKS - 1 : priority;

	return MISS_PRICE + MISS_STEP * (RANKS - 1 - rank);
}

int plan_price_set(struct plan_work *s)
{
	const struct plan_prices *given = s->in->prices;
	size_t n = given ? (size_t)given->parts : 1;

	s->parts = (int)n;
	s->price = calloc((size_t)s->slots * n, sizeof *s->price);
	for (int t = 0; s->price && t < s->slots; t++)
		for (size_t k = 0; k < n; k++) {
			struct flow_part *p = &s->price[(size_t)t * n + k];

			*p = given ? given->part[(size_t)t * n + k]
				   : (struct flow_part){0, FLOW_POWER_MAX};
			p->price = scaled(p->price, t, s->slots);
		}
	for (int i = 0; i < s->in->n; i++) {
		struct plan_car *c = &s->car[i];
		int32_t worth = s->in->vehicles[c->index].worth;

		c->miss_price =
			worth && !c->late ? scaled(worth, 0, s->slots) : miss_price(c->priority);
	}
	return s->price ? 0 : -1;
}

/* What three phases carry together. */
static int32_t phases_w(const int64_t sixths[GRID_PHASES])
{
	int64_t sum = 0;

	for (int p = 0; p < GRID_PHASES; p++)
		sum += sixths[p] < (int64_t)6 * FLOW_POWER_MAX ? sixths[p]
							       : (int64_t)6 * FLOW_POWER_MAX;
	sum /= 6;
	return sum < 0 ? 0 : sum < FLOW_POWER_MAX ? (int32_t)sum : FLOW_POWER_MAX;
}

static int32_t *caps(const struct plan_work *s)
{
	size_t slots = (size_t)s->slots, cells = (size_t)s->nodes * slots;
	int32_t *out = malloc(cells * sizeof *out);

	for (size_t i = 0; out && i < cells; i++)
		out[i] = s->room[i] < FLOW_POWER_MAX ? s->room[i] : FLOW_POWER_MAX;
	for (size_t v = 0; out && s->by_phase && v < (size_t)s->nodes; v++)
		for (size_t t = 0; s->phase_room[v] && t < slots; t++)
			if (phases_w(s->phase_room[v][t]) < out[v * slots + t])
				out[v * slots + t] = phases_w(s->phase_room[v][t]);
	return out;
}

static void set_vehicle(const struct plan_work *s, const struct plan_car *c, struct flow_vehicle *v)
{
	v->node = c->evse_node;
	v->from = c->first;
	v->to = c->last;
	v->max_w = c->max_w < c->battery->max_w ? c->max_w : c->battery->max_w;
	if (v->max_w < c->min_w)
		v->to = v->from; /* takes less than the least there is */
	v->need = plan_need(s, c, c->goal_mj);
	v->tiers = 1;
	v->tier[0].amount = INT64_MAX;
	v->tier[0].price = c->miss_price;
}

/* Vehicles that are planned: positions in s->car, in the order of the problem. */
static int *plannable(const struct plan_work *s, int *count)
{
	int *of = malloc(((size_t)s->in->n + 1) * sizeof *of);

	*count = 0;
	for (int i = 0; of && i < s->in->n; i++)
		if (!s->car[i].late && s->car[i].goal_mj > 0 && s->car[i].first < s->car[i].last)
			of[(*count)++] = i;
	return of;
}

/* What the rows that stand leave of the parts of each slot's price. */
static struct flow_part *prices_left(const struct plan_work *s)
{
	size_t parts = (size_t)s->parts, slots = (size_t)s->slots;
	struct flow_part *out = malloc(slots * parts * sizeof *out);

	if (!out)
		return NULL;
	memcpy(out, s->price, slots * parts * sizeof *out);
	for (size_t t = 0; t < slots; t++) {
		int64_t taken = 0;

		for (size_t i = 0; i < (size_t)s->in->n; i++)
			taken += s->w[i * slots + t];
		for (size_t k = 0; k + 1 < parts && taken > 0; k++) {
			struct flow_part *p = &out[t * parts + k];
			int32_t now = taken < p->w ? (int32_t)taken : p->w;

			p->w -= now;
			taken -= now;
		}
	}
	return out;
}

static void problem_finish(struct plan_problem *p)
{
	free(p->parent);
	free(p->car);
	free(p->cap_w);
	free(p->price);
	free(p->vehicles);
}

static int problem_init(struct plan_problem *p, const struct plan_work *s)
{
	int n;

	memset(p, 0, sizeof *p);
	p->parent = malloc((size_t)s->nodes * sizeof *p->parent);
	p->car = plannable(s, &n);
	p->cap_w = caps(s);
	p->price = prices_left(s);
	p->vehicles = calloc((size_t)n + 1, sizeof *p->vehicles);
	if (!p->parent || !p->car || !p->cap_w || !p->price || !p->vehicles) {
		problem_finish(p);
		return -1;
	}
	for (int v = 0; v < s->nodes; v++)
		p->parent[v] = grid_tree_node(s->in->tree, v)->parent;
	for (int i = 0; i < n; i++)
		set_vehicle(s, &s->car[p->car[i]], &p->vehicles[i]);
	p->in.slots = s->slots;
	p->in.nodes = s->nodes;
	p->in.parent = p->parent;
	p->in.cap_w = p->cap_w;
	p->in.parts = s->parts;
	p->in.price = p->price;
	p->in.n = n;
	p->in.vehicles = p->vehicles;
	return 0;
}

/* -- taking the plan over --------------------------------------------------------------------- */

static void take_rows(struct plan_work *s, const struct plan_problem *p, const struct flow *f)
{
	for (int i = 0; i < p->in.n; i++) {
		const struct plan_car *c = &s->car[p->car[i]];

		for (int t = c->first; t < c->last; t++)
			if (flow_w(f, i, t))
				plan_take(s, c, t, flow_w(f, i, t));
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
	return scaled_price >= MISS_PRICE ? INT32_MAX : scaled_price / SCALE;
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
		p->worth[v] = node_worth(s, f, proof, v);
}

/* -- solving ---------------------------------------------------------------------------------- */

/* Demand charges; the rows that stand (vehicles that should have left) are load. The peaks that are
 * found bound the plan from then on. */
static int solve_peaks(struct plan_work *s, struct flow *f, flow_value *bound)
{
	const struct plan_prices *m = s->in->prices;
	struct flow_peak p = {.charges = m->demands};
	int64_t *load = calloc((size_t)s->slots, sizeof *load);
	int rc = -1;

	for (int t = 0; load && t < s->slots; t++) {
		load[t] = m->load_w ? m->load_w[t] : 0;
		for (int i = 0; i < s->in->n; i++)
			load[t] += s->w[(size_t)i * (size_t)s->slots + (size_t)t];
	}
	p.load = load;
	for (int k = 0; k < m->demands; k++)
		p.charge[k] = (struct flow_charge){m->demand[k].counts, m->demand[k].paid_w,
			m->demand[k].price * SCALE * 3600 / s->in->slot_s};
	if (load && flow_peak_solve(f, &p) == 0) {
		*bound = p.bound;
		rc = 0;
	}
	for (int k = 0; rc == 0 && k < m->demands; k++)
		s->peak_w[k] = p.peak[k];
	free(load);
	return rc;
}

/* Near full a battery takes less, and when that is depends on the plan; the bound knows no batteries. */
static int solve_taper(
	const struct plan_work *s, const struct plan_problem *q, struct flow *f, flow_value *bound)
{
	size_t n = (size_t)q->in.n;
	struct battery *battery = calloc(n + 1, sizeof *battery);
	int64_t *stored = calloc(n + 1, sizeof *stored);
	struct flow_taper t = {.battery = battery,
		.stored_mj = stored,
		.slot_s = s->in->slot_s,
		.passes = TAPER_PASSES};
	int rc = -1;

	for (size_t i = 0; battery && stored && i < n; i++) {
		battery[i] = *s->car[q->car[i]].battery;
		stored[i] = s->car[q->car[i]].start_mj;
	}
	if (battery && stored)
		rc = flow_taper(f, &q->in, &t);
	*bound = t.bound;
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

static int solve_flow(struct plan_work *s, const struct plan_problem *q, struct plan *p,
	struct flow *f, flow_value *bound)
{
	struct flow_proof *proof;
	int rc = has_taper(s, q) ? solve_taper(s, q, f, bound) : flow_solve(f);

	proof = rc == 0 ? flow_certify(f) : NULL;
	if (!proof)
		return -1;
	if (!has_taper(s, q))
		*bound = proof->bound;
	keep_prices(s, q, f, proof, p);
	flow_proof_destroy(proof);
	take_rows(s, q, f);
	return 0;
}

/* Where phases matter, what the plain flow says of the peaks is still a bound: it knows fewer
 * limits. */
static int solve(struct plan_work *s, const struct plan_problem *q, struct plan *p, struct flow *f)
{
	bool has_demand = s->in->prices && s->in->prices->demands;
	flow_value peaks = 0, bound = 0;
	int rc = has_demand ? solve_peaks(s, f, &peaks) : 0;

	if (rc == 0)
		rc = keep_bound(s, q);
	if (rc == 0)
		rc = s->by_phase ? plan_phases(s, q, p, &bound) : solve_flow(s, q, p, f, &bound);
	s->bound += (has_demand ? peaks : bound) * s->in->slot_s;
	return rc;
}

/* -- least powers ------------------------------------------------------------------------------ */

/* The plan with nothing below the least powers, of all slots: the energy that one vehicle loses by
 * that is planned anew together with all others'. */
static int mend(const struct plan_work *s, const struct plan_problem *q, struct flow *f)
{
	int32_t *least = malloc(((size_t)q->in.n + 1) * sizeof *least);
	struct flow_floor floor = {.slots = s->slots, .least_w = least};
	int rc = -1;

	for (int i = 0; least && i < q->in.n; i++)
		least[i] = s->car[q->car[i]].min_w;
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
	take_rows(s, q, f);
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

int plan_flow(struct plan_work *s, struct plan *p)
{
	struct plan_problem q;
	struct flow *f;
	int rc = -1;

	plan_early_late(s);
	if (problem_init(&q, s))
		return -1;
	f = flow_create(&q.in);
	if (f && solve(s, &q, p, f) == 0)
		rc = settle(s, &q, f);
	flow_destroy(f);
	problem_finish(&q);
	return rc;
}
