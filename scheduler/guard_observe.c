#include "scheduler/guard_internal.h"

#include <string.h>

/* -- EVSEs ----------------------------------------------------------------------------------- */

/* A command takes time to arrive and to be obeyed: meanwhile the old power counts. One that has not
 * arrived for longer than that is taken for lost, and what it should have lowered stays. */
static void follow_command(struct guard *g, struct guard_evse *s, int32_t commanded)
{
	if (commanded < s->commanded_w) {
		if (g->now_ms >= s->high_until_ms) {
			s->high_w = 0;
			s->high_since_ms = g->now_ms;
			s->late_from_ms = g->now_ms + g->cfg.reaction_ms;
		}
		s->high_w = guard_most(s->high_w, s->commanded_w);
		s->high_until_ms = g->now_ms + s->reaction_ms;
	}
	s->commanded_w = commanded;
	s->ceiling_w = commanded;
	if (g->now_ms < s->high_until_ms)
		s->ceiling_w = guard_most(s->ceiling_w, s->high_w);
	if (commanded <= s->allowed_w)
		s->behind_since_ms = GUARD_LONG_AGO_MS;
	else if (s->behind_since_ms == GUARD_LONG_AGO_MS)
		s->behind_since_ms = g->now_ms;
	else if (g->now_ms - s->behind_since_ms > s->reaction_ms)
		s->floor_w = commanded;
}

static bool above(const struct guard *g, int64_t measured, int64_t limit)
{
	int64_t slack = limit * g->cfg.tolerance_pm / 1000;

	if (slack < g->cfg.tolerance_w)
		slack = g->cfg.tolerance_w;
	return measured > limit + slack;
}

static bool is_said(const struct guard_evse_in *in)
{
	return in->sixths[0] || in->sixths[1] || in->sixths[2];
}

/* Of its power on each phase, as they are said of the vehicle, else of the EVSE. */
static const uint8_t *sixths_of(const struct guard_evse_in *in, const struct grid_node *leaf)
{
	return is_said(in) ? in->sixths : leaf->electric.sixths;
}

/* Its weights, and at least on each phase that is measured to carry it. */
static void weigh(struct guard *g, struct guard_evse *s, const struct guard_evse_in *in,
	const struct grid_node *leaf)
{
	s->weight[GRID_TOTAL] = 6;
	memcpy(&s->weight[GRID_L1], sixths_of(in, leaf), GRID_PHASES);
	s->exact = is_said(in) && in->exact;
	for (int p = 0; p < GRID_PHASES; p++) {
		s->surely[p] = 0;
		if (!in->has_phases)
			continue;
		if (s->weight[GRID_L1 + p] == 0 && above(g, in->phase_w[p], 0)) {
			s->weight[GRID_L1 + p] = 6;
			s->exact = false;
		}
		s->surely[p] = 6 * (int64_t)in->phase_w[p];
	}
}

/* What a charger was told is a current of each phase: of one that turns out to use fewer phases than
 * was thought, it is less power, and by no more was it ever allowed. */
static void keep_current(
	struct guard_evse *s, const struct guard_evse_in *in, const struct grid_node *leaf)
{
	const uint8_t *sixths = sixths_of(in, leaf);
	int64_t was = s->heaviest, is = 0;

	for (int p = 0; p < GRID_PHASES; p++)
		is = sixths[p] > is ? sixths[p] : is;
	s->heaviest = (uint8_t)is;
	if (was == 0 || is <= was)
		return;
	s->allowed_w = (int32_t)(s->allowed_w * was / is);
	s->commanded_w = (int32_t)(s->commanded_w * was / is);
	s->high_w = (int32_t)(s->high_w * was / is);
}

/* What it is measured to draw, as power in all that its weights make the same of; -1: unknown. */
static int32_t measured_w(const struct guard_evse *s, const struct guard_evse_in *in)
{
	int64_t w = in->measured_w;

	for (int p = 0; p < GRID_PHASES && in->measured_w != GUARD_UNKNOWN_W; p++) {
		int weight = s->weight[GRID_L1 + p];

		if (in->has_phases && weight && s->surely[p] / weight > w)
			w = s->surely[p] / weight;
	}
	return w < GRID_NO_LIMIT ? (int32_t)w : GRID_NO_LIMIT - 1;
}

/* Nobody is there, but somebody may come: it counts with what it then would draw unasked. */
static void observe_idle(
	struct guard *g, struct guard_evse *s, const struct guard_evse_in *in, int32_t tail)
{
	int32_t w = in->commanded_w == GUARD_UNKNOWN_W ? tail : in->commanded_w;

	s->fixed = true;
	s->short_runs = 0;
	s->rests_until_ms = GUARD_LONG_AGO_MS;
	s->w = w;
	s->floor_w = s->ceiling_w = w;
	s->cap_w = 0;
	if (above(g, measured_w(s, in), w)) {
		s->disobeys = true;
		s->floor_w = measured_w(s, in);
	}
}

