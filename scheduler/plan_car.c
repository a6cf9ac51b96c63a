/* Vehicles of a plan: their windows, their phases, their order, and what a slot stores. */
#include "scheduler/plan_private.h"

#include <stdlib.h>
#include <string.h>

/* -- windows and orders ---------------------------------------------------------------------- */

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Only whole slots between plug-in and departure count. */
static void set_window(
	struct plan_car *c, const struct plan_input *in, const struct plan_vehicle *v)
{
	int64_t slot_ms = (int64_t)in->slot_s * 1000, slots = in->caps->slots;
	int64_t first = 0, last = slots, begin = in->start_ms;

	if (in->first_s)
		begin += slot_ms - (int64_t)in->first_s * 1000;
	if (v->from_ms > begin)
		first = floor_div(v->from_ms - in->start_ms + slot_ms - 1, slot_ms);
	if (v->depart_ms)
		last = floor_div(v->depart_ms - in->start_ms, slot_ms);
	c->late = v->depart_ms && last <= 0 && v->from_ms <= begin;
	if (c->late || last > slots)
		last = slots;
	if (first > slots)
		first = slots;
	c->first = (int)first;
	c->last = (int)(last < first ? first : last);
	c->depart_ms = v->depart_ms ? v->depart_ms : INT64_MAX;
}

static void set_phases(struct plan_car *c, const struct plan_vehicle *v)
{
	bool is_said = false;

	for (int p = 0; p < GRID_PHASES; p++)
		is_said |= v->sixths[p] != 0;
	for (int p = 0; p < GRID_PHASES; p++)
		c->weight[p] = is_said ? v->sixths[p] : 2;
	c->is_exact = v->is_exact || !is_said;
}

void plan_car_set(struct plan_car *c, const struct plan_input *in, int index)
{
	const struct plan_vehicle *v = &in->vehicles[index];
	const struct grid_node *evse;
	int64_t full = v->battery.capacity_wh * BATTERY_MJ_PER_WH;

	c->index = index;
	c->evse_node = grid_tree_evse_node(in->tree, v->evse);
	evse = grid_tree_node(in->tree, c->evse_node);
	set_window(c, in, v);
	set_phases(c, v);
	c->priority = v->priority;
	c->is_on = v->now_w > 0;
	c->max_w = v->max_w && v->max_w < evse->max_w ? v->max_w : evse->max_w;
	c->min_w = v->min_w > evse->min_w ? v->min_w : evse->min_w;
	c->battery = &v->battery;
	c->knee_mj = battery_knee_mj(c->battery);
	c->start_mj = v->stored_wh * BATTERY_MJ_PER_WH;
	if (full && c->start_mj > full)
		c->start_mj = full;
	c->need_mj = v->need_wh * BATTERY_MJ_PER_WH;
	c->goal_mj = c->need_mj;
	if (full && c->goal_mj > full - c->start_mj)
		c->goal_mj = full - c->start_mj;
}

static int compare(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int by_departure(const void *x, const void *y)
{
	const struct plan_car *a = x, *b = y;
	int c = compare(a->depart_ms, b->depart_ms);

	c = c ? c : compare(a->priority, b->priority);
	c = c ? c : compare(b->is_on, a->is_on);
	return c ? c : compare(a->index, b->index);
}

static int by_priority(const void *x, const void *y, void *arg)
{
	const struct plan_car *car = arg;
	int a = *(const int *)x, b = *(const int *)y;
	int c = compare(car[a].priority, car[b].priority);

	return c ? c : compare(a, b);
}

void plan_car_order(struct plan_work *s)
{
	size_t n = (size_t)s->in->n;

	qsort(s->car, n, sizeof(*s->car), by_departure);
	for (int i = 0; i < s->in->n; i++)
		s->by_priority[i] = i;
	qsort_r(s->by_priority, n, sizeof(int), by_priority, s->car);
}

/* -- energy ---------------------------------------------------------------------------------- */

bool plan_is_taken(const struct plan_work *s, const struct plan_car *c, int64_t *stored_mj)
{
	const int32_t *row = plan_w_at(s, c, 0);
	int64_t sum = 0;
	int32_t most = 0;

	for (int t = c->first; t < c->last; t++) {
		sum += row[t];
		most = row[t] > most ? row[t] : most;
	}
	sum *= s->in->slot_s;
	if (c->first == 0 && c->last > 0)
		sum -= (int64_t)row[0] * (s->in->slot_s - plan_slot_s(s, 0));
	sum = c->start_mj + sum * c->battery->efficiency_pm;
	if (most > c->battery->max_w || sum > c->knee_mj)
		return false;
	*stored_mj = sum;
	return true;
}

int64_t plan_row_mj(const struct plan_work *s, const struct plan_car *c)
{
	int64_t stored = c->start_mj;

	if (plan_is_taken(s, c, &stored))
		return stored - c->start_mj;
	for (int t = c->first; t < c->last; t++)
		if (*plan_w_at(s, c, t))
			plan_store(c, &stored, *plan_w_at(s, c, t), plan_slot_s(s, t));
	return stored - c->start_mj;
}

int64_t plan_need(const struct plan_work *s, const struct plan_car *c, int64_t mj)
{
	int64_t per_w = (int64_t)s->in->slot_s * c->battery->efficiency_pm;

	return mj > 0 ? (mj + per_w - 1) / per_w : 0;
}

bool plan_is_any_short(const struct plan_work *s)
{
	for (int i = 0; i < s->in->n; i++)
		if (s->got_mj[i] < s->car[i].goal_mj && !s->car[i].late)
			return true;
	return false;
}
