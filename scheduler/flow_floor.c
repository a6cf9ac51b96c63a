#include "scheduler/flow_floor.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "scheduler/flow_private.h"

#define PASSES 8
#define WORTH_PCT                                                                                  \
	90 /* in haste: more than this part of what was too little is so again: no further pass */

/* What must be drawn, summed up: all of it fits at once, so that each solution has room for it. */
struct must {
	int64_t *node; /* [nodes][slots of the repair] */
	int64_t *interval, *vehicle; /* [intervals], [n] */
};

struct low {
	int vehicle, slot;
	int32_t share; /* of its least, per mille */
};

struct repair {
	struct flow *f;
	struct flow_floor *r;
	int slots;
	int32_t *most, *least; /* bounds as they were, laid out as x is */
	struct must must;
	struct low *low;
	int lows;
};

static size_t cell(const struct repair *p, int i, int slot)
{
	return (size_t)i * (size_t)p->slots + (size_t)slot;
}

static int32_t floor_of(const struct repair *p, int i, int slot, size_t xi)
{
	const int32_t *of = slot == 0 && p->r->first_least_w ? p->r->first_least_w : p->r->least_w;
	int32_t least = of[p->f->theirs[i]];

	return p->r->takes_less && p->most[xi] < least ? p->most[xi] : least;
}

static size_t at(const struct repair *p, int i, int slot)
{
	return flow_xi(p->f, i, p->f->place_of[slot]);
}

/* -- what must be drawn ----------------------------------------------------------------------- */

static void add_must(struct repair *p, int i, int slot, int32_t w)
{
	struct flow *f = p->f;

	if (w == 0)
		return;
	for (int v = f->node_of[i]; v >= 0; v = f->parent[v])
		p->must.node[cell(p, v, slot)] += w;
	p->must.interval[f->interval_of[f->place_of[slot]]] += w;
	p->must.vehicle[i] += w;
}

static void sum_must(struct repair *p)
{
	struct flow *f = p->f;

	for (int i = 0; i < f->n; i++)
		for (int t = f->from[i]; t < f->to[i]; t++) {
			int32_t w = f->least[at(p, i, t)];

			if (w && t < p->slots)
				add_must(p, i, t, w);
			else if (w) {
				p->must.interval[f->interval_of[f->place_of[t]]] += w;
				p->must.vehicle[i] += w;
			}
		}
}

static bool fits(const struct repair *p, int i, int slot, int32_t w)
{
	const struct flow *f = p->f;
	int place = f->place_of[slot], q = f->interval_of[place];

	if (p->must.vehicle[i] + w > f->need[i] ||
		p->must.interval[q] + w > flow_allowed(f, q, FLOW_PRICE_MAX + 1))
		return false;
	for (int v = f->node_of[i]; v >= 0; v = f->parent[v])
		if (p->must.node[cell(p, v, slot)] + w > f->cap[flow_fi(f, v, place)])
			return false;
	return true;
}

/* -- raising and turning off ------------------------------------------------------------------- */

static void set_bounds(struct repair *p, int i, int slot, int32_t least, int32_t most)
{
	struct flow *f = p->f;
	size_t xi = at(p, i, slot);
	int32_t x = f->x[xi];

	f->least[xi] = least;
	f->most[xi] = most;
	x = x > most ? most : x < least ? least : x;
	if (x != f->x[xi])
		flow_shift(f, i, f->place_of[slot], x - f->x[xi]);
	else
		flow_add_x(f, i, f->place_of[slot], xi, 0);
	f->is_over = true;
}

static void turn_off(struct repair *p, int i, int slot)
{
	size_t xi = at(p, i, slot);
	int32_t least = p->least[xi];

	add_must(p, i, slot, least - p->f->least[xi]);
	set_bounds(p, i, slot, least, least);
}

/* False: it has no room. */
static bool raise(struct repair *p, int i, int slot)
{
	size_t xi = at(p, i, slot);
	int32_t least = floor_of(p, i, slot, xi), more = least - p->f->least[xi];

	if (p->f->shared || least > p->f->most[xi] || !fits(p, i, slot, more))
		return false;
	add_must(p, i, slot, more);
	set_bounds(p, i, slot, least, p->f->most[xi]);
	return true;
}

/* -- passes ----------------------------------------------------------------------------------- */

