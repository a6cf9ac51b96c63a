/* The open demand window of each grid connection that the depot's file gives a target. */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>
#include "csms/alarms.h"
#include "csms/plan/fallback.h"
#include "csms/log.h"
#include "csms/record.h"
#include "csms/power/safety_private.h"
#include "db/query_log.h"
#include "db/query_safety.h"

#define DANGER_MS  10000 /* in danger for so long: an alarm */
#define KEEP_MS    5000 /* the open window is written down so often */
#define KEPT_MS    INT64_C(2764800000) /* 32 days: a month's peak may be in it */
#define HOUR_MS    3600000
#define WINDOW_MIN 15 /* of a node that has no target: the one that nearly all networks bill by */
#define WMS_PER_WH 3600000.0

/* Windows lie on the clock of the depot's zone, which is the process's: zones differ by quarters of
 * an hour, so an hour's windows need it. */
static int64_t window_begin(const struct demand *d, wall_t now, int *month)
{
	time_t t = (time_t)(now.ms / 1000);
	struct tm tm = {0};
	int64_t in_hour;

	localtime_r(&t, &tm);
	*month = (tm.tm_year + 1900) * 12 + tm.tm_mon;
	in_hour = (tm.tm_min * INT64_C(60) + tm.tm_sec) * 1000 + now.ms % 1000;
	return now.ms - in_hour % d->cfg.window_ms;
}

static int32_t rating_of(const struct safety *s, int i)
{
	const struct depot_node *row = s->node[i].row;
	struct grid_limit l = grid_tree_limit(s->tree, NULL, i);
	int64_t most = row && row->demand ? 4 * row->demand->target_w : INT32_MAX;

	return l.w != GRID_NO_LIMIT ? l.w : (int32_t)(most < INT32_MAX ? most : INT32_MAX);
}

static struct demand_config config_of(const struct safety *s, int i)
{
	const struct depot_demand *row = s->node[i].row ? s->node[i].row->demand : NULL;

	return (struct demand_config){
		.window_ms = (row ? row->window_min : WINDOW_MIN) * 60000,
		.target_w = row ? (int32_t)row->target_w : 0,
		.follow_peak = row && row->incumbent,
		.gap_ms = s->stale.hold_ms + 2000,
		.most_w = rating_of(s, i),
		.reaction_ms = s->obey.default_ms,
	};
}

/* The same window under another tree; a changed row changes the rules, not what has flowed. */
static void take_over(struct safety_demand *v, const struct safety_demand *old)
{
	struct demand_config cfg = v->d.cfg;

	if (old->d.cfg.window_ms != cfg.window_ms) {
		demand_restore(&v->d, old->d.month, old->d.peak_w, old->d.peak_at_ms);
		return;
	}
	v->d = old->d;
	v->d.cfg = cfg;
}

/* A target for a node that had none: what its meter measured of the window counts, what it did not
 * counts as the target. The month's peak of before is nobody's bill. */
static void take_counted(struct demand *d, const struct demand *counted)
{
	struct demand_config cfg = d->cfg;

	if (!counted->started || counted->cfg.window_ms != cfg.window_ms)
		return;
	*d = *counted;
	d->cfg = cfg;
	d->peak_w = 0;
	d->peak_at_ms = 0;
	d->assumed_wms = d->missing_ms * cfg.target_w;
	d->gap_wms = d->gap_missing_ms * cfg.target_w;
}

static void keep_counted(struct safety_node *v, const struct safety_node *old)
{
	struct demand_config cfg = v->counted.cfg;
	const struct demand *d = old->demand ? &old->demand->d : &old->counted;

	if (!d->started || d->cfg.window_ms != cfg.window_ms)
		return;
	v->counted = *d;
	v->counted.cfg = cfg;
}

