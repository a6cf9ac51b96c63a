#include "scheduler/plan_private.h"

#include <stdlib.h>
#include <string.h>

static bool prices_valid(const struct plan_prices *p, int slots)
{
	if (p->parts < 1 || p->demands < 0 || p->demands > PLAN_DEMANDS)
		return false;
	for (int k = 0; k < p->demands; k++)
		if (p->demand[k].price < 0 || p->demand[k].price > PLAN_DEMAND_PRICE_MAX ||
			p->demand[k].paid_w < 0)
			return false;
	for (int t = 0; t < slots; t++)
		for (int k = 0; k < p->parts; k++) {
			const struct flow_part *part =
				&p->part[(size_t)t * (size_t)p->parts + (size_t)k];

			if (part->w < 0 || (k && part->price < part[-1].price))
				return false;
		}
	return true;
}

static bool input_valid(const struct plan_input *in)
{
	if (in->slot_s < 1 || in->slot_s > 86400 || in->first_s < 0 || in->first_s > in->slot_s ||
		in->n < 0 || in->start_ms < 0 || in->start_ms > PLAN_TIME_MAX_MS ||
		in->caps->slots < 1 || in->caps->nodes != grid_tree_nodes(in->tree))
		return false;
	if (in->prices && !prices_valid(in->prices, in->caps->slots))
		return false;
	for (int i = 0; i < in->n; i++) {
		const struct plan_vehicle *v = &in->vehicles[i];

		if (v->evse < 0 || v->evse >= grid_tree_evses(in->tree) || v->from_ms < 0 ||
			v->from_ms > PLAN_TIME_MAX_MS || v->depart_ms < 0 ||
			v->depart_ms > PLAN_TIME_MAX_MS || v->need_wh < 0 ||
			v->need_wh > 100000000 || v->stored_wh < 0 || v->stored_wh > 100000000 ||
			v->max_w < 0 || v->min_w < 0 || v->worth < 0 ||
			!battery_valid(&v->battery) || v->sixths[0] > 6 || v->sixths[1] > 6 ||
			v->sixths[2] > 6)
			return false;
	}
	return true;
}

static struct plan *alloc_plan(const struct plan_input *in)
{
	struct plan *p = calloc(1, sizeof(*p));
	size_t n = (size_t)in->n, cells = n * (size_t)in->caps->slots;

	if (!p)
		return NULL;
	p->vehicles = in->n;
	p->slots = in->caps->slots;
	p->slot_s = in->slot_s;
	p->start_ms = in->start_ms;
	p->w = calloc(cells + 1, sizeof(*p->w));
	p->source = calloc(cells + 1, 1);
	p->node = calloc(cells + 1, sizeof(*p->node));
	p->channel = calloc(cells + 1, 1);
	p->outcome = calloc(n + 1, sizeof(*p->outcome));
	p->marginal = calloc(n + 1, sizeof(*p->marginal));
	p->worth = calloc((size_t)in->caps->nodes + 1, sizeof(*p->worth));
	if (p->w && p->source && p->node && p->channel && p->outcome && p->marginal && p->worth)
		return p;
	plan_destroy(p);
	return NULL;
}

static int init_solver(struct plan_work *s, const struct plan_input *in, struct plan *p)
{
	size_t n = (size_t)in->n;

	s->in = in;
	s->slots = in->caps->slots;
	s->nodes = in->caps->nodes;
	s->w = p->w;
	s->spare_w = malloc((size_t)s->slots * sizeof(*s->spare_w));
	s->car = calloc(n + 1, sizeof(*s->car));
	s->by_priority = calloc(n + 1, sizeof(int));
	s->got_mj = calloc(n + 1, sizeof(*s->got_mj));
	if (!s->spare_w || !s->car || !s->by_priority || !s->got_mj)
		return -1;
	for (int i = 0; i < in->n; i++)
		plan_car_set(&s->car[i], in, i);
	plan_car_order(s);
	return plan_room_init(s);
}

/* All energy costs the same. */
static bool is_flat(const struct plan_prices *p, int slots)
{
	size_t n = p ? (size_t)p->parts * (size_t)slots : 0;

	if (p && p->demands)
		return false;
	for (size_t i = 1; i < n; i++)
		if (p->part[i].price != p->part[0].price)
			return false;
	return true;
}

/* What the plan misses where nobody's energy has a price, as s->least. */
static struct plan_least missing(const struct plan_work *s)
{
	struct plan_least out = {0};

	for (int i = 0; i < s->in->n; i++) {
		const struct plan_car *c = &s->car[i];
		int64_t mj = c->goal_mj - plan_row_mj(s, c);

		if (c->late || mj <= 0 || c->miss_price < PLAN_MISS_PRICE)
			continue;
		out.mj += mj;
		out.value += (flow_value)plan_need(s, c, mj) * c->miss_price * s->in->slot_s;
	}
	return out;
}

/* What a W·s that is missing is worth at least above what it would cost. */
static int64_t worth_of_missing(const struct plan_work *s)
{
	int64_t dearest = 0;

	for (int i = 0; i < s->slots * s->parts; i++)
		if (s->price[i].price > dearest)
			dearest = s->price[i].price;
	return dearest < PLAN_MISS_PRICE / 2 ? PLAN_MISS_PRICE - dearest : PLAN_MISS_PRICE / 2;
}