static int by_share(const void *a, const void *b)
{
	const struct low *x = a, *y = b;

	if (x->share != y->share)
		return y->share - x->share;
	return x->slot != y->slot ? x->slot - y->slot : x->vehicle - y->vehicle;
}

/* What is drawn but too little, nearest to enough first. */
static void find_low(struct repair *p)
{
	const struct flow *f = p->f;

	p->lows = 0;
	for (int i = 0; i < f->n; i++)
		for (int w = 0; w < f->words; w++)
			for (uint64_t bits = flow_bits(f->can_less, f, i)[w]; bits;
				bits &= bits - 1) {
				int place = 64 * w + __builtin_ctzll(bits);
				int slot = f->slot_of[place];
				size_t xi = flow_xi(f, i, place);
				int32_t enough = floor_of(p, i, slot, xi);

				if (f->x[xi] < enough && slot < p->slots)
					p->low[p->lows++] = (struct low){i, slot,
						(int32_t)((int64_t)f->x[xi] * 1000 / enough)};
			}
	qsort(p->low, (size_t)p->lows, sizeof *p->low, by_share);
}

static void mend(struct repair *p)
{
	for (int k = 0; k < p->lows; k++) {
		const struct low *l = &p->low[k];

		if (l->share < 500 || !raise(p, l->vehicle, l->slot))
			turn_off(p, l->vehicle, l->slot);
	}
}

/* On stays on and off stays off: what is left can be solved with nothing too little. */
static void freeze(struct repair *p)
{
	for (int i = 0; i < p->f->n; i++)
		for (int t = 0; t < p->slots; t++) {
			size_t xi = at(p, i, t);
			int32_t x = p->f->x[xi];

			if (x < floor_of(p, i, t, xi))
				turn_off(p, i, t);
			else if (!raise(p, i, t))
				set_bounds(p, i, t, x, x);
		}
}

static int run(struct repair *p)
{
	bool is_frozen = false;
	int rc = 0;

	for (int pass = 0, before = INT_MAX; rc == 0 && !is_frozen; pass++) {
		find_low(p);
		if (!p->lows)
			return 0;
		is_frozen =
			pass == PASSES ||
			(p->r->in_haste && (int64_t)p->lows * 100 > (int64_t)before * WORTH_PCT);
		before = p->lows;
		if (is_frozen)
			freeze(p);
		else
			mend(p);
		rc = flow_solve(p->f);
		p->r->solves++;
	}
	return rc;
}

/* In the order in which they lie: most have not changed. */
static void give_back_bounds(struct repair *p)
{
	const struct flow *f = p->f;

	for (int g = 0; g < f->nodes; g++) {
		size_t xi = f->base[g];

		for (int place = 0; place < f->slots; place++)
			for (int m = 0; m < f->size[g]; m++, xi++)
				if (f->least[xi] != p->least[xi] || f->most[xi] != p->most[xi])
					set_bounds(p, f->first[g] + m, f->slot_of[place],
						p->least[xi], p->most[xi]);
	}
}

int flow_floor(struct flow *f, struct flow_floor *r)
{
	struct repair p = {.f = f, .r = r};
	size_t held = (size_t)f->n * (size_t)f->slots * sizeof *f->x, cells;
	int rc = -1;

	p.slots = r->slots < f->slots ? r->slots : f->slots;
	cells = ((size_t)f->n + 1) * ((size_t)p.slots + 1);
	p.most = malloc(held + 1);
	p.least = malloc(held + 1);
	p.low = malloc(cells * sizeof *p.low);
	p.must.node = calloc((size_t)f->nodes * ((size_t)p.slots + 1), sizeof *p.must.node);
	p.must.interval = calloc((size_t)f->intervals, sizeof *p.must.interval);
	p.must.vehicle = calloc((size_t)f->n + 1, sizeof *p.must.vehicle);
	r->cost = r->bound = flow_cost(f);
	r->solves = 0;
	if (p.most && p.least && p.low && p.must.node && p.must.interval && p.must.vehicle &&
		flow_least_array(f) == 0) {
		memcpy(p.most, f->most, held);
		memcpy(p.least, f->least, held);
		sum_must(&p);
		rc = run(&p);
		give_back_bounds(&p);
		r->cost = flow_cost(f);
	}
	free(p.most);
	free(p.least);
	free(p.low);
	free(p.must.node);
	free(p.must.interval);
	free(p.must.vehicle);
	return rc;
}
