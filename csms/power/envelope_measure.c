#include "csms/power/envelope_measure.h"
#include <stdio.h>
#include <string.h>
#include "csms/power/control.h"
#include "db/query.h"
#include "db/query_envelope.h"

#define CHUNK_MS     INT64_C(21600000) /* 6 h: samples of 5 s fit one query */
#define SPAN_MS      INT64_C(604800000) /* 7 days: minutes fit one query */
#define GAP_MS       60000 /* a sample says nothing of what is later than this after it */
#define FIRST_MS     10000 /* the first sample speaks for what is before it */
#define BEFORE_MS    60000 /* commands that made room before it began belong to it */
#define TOLD_MAX     10000
#define VEHICLES_MAX 500

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

/* Those that charge, or charged since `from`, below the node. */
static void list_vehicles(const struct core *c, const struct grid_node *n, wall_t from,
	struct arena *a, struct schema_strings *out)
{
	const struct station *s;
	const char **items = arena_alloc(a, VEHICLES_MAX * sizeof *items);

	for (s = c->fleet.stations; s; s = s->hh.next)
		for (int i = 0; items && i < s->evse_count; i++) {
			const struct evse *e = &s->evses[i];
			const struct transaction *t = &e->tx;

			if (e->grid_evse < n->evse_first || e->grid_evse >= n->evse_end ||
				!t->id[0] || (!t->is_open && t->last.ms < from.ms) ||
				out->count == VEHICLES_MAX)
				continue;
			items[out->count++] =
				t->vehicle ? arena_strdup(a, t->vehicle->id)
					   : arena_printf(a, "unknown at %s/%d", s->id, e->id);
		}
	out->items = items;
}

static int64_t or_none(int32_t limit)
{
	return limit == GRID_NO_LIMIT ? -1 : limit;
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
		.limit_w = or_none(bound->import_w),
		.limit_ma = or_none(bound->phase_ma),
		.volts = n->electric.volts,
		.export_limit_w = or_none(bound->export_w),
	};
	list_evses(t, n, a, &m->evses);
	list_vehicles(c, n, from, a, &m->vehicles);
}

/* -- samples ---------------------------------------------------------------------------------- */

/* What a sample is worth (csms/power/control_show.c). */
enum worth { WORTH_MEASURED, WORTH_HELD, WORTH_BOUNDED, WORTH_NOTHING };

struct walk {
	double wh, above_wh, fed_wh;
	int64_t until_ms; /* what is before has been taken */
	int64_t ms, known_ms, bounded_ms; /* measured; that and held; no more than bounded */
	int64_t above_ms, run_ms, fed_ms, fed_run_ms;
	int64_t maybe_ms; /* above by whatever is known, without a break … */
	int64_t blind_ms; /* … nothing new is known */
	bool is_unsure;
	int64_t phase_ms[GRID_PHASES], phase_above_ms[GRID_PHASES];
	double max, bound_max;
};

/* What each phase carried, in mA: samples of a node are taken in one go, so they stand beside those
 * of its power. */
struct phases {
	struct db_series_list list[GRID_PHASES];
	size_t next[GRID_PHASES];
};

/* False: the phase was not measured then. */
static bool phase_at(struct phases *p, int phase, wall_t at, double *ma)
{
	const struct db_series_list *l = &p->list[phase];
	size_t *i = &p->next[phase];

	while (*i < l->count && l->items[*i].at.ms < at.ms)
		++*i;
	if (*i == l->count || l->items[*i].at.ms != at.ms)
		return false;
	*ma = l->items[*i].last;
	return true;
}

/* What a phase carried, for `ms` of it as measured. */
static void take_phase(
	struct envelope_measure *m, struct walk *w, int i, wall_t at, double ma, int64_t ms)
{
	struct envelope_phase *x = &m->phase[i];

	if (!x->max_at.ms || (int64_t)ma > x->max_ma) {
		x->max_ma = (int64_t)ma;
		x->max_at = at;
	}
	w->phase_ms[i] += ms;
	if (ma > (double)m->limit_ma)
		w->phase_above_ms[i] += ms;
}

