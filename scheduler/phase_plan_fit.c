#include <stdlib.h>
#include <string.h>
#include "scheduler/phase_plan_private.h"

/*
 * Any plan made to fit: each place is emptied and filled again, the most urgent vehicles first (whose
 * missing energy costs most, then who have least time to spare), each with what it had as far as its
 * way to the root has room. Then phases that differ too much are brought together by lowering those
 * on the high one.
 */

#define TRIMS 12 /* before all unbalanced vehicles of the place are unloaded */

/* -- order ------------------------------------------------------------------------------------ */

struct ranked {
	int32_t price; /* of what it misses, at most */
	int64_t spare;
	int vehicle;
};

static int by_urgency(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->price != y->price)
		return (x->price < y->price) - (x->price > y->price);
	return x->spare != y->spare ? (x->spare > y->spare) - (x->spare < y->spare)
				    : x->vehicle - y->vehicle;
}

void phase_order(struct phase_plan *p)
{
	const struct flow *f = p->forest;
	struct ranked *rank = malloc(((size_t)p->n + 1) * sizeof *rank);

	if (!rank)
		return; /* any order is sound */
	for (int i = 0; i < p->n; i++) {
		int64_t most = 0;

		for (int k = 0; k < f->slots; k++)
			most += f->most[flow_xi(f, i, k)];
		rank[i] = (struct ranked){
			f->tier[(size_t)i * FLOW_TIERS + (size_t)f->tiers[i] - 1].price,
			f->need[i] ? most * 100 / f->need[i] : INT64_MAX, i};
	}
	qsort(rank, (size_t)p->n, sizeof *rank, by_urgency);
	for (int i = 0; i < p->n; i++)
		p->order[i] = rank[i].vehicle;
	free(rank);
}

void phase_touch_all(struct phase_plan *p)
{
	for (int k = 0; k < p->slots; k++)
		flow_put_bit(p->touched, k, true);
}

/* -- one place -------------------------------------------------------------------------------- */

/* Up to `w` of what all nodes above the vehicle and the root still have room for. */
static int32_t room_above(const struct phase_plan *p, int i, int place, int64_t w)
{
	const struct flow_pattern *pattern = phase_pattern(p, i);

	for (int v = p->node_of[i]; v >= 0; v = p->parent[v]) {
		size_t at = phase_cell(p, v, place);

		for (int c = 0; c < FLOW_CHANNELS; c++) {
			int64_t is_free = p->shared.limit[at][c] - p->shared.load[at][c];

			if (pattern->most[c] && is_free < pattern->most[c] * w)
				w = is_free > 0 ? is_free / pattern->most[c] : 0;
		}
	}
	return (int32_t)w;
}

/* A change of a vehicle's power and of all loads above it, not yet of the forest's flows. */
static void shift(struct phase_plan *p, int i, int place, int32_t w)
{
	struct flow_shared *s = &p->shared;
	const struct flow_pattern *pattern = phase_pattern(p, i);

	for (int v = p->node_of[i]; v >= 0; v = p->parent[v])
		for (int c = 0; c < FLOW_CHANNELS; c++)
			s->load[phase_cell(p, v, place)][c] += (int64_t)pattern->most[c] * w;
	for (int a = 0; a < FLOW_PHASES; a++) {
		s->high[place][a] += (int64_t)pattern->most[1 + a] * w;
		s->low[place][a] += (int64_t)pattern->least[1 + a] * w;
	}
}

static void clear(struct phase_plan *p, int place)
{
	for (int v = 0; v < p->nodes; v++)
		memset(p->shared.load[phase_cell(p, v, place)], 0, sizeof *p->shared.load);
	memset(p->shared.high[place], 0, sizeof *p->shared.high);
	memset(p->shared.low[place], 0, sizeof *p->shared.low);
}

/* Gives each vehicle what it must draw, then (is_rest) the rest of what it had. */
static void fill(struct phase_plan *p, int place, int32_t *given, bool is_rest)
{
	struct flow *f = p->forest;
	int64_t paid = flow_allowed(f, f->interval_of[place], FLOW_PRICE_MAX + 1) -
		       p->shared.load[phase_cell(p, 0, place)][0] / 6;

	for (int k = 0; k < p->n; k++) {
		int i = p->order[k];
		size_t xi = flow_xi(f, i, place);
		int32_t least = flow_least(f, xi),
			most = f->x[xi] < f->most[xi] ? f->x[xi] : f->most[xi];
		int32_t want = is_rest ? most - given[i] : least, got;

		if (want <= 0)
			continue;
		got = room_above(p, i, place, want < paid ? want : paid);
		shift(p, i, place, got);
		given[i] += got;
		paid -= got;
	}
}

