#include "tests/unit/flow_depots.h"
#include <stdlib.h>
#include <string.h>

static uint32_t rng_below(struct depot_rng *r, uint32_t n)
{
	r->s ^= r->s << 13;
	r->s ^= r->s >> 7;
	r->s ^= r->s << 17;
	return n ? (uint32_t)((r->s * 0x2545F4914F6CDD1DULL) >> 33) % n : 0;
}

int depot_between(struct depot_rng *r, int a, int b)
{
	return a + (int)rng_below(r, (uint32_t)(b - a + 1));
}

static void make_prices(struct flow_depot *d, struct depot_rng *r)
{
	int spread = depot_between(r, 0, 3) == 0 ? 2 : depot_between(r, 1, 300);
	int base = depot_between(r, 0, 2) == 0 ? -spread / 2 : 20;

	for (int t = 0; t < flow_intervals(&d->in); t++)
		for (int k = 0; k < d->in.parts; k++) {
			struct flow_part *p = &d->price[t * d->in.parts + k];

			p->price = base + depot_between(r, 0, spread);
			if (k && p->price < p[-1].price)
				p->price = p[-1].price;
			p->w = k == d->in.parts - 1 && depot_between(r, 0, 3)
				       ? FLOW_POWER_MAX
				       : depot_between(r, 0, 40000);
		}
}

static void make_vehicle(struct flow_depot *d, struct depot_rng *r, int i)
{
	struct flow_vehicle *v = &d->vehicles[i];
	int slots = d->in.slots;
	int32_t *most = d->bounds + (size_t)i * (size_t)slots;

	memset(v, 0, sizeof *v);
	v->node = depot_between(r, 0, d->in.nodes - 1);
	v->from = depot_between(r, 0, slots - 1);
	v->to = depot_between(r, v->from, slots);
	v->max_w = depot_between(r, 0, 9) == 0 ? 0 : depot_between(r, 1, 22000);
	v->need = depot_between(r, 0, 9) == 0
			  ? 0
			  : (int64_t)depot_between(r, 1, 22000) * depot_between(r, 1, slots);
	if (v->need > (int64_t)v->max_w * (v->to - v->from) && depot_between(r, 0, 1))
		v->need = (int64_t)v->max_w * (v->to - v->from);
	v->tiers = depot_between(r, 1, FLOW_TIERS);
	for (int k = 0; k < v->tiers; k++) {
		v->tier[k].amount = k == v->tiers - 1 ? INT64_MAX : depot_between(r, 0, 50000);
		v->tier[k].price = (k ? v->tier[k - 1].price : 0) + depot_between(r, -20 * !k, 500);
	}
	if (depot_between(r, 0, 2) == 0) {
		for (int t = 0; t < slots; t++)
			most[t] = depot_between(r, 0, 3) == 0 ? 0 : depot_between(r, 0, 22000);
		v->most_w = most;
	}
}

