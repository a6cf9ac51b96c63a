/*
 * What the billing months have cost so far: the energy that the site took and the peaks that are
 * paid for, from the demand windows of the first node that has any (csms/power/safety_demand.c). Read from
 * the store every quarter of an hour, by the tariff in force.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/log.h"
#include "csms/money/prices_cost.h"
#include "csms/money/prices_private.h"

#define SLOT_MS INT64_C(900000) /* windows of other lengths are spread over these */

struct month_read {
	struct prices *prices; /* NULL: gone meanwhile */
	char site[61];
	struct arena *arena;
	struct db_site_window_list windows;
	wall_t from;
	int rc;
};

static const struct depot_node *site_of(const struct prices *p)
{
	const struct depot_node_list *nodes = &p->core->depot->nodes;

	for (size_t i = 0; i < nodes->count; i++)
		if (nodes->items[i].demand)
			return &nodes->items[i];
	return NULL;
}

int64_t prices_window_wh(
	const struct db_site_window *w, const struct db_site_window *before, int64_t window_ms)
{
	/* the register tells it exactly, where it was read at both ends */
	if (w->has_register && before && before->has_register &&
		before->start.ms + window_ms == w->start.ms &&
		w->register_wh >= before->register_wh)
		return w->register_wh - before->register_wh;
	return w->mean_w * window_ms / 3600000;
}

/* -- reckoning ---------------------------------------------------------------------------------- */

static struct price_month *month_at(struct prices *p, int64_t number)
{
	struct price_month *last = p->month_count ? &p->months[p->month_count - 1] : NULL;

	if (last && last->month == number)
		return last;
	if (p->month_count == PRICES_MONTHS)
		memmove(p->months, p->months + 1, --p->month_count * sizeof *p->months);
	p->months[p->month_count] = (struct price_month){number, 0};
	return &p->months[p->month_count++];
}

static void put_peaks(struct prices *p, const struct tariff *t, const struct tariff_span *s,
	const int64_t *wh, int64_t month)
{
	for (int i = 0; i < t->demands; i++) {
		int64_t at_ms, w = bill_peak_w(t, i, s, wh, month, &at_ms);

		if (w > 0 && p->peak_count < (int)(sizeof p->peaks / sizeof *p->peaks))
			p->peaks[p->peak_count++] = (struct bill_peak){i, month, w};
	}
}

/* Energy of the windows in [first, count) of one month, in slots that its peaks are found in. */
static void reckon_month(struct prices *p, const struct tariff *t,
	const struct db_site_window_list *list, size_t first, size_t end, int64_t window_ms,
	int64_t number)
{
	const struct db_site_window *w = list->items;
	int64_t step = window_ms < SLOT_MS ? window_ms : SLOT_MS;
	struct tariff_span s = {
		.zone = prices_zone(p), .start_ms = w[first].start.ms, .slot_ms = step};
	int64_t *wh;

	s.slots = (int)((w[end - 1].start.ms + window_ms - s.start_ms) / step);
	wh = calloc((size_t)s.slots + 1, sizeof *wh);
	for (size_t i = first; wh && i < end; i++) {
		int64_t all = prices_window_wh(&w[i], i > first ? &w[i - 1] : NULL, window_ms);
		int64_t slot = (w[i].start.ms - s.start_ms) / step, pieces = window_ms / step;

		month_at(p, number)->wh += all;
		for (int64_t k = 0; k < pieces && slot + k < s.slots; k++)
			wh[slot + k] += all / pieces;
	}
	if (wh)
		put_peaks(p, t, &s, wh, number);
	free(wh);
}

static int64_t month_of(const struct prices *p, const struct tariff *t, int64_t at_ms)
{
	struct calendar_time at;

	calendar_local(prices_zone(p), at_ms, &at);
	return tariff_month(t, &at.day);
}

