#include "scheduler/phase_plan.h"
#include <stdlib.h>
#include <string.h>
#include "scheduler/phase_plan_private.h"

/* -- patterns --------------------------------------------------------------------------------- */

static struct flow_pattern pattern_of(const struct phase_vehicle *v)
{
	struct flow_pattern p = {.most = {6}, .least = {6}};

	for (int a = 0; a < FLOW_PHASES; a++) {
		p.most[1 + a] = v->sixths[a];
		p.least[1 + a] = v->is_exact ? v->sixths[a] : 0;
	}
	return p;
}

static int find_pattern(const struct flow_shared *s, const struct flow_pattern *p)
{
	for (int q = 0; q < s->patterns; q++)
		if (memcmp(&s->pattern[q], p, sizeof *p) == 0)
			return q;
	return -1;
}

static bool are_sixths_sane(const struct phase_vehicle *v)
{
	for (int a = 0; a < FLOW_PHASES; a++)
		if (v->sixths[a] > 6)
			return false;
	return true;
}

/* Which patterns there are; the pattern of each vehicle of the input. -1: too many. */
static int list_patterns(struct flow_shared *s, const struct phase_input *in, int *of)
{
	for (int i = 0; i < in->n; i++) {
		struct flow_pattern p = pattern_of(&in->vehicles[i]);

		of[i] = find_pattern(s, &p);
		if (of[i] >= 0)
			continue;
		if (s->patterns == PHASE_PATTERNS_MAX || !are_sixths_sane(&in->vehicles[i]))
			return -1;
		of[i] = s->patterns;
		s->pattern[s->patterns++] = p;
	}
	if (!s->patterns)
		s->pattern[s->patterns++] = (struct flow_pattern){{6, 2, 2, 2}, {6, 2, 2, 2}};
	return 0;
}

/* -- limits ----------------------------------------------------------------------------------- */

static int64_t sixths_of(int32_t w)
{
	return w < FLOW_POWER_MAX ? 6 * (int64_t)w : PHASE_NO_LIMIT;
}

/* What one pattern alone could draw at the node. */
static int32_t alone_w(const struct phase_plan *p, int q, int v, int place)
{
	const struct flow_pattern *pattern = &p->shared.pattern[q];
	int64_t w = FLOW_POWER_MAX;

	for (int c = 0; c < FLOW_CHANNELS; c++)
		if (pattern->most[c]) {
			int64_t most =
				p->shared.limit[phase_cell(p, v, place)][c] / pattern->most[c];

			w = most < w ? most : w;
		}
	return (int32_t)w;
}

static void set_spread(struct phase_plan *p, int place, int32_t w, const int32_t *other)
{
	for (int a = 0; a < FLOW_PHASES; a++)
		for (int b = 0; b < FLOW_PHASES; b++) {
			int64_t rest = other ? 6 * ((int64_t)other[a] - other[b]) : 0;
			int64_t room = sixths_of(w) - rest;

			p->spread[place][a][b] = w >= FLOW_POWER_MAX ? PHASE_NO_LIMIT
						 : room > 0          ? room
								     : 0;
		}
}

static bool is_input_sane(const struct phase_input *in)
{
	if (in->slots < 1 || in->slots > FLOW_SLOTS_MAX || in->nodes < 1 || in->n < 0)
		return false;
	for (int v = 1; v < in->nodes; v++)
		if (in->parent[v] < 0 || in->parent[v] >= v)
			return false;
	for (size_t i = 0; i < (size_t)in->nodes * (size_t)in->slots; i++)
		for (int c = 0; c < PHASE_CHANNELS; c++)
			if (in->limit_w[i][c] < 0)
				return false;
	for (int t = 0; in->imbalance_w && t < in->slots; t++)
		if (in->imbalance_w[t] < 0)
			return false;
	for (int i = 0; i < in->n; i++)
		if (in->vehicles[i].flow.node < 0 || in->vehicles[i].flow.node >= in->nodes)
			return false;
	return true;
}

/* Must-draw beyond the need has no plan. */
static bool is_least_sane(const struct flow_vehicle *v, int slots)
{
	int64_t sum = 0;

	for (int t = 0; v->least_w && t < slots; t++)
		sum += v->least_w[t];
	return sum <= v->need;
}

/* -- building --------------------------------------------------------------------------------- */

/* The depot's tree once for each pattern, below a root that pays. */
static struct flow *make_forest(
	struct phase_plan *p, const struct phase_input *in, const int *pattern_of_theirs)
{
	size_t nodes = 1 + (size_t)p->nodes * (size_t)p->shared.patterns;
	int *parent = malloc(nodes * sizeof *parent);
	int32_t *cap = malloc(nodes * (size_t)in->slots * sizeof *cap);
	struct flow_vehicle *vehicles = malloc(((size_t)in->n + 1) * sizeof *vehicles);
	struct flow_input forest = {.slots = in->slots,
		.nodes = (int)nodes,
		.parent = parent,
		.cap_w = cap,
		.parts = in->parts,
		.price = in->price,
		.n = in->n,
		.vehicles = vehicles};
	struct flow *f = NULL;

