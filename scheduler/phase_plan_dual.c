#include <string.h>
#include "scheduler/phase_plan_dual.h"

/*
 * First-order method for the linear problem of all phases at once: powers follow the prices of the
 * limits downhill, prices follow uphill how far the limits are broken (primal-dual hybrid gradient:
 * Chambolle and Pock 2011; steps by row and column: Pock and Chambolle 2011). Each step goes twice as
 * far and is drawn back towards where its round began (reflected Halpern iteration: Lu and Yang 2024).
 * There is no matrix: what limits see is added up the tree, their prices are added up down it.
 *
 * Nothing here is exact, and nothing need be: powers are rounded into the limits elsewhere, and any
 * prices prove a bound. But it is the same on every machine: no sum changes its order.
 */

#define ROUND 100 /* steps to a new beginning */

#define WEIGHT_MIN 0.01F
#define WEIGHT_MAX 100.0F

/* A few slots at once, each in a lane of its own. */
typedef float lanes __attribute__((vector_size(PHASE_LANES * sizeof(float))));
typedef int32_t masks __attribute__((vector_size(PHASE_LANES * sizeof(float))));

static inline lanes get(const float *at)
{
	lanes l;

	memcpy(&l, at, sizeof l);
	return l;
}

static inline void put(float *at, lanes l)
{
	memcpy(at, &l, sizeof l);
}

static inline lanes lesser(lanes a, lanes b)
{
	masks is_a = a < b;

	return (lanes)(((masks)a & is_a) | ((masks)b & ~is_a));
}

static inline lanes greater(lanes a, lanes b)
{
	masks is_a = a > b;

	return (lanes)(((masks)a & is_a) | ((masks)b & ~is_a));
}

/* How a value and its step make the next one: near * (2 step - value) + plain * step + far * began. */
struct mix {
	float near, plain, far;
};

static inline float mixed(struct mix m, float was, float now, float began)
{
	return m.near * (2.0F * now - was) + m.plain * now + m.far * began;
}

static inline lanes mixed_lanes(struct mix m, lanes was, lanes now, lanes began)
{
	return m.near * (2.0F * now - was) + m.plain * now + m.far * began;
}

/* -- prices down the tree --------------------------------------------------------------------- */

static void add_row(float *to, const float *from, float part, int slots)
{
	for (int t = 0; t < slots; t += PHASE_LANES)
		put(to + t, get(to + t) + part * get(from + t));
}

/* At the site: of all power, and of moving phases apart. */
static void price_patterns(struct phase_dual *d)
{
	for (int q = 0; q < d->patterns; q++) {
		float *own = d->pattern_price + phase_row(d, q);

		memcpy(own, d->power.price, (size_t)d->stride * sizeof *own);
		for (int k = 0; k < FLOW_PHASES * FLOW_PHASES; k++)
			if (d->spread.is_used[k])
				add_row(own, d->spread.price + phase_row(d, k),
					phase_apart(d, q, k / FLOW_PHASES, k % FLOW_PHASES),
					d->stride);
	}
}

static void price_groups(struct phase_dual *d)
{
	for (int v = 0; v < d->nodes; v++)
		for (int c = 0; c < FLOW_CHANNELS; c++) {
			int k = v * FLOW_CHANNELS + c;
			float *own = d->above + phase_row(d, k);

			if (v)
				memcpy(own,
					d->above + phase_row(d,
							   d->plan->parent[v] * FLOW_CHANNELS + c),
					(size_t)d->stride * sizeof *own);
			else
				memset(own, 0, (size_t)d->stride * sizeof *own);
			if (d->limit.is_used[k])
				add_row(own, d->limit.price + phase_row(d, k), 1.0F, d->stride);
		}
	for (int g = 0; g < d->groups; g++) {
		float *own = d->group_price + phase_row(d, g);
		int q = d->group_pattern[g];

		memcpy(own, d->pattern_price + phase_row(d, q), (size_t)d->stride * sizeof *own);
		for (int c = 0; c < FLOW_CHANNELS; c++)
			if (phase_part(d, q, c) > 0)
				add_row(own,
					d->above +
						phase_row(d, d->group_node[g] * FLOW_CHANNELS + c),
					phase_part(d, q, c), d->stride);
	}
}

/* -- powers ----------------------------------------------------------------------------------- */

/* The price of a sum after a step, when amounts can be had at the pieces' prices. */
static float settle(float price, float step, const struct phase_piece *piece, int pieces)
{
	for (int k = 0; k < pieces && price > piece[k].price; k++) {
		float full = price - step * piece[k].amount;

		price = full > piece[k].price ? full : piece[k].price;
	}
	return price;
}

