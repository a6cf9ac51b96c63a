/* Whether there is power: returns of it, staged; islands, fed by stores and PV. */
#include <stdlib.h>
#include <string.h>
#include "csms/alarms.h"
#include "csms/external.h"
#include "csms/log.h"
#include "csms/planner.h"
#include "csms/safety_private.h"

#define SERVICE_MS 3600000 /* a station without a connection counts as in service for so long */
#define GONE_PCT   20 /* of the nominal voltage: less is no power */
#define THERE_PCT  70
#define BIG_WH     INT64_C(1000000000000)

/* -- what is seen ------------------------------------------------------------------------------ */

/* All phases that the meter tells must be gone, or any there. */
static enum ramp_volts volts_of(const struct safety *s, const struct meter *m, wall_t now)
{
	static const enum meter_quantity phases[] = {METER_QUANTITY_VOLTAGE_L1_V,
		METER_QUANTITY_VOLTAGE_L2_V, METER_QUANTITY_VOLTAGE_L3_V};
	double nominal = (double)s->core->depot->voltage_v, most = -1, v;

	if (meter_seen_age_ms(m) > s->stale.hold_ms)
		return RAMP_VOLTS_UNKNOWN;
	for (int i = 0; i < 3; i++)
		if (meter_reading_get(&m->seen, phases[i], &v) && v > most)
			most = v;
	if (most < 0)
		return RAMP_VOLTS_UNKNOWN;
	if (most * 100 < nominal * GONE_PCT)
		return RAMP_VOLTS_GONE;
	return most * 100 >= nominal * THERE_PCT ? RAMP_VOLTS_THERE : RAMP_VOLTS_UNKNOWN;
}

static void look_at_nodes(struct safety *s, wall_t now)
{
	memset(s->ramp_node, 0, (size_t)s->nodes * sizeof *s->ramp_node);
	for (int i = 0; i < s->nodes; i++) {
		struct ramp_node_in *in = &s->ramp_node[i];
		const struct meter *m = safety_meter(s, i);

		if (!m)
			continue;
		in->volts = volts_of(s, m, now);
		in->meter_is_silent = m->last_at.ms && meter_age_ms(m) > s->stale.minimum_ms;
	}
	for (const struct station *st = s->core->fleet.stations; st; st = st->hh.next) {
		int node = safety_station_node(s, st);

		if (node < 0)
			continue;
		s->ramp_node[node].is_station = true;
		s->ramp_node[node].in_service =
			st->session || wall_diff_ms(now, st->last_seen) < SERVICE_MS;
	}
	for (int e = 0; e < s->evses; e++) {
		const struct guard_evse_in *in = &s->k->evse_in[e];

		s->ramp_evse[e] = (struct ramp_evse_in){
			.connected = in->connected,
			.start_w = in->wanted_w > in->min_w ? in->wanted_w : in->min_w,
			.urgency = in->urgency,
			.depart_ms = in->depart_ms,
		};
	}
}

/* -- island ------------------------------------------------------------------------------------ */

/* Power that the node feeds in by its fresh meter; false: not known. */
static bool feeds(const struct safety *s, int i, wall_t now, int64_t *w)
{
	const struct meter *m = safety_meter(s, i);
	double import;

	if (!m || meter_age_ms(m) > s->stale.minimum_ms ||
		!meter_reading_get(&m->last, METER_QUANTITY_POWER_W, &import))
		return false;
	*w = -(int64_t)import;
	return true;
}

static int64_t whole(double v)
{
	return v < 0 ? 0 : v > (double)BIG_WH ? BIG_WH : (int64_t)v;
}

/* What a store holds and can give: by its own word, else by its state of charge and the depot's
 * file. What nobody knows counts as nothing. */
static void add_store(const struct safety *s, int i, wall_t now, struct island_in *in)
{
	const struct depot_node *row = s->node[i].row;
	const struct meter *m = safety_meter(s, i);
	int64_t capacity = row->has_battery_wh ? row->battery_wh : 0, max_w = 0, energy = 0;
	double v;

	in->has_store = true;
	if (!m || meter_seen_age_ms(m) > s->stale.minimum_ms)
		return;
	if (!capacity && meter_reading_get(&m->seen, METER_QUANTITY_CAPACITY_WH, &v))
		capacity = whole(v);
	if (meter_reading_get(&m->seen, METER_QUANTITY_STORED_WH, &v))
		energy = whole(v);
	else if (meter_reading_get(&m->seen, METER_QUANTITY_SOC_PCT, &v))
		energy = whole((double)capacity * v / 100);
	if (row->has_discharge_w)
		max_w = row->discharge_w;
	if (meter_reading_get(&m->seen, METER_QUANTITY_DISCHARGE_MAX_W, &v) &&
		(!row->has_discharge_w || whole(v) < max_w))
		max_w = whole(v);
	in->energy_wh += energy;
	in->reserve_wh += capacity * row->reserve_pct / 100;
	in->store_max_w += max_w;
}

