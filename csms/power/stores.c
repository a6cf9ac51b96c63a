#include "csms/power/stores.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "csms/alarms.h"
#include "csms/log.h"
#include "csms/metering/meters.h"
#include "csms/plan/discharge.h"
#include "csms/plan/storage_plan.h"
#include "csms/power/control_private.h"
#include "csms/record.h"

#define LEASE_MS   5000 /* a loop that hangs so long gives the store back … */
#define CYCLES     4 /* … or for so many cycles of the guard, if that is longer */
#define STEP_W     100 /* what it is told is a multiple of this */
#define RISE_PARTS 10 /* of all that it can, that it draws more … */
#define RISE_MS    1000 /* … in so long */
#define SETTLE_MS  10000 /* it follows within this; what it will draw is taken by then */
#define FOLLOW_MS  30000 /* if it does not, that is said … */
#define FOLLOW_W   2000 /* … where it is so far off, and a tenth of what it can */
#define SAID_MS    10000 /* changes are journalled no more often … */
#define SAID_W     1000 /* … nor for less */
#define METER_MS   15000 /* its own word on what it does and holds counts for so long */

/* -- what there is ---------------------------------------------------------------------------- */

static const struct depot_node *commanded(const struct control *k, int node)
{
	const struct depot_file *d = k->core->depot;
	const char *id = grid_tree_node(k->tree, node)->id;

	if (grid_tree_node(k->tree, node)->kind != GRID_STORAGE || k->meter[node] < 0)
		return NULL;
	for (size_t i = 0; i < d->nodes.count; i++)
		if (strcasecmp(d->nodes.items[i].id, id) == 0)
			return d->nodes.items[i].control ? &d->nodes.items[i] : NULL;
	return NULL;
}

/* What the store says of itself; without it nothing is asked of it. */
struct own_word {
	int64_t w; /* it draws */
	int64_t stored_wh;
	int64_t charge_w, discharge_w; /* it can */
};

