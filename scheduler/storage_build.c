#include <math.h>
#include <string.h>
#include "scheduler/storage_private.h"

/*
 * From the input to variables and rows. Limits that nothing can reach are left out, and nodes all of
 * whose limits are; what cannot move is fixed. So the inner of the problem is never empty without need,
 * which is what an interior-point method lives on.
 */

#define WIDER 2.0 /* a bound that nothing reaches lies so far beyond what can be reached */

/* What can be drawn and given back below each node of the input, in each slot, W. */
struct reach {
	double *draw, *feed; /* [nodes][slots] */
	int *below; /* [nodes] devices that have something to do */
	bool *no_draw, *no_feed; /* [nodes][slots] nothing can flow there, so nothing does below */
	bool *is_kept; /* [nodes] */
};

void *storage_take(const struct storage_memory *m, size_t n, size_t size)
{
	size_t bytes = (n + 1) * size + 64;
	char *p = n < SIZE_MAX / 2 / (size + 1) ? m->take(m->arg, bytes) : NULL;

	if (!p)
		return NULL;
	memset(p, 0, bytes);
	return p + (64 - (uintptr_t)p % 64);
}

/* -- devices ---------------------------------------------------------------------------------- */

/* W that it may draw in the slot, and W that it may give back. */
static double most_drawn(const struct storage_device *d, int slot)
{
	int32_t w = d->charge_w;

	return d->most_w && d->most_w[slot] < w ? d->most_w[slot] : w;
}

static void open_unit(struct storage *s, int i)
{
	const struct storage_device *d = &s->in->devices[i];
	struct storage_unit *u = &s->unit[i];
	double in = d->charge_pm / 1000.0, out = d->discharge_pm / 1000.0;

	u->of = d;
	u->from = d->from;
	u->slots = d->to - d->from;
	u->gives = d->discharge_w > 0 && d->stored >= d->least && d->full > d->least;
	u->per_given = 1 / (in * out);
	u->stored = (double)d->stored / in / s->unit_w;
	u->need = (double)d->need / in / s->unit_w;
	u->over = -1;
	if (u->gives || (d->need > d->stored && d->charge_w > 0))
		return;
	u->slots = 0;
	if (d->need > d->stored)
		s->constant +=
			(double)(d->need - d->stored) * d->missing / s->unit_w / s->unit_price;
}

/* -- what can be reached ---------------------------------------------------------------------- */

/* Of a node with one device the limits are that device's own. */
static void own_limits(
	const struct storage *s, const struct reach *r, int i, int slot, double *draw, double *feed)
{
	const struct storage_unit *u = &s->unit[i];

	*draw = most_drawn(u->of, slot);
	*feed = u->gives ? u->of->discharge_w : 0;
	for (int v = u->of->node; v >= 0 && r->below[v] == 1; v = s->in->parent[v]) {
		size_t k = storage_at(v, s->slots) + (size_t)slot;

		*draw = fmin(*draw, s->in->cap_w[k]);
		*feed = fmin(*feed, s->in->feed_w[k]);
	}
}

static void reach_devices(const struct storage *s, struct reach *r)
{
	for (int i = 0; i < s->n; i++) {
		const struct storage_unit *u = &s->unit[i];

		if (u->slots)
			for (int v = u->of->node; v >= 0; v = s->in->parent[v])
				r->below[v]++;
	}
	for (int i = 0; i < s->n; i++)
		for (int t = s->unit[i].from; t < s->unit[i].from + s->unit[i].slots; t++) {
			size_t k = storage_at(s->unit[i].of->node, s->slots) + (size_t)t;
			double draw, feed;

			own_limits(s, r, i, t, &draw, &feed);
			r->draw[k] += draw;
			r->feed[k] += feed;
		}
}

/* Where nothing comes in and nothing is given back below, nothing can be drawn below; and the other way
 * round. */
static void close_nodes(const struct storage *s, struct reach *r)
{
	const struct storage_input *in = s->in;

	for (int v = 0; v < in->nodes; v++)
		for (int t = 0; t < s->slots; t++) {
			size_t k = storage_at(v, s->slots) + (size_t)t;
			size_t up = storage_at(v ? in->parent[v] : 0, s->slots) + (size_t)t;

			r->no_draw[k] =
				(in->cap_w[k] == 0 || (v && r->no_draw[up])) && r->feed[k] <= 0;
			r->no_feed[k] =
				(in->feed_w[k] == 0 || (v && r->no_feed[up])) && r->draw[k] <= 0;
		}
}

