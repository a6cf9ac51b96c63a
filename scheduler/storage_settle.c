#include <math.h>
#include <string.h>
#include "scheduler/storage_private.h"

/*
 * From values to a plan. Values keep the limits nearly, in whole W not even that; so the plan is made
 * slot by slot in order of time: each device wants to follow what the values say that it should
 * hold, within its battery; where a node is too full, all below draw less by the same share. What it
 * holds then is what the next slot begins with. Drawing less is always possible, so a plan always comes
 * out.
 *
 * And the bound: for any multipliers the least of cost and multiplied rows within all bounds is below
 * every plan's cost (weak duality). It is a sum over variables.
 */

double storage_lower(const struct storage *s)
{
	const struct storage_vars *v = &s->v;
	double sum = s->constant;

	for (int k = 0; k < v->n; k++)
		sum += v->pull[k] > 0 ? v->pull[k] * v->low[k] : v->pull[k] * v->high[k];
	for (int i = 0; i < s->n; i++)
		if (s->unit[i].slots && s->unit[i].gives)
			sum += s->row.price[s->unit[i].row] * s->unit[i].stored;
	for (int t = 0; t < s->slots; t++)
		sum += s->supply.price[t] * s->supply.load[t];
	return sum * s->unit_w * s->unit_price;
}

#define NEAR_W 0.01 /* a whole W is meant where so little is missing of it */

/* -- one slot --------------------------------------------------------------------------------- */

struct settling {
	double *held,
		*due; /* [n] at the meter, W·slot; due: what a vehicle should have got so far */
	double *draw, *feed; /* [n] in this slot */
	double *node_draw, *node_feed; /* [nodes of the input] */
	double *node_takes; /* [nodes] … drawn by whom one may count on when others give back */
	double *less_draw, *less_feed; /* [nodes] share that is left of them */
};

static double whole(double w)
{
	return floor(w + 1e-6);
}

/* What the values say that it draws, in W; below 0: gives back. */
static double planned(const struct storage *s, const struct storage_unit *u, int t)
{
	double w = s->v.z[u->charge + t - u->from];

	if (u->gives)
		w -= s->v.z[u->give + t - u->from];
	return w * s->unit_w;
}

/* In whole W: what it should draw now so as to hold by the end of the slot what the values say. */
static double wanted(
	const struct storage *s, const struct storage_unit *u, int t, double held, double *due)
{
	int k = t - u->from;
	double more;

	if (u->gives)
		*due = (s->v.z[u->level + k] + (k + 1 == u->slots ? s->v.z[u->over] : 0)) *
		       s->unit_w;
	else
		*due += fmax(planned(s, u, t), 0);
	more = *due - held;
	return more > 0 || !u->gives ? more : more / u->per_given;
}

static void want(const struct storage *s, struct settling *x, int i, int t, bool is_whole)
{
	const struct storage_unit *u = &s->unit[i];
	const struct storage_device *d = u->of;
	double in = d->charge_pm / 1000.0, w, most;

	x->draw[i] = x->feed[i] = 0;
	if (t < u->from || t >= u->from + u->slots)
		return;
	w = is_whole ? wanted(s, u, t, x->held[i], &x->due[i]) : planned(s, u, t);
	if (is_whole)
		w += w > 0 ? NEAR_W : -NEAR_W;
	if (w >= 0 || !u->gives) {
		double top = u->gives ? (double)d->full / in : u->need * s->unit_w;

		most = d->most_w && d->most_w[t] < d->charge_w ? d->most_w[t] : d->charge_w;
		x->draw[i] = fmax(0, fmin(fmin(w, most), top - x->held[i]));
	} else {
		most = (x->held[i] - (double)d->least / in) / u->per_given;
		x->feed[i] = fmax(0, fmin(fmin(-w, d->discharge_w), most));
	}
}

/* What each node has too much of is taken from all below by the same share. */
static void fit_nodes(const struct storage *s, struct settling *x, int t)
{
	const struct storage_input *in = s->in;

	for (int v = in->nodes - 1; v >= 0; v--) {
		size_t k = storage_at(v, s->slots) + (size_t)t;
		double cap = in->cap_w[k], feed = in->feed_w[k];

		x->less_draw[v] = x->less_feed[v] = 1;
		if (x->node_draw[v] - x->node_feed[v] > cap) {
			x->less_draw[v] = (cap + x->node_feed[v]) / x->node_draw[v];
			x->node_draw[v] = cap + x->node_feed[v];
			x->node_takes[v] *= x->less_draw[v];
		}
		if (x->node_feed[v] - x->node_takes[v] > feed) {
			x->less_feed[v] = (feed + x->node_takes[v]) / x->node_feed[v];
			x->node_feed[v] = feed + x->node_takes[v];
		}
		if (v) {
			x->node_draw[in->parent[v]] += x->node_draw[v];
			x->node_takes[in->parent[v]] += x->node_takes[v];
			x->node_feed[in->parent[v]] += x->node_feed[v];
		}
	}
	for (int v = 1; v < in->nodes; v++) {
		x->less_draw[v] *= x->less_draw[in->parent[v]];
		x->less_feed[v] *= x->less_feed[in->parent[v]];
	}
}

/* In whole W, what is given back stays while the flow planner still moves all others: it must not count
 * on what those draw. */
