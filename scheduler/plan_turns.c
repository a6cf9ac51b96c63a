/*
 * Turns: below a low peak vehicles charge one after another.
 *
 * Without smallest powers the cheapest plan below a demand charge has all vehicles draw a little all the
 * time. Chargers cannot, and what is rounded up or turned off slot by slot needs a peak far above. So
 * here a peak is set first, and the plan without smallest powers made below it; then, slot by slot,
 * those charge to whom that plan has given most by then that they have not had. Nobody falls behind it
 * by more than a turn. How much each has in its turns is then sought anew (plan_again.c), and several
 * peaks are tried, since what a turn needs moves the peak that is worth its price.
 */
#include "scheduler/plan_private.h"

#include <stdlib.h>
#include <string.h>

#define FIRST  (-6) /* quarters of the smallest power above the peak that would do without any */
#define LAST   18
#define FINER  3 /* quarters of those, on either side of the best one */
#define HOLD_S 1800 /* at its smallest power: so much more must be due to whom a turn passes on */

struct turns {
	struct plan_work *s;
	const struct plan_before *before;
	struct plan_problem q;
	struct flow *f;
	int64_t *due_mj; /* [position] given by the plan below the peak, less what it has had */
	int64_t *stored_mj, *goal_mj; /* [position] in its battery now, in the end */
	int32_t *flow_w, *rows, *best; /* [vehicle][slot] of that plan; with turns; the best ones */
	int *order;
	bool *is_on; /* [position] in the slot before */
	flow_value best_value;
	int64_t best_above_w;
};

static int64_t hold_mj(const struct plan_car *c)
{
	return (int64_t)c->min_w * HOLD_S * c->battery->efficiency_pm;
}

/* Most is due first; who charges already goes on for a while. */
static int by_due(const void *x, const void *y, void *arg)
{
	const struct turns *z = arg;
	int a = *(const int *)x, b = *(const int *)y;
	int64_t due_a = z->due_mj[a] + (z->is_on[a] ? hold_mj(&z->s->car[a]) : 0);
	int64_t due_b = z->due_mj[b] + (z->is_on[b] ? hold_mj(&z->s->car[b]) : 0);

	if (due_a != due_b)
		return due_a > due_b ? -1 : 1;
	return (a > b) - (a < b);
}

/* Room below the peaks in the slot, in W of what is left of it. */
static int64_t below_peaks(const struct plan_work *s, const int64_t *peak_w, int slot)
{
	const struct plan_prices *m = s->in->prices;
	int64_t least = INT64_MAX;

	for (int k = 0; k < m->demands; k++) {
		int64_t left = peak_w[k] - (m->load_w ? m->load_w[slot] : 0);

		if (m->demand[k].counts && !m->demand[k].counts[slot])
			continue;
		left = plan_in_rest(s, slot, left);
		least = left < least ? left : least;
	}
	for (int i = 0; i < s->in->n && least < INT64_MAX; i++)
		least -= s->w[(size_t)i * (size_t)s->slots + (size_t)slot];
	return least;
}

/* All that it can take of what is left: the fewer charge at a time, the fewer smallest powers there are. */
static bool give_turn(struct turns *z, int i, int slot, int64_t *left)
{
	struct plan_work *s = z->s;
	const struct plan_car *c = &s->car[i];
	int slot_s = plan_slot_s(s, slot);
	int64_t per_w = (int64_t)slot_s * c->battery->efficiency_pm, before = z->stored_mj[i];
	int64_t want = (z->goal_mj[i] - before + per_w - 1) / per_w;
	int32_t room = plan_path_room(s, c, slot), holds = plan_hold_w(c, before, slot_s), w;

	if (want <= 0)
		return false;
	want = want < holds ? want : holds;
	room = *left < room ? (int32_t)*left : room;
	w = plan_offer(c, want < c->max_w ? (int32_t)want : c->max_w, room);
	if (!w || !plan_store(c, &z->stored_mj[i], w, slot_s))
		return false;
	plan_take(s, c, slot, w);
	*left -= w;
	z->due_mj[i] -= z->stored_mj[i] - before;
	return true;
}

/* Who is there in the slot, with what that plan has given by then. Returns how many; *all_w: what they are
 * given in it. */
static int find_due(struct turns *z, int slot, int64_t *all_w)
{
	struct plan_work *s = z->s;
	int n = 0;

	for (int k = 0; k < z->q.in.n; k++) {
		int i = z->q.car[k];
		const struct plan_car *c = &s->car[i];
		int32_t w = z->flow_w[(size_t)c->index * (size_t)s->slots + (size_t)slot];

		if (slot < c->first || slot >= c->last)
			continue;
		z->due_mj[i] += (int64_t)w * plan_slot_s(s, slot) * c->battery->efficiency_pm;
		*all_w += w;
		z->order[n++] = i;
	}
	qsort_r(z->order, (size_t)n, sizeof *z->order, by_due, z);
	return n;
}

static void begin_turns(struct turns *z)
{
	struct plan_work *s = z->s;

	for (int k = 0; k < z->q.in.n; k++) {
		int i = z->q.car[k];
		const struct plan_car *c = &s->car[i];
		const int32_t *w = &z->flow_w[(size_t)c->index * (size_t)s->slots];

		z->due_mj[i] = 0;
		z->is_on[i] = c->is_on;
		z->stored_mj[i] = z->goal_mj[i] = c->start_mj;
		for (int t = c->first; t < c->last; t++)
			z->goal_mj[i] +=
				(int64_t)w[t] * plan_slot_s(s, t) * c->battery->efficiency_pm;
	}
}

/* The rows below the peaks, from those of the plan without smallest powers. All draw no more in a slot than
 * that plan has given by then: what energy costs stays as it is. */
