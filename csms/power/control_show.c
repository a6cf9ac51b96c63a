#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/power/control_private.h"
#include "csms/power/envelope_apply.h"
#include "csms/metering/meters.h"
#include "csms/record.h"
#include "csms/power/safety.h"

#define BASE_MEAN_MS   300000 /* over which the uncontrolled load is averaged for the planner */
#define NODE_SAMPLE_MS 5000 /* loads of nodes in the series */

static const char *load_words(enum guard_quality q)
{
	switch (q) {
	case GUARD_FRESH:
		return "meter";
	case GUARD_HELD:
		return "held";
	case GUARD_WORST_CASE:
		return "worst-case";
	case GUARD_BOUNDED:
		return "bounded";
	case GUARD_NO_METER:
		break;
	}
	return "sum";
}

/* The planner reckons with the mean of the last minutes: single readings jump, since meters and
 * chargers are not read at the same instant, and a silent meter says nothing about the night. */
static void learn_base(int64_t *base_w, int64_t seen_w, int64_t elapsed_ms)
{
	if (*base_w == GRID_UNKNOWN)
		*base_w = seen_w;
	else
		*base_w += (seen_w - *base_w) *
			   (elapsed_ms < BASE_MEAN_MS ? elapsed_ms : BASE_MEAN_MS) / BASE_MEAN_MS;
}

/* The load of a node without a meter is learnt by what flows there at most. */
static bool is_seen(const struct control *k, int i, const struct guard_node_out *out)
{
	return out->quality == GUARD_FRESH || (out->quality == GUARD_BOUNDED && k->meter[i] < 0);
}

static void learn_bases(
	struct control *k, int i, const struct guard_node_out *out, int64_t elapsed_ms)
{
	learn_base(&k->base_w[i], out->uncontrolled_w, elapsed_ms);
	for (int p = 0; p < GRID_PHASES; p++)
		learn_base(&k->base_phase_w[i][p], out->phase[p].uncontrolled_w, elapsed_ms);
}

/* What was learnt of a node without a meter is nothing once its parts are added up again. */
static void forget_bases(struct control *k, int i)
{
	k->base_w[i] = GRID_UNKNOWN;
	for (int p = 0; p < GRID_PHASES; p++)
		k->base_phase_w[i][p] = GRID_UNKNOWN;
}

/* Keeps since when the limit stands, if it is the same as before. */
static void put_limit(struct control_limit *out, const struct control_limit *old, int64_t limit,
	enum grid_source source, wall_t rated, wall_t now)
{
	out->limit = limit;
	out->source = limit < 0 ? "none" : grid_source_name(source);
	out->since = limit < 0                      ? (wall_t){0}
		     : source == GRID_SOURCE_RATING ? rated
		     : old->limit == limit && old->source && strcmp(old->source, out->source) == 0
			     ? old->since
			     : now;
}

static bool is_envelope_source(const char *source)
{
	return strcmp(source, grid_source_name(GRID_SOURCE_ENVELOPE)) == 0 ||
	       strcmp(source, grid_source_name(GRID_SOURCE_ENVELOPE_FALLBACK)) == 0 ||
	       strcmp(source, grid_source_name(GRID_SOURCE_OPERATOR)) == 0;
}

static int64_t milliamperes(const struct grid_node *n, int64_t w)
{
	return w * 1000 / n->electric.volts;
}

/* What feeds it changes by the second, but not that nothing else does. */
static wall_t island_since(
	const struct control_limit *was, const struct safety_island_view *island, wall_t now)
{
	wall_t since = wall_add_ms(now, -island->for_ms);
	bool is_same = was->source &&
		       strcmp(was->source, grid_source_name(GRID_SOURCE_ISLAND)) == 0 &&
		       llabs(wall_diff_ms(since, was->since)) < 1000;

	return is_same ? was->since : since;
}

