/* Series of prices: what came in, what of it is news, and whether enough is known. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/alarms.h"
#include "csms/log.h"
#include "csms/money/price_plausible.h"
#include "csms/money/price_words.h"
#include "csms/money/prices_private.h"
#include "csms/record.h"

#define RUN_MAX 3000 /* values of one event: the bound of PricesReceived */

int prices_series_count(const struct prices *p)
{
	return p->feed_count;
}

int prices_series_find(const struct prices *p, const char *id)
{
	for (int i = 0; i < p->feed_count; i++)
		if (strcmp(p->feeds[i]->state.row->id, id) == 0)
			return i;
	return -1;
}

void prices_series_state(const struct prices *p, int i, struct price_state *out)
{
	const struct price_series *s = &p->feeds[i]->series;
	int64_t now = clock_wall().ms, known = price_series_known_until(s, now);

	*out = p->feeds[i]->state;
	out->known_until_ms = known;
	out->is_short = known - now < out->row->alarm_h * 3600000;
	out->after = price_series_mean(s, prices_zone(p), known, known + PRICE_CELL_MS).source;
}

struct price_value prices_series_mean(const struct prices *p, int i, int64_t from_ms, int64_t to_ms)
{
	return price_series_mean(&p->feeds[i]->series, prices_zone(p), from_ms, to_ms);
}

/* -- what came in ------------------------------------------------------------------------------ */

/* How many points from `i` on follow each other in steps of one length. */
static int run_length(const struct price_points *points, const bool *is_news, int i)
{
	int64_t step = points->items[i].end_ms - points->items[i].start_ms;
	int n = 1;

	while (i + n < points->count && n < RUN_MAX && is_news[i + n] &&
		points->items[i + n].start_ms == points->items[i + n - 1].end_ms &&
		points->items[i + n].end_ms - points->items[i + n].start_ms == step)
		n++;
	return n;
}

static int journal_run(struct price_feed *f, const struct price_point *first, int n,
	const char *from, const char *actor)
{
	struct core *c = f->prices->core;
	struct arena *a = record_arena(c);
	struct event_prices_received *e = a ? arena_alloc(a, sizeof *e) : NULL;
	int64_t *values = e ? arena_alloc(a, (size_t)n * sizeof *values) : NULL;

	if (!values)
		return -1;
	for (int i = 0; i < n; i++)
		values[i] = first[i].value;
	e->series = arena_strdup(a, f->state.row->id);
	e->source = arena_printf(a, "%.200s", from);
	e->start = (wall_t){first->start_ms};
	e->step_s = (first->end_ms - first->start_ms) / 1000;
	e->values.count = (size_t)n;
	e->values.items = values;
	record_now(c, EVENT_PRICES_RECEIVED, "prices", f->state.row->id, e, actor, NULL);
	return 0;
}

static bool in_window(const struct price_series *s, const struct price_point *p)
{
	return p->end_ms > s->base_ms && p->start_ms < s->base_ms + PRICE_CELLS * PRICE_CELL_MS;
}

/* What is amiss with values that count all the same. */
static void judge(struct price_feed *f, const struct price_points *points)
{
	char odd[300];

	f->state.trouble[0] = '\0';
	if (!price_series_is_odd(f->state.row, points, odd))
		return;
	snprintf(f->state.trouble, sizeof f->state.trouble, "%s", odd);
	log_warn("prices of %s: %s", f->state.row->id, odd);
}

