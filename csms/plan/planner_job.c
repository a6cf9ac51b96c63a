#include "csms/plan/planner_job.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/power/envelope_apply.h"
#include "csms/power/evse_phases.h"
#include "csms/plan/expected.h"
#include "csms/power/external.h"
#include "csms/plan/fallback.h"
#include "csms/money/prices.h"
#include "csms/power/safety.h"
#include "csms/power/setpoint.h"
#include "csms/plan/storage_plan.h"
#include "csms/vehicles/vehicle_charge.h"
#include "csms/vehicles/trips.h"
#include "csms/vehicles/vehicles.h"
#include "scheduler/open_interval.h"

#define UNKNOWN_NEED_WH 30000 /* of a vehicle that nobody described */
#define EFFICIENCY      0.9 /* of what is drawn, stored; as battery_default() */
#define UNTAKEN_W       1000 /* offered and not taken by so much: the vehicle's own limit */
#define SLOTS_MAX       4000
#define BILLED_S        900 /* slots lie within the quarters of an hour that meters bill by */

/* -- the snapshot ----------------------------------------------------------------------------- */

void planner_job_destroy(struct planner_job *j)
{
	if (!j)
		return;
	plan_destroy(j->plan);
	plan_caps_finish(&j->caps);
	free((struct flow_part *)(uintptr_t)j->prices.part);
	price_slots_finish(&j->told);
	free(j->load_w);
	for (int k = 0; k < PLAN_DEMANDS; k++)
		free(j->counts[k]);
	free(j->vehicles);
	free(j->rows);
	free(j->idle_w);
	free(j);
}

static double delivered_wh(const struct transaction *t)
{
	double wh =
		t->meter_wh.at.ms && t->begin_wh.at.ms ? t->meter_wh.value - t->begin_wh.value : 0;

	return wh > 0 ? wh : 0;
}

/* Stored since the vehicle told its needs, as far as the register says. */
static double since_wh(const struct transaction *t)
{
	double wh = t->needs.meter_wh.at.ms ? t->meter_wh.value - t->needs.meter_wh.value : 0;

	return wh > 0 ? wh * EFFICIENCY : 0;
}

static int64_t between(double wh, int64_t most)
{
	return wh < 0 ? 0 : wh > (double)most ? most : (int64_t)wh;
}

/* Of a vehicle that nobody knows. */
static double unknown_need(const struct evse *e, enum charge_by by, struct plan_vehicle *out)
{
	out->battery = battery_default(0, (int32_t)e->max_w);
	if (by == CHARGE_BY_FULL)
		return 0;
	if (by == CHARGE_BY_NEEDS)
		return (double)e->tx.needs.energy_wh - since_wh(&e->tx);
	return UNKNOWN_NEED_WH - delivered_wh(&e->tx) * EFFICIENCY;
}

/* Energy still to be stored, and what is in the battery, as far as anybody knows. */
static void fill_energy(const struct core *c, const struct evse *e, const struct vehicle *v,
	const struct trip_need *trip, const struct vehicle_charge *is, struct plan_vehicle *out)
{
	double got, battery, need;

	if (!v) {
		need = unknown_need(e, is->by, out);
		out->need_wh = need > 0 ? (int64_t)need : 0;
		return;
	}
	got = (delivered_wh(&e->tx) + trips_carried_wh(c, v)) * EFFICIENCY;
	battery = (double)v->battery_wh;
	out->battery = battery_default(v->battery_wh, out->max_w);
	switch (is->by) {
	case CHARGE_BY_FULL:
		out->stored_wh = is->pct >= 0 ? between(battery * is->pct / 100, v->battery_wh)
					      : trip->target_wh;
		return;
	case CHARGE_BY_NEEDS:
		need = (double)e->tx.needs.energy_wh - since_wh(&e->tx);
		out->stored_wh = between(battery - need, v->battery_wh);
		out->need_wh = need > 0 ? (int64_t)need : 0;
		return;
	case CHARGE_BY_DESCRIBED:
		need = (double)v->need_wh - got;
		break;
	case CHARGE_BY_GUESS:
		need = (double)trip->target_wh - battery * CHARGE_BY_GUESS_PCT / 100 - got;
		break;
	default:
		need = (double)trip->target_wh - battery * is->pct / 100;
	}
	out->stored_wh = between((double)trip->target_wh - need, v->battery_wh);
	out->need_wh = need > 0 ? (int64_t)need : 0;
}

/* Learns what a vehicle takes when it is offered more, a battery near full, or a cold one: the plan
 * gives the rest to others. A little more is offered each time, so that it can come back. */
