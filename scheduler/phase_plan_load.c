#include <stdlib.h>
#include <string.h>
#include "scheduler/phase_plan_dual.h"

#define SPREAD_STEP  5.0F /* rows of the imbalance are few and see many: greater steps for them */
#define FIRST_WEIGHT 0.3F
#define HUGE_AMOUNT  1e30F

/* -- memory ----------------------------------------------------------------------------------- */

static bool alloc_rows(struct phase_rows *r, size_t rows, size_t stride)
{
	r->limit = calloc(rows * stride, sizeof *r->limit);
	r->load = calloc(rows * stride, sizeof *r->load);
	r->price = calloc(rows * stride, sizeof *r->price);
	r->began = calloc(rows * stride, sizeof *r->began);
	r->step = calloc(rows * stride, sizeof *r->step);
	r->is_used = calloc(rows, sizeof *r->is_used);
	return r->limit && r->load && r->price && r->began && r->step && r->is_used;
}

static void free_rows(struct phase_rows *r)
{
	free(r->limit);
	free(r->load);
	free(r->price);
	free(r->began);
	free(r->step);
	free(r->is_used);
}

static bool alloc_vehicles(struct phase_dual *d, size_t n, size_t stride)
{
	d->from = calloc(n, sizeof *d->from);
	d->to = calloc(n, sizeof *d->to);
	d->group_of = calloc(n, sizeof *d->group_of);
	d->x = calloc(n * stride, sizeof *d->x);
	d->x_began = calloc(n * stride, sizeof *d->x_began);
	d->least = calloc(n * stride, sizeof *d->least);
	d->most = calloc(n * stride, sizeof *d->most);
	d->need = calloc(n, sizeof *d->need);
	d->worth = calloc(n, sizeof *d->worth);
	d->worth_began = calloc(n, sizeof *d->worth_began);
	d->worth_step = calloc(n, sizeof *d->worth_step);
	d->tier = calloc(n * FLOW_TIERS, sizeof *d->tier);
	return d->from && d->to && d->group_of && d->x && d->x_began && d->least && d->most &&
	       d->need && d->worth && d->worth_began && d->worth_step && d->tier;
}

/* Pairs of pattern and node that occur. */
static bool make_groups(struct phase_dual *d)
{
	const struct phase_plan *p = d->plan;
	size_t pairs = (size_t)p->nodes * (size_t)p->shared.patterns;
	int *found = calloc(pairs, sizeof *found);

	if (!found)
		return false;
	for (int i = 0; i < p->n; i++) {
		int *at = &found[p->node_of[i] * p->shared.patterns + p->pattern_of[i]];

		if (!*at)
			*at = ++d->groups;
		d->group_of[i] = *at - 1;
	}
	free(found);
	d->group_pattern = calloc((size_t)d->groups + 1, sizeof *d->group_pattern);
	d->group_node = calloc((size_t)d->groups + 1, sizeof *d->group_node);
	for (int i = 0; d->group_pattern && d->group_node && i < p->n; i++) {
		d->group_pattern[d->group_of[i]] = p->pattern_of[i];
		d->group_node[d->group_of[i]] = p->node_of[i];
	}
	return d->group_pattern && d->group_node;
}

static bool alloc_all(struct phase_dual *d)
{
	size_t n = (size_t)d->n + 1, stride = (size_t)d->stride, nodes = (size_t)d->nodes;
	size_t groups, patterns = (size_t)d->patterns;

	if (!alloc_vehicles(d, n, stride) || !make_groups(d))
		return false;
	groups = (size_t)d->groups + 1;
	d->group_price = calloc(groups * stride, sizeof *d->group_price);
	d->group_load = calloc(groups * stride, sizeof *d->group_load);
	d->group_step = calloc(groups * stride, sizeof *d->group_step);
	d->above = calloc(nodes * FLOW_CHANNELS * stride, sizeof *d->above);
	d->part = calloc(stride * (size_t)d->parts, sizeof *d->part);
	d->pattern_price = calloc(patterns * stride, sizeof *d->pattern_price);
	d->pattern_load = calloc(patterns * stride, sizeof *d->pattern_load);
	return d->group_price && d->group_load && d->group_step && d->above && d->part &&
	       d->pattern_price && d->pattern_load &&
	       alloc_rows(&d->limit, nodes * FLOW_CHANNELS, stride) &&
	       alloc_rows(&d->spread, FLOW_PHASES * FLOW_PHASES, stride) &&
	       alloc_rows(&d->power, 1, stride);
}