int prices_take(struct prices *p, int i, const struct price_points *points, const char *from,
	const char *actor, void (*done)(void *arg, int status, const char *why), void *arg,
	char why[300])
{
	struct price_feed *f = p->feeds[i];
	bool *is_news = calloc((size_t)points->count + 1, sizeof *is_news);
	wall_t now = clock_wall();
	int news = 0, inside = 0;

	snprintf(why, 300, "out of memory");
	if (!is_news)
		return -1;
	price_series_move(&f->series, now.ms);
	for (int k = 0; k < points->count; k++) {
		const struct price_point *x = &points->items[k];

		if (!in_window(&f->series, x))
			continue;
		inside++;
		is_news[k] = price_series_put(&f->series, x->start_ms, x->end_ms, x->value, now.ms);
		news += is_news[k];
	}
	for (int k = 0; k < points->count; k++)
		if (is_news[k]) {
			int n = run_length(points, is_news, k);

			if (journal_run(f, &points->items[k], n, from, actor) < 0)
				inside = 0;
			k += n - 1;
		}
	free(is_news);
	if (!inside) {
		snprintf(why, 300, "none of its %d values lies in the last %d days or the next %d",
			points->count, PRICE_DAYS_BACK, PRICE_DAYS - PRICE_DAYS_BACK - 1);
		return -1;
	}
	f->state.received_at = now;
	snprintf(f->state.received_from, sizeof f->state.received_from, "%s", from);
	judge(f, points);
	prices_series_watch(p);
	if (done)
		record_then(p->core, done, arg);
	return news;
}

/* -- is enough known? -------------------------------------------------------------------------- */

static void watch_one(struct prices *p, int i, int64_t now)
{
	struct price_feed *f = p->feeds[i];
	struct price_state s;
	struct text t;

	price_series_move(&f->series, now);
	prices_series_state(p, i, &s);
	text_init(&t, 400);
	words_prices_short(
		&t, &(struct words_prices){
			    .name = f->state.row->name ? f->state.row->name : f->state.row->id,
			    .until = {s.known_until_ms > now ? s.known_until_ms : 0},
			    .now = {now},
			    .after = price_source_words(s.after)});
	alarm_set(p->core, ALARM_PRICES_MISSING, f->state.row->id, s.is_short, "%s%s%.100s",
		text_ok(&t) ? t.data : "Prices are missing.", f->state.trouble[0] ? " " : "",
		f->state.trouble);
	text_finish(&t);
}

void prices_series_watch(struct prices *p)
{
	int64_t now = clock_wall().ms;

	for (int i = 0; i < p->feed_count; i++)
		watch_one(p, i, now);
}

/* -- at a start ------------------------------------------------------------------------------- */

struct restoring {
	struct prices *prices;
	int rc;
};

static void read_points(struct db_reader *db, void *arg)
{
	struct restoring *x = arg;
	struct prices *p = x->prices;
	struct arena *a = arena_create(0);
	struct db_price_point_list list = {0};
	int64_t now = clock_wall().ms;

	x->rc = a && db_query_price_points(db, NULL,
			     (wall_t){now - PRICE_DAYS_BACK * CALENDAR_DAY_MS},
			     (wall_t){now + 30 * CALENDAR_DAY_MS}, a, &list) == 0
			? 0
			: -1;
	for (size_t i = 0; i < list.count; i++) {
		const struct db_price_point *row = &list.items[i];
		int k = prices_series_find(p, row->series);
		struct price_feed *f = k >= 0 ? p->feeds[k] : NULL;

		if (!f)
			continue;
		price_series_put(&f->series, row->start.ms, row->start.ms + row->step_s * 1000,
			(int32_t)row->value, row->received.ms);
		if (row->received.ms > f->state.received_at.ms) {
			f->state.received_at = row->received;
			snprintf(
				f->state.received_from, sizeof f->state.received_from, "the store");
		}
	}
	arena_destroy(a);
}

int prices_series_restore(struct prices *p, char why[400])
{
	const struct depot_price_series_list *rows = &p->core->depot->prices;
	struct restoring x = {.prices = p};

	for (size_t i = 0; i < rows->count && i < PRICES_SERIES_MAX; i++) {
		struct price_feed *f = calloc(1, sizeof *f);

		if (!f) {
			snprintf(why, 400, "out of memory");
			return -1;
		}
		f->prices = p;
		f->index = (int)i;
		f->state.row = &rows->items[i];
		price_series_init(&f->series, clock_wall().ms);
		p->feeds[p->feed_count++] = f;
	}
	if (db_read_now(p->core->db, read_points, &x) == 0 && x.rc == 0)
		return 0;
	snprintf(why, 400, "the prices of the store cannot be read");
	return -1;
}
