/* Why a vehicle charges when it does: a plan of the journal in stretches of time and in words. */
#include <stdio.h>
#include <string.h>
#include "csms/api/ask.h"
#include "csms/api/handlers_power.h"
#include "csms/api/plan_load.h"
#include "csms/money/prices.h"
#include "csms/power/control.h"
#include "csms/vehicles/vehicle_charge.h"
#include "csms/words.h"
#include "scheduler/battery.h"
#include "scheduler/grid.h"

struct explaining {
	const char *vehicle, *id, *currency; /* currency NULL: no tariff is in force */
	const char *
		ruled_by; /* why its charger goes by the rule now; NULL: it does not, or not asked */
	bool ok;
	struct plan_loaded plan;
	int row;
	int32_t *w, *source, *node, *price, *carbon; /* [slots]; price, carbon NULL: not known */
	int64_t *taken_ws; /* [slots] */
};

/* -- reading ---------------------------------------------------------------------------------- */

/* By name, or by its place, "CP-07/1". */
static int find_row(const struct event_plan_snapshot *s, const char *name)
{
	char place[80];

	for (size_t i = 0; i < s->vehicles.count; i++) {
		const struct event_plan_snapshot_vehicle *v = &s->vehicles.items[i];

		snprintf(place, sizeof place, "%s/%lld", v->station, (long long)v->evse_id);
		if (strcmp(v->id, name) == 0 || strcmp(place, name) == 0)
			return (int)i;
	}
	return -1;
}

/* What the site would feed in has none. */
static int read_carbon(struct explaining *x, const bool *own, struct arena *a)
{
	const struct event_plan_snapshot *s = x->plan.record.snapshot;
	int slots = (int)s->slots;

	if (s->carbon == NULL)
		return 0;
	x->carbon = arena_alloc(a, sizeof *x->carbon * (size_t)slots);
	if (x->carbon == NULL || plan_runs_read(s->carbon, slots, x->carbon))
		return -1;
	for (int t = 0; t < slots; t++)
		if (own[t])
			x->carbon[t] = 0;
	return 0;
}

/* The price of a slot's last part that the plan reaches is what decides; here the first that is not
 * used up by nothing: the cheapest that counts. */
static int read_prices(struct explaining *x, struct arena *a)
{
	const struct event_plan_snapshot *s = x->plan.record.snapshot;
	int slots = (int)s->slots, parts = (int)s->price_parts, n = slots * parts;
	int32_t *price, *w;
	bool *own;

	if (!s->has_price_parts || s->prices == NULL || s->price_w == NULL)
		return 0;
	price = arena_alloc(a, sizeof *price * (size_t)n);
	w = arena_alloc(a, sizeof *w * (size_t)n);
	x->price = arena_alloc(a, sizeof *x->price * (size_t)slots);
	own = arena_alloc(a, sizeof *own * (size_t)slots);
	if (price == NULL || w == NULL || own == NULL || x->price == NULL ||
		plan_runs_read(s->prices, n, price) || plan_runs_read(s->price_w, n, w))
		return -1;
	for (int t = 0; t < slots; t++) {
		int k = 0;

		while (k + 1 < parts && w[t * parts + k] == 0)
			k++;
		x->price[t] = price[t * parts + k];
		own[t] = k == 0 && parts > 1;
	}
	return read_carbon(x, own, a);
}

/* Slots last so long; the first one may have begun. */
static int64_t slot_s(const struct explaining *x, int slot)
{
	const struct event_plan_snapshot *s = x->plan.record.snapshot;

	return slot == 0 && s->has_first_s ? s->first_s : s->slot_s;
}

