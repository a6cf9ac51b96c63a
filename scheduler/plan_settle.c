/*
 * The last step of a plan of least cost: offers that chargers and vehicles can follow.
 *
 * The flow planner knows neither the smallest power of a charger nor that a battery near full takes
 * less than it is offered. Here each vehicle's row becomes nothing or at least the minimum in every
 * slot, what that loses is put into the cheapest slots with room, and what is too much goes from the
 * dearest. Limits hold all the while; what this costs stands in the plan's gap.
 */
#include "scheduler/plan_private.h"

#include <stdlib.h>
#include <string.h>

#define LARGE_GAIN 100 /* a large plan is not tried again for less than this part of its value */
#define NEAR_BOUND                                                                                 \
	20 /* … and not as if there were no peaks, where the bound is nearer than this part */
#define HIGHEST_W 10000000 /* above a peak: then there is no peak any more */

struct settle {
	struct plan_work *s;
	int *slot; /* [slots] cheapest first */
	int32_t *price; /* [slots] of one W more */
	int64_t *content; /* [slots + 1] of the battery at hand, at each slot's beginning, */
	int64_t *raised; /* … and with some slot raised */
	bool is_above; /* the peaks: only for those whose need is worth any price */
};

/* -- prices ----------------------------------------------------------------------------------- */

static int by_price(const void *x, const void *y, void *arg)
{
	const int32_t *price = arg;
	int a = *(const int *)x, b = *(const int *)y;

	if (price[a] != price[b])
		return price[a] < price[b] ? -1 : 1;
	return (a > b) - (a < b);
}

static int order_slots(struct settle *z)
{
	size_t n = (size_t)z->s->slots;

	z->slot = malloc(n * sizeof *z->slot);
	z->price = malloc(n * sizeof *z->price);
	z->content = malloc((n + 1) * sizeof *z->content);
	z->raised = malloc((n + 1) * sizeof *z->raised);
	if (!z->slot || !z->price || !z->content || !z->raised || plan_next_price(z->s, z->price))
		return -1;
	for (int t = 0; t < z->s->slots; t++)
		z->slot[t] = t;
	qsort_r(z->slot, n, sizeof *z->slot, by_price, z->price);
	return 0;
}

/* -- one vehicle ------------------------------------------------------------------------------ */

/* Nothing or at least the minimum: the nearer of the two, as far as there is room. A battery that
 * takes no more by then is offered the minimum, and takes what it can. */
static void round_row(const struct settle *z, const struct plan_car *c)
{
	int64_t stored = c->start_mj;

	for (int t = c->first; t < c->last; t++) {
		int32_t w = *plan_w_at(z->s, c, t), up = c->min_w - w;
		bool is_nearer = w >= up || w + 1 >= plan_hold_w(c, stored, plan_slot_s(z->s, t));

		if (w && up > 0)
			plan_take(z->s, c, t,
				is_nearer && plan_path_room(z->s, c, t) >= up ? up : -w);
		if (*plan_w_at(z->s, c, t))
			plan_store(c, &stored, *plan_w_at(z->s, c, t), plan_slot_s(z->s, t));
	}
}

/* What one slot more could bring: 0, or a power that may be offered. */
static int32_t more_at(const struct settle *z, const struct plan_car *c, int t, int64_t missing_mj)
{
	int64_t per_w = (int64_t)plan_slot_s(z->s, t) * c->battery->efficiency_pm;
	int64_t want = (missing_mj + per_w - 1) / per_w;
	int32_t w = *plan_w_at(z->s, c, t), room = plan_path_room(z->s, c, t);

	if (want > c->max_w - w)
		want = c->max_w - w;
	if (w == 0 && want < c->min_w)
		want = c->min_w;
	if (want > room)
		want = room;
	return w + want >= c->min_w && w + want <= c->max_w ? (int32_t)want : 0;
}

/* Offers so much more in the slot; not where it is in vain, since the battery is full by then, or takes
 * so much less later. */
