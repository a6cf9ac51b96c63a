#include <stdlib.h>
#include <string.h>
#include "scheduler/flow_private.h"

/*
 * Potentials: from each vehicle and each place of a node, the cheapest price at which something can
 * still be taken by any rerouting. They are the dual of the plan: its value by them equals its cost
 * exactly when no plan is cheaper.
 */

struct search {
	const struct flow *f;
	int32_t *vehicle, *node; /* potentials, ours; node [nodes][places] */
	int32_t *interval; /* [intervals] */
	bool *is_known, *is_taken; /* [n], [intervals]: reached */
	uint64_t *reach, *now, *next; /* [nodes][words] */
};

/* The price of one W·slot more in an interval; false: it is full. */
static bool price_of_interval(const struct flow *f, int q, int32_t *out)
{
	const struct flow_part *part = f->price + (size_t)q * (size_t)f->parts;
	int64_t w = 0;

	if (f->taken[q] >= f->peak[q])
		return false;
	for (int k = 0; k < f->parts; k++) {
		w += flow_width(&part[k]);
		*out = part[k].price;
		if (f->taken[q] < w)
			return true;
	}
	return false;
}

/* The price of missing one W·slot more: the last tier has no end. */
static int32_t price_of_missing(const struct flow *f, int i)
{
	const struct flow_tier *tier = f->tier + (size_t)i * FLOW_TIERS;
	int64_t left = f->missing[i];
	int k = 0;

	while (k < f->tiers[i] - 1 && left >= tier[k].amount)
		left -= tier[k++].amount;
	return tier[k].price;
}

static void label(struct search *s, int v, int32_t price)
{
	const struct flow *f = s->f;
	const uint64_t *now = flow_bits(s->now, f, v);
	int32_t *row = s->node + flow_fi(f, v, 0);

	for (int w = 0; w < f->words; w++)
		for (uint64_t bits = now[w]; bits; bits &= bits - 1)
			row[64 * w + __builtin_ctzll(bits)] = price;
}

/* An interval gets there: so does each of its slots in which the root has room. */
static void take_interval(struct search *s, int q, int32_t price)
{
	const struct flow *f = s->f;

	s->interval[q] = price;
	s->is_taken[q] = true;
	for (int p = f->interval_at[q]; p < f->interval_at[q + 1]; p++)
		if (flow_bit(flow_bits(f->has_room, f, 0), p))
			flow_put_bit(flow_bits(s->now, f, 0), p, true);
}

static void turn_at_root(struct search *s, int32_t price)
{
	const struct flow *f = s->f;

	for (int w = 0; w < f->words; w++) {
		uint64_t bits = flow_bits(s->now, f, 0)[w] & flow_bits(f->has_flow, f, 0)[w];

		for (; bits; bits &= bits - 1) {
			int q = f->interval_of[64 * w + __builtin_ctzll(bits)];

			if (!s->is_taken[q])
				take_interval(s, q, price);
		}
	}
}

/* From the places in `now` to all that get there by the tree. False: nothing is new. */
static bool spread(struct search *s, int32_t price)
{
	const struct flow *f = s->f;
	uint64_t any = 0;

	for (int v = f->nodes - 1; v > 0; v--) {
		uint64_t *now = flow_bits(s->now, f, v),
			 *above = flow_bits(s->now, f, f->parent[v]);
		const uint64_t *reach = flow_bits(s->reach, f, v);
		const uint64_t *flow = flow_bits(f->has_flow, f, v);

		for (int w = 0; w < f->words; w++) {
			now[w] &= ~reach[w];
			above[w] |= now[w] & flow[w];
		}
	}
	turn_at_root(s, price);
	for (int v = 0; v < f->nodes; v++) {
		uint64_t *now = flow_bits(s->now, f, v), *reach = flow_bits(s->reach, f, v);
		const uint64_t *above = v ? flow_bits(s->now, f, f->parent[v]) : NULL;
		const uint64_t *room = flow_bits(f->has_room, f, v);
		uint64_t fresh = 0;

		for (int w = 0; w < f->words; w++) {
			now[w] = (now[w] | (above ? above[w] & room[w] : 0)) & ~reach[w];
			reach[w] |= now[w];
			fresh |= now[w];
		}
		if (fresh)
			label(s, v, price);
		any |= fresh;
	}
	return any != 0;
}

