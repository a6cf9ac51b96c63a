/*
 * Peaks once more, when it is settled who charges in which slot.
 *
 * Smallest powers cost energy in single slots, and what is missing then is put wherever there is room,
 * above the peaks if need be. But with on and off given the problem is a flow again: nothing, or from
 * the smallest power to the greatest. It is solved anew with its demand charges, which gives the lowest
 * peak that this choice has, and it counts where it is better.
 */
#include "scheduler/flow_peak.h"
#include "scheduler/plan_private.h"

#include <stdlib.h>
#include <string.h>

#define NEAR_BOUND 50 /* a plan that is nearer than this part of its value stays */
#define FILLS      64 /* tries to give a vehicle what it misses */

/* Bounds of all vehicles' slots: [vehicle of the problem][slot]. */
struct bounds {
	int32_t *least, *most;
};

static int32_t of_first(
	const struct plan_work *s, const struct plan_problem *q, int slot, int64_t w)
{
	return (int32_t)(slot ? w : w * q->first_s / s->in->slot_s);
}

static int32_t up_of_first(
	const struct plan_work *s, const struct plan_problem *q, int slot, int64_t w)
{
	return (int32_t)(slot ? w : (w * q->first_s + s->in->slot_s - 1) / s->in->slot_s);
}

static int32_t flow_most(const struct flow_vehicle *v, int slot)
{
	return slot == 0 && v->first_w ? v->first_w : v->max_w;
}

/* What rounding adds in a slot that has begun, and what it takes: nobody is offered more than before
 * there who then had all that he may, nor less than his smallest power. */
static void mend_first(struct plan_work *s, const int32_t *rows)
{
	for (int i = 0; i < s->in->n; i++) {
		const struct plan_car *c = &s->car[i];
		int32_t was = rows[(size_t)c->index * (size_t)s->slots];
		int32_t w = *plan_w_at(s, c, 0), least = was < c->min_w ? was : c->min_w;

		if (w > c->max_w)
			plan_take(s, c, 0, c->max_w - w);
		else if (w && w < least && plan_path_room(s, c, 0) >= least - w)
			plan_take(s, c, 0, least - w);
		else if (w && w < least)
			plan_take(s, c, 0, -w);
	}
}

/* The slot in which the row comes to the knee, or its end: what the battery takes from there on hangs on
 * when, before that on how much only. */
static int knee_slot(const struct plan_work *s, const struct plan_car *c, const int32_t *row)
{
	int64_t stored = c->start_mj;

	for (int t = c->first; t < c->last; t++) {
		stored += (int64_t)row[t] * plan_slot_s(s, t) * c->battery->efficiency_pm;
		if (stored > c->knee_mj)
			return t;
	}
	return c->last;
}

/* What a row gives above the knee stays as it is; so does what it gives below, then, but not when. */
static void bound(const struct plan_work *s, const struct plan_problem *q, int i,
	const int32_t *row, struct flow_vehicle *v, const struct bounds *b)
{
	const struct plan_car *c = &s->car[q->car[i]];
	size_t at = (size_t)i * (size_t)s->slots;
	int64_t must = 0, sum = 0;
	int knee = knee_slot(s, c, row);

	for (int t = v->from; t < v->to; t++) {
		size_t cell = at + (size_t)t;
		int32_t least = t < knee && row[t] > c->min_w ? c->min_w : row[t];
		int32_t most = row[t] && t < knee ? v->max_w : row[t];

		b->least[cell] = up_of_first(s, q, t, least);
		b->most[cell] = of_first(s, q, t, most);
		if (b->least[cell] > flow_most(v, t))
			b->least[cell] = flow_most(v, t);
		if (b->most[cell] < b->least[cell])
			b->most[cell] = b->least[cell];
		must += b->least[cell];
		sum += of_first(s, q, t, row[t]);
	}
	v->least_w = &b->least[at];
	v->most_w = &b->most[at];
	if (knee < c->last)
		v->need = sum;
	if (v->need < must)
		v->need = must;
}

/* -1: no memory, or no plan; the rows are gone then. */
static int solve(struct plan_work *s, const struct plan_problem *q)
{
	struct flow *f = flow_create(&q->in);
	int rc = f ? plan_peaks(s, f) : -1;

	if (rc == 0)
		plan_take_rows(s, q, f);
	flow_destroy(f);
	return rc;
}

