#include "csms/plan/storage_case.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/metering/meters.h"
#include "csms/money/prices.h"
#include "csms/plan/storage_fill.h"
#include "csms/vehicles/vehicles.h"
#include "scheduler/wear.h"

#define SOC_AGE_S 900
#define METER_MS  60000 /* a store's own word counts for so long */
#define STORE_PM  950 /* of a stationary battery, each way */
#define NEAR      1e-4 /* of the bound: such a plan is followed */
#define MEMORY    (512u << 20)
#define WH_PER_MS 3600000.0

/* -- what it is made of ----------------------------------------------------------------------- */

struct making {
	struct core *core;
	const struct planner_job *job;
	const struct planner_view *view;
	struct storage_case *k;
	struct storage_fill fill;
	struct storage_device *devices;
	int32_t *cap, *feed, *load; /* of the input */
};

const struct depot_discharge *storage_evse(const struct core *c, const struct evse *e)
{
	for (size_t i = 0; i < c->depot->discharge.count; i++) {
		const struct depot_discharge *d = &c->depot->discharge.items[i];

		if (d->evse == e->id && strcmp(d->station, e->station->id) == 0)
			return d;
	}
	return NULL;
}

static int64_t wh_of(const struct storage_case *k, double energy_w)
{
	return (int64_t)(energy_w * (double)k->slot_ms / WH_PER_MS);
}

/* Millionths a kWh, as the depot pays for its batteries. */
static int32_t wear_of(
	const struct core *c, const char *chemistry, double cycles, double depth, double rate)
{
	const struct config_discharge *cfg = c->config->discharge;
	struct wear_use use = {wear_chemistry_of(chemistry), depth, rate, cfg->celsius, cycles};
	double price = wear_price(&use, cfg->battery_price, (double)cfg->worn_pct / 100) * 1e6;

	return price < FLOW_PRICE_MAX ? (int32_t)price : FLOW_PRICE_MAX;
}

/* -- limits, load, prices --------------------------------------------------------------------- */

/* Something below it may feed in by itself. */
static bool has_source(const struct grid_tree *t, int node)
{
	for (int v = node; v < grid_tree_node(t, node)->end; v++)
		if (grid_tree_node(t, v)->kind == GRID_PV ||
			grid_tree_node(t, v)->kind == GRID_STORAGE)
			return true;
	return false;
}

/* What may flow back through the node besides what flows there now. Where nobody measures, loads count
 * as nothing, and where something may feed in already nothing more may flow back. */
static int32_t feed_of(const struct making *m, int node)
{
	const struct grid_node *n = grid_tree_node(m->job->tree, node);
	int64_t limit = n->rated ? n->rating_w : FLOW_POWER_MAX, base = m->view->base_w[node];

	if (n->electric.export_limited && n->electric.export_w < limit)
		limit = n->electric.export_w;
	if (base == GRID_UNKNOWN)
		return has_source(m->job->tree, node) ? 0 : storage_bounded_w(limit);
	return storage_bounded_w(limit + base);
}

static int fill_limits(struct making *m)
{
	struct storage_input *in = &m->k->in;
	size_t slots = (size_t)in->slots;
	int32_t *feed = arena_alloc(m->k->arena, (size_t)in->nodes * slots * sizeof *feed);

	m->cap = storage_fill_caps(&m->fill, in);
	if (!m->cap || !feed)
		return -1;
	for (int v = 0; v < in->nodes; v++)
		for (int t = 0; t < in->slots; t++)
			feed[(size_t)v * slots + (size_t)t] = feed_of(m, v);
	in->feed_w = m->feed = feed;
	return 0;
}

static int fill_prices(struct making *m)
{
	m->load = storage_fill_prices(&m->fill, &m->k->in);
	return m->load ? storage_fill_charges(&m->fill, &m->k->in) : -1;
}

/* -- vehicles --------------------------------------------------------------------------------- */

static int slot_of(const struct making *m, int64_t at_ms)
{
	int64_t t = (at_ms - m->job->start_ms) / m->k->slot_ms;

	return t < 0 ? 0 : t > m->k->in.slots ? m->k->in.slots : (int)t;
}

