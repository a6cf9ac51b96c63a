/*
 * The plan of least cost where each phase has limits of its own: the problem of plan_flow.c with the
 * room of phases, for scheduler/phase_plan.h. How long it works is counted and not timed, so that the
 * same input gives the same plan.
 */
#include "scheduler/phase_plan.h"
#include "scheduler/plan_private.h"

#include <stdlib.h>
#include <string.h>

#define ITERATIONS 800
#define GAP_PPM    1000

/* What phase_plan reads, but for what outlives the call. */
struct phases {
	struct phase_input in;
	int32_t (*limit_w)[PHASE_CHANNELS];
	int32_t *apart_w;
	int32_t (*other_w)[3];
	struct phase_vehicle *vehicles;
};

static void phases_finish(struct phases *x)
{
	free(x->limit_w);
	free(x->apart_w);
	free(x->other_w);
	free(x->vehicles);
}

static int32_t clip(int64_t w)
{
	return w < 0 ? 0 : w < FLOW_POWER_MAX ? (int32_t)w : FLOW_POWER_MAX;
}

/* What the peaks that are worth their price leave the vehicles that are still to be planned. */
static int64_t peak_room(const struct plan_work *s, int slot)
{
	const struct plan_prices *m = s->in->prices;
	int64_t least = FLOW_POWER_MAX;

	for (int k = 0; m && k < m->demands; k++) {
		int64_t left =
			plan_in_rest(s, slot, s->peak_w[k] - (m->load_w ? m->load_w[slot] : 0));

		if (m->demand[k].counts && !m->demand[k].counts[slot])
			continue;
		for (int i = 0; i < s->in->n; i++)
			left -= s->w[(size_t)i * (size_t)s->slots + (size_t)slot];
		least = left < least ? left : least;
	}
	return least;
}

static void set_limits(const struct plan_work *s, struct phases *x)
{
	for (int v = 0; v < s->nodes; v++)
		for (int t = 0; t < s->slots; t++) {
			int32_t *w = x->limit_w[(size_t)v * (size_t)s->slots + (size_t)t];

			w[PHASE_TOTAL] = clip(*plan_room_at(s, v, t));
			for (int p = 0; p < GRID_PHASES; p++)
				w[PHASE_L1 + p] = s->phase_room[v]
							  ? clip(s->phase_room[v][t][p] / 6)
							  : FLOW_POWER_MAX;
		}
	for (int t = 0; t < s->slots; t++)
		x->limit_w[t][PHASE_TOTAL] = peak_room(s, t) < x->limit_w[t][PHASE_TOTAL]
						     ? clip(peak_room(s, t))
						     : x->limit_w[t][PHASE_TOTAL];
}

/* Of the vehicles that stand already, only what is sure; plan_balance() sees to the rest. */
static void set_apart(const struct plan_work *s, struct phases *x)
{
	const struct plan_caps *caps = s->in->caps;

	for (int t = 0; t < s->slots; t++) {
		x->apart_w[t] = s->high ? clip(caps->apart_w) : FLOW_POWER_MAX;
		for (int p = 0; s->high && p < GRID_PHASES; p++)
			x->other_w[t][p] =
				clip(caps->phase[caps->apart_node].load_w[p] + s->low[t][p] / 6);
	}
}

static int phases_init(struct phases *x, const struct plan_work *s, const struct plan_problem *q)
{
	size_t slots = (size_t)s->slots;

	memset(x, 0, sizeof *x);
	x->limit_w = malloc((size_t)s->nodes * slots * sizeof *x->limit_w);
	x->apart_w = calloc(slots, sizeof *x->apart_w);
	x->other_w = calloc(slots, sizeof *x->other_w);
	x->vehicles = calloc((size_t)q->in.n + 1, sizeof *x->vehicles);
	if (!x->limit_w || !x->apart_w || !x->other_w || !x->vehicles)
		return -1;
	set_limits(s, x);
	set_apart(s, x);
	for (int i = 0; i < q->in.n; i++) {
		const struct plan_car *c = &s->car[q->car[i]];

		x->vehicles[i].flow = q->vehicles[i];
		memcpy(x->vehicles[i].sixths, c->weight, sizeof c->weight);
		x->vehicles[i].is_exact = c->is_exact;
	}
	x->in = (struct phase_input){
		.slots = s->slots,
		.nodes = s->nodes,
		.parent = q->parent,
		.limit_w = (const int32_t(*)[PHASE_CHANNELS])x->limit_w,
		.imbalance_w = s->high ? x->apart_w : NULL,
		.other_w = s->high ? (const int32_t(*)[3])x->other_w : NULL,
		.parts = s->parts,
		.price = q->price,
		.n = q->in.n,
		.vehicles = x->vehicles,
	};
	return 0;
}

