#include "scheduler/flow_private.h"

/* A change may leave a plan that breaks a limit, a bound or a need: what is too much is taken away, from
 * those with most time left first. flow_solve() then finds it a better place. */

int64_t flow_allowed(const struct flow *f, int interval, int32_t limit)
{
	const struct flow_part *part = f->price + (size_t)interval * (size_t)f->parts;
	int64_t w = 0;

	for (int k = 0; k < f->parts && part[k].price < limit; k++)
		w += flow_width(&part[k]);
	return w < f->peak[interval] ? w : f->peak[interval];
}

/* Takes `over` from vehicles below the node, those with most time left first. */
static int32_t unload_node(struct flow *f, int node, int place, int32_t over)
{
	for (int k = f->n - 1; over > 0 && k >= 0; k--) {
		int i = f->urgent[k], v = f->node_of[i];
		size_t xi = flow_xi(f, i, place);
		int32_t w = f->x[xi] - flow_least(f, xi);

		if (w <= 0)
			continue;
		while (v > node)
			v = f->parent[v];
		if (v != node)
			continue;
		w = w < over ? w : over;
		flow_shift(f, i, place, -w);
		over -= w;
	}
	return over;
}

/* Nobody stores more than his need: the dearest slots go first. */
static int64_t unload_vehicle(struct flow *f, int i)
{
	int64_t over = f->sum[i] - f->need[i];

	for (int p = f->slots - 1; over > 0 && p >= 0; p--) {
		size_t xi = flow_xi(f, i, p);
		int32_t w = f->x[xi] - flow_least(f, xi);

		if (w > over)
			w = (int32_t)over;
		if (w > 0) {
			flow_shift(f, i, p, -w);
			over -= w;
		}
	}
	return over;
}

static int unload_interval(struct flow *f, int q)
{
	int64_t over = f->taken[q] - flow_allowed(f, q, FLOW_PRICE_MAX + 1);

	for (int p = f->interval_at[q + 1] - 1; over > 0 && p >= f->interval_at[q]; p--) {
		int32_t w = f->f[p] < over ? f->f[p] : (int32_t)over;

		over -= w - unload_node(f, 0, p, w);
	}
	return over > 0 ? -1 : 0;
}

int flow_unload(struct flow *f)
{
	int rc = 0;

	if (!f->is_over)
		return 0;
	for (int v = f->nodes - 1; v >= 0; v--)
		for (int p = 0; p < f->slots; p++) {
			size_t i = flow_fi(f, v, p);

			if (f->f[i] > f->cap[i] && unload_node(f, v, p, f->f[i] - f->cap[i]) > 0)
				rc = -1;
		}
	for (int q = 0; q < f->intervals; q++)
		if (unload_interval(f, q) != 0)
			rc = -1;
	for (int i = 0; i < f->n; i++)
		if (f->sum[i] > f->need[i] && unload_vehicle(f, i) > 0)
			rc = -1;
	f->is_over = rc != 0;
	return rc;
}
