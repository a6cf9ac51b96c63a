#include "csms/metering/walk.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/clock.h"
#include "csms/power/control.h"
#include "csms/log.h"
#include "csms/metering/meters.h"
#include "csms/metering/walk_others.h"
#include "csms/record.h"

#define LOOK_MS  1000
#define LEAST_W  1400 /* a smaller step drowns in what else is drawn */
#define SETTLE_S 3 /* after the charger has followed, for the meters */
#define STEADY_W 300 /* two values of the charger in a row that differ by no more */
#define LOW_S    180 /* a charger that has not gone down by then does not obey */
#define HIGH_S   300 /* the guard raises slowly, and a vehicle takes its time */
#define SEEN     0.2 /* share of the step that counts as moved */

struct walks {
	struct core *core;
	struct timer timer;
	struct walk now;
	bool has_walk;
	wall_t settled; /* when the charger had followed; ms 0: not yet */
	wall_t heard; /* the charger's newest value, of this step */
	double heard_w;
	bool is_held; /* the meters were read since */
	const struct grid_tree *tree; /* whose limits hold ours, NULL: none does */
	int node;
	struct walk_others others;
};

/* -- the step --------------------------------------------------------------------------------- */

static struct evse *evse_of(const struct walks *w)
{
	struct station *s = fleet_station(&w->core->fleet, w->now.station);

	return s ? station_evse(s, w->now.evse) : NULL;
}

static void lift(struct walks *w)
{
	if (w->tree && w->tree == control_grid(w->core->control))
		grid_limits_set(
			control_limits(w->core->control), w->node, GRID_SOURCE_COMMISSIONING, NULL);
	w->tree = NULL;
	control_load_changed(w->core->control);
}

/* Limits go with the tree, which may have been made anew: set in each look. */
static void lower(struct walks *w, const struct evse *e)
{
	struct grid_bound b = {(int32_t)w->now.low_w, GRID_NO_LIMIT, GRID_NO_LIMIT};
	const struct grid_tree *t = control_grid(w->core->control);

	if (e->grid_evse < 0)
		return;
	w->node = grid_tree_evse_node(t, e->grid_evse);
	w->tree = t;
	grid_limits_set(control_limits(w->core->control), w->node, GRID_SOURCE_COMMISSIONING, &b);
	control_load_changed(w->core->control);
}

/* -- what moved ------------------------------------------------------------------------------- */

static bool get_phases(const struct meter_reading *r, double out[3])
{
	for (int i = 0; i < 3; i++)
		if (!meter_reading_get(
			    r, (enum meter_quantity)(METER_QUANTITY_POWER_L1_W + i), &out[i]))
			return false;
	return true;
}

int walk_own_phase(const struct walk *w, int grid)
{
	for (int i = 0; i < 3; i++)
		if (phases_place(w->rotation, i) == grid)
			return i;
	/* One of a single phase has nothing on the other two: what its meter shows of L2 and L3. */
	return phases_place(w->rotation, 0) >= 0 && grid == 0 ? 1 : grid;
}

/* What the charger's own meter has on each phase of the grid, as it is described to hang there;
 * false: it does not say. */
static bool charger_phases(const struct walks *w, const struct evse *e, double out[3])
{
	if (wall_diff_ms(e->currents.at, w->now.since) < 0)
		return false;
	for (int i = 0; i < 3; i++)
		out[i] = (double)e->currents.ma[walk_own_phase(&w->now, i)] / 1000 *
			 (double)w->core->depot->voltage_v;
	return true;
}

/* The charger and the meters are read at different moments, and the guard may raise the charger
 * between them: what the meters show counts only if the charger's next value is as the one before. */
static void hold(struct walks *w)
{
	w->is_held = true;
	for (int i = 0; i < w->now.meter_count; i++) {
		struct walk_meter *x = &w->now.meters[i];
		int at = meters_find(w->core->meters, x->id);
		const struct meter *m = at >= 0 ? meters_at(w->core->meters, at) : NULL;

		x->has_held = m && meter_is_fresh(m);
		if (x->has_held)
			x->held = m->last;
	}
}

/* The node of the depot that the meter measures; "": none. */
static const char *node_of(const struct walks *w, const struct walk_meter *x)
{
	int at = meters_find(w->core->meters, x->id);
	int node = at >= 0 ? meters_at(w->core->meters, at)->node : -1;

	return node >= 0 ? w->core->depot->nodes.items[node].id : "";
}