struct cells {
	float *x, *load;
	const float *began, *least, *most, *price, *step;
	int n;
};

/* One step of a vehicle's powers; what twice the step comes to is added to its group's load, and
 * its sum is returned. */
static float step_cells(const struct cells *s, float step, float worth, struct mix m)
{
	lanes sums = {0};
	float sum = 0;

	for (int t = 0; t < s->n; t += PHASE_LANES) {
		lanes was = get(s->x + t), now, twice;

		now = was - step * get(s->step + t) * (get(s->price + t) - worth);
		now = greater(lesser(now, get(s->most + t)), get(s->least + t));
		twice = 2.0F * now - was;
		sums += twice;
		put(s->load + t, get(s->load + t) + twice);
		put(s->x + t, mixed_lanes(m, was, now, get(s->began + t)));
	}
	for (int k = 0; k < PHASE_LANES; k++)
		sum += sums[k];
	return sum;
}

static void step_vehicles(struct phase_dual *d, struct mix m)
{
	memset(d->group_load, 0, phase_row(d, d->groups) * sizeof *d->group_load);
	for (int i = 0; i < d->n; i++) {
		size_t own = phase_row(d, i) + (size_t)d->from[i];
		size_t group = phase_row(d, d->group_of[i]) + (size_t)d->from[i];
		struct cells s = {d->x + own, d->group_load + group, d->x_began + own,
			d->least + own, d->most + own, d->group_price + group,
			d->group_step + group, d->to[i] - d->from[i]};
		float sum = step_cells(&s, 1.0F / d->weight, d->worth[i], m);
		float step = d->weight * d->worth_step[i], was = d->worth[i];
		float now = settle(was + step * (d->need[i] - sum), step,
			d->tier + (size_t)i * FLOW_TIERS, d->plan->forest->tiers[i]);

		d->worth[i] = mixed(m, was, now, d->worth_began[i]);
	}
}

/* -- loads up the tree ------------------------------------------------------------------------ */

static void load_nodes(struct phase_dual *d)
{
	memset(d->limit.load, 0, phase_row(d, d->nodes * FLOW_CHANNELS) * sizeof(float));
	for (int g = 0; g < d->groups; g++)
		for (int c = 0; c < FLOW_CHANNELS; c++) {
			float part = phase_part(d, d->group_pattern[g], c);

			if (part > 0)
				add_row(d->limit.load +
						phase_row(d, d->group_node[g] * FLOW_CHANNELS + c),
					d->group_load + phase_row(d, g), part, d->stride);
		}
	for (int v = d->nodes - 1; v > 0; v--)
		add_row(d->limit.load + phase_row(d, d->plan->parent[v] * FLOW_CHANNELS),
			d->limit.load + phase_row(d, v * FLOW_CHANNELS), 1.0F,
			FLOW_CHANNELS * d->stride);
}

static void load_patterns(struct phase_dual *d)
{
	memset(d->pattern_load, 0, phase_row(d, d->patterns) * sizeof(float));
	for (int g = 0; g < d->groups; g++)
		add_row(d->pattern_load + phase_row(d, d->group_pattern[g]),
			d->group_load + phase_row(d, g), 1.0F, d->stride);
}

/* -- prices ----------------------------------------------------------------------------------- */

static void step_row(struct phase_dual *d, struct phase_rows *r, int row, struct mix m)
{
	size_t end = phase_row(d, row) + (size_t)d->stride;

	for (size_t at = phase_row(d, row); at < end; at += PHASE_LANES) {
		lanes was = get(r->price + at), over = get(r->load + at) - get(r->limit + at);
		lanes now = greater(was + d->weight * get(r->step + at) * over, (lanes){0});

		put(r->price + at, mixed_lanes(m, was, now, get(r->began + at)));
	}
}

static void step_spread(struct phase_dual *d, struct mix m)
{
	for (int k = 0; k < FLOW_PHASES * FLOW_PHASES; k++) {
		float *load = d->spread.load + phase_row(d, k);

		if (!d->spread.is_used[k])
			continue;
		memset(load, 0, (size_t)d->stride * sizeof *load);
		for (int q = 0; q < d->patterns; q++)
			add_row(load, d->pattern_load + phase_row(d, q),
				phase_apart(d, q, k / FLOW_PHASES, k % FLOW_PHASES), d->stride);
		step_row(d, &d->spread, k, m);
	}
}

