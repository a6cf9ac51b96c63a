/*
 * What is known against meters, over a restart: it is journalled when it is found, and holds from the
 * first cycle on wherever the meter is still read the same way. Else a meter that shows a tenth of
 * what flows would be believed until its chargers had reported again.
 */
#include <math.h>
#include <string.h>
#include <strings.h>
#include "csms/power/control_private.h"
#include "csms/log.h"
#include "csms/metering/meters.h"
#include "csms/record.h"
#include "db/query_safety.h"

static struct control_told now_known(const struct control_doubt *d, const struct meter *m)
{
	bool is_odd = fpclassify(m->seen.odd) != FP_ZERO;
	bool is_suspect = m->seen.values[METER_QUANTITY_POWER_W].quality == METER_SUSPECT;

	return (struct control_told){.hangs = d->hangs,
		.shows_less = d->is_doubted,
		.is_power_low = is_odd && is_suspect,
		.odd = m->seen.odd};
}

static bool is_anything(const struct control_told *t)
{
	return t->hangs || t->shows_less || fpclassify(t->odd) != FP_ZERO;
}

static bool is_same(const struct control_told *a, const struct control_told *b)
{
	return a->hangs == b->hangs && a->shows_less == b->shows_less &&
	       a->is_power_low == b->is_power_low && !(fabs(a->odd - b->odd) > 0);
}

static void fill_still(
	const struct control *k, int node, const struct meter *m, struct event_meter_doubted *e)
{
	int64_t still_ms = control_still_ms(k, node, m, clock_mono().us / 1000);

	if (!e->hangs || still_ms == INT64_MAX)
		return;
	e->has_still_since = true;
	e->still_since = wall_add_ms(clock_wall(), -still_ms);
	e->has_still_w = meter_reading_get(&m->last, METER_QUANTITY_POWER_W, &e->still_w);
	e->has_still_wh = meter_reading_get(&m->last, METER_QUANTITY_IMPORT_WH, &e->still_wh);
}

static void journal_doubt(struct control *k, int node, const struct meter *m)
{
	const struct control_doubt *d = &k->doubt[node];
	struct arena *a = record_arena(k->core);
	struct event_meter_doubted *e = a ? arena_alloc(a, sizeof *e) : NULL;

	if (!e)
		return;
	*e = (struct event_meter_doubted){
		.row = arena_strdup(a, meters_wire(k->core->meters, k->meter[node])),
		.hangs = d->told.hangs,
		.shows_less = d->told.shows_less,
		.has_odd = fpclassify(d->told.odd) != FP_ZERO,
		.odd = d->told.odd,
		.is_power_low = d->told.is_power_low,
		.found = d->found,
		.shown_w = d->shown_w,
		.drawn_w = d->drawn_w,
	};
	fill_still(k, node, m, e);
	if (e->row)
		record_now(k->core, EVENT_METER_DOUBTED, "meter", m->row->id, e, "guard", NULL);
}

static void journal_cleared(struct control *k, int node, const struct meter *m)
{
	struct arena *a = record_arena(k->core);
	struct event_meter_cleared *e = a ? arena_alloc(a, sizeof *e) : NULL;
	int64_t ms = wall_diff_ms(clock_wall(), k->doubt[node].found);

	k->doubt[node].found.ms = 0;
	if (!e)
		return;
	e->doubted_s = ms > 0 ? ms / 1000 : 0;
	record_now(k->core, EVENT_METER_CLEARED, "meter", m->row->id, e, "guard", NULL);
	log_info("meter %s: nothing is known against it any more", m->row->id);
}

void control_doubts_journal(struct control *k)
{
	for (int i = 0; i < k->nodes; i++) {
		struct control_doubt *d = &k->doubt[i];
		const struct meter *m;
		struct control_told now;

		if (k->meter[i] < 0)
			continue;
		m = meters_at(k->core->meters, k->meter[i]);
		if (!m->seen_at.ms)
			continue; /* it has not been read since the start: as before */
		now = now_known(d, m);
		if (is_same(&now, &d->told))
			continue;
		d->told = now;
		if (is_anything(&now) && !d->found.ms)
			d->found = clock_wall();
		if (is_anything(&now))
			journal_doubt(k, i, m);
		else if (d->found.ms)
			journal_cleared(k, i, m);
	}
}

/* -- taken up again --------------------------------------------------------------------------- */

static void put_row(struct control *k, int node, const struct db_meter_doubt *row)
{
	struct control_doubt *d = &k->doubt[node];
	int64_t still_ms = wall_diff_ms(clock_wall(), row->still_since);

	d->hangs = row->hangs;
	d->is_doubted = row->shows_less;
	d->found = row->found;
	d->shown_w = row->shown_w;
	d->drawn_w = row->drawn_w;
	d->told = (struct control_told){row->hangs, row->shows_less, row->is_power_low, row->odd};
	if (row->still_since.ms && row->has_still_w)
		d->still = (struct control_still){
			.is_known = true,
			.since_ms = clock_mono().us / 1000 - (still_ms > 0 ? still_ms : 0),
			.w = row->still_w,
			.wh = row->still_wh,
		};
}

struct restore {
	struct control *k;
	bool failed;
};

static void read_rows(struct db_reader *db, void *arg)
{
	struct restore *x = arg;
	struct control *k = x->k;
	struct arena *a = arena_create(0);
	struct db_meter_doubt_list list = {0};

	x->failed = !a || db_query_meter_doubts(db, a, &list);
	for (int n = 0; n < k->nodes; n++)
		for (size_t i = 0; i < list.count && k->meter[n] >= 0; i++) {
			const struct meters *m = k->core->meters;
			const char *id = meters_at(m, k->meter[n])->row->id;

			if (strcasecmp(id, list.items[i].meter) == 0 &&
				strcmp(meters_wire(m, k->meter[n]), list.items[i].row) == 0)
				put_row(k, n, &list.items[i]);
		}
	arena_destroy(a);
}

int control_doubts_restore(struct control *k)
{
	struct restore x = {.k = k};

	return db_read_now(k->core->db, read_rows, &x) || x.failed ? -1 : 0;
}
