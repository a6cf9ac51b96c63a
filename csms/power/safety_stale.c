/* How old the measurements of nodes are, what they count for, and what that costs. */
#include "csms/alarms.h"
#include "csms/power/belief.h"
#include "csms/log.h"
#include "csms/power/safety_private.h"

#define LATE_MS  5000 /* beside the interval of reports */
#define START_MS 15000 /* meters that have not been read yet are no alarm for so long */

/* Without a word on the other load the EVSEs below a node get their tails; what the depot's file
 * agrees for that case takes the tails' place. */
static void grant_minimum(struct safety *s, int i, struct guard_node_in *in)
{
	const struct depot_node *row = s->node[i].row;
	struct grid_limit limit = grid_node_limit(s->tree, s->k->limits, i);

	if (!row || !row->has_minimum_w || in->worst_w != GRID_UNKNOWN || limit.w == GRID_NO_LIMIT)
		return;
	in->worst_w = limit.usable_w > row->minimum_w ? limit.usable_w - row->minimum_w : 0;
	for (int p = 0; p < GRID_PHASES; p++) {
		enum grid_channel c = (enum grid_channel)(GRID_L1 + p);

		limit = grid_channel_limit(s->tree, s->k->limits, i, c);
		in->worst_phase_w[p] = limit.w == GRID_NO_LIMIT
					       ? in->worst_w / GRID_PHASES
					       : limit.usable_w - row->minimum_w / GRID_PHASES;
		if (in->worst_phase_w[p] < 0)
			in->worst_phase_w[p] = 0;
	}
}

static void apply_tier(struct safety *s, int i)
{
	struct guard_node_in *in = &s->k->node_in[i];

	switch (s->node[i].stale.tier) {
	case STALE_FRESH:
		return;
	case STALE_HOLD:
		in->quality = GUARD_HELD;
		grant_minimum(s, i, in);
		return;
	case STALE_MINIMUM:
		in->quality = GUARD_WORST_CASE;
		grant_minimum(s, i, in);
		return;
	case STALE_TAIL:
		in->quality = GUARD_WORST_CASE;
		in->worst_w = GRID_UNKNOWN;
		return;
	}
}

static void tell_transition(struct safety *s, int i)
{
	const struct grid_node *n = grid_tree_node(s->tree, i);

	log_info("node %s: its measurement is %s", n->id, stale_tier_name(s->node[i].stale.tier));
	alarm_tell(s->core, ALARM_MEASUREMENT_OLD, n->id);
}

/* Chargers' own meters are heard each sample_s: their silence is one from the second that is late. */
static struct stale_config config_for(const struct safety *s, const struct meter *m)
{
	int64_t late_ms = 2 * s->core->config->control->sample_s * 1000 + LATE_MS;
	struct stale_config cfg = s->stale;

	if (late_ms > cfg.minimum_ms)
		late_ms = cfg.minimum_ms;
	if (m->charger && cfg.hold_ms < late_ms)
		cfg.hold_ms = late_ms;
	return cfg;
}

void safety_stale_before(struct safety *s, int64_t now_ms)
{
	for (int i = 0; i < s->nodes; i++) {
		struct guard_node_in *in = &s->k->node_in[i];
		const struct meter *m = safety_meter(s, i);
		int64_t age_ms = STALE_NEVER_MS;
		struct stale_config cfg;
		bool is_broken;

		if (!m)
			continue;
		cfg = config_for(s, m);
		if (m->last_at.ms)
			age_ms = meter_age_ms(m);
		/* young, and yet not believed: it repeats itself, or shows less than EVSEs draw */
		is_broken = in->quality == GUARD_WORST_CASE && age_ms >= 0 &&
			    age_ms <= s->stale.minimum_ms;
		if (stale_step(&cfg, &s->node[i].stale, now_ms, age_ms, is_broken) &&
			now_ms - s->started_ms > START_MS)
			tell_transition(s, i);
		apply_tier(s, i);
	}
	control_bound(s->k, now_ms);
}

/* -- what it costs ---------------------------------------------------------------------------- */

void safety_stale_keep(struct safety_node *v, const struct safety_node *was)
{
	for (int c = 0; c < GRID_CHANNELS; c++)
		v->found_w[c] = was->found_w[c];
	v->apart_w = was->apart_w;
	v->has_found = was->has_found;
}

/* What EVSEs want and that node does not allow them: by its imbalance, or by its other limits. */
static int64_t held_back(const struct safety *s, const struct guard_report *r, int v, bool is_apart)
{
	const struct grid_node *n = grid_tree_node(s->tree, v);
	int64_t sum = 0;

	for (int e = n->evse_first; e < n->evse_end; e++) {
		const struct guard_evse_in *in = &s->k->evse_in[e];
		const struct guard_evse_out *out = &r->evse[e];

		if (in->connected && out->node == v && in->wanted_w > out->allowed_w &&
			(out->channel == GRID_IMBALANCE) == is_apart)
			sum += in->wanted_w - out->allowed_w;
	}
	return sum;
}

