#include "scheduler/flow.h"
#include <stdlib.h>
#include <string.h>
#include "scheduler/flow_private.h"

/* -- billing intervals ------------------------------------------------------------------------ */

static int interval_of_slot(const struct flow_input *in, int slot)
{
	int size = in->interval > 1 ? in->interval : 1, open = in->open ? in->open : size;

	return slot < open ? 0 : 1 + (slot - open) / size;
}

int flow_intervals(const struct flow_input *in)
{
	return interval_of_slot(in, in->slots - 1) + 1;
}

void flow_whole_intervals(const struct flow *f, uint64_t *bits)
{
	if (f->intervals == f->slots)
		return;
	for (int w = 0; w < f->words; w++)
		for (uint64_t left = bits[w]; left; left &= left - 1) {
			int q = f->interval_of[64 * w + __builtin_ctzll(left)];

			for (int p = f->interval_at[q]; p < f->interval_at[q + 1]; p++)
				flow_put_bit(bits, p, true);
		}
}

/* -- what input is sane ----------------------------------------------------------------------- */

static bool are_parts_sane(const struct flow_part *part, int parts)
{
	for (int k = 0; k < parts; k++)
		if (part[k].w < 0 || part[k].w > FLOW_POWER_MAX || part[k].price > FLOW_PRICE_MAX ||
			part[k].price < -FLOW_PRICE_MAX || (k && part[k].price < part[k - 1].price))
			return false;
	return true;
}

static bool are_tiers_sane(const struct flow_vehicle *v)
{
	if (v->tiers < 1 || v->tiers > FLOW_TIERS || v->tier[v->tiers - 1].amount != INT64_MAX)
		return false;
	for (int k = 0; k < v->tiers; k++)
		if (v->tier[k].amount < 0 || v->tier[k].price > FLOW_PRICE_MAX ||
			v->tier[k].price < -FLOW_PRICE_MAX ||
			(k && v->tier[k].price < v->tier[k - 1].price))
			return false;
	return true;
}

static bool is_vehicle_sane(const struct flow_vehicle *v, int slots)
{
	if (v->from < 0 || v->to > slots || v->max_w < 0 || v->first_w < 0 ||
		v->first_w > v->max_w || v->max_w > FLOW_POWER_MAX || v->need < 0 ||
		v->need > (int64_t)FLOW_POWER_MAX * slots || !are_tiers_sane(v))
		return false;
	for (int t = 0; t < slots; t++) {
		bool is_in = t >= v->from && t < v->to;
		int32_t most = flow_most_of(v, t);

		if (most < 0 || (v->least_w && v->least_w[t] > (is_in ? most : 0)))
			return false;
	}
	return true;
}

static bool is_sane(const struct flow_input *in)
{
	if (in->slots < 1 || in->slots > FLOW_SLOTS_MAX || in->nodes < 1 || in->n < 0 ||
		in->parts < 1 || in->interval < 0 || in->open < 0 ||
		in->open > (in->interval > 1 ? in->interval : 1))
		return false;
	for (int v = 1; v < in->nodes; v++)
		if (in->parent[v] < 0 || in->parent[v] >= v)
			return false;
	for (size_t i = 0; i < (size_t)in->nodes * (size_t)in->slots; i++)
		if (in->cap_w[i] < 0)
			return false;
	for (int t = 0; t < flow_intervals(in); t++)
		if (!are_parts_sane(in->price + (size_t)t * (size_t)in->parts, in->parts))
			return false;
	for (int i = 0; i < in->n; i++)
		if (in->vehicles[i].node < 0 || in->vehicles[i].node >= in->nodes ||
			!is_vehicle_sane(&in->vehicles[i], in->slots))
			return false;
	return true;
}

/* -- building --------------------------------------------------------------------------------- */

/* Nodes of ours: the given ones, and further ones below those with many vehicles. */
static int count_nodes(const struct flow_input *in, int *members)
{
	int nodes = in->nodes;

	for (int i = 0; i < in->n; i++)
		members[in->vehicles[i].node]++;
	for (int v = 0; v < in->nodes; v++)
		if (members[v] > FLOW_GROUP_MAX)
			nodes += (members[v] + FLOW_GROUP_MAX - 1) / FLOW_GROUP_MAX;
	return nodes;
}