static void reckon(struct prices *p, const struct db_site_window_list *list)
{
	const struct price_tariff *t = prices_in_force(p, clock_wall().ms);
	const struct depot_node *site = site_of(p);
	int64_t now;

	p->peak_count = p->month_count = 0;
	p->month_wh = 0;
	if (!t || !site)
		return;
	for (size_t first = 0, end; first < list->count; first = end) {
		int64_t number = month_of(p, &t->tariff, list->items[first].start.ms);

		for (end = first + 1; end < list->count; end++)
			if (month_of(p, &t->tariff, list->items[end].start.ms) != number)
				break;
		reckon_month(
			p, &t->tariff, list, first, end, site->demand->window_min * 60000, number);
	}
	now = month_of(p, &t->tariff, clock_wall().ms);
	if (p->month_count && p->months[p->month_count - 1].month == now)
		p->month_wh = p->months[p->month_count - 1].wh;
}

/* -- reading ------------------------------------------------------------------------------------ */

static void work(struct db_reader *db, void *arg)
{
	struct month_read *x = arg;

	x->rc = db_query_site_windows(db, x->site, x->from,
		(wall_t){clock_wall().ms + CALENDAR_DAY_MS}, x->arena, &x->windows);
}

static void finish(void *arg)
{
	struct month_read *x = arg;

	if (x->prices && x->rc == 0)
		reckon(x->prices, &x->windows);
	else if (x->prices)
		log_error(
			"the site's demand windows cannot be read: plans know no peak of the month");
	if (x->prices)
		x->prices->reading = NULL;
	arena_destroy(x->arena);
	free(x);
}

/* Back to the month that the longest ratchet looks at, or this one. */
static wall_t from_of(const struct prices *p)
{
	const struct price_tariff *t = prices_in_force(p, clock_wall().ms);
	int months = 1;

	for (int i = 0; t && i < t->tariff.demands; i++)
		if (t->tariff.demand[i].ratchet_months >= months)
			months = t->tariff.demand[i].ratchet_months + 1;
	return wall_add_ms(clock_wall(), -(months * 31 + 1) * CALENDAR_DAY_MS);
}

static struct month_read *begin(struct prices *p)
{
	const struct depot_node *site = site_of(p);
	struct month_read *x = site && !p->reading ? calloc(1, sizeof *x) : NULL;

	if (!x || !(x->arena = arena_create(0))) {
		free(x);
		return NULL;
	}
	snprintf(x->site, sizeof x->site, "%s", site->id);
	x->prices = p;
	x->from = from_of(p);
	x->rc = -1;
	p->reading = x;
	return x;
}

void prices_months_refresh(struct prices *p)
{
	struct month_read *x = begin(p);

	if (x && db_read(p->core->db, work, finish, x) < 0)
		finish(x);
}

void prices_months_forget(struct prices *p)
{
	if (p->reading)
		p->reading->prices = NULL;
}

int prices_months_restore(struct prices *p, char why[400])
{
	struct month_read *x = begin(p);

	if (!x)
		return 0;
	if (db_read_now(p->core->db, work, x) < 0)
		x->rc = -1;
	snprintf(why, 400, "the demand windows of the store cannot be read");
	if (x->rc == 0) {
		finish(x);
		return 0;
	}
	p->reading = NULL;
	arena_destroy(x->arena);
	free(x);
	return -1;
}

/* -- for those who share it ----------------------------------------------------------------------- */

bool prices_month(const struct prices *p, int64_t at_ms, int64_t *demand_micro, int64_t *site_wh)
{
	const struct price_tariff *t = prices_in_force(p, at_ms);
	struct bill_peaks peaks = {p->peak_count, p->peaks};
	int64_t number;

	if (!t)
		return false;
	number = month_of(p, &t->tariff, at_ms);
	for (int i = 0; i < p->month_count; i++) {
		if (p->months[i].month != number || !p->months[i].wh)
			continue;
		*site_wh = p->months[i].wh;
		*demand_micro = 0;
		for (int k = 0; k < t->tariff.demands; k++)
			*demand_micro += bill_demand_micro(&t->tariff, k, number, &peaks);
		return true;
	}
	return false;
}

const char *prices_site(const struct prices *p, int64_t *window_ms)
{
	const struct depot_node *site = site_of(p);

	*window_ms = site ? site->demand->window_min * 60000 : 0;
	return site ? site->id : "";
}