static void reach_nodes(const struct storage *s, struct reach *r)
{
	const struct storage_input *in = s->in;

	for (int v = s->in->nodes - 1; v >= 0; v--)
		for (int t = 0; t < s->slots; t++) {
			size_t k = storage_at(v, s->slots) + (size_t)t, up;

			if (r->draw[k] > in->cap_w[k] || r->feed[k] > in->feed_w[k])
				r->is_kept[v] |= r->below[v] > 1;
			if (v == 0)
				continue;
			up = storage_at(in->parent[v], s->slots) + (size_t)t;
			r->draw[up] += fmin(r->draw[k], in->cap_w[k]);
			r->feed[up] += fmin(r->feed[k], in->feed_w[k]);
		}
	r->is_kept[0] = true;
	close_nodes(s, r);
}

static int find_reach(const struct storage *s, struct reach *r)
{
	size_t nodes = (size_t)s->in->nodes, cells = nodes * (size_t)s->slots;

	r->draw = storage_take(&s->memory, cells, sizeof *r->draw);
	r->feed = storage_take(&s->memory, cells, sizeof *r->feed);
	r->below = storage_take(&s->memory, nodes, sizeof *r->below);
	r->no_draw = storage_take(&s->memory, cells, sizeof *r->no_draw);
	r->no_feed = storage_take(&s->memory, cells, sizeof *r->no_feed);
	r->is_kept = storage_take(&s->memory, nodes, sizeof *r->is_kept);
	if (!r->draw || !r->feed || !r->below || !r->no_draw || !r->no_feed || !r->is_kept)
		return -1;
	reach_devices(s, r);
	reach_nodes(s, r);
	return 0;
}

/* -- nodes ------------------------------------------------------------------------------------ */

static int whole_blocks(int n)
{
	return (n + STORAGE_LANES - 1) / STORAGE_LANES * STORAGE_LANES;
}

/* place[slots]: where each slot stands at the node, -1: not there. */
static void place_slots(const struct storage *s, const struct storage_node *v, int *place)
{
	for (int t = 0; t < s->slots; t++)
		place[t] = -1;
	for (int k = 0; k < v->n; k++)
		place[v->slot[k]] = k;
}

static int take_node(struct storage *s, struct storage_node *v)
{
	size_t cells, n;

	v->stride = whole_blocks(v->n);
	n = (size_t)v->stride;
	cells = n * n;
	v->own = storage_take(&s->memory, cells, sizeof *v->own);
	v->factor = storage_take(&s->memory, cells, sizeof *v->factor);
	v->give = storage_take(&s->memory, n, sizeof *v->give);
	v->price = storage_take(&s->memory, n, sizeof *v->price);
	v->step = storage_take(&s->memory, n, sizeof *v->step);
	v->miss = storage_take(&s->memory, n, sizeof *v->miss);
	v->sum = storage_take(&s->memory, n, sizeof *v->sum);
	v->up = storage_take(&s->memory, n, sizeof *v->up);
	return v->own && v->factor && v->give && v->price && v->step && v->miss && v->sum && v->up
		       ? 0
		       : -1;
}

/* The nodes that matter, and in which slots anything is there; the root has them all. */
static int build_nodes(struct storage *s, const struct reach *r)
{
	const struct storage_input *in = s->in;
	bool *is_there;

	s->node_of = storage_take(&s->memory, (size_t)in->nodes, sizeof *s->node_of);
	s->node = storage_take(&s->memory, (size_t)in->nodes, sizeof *s->node);
	is_there = storage_take(&s->memory, (size_t)in->nodes * (size_t)s->slots, sizeof *is_there);
	if (!s->node_of || !s->node || !is_there)
		return -1;
	for (int v = 0; v < in->nodes; v++) {
		s->node_of[v] = r->is_kept[v] ? s->nodes : s->node_of[in->parent[v]];
		if (!r->is_kept[v])
			continue;
		s->node[s->nodes].parent = v ? s->node_of[in->parent[v]] : -1;
		s->nodes++;
	}
	for (int i = 0; i < s->n; i++) {
		struct storage_unit *u = &s->unit[i];

		u->node = s->node_of[u->of->node];
		for (int v = u->node; v >= 0; v = s->node[v].parent)
			for (int t = u->from; t < u->from + u->slots; t++)
				is_there[storage_at(v, s->slots) + (size_t)t] = true;
	}
	for (int v = 0; v < s->nodes; v++) {
		struct storage_node *to = &s->node[v];

		to->slot = storage_take(&s->memory, (size_t)s->slots, sizeof *to->slot);
		if (!to->slot)
			return -1;
		for (int t = 0; t < s->slots; t++)
			if (v == 0 || is_there[storage_at(v, s->slots) + (size_t)t])
				to->slot[to->n++] = t;
		if (take_node(s, to) != 0)
			return -1;
	}
	return 0;
}

