#include "scheduler/plan.h"

#include <stdlib.h>
#include <string.h>

/*
 * Shares nothing with the planner but the battery model and the input: windows, sums and energies
 * are worked out anew and from the definition, so that a fault in one does not hide in the other.
 */

struct check {
	const struct plan_input *in;
	const struct plan *p;
	struct plan_fault *f;
	int64_t slot_ms;
	int64_t *drawn_ws; /* [slots] all vehicles */
};

static bool fault(const struct check *c, int vehicle, int slot, int node, int64_t got,
	int64_t limit, const char *what)
{
	*c->f = (struct plan_fault){vehicle, slot, node, got, limit, what};
	return false;
}

static int32_t offered(const struct check *c, int vehicle, int slot)
{
	return c->p->w[(size_t)vehicle * (size_t)c->p->slots + (size_t)slot];
}

/* Slots last so long; the first one may have begun. */
static int64_t lasts_s(const struct check *c, int slot)
{
	return slot == 0 && c->in->first_s ? c->in->first_s : c->in->slot_s;
}

/* When what is left of the first slot begins. */
static int64_t now_ms(const struct check *c)
{
	return c->in->start_ms + c->slot_ms - lasts_s(c, 0) * 1000;
}

static bool overdue(const struct check *c, const struct plan_vehicle *v)
{
	return v->depart_ms && v->depart_ms < c->in->start_ms + c->slot_ms &&
	       v->from_ms <= now_ms(c);
}

/* True if the vehicle is there from the beginning of the slot to its end, or should have left. */
static bool present(const struct check *c, const struct plan_vehicle *v, int slot)
{
	int64_t end = c->in->start_ms + (slot + 1) * c->slot_ms;

	if (end - lasts_s(c, slot) * 1000 < v->from_ms)
		return false;
	return !v->depart_ms || end <= v->depart_ms || overdue(c, v);
}

static bool check_power(const struct check *c, int i, int slot)
{
	const struct plan_vehicle *v = &c->in->vehicles[i];
	int leaf = grid_tree_evse_node(c->in->tree, v->evse);
	const struct grid_node *evse = grid_tree_node(c->in->tree, leaf);
	int32_t w = offered(c, i, slot), min = v->min_w > evse->min_w ? v->min_w : evse->min_w;

	if (w == 0)
		return true;
	if (w < 0 || w < min)
		return fault(c, i, slot, leaf, w, min, "below the smallest power");
	if (w > evse->max_w)
		return fault(c, i, slot, leaf, w, evse->max_w, "above the EVSE's power");
	if (v->max_w && w > v->max_w)
		return fault(c, i, slot, -1, w, v->max_w, "above the vehicle's power");
	if (!present(c, v, slot))
		return fault(c, i, slot, -1, w, 0, "charges while it is not there");
	return true;
}

/* Walks one vehicle's row and compares the stored energy with its outcome. */
static bool check_vehicle(const struct check *c, int i)
{
	const struct plan_vehicle *v = &c->in->vehicles[i];
	const struct plan_outcome *o = &c->p->outcome[i];
	int64_t full = v->battery.capacity_wh * BATTERY_MJ_PER_WH, stored, start, got, last = 0;
	int64_t need = v->need_wh * BATTERY_MJ_PER_WH, short_wh;
	int ready = need ? -1 : -2;

	stored = v->stored_wh * BATTERY_MJ_PER_WH;
	if (full && stored > full)
		stored = full;
	start = stored;
	for (int slot = 0; slot < c->p->slots; slot++) {
		if (!check_power(c, i, slot))
			return false;
		if (!offered(c, i, slot))
			continue;
		if (stored - start >= need && !c->in->fill_spare)
			return fault(
				c, i, slot, -1, offered(c, i, slot), 0, "charges beyond the need");
		last = stored;
		c->drawn_ws[slot] +=
			battery_charge(&v->battery, &stored, offered(c, i, slot), lasts_s(c, slot));
		if (stored == last)
			return fault(c, i, slot, -1, offered(c, i, slot), 0, "offered in vain");
		if (ready == -1 && stored - start >= need)
			ready = slot;
	}
	got = stored - start;
	if (full && stored > full)
		return fault(c, i, -1, -1, stored, full, "more than full");
	short_wh = got < need ? (need - got + BATTERY_MJ_PER_WH - 1) / BATTERY_MJ_PER_WH : 0;
	if (overdue(c, v))
		short_wh = v->need_wh;
	if (o->short_wh != short_wh)
		return fault(c, i, -1, -1, o->short_wh, short_wh, "wrong shortage");
	if (o->planned_wh != got / BATTERY_MJ_PER_WH)
		return fault(c, i, -1, -1, o->planned_wh, got / BATTERY_MJ_PER_WH, "wrong energy");
	if (o->ready_slot != ready)
		return fault(c, i, ready, -1, o->ready_slot, ready, "wrong time of readiness");
	if ((o->short_wh > 0) != (o->why != GRID_SOURCE_NONE))
		return fault(c, i, -1, o->why_node, o->why, 0, "shortage without reason");
	return true;
}

