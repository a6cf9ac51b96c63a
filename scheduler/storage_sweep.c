#include <string.h>
#include "scheduler/storage_private.h"

/*
 * The equations of one step of the interior-point method: values and multipliers change such that every
 * row is met and every variable's gradient becomes what is asked for. They are solved by one sweep up
 * the tree, which says how all below a node gives way to prices there, and one down, which
 * tells the prices. A device's part of it takes time in the square of its slots, a node's in the cube.
 *
 * No difference of two numbers of like size is taken anywhere: how a node gives way through its own
 * flow is that flow's way times (all ways)^-1 times what is below, never one less the other.
 */

/* -- how devices give way --------------------------------------------------------------------- */

/* A vehicle: all slots share one sum. */
static void weigh_charging(
	const struct storage *s, const struct storage_unit *u, double *own, int n)
{
	const double *w = s->v.weight + u->charge;
	double before[STORAGE_SLOTS_MAX], sum = s->v.weight[u->level], after = 0;

	for (int t = 0; t < u->slots; t++) {
		before[t] = sum;
		sum += w[t];
	}
	if (sum <= 0)
		return;
	for (int i = u->slots - 1; i >= 0; i--) {
		double *row = own + (size_t)(u->at + i) * (size_t)n + u->at, f = w[i] / sum;

		for (int j = 0; j < i; j++)
			row[j] -= f * w[j];
		row[i] += f * (before[i] + after);
		after += w[i];
	}
}

/* A chain of levels: what it holds after each slot moves with the sum of charge and give until then.
 * Its matrix has three diagonals. Each slot resists by its own and by what the slots before and after
 * it resist through the levels between them. */
struct chain {
	double own[STORAGE_SLOTS_MAX], mixed[STORAGE_SLOTS_MAX];
	double before[STORAGE_SLOTS_MAX], after[STORAGE_SLOTS_MAX];
	double pivot[STORAGE_SLOTS_MAX],
		carry[STORAGE_SLOTS_MAX]; /* carry: of the slot before, to this */
};

static double level_weight(const struct storage *s, const struct storage_unit *u, int t)
{
	double w = s->v.weight[u->level + t];

	return t + 1 == u->slots ? w + s->v.weight[u->over] : w;
}

static double in_series(double a, double b)
{
	return a + b > 0 ? a * (b / (a + b)) : 0;
}

static void weigh_chain(const struct storage *s, const struct storage_unit *u, struct chain *c)
{
	double last = 0;
	int end = u->slots - 1;

	for (int t = 0; t <= end; t++) {
		double charge = s->v.weight[u->charge + t], give = s->v.weight[u->give + t];
		double level = level_weight(s, u, t);

		c->own[t] = charge + give * u->per_given * u->per_given;
		c->mixed[t] = charge + give * u->per_given;
		c->carry[t] = t && c->pivot[t - 1] > 0 ? last / c->pivot[t - 1] : 0;
		c->before[t] = t ? in_series(last, c->own[t - 1] + c->before[t - 1]) : 0;
		c->pivot[t] = level + c->own[t] + c->before[t];
		last = level;
	}
	c->after[end] = level_weight(s, u, end);
	for (int t = end - 1; t >= 0; t--)
		c->after[t] = in_series(level_weight(s, u, t), c->own[t + 1] + c->after[t + 1]);
}

static void weigh_giving(const struct storage *s, const struct storage_unit *u, double *own, int n)
{
	struct chain c;
	double z[STORAGE_SLOTS_MAX], loss = u->per_given - 1; /* z: a row of the chain's inverse */

	weigh_chain(s, u, &c);
	for (int i = u->slots - 1; i >= 0; i--) {
		double follow = i + 1 < u->slots ? c.carry[i + 1] : 0,
		       rest = c.before[i] + c.after[i];
		double charge = s->v.weight[u->charge + i], give = s->v.weight[u->give + i];
		double f = c.mixed[i], *at = own + (size_t)(u->at + i) * (size_t)n + u->at + i;

		for (int j = i + 1; j < u->slots; j++)
			z[j] *= follow;
		z[i] = c.own[i] + rest > 0 ? 1 / (c.own[i] + rest) : 0;
		*at += (charge * give * loss * loss + (charge + give) * rest) * z[i];
		for (int j = i + 1; j < u->slots; j++)
			at[(size_t)(j - i) * (size_t)n] -= f * z[j] * c.mixed[j];
	}
}

