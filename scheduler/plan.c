#include "scheduler/plan.h"

#include <stdlib.h>
#include <string.h>

/*
 * 1. Earliest departure first: each vehicle in turn takes the earliest room on its path.
 * 2. If someone falls short, the same is done the other way about: in the order of priority each
 *    takes the *latest* room, which is what harms the others least; then, earliest departure first,
 *    each moves to the earliest room there is. Of the two plans the one stays that leaves the more
 *    important vehicles less short.
 */

#define TIME_MAX_MS (INT64_MAX / 4) /* differences and roundings of times stay in range */

/* A vehicle with what the input says about it worked out. */
struct car {
	int index; /* in the input */
	int evse_node;
	int first, last; /* usable slots [first, last) */
	bool late; /* departure is past, or before the end of the first slot */
	int64_t depart_ms;
	int priority;
	int32_t max_w, min_w;
	int64_t start_mj; /* stored at first */
	int64_t goal_mj; /* to be stored: the need, as far as the battery and its room allow */
	int64_t need_mj;
	const struct battery *battery;
};

struct solver {
	const struct plan_input *in;
	int slots, nodes;
	int32_t *room; /* [node][slot] */
	int32_t *w; /* [vehicle][slot] */
	int32_t *spare_w; /* one row */
	struct car *car; /* earliest departure first */
	int *by_priority; /* positions in car[] */
	int64_t *got_mj; /* by position in car[] */
};

/* -- windows and orders ---------------------------------------------------------------------- */

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Only whole slots between plug-in and departure count. */
static void set_window(struct car *c, const struct plan_input *in, const struct plan_vehicle *v)
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

static void set_car(struct car *c, const struct plan_input *in, int index)
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
	const struct car *a = x, *b = y;
	int c = compare(a->depart_ms, b->depart_ms);

	c = c ? c : compare(a->priority, b->priority);
	return c ? c : compare(a->index, b->index);
}

static int by_priority(const void *x, const void *y, void *arg)
{
	const struct car *car = arg;
	int a = *(const int *)x, b = *(const int *)y;
	int c = compare(car[a].priority, car[b].priority);

	return c ? c : compare(a, b);
}

/* -- room ------------------------------------------------------------------------------------ */

static int32_t *room_at(const struct solver *s, int node, int slot)
{
	return &s->room[(size_t)node * (size_t)s->slots + (size_t)slot];
}

static int32_t *w_at(const struct solver *s, const struct car *c, int slot)
{
	return &s->w[(size_t)c->index * (size_t)s->slots + (size_t)slot];
}

static int32_t path_room(const struct solver *s, const struct car *c, int slot)
{
	int32_t least = GRID_NO_LIMIT;

	for (int v = c->evse_node; v >= 0; v = grid_tree_node(s->in->tree, v)->parent)
		if (*room_at(s, v, slot) < least)
			least = *room_at(s, v, slot);
	return least > 0 ? least : 0;
}

static void take(struct solver *s, const struct car *c, int slot, int32_t w)
{
	*w_at(s, c, slot) += w;
	for (int v = c->evse_node; v >= 0; v = grid_tree_node(s->in->tree, v)->parent)
		*room_at(s, v, slot) -= w;
}

static void clear_row(struct solver *s, const struct car *c)
{
	for (int t = c->first; t < c->last; t++)
		if (*w_at(s, c, t))
			take(s, c, t, -*w_at(s, c, t));
}

static int32_t idle_w(const struct plan_input *in, int evse)
{
	if (in->idle_w)
		return in->idle_w[evse];
	return grid_tree_node(in->tree, grid_tree_evse_node(in->tree, evse))->tail_w;
}

static void reserve_idle(struct solver *s, int evse, const bool *planned)
{
	const struct grid_tree *t = s->in->tree;
	int evse_node = grid_tree_evse_node(t, evse);
	int32_t idle = idle_w(s->in, evse);

	for (int slot = 0; slot < s->slots; slot++) {
		for (int v = evse_node; v >= 0 && !planned[slot];
			v = grid_tree_node(t, v)->parent) {
			int32_t *r = room_at(s, v, slot);

			*r = *r > idle ? *r - idle : 0;
		}
	}
}

/* EVSEs with nobody to plan for draw what they may draw unasked. */
static int reserve_all_idle(struct solver *s)
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

/* -- filling --------------------------------------------------------------------------------- */