/* May the vehicle give back, and how low may it go? */
static bool may_give(struct making *m, const struct control_plan_row *from, double need_wh,
	struct storage_row *row)
{
	const struct config_discharge *cfg = m->core->config->discharge;
	const struct depot_vehicle *is = from->vehicle ? from->vehicle->row : NULL;
	const struct depot_discharge *d = storage_evse(m->core, from->evse);
	struct vehicle_soc soc;
	double floor_pct;

	if (!is || !d || is->discharge_w <= 0 ||
		(is->has_health_pct && is->health_pct < cfg->health_pct) ||
		!vehicle_soc(from->vehicle, clock_wall(), SOC_AGE_S, &soc) || soc.is_told)
		return false;
	floor_pct = (double)(cfg->floor_pct > is->min_soc_pct ? cfg->floor_pct : is->min_soc_pct);
	row->least_wh = (int64_t)((double)is->battery_wh * floor_pct / 100);
	if (!cfg->below_need && row->least_wh < need_wh)
		row->least_wh = (int64_t)need_wh;
	row->discharge_w = is->discharge_w < d->discharge_w ? is->discharge_w : d->discharge_w;
	row->is_vehicle = true;
	row->source = soc.source;
	row->read_at = soc.at;
	snprintf(row->id, sizeof row->id, "%s", from->vehicle->id);
	snprintf(row->station, sizeof row->station, "%s", from->evse->station->id);
	snprintf(row->transaction, sizeof row->transaction, "%s", from->evse->tx.id);
	row->evse = from->evse->id;
	return true;
}

static void add_giver(struct making *m, const struct storage_row *row)
{
	struct storage_case *k = m->k;
	struct storage_device *d = &m->devices[k->in.n];

	k->rows[k->count] = *row;
	k->rows[k->count].device = k->in.n;
	k->rows[k->count++].wear = d->wear;
	d->discharge_w = storage_bounded_w(row->discharge_w);
	d->least = storage_energy(&m->fill, (double)row->least_wh);
	if (d->least > d->full)
		d->least = d->full;
}

static void add_vehicle(struct making *m, int i)
{
	const struct plan_vehicle *from = &m->job->vehicles[i];
	const struct control_plan_row *what = &m->job->rows[i];
	const struct depot_vehicle *is = what->vehicle ? what->vehicle->row : NULL;
	struct storage_device *d = &m->devices[m->k->in.n];
	struct storage_row row = {0};
	double stored = (double)from->stored_wh, need = stored + (double)from->need_wh;
	double full = (double)from->battery.capacity_wh;
	int to = from->depart_ms ? slot_of(m, from->depart_ms) : m->k->in.slots;

	if (full < need)
		full = need;
	*d = (struct storage_device){.node = grid_tree_evse_node(m->job->tree, from->evse),
		.to = to > 0 ? to : 1,
		.charge_w = storage_bounded_w(from->max_w),
		.charge_pm = from->battery.efficiency_pm,
		.discharge_pm = from->battery.efficiency_pm,
		.stored = storage_energy(&m->fill, stored),
		.full = storage_energy(&m->fill, full),
		.need = storage_energy(&m->fill, need),
		.missing = storage_missing(from->priority)};
	if (is && from->need_wh == 0)
		need = stored < (double)is->battery_wh * (double)is->target_pct / 100
			       ? stored
			       : (double)is->battery_wh * (double)is->target_pct / 100;
	d->need = storage_energy(&m->fill, need);
	row.stored_wh = from->stored_wh;
	row.full_wh = (int64_t)full;
	row.need_wh = (int64_t)need;
	row.charge_w = from->max_w;
	if (may_give(m, what, need, &row)) {
		const struct depot_discharge *how = storage_evse(m->core, what->evse);
		double depth = 1 - (double)row.least_wh / full;

		d->discharge_pm = (int)(how->efficiency_pct * 10);
		d->wear = wear_of(m->core, depot_chemistry_enum.values[is->chemistry], is->cycles,
			depth / 2, (double)row.discharge_w / full);
		add_giver(m, &row);
	}
	m->k->in.n++;
}

/* -- stationary batteries --------------------------------------------------------------------- */

static const struct depot_node *node_row(const struct core *c, const char *id)
{
	for (size_t i = 0; i < c->depot->nodes.count; i++)
		if (strcmp(c->depot->nodes.items[i].id, id) == 0)
			return &c->depot->nodes.items[i];
	return NULL;
}