static void add_up(const struct storage *s, struct settling *x, bool is_whole)
{
	size_t nodes = (size_t)s->in->nodes;

	memset(x->node_takes, 0, nodes * sizeof *x->node_takes);
	memset(x->node_draw, 0, nodes * sizeof *x->node_draw);
	memset(x->node_feed, 0, nodes * sizeof *x->node_feed);
	for (int i = 0; i < s->n; i++) {
		int v = s->unit[i].of->node;

		x->node_draw[v] += x->draw[i];
		x->node_feed[v] += x->feed[i];
		if (s->unit[i].gives || !is_whole)
			x->node_takes[v] += x->draw[i];
	}
}

/* Takes so much from what is below the node, whole W. */
static void take_away(const struct storage *s, double *of, int node, double w)
{
	for (int i = 0; i < s->n && w > 0; i++) {
		int v = s->unit[i].of->node;
		double less = fmin(of[i], ceil(w));

		while (v > node)
			v = s->in->parent[v];
		if (v != node)
			continue;
		of[i] -= less;
		w -= less;
	}
}

/* In whole W shares do not come out even: what is still too much goes, W by W. Both only ever fall. */
static void fit_whole(const struct storage *s, struct settling *x, int t)
{
	const struct storage_input *in = s->in;
	bool is_changed = true;

	while (is_changed) {
		is_changed = false;
		add_up(s, x, true);
		for (int v = in->nodes - 1; v >= 0 && !is_changed; v--) {
			size_t k = storage_at(v, s->slots) + (size_t)t;
			double draw = x->node_draw[v] - x->node_feed[v];
			double feed = x->node_feed[v] - x->node_takes[v];

			if (draw > in->cap_w[k])
				take_away(s, x->draw, v, draw - in->cap_w[k]);
			else if (feed > in->feed_w[k])
				take_away(s, x->feed, v, feed - in->feed_w[k]);
			is_changed = draw > in->cap_w[k] || feed > in->feed_w[k];
			if (v) {
				x->node_draw[in->parent[v]] += x->node_draw[v];
				x->node_takes[in->parent[v]] += x->node_takes[v];
				x->node_feed[in->parent[v]] += x->node_feed[v];
			}
		}
	}
}

static void settle_slot(
	const struct storage *s, struct settling *x, int t, bool is_whole, double *w)
{
	for (int i = 0; i < s->n; i++)
		want(s, x, i, t, is_whole);
	add_up(s, x, is_whole);
	fit_nodes(s, x, t);
	for (int i = 0; i < s->n; i++) {
		x->draw[i] *= x->less_draw[s->unit[i].of->node];
		x->feed[i] *= x->less_feed[s->unit[i].of->node];
		if (is_whole) {
			x->draw[i] = whole(x->draw[i]);
			x->feed[i] = whole(x->feed[i]);
		}
	}
	if (is_whole)
		fit_whole(s, x, t);
	for (int i = 0; i < s->n; i++) {
		w[storage_at(i, s->slots) + (size_t)t] = x->draw[i] - x->feed[i];
		x->held[i] += x->draw[i] - x->feed[i] * s->unit[i].per_given;
	}
}

static int take_settling(const struct storage *s, struct settling *x)
{
	size_t n = (size_t)s->n, nodes = (size_t)s->in->nodes;

	x->held = storage_take(&s->memory, n, sizeof *x->held);
	x->due = storage_take(&s->memory, n, sizeof *x->due);
	x->draw = storage_take(&s->memory, n, sizeof *x->draw);
	x->feed = storage_take(&s->memory, n, sizeof *x->feed);
	x->node_draw = storage_take(&s->memory, nodes, sizeof *x->node_draw);
	x->node_takes = storage_take(&s->memory, nodes, sizeof *x->node_takes);
	x->node_feed = storage_take(&s->memory, nodes, sizeof *x->node_feed);
	x->less_draw = storage_take(&s->memory, nodes, sizeof *x->less_draw);
	x->less_feed = storage_take(&s->memory, nodes, sizeof *x->less_feed);
	return x->held && x->due && x->draw && x->feed && x->node_draw && x->node_takes &&
			       x->node_feed && x->less_draw && x->less_feed
		       ? 0
		       : -1;
}

int storage_settle(const struct storage *s, bool is_whole, double *w)
{
	struct settling x;

	if (take_settling(s, &x) != 0)
		return -1;
	for (int i = 0; i < s->n; i++)
		x.held[i] = x.due[i] = s->unit[i].stored * s->unit_w;
	for (int t = 0; t < s->slots; t++)
		settle_slot(s, &x, t, is_whole, w);
	return 0;
}

/* -- in whole W ------------------------------------------------------------------------------- */

int storage_round(const struct storage *s, int32_t *w)
{
	size_t cells = storage_at(s->n, s->slots);
	double *whole_w = storage_take(&s->memory, cells, sizeof *whole_w);

	if (!whole_w || storage_settle(s, true, whole_w) != 0)
		return -1;
	for (size_t k = 0; k < cells; k++)
		w[k] = (int32_t)whole_w[k];
	return 0;
}

void storage_freeze(
	const struct storage_input *in, const int32_t *w, int32_t *cap_w, int32_t *load_w)
{
	memcpy(cap_w, in->cap_w, storage_at(in->nodes, in->slots) * sizeof *cap_w);
	for (int t = 0; t < in->slots; t++)
		load_w[t] = in->load_w ? in->load_w[t] : 0;
	for (int i = 0; i < in->n; i++) {
		const struct storage_device *d = &in->devices[i];

		if (d->discharge_w == 0)
			continue;
		for (int t = 0; t < in->slots; t++) {
			int32_t own = w[storage_at(i, in->slots) + (size_t)t];

			load_w[t] += own;
			for (int v = d->node; v >= 0; v = in->parent[v])
				cap_w[storage_at(v, in->slots) + (size_t)t] -= own;
		}
	}
}