static void join_nodes(struct storage *s)
{
	int place[STORAGE_SLOTS_MAX];

	for (int v = 1; v < s->nodes; v++) {
		struct storage_node *child = &s->node[v];

		place_slots(s, &s->node[child->parent], place);
		for (int k = 0; k < child->n; k++)
			child->up[k] = place[child->slot[k]];
	}
	for (int i = 0; i < s->n; i++)
		if (s->unit[i].slots) {
			place_slots(s, &s->node[s->unit[i].node], place);
			s->unit[i].at = place[s->unit[i].from];
		}
}

/* -- variables -------------------------------------------------------------------------------- */

static int add(struct storage_vars *v, double low, double high, double price)
{
	int k = v->n++;

	v->low[k] = low;
	v->high[k] = high > low ? high : low;
	v->price[k] = price;
	v->loose += high > low;
	return k;
}

static int take_vars(struct storage *s, size_t room)
{
	struct storage_vars *v = &s->v;
	double **rows[] = {&v->z, &v->low, &v->high, &v->price, &v->to_low, &v->to_high, &v->weight,
		&v->pull, &v->h, &v->dz, &v->dlow, &v->dhigh, &v->bent_low, &v->bent_high};

	v->room = (int)room;
	for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
		*rows[k] = storage_take(&s->memory, room, sizeof **rows[k]);
		if (!*rows[k])
			return -1;
	}
	return 0;
}

/* What it holds after each slot; after the last, up to the need and above it. */
static void add_levels(struct storage *s, struct storage_unit *u)
{
	const struct storage_device *d = u->of;
	double in = d->charge_pm / 1000.0, per = in / s->unit_price;
	double least = (double)d->least / in / s->unit_w, full = (double)d->full / in / s->unit_w;
	double need = fmax(u->need, least); /* below the least it never is */

	u->level = s->v.n;
	for (int k = 0; k + 1 < u->slots; k++)
		add(&s->v, least, full, 0);
	add(&s->v, least, need, -d->missing * per);
	s->constant += d->missing * per * need;
	u->over = add(&s->v, 0, full - need, -d->left * per);
}

static void add_unit(struct storage *s, const struct reach *r, struct storage_unit *u, int i)
{
	const struct storage_device *d = u->of;
	double per = d->charge_pm / 1000.0 / s->unit_price;

	u->charge = s->v.n;
	for (int t = u->from; t < u->from + u->slots; t++) {
		size_t k = storage_at(d->node, s->slots) + (size_t)t;
		double draw, feed;

		own_limits(s, r, i, t, &draw, &feed);
		add(&s->v, 0, r->no_draw[k] ? 0 : draw / s->unit_w, 0);
	}
	u->row = s->rows;
	s->rows += u->gives ? u->slots : 1;
	if (!u->gives) {
		u->level = add(&s->v, 0, u->need - u->stored, -d->missing * per);
		s->constant += d->missing * per * (u->need - u->stored);
		return;
	}
	u->give = s->v.n;
	for (int t = u->from; t < u->from + u->slots; t++) {
		size_t k = storage_at(d->node, s->slots) + (size_t)t;
		double draw, feed;

		own_limits(s, r, i, t, &draw, &feed);
		add(&s->v, 0, r->no_feed[k] ? 0 : feed / s->unit_w, d->wear / s->unit_price);
	}
	add_levels(s, u);
}

static void add_flows(struct storage *s, const struct reach *r)
{
	for (int v = 0; v < s->in->nodes; v++) {
		struct storage_node *to = &s->node[s->node_of[v]];

		if (!r->is_kept[v])
			continue;
		to->flow = s->v.n;
		for (int k = 0; k < to->n; k++) {
			size_t at = storage_at(v, s->slots) + (size_t)to->slot[k];
			double cap = s->in->cap_w[at], feed = s->in->feed_w[at];
			double high = r->draw[at] > cap ? cap : WIDER * r->draw[at] + s->unit_w;
			double low = r->feed[at] > feed ? feed : WIDER * r->feed[at] + s->unit_w;

			add(&s->v, -low / s->unit_w, high / s->unit_w, 0);
		}
	}
}

/* Least and most that the site can draw in the slot, W. */
static void site_range(
	const struct storage *s, const struct reach *r, int slot, double *least, double *most)
{
	double load = s->in->load_w ? s->in->load_w[slot] : 0;

	*least = load - fmin(r->feed[slot], s->in->feed_w[slot]);
	*most = load + fmin(r->draw[slot], s->in->cap_w[slot]);
}

