/*
 * The plan of least cost as a problem for the flow planner: vehicles, the room of the nodes that
 * matter, and prices.
 *
 * - Of slots at the same price the earlier one is the cheaper by a part of the smallest unit.
 * - Missing energy costs more than any energy, and that of a smaller priority number more than that
 *   of a greater one, so that readiness goes before money; or what the vehicle's energy is worth.
 */
#include "scheduler/plan_private.h"

#include <stdlib.h>
#include <string.h>

#define SCALE     PLAN_PRICE_SCALE /* room for the order of slots below the smallest unit */
#define MISS_STEP 50000000 /* from one priority to the next */
#define RANKS     10

_Static_assert((int64_t)PLAN_PRICE_MAX *SCALE + SCALE <= PLAN_MISS_PRICE, "readiness before money");
_Static_assert((int64_t)PLAN_MISS_PRICE + (int64_t)MISS_STEP * RANKS <= FLOW_PRICE_MAX, "fits");

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

	return PLAN_MISS_PRICE + MISS_STEP * (RANKS - 1 - rank);
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

static int32_t of_first(const struct plan_problem *p, const struct plan_work *s, int32_t w)
{
	return w < FLOW_POWER_MAX ? (int32_t)((int64_t)w * p->first_s / s->in->slot_s) : w;
}

/* A slot that has begun is a shorter one: power in it is the mean over all of it, so that energy and
 * prices are as in the others. */
static void shorten_first(struct plan_problem *p, const struct plan_work *s)
{
	for (int v = 0; v < s->nodes; v++) {
		int32_t *w = &p->cap_w[(size_t)v * (size_t)s->slots];

		*w = of_first(p, s, *w);
	}
	for (int k = 0; k < s->parts; k++)
		p->price[k].w = of_first(p, s, p->price[k].w);
}

static void set_vehicle(const struct plan_problem *p, const struct plan_work *s,
	const struct plan_car *c, struct flow_vehicle *v)
{
	v->node = c->evse_node;
	v->from = c->first;
	v->to = c->last;
	v->max_w = c->max_w < c->battery->max_w ? c->max_w : c->battery->max_w;
	if (v->max_w < c->min_w)
		v->to = v->from; /* takes less than the least there is */
	v->first_w = p->first_s < s->in->slot_s ? of_first(p, s, v->max_w) : 0;
	if (p->first_s < s->in->slot_s && !v->first_w && v->from == 0)
		v->from = v->to > 0 ? 1 : 0;
	v->need = plan_need(s, c, c->goal_mj);
	v->tiers = 1;
	v->tier[0].amount = INT64_MAX;
	v->tier[0].price = c->miss_price;
}

/* Vehicles that are planned: positions in s->car, in the order of the problem. Who leaves last comes
 * first: the flow planner asks those at a node to give way in this order. */