static void *zeroed(struct flow *f, size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (!p)
		f->no_memory = true;
	return p;
}

static void alloc_all(struct flow *f)
{
	size_t n = (size_t)f->n, nodes = (size_t)f->nodes, slots = (size_t)f->slots,
	       words = (size_t)f->words, intervals = (size_t)f->intervals;

	f->parent = zeroed(f, nodes, sizeof *f->parent);
	f->child_at = zeroed(f, nodes + 1, sizeof *f->child_at);
	f->child = zeroed(f, nodes, sizeof *f->child);
	f->first = zeroed(f, nodes, sizeof *f->first);
	f->size = zeroed(f, nodes, sizeof *f->size);
	f->base = zeroed(f, nodes, sizeof *f->base);
	f->mark = zeroed(f, nodes, sizeof *f->mark);
	f->node_of = zeroed(f, n, sizeof *f->node_of);
	f->ours = zeroed(f, n, sizeof *f->ours);
	f->theirs = zeroed(f, n, sizeof *f->theirs);
	f->urgent = zeroed(f, n, sizeof *f->urgent);
	f->from = zeroed(f, n, sizeof *f->from);
	f->to = zeroed(f, n, sizeof *f->to);
	f->tiers = zeroed(f, n, sizeof *f->tiers);
	f->round_of = zeroed(f, n, sizeof *f->round_of);
	f->list = zeroed(f, n, sizeof *f->list);
	f->swap = zeroed(f, n, sizeof *f->swap);
	f->need = zeroed(f, n, sizeof *f->need);
	f->sum = zeroed(f, n, sizeof *f->sum);
	f->missing = zeroed(f, n, sizeof *f->missing);
	f->tier = zeroed(f, n * FLOW_TIERS, sizeof *f->tier);
	f->slot_of = zeroed(f, slots, sizeof *f->slot_of);
	f->place_of = zeroed(f, slots, sizeof *f->place_of);
	f->interval_of = zeroed(f, slots, sizeof *f->interval_of);
	f->interval_at = zeroed(f, intervals + 1, sizeof *f->interval_at);
	f->ours_interval = zeroed(f, intervals, sizeof *f->ours_interval);
	f->theirs_interval = zeroed(f, intervals, sizeof *f->theirs_interval);
	f->taken = zeroed(f, intervals, sizeof *f->taken);
	f->peak = zeroed(f, intervals, sizeof *f->peak);
	f->allowed = zeroed(f, intervals, sizeof *f->allowed);
	f->dear = zeroed(f, words, sizeof *f->dear);
	f->price = zeroed(f, intervals * (size_t)f->parts, sizeof *f->price);
	f->x = zeroed(f, n * slots, sizeof *f->x);
	f->most = zeroed(f, n * slots, sizeof *f->most);
	f->f = zeroed(f, nodes * slots, sizeof *f->f);
	f->cap = zeroed(f, nodes * slots, sizeof *f->cap);
	f->can_more = zeroed(f, n * words, sizeof *f->can_more);
	f->can_less = zeroed(f, n * words, sizeof *f->can_less);
	f->has_room = zeroed(f, nodes * words, sizeof *f->has_room);
	f->has_flow = zeroed(f, nodes * words, sizeof *f->has_flow);
	f->reach = zeroed(f, nodes * words, sizeof *f->reach);
}

struct ranked {
	int32_t price;
	int interval;
};

static int by_price(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	return x->price != y->price ? (x->price > y->price) - (x->price < y->price)
				    : x->interval - y->interval;
}

static void order_slots(struct flow *f, const struct flow_input *in)
{
	struct ranked rank[FLOW_SLOTS_MAX];
	size_t parts = (size_t)f->parts;

	for (int q = 0; q < f->intervals; q++)
		rank[q] = (struct ranked){in->price[(size_t)q * parts].price, q};
	qsort(rank, (size_t)f->intervals, sizeof *rank, by_price);
	for (int q = 0; q < f->intervals; q++) {
		int given = rank[q].interval;

		f->theirs_interval[q] = given;
		f->ours_interval[given] = q;
		f->peak[q] = FLOW_ENDLESS;
		memcpy(f->price + (size_t)q * parts, in->price + (size_t)given * parts,
			parts * sizeof *f->price);
	}
	/* Counted, then summed up: where each begins. */
	for (int t = 0; t < f->slots; t++)
		f->interval_at[f->ours_interval[interval_of_slot(in, t)] + 1]++;
	for (int q = 0; q < f->intervals; q++)
		f->interval_at[q + 1] += f->interval_at[q];
	for (int t = 0, k = 0, last = -1; t < f->slots; t++) {
		int q = f->ours_interval[interval_of_slot(in, t)];

		k = q == last ? k + 1 : 0;
		last = q;
		f->slot_of[f->interval_at[q] + k] = t;
		f->place_of[t] = f->interval_at[q] + k;
		f->interval_of[f->interval_at[q] + k] = q;
	}
}

