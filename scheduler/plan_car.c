/* Vehicles of a plan: their windows, their order, and the room on their way up the tree. */
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
	int64_t first = 0, last = slots;

	if (v->from_ms > in->start_ms)
		first = floor_div(v->from_ms - in->start_ms + slot_ms - 1, slot_ms);
	if (v->depart_ms)
		last = floor_div(v->depart_ms - in->start_ms, slot_ms);
	c->late = v->depart_ms && last <= 0 && v->from_ms <= in->start_ms;
	if (c->late || last > slots)
		last = slots;
	if (first > slots)
		first = slots;
	c->first = (int)first;
	c->last = (int)(last < first ? first : last);
	c->depart_ms = v->depart_ms ? v->depart_ms : INT64_MAX;
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
	c->priority = v->priority;
	c->max_w = v->max_w && v->max_w < evse->max_w ? v->max_w : evse->max_w;
	c->min_w = v->min_w > evse->min_w ? v->min_w : evse->min_w;
	c->battery = &v->battery;
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

/* -- room ------------------------------------------------------------------------------------ */

int32_t plan_path_room(const struct plan_work *s, const struct plan_car *c, int slot)
{
	int32_t least = GRID_NO_LIMIT;

	for (int v = c->evse_node; v >= 0; v = grid_tree_node(s->in->tree, v)->parent)
		if (*plan_room_at(s, v, slot) < least)
			least = *plan_room_at(s, v, slot);
	return least > 0 ? least : 0;
}

void plan_take(struct plan_work *s, const struct plan_car *c, int slot, int32_t w)
{
	*plan_w_at(s, c, slot) += w;
	for (int v = c->evse_node; v >= 0; v = grid_tree_node(s->in->tree, v)->parent)
		*plan_room_at(s, v, slot) -= w;
}

void plan_clear_row(struct plan_work *s, const struct plan_car *c)
{
	for (int t = c->first; t < c->last; t++)
		if (*plan_w_at(s, c, t))
			plan_take(s, c, t, -*plan_w_at(s, c, t));
}

static int32_t idle_w(const struct plan_input *in, int evse)
{
	if (in->idle_w)
		return in->idle_w[evse];
	return grid_tree_node(in->tree, grid_tree_evse_node(in->tree, evse))->tail_w;
}

static void reserve_idle(struct plan_work *s, int evse, const bool *planned)
{
	const struct grid_tree *t = s->in->tree;
	int evse_node = grid_tree_evse_node(t, evse);
	int32_t idle = idle_w(s->in, evse);

	for (int slot = 0; slot < s->slots; slot++) {
		for (int v = evse_node; v >= 0 && !planned[slot];
			v = grid_tree_node(t, v)->parent) {
			int32_t *r = plan_room_at(s, v, slot);

			*r = *r > idle ? *r - idle : 0;
		}
	}
}

int plan_reserve_idle(struct plan_work *s)
{
	const struct grid_tree *t = s->in->tree;
	size_t evses = (size_t)grid_tree_evses(t), n = (size_t)s->in->n;
	int *car_of = malloc((evses + n + 1) * sizeof(int)), *next;
	bool *planned = malloc((size_t)s->slots);

	if (!car_of || !planned) {
		free(car_of);
		free(planned);
		return -1;
	}
	next = car_of + evses;
	memset(car_of, -1, evses * sizeof(int));
	for (int i = 0; i < s->in->n; i++) {
		int e = grid_tree_node(t, s->car[i].evse_node)->evse_first;

		next[i] = car_of[e];
		car_of[e] = i;
	}
	for (size_t e = 0; e < evses; e++) {
		if (idle_w(s->in, (int)e) <= 0)
			continue;
		memset(planned, 0, (size_t)s->slots);
		for (int i = car_of[e]; i >= 0; i = next[i])
			memset(planned + s->car[i].first, 1,
				(size_t)(s->car[i].last - s->car[i].first));
		reserve_idle(s, (int)e, planned);
	}
	free(car_of);
	free(planned);
	return 0;
}

int64_t plan_store(const struct plan_car *c, int64_t *stored_mj, int32_t w, int slot_s)
{
	int64_t before = *stored_mj;

	battery_charge(c->battery, stored_mj, w, slot_s);
	return *stored_mj - before;
}

int64_t plan_row_mj(const struct plan_work *s, const struct plan_car *c)
{
	int64_t stored = c->start_mj;

	for (int t = c->first; t < c->last; t++)
		if (*plan_w_at(s, c, t))
			plan_store(c, &stored, *plan_w_at(s, c, t), s->in->slot_s);
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
