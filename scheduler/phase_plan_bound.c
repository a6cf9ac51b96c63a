#include <stdlib.h>
#include <string.h>
#include "scheduler/phase_plan_private.h"

/*
 * What prices of the limits prove. Any prices that are not negative do: whoever pays them instead of
 * keeping the limits pays no more than the cheapest plan that keeps them. Then each vehicle is on its
 * own and fills its cheapest slots. All in integers, so that nothing is lost to rounding; a value
 * here has 6 * PHASE_PRICE_PARTS parts of one of price, since powers on a phase count in sixths.
 */

#define PARTS (6 * PHASE_PRICE_PARTS)

struct offer {
	int64_t price;
	int32_t w;
};

struct bounding {
	const struct phase_plan *p;
	int64_t *
		above; /* [nodes][channels][places] price of a sixth of a W there, up to the root */
	int64_t *site; /* [patterns][places] price of a W of the pattern beside that */
	struct offer *offer; /* [places] */
	flow_value sum;
};

static flow_value over(flow_value amount, int64_t price)
{
	return price > 0 ? amount * price : 0;
}

/* -- prices ----------------------------------------------------------------------------------- */

static int64_t *row_of(const struct bounding *b, int v, int c)
{
	return b->above + ((size_t)v * FLOW_CHANNELS + (size_t)c) * (size_t)b->p->slots;
}

/* Each limit's price counts against its amount, and for all below it. */
static void price_nodes(struct bounding *b)
{
	const struct phase_plan *p = b->p;

	for (int v = 0; v < p->nodes; v++)
		for (int c = 0; c < FLOW_CHANNELS; c++)
			for (int place = 0; place < p->slots; place++) {
				int64_t limit = p->shared.limit[phase_cell(p, v, place)][c];
				int64_t price = 0;

				if (p->dual && limit < PHASE_NO_LIMIT)
					price = phase_dual_limit_price(
						p->dual, v, c, p->forest->slot_of[place]);
				b->sum -= (flow_value)limit * price;
				row_of(b, v, c)[place] =
					price + (v ? row_of(b, p->parent[v], c)[place] : 0);
			}
}

/* What all the power of a slot costs: no more than its last part where that has no end. */
static int64_t price_power(struct bounding *b, int place)
{
	const struct flow *f = b->p->forest;
	const struct flow_part *part = phase_parts(b->p, place);
	int64_t last = (int64_t)part[f->parts - 1].price * PARTS;
	int64_t price = (int64_t)part[0].price * PARTS;

	if (b->p->dual)
		price = 6 * phase_dual_power_price(b->p->dual, f->slot_of[place]);
	if (part[f->parts - 1].w >= FLOW_POWER_MAX && price > last)
		price = last;
	for (int k = 0; k < f->parts; k++)
		b->sum -= over(part[k].w, price - (int64_t)part[k].price * PARTS);
	return price;
}

static void price_site(struct bounding *b)
{
	const struct phase_plan *p = b->p;

	for (int place = 0; place < p->slots; place++) {
		int64_t power = price_power(b, place);

		for (int q = 0; q < p->shared.patterns; q++)
			b->site[(size_t)q * (size_t)p->slots + (size_t)place] = power;
		for (int high = 0; high < FLOW_PHASES; high++)
			for (int low = 0; low < FLOW_PHASES; low++) {
				int64_t spread = p->spread[place][high][low], price;

				if (high == low || spread >= PHASE_NO_LIMIT || !p->dual)
					continue;
				price = phase_dual_spread_price(
					p->dual, high, low, p->forest->slot_of[place]);
				b->sum -= (flow_value)spread * price;
				for (int q = 0; q < p->shared.patterns; q++)
					b->site[(size_t)q * (size_t)p->slots + (size_t)place] +=
						(p->shared.pattern[q].most[1 + high] -
							p->shared.pattern[q].least[1 + low]) *
						price;
			}
	}
}

/* -- one vehicle ------------------------------------------------------------------------------ */

/* Puts the cheapest offers that are needed for `need` first, by halves as quicksort does. */
static void sort_offers(struct offer *o, int n, int64_t need)
{
	while (n > 1 && need > 0) {
		int64_t pivot = o[n / 2].price, w = 0;
		int low = 0, high = n - 1;

		while (low <= high) {
			while (o[low].price < pivot)
				low++;
			while (o[high].price > pivot)
				high--;
			if (low <= high) {
				struct offer swap = o[low];

				o[low++] = o[high];
				o[high--] = swap;
			}
		}
		for (int k = 0; k <= high; k++)
			w += o[k].w;
		if (w >= need) {
			n = high + 1;
			continue;
		}
		sort_offers(o, high + 1, need);
		need -= w;
		o += high + 1;
		n -= high + 1;
	}
}

/* Missing energy is replaced by the cheapest offers while that saves anything. */
static void fill_vehicle(struct bounding *b, int i, int offers, int64_t need)
{
	const struct flow *f = b->p->forest;
	const struct flow_tier *tier = f->tier + (size_t)i * FLOW_TIERS;
	int64_t amount[FLOW_TIERS], left = need;
	int k = 0, at = 0;

	for (; k < f->tiers[i]; k++) {
		amount[k] = left < tier[k].amount ? left : tier[k].amount;
		left -= amount[k];
	}
	sort_offers(b->offer, offers, need);
	for (k--; k >= 0; k--) {
		int64_t price = (int64_t)tier[k].price * PARTS;

		while (at < offers && amount[k] > 0 && b->offer[at].price < price) {
			struct offer *o = &b->offer[at];
			int32_t w = amount[k] < o->w ? (int32_t)amount[k] : o->w;

			b->sum += (flow_value)w * o->price;
			amount[k] -= w;
			o->w -= w;
			at += o->w == 0;
		}
		b->sum += (flow_value)amount[k] * price;
	}
}

static void bound_vehicle(struct bounding *b, int i)
{
	const struct phase_plan *p = b->p;
	const struct flow *f = p->forest;
	const struct flow_pattern *pattern = phase_pattern(p, i);
	int64_t need = f->need[i];
	int offers = 0;

	for (int place = 0; place < p->slots; place++) {
		size_t xi = flow_xi(f, i, place);
		int32_t least = flow_least(f, xi);
		int64_t price =
			b->site[(size_t)p->pattern_of[i] * (size_t)p->slots + (size_t)place];

		if (!f->most[xi])
			continue;
		for (int c = 0; c < FLOW_CHANNELS; c++)
			price += pattern->most[c] * row_of(b, p->node_of[i], c)[place];
		b->sum += (flow_value)least * price;
		need -= least;
		b->offer[offers++] = (struct offer){price, f->most[xi] - least};
	}
	fill_vehicle(b, i, offers, need);
}

int phase_bound(const struct phase_plan *p, flow_value *bound)
{
	size_t slots = (size_t)p->slots;
	struct bounding b = {.p = p,
		.above = malloc((size_t)p->nodes * FLOW_CHANNELS * slots * sizeof *b.above),
		.site = malloc((size_t)p->shared.patterns * slots * sizeof *b.site),
		.offer = malloc(slots * sizeof *b.offer)};
	bool ok = b.above && b.site && b.offer;

	if (ok) {
		price_nodes(&b);
		price_site(&b);
		for (int i = 0; i < p->n; i++)
			bound_vehicle(&b, i);
		/* Costs are whole: up to the next one. */
		*bound = b.sum / PARTS + (b.sum % PARTS > 0);
	}
	free(b.above);
	free(b.site);
	free(b.offer);
	return ok ? 0 : -1;
}