void flow_depot_make(struct flow_depot *d, uint64_t seed, int size, int slots)
{
	struct depot_rng r = {seed * 2654435761u + 88172645463325252ull};
	int depth = depot_between(&r, 0, 3);

	for (int k = 0; k < 8; k++)
		rng_below(&r, 2);
	memset(d, 0, sizeof *d);
	d->in.slots = depot_between(&r, 1, slots);
	d->in.n = depot_between(&r, 0, size);
	d->in.nodes = depth == 0 ? 1 : depot_between(&r, 1, 1 + size / 2);
	d->in.parts = depot_between(&r, 1, 3);
	d->in.interval = depot_between(&r, 0, 2) ? 1 : depot_between(&r, 1, 5);
	d->in.open = depot_between(&r, 0, d->in.interval);
	d->parent = calloc((size_t)d->in.nodes, sizeof *d->parent);
	d->cap_w = calloc((size_t)d->in.nodes * (size_t)d->in.slots, sizeof *d->cap_w);
	d->price = calloc((size_t)d->in.slots * (size_t)d->in.parts, sizeof *d->price);
	d->vehicles = calloc((size_t)d->in.n + 1, sizeof *d->vehicles);
	d->bounds = calloc((size_t)(d->in.n + 1) * (size_t)d->in.slots, sizeof *d->bounds);
	d->parent[0] = -1;
	for (int v = 1; v < d->in.nodes; v++)
		d->parent[v] =
			depth == 1 ? 0 : depot_between(&r, depth == 2 ? 0 : v * 2 / 3, v - 1);
	for (int v = 0; v < d->in.nodes; v++) {
		int w = depot_between(&r, 0, 9) == 0
				? 0
				: depot_between(&r, 1000, 22000 * (d->in.n + 1));

		for (int t = 0; t < d->in.slots; t++)
			d->cap_w[v * d->in.slots + t] =
				depot_between(&r, 0, 5) == 0 ? depot_between(&r, 0, w) : w;
	}
	make_prices(d, &r);
	for (int i = 0; i < d->in.n; i++)
		make_vehicle(d, &r, i);
	d->in.parent = d->parent;
	d->in.cap_w = d->cap_w;
	d->in.price = d->price;
	d->in.vehicles = d->vehicles;
}

void flow_depot_finish(struct flow_depot *d)
{
	free(d->parent);
	free(d->cap_w);
	free(d->price);
	free(d->vehicles);
	free(d->bounds);
}

static void change_vehicle(struct flow_depot *d, struct depot_rng *r, struct flow *f)
{
	int i = depot_between(r, 0, d->in.n - 1), node = d->vehicles[i].node;

	make_vehicle(d, r, i);
	d->vehicles[i].node = node; /* vehicles do not move */
	flow_set_vehicle(f, i, &d->vehicles[i]);
}

static void change_cap(struct flow_depot *d, struct depot_rng *r, struct flow *f)
{
	int node = depot_between(r, 0, d->in.nodes - 1),
	    from = depot_between(r, 0, d->in.slots - 1);
	int to = depot_between(r, from + 1, d->in.slots), w = depot_between(r, 0, 100000);

	for (int t = from; t < to; t++)
		d->cap_w[node * d->in.slots + t] = w;
	flow_set_cap(f, node, from, to, w);
}

static void change_price(struct flow_depot *d, struct depot_rng *r, struct flow *f)
{
	int t = depot_between(r, 0, flow_intervals(&d->in) - 1);
	struct flow_part *part = d->price + t * d->in.parts;

	for (int k = 0; k < d->in.parts; k++)
		part[k] =
			(struct flow_part){(k ? part[k - 1].price : -50) + depot_between(r, 0, 99),
				k == d->in.parts - 1 ? FLOW_POWER_MAX : depot_between(r, 0, 40000)};
	flow_set_price(f, t, part);
}

static void change_peak(struct flow_depot *d, struct depot_rng *r, struct flow *f)
{
	flow_set_peak(f, depot_between(r, 0, flow_intervals(&d->in) - 1),
		depot_between(r, 0, 3) ? depot_between(r, 0, 200000) : INT64_MAX);
}

static void change_plan(struct flow_depot *d, struct depot_rng *r, struct flow *f)
{
	int cells = d->in.n * d->in.slots;
	int32_t *w = calloc((size_t)cells + 1, sizeof *w);

	for (int i = 0; i < cells; i++)
		w[i] = depot_between(r, 0, 20000);
	flow_set_plan(f, w);
	free(w);
}

void flow_depot_change(struct flow_depot *d, struct depot_rng *r, struct flow *f)
{
	int what = depot_between(r, 0, 4);

	if (what == 0 && d->in.n)
		change_vehicle(d, r, f);
	else if (what == 1)
		change_cap(d, r, f);
	else if (what == 2)
		change_price(d, r, f);
	else if (what == 3)
		change_peak(d, r, f);
	else
		change_plan(d, r, f);
}
