#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/power/control_private.h"
#include "csms/power/envelope_apply.h"
#include "csms/power/evse_phases.h"
#include "csms/power/external.h"
#include "csms/log.h"
#include "csms/metering/meters.h"
#include "csms/record.h"
#include "csms/power/safety.h"
#include "csms/station/session.h"
#include "csms/vehicles/trips.h"

#define PLAN_LATE_MS     10000 /* without a plan for so long a vehicle gets what the guard allows */
#define JOURNAL_EVERY_MS 10000 /* the guard's doings, at most */
#define SEND_US          8000 /* in a turn of the loop, the cycle before it in that … */
#define SEND_LEAST_US    1000 /* … and so much in any case */

int64_t control_measured_below(const struct control *k, const struct grid_node *n)
{
	int64_t sum = 0;

	for (int i = n->evse_first; i < n->evse_end; i++)
		if (k->evse[i] && !control_is_of_before(k, i))
			sum += (int64_t)k->evse[i]->power_w.value;
	return sum;
}

/* The current of each phase at the nominal voltage, against which breakers are rated; with the sign
 * of its power where the meter tells that. A phase that is not told may carry anything. */
static bool fill_phases(const struct meter_reading *r, int64_t volts, int64_t out[GRID_PHASES])
{
	for (int p = 0; p < GRID_PHASES; p++) {
		double a, w;

		if (!meter_reading_get(r, METER_QUANTITY_CURRENT_L1_A + p, &a) || !isfinite(a))
			return false;
		a = fabs(a);
		if (meter_reading_get(r, METER_QUANTITY_POWER_L1_W + p, &w) && w < 0)
			a = -a;
		out[p] = (int64_t)(a * (double)volts);
	}
	return true;
}

static void fill_node(struct control *k, int i, int64_t now_ms)
{
	struct guard_node_in *in = &k->node_in[i];
	const struct meter_reading *last;
	int64_t will;
	double w;

	*in = (struct guard_node_in){
		.quality = control_doubt(k, i, now_ms), .worst_w = k->worst_w[i]};
	for (int p = 0; p < GRID_PHASES; p++)
		in->worst_phase_w[p] = k->worst[i].s[GRID_L1 + p] / 6;
	if (in->quality == GUARD_NO_METER)
		return;
	last = &meters_at(k->core->meters, k->meter[i])->last;
	in->reading = last->at_ms;
	if (meter_reading_get(last, METER_QUANTITY_POWER_W, &w))
		in->import_w = (int64_t)w;
	in->has_phases = fill_phases(last, grid_tree_node(k->tree, i)->electric.volts, in->phase_w);
	/* Room that a store was promised is given to nobody else. */
	will = control_store_will_w(k, i, (mono_t){now_ms * 1000});
	in->import_w += will;
	for (int p = 0; p < GRID_PHASES; p++)
		in->phase_w[p] += will / GRID_PHASES;
}

/* Can depotd lower it? */
static bool is_reachable(const struct station *s)
{
	return s->session && station_is_accepted(s) && !s->is_manual;
}

/* What the EVSE should draw by the plan, or what it goes by instead; a vehicle that no plan knows
 * waits a little for one, then takes what the guard allows: a planner that is late must not leave vans
 * standing. */
static int64_t wanted_w(const struct control *k, int i, wall_t now)
{
	const struct evse *e = k->evse[i];
	int64_t w, cap, cable, for_ms = wall_diff_ms(now, e->tx.started);

	if (!e->tx.is_open || control_gives_w(k, i, now) > 0)
		return 0;
	w = k->order[i].w;
	if (w < 0)
		w = for_ms < 0 || for_ms > PLAN_LATE_MS ? e->max_w : 0; /* < 0: clocks differ */
	if (w > evse_phases_part(e, e->max_w))
		w = evse_phases_part(e, e->max_w);
	cap = e->station->externals || e->station->holdings ? external_cap_w(k->core, e, now, NULL)
							    : INT64_MAX;
	cable = evse_phases_cable_w(e, (int)k->core->depot->voltage_v);
	if (cable < cap)
		cap = cable;
	return w < cap ? w : cap; /* room for more would be kept in vain */
}