static void step_power(struct phase_dual *d, struct mix m)
{
	struct phase_rows *r = &d->power;

	memset(r->load, 0, (size_t)d->stride * sizeof *r->load);
	for (int q = 0; q < d->patterns; q++)
		add_row(r->load, d->pattern_load + phase_row(d, q), 1.0F, d->stride);
	for (int t = 0; t < d->slots; t++) {
		const struct phase_piece *piece = d->part + (size_t)t * (size_t)d->parts;
		float step = d->weight * r->step[t], was = r->price[t], now;

		if (r->step[t] <= 0)
			continue;
		now = settle(was + step * r->load[t], step, piece, d->parts);
		now = now > piece[0].price ? now : piece[0].price;
		r->price[t] = mixed(m, was, now, r->began[t]);
	}
}

static void step_prices(struct phase_dual *d, struct mix m)
{
	bool has_spread = false;

	load_nodes(d);
	for (int k = 0; k < d->nodes * FLOW_CHANNELS; k++)
		if (d->limit.is_used[k])
			step_row(d, &d->limit, k, m);
	for (int k = 0; k < FLOW_PHASES * FLOW_PHASES; k++)
		has_spread |= d->spread.is_used[k];
	if (has_spread || d->power.is_used[0])
		load_patterns(d);
	if (has_spread)
		step_spread(d, m);
	if (d->power.is_used[0])
		step_power(d, m);
}

/* -- rounds ----------------------------------------------------------------------------------- */

static void begin_round(struct phase_dual *d)
{
	size_t row = (size_t)d->stride * sizeof(float);

	memcpy(d->x_began, d->x, (size_t)d->n * row);
	memcpy(d->worth_began, d->worth, (size_t)d->n * sizeof(float));
	memcpy(d->limit.began, d->limit.price, (size_t)(d->nodes * FLOW_CHANNELS) * row);
	memcpy(d->spread.began, d->spread.price, FLOW_PHASES * FLOW_PHASES * row);
	memcpy(d->power.began, d->power.price, row);
}

/* How far the prices of rows have moved, in their steps. */
static double moved_rows(const struct phase_dual *d, const struct phase_rows *r, int rows)
{
	double sum = 0;

	for (int k = 0; k < rows; k++)
		for (int t = 0; r->is_used[k] && t < d->slots; t++) {
			size_t at = phase_row(d, k) + (size_t)t;
			float by = r->price[at] - r->began[at];

			sum += r->step[at] > 0 ? (double)(by * by / r->step[at]) : 0;
		}
	return sum;
}

static double moved_prices(const struct phase_dual *d)
{
	double sum = moved_rows(d, &d->limit, d->nodes * FLOW_CHANNELS) +
		     moved_rows(d, &d->spread, FLOW_PHASES * FLOW_PHASES) +
		     moved_rows(d, &d->power, 1);

	for (int i = 0; i < d->n; i++) {
		float by = d->worth[i] - d->worth_began[i];

		sum += d->worth_step[i] > 0 ? (double)(by * by / d->worth_step[i]) : 0;
	}
	return sum;
}

static double moved_powers(const struct phase_dual *d)
{
	double sum = 0;

	for (int i = 0; i < d->n; i++) {
		const float *step = d->group_step + phase_row(d, d->group_of[i]);

		for (int t = d->from[i]; t < d->to[i]; t++) {
			size_t at = phase_row(d, i) + (size_t)t;
			float by = d->x[at] - d->x_began[at];

			sum += step[t] > 0 ? (double)(by * by / step[t]) : 0;
		}
	}
	return sum;
}

static float root(double a)
{
	double r = a > 1 ? a : 1;

	for (int k = 0; k < 60; k++)
		r = 0.5 * (r + a / r);
	return (float)r;
}

/* If prices had farther to go than powers their steps shall be greater, and the other way round. */
static void weigh(struct phase_dual *d)
{
	double powers = moved_powers(d), prices = moved_prices(d);
	float to;

	if (powers < 1e-12 || prices < 1e-12)
		return;
	to = root((double)d->weight * (double)root(prices / powers));
	to = to > 4.0F * d->weight ? 4.0F * d->weight : to;
	to = to < d->weight / 4.0F ? d->weight / 4.0F : to;
	d->weight = to > WEIGHT_MAX ? WEIGHT_MAX : to < WEIGHT_MIN ? WEIGHT_MIN : to;
}

void phase_dual_run(struct phase_dual *d, int iterations)
{
	for (int left = iterations, round; left > 0; left -= round) {
		round = left < ROUND ? left : ROUND;
		begin_round(d);
		for (int k = 0; k < round; k++) {
			float near = (float)(k + 1) / (float)(k + 2);
			struct mix m = {near, 0, 1.0F - near};

			if (k == round - 1)
				m = (struct mix){0, 1.0F, 0};
			price_patterns(d);
			price_groups(d);
			step_vehicles(d, m);
			step_prices(d, m);
		}
		weigh(d);
	}
}