/* W that are above the limit, of all phases together; one alone breaks it. Without currents the
 * power in all still tells when at least one must be above. `ms`: of it as measured. */
static double above_phases(struct envelope_measure *m, struct walk *w, struct phases *p, wall_t at,
	double load, enum worth worth, int64_t ms)
{
	double above = 0, ma, least = (double)(m->limit_ma * m->volts) / 1000 * GRID_PHASES;
	bool is_seen = false;

	for (int i = 0; i < GRID_PHASES && m->limit_ma >= 0; i++) {
		if (!phase_at(p, i, at, &ma))
			continue;
		is_seen = true;
		if (worth != WORTH_BOUNDED)
			take_phase(m, w, i, at, ma, worth == WORTH_MEASURED ? ms : 0);
		if (ma > (double)m->limit_ma)
			above += (ma - (double)m->limit_ma) * m->volts / 1000;
	}
	return m->limit_ma < 0 || is_seen || load <= least ? above : load - least;
}

static void take_longest(struct envelope_measure *m, int64_t run_ms)
{
	if (run_ms / 1000 > m->longest_s)
		m->longest_s = run_ms / 1000;
}

/* Above the limit of what may be fed in; W. */
static double above_export(const struct envelope_measure *m, double feed)
{
	return m->export_limit_w < 0 ? 0 : feed - (double)m->export_limit_w;
}

static void take_export(struct envelope_measure *m, struct walk *w, double above, int64_t ms)
{
	if (above <= 0) {
		w->fed_run_ms = 0;
		return;
	}
	w->fed_ms += ms;
	w->fed_run_ms += ms;
	w->fed_wh += above * (double)ms / 3600000;
	take_longest(m, w->fed_run_ms);
}

static void take_import(struct envelope_measure *m, struct walk *w, double above, int64_t ms)
{
	if (above <= 0) {
		w->run_ms = 0;
		return;
	}
	w->above_ms += ms;
	w->run_ms += ms;
	w->above_wh += above * (double)ms / 3600000;
	take_longest(m, w->run_ms);
}

/* A breach may hide in what is not known for longer than a sample speaks for. */
static void take_blind(struct walk *w, int64_t ms)
{
	w->blind_ms += ms;
	w->is_unsure |= w->blind_ms > GAP_MS;
}

/* What was held or is a bound breaks nothing, and what is above by that alone was not kept either. */
static void take_maybe(struct walk *w, bool is_above, int64_t ms)
{
	w->maybe_ms = is_above ? w->maybe_ms + ms : 0;
	w->is_unsure |= w->maybe_ms > ENVELOPE_REACTION_S * 1000;
}

/* A bound is the most that may have flowed: no load, and no part of a mean. */
static void take_bound(struct walk *w, double load, int64_t ms)
{
	if (!w->bounded_ms || load > w->bound_max)
		w->bound_max = load;
	w->bounded_ms += ms;
}

static void take_load(
	struct envelope_measure *m, struct walk *w, wall_t at, double load, int64_t ms)
{
	w->wh += load * (double)ms / 3600000;
	if (!w->known_ms || load > w->max) {
		w->max = load;
		m->max_at = at;
	}
	w->known_ms += ms;
	if ((int64_t)-load > m->export_max_w)
		m->export_max_w = (int64_t)-load;
}

static void take_known(struct envelope_measure *m, struct walk *w, struct phases *p, wall_t at,
	double load, enum worth worth, int64_t ms)
{
	double above = above_phases(m, w, p, at, load, worth, ms);
	double fed = above_export(m, -load);

	if (worth == WORTH_BOUNDED)
		take_bound(w, load, ms);
	else
		take_load(m, w, at, load, ms);
	if (m->limit_w >= 0 && load - (double)m->limit_w > above)
		above = load - (double)m->limit_w;
	take_maybe(w, worth != WORTH_MEASURED && (above > 0 || fed > 0), ms);
	if (worth != WORTH_MEASURED)
		return;
	w->ms += ms;
	take_export(m, w, fed, ms);
	take_import(m, w, above, ms);
}