static void list_children(struct flow *f)
{
	for (int v = 1; v < f->nodes; v++)
		f->child_at[f->parent[v] + 1]++;
	for (int v = 0; v < f->nodes; v++)
		f->child_at[v + 1] += f->child_at[v];
	for (int v = f->nodes - 1; v > 0; v--)
		f->child[--f->child_at[f->parent[v] + 1]] = v;
	/* What was counted down is where each begins, one to the right. */
	memmove(f->child_at, f->child_at + 1, (size_t)f->nodes * sizeof *f->child_at);
	f->child_at[f->nodes] = f->nodes - 1;
}

/* Vehicles of a node get numbers in a row; `members` is used up. */
static void place_vehicles(struct flow *f, const struct flow_input *in, int *members)
{
	int next_node = in->nodes, next = 0;

	for (int v = 0; v < in->nodes; v++) {
		f->parent[v] = in->parent[v];
		if (members[v] <= FLOW_GROUP_MAX) {
			f->first[v] = next;
			f->size[v] = members[v];
			next += members[v];
			continue;
		}
		f->first[v] = next;
		for (int left = members[v]; left > 0; left -= FLOW_GROUP_MAX) {
			int size = left < FLOW_GROUP_MAX ? left : FLOW_GROUP_MAX;

			f->parent[next_node] = v;
			f->first[next_node] = next;
			f->size[next_node++] = size;
			next += size;
		}
	}
	for (int v = 0; v < in->nodes; v++)
		members[v] = f->first[v];
	for (int i = 0; i < f->n; i++) {
		int own = members[in->vehicles[i].node]++;

		f->ours[i] = own;
		f->theirs[own] = i;
	}
	for (int v = 0; v < f->nodes; v++) {
		f->base[v] = (size_t)f->first[v] * (size_t)f->slots;
		for (int k = 0; k < f->size[v]; k++)
			f->node_of[f->first[v] + k] = v;
	}
}

static void copy_caps(struct flow *f, const struct flow_input *in)
{
	for (int v = 0; v < f->nodes; v++)
		for (int p = 0; p < f->slots; p++) {
			int32_t w = FLOW_POWER_MAX;

			if (v < in->nodes)
				w = in->cap_w[(size_t)v * (size_t)f->slots + (size_t)f->slot_of[p]];
			f->cap[flow_fi(f, v, p)] = w < FLOW_POWER_MAX ? w : FLOW_POWER_MAX;
			flow_put_bit(flow_bits(f->has_room, f, v), p, w > 0);
		}
}

int flow_least_array(struct flow *f)
{
	if (!f->least)
		f->least = calloc((size_t)f->n * (size_t)f->slots, sizeof *f->least);
	return f->least ? 0 : -1;
}

void flow_shift(struct flow *f, int i, int place, int32_t w)
{
	flow_add_x(f, i, place, flow_xi(f, i, place), w);
	for (int v = f->node_of[i]; v >= 0; v = f->parent[v])
		flow_add_f(f, v, place, w);
}

static int put_vehicle(struct flow *f, int i, const struct flow_vehicle *v)
{
	if (v->least_w && flow_least_array(f) != 0)
		return -1;
	f->need[i] = v->need;
	f->from[i] = v->from;
	f->to[i] = v->to;
	f->tiers[i] = v->tiers;
	memcpy(f->tier + (size_t)i * FLOW_TIERS, v->tier, sizeof v->tier);
	for (int t = 0; t < f->slots; t++) {
		int p = f->place_of[t];
		size_t xi = flow_xi(f, i, p);
		int32_t most = t >= v->from && t < v->to ? flow_most_of(v, t) : 0;
		int32_t least = v->least_w ? v->least_w[t] : 0, x = f->x[xi];

		f->most[xi] = most;
		if (f->least)
			f->least[xi] = least;
		x = x > most ? most : x < least ? least : x;
		if (x != f->x[xi])
			flow_shift(f, i, p, x - f->x[xi]);
		else
			flow_add_x(f, i, p, xi, 0);
	}
	f->is_over = true;
	return 0;
}