static void fill_evse(struct control *k, int i, wall_t now, mono_t mono)
{
	struct guard_evse_in *in = &k->evse_in[i];
	struct evse *e = k->evse[i];
	const struct vehicle *v = e->tx.vehicle;
	int64_t min_w;

	evse_phases_find(e);
	lane_spread(&k->lanes[i]);
	min_w = evse_phases_part(e, e->min_w);
	*in = (struct guard_evse_in){
		.connected = e->tx.is_open,
		.reachable = is_reachable(e->station),
		.unanswered = lane_is_unanswered(&k->lanes[i]),
		.commanded_w = (int32_t)lane_bound_w(&k->lanes[i], mono),
		.wanted_w = (int32_t)wanted_w(k, i, now),
		.measured_w = e->power_w.at.ms ? (int32_t)e->power_w.value : GUARD_UNKNOWN_W,
		.measured_ms = e->power_w.mono.us / 1000,
		.min_w = (int32_t)(v && v->min_w > min_w ? v->min_w : min_w),
		.urgency = v ? v->priority : 9,
		.depart_ms = v ? trips_departure(k->core, v, now).ms : INT64_MAX,
	};
	evse_phases_fill(e, (int)k->core->depot->voltage_v, in);
}

/* What the node carries against the limit that binds, in its unit. */
static void fill_limit(
	const struct control_node *v, enum grid_channel c, struct event_guard_acted *e)
{
	const struct control_limit *l = c == GRID_IMBALANCE ? &v->imbalance
					: c == GRID_TOTAL   ? NULL
							    : &v->phase[c - GRID_L1];

	e->measured_w = v->load_w;
	e->quality = v->load_source;
	e->channel = grid_channel_name(c);
	e->has_limit_w = !l && v->limit_w >= 0;
	e->limit_w = v->limit_w;
	e->has_limit_ma = l && l->limit >= 0;
	e->limit_ma = e->has_limit_ma ? l->limit : 0;
	e->has_measured_ma = l && l->load >= 0;
	e->measured_ma = e->has_measured_ma ? l->load : 0;
}

static void log_lowering(const struct event_guard_acted *e)
{
	char limit[80];

	if (e->has_limit_ma && e->has_measured_ma)
		snprintf(limit, sizeof limit, "%.1f of %.1f A (%s)", (double)e->measured_ma / 1000,
			(double)e->limit_ma / 1000, e->channel);
	else if (e->has_limit_ma)
		snprintf(limit, sizeof limit, "limit of %.1f A (%s)", (double)e->limit_ma / 1000,
			e->channel);
	else if (e->has_limit_w)
		snprintf(limit, sizeof limit, "%lld of %lld W", (long long)e->measured_w,
			(long long)e->limit_w);
	else
		snprintf(limit, sizeof limit, "%lld W", (long long)e->measured_w);
	log_info("guard: %s: %s (%s), %zu EVSEs lowered", e->node, limit, e->quality,
		e->lowered.count);
}

static void journal_lowering(struct control *k, const struct guard_report *r, const int32_t *before)
{
	struct arena *a = record_arena(k->core);
	struct event_guard_acted *e = a ? arena_alloc(a, sizeof *e) : NULL;
	const char **lowered = a ? arena_alloc(a, (size_t)(k->evses + 1) * sizeof *lowered) : NULL;
	const struct guard_evse_out *by = NULL;

	if (!e || !lowered)
		return;
	for (int i = 0; i < k->evses; i++) {
		if (r->evse[i].allowed_w >= before[i] ||
			r->evse[i].allowed_w >= k->evse_in[i].wanted_w)
			continue;
		lowered[e->lowered.count++] = arena_printf(a, "%s/%d %d>%d",
			k->evse[i]->station->id, k->evse[i]->id, before[i], r->evse[i].allowed_w);
		if (r->evse[i].node >= 0)
			by = &r->evse[i];
	}
	if (!e->lowered.count || !by)
		return;
	e->lowered.items = lowered;
	e->node = arena_strdup(a, grid_tree_node(k->tree, by->node)->id);
	fill_limit(&k->node[by->node], by->channel, e);
	e->reason = "load and limit left less room than the plan";
	k->core->metrics.guard_lowered += (int64_t)e->lowered.count;
	record_now(k->core, EVENT_GUARD_ACTED, "depot", k->core->depot->depot, e, "guard", NULL);
	k->journalled = clock_mono();
	log_lowering(e);
}