static void take_turns(struct turns *z, const int64_t *peak_w)
{
	struct plan_work *s = z->s;
	int64_t carried_w = 0;

	begin_turns(z);
	for (int t = 0; t < s->slots; t++) {
		int64_t all_w = carried_w, left_w = below_peaks(s, peak_w, t);
		int n = find_due(z, t, &all_w);

		left_w = all_w < left_w ? all_w : left_w;
		carried_w = all_w - left_w;
		for (int k = 0; k < n; k++)
			z->is_on[z->order[k]] = give_turn(z, z->order[k], t, &left_w);
		carried_w += left_w;
	}
}

static void clear(struct turns *z)
{
	for (int k = 0; k < z->q.in.n; k++)
		plan_clear_row(z->s, &z->s->car[z->q.car[k]]);
}

/* At these peaks: *value of what came of it; the rows are in z->rows if it is better than before. */
static int try_at(struct turns *z, const int64_t *peak_w, flow_value *value)
{
	struct plan_work *s = z->s;
	size_t bytes = (size_t)s->in->n * (size_t)s->slots * sizeof *z->rows;

	clear(z);
	*value = z->before->value;
	if (plan_peaks_at(s, z->f, peak_w) == 0) {
		plan_take_rows(s, &z->q, z->f);
		memcpy(z->flow_w, s->w, bytes);
		clear(z);
		take_turns(z, peak_w);
		memcpy(z->rows, s->w, bytes);
		return plan_again_from(s, z->before, z->rows, value);
	}
	plan_before_restore(z->before, s);
	return 0;
}

static int32_t least_w(const struct turns *z)
{
	int32_t least = FLOW_POWER_MAX;

	for (int k = 0; k < z->q.in.n; k++) {
		int32_t w = z->s->car[z->q.car[k]].min_w;

		least = w && w < least ? w : least;
	}
	return least;
}

/* Tries the peaks that lie so far above those of the plan without smallest powers. */
static int try_above(struct turns *z, int64_t above_w)
{
	struct plan_work *s = z->s;
	int64_t at[PLAN_DEMANDS] = {0};
	flow_value value;
	int rc;

	for (int k = 0; k < s->in->prices->demands; k++) {
		int64_t paid = s->in->prices->demand[k].paid_w;

		at[k] = s->free_peak_w[k] + above_w;
		at[k] = at[k] > paid ? at[k] : paid;
	}
	rc = try_at(z, at, &value);
	if (rc == 0 && value < z->best_value) {
		z->best_value = value;
		z->best_above_w = above_w;
		memcpy(z->best, s->w, (size_t)s->in->n * (size_t)s->slots * sizeof *z->best);
	}
	plan_before_restore(z->before, s);
	return rc;
}

static int try_peaks(struct turns *z)
{
	struct plan_work *s = z->s;
	int64_t kept[PLAN_DEMANDS], step = least_w(z) / 4, middle;
	int rc = 0;

	memcpy(kept, s->peak_w, sizeof kept);
	memcpy(z->best, z->before->rows, (size_t)s->in->n * (size_t)s->slots * sizeof *z->best);
	z->best_value = z->before->value;
	for (int i = FIRST; rc == 0 && i < LAST; i++)
		rc = try_above(z, i * step);
	middle = z->best_above_w;
	for (int i = -FINER; rc == 0 && i <= FINER; i++)
		if (i)
			rc = try_above(z, middle + i * step / 4);
	memcpy(s->peak_w, kept, sizeof kept);
	plan_restore(s, z->best);
	for (int i = 0; i < s->in->n; i++)
		s->got_mj[i] = plan_row_mj(s, &s->car[i]);
	return rc;
}

static void finish(struct turns *z)
{
	flow_destroy(z->f);
	free(z->due_mj);
	free(z->stored_mj);
	free(z->goal_mj);
	free(z->flow_w);
	free(z->rows);
	free(z->best);
	free(z->order);
	free(z->is_on);
}

static int with_problem(struct turns *z)
{
	struct plan_work *s = z->s;
	size_t n = (size_t)s->in->n + 1, cells = n * (size_t)s->slots;
	int rc = -1;

	for (int i = 0; i < s->in->n; i++)
		if (!s->car[i].late)
			plan_clear_row(s, &s->car[i]);
	rc = plan_problem_init(&z->q, s);
	plan_before_restore(z->before, s);
	if (rc)
		return -1;
	z->f = flow_create(&z->q.in);
	z->due_mj = malloc(n * sizeof *z->due_mj);
	z->stored_mj = malloc(n * sizeof *z->stored_mj);
	z->goal_mj = malloc(n * sizeof *z->goal_mj);
	z->flow_w = malloc(cells * sizeof *z->flow_w);
	z->rows = malloc(cells * sizeof *z->rows);
	z->best = malloc(cells * sizeof *z->best);
	z->order = malloc(n * sizeof *z->order);
	z->is_on = malloc(n * sizeof *z->is_on);
	rc = z->f && z->due_mj && z->stored_mj && z->goal_mj && z->flow_w && z->rows && z->best &&
			     z->order && z->is_on
		     ? try_peaks(z)
		     : -1;
	finish(z);
	plan_problem_finish(&z->q);
	return rc;
}

int plan_turns(struct plan_work *s)
{
	struct plan_before before;
	struct turns z = {.s = s, .before = &before};
	int rc;

	if (s->in->is_sample || plan_is_large(s))
		return 0;
	rc = plan_before_init(&before, s);
	if (rc == 0 && plan_is_far(s, before.value))
		rc = with_problem(&z);
	plan_before_finish(&before);
	return rc;
}