/* -- how nodes do ----------------------------------------------------------------------------- */

/* Lower triangles only: to[at[i]][at[j]] += give[i] * x[i][j]. */
static void hand_up(const struct storage_node *v, const double *x, const int *at, double *to, int n)
{
	for (int i = 0; i < v->n; i++) {
		const double *row = x + (size_t)i * (size_t)v->stride;
		double *up = to + (size_t)(at ? at[i] : i) * (size_t)n;

		for (int j = 0; j <= i; j++)
			up[at ? at[j] : j] += v->give[i] * row[j];
	}
}

static void factor_node(struct storage *s, struct storage_node *v)
{
	size_t cells = (size_t)v->stride * (size_t)v->stride;

	storage_mirror(v->own, v->stride);
	memcpy(v->factor, v->own, cells * sizeof *v->factor);
	memcpy(s->scratch, v->own, cells * sizeof *s->scratch);
	for (int k = 0; k < v->n; k++) {
		v->give[k] = s->v.weight[v->flow + k];
		v->factor[(size_t)k * (size_t)v->stride + (size_t)k] += v->give[k];
	}
	storage_dense_factor(v->factor, s->scratch, v->stride);
	if (v->parent >= 0)
		hand_up(v, s->scratch, v->up, s->node[v->parent].own, s->node[v->parent].stride);
	else
		hand_up(v, s->scratch, NULL, s->supply.root, s->stride);
}

void storage_sweep_factor(struct storage *s)
{
	memset(s->supply.root, 0, (size_t)s->stride * (size_t)s->stride * sizeof *s->supply.root);
	for (int v = 0; v < s->nodes; v++)
		memset(s->node[v].own, 0,
			(size_t)s->node[v].stride * (size_t)s->node[v].stride * sizeof(double));
	for (int i = 0; i < s->n; i++) {
		const struct storage_unit *u = &s->unit[i];
		struct storage_node *v = u->slots ? &s->node[u->node] : NULL;

		if (v && u->gives)
			weigh_giving(s, u, v->own, v->stride);
		else if (v)
			weigh_charging(s, u, v->own, v->stride);
	}
	for (int v = s->nodes - 1; v >= 0; v--)
		factor_node(s, &s->node[v]);
	storage_site_factor(s);
}

/* -- rows ------------------------------------------------------------------------------------- */

static void miss_unit(struct storage *s, const struct storage_unit *u)
{
	const double *z = s->v.z, *charge = z + u->charge;
	double *at = s->node[u->node].miss + u->at, *miss = s->row.miss + u->row;
	double sum = 0, before = u->stored;

	for (int t = 0; t < u->slots; t++)
		at[t] += charge[t];
	if (!u->gives) {
		for (int t = 0; t < u->slots; t++)
			sum += charge[t];
		*miss = sum - z[u->level];
		return;
	}
	for (int t = 0; t < u->slots; t++) {
		double after = z[u->level + t] + (t + 1 == u->slots ? z[u->over] : 0);

		at[t] -= z[u->give + t];
		miss[t] = before + charge[t] - u->per_given * z[u->give + t] - after;
		before = after;
	}
}

void storage_sweep_miss(struct storage *s)
{
	for (int v = 0; v < s->nodes; v++)
		memset(s->node[v].miss, 0, (size_t)s->node[v].stride * sizeof(double));
	for (int i = 0; i < s->n; i++)
		if (s->unit[i].slots)
			miss_unit(s, &s->unit[i]);
	for (int v = s->nodes - 1; v >= 0; v--) {
		struct storage_node *node = &s->node[v];

		for (int k = 0; k < node->n; k++) {
			double f = s->v.z[node->flow + k];

			node->miss[k] -= f;
			if (node->parent >= 0)
				s->node[node->parent].miss[node->up[k]] += f;
		}
	}
	storage_site_miss(s);
}