struct departing {
	int to, vehicle;
};

static int by_departure(const void *a, const void *b)
{
	const struct departing *x = a, *y = b;

	return x->to != y->to ? x->to - y->to : x->vehicle - y->vehicle;
}

static int order_vehicles(struct flow *f)
{
	struct departing *d = malloc(((size_t)f->n + 1) * sizeof *d);

	if (!d)
		return -1;
	for (int i = 0; i < f->n; i++)
		d[i] = (struct departing){f->to[i], i};
	qsort(d, (size_t)f->n, sizeof *d, by_departure);
	for (int i = 0; i < f->n; i++)
		f->urgent[i] = d[i].vehicle;
	free(d);
	return 0;
}

struct flow *flow_create(const struct flow_input *in)
{
	struct flow *f;
	int *members;
	bool ok;

	if (!is_sane(in))
		return NULL;
	f = calloc(1, sizeof *f);
	members = calloc((size_t)in->nodes, sizeof *members);
	if (!f || !members) {
		free(f);
		free(members);
		return NULL;
	}
	f->slots = in->slots;
	f->words = (in->slots + 63) / 64;
	f->parts = in->parts;
	f->intervals = flow_intervals(in);
	f->n = in->n;
	f->given_nodes = in->nodes;
	f->nodes = count_nodes(in, members);
	f->levels_stale = true;
	alloc_all(f);
	ok = !f->no_memory;
	if (ok) {
		order_slots(f, in);
		place_vehicles(f, in, members);
		list_children(f);
		copy_caps(f, in);
	}
	for (int i = 0; ok && i < in->n; i++)
		ok = put_vehicle(f, f->ours[i], &in->vehicles[i]) == 0;
	free(members);
	if (ok && order_vehicles(f) == 0)
		return f;
	flow_destroy(f);
	return NULL;
}

void flow_destroy(struct flow *f)
{
	if (!f)
		return;
	for (int r = 0; r < f->rounds_max; r++) {
		free(f->up[r]);
		free(f->down[r]);
	}
	void *all[] = {f->up, f->down, f->parent, f->child_at, f->child, f->first, f->size, f->base,
		f->mark, f->node_of, f->ours, f->theirs, f->urgent, f->from, f->to, f->tiers,
		f->round_of, f->list, f->swap, f->need, f->sum, f->missing, f->tier, f->slot_of,
		f->place_of, f->interval_of, f->interval_at, f->ours_interval, f->theirs_interval,
		f->taken, f->peak, f->allowed, f->dear, f->price, f->x, f->most, f->least, f->f,
		f->cap, f->can_more, f->can_less, f->has_room, f->has_flow, f->reach, f->level,
		f->node_list, f->stack};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		free(all[i]);
	free(f);
}

/* -- changes ---------------------------------------------------------------------------------- */

int flow_set_cap(struct flow *f, int node, int from, int to, int32_t w)
{
	if (node < 0 || node >= f->given_nodes || from < 0 || to > f->slots || w < 0)
		return -1;
	for (int t = from; t < to; t++) {
		int p = f->place_of[t];
		size_t i = flow_fi(f, node, p);

		f->cap[i] = w < FLOW_POWER_MAX ? w : FLOW_POWER_MAX;
		f->is_over |= f->f[i] > f->cap[i];
		flow_add_f(f, node, p, 0);
	}
	return 0;
}

int flow_set_price(struct flow *f, int interval, const struct flow_part *parts)
{
	if (interval < 0 || interval >= f->intervals || !are_parts_sane(parts, f->parts))
		return -1;
	memcpy(f->price + (size_t)f->ours_interval[interval] * (size_t)f->parts, parts,
		(size_t)f->parts * sizeof *parts);
	f->levels_stale = f->is_over = true;
	return 0;
}