static int keep_node(struct safety *s, int i, const struct safety_node *old)
{
	struct safety_node *v = &s->node[i];
	struct demand_config cfg = config_of(s, i);

	if (!v->row || !v->row->demand) {
		demand_init(&v->counted, &cfg);
		if (old)
			keep_counted(v, old);
		return 0;
	}
	v->demand = calloc(1, sizeof *v->demand);
	if (!v->demand)
		return -1;
	demand_init(&v->demand->d, &cfg);
	if (old && old->demand)
		take_over(v->demand, old->demand);
	else if (old)
		take_counted(&v->demand->d, &old->counted);
	return 0;
}

int safety_demand_keep(struct safety *s, const struct safety *old)
{
	for (int i = 0; i < s->nodes; i++) {
		int was = old ? grid_tree_find(old->tree, grid_tree_node(s->tree, i)->id) : -1;

		if (keep_node(s, i, was >= 0 ? &old->node[was] : NULL))
			return -1;
	}
	return 0;
}

struct restore {
	struct safety *s;
	bool failed;
};

/* The open window lies in the series, as it stood some seconds ago: its energy is a measurement. */
enum { KNOWN, ASSUMED, MISSING, REGISTER, KEPT };

static const char *const kept_names[] = {
	[KNOWN] = "known_wh",
	[ASSUMED] = "assumed_wh",
	[MISSING] = "missing_ms",
	[REGISTER] = "register_wh",
};

static void keep(const struct safety *s, int i, wall_t now)
{
	struct safety_demand *v = s->node[i].demand;
	struct demand_open o;

	if (llabs(wall_diff_ms(now, v->kept)) < KEEP_MS || !demand_look_open(&v->d, now.ms, &o))
		return;
	v->kept = now;
	for (int x = 0; x < KEPT; x++) {
		const double values[] = {
			[KNOWN] = (double)o.known_wms / WMS_PER_WH,
			[ASSUMED] = (double)o.assumed_wms / WMS_PER_WH,
			[MISSING] = (double)o.missing_ms,
			[REGISTER] = (double)o.register_wh,
		};
		char point[120];

		if (x == REGISTER && !o.has_register)
			continue;
		snprintf(point, sizeof point, "node/%s/demand_%s", grid_tree_node(s->tree, i)->id,
			kept_names[x]);
		record_sample(s->core, point, now, values[x], 0);
	}
}

/* Its newest sample before `to`; false: there is none. */
static bool newest(struct db_reader *db, struct arena *a, const char *point, wall_t from, wall_t to,
	int64_t step_ms, struct db_series_point *out)
{
	struct db_series_list list = {0};

	if (db_query_series(db, point, from, to, step_ms, a, &list) || !list.count)
		return false;
	*out = list.items[list.count - 1];
	return true;
}

/* The window that was open when depotd ended, if it is a later one than the journal's last. */
static void put_open(
	struct safety *s, int i, int64_t after_ms, struct db_reader *db, struct arena *a)
{
	struct safety_demand *v = s->node[i].demand;
	const char *id = grid_tree_node(s->tree, i)->id;
	wall_t now = clock_wall(), to = {now.ms + HOUR_MS}, at;
	struct db_series_point p, of[KEPT] = {0};
	struct demand_open o;
	int month;

	/* By hours first: in the newest of them all samples are looked at. */
	if (!newest(db, a, arena_printf(a, "node/%s/demand_known_wh", id),
		    wall_add_ms(now, -KEPT_MS), to, HOUR_MS, &p))
		return;
	for (int x = 0; x < KEPT; x++)
		newest(db, a, arena_printf(a, "node/%s/demand_%s", id, kept_names[x]), p.at, to, 0,
			&of[x]);
	at = of[KNOWN].at;
	if (!at.ms || of[ASSUMED].at.ms != at.ms || of[MISSING].at.ms != at.ms || at.ms > now.ms)
		return;
	o = (struct demand_open){
		.start_ms = window_begin(&v->d, at, &month),
		.at_ms = at.ms,
		.known_wms = (int64_t)(of[KNOWN].last * WMS_PER_WH + 0.5),
		.assumed_wms = (int64_t)(of[ASSUMED].last * WMS_PER_WH + 0.5),
		.missing_ms = (int64_t)of[MISSING].last,
		.has_register = of[REGISTER].at.ms == at.ms,
		.register_wh = (int64_t)of[REGISTER].last,
	};
	if (o.start_ms <= after_ms)
		return;
	v->d.month = v->d.month ? v->d.month : month;
	demand_restore_open(&v->d, &o);
}

