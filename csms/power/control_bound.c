/*
 * What flows at most at a node whose own meter is not believed, by the meters around it: all that
 * the next believed meter above shows, less what the believed meters beside it show, those of
 * chargers too. It bounds the load that is there now, reading by reading, and so stands in the place
 * of a measurement; it says nothing of what the node may carry, nor of later. docs/energy.md tells
 * the electrician.
 */
#include "csms/power/control_private.h"
#include "csms/metering/meters.h"
#include "csms/power/safety.h"
#include "csms/metering/walk.h"

/* Two meters of class 1 or 2, read at different moments: what they may be apart. */
#define APART_PM       20 /* of all that was read */
#define APART_W        500
#define UNEXPLAINED_W  2000 /* more than the standby of a feeder … */
#define UNEXPLAINED_MS 10000 /* … and for longer than meters are read one after the other */
#define LATE_MS        5000 /* a charger's report, beside its interval */
#define CURRENT_PM     50 /* of currents, whose phase angles differ */

struct bound {
	int64_t w, phase_w[GRID_PHASES];
	int64_t read_w, phase_read_w[GRID_PHASES]; /* what was read, without signs */
	bool has_phases;
	bool is_open; /* one beside it may feed in, and nobody knows how much: it bounds nothing */
};

/* Is the node's own meter believed, or held for a moment? */
static bool is_good(const struct control *k, int node)
{
	enum guard_quality q = k->node_in[node].quality;

	return k->meter[node] >= 0 && k->doubt[node].above < 0 &&
	       (q == GUARD_FRESH || q == GUARD_HELD);
}

/* Of one beside it a young reading will do that is being looked at for showing too little: that makes
 * the bound greater. */
static bool is_taken_off(const struct control *k, int node)
{
	return is_good(k, node) && meter_age_ms(meters_at(k->core->meters, k->meter[node])) <=
					   k->core->config->control->stale_hold_s * 1000;
}

static int64_t size_of(int64_t w)
{
	return w < 0 ? -w : w;
}

/* Less what a believed meter beside it shows. What it feeds in flows here too; of that one that does
 * not tell its phases, perhaps all of it on any. */
static void take_off(struct bound *b, const struct guard_node_in *in)
{
	b->w -= in->import_w;
	b->read_w += size_of(in->import_w);
	for (int p = 0; p < GRID_PHASES; p++) {
		if (in->has_phases) {
			b->phase_w[p] -= in->phase_w[p];
			b->phase_read_w[p] += size_of(in->phase_w[p]);
		} else if (in->import_w < 0) {
			b->phase_w[p] -= in->import_w;
		}
	}
}

/* What an EVSE beside it, of which no meter tells, draws by its charger's own meter; what it gives
 * back flows here too. */
static void take_off_evse(const struct control *k, struct bound *b, int e)
{
	const struct guard_evse_in *in = &k->evse_in[e];
	int64_t young_ms = k->core->config->control->sample_s * 1000 + LATE_MS;
	int64_t w = k->evse[e] ? (int64_t)k->evse[e]->power_w.value : 0;

	if (w > 0 && (!k->evse[e]->tx.is_open ||
			     safety_heard_ms(k->safety, e) < clock_mono().us / 1000 - young_ms))
		return;
	b->w -= w;
	b->read_w += size_of(w);
	for (int p = 0; p < GRID_PHASES; p++) {
		if (w < 0)
			b->phase_w[p] -= w;
		else if (in->has_phases && in->phase_w[p] > 0)
			b->phase_w[p] -= in->phase_w[p];
	}
}

/* What nobody meters beside it may feed in, and then flows here. */
static void take_off_unmetered(const struct control *k, struct bound *b, int node)
{
	const struct grid_node *n = grid_tree_node(k->tree, node);

	if ((n->kind == GRID_PV || n->kind == GRID_STORAGE) && !n->electric.feed_w)
		b->is_open = true;
	b->w += n->electric.feed_w;
	for (int p = 0; p < GRID_PHASES; p++)
		b->phase_w[p] += n->electric.feed_w;
	if (n->kind == GRID_EVSE)
		take_off_evse(k, b, n->evse_first);
}