/* W·s that it takes of what it is offered: a battery near full takes less. */
static int read_taken(struct explaining *x, struct arena *a)
{
	const struct event_plan_snapshot *s = x->plan.record.snapshot;
	const struct event_plan_snapshot_vehicle *v = &s->vehicles.items[x->row];
	const struct battery b = {v->capacity_wh, (int32_t)v->battery_w, (int)v->knee_pm,
		(int)v->floor_pm, (int)v->efficiency_pm};
	int64_t stored = v->stored_wh * BATTERY_MJ_PER_WH;

	x->taken_ws = arena_alloc(a, sizeof *x->taken_ws * (size_t)s->slots + 1);
	for (int t = 0; x->taken_ws != NULL && t < (int)s->slots; t++)
		x->taken_ws[t] = !battery_valid(&b)
					 ? x->w[t] * slot_s(x, t)
					 : battery_charge(&b, &stored, x->w[t], slot_s(x, t));
	return x->taken_ws != NULL ? 0 : -1;
}

static void explain_work(struct db_reader *r, struct ask *k)
{
	struct explaining *x = k->state;
	const struct event_plan_result_row *row;
	size_t n;

	if (!plan_load(r, x->id, k->arena, &x->plan))
		return;
	x->plan.status = 404;
	x->row = find_row(x->plan.record.snapshot, x->vehicle);
	snprintf(x->plan.why, sizeof x->plan.why,
		"%.60s is not in this plan: it is not plugged in, or its station is manual",
		x->vehicle);
	if (x->row < 0)
		return;
	row = &x->plan.record.result->rows.items[x->row];
	n = (size_t)x->plan.record.snapshot->slots;
	x->w = arena_alloc(k->arena, sizeof *x->w * n);
	x->source = arena_alloc(k->arena, sizeof *x->source * n);
	x->node = arena_alloc(k->arena, sizeof *x->node * n);
	x->plan.status = 500;
	snprintf(x->plan.why, sizeof x->plan.why,
		"what the journal has of this plan cannot be read");
	x->ok = x->w && x->source && x->node && plan_runs_read(row->w, (int)n, x->w) == 0 &&
		plan_runs_read(row->source, (int)n, x->source) == 0 &&
		plan_runs_read(row->node, (int)n, x->node) == 0 && read_prices(x, k->arena) == 0 &&
		read_taken(x, k->arena) == 0;
}

/* -- stretches -------------------------------------------------------------------------------- */

static const char *node_name(const struct explaining *x, int slot)
{
	const struct event_plan_snapshot *s = x->plan.record.snapshot;
	int node = x->node[slot];

	return node >= 0 && (size_t)node < s->nodes.count ? s->nodes.items[node].id : NULL;
}

/* A slot that goes with the one before: the same reason and price, and as much or as little. */
static bool goes_on(const struct explaining *x, int slot)
{
	return x->source[slot] == x->source[slot - 1] && x->node[slot] == x->node[slot - 1] &&
	       (x->w[slot] > 0) == (x->w[slot - 1] > 0) &&
	       (x->price == NULL || x->price[slot] == x->price[slot - 1]) &&
	       (x->carbon == NULL || x->carbon[slot] == x->carbon[slot - 1]);
}