/* How far it is from the bound: as energy that could still be delivered, and as money. The first is told
 * apart where the least that is missing is known; else all of it may be either. */
static void set_gap(const struct plan_work *s, flow_value value, struct plan *p)
{
	flow_value unit = (flow_value)PLAN_PRICE_SCALE * 3600000, left = value - s->bound;
	struct plan_least now = missing(s);
	int64_t most_mj = now.mj - (s->least.is_known ? s->least.mj : 0);

	if (s->least.is_known && now.value > s->least.value)
		left -= now.value - s->least.value;
	else if (!s->least.is_known && left >= 0 && left * 1000 / worth_of_missing(s) < most_mj)
		most_mj = (int64_t)(left * 1000 / worth_of_missing(s));
	p->gap = left <= 0 ? 0 : (int64_t)((left + unit - 1) / unit);
	p->gap_wh = most_mj <= 0 || value <= s->bound ? 0 : most_mj / BATTERY_MJ_PER_WH;
}

/* What it is worth that all go on who charge by the plan in force; 0: somebody does not. */
static flow_value keeps_places(const struct plan_work *s)
{
	if (plan_is_any_dropped(s))
		return 0;
	return (flow_value)plan_keep_wh(s, s->got_mj) * 3600 * PLAN_MISS_PRICE;
}

/* The rule's plan again, with its second step where that is the cheaper one. */
static int fall_back(
	struct plan_work *s, const int32_t *rows, const int64_t *got, flow_value *value)
{
	size_t bytes = (size_t)s->in->n * sizeof(*got);
	flow_value again, keeps;

	plan_restore(s, rows);
	memcpy(s->got_mj, got, bytes);
	keeps = keeps_places(s);
	if (plan_early_again(s) || plan_value(s, &again))
		return -1;
	if (again + (plan_is_any_dropped(s) ? keeps : 0) < *value) {
		*value = again;
		return 0;
	}
	plan_restore(s, rows);
	memcpy(s->got_mj, got, bytes);
	return 0;
}

/* What the rule's plan, which is there now, would cost: nobody waits for a price. */
static int set_at_once(const struct plan_work *s, struct plan *p)
{
	int64_t energy, demand;

	if (s->in->prices == NULL || s->in->is_sample || plan_is_any_short(s))
		return 0;
	if (plan_money(s, &energy, &demand))
		return -1;
	p->at_once = energy + demand;
	return 0;
}

/* A plan of least cost in place of the rule's one, or the rule's again. */
static int improve(struct plan_work *s, struct plan *p)
{
	size_t n = (size_t)s->in->n, cells = n * (size_t)s->slots;
	int32_t *rows = malloc((cells + 1) * sizeof(*rows));
	int64_t *got = malloc((n + 1) * sizeof(*got));
	flow_value value, least, keeps;
	int rc = -1, solved;

	if (!rows || !got || plan_price_set(s) || plan_value(s, &value) || set_at_once(s, p))
		goto out;
	memcpy(rows, s->w, cells * sizeof(*rows));
	memcpy(got, s->got_mj, n * sizeof(*got));
	keeps = keeps_places(s);
	for (int i = 0; i < s->in->n; i++)
		plan_clear_row(s, &s->car[i]);
	solved = plan_flow(s, p) || plan_value(s, &least) ? -1 : 0;
	if (solved == 0 && least + (plan_is_any_dropped(s) ? keeps : 0) < value) {
		p->by_rule = false;
		value = least;
	} else if (fall_back(s, rows, got, &value)) {
		goto out;
	}
	p->gap = -1;
	if (solved == 0)
		set_gap(s, value, p);
	rc = 0;
out:
	free(rows);
	free(got);
	return rc;
}

/* The plain rule, where nothing is better. */
static int choose(struct plan_work *s, struct plan *p)
{
	plan_early(s);
	p->by_rule = true;
	p->at_once = -1;
	if (s->in->fill_spare || (is_flat(s->in->prices, s->slots) && !plan_is_any_short(s)))
		return plan_early_again(s);
	return improve(s, p);
}

struct plan *plan_solve(const struct plan_input *in)
{
	struct plan_work s = {0};
	struct plan *p;
	int rc;

	if (!input_valid(in))
		return NULL;
	p = alloc_plan(in);
	if (!p)
		return NULL;
	rc = init_solver(&s, in, p);
	if (rc == 0)
		rc = choose(&s, p);
	if (rc == 0 && in->fill_spare)
		plan_fill_spare(&s);
	if (rc == 0)
		rc = plan_money(&s, &p->cost, &p->demand_cost);
	if (rc == 0)
		rc = plan_explain(&s, p);
	plan_room_finish(&s);
	free(s.price);
	free(s.spare_w);
	free(s.car);
	free(s.by_priority);
	free(s.got_mj);
	if (rc == 0)
		return p;
	plan_destroy(p);
	return NULL;
}

void plan_destroy(struct plan *p)
{
	if (!p)
		return;
	free(p->w);
	free(p->source);
	free(p->node);
	free(p->channel);
	free(p->outcome);
	free(p->marginal);
	free(p->worth);
	free(p);
}
