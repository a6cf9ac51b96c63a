#include "scheduler/plan_private.h"

#include <stdlib.h>
#include <string.h>

/*
 * 1. Earliest departure first: each vehicle in turn takes the earliest room on its path.
 * 2. If someone falls short, the same is done the other way about: in the order of priority each
 *    takes the *latest* room, which is what harms the others least; then, earliest departure first,
 *    each moves to the earliest room there is. Of the two plans the one stays that leaves the more
 *    important vehicles less short.
 */

/* -- filling --------------------------------------------------------------------------------- */

int32_t plan_offer(const struct plan_car *c, int32_t wanted, int32_t room)
{
	int32_t w = wanted < c->max_w ? wanted : c->max_w;

	if (w > room)
		w = room;
	if (w >= c->min_w)
		return w;
	return room >= c->min_w && c->max_w >= c->min_w ? c->min_w : 0;
}

static int32_t power_for(const struct plan_car *c, int64_t missing_mj, int slot_s)
{
	int64_t per_w = (int64_t)slot_s * c->battery->efficiency_pm;
	int64_t w = (missing_mj + per_w - 1) / per_w;

	return w > c->max_w ? c->max_w : (int32_t)w;
}

/* Charges as soon as possible until goal_mj is stored or the window ends. Adds to what the row
 * holds only where it holds nothing. Returns the energy stored by the whole row. */
static int64_t fill_early(struct plan_work *s, const struct plan_car *c, int64_t goal_mj)
{
	int64_t stored = c->start_mj, goal = c->start_mj + goal_mj;

	for (int t = c->first; t < c->last && stored < goal; t++) {
		int slot_s = plan_slot_s(s, t);
		int32_t wanted = power_for(c, goal - stored, slot_s);
		int32_t holds = plan_hold_w(c, stored, slot_s);
		int32_t w = plan_offer(c, wanted < holds ? wanted : holds, plan_path_room(s, c, t));

		if (w && plan_store(c, &stored, w, slot_s))
			plan_take(s, c, t, w);
	}
	return stored - c->start_mj;
}

/* Charges as late as possible. Backwards the battery's content is known at the end of each slot,
 * and that is where it accepts least. */
static void fill_late(struct plan_work *s, const struct plan_car *c)
{
	int64_t left = c->goal_mj;

	for (int t = c->last - 1; t >= c->first && left > 0; t--) {
		int slot_s = plan_slot_s(s, t);
		int32_t wanted = power_for(c, left, slot_s);
		int32_t accepts = battery_accept_w(c->battery, c->start_mj + left - 1);
		int32_t w =
			plan_offer(c, wanted < accepts ? wanted : accepts, plan_path_room(s, c, t));

		if (!w)
			continue;
		plan_take(s, c, t, w);
		left -= (int64_t)(w < accepts ? w : accepts) * slot_s * c->battery->efficiency_pm;
	}
}

/* Moves a row to the earliest room there is beside the others; never for less energy. */
static int64_t pull_forward(struct plan_work *s, const struct plan_car *c)
{
	int64_t before = plan_row_mj(s, c), after;
	int32_t *row = plan_w_at(s, c, 0);

	memcpy(s->spare_w, row, (size_t)s->slots * sizeof(*row));
	plan_clear_row(s, c);
	after = fill_early(s, c, c->goal_mj);
	if (after >= before || after >= c->goal_mj)
		return after;
	plan_clear_row(s, c);
	for (int t = c->first; t < c->last; t++)
		if (s->spare_w[t])
			plan_take(s, c, t, s->spare_w[t]);
	return before;
}

/* -- the two plans --------------------------------------------------------------------------- */

static void plan_by_departure(struct plan_work *s)
{
	for (int i = 0; i < s->in->n; i++)
		s->got_mj[i] = fill_early(s, &s->car[i], s->car[i].goal_mj);
}

static void plan_by_priority(struct plan_work *s)
{
	for (int i = 0; i < s->in->n; i++)
		plan_clear_row(s, &s->car[i]);
	for (int i = 0; i < s->in->n; i++) {
		const struct plan_car *c = &s->car[s->by_priority[i]];

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

static int64_t short_mj(const struct plan_work *s, int i, const int64_t *got)
{
	return got[i] < s->car[i].goal_mj ? s->car[i].goal_mj - got[i] : 0;
}

static bool any_short(const struct plan_work *s)
{
	for (int i = 0; i < s->in->n; i++)
		if (short_mj(s, i, s->got_mj))
			return true;
	return false;
}

/* True if `a` leaves less short than `b` in the first priority where they differ. */
static bool better(const struct plan_work *s, const int64_t *a, const int64_t *b)
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

/* Rooms are only moved by the difference. */
void plan_restore(struct plan_work *s, const int32_t *rows)
{
	for (int i = 0; i < s->in->n; i++) {
		const struct plan_car *c = &s->car[i];

		for (int t = c->first; t < c->last; t++) {
			int32_t was = rows[(size_t)c->index * (size_t)s->slots + (size_t)t];

			if (was != *plan_w_at(s, c, t))
				plan_take(s, c, t, was - *plan_w_at(s, c, t));
		}
	}
}

void plan_early(struct plan_work *s)
{
	plan_by_departure(s);
	plan_balance(s);
}

int plan_early_again(struct plan_work *s)
{
	size_t n = (size_t)s->in->n, cells = n * (size_t)s->slots;
	int32_t *rows;
	int64_t *got;
	int rc = -1;

	if (!any_short(s))
		return 0;
	rows = malloc(cells * sizeof(*rows));
	got = malloc(n * sizeof(*got));
	if (!rows || !got)
		goto out;
	memcpy(rows, s->w, cells * sizeof(*rows));
	memcpy(got, s->got_mj, n * sizeof(*got));
	plan_by_priority(s);
	plan_balance(s);
	if (!better(s, s->got_mj, got)) {
		plan_restore(s, rows);
		memcpy(s->got_mj, got, n * sizeof(*got));
	}
	rc = 0;
out:
	free(rows);
	free(got);
	return rc;
}

void plan_fill_spare(struct plan_work *s)
{
	for (int i = 0; i < s->in->n; i++) {
		struct plan_car *c = &s->car[i];
		int64_t full = c->battery->capacity_wh * BATTERY_MJ_PER_WH;

		if (full == 0 || s->got_mj[i] < c->goal_mj)
			continue;
		c->goal_mj = full - c->start_mj;
		s->got_mj[i] = pull_forward(s, c);
	}
	plan_balance(s);
}

void plan_early_late(struct plan_work *s)
{
	for (int k = 0; k < s->in->n; k++) {
		int i = s->by_priority[k];

		if (s->car[i].late)
			s->got_mj[i] = fill_early(s, &s->car[i], s->car[i].goal_mj);
	}
}