static void raise(const struct settle *z, const struct plan_car *c, int t, int32_t w)
{
	int64_t stored = z->content[t];

	plan_take(z->s, c, t, w);
	for (int u = t; u < c->last; u++) {
		if (*plan_w_at(z->s, c, u))
			plan_store(c, &stored, *plan_w_at(z->s, c, u), plan_slot_s(z->s, u));
		if (stored <= z->content[u + 1]) {
			plan_take(z->s, c, t, -w);
			return;
		}
		z->raised[u + 1] = stored;
	}
	memcpy(&z->content[t + 1], &z->raised[t + 1], (size_t)(c->last - t) * sizeof *z->raised);
}

/* The contents along the row. */
static void follow(const struct settle *z, const struct plan_car *c)
{
	int64_t stored = c->start_mj;

	for (int t = c->first; t < c->last; t++) {
		z->content[t] = stored;
		if (*plan_w_at(z->s, c, t))
			plan_store(c, &stored, *plan_w_at(z->s, c, t), plan_slot_s(z->s, t));
	}
	z->content[c->last] = stored;
}

static int64_t top_up(const struct settle *z, const struct plan_car *c)
{
	const int64_t *stored = &z->content[c->last];

	follow(z, c);
	for (int k = 0; k < z->s->slots && *stored - c->start_mj < c->goal_mj; k++) {
		int t = z->slot[k];
		int32_t w;

		if (z->price[t] > c->miss_price)
			break;
		if (t < c->first || t >= c->last)
			continue;
		/* It takes less than it is offered already. */
		if (battery_accept_w(c->battery, z->content[t]) <= *plan_w_at(z->s, c, t))
			continue;
		w = more_at(z, c, t, c->goal_mj - (*stored - c->start_mj));
		if (w > 0)
			raise(z, c, t, w);
	}
	return *stored - c->start_mj;
}

/* Lowers dear slots as long as the goal is still met; then cuts what comes after it, or is offered
 * in vain. Returns what the row stores. */
static int64_t trim(const struct settle *z, const struct plan_car *c, int64_t got)
{
	int64_t stored = c->start_mj, now;

	for (int k = z->s->slots - 1; k >= 0 && got > c->goal_mj; k--) {
		int t = z->slot[k];
		int64_t less = (got - c->goal_mj) /
			       ((int64_t)plan_slot_s(z->s, t) * c->battery->efficiency_pm);
		int32_t w = t < c->first || t >= c->last ? 0 : *plan_w_at(z->s, c, t);

		if (w == 0)
			continue;
		if (less < w && less > w - c->min_w)
			less = w - c->min_w;
		if (less > w)
			less = w;
		if (less <= 0)
			continue;
		plan_take(z->s, c, t, (int32_t)-less);
		now = plan_row_mj(z->s, c);
		if (now < c->goal_mj)
			plan_take(z->s, c, t, (int32_t)less);
		else
			got = now;
	}
	for (int t = c->first; t < c->last; t++) {
		int32_t w = *plan_w_at(z->s, c, t);

		if (w && (stored - c->start_mj >= c->goal_mj ||
				 plan_store(c, &stored, w, plan_slot_s(z->s, t)) == 0))
			plan_take(z->s, c, t, -w);
	}
	return stored - c->start_mj;
}

/* -- peaks ------------------------------------------------------------------------------------ */

/* Lowers the root's room to what keeps the peaks, and so much more. */
static void keep_peaks(struct plan_work *s, int64_t more_w)
{
	const struct plan_prices *m = s->in->prices;

	for (int k = 0; m && k < m->demands; k++)
		for (int t = 0; t < s->slots; t++) {
			int64_t left = plan_in_rest(
				s, t, s->peak_w[k] + more_w - (m->load_w ? m->load_w[t] : 0));

			if (m->demand[k].counts && !m->demand[k].counts[t])
				continue;
			for (int i = 0; i < s->in->n; i++)
				left -= s->w[(size_t)i * (size_t)s->slots + (size_t)t];
			if (left < s->room[t])
				s->room[t] = left > 0 ? (int32_t)left : 0;
		}
}