void phase_dual_destroy(struct phase_dual *d)
{
	if (!d)
		return;
	free_rows(&d->limit);
	free_rows(&d->spread);
	free_rows(&d->power);
	void *all[] = {d->from, d->to, d->group_of, d->x, d->x_began, d->least, d->most, d->need,
		d->worth, d->worth_began, d->worth_step, d->tier, d->group_pattern, d->group_node,
		d->group_price, d->group_load, d->group_step, d->above, d->part, d->pattern_price,
		d->pattern_load};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		free(all[i]);
	free(d);
}

/* Units: all powers and prices get near 1. */
static void find_units(struct phase_dual *d)
{
	const struct flow *f = d->plan->forest;
	int64_t most = 0, dearest = 1;
	int drawing = 0;

	for (int i = 0; i < d->n; i++) {
		int32_t own = 0;

		for (int place = 0; place < d->slots; place++)
			own = f->most[flow_xi(f, i, place)] > own ? f->most[flow_xi(f, i, place)]
								  : own;
		most += own;
		drawing += own > 0;
	}
	for (int k = 0; k < d->slots * d->parts; k++)
		dearest = llabs(f->price[k].price) > dearest ? llabs(f->price[k].price) : dearest;
	d->watt = most ? (float)most / (float)drawing : 1.0F;
	d->money = (float)dearest;
}

static struct phase_dual *make_dual(const struct phase_plan *p)
{
	struct phase_dual *d = calloc(1, sizeof *d);

	if (!d)
		return NULL;
	d->plan = p;
	d->slots = p->slots;
	d->stride = (p->slots + PHASE_LANES - 1) / PHASE_LANES * PHASE_LANES;
	d->nodes = p->nodes;
	d->n = p->n;
	d->patterns = p->shared.patterns;
	d->parts = p->forest->parts;
	d->weight = FIRST_WEIGHT;
	if (alloc_all(d)) {
		find_units(d);
		return d;
	}
	phase_dual_destroy(d);
	return NULL;
}

/* -- what the plan says now ------------------------------------------------------------------- */

static void load_vehicle(struct phase_dual *d, int i)
{
	const struct flow *f = d->plan->forest;
	float *x = d->x + phase_row(d, i), *least = d->least + phase_row(d, i);
	float *most = d->most + phase_row(d, i);
	int first = d->slots, end = 0, open = 0;

	for (int t = 0; t < d->slots; t++) {
		size_t xi = flow_xi(f, i, f->place_of[t]);

		x[t] = (float)f->x[xi] / d->watt;
		least[t] = (float)flow_least(f, xi) / d->watt;
		most[t] = (float)f->most[xi] / d->watt;
		if (!f->most[xi])
			continue;
		first = t < first ? t : first;
		end = t + 1;
		open++;
	}
	d->from[i] = first / PHASE_LANES * PHASE_LANES;
	d->to[i] = (end + PHASE_LANES - 1) / PHASE_LANES * PHASE_LANES;
	if (d->to[i] < d->from[i])
		d->from[i] = d->to[i];
	d->need[i] = (float)f->need[i] / d->watt;
	d->worth_step[i] = open ? 1.0F / (float)open : 0;
	for (int k = 0; k < f->tiers[i]; k++) {
		const struct flow_tier *tier = &f->tier[(size_t)i * FLOW_TIERS + (size_t)k];

		d->tier[(size_t)i * FLOW_TIERS + (size_t)k] = (struct phase_piece){
			(float)tier->price / d->money,
			tier->amount == INT64_MAX ? HUGE_AMOUNT : (float)tier->amount / d->watt};
	}
}