static int64_t lesser(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* What more EVSEs below might draw in all, with that load beside them: by the limit in W, and by those of
 * the phases together. INT64_MAX: it has no limit. */
static int64_t room_w(const struct guard_node_out *out, const int64_t load_w[GRID_CHANNELS])
{
	int64_t room = out->limit_w == GRID_NO_LIMIT
			       ? INT64_MAX
			       : out->limit_w - load_w[GRID_TOTAL] - out->allowed_w;
	int64_t phases = 0;

	for (int p = 0; p < GRID_PHASES; p++) {
		const struct guard_channel_out *c = &out->phase[p];
		int64_t left = c->limit_w - load_w[GRID_L1 + p] - c->counted_w;

		if (c->limit_w == GRID_NO_LIMIT)
			return room > 0 ? room : 0;
		phases += left > 0 ? left : 0;
	}
	room = lesser(room, phases);
	return room > 0 ? room : 0;
}

static void loads_of(const struct guard_node_out *out, int64_t load_w[GRID_CHANNELS])
{
	load_w[GRID_TOTAL] = out->uncontrolled_w;
	for (int p = 0; p < GRID_PHASES; p++)
		load_w[GRID_L1 + p] = out->phase[p].uncontrolled_w;
}

/* With a node whose load is reckoned with the old value: what it and those below hold back beyond what they
 * would hold back if the load were as it was found last. */
static int64_t with_node(const struct safety *s, const struct guard_report *r, int v, int64_t sum)
{
	const struct safety_node *n = &s->node[v];
	int64_t apart = held_back(s, r, v, true) - n->apart_w;

	if (!n->has_found)
		return 0;
	sum += apart > 0 ? apart : 0;
	return lesser(sum + held_back(s, r, v, false), room_w(&r->node[v], n->found_w));
}

/* The old value counts at its own node and at those above that add up what is below them, up to the next
 * one with a meter of its own. No more than all that are above leave room for. */
static int64_t cost_w(const struct safety *s, const struct guard_report *r, int i)
{
	int64_t sum = 0, now_w[GRID_CHANNELS];
	bool adds_up = true;

	for (int v = i; v >= 0; v = grid_tree_node(s->tree, v)->parent) {
		adds_up &= v == i || !safety_meter(s, v);
		if (adds_up) {
			sum = with_node(s, r, v, sum);
			continue;
		}
		loads_of(&r->node[v], now_w);
		sum = lesser(sum, room_w(&r->node[v], now_w));
	}
	return sum;
}

/* Children stand after their parents. */
static void find_loads(struct safety *s, const struct guard_report *r)
{
	for (int v = 0; v < s->nodes; v++)
		s->node[v].is_old = false;
	for (int v = s->nodes - 1; v >= 0; v--) {
		struct safety_node *n = &s->node[v];
		int parent = grid_tree_node(s->tree, v)->parent;

		if (safety_meter(s, v))
			n->is_old = n->stale.tier != STALE_FRESH;
		if (parent >= 0 && n->is_old)
			s->node[parent].is_old = true;
		if (n->is_old)
			continue;
		loads_of(&r->node[v], n->found_w);
		n->apart_w = held_back(s, r, v, true);
		n->has_found = true;
	}
}

/* -- saying it -------------------------------------------------------------------------------- */

static const char *tier_words(enum stale_tier t)
{
	static const char *const words[] = {
		[STALE_HOLD] = " What was measured last is held.",
		[STALE_MINIMUM] = " It counts as its worst case.",
		[STALE_TAIL] = " EVSEs below it get their safe tails only.",
	};

	return words[t];
}

/* No reading at all, whatever it is called meanwhile, is one cause; each doubt is another. */
static enum belief cause_of(const struct belief_view *b)
{
	return belief_is_good(b->is) || b->is == BELIEF_UNREAD ? BELIEF_SILENT : b->is;
}

/* Who reads of a cause reads its own time, not that of the one before. */
static void change_cause(struct safety_node *v, struct core *c, const char *id, enum belief by)
{
	if (v->old_by && v->old_by != by)
		alarm_end(c, ALARM_MEASUREMENT_OLD, id);
	v->old_by = by;
}

static void say(struct safety *s, int i, int64_t now_ms)
{
	struct safety_node *v = &s->node[i];
	const char *id = grid_tree_node(s->tree, i)->id;
	struct belief_view b;

	if (v->stale.tier == STALE_FRESH) {
		if (v->says_old)
			alarm_clear(s->core, ALARM_MEASUREMENT_OLD, id);
		v->says_old = false;
		return;
	}
	if (now_ms - s->started_ms <= START_MS)
		return;
	v->says_old = true;
	belief_of(s->core, s->k->meter[i], &b);
	change_cause(v, s->core, id, cause_of(&b));
	alarm_raise(s->core, ALARM_MEASUREMENT_OLD, id,
		"Meter %s of %s: %s%s Charging lacks %.1f kW by that.", safety_meter(s, i)->row->id,
		id, b.why[0] ? b.why : "No fresh value.",
		s->k->doubt[i].above >= 0 ? "" : tier_words(v->stale.tier), v->cost_w / 1000.0);
}

void safety_stale_after(struct safety *s, const struct guard_report *r, int64_t now_ms)
{
	find_loads(s, r);
	for (int i = 0; i < s->nodes; i++) {
		struct safety_node *v = &s->node[i];
		const struct guard_node_out *out = &r->node[i];

		v->reckoned_w = out->uncontrolled_w + out->counted_w;
		if (!safety_meter(s, i))
			continue;
		if (v->stale.tier == STALE_FRESH)
			v->load_w = out->uncontrolled_w;
		v->cost_w = v->stale.tier == STALE_FRESH ? 0 : cost_w(s, r, i);
		say(s, i, now_ms);
	}
}