/* Stores what a slot at `w` gives; returns the energy gained. */
static int64_t store(const struct car *c, int64_t *stored_mj, int32_t w, int slot_s)
{
	int64_t before = *stored_mj;

	battery_charge(c->battery, stored_mj, w, slot_s);
	return *stored_mj - before;
}

/* Power for one slot out of what is wanted, can be taken and has room: 0 or at least the minimum.
 * A want or a taper below the minimum still needs an offer of the minimum. */
static int32_t settle(const struct car *c, int32_t wanted, int32_t room)
{
	int32_t w = wanted < c->max_w ? wanted : c->max_w;

	if (w > room)
		w = room;
	if (w >= c->min_w)
		return w;
	return room >= c->min_w && c->max_w >= c->min_w ? c->min_w : 0;
}

static int32_t power_for(const struct car *c, int64_t missing_mj, int slot_s)
{
	int64_t per_w = (int64_t)slot_s * c->battery->efficiency_pm;
	int64_t w = (missing_mj + per_w - 1) / per_w;

	return w > c->max_w ? c->max_w : (int32_t)w;
}

/* Charges as soon as possible until goal_mj is stored or the window ends. Adds to what the row
 * holds only where it holds nothing. Returns the energy stored by the whole row. */
static int64_t fill_early(struct solver *s, const struct car *c, int64_t goal_mj)
{
	int64_t stored = c->start_mj, goal = c->start_mj + goal_mj;
	int slot_s = s->in->slot_s;

	for (int t = c->first; t < c->last && stored < goal; t++) {
		int32_t wanted = power_for(c, goal - stored, slot_s);
		int32_t holds = battery_hold_w(c->battery, stored, slot_s);
		int32_t w = settle(c, wanted < holds ? wanted : holds, path_room(s, c, t));

		if (w && store(c, &stored, w, slot_s))
			take(s, c, t, w);
	}
	return stored - c->start_mj;
}

/* Charges as late as possible. Backwards the battery's content is known at the end of each slot,
 * and that is where it accepts least. */
static void fill_late(struct solver *s, const struct car *c)
{
	int64_t left = c->goal_mj;
	int slot_s = s->in->slot_s;

	for (int t = c->last - 1; t >= c->first && left > 0; t--) {
		int32_t wanted = power_for(c, left, slot_s);
		int32_t accepts = battery_accept_w(c->battery, c->start_mj + left - 1);
		int32_t w = settle(c, wanted < accepts ? wanted : accepts, path_room(s, c, t));

		if (!w)
			continue;
		take(s, c, t, w);
		left -= (int64_t)(w < accepts ? w : accepts) * slot_s * c->battery->efficiency_pm;
	}
}

static int64_t row_energy(const struct solver *s, const struct car *c)
{
	int64_t stored = c->start_mj;

	for (int t = c->first; t < c->last; t++)
		if (*w_at(s, c, t))
			store(c, &stored, *w_at(s, c, t), s->in->slot_s);
	return stored - c->start_mj;
}

/* Moves a row to the earliest room there is beside the others; never for less energy. */
static int64_t pull_forward(struct solver *s, const struct car *c)
{
	int64_t before = row_energy(s, c), after;
	int32_t *row = w_at(s, c, 0);

	memcpy(s->spare_w, row, (size_t)s->slots * sizeof(*row));
	clear_row(s, c);
	after = fill_early(s, c, c->goal_mj);
	if (after >= before || after >= c->goal_mj)
		return after;
	clear_row(s, c);
	for (int t = c->first; t < c->last; t++)
		if (s->spare_w[t])
			take(s, c, t, s->spare_w[t]);
	return before;
}

/* -- the two plans --------------------------------------------------------------------------- */

static void plan_by_departure(struct solver *s)
{
	for (int i = 0; i < s->in->n; i++)
		s->got_mj[i] = fill_early(s, &s->car[i], s->car[i].goal_mj);
}

static void plan_by_priority(struct solver *s)
{
	for (int i = 0; i < s->in->n; i++)
		clear_row(s, &s->car[i]);
	for (int i = 0; i < s->in->n; i++) {
		const struct car *c = &s->car[s->by_priority[i]];

		if (c->late) /* has no later time to give way to */
			fill_early(s, c, c->goal_mj);
		else
			fill_late(s, c);
	}
	/* Twice: the first round leaves holes behind that earlier departures can use. */
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < s->in->n; i++)
			s->got_mj[i] = pull_forward(s, &s->car[i]);
}

static int64_t short_mj(const struct solver *s, int i, const int64_t *got)
{
	return got[i] < s->car[i].goal_mj ? s->car[i].goal_mj - got[i] : 0;
}