static void know(struct search *s, int i, int32_t price)
{
	const struct flow *f = s->f;
	uint64_t *next = flow_bits(s->next, f, f->node_of[i]);
	const uint64_t *less = flow_bits(f->can_less, f, i);

	s->is_known[i] = true;
	s->vehicle[i] = price;
	for (int w = 0; w < f->words; w++)
		next[w] |= less[w];
}

static bool can_take(const struct search *s, int i)
{
	const uint64_t *more = flow_bits(s->f->can_more, s->f, i);
	const uint64_t *now = flow_bits(s->now, s->f, s->f->node_of[i]);

	for (int w = 0; w < s->f->words; w++)
		if (more[w] & now[w])
			return true;
	return false;
}

/* All that gets to something of this price, and not to anything cheaper. */
static void search_level(struct search *s, int32_t price)
{
	const struct flow *f = s->f;
	size_t bytes = (size_t)f->nodes * (size_t)f->words * sizeof(uint64_t);
	bool is_first = true, any;
	int32_t at;

	memset(s->now, 0, bytes);
	memset(s->next, 0, bytes);
	for (int q = 0; q < f->intervals; q++)
		if (price_of_interval(f, q, &at) && at == price && !s->is_taken[q])
			take_interval(s, q, price);
	do {
		uint64_t *swap = s->now;

		spread(s, price);
		for (int i = 0; i < f->n; i++)
			if (!s->is_known[i] &&
				(can_take(s, i) || (is_first && price_of_missing(f, i) == price)))
				know(s, i, price);
		is_first = false;
		s->now = s->next;
		s->next = swap;
		any = false;
		for (size_t k = 0; !any && k < bytes / sizeof(uint64_t); k++)
			any = s->now[k] != 0;
		memset(s->next, 0, bytes);
	} while (any);
}

/* -- the value -------------------------------------------------------------------------------- */

static flow_value over(int64_t amount, int64_t price)
{
	return price > 0 ? (flow_value)amount * price : 0;
}

static flow_value vehicle_value(const struct flow *f, const struct search *s, int i)
{
	const struct flow_tier *tier = f->tier + (size_t)i * FLOW_TIERS;
	const int32_t *node = s->node + flow_fi(f, f->node_of[i], 0);
	int64_t own = s->vehicle[i];
	flow_value value = (flow_value)f->need[i] * own;

	for (int p = 0; p < f->slots; p++) {
		size_t xi = flow_xi(f, i, p);

		value -= over(f->most[xi], own - node[p]);
		value += over(flow_least(f, xi), node[p] - own);
	}
	for (int k = 0; k < f->tiers[i] - 1; k++)
		value -= over(tier[k].amount, own - tier[k].price);
	return value;
}

static flow_value node_value(const struct flow *f, const struct search *s, int v)
{
	const int32_t *own = s->node + flow_fi(f, v, 0);
	const int32_t *cap = f->cap + flow_fi(f, v, 0);
	flow_value value = 0;

	for (int p = 0; p < f->slots; p++) {
		int64_t above =
			v ? s->node[flow_fi(f, f->parent[v], p)] : s->interval[f->interval_of[p]];

		value -= over(cap[p], own[p] - above);
	}
	return value;
}

/* Parts beyond what the interval may take do not count. */
static flow_value interval_value(const struct flow *f, const struct search *s, int q)
{
	const struct flow_part *part = f->price + (size_t)q * (size_t)f->parts;
	int64_t left = f->peak[q];
	flow_value value = 0;

	for (int k = 0; k < f->parts; k++) {
		int64_t w = left < flow_width(&part[k]) ? left : flow_width(&part[k]);

		value -= over(w, (int64_t)s->interval[q] - part[k].price);
		left -= w;
	}
	return value;
}