/* What flows to loads that nobody can lower: all that is fed in, less the EVSEs. Where a feeder is
 * not measured, the worst case. */
static int64_t island_load(const struct safety *s, int64_t fed_w, bool is_known)
{
	const struct grid_node *n = grid_tree_node(s->tree, s->connection);
	int64_t load = fed_w;

	if (!is_known)
		return s->k->worst_w[s->connection] == GRID_UNKNOWN
			       ? s->node[s->connection].reckoned_w
			       : s->k->worst_w[s->connection];
	for (int e = n->evse_first; e < n->evse_end; e++)
		if (s->k->evse_in[e].measured_w > 0)
			load -= s->k->evse_in[e].measured_w;
	return load > 0 ? load : 0;
}

static void look_at_supply(struct safety *s, wall_t now, int64_t now_ms)
{
	struct island_in *in = &s->island_in;
	const struct grid_node *n = grid_tree_node(s->tree, s->connection);
	enum ramp_volts volts = s->ramp_node[s->connection].volts;
	int64_t fed_w = 0, w;
	bool is_known = true;

	*in = (struct island_in){
		.now_ms = now_ms,
		.grid = volts == RAMP_VOLTS_GONE    ? ISLAND_GRID_GONE
			: volts == RAMP_VOLTS_THERE ? ISLAND_GRID_THERE
						    : ISLAND_GRID_UNKNOWN,
	};
	for (int i = s->connection; i < n->end; i++) {
		enum grid_kind kind = grid_tree_node(s->tree, i)->kind;

		if (kind != GRID_PV && kind != GRID_STORAGE)
			continue;
		if (kind == GRID_STORAGE)
			add_store(s, i, now, in);
		if (!feeds(s, i, now, &w)) {
			is_known = is_known && kind == GRID_PV; /* unseen PV feeds nothing */
			continue;
		}
		fed_w += w;
		in->pv_w += kind == GRID_PV && w > 0 ? w : 0;
	}
	in->load_w = island_load(s, fed_w, is_known);
}

static int by_departure(const void *x, const void *y, void *arg)
{
	const struct guard_evse_in *in = arg;
	int a = *(const int *)x, b = *(const int *)y;

	if (in[a].depart_ms != in[b].depart_ms)
		return in[a].depart_ms < in[b].depart_ms ? -1 : 1;
	return (a > b) - (a < b);
}

static void cap(struct safety *s, int e, enum grid_source source, int64_t w)
{
	struct grid_bound b = {(int32_t)w, GRID_NO_LIMIT, GRID_NO_LIMIT};

	grid_limits_set(s->k->limits, grid_tree_evse_node(s->tree, e), source, &b);
	s->capped[e] = true;
}

/* What the EVSE could draw if it were its turn: the plan's order is another one. */
static int32_t appetite(const struct safety *s, int e)
{
	const struct evse *evse = s->k->evse[e];
	const struct guard_evse_in *in = &s->k->evse_in[e];
	const struct control_plan_row *row = evse ? planner_row(s->k->planner, evse) : NULL;
	const struct vehicle *v = evse ? evse->tx.vehicle : NULL;
	int64_t w = evse ? evse->max_w : 0, others_w;

	if (!in->connected || !row)
		return in->connected ? in->wanted_w : 0;
	if (row->need_wh <= 0)
		return 0;
	if (v && (evse->is_dc ? v->max_dc_w : v->max_ac_w) < w)
		w = evse->is_dc ? v->max_dc_w : v->max_ac_w;
	others_w = external_cap_w(s->core, evse, clock_wall(), NULL);
	return (int32_t)(w < others_w ? w : others_w);
}

