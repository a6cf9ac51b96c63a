#include "csms/envelope_measure.h"
#include <stdio.h>
#include <string.h>
#include "csms/control.h"
#include "db/query.h"
#include "db/query_envelope.h"

#define CHUNK_MS  INT64_C(21600000) /* 6 h: samples of 5 s fit one query */
#define SPAN_MS   INT64_C(604800000) /* 7 days: minutes fit one query */
#define GAP_MS    60000 /* a sample says nothing of what is later than this after it */
#define BEFORE_MS 60000 /* commands that made room before it began belong to it */
#define TOLD_MAX  10000

static int64_t limit_of(const struct grid_tree *t, int node, const struct grid_bound *b)
{
	int64_t phases = b->phase_ma == GRID_NO_LIMIT
				 ? GRID_NO_LIMIT
				 : (int64_t)b->phase_ma * grid_tree_node(t, node)->electric.volts *
					   GRID_PHASES / 1000;
	int64_t w = b->import_w < phases ? b->import_w : phases;

	return w < GRID_NO_LIMIT ? w : -1;
}

static void list_evses(const struct grid_tree *t, const struct grid_node *n, struct arena *a,
	struct schema_strings *out)
{
	const char **items =
		arena_alloc(a, (size_t)(n->evse_end - n->evse_first + 1) * sizeof *items);

	for (int i = n->evse_first; items && i < n->evse_end; i++)
		items[out->count++] =
			arena_strdup(a, grid_tree_node(t, grid_tree_evse_node(t, i))->id);
	out->items = items;
}

void envelope_measure_init(struct envelope_measure *m, const struct core *c, int node, wall_t from,
	wall_t to, const struct grid_bound *bound, struct arena *a)
{
	const struct grid_tree *t = control_grid(c->control);
	const struct grid_node *n = grid_tree_node(t, node);

	if (to.ms - from.ms > SPAN_MS)
		from.ms = to.ms - SPAN_MS;
	*m = (struct envelope_measure){
		.node = arena_strdup(a, n->id),
		.point = arena_printf(a, "node/%s/load_w", n->id),
		.from = from,
		.to = to,
		.limit_w = limit_of(t, node, bound),
		.export_limit_w = bound->export_w == GRID_NO_LIMIT ? -1 : bound->export_w,
	};
	list_evses(t, n, a, &m->evses);
}

/* -- samples ---------------------------------------------------------------------------------- */

struct walk {
	double wh, above_wh, fed_wh;
	int64_t ms, above_ms, run_ms, fed_ms, fed_run_ms;
	double max;
};

/* Above the limit of what may be fed in. */
static void take_export(struct envelope_measure *m, struct walk *w, double feed, int64_t ms)
{
	if ((int64_t)feed > m->export_max_w)
		m->export_max_w = (int64_t)feed;
	if (m->export_limit_w < 0 || feed <= (double)m->export_limit_w) {
		w->fed_run_ms = 0;
		return;
	}
	w->fed_ms += ms;
	w->fed_run_ms += ms;
	w->fed_wh += (feed - (double)m->export_limit_w) * (double)ms / 3600000;
	if (w->fed_run_ms / 1000 > m->longest_s)
		m->longest_s = w->fed_run_ms / 1000;
}

/* The load stays what it was until the next sample. */
static void take(struct envelope_measure *m, struct walk *w, wall_t at, double load, int64_t ms)
{
	if (ms > GAP_MS)
		ms = GAP_MS;
	w->ms += ms;
	w->wh += load * (double)ms / 3600000;
	if (w->ms == ms || load > w->max) {
		w->max = load;
		m->max_at = at;
	}
	take_export(m, w, -load, ms);
	if (m->limit_w < 0 || load <= (double)m->limit_w) {
		w->run_ms = 0;
		return;
	}
	w->above_ms += ms;
	w->run_ms += ms;
	w->above_wh += (load - (double)m->limit_w) * (double)ms / 3600000;
	if (w->run_ms / 1000 > m->longest_s)
		m->longest_s = w->run_ms / 1000;
}

static int walk(struct db_reader *r, struct envelope_measure *m, struct walk *w, struct arena *a)
{
	for (wall_t from = m->from; from.ms < m->to.ms; from.ms += CHUNK_MS) {
		wall_t to = {from.ms + CHUNK_MS < m->to.ms ? from.ms + CHUNK_MS : m->to.ms};
		struct db_series_list list = {0};

		if (db_query_series(r, m->point, from, to, 0, a, &list))
			return -1;
		for (size_t i = 0; i < list.count; i++) {
			int64_t next = i + 1 < list.count ? list.items[i + 1].at.ms : to.ms;

			take(m, w, list.items[i].at, list.items[i].last,
				next - list.items[i].at.ms);
		}
	}
	return 0;
}

/* -- commands --------------------------------------------------------------------------------- */

static const char *station_of(const char *stream)
{
	const char *slash = strchr(stream, '/');

	return slash ? slash + 1 : stream;
}

static bool is_below(const struct envelope_measure *m, const char *evse)
{
	for (size_t i = 0; i < m->evses.count; i++)
		if (strcmp(m->evses.items[i], evse) == 0)
			return true;
	return false;
}

static int list_commands(struct db_reader *r, struct envelope_measure *m, struct arena *a)
{
	struct db_told_list told = {0};
	wall_t from = {m->from.ms - BEFORE_MS};

	m->commands.items = arena_alloc(a, ENVELOPE_COMMANDS_MAX * sizeof *m->commands.items);
	if (!m->commands.items || db_query_told(r, from, m->to, TOLD_MAX, a, &told))
		return -1;
	for (size_t i = 0; i < told.count; i++) {
		const struct db_told *x = &told.items[i];
		const char *evse = x->is ? arena_printf(a, "%s/%d", station_of(x->station),
						   (int)x->is->evse_id)
					 : NULL;

		if (!evse || !is_below(m, evse))
			continue;
		m->command_count++;
		if (m->commands.count == ENVELOPE_COMMANDS_MAX)
			continue;
		m->commands.items[m->commands.count++] = (struct event_envelope_command){
			.evse = evse,
			.at = x->at,
			.limit_w = x->is->limit_w,
			.source = x->is->source,
			.node = x->is->node,
			.reason = x->is->reason,
			.call = x->cause,
		};
	}
	return 0;
}

void envelope_measure(struct db_reader *r, struct envelope_measure *m, struct arena *a)
{
	struct walk w = {0};

	if (walk(r, m, &w, a) ||
		db_query_series(r, m->point, m->from, m->to, 60000, a, &m->minutes) ||
		list_commands(r, m, a)) {
		m->failed = arena_strdup(a, db_reader_error(r));
		if (!m->failed)
			m->failed = "out of memory";
		return;
	}
	m->measured_s = w.ms / 1000;
	m->mean_w = w.ms ? (int64_t)(w.wh * 3600000 / (double)w.ms) : 0;
	m->max_w = (int64_t)w.max;
	m->above_s = w.above_ms / 1000;
	m->above_wh = (int64_t)w.above_wh;
	m->export_above_s = w.fed_ms / 1000;
	m->export_above_wh = (int64_t)w.fed_wh;
}