static bool any_short(const struct solver *s)
{
	for (int i = 0; i < s->in->n; i++)
		if (short_mj(s, i, s->got_mj))
			return true;
	return false;
}

/* True if `a` leaves less short than `b` in the first priority where they differ. */
static bool better(const struct solver *s, const int64_t *a, const int64_t *b)
{
	int64_t diff = 0;

	for (int k = 0; k < s->in->n; k++) {
		int i = s->by_priority[k];

		if (k && diff && s->car[i].priority != s->car[s->by_priority[k - 1]].priority)
			break;
		diff += short_mj(s, i, a) - short_mj(s, i, b);
	}
	return diff < 0;
}

/* Puts the rows of a kept plan back; rooms are only moved by the difference. */
static void restore(struct solver *s, const int32_t *rows)
{
	for (int i = 0; i < s->in->n; i++) {
		const struct car *c = &s->car[i];

		for (int t = c->first; t < c->last; t++) {
			int32_t was = rows[(size_t)c->index * (size_t)s->slots + (size_t)t];

			if (was != *w_at(s, c, t))
				take(s, c, t, was - *w_at(s, c, t));
		}
	}
}

static int solve(struct solver *s)
{
	size_t n = (size_t)s->in->n, cells = n * (size_t)s->slots;
	int32_t *rows;
	int64_t *got;
	int rc = -1;

	plan_by_departure(s);
	if (!any_short(s))
		return 0;
	rows = malloc(cells * sizeof(*rows));
	got = malloc(n * sizeof(*got));
	if (!rows || !got)
		goto out;
	memcpy(rows, s->w, cells * sizeof(*rows));
	memcpy(got, s->got_mj, n * sizeof(*got));
	plan_by_priority(s);
	if (!better(s, s->got_mj, got)) {
		restore(s, rows);
		memcpy(s->got_mj, got, n * sizeof(*got));
	}
	rc = 0;
out:
	free(rows);
	free(got);
	return rc;
}

/* What is left over goes into batteries beyond the need, earliest departure first. */
static void fill_spare(struct solver *s)
{
	for (int i = 0; i < s->in->n; i++) {
		struct car *c = &s->car[i];
		int64_t full = c->battery->capacity_wh * BATTERY_MJ_PER_WH;

		if (full == 0 || s->got_mj[i] < c->goal_mj)
			continue;
		c->goal_mj = full - c->start_mj;
		s->got_mj[i] = pull_forward(s, c);
	}
}

/* -- why ------------------------------------------------------------------------------------- */

/* What kept a vehicle from more than `w` in a slot where it could have used `wanted`. */
static enum grid_source reason(
	const struct solver *s, const struct car *c, int slot, int32_t holds, int *node)
{
	int32_t w = *w_at(s, c, slot), least = GRID_NO_LIMIT;
	const struct grid_node *evse = grid_tree_node(s->in->tree, c->evse_node);
	int tightest = -1;

	*node = -1;
	if (w >= c->max_w)
		return c->max_w < evse->max_w ? GRID_SOURCE_VEHICLE : GRID_SOURCE_EVSE;
	if (w >= holds)
		return GRID_SOURCE_BATTERY;
	for (int v = c->evse_node; v >= 0; v = grid_tree_node(s->in->tree, v)->parent) {
		if (*room_at(s, v, slot) < least) {
			least = *room_at(s, v, slot);
			tightest = v;
		}
	}
	if (least > 0 && (w > 0 || least >= c->min_w))
		return GRID_SOURCE_PLAN;
	*node = tightest;
	if (least > 0)
		return GRID_SOURCE_MINIMUM;
	return (enum grid_source)
		s->in->caps->source[(size_t)tightest * (size_t)s->slots + (size_t)slot];
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

static void explain_slot(struct solver *s, const struct car *c, struct plan *p, int t,
	int64_t stored, struct blame *b)
{
	size_t at = (size_t)c->index * (size_t)s->slots + (size_t)t;
	int slot_s = s->in->slot_s;
	int32_t holds = battery_hold_w(c->battery, stored, slot_s);
	enum grid_source why;

	if (stored >= c->start_mj + c->goal_mj) {
		p->source[at] = GRID_SOURCE_PLAN;
		return;
	}
	why = reason(s, c, t, holds, &p->node[at]);
	p->source[at] = (uint8_t)why;
	/* The charger's size is to blame only if nothing else ever was: it costs no lost power. */
	if (holds > c->max_w)
		holds = c->max_w;
	blame(b, why, p->node[at],
		why == GRID_SOURCE_PLAN ? 1 : 1 + (int64_t)(holds - *w_at(s, c, t)) * slot_s);
}

static void explain_need(
	struct plan_outcome *o, const struct car *c, int64_t got, const struct blame *b)
{
	if (!o->short_wh)
		return;
	o->why = b->source;
	o->why_node = b->node;
	if (c->first == c->last || c->late)
		o->why = GRID_SOURCE_DEPARTURE;
	else if (got >= c->goal_mj)
		o->why = GRID_SOURCE_BATTERY;
}

static void explain_car(struct solver *s, const struct car *c, struct plan *p)
{
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
		explain_slot(s, c, p, t, stored, &b);
		if (*w_at(s, c, t))
			store(c, &stored, *w_at(s, c, t), s->in->slot_s);
		if (o->ready_slot == -1 && stored - c->start_mj >= need)
			o->ready_slot = t;
	}
	got = stored - c->start_mj;
	o->planned_wh = got / BATTERY_MJ_PER_WH;
	if (c->late)
		o->short_wh = o->need_wh;
	else if (got < need) /* rounded up: a vehicle short of a fraction is short */
		o->short_wh = (need - got + BATTERY_MJ_PER_WH - 1) / BATTERY_MJ_PER_WH;
	explain_need(o, c, got, &b);
	p->need_wh += o->need_wh;
	p->planned_wh += o->planned_wh;
	p->short_wh += o->short_wh;
	p->short_vehicles += o->short_wh > 0;
}