/* Sums a slot over the tree: what is planned, and what flows unasked where nobody is. */
static bool check_slot(const struct check *c, int slot, int64_t *planned, int64_t *idle)
{
	const struct grid_tree *t = c->in->tree;
	int nodes = grid_tree_nodes(t);

	for (int n = 0; n < nodes; n++) {
		const struct grid_node *v = grid_tree_node(t, n);

		idle[n] = v->tail_w;
		if (v->kind == GRID_EVSE && c->in->idle_w)
			idle[n] = c->in->idle_w[v->evse_first];
		planned[n] = 0;
	}
	for (int i = 0; i < c->in->n; i++) {
		int leaf = grid_tree_evse_node(t, c->in->vehicles[i].evse);

		planned[leaf] += offered(c, i, slot);
		if (present(c, &c->in->vehicles[i], slot))
			idle[leaf] = 0;
	}
	for (int n = nodes - 1; n > 0; n--) {
		planned[grid_tree_node(t, n)->parent] += planned[n];
		idle[grid_tree_node(t, n)->parent] += idle[n];
	}
	for (int n = 0; n < nodes; n++) {
		int64_t cap = c->in->caps->w[(size_t)n * (size_t)c->in->caps->slots + (size_t)slot];

		/* Nothing may be planned where idle EVSEs alone are above what is left. */
		if (planned[n] > 0 && cap != GRID_NO_LIMIT && planned[n] + idle[n] > cap)
			return fault(
				c, -1, slot, n, planned[n] + idle[n], cap, "node above its limit");
	}
	return true;
}

/* What flows at each node on each phase, in sixths: planned, and unasked where nobody is. */
static void add_phases(
	const struct check *c, int slot, struct grid_load *planned, struct grid_load *idle)
{
	const struct grid_tree *t = c->in->tree;
	int nodes = grid_tree_nodes(t);

	memset(planned, 0, (size_t)nodes * sizeof(*planned));
	for (int n = 0; n < nodes; n++) {
		const struct grid_node *v = grid_tree_node(t, n);
		int32_t w = v->kind != GRID_EVSE ? 0
			    : c->in->idle_w      ? c->in->idle_w[v->evse_first]
						 : v->tail_w;

		idle[n] = grid_spread(w, v->electric.sixths);
	}
	for (int i = 0; i < c->in->n; i++) {
		static const uint8_t even[GRID_PHASES] = {2, 2, 2};
		const struct plan_vehicle *v = &c->in->vehicles[i];
		bool is_said = v->sixths[0] || v->sixths[1] || v->sixths[2];
		int leaf = grid_tree_evse_node(t, v->evse);
		struct grid_load l = grid_spread(offered(c, i, slot), is_said ? v->sixths : even);

		for (int k = 0; k < GRID_CHANNELS; k++)
			planned[leaf].s[k] += l.s[k];
		if (present(c, v, slot))
			memset(&idle[leaf], 0, sizeof(idle[leaf]));
	}
	for (int n = nodes - 1; n > 0; n--)
		for (int k = 0; k < GRID_CHANNELS; k++) {
			int parent = grid_tree_node(t, n)->parent;

			planned[parent].s[k] += planned[n].s[k];
			idle[parent].s[k] += idle[n].s[k];
		}
}

static bool check_phases(
	const struct check *c, int slot, struct grid_load *planned, struct grid_load *idle)
{
	add_phases(c, slot, planned, idle);
	for (int n = 0; n < grid_tree_nodes(c->in->tree); n++) {
		const struct plan_phase_caps *p = &c->in->caps->phase[n];

		for (int k = 0; p->w && k < GRID_PHASES; k++) {
			int64_t sum = planned[n].s[GRID_L1 + k] + idle[n].s[GRID_L1 + k];

			if (p->w[slot][k] != GRID_NO_LIMIT && planned[n].s[GRID_L1 + k] > 0 &&
				sum > 6 * (int64_t)p->w[slot][k])
				return fault(c, -1, slot, n, sum / 6, p->w[slot][k],
					"phase above its limit");
		}
	}
	return true;
}

/* At most on phase `high`, for sure on phase `low`, in sixths. */
static int64_t apart(const struct check *c, int slot, int high, int low)
{
	int64_t sum = 0;

	for (int i = 0; i < c->in->n; i++) {
		const struct plan_vehicle *v = &c->in->vehicles[i];
		bool is_said = v->sixths[0] || v->sixths[1] || v->sixths[2];
		int part = is_said ? v->sixths[high] : 2;

		if (!is_said || v->is_exact)
			part -= is_said ? v->sixths[low] : 2;
		sum += (int64_t)part * offered(c, i, slot);
	}
	return sum;
}

