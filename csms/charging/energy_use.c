#include "csms/charging/energy_use.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "db/query_log.h"
#include "gen/event.h"

#define EVENTS_MAX 10000

/* -- slots -------------------------------------------------------------------------------------- */

/* What had flowed at an instant between two registers. */
static int64_t between(const struct energy_point *a, const struct energy_point *b, int64_t at_ms)
{
	if (at_ms >= b->at_ms)
		return b->wh;
	if (at_ms <= a->at_ms)
		return a->wh;
	return a->wh +
	       (int64_t)((__int128)(b->wh - a->wh) * (at_ms - a->at_ms) / (b->at_ms - a->at_ms));
}

void energy_spread(
	const struct energy_point *points, int count, int64_t start_ms, int slots, int64_t *wh)
{
	for (int i = 1; i < count; i++) {
		const struct energy_point *a = &points[i - 1], *b = &points[i];
		int64_t from = (a->at_ms - start_ms) / ENERGY_SLOT_MS;

		for (int64_t k = from < 0 ? 0 : from; k < slots; k++) {
			int64_t begin = start_ms + k * ENERGY_SLOT_MS, end = begin + ENERGY_SLOT_MS;

			if (begin >= b->at_ms && k > from)
				break;
			wh[k] += between(a, b, k == slots - 1 ? INT64_MAX : end) -
				 between(a, b, k == from ? INT64_MIN : begin);
		}
	}
}

/* -- registers ---------------------------------------------------------------------------------- */

struct registers {
	int count;
	struct energy_point *items;
};

static void put(struct registers *r, int64_t at_ms, double wh)
{
	if (isfinite(wh) && wh >= 0 && wh < 1e15)
		r->items[r->count++] = (struct energy_point){at_ms, llround(wh)};
}

static int by_time(const void *a, const void *b)
{
	const struct energy_point *x = a, *y = b;

	if (x->at_ms != y->at_ms)
		return x->at_ms < y->at_ms ? -1 : 1;
	return x->wh < y->wh ? -1 : x->wh > y->wh;
}

/* In the order of time, without those that are less than one before: a register never falls. */
static void put_in_order(struct registers *r, int64_t most_wh)
{
	int n = 0;

	qsort(r->items, (size_t)r->count, sizeof *r->items, by_time);
	for (int i = 0; i < r->count; i++)
		if ((n == 0 || r->items[i].wh >= r->items[n - 1].wh) && r->items[i].wh <= most_wh)
			r->items[n++] = r->items[i];
	r->count = n;
}

static void collect(const struct db_transaction *t, const struct db_journal_page *page,
	struct arena *a, struct registers *r)
{
	if (t->has_begin_wh)
		put(r, t->started_at.ms, t->begin_wh);
	for (size_t i = 0; i < page->count; i++) {
		struct schema_error err;
		int type;
		const struct event_transaction_reported *e =
			db_event_decode(&page->items[i], a, &type, &err);

		if (e && !e->quarantined && e->has_meter_wh && e->has_meter_at &&
			e->meter_at.ms >= t->started_at.ms && e->meter_at.ms <= t->ended_at.ms)
			put(r, e->meter_at.ms, e->meter_wh);
	}
	if (t->has_meter_wh)
		put(r, t->ended_at.ms, t->meter_wh);
	put_in_order(r, t->has_meter_wh ? llround(t->meter_wh) : INT64_MAX);
}

static int fill(const struct db_transaction *t, const struct registers *r, struct arena *a,
	struct energy_use *out)
{
	int64_t slots;

	*out = (struct energy_use){.station = t->station,
		.transaction_id = t->id,
		.vehicle = t->vehicle,
		.started_ms = t->started_at.ms,
		.ended_ms = t->ended_at.ms,
		.last_ms = t->started_at.ms};
	out->start_ms = t->started_at.ms - t->started_at.ms % ENERGY_SLOT_MS;
	slots = (t->ended_at.ms - out->start_ms + ENERGY_SLOT_MS - 1) / ENERGY_SLOT_MS;
	out->slots = (int)(slots < 1 ? 1 : slots > ENERGY_SLOTS_MAX ? ENERGY_SLOTS_MAX : slots);
	out->wh = arena_alloc(a, (size_t)out->slots * sizeof *out->wh);
	if (!out->wh)
		return -1;
	energy_spread(r->items, r->count, out->start_ms, out->slots, out->wh);
	if (r->count > 1)
		out->total_wh = r->items[r->count - 1].wh - r->items[0].wh;
	for (int i = 1; i < r->count; i++)
		if (r->items[i].wh > r->items[i - 1].wh)
			out->last_ms = r->items[i].at_ms;
	return 0;
}

int energy_use_read(struct db_reader *r, struct arena *a, const char *station, const char *id,
	struct energy_use *out)
{
	struct db_transaction_filter one = {.station = station, .id = id, .limit = 1};
	struct db_journal_filter f = {.stream = arena_printf(a, "transaction/%s/%s", station, id),
		.type = "TransactionReported",
		.limit = EVENTS_MAX};
	struct db_transaction_list found;
	struct db_journal_page page;
	struct registers regs = {0};

	if (!f.stream || db_query_transactions(r, &one, a, &found) != 0)
		return -1;
	if (!found.count || found.items[0].open || !found.items[0].started_at.ms ||
		found.items[0].ended_at.ms < found.items[0].started_at.ms)
		return 1;
	if (db_query_journal(r, &f, a, &page) != 0)
		return -1;
	regs.items = arena_alloc(a, (page.count + 2) * sizeof *regs.items);
	if (!regs.items)
		return -1;
	collect(&found.items[0], &page, a, &regs);
	return fill(&found.items[0], &regs, a, out);
}