static void sample(struct walks *w, const struct evse *e)
{
	double own[3] = {e->power_w.value, 0, 0}, phases[3], above[3], others[3];
	bool has_phases = charger_phases(w, e, phases);

	for (int i = 0; i < w->now.meter_count; i++) {
		struct walk_meter *x = &w->now.meters[i];
		double total[3] = {0}, others_w = 0;
		bool is_told = walk_others_draw(w->core, e, node_of(w, x), &others_w, others);

		if (!x->has_held || !meter_reading_get(&x->held, METER_QUANTITY_POWER_W, &total[0]))
			continue;
		total[0] -= others_w;
		wiring_add(&x->total, total, own);
		/* Where others do not tell their phases they are held at least; all alike, or none. */
		if (!x->is_begun)
			x->others_tell = is_told;
		x->is_begun = true;
		if (!has_phases || !get_phases(&x->held, above) || x->others_tell != is_told)
			continue;
		for (int p = 0; p < 3 && is_told; p++)
			above[p] -= others[p];
		wiring_add(&x->phases, above, phases);
	}
}

struct wiring_phase walk_gain(const struct walk_meter *m)
{
	struct wiring_phase f = wiring_gain(&m->total, 0, 0);

	if (f.upper >= 0 && (fabs(f.gain) < SEEN || fabs(f.gain) < 3 * f.error))
		f.upper = -1;
	return f;
}

static int phase_words(const struct walk *w, const struct walk_meter *m, char *out, size_t size)
{
	struct wiring_verdict v;
	size_t n = 0;

	wiring_judge(&m->phases, &v);
	out[0] = '\0';
	for (int i = 0; i < 3 && n < size; i++) {
		if (v.phases[i].upper < 0 || v.phases[i].upper == i)
			continue;
		n += (size_t)snprintf(out + n, size - n, " L%d of %s/%d is L%d there",
			walk_own_phase(w, i) + 1, w->station, w->evse, v.phases[i].upper + 1);
		if (n < size && w->rotation == PHASES_UNKNOWN)
			n += (size_t)snprintf(out + n, size - n, ".");
		else if (n < size)
			n += (size_t)snprintf(out + n, size - n, ", not L%d as described.", i + 1);
	}
	return (int)n;
}

const char *walk_words(const struct walk *w, const struct walk_meter *m, char out[400])
{
	struct wiring_phase f = walk_gain(m);
	char phases[320];

	out[0] = '\0';
	if (f.upper < 0) {
		if (m->is_above && m->total.steps > 0)
			snprintf(out, 400,
				"is above it in the tree but did not move: the tree is not as it is "
				"wired, or it is the wrong meter");
		return out;
	}
	phase_words(w, m, phases, sizeof phases);
	if (!m->is_above)
		snprintf(out, 400, "moves with it but is not above it in the tree.%s", phases);
	else if (f.gain < 0)
		snprintf(out, 400,
			"moves the other way: its current transformers are the wrong way round.%s",
			phases);
	else if (fabs(f.gain - 1) > 0.15 + 2 * f.error)
		snprintf(out, 400,
			"shows %.2f times the step: a wrong ratio, or only some of its phases.%s",
			f.gain, phases);
	else
		snprintf(out, 400, "%s", phases[0] ? phases + 1 : "as it should be");
	return out;
}

/* -- its life --------------------------------------------------------------------------------- */

static const char *const state_names[] = {"high", "low", "done", "cancelled", "failed"};

static void journal(struct walks *w, const char *actor)
{
	struct arena *a = record_arena(w->core);
	struct event_meter_walk *e = a ? arena_alloc(a, sizeof *e) : NULL;
	char **findings =
		a ? arena_alloc(a, ((size_t)w->now.meter_count + 1) * sizeof *findings) : NULL;
	char words[400];

	if (!e || !findings)
		return;
	*e = (struct event_meter_walk){.walk = arena_strdup(a, w->now.id),
		.station = arena_strdup(a, w->now.station),
		.evse = w->now.evse,
		.state = state_names[w->now.state],
		.low_w = w->now.low_w,
		.findings = {.items = (const char **)findings}};
	for (int i = 0; i < w->now.meter_count; i++)
		if (walk_words(&w->now, &w->now.meters[i], words)[0])
			findings[e->findings.count++] =
				arena_printf(a, "%.60s: %.400s", w->now.meters[i].id, words);
	record_now(w->core, EVENT_METER_WALK, "station", e->station, e, actor, NULL);
}