/* -- imbalance -------------------------------------------------------------------------------- */

/* The two phases that differ most beyond what is allowed, and by how much. */
static int64_t worst_pair(const struct phase_plan *p, int place, int *high, int *low)
{
	int64_t worst = 0;

	for (int a = 0; a < FLOW_PHASES; a++)
		for (int b = 0; b < FLOW_PHASES; b++) {
			int64_t over = p->shared.high[place][a] - p->shared.low[place][b] -
				       p->spread[place][a][b];

			if (a != b && over > worst) {
				worst = over;
				*high = a;
				*low = b;
			}
		}
	return worst;
}

/* Lowers all whose power parts the two phases, each by the same part. */
static void trim_pair(
	struct phase_plan *p, int place, int32_t *given, int high, int low, int64_t over)
{
	int64_t parts = 0;

	for (int i = 0; i < p->n; i++) {
		int sixths =
			phase_pattern(p, i)->most[1 + high] - phase_pattern(p, i)->least[1 + low];

		parts += sixths > 0 ? (int64_t)sixths * given[i] : 0;
	}
	for (int i = 0; parts > 0 && i < p->n; i++) {
		int sixths =
			phase_pattern(p, i)->most[1 + high] - phase_pattern(p, i)->least[1 + low];
		int64_t less = sixths > 0 && given[i]
				       ? (int64_t)((flow_value)given[i] * over / parts) + 1
				       : 0;

		if (less > given[i])
			less = given[i];
		if (less) {
			shift(p, i, place, (int32_t)-less);
			given[i] -= (int32_t)less;
		}
	}
}

bool phase_is_balanced(const struct flow_pattern *pattern)
{
	for (int a = 1; a < FLOW_CHANNELS; a++)
		if (pattern->most[a] != pattern->most[1] || pattern->least[a] != pattern->most[1])
			return false;
	return true;
}

static void trim(struct phase_plan *p, int place, int32_t *given)
{
	int high = 0, low = 0;

	for (int k = 0; k < TRIMS; k++) {
		int64_t over = worst_pair(p, place, &high, &low);

		if (over <= 0)
			return;
		trim_pair(p, place, given, high, low, over);
	}
	for (int i = 0; i < p->n && worst_pair(p, place, &high, &low) > 0; i++)
		if (given[i] && !phase_is_balanced(phase_pattern(p, i))) {
			shift(p, i, place, -given[i]);
			given[i] = 0;
		}
}

/* -- into the forest -------------------------------------------------------------------------- */

static void put_place(struct phase_plan *p, int place, const int32_t *given)
{
	struct flow *f = p->forest;

	flow_add_f(f, 0, place, -f->f[flow_fi(f, 0, place)]);
	for (int v = 1; v < f->nodes; v++)
		f->f[flow_fi(f, v, place)] = 0;
	for (int i = 0; i < p->n; i++) {
		size_t xi = flow_xi(f, i, place);

		flow_add_x(f, i, place, xi, given[i] - f->x[xi]);
		f->f[flow_fi(f, f->node_of[i], place)] += given[i];
	}
	for (int v = f->nodes - 1; v > 0; v--)
		if (f->parent[v])
			f->f[flow_fi(f, f->parent[v], place)] += f->f[flow_fi(f, v, place)];
		else
			flow_add_f(f, 0, place, f->f[flow_fi(f, v, place)]);
	for (int v = 1; v < f->nodes; v++)
		if (!flow_is_shared(f, v))
			flow_add_f(f, v, place, 0);
	for (int v = 0; f->shared && v < p->nodes; v++)
		flow_shared_bits(f, v, place);
}

static int must_draw(const struct phase_plan *p, int place, const int32_t *given)
{
	const struct flow *f = p->forest;

	for (int i = 0; f->least && i < p->n; i++)
		if (given[i] < f->least[flow_xi(f, i, place)])
			return -1;
	return 0;
}

int phase_fit(struct phase_plan *p)
{
	int32_t *given = malloc(((size_t)p->n + 1) * sizeof *given);
	int rc = 0;

	if (!given)
		return -1;
	for (int place = 0; place < p->slots; place++) {
		if (!flow_bit(p->touched, place))
			continue;
		memset(given, 0, (size_t)p->n * sizeof *given);
		clear(p, place);
		if (p->forest->least)
			fill(p, place, given, false);
		fill(p, place, given, true);
		if (p->shared.spread)
			trim(p, place, given);
		rc = must_draw(p, place, given) == 0 ? rc : -1;
		put_place(p, place, given);
		flow_put_bit(p->touched, place, false);
	}
	free(given);
	return rc;
}
