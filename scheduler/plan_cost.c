/* What a plan costs: what is drawn, by the prices of each slot, and what is missing. */
#include "scheduler/plan_private.h"

#include <stdlib.h>

#define WS_PER_KWH 3600000

/* Of `ws` W·s in one slot. */
static flow_value slot_cost(const struct flow_part *part, int parts, int64_t ws, int slot_s)
{
	flow_value cost = 0;

	for (int k = 0; k < parts && ws > 0; k++) {
		int64_t most = (int64_t)part[k].w * slot_s, now = ws;

		if (now > most && k + 1 < parts)
			now = most;
		cost += (flow_value)now * part[k].price;
		ws -= now;
	}
	return cost;
}

/* W·s drawn in each slot, all vehicles; *missing: price of what they go without, in price · W·s
 * (`missing` NULL: not asked). NULL: no memory. */
static int64_t *drawn(const struct plan_work *s, flow_value *missing)
{
	int64_t *ws = calloc((size_t)s->slots, sizeof *ws);

	for (int i = 0; ws && i < s->in->n; i++) {
		const struct plan_car *c = &s->car[i];
		const int32_t *row = plan_w_at(s, c, 0);
		int64_t stored = c->start_mj;

		if (plan_is_taken(s, c, &stored))
			for (int t = c->first; t < c->last; t++)
				ws[t] += (int64_t)row[t] * plan_slot_s(s, t);
		else
			for (int t = c->first; t < c->last; t++)
				if (row[t])
					ws[t] += battery_charge(
						c->battery, &stored, row[t], plan_slot_s(s, t));
		if (missing)
			*missing += (flow_value)c->miss_price * s->in->slot_s *
				    plan_need(s, c, c->goal_mj - (stored - c->start_mj));
	}
	return ws;
}

/* Of the highest slots above what is paid for, as if each were an interval of the meter's, in the
 * unit of plan_value() where `scale` is PLAN_PRICE_SCALE. */
static flow_value demand_cost(const struct plan_work *s, const int64_t *ws, int scale)
{
	const struct plan_prices *m = s->in->prices;
	flow_value cost = 0;

	for (int k = 0; m && k < m->demands; k++) {
		const struct plan_demand *d = &m->demand[k];
		int64_t most = 0;

		for (int t = 0; t < s->slots; t++) {
			int64_t w = ws[t] +
				    (m->load_w ? (int64_t)m->load_w[t] : 0) * s->in->slot_s -
				    (int64_t)d->paid_w * s->in->slot_s;

			if ((!d->counts || d->counts[t]) && w > most)
				most = w;
		}
		cost += (flow_value)most * d->price * scale * 3600 / s->in->slot_s;
	}
	return cost;
}

int plan_value(const struct plan_work *s, flow_value *value)
{
	int64_t *ws;

	*value = 0;
	ws = drawn(s, value);
	if (!ws)
		return -1;
	for (int t = 0; t < s->slots; t++)
		*value += slot_cost(s->price + (size_t)t * (size_t)s->parts, s->parts, ws[t],
			plan_slot_s(s, t));
	*value += demand_cost(s, ws, PLAN_PRICE_SCALE);
	free(ws);
	return 0;
}

int plan_money(const struct plan_work *s, int64_t *energy, int64_t *demand)
{
	const struct plan_prices *prices = s->in->prices;
	int64_t *ws = prices ? drawn(s, NULL) : NULL;
	flow_value cost = 0;

	for (int t = 0; ws && t < s->slots; t++)
		cost += slot_cost(prices->part + (size_t)t * (size_t)prices->parts, prices->parts,
			ws[t], plan_slot_s(s, t));
	*energy = (int64_t)(cost / WS_PER_KWH);
	*demand = ws ? (int64_t)(demand_cost(s, ws, 1) / WS_PER_KWH) : 0;
	free(ws);
	return ws || !prices ? 0 : -1;
}

int plan_next_price(const struct plan_work *s, int32_t *price)
{
	size_t slots = (size_t)s->slots, parts = (size_t)s->parts;
	int64_t *total = calloc(slots, sizeof *total);

	if (!total)
		return -1;
	for (size_t i = 0; i < (size_t)s->in->n; i++)
		for (size_t t = 0; t < slots; t++)
			total[t] += s->w[i * slots + t];
	for (size_t t = 0; t < slots; t++) {
		const struct flow_part *part = &s->price[t * parts];
		size_t k = 0;

		for (; k + 1 < parts && total[t] >= part[k].w; k++)
			total[t] -= part[k].w;
		price[t] = part[k].price;
	}
	free(total);
	return 0;
}