static bool check_apart(const struct check *c, int slot)
{
	int node = c->in->caps->apart_node;
	const int32_t *base;

	if (node < 0)
		return true;
	base = c->in->caps->phase[node].load_w;
	for (int high = 0; high < GRID_PHASES; high++)
		for (int low = 0; low < GRID_PHASES; low++) {
			int64_t other = 6 * ((int64_t)base[high] - base[low]);
			int64_t most = 6 * (int64_t)c->in->caps->apart_w;
			int64_t sum = other + apart(c, slot, high, low);

			if (high != low && sum > (other > most ? other : most))
				return fault(c, -1, slot, node, sum / 6, most / 6,
					"phases too far apart");
		}
	return true;
}

static bool check_totals(const struct check *c)
{
	int64_t need = 0, planned = 0, missing = 0;
	int count = 0;

	for (int i = 0; i < c->in->n; i++) {
		need += c->in->vehicles[i].need_wh;
		planned += c->p->outcome[i].planned_wh;
		missing += c->p->outcome[i].short_wh;
		count += c->p->outcome[i].short_wh > 0;
	}
	if (c->p->need_wh != need || c->p->planned_wh != planned || c->p->short_wh != missing ||
		c->p->short_vehicles != count)
		return fault(c, -1, -1, -1, c->p->short_wh, missing, "wrong totals");
	return true;
}

/* The highest slot above what is paid for, of each charge. */
static bool check_demand(const struct check *c)
{
	const struct plan_prices *m = c->in->prices;
	flow_value cost = 0;

	for (int k = 0; m && k < m->demands; k++) {
		int64_t over_ws = 0;

		for (int t = 0; t < c->p->slots; t++) {
			int64_t w = (m->load_w ? m->load_w[t] : 0) - (int64_t)m->demand[k].paid_w;
			int64_t ws = c->drawn_ws[t] + w * c->in->slot_s;

			if (m->demand[k].counts && !m->demand[k].counts[t])
				continue;
			over_ws = ws > over_ws ? ws : over_ws;
		}
		cost += (flow_value)over_ws * m->demand[k].price * 3600 / c->in->slot_s;
	}
	if (c->p->demand_cost != (int64_t)(cost / 3600000))
		return fault(c, -1, -1, -1, c->p->demand_cost, (int64_t)(cost / 3600000),
			"wrong cost of the peak");
	return true;
}

/* Watt by watt up the parts of each slot's price: rounding is the total's, once. */
static bool check_cost(const struct check *c)
{
	const struct plan_prices *m = c->in->prices;
	flow_value cost = 0;

	for (int t = 0; m && t < c->p->slots; t++) {
		int64_t from = 0;

		for (int k = 0; k < m->parts; k++) {
			const struct flow_part *part = &m->part[t * m->parts + k];
			int64_t to = k + 1 < m->parts ? from + (int64_t)part->w * lasts_s(c, t)
						      : INT64_MAX;

			if (c->drawn_ws[t] > from)
				cost += (flow_value)part->price *
					((c->drawn_ws[t] < to ? c->drawn_ws[t] : to) - from);
			from = to;
		}
	}
	cost /= 3600000; /* W·s of a kWh */
	if (c->p->cost != (int64_t)cost)
		return fault(c, -1, -1, -1, c->p->cost, (int64_t)cost, "wrong cost");
	if (!check_demand(c))
		return false;
	if (c->p->gap < -1)
		return fault(c, -1, -1, -1, c->p->gap, 0, "better than the best");
	return true;
}

bool plan_check(const struct plan_input *in, const struct plan *p, struct plan_fault *f)
{
	struct check c = {in, p, f, (int64_t)in->slot_s * 1000, NULL};
	int64_t *sums;
	struct grid_load *loads;
	bool sound = true, has_phases = false;

	if (p->vehicles != in->n || p->slots != in->caps->slots || p->slot_s != in->slot_s ||
		p->start_ms != in->start_ms)
		return fault(&c, -1, -1, -1, p->vehicles, in->n, "plan of another input");
	sums = malloc(2 * (size_t)in->caps->nodes * sizeof(*sums));
	c.drawn_ws = calloc((size_t)p->slots, sizeof(*c.drawn_ws));
	loads = malloc(2 * (size_t)in->caps->nodes * sizeof(*loads));
	if (!sums || !loads || !c.drawn_ws) {
		free(sums);
		free(loads);
		free(c.drawn_ws);
		return fault(&c, -1, -1, -1, 0, 0, "out of memory");
	}
	for (int i = 0; sound && i < in->n; i++)
		sound = check_vehicle(&c, i);
	for (int n = 0; n < in->caps->nodes; n++)
		has_phases |= in->caps->phase[n].w != NULL;
	for (int slot = 0; sound && slot < p->slots; slot++)
		sound = check_slot(&c, slot, sums, sums + in->caps->nodes) &&
			(!has_phases || check_phases(&c, slot, loads, loads + in->caps->nodes)) &&
			check_apart(&c, slot);
	sound = sound && check_totals(&c) && check_cost(&c);
	free(sums);
	free(loads);
	free(c.drawn_ws);
	return sound;
}