/* What it holds, by its own word. False: nobody knows. */
static bool read_store(
	const struct core *c, const struct depot_node *is, double *stored_wh, wall_t *at)
{
	int i = c->meters && is->meter ? meters_find(c->meters, is->meter) : -1;
	const struct meter *m = i >= 0 ? meters_at(c->meters, i) : NULL;
	double v;

	if (!m || meter_seen_age_ms(m) > METER_MS)
		return false;
	if (meter_reading_get(&m->seen, METER_QUANTITY_STORED_WH, &v))
		*stored_wh = v;
	else if (meter_reading_get(&m->seen, METER_QUANTITY_SOC_PCT, &v))
		*stored_wh = (double)is->battery_wh * v / 100;
	else
		return false;
	*at = wall_add_ms(clock_wall(), -meter_seen_age_ms(m));
	return true;
}

/* It ends as full as it began, so that no plan lives off what it found. */
static void add_store(struct making *m, int node)
{
	const struct grid_node *n = grid_tree_node(m->job->tree, node);
	const struct depot_node *is = node_row(m->core, n->id);
	struct storage_device *d = &m->devices[m->k->in.n];
	struct storage_row row = {.source = "meter"};
	double stored;

	if (!is || !is->has_battery_wh || is->battery_wh <= 0 || !is->has_discharge_w ||
		!is->has_charge_w || !read_store(m->core, is, &stored, &row.read_at))
		return;
	if (stored > (double)is->battery_wh)
		stored = (double)is->battery_wh;
	*d = (struct storage_device){.node = node,
		.to = m->k->in.slots,
		.charge_w = storage_bounded_w(is->charge_w),
		.charge_pm = STORE_PM,
		.discharge_pm = STORE_PM,
		.stored = storage_energy(&m->fill, stored),
		.full = storage_energy(&m->fill, (double)is->battery_wh),
		.missing = STORAGE_PRICE_MISSING};
	if (d->stored > d->full)
		d->stored = d->full;
	d->need = d->stored;
	d->wear = wear_of(m->core, depot_chemistry_enum.values[is->chemistry], is->cycles, 0.5,
		(double)is->discharge_w / (double)is->battery_wh);
	snprintf(row.id, sizeof row.id, "%s", n->id);
	row.stored_wh = (int64_t)stored;
	row.full_wh = is->battery_wh;
	row.need_wh = row.stored_wh;
	row.least_wh = is->battery_wh * is->reserve_pct / 100;
	row.charge_w = is->charge_w;
	row.discharge_w = is->discharge_w;
	add_giver(m, &row);
	m->k->in.n++;
}

/* What the stores do now is part of the loads that are expected to last; here it is planned. */
static void take_out_stores(struct making *m)
{
	const struct storage_input *in = &m->k->in;

	for (int i = 0; i < m->k->count; i++) {
		int node = m->devices[m->k->rows[i].device].node;
		int64_t own = m->view->base_w[node];

		if (m->k->rows[i].is_vehicle || own == GRID_UNKNOWN)
			continue;
		for (int t = 0; t < in->slots; t++) {
			m->load[t] -= (int32_t)own;
			for (int v = node; v >= 0; v = in->parent[v]) {
				size_t k = (size_t)v * (size_t)in->slots + (size_t)t;

				m->cap[k] = storage_bounded_w(m->cap[k] + own);
				m->feed[k] = storage_bounded_w(m->feed[k] - own);
			}
		}
	}
}

/* -- all of it -------------------------------------------------------------------------------- */

static int fill(struct making *m)
{
	const struct planner_job *j = m->job;
	int nodes = grid_tree_nodes(j->tree), most = j->count + nodes;

	m->devices = arena_alloc(m->k->arena, (size_t)most * sizeof *m->devices);
	m->k->rows = arena_alloc(m->k->arena, (size_t)most * sizeof *m->k->rows);
	if (!m->devices || !m->k->rows)
		return -1;
	for (int i = 0; i < j->count; i++)
		add_vehicle(m, i);
	for (int v = 0; v < nodes; v++)
		if (grid_tree_node(j->tree, v)->kind == GRID_STORAGE)
			add_store(m, v);
	m->k->in.devices = m->devices;
	m->k->w = arena_alloc(
		m->k->arena, (size_t)m->k->in.n * (size_t)m->k->in.slots * sizeof *m->k->w + 1);
	if (!m->k->count || !m->k->w || fill_limits(m) != 0 || fill_prices(m) != 0)
		return -1;
	take_out_stores(m);
	return 0;
}