static void show_limits(struct control *k, int i, struct control_node *v, wall_t now)
{
	const struct grid_node *n = grid_tree_node(k->tree, i);
	const struct control_node *old = &k->node[i];
	const struct control_limit was = {
		old->limit_w, old->limit_source, old->limit_since, 0, NULL};
	struct grid_limit m = grid_channel_limit(k->tree, k->limits, i, GRID_TOTAL);
	struct safety_island_view island = safety_island(k->safety);
	const struct rated_ages *ages = &k->rated[i];
	struct control_limit total;

	bool is_island = island.node == i && island.limit_w < m.w;

	if (is_island) {
		m.w = (int32_t)island.limit_w;
		m.source = GRID_SOURCE_ISLAND;
	}
	put_limit(&total, &was, m.w == GRID_NO_LIMIT ? -1 : m.w, m.source, ages->since[RATED_POWER],
		now);
	v->limit_w = total.limit;
	v->limit_source = total.source;
	v->limit_since = is_island ? island_since(&was, &island, now) : total.since;
	for (int p = 0; p < GRID_PHASES; p++) {
		m = grid_channel_limit(k->tree, k->limits, i, (enum grid_channel)(GRID_L1 + p));
		put_limit(&v->phase[p], &old->phase[p], m.w == GRID_NO_LIMIT ? -1 : m.ma,
			m.source == GRID_SOURCE_PHASE ? GRID_SOURCE_RATING : m.source,
			ages->since[RATED_PHASE], now);
	}
	put_limit(&v->imbalance, &old->imbalance,
		n->electric.imbalance_ma ? n->electric.imbalance_ma : -1, GRID_SOURCE_RATING,
		ages->since[RATED_IMBALANCE], now);
	m = grid_export_limit(k->tree, k->limits, i);
	put_limit(&v->feed, &old->feed, m.w == GRID_NO_LIMIT ? -1 : m.w, m.source,
		ages->since[RATED_EXPORT], now);
}

/* What nobody measures has no load: what the guard counts for caution is no reading, and is told as
 * such only where a meter should have told it. */
static void show_phase(const struct control *k, int i, int p, const struct guard_node_out *out,
	struct control_node *v)
{
	const struct grid_node *n = grid_tree_node(k->tree, i);
	const struct guard_node_in *in = &k->node_in[i];
	struct control_limit *l = &v->phase[p];

	l->load = -1;
	switch (in->quality) {
	case GUARD_FRESH:
	case GUARD_HELD:
	case GUARD_BOUNDED:
		if (in->has_phases)
			l->load = milliamperes(n, llabs(in->phase_w[p]));
		l->load_source = load_words(in->quality);
		break;
	case GUARD_WORST_CASE:
		if (l->limit >= 0)
			l->load = milliamperes(
				n, out->phase[p].uncontrolled_w + out->phase[p].counted_w);
		l->load_source = load_words(in->quality);
		break;
	case GUARD_NO_METER:
		if (l->limit < 0 || v->load_w == GRID_UNKNOWN ||
			!safety_sums_phase(k->safety, i, p, &l->load))
			l->load = -1;
		l->load_source = "chargers";
		break;
	}
	if (l->load < 0)
		l->load_source = NULL;
}

static void show_phases(
	const struct control *k, int i, const struct guard_node_out *out, struct control_node *v)
{
	const struct grid_node *n = grid_tree_node(k->tree, i);
	const struct guard_node_in *in = &k->node_in[i];

	for (int p = 0; p < GRID_PHASES; p++)
		show_phase(k, i, p, out, v);
	v->imbalance.load =
		out->imbalance_w == GRID_UNKNOWN ? -1 : milliamperes(n, out->imbalance_w);
	v->feed.load = in->quality != GUARD_FRESH ? -1 : in->import_w < 0 ? -in->import_w : 0;
}

/* Age of the load that is shown: where a node's own meter is not believed, that of the one above
 * which says what flows at most. */
static wall_t source_meter_at(const struct control *k, int i, const struct meter *own, wall_t now)
{
	int above = k->doubt[i].above;

	if (above >= 0 && k->meter[above] >= 0)
		own = meters_at(k->core->meters, k->meter[above]);
	return own ? own->last_at : now;
}

/* A rating is broken: in all, or on a phase. */
static bool is_violated(const struct control *k, int i, const struct control_node *v)
{
	const struct grid_node *n = grid_tree_node(k->tree, i);

	if (n->rated && v->load_w > n->rating_w)
		return true;
	for (int p = 0; p < GRID_PHASES && n->electric.phase_ma && k->node_in[i].has_phases; p++)
		if (v->phase[p].load > n->electric.phase_ma)
			return true;
	return false;
}

/* Which of its limits binds: that of the lowest channel speaks for all. A plan may keep to another than
 * the one in force: to one that comes within its slot, or that the guard does not know. */