static int *plannable(const struct plan_work *s, int *count)
{
	int *of = malloc(((size_t)s->in->n + 1) * sizeof *of);

	*count = 0;
	for (int i = s->in->n - 1; of && i >= 0; i--)
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

void plan_problem_finish(struct plan_problem *p)
{
	free(p->parent);
	free(p->node);
	free(p->car);
	free(p->cap_w);
	free(p->price);
	free(p->vehicles);
}

/* -- limits that matter ----------------------------------------------------------------------- */

static int32_t sum_w(int32_t a, int32_t b)
{
	return a < FLOW_POWER_MAX - b ? a + b : FLOW_POWER_MAX;
}

/* What the vehicles below each node can draw at most together: [nodes][slots]. NULL: no memory. */
static int32_t *most_below(const struct plan_work *s, const struct plan_problem *p, int n)
{
	size_t slots = (size_t)s->slots;
	int32_t *most = calloc((size_t)s->nodes * slots, sizeof *most);

	for (int i = 0; most && i < n; i++) {
		const struct flow_vehicle *v = &p->vehicles[i];
		int32_t *row = &most[(size_t)v->node * slots];

		for (int t = v->from; t < v->to; t++)
			row[t] = sum_w(row[t], t || !v->first_w ? v->max_w : v->first_w);
	}
	return most;
}

/* Cuts what comes from below to the node's limit; false: it was below the limit in every slot. */
static bool cut(int32_t *most, const int32_t *cap, int slots)
{
	bool is_cut = false;

	for (int t = 0; t < slots; t++)
		if (most[t] > cap[t]) {
			most[t] = cap[t];
			is_cut = true;
		}
	return is_cut;
}

/* Gives the nodes that are kept their numbers, from the root down, and puts their limits and
 * vehicles there. p->node is 1 where a node stays. */
static void renumber(const struct plan_work *s, struct plan_problem *p, int n, int *hangs_at)
{
	size_t slots = (size_t)s->slots;
	int kept = 0;

	for (int v = 0; v < s->nodes; v++) {
		int up = v ? hangs_at[grid_tree_node(s->in->tree, v)->parent] : -1;

		hangs_at[v] = up;
		if (p->node[v] < 0)
			continue;
		memmove(&p->cap_w[(size_t)kept * slots], &p->cap_w[(size_t)v * slots],
			slots * sizeof *p->cap_w);
		p->parent[kept] = up;
		hangs_at[v] = p->node[v] = kept++;
	}
	for (int i = 0; i < n; i++)
		p->vehicles[i].node = hangs_at[p->vehicles[i].node];
	p->in.nodes = kept;
}

/* Leaves out the nodes that can never be full, whatever those below them draw: most charging places,
 * whose one vehicle takes no more than they give. -1: no memory. */
static int leave_out(const struct plan_work *s, struct plan_problem *p, int n)
{
	size_t slots = (size_t)s->slots;
	int32_t *most = most_below(s, p, n);
	int *hangs_at =
		malloc((size_t)s->nodes * sizeof *hangs_at); /* our number of it, or above it */

	if (!most || !hangs_at) {
		free(most);
		free(hangs_at);
		return -1;
	}
	for (int v = s->nodes - 1; v > 0; v--) {
		int32_t *row = &most[(size_t)v * slots];
		int32_t *up = &most[(size_t)grid_tree_node(s->in->tree, v)->parent * slots];

		p->node[v] = cut(row, &p->cap_w[(size_t)v * slots], s->slots) ? 1 : -1;
		for (size_t t = 0; t < slots; t++)
			up[t] = sum_w(up[t], row[t]);
	}
	renumber(s, p, n, hangs_at);
	free(most);
	free(hangs_at);
	return 0;
}

/* Where each phase has limits of its own all nodes stay: plan_phases.c knows them by their places. */
static int set_nodes(const struct plan_work *s, struct plan_problem *p, int n)
{
	p->in.nodes = s->nodes;
	for (int v = 0; v < s->nodes; v++) {
		p->parent[v] = grid_tree_node(s->in->tree, v)->parent;
		p->node[v] = v;
	}
	return s->by_phase ? 0 : leave_out(s, p, n);
}

int plan_problem_init(struct plan_problem *p, const struct plan_work *s)
{
	size_t nodes = (size_t)s->nodes;
	int n;

	memset(p, 0, sizeof *p);
	p->parent = malloc(nodes * sizeof *p->parent);
	p->node = malloc(nodes * sizeof *p->node);
	p->car = plannable(s, &n);
	p->cap_w = caps(s);
	p->price = prices_left(s);
	p->vehicles = calloc((size_t)n + 1, sizeof *p->vehicles);
	if (!p->parent || !p->node || !p->car || !p->cap_w || !p->price || !p->vehicles) {
		plan_problem_finish(p);
		return -1;
	}
	/* The planner of phases knows no shorter slots: it is told a whole one, and settled. */
	p->first_s = s->by_phase ? s->in->slot_s : plan_slot_s(s, 0);
	if (p->first_s < s->in->slot_s)
		shorten_first(p, s);
	for (int i = 0; i < n; i++)
		set_vehicle(p, s, &s->car[p->car[i]], &p->vehicles[i]);
	if (set_nodes(s, p, n)) {
		plan_problem_finish(p);
		return -1;
	}
	p->in.slots = s->slots;
	p->in.parent = p->parent;
	p->in.cap_w = p->cap_w;
	p->in.parts = s->parts;
	p->in.price = p->price;
	p->in.n = n;
	p->in.vehicles = p->vehicles;
	return 0;
}
