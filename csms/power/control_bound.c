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
	return b;
}

static void bound_node(struct control *k, int node, int above)
{
	struct guard_node_in *in = &k->node_in[node];
	struct bound b = find_bound(k, node, above);

	int64_t below = control_measured_below(k, grid_tree_node(k->tree, node));

	b.w += APART_W + b.read_w * APART_PM / 1000;
	in->import_w = b.w > below ? b.w : below > 0 ? below : 0;
	in->has_phases = b.has_phases;
	for (int p = 0; p < GRID_PHASES; p++) {
		b.phase_w[p] += APART_W + b.phase_read_w[p] * CURRENT_PM / 1000;
		in->phase_w[p] = b.phase_w[p] > 0 ? b.phase_w[p] : 0;
	}
	in->reading = k->node_in[above].reading;
	in->quality = GUARD_BOUNDED;
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

/* Somebody steps an EVSE to find out what is wrong: where nothing else is known, a node whose meter is
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

void control_bound(struct control *k, int64_t now_ms)
{
	int walked = k->core->walks ? walks_evse(k->core->walks) : -1;

	for (int i = 0; i < k->nodes; i++) {
		int above;

		k->doubt[i].above = -1;
		k->doubt[i].is_walked = false;
		if (k->meter[i] >= 0 && k->node_in[i].quality == GUARD_FRESH)
			explain_idle(k, i, now_ms);
		if (k->meter[i] < 0 || k->node_in[i].quality != GUARD_WORST_CASE)
			continue;
		k->doubt[i].above = above = find_above(k, i);
		if (above >= 0 && k->node_in[above].quality == GUARD_FRESH)
			bound_node(k, i, above);
		else if (above >= 0) /* as that is held, so is what it said */
			k->node_in[i].quality = GUARD_HELD;
	}
	if (walked >= 0)
		describe_path(k, walked);
}