/* Why it is not more. */
static const char *why_words(const struct explaining *x, enum grid_source why)
{
	static const char *const words[GRID_SOURCE_COUNT] = {
		[GRID_SOURCE_NONE] = "nothing holds it back",
		[GRID_SOURCE_RATING] = "a rating leaves no more",
		[GRID_SOURCE_RESERVE] = "what a rating keeps free leaves no more",
		[GRID_SOURCE_ENVELOPE] = "a limit of the grid operator leaves no more",
		[GRID_SOURCE_ENVELOPE_FALLBACK] =
			"the fallback of a grid operator that is silent leaves no more",
		[GRID_SOURCE_OPERATOR] = "a limit that a person set leaves no more",
		[GRID_SOURCE_PHASE] = "a phase is full",
		[GRID_SOURCE_STATION] = "its station leaves no more, or cannot be told",
		[GRID_SOURCE_EVSE] = "its charging point gives no more",
		[GRID_SOURCE_VEHICLE] = "the vehicle takes no more",
		[GRID_SOURCE_BATTERY] = "its battery takes no more",
		[GRID_SOURCE_STALE_DATA] = "a meter is silent, and the worst is assumed",
		[GRID_SOURCE_TAIL] = "it is the power that is safe without depotd",
		[GRID_SOURCE_PLAN] = "the plan gives it no more then",
		[GRID_SOURCE_DEPARTURE] = "it is not there then",
		[GRID_SOURCE_MINIMUM] = "what is left is less than the smallest charging power",
		[GRID_SOURCE_HOLD] = "it rises by steps",
		[GRID_SOURCE_ROTATION] = "it is another vehicle's turn",
		[GRID_SOURCE_DISOBEYED] = "more was drawn than was told",
		[GRID_SOURCE_IMBALANCE] = "the phases would differ too much",
		[GRID_SOURCE_DEMAND] = "a demand target leaves no more",
		[GRID_SOURCE_RAMP] = "power has just returned, and vehicles follow one by one",
		[GRID_SOURCE_ISLAND] = "stores and PV give no more",
		[GRID_SOURCE_COMMISSIONING] = "it is lowered to see which meters move",
		[GRID_SOURCE_PRICE] = "it waits for a cheaper time",
	};
	const struct event_plan_snapshot *s = x->plan.record.snapshot;

	if (why == GRID_SOURCE_PRICE && s->vehicles.items[x->row].worth > 0)
		return "it waits for a cheaper time, or energy is dearer than it is worth";
	return (unsigned)why < GRID_SOURCE_COUNT ? words[why] : NULL;
}

static void add_stretch(const struct explaining *x, int from, int to, struct api_plan_explain *out)
{
	const struct event_plan_snapshot *s = x->plan.record.snapshot;
	int64_t slot_ms = s->slot_s * 1000, begun_ms = slot_ms - slot_s(x, 0) * 1000;
	int64_t offered_ws = 0, taken_ws = 0, lasts_s = 0;

	for (int t = from; t < to; t++) {
		offered_ws += x->w[t] * slot_s(x, t);
		taken_ws += x->taken_ws[t];
		lasts_s += slot_s(x, t);
	}
	out->stretches.items[out->stretches.count++] = (struct api_plan_stretch){
		.from = {s->start.ms + from * slot_ms + (from == 0 ? begun_ms : 0)},
		.to = {s->start.ms + to * slot_ms},
		.w = offered_ws / lasts_s,
		.energy_wh = taken_ws / 3600,
		.why = grid_source_name((enum grid_source)x->source[from]),
		.text = why_words(x, (enum grid_source)x->source[from]),
		.node = node_name(x, from),
		.has_price = x->price != NULL,
		.price = x->price ? x->price[from] / 1e6 : 0,
		.has_carbon_price = x->carbon != NULL,
		.carbon_price = x->carbon ? x->carbon[from] / 1e6 : 0,
	};
}

/* Until it leaves; what comes after says nothing of it. */
static int last_slot(const struct explaining *x)
{
	int n = (int)x->plan.record.snapshot->slots;

	while (n > 0 && x->w[n - 1] == 0 && x->source[n - 1] == GRID_SOURCE_DEPARTURE)
		n--;
	return n;
}

static void fill_stretches(
	const struct explaining *x, struct arena *a, struct api_plan_explain *out)
{
	int n = last_slot(x), from = 0;

	out->stretches.items = arena_alloc(a, sizeof *out->stretches.items * (size_t)n + 1);
	for (int t = 1; out->stretches.items && t <= n; t++)
		if (t == n || !goes_on(x, t)) {
			add_stretch(x, from, t, out);
			from = t;
		}
}

/* -- words ------------------------------------------------------------------------------------ */