/* Who leaves first charges, with all that he can take; who finds less than his minimum waits. */
static void share_island(struct safety *s)
{
	const struct grid_node *n = grid_tree_node(s->tree, s->connection);
	int64_t left_w = s->island_out.evse_w / 100 * 100;
	int count = n->evse_end - n->evse_first;

	for (int i = 0; i < count; i++)
		s->order[i] = n->evse_first + i;
	qsort_r(s->order, (size_t)count, sizeof *s->order, by_departure, s->k->evse_in);
	for (int i = 0; i < count; i++) {
		int e = s->order[i];
		struct guard_evse_in *in = &s->k->evse_in[e];
		int64_t w = appetite(s, e);

		if (!in->connected)
			continue;
		w = w < left_w ? w : left_w;
		if (w < in->min_w)
			w = 0;
		left_w -= w;
		in->wanted_w = (int32_t)w;
		cap(s, e, GRID_SOURCE_ISLAND, w);
	}
	/* The meter at the grid shows nothing that holds; what is below it still does. */
	for (int i = s->connection; i >= 0; i = grid_tree_node(s->tree, i)->parent)
		if (s->k->node_in[i].quality != GUARD_FRESH)
			s->k->node_in[i].quality = GUARD_NO_METER;
}

static void take_island(struct safety *s, wall_t now, int64_t now_ms)
{
	const char *id = grid_tree_node(s->tree, s->connection)->id;

	look_at_supply(s, now, now_ms);
	island_step(&s->island, &s->island_in, &s->island_out);
	if (s->island_out.began)
		log_warn("node %s: the grid is gone, stores and PV feed the depot", id);
	if (s->island_out.ended) {
		log_info("node %s: the grid is back, vehicles return in steps", id);
		ramp_begin(s->ramp, s->connection, now_ms);
	}
	if (s->island_out.is_island)
		share_island(s);
}

/* -- each cycle -------------------------------------------------------------------------------- */

void safety_supply_before(struct safety *s, wall_t now, int64_t now_ms)
{
	for (int e = 0; e < s->evses; e++)
		if (s->capped[e]) {
			int leaf = grid_tree_evse_node(s->tree, e);

			grid_limits_set(s->k->limits, leaf, GRID_SOURCE_ISLAND, NULL);
			grid_limits_set(s->k->limits, leaf, GRID_SOURCE_RAMP, NULL);
			s->capped[e] = false;
		}
	look_at_nodes(s, now);
	if (s->connection >= 0)
		take_island(s, now, now_ms);
	if (!ramp_cycle(s->ramp, now_ms, s->ramp_node, s->ramp_evse, s->held))
		return;
	for (int e = 0; e < s->evses; e++)
		if (s->held[e] && s->k->evse_in[e].connected)
			cap(s, e, GRID_SOURCE_RAMP, 0);
}

/* Who waits for a step will soon not; an island is planned for as if it stayed, with room for all
 * that it feeds: the plan's order is by departure too. */
void safety_supply_plan(const struct safety *s, struct grid_limits *l)
{
	struct grid_bound b = {GRID_NO_LIMIT, GRID_NO_LIMIT, GRID_NO_LIMIT};
	int64_t base_w = s->connection >= 0 ? s->k->base_w[s->connection] : 0;

	for (int e = 0; e < s->evses; e++) {
		grid_limits_set(l, grid_tree_evse_node(s->tree, e), GRID_SOURCE_RAMP, NULL);
		grid_limits_set(l, grid_tree_evse_node(s->tree, e), GRID_SOURCE_ISLAND, NULL);
	}
	if (!s->island_out.is_island)
		return;
	b.import_w = (int32_t)(s->island_out.evse_w + (base_w > 0 ? base_w : 0));
	grid_limits_set(l, s->connection, GRID_SOURCE_ISLAND, &b);
}

static void tell_grid(struct safety *s)
{
	const char *id = grid_tree_node(s->tree, s->connection)->id;
	bool is_island = s->island_out.is_island;

	alarm_set(s->core, ALARM_GRID_LOST, id, is_island || s->island_in.grid == ISLAND_GRID_GONE,
		"%s has no voltage. %s", id,
		is_island ? "Stores and PV feed what they can; vans that leave first charge."
			  : "Nothing charges until it is back.");
}

void safety_supply_after(struct safety *s)
{
	for (int i = 0; i < s->nodes; i++) {
		struct ramp_view v;
		const struct grid_node *n = grid_tree_node(s->tree, i);
		bool is_on;

		if (n->kind == GRID_STATION || n->kind == GRID_EVSE)
			continue; /* one station alone that restarts is no news */
		v = ramp_look(s->ramp, i);
		is_on = v.sign != RAMP_SIGN_NONE && v.released + v.waiting > 0;
		if (!is_on && !s->node[i].says_return)
			continue;
		s->node[i].says_return = is_on;
		alarm_set(s->core, ALARM_POWER_RETURNED, n->id, is_on,
			"Power has returned at %s (seen by: %s). %d of %d vans charge again, the "
			"others follow in steps.",
			n->id, ramp_sign_name(v.sign), v.released, v.released + v.waiting);
	}
	if (s->connection >= 0)
		tell_grid(s);
}
