#include "scheduler/tails.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "scheduler/limits.h"

/* Sums of one subtree. `apart` is what places of one or two phases can load each phase with. */
struct sums {
	struct grid_load tails, reserve, load, apart;
};

static bool is_even(const struct grid_node *v)
{
	const uint8_t *s = v->electric.sixths;

	return s[0] == 2 && s[1] == 2 && s[2] == 2;
}

static void add(struct grid_load *to, const struct grid_load *x)
{
	for (int c = 0; c < GRID_CHANNELS; c++)
		to->s[c] += x->s[c];
}

/* Sums of the nodes below are complete when a node's turn comes: children have greater indices. */
static void add_node(const struct grid_node *v, struct sums *own, struct sums *parent)
{
	struct grid_load tail = grid_spread(v->tail_w, v->electric.sixths);
	struct grid_load load = grid_own_load(v), reserve = grid_reserve(v);

	add(&own->tails, &tail);
	add(&own->load, &load);
	if (!is_even(v))
		add(&own->apart, &tail);
	for (int c = 0; c < GRID_CHANNELS; c++)
		if (own->reserve.s[c] < reserve.s[c])
			own->reserve.s[c] = reserve.s[c];
	if (!parent)
		return;
	add(&parent->tails, &own->tails);
	add(&parent->load, &own->load);
	add(&parent->reserve, &own->reserve);
	add(&parent->apart, &own->apart);
}

static int64_t in_watts(int64_t sixths)
{
	return (sixths + 5) / 6;
}

static int64_t phase_watts(const struct grid_node *v, int32_t ma)
{
	return (int64_t)ma * v->electric.volts / 1000;
}

/* True and *f if the node's rating on channel `c` cannot carry the sum. */
static bool fails(
	const struct grid_node *v, const struct sums *s, int c, struct grid_tails_fault *f)
{
	int64_t limit = c == GRID_TOTAL ? v->rating_w : phase_watts(v, v->electric.phase_ma);
	int64_t sum = s->tails.s[c] + s->reserve.s[c] + s->load.s[c];

	if ((c == GRID_TOTAL ? !v->rated : !v->electric.phase_ma) || sum <= 6 * limit)
		return false;
	*f = (struct grid_tails_fault){
		.channel = (enum grid_channel)c,
		.sum_w = in_watts(sum),
		.tails_w = in_watts(s->tails.s[c]),
		.reserve_w = in_watts(s->reserve.s[c]),
		.load_w = in_watts(s->load.s[c]),
		.limit_w = limit,
	};
	return true;
}

/* The other two phases may be without a vehicle. */
static bool pulls_apart(const struct grid_node *v, const struct sums *s, struct grid_tails_fault *f)
{
	int64_t limit = phase_watts(v, v->electric.imbalance_ma), most = 0;

	for (int c = GRID_L1; c < GRID_CHANNELS; c++)
		most = s->apart.s[c] > most ? s->apart.s[c] : most;
	if (!v->electric.imbalance_ma || most <= 6 * limit)
		return false;
	*f = (struct grid_tails_fault){
		.channel = GRID_IMBALANCE,
		.sum_w = in_watts(most),
		.tails_w = in_watts(most),
		.limit_w = limit,
	};
	return true;
}

/* The first of the node's sums that does not fit, from channel *c on; false: no further one. */
static bool next_fault(
	const struct grid_node *v, const struct sums *s, int *c, struct grid_tails_fault *f)
{
	for (; *c < GRID_CHANNELS; (*c)++)
		if (fails(v, s, *c, f))
			return true;
	return *c == GRID_CHANNELS && pulls_apart(v, s, f);
}

int grid_tails_check(const struct grid_tree *t, struct grid_tails_fault *faults, int max)
{
	int n = grid_tree_nodes(t), found = 0;
	struct sums *s = calloc((size_t)n, sizeof(*s));

	if (!s)
		return -1;
	for (int i = n - 1; i >= 0; i--) {
		const struct grid_node *v = grid_tree_node(t, i);

		add_node(v, &s[i], v->parent >= 0 ? &s[v->parent] : NULL);
	}
	for (int i = 0; i < n; i++) {
		const struct grid_node *v = grid_tree_node(t, i);
		struct grid_tails_fault f;

		/* Its rating bounds such a leaf itself, which is counted in its parents. */
		if (v->kind == GRID_LOAD || v->kind == GRID_PV || v->kind == GRID_STORAGE)
			continue;
		for (int c = 0; next_fault(v, &s[i], &c, &f); c++, found++) {
			f.node = i;
			if (found < max)
				faults[found] = f;
		}
	}
	free(s);
	return found;
}

/* Tenths of an ampere, rounded up. */
static double amperes(const struct grid_node *v, int64_t w)
{
	return (double)((w * 10 + v->electric.volts - 1) / v->electric.volts) / 10;
}

void grid_tails_explain(
	const struct grid_tree *t, const struct grid_tails_fault *f, char *text, size_t size)
{
	const struct grid_node *v = grid_tree_node(t, f->node);

	if (f->channel == GRID_TOTAL)
		snprintf(text, size,
			"%s: tails of %" PRId64 " W, a reserve of %" PRId64
			" W and other load of up to %" PRId64 " W add up to %" PRId64
			" W, above its %" PRId64 " W",
			v->id, f->tails_w, f->reserve_w, f->load_w, f->sum_w, f->limit_w);
	else if (f->channel == GRID_IMBALANCE)
		snprintf(text, size,
			"%s: places wired to one or two phases have tails of %.1f A on one phase, "
			"above the difference of %.1f A that its phases may have",
			v->id, amperes(v, f->sum_w), (double)v->electric.imbalance_ma / 1000);
	else
		snprintf(text, size,
			"%s: on %s tails of %.1f A, a reserve of %.1f A and other load of up to "
			"%.1f A add up to %.1f A, above its %.1f A",
			v->id, grid_channel_name(f->channel), amperes(v, f->tails_w),
			amperes(v, f->reserve_w), amperes(v, f->load_w), amperes(v, f->sum_w),
			(double)v->electric.phase_ma / 1000);
}
