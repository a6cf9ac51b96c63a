/*
 * Among plans that cost the same, the one in force: whoever charges now goes on.
 *
 * Where there is room for one of two vehicles that are alike, nothing in the prices says which. Each
 * new plan would choose by what little one has got ahead of the other meanwhile, and contactors pay
 * for it. So a vehicle that charges by the plan in force, and would pause for one that does not,
 * takes that one's slots until it has what it is to have, and gives its own ones for them.
 * What is over then or missing is put right as in any plan. That stays if it costs hardly more: where
 * energy does not suffice for both, who of two falls short may change, but not by how much all do.
 *
 * And where room has become less, those that charge with more than they must give up so much of it that
 * nobody pauses who goes on later for no less money; they have it then.
 */
#include "scheduler/plan_private.h"

#include <stdlib.h>
#include <string.h>

#define APART_TRIES 8 /* pairs that are tried one by one, where all together are no good */
#define NOTHING_WH  10 /* that a pair may miss by it: what whole watts make of it, */
#define MUCH                                                                                       \
	100 /* … and where much is missing a slot that it is not enough for, at most this part */
#define LARGE_TRIES 16 /* vehicles that a place is asked of, in a large plan */

struct keep {
	struct plan_work *s;
	const struct plan_mend *mend;
	struct plan_before before;
	bool *has_swapped; /* [position] */
	int32_t *slot_w; /* [position] */
	int tried; /* pairs, or vehicles, of the last round */
};

int plan_pause_of(const struct plan_work *s, const struct plan_car *c)
{
	if (c->late || c->first > 0 || c->goal_mj <= 0 || s->in->vehicles[c->index].now_w <= 0)
		return -1;
	for (int t = 0; t < PLAN_SOON && t < c->last; t++)
		if (*plan_w_at(s, c, t) == 0)
			return t;
	return -1;
}

/* The other way about. */
static bool is_picked(const struct plan_work *s, const struct plan_car *c, int slot)
{
	return !c->late && s->in->vehicles[c->index].now_w == 0 && *plan_w_at(s, c, slot) > 0;
}

static bool may_take(const struct plan_car *c, int t, int32_t w)
{
	return w == 0 || (t >= c->first && t < c->last && w >= c->min_w && w <= c->max_w);
}

static bool is_alone(
	const struct plan_work *s, const struct plan_car *c, const struct plan_car *other, int t)
{
	return *plan_w_at(s, c, t) > 0 && *plan_w_at(s, other, t) == 0;
}

/* Changes the rows where they differ; what has no room stays as it is. */
static bool swap_slot(
	struct plan_work *s, const struct plan_car *a, const struct plan_car *b, int t)
{
	int32_t wa = *plan_w_at(s, a, t), wb = *plan_w_at(s, b, t);
	bool has_room;

	if (wa == wb)
		return true;
	plan_take(s, a, t, -wa);
	plan_take(s, b, t, -wb);
	has_room = plan_path_room(s, a, t) >= wb;
	if (has_room)
		plan_take(s, a, t, wb);
	if (has_room && plan_path_room(s, b, t) >= wa) {
		plan_take(s, b, t, wa);
		return true;
	}
	plan_take(s, a, t, has_room ? wa - wb : wa);
	plan_take(s, b, t, wb);
	return false;
}

/* Where `from` charges and `to` does not, from slot `first` on, until so many W·s have changed hands;
 * marked slots stay, those that change are marked. Returns how many. */
static int64_t hand_over(struct plan_work *s, const struct plan_car *from,
	const struct plan_car *to, int first, int64_t goal_ws)
{
	int64_t ws = 0;

	for (int t = first; t < s->slots && ws < goal_ws; t++) {
		int32_t w = *plan_w_at(s, from, t);

		if (s->spare_w[t] || !is_alone(s, from, to, t) || !may_take(to, t, w))
			continue;
		if (swap_slot(s, from, to, t)) {
			s->spare_w[t] = 1;
			ws += (int64_t)w * plan_slot_s(s, t);
		} else if (t == first) {
			break;
		}
	}
	return ws;
}

/* W·s that `a` is to have after that slot, where `b` could have it in its place; where that is nothing, all
 * that it misses. */
