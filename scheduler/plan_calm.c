/*
 * Fewer beginnings and ends: which of the vehicles that share a full cable charges in which slot of
 * one price is all the same to the bill, but not to contactors, and each change is a message.
 *
 * What a vehicle gets in a stretch of one price stays; within the stretch it charges without a pause,
 * from the end of its charging before it or up to that after it, as far as there is room. Those with
 * least time to spare in the stretch are placed first. Where cables are full that leaves the last ones
 * no room; then each begins where the one before it on the same feeder ended, and goes on at the
 * stretch's beginning when it comes to its end (McNaughton's wrap-around rule, 1959): one pause each.
 */
#include "scheduler/plan_private.h"

#include <stdlib.h>
#include <string.h>

struct calm {
	struct plan_work *s;
	int stretches;
	int *end; /* [stretches] one past its last slot */
	int64_t *mj; /* [position][stretch] stored in it */
	int *order, *spare; /* positions; slots to spare in the stretch at hand */
	int *at; /* [nodes] where the next one below it begins; NULL: they do not wrap around */
	struct plan_before before;
};

/* -- stretches -------------------------------------------------------------------------------- */

/* The order of slots is no price. */
static bool is_same_price(const struct plan_work *s, int a, int b)
{
	for (int k = 0; k < s->parts; k++)
		if (s->price[a * s->parts + k].price / PLAN_PRICE_SCALE !=
			s->price[b * s->parts + k].price / PLAN_PRICE_SCALE)
			return false;
	return true;
}

static void find_stretches(struct calm *z)
{
	const struct plan_work *s = z->s;

	for (int t = 1; t <= s->slots; t++)
		if (t == s->slots || !is_same_price(s, t - 1, t))
			z->end[z->stretches++] = t;
}

static void measure(struct calm *z, int i)
{
	const struct plan_work *s = z->s;
	const struct plan_car *c = &s->car[i];
	int64_t stored = c->start_mj, *mj = &z->mj[(size_t)i * (size_t)s->slots];

	for (int b = 0, t = 0; b < z->stretches; b++) {
		int64_t before = stored;

		for (; t < z->end[b]; t++)
			if (*plan_w_at(s, c, t))
				plan_store(c, &stored, *plan_w_at(s, c, t), plan_slot_s(s, t));
		mj[b] = stored - before;
	}
}

/* Times that something goes on or off. */
static int switches(const struct plan_work *s)
{
	int n = 0;

	for (int i = 0; i < s->in->n; i++)
		for (int t = 0; t < s->slots; t++) {
			const int32_t *row = &s->w[(size_t)i * (size_t)s->slots];

			n += (row[t] > 0) != (t > 0 && row[t - 1] > 0);
		}
	return n;
}

/* -- placing ---------------------------------------------------------------------------------- */

static int slots_for(const struct plan_work *s, const struct plan_car *c, int64_t mj)
{
	int32_t w = c->max_w < c->battery->max_w ? c->max_w : c->battery->max_w;

	return w > 0 ? (int)((plan_need(s, c, mj) + w - 1) / w) : 0;
}

static int by_spare(const void *x, const void *y, void *arg)
{
	const int *spare = arg, a = *(const int *)x, b = *(const int *)y;

	if (spare[a] != spare[b])
		return spare[a] < spare[b] ? -1 : 1;
	return (a > b) - (a < b);
}

/* From slot `from` to `to`, what is still missing of `goal` mJ stored in all. One past the last slot
 * that was filled. */
static int fill(struct plan_work *s, const struct plan_car *c, int from, int to, int64_t goal)
{
	int end = from;
	int64_t stored = c->start_mj + plan_row_mj(s, c);

	for (int t = from; t < to && stored < c->start_mj + goal; t++) {
		int64_t want = plan_in_rest(s, t, plan_need(s, c, c->start_mj + goal - stored));
		int32_t holds = plan_hold_w(c, stored, plan_slot_s(s, t));
		int32_t w;

		if (*plan_w_at(s, c, t))
			continue;
		if (want > holds)
			want = holds;
		w = plan_offer(
			c, want < c->max_w ? (int32_t)want : c->max_w, plan_path_room(s, c, t));
		if (w && plan_store(c, &stored, w, plan_slot_s(s, t))) {
			plan_take(s, c, t, w);
			end = t + 1;
		}
	}
	return end;
}

/* The feeder: what hangs below the root; the root itself where there is none. */
static int feeder_of(const struct plan_work *s, const struct plan_car *c)
{
	int v = c->evse_node;

	while (v > 0 && grid_tree_node(s->in->tree, v)->parent > 0)
		v = grid_tree_node(s->in->tree, v)->parent;
	return grid_tree_node(s->in->tree, v)->kind == GRID_EVSE ? 0 : v;
}