/* The next meter above that is believed, or held for a moment. */
static int find_above(const struct control *k, int node)
{
	int v = grid_tree_node(k->tree, node)->parent;

	while (v >= 0 && !is_good(k, v))
		v = grid_tree_node(k->tree, v)->parent;
	return v;
}

/* All that was read may be wrong by a little, and was not read at one moment. */
static void add_errors(struct bound *b)
{
	b->w += APART_W + b->read_w * APART_PM / 1000;
	for (int p = 0; p < GRID_PHASES; p++)
		b->phase_w[p] += APART_W + b->phase_read_w[p] * CURRENT_PM / 1000;
}

static struct bound find_bound(const struct control *k, int node, int above)
{
	const struct guard_node_in *top = &k->node_in[above];
	struct bound b = {.w = top->import_w,
		.read_w = size_of(top->import_w),
		.has_phases = top->has_phases};
	int end = grid_tree_node(k->tree, above)->end;

	for (int p = 0; p < GRID_PHASES; p++) {
		b.phase_w[p] = top->phase_w[p];
		b.phase_read_w[p] = size_of(top->phase_w[p]);
	}
	for (int v = above + 1; v < end;) {
		if (v == node) {
			v = grid_tree_node(k->tree, v)->end;
		} else if (is_taken_off(k, v)) {
			take_off(&b, &k->node_in[v]);
			v = grid_tree_node(k->tree, v)->end;
		} else {
			take_off_unmetered(k, &b, v);
			v++;
		}
	}
	add_errors(&b);
	return b;
}

static void bound_node(struct control *k, int node, int above, const struct bound *b)
{
	struct guard_node_in *in = &k->node_in[node];
	int64_t below = control_measured_below(k, grid_tree_node(k->tree, node));

	in->import_w = b->w > below ? b->w : below > 0 ? below : 0;
	in->has_phases = b->has_phases;
	for (int p = 0; p < GRID_PHASES; p++)
		in->phase_w[p] = b->phase_w[p] > 0 ? b->phase_w[p] : 0;
	in->reading = k->node_in[above].reading;
	in->quality = GUARD_BOUNDED;
	k->doubt[node].above = above;
}

/* The most that one draws that no meter tells of. */
static int64_t most_of_evse(const struct control *k, int e, const struct grid_node *leaf)
{
	const struct guard_evse_in *in = &k->evse_in[e];
	int64_t told_w = in->commanded_w < 0 ? leaf->max_w : in->commanded_w;

	return in->measured_w > told_w ? in->measured_w : told_w;
}

/* Load that the meter above shows and that cannot flow beside the node, as that is described and
 * metered; 0: it can, or nobody knows. */
static int64_t find_unexplained(const struct control *k, int node, int above)
{
	const struct guard_node_in *top = &k->node_in[above];
	int64_t w = top->import_w, read_w = size_of(top->import_w);
	int end = grid_tree_node(k->tree, above)->end;

	if (k->worst_w[above] == GRID_UNKNOWN)
		return 0;
	w -= grid_own_load(grid_tree_node(k->tree, above)).s[GRID_TOTAL] / 6;
	for (int v = above + 1; v < end;) {
		const struct grid_node *n = grid_tree_node(k->tree, v);

		if (v == node || (k->meter[v] >= 0 && k->doubt[v].belief == BELIEF_IDLE &&
					 !(v < node && node < n->end))) {
			v = n->end; /* of two that are idle each counts with it */
		} else if (is_taken_off(k, v)) {
			w -= k->node_in[v].import_w;
			read_w += size_of(k->node_in[v].import_w);
			v = n->end;
		} else if (k->meter[v] >= 0 && v < node && node < n->end) {
			v++;
		} else if (k->meter[v] >= 0) {
			return 0;
		} else {
			w -= grid_own_load(n).s[GRID_TOTAL] / 6;
			if (n->kind == GRID_EVSE)
				w -= most_of_evse(k, n->evse_first, n);
			v++;
		}
	}
	w -= APART_W + read_w * APART_PM / 1000;
	return w > UNEXPLAINED_W ? w : 0;
}

