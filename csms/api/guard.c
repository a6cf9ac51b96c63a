/* What stands around the guard: tiers, demand windows, power returns, the island, chargers. */
#include "csms/api/ask.h"
#include "csms/api/handlers_power.h"
#include "csms/power/control.h"
#include "csms/power/safety.h"

/* -- nodes ----------------------------------------------------------------------------------- */

static void view_demand(const struct control *c, int node, const char *id,
	const struct safety_node_view *v, struct api_demand_view *out)
{
	bool is_peak = v->peak_at.ms != 0 && v->demand.target_w == v->peak_w;

	*out = (struct api_demand_view){
		.node = id,
		.window = v->window,
		.window_end = v->window_end,
		.target_w = v->demand.target_w,
		.target_source = is_peak ? "peak" : "described",
		.target_since = is_peak ? v->peak_at : control_rated_since(c, node, RATED_TARGET),
		.mean_w = v->demand.mean_w,
		.allowed_w = v->demand.allowed_w,
		.allowed_source = grid_source_name(GRID_SOURCE_DEMAND),
		.allowed_at = control_decided_at(c),
		.projected_w = v->demand.projected_w,
		.missing_s = v->missing_ms / 1000,
		.peak_w = v->peak_w,
		.has_peak_at = v->peak_at.ms != 0,
		.peak_at = v->peak_at,
		.in_danger = v->demand.in_danger,
	};
}

static void view_return(
	const char *id, const struct safety_node_view *v, struct api_power_return_view *out)
{
	*out = (struct api_power_return_view){
		.node = id,
		.seen_by = ramp_sign_name(v->ramp.sign),
		.for_s = v->ramp_for_ms / 1000,
		.next_s = v->ramp_next_ms / 1000,
		.released = v->ramp.released,
		.waiting = v->ramp.waiting,
		.tries = v->ramp.tries,
	};
}

static void add_node(struct ask *k, const struct control *c, int i, struct api_guard_view *out)
{
	struct safety_node_view v = safety_node(control_safety(c), i);
	const char *id = arena_strdup(k->arena, grid_tree_node(control_grid(c), i)->id);

	if (v.is_measured)
		out->tiers.items[out->tiers.count++] = (struct api_tier_view){
			.node = id,
			.tier = stale_tier_name(v.tier),
			.counts_as = v.counts_as,
			.for_s = v.tier_for_ms / 1000,
			.cost_w = v.cost_w,
		};
	if (v.has_demand)
		view_demand(c, i, id, &v, &out->demand.items[out->demand.count++]);
	if (v.ramp.sign != RAMP_SIGN_NONE)
		view_return(id, &v, &out->returns.items[out->returns.count++]);
}

static void view_island(
	const struct safety *s, struct api_guard_view *out, struct api_island_view *to)
{
	struct safety_island_view v = safety_island(s);

	if (!v.has_store)
		return;
	*to = (struct api_island_view){
		.state = island_state_name(v.state),
		.for_s = v.for_ms / 1000,
		.has_energy_wh = v.has_energy,
		.energy_wh = v.energy_wh,
		.stores_silent = v.stores_silent,
		.reserve_wh = v.reserve_wh,
		.feed_w = v.feed_w,
		.evse_w = v.evse_w,
	};
	out->island = to;
}

void guard_get(struct ask *k)
{
	const struct control *c = k->api->core->control;
	size_t n = (size_t)grid_tree_nodes(control_grid(c));
	struct api_island_view *island = arena_alloc(k->arena, sizeof(*island));
	struct api_guard_view out = {.at = clock_wall()};

	out.tiers.items = arena_alloc(k->arena, sizeof(*out.tiers.items) * n);
	out.demand.items = arena_alloc(k->arena, sizeof(*out.demand.items) * n);
	out.returns.items = arena_alloc(k->arena, sizeof(*out.returns.items) * n);
	if (!out.tiers.items || !out.demand.items || !out.returns.items || !island) {
		ask_problem(k, 503, NULL, "no memory for the view");
		return;
	}
	for (size_t i = 0; i < n; i++)
		add_node(k, c, (int)i, &out);
	view_island(control_safety(c), &out, island);
	ask_reply(k, 200, &api_guard_view_type, &out);
}

/* -- chargers -------------------------------------------------------------------------------- */

static void view_told(struct ask *k, const struct evse *e, struct api_obedience_view *out)
{
	const struct setpoint *t = &e->told;

	out->told_source =
		t->limit_w >= 0 && t->source[0] ? arena_strdup(k->arena, t->source) : "tail";
	out->has_told_at = true;
	out->told_at = t->at.ms ? t->at : k->api->core->started;
}

static void view_obedience(struct ask *k, const struct evse *e, struct api_obedience_view *out)
{
	const struct safety *s = control_safety(k->api->core->control);
	const struct obey *o = safety_obey(s, e);
	char words[400];

	*out = (struct api_obedience_view){
		.evse = e->id, .obeys = true, .reaction_ms = safety_reaction_ms(s, e)};
	if (o == NULL)
		return;
	const struct obey_learned *l = &o->learned;
	out->obeys = !o->disobeys;
	out->has_uncontrolled_w = o->disobeys;
	out->uncontrolled_w = obey_uncontrolled_w(o);
	out->has_told_w = o->commanded_w >= 0;
	out->told_w = o->commanded_w;
	if (out->has_told_w)
		view_told(k, e, out);
	out->has_measured_w = o->measured_w >= 0;
	out->measured_w = o->measured_w;
	out->samples = l->samples;
	out->has_p50_ms = out->has_p95_ms = l->samples > 0;
	out->p50_ms = obey_percentile_ms(o, 50);
	out->p95_ms = obey_percentile_ms(o, 95);
	out->has_least_w = l->least_w > 0;
	out->least_w = l->least_w;
	out->has_dead_w = l->dead_w > 0;
	out->dead_w = l->dead_w;
	out->has_step_w = l->step_w > 0;
	out->step_w = l->step_w;
	out->has_short_pct = l->follows > 0;
	out->short_pct = l->short_pm / 10.0;
	if (safety_quirks(s, e, words, sizeof(words)) > 0)
		out->quirks = arena_strdup(k->arena, words);
}

void obedience_get(struct ask *k)
{
	const struct station *s = ask_path_station(k);
	struct api_obedience_list out = {0};

	if (s == NULL)
		return;
	out.station = s->id;
	out.evses.items =
		arena_alloc(k->arena, sizeof(*out.evses.items) * (size_t)s->evse_count + 1);
	if (out.evses.items == NULL) {
		ask_problem(k, 503, NULL, "no memory for the view");
		return;
	}
	out.evses.count = (size_t)s->evse_count;
	for (int i = 0; i < s->evse_count; i++)
		view_obedience(k, &s->evses[i], &out.evses.items[i]);
	ask_reply(k, 200, &api_obedience_list_type, &out);
}