static int64_t to_come(
	const struct plan_work *s, const struct plan_car *a, const struct plan_car *b, int slot)
{
	int64_t ws = 0;

	for (int t = slot + 1; t < s->slots; t++)
		if (is_alone(s, a, b, t) && may_take(b, t, *plan_w_at(s, a, t)))
			ws += (int64_t)*plan_w_at(s, a, t) * plan_slot_s(s, t);
	return ws ? ws : plan_need(s, a, a->goal_mj - plan_row_mj(s, a)) * s->in->slot_s;
}

/* `a` has first what it is to have, in the place of `b`, which has it then. */
static bool swap(struct plan_work *s, const struct plan_car *a, const struct plan_car *b, int slot)
{
	int64_t ws = to_come(s, a, b, slot);

	memset(s->spare_w, 0, (size_t)s->slots * sizeof *s->spare_w);
	if (ws <= 0 || !is_alone(s, b, a, slot) || !may_take(a, slot, *plan_w_at(s, b, slot)))
		return false;
	ws = hand_over(s, b, a, slot, ws);
	if (!s->spare_w[slot])
		return false;
	hand_over(s, a, b, slot, ws);
	return true;
}

/* Who of those that are picked gives its place to `a`. */
static bool find_place(struct keep *k, int a)
{
	struct plan_work *s = k->s;
	int left = plan_is_large(s) ? LARGE_TRIES : s->in->n;
	int slot = plan_pause_of(s, &s->car[a]);

	for (int b = 0; b < s->in->n && left > 0; b++) {
		if (k->has_swapped[b] || !is_picked(s, &s->car[b], slot))
			continue;
		left--;
		if (swap(s, &s->car[a], &s->car[b], slot)) {
			k->has_swapped[a] = k->has_swapped[b] = true;
			return true;
		}
	}
	return false;
}

int64_t plan_keep_wh(const struct plan_work *s, const int64_t *got_mj)
{
	int64_t missing_mj = 0, slot_wh = 0;

	for (int i = 0; i < s->in->n; i++) {
		const struct plan_car *c = &s->car[i];
		int64_t wh = (int64_t)c->min_w * s->in->slot_s / 3600;

		if (c->late || c->miss_price < PLAN_MISS_PRICE)
			continue;
		if (got_mj[i] < c->goal_mj)
			missing_mj += c->goal_mj - got_mj[i];
		slot_wh = wh > slot_wh ? wh : slot_wh;
	}
	missing_mj /= BATTERY_MJ_PER_WH * MUCH;
	return NOTHING_WH + (slot_wh < missing_mj ? slot_wh : missing_mj);
}

/* Puts right what changed, and undoes all of it where it costs more: 1: that is kept, 0: it was undone,
 * -1: no memory. */
static int judge(struct keep *k)
{
	struct plan_work *s = k->s;
	bool is_good = false;

	k->mend->mend(k->mend->arg);
	plan_balance(s);
	for (int i = 0; i < s->in->n; i++)
		s->got_mj[i] = plan_row_mj(s, &s->car[i]);
	if (plan_is_as_cheap(&k->before, s, k->tried * plan_keep_wh(s, k->before.got), &is_good))
		return -1;
	if (!is_good)
		plan_before_restore(&k->before, s);
	return is_good;
}

/* Swaps all pairs but the first `skip` of them, or with `one` only the next; 1: that is kept, 0: it
 * was undone, -1: no memory. */
static int try_pairs(struct keep *k, int skip, bool one)
{
	struct plan_work *s = k->s;

	memset(k->has_swapped, 0, (size_t)s->in->n * sizeof *k->has_swapped);
	k->tried = 0;
	for (int a = 0; a < s->in->n && !(one && k->tried); a++)
		if (plan_pause_of(s, &s->car[a]) >= 0 && skip-- <= 0)
			k->tried += find_place(k, a);
	return k->tried ? judge(k) : 0;
}

/* Anew from the plan that was kept: costs add up no further than once. */
static int go_from_here(struct keep *k)
{
	flow_value value = k->before.value;
	int64_t energy = k->before.energy;
	int rc;

	plan_before_finish(&k->before);
	rc = plan_before_init(&k->before, k->s);
	k->before.value = value;
	k->before.energy = energy;
	return rc;
}

static int try_one_by_one(struct keep *k, int (*try)(struct keep *k, int skip, bool one))
{
	int skip = 0, rc = 0;

	for (int i = 0; i < APART_TRIES && rc >= 0; i++) {
		rc = try(k, skip, true);
		if (!k->tried)
			break;
		if (rc == 0) {
			skip++;
		} else if (rc > 0) {
			rc = go_from_here(k);
		}
	}
	return rc;
}