/* Known to be slow it has its time before it disobeys; the others do not wait for it that long. */
static bool is_late(const struct guard *g, const struct guard_evse *s,
	const struct guard_evse_in *in, int32_t commanded)
{
	return g->now_ms < s->high_until_ms && in->measured_ms >= s->late_from_ms &&
	       above(g, measured_w(s, in), commanded);
}

/* The most that was in force when it was measured. What was measured before the last lowering took
 * effect is held against what was in force before: one that is lowered again and again must not
 * escape judgement. */
static int32_t in_force_then(const struct guard_evse *s, int64_t measured_ms)
{
	return measured_ms >= s->high_until_ms ? s->ceiling_w : guard_most(s->ceiling_w, s->high_w);
}

static void observe_evse(struct guard *g, int e, const struct guard_evse_in *in)
{
	const struct grid_node *leaf = grid_tree_node(g->tree, grid_tree_evse_node(g->tree, e));
	struct guard_evse *s = &g->evse[e];
	int32_t commanded = in->commanded_w < 0 ? leaf->max_w : in->commanded_w;

	if (!s->started) {
		s->started = true;
		s->commanded_w = commanded;
		s->allowed_w = commanded;
	}
	s->fixed = s->disobeys = s->awaits_room = false;
	s->floor_w = 0;
	s->reaction_ms = in->reaction_ms > 0 ? in->reaction_ms : g->cfg.reaction_ms;
	s->min_w = guard_most(in->min_w, leaf->min_w);
	weigh(g, s, in, leaf);
	keep_current(s, in, leaf);
	follow_command(g, s, commanded);
	if (!in->connected) {
		observe_idle(g, s, in, leaf->tail_w);
		return;
	}
	s->cap_w = guard_least(in->wanted_w, leaf->max_w);
	if (in->silent)
		s->cap_w = guard_least(s->cap_w, s->allowed_w);
	if (s->cap_w < s->min_w || s->cap_w < 0)
		s->cap_w = 0;
	if (in->measured_ms >= s->high_since_ms &&
		above(g, measured_w(s, in), in_force_then(s, in->measured_ms))) {
		s->disobeys = true;
		s->floor_w = guard_most(s->floor_w, measured_w(s, in));
	}
	if (in->in_doubt || is_late(g, s, in, commanded))
		s->floor_w = guard_most(s->floor_w, measured_w(s, in));
	if (in->unanswered)
		s->floor_w = guard_most(s->floor_w, commanded);
	if (in->uncontrolled_w > 0) {
		s->disobeys = true;
		s->floor_w = guard_most(s->floor_w, in->uncontrolled_w);
	}
	if (!in->reachable) {
		s->fixed = true;
		s->w = commanded;
		s->floor_w = guard_most(s->floor_w, commanded);
		return;
	}
	s->w = guard_least(s->allowed_w, s->cap_w);
}

/* The part of a node's import that is surely an EVSE's: never more than it counts for, so that a
 * measurement that is too old can not make the rest look small. What it feeds in is hidden load. */
static struct grid_load explained(const struct guard_evse *s, const struct guard_evse_in *in)
{
	struct grid_load most = guard_spread(s, guard_counted(s, 0)), out = {{0}};

	if (in->measured_w == GUARD_UNKNOWN_W)
		return out;
	out.s[GRID_TOTAL] = 6 * (int64_t)in->measured_w;
	for (int p = 0; p < GRID_PHASES; p++)
		out.s[GRID_L1 + p] = s->surely[p];
	for (int c = 0; c < GRID_CHANNELS; c++)
		out.s[c] = out.s[c] < most.s[c] ? out.s[c] : most.s[c];
	return out;
}

/* -- nodes ----------------------------------------------------------------------------------- */

static const struct grid_load unknown = {{GRID_UNKNOWN, GRID_UNKNOWN, GRID_UNKNOWN, GRID_UNKNOWN}};

static struct grid_load import_of(const struct guard_node_in *in)
{
	struct grid_load x = unknown;

	if (in->quality != GUARD_FRESH && in->quality != GUARD_BOUNDED)
		return x;
	x.s[GRID_TOTAL] = 6 * in->import_w;
	for (int p = 0; p < GRID_PHASES && in->has_phases; p++)
		x.s[GRID_L1 + p] = 6 * in->phase_w[p];
	return x;
}