	if (parent && cap && vehicles) {
		parent[0] = -1;
		for (size_t k = 1; k < nodes; k++) {
			int v = (int)(k - 1) % p->nodes, tree = (int)k - v;

			parent[k] = v ? tree + in->parent[v] : 0;
		}
		for (size_t k = 0; k < nodes * (size_t)in->slots; k++)
			cap[k] = FLOW_POWER_MAX;
		for (int i = 0; i < in->n; i++) {
			vehicles[i] = in->vehicles[i].flow;
			vehicles[i].node += 1 + pattern_of_theirs[i] * p->nodes;
		}
		f = flow_create(&forest);
	}
	free(parent);
	free(cap);
	free(vehicles);
	return f;
}

static bool alloc_all(struct phase_plan *p)
{
	size_t nodes = (size_t)p->nodes, slots = (size_t)p->slots, n = (size_t)p->n + 1;
	struct flow_shared *s = &p->shared;

	s->limit = calloc(nodes * slots, sizeof *s->limit);
	s->load = calloc(nodes * slots, sizeof *s->load);
	s->high = calloc(slots, sizeof *s->high);
	s->low = calloc(slots, sizeof *s->low);
	p->spread = calloc(slots, sizeof *p->spread);
	p->parent = calloc(nodes, sizeof *p->parent);
	p->node_of = calloc(n, sizeof *p->node_of);
	p->pattern_of = calloc(n, sizeof *p->pattern_of);
	p->order = calloc(n, sizeof *p->order);
	p->touched = calloc((slots + 63) / 64, sizeof *p->touched);
	p->best = calloc(n * slots, sizeof *p->best);
	return s->limit && s->load && s->high && s->low && p->spread && p->parent && p->node_of &&
	       p->pattern_of && p->order && p->touched && p->best;
}

static void copy_limits(struct phase_plan *p, const struct phase_input *in)
{
	for (int place = 0; place < p->slots; place++) {
		int t = p->forest->slot_of[place];

		for (int v = 0; v < p->nodes; v++)
			for (int c = 0; c < FLOW_CHANNELS; c++)
				p->shared.limit[phase_cell(p, v, place)][c] = sixths_of(
					in->limit_w[(size_t)v * (size_t)p->slots + (size_t)t][c]);
		set_spread(p, place, in->imbalance_w ? in->imbalance_w[t] : FLOW_POWER_MAX,
			in->other_w ? in->other_w[t] : NULL);
	}
	for (int q = 0; q < p->shared.patterns; q++)
		for (int v = 0; v < p->nodes; v++)
			for (int t = 0; t < p->slots; t++)
				flow_set_cap(p->forest, 1 + q * p->nodes + v, t, t + 1,
					alone_w(p, q, v, p->forest->place_of[t]));
}

/* False: no memory, or the input is outside its bounds. */
static bool build(struct phase_plan *p, const struct phase_input *in)
{
	int *theirs = malloc(((size_t)in->n + 1) * sizeof *theirs);
	bool ok = theirs && alloc_all(p) && list_patterns(&p->shared, in, theirs) == 0;

	for (int i = 0; ok && i < in->n; i++)
		ok = is_least_sane(&in->vehicles[i].flow, in->slots);
	if (ok)
		p->forest = make_forest(p, in, theirs);
	ok = ok && p->forest;
	for (int i = 0; ok && i < in->n; i++) {
		int own = p->forest->ours[i];

		p->pattern_of[own] = theirs[i];
		p->node_of[own] = in->vehicles[i].flow.node;
	}
	free(theirs);
	if (!ok)
		return false;
	memcpy(p->parent, in->parent, (size_t)p->nodes * sizeof *p->parent);
	p->parent[0] = -1;
	copy_limits(p, in);
	phase_order(p);
	phase_touch_all(p);
	return true;
}

struct phase_plan *phase_plan_create(const struct phase_input *in)
{
	struct phase_plan *p;

	if (!is_input_sane(in))
		return NULL;
	p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->slots = in->slots;
	p->nodes = p->shared.nodes = in->nodes;
	p->n = in->n;
	p->is_mode_old = p->is_bound_old = true;
	if (build(p, in))
		return p;
	phase_plan_destroy(p);
	return NULL;
}

void phase_plan_destroy(struct phase_plan *p)
{
	if (!p)
		return;
	flow_destroy(p->forest);
	phase_dual_destroy(p->dual);
	flow_proof_destroy(p->proof);
	free(p->shared.limit);
	free(p->shared.load);
	free(p->shared.high);
	free(p->shared.low);
	free(p->spread);
	free(p->parent);
	free(p->node_of);
	free(p->pattern_of);
	free(p->order);
	free(p->touched);
	free(p->best);
	free(p);
}

