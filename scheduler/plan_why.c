/* Why each slot of a plan is not more, and what comes of each vehicle. */
#include "scheduler/plan_private.h"

#include <stdlib.h>
#include <string.h>

struct why {
	struct plan_work *s;
	struct plan *p;
	int32_t *price; /* [slots] of one W more, scaled; NULL: the plan is by the rule */
};

/* Dearer than the dearest energy that the vehicle buys, or may buy. */
static bool is_dear(const struct why *y, const struct plan_car *c, int slot)
{
	if (!y->price)
		return false;
	return y->price[slot] > c->miss_price ||
	       y->price[slot] / PLAN_PRICE_SCALE > y->p->marginal[c->index];
}

/* What kept a vehicle from more than `w` in a slot where it could have used `wanted`. */
static enum grid_source reason(const struct why *y, const struct plan_car *c, int slot,
	int32_t holds, int *node, uint8_t *channel)
{
	const struct plan_work *s = y->s;
	int32_t w = *plan_w_at(s, c, slot);
	const struct grid_node *evse = grid_tree_node(s->in->tree, c->evse_node);
	struct plan_bind b;

	*node = -1;
	*channel = GRID_TOTAL;
	if (w >= c->max_w)
		return c->max_w < evse->max_w ? GRID_SOURCE_VEHICLE : GRID_SOURCE_EVSE;
	if (w >= holds)
		return GRID_SOURCE_BATTERY;
	b = plan_path_bind(s, c, slot);
	if (b.w > 0 && (w > 0 || b.w >= c->min_w))
		return is_dear(y, c, slot) ? GRID_SOURCE_PRICE : GRID_SOURCE_PLAN;
	*node = b.node;
	*channel = (uint8_t)b.channel;
	return b.w > 0 ? GRID_SOURCE_MINIMUM : b.source;
}

/* The reason and node that cost a short vehicle the most energy. */
struct blame {
	int64_t lost_mj; /* of the candidate */
	enum grid_source source;
	int node;
};

/* Keeps the greatest of a few reasons by counting them against one another (majority vote): exact
 * when one reason outweighs all others together, and a true reason in any case. */
static void blame(struct blame *b, enum grid_source source, int node, int64_t lost)
{
	if (b->lost_mj > 0 && (b->source != source || b->node != node)) {
		b->lost_mj -= lost;
		if (b->lost_mj >= 0)
			return;
		lost = -b->lost_mj;
		b->lost_mj = 0;
	}
	b->source = source;
	b->node = node;
	b->lost_mj += lost;
}

static void explain_slot(
	const struct why *y, const struct plan_car *c, int t, int64_t stored, struct blame *b)
{
	const struct plan_work *s = y->s;
	struct plan *p = y->p;
	size_t at = (size_t)c->index * (size_t)s->slots + (size_t)t;
	int slot_s = plan_slot_s(s, t);
	int32_t holds = plan_hold_w(c, stored, slot_s);
	enum grid_source why;

	if (stored >= c->start_mj + c->goal_mj) {
		p->source[at] = GRID_SOURCE_PLAN;
		return;
	}
	why = reason(y, c, t, holds, &p->node[at], &p->channel[at]);
	p->source[at] = (uint8_t)why;
	/* The charger's size is to blame only if nothing else ever was: it costs no lost power. */
	if (holds > c->max_w)
		holds = c->max_w;
	blame(b, why, p->node[at],
		why == GRID_SOURCE_PLAN ? 1 : 1 + (int64_t)(holds - *plan_w_at(s, c, t)) * slot_s);
}

/* What would be missing if no limit kept anything from it: nobody's fault but its own. */
static void own_part(const struct why *y, struct plan_outcome *o, const struct plan_car *c)
{
	const struct plan_input *in = y->s->in;
	int64_t stored = c->start_mj, miss;

	for (int t = c->first; t < c->last; t++)
		plan_store(c, &stored, c->max_w, plan_slot_s(y->s, t));
	miss = c->need_mj - (stored - c->start_mj);
	if (miss <= 0)
		return;
	o->own_short_wh = (miss + BATTERY_MJ_PER_WH - 1) / BATTERY_MJ_PER_WH;
	if (o->own_short_wh > o->short_wh)
		o->own_short_wh = o->short_wh;
	o->own_why = c->max_w < grid_tree_node(in->tree, c->evse_node)->max_w ? GRID_SOURCE_VEHICLE
									      : GRID_SOURCE_EVSE;
}

static void explain_need(const struct why *y, struct plan_outcome *o, const struct plan_car *c,
	int64_t got, const struct blame *b)
{
	if (!o->short_wh)
		return;
	o->why = b->source;
	o->why_node = b->node;
	if (c->first == c->last || c->late)
		o->why = GRID_SOURCE_DEPARTURE;
	else if (got >= c->goal_mj)
		o->why = GRID_SOURCE_BATTERY;
	else
		own_part(y, o, c);
}

static void explain_car(const struct why *y, const struct plan_car *c)
{
	const struct plan_work *s = y->s;
	struct plan *p = y->p;
	struct plan_outcome *o = &p->outcome[c->index];
	size_t row = (size_t)c->index * (size_t)s->slots;
	int64_t stored = c->start_mj, need = c->need_mj, got;
	struct blame b = {0, GRID_SOURCE_PLAN, -1};

	memset(p->source + row, GRID_SOURCE_DEPARTURE, (size_t)s->slots);
	for (int t = 0; t < s->slots; t++)
		p->node[row + (size_t)t] = -1;
	o->first_slot = c->first;
	o->last_slot = c->last;
	o->need_wh = need / BATTERY_MJ_PER_WH;
	o->ready_slot = need ? -1 : -2;
	o->why_node = -1;
	for (int t = c->first; t < c->last; t++) {
		explain_slot(y, c, t, stored, &b);
		if (*plan_w_at(s, c, t))
			plan_store(c, &stored, *plan_w_at(s, c, t), plan_slot_s(s, t));
		if (o->ready_slot == -1 && stored - c->start_mj >= need)
			o->ready_slot = t;
	}
	got = stored - c->start_mj;
	o->planned_wh = got / BATTERY_MJ_PER_WH;
	if (c->late)
		o->short_wh = o->need_wh;
	else if (got < need) /* rounded up: a vehicle short of a fraction is short */
		o->short_wh = (need - got + BATTERY_MJ_PER_WH - 1) / BATTERY_MJ_PER_WH;
	explain_need(y, o, c, got, &b);
	p->need_wh += o->need_wh;
	p->planned_wh += o->planned_wh;
	p->short_wh += o->short_wh;
	p->short_vehicles += o->short_wh > 0;
}

int plan_explain(struct plan_work *s, struct plan *p)
{
	struct why y = {.s = s, .p = p};

	if (!p->by_rule) {
		y.price = malloc((size_t)s->slots * sizeof *y.price);
		if (!y.price || plan_next_price(s, y.price)) {
			free(y.price);
			return -1;
		}
	}
	for (int i = 0; i < s->in->n; i++)
		explain_car(&y, &s->car[i]);
	free(y.price);
	return 0;
}