/* What energy is worth to a vehicle at least: its dearest slot, or what it does without. */
static void guess_worth(struct phase_dual *d, int i)
{
	const struct flow *f = d->plan->forest;
	float worth = 0;

	for (int place = 0; place < d->slots; place++) {
		float price = (float)phase_parts(d->plan, place)->price / d->money;

		if (f->x[flow_xi(f, i, place)] && price > worth)
			worth = price;
	}
	d->worth[i] = f->missing[i] ? d->tier[(size_t)i * FLOW_TIERS].price : worth;
}

/* What could be drawn at most below each limit, and by how many. */
static void add_possible(struct phase_dual *d, int i)
{
	const struct phase_plan *p = d->plan;
	const float *most = d->most + phase_row(d, i);

	for (int v = p->node_of[i]; v >= 0; v = p->parent[v])
		for (int c = 0; c < FLOW_CHANNELS; c++) {
			size_t row = phase_row(d, v * FLOW_CHANNELS + c);
			float part = phase_part(d, p->pattern_of[i], c);

			for (int t = d->from[i]; part > 0 && t < d->to[i]; t++) {
				d->limit.load[row + (size_t)t] += part * most[t];
				d->limit.step[row + (size_t)t] += most[t] > 0 ? part : 0;
			}
		}
}

/* Limits that can be reached, and steps of their prices. */
static void load_limits(struct phase_dual *d)
{
	const struct phase_plan *p = d->plan;
	struct phase_rows *r = &d->limit;

	memset(r->load, 0, phase_row(d, d->nodes * FLOW_CHANNELS) * sizeof(float));
	memset(r->step, 0, phase_row(d, d->nodes * FLOW_CHANNELS) * sizeof(float));
	for (int i = 0; i < d->n; i++)
		add_possible(d, i);
	for (int k = 0; k < d->nodes * FLOW_CHANNELS; k++) {
		r->is_used[k] = false;
		for (int t = 0; t < d->slots; t++) {
			size_t at = phase_row(d, k) + (size_t)t;
			int64_t limit = p->shared.limit[phase_cell(
				p, k / FLOW_CHANNELS, p->forest->place_of[t])][k % FLOW_CHANNELS];
			bool is_used = limit < PHASE_NO_LIMIT &&
				       (float)limit / 6.0F < r->load[at] * d->watt;

			r->limit[at] = is_used ? (float)limit / 6.0F / d->watt : 0;
			r->step[at] = is_used ? 1.0F / r->step[at] : 0;
			r->price[at] = is_used ? r->price[at] : 0;
			r->is_used[k] |= is_used;
		}
	}
}

static void load_spread(struct phase_dual *d)
{
	const struct phase_plan *p = d->plan;
	struct phase_rows *r = &d->spread;

	memset(r->step, 0, phase_row(d, FLOW_PHASES * FLOW_PHASES) * sizeof(float));
	for (int k = 0; k < FLOW_PHASES * FLOW_PHASES; k++) {
		int high = k / FLOW_PHASES, low = k % FLOW_PHASES;
		float *step = r->step + phase_row(d, k);

		r->is_used[k] = false;
		for (int i = 0; high != low && i < d->n; i++) {
			float apart = phase_apart(d, p->pattern_of[i], high, low);

			for (int t = d->from[i]; t < d->to[i]; t++)
				if (d->most[phase_row(d, i) + (size_t)t] > 0)
					step[t] += apart < 0 ? -apart : apart;
		}
		for (int t = 0; t < d->slots; t++) {
			int64_t limit = p->spread[p->forest->place_of[t]][high][low];
			bool is_used = limit < PHASE_NO_LIMIT && step[t] > 0;
			size_t at = phase_row(d, k) + (size_t)t;

			step[t] = is_used ? SPREAD_STEP / step[t] : 0;
			r->limit[at] = is_used ? (float)limit / 6.0F / d->watt : 0;
			r->price[at] = is_used ? r->price[at] : 0;
			r->is_used[k] |= is_used;
		}
	}
}