/* Ends the text. */
static void say(struct api_plan_explain *out, struct arena *a, struct text *t)
{
	if (text_ok(t) && t->len)
		out->sentences.items[out->sentences.count++] = arena_strdup(a, t->data);
	text_finish(t);
}

static void say_need(struct api_plan_explain *out, struct arena *a, wall_t now)
{
	bool is_guess = charge_by_is_guess(out->need_by);
	struct text t;

	text_init(&t, 290);
	text_printf(&t, "%s at %s/%lld ", out->vehicle, out->station, (long long)out->evse);
	if (out->need_wh == 0) {
		text_puts(&t, "has what it needs");
	} else {
		text_puts(&t, "needs ");
		words_energy(&t, out->need_wh);
	}
	if (out->has_departs_at && out->need_wh > 0) {
		text_puts(&t, " by ");
		words_time(&t, out->departs_at, now);
	}
	if (out->short_wh > 0) {
		text_puts(&t, ", and ");
		words_energy(&t, out->short_wh);
		text_puts(&t, is_guess ? " of that may not fit" : " of that do not fit");
	} else if (out->has_ready_at && out->need_wh > 0) {
		text_puts(&t, " and has it at ");
		words_time(&t, out->ready_at, now);
	}
	text_puts(&t, ".");
	say(out, a, &t);
	if (!is_guess)
		return;
	text_init(&t, 290);
	text_printf(&t, "Its charge is not known: it is counted with %d %%.", CHARGE_BY_GUESS_PCT);
	say(out, a, &t);
}

/* Where it waits though it could charge: what for, and how long in all. */
static void say_wait(const struct explaining *x, struct api_plan_explain *out, struct arena *a,
	enum grid_source why, const char *words)
{
	int64_t ms = 0;
	const char *node = NULL;
	struct text t;

	for (int i = 0; i < last_slot(x); i++)
		if (x->source[i] == (int32_t)why) {
			ms += slot_s(x, i) * 1000;
			node = node ? node : node_name(x, i);
		}
	if (ms == 0)
		return;
	text_init(&t, 290);
	text_puts(&t, "For ");
	words_duration(&t, ms);
	text_puts(&t, " ");
	text_puts(&t, words);
	if (node)
		text_printf(&t, " (first at %s)", node);
	text_puts(&t, ".");
	say(out, a, &t);
}

static void say_price(const struct explaining *x, struct api_plan_explain *out, struct arena *a)
{
	int64_t marginal = x->plan.record.result->rows.items[x->row].marginal;
	struct text t;

	if (x->plan.record.result->by_rule || x->price == NULL || out->need_wh == 0)
		return;
	text_init(&t, 290);
	if (marginal == INT32_MAX)
		text_puts(&t, "Not one kWh more would fit, whatever it may cost.");
	else
		text_printf(&t, "One kWh more would cost up to %.3f%s%s.", (double)marginal / 1e6,
			x->currency ? " " : "", x->currency ? x->currency : "");
	say(out, a, &t);
}

/* Of the plan of now: its charger may go by something else. */
static void say_followed(const struct explaining *x, struct api_plan_explain *out, struct arena *a)
{
	struct text t;

	if (!x->ruled_by)
		return;
	text_init(&t, 290);
	text_printf(&t, "It charges by the plain rule now, not by this plan: %s.", x->ruled_by);
	say(out, a, &t);
}