static void learn_takes(struct evse *e, int64_t settle_ms)
{
	int64_t w = (int64_t)e->power_w.value, *takes = &e->tx.takes_w;

	if (strcmp(e->tx.charging_state, "Charging") != 0 || e->told.limit_w <= 0 ||
		wall_diff_ms(e->power_w.at, e->told.at) < settle_ms)
		return;
	if (w < e->told.limit_w - UNTAKEN_W)
		*takes = w + w / 10 + UNTAKEN_W / 2;
	else if (*takes && w > *takes - UNTAKEN_W)
		*takes += *takes / 4 + UNTAKEN_W / 2;
	if (*takes >= e->max_w)
		*takes = 0;
}

int32_t planner_job_max_w(const struct evse *e, const struct vehicle *v)
{
	int64_t w = evse_phases_part(e, e->max_w);
	int64_t own = v ? (e->is_dc ? v->max_dc_w : v->max_ac_w) : 0;

	if (own > 0 && own < w)
		w = own;
	if (e->tx.takes_w && e->tx.takes_w < w)
		w = e->tx.takes_w;
	if (e->tx.needs.max_w && e->tx.needs.max_w < w)
		w = e->tx.needs.max_w;
	return (int32_t)w;
}

/* The earlier of what the depot knows and what the vehicle says. */
static int64_t departure_ms(const struct evse *e, int64_t known, wall_t now)
{
	int64_t said = e->tx.needs.departs_at.ms;

	if (said <= now.ms)
		return known;
	return known && known < said ? known : said;
}

static void add_vehicle(struct planner_job *j, const struct core *c, struct evse *e, wall_t now)
{
	struct vehicle *v = e->tx.vehicle;
	struct plan_vehicle *in = &j->vehicles[j->count];
	struct control_plan_row *row = &j->rows[j->count];
	struct trip_need need;
	struct vehicle_charge is;
	int64_t cap;

	trips_need(c, v, now, &need);
	is = vehicle_charge_of(c, e, v,
		v && v->battery_wh > 0 ? 100.0 * (double)need.target_wh / (double)v->battery_wh : 0,
		now);
	in->evse = e->grid_evse;
	in->from_ms = now.ms;
	in->depart_ms = departure_ms(e, need.departs.ms, now);
	in->priority = trips_priority(c, v, &in->worth);
	learn_takes(e, c->config->control->sample_s * 2000);
	if (fallback_pays(control_fallbacks(c->control), e))
		in->worth = 0;
	in->max_w = planner_job_max_w(e, v);
	cap = external_cap_w(c, e, now, NULL);
	if (evse_phases_cable_w(e, (int)c->depot->voltage_v) < cap)
		cap = evse_phases_cable_w(e, (int)c->depot->voltage_v);
	if (cap < in->max_w)
		in->max_w = (int32_t)cap;
	memcpy(in->sixths, e->currents.pattern.sixths, sizeof in->sixths);
	in->is_exact = e->currents.pattern.exact;
	in->min_w = (int32_t)(v && v->min_w > e->min_w ? v->min_w : e->min_w);
	if (in->max_w < in->min_w)
		in->max_w = in->min_w;
	fill_energy(c, e, v, &need, &is, in);
	row->evse = e;
	row->vehicle = v;
	row->by = is.by;
	row->need_wh = in->need_wh;
	row->need_spread_wh = trips_need_spread_wh(v, charge_by_is_known(is.by));
	row->departs_at.ms = in->depart_ms;
	memcpy(row->transaction, e->tx.id, sizeof row->transaction);
	j->count++;
}

static int count_open(const struct core *c)
{
	const struct station *s, *tmp;
	int n = 0;

	HASH_ITER (hh, c->fleet.stations, s, tmp)
		for (int i = 0; i < s->evse_count; i++)
			n += s->evses[i].tx.is_open && s->evses[i].grid_evse >= 0;
	return n;
}

/* Vehicles that are here, and what the other EVSEs hold: 0 W as long as they hear from us. */
static void add_evses(struct planner_job *j, struct core *c, wall_t now)
{
	struct station *s, *tmp;

	HASH_ITER (hh, c->fleet.stations, s, tmp)
		for (int i = 0; i < s->evse_count; i++) {
			struct evse *e = &s->evses[i];
			const struct lane *l = control_lane(c->control, e);

			if (e->grid_evse < 0)
				continue;
			if (e->tx.is_open && !s->is_manual)
				add_vehicle(j, c, e, now);
			j->idle_w[e->grid_evse] = l && (!e->tx.is_open || s->is_manual)
							  ? (int32_t)lane_held_w(l, clock_mono())
							  : 0;
		}
}