static void end(struct walks *w, enum walk_state state, const char *error)
{
	walk_others_end(&w->others, w->core);
	lift(w);
	timer_stop(w->core->timers, &w->timer);
	w->now.state = state;
	snprintf(w->now.error, sizeof w->now.error, "%s", error);
	log_info("walk of %s/%d: %s%s%s", w->now.station, w->now.evse, state_names[state],
		error[0] ? ": " : "", error);
	journal(w, "depotd");
}

static void begin_step(struct walks *w, enum walk_state state)
{
	w->now.state = state;
	w->now.since = clock_wall();
	w->settled = w->heard = (wall_t){0};
	w->is_held = false;
}

static bool has_followed(const struct walks *w)
{
	double middle = (double)(w->now.low_w + w->now.high_w) / 2;

	return w->now.state == WALK_LOW ? w->heard_w <= (double)w->now.low_w + STEADY_W
					: w->heard_w > middle;
}

/* A value that the charger measured in this step. True if it is as the one before, and what the
 * meters showed between the two is held. */
static bool hear(struct walks *w, const struct evse *e)
{
	bool is_first = w->heard.ms == 0;
	double before_w = w->heard_w;

	if (e->power_w.at.ms <= w->now.since.ms || e->power_w.at.ms == w->heard.ms)
		return false;
	w->heard = e->power_w.at;
	w->heard_w = e->power_w.value;
	if (!is_first && fabs(w->heard_w - before_w) <= STEADY_W && has_followed(w)) {
		if (!w->settled.ms)
			w->settled = clock_wall();
		return w->is_held;
	}
	w->is_held = false;
	w->settled = has_followed(w) ? clock_wall() : (wall_t){0};
	return false;
}

static void next_step(struct walks *w, const struct evse *e)
{
	sample(w, e);
	if (w->now.state == WALK_HIGH && w->heard_w > (double)w->now.high_w)
		w->now.high_w = (int64_t)w->heard_w;
	if (w->now.state == WALK_LOW) {
		lift(w);
		begin_step(w, WALK_HIGH);
		return;
	}
	if (w->now.rounds_done == w->now.rounds) {
		end(w, WALK_DONE, "");
		return;
	}
	w->now.rounds_done++;
	begin_step(w, WALK_LOW);
}

static void look(void *arg)
{
	struct walks *w = arg;
	const struct evse *e = evse_of(w);
	wall_t now = clock_wall();
	int patience_s = w->now.state == WALK_LOW ? LOW_S : HIGH_S;

	timer_start(w->core->timers, &w->timer, LOOK_MS, look, w);
	if (!e || !e->tx.is_open || !e->station->session) {
		end(w, WALK_FAILED, "the vehicle or the station has gone");
		return;
	}
	walk_others_hold(&w->others, w->core);
	if (w->now.state == WALK_LOW)
		lower(w, e);
	if (hear(w, e))
		next_step(w, e);
	else if (!w->is_held && w->settled.ms && wall_diff_ms(now, w->settled) >= SETTLE_S * 1000)
		hold(w);
	else if (wall_diff_ms(now, w->now.since) > patience_s * 1000)
		end(w, WALK_FAILED,
			w->now.state == WALK_LOW ? "the charger did not go down"
			: e->told.limit_w < w->now.high_w - LEAST_W
				? "it was not given as much again: others, or a limit, took the room"
				: "the vehicle did not draw more again");
}

/* Is the meter's node on the way from the EVSE to the root? */
static bool is_above(const struct walks *w, const struct meter *m, const struct evse *e)
{
	const struct grid_tree *t = control_grid(w->core->control);
	int node = m->node >= 0 ? grid_tree_find(t, w->core->depot->nodes.items[m->node].id) : -1;
	int leaf = e->grid_evse >= 0 ? grid_tree_evse_node(t, e->grid_evse) : -1;

	return node >= 0 && leaf > node && leaf < grid_tree_node(t, node)->end;
}