static void show_source(
	struct control *k, int i, enum grid_source planned, struct control_node *v, wall_t now)
{
	const char *id = grid_tree_node(k->tree, i)->id;
	int c = __builtin_ctz(v->binds);
	bool is_phase = c >= GRID_L1 && c < GRID_CHANNELS;
	const struct held_envelope *h;
	const struct envelope_block *b;
	int32_t w;

	v->binds_source = is_phase              ? v->phase[c - GRID_L1].source
			  : c == GRID_IMBALANCE ? v->imbalance.source
						: v->limit_source;
	if (planned != GRID_SOURCE_NONE && !is_phase && c != GRID_IMBALANCE &&
		(!v->binds_source || strcmp(v->binds_source, grid_source_name(planned)) != 0)) {
		v->binds_source = grid_source_name(planned);
		return;
	}
	if (!is_envelope_source(v->binds_source))
		return;
	h = envelopes_winner(k->core, id, is_phase ? ENVELOPE_PHASE : ENVELOPE_IMPORT, now, &w);
	b = h ? envelope_block_at(&h->e, now.ms) : NULL;
	if (!b)
		return;
	snprintf(v->binds_envelope, sizeof v->binds_envelope, "%s", h->id);
	if (!v->binds_until.ms || b->end_ms < v->binds_until.ms)
		v->binds_until.ms = b->end_ms;
}

static bool is_same_limit(const struct control_node *v, const struct control_node *was)
{
	return v->binds == was->binds && was->binds_source && v->binds_source &&
	       strcmp(v->binds_source, was->binds_source) == 0 &&
	       strcmp(v->binds_envelope, was->binds_envelope) == 0;
}

static void show_binds(
	struct control *k, int i, unsigned by_guard, struct control_node *v, wall_t now)
{
	const struct control_full *full = &k->full[i];

	/* What the guard does is what holds now, whatever else the plan keeps to. */
	v->binds = by_guard ? by_guard : full->binds;
	if (!v->binds)
		return;
	v->binds_by = by_guard ? "guard" : full->is_island ? "island" : "plan";
	if (!by_guard && !full->is_island)
		v->binds_until = full->until;
	show_source(k, i, by_guard || full->is_island ? GRID_SOURCE_NONE : full->source, v, now);
	v->binds_since = is_same_limit(v, &k->node[i]) ? k->node[i].binds_since : now;
}

/* Shows what the cycle found at a node; counts time above a rating. */
static void show_node(
	struct control *k, int i, const struct guard_node_out *out, wall_t now, int64_t elapsed_ms)
{
	const struct grid_node *n = grid_tree_node(k->tree, i);
	const struct meter *m = k->meter[i] >= 0 ? meters_at(k->core->meters, k->meter[i]) : NULL;
	bool is_bounded = k->doubt[i].above >= 0;
	bool is_own = !is_bounded && (out->quality == GUARD_FRESH || out->quality == GUARD_HELD);
	struct control_node v;

	memset(&v, 0, sizeof v); /* compared whole */
	show_limits(k, i, &v, now);
	v.evse_w = control_measured_below(k, n);
	v.allowed_w = out->allowed_w;
	v.load_source = load_words(is_bounded ? GUARD_BOUNDED : out->quality);
	v.load_at = source_meter_at(k, i, m, now);
	v.load_w = is_own ? k->node_in[i].import_w : out->uncontrolled_w + v.evse_w;
	if (n->kind == GRID_LOAD || n->kind == GRID_PV || n->kind == GRID_STORAGE)
		v.load_w = m ? v.load_w : GRID_UNKNOWN;
	if (safety_is_cut_off(k->safety, i)) { /* its meter sees nothing of that */
		v.load_w = safety_island(k->safety).load_w + v.evse_w;
		v.load_source = load_words(GUARD_NO_METER);
		v.load_at = now;
	}
	show_phases(k, i, out, &v);
	show_binds(k, i, out->binds, &v, now);
	v.bears = out->bears;
	if (out->quality == GUARD_FRESH && is_violated(k, i, &v))
		k->core->metrics.limit_violation_ms += elapsed_ms;
	v.revision = k->node[i].revision;
	if (memcmp(&v, &k->node[i], sizeof v) != 0)
		v.revision = ++k->revision;
	memcpy(&k->node[i], &v, sizeof v);
	if (is_seen(k, i, out) && !safety_is_cut_off(k->safety, i))
		learn_bases(k, i, out, elapsed_ms);
	else if (out->quality == GUARD_NO_METER && k->meter[i] < 0)
		forget_bases(k, i);
}