struct storage_case *storage_case_create(
	struct core *c, const struct planner_job *j, const struct planner_view *v)
{
	struct arena *a = j->prices.part && c->prices ? arena_create(MEMORY) : NULL;
	struct storage_case *k = a ? arena_alloc(a, sizeof *k) : NULL;
	const struct price_tariff *tariff = k ? prices_in_force(c->prices, j->start_ms) : NULL;
	struct making m = {.core = c, .job = j, .view = v, .k = k};

	if (k) {
		m.fill = (struct storage_fill){.arena = a,
			.tree = j->tree,
			.caps = &j->caps,
			.prices = &j->prices,
			.plan_slot_ms = j->slot_ms};
		k->arena = a;
		k->start_ms = j->start_ms;
		storage_fill_begin(&m.fill, &k->in);
		k->slot_ms = m.fill.slot_ms;
		snprintf(
			k->currency, sizeof k->currency, "%s", tariff ? tariff->row->currency : "");
	}
	if (k && fill(&m) == 0)
		return k;
	arena_destroy(a);
	return NULL;
}

void storage_case_destroy(struct storage_case *k)
{
	if (k)
		arena_destroy(k->arena);
}

/* -- the solve (any thread) ------------------------------------------------------------------- */

static void *take(void *arg, size_t bytes)
{
	return arena_alloc(arg, bytes);
}

static double money(const struct storage_case *k, double cost)
{
	return cost * (double)k->slot_ms / WH_PER_MS / 1000 / 1e6;
}

static bool solve(struct storage_case *k, const struct storage_input *in, bool is_followed)
{
	struct arena *a = arena_create(MEMORY);
	struct storage *s = a ? storage_create(in, &(struct storage_memory){take, a}) : NULL;
	size_t cells = (size_t)in->n * (size_t)in->slots;
	double *w = s ? arena_alloc(a, cells * sizeof *w + 1) : NULL;
	struct storage_fault fault;
	bool is_sound = false;

	if (w) {
		int done = storage_solve(s, &(struct storage_effort){0});

		if (!is_followed) {
			k->without = money(k, storage_bound(s));
			is_sound = storage_gap(s) <= NEAR;
		} else if (storage_round(s, k->w) == 0) {
			for (size_t i = 0; i < cells; i++)
				w[i] = k->w[i];
			is_sound = storage_check(in, w, 1, &fault) && storage_gap(s) <= NEAR;
			k->iterations = done;
			k->cost = money(k, storage_cost(s));
			k->bound = money(k, storage_bound(s));
			k->gap = storage_gap(s);
		}
	}
	arena_destroy(a);
	return is_sound;
}

/* Twice: as it is, and with nobody who gives anything back; the difference is what that is worth. */
void storage_case_solve(struct storage_case *k)
{
	struct storage_device *plain;
	struct storage_input without = k->in;
	int64_t began = clock_real_us();

	plain = arena_alloc(k->arena, (size_t)k->in.n * sizeof *plain + 1);
	if (!plain)
		return;
	memcpy(plain, k->in.devices, (size_t)k->in.n * sizeof *plain);
	for (int i = 0; i < k->in.n; i++)
		plain[i].discharge_w = 0;
	without.devices = plain;
	k->is_sound = solve(k, &without, false) && solve(k, &k->in, true);
	k->solve_us = clock_real_us() - began;
}

/* -- reading it ------------------------------------------------------------------------------- */

int64_t storage_case_w(const struct storage_case *k, const struct storage_row *row, int64_t at_ms)
{
	int64_t t = at_ms < k->start_ms ? -1 : (at_ms - k->start_ms) / k->slot_ms;

	if (t < 0 || t >= k->in.slots)
		return 0;
	return k->w[(size_t)row->device * (size_t)k->in.slots + (size_t)t];
}

int64_t storage_case_held_wh(
	const struct storage_case *k, const struct storage_row *row, int64_t at_ms)
{
	const struct storage_device *d = &k->in.devices[row->device];
	double held = (double)d->stored;

	for (int t = 0; t < k->in.slots && k->start_ms + t * k->slot_ms < at_ms; t++) {
		double w = k->w[(size_t)row->device * (size_t)k->in.slots + (size_t)t];

		held += w > 0 ? w * d->charge_pm / 1000 : w * 1000 / d->discharge_pm;
	}
	return wh_of(k, held);
}