/* False: the time was over before all were sent. */
static bool send_pass(struct control *k, bool lowerings, mono_t now, int64_t until_us)
{
	for (int i = 0; i < k->evses; i++) {
		struct lane *l = &k->lanes[i];

		if ((l->want.limit_w < lane_held_w(l, now)) != lowerings ||
			!is_reachable(l->evse->station) || !lane_is_due(l, now))
			continue;
		if (clock_real_us() > until_us)
			return false;
		lane_send(l, now);
	}
	return true;
}

static void send_on(void *arg);

/* Lowerings first, so that what rises finds room that was asked for before it. When thousands are to
 * be told something, it takes several turns of the loop. */
static void send_all(struct control *k, bool with_rises, int64_t spent_us)
{
	int64_t left_us = SEND_US - spent_us > SEND_LEAST_US ? SEND_US - spent_us : SEND_LEAST_US,
		until_us = k->core->loop ? clock_real_us() + left_us : INT64_MAX;
	mono_t now = clock_mono();

	if (!send_pass(k, true, now, until_us) ||
		(with_rises && !send_pass(k, false, now, until_us)))
		timer_start(k->core->timers, &k->send_timer, 0, send_on, k);
}

/* Answers to the first are news already, and a cycle follows soon. It sends what is to rise; what was
 * found to be too much does not wait for it. */
static void send_on(void *arg)
{
	struct control *k = arg;

	send_all(k, !timer_running(&k->now_timer), 0);
}

static void decide(struct control *k, int32_t *before)
{
	wall_t now = clock_wall();
	mono_t mono = clock_mono();
	int64_t now_ms = mono.us / 1000, elapsed = mono_diff_ms(mono, k->last_cycle);
	struct guard_in in = {
		.now_ms = now_ms, .limits = k->limits, .node = k->node_in, .evse = k->evse_in};
	struct guard_report r;

	envelopes_apply(k->core->envelopes, k->tree, k->limits, now);
	for (int i = 0; i < k->nodes; i++)
		fill_node(k, i, now_ms);
	for (int i = 0; i < k->evses; i++)
		if (vehicle_charge_watch(k->evse[i], now))
			control_evse_changed(k, k->evse[i],
				k->evse[i]->tx.full_at.ms ? "vehicle takes no more"
							  : "vehicle draws again");
	control_follow(k, now);
	for (int i = 0; i < k->evses; i++) {
		fill_evse(k, i, now, mono);
		before[i] = (int32_t)lane_held_w(&k->lanes[i], mono);
	}
	safety_before(k->safety, now, now_ms);
	r = guard_cycle(k->guard, &in);
	safety_after(k->safety, &r, now, now_ms);
	control_doubts_journal(k);
	control_follow_room(k, &r);
	k->last_cycle = mono;
	k->core->metrics.guard_cycles++;
	control_explain(k, &r, now);
	control_show(k, &r, now, elapsed > 0 && elapsed < 60000 ? elapsed : 0);
	control_tell_stores(k, now, mono);
	control_find_leaning(k, &r, mono);
	if (r.lowered && mono_diff_ms(mono, k->journalled) > JOURNAL_EVERY_MS)
		journal_lowering(k, &r, before);
}

void control_cycle(struct control *k)
{
	int64_t begin_us = clock_real_us();
	int32_t *before = malloc(((size_t)k->evses + 1) * sizeof *before);

	if (!before)
		return;
	clock_hold();
	decide(k, before);
	clock_let_go();
	free(before);
	timer_stop(k->core->timers, &k->send_timer);
	send_all(k, true, clock_real_us() - begin_us);
}