/* Gives back what was lowered, less what was taken since. */
static void free_peaks(struct plan_work *s, int32_t *was, const int32_t *lowered)
{
	for (int t = 0; t < s->slots; t++)
		s->room[t] = was[t] - (lowered[t] - s->room[t]);
}

/* -- public ----------------------------------------------------------------------------------- */

static bool may_fill(const struct settle *z, const struct plan_car *c)
{
	return !z->is_above || c->miss_price >= PLAN_MISS_PRICE;
}

static void fill_up(const struct settle *z)
{
	struct plan_work *s = z->s;

	for (int i = 0; i < s->in->n; i++) {
		const struct plan_car *c = &s->car[i];
		int64_t got;

		if (c->late)
			continue;
		got = plan_row_mj(s, c);
		if (got < c->goal_mj && may_fill(z, c))
			got = top_up(z, c);
		s->got_mj[i] = trim(z, c, got);
	}
}

static void mend(void *arg)
{
	fill_up(arg);
}

static int32_t greatest_min_w(const struct plan_work *s)
{
	int32_t w = 4;

	for (int i = 0; i < s->in->n; i++)
		w = s->car[i].min_w > w ? s->car[i].min_w : w;
	return w;
}

/* What a try needs. */
struct tries {
	int32_t *was, *lowered; /* [slots] the root's room */
	int32_t *begin, *best; /* [vehicle][slot] rows as they came, and the best ones */
};

/* Fills up below the peaks and so much more. */
static void fill_below(const struct settle *z, const struct tries *y, int64_t more_w)
{
	struct plan_work *s = z->s;
	size_t bytes = (size_t)s->slots * sizeof *y->was;

	memcpy(y->was, s->room, bytes);
	keep_peaks(s, more_w);
	memcpy(y->lowered, s->room, bytes);
	fill_up(z);
	free_peaks(s, y->was, y->lowered);
}

/* What those are short whose need is worth any price, in mJ; those that should have left have none to
 * wait for. */
static int64_t short_mj(const struct plan_work *s)
{
	int64_t sum = 0;

	for (int i = 0; i < s->in->n; i++)
		if (!s->car[i].late && s->car[i].miss_price >= PLAN_MISS_PRICE &&
			s->got_mj[i] < s->car[i].goal_mj)
			sum += s->car[i].goal_mj - s->got_mj[i];
	return sum;
}

/* Whoever is short may go above the peaks, for readiness goes before money: by as little as does. What
 * is missing takes so much all the time at least; who is not helped by more stays short. */
static void fill_above(struct settle *z, const struct tries *y, int64_t more_w)
{
	struct plan_work *s = z->s;
	int64_t missing = short_mj(s), before = INT64_MAX, least = greatest_min_w(s);
	int64_t mean = missing / 1000 / s->in->slot_s / s->slots;

	z->is_above = more_w >= 0;
	for (int64_t w = mean > least ? mean : least;
		more_w >= 0 && w < HIGHEST_W && missing > 0 && missing < before; w *= 2) {
		before = missing;
		fill_below(z, y, more_w + w);
		missing = short_mj(s);
	}
	if (missing > 0)
		fill_up(z);
	z->is_above = false;
}

/* Offers below the peaks and `more_w` (-1: as if there were none). */
static int settle_below(struct settle *z, const struct tries *y, int64_t more_w)
{
	struct plan_work *s = z->s;
	size_t bytes = (size_t)s->slots * sizeof *y->was;

	memcpy(y->was, s->room, bytes);
	if (more_w >= 0)
		keep_peaks(s, more_w);
	memcpy(y->lowered, s->room, bytes);
	for (int k = 0; k < s->in->n; k++)
		if (!s->car[k].late)
			round_row(z, &s->car[k]);
	fill_up(z);
	if (plan_calm(s, &(struct plan_mend){mend, z}))
		return -1;
	free_peaks(s, y->was, y->lowered);
	fill_above(z, y, more_w);
	plan_balance(s);
	return 0;
}

