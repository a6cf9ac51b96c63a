#include "csms/plan/storage_fill.h"

#define SLOTS     96 /* longer horizons get longer slots */
#define WH_PER_MS 3600000.0

int32_t storage_bounded_w(int64_t w)
{
	return w < 0 ? 0 : w > FLOW_POWER_MAX ? FLOW_POWER_MAX : (int32_t)w;
}

int64_t storage_energy(const struct storage_fill *f, double wh)
{
	return wh > 0 ? (int64_t)(wh * WH_PER_MS / (double)f->slot_ms) : 0;
}

double storage_money(const struct storage_fill *f, double cost)
{
	return cost * (double)f->slot_ms / WH_PER_MS / 1000 / 1e6;
}

int32_t storage_missing(int priority)
{
	int rank = priority < 0 ? 0 : priority < STORAGE_CLASSES ? priority : STORAGE_CLASSES - 1;

	return STORAGE_PRICE_MISSING * (STORAGE_CLASSES - rank);
}

void storage_fill_begin(struct storage_fill *f, struct storage_input *in)
{
	f->group = (f->caps->slots + SLOTS - 1) / SLOTS;
	f->slot_ms = f->plan_slot_ms * f->group;
	in->slots = f->caps->slots / f->group;
	in->nodes = grid_tree_nodes(f->tree);
	in->parts = f->prices->parts - 1;
}

int32_t *storage_fill_caps(const struct storage_fill *f, struct storage_input *in)
{
	size_t nodes = (size_t)in->nodes, slots = (size_t)in->slots;
	int *parent = arena_alloc(f->arena, nodes * sizeof *parent);
	int32_t *cap = arena_alloc(f->arena, nodes * slots * sizeof *cap);

	if (!parent || !cap)
		return NULL;
	for (int v = 0; v < in->nodes; v++) {
		const int32_t *row = &f->caps->w[(size_t)v * (size_t)f->caps->slots];

		parent[v] = grid_tree_node(f->tree, v)->parent;
		for (int t = 0; t < in->slots; t++) {
			int32_t least = FLOW_POWER_MAX;

			for (int s = t * f->group; s < (t + 1) * f->group; s++)
				least = row[s] < least ? row[s] : least;
			cap[(size_t)v * slots + (size_t)t] = storage_bounded_w(least);
		}
	}
	in->parent = parent;
	in->cap_w = cap;
	return cap;
}

int32_t *storage_fill_prices(const struct storage_fill *f, struct storage_input *in)
{
	const struct plan_prices *p = f->prices;
	size_t slots = (size_t)in->slots;
	struct flow_part *part = arena_alloc(f->arena, slots * (size_t)in->parts * sizeof *part);
	int32_t *feed = arena_alloc(f->arena, slots * sizeof *feed);
	int32_t *load = arena_alloc(f->arena, slots * sizeof *load);

	if (!part || !feed || !load)
		return NULL;
	for (int t = 0; t < in->slots; t++) {
		const struct flow_part *from = &p->part[(size_t)(t * f->group * p->parts)];
		int64_t sum = 0, own = 0;

		for (int k = 0; k < in->parts; k++) {
			int64_t price = 0;

			for (int s = 0; s < f->group; s++)
				price += from[s * p->parts + k + 1].price;
			part[t * in->parts + k] =
				(struct flow_part){(int32_t)(price / f->group), from[k + 1].w};
		}
		for (int s = 0; s < f->group; s++) {
			sum += p->load_w ? p->load_w[t * f->group + s] : 0;
			own += from[s * p->parts].price;
		}
		load[t] = (int32_t)(sum / f->group);
		feed[t] = (int32_t)(own / f->group);
		if (feed[t] > part[t * in->parts].price)
			feed[t] = part[t * in->parts].price;
	}
	in->price = part;
	in->feed_price = feed;
	in->load_w = load;
	return load;
}

int storage_fill_charges(const struct storage_fill *f, struct storage_input *in)
{
	const struct plan_prices *p = f->prices;

	for (int k = 0; k < p->demands && k < STORAGE_CHARGES; k++) {
		const struct plan_demand *d = &p->demand[k];
		uint8_t *counts = arena_alloc(f->arena, (size_t)in->slots);

		if (!counts)
			return -1;
		for (int s = 0; s < in->slots * f->group; s++)
			counts[s / f->group] |= !d->counts || d->counts[s];
		in->charge[in->charges++] =
			(struct storage_charge){counts, storage_bounded_w(d->paid_w),
				(int64_t)((double)d->price * WH_PER_MS / (double)f->slot_ms)};
	}
	return 0;
}
