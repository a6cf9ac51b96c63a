/*
 * The island: what stores and PV can feed when the grid is gone, who gets of it, and how that is
 * shown. The guard keeps it by a cap on each EVSE; the node's own limit is only shown, since its
 * meter does not see what flows.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "csms/power/control.h"
#include "csms/power/external.h"
#include "csms/log.h"
#include "csms/plan/planner.h"
#include "csms/record.h"
#include "csms/power/safety_private.h"
#include "db/query_safety.h"

#define BIG_WH        INT64_C(1000000000000)
#define PLAN_W        1000 /* a change of what EVSEs get that is worth a plan … */
#define PLAN_PCT      10 /* … of what they got */
#define PLAN_LEAST_MS 10000 /* … and so often at most */
#define USED_W        1000 /* more is drawn than stores and PV feed by so much … */
#define USED_PCT      10 /* … and so much of it … */
#define USED_MS       120000 /* … for so long */

/* -- what feeds it ---------------------------------------------------------------------------- */

/* Power that the node feeds in by its fresh meter; false: not known. */
static bool feeds(const struct safety *s, int i, int64_t *w)
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
static void add_store(struct safety *s, int i, struct island_in *in)
{
	const struct depot_node *row = s->node[i].row;
	const struct meter *m = safety_meter(s, i);
	int64_t capacity = row->has_battery_wh ? row->battery_wh : 0, max_w = 0, energy = 0;
	double v;

	in->has_store = true;
	s->stores++;
	if (!m || meter_seen_age_ms(m) > s->stale.minimum_ms)
		return;
	if (!capacity && meter_reading_get(&m->seen, METER_QUANTITY_CAPACITY_WH, &v))
		capacity = whole(v);
	if (meter_reading_get(&m->seen, METER_QUANTITY_STORED_WH, &v))
		energy = whole(v);
	else if (capacity && meter_reading_get(&m->seen, METER_QUANTITY_SOC_PCT, &v))
		energy = whole((double)capacity * v / 100);
	else
		energy = -1;
	s->stores_told += energy >= 0;
	if (row->has_discharge_w)
		max_w = row->discharge_w;
	if (meter_reading_get(&m->seen, METER_QUANTITY_DISCHARGE_MAX_W, &v) &&
		(!row->has_discharge_w || whole(v) < max_w))
		max_w = whole(v);
	in->energy_wh += energy > 0 ? energy : 0;
	in->reserve_wh += capacity * row->reserve_pct / 100;
	in->store_max_w += max_w;
}

/* By what their chargers told. */
static int64_t evses_draw_w(const struct safety *s)
{
	const struct grid_node *n = grid_tree_node(s->tree, s->connection);
	int64_t w = 0;

	for (int e = n->evse_first; e < n->evse_end; e++)
		if (s->k->evse_in[e].measured_w > 0)
			w += s->k->evse_in[e].measured_w;
	return w;
}

/* What flows to loads that nobody can lower: all that is fed in, less the EVSEs. A grid that is back
 * feeds them in place of the stores, until it goes again. Where a feeder is
 * not measured, the worst case. */
static int64_t island_load(const struct safety *s, int64_t fed_w, bool is_known)
{
	int64_t load = fed_w - evses_draw_w(s);

	if (!is_known)
		return s->k->worst_w[s->connection] == GRID_UNKNOWN
			       ? s->node[s->connection].reckoned_w
			       : s->k->worst_w[s->connection];
	return load > 0 ? load : 0;
}

/* More than stores and PV feed flows to loads and vans that are measured: the grid is there, though
 * nothing says so of its voltage. Vans tell late, so it must last. */
static bool is_grid_used(struct safety *s, int64_t fed_w, int64_t now_ms)
{
	const struct grid_node *n = grid_tree_node(s->tree, s->connection);
	int64_t w = evses_draw_w(s);

	for (int i = s->connection; i < n->end; i++)
		if (grid_tree_node(s->tree, i)->kind == GRID_LOAD &&
			s->k->node_in[i].quality == GUARD_FRESH && s->k->node_in[i].import_w > 0)
			w += s->k->node_in[i].import_w;
	if (w - fed_w <= USED_W + w * USED_PCT / 100)
		s->grid_used_ms = 0;
	else if (!s->grid_used_ms)
		s->grid_used_ms = now_ms;
	return s->grid_used_ms && now_ms - s->grid_used_ms >= USED_MS;
}