/* The load stays what it was until the next sample, but not for long. */
static void take(struct envelope_measure *m, struct walk *w, struct phases *p,
	const struct db_series_point *s, int64_t ms)
{
	enum worth worth = s->quality < 0 || s->quality > WORTH_NOTHING ? WORTH_NOTHING
									: (enum worth)s->quality;

	if (ms > GAP_MS)
		ms = GAP_MS;
	if (s->at.ms > w->until_ms)
		take_blind(w, s->at.ms - w->until_ms);
	w->until_ms = s->at.ms + ms;
	if (worth == WORTH_MEASURED || worth == WORTH_BOUNDED)
		w->blind_ms = 0;
	else
		take_blind(w, ms);
	if (worth != WORTH_NOTHING)
		take_known(m, w, p, s->at, s->last, worth, ms);
}

static int read_phases(struct db_reader *r, const struct envelope_measure *m, wall_t from,
	wall_t to, struct arena *a, struct phases *out)
{
	*out = (struct phases){0};
	for (int i = 0; i < GRID_PHASES && m->limit_ma >= 0; i++) {
		const char *point = arena_printf(a, "node/%s/L%d_ma", m->node, i + 1);

		if (!point || db_query_series(r, point, from, to, 0, a, &out->list[i]))
			return -1;
	}
	return 0;
}

static int walk(struct db_reader *r, struct envelope_measure *m, struct walk *w, struct arena *a)
{
	for (wall_t from = m->from; from.ms < m->to.ms; from.ms += CHUNK_MS) {
		wall_t to = {from.ms + CHUNK_MS < m->to.ms ? from.ms + CHUNK_MS : m->to.ms};
		struct db_series_list list = {0};
		struct phases p;

		if (db_query_series(r, m->point, from, to, 0, a, &list) ||
			read_phases(r, m, from, to, a, &p))
			return -1;
		for (size_t i = 0; i < list.count; i++) {
			int64_t next = i + 1 < list.count ? list.items[i + 1].at.ms : to.ms;

			if (i == 0 && w->until_ms == m->from.ms &&
				list.items[0].at.ms - m->from.ms <= FIRST_MS)
				w->until_ms = list.items[0].at.ms;
			take(m, w, &p, &list.items[i], next - list.items[i].at.ms);
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
	struct walk w = {.until_ms = m->from.ms};
	int64_t span_ms = wall_diff_ms(m->to, m->from);

	if (walk(r, m, &w, a) ||
		db_query_series(r, m->point, m->from, m->to, 60000, a, &m->minutes) ||
		list_commands(r, m, a)) {
		m->failed = arena_strdup(a, db_reader_error(r));
		if (!m->failed)
			m->failed = "out of memory";
		return;
	}
	take_blind(&w, m->to.ms - w.until_ms);
	m->measured_s = w.ms / 1000;
	m->estimated_s = (w.known_ms - w.ms) / 1000;
	m->bounded_s = w.bounded_ms / 1000;
	m->bound_max_w = (int64_t)w.bound_max;
	m->unmeasured_s = (span_ms - w.known_ms - w.bounded_ms) / 1000;
	if (m->unmeasured_s < FIRST_MS / 1000)
		m->unmeasured_s = 0;
	m->mean_w = w.known_ms ? (int64_t)(w.wh * 3600000 / (double)w.known_ms) : 0;
	m->max_w = (int64_t)w.max;
	for (int i = 0; i < GRID_PHASES; i++) {
		m->phase[i].measured_s = w.phase_ms[i] / 1000;
		m->phase[i].above_s = w.phase_above_ms[i] / 1000;
	}
	m->above_s = w.above_ms / 1000;
	m->above_wh = (int64_t)w.above_wh;
	m->export_above_s = w.fed_ms / 1000;
	m->export_above_wh = (int64_t)w.fed_wh;
	m->is_unsure = m->longest_s <= ENVELOPE_REACTION_S && w.is_unsure;
	m->is_kept = m->longest_s <= ENVELOPE_REACTION_S && !m->is_unsure;
}