/* -- changes ---------------------------------------------------------------------------------- */

int phase_plan_set_limit(
	struct phase_plan *p, int node, enum phase_channel c, int from, int to, int32_t w)
{
	if (node < 0 || node >= p->nodes || (int)c < 0 || c >= PHASE_CHANNELS || from < 0 ||
		to > p->slots || w < 0)
		return -1;
	for (int t = from; t < to; t++) {
		int place = p->forest->place_of[t];
		size_t at = phase_cell(p, node, place);

		p->shared.limit[at][c] = sixths_of(w);
		if (p->shared.load[at][c] > p->shared.limit[at][c])
			flow_put_bit(p->touched, place, true);
		for (int q = 0; q < p->shared.patterns; q++)
			flow_set_cap(p->forest, 1 + q * p->nodes + node, t, t + 1,
				alone_w(p, q, node, place));
	}
	p->is_mode_old = p->is_bound_old = true;
	return 0;
}

int phase_plan_set_imbalance(struct phase_plan *p, int slot, int32_t w, const int32_t other_w[3])
{
	if (slot < 0 || slot >= p->slots || w < 0)
		return -1;
	set_spread(p, p->forest->place_of[slot], w, other_w);
	flow_put_bit(p->touched, p->forest->place_of[slot], true);
	p->is_mode_old = p->is_bound_old = true;
	return 0;
}

int phase_plan_set_price(struct phase_plan *p, int slot, const struct flow_part *parts)
{
	if (flow_set_price(p->forest, slot, parts) != 0)
		return -1;
	flow_put_bit(p->touched, p->forest->place_of[slot], true);
	p->is_bound_old = true;
	return 0;
}

/* Nobody stores more than his need: the dearest places go first. */
static void cut_to_need(struct phase_plan *p, int i)
{
	struct flow *f = p->forest;
	int64_t over = f->sum[i] - f->need[i];

	for (int place = p->slots - 1; over > 0 && place >= 0; place--) {
		size_t xi = flow_xi(f, i, place);
		int32_t w = f->x[xi] - flow_least(f, xi);

		w = w < over ? w : (int32_t)over;
		if (w <= 0)
			continue;
		flow_add_x(f, i, place, xi, -w);
		for (int v = f->node_of[i]; v >= 0; v = f->parent[v])
			flow_add_f(f, v, place, -w);
		over -= w;
	}
}

/* Less power breaks no limit but that of the imbalance; what must be drawn may break any. */
static void touch_vehicle(struct phase_plan *p, int i)
{
	const struct flow *f = p->forest;
	bool is_any = p->shared.spread && !phase_is_balanced(phase_pattern(p, i));

	for (int place = 0; place < p->slots; place++) {
		size_t xi = flow_xi(f, i, place);

		if (flow_least(f, xi) || (is_any && f->x[xi]))
			flow_put_bit(p->touched, place, true);
	}
}

int phase_plan_set_vehicle(struct phase_plan *p, int vehicle, const struct phase_vehicle *v)
{
	struct flow *f = p->forest;
	struct flow_vehicle own = v->flow;
	struct flow_pattern pattern = pattern_of(v);
	int i;

	if (vehicle < 0 || vehicle >= p->n || !is_least_sane(&v->flow, p->slots))
		return -1;
	i = f->ours[vehicle];
	if (v->flow.node != p->node_of[i] ||
		memcmp(&pattern, phase_pattern(p, i), sizeof pattern) != 0)
		return -1;
	own.node = 1 + p->pattern_of[i] * p->nodes + p->node_of[i];
	touch_vehicle(p, i);
	if (flow_set_vehicle(f, vehicle, &own) != 0)
		return -1;
	cut_to_need(p, i);
	touch_vehicle(p, i);
	p->is_bound_old = true;
	return 0;
}

void phase_plan_set(struct phase_plan *p, const int32_t *w)
{
	flow_set_plan(p->forest, w);
	for (int i = 0; i < p->n; i++)
		cut_to_need(p, i);
	phase_touch_all(p);
}

/* -- reading ---------------------------------------------------------------------------------- */

int32_t phase_plan_w(const struct phase_plan *p, int vehicle, int slot)
{
	return flow_w(p->forest, vehicle, slot);
}

int64_t phase_plan_missing(const struct phase_plan *p, int vehicle)
{
	return flow_missing(p->forest, vehicle);
}

flow_value phase_plan_cost(const struct phase_plan *p)
{
	return flow_cost(p->forest);
}

bool phase_plan_is_exact(const struct phase_plan *p)
{
	return p->is_exact;
}