/* -- public ---------------------------------------------------------------------------------- */

static bool input_valid(const struct plan_input *in)
{
	if (in->slot_s < 1 || in->slot_s > 86400 || in->n < 0 || in->start_ms < 0 ||
		in->start_ms > TIME_MAX_MS || in->caps->slots < 1 ||
		in->caps->nodes != grid_tree_nodes(in->tree))
		return false;
	for (int i = 0; i < in->n; i++) {
		const struct plan_vehicle *v = &in->vehicles[i];

		if (v->evse < 0 || v->evse >= grid_tree_evses(in->tree) || v->from_ms < 0 ||
			v->from_ms > TIME_MAX_MS || v->depart_ms < 0 ||
			v->depart_ms > TIME_MAX_MS || v->need_wh < 0 || v->need_wh > 100000000 ||
			v->stored_wh < 0 || v->stored_wh > 100000000 || v->max_w < 0 ||
			v->min_w < 0 || !battery_valid(&v->battery))
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
	p->outcome = calloc(n + 1, sizeof(*p->outcome));
	if (p->w && p->source && p->node && p->outcome)
		return p;
	plan_destroy(p);
	return NULL;
}

static int init_solver(struct solver *s, const struct plan_input *in, struct plan *p)
{
	size_t n = (size_t)in->n, cells;

	s->in = in;
	s->slots = in->caps->slots;
	s->nodes = in->caps->nodes;
	s->w = p->w;
	cells = (size_t)s->nodes * (size_t)s->slots;
	s->room = malloc(cells * sizeof(*s->room));
	s->spare_w = malloc((size_t)s->slots * sizeof(*s->spare_w));
	s->car = calloc(n + 1, sizeof(*s->car));
	s->by_priority = calloc(n + 1, sizeof(int));
	s->got_mj = calloc(n + 1, sizeof(*s->got_mj));
	if (!s->room || !s->spare_w || !s->car || !s->by_priority || !s->got_mj)
		return -1;
	memcpy(s->room, in->caps->w, cells * sizeof(*s->room));
	for (int i = 0; i < in->n; i++)
		set_car(&s->car[i], in, i);
	qsort(s->car, n, sizeof(*s->car), by_departure);
	for (int i = 0; i < in->n; i++)
		s->by_priority[i] = i;
	qsort_r(s->by_priority, n, sizeof(int), by_priority, s->car);
	return reserve_all_idle(s);
}

struct plan *plan_solve(const struct plan_input *in)
{
	struct solver s = {0};
	struct plan *p;
	int rc;

	if (!input_valid(in))
		return NULL;
	p = alloc_plan(in);
	if (!p)
		return NULL;
	rc = init_solver(&s, in, p);
	if (rc == 0)
		rc = solve(&s);
	if (rc == 0 && in->fill_spare)
		fill_spare(&s);
	for (int i = 0; rc == 0 && i < in->n; i++)
		explain_car(&s, &s.car[i], p);
	free(s.room);
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
	free(p->outcome);
	free(p);
}