/* A meter that nothing has moved for long, while the one above shows load that must be there: the
 * node counts with that. No reason for an alarm: it may as well be load that nobody described. */
static void explain_idle(struct control *k, int node, int64_t now_ms)
{
	struct control_doubt *d = &k->doubt[node];
	bool shows_nothing = d->belief == BELIEF_IDLE || d->belief == BELIEF_DARK;
	int above = shows_nothing ? find_above(k, node) : -1;
	int64_t w = above >= 0 && k->node_in[above].quality == GUARD_FRESH
			    ? find_unexplained(k, node, above)
			    : 0;

	if (!w)
		d->unexplained_ms = 0;
	else if (!d->unexplained_ms)
		d->unexplained_ms = now_ms;
	if (!w || now_ms - d->unexplained_ms < UNEXPLAINED_MS)
		return;
	d->above = above;
	k->node_in[node].quality = GUARD_BOUNDED;
	k->node_in[node].import_w = w;
	k->node_in[node].has_phases = false;
	k->node_in[node].reading = k->node_in[above].reading;
}

/* Somebody steps an EVSE to find out what is wrong, or one is tried: where nothing else is known, a node whose meter is
 * not believed counts as one that has none. */
static void describe_path(struct control *k, int evse)
{
	for (int v = grid_tree_evse_node(k->tree, evse); v >= 0;
		v = grid_tree_node(k->tree, v)->parent)
		if (k->node_in[v].quality == GUARD_WORST_CASE) {
			k->node_in[v].quality = GUARD_NO_METER;
			k->doubt[v].is_walked = true;
		}
}

/* -- nodes without a meter -------------------------------------------------------------------- */

/* Other load below a node, as its parts are added up, in sixths of a watt. */
struct parts {
	struct grid_load load;
	bool is_guessed; /* some of it nobody measures */
};

/* What the EVSEs below the node said that they draw. */
static struct grid_load drawn_below(const struct control *k, const struct grid_node *n)
{
	struct grid_load sum = {{6 * control_measured_below(k, n)}};

	for (int e = n->evse_first; e < n->evse_end; e++)
		for (int p = 0; p < GRID_PHASES && k->evse_in[e].has_phases; p++)
			sum.s[GRID_L1 + p] += 6 * (int64_t)k->evse_in[e].phase_w[p];
	return sum;
}

/* What flows there besides. */
static struct grid_load rest_of(const struct grid_load *drawn, int64_t w,
	const int64_t phase_w[GRID_PHASES], bool has_phases)
{
	struct grid_load x = {{6 * w - drawn->s[GRID_TOTAL]}};

	for (int p = GRID_L1; p < GRID_CHANNELS; p++)
		x.s[p] = has_phases ? 6 * phase_w[p - GRID_L1] - drawn->s[p] : x.s[GRID_TOTAL];
	for (int c = 0; c < GRID_CHANNELS; c++)
		x.s[c] = x.s[c] > 0 ? x.s[c] : 0;
	return x;
}

static struct grid_load load_of(const struct control *k, int node)
{
	const struct guard_node_in *in = &k->node_in[node];
	const struct grid_load none = {{0}};
	struct grid_load drawn;

	if (in->quality == GUARD_NO_METER)
		return grid_own_load(grid_tree_node(k->tree, node));
	if (in->quality == GUARD_WORST_CASE) /* unknown: below it there are tails only */
		return in->worst_w == GRID_UNKNOWN
			       ? none
			       : rest_of(&none, in->worst_w, in->worst_phase_w, true);
	drawn = drawn_below(k, grid_tree_node(k->tree, node));
	return rest_of(&drawn, in->import_w, in->phase_w, in->has_phases);
}

static struct parts parts_of(const struct control *k, int node)
{
	int end = grid_tree_node(k->tree, node)->end;
	struct parts p = {0};