static void pull_unit(struct storage *s, const struct storage_unit *u)
{
	const double *price = s->node[u->node].price + u->at, *row = s->row.price + u->row;
	double *pull = s->v.pull;

	for (int t = 0; t < u->slots; t++) {
		double own = u->gives ? row[t] : *row;

		pull[u->charge + t] += price[t] + own;
		if (!u->gives)
			continue;
		pull[u->give + t] -= price[t] + own * u->per_given;
		pull[u->level + t] += (t + 1 < u->slots ? row[t + 1] : 0) - own;
	}
	if (u->gives)
		pull[u->over] -= row[u->slots - 1];
	else
		pull[u->level] -= *row;
}

void storage_sweep_pull(struct storage *s)
{
	double *pull = s->v.pull;

	memcpy(pull, s->v.price, (size_t)s->v.n * sizeof *pull);
	for (int i = 0; i < s->n; i++)
		if (s->unit[i].slots)
			pull_unit(s, &s->unit[i]);
	for (int v = 0; v < s->nodes; v++) {
		const struct storage_node *node = &s->node[v];
		const double *up = v ? s->node[node->parent].price : s->supply.price;

		for (int k = 0; k < node->n; k++)
			pull[node->flow + k] += up[v ? node->up[k] : k] - node->price[k];
	}
	storage_site_pull(s);
}

/* -- the step --------------------------------------------------------------------------------- */

/* What a vehicle does when the prices at its node move by price[]; NULL: by nothing. */
static double share_of(const struct storage *s, const struct storage_unit *u, const double *price)
{
	const double *w = s->v.weight, *h = s->v.h;
	double sum = w[u->level], moved = h[u->level] * w[u->level] + s->row.miss[u->row];

	for (int t = 0; t < u->slots; t++) {
		int k = u->charge + t;

		sum += w[k];
		moved -= (h[k] + (price ? price[t] : 0)) * w[k];
	}
	return sum > 0 ? moved / sum : 0;
}

static void respond_charging(const struct storage *s, const struct storage_unit *u, double *sum)
{
	double own = share_of(s, u, NULL);

	for (int t = 0; t < u->slots; t++)
		sum[t] -= (s->v.h[u->charge + t] + own) * s->v.weight[u->charge + t];
}

static void step_charging(struct storage *s, const struct storage_unit *u, const double *price)
{
	double own = share_of(s, u, price);

	for (int t = 0; t < u->slots; t++) {
		int k = u->charge + t;

		s->v.dz[k] = -(s->v.h[k] + price[t] + own) * s->v.weight[k];
	}
	s->v.dz[u->level] = -(s->v.h[u->level] - own) * s->v.weight[u->level];
	s->row.step[u->row] = own;
}

/* Weighted gradient of what it holds after slot t. */
static double level_pull(const struct storage *s, const struct storage_unit *u, int t)
{
	double p = s->v.h[u->level + t] * s->v.weight[u->level + t];

	return t + 1 == u->slots ? p + s->v.h[u->over] * s->v.weight[u->over] : p;
}

static void solve_chain(
	const struct storage *s, const struct storage_unit *u, const double *price, double *own)
{
	struct chain c;
	double last = 0;

	weigh_chain(s, u, &c);
	for (int t = 0; t < u->slots; t++) {
		int a = u->charge + t, b = u->give + t;
		double level = level_pull(s, u, t);

		own[t] = s->row.miss[u->row + t] - s->v.h[a] * s->v.weight[a] +
			 s->v.h[b] * s->v.weight[b] * u->per_given + level - last;
		if (price)
			own[t] -= c.mixed[t] * price[t];
		if (t)
			own[t] += c.carry[t] * own[t - 1];
		last = level;
	}
	for (int t = u->slots - 1; t >= 0; t--) {
		if (t + 1 < u->slots)
			own[t] += own[t + 1] * level_weight(s, u, t);
		own[t] = c.pivot[t] > 0 ? own[t] / c.pivot[t] : 0;
	}
}

static void respond_giving(const struct storage *s, const struct storage_unit *u, double *sum)
{
	double own[STORAGE_SLOTS_MAX];

	solve_chain(s, u, NULL, own);
	for (int t = 0; t < u->slots; t++) {
		int a = u->charge + t, b = u->give + t;

		sum[t] += (s->v.h[b] - own[t] * u->per_given) * s->v.weight[b] -
			  (s->v.h[a] + own[t]) * s->v.weight[a];
	}
}

