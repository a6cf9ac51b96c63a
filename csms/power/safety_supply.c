/* Whether there is power: returns of it, staged; when the island begins and ends. */
#include <stdlib.h>
#include <string.h>
#include "csms/alarms.h"
#include "csms/power/safety_private.h"

#define SERVICE_MS 3600000 /* a station without a connection counts as in service for so long */

/* -- what is seen ------------------------------------------------------------------------------ */

static void look_at_nodes(struct safety *s, wall_t now)
{
	memset(s->ramp_node, 0, (size_t)s->nodes * sizeof *s->ramp_node);
	for (int i = 0; i < s->nodes; i++) {
		struct ramp_node_in *in = &s->ramp_node[i];
		const struct meter *m = safety_meter(s, i);

		if (!m)
			continue;
		in->volts = control_volts(s->k, m);
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
	if (!s->held[e] || !connected)
		return;
	safety_cap(s, e, GRID_SOURCE_RAMP, is_island ? 0 : s->share[e].w);
	/* The plan was made for the island, and for this hour it may have meant another vehicle. */
	if (!is_island && s->k->evse_in[e].wanted_w < s->share[e].w)
		s->k->evse_in[e].wanted_w = s->share[e].w;
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

	if (is_island && s->island_in.grid == ISLAND_GRID_THERE)
		alarm_raise(s->core, ALARM_GRID_LOST, id,
			"Voltage is back at %s. When it has stayed for %lld s vans return in steps; "
			"till then they get what stores and PV gave.",
			id, (long long)(s->island.cfg.back_ms / 1000));
	else
		alarm_set(s->core, ALARM_GRID_LOST, id,
			is_island || s->island_in.grid == ISLAND_GRID_GONE, "%s has no voltage. %s",
			id,
			is_island
				? "Stores and PV feed what they can; vans that leave first charge."
				: "Nothing charges until it is back.");
}

/* Of cuts inside one another the outermost says it. */
static bool is_cut(const struct safety *s, int node)
{
	if (node == s->connection || !control_is_dark(s->k, node))
		return false;
	for (int v = grid_tree_node(s->tree, node)->parent; v >= 0;
		v = grid_tree_node(s->tree, v)->parent)
		if (control_is_dark(s->k, v))
			return false;
	return true;
}

static void tell_cut(struct safety *s, int i)
{
	const struct grid_node *n = grid_tree_node(s->tree, i);
	bool is_on = is_cut(s, i);
	int vans = 0;

	if (!is_on && !s->node[i].says_cut)
		return;
	s->node[i].says_cut = is_on;
	for (int e = n->evse_first; e < n->evse_end; e++)
		vans += s->k->evse_in[e].connected;
	alarm_set(s->core, ALARM_FEEDER_LOST, n->id, is_on,
		"%s has no voltage, by its meter %s. %d vans stand there and do not charge till it is "
		"back.",
		n->id, safety_meter(s, i)->row->id, vans);
}

static void tell_return(struct safety *s, int i)
{
	const struct grid_node *n = grid_tree_node(s->tree, i);
	struct ramp_view v = ramp_look(s->ramp, i);
	bool is_on = v.sign != RAMP_SIGN_NONE && v.released + v.waiting > 0;

	if (!is_on && !s->node[i].says_return)
		return;
	s->node[i].says_return = is_on;
	if (!is_on && (s->ramp_node[i].volts == RAMP_VOLTS_GONE || s->ramp_node[i].is_fed))
		alarm_raise(s->core, ALARM_POWER_RETURNED, n->id,
			"Power had returned at %s, and is gone again.", n->id);
	else if (is_on && v.waiting > 0)
		alarm_raise(s->core, ALARM_POWER_RETURNED, n->id,
			"Power has returned at %s (seen by: %s). %d of %d vans have had their "
			"step, the others follow and get no more till then.",
			n->id, ramp_sign_name(v.sign), v.released, v.released + v.waiting);
	else
		alarm_raise(s->core, ALARM_POWER_RETURNED, n->id,
			"Power has returned at %s; all its vans have had their step.", n->id);
	if (!is_on)
		alarm_clear(s->core, ALARM_POWER_RETURNED, n->id);
}

void safety_supply_after(struct safety *s)
{
	for (int i = 0; i < s->nodes; i++) {
		enum grid_kind kind = grid_tree_node(s->tree, i)->kind;

		if (kind == GRID_STATION || kind == GRID_EVSE)
			continue; /* one station alone that restarts is no news */
		tell_return(s, i);
		tell_cut(s, i);
	}
	if (s->connection >= 0)
		tell_grid(s);
}