/* A fresh measurement: the uncontrolled load is what the EVSEs do not explain. */
static void measure(struct guard_node *v, int64_t reading, const struct grid_load *evse)
{
	if (v->known && reading && reading == v->reading)
		return;
	v->known = v->is_new = true;
	v->reading = reading;
	v->has_rest = v->most.s[GRID_L1] != GRID_UNKNOWN;
	for (int c = 0; c < GRID_CHANNELS; c++) {
		bool is_told = c == GRID_TOTAL || v->has_rest;
		int64_t rest = is_told ? v->most.s[c] - evse->s[c] : 0;

		if (!is_told)
			v->held.s[c] = v->held.s[GRID_TOTAL];
		else
			v->held.s[c] = rest > 0 ? rest : 0;
		if (c != GRID_TOTAL && v->has_rest)
			v->rest[c - GRID_L1] = rest;
	}
}

static struct grid_load worst_load(const struct guard_node_in *in)
{
	struct grid_load x;

	if (in->worst_w == GRID_UNKNOWN)
		return unknown;
	x.s[GRID_TOTAL] = 6 * in->worst_w;
	for (int p = 0; p < GRID_PHASES; p++)
		x.s[GRID_L1 + p] = 6 * in->worst_phase_w[p];
	return x;
}

/* Of the worst case, and of what was found last above that, as much as EVSEs of which nothing is heard may
 * draw beside what they count for: it may have been theirs, and still be. hidden: that, below the node. */
static struct grid_load worst_found(
	const struct guard_node *v, const struct guard_node_in *in, const struct grid_load *hidden)
{
	struct grid_load x = worst_load(in);

	for (int c = 0; v->known && c < GRID_CHANNELS; c++) {
		int64_t more = v->held.s[c] - x.s[c];

		if (x.s[c] != GRID_UNKNOWN && more > 0)
			x.s[c] += more < hidden->s[c] ? more : hidden->s[c];
	}
	return x;
}

/* What was found last, and of a bound no more than the worst case. */
static struct grid_load held_load(const struct guard_node *v, const struct guard_node_in *in)
{
	struct grid_load x = v->held, worst = worst_load(in);

	for (int c = 0; v->is_bounded && c < GRID_CHANNELS; c++)
		if (worst.s[c] != GRID_UNKNOWN && worst.s[c] < x.s[c])
			x.s[c] = worst.s[c];
	return x;
}

/* A bound is a measurement for as long as it is renewed. */
static struct grid_load bounded_load(
	struct guard_node *v, const struct guard_node_in *in, const struct grid_load *evse)
{
	if (!v->is_bounded)
		v->known = false;
	v->is_bounded = true;
	measure(v, in->reading, evse);
	v->has_rest = false;
	return held_load(v, in);
}

static struct grid_load known_load(struct guard_node *v, const struct guard_node_in *in,
	const struct grid_load *evse, const struct grid_load *hidden)
{
	if (in->quality == GUARD_BOUNDED)
		return bounded_load(v, in, evse);
	if (v->is_bounded && in->quality != GUARD_HELD)
		v->known = v->is_bounded = false;
	if (in->quality == GUARD_FRESH)
		measure(v, in->reading, evse);
	else if (in->quality != GUARD_HELD)
		v->has_rest = false;
	switch (in->quality) {
	case GUARD_FRESH:
		return v->held;
	case GUARD_HELD:
		return v->known ? held_load(v, in) : worst_load(in);
	case GUARD_WORST_CASE:
		return worst_found(v, in, hidden);
	case GUARD_BOUNDED:
	case GUARD_NO_METER:
		break;
	}
	return unknown;
}

/* What EVSEs of which nothing is heard may draw beside what they count for. */
static void find_hidden(struct guard *g, const struct guard_in *in)
{
	for (int e = 0; e < g->evses; e++) {
		const struct guard_evse_in *x = &in->evse[e];
		const struct guard_evse *s = &g->evse[e];
		int32_t most = grid_tree_node(g->tree, grid_tree_evse_node(g->tree, e))->max_w;
		bool is_heard = x->reachable && !x->silent && !x->unanswered;
		int32_t more = is_heard || !x->connected ? 0 : most - guard_counted(s, s->w);

		g->part[e] = guard_spread(s, more > 0 ? more : 0);
	}
	grid_tree_sum_loads(g->tree, g->part, g->room);
}

/* With no measurement and no worst case to reckon with, only tails are proven to fit. */
static void assume_tails(struct guard *g, const struct guard_in *in)
{
	for (int e = 0; e < g->evses; e++) {
		const struct grid_node *leaf =
			grid_tree_node(g->tree, grid_tree_evse_node(g->tree, e));

		g->part[e] = guard_spread(&g->evse[e], leaf->tail_w);
	}
	grid_tree_sum_loads(g->tree, g->part, g->sum);
	for (int n = 0; n < g->nodes; n++) {
		const struct guard_node_in *m = &in->node[n];
		const struct guard_node *v = &g->node[n];
		bool blind =
			m->worst_w == GRID_UNKNOWN &&
			(m->quality == GUARD_WORST_CASE || (m->quality == GUARD_HELD && !v->known));

		for (int c = 0; blind && c < GRID_CHANNELS; c++) {
			int64_t rest = 6 * (int64_t)v->limit[c].usable_w - g->sum[n].s[c];

			if ((g->limited[n] >> c & 1) && g->load[n].s[c] < rest)
				g->load[n].s[c] = rest;
		}
	}
}