static void step_giving(struct storage *s, const struct storage_unit *u, const double *price)
{
	double *own = s->row.step + u->row;
	int last = u->slots - 1;

	solve_chain(s, u, price, own);
	for (int t = 0; t < u->slots; t++) {
		int a = u->charge + t, b = u->give + t, c = u->level + t;
		double after = t < last ? own[t + 1] : 0;

		s->v.dz[a] = -(s->v.h[a] + price[t] + own[t]) * s->v.weight[a];
		s->v.dz[b] = -(s->v.h[b] - price[t] - own[t] * u->per_given) * s->v.weight[b];
		s->v.dz[c] = (own[t] - after - s->v.h[c]) * s->v.weight[c];
	}
	s->v.dz[u->over] = (own[last] - s->v.h[u->over]) * s->v.weight[u->over];
}

static void sweep_up(struct storage *s, double *at_site)
{
	for (int v = 0; v < s->nodes; v++)
		memcpy(s->node[v].sum, s->node[v].miss, (size_t)s->node[v].stride * sizeof(double));
	for (int i = 0; i < s->n; i++) {
		const struct storage_unit *u = &s->unit[i];

		if (u->slots && u->gives)
			respond_giving(s, u, s->node[u->node].sum + u->at);
		else if (u->slots)
			respond_charging(s, u, s->node[u->node].sum + u->at);
	}
	for (int v = s->nodes - 1; v >= 0; v--) {
		struct storage_node *node = &s->node[v];
		double *up = v ? s->node[node->parent].sum : at_site, pull[STORAGE_SLOTS_MAX] = {0};
		double *flow = node->step; /* free until the way down */

		memcpy(pull, s->v.h + node->flow, (size_t)node->n * sizeof *pull);
		memcpy(flow, node->sum, (size_t)node->stride * sizeof *flow);
		storage_dense_multiply(node->own, pull, -1, flow, node->stride);
		storage_dense_solve(node->factor, flow, node->stride);
		for (int k = 0; k < node->n; k++)
			up[v ? node->up[k] : k] += node->give[k] * flow[k];
	}
}

static void sweep_down(struct storage *s)
{
	for (int v = 0; v < s->nodes; v++) {
		struct storage_node *node = &s->node[v];
		const double *above = v ? s->node[node->parent].step : s->supply.step;
		const double *h = s->v.h + node->flow;

		memcpy(node->step, node->sum, (size_t)node->stride * sizeof *node->step);
		for (int k = 0; k < node->n; k++)
			node->step[k] += node->give[k] * (above[v ? node->up[k] : k] + h[k]);
		storage_dense_solve(node->factor, node->step, node->stride);
		for (int k = 0; k < node->n; k++)
			s->v.dz[node->flow + k] =
				node->give[k] * (node->step[k] - above[v ? node->up[k] : k] - h[k]);
	}
	for (int i = 0; i < s->n; i++) {
		const struct storage_unit *u = &s->unit[i];

		if (u->slots && u->gives)
			step_giving(s, u, s->node[u->node].step + u->at);
		else if (u->slots)
			step_charging(s, u, s->node[u->node].step + u->at);
	}
}

void storage_sweep_step(struct storage *s)
{
	double at_site[STORAGE_SLOTS_MAX] = {0};

	sweep_up(s, at_site);
	storage_site_step(s, at_site);
	sweep_down(s);
}

static void move(double *x, const double *step, double share, int n)
{
	for (int k = 0; k < n; k++)
		x[k] += share * step[k];
}

void storage_sweep_move(struct storage *s, double share)
{
	struct storage_supply *p = &s->supply;

	move(s->row.price, s->row.step, share, s->rows);
	for (int v = 0; v < s->nodes; v++)
		move(s->node[v].price, s->node[v].step, share, s->node[v].n);
	move(p->price, p->step, share, s->slots);
	for (int k = 0; k < p->peaks; k++)
		move(p->peak[k].price, p->peak[k].step, share, s->slots);
}

static void clear(double *x, int n)
{
	memset(x, 0, (size_t)n * sizeof *x);
}

void storage_sweep_begin(struct storage *s)
{
	clear(s->row.price, s->rows);
	for (int v = 0; v < s->nodes; v++)
		clear(s->node[v].price, s->node[v].n);
	clear(s->supply.price, s->slots);
	for (int k = 0; k < s->supply.peaks; k++)
		clear(s->supply.peak[k].price, s->slots);
}
