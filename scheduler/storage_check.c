#include <math.h>
#include <string.h>
#include "scheduler/storage.h"

/*
 * A plan checked and paid anew, from the input and its powers alone: nothing here is shared with the
 * solver. Slow, and simple on purpose.
 */

static bool blame(struct storage_fault *f, const char *what, int device, int node, int slot,
	double got, double limit)
{
	*f = (struct storage_fault){device, node, slot, got, limit, what};
	return false;
}

/* What it holds after the slot, when it held `held` before, in W·slot inside of the battery. */
static double after(const struct storage_device *d, double held, double w)
{
	return held + (w > 0 ? w * d->charge_pm / 1000.0 : w * 1000.0 / d->discharge_pm);
}

static bool check_device(const struct storage_input *in, const double *w, int i, double slack,
	struct storage_fault *f)
{
	const struct storage_device *d = &in->devices[i];
	double held = (double)d->stored;
	bool may_give = d->discharge_w > 0 && d->stored >= d->least;

	for (int t = 0; t < in->slots; t++) {
		double own = w[(size_t)i * (size_t)in->slots + (size_t)t], most = d->charge_w;

		if (d->most_w && d->most_w[t] < most)
			most = d->most_w[t];
		if (t < d->from || t >= d->to)
			most = 0;
		if (own > most + slack)
			return blame(f, "draws more than it can", i, d->node, t, own, most);
		most = may_give && t >= d->from && t < d->to ? d->discharge_w : 0;
		if (-own > most + slack)
			return blame(f, "gives more back than it can", i, d->node, t, -own, most);
		held = after(d, held, own);
		if (held > (double)d->full + slack)
			return blame(
				f, "holds more than it can", i, d->node, t, held, (double)d->full);
		if (own < 0 && held < (double)d->least - slack * 1000 / d->discharge_pm)
			return blame(
				f, "is discharged too far", i, d->node, t, held, (double)d->least);
	}
	return true;
}

static bool is_below(const struct storage_input *in, int node, int top)
{
	while (node > top)
		node = in->parent[node];
	return node == top;
}

static bool check_node(const struct storage_input *in, const double *w, int v, double slack,
	struct storage_fault *f)
{
	for (int t = 0; t < in->slots; t++) {
		size_t at = (size_t)v * (size_t)in->slots + (size_t)t;
		double sum = 0;

		for (int i = 0; i < in->n; i++)
			if (is_below(in, in->devices[i].node, v))
				sum += w[(size_t)i * (size_t)in->slots + (size_t)t];
		if (sum > in->cap_w[at] + slack)
			return blame(f, "a node carries too much", -1, v, t, sum, in->cap_w[at]);
		if (-sum > in->feed_w[at] + slack)
			return blame(
				f, "a node gives too much back", -1, v, t, -sum, in->feed_w[at]);
	}
	return true;
}

bool storage_check(
	const struct storage_input *in, const double *w, double slack, struct storage_fault *fault)
{
	for (int i = 0; i < in->n; i++)
		if (!check_device(in, w, i, slack, fault))
			return false;
	for (int v = 0; v < in->nodes; v++)
		if (!check_node(in, w, v, slack, fault))
			return false;
	return true;
}

/* -- money ------------------------------------------------------------------------------------ */

static double energy_cost(const struct storage_input *in, int t, double w)
{
	const struct flow_part *p = &in->price[(size_t)t * (size_t)in->parts];
	double sum = 0;

	if (w < 0)
		return w * (in->feed_price ? in->feed_price[t] : 0);
	for (int k = 0; k < in->parts && w > 0; k++) {
		double part = k + 1 < in->parts && p[k].w < w ? p[k].w : w;

		sum += part * p[k].price;
		w -= part;
	}
	return sum;
}

static double device_cost(const struct storage_input *in, const double *w, int i)
{
	const struct storage_device *d = &in->devices[i];
	double held = (double)d->stored, worn = 0;

	for (int t = 0; t < in->slots; t++) {
		double own = w[(size_t)i * (size_t)in->slots + (size_t)t];

		held = after(d, held, own);
		worn += own < 0 ? -own * d->wear : 0;
	}
	if (held < (double)d->need)
		return worn + ((double)d->need - held) * d->missing;
	/* What it had above its need and could not give is worth nothing either way. */
	if (d->discharge_w > 0 && d->stored >= d->least && d->full > d->least)
		worn -= (held - fmax((double)d->need, (double)d->least)) * d->left;
	return worn;
}

double storage_reckon(const struct storage_input *in, const double *w)
{
	double cost = 0, peak[STORAGE_CHARGES];

	for (int k = 0; k < in->charges; k++)
		peak[k] = in->charge[k].paid_w;
	for (int t = 0; t < in->slots; t++) {
		double site = in->load_w ? in->load_w[t] : 0;

		for (int i = 0; i < in->n; i++)
			site += w[(size_t)i * (size_t)in->slots + (size_t)t];
		cost += energy_cost(in, t, site);
		for (int k = 0; k < in->charges; k++)
			if (!in->charge[k].counts || in->charge[k].counts[t])
				peak[k] = fmax(peak[k], site);
	}
	for (int i = 0; i < in->n; i++)
		cost += device_cost(in, w, i);
	for (int k = 0; k < in->charges; k++)
		cost += (peak[k] - in->charge[k].paid_w) * (double)in->charge[k].price;
	return cost;
}
