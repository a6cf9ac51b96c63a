#include "tests/unit/phase_depots.h"
#include <stdlib.h>
#include <string.h>

#define GROUP  8 /* vehicles of one leaf */
#define FANOUT 5

/* -- chance ----------------------------------------------------------------------------------- */

static double chance(struct phase_depot *d)
{
	d->rng ^= d->rng << 13;
	d->rng ^= d->rng >> 7;
	d->rng ^= d->rng << 17;
	return (double)((d->rng * 0x2545F4914F6CDD1DULL) >> 11) / 9007199254740992.0;
}

static int below(struct phase_depot *d, int n)
{
	return (int)(chance(d) * n);
}

/* About normal. */
static double around(struct phase_depot *d, double middle, double spread)
{
	double sum = 0;

	for (int k = 0; k < 12; k++)
		sum += chance(d);
	return middle + spread * (sum - 6);
}

static double least_of(double a, double b)
{
	return a < b ? a : b;
}

/* -- vehicles --------------------------------------------------------------------------------- */

static void make_stay(struct phase_depot *d, struct flow_vehicle *v)
{
	double kind = chance(d), slot_h = 24.0 / d->in.slots, from, to;

	if (kind < 0.75) {
		from = around(d, 5.5, 1.6);
		to = around(d, 18, 1.2);
	} else if (kind < 0.9) {
		from = around(d, 1, 0.5);
		to = around(d, 4.5, 0.8);
	} else {
		from = around(d, 10, 1);
		to = around(d, 21, 1);
	}
	v->from = from < 0 ? 0 : (int)(from / slot_h);
	v->to = to > 24 ? d->in.slots : (int)(to / slot_h);
	if (v->to > d->in.slots)
		v->to = d->in.slots;
	if (v->from > v->to - 2)
		v->from = v->to > 2 ? v->to - 2 : 0;
}

/* Need in W·slot: a part of what the stay could bring, at most what a battery takes. */
static void make_need(struct phase_depot *d, struct flow_vehicle *v, double battery_wh)
{
	double could = (double)v->max_w * (v->to - v->from);

	v->need = (int64_t)least_of(
		least_of((0.15 + 0.55 * chance(d)) * could, battery_wh * d->in.slots / 24),
		0.92 * could);
}

static void make_vehicle(struct phase_depot *d, const struct phase_depot_kind *k, int i)
{
	static const int32_t three[] = {11000, 11000, 22000, 22000, 50000, 75000};
	struct phase_vehicle *v = &d->vehicles[i];
	int phase = k->rotation == ROTATED                        ? i % 3
		    : k->rotation == MOSTLY_L1 && chance(d) < 0.6 ? 0
								  : below(d, 3);
	bool is_small = below(d, 100) < k->share_pct;

	memset(v, 0, sizeof *v);
	v->is_exact = true;
	make_stay(d, &v->flow);
	v->flow.tiers = 1;
	v->flow.tier[0] = (struct flow_tier){INT64_MAX, 2000000};
	if (!is_small) {
		memset(v->sixths, 2, sizeof v->sixths);
		v->flow.max_w = three[below(d, 6)];
		make_need(d, &v->flow, v->flow.max_w > 22000 ? 250000 : 90000);
		return;
	}
	v->flow.max_w = below(d, 3) ? 7360 : 3680;
	make_need(d, &v->flow, 20000 + 40000 * chance(d));
	if (k->has_unknown && below(d, 8) == 0) {
		memset(v->sixths, 6, sizeof v->sixths);
		v->is_exact = false;
	} else if (k->share_pct < 100 && below(d, 10) == 0) {
		v->sixths[phase] = v->sixths[(phase + 1) % 3] = 3;
	} else {
		v->sixths[phase] = 6;
	}
}

/* -- the tree --------------------------------------------------------------------------------- */

/* Level by level from the site down; the last level holds the vehicles. Returns the first leaf. */
static int make_tree(struct phase_depot *d, int n)
{
	int levels[12], count = 0, nodes = 0, first = 0;

	for (int k = n > GROUP ? (n + GROUP - 1) / GROUP : 1; count < 11;
		k = (k + FANOUT - 1) / FANOUT) {
		levels[count++] = k;
		nodes += k;
		if (k == 1)
			break;
	}
	d->in.nodes = nodes;
	d->parent = calloc((size_t)nodes, sizeof *d->parent);
	d->parent[0] = -1;
	for (int at = count - 2, above = 0; at >= 0; at--) {
		first = above + levels[at + 1];
		for (int k = 0; k < levels[at]; k++)
			d->parent[first + k] = above + k * levels[at + 1] / levels[at];
		above = first;
	}
	return first;
}