/* Returns the begin of the window that ended last; 0: none did. */
static int64_t put_row(struct safety *s, int i, const struct db_demand_window_list *list)
{
	struct safety_demand *v = s->node[i].demand;

	for (size_t x = 0; x < list->count; x++) {
		const struct db_demand_window *row = &list->items[x];

		if (grid_tree_find(s->tree, row->node) != i)
			continue;
		demand_restore(&v->d, (int)row->month, (int32_t)row->peak_w, row->peak_at.ms);
		if (row->has_register)
			demand_restore_window(
				&v->d, row->start.ms + v->d.cfg.window_ms, row->register_wh);
		return row->start.ms;
	}
	return 0;
}

static void read_rows(struct db_reader *db, void *arg)
{
	struct restore *x = arg;
	struct arena *a = arena_create(0);
	struct db_demand_window_list list = {0};

	x->failed = !a || db_query_demand_windows(db, a, &list) != 0;
	for (int i = 0; !x->failed && i < x->s->nodes; i++)
		if (x->s->node[i].demand)
			put_open(x->s, i, put_row(x->s, i, &list), db, a);
	arena_destroy(a);
}

int safety_demand_restore(struct safety *s)
{
	struct restore x = {.s = s};

	return db_read_now(s->core->db, read_rows, &x) || x.failed ? -1 : 0;
}

/* -- each cycle ------------------------------------------------------------------------------- */

static void journal_closed(const struct safety *s, int i, const struct demand_closed *w, int month)
{
	const struct safety_demand *v = s->node[i].demand;
	const char *node = grid_tree_node(s->tree, i)->id;
	struct arena *a = record_arena(s->core);
	struct event_demand_window_ended *e = a ? arena_alloc(a, sizeof *e) : NULL;

	if (!e)
		return;
	*e = (struct event_demand_window_ended){
		.node = arena_strdup(a, node),
		.month = month,
		.start = {w->start_ms},
		.mean_w = w->mean_w,
		.missing_s = w->missing_ms / 1000,
		.peak_w = v->d.peak_w,
		.peak_at = {v->d.peak_at_ms},
		.has_register_wh = v->d.had_import && v->d.had_register,
		.register_wh = v->d.register_wh,
	};
	record_now(s->core, EVENT_DEMAND_WINDOW_ENDED, "node", node, e, "guard", NULL);
	if (w->is_peak && w->mean_w > v->d.cfg.target_w)
		log_warn("node %s: new peak of the month, %d W", node, (int)w->mean_w);
}

/* What a time counts with of which nothing is known: what the node may have drawn, but no more than
 * the target, which the books kept meanwhile or another system before us. No van stands for a guess. */
static int64_t unseen_w(const struct safety_node *v)
{
	const struct safety_demand *d = v->demand;
	int64_t most = !d ? 0 : d->out.target_w > 0 ? d->out.target_w : d->d.cfg.target_w;

	return v->reckoned_w >= 0 && v->reckoned_w < most ? v->reckoned_w : most;
}

static void fill(
	const struct safety *s, int i, const struct demand *d, wall_t now, struct demand_in *in)
{
	const struct safety_node *v = &s->node[i];
	const struct guard_node_in *g = &s->k->node_in[i];
	const struct meter *m = safety_meter(s, i);
	double wh;

	*in = (struct demand_in){
		.now_ms = now.ms,
		.has_import = m && g->quality == GUARD_FRESH,
		.import_w = g->import_w,
		.worst_w = unseen_w(v),
		.uncontrolled_w = v->load_w == GRID_UNKNOWN ? 0 : v->load_w,
	};
	in->window_ms = window_begin(d, now, &in->month);
	in->has_register = in->has_import &&
			   meter_reading_get(&m->last, METER_QUANTITY_IMPORT_WH, &wh) && wh >= 0 &&
			   wh < 1e15;
	in->register_wh = in->has_register ? (int64_t)wh : 0;
}