static void add_supply(struct storage *s, const struct reach *r)
{
	const struct storage_input *in = s->in;
	struct storage_supply *p = &s->supply;

	p->part = s->v.n;
	p->parts = in->parts + 1;
	for (int t = 0; t < s->slots; t++) {
		const struct flow_part *part = &in->price[storage_at(t, in->parts)];
		double least, most, room;

		site_range(s, r, t, &least, &most);
		p->load[t] = in->load_w ? in->load_w[t] / s->unit_w : 0;
		add(&s->v, -(fmax(-least, 0) + s->unit_w) / s->unit_w, 0,
			(in->feed_price ? in->feed_price[t] : 0) / s->unit_price);
		room = WIDER * fmax(most, 0) + s->unit_w;
		for (int k = 0; k < in->parts; k++) {
			double w = k + 1 < in->parts ? fmin(part[k].w, room) : room;

			add(&s->v, 0, w / s->unit_w, part[k].price / s->unit_price);
		}
	}
}

static void add_peak(struct storage *s, const struct reach *r, const struct storage_charge *c)
{
	struct storage_peak *p = &s->supply.peak[s->supply.peaks];
	double top = 0, bottom = 0, paid = c->paid_w / s->unit_w, price = (double)c->price;

	if (c->price <= 0)
		return;
	for (int t = 0; t < s->slots; t++) {
		double least, most;

		site_range(s, r, t, &least, &most);
		if (!c->counts || c->counts[t]) {
			top = fmax(top, most);
			bottom = fmin(bottom, least);
		}
	}
	top = fmax(top / s->unit_w + 1, paid);
	price /= s->unit_price;
	p->of = c;
	p->peak = add(&s->v, paid, top, price);
	p->room = s->v.n;
	for (int t = 0; t < s->slots; t++)
		add(&s->v, 0,
			!c->counts || c->counts[t] ? WIDER * (top - bottom / s->unit_w) + 1 : 0, 0);
	s->constant -= price * paid;
	s->supply.peaks++;
}

static int take_supply(struct storage *s)
{
	struct storage_supply *p = &s->supply;
	size_t n = (size_t)s->stride;
	double **rows[] = {&p->load, &p->price, &p->step, &p->miss, &p->give, &p->rest, &p->rhs,
		&p->peak[0].price, &p->peak[0].step, &p->peak[0].miss, &p->peak[0].share,
		&p->peak[1].price, &p->peak[1].step, &p->peak[1].miss, &p->peak[1].share,
		&p->peak[2].price, &p->peak[2].step, &p->peak[2].miss, &p->peak[2].share};

	for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
		*rows[k] = storage_take(&s->memory, n, sizeof **rows[k]);
		if (!*rows[k])
			return -1;
	}
	p->root = storage_take(&s->memory, n * n, sizeof *p->root);
	s->scratch = storage_take(&s->memory, n * n, sizeof *s->scratch);
	return p->root && s->scratch ? 0 : -1;
}

static size_t count_vars(const struct storage *s)
{
	size_t slots = (size_t)s->slots, n = slots * (size_t)(s->in->parts + 1);

	for (int i = 0; i < s->n; i++)
		n += (size_t)s->unit[i].slots * (s->unit[i].gives ? 3 : 1) + 2;
	for (int v = 0; v < s->nodes; v++)
		n += (size_t)s->node[v].n;
	return n + STORAGE_CHARGES * (slots + 1);
}

int storage_build(struct storage *s)
{
	struct reach r = {0};
	size_t rows;

	s->stride = whole_blocks(s->slots);
	s->unit = storage_take(&s->memory, (size_t)s->n, sizeof *s->unit);
	if (!s->unit)
		return -1;
	for (int i = 0; i < s->n; i++)
		open_unit(s, i);
	if (find_reach(s, &r) != 0 || build_nodes(s, &r) != 0 || take_supply(s) != 0 ||
		take_vars(s, count_vars(s)) != 0)
		return -1;
	join_nodes(s);
	for (int i = 0; i < s->n; i++)
		if (s->unit[i].slots)
			add_unit(s, &r, &s->unit[i], i);
	add_flows(s, &r);
	add_supply(s, &r);
	for (int k = 0; k < s->in->charges; k++)
		add_peak(s, &r, &s->in->charge[k]);
	rows = (size_t)s->rows;
	s->row.price = storage_take(&s->memory, rows, sizeof *s->row.price);
	s->row.step = storage_take(&s->memory, rows, sizeof *s->row.step);
	s->row.miss = storage_take(&s->memory, rows, sizeof *s->row.miss);
	return s->row.price && s->row.step && s->row.miss ? 0 : -1;
}