static void wrap_around(struct calm *z, const struct plan_car *c, int begin, int end, int64_t goal)
{
	int *at = &z->at[feeder_of(z->s, c)];
	int from = *at > begin && *at < end ? *at : begin, last;

	last = fill(z->s, c, from, end, goal);
	if (from > begin && c->start_mj + plan_row_mj(z->s, c) < c->start_mj + goal)
		last = fill(z->s, c, begin, from, goal);
	*at = last;
}

static void place(struct calm *z, int i, int b)
{
	struct plan_work *s = z->s;
	const struct plan_car *c = &s->car[i];
	const int64_t *mj = &z->mj[(size_t)i * (size_t)s->slots];
	int begin = b ? z->end[b - 1] : 0, end = z->end[b], from;
	int64_t goal = 0;

	for (int k = 0; k <= b; k++)
		goal += mj[k];
	begin = c->first > begin ? c->first : begin;
	end = c->last < end ? c->last : end;
	if (z->at) {
		wrap_around(z, c, begin, end, goal);
		return;
	}
	from = begin;
	if (!(begin > 0 && *plan_w_at(s, c, begin - 1)) && b + 1 < z->stretches && mj[b + 1])
		from = end - slots_for(s, c, mj[b]);
	fill(s, c, from > begin ? from : begin, end, goal);
	fill(s, c, begin, end, goal);
}

static void place_all(struct calm *z, int b)
{
	const struct plan_work *s = z->s;
	int begin = b ? z->end[b - 1] : 0, n = 0;

	for (int i = 0; i < s->in->n; i++) {
		const struct plan_car *c = &s->car[i];
		int64_t mj = z->mj[(size_t)i * (size_t)s->slots + (size_t)b];
		int from = c->first > begin ? c->first : begin;
		int to = c->last < z->end[b] ? c->last : z->end[b];

		z->spare[i] = to - from - slots_for(s, c, mj);
		if (mj > 0 && !c->late)
			z->order[n++] = i;
	}
	qsort_r(z->order, (size_t)n, sizeof *z->order, by_spare, z->spare);
	for (int k = 0; k < n; k++)
		place(z, z->order[k], b);
}

/* -- public ----------------------------------------------------------------------------------- */

static void calm_finish(struct calm *z)
{
	free(z->end);
	free(z->mj);
	free(z->at);
	free(z->order);
	free(z->spare);
	plan_before_finish(&z->before);
}

static int calm_init(struct calm *z, struct plan_work *s)
{
	size_t n = (size_t)s->in->n, cells = n * (size_t)s->slots + 1;

	*z = (struct calm){.s = s,
		.end = malloc((size_t)s->slots * sizeof *z->end),
		.mj = malloc(cells * sizeof *z->mj),
		.order = malloc((n + 1) * sizeof *z->order),
		.spare = malloc((n + 1) * sizeof *z->spare)};
	if (!z->end || !z->mj || !z->order || !z->spare || plan_before_init(&z->before, s))
		return -1;
	find_stretches(z);
	for (int i = 0; i < s->in->n; i++)
		measure(z, i);
	return 0;
}

/* Nobody has less, and it costs hardly more. */
static int is_as_good(const struct calm *z, bool *is)
{
	const struct plan_work *s = z->s;

	*is = false;
	for (int i = 0; i < s->in->n; i++)
		if (s->got_mj[i] < z->before.got[i] && s->got_mj[i] < s->car[i].goal_mj)
			return 0;
	return plan_is_as_cheap(&z->before, s, 0, is);
}

/* Places all anew. 1: that is kept, 0: undone, -1: no memory. */
static int try_once(struct calm *z, const struct plan_mend *m, int was)
{
	struct plan_work *s = z->s;
	bool is_good = false;

	for (int i = 0; i < s->in->n; i++)
		if (!s->car[i].late)
			plan_clear_row(s, &s->car[i]);
	for (int b = 0; b < z->stretches; b++) {
		for (int v = 0; z->at && v < s->nodes; v++)
			z->at[v] = 0;
		place_all(z, b);
	}
	/* Mending only adds to them. */
	if (switches(s) < was) {
		m->mend(m->arg);
		if (switches(s) < was && is_as_good(z, &is_good))
			return -1;
	}
	if (!is_good)
		plan_before_restore(&z->before, s);
	return is_good;
}

int plan_calm(struct plan_work *s, const struct plan_mend *m)
{
	int was = switches(s), rc;
	struct calm z;

	if (s->in->calm_pm <= 0)
		return 0;
	rc = calm_init(&z, s) ? -1 : try_once(&z, m, was);
	if (rc == 0) {
		z.at = calloc((size_t)s->nodes, sizeof *z.at);
		rc = z.at ? try_once(&z, m, was) : -1;
	}
	calm_finish(&z);
	return rc < 0 ? -1 : 0;
}