static void look_at_supply(struct safety *s, int64_t now_ms)
{
	struct island_in *in = &s->island_in;
	const struct grid_node *n = grid_tree_node(s->tree, s->connection);
	enum ramp_volts volts = s->ramp_node[s->connection].volts;
	int64_t fed_w = 0, w;
	bool is_known = true;

	s->stores = s->stores_told = 0;
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
			add_store(s, i, in);
		if (!feeds(s, i, &w)) {
			is_known = is_known && kind == GRID_PV; /* unseen PV feeds nothing */
			continue;
		}
		if (kind == GRID_PV && w < 0)
			w = 0; /* it draws next to nothing: such a meter is the wrong way round */
		fed_w += w;
		in->pv_w += kind == GRID_PV ? w : 0;
	}
	if (in->grid == ISLAND_GRID_UNKNOWN && is_known && is_grid_used(s, fed_w, now_ms))
		in->grid = ISLAND_GRID_THERE;
	if (in->grid == ISLAND_GRID_THERE) {
		if (feeds(s, s->connection, &w))
			fed_w -= w;
		else
			is_known = false;
	}
	in->load_w = island_load(s, fed_w, is_known);
}

/* -- who gets of it --------------------------------------------------------------------------- */

static int by_departure(const void *x, const void *y, void *arg)
{
	const struct guard_evse_in *in = arg;
	int a = *(const int *)x, b = *(const int *)y;

	if (in[a].depart_ms != in[b].depart_ms)
		return in[a].depart_ms < in[b].depart_ms ? -1 : 1;
	return (a > b) - (a < b);
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

/* What it may be drawing until it has told that it draws less. */
static int64_t still_w(const struct guard_evse_in *in)
{
	int64_t told_w = in->commanded_w > 0 ? in->commanded_w : 0;

	return in->measured_w > told_w ? in->measured_w : told_w;
}

/* Who leaves first charges, with all that he can take; who finds less than his minimum waits. Nobody
 * rises into what another has not left yet. */
static void share_island(struct safety *s)
{
	const struct grid_node *n = grid_tree_node(s->tree, s->connection);
	int64_t left_w = s->island_out.evse_w / 100 * 100, free_w = left_w;
	int count = n->evse_end - n->evse_first;

	for (int i = 0; i < count; i++) {
		s->order[i] = n->evse_first + i;
		free_w -= still_w(&s->k->evse_in[n->evse_first + i]);
	}
	qsort_r(s->order, (size_t)count, sizeof *s->order, by_departure, s->k->evse_in);
	for (int i = 0; i < count; i++) {
		int e = s->order[i];
		struct guard_evse_in *in = &s->k->evse_in[e];
		int64_t w = appetite(s, e), has_w = still_w(in), more_w;

		s->share[e] = (struct safety_share){0};
		if (!in->connected)
			continue;
		s->share[e].wants_w = (int32_t)w;
		w = w < left_w ? w : left_w;
		if (w < in->min_w)
			w = 0;
		left_w -= w;
		more_w = free_w > 0 ? free_w : 0;
		if (w > has_w + more_w)
			w = has_w + more_w < in->min_w ? 0 : has_w + more_w;
		if (w > has_w)
			free_w -= w - has_w;
		in->wanted_w = (int32_t)w;
		s->share[e].w = (int32_t)w;
		safety_cap(s, e, GRID_SOURCE_ISLAND, w);
	}
	/* The meter at the grid shows nothing that holds; what is below it still does. */
	for (int i = s->connection; i >= 0; i = grid_tree_node(s->tree, i)->parent)
		if (s->k->node_in[i].quality != GUARD_FRESH)
			s->k->node_in[i].quality = GUARD_NO_METER;
}

/* -- each cycle -------------------------------------------------------------------------------- */

/* The plan is made for what there is: anew when the island begins or ends, and when what it gives has
 * changed by so much that vehicles would feel it. */
static void ask_for_plan(struct safety *s, int64_t now_ms)
{
	const struct island_out *out = &s->island_out;
	int64_t change_w = llabs(out->evse_w - s->planned_island_w);
	bool turns = out->began || out->ended;

	if (!turns && (!out->is_island || now_ms - s->planned_island_ms < PLAN_LEAST_MS ||
			      change_w < PLAN_W || change_w * 100 < s->planned_island_w * PLAN_PCT))
		return;
	s->planned_island_w = out->evse_w;
	s->planned_island_ms = now_ms;
	control_evse_changed(s->k, NULL,
		out->began   ? "the grid is gone"
		: out->ended ? "the grid is back"
			     : "the island gives more or less");
}

static void journal_turn(struct safety *s)
{
	struct arena *a = record_arena(s->core);
	struct event_island_turned *e = a ? arena_alloc(a, sizeof *e) : NULL;
	const char *id = grid_tree_node(s->tree, s->connection)->id;

	s->island_told = s->island.state;
	if (!e)
		return;
	*e = (struct event_island_turned){
		.node = arena_strdup(a, id),
		.state = island_state_name(s->island.state),
		.given_w = s->island.given_w > 0 ? s->island.given_w : 0,
	};
	record_now(s->core, EVENT_ISLAND_TURNED, "node", id, e, "guard", NULL);
}

void safety_island_before(struct safety *s, int64_t now_ms)
{
	const char *id = grid_tree_node(s->tree, s->connection)->id;

	look_at_supply(s, now_ms);
	island_step(&s->island, &s->island_in, &s->island_out);
	if (s->island_out.began)
		log_warn("node %s: the grid is gone, stores and PV feed the depot", id);
	if (s->island_out.ended) {
		log_info("node %s: the grid is back, vehicles return in steps", id);
		ramp_begin(s->ramp, s->connection, now_ms);
	}
	if (s->island.state != s->island_told)
		journal_turn(s);
	if (s->island_out.is_island)
		share_island(s);
	ask_for_plan(s, now_ms);
}

/* An island is planned for as if it stayed, with room for all that it feeds: the plan's order is by
 * departure too. */
void safety_island_plan(const struct safety *s, struct grid_limits *l)
{
	struct grid_bound b = {GRID_NO_LIMIT, GRID_NO_LIMIT, GRID_NO_LIMIT};
	int64_t base_w = s->connection >= 0 ? s->k->base_w[s->connection] : 0;

	for (int e = 0; e < s->evses; e++)
		grid_limits_set(l, grid_tree_evse_node(s->tree, e), GRID_SOURCE_ISLAND, NULL);
	if (!s->island_out.is_island)
		return;
	b.import_w = (int32_t)(s->island_out.evse_w + (base_w > 0 ? base_w : 0));
	grid_limits_set(l, s->connection, GRID_SOURCE_ISLAND, &b);
}

/* -- taken up again --------------------------------------------------------------------------- */

struct restore {
	struct safety *s;
	bool failed;
};

static enum island_state find_state(const char *name)
{
	for (enum island_state i = ISLAND_ON; i <= ISLAND_BACK; i++)
		if (strcmp(island_state_name(i), name) == 0)
			return i;
	return ISLAND_OFF;
}

static void put_island(struct safety *s, const struct db_island *row)
{
	int64_t now_ms = clock_mono().us / 1000, age_ms = wall_diff_ms(clock_wall(), row->at);

	s->island_told = s->island.state = find_state(row->state);
	s->island.has_begun = true;
	s->island.since_ms = now_ms - (age_ms > 0 ? age_ms : 0);
	s->island.given_w = row->given_w;
	s->island.given_ms = now_ms;
}

static void read_islands(struct db_reader *db, void *arg)
{
	struct restore *x = arg;
	struct safety *s = x->s;
	struct arena *a = arena_create(0);
	struct db_island_list list = {0};

	x->failed = !a || db_query_islands(db, a, &list);
	for (size_t i = 0; i < list.count && s->connection >= 0; i++)
		if (strcasecmp(list.items[i].node, grid_tree_node(s->tree, s->connection)->id) == 0)
			put_island(s, &list.items[i]);
	arena_destroy(a);
}

int safety_island_restore(struct safety *s)
{
	struct restore x = {.s = s};

	return db_read_now(s->core->db, read_islands, &x) || x.failed ? -1 : 0;
}

/* -- looking ---------------------------------------------------------------------------------- */

struct safety_island_view safety_island(const struct safety *s)
{
	int64_t now_ms = clock_mono().us / 1000;

	return (struct safety_island_view){
		.has_store = s->island_in.has_store,
		.state = s->island.state,
		.grid = s->island_in.grid,
		.for_ms = s->island.has_begun ? now_ms - s->island.since_ms : 0,
		.left_ms = s->island.state == ISLAND_BACK
				   ? s->island.since_ms + s->island.cfg.back_ms - now_ms
				   : 0,
		.has_energy = s->stores_told > 0,
		.stores_silent = s->stores - s->stores_told,
		.energy_wh = s->island_in.energy_wh,
		.reserve_wh = s->island_in.reserve_wh,
		.feed_w = s->island_out.feed_w,
		.evse_w = s->island_out.evse_w,
		.node = s->island_out.is_island ? s->connection : -1,
		.limit_w = s->island_out.limit_w,
		.load_w = s->island_in.load_w > 0 ? s->island_in.load_w : 0,
	};
}

bool safety_is_fed_by_island(const struct safety *s, const struct evse *e)
{
	const struct grid_node *n;

	if (!s->island_out.is_island || e->grid_evse < 0)
		return false;
	n = grid_tree_node(s->tree, s->connection);
	return e->grid_evse >= n->evse_first && e->grid_evse < n->evse_end;
}

bool safety_is_cut_off(const struct safety *s, int node)
{
	for (int i = s->island_out.is_island ? s->connection : -1; i >= 0;
		i = grid_tree_node(s->tree, i)->parent)
		if (i == node)
			return true;
	return false;
}

bool safety_island_holds(const struct safety *s, int evse, int32_t *wants_w)
{
	*wants_w = s->share[evse].wants_w;
	return s->island_out.is_island && s->share[evse].w < *wants_w;
}