int flow_set_peak(struct flow *f, int interval, int64_t most)
{
	int q;

	if (interval < 0 || interval >= f->intervals || most < 0)
		return -1;
	q = f->ours_interval[interval];
	f->peak[q] = most < FLOW_ENDLESS ? most : FLOW_ENDLESS;
	f->is_over |= f->taken[q] > f->peak[q];
	return 0;
}

static bool are_levels_known(const struct flow *f, const struct flow_vehicle *v)
{
	for (int k = 0; k < v->tiers; k++) {
		int a = 0, b = f->levels;

		while (a < b) {
			int m = (a + b) / 2;

			if (f->level[m] < v->tier[k].price)
				a = m + 1;
			else
				b = m;
		}
		if (a == f->levels || f->level[a] != v->tier[k].price)
			return false;
	}
	return true;
}

int flow_set_vehicle(struct flow *f, int vehicle, const struct flow_vehicle *v)
{
	if (vehicle < 0 || vehicle >= f->n || !is_vehicle_sane(v, f->slots))
		return -1;
	f->levels_stale |= !are_levels_known(f, v);
	return put_vehicle(f, f->ours[vehicle], v);
}

void flow_set_plan(struct flow *f, const int32_t *w)
{
	for (int i = 0; i < f->n; i++) {
		const int32_t *row = w + (size_t)f->theirs[i] * (size_t)f->slots;

		for (int p = 0; p < f->slots; p++) {
			size_t xi = flow_xi(f, i, p);
			int32_t x = row[f->slot_of[p]], least = flow_least(f, xi);

			x = x > f->most[xi] ? f->most[xi] : x < least ? least : x;
			if (x != f->x[xi])
				flow_shift(f, i, p, x - f->x[xi]);
		}
	}
	f->is_over = true;
}

/* -- reading ---------------------------------------------------------------------------------- */

int64_t flow_may_miss(const struct flow *f, int vehicle, int32_t limit)
{
	const struct flow_tier *tier = f->tier + (size_t)vehicle * FLOW_TIERS;
	int64_t sum = 0;

	for (int k = 0; k < f->tiers[vehicle] && tier[k].price < limit; k++) {
		if (tier[k].amount > INT64_MAX - sum)
			return INT64_MAX;
		sum += tier[k].amount;
	}
	return sum;
}

int32_t flow_w(const struct flow *f, int vehicle, int slot)
{
	return f->x[flow_xi(f, f->ours[vehicle], f->place_of[slot])];
}

int64_t flow_missing(const struct flow *f, int vehicle)
{
	return f->missing[f->ours[vehicle]];
}

int64_t flow_node_w(const struct flow *f, int node, int slot)
{
	return f->f[flow_fi(f, node, f->place_of[slot])];
}

int64_t flow_interval_taken(const struct flow *f, int interval)
{
	return f->taken[f->ours_interval[interval]];
}

flow_value flow_cost(const struct flow *f)
{
	flow_value cost = 0;

	for (int q = 0; q < f->intervals; q++) {
		const struct flow_part *part = f->price + (size_t)q * (size_t)f->parts;
		int64_t left = f->taken[q];

		for (int k = 0; k < f->parts && left > 0; k++) {
			int64_t w = left < flow_width(&part[k]) ? left : flow_width(&part[k]);

			cost += (flow_value)w * part[k].price;
			left -= w;
		}
	}
	for (int i = 0; i < f->n; i++) {
		const struct flow_tier *tier = f->tier + (size_t)i * FLOW_TIERS;
		int64_t left = f->missing[i];

		for (int k = 0; k < f->tiers[i] && left > 0; k++) {
			int64_t e = left < tier[k].amount ? left : tier[k].amount;

			cost += (flow_value)e * tier[k].price;
			left -= e;
		}
	}
	return cost;
}

size_t flow_memory(const struct flow *f)
{
	size_t n = (size_t)f->n, nodes = (size_t)f->nodes, slots = (size_t)f->slots,
	       words = (size_t)f->words;

	return n * slots * (f->least ? 3 : 2) * sizeof *f->x + nodes * slots * 2 * sizeof *f->f +
	       words * sizeof(uint64_t) * (2 * n + 3 * nodes + 2 * nodes * (size_t)f->rounds_max) +
	       n * (10 * sizeof(int) + 3 * sizeof(int64_t) + FLOW_TIERS * sizeof *f->tier) +
	       nodes * (6 * sizeof(int) + sizeof(size_t));
}