/* -- its least power -------------------------------------------------------------------------- */

/* Where room has become less, or is given to those that charge with more than they must: of them so
 * much that `a` need not pause in the slot. Who leaves last gives first. */
static bool make_room(struct plan_work *s, const struct plan_car *a, int t)
{
	int left = plan_is_large(s) ? LARGE_TRIES : s->in->n;

	for (int b = s->in->n - 1; b >= 0 && left > 0; b--) {
		const struct plan_car *c = &s->car[b];
		int32_t w = *plan_w_at(s, c, t), room = plan_path_room(s, a, t);
		int32_t less = a->min_w - room < w - c->min_w ? a->min_w - room : w - c->min_w;

		if (room >= a->min_w)
			return true;
		if (c == a || c->late || less <= 0)
			continue;
		left--;
		plan_take(s, c, t, -less);
		if (plan_path_room(s, a, t) <= room)
			plan_take(s, c, t, less); /* it hangs elsewhere */
	}
	return plan_path_room(s, a, t) >= a->min_w;
}

/* The rows of the slot as they were. */
static void undo_slot(struct plan_work *s, const int32_t *was, int t)
{
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < s->in->n; i++) {
			int32_t more = was[i] - *plan_w_at(s, &s->car[i], t);

			if (more && (more < 0) == (pass == 0))
				plan_take(s, &s->car[i], t, more);
		}
}

static bool goes_on(struct keep *k, const struct plan_car *a, int t)
{
	struct plan_work *s = k->s;

	for (int i = 0; i < s->in->n; i++)
		k->slot_w[i] = *plan_w_at(s, &s->car[i], t);
	if (make_room(s, a, t)) {
		plan_take(s, a, t, a->min_w);
		return true;
	}
	undo_slot(s, k->slot_w, t);
	return false;
}

bool plan_waits_for_room(const struct plan_work *s, const struct plan_car *a, int slot)
{
	for (int t = slot + 1; t < a->last; t++)
		if (*plan_w_at(s, a, t)) {
			const struct flow_part *now = &s->price[(slot + 1) * s->parts - 1];
			const struct flow_part *then = &s->price[(t + 1) * s->parts - 1];

			return now->price / PLAN_PRICE_SCALE <= then->price / PLAN_PRICE_SCALE;
		}
	return false;
}

static int try_least(struct keep *k, int skip, bool one)
{
	struct plan_work *s = k->s;

	k->tried = 0;
	for (int i = 0; i < s->in->n && !(one && k->tried); i++) {
		const struct plan_car *a = &s->car[i];
		bool has = false;

		if (plan_pause_of(s, a) < 0 || skip-- > 0)
			continue;
		for (int t = 0; t < PLAN_SOON && t < a->last; t++)
			if (*plan_w_at(s, a, t) == 0 && plan_waits_for_room(s, a, t))
				has |= goes_on(k, a, t);
		k->tried += has;
	}
	return k->tried ? judge(k) : 0;
}

static int try_all(struct keep *k, int (*try)(struct keep *k, int skip, bool one))
{
	int rc = try(k, 0, false);

	return rc == 0 && k->tried > 1 && !plan_is_large(k->s) ? try_one_by_one(k, try) : rc;
}

bool plan_is_any_dropped(const struct plan_work *s)
{
	for (int i = 0; i < s->in->n; i++)
		if (plan_pause_of(s, &s->car[i]) >= 0)
			return true;
	return false;
}

int plan_keep(struct plan_work *s, const struct plan_mend *m)
{
	struct keep k = {.s = s, .mend = m};
	int rc = -1;

	if (s->in->is_sample || !plan_is_any_dropped(s))
		return 0;
	k.has_swapped = malloc(((size_t)s->in->n + 1) * sizeof *k.has_swapped);
	k.slot_w = malloc(((size_t)s->in->n + 1) * sizeof *k.slot_w);
	if (k.has_swapped && k.slot_w && plan_before_init(&k.before, s) == 0) {
		rc = try_all(&k, try_pairs);
		if (rc > 0)
			rc = go_from_here(&k);
		if (rc >= 0)
			rc = try_all(&k, try_least);
	}
	plan_before_finish(&k.before);
	free(k.has_swapped);
	free(k.slot_w);
	return rc < 0 ? -1 : 0;
}
