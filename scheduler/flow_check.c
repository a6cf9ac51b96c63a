#include <stdlib.h>
#include <string.h>
#include "scheduler/flow.h"

static bool fail(struct flow_fault *f, const char *what, int vehicle, int node, int slot,
	int64_t got, int64_t limit)
{
	*f = (struct flow_fault){vehicle, node, slot, got, limit, what};
	return false;
}

static bool check_vehicle(
	const struct flow *f, const struct flow_input *in, int i, struct flow_fault *fault)
{
	const struct flow_vehicle *v = &in->vehicles[i];
	int64_t sum = 0;

	for (int t = 0; t < in->slots; t++) {
		int64_t w = flow_w(f, i, t), most = t == 0 && v->first_w ? v->first_w : v->max_w;

		if (v->most_w && v->most_w[t] < most)
			most = v->most_w[t];
		if (t < v->from || t >= v->to)
			most = 0;
		if (w < (v->least_w ? v->least_w[t] : 0))
			return fail(fault, "less than must be drawn", i, -1, t, w,
				v->least_w ? v->least_w[t] : 0);
		if (w > most)
			return fail(fault, "more than it may draw", i, -1, t, w, most);
		sum += w;
	}
	if (flow_missing(f, i) < 0 || sum + flow_missing(f, i) != v->need)
		return fail(fault, "energy and what is missing are not the need", i, -1, -1,
			sum + flow_missing(f, i), v->need);
	return true;
}

/* What the vehicles draw in the slot, at each node and up to the root. */
static void add_up(const struct flow *f, const struct flow_input *in, int t, int64_t *sum)
{
	memset(sum, 0, (size_t)in->nodes * sizeof *sum);
	for (int i = 0; i < in->n; i++)
		sum[in->vehicles[i].node] += flow_w(f, i, t);
	for (int v = in->nodes - 1; v > 0; v--)
		sum[in->parent[v]] += sum[v];
}

static bool check_slot(const struct flow *f, const struct flow_input *in, int t, int64_t *sum,
	struct flow_fault *fault)
{
	add_up(f, in, t, sum);
	for (int v = 0; v < in->nodes; v++) {
		int64_t cap = in->cap_w[(size_t)v * (size_t)in->slots + (size_t)t];

		if (sum[v] > cap)
			return fail(fault, "more than the limit", -1, v, t, sum[v], cap);
		if (sum[v] != flow_node_w(f, v, t))
			return fail(fault, "the node's power is not its vehicles'", -1, v, t,
				sum[v], flow_node_w(f, v, t));
	}
	return true;
}

/* Slots of an interval are counted anew: `size` of them, of the first one `open`. */
static bool check_intervals(
	const struct flow *f, const struct flow_input *in, struct flow_fault *fault)
{
	int size = in->interval > 1 ? in->interval : 1, end = in->open ? in->open : size;

	for (int q = 0, t = 0; t < in->slots; q++, end += size) {
		const struct flow_part *part = in->price + (size_t)q * (size_t)in->parts;
		int64_t sum = 0, priced = 0;
		int from = t;

		for (; t < end && t < in->slots; t++)
			sum += flow_node_w(f, 0, t);
		for (int k = 0; k < in->parts; k++)
			priced += part[k].w < FLOW_POWER_MAX ? part[k].w : INT64_MAX / in->parts;
		if (sum != flow_interval_taken(f, q))
			return fail(fault, "the interval's energy is not its slots'", -1, 0, from,
				sum, flow_interval_taken(f, q));
		if (sum > priced)
			return fail(fault, "more than has a price", -1, 0, from, sum, priced);
	}
	return true;
}

bool flow_check(const struct flow *f, const struct flow_input *in, struct flow_fault *fault)
{
	int64_t *sum = malloc((size_t)in->nodes * sizeof *sum);
	bool ok = true;

	if (!sum)
		return fail(fault, "no memory", -1, -1, -1, 0, 0);
	for (int i = 0; ok && i < in->n; i++)
		ok = check_vehicle(f, in, i, fault);
	for (int t = 0; ok && t < in->slots; t++)
		ok = check_slot(f, in, t, sum, fault);
	free(sum);
	return ok && check_intervals(f, in, fault);
}
