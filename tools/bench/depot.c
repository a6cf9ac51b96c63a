#include "tools/bench/depot.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define GROUP     8
#define FANOUT    5
#define TIGHT     1.25
#define MISSING   2000000 /* 2 EUR/kWh, in micro-EUR */
#define PI        3.14159265358979323846
#define LEVELS    12
#define SITE_TAKE 0.1 /* of the mean need, taken by the site itself */

static double unit(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return (double)(*s >> 11) / 9007199254740992.0;
}

/* About normal: mean 0, spread 1. */
static double normal(uint64_t *s)
{
	double sum = -6;

	for (int k = 0; k < 12; k++)
		sum += unit(s);
	return sum;
}

static double clamp(double x, double low, double high)
{
	return x < low ? low : x > high ? high : x;
}

/* -- the tree --------------------------------------------------------------------------------- */

/* Nodes of each level, the root first; their number. */
static int plan_levels(int vehicles, int *count)
{
	int size[LEVELS], levels = 0;

	size[levels++] = (vehicles + GROUP - 1) / GROUP;
	while (size[levels - 1] > 1) {
		size[levels] = (size[levels - 1] + FANOUT - 1) / FANOUT;
		levels++;
	}
	for (int l = 0; l < levels; l++)
		count[l] = size[levels - 1 - l];
	return levels;
}

static void make_tree(struct depot *d, const int *count, int levels)
{
	int first = 0, above = 0;

	for (int l = 0; l < levels; l++) {
		for (int k = 0; k < count[l]; k++)
			d->parent[first + k] =
				l ? above + (int)((int64_t)k * count[l - 1] / count[l]) : -1;
		above = first;
		first += count[l];
	}
}

/* -- vans ------------------------------------------------------------------------------------- */

/* Hours from noon: three kinds of shift. */
static void make_stay(uint64_t *s, double *from, double *to)
{
	double kind = unit(s);

	if (kind < 0.75) {
		*from = 5.5 + 1.6 * normal(s);
		*to = 18 + 1.2 * normal(s);
	} else if (kind < 0.9) {
		*from = 0.5 + fabs(normal(s));
		*to = 4.5 + 0.8 * normal(s);
	} else {
		*from = 10 + normal(s);
		*to = 21 + normal(s);
	}
}

static void make_van(struct depot *d, uint64_t *s, int i, int first_group)
{
	static const struct {
		double up_to;
		int32_t w;
	} sizes[] = {{0.35, 11000}, {0.65, 22000}, {0.8, 50000}, {0.92, 75000}, {2, 150000}};
	struct flow_vehicle *v = &d->vehicles[i];
	int slots = d->in.slots, groups = d->in.nodes - first_group, size = 0;
	double hours = 24.0 / slots, from, to, pick, wh, most;

	make_stay(s, &from, &to);
	v->node = first_group + (int)((int64_t)i * groups / d->in.n);
	v->from = (int)(clamp(from, 0, 23) / hours);
	v->to = (int)(clamp(to, 0, 24) / hours);
	if (v->to < v->from + 4)
		v->to = v->from + 4;
	if (v->to > slots) {
		v->from -= v->to - slots;
		v->to = slots;
	}
	pick = unit(s);
	while (pick >= sizes[size].up_to)
		size++;
	v->max_w = sizes[size].w;
	most = 0.92 * v->max_w * (v->to - v->from) * hours;
	wh = (0.15 + 0.55 * unit(s)) * v->max_w * (v->to - v->from) * hours;
	pick = unit(s);
	wh = clamp(wh, 0, v->max_w <= 22000 ? 60000 + 60000 * pick : 150000 + 250000 * pick);
	v->need = (int64_t)(clamp(wh, 0, most) / hours);
	v->tiers = 1;
	v->tier[0] = (struct flow_tier){INT64_MAX, MISSING};
}

/* -- limits and prices ------------------------------------------------------------------------ */

static void make_limits(
	struct depot *d, uint64_t *s, const double *need_wh, const double *max_w, int first_group)
{
	int slots = d->in.slots;

	for (int v = 0; v < d->in.nodes; v++) {
		double spread = v >= first_group ? 1.15 + 0.7 * unit(s) : 1.05 + 0.5 * unit(s);
		double w = v ? need_wh[v] / 10 * spread : need_wh[0] / 11 * TIGHT;

		if (v && w < 0.1 * max_w[v])
			w = 0.1 * max_w[v];
		for (int t = 0; t < slots; t++) {
			double hour = t * 24.0 / slots, share = 1, site = 0;

			if (v == 0 && hour >= 5 && hour < 9)
				share = 0.8;
			if (v % 7 == 3 && hour >= 12 && hour < 15)
				share = 0.6;
			if (v == 0)
				site = SITE_TAKE * need_wh[0] / 24 *
				       (0.6 + 0.4 * sin((hour + 4) * PI / 12));
			d->cap_w[v * slots + t] = (int32_t)clamp(w * share - site, 0, 1e9);
		}
	}
}