static int watch_meters(struct walks *w, const struct evse *e)
{
	int count = meters_count(w->core->meters);

	free(w->now.meters);
	w->now.meters = calloc((size_t)count + 1, sizeof *w->now.meters);
	w->now.meter_count = w->now.meters ? count : 0;
	for (int i = 0; i < w->now.meter_count; i++) {
		const struct meter *m = meters_at(w->core->meters, i);

		snprintf(w->now.meters[i].id, sizeof w->now.meters[i].id, "%s", m->row->id);
		w->now.meters[i].is_above = is_above(w, m, e);
	}
	return w->now.meters ? 0 : -1;
}

static bool is_running(const struct walks *w)
{
	return w->has_walk && (w->now.state == WALK_HIGH || w->now.state == WALK_LOW);
}

/* A meter above it is not believed, and keeps it low: it may rise for the walk. */
static bool is_held_by_doubt(const struct walks *w, const struct evse *e)
{
	struct control_doubt_view d;

	for (int i = 0; i < meters_count(w->core->meters); i++)
		if (is_above(w, meters_at(w->core->meters, i), e) &&
			control_doubt_of(w->core->control, i, &d) && !belief_is_good(d.belief))
			return true;
	return false;
}

/* Can the EVSE be stepped? */
static int judge(const struct walks *w, const struct evse *e, int64_t low_w, char why[300])
{
	if (is_running(w)) {
		snprintf(why, 300, "the walk of %s/%d is under way", w->now.station, w->now.evse);
		return 409;
	}
	if (!e->tx.is_open || !e->station->session || e->station->is_manual) {
		snprintf(why, 300, "no vehicle charges there under depotd's control");
		return 409;
	}
	if (e->power_w.value < (double)(low_w + LEAST_W) && !is_held_by_doubt(w, e)) {
		snprintf(why, 300,
			"it draws %.0f W, which cannot be lowered by %d W to %lld W: wait for a vehicle "
			"that draws more",
			e->power_w.value, LEAST_W, (long long)low_w);
		return 409;
	}
	return 0;
}

int walks_start(struct walks *w, const char *station, int evse, int64_t low_w, int rounds,
	const char *actor, char why[300])
{
	struct station *s = fleet_station(&w->core->fleet, station);
	struct evse *e = s ? station_evse(s, evse) : NULL;
	struct walk_meter *kept = w->now.meters;
	int status;

	snprintf(why, 300, "there is no EVSE %d of a station \"%.60s\"", evse, station);
	if (!e || e->grid_evse < 0)
		return 404;
	if (low_w < e->min_w)
		low_w = e->min_w; /* below it the EVSE would pause, and its vehicle may not return */
	status = judge(w, e, low_w, why);
	if (status)
		return status;
	w->now = (struct walk){.evse = evse,
		.rotation = e->rotation,
		.low_w = low_w,
		.high_w = e->power_w.value > (double)(low_w + LEAST_W) ? (int64_t)e->power_w.value
								       : low_w + LEAST_W,
		.rounds = rounds,
		.started = clock_wall(),
		.meters = kept};
	snprintf(w->now.station, sizeof w->now.station, "%s", s->id);
	ocpp_message_ids_next(&w->core->ids, w->now.started.ms, w->now.id);
	snprintf(why, 300, "out of memory");
	if (watch_meters(w, e) || walk_others_begin(&w->others, w->core, e))
		return 503;
	w->has_walk = true;
	begin_step(w, WALK_HIGH);
	journal(w, actor);
	timer_start(w->core->timers, &w->timer, LOOK_MS, look, w);
	return 0;
}

int walks_evse(const struct walks *w)
{
	const struct evse *e = is_running(w) ? evse_of(w) : NULL;

	return e ? e->grid_evse : -1;
}

const struct walk *walks_now(const struct walks *w)
{
	return w->has_walk ? &w->now : NULL;
}

void walks_cancel(struct walks *w)
{
	if (is_running(w))
		end(w, WALK_CANCELLED, "");
}

struct walks *walks_create(struct core *c)
{
	struct walks *w = calloc(1, sizeof *w);

	if (w)
		w->core = c;
	return w;
}

void walks_destroy(struct walks *w)
{
	if (!w)
		return;
	timer_stop(w->core->timers, &w->timer);
	free(w->others.most_w);
	free(w->now.meters);
	free(w);
}