static int64_t lesser(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static bool listen(
	const struct control *k, int node, const struct depot_node *row, struct own_word *out)
{
	const struct meter *m = meters_at(k->core->meters, k->meter[node]);
	double v;

	if (meter_seen_age_ms(m) > METER_MS ||
		!meter_reading_get(&m->seen, METER_QUANTITY_POWER_W, &v))
		return false;
	*out = (struct own_word){
		.w = (int64_t)v, .charge_w = row->charge_w, .discharge_w = row->discharge_w};
	if (meter_reading_get(&m->seen, METER_QUANTITY_STORED_WH, &v))
		out->stored_wh = (int64_t)v;
	else if (meter_reading_get(&m->seen, METER_QUANTITY_SOC_PCT, &v))
		out->stored_wh = (int64_t)((double)row->battery_wh * v / 100);
	else
		return false;
	if (meter_reading_get(&m->seen, METER_QUANTITY_CHARGE_MAX_W, &v) && v >= 0)
		out->charge_w = lesser(out->charge_w, (int64_t)v);
	if (meter_reading_get(&m->seen, METER_QUANTITY_DISCHARGE_MAX_W, &v) && v >= 0)
		out->discharge_w = lesser(out->discharge_w, (int64_t)v);
	return true;
}

/* -- what it may do --------------------------------------------------------------------------- */

/* Most that the node leaves it to draw, beside what else flows there and may be drawn by now. */
static int64_t room_to_draw(const struct control *k, int v, int64_t own_w)
{
	const struct control_node *n = &k->node[v];
	int64_t more = n->allowed_w > n->evse_w ? n->allowed_w - n->evse_w : 0;
	int32_t limit = n->limit_w < GRID_NO_LIMIT ? (int32_t)n->limit_w : GRID_NO_LIMIT - 1;

	if (n->limit_w < 0)
		return INT32_MAX;
	if (n->load_w == GRID_UNKNOWN)
		return 0;
	return grid_usable_w(grid_tree_node(k->tree, v), limit) - (n->load_w - own_w) - more;
}

/* Most that it may feed in through the node. */
static int64_t room_to_feed(const struct control *k, int v, int64_t own_w)
{
	const struct control_node *n = &k->node[v];
	int64_t limit = n->limit_w < 0 ? INT32_MAX : n->limit_w;

	if (n->feed.limit >= 0)
		limit = lesser(limit, n->feed.limit);
	if (limit == INT32_MAX)
		return INT32_MAX;
	return n->load_w == GRID_UNKNOWN ? 0 : limit + n->load_w - own_w;
}

static int32_t clamped(const struct control *k, int node, const struct depot_node *row,
	const struct own_word *own, int64_t w)
{
	int64_t most = own->charge_w, least = -own->discharge_w;

	if (own->stored_wh >= row->battery_wh)
		most = 0;
	if (own->stored_wh <= row->battery_wh * row->reserve_pct / 100)
		least = 0;
	for (int v = node; v >= 0; v = grid_tree_node(k->tree, v)->parent) {
		most = lesser(most, room_to_draw(k, v, own->w));
		least = -lesser(-least, room_to_feed(k, v, own->w));
	}
	if (w > most)
		w = most > 0 ? most : 0;
	if (w < least)
		w = least < 0 ? least : 0;
	return (int32_t)(w / STEP_W * STEP_W);
}

/* -- deciding --------------------------------------------------------------------------------- */

/* What it should be told; false: it goes its own way, `s->why` says why. */
static bool decide(struct control *k, int node, const struct depot_node *row, wall_t now)
{
	const struct storage_plan *p = k->core->storage;
	const struct storage_row *r = storage_plan_store(p, grid_tree_node(k->tree, node)->id);
	struct store_order *s = &k->store[node];
	const char *why = r ? storage_plan_untold(p, r, now) : "nothing is planned for it";
	struct own_word own;

	s->w = s->planned_w = 0;
	s->why = why;
	/* Given back it could discharge by its own program. */
	if (discharge_is_stopped(k->core->discharge)) {
		s->why = "discharging is stopped: it is held at 0 W";
		return true;
	}
	if (why)
		return false;
	if (!listen(k, node, row, &own)) {
		s->why = "it does not say what it does and holds";
		return false;
	}
	s->planned_w = storage_case_w(storage_plan_newest(p), r, now.ms);
	s->own_w = own.w;
	s->w = clamped(k, node, row, &own, s->planned_w);
	if (llabs(s->w - s->planned_w) >= STEP_W)
		s->why = s->planned_w > 0
				 ? "full, or no room in the tree to draw more"
				 : "at its reserve, or no room in the tree to feed in more";
	return true;
}

/* It comes to draw more in steps, so that what the meters show of it at different times differs by
 * little; less at once. */
static int32_t in_steps(struct store_order *s, const struct depot_node *row, mono_t mono)
{
	int64_t from = s->told.is_on ? s->told.w : s->own_w;
	int64_t step = (row->charge_w + row->discharge_w) / RISE_PARTS;

	if (s->own_w == GRID_UNKNOWN || s->w <= from)
		return s->w;
	if (mono_diff_ms(mono, s->raised) < RISE_MS)
		return (int32_t)from;
	s->raised = mono;
	return s->w < from + step ? s->w : (int32_t)(from + step);
}

static bool is_far(const struct store_order *s, const struct depot_node *row, int64_t own_w)
{
	int64_t most = row->charge_w > row->discharge_w ? row->charge_w : row->discharge_w;
	int64_t off = llabs(own_w - s->told.w);

	return off > FOLLOW_W && off > most / 10;
}

bool control_store_obeys(const struct control *k, int node)
{
	const struct depot_node *row = commanded(k, node);
	const struct store_order *s = &k->store[node];
	double own_w;

	return row && s->told.is_on &&
	       meter_reading_get(&meters_at(k->core->meters, k->meter[node])->last,
		       METER_QUANTITY_POWER_W, &own_w) &&
	       !is_far(s, row, (int64_t)own_w);
}

/* Does it do as it is told, and can it be told at all? Nothing is said before it has had its time. */
static void watch(struct control *k, const struct depot_node *row, struct store_order *s,
	bool has_word, mono_t mono)
{
	bool is_untold = s->is_on && s->told.failures > 0;
	bool follows = !is_untold && (!s->told.is_on || !has_word || !is_far(s, row, s->own_w));

	if (follows)
		s->followed = mono;
	follows = mono_diff_ms(mono, s->followed) < FOLLOW_MS;
	if (s->is_astray == !follows)
		return;
	s->is_astray = !follows;
	if (!s->is_astray) {
		log_info("store %s: does as it is told again", row->id);
		alarm_clear(k->core, ALARM_STORE_DISOBEYS, row->id);
	} else if (is_untold) {
		alarm_raise(k->core, ALARM_STORE_DISOBEYS, row->id,
			"It cannot be told what to do: %s.", s->told.error);
	} else {
		log_warn("store %s: told %d W, it does %lld W", row->id, s->told.w,
			(long long)s->own_w);
		alarm_raise(k->core, ALARM_STORE_DISOBEYS, row->id,
			"It is told %.1f kW and does %.1f kW.", s->told.w / 1000.0,
			(double)s->own_w / 1000);
	}
}

static void journal(
	struct control *k, const struct depot_node *row, struct store_order *s, mono_t mono)
{
	bool is_turned = s->is_on != s->said_on;
	struct arena *a;
	struct event_store_told *e;

	if (!is_turned &&
		(llabs(s->w - s->said_w) < SAID_W || mono_diff_ms(mono, s->said) < SAID_MS))
		return;
	a = record_arena(k->core);
	e = a ? arena_alloc(a, sizeof *e) : NULL;
	if (!e)
		return;
	e->node = arena_strdup(a, row->id);
	e->commanded = s->is_on;
	e->w = s->w;
	e->planned_w = s->planned_w;
	e->reason = s->why ? s->why : "as planned";
	record_now(k->core, EVENT_STORE_TOLD, "depot", k->core->depot->depot, e, "planner", NULL);
	if (is_turned)
		log_info("store %s: %s (%s)", row->id,
			s->is_on ? "commanded" : "given back to itself", e->reason);
	s->said_on = s->is_on;
	s->said_w = s->w;
	s->said = mono;
}

static void note_failure(const struct depot_node *row, struct store_order *s)
{
	bool fails = s->told.failures > 0;

	if (fails && !s->has_failed)
		log_warn("store %s: cannot be told: %s", row->id, s->told.error);
	s->has_failed = fails;
}

/* Of real time. */
static int64_t lease_us(const struct control *k)
{
	int64_t ms = CYCLES * k->core->config->control->guard_ms;

	return (int64_t)((double)(ms > LEASE_MS ? ms : LEASE_MS) * 1000 / clock_speed());
}

static void tell(struct control *k, int node, const struct depot_node *row, wall_t now, mono_t mono)
{
	struct store_order *s = &k->store[node];
	int32_t was = s->w;
	bool was_on = s->is_on;
	struct meter_command c;

	s->own_w = GRID_UNKNOWN;
	s->is_on = decide(k, node, row, now);
	if (s->is_on)
		s->w = in_steps(s, row, mono);
	if (s->is_on && (!was_on || s->w != was))
		s->changed = mono;
	c = (struct meter_command){s->is_on, s->w, clock_real_us() + lease_us(k)};
	if (!meters_command(k->core->meters, k->meter[node], &c))
		return;
	meters_told(k->core->meters, k->meter[node], &s->told);
	note_failure(row, s);
	watch(k, row, s, s->is_on && s->own_w != GRID_UNKNOWN, mono);
	journal(k, row, s, mono);
}

/* -- public ----------------------------------------------------------------------------------- */

void control_tell_stores(struct control *k, wall_t now, mono_t mono)
{
	for (int v = 0; v < k->nodes; v++) {
		const struct depot_node *row = commanded(k, v);

		if (row)
			tell(k, v, row, now, mono);
	}
}

int64_t control_store_will_w(const struct control *k, int node, mono_t mono)
{
	const struct grid_node *n = grid_tree_node(k->tree, node);
	int64_t sum = 0;

	for (int v = node; v < n->end; v++) {
		const struct store_order *s = &k->store[v];
		double own_w;

		if (s->is_on && mono_diff_ms(mono, s->changed) < SETTLE_MS &&
			meter_reading_get(&meters_at(k->core->meters, k->meter[v])->last,
				METER_QUANTITY_POWER_W, &own_w) &&
			s->w > own_w)
			sum += s->w - (int64_t)own_w;
	}
	return sum;
}

/* Of its meter's word and its orders the most counts: what it was just told flows in a moment, and
 * what it was told before still does. Where its phases are not known, all of it may lie on any. */
bool control_store_feeds(const struct control *k, int node, struct grid_load *out)
{
	const struct depot_node *row = commanded(k, node);
	const struct store_order *s = &k->store[node];
	const struct guard_node_in *in = &k->node_in[node];
	int64_t least_w = 0;
	double own_w;

	if (!row || !(s->is_on || s->told.is_on))
		return false;
	if (meter_reading_get(&meters_at(k->core->meters, k->meter[node])->last,
		    METER_QUANTITY_POWER_W, &own_w))
		least_w = lesser(least_w, (int64_t)own_w);
	if (s->is_on)
		least_w = lesser(least_w, s->w);
	if (s->told.is_on)
		least_w = lesser(least_w, s->told.w);
	out->s[GRID_TOTAL] = -6 * least_w;
	for (int p = 0; p < GRID_PHASES; p++)
		out->s[GRID_L1 + p] =
			-6 *
			(in->has_phases ? lesser(least_w / GRID_PHASES, in->phase_w[p]) : least_w);
	return least_w < 0;
}

bool stores_look(const struct control *k, const char *node, struct store_view *out)
{
	int v = grid_tree_find(k->tree, node);
	const struct store_order *s = v >= 0 && commanded(k, v) ? &k->store[v] : NULL;

	if (!s)
		return false;
	*out = (struct store_view){.is_on = s->told.is_on, .w = s->told.w, .at = {s->told.at_ms}};
	if (s->told.failures)
		snprintf(out->note, sizeof out->note, "it cannot be told: %s", s->told.error);
	else if (s->is_astray)
		snprintf(out->note, sizeof out->note, "it is told %.1f kW and does %.1f kW",
			s->told.w / 1000.0, (double)s->own_w / 1000);
	else if (s->why)
		snprintf(out->note, sizeof out->note, "%s", s->why);
	return true;
}
