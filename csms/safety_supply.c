/* Whether there is power: returns of it, staged; when the island begins and ends. */
#include <stdlib.h>
#include <string.h>
#include "csms/alarms.h"
#include "csms/safety_private.h"

#define SERVICE_MS 3600000 /* a station without a connection counts as in service for so long */
#define GONE_PCT   20 /* of the nominal voltage: less is no power */
#define THERE_PCT  70

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

void safety_cap(struct safety *s, int e, enum grid_source source, int64_t w)
{
	struct grid_bound b = {(int32_t)w, GRID_NO_LIMIT, GRID_NO_LIMIT};

	grid_limits_set(s->k->limits, grid_tree_evse_node(s->tree, e), source, &b);
	s->capped[e] = true;
}

/* -- each cycle -------------------------------------------------------------------------------- */

/* What the island gave a vehicle it keeps till its step comes: nobody is stopped because the grid is
 * back. */
static void hold(struct safety *s, int e)
{
	bool is_island = s->island_out.is_island, connected = s->k->evse_in[e].connected;

	if (!is_island && (!s->held[e] || !connected))
		s->share[e] = (struct safety_share){0};
	if (s->held[e] && connected)
		safety_cap(s, e, GRID_SOURCE_RAMP, is_island ? 0 : s->share[e].w);
}

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
		safety_island_before(s, now_ms);
	for (int i = 0; i < s->nodes; i++)
		s->ramp_node[i].is_fed = safety_is_cut_off(s, i);
	ramp_cycle(s->ramp, now_ms, s->ramp_node, s->ramp_evse, s->held);
	for (int e = 0; e < s->evses; e++)
		hold(s, e);
}

/* Who waits for a step will soon not. */
void safety_supply_plan(const struct safety *s, struct grid_limits *l)
{
	for (int e = 0; e < s->evses; e++)
		grid_limits_set(l, grid_tree_evse_node(s->tree, e), GRID_SOURCE_RAMP, NULL);
	safety_island_plan(s, l);
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
			"Power has returned at %s (seen by: %s). %d of %d vans have had their "
			"step, the others follow and get no more till then.",
			n->id, ramp_sign_name(v.sign), v.released, v.released + v.waiting);
	}
	if (s->connection >= 0)
		tell_grid(s);
}