/* The limits that stand, but for envelopes: those have their times, and are put in by slots. */
static struct grid_limits *lasting(const struct planner_job *j, const struct grid_limits *limits)
{
	struct grid_limits *l = grid_limits_copy(limits);

	for (int i = 0; l && i < grid_tree_nodes(j->tree); i++) {
		grid_limits_set(l, i, GRID_SOURCE_ENVELOPE, NULL);
		grid_limits_set(l, i, GRID_SOURCE_ENVELOPE_FALLBACK, NULL);
		grid_limits_set(l, i, GRID_SOURCE_OPERATOR, NULL);
	}
	return l;
}

/* The load of the moment, expected to last: the forecast of persistence. */
static int fill_caps(struct planner_job *j, const struct planner_view *view)
{
	struct grid_limits *own = lasting(j, view->limits);
	const int64_t *base_w = view->base_w;
	int nodes = grid_tree_nodes(j->tree), rc = -1;
	const int32_t **rows = calloc((size_t)nodes, sizeof *rows);
	int32_t *flat = calloc((size_t)nodes * (size_t)j->slots, sizeof *flat);

	if (rows && flat && own) {
		for (int i = 0; i < nodes; i++) {
			if (base_w[i] == GRID_UNKNOWN)
				continue;
			for (int t = 0; t < j->slots; t++)
				flat[(size_t)i * (size_t)j->slots + (size_t)t] =
					(int32_t)(base_w[i] < GRID_NO_LIMIT ? base_w[i]
									    : GRID_NO_LIMIT - 1);
			rows[i] = &flat[(size_t)i * (size_t)j->slots];
		}
		rc = plan_caps_init(&j->caps, j->tree, own, j->slots, rows, view->base_phase_w);
	}
	grid_limits_destroy(own);
	free(rows);
	free(flat);
	return rc;
}

/* What a slot costs: what the site would feed in goes first, at what that would have earned. */
static void slot_price(
	const struct price_slots *s, int slot, int64_t surplus_w, struct flow_part *out)
{
	const struct flow_part *import = &s->import[(size_t)slot * (size_t)s->parts];
	int32_t own = s->feed_in[slot] < import->price ? s->feed_in[slot] : import->price;

	*out = (struct flow_part){own, (int32_t)surplus_w};
	memcpy(out + 1, import, (size_t)s->parts * sizeof *out);
}

/* What the meter of the topmost node with demand windows has seen of the open one. */
static bool find_open(const struct planner_job *j, const struct core *c, struct open_interval *out)
{
	const struct safety *s = c->control ? control_safety(c->control) : NULL;

	for (int v = 0; s && v < grid_tree_nodes(j->tree); v++) {
		struct safety_node_view n = safety_node(s, v);

		if (!n.has_demand)
			continue;
		*out = (struct open_interval){n.window.ms, n.window_end.ms, n.demand.mean_w};
		return true;
	}
	return false;
}

/* Slots begin where billing intervals and prices do, so the first one has begun already. What has gone
 * by of it counts where peaks are paid for: unless it is known, slots begin now. */
static void set_slots(struct planner_job *j, const struct core *c, wall_t now)
{
	const struct price_tariff *t = c->prices ? prices_in_force(c->prices, now.ms) : NULL;
	int64_t billed_ms = BILLED_S * 1000;
	struct open_interval o;

	j->start_ms = now.ms;
	if ((billed_ms % j->slot_ms && j->slot_ms % billed_ms) ||
		(t && t->tariff.demands && !find_open(j, c, &o)))
		return;
	j->start_ms -= now.ms % j->slot_ms;
	j->first_s = (int)((j->start_ms + j->slot_ms - now.ms) / 1000);
	if (!j->first_s)
		j->first_s = 1;
}

/* The charges that a kW more would cost something of, as many as plans know. */
static int fill_demands(struct planner_job *j, const struct price_slots *s, int64_t root_w)
{
	size_t slots = (size_t)j->slots;

	j->load_w = calloc(slots, sizeof *j->load_w);
	for (size_t t = 0; j->load_w && t < slots && root_w != GRID_UNKNOWN; t++)
		j->load_w[t] = (int32_t)(root_w < FLOW_POWER_MAX ? root_w : FLOW_POWER_MAX);
	j->prices.load_w = j->load_w;
	for (int i = 0; j->load_w && i < s->demands && j->prices.demands < PLAN_DEMANDS; i++) {
		const struct bill_demand_row *r = &s->demand[i];
		int k = j->prices.demands;

		if (r->price_micro_kw <= 0)
			continue;
		j->counts[k] = calloc(slots, 1);
		if (!j->counts[k])
			return -1;
		memcpy(j->counts[k], r->mask, slots);
		j->prices.demand[j->prices.demands++] = (struct plan_demand){j->counts[k],
			r->price_micro_kw < PLAN_DEMAND_PRICE_MAX ? r->price_micro_kw
								  : PLAN_DEMAND_PRICE_MAX,
			r->incumbent_w < FLOW_POWER_MAX ? (int32_t)r->incumbent_w : FLOW_POWER_MAX};
	}
	return j->load_w ? 0 : -1;
}