/* More than the target, for vehicles whose class pays more rather than fall short. */
static int32_t exceeded(const struct safety *s, int i, int32_t w)
{
	int64_t more = fallback_more_w(control_fallbacks(s->k), s->tree, i);

	return w == GRID_NO_LIMIT || w + more >= GRID_NO_LIMIT ? GRID_NO_LIMIT
							       : (int32_t)(w + more);
}

static void count_node(struct safety *s, int i, wall_t now)
{
	struct demand *d = &s->node[i].counted;
	struct demand_closed closed;
	struct demand_out out;
	struct demand_in in;

	fill(s, i, d, now, &in);
	demand_step(d, &in, &out, &closed);
}

void safety_demand_before(struct safety *s, wall_t now)
{
	for (int i = 0; i < s->nodes; i++) {
		struct safety_demand *v = s->node[i].demand;
		struct grid_bound b = {GRID_NO_LIMIT, GRID_NO_LIMIT, GRID_NO_LIMIT};
		struct demand_closed closed;
		struct demand_in in;
		int month;

		if (!v && safety_meter(s, i))
			count_node(s, i, now);
		if (!v)
			continue;
		fill(s, i, &v->d, now, &in);
		month = v->d.month; /* of the window that may end now */
		if (demand_step(&v->d, &in, &v->out, &closed))
			journal_closed(s, i, &closed, month ? month : in.month);
		keep(s, i, now);
		b.import_w = v->out.allowed_w;
		/* Blind, no peak is known to be in danger: the target is kept by the books, and no
		 * van stands for what may have flowed unseen. */
		if (!in.has_import && b.import_w < v->out.target_w)
			b.import_w = v->out.target_w;
		b.import_w = exceeded(s, i, b.import_w);
		grid_limits_set(s->k->limits, i, GRID_SOURCE_DEMAND, &b);
	}
}

/* What is left of this window says nothing of the next ones: their mean is the target. */
void safety_demand_plan(const struct safety *s, struct grid_limits *l)
{
	for (int i = 0; i < s->nodes; i++) {
		struct grid_bound b = {GRID_NO_LIMIT, GRID_NO_LIMIT, GRID_NO_LIMIT};

		if (!s->node[i].demand || !s->node[i].demand->out.target_w)
			continue;
		b.import_w = exceeded(s, i, s->node[i].demand->out.target_w);
		grid_limits_set(l, i, GRID_SOURCE_DEMAND, &b);
	}
}

void safety_demand_after(struct safety *s, int64_t now_ms)
{
	for (int i = 0; i < s->nodes; i++) {
		struct safety_demand *v = s->node[i].demand;
		const char *id = grid_tree_node(s->tree, i)->id;

		if (!v)
			continue;
		if (!v->out.in_danger)
			v->danger_ms = 0;
		else if (!v->danger_ms)
			v->danger_ms = now_ms;
		alarm_set(s->core, ALARM_DEMAND_AT_RISK, id,
			v->danger_ms && now_ms - v->danger_ms >= DANGER_MS,
			"The demand window of %s ends at %.1f kW without any charging; the target is "
			"%.1f kW.",
			id, v->out.projected_w / 1000.0, v->out.target_w / 1000.0);
	}
}

void safety_demand_window(const struct safety *s, int node, wall_t *begin, wall_t *end)
{
	const struct safety_demand *v = s->node[node].demand;

	*begin = (wall_t){v->d.start_ms};
	*end = (wall_t){v->d.start_ms + v->d.cfg.window_ms};
}