/* -- prices ----------------------------------------------------------------------------------- */

static int64_t node_worth(const struct plan_work *s, const struct phase_plan *f, int node)
{
	int64_t sum = 0;

	for (int t = 0; t < s->slots; t++) {
		int64_t price = phase_plan_limit_price(f, node, PHASE_TOTAL, t);

		for (int p = 0; p < GRID_PHASES; p++)
			price += phase_plan_limit_price(f, node, PHASE_L1 + p, t) / GRID_PHASES;
		sum += plan_worth_price(price < INT32_MAX ? (int32_t)price : INT32_MAX);
	}
	return plan_worth(s, sum);
}

/* Of one W more in the slot, by the prices of all limits on the way up. */
static int64_t price_at(const struct plan_work *s, const struct phase_plan *f,
	const struct plan_car *c, int slot, int32_t energy)
{
	int64_t price = energy;

	for (int v = c->evse_node; v >= 0; v = grid_tree_node(s->in->tree, v)->parent) {
		price += phase_plan_limit_price(f, v, PHASE_TOTAL, slot);
		for (int p = 0; p < GRID_PHASES; p++)
			price += (int64_t)c->weight[p] *
				 phase_plan_limit_price(f, v, PHASE_L1 + p, slot) / 6;
	}
	return price;
}

/* The cheapest slot that has more of it. */
static int32_t marginal(const struct plan_work *s, const struct phase_plan *f,
	const struct plan_car *c, const struct flow_vehicle *v, const int32_t *energy)
{
	int64_t least = c->miss_price;

	for (int t = v->from; t < v->to; t++) {
		int64_t price = price_at(s, f, c, t, energy[t]);

		if (*plan_w_at(s, c, t) < v->max_w && price < least)
			least = price;
	}
	return plan_money_price((int32_t)least);
}

static int keep_prices(const struct plan_work *s, const struct plan_problem *q,
	const struct phase_plan *f, struct plan *p)
{
	int32_t *energy = malloc((size_t)s->slots * sizeof *energy);

	if (!energy || plan_next_price(s, energy)) {
		free(energy);
		return -1;
	}
	for (int i = 0; i < q->in.n; i++) {
		const struct plan_car *c = &s->car[q->car[i]];

		p->marginal[c->index] = marginal(s, f, c, &q->vehicles[i], energy);
	}
	for (int v = 0; v < s->nodes; v++)
		p->worth[v] = node_worth(s, f, v);
	free(energy);
	return 0;
}

/* -- solving ---------------------------------------------------------------------------------- */

static void take_rows(struct plan_work *s, const struct plan_problem *q, const struct phase_plan *f)
{
	for (int i = 0; i < q->in.n; i++) {
		const struct plan_car *c = &s->car[q->car[i]];

		for (int t = c->first; t < c->last; t++)
			if (phase_plan_w(f, i, t))
				plan_take(s, c, t, phase_plan_w(f, i, t));
	}
}

int plan_phases(
	struct plan_work *s, const struct plan_problem *q, struct plan *p, flow_value *bound)
{
	const struct phase_effort effort = {
		.iterations = s->in->is_sample ? 0 : ITERATIONS, .gap_ppm = GAP_PPM};
	struct phase_plan *f = NULL;
	struct phases x;
	int rc = -1;

	if (phases_init(&x, s, q) == 0)
		f = phase_plan_create(&x.in);
	if (f && phase_plan_solve(f, &effort) == 0) {
		*bound = phase_plan_bound(f);
		take_rows(s, q, f);
		rc = keep_prices(s, q, f, p);
	}
	phase_plan_destroy(f);
	phases_finish(&x);
	return rc;
}
