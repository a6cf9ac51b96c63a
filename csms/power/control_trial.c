/*
 * The way back of a meter that lied and does so no more. It is believed again once it agrees with
 * chargers that draw; where nothing below it may draw (tails of 0, no load described, no meter above)
 * that would never be. So now and then one vehicle is tried with the least current, for as long as it
 * takes to compare, if the meter shows room for it; none other rises meanwhile.
 */
#include "csms/metering/meters.h"
#include "csms/power/control_private.h"

#define STANDS_MS 300000 /* nothing was drawn for so long, before the first … */
#define AGAIN_MS  600000 /* … and between the beginnings of two */
#define TRY_MS    30000 /* beside the time in which it is to agree, and two reports */
#define AGREE_MS  30000
#define APART_MS  10000 /* a charger may tell that before its meter is read again */

static int32_t least_w(const struct control *k, int e)
{
	const struct grid_node *leaf = grid_tree_node(k->tree, grid_tree_evse_node(k->tree, e));

	return leaf->min_w > k->evse_in[e].min_w ? leaf->min_w : k->evse_in[e].min_w;
}

/* By what the meter shows now the least current fits, in all and on each phase. */
static bool shows_room(const struct control *k, int node, int32_t w)
{
	const struct meter *m = meters_at(k->core->meters, k->meter[node]);
	const struct grid_node *n = grid_tree_node(k->tree, node);
	double x;

	for (int c = GRID_TOTAL; c < GRID_CHANNELS; c++) {
		struct grid_limit l =
			grid_channel_limit(k->tree, k->limits, node, (enum grid_channel)c);

		if (l.w == GRID_NO_LIMIT)
			continue;
		if (!meter_reading_get(&m->last,
			    c == GRID_TOTAL ? METER_QUANTITY_POWER_W
					    : METER_QUANTITY_CURRENT_L1_A + c - GRID_L1,
			    &x))
			return false;
		x = x < 0 ? -x : x;
		if (x * (c == GRID_TOTAL ? 1 : n->electric.volts) + w > l.usable_w)
			return false;
	}
	return true;
}

/* Its meter showed too little, speaks, moves, and shows nothing now that speaks against it. */
static bool may_be_well(const struct control *k, int node, int64_t now_ms)
{
	const struct control_doubt *d = &k->doubt[node];

	return k->meter[node] >= 0 && d->is_doubted && !d->hangs &&
	       (!d->since_ms || now_ms - d->since_ms < APART_MS) &&
	       meter_age_ms(meters_at(k->core->meters, k->meter[node])) <=
		       k->core->config->control->stale_hold_s * 1000;
}

/* Nothing that the guard has to go by lets the EVSE draw, but meters that may be well. */
static bool may_try(const struct control *k, int e, int64_t now_ms)
{
	const struct guard_evse_in *in = &k->evse_in[e];
	bool found = false;

	if (!in->connected || !in->reachable || in->wanted_w < least_w(k, e))
		return false;
	for (int v = grid_tree_evse_node(k->tree, e); v >= 0;
		v = grid_tree_node(k->tree, v)->parent) {
		if (k->node_in[v].quality != GUARD_WORST_CASE)
			continue;
		if (!may_be_well(k, v, now_ms) || k->worst_w[v] != GRID_UNKNOWN ||
			!shows_room(k, v, least_w(k, e)))
			return false;
		found = true;
	}
	return found;
}

/* Somebody draws, or may: the meters will be compared with that. */
static bool is_drawn_beside(const struct control *k, int e)
{
	for (int v = grid_tree_evse_node(k->tree, e); v >= 0;
		v = grid_tree_node(k->tree, v)->parent) {
		const struct grid_node *n = grid_tree_node(k->tree, v);

		if (k->node_in[v].quality != GUARD_WORST_CASE)
			continue;
		for (int i = n->evse_first; i < n->evse_end; i++)
			if (k->evse_in[i].connected &&
				(k->evse_in[i].commanded_w > 0 || k->evse_in[i].measured_w > 0))
				return true;
	}
	return false;
}

static int64_t lasts_ms(const struct control *k)
{
	return TRY_MS + AGREE_MS + 2 * k->core->config->control->sample_s * 1000;
}

/* The next after the one that was tried last. */
static int find_next(const struct control *k, int64_t now_ms)
{
	for (int i = 1; i <= k->evses; i++) {
		int e = (k->trial.last + i) % k->evses;

		if (may_try(k, e, now_ms) && !is_drawn_beside(k, e))
			return e;
	}
	return -1;
}

int control_try_one(struct control *k, int64_t now_ms)
{
	struct control_trial_run *t = &k->trial;
	int e;

	if (t->is_on && may_try(k, t->last, now_ms) && now_ms - t->since_ms < lasts_ms(k))
		return t->last;
	if (t->is_on) {
		t->is_on = false;
		t->next_ms = t->since_ms + AGAIN_MS;
	}
	if (now_ms < t->next_ms)
		return -1;
	e = k->evses ? find_next(k, now_ms) : -1;
	if (e < 0) {
		t->stands_ms = 0;
		return -1;
	}
	if (!t->stands_ms)
		t->stands_ms = now_ms;
	if (now_ms - t->stands_ms < STANDS_MS)
		return -1;
	*t = (struct control_trial_run){.is_on = true, .last = e, .since_ms = now_ms};
	return e;
}