static double hourly(double hour, uint64_t *s)
{
	double clock = fmod(12 + hour, 24);
	double price = 0.11 + 0.05 * sin((clock - 13) * PI / 6) + 0.004 * normal(s);

	price += clock >= 17 && clock < 21 ? 0.10 : clock >= 6 && clock < 9 ? 0.06 : 0;
	return price - (clock >= 1 && clock < 5 ? 0.04 : 0);
}

static void make_prices(struct depot *d, uint64_t *s, enum depot_prices prices)
{
	double eur = 0;

	for (int t = 0; t < d->in.slots; t++) {
		double hour = t * 24.0 / d->in.slots, clock = fmod(12 + hour, 24);
		bool is_new = t == 0 || (int)hour != (int)((t - 1) * 24.0 / d->in.slots);

		if (prices == DEPOT_THREE_RATES)
			eur = clock >= 23 || clock < 6    ? 0.118
			      : clock >= 17 && clock < 21 ? 0.342
							  : 0.236;
		else if (prices == DEPOT_EACH_SLOT || is_new)
			eur = hourly(prices == DEPOT_HOURLY ? floor(hour) : hour, s);
		d->price[t] =
			(struct flow_part){(int32_t)(clamp(eur, 0.002, 1) * 1e6), FLOW_POWER_MAX};
	}
}

/* -- outside ---------------------------------------------------------------------------------- */

struct depot *depot_make(int vehicles, int slots, enum depot_prices prices, unsigned seed)
{
	struct depot *d = calloc(1, sizeof *d);
	uint64_t s = (seed + 1) * 0x9E3779B97F4A7C15u;
	int count[LEVELS], levels = plan_levels(vehicles, count), nodes = 0, first_group;
	double *need_wh, *max_w;

	if (!d)
		return NULL;
	for (int l = 0; l < levels; l++)
		nodes += count[l];
	first_group = nodes - count[levels - 1];
	d->parent = calloc((size_t)nodes + 1, sizeof *d->parent);
	d->cap_w = calloc((size_t)nodes * (size_t)slots + 1, sizeof *d->cap_w);
	d->price = calloc((size_t)slots + 1, sizeof *d->price);
	d->vehicles = calloc((size_t)vehicles + 1, sizeof *d->vehicles);
	need_wh = calloc((size_t)nodes + 1, sizeof *need_wh);
	max_w = calloc((size_t)nodes + 1, sizeof *max_w);
	if (!d->parent || !d->cap_w || !d->price || !d->vehicles || !need_wh || !max_w) {
		depot_destroy(d);
		d = NULL;
	} else {
		d->in = (struct flow_input){slots, nodes, d->parent, d->cap_w, 1, d->price,
			vehicles, d->vehicles, 1, 0};
		make_tree(d, count, levels);
		for (int i = 0; i < vehicles; i++) {
			make_van(d, &s, i, first_group);
			for (int v = d->vehicles[i].node; v >= 0; v = d->parent[v]) {
				need_wh[v] += (double)d->vehicles[i].need * 24 / slots;
				max_w[v] += d->vehicles[i].max_w;
			}
		}
		make_limits(d, &s, need_wh, max_w, first_group);
		make_prices(d, &s, prices);
	}
	free(need_wh);
	free(max_w);
	return d;
}

static void write_arcs(const struct depot *d, FILE *f, int sink)
{
	const struct flow_input *in = &d->in;
	int slots = in->slots, first = in->n + 1;

	for (int i = 0; i < in->n; i++) {
		const struct flow_vehicle *v = &in->vehicles[i];

		for (int t = v->from; t < v->to; t++)
			fprintf(f, "a %d %d 0 %d 0\n", i + 1, first + v->node * slots + t,
				v->max_w);
		fprintf(f, "a %d %d 0 %lld %d\n", i + 1, sink, (long long)v->need, MISSING);
	}
	for (int v = 0; v < in->nodes; v++)
		for (int t = 0; t < slots; t++)
			fprintf(f, "a %d %d 0 %d %d\n", first + v * slots + t,
				v ? first + in->parent[v] * slots + t : sink,
				in->cap_w[v * slots + t], v ? 0 : in->price[t].price);
}

int depot_write_dimacs(const struct depot *d, const char *path)
{
	const struct flow_input *in = &d->in;
	int nodes = in->n + in->nodes * in->slots + 1;
	long long arcs = (long long)in->nodes * in->slots + in->n, need = 0;
	FILE *f = fopen(path, "w");

	if (!f)
		return -1;
	for (int i = 0; i < in->n; i++)
		arcs += in->vehicles[i].to - in->vehicles[i].from;
	fprintf(f, "p min %d %lld\n", nodes, arcs);
	for (int i = 0; i < in->n; i++) {
		fprintf(f, "n %d %lld\n", i + 1, (long long)in->vehicles[i].need);
		need += in->vehicles[i].need;
	}
	fprintf(f, "n %d %lld\n", nodes, -need);
	write_arcs(d, f, nodes);
	return fclose(f) == 0 ? 0 : -1;
}

void depot_destroy(struct depot *d)
{
	if (!d)
		return;
	free(d->parent);
	free(d->cap_w);
	free(d->price);
	free(d->vehicles);
	free(d);
}