static flow_value bound(const struct flow *f, const struct search *s)
{
	flow_value value = 0;

	for (int i = 0; i < f->n; i++)
		value += vehicle_value(f, s, i);
	for (int v = 0; v < f->nodes; v++)
		value += node_value(f, s, v);
	for (int q = 0; q < f->intervals; q++)
		value += interval_value(f, s, q);
	return value;
}

/* -- outside ---------------------------------------------------------------------------------- */

static struct flow_proof *proof_of(const struct flow *f, const struct search *s)
{
	size_t n = (size_t)f->n, cells = (size_t)f->given_nodes * (size_t)f->slots;
	struct flow_proof *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	p->vehicle = malloc((n + 1) * sizeof *p->vehicle);
	p->node = malloc(cells * sizeof *p->node);
	p->interval = malloc((size_t)f->intervals * sizeof *p->interval);
	if (!p->vehicle || !p->node || !p->interval) {
		flow_proof_destroy(p);
		return NULL;
	}
	p->slots = f->slots;
	p->nodes = f->given_nodes;
	p->n = f->n;
	p->intervals = f->intervals;
	p->cost = flow_cost(f);
	p->bound = bound(f, s);
	for (int i = 0; i < f->n; i++)
		p->vehicle[f->theirs[i]] = s->vehicle[i];
	for (int q = 0; q < f->intervals; q++)
		p->interval[f->theirs_interval[q]] = s->interval[q];
	for (int v = 0; v < f->given_nodes; v++)
		for (int k = 0; k < f->slots; k++)
			p->node[(size_t)v * (size_t)f->slots + (size_t)f->slot_of[k]] =
				s->node[flow_fi(f, v, k)];
	return p;
}

struct flow_proof *flow_certify(struct flow *f)
{
	size_t n = (size_t)f->n, cells = (size_t)f->nodes * (size_t)f->slots;
	size_t words = (size_t)f->nodes * (size_t)f->words;
	struct search s = {.f = f,
		.vehicle = calloc(n + 1, sizeof *s.vehicle),
		.node = calloc(cells, sizeof *s.node),
		.interval = calloc((size_t)f->intervals, sizeof *s.interval),
		.is_known = calloc(n + 1, sizeof *s.is_known),
		.is_taken = calloc((size_t)f->intervals, sizeof *s.is_taken),
		.reach = calloc(words, sizeof *s.reach),
		.now = calloc(words, sizeof *s.now),
		.next = calloc(words, sizeof *s.next)};
	struct flow_proof *p = NULL;

	if (s.vehicle && s.node && s.interval && s.is_known && s.is_taken && s.reach && s.now &&
		s.next && f->levels) {
		int32_t top = f->level[f->levels - 1];

		/* What gets nowhere costs as much as the dearest there is. */
		for (size_t i = 0; i < cells; i++)
			s.node[i] = top;
		for (size_t i = 0; i < n; i++)
			s.vehicle[i] = top;
		for (int q = 0; q < f->intervals; q++)
			s.interval[q] = top;
		for (int k = 0; k < f->levels; k++)
			search_level(&s, f->level[k]);
		p = proof_of(f, &s);
	}
	free(s.vehicle);
	free(s.node);
	free(s.interval);
	free(s.is_known);
	free(s.is_taken);
	free(s.reach);
	free(s.now);
	free(s.next);
	return p;
}

void flow_proof_destroy(struct flow_proof *p)
{
	if (!p)
		return;
	free(p->vehicle);
	free(p->node);
	free(p->interval);
	free(p);
}

int32_t flow_limit_price(const struct flow *f, const struct flow_proof *p, int node, int slot)
{
	int64_t own = p->node[(size_t)node * (size_t)p->slots + (size_t)slot], above;
	int place = f->place_of[slot];

	if (f->f[flow_fi(f, node, place)] < f->cap[flow_fi(f, node, place)])
		return 0;
	above = node ? p->node[(size_t)f->parent[node] * (size_t)p->slots + (size_t)slot]
		     : p->interval[f->theirs_interval[f->interval_of[place]]];
	return own > above ? (int32_t)(own - above) : 0;
}