static void fill_words(const struct explaining *x, struct arena *a, struct api_plan_explain *out)
{
	/* Of these it is said how long they last in all. */
	static const enum grid_source waits[] = {GRID_SOURCE_PRICE, GRID_SOURCE_RATING,
		GRID_SOURCE_RESERVE, GRID_SOURCE_ENVELOPE, GRID_SOURCE_ENVELOPE_FALLBACK,
		GRID_SOURCE_OPERATOR, GRID_SOURCE_PHASE, GRID_SOURCE_MINIMUM, GRID_SOURCE_BATTERY,
		GRID_SOURCE_STALE_DATA};
	wall_t now = x->plan.made_at;

	out->sentences.items = arena_alloc(a, sizeof *out->sentences.items * 16);
	if (out->sentences.items == NULL)
		return;
	say_need(out, a, now);
	say_followed(x, out, a);
	if (x->plan.record.result->by_rule && out->need_wh > 0)
		out->sentences.items[out->sentences.count++] =
			x->plan.record.result->gap < 0
				? "Earliest departure first: a plan of least cost was not found."
				: "Earliest departure first: nothing is cheaper.";
	for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++)
		say_wait(x, out, a, waits[i], why_words(x, waits[i]));
	say_price(x, out, a);
}

/* -- the answer ------------------------------------------------------------------------------- */

static double own_cost(const struct explaining *x)
{
	double cost = 0;

	for (int t = 0; t < (int)x->plan.record.snapshot->slots; t++)
		cost += (double)x->taken_ws[t] * x->price[t];
	return cost / 1e9 / 3600;
}

static bool is_of_now(const struct core *c, const char *id)
{
	const struct control_plan *p = c->control ? control_plan(c->control) : NULL;

	return id == NULL || (p && strcmp(p->id, id) == 0);
}

static const char *ruled_by(const struct core *c, const char *station, int64_t evse)
{
	struct station *s = fleet_station(&c->fleet, station);
	const struct evse *e = s ? station_evse(s, (int)evse) : NULL;
	const char *by = e && e->tx.is_open && c->control ? control_followed(c->control, e) : NULL;

	return by && strcmp(by, "rule") == 0 ? control_followed_why(c->control, e) : NULL;
}

static void explain_finish(struct ask *k)
{
	struct explaining *x = k->state;
	const struct event_plan_snapshot_vehicle *v;
	const struct event_plan_result_row *row;
	const struct event_plan_snapshot *s;
	struct api_plan_explain out;

	if (!x->ok) {
		ask_problem(k, x->plan.status, NULL, "%s", x->plan.why);
		return;
	}
	s = x->plan.record.snapshot;
	v = &s->vehicles.items[x->row];
	row = &x->plan.record.result->rows.items[x->row];
	out = (struct api_plan_explain){.id = x->plan.id,
		.made_at = x->plan.made_at,
		.vehicle = v->id,
		.station = v->station,
		.evse = v->evse_id,
		.need_wh = v->need_wh,
		.planned_wh = row->planned_wh,
		.short_wh = row->short_wh,
		.has_departs_at = v->has_departs,
		.departs_at = v->departs,
		.has_ready_at = row->ready_slot >= 0,
		.ready_at = {s->start.ms + (row->ready_slot + 1) * s->slot_s * 1000},
		.has_cost = x->price != NULL,
		.cost = x->price ? own_cost(x) : 0,
		.need_by = v->need_by,
		.has_marginal = !x->plan.record.result->by_rule && row->marginal != INT32_MAX,
		.marginal = (double)row->marginal / 1e6};
	if (is_of_now(k->api->core, x->id))
		x->ruled_by = ruled_by(k->api->core, v->station, v->evse_id);
	fill_stretches(x, k->arena, &out);
	fill_words(x, k->arena, &out);
	ask_reply(k, 200, &api_plan_explain_type, &out);
}

void plan_explain_get(struct ask *k)
{
	struct explaining *x = arena_alloc(k->arena, sizeof *x);

	if (x == NULL) {
		ask_problem(k, 503, NULL, "no memory for the query");
		return;
	}
	x->vehicle = ask_query(k, "vehicle");
	x->id = ask_query(k, "plan");
	if (x->vehicle == NULL) {
		ask_problem(k, 400, "vehicle",
			"vehicle: its id, or the place that it stands at, CP-07/1");
		return;
	}
	x->currency = prices_currency(k->api->core->prices);
	k->state = x;
	ask_read(k, explain_work, explain_finish);
}