static void make_limits(struct phase_depot *d, const struct phase_depot_kind *k, int first_leaf)
{
	double *need = calloc((size_t)d->in.nodes, sizeof *need);
	double *most = calloc((size_t)d->in.nodes, sizeof *most);

	for (int i = 0; i < d->in.n; i++)
		for (int v = d->vehicles[i].flow.node; v >= 0; v = d->parent[v]) {
			need[v] += (double)d->vehicles[i].flow.need * 24 / d->in.slots;
			most[v] += d->vehicles[i].flow.max_w;
		}
	for (int v = 0; v < d->in.nodes; v++) {
		bool is_leaf = v >= first_leaf && v > 0;
		double w = v == 0 ? need[v] / 11 * k->tightness
				  : need[v] / 10 * ((is_leaf ? 1.15 : 1.05) + 0.6 * chance(d)) *
					    k->tightness / 1.25;
		double skew[3];

		if (v && w < most[v] / 10)
			w = most[v] / 10;
		if (is_leaf && w < 27600)
			w = 27600;
		for (int a = 0; a < 3; a++)
			skew[a] = is_leaf ? 1 : 0.96 + 0.08 * chance(d);
		for (int t = 0; t < d->in.slots; t++) {
			int32_t *limit = d->limit_w[v * d->in.slots + t];
			double hour = 24.0 * t / d->in.slots, part = 1;

			if (v == 0 && hour >= 5 && hour < 9)
				part = 0.8;
			if (v % 7 == 3 && hour >= 12 && hour < 15)
				part = 0.6;
			limit[PHASE_TOTAL] =
				k->has_total && v == 0 ? (int32_t)(w * part * 0.9) : FLOW_POWER_MAX;
			for (int a = 0; a < 3; a++)
				limit[PHASE_L1 + a] = (int32_t)(w * part * skew[a] / 3);
		}
	}
	free(need);
	free(most);
}

static void make_prices(struct phase_depot *d, const struct phase_depot_kind *k)
{
	int32_t hour_price[24];

	for (int h = 0; h < 24; h++) {
		int of_day = (h + 12) % 24;
		int32_t price = 110000 + (of_day < 12 ? -20000 : 15000) + below(d, 30000);

		price += of_day >= 17 && of_day < 21 ? 100000 : 0;
		price -= of_day >= 1 && of_day < 5 ? 50000 : 0;
		hour_price[h] = k->seed % 7 == 0 ? price - 120000 : price;
	}
	for (int t = 0; t < d->in.slots; t++)
		for (int part = 0; part < k->parts; part++) {
			struct flow_part *p = &d->price[t * k->parts + part];

			p->price = hour_price[t * 24 / d->in.slots] + part * 20000 +
				   (k->seed % 3 == 0 ? t * 37 : 0);
			p->w = part < k->parts - 1 ? d->in.n * 1500 : FLOW_POWER_MAX;
		}
}

void phase_depot_make(struct phase_depot *d, const struct phase_depot_kind *k)
{
	static const double lean[] = {1.0, 0.3, -0.5};
	size_t cells;
	int first_leaf;

	memset(d, 0, sizeof *d);
	d->rng = k->seed * 0x9E3779B97F4A7C15ULL + 88172645463325252ULL;
	d->in.slots = k->slots;
	d->in.n = k->n;
	d->in.parts = k->parts;
	first_leaf = make_tree(d, k->n);
	cells = (size_t)d->in.nodes * (size_t)k->slots;
	d->limit_w = calloc(cells, sizeof *d->limit_w);
	d->imbalance_w = calloc((size_t)k->slots, sizeof *d->imbalance_w);
	d->other_w = calloc((size_t)k->slots, sizeof *d->other_w);
	d->price = calloc((size_t)k->slots * (size_t)k->parts, sizeof *d->price);
	d->vehicles = calloc((size_t)k->n + 1, sizeof *d->vehicles);
	for (int i = 0; i < k->n; i++) {
		make_vehicle(d, k, i);
		d->vehicles[i].flow.node = first_leaf + i * (d->in.nodes - first_leaf) / k->n;
	}
	make_limits(d, k, first_leaf);
	make_prices(d, k);
	for (int t = 0; t < k->slots; t++) {
		d->imbalance_w[t] = k->imbalance_w ? k->imbalance_w : FLOW_POWER_MAX;
		for (int a = 0; a < 3; a++)
			d->other_w[t][a] = (int32_t)(1000 * lean[a] * (0.2 + 0.8 * t / k->slots));
	}
	d->in.parent = d->parent;
	d->in.limit_w = (const int32_t(*)[PHASE_CHANNELS])d->limit_w;
	d->in.imbalance_w = k->imbalance_w ? d->imbalance_w : NULL;
	d->in.other_w = (const int32_t(*)[3])d->other_w;
	d->in.price = d->price;
	d->in.vehicles = d->vehicles;
}

void phase_depot_finish(struct phase_depot *d)
{
	free(d->parent);
	free(d->limit_w);
	free(d->imbalance_w);
	free(d->other_w);
	free(d->price);
	free(d->vehicles);
}

/* -- events ----------------------------------------------------------------------------------- */

static void change_limit(struct phase_depot *d, struct phase_plan *p)
{
	int node = below(d, d->in.nodes), from = below(d, d->in.slots);
	int to = from + d->in.slots / 12 < d->in.slots ? from + d->in.slots / 12 : d->in.slots;

	for (int t = from; t < to; t++)
		for (int c = PHASE_L1; c < PHASE_CHANNELS; c++) {
			int32_t *limit = &d->limit_w[node * d->in.slots + t][c];

			*limit = *limit / 10 * 7;
			phase_plan_set_limit(p, node, (enum phase_channel)c, t, t + 1, *limit);
		}
}

void phase_depot_change(struct phase_depot *d, struct phase_plan *p)
{
	int what = below(d, 3), i = below(d, d->in.n);
	struct phase_vehicle *v = &d->vehicles[i];

	if (what == 0) {
		change_limit(d, p);
		return;
	}
	if (what == 1)
		v->flow.need = 0; /* unplugged */
	else
		make_need(d, &v->flow, 60000);
	phase_plan_set_vehicle(p, i, v);
}
