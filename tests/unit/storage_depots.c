#include "tests/unit/storage_depots.h"
#include <stdlib.h>
#include <string.h>

struct block {
	struct block *next;
	long long align; /* what follows may be anything */
};

static void *take(void *arg, size_t bytes)
{
	struct storage_depot *d = arg;
	struct block *b = malloc(sizeof *b + bytes);

	if (!b)
		return NULL;
	memset(b, 0xa5, sizeof *b + bytes); /* it need not be zero */
	b->next = d->taken;
	d->taken = b;
	return b + 1;
}

static void make_tree(struct storage_depot *d, struct depot_rng *r)
{
	int slots = d->in.slots;

	for (int v = 0; v < d->in.nodes; v++) {
		int usual = depot_between(r, 3, 60) * 1000;

		d->parent[v] = v ? depot_between(r, 0, v - 1) : -1;
		for (int t = 0; t < slots; t++) {
			int32_t *cap = &d->cap_w[v * slots + t], *feed = &d->feed_w[v * slots + t];

			*cap = depot_between(r, 0, 9) ? usual : depot_between(r, 0, 1) * usual / 3;
			*feed = depot_between(r, 0, 9) ? usual : depot_between(r, 0, 1) * usual / 3;
		}
	}
}

static void make_prices(struct storage_depot *d, struct depot_rng *r, bool is_negative)
{
	for (int t = 0; t < d->in.slots; t++) {
		int least = is_negative ? -80000 : 1000, price = depot_between(r, least, 300000);

		d->load_w[t] = depot_between(r, -20000, 20000);
		d->feed_price[t] = depot_between(r, is_negative ? price - 50000 : 0, price);
		for (int k = 0; k < d->in.parts; k++) {
			d->price[t * d->in.parts + k] = (struct flow_part){price,
				k + 1 < d->in.parts ? depot_between(r, 0, 30000) : FLOW_POWER_MAX};
			price += depot_between(r, 0, 90000);
		}
		for (int k = 0; k < STORAGE_CHARGES; k++)
			d->counts[k * d->in.slots + t] = (uint8_t)depot_between(r, 0, 1);
	}
	for (int k = 0; k < d->in.charges; k++) {
		const uint8_t *counts = &d->counts[k * d->in.slots];

		d->in.charge[k] = (struct storage_charge){
			k ? counts : NULL, depot_between(r, 0, 25000), depot_between(r, 0, 900000)};
	}
}

/* Vehicles that only charge, those that give back, and batteries that always are there. */
static void make_device(struct storage_depot *d, struct depot_rng *r, int i)
{
	struct storage_device *s = &d->devices[i];
	int slots = d->in.slots, kind = depot_between(r, 0, 3);

	s->node = depot_between(r, 0, d->in.nodes - 1);
	s->from = kind == 3 ? 0 : depot_between(r, 0, slots - 1);
	s->to = kind == 3 ? slots : depot_between(r, s->from + 1, slots);
	s->charge_w = depot_between(r, 0, 22) * 1000;
	s->discharge_w = kind >= 2 ? depot_between(r, 0, 22) * 1000 : 0;
	s->charge_pm = depot_between(r, 0, 3) ? depot_between(r, 800, 1000) : 1000;
	s->discharge_pm = depot_between(r, 0, 3) ? depot_between(r, 800, 1000) : 1000;
	s->full = depot_between(r, 0, 90000);
	s->stored = depot_between(r, 0, (int)s->full);
	s->least = depot_between(r, 0, 2) ? depot_between(r, 0, (int)s->stored)
					  : depot_between(r, 0, (int)s->full);
	s->need = depot_between(r, 0, (int)s->full);
	s->missing = depot_between(r, 0, 3) ? 2000000 : depot_between(r, 1, 400000);
	s->left = depot_between(r, 0, 1)
			  ? 0
			  : depot_between(r, 0, s->missing < 200000 ? s->missing : 200000);
	s->wear = depot_between(r, 0, 2) * 20000;
	if (depot_between(r, 0, 4) == 0) {
		s->most_w = &d->most_w[i * slots];
		for (int t = 0; t < slots; t++)
			d->most_w[i * slots + t] = depot_between(r, 0, 20) * 1000;
	}
}

void storage_depot_make(
	struct storage_depot *d, uint64_t seed, int size, int slots, bool is_negative)
{
	struct depot_rng r = {seed * 2654435761u + 7};

	for (int k = 0; k < 8; k++)
		depot_between(&r, 0, 1);
	memset(d, 0, sizeof *d);
	d->in.slots = depot_between(&r, 1, slots);
	d->in.nodes = depot_between(&r, 1, 5);
	d->in.n = depot_between(&r, 1, size);
	d->in.parts = depot_between(&r, 1, 3);
	d->in.charges = depot_between(&r, 0, STORAGE_CHARGES);
	d->parent = calloc((size_t)d->in.nodes, sizeof *d->parent);
	d->cap_w = calloc((size_t)(d->in.nodes * slots), sizeof *d->cap_w);
	d->feed_w = calloc((size_t)(d->in.nodes * slots), sizeof *d->feed_w);
	d->load_w = calloc((size_t)slots, sizeof *d->load_w);
	d->feed_price = calloc((size_t)slots, sizeof *d->feed_price);
	d->most_w = calloc((size_t)(d->in.n * slots), sizeof *d->most_w);
	d->counts = calloc((size_t)(STORAGE_CHARGES * slots), sizeof *d->counts);
	d->price = calloc((size_t)(d->in.parts * slots), sizeof *d->price);
	d->devices = calloc((size_t)d->in.n, sizeof *d->devices);
	make_tree(d, &r);
	make_prices(d, &r, is_negative);
	for (int i = 0; i < d->in.n; i++)
		make_device(d, &r, i);
	d->in.parent = d->parent;
	d->in.cap_w = d->cap_w;
	d->in.feed_w = d->feed_w;
	d->in.load_w = d->load_w;
	d->in.price = d->price;
	d->in.feed_price = d->feed_price;
	d->in.devices = d->devices;
	d->memory = (struct storage_memory){take, d};
}

void storage_depot_finish(struct storage_depot *d)
{
	void *all[] = {d->parent, d->cap_w, d->feed_w, d->load_w, d->feed_price, d->most_w,
		d->counts, d->price, d->devices};
	struct block *b = d->taken;

	while (b) {
		struct block *next = b->next;

		free(b);
		b = next;
	}
	d->taken = NULL;
	for (size_t k = 0; k < sizeof all / sizeof *all; k++)
		free(all[k]);
}