/* Which peak the smallest power makes worth its price cannot be told beforehand: the peaks that are
 * worth it without, and above them by quarters of that power, are tried. */
static int settle_peaks(struct settle *z, struct tries *y)
{
	static const int quarters[] = {0, 1, 2, 3, 4, 6, 8, 12, 16, 32, -1};
	const size_t last = sizeof quarters / sizeof quarters[0] - 1;
	struct plan_work *s = z->s;
	/* No further after so many that were no better; one van more or less is much for a few. */
	int most_in_vain = plan_is_large(s) ? 1 : 3, in_vain = 0;
	size_t bytes = (size_t)s->in->n * (size_t)s->slots * sizeof *y->begin;
	int64_t step_w = greatest_min_w(s) / 4;
	flow_value best = 0, value;

	memcpy(y->begin, s->w, bytes);
	for (size_t i = 0; i <= last; i++) {
		if (in_vain >= most_in_vain && i < last)
			continue;
		if (i == last && plan_is_large(s) && best - s->bound < best / NEAR_BOUND)
			break; /* no better one is far away: no need to look for it elsewhere */
		if (i)
			plan_restore(s, y->begin);
		if (settle_below(z, y, quarters[i] * step_w) || plan_value(s, &value))
			return -1;
		in_vain++;
		if (i == 0 || value < best) {
			if (i == 0 || !plan_is_large(s) || best - value > best / LARGE_GAIN)
				in_vain = 0;
			best = value;
			memcpy(y->best, s->w, bytes);
		}
	}
	plan_restore(s, y->best);
	for (int i = 0; i < s->in->n; i++)
		s->got_mj[i] = plan_row_mj(s, &s->car[i]);
	return 0;
}

/* The peaks of the rows as they are, or what is paid for. */
static void find_peaks(struct plan_work *s)
{
	const struct plan_prices *m = s->in->prices;

	for (int k = 0; m && k < m->demands; k++) {
		s->peak_w[k] = m->demand[k].paid_w;
		for (int t = 0; t < s->slots; t++) {
			int64_t w = 0;

			if (m->demand[k].counts && !m->demand[k].counts[t])
				continue;
			for (int i = 0; i < s->in->n; i++)
				w += s->w[(size_t)i * (size_t)s->slots + (size_t)t];
			w = (w * plan_slot_s(s, t) + s->in->slot_s - 1) / s->in->slot_s +
			    (m->load_w ? m->load_w[t] : 0);
			if (w > s->peak_w[k])
				s->peak_w[k] = w;
		}
	}
}

/* Whoever charges now goes on, below the peaks that the plan has anyway. */
static int keep_places(struct settle *z, const struct tries *y)
{
	struct plan_work *s = z->s;
	size_t bytes = (size_t)s->slots * sizeof *y->was;
	int rc;

	find_peaks(s);
	memcpy(y->was, s->room, bytes);
	keep_peaks(s, 0);
	memcpy(y->lowered, s->room, bytes);
	rc = plan_keep(s, &(struct plan_mend){mend, z});
	free_peaks(s, y->was, y->lowered);
	return rc;
}

int plan_settle(struct plan_work *s)
{
	struct settle z = {.s = s};
	size_t slots = (size_t)s->slots, cells = (size_t)s->in->n * slots + 1;
	struct tries y = {malloc(slots * sizeof(int32_t)), malloc(slots * sizeof(int32_t)),
		malloc(cells * sizeof(int32_t)), malloc(cells * sizeof(int32_t))};
	int rc = y.was && y.lowered && y.begin && y.best && order_slots(&z) == 0 ? 0 : -1;

	if (rc == 0 && s->in->prices && s->in->prices->demands)
		rc = settle_peaks(&z, &y);
	else if (rc == 0)
		rc = settle_below(&z, &y, -1);
	if (rc == 0)
		rc = keep_places(&z, &y);
	free(y.was);
	free(y.lowered);
	free(y.begin);
	free(y.best);
	free(z.slot);
	free(z.price);
	free(z.content);
	free(z.raised);
	return rc;
}