static enum grid_source source_of(const struct control *k, int i)
{
	struct grid_limit m = grid_channel_limit(k->tree, k->limits, i, GRID_TOTAL);

	return safety_island(k->safety).node == i && k->node[i].limit_w < m.w ? GRID_SOURCE_ISLAND
									      : m.source;
}

/* Its phases, where they have limits: what is held against them. */
static void record_phases(struct control *k, int i, wall_t now)
{
	const char *id = grid_tree_node(k->tree, i)->id;
	char point[120];
	int64_t ma;

	for (int p = 0; p < GRID_PHASES; p++) {
		if (k->node[i].phase[p].limit < 0 || !safety_phase(k->safety, i, p, &ma))
			continue;
		snprintf(point, sizeof point, "node/%s/L%d_ma", id, p + 1);
		record_sample(k->core, point, now, (double)ma, 0);
	}
}

/* Of samples, which are kept for years: never give a number another meaning. The greater, the less is
 * known, so that a minute's is that of its worst sample. */
static int sample_quality(enum guard_quality q)
{
	switch (q) {
	case GUARD_FRESH:
	case GUARD_NO_METER: /* a sum: as good as its worst part */
		break;
	case GUARD_HELD:
		return 1;
	case GUARD_BOUNDED:
		return 2;
	case GUARD_WORST_CASE:
		return 3;
	}
	return 0;
}

/* Of a node's load: by its meter, or the worst of what is added up for it. */
static int load_quality(const struct control *k, const struct guard_report *r, int node)
{
	int end = grid_tree_node(k->tree, node)->end, worst = 0;

	for (int i = node; i < end;) {
		const struct grid_node *n = grid_tree_node(k->tree, i);
		bool is_metered = k->meter[i] >= 0 && !safety_is_cut_off(k->safety, i);
		int q = sample_quality(k->doubt[i].above >= 0 ? GUARD_BOUNDED
				       : is_metered           ? r->node[i].quality
							      : GUARD_NO_METER);

		/* Without a meter other load counts as the most that it may be. */
		if (!is_metered && n->kind == GRID_LOAD)
			q = sample_quality(GUARD_WORST_CASE);
		worst = q > worst ? q : worst;
		i = is_metered ? n->end : i + 1;
	}
	return worst;
}

/* What the console's chart shows: load of the whole site and of each limited node, its part of EVSEs,
 * its limit. */
static void record_nodes(struct control *k, const struct guard_report *r, wall_t now)
{
	char point[120];

	if (wall_diff_ms(now, k->sampled) < NODE_SAMPLE_MS)
		return;
	k->sampled = now;
	for (int i = 0; i < k->nodes; i++) {
		const struct grid_node *n = grid_tree_node(k->tree, i);
		const struct control_node *v = &k->node[i];

		if (n->kind == GRID_EVSE || n->kind == GRID_LOAD ||
			(i > 0 && !n->rated && v->limit_w < 0 && v->feed.limit < 0 &&
				v->phase[0].limit < 0))
			continue;
		record_phases(k, i, now);
		snprintf(point, sizeof point, "node/%s/load_w", n->id);
		if (v->load_w != GRID_UNKNOWN)
			record_sample(
				k->core, point, now, (double)v->load_w, load_quality(k, r, i));
		snprintf(point, sizeof point, "node/%s/evse_w", n->id);
		record_sample(k->core, point, now, (double)v->evse_w, 0);
		if (v->limit_w < 0)
			continue;
		snprintf(point, sizeof point, "node/%s/limit_w", n->id);
		record_sample(k->core, point, now, (double)v->limit_w, 0);
		snprintf(point, sizeof point, "node/%s/limit_source", n->id);
		record_sample(k->core, point, now, source_of(k, i), 0);
	}
}

void control_show(struct control *k, const struct guard_report *r, wall_t now, int64_t elapsed_ms)
{
	for (int i = 0; i < k->nodes; i++)
		show_node(k, i, &r->node[i], now, elapsed_ms);
	record_nodes(k, r, now);
}