/* No tariff: no prices. The load of the moment is expected to last, a surplus of PV too. */
static int fill_prices(struct planner_job *j, const struct core *c, int64_t root_w, wall_t now)
{
	struct open_interval o;
	struct price_slots *s = &j->told;
	int64_t surplus_w = root_w != GRID_UNKNOWN && root_w < 0 ? -root_w : 0;
	struct flow_part *part;

	if (!c->prices || !prices_in_force(c->prices, j->start_ms))
		return 0;
	if (prices_fill(c->prices, (wall_t){j->start_ms}, j->slot_ms, j->slots, s))
		return -1;
	part = calloc((size_t)j->slots * (size_t)(s->parts + 1), sizeof *part);
	if (surplus_w > FLOW_POWER_MAX)
		surplus_w = FLOW_POWER_MAX;
	for (int t = 0; part && t < j->slots; t++)
		slot_price(s, t, surplus_w, &part[(size_t)t * (size_t)(s->parts + 1)]);
	j->prices = (struct plan_prices){.parts = s->parts + 1, .part = part};
	if (!part || fill_demands(j, s, root_w))
		return -1;
	if (find_open(j, c, &o))
		open_interval_count(&o, now.ms, j->start_ms, (int)(j->slot_ms / 1000), j->slots,
			&j->prices, j->load_w);
	return 0;
}

struct planner_job *planner_job_create(struct core *c, const struct planner_view *v,
	const struct held_envelope *extra, const char *trigger)
{
	const struct grid_tree *tree = v->tree;
	const struct config_control *cfg = c->config->control;
	struct planner_job *j = calloc(1, sizeof *j);
	wall_t now = clock_wall();
	int n = count_open(c) + (int)HASH_COUNT(c->fleet.vehicles);

	if (!j)
		return NULL;
	j->tree = tree;
	j->slot_ms = cfg->slot_s * 1000;
	set_slots(j, c, now);
	j->calm_pm = (int)cfg->calm_pm;
	j->slots = (int)(cfg->horizon_h * 3600 / cfg->slot_s);
	if (j->slots > SLOTS_MAX)
		j->slots = SLOTS_MAX;
	snprintf(j->trigger, sizeof j->trigger, "%s", trigger);
	j->vehicles = calloc((size_t)n + 1, sizeof *j->vehicles);
	j->rows = calloc((size_t)n + 1, sizeof *j->rows);
	j->idle_w = calloc((size_t)grid_tree_evses(tree) + 1, sizeof *j->idle_w);
	if (!j->vehicles || !j->rows || !j->idle_w || fill_caps(j, v) ||
		fill_prices(j, c, v->base_w[0], now)) {
		planner_job_destroy(j);
		return NULL;
	}
	envelopes_lower(c->envelopes,
		&(struct envelope_slots){tree, &j->caps, j->start_ms, j->slot_ms, now.ms}, extra);
	add_evses(j, c, now);
	storage_plan_freeze(c->storage, j, v, trigger[0] != '\0');
	j->present = j->count;
	j->count += expected_fill(c, now, (wall_t){j->start_ms + j->slot_ms * j->slots},
		&j->vehicles[j->count], &j->rows[j->count], n - j->count);
	return j;
}

/* -- the solve (planner's thread) ------------------------------------------------------------- */

void planner_job_solve(struct planner_job *j)
{
	struct plan_input in = {
		.tree = j->tree,
		.caps = &j->caps,
		.start_ms = j->start_ms,
		.slot_s = (int)(j->slot_ms / 1000),
		.first_s = j->first_s,
		.vehicles = j->vehicles,
		.n = j->count,
		.idle_w = j->idle_w,
		.prices = j->prices.part ? &j->prices : NULL,
		.calm_pm = j->calm_pm,
	};
	struct plan_fault fault;
	int64_t begin = clock_real_us();

	j->plan = plan_solve(&in);
	j->is_sound = j->plan && plan_check(&in, j->plan, &fault);
	j->solve_us = clock_real_us() - begin;
}