/* What all the power of a slot costs. With one part without an end its price is that, always. */
static void load_power(struct phase_dual *d)
{
	const struct flow *f = d->plan->forest;
	struct phase_rows *r = &d->power;

	r->is_used[0] = false;
	memset(r->step, 0, (size_t)d->stride * sizeof(float));
	for (int i = 0; i < d->n; i++)
		for (int t = d->from[i]; t < d->to[i]; t++)
			r->step[t] += d->most[phase_row(d, i) + (size_t)t] > 0;
	for (int t = 0; t < d->slots; t++) {
		const struct flow_part *part = phase_parts(d->plan, f->place_of[t]);
		struct phase_piece *piece = d->part + (size_t)t * (size_t)d->parts;
		bool is_used = part[0].w < FLOW_POWER_MAX && r->step[t] > 0;

		for (int k = 0; k < d->parts; k++)
			piece[k] = (struct phase_piece){(float)part[k].price / d->money,
				part[k].w < FLOW_POWER_MAX ? (float)part[k].w / d->watt
							   : HUGE_AMOUNT};
		r->step[t] = is_used ? 1.0F / r->step[t] : 0;
		if (!is_used || r->price[t] < piece[0].price)
			r->price[t] = piece[0].price;
		r->is_used[0] |= is_used;
	}
}

/* Steps of powers: the fewer limits watch a cell, the greater. */
static void load_steps(struct phase_dual *d)
{
	for (int g = 0; g < d->groups; g++)
		for (int t = 0; t < d->slots; t++) {
			int q = d->group_pattern[g];
			float sum = d->power.step[t] > 0 ? 2.0F : 1.0F;

			for (int v = d->group_node[g]; v >= 0; v = d->plan->parent[v])
				for (int c = 0; c < FLOW_CHANNELS; c++)
					if (d->limit.step[phase_row(d, v * FLOW_CHANNELS + c) +
							  (size_t)t] > 0)
						sum += phase_part(d, q, c);
			for (int k = 0; k < FLOW_PHASES * FLOW_PHASES; k++) {
				float apart = phase_apart(d, q, k / FLOW_PHASES, k % FLOW_PHASES);

				if (d->spread.step[phase_row(d, k) + (size_t)t] > 0)
					sum += SPREAD_STEP * (apart < 0 ? -apart : apart);
			}
			d->group_step[phase_row(d, g) + (size_t)t] = 1.0F / sum;
		}
}

int phase_dual_load(struct phase_plan *p)
{
	bool is_new = !p->dual;

	if (is_new)
		p->dual = make_dual(p);
	if (!p->dual)
		return -1;
	for (int i = 0; i < p->n; i++) {
		load_vehicle(p->dual, i);
		if (is_new)
			guess_worth(p->dual, i);
	}
	load_limits(p->dual);
	load_spread(p->dual);
	load_power(p->dual);
	load_steps(p->dual);
	return 0;
}

/* -- reading ---------------------------------------------------------------------------------- */

int32_t phase_dual_w(const struct phase_dual *d, int vehicle, int slot)
{
	float w = d->x[phase_row(d, vehicle) + (size_t)slot] * d->watt;

	return w < 0 ? 0 : w < (float)FLOW_POWER_MAX ? (int32_t)(w + 0.5F) : FLOW_POWER_MAX;
}

/* Prices beyond all sense are cut off: any price proves something. */
static int64_t price_of(const struct phase_dual *d, float price)
{
	double parts = (double)price * (double)d->money * PHASE_PRICE_PARTS;
	const double most = 1e15;

	return (int64_t)(parts > most ? most : parts < -most ? -most : parts);
}

int64_t phase_dual_limit_price(const struct phase_dual *d, int v, int channel, int slot)
{
	return price_of(
		d, d->limit.price[phase_row(d, v * FLOW_CHANNELS + channel) + (size_t)slot]);
}

int64_t phase_dual_spread_price(const struct phase_dual *d, int high, int low, int slot)
{
	return price_of(d, d->spread.price[phase_row(d, high * FLOW_PHASES + low) + (size_t)slot]);
}

int64_t phase_dual_power_price(const struct phase_dual *d, int slot)
{
	return price_of(d, d->power.price[slot]);
}
