#include <stdlib.h>
#include <string.h>
#include "scheduler/phase_plan.h"

/* Shares no code with the planner: everything is added up anew from the set-points. */

static bool fail(struct phase_fault *f, const char *what, int vehicle, int node, int slot,
	int channel, int64_t got, int64_t limit)
{
	*f = (struct phase_fault){vehicle, node, slot, channel, got, limit, what};
	return false;
}

static bool check_vehicle(
	const struct phase_plan *p, const struct phase_input *in, int i, struct phase_fault *fault)
{
	const struct flow_vehicle *v = &in->vehicles[i].flow;
	int64_t sum = 0, missing = phase_plan_missing(p, i);

	for (int t = 0; t < in->slots; t++) {
		int64_t w = phase_plan_w(p, i, t), most = v->max_w;
		int64_t least = v->least_w ? v->least_w[t] : 0;

		if (v->most_w && v->most_w[t] < most)
			most = v->most_w[t];
		if (t < v->from || t >= v->to)
			most = 0;
		if (w < least)
			return fail(fault, "less than must be drawn", i, -1, t, -1, w, least);
		if (w > most)
			return fail(fault, "more than it may draw", i, -1, t, -1, w, most);
		sum += w;
	}
	if (missing < 0 || sum + missing != v->need)
		return fail(fault, "energy and what is missing are not the need", i, -1, -1, -1,
			sum + missing, v->need);
	return true;
}

/* Sixths of W at each node by channel, of what the vehicles draw in a slot. */
static void add_up(const struct phase_plan *p, const struct phase_input *in, int slot,
	int64_t (*sum)[PHASE_CHANNELS])
{
	memset(sum, 0, (size_t)in->nodes * sizeof *sum);
	for (int i = 0; i < in->n; i++) {
		const struct phase_vehicle *v = &in->vehicles[i];
		int64_t w = phase_plan_w(p, i, slot);

		sum[v->flow.node][PHASE_TOTAL] += 6 * w;
		for (int k = 0; k < 3; k++)
			sum[v->flow.node][PHASE_L1 + k] += v->sixths[k] * w;
	}
	for (int v = in->nodes - 1; v > 0; v--)
		for (int c = 0; c < PHASE_CHANNELS; c++)
			sum[in->parent[v]][c] += sum[v][c];
}

static bool check_nodes(const struct phase_plan *p, const struct phase_input *in, int slot,
	int64_t (*sum)[PHASE_CHANNELS], struct phase_fault *fault)
{
	const struct flow_part *part = in->price + (size_t)slot * (size_t)in->parts;
	int64_t priced = 0;

	add_up(p, in, slot, sum);
	for (int v = 0; v < in->nodes; v++)
		for (int c = 0; c < PHASE_CHANNELS; c++) {
			int64_t limit =
				in->limit_w[(size_t)v * (size_t)in->slots + (size_t)slot][c];

			/* Anything up to the greatest number is no limit. */
			if (limit < FLOW_POWER_MAX && sum[v][c] > 6 * limit)
				return fail(fault, "more than the limit", -1, v, slot, c, sum[v][c],
					6 * limit);
		}
	for (int k = 0; k < in->parts; k++)
		priced += part[k].w;
	if (sum[0][PHASE_TOTAL] > 6 * priced)
		return fail(fault, "more than has a price", -1, 0, slot, PHASE_TOTAL,
			sum[0][PHASE_TOTAL], 6 * priced);
	return true;
}

/* One phase at its most against another at its least. */
static bool check_pair(const struct phase_plan *p, const struct phase_input *in, int slot, int high,
	int low, struct phase_fault *fault)
{
	const int32_t *other = in->other_w ? in->other_w[slot] : NULL;
	int64_t rest = other ? 6 * ((int64_t)other[high] - other[low]) : 0, got = rest;
	int64_t limit = 6 * (int64_t)in->imbalance_w[slot];

	for (int i = 0; i < in->n; i++) {
		const struct phase_vehicle *v = &in->vehicles[i];
		int sixths = v->sixths[high] - (v->is_exact ? v->sixths[low] : 0);

		got += (int64_t)sixths * phase_plan_w(p, i, slot);
	}
	if (rest > limit)
		limit = rest;
	if (got > limit)
		return fail(fault, "two phases differ too much", -1, 0, slot, PHASE_L1 + high, got,
			limit);
	return true;
}

static bool check_imbalance(const struct phase_plan *p, const struct phase_input *in, int slot,
	struct phase_fault *fault)
{
	if (!in->imbalance_w || in->imbalance_w[slot] >= FLOW_POWER_MAX)
		return true;
	for (int high = 0; high < 3; high++)
		for (int low = 0; low < 3; low++)
			if (high != low && !check_pair(p, in, slot, high, low, fault))
				return false;
	return true;
}

bool phase_plan_check(
	const struct phase_plan *p, const struct phase_input *in, struct phase_fault *fault)
{
	int64_t(*sum)[PHASE_CHANNELS] = malloc((size_t)in->nodes * sizeof *sum);
	bool ok = true;

	if (!sum)
		return fail(fault, "no memory", -1, -1, -1, -1, 0, 0);
	for (int i = 0; ok && i < in->n; i++)
		ok = check_vehicle(p, in, i, fault);
	for (int t = 0; ok && t < in->slots; t++)
		ok = check_nodes(p, in, t, sum, fault) && check_imbalance(p, in, t, fault);
	free(sum);
	return ok;
}