static int64_t site_w(const struct plan_work *s, int slot)
{
	const struct plan_prices *m = s->in->prices;
	int64_t sum = m->load_w ? m->load_w[slot] : 0;

	for (int i = 0; i < s->in->n; i++)
		sum += s->w[(size_t)i * (size_t)s->slots + (size_t)slot];
	return sum;
}

/* Where it charges and may have more, and the site draws the least; -1: nowhere. */
static int calmest_slot(const struct plan_work *s, const struct plan_car *c)
{
	int64_t least = INT64_MAX, now;
	int best = -1;

	for (int t = c->first; t < c->last; t++) {
		int32_t w = *plan_w_at(s, c, t);

		if (!w || w >= c->max_w || plan_path_room(s, c, t) <= 0)
			continue;
		now = site_w(s, t);
		if (now < least) {
			least = now;
			best = t;
		}
	}
	return best;
}

/* What rounding lost, and what was not worth its peak: readiness goes before money. */
static void fill(struct plan_work *s, const struct plan_car *c, int64_t goal_mj)
{
	for (int i = 0; i < FILLS; i++) {
		int64_t more = plan_need(s, c, goal_mj - plan_row_mj(s, c));
		int t = more > 0 ? calmest_slot(s, c) : -1;
		int32_t room;

		if (t < 0)
			return;
		room = plan_path_room(s, c, t);
		if (room > c->max_w - *plan_w_at(s, c, t))
			room = c->max_w - *plan_w_at(s, c, t);
		more = plan_in_rest(s, t, more / 4 + 1);
		plan_take(s, c, t, more < room ? (int32_t)more : room);
	}
}

/* What is offered when the need is met already, or in vain: smallest powers may be more than is needed. */
static void cut(struct plan_work *s, const struct plan_car *c)
{
	int64_t stored = c->start_mj;

	for (int t = c->first; t < c->last; t++) {
		int32_t w = *plan_w_at(s, c, t);

		if (w && (stored - c->start_mj >= c->goal_mj ||
				 plan_store(c, &stored, w, plan_slot_s(s, t)) == 0))
			plan_take(s, c, t, -w);
	}
}

/* False: somebody has less than he had and needs. */
static bool is_as_ready(struct plan_work *s, const struct plan_before *before)
{
	for (int i = 0; i < s->in->n; i++) {
		const struct plan_car *c = &s->car[i];
		int64_t had = before->got[i] < c->goal_mj ? before->got[i] : c->goal_mj;

		if (!c->late && c->miss_price >= PLAN_MISS_PRICE)
			fill(s, c, had);
		if (!c->late)
			cut(s, c);
		s->got_mj[i] = plan_row_mj(s, c);
		if (s->got_mj[i] < had && c->miss_price >= PLAN_MISS_PRICE)
			return false;
	}
	return true;
}

bool plan_is_far(const struct plan_work *s, flow_value value)
{
	return value - s->bound > value / NEAR_BOUND;
}

int plan_again_from(struct plan_work *s, const struct plan_before *before, const int32_t *rows,
	flow_value *value)
{
	struct plan_problem q;
	struct bounds b;
	size_t cells;
	bool is_better = false;
	int rc = 0;

	for (int i = 0; i < s->in->n; i++)
		if (!s->car[i].late)
			plan_clear_row(s, &s->car[i]);
	if (plan_problem_init(&q, s))
		return -1;
	cells = (size_t)q.in.n * (size_t)s->slots + 1;
	b = (struct bounds){calloc(cells, sizeof *b.least), calloc(cells, sizeof *b.most)};
	for (int i = 0; b.least && b.most && i < q.in.n; i++)
		bound(s, &q, i, &rows[(size_t)s->car[q.car[i]].index * (size_t)s->slots],
			&q.vehicles[i], &b);
	if (b.least && b.most && solve(s, &q) == 0) {
		mend_first(s, rows);
		is_better = is_as_ready(s, before);
	}
	if (is_better && plan_value(s, value))
		rc = -1;
	if (rc || !is_better || *value >= before->value) {
		plan_before_restore(before, s);
		*value = before->value;
	}
	free(b.least);
	free(b.most);
	plan_problem_finish(&q);
	return rc;
}

int plan_again(struct plan_work *s)
{
	struct plan_before before;
	flow_value value;
	int rc = plan_before_init(&before, s);

	if (rc == 0 && plan_is_far(s, before.value))
		rc = plan_again_from(s, &before, before.rows, &value);
	plan_before_finish(&before);
	return rc;
}