/* Heat adds up: what was borne above the continuous rating must be rested off, and once all of the
 * short time is used up, before any more is borne. */
static void rate_short_time(struct guard *g, int n, int64_t elapsed_ms)
{
	const struct grid_electric *el = &grid_tree_node(g->tree, n)->electric;
	struct guard_node *v = &g->node[n];
	int64_t most_ms = 1000 * (int64_t)el->short_s - g->cfg.reaction_ms;
	bool above_it = false;

	for (int c = 0; c < GRID_CHANNELS; c++)
		above_it = above_it || ((g->limited[n] >> c & 1) &&
					       v->import.s[c] > 6 * (int64_t)v->limit[c].usable_w);
	v->above_ms += above_it ? elapsed_ms : -elapsed_ms;
	if (v->above_ms <= 0) {
		v->above_ms = 0;
		v->tired = false;
	}
	v->tired = v->tired || v->above_ms >= most_ms;
	v->bears = above_it && !v->tired && v->import.s[GRID_TOTAL] != GRID_UNKNOWN;
}

static void find_limits(struct guard *g, const struct guard_in *in, int n, int64_t elapsed_ms)
{
	const struct grid_node *own = grid_tree_node(g->tree, n);
	const struct grid_electric *el = &own->electric;
	struct guard_node *v = &g->node[n];

	g->limited[n] = 0;
	for (int c = 0; c < GRID_CHANNELS; c++) {
		v->limit[c] = grid_channel_limit(g->tree, in->limits, n, (enum grid_channel)c);
		v->bears_w[c] = v->limit[c].usable_w;
		g->limited[n] |= (uint8_t)((v->limit[c].w != GRID_NO_LIMIT) << c);
	}
	v->apart = 6 * (int64_t)grid_usable_w(
			       own, (int32_t)((int64_t)el->imbalance_ma * el->volts / 1000));
	g->limited[n] |= v->apart ? GUARD_APART : 0;
	if (!el->short_s)
		return;
	rate_short_time(g, n, elapsed_ms);
	for (int c = 0; v->bears && c < GRID_CHANNELS; c++)
		v->bears_w[c] =
			grid_short_limit(g->tree, in->limits, n, (enum grid_channel)c).usable_w;
}

static void track_peaks(struct guard *g)
{
	bool next = g->now_ms - g->period_ms >= g->cfg.hold_ms;

	if (next)
		g->period_ms = g->now_ms;
	for (int n = 0; n < g->nodes; n++) {
		struct grid_load *p = g->node[n].peak;

		if (next) {
			p[1] = p[0];
			memset(&p[0], 0, sizeof(p[0]));
		}
		for (int c = 0; c < GRID_CHANNELS; c++)
			if (p[0].s[c] < g->load[n].s[c])
				p[0].s[c] = g->load[n].s[c];
	}
	if (g->balanced)
		guard_balance_track(g, next);
}

void guard_observe(struct guard *g, const struct guard_in *in)
{
	int64_t elapsed_ms = g->started ? in->now_ms - g->now_ms : 0;
	bool blind = false;

	g->now_ms = in->now_ms;
	if (!g->started)
		g->period_ms = in->now_ms;
	for (int e = 0; e < g->evses; e++) {
		observe_evse(g, e, &in->evse[e]);
		g->part[e] = explained(&g->evse[e], &in->evse[e]);
		g->evse[e].seen_w = guard_seen_w(&g->evse[e], &in->evse[e]);
	}
	grid_tree_sum_loads(g->tree, g->part, g->sum);
	for (int n = 0; n < g->nodes; n++)
		blind = blind || in->node[n].quality == GUARD_WORST_CASE ||
			in->node[n].quality == GUARD_HELD;
	if (blind)
		find_hidden(g, in);
	for (int n = 0; n < g->nodes; n++) {
		const struct guard_node_in *m = &in->node[n];

		g->node[n].is_new = false;
		g->node[n].most = import_of(m);
		g->node[n].import = m->quality == GUARD_FRESH ? g->node[n].most : unknown;
		find_limits(g, in, n, elapsed_ms);
		g->node_out[n].quality = m->quality;
		g->load[n] = known_load(&g->node[n], m, &g->sum[n], &g->room[n]);
	}
	guard_take_seen(g);
	grid_tree_uncontrolled_loads(g->tree, g->load, g->load);
	if (blind)
		assume_tails(g, in);
	track_peaks(g);
	g->started = true;
}