	for (int v = node; v < end;) {
		struct grid_load x = load_of(k, v);
		bool is_metered = k->node_in[v].quality != GUARD_NO_METER;

		p.is_guessed = p.is_guessed ||
			       (x.s[GRID_TOTAL] > 0 && k->node_in[v].quality != GUARD_FRESH);
		for (int c = 0; c < GRID_CHANNELS; c++)
			p.load.s[c] += x.s[c];
		v = is_metered ? grid_tree_node(k->tree, v)->end : v + 1;
	}
	return p;
}

static bool is_limited(const struct control *k, int node, int channel)
{
	return grid_channel_limit(k->tree, k->limits, node, (enum grid_channel)channel).w !=
	       GRID_NO_LIMIT;
}

static bool has_limit(const struct control *k, int node)
{
	int c = 0;

	while (c < GRID_CHANNELS && !is_limited(k, node, c))
		c++;
	return c < GRID_CHANNELS;
}

/* Does the bound leave more than the parts do, for one limit of the node at least, and never less? By
 * figures of this moment; the guard finds its own. */
static bool is_better(
	const struct control *k, int node, const struct bound *b, const struct grid_load *parts)
{
	const struct grid_node *n = grid_tree_node(k->tree, node);
	struct grid_load drawn = drawn_below(k, n), reserve = grid_reserve(n),
			 x = rest_of(&drawn, b->w, b->phase_w, b->has_phases);
	bool is_less = false;

	for (int c = 0; c < GRID_CHANNELS; c++) {
		int64_t diff = x.s[c] + reserve.s[c] - parts->s[c];

		if (!is_limited(k, node, c))
			continue;
		if (diff > 0)
			return false;
		is_less = is_less || diff < 0;
	}
	return is_less;
}

/* One that has EVSEs and other load below it, all of which a meter above sees. Of two things that are
 * true the lesser counts: what its parts may be together, and what flows past that meter. */
static void bound_unmetered(struct control *k, int node)
{
	const struct grid_node *n = grid_tree_node(k->tree, node);
	struct guard_node_in *in = &k->node_in[node];
	struct parts parts;
	struct bound b;
	int above;

	if (n->kind == GRID_EVSE || n->kind == GRID_STATION || n->evse_first == n->evse_end ||
		!has_limit(k, node))
		return;
	parts = parts_of(k, node);
	above = parts.is_guessed ? find_above(k, node) : -1;
	if (above < 0)
		return;
	if (k->node_in[above].quality == GUARD_HELD && k->doubt[node].was_bounded) {
		in->quality = GUARD_HELD; /* as that is held, so is what it said */
		k->doubt[node].above = above;
	} else if (k->node_in[above].quality == GUARD_FRESH) {
		b = find_bound(k, node, above);
		if (!b.is_open && is_better(k, node, &b, &parts.load))
			bound_node(k, node, above, &b);
	}
	if (in->quality != GUARD_NO_METER) /* what is described is not all that it has */
		in->worst_w = GRID_UNKNOWN;
}

void control_bound(struct control *k, int64_t now_ms)
{
	int walked = k->core->walks ? walks_evse(k->core->walks) : -1;

	for (int i = 0; i < k->nodes; i++) {
		int above;

		k->doubt[i].was_bounded = k->doubt[i].above >= 0;
		k->doubt[i].above = -1;
		k->doubt[i].is_walked = false;
		if (k->meter[i] >= 0 && k->node_in[i].quality == GUARD_FRESH)
			explain_idle(k, i, now_ms);
		if (k->meter[i] < 0 || k->node_in[i].quality != GUARD_WORST_CASE)
			continue;
		above = find_above(k, i);
		if (above >= 0 && k->node_in[above].quality == GUARD_FRESH) {
			struct bound b = find_bound(k, i, above);

			if (!b.is_open)
				bound_node(k, i, above, &b);
		} else if (above >= 0) { /* as that is held, so is what it said */
			k->doubt[i].above = above;
			k->node_in[i].quality = GUARD_HELD;
		}
	}
	for (int i = k->nodes - 1; i >= 0; i--) /* children before their parents */
		if (k->meter[i] < 0)
			bound_unmetered(k, i);
	if (walked < 0)
		walked = control_try_one(k, now_ms);
	if (walked >= 0)
		describe_path(k, walked);
}
