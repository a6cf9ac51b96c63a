/* Views of vehicles, plan and the night as a whole: who leaves when, who falls short, and why. */
#include "csms/view/view.h"

#include <stdio.h>
#include <string.h>

#include "csms/charging/claim.h"
#include "csms/power/control.h"
#include "csms/power/safety.h"
#include "csms/plan/fallback.h"
#include "csms/metering/meters.h"
#include "csms/money/prices.h"
#include "csms/vehicles/telematics.h"
#include "csms/vehicles/trips.h"
#include "csms/vehicles/vehicles.h"
#include "csms/words.h"

#define CLOSE_MS     (15 * 60000) /* ready later than this before it leaves: there is no room */
#define CHARGING_W   100 /* less is a battery's own electronics */
#define UNKNOWN_W    INT64_MIN
#define NARROW_SPACE "\xe2\x80\xaf" /* U+202F */

static const char *arena_text(struct arena *a, struct text *t)
{
	const char *s = text_ok(t) && t->data != NULL ? arena_strndup(a, t->data, t->len) : "";

	text_finish(t);
	return s;
}

/* -- vehicles -------------------------------------------------------------------------------- */

static void view_readings(
	const struct vehicle *v, struct arena *a, struct api_vehicle_reading_list *out)
{
	out->items = v->telemetry != NULL
			     ? arena_alloc(a, sizeof(*out->items) * TELEMATICS_QUANTITIES)
			     : NULL;
	for (int q = 0; out->items != NULL && q < TELEMATICS_QUANTITIES; q++) {
		const struct telematics_reading *r =
			telematics_newest(v, (enum telematics_quantity)q);

		if (r != NULL)
			out->items[out->count++] = (struct api_vehicle_reading){
				.quantity = telematics_quantity_enum.values[q],
				.value = r->value,
				.unit = telematics_quantities[q].sign,
				.at = r->at,
				.received_at = r->received,
				.source = r->source,
				.confidence = telematics_confidence_names[r->confidence],
			};
	}
}

/* What is known of a van, gathered once for its state and reason. */
struct case_file {
	const struct control *control;
	const struct vehicle *v;
	const struct evse *e;
	const struct control_plan_row *row; /* NULL: not in the plan in force */
	struct vehicle_soc soc; /* at.ms 0: not known */
	wall_t departs, now;
	int target_pct; /* by its next trip, or as it is described */
	const struct trip *trip; /* NULL: none soon */
	bool is_possible; /* its battery holds as much */
};

static bool is_charging(const struct evse *e)
{
	return strcmp(evse_state(e), "charging") == 0 &&
	       (e->power_w.at.ms == 0 || e->power_w.value >= CHARGING_W);
}

static bool is_ready(const struct case_file *f)
{
	if (f->row != NULL && f->row->by == CHARGE_BY_FULL)
		return true;
	if (f->soc.at.ms != 0)
		return f->soc.pct >= f->target_pct;
	return f->row != NULL && f->row->need_wh <= 0;
}

static const char *say_short(const struct case_file *f, struct arena *a)
{
	struct text t;

	text_init(&t, 300);
	words_missing(&t, f->row->short_wh, f->row->reason);
	return arena_text(a, &t);
}

/* What is missing by a guess is no fact: what to do is to tell it. */
static const char *say_guess(const struct case_file *f, struct arena *a)
{
	struct text t;

	text_init(&t, 300);
	text_printf(&t, "Its charge is not known; with %d" NARROW_SPACE "%% ", CHARGE_BY_GUESS_PCT);
	words_energy(&t, f->row->short_wh);
	text_puts(&t, " may be missing. Tell its state of charge, or connect its telematics.");
	return arena_text(a, &t);
}

static const char *say_close(const struct case_file *f, struct arena *a)
{
	struct text t;

	text_init(&t, 300);
	text_puts(&t, "It needs nearly all the time that is left: it is ready only ");
	words_duration(&t, wall_diff_ms(f->departs, f->row->ready_at));
	text_puts(&t, " before it leaves.");
	return arena_text(a, &t);
}

/* It would be ready so late even if it charged with all that it can take from now on. A plan that ends late
 * by choice, since energy is cheaper then or others go first, is no risk: there is room before. */
static bool takes_all_the_time(const struct case_file *f)
{
	int64_t most_w = f->e->is_dc ? f->v->max_dc_w : f->v->max_ac_w;
	int64_t left_ms = wall_diff_ms(f->departs, f->now) - CLOSE_MS;

	if (most_w <= 0 || most_w > f->e->max_w)
		most_w = f->e->max_w;
	return left_ms <= 0 || f->row->need_wh * INT64_C(3600000) / 9 * 10 >= most_w * left_ms;
}

static bool is_close(const struct case_file *f)
{
	return f->row != NULL && f->row->ready_at.ms != 0 && f->departs.ms != 0 &&
	       wall_diff_ms(f->departs, f->row->ready_at) < CLOSE_MS && takes_all_the_time(f);
}

static const char *say_silent(const struct case_file *f, struct arena *a)
{
	const struct station *s = f->e->station;
	struct text t;

	text_init(&t, 300);
	text_printf(&t, "Charger %s is silent", s->id);
	if (s->last_seen.ms != 0) {
		text_puts(&t, " since ");
		words_time(&t, s->last_seen, f->now);
	}
	text_puts(&t, ". Look at it.");
	return arena_text(a, &t);
}

/* It takes nothing, and a reading from after that says that it is not full. */
static const char *say_refuses(const struct case_file *f, struct arena *a)
{
	struct text t;

	text_init(&t, 300);
	text_puts(&t, "It takes no power, but ");
	words_energy(&t, f->row->need_wh);
	text_puts(&t, " are missing. Look at its own timer and charge limit.");
	return arena_text(a, &t);
}

/* Why a van that wants energy gets none just now. */
static const char *say_waits(const struct case_file *f, struct arena *a)
{
	const char *state = evse_state(f->e);
	struct setpoint told;

	if (strcmp(state, "done") == 0)
		return "The van takes no more.";
	if (f->e->told.limit_w >= 0) {
		control_told(f->control, f->e, &told);
		if (told.reason[0] != '\0')
			return arena_strdup(a, told.reason);
	}
	if (f->row != NULL && f->row->planned_wh > 0)
		return "Its turn comes later in the plan.";
	return "It waits for its first word from the charger.";
}

/* The state of a van, with its reason in `*reason` (NULL: none is needed). Worst things first. */
static const char *vehicle_state(const struct case_file *f, struct arena *a, const char **reason)
{
	*reason = NULL;
	if (f->e == NULL)
		return "away";
	if (is_ready(f))
		return "ready";
	if (strcmp(evse_state(f->e), "faulted") == 0) {
		*reason = arena_printf(a, "Bay %s/%d has a fault. Move the van to another bay.",
			f->e->station->id, f->e->id);
		return "will_miss";
	}
	if (f->row != NULL && f->row->short_wh > 0 && f->row->by == CHARGE_BY_GUESS) {
		*reason = say_guess(f, a);
		return "at_risk";
	}
	if (f->row != NULL && f->row->short_wh > 0) {
		*reason = say_short(f, a);
		return f->departs.ms != 0 ? "will_miss" : "at_risk";
	}
	if (f->e->station->session == NULL) {
		*reason = say_silent(f, a);
		return "at_risk";
	}
	if (f->row == NULL && f->soc.at.ms == 0 && f->v->need_wh < 0) {
		*reason = "Neither its battery nor its need is known.";
		return is_charging(f->e) ? "charging" : "unknown";
	}
	if (f->row != NULL && f->e->tx.full_at.ms != 0) {
		*reason = say_refuses(f, a);
		return "at_risk";
	}
	if (is_close(f)) {
		*reason = say_close(f, a);
		return "at_risk";
	}
	if (is_charging(f->e))
		return "charging";
	*reason = say_waits(f, a);
	return "waits";
}

static void case_open(const struct core *c, const struct vehicle *v, struct case_file *f)
{
	struct trip_need need;

	*f = (struct case_file){
		.control = c->control,
		.v = v,
		.e = v->evse,
		.row = v->evse != NULL && c->control != NULL ? control_plan_row(c->control, v->evse)
							     : NULL,
		.now = clock_wall(),
	};
	vehicle_soc(v, f->now, 0, &f->soc);
	f->departs = trips_departure(c, v, f->now);
	f->target_pct = v->target_pct;
	f->is_possible = true;
	if (!c->trips || !trips_all(c->trips))
		return;
	trips_need(c, v, f->now, &need);
	if (!need.trip || v->battery_wh <= 0)
		return;
	f->trip = need.trip;
	f->is_possible = need.is_possible;
	f->target_pct = (int)((100 * need.target_wh + v->battery_wh - 1) / v->battery_wh);
}

static void view_need(const struct case_file *f, struct api_vehicle_view *out)
{
	if (f->row != NULL) {
		out->has_need_wh = true;
		out->need_wh = f->row->need_wh;
		out->need_by = charge_by_names[f->row->by];
		out->has_ready_at = f->row->ready_at.ms != 0;
		out->ready_at = f->row->ready_at;
	} else if (f->soc.at.ms != 0) {
		double missing = (double)f->target_pct - f->soc.pct;
		out->has_need_wh = true;
		out->need_wh =
			missing > 0 ? (int64_t)(missing / 100 * (double)f->v->battery_wh) : 0;
	}
}

void view_vehicle(const struct core *c, const struct vehicle *v, struct arena *a,
	struct api_vehicle_view *out)
{
	struct case_file f;

	case_open(c, v, &f);
	*out = (struct api_vehicle_view){
		.id = arena_strdup(a, v->id),
		.name = v->name[0] != '\0' ? arena_strdup(a, v->name) : NULL,
		.target_pct = f.target_pct,
		.trip = f.trip ? arena_strdup(a, f.trip->id) : NULL,
		.has_possible = f.trip != NULL,
		.possible = f.is_possible,
		.has_soc_pct = f.soc.at.ms != 0,
		.soc_pct = f.soc.pct,
		.has_soc_at = f.soc.at.ms != 0,
		.soc_at = f.soc.at,
		.soc_source = f.soc.source,
		.has_departs_at = f.departs.ms != 0,
		.departs_at = f.departs,
	};
	out->state = vehicle_state(&f, a, &out->reason);
	view_need(&f, out);
	view_readings(v, a, &out->readings);
	if (f.e == NULL)
		return;
	if (fallback_words(control_fallbacks(c->control), f.e)[0])
		out->fallback = arena_strdup(a, fallback_words(control_fallbacks(c->control), f.e));
	out->station = arena_strdup(a, f.e->station->id);
	out->has_evse = true;
	out->evse = f.e->id;
	out->vehicle_by = claim_words(f.e, a);
	out->vehicle_conflict = claim_conflict(f.e, a);
	out->has_power_w = f.e->power_w.at.ms != 0;
	out->power_w = f.e->power_w.value;
}

/* -- plan ------------------------------------------------------------------------------------ */

static void view_slots(const struct control_plan *p, const struct control_plan_row *r,
	const struct grid_tree *g, struct arena *a, struct api_plan_slot_list *out)
{
	out->items = arena_alloc(a, sizeof(*out->items) * (size_t)p->slot_count + 1);
	if (out->items == NULL)
		return;
	out->count = (size_t)p->slot_count;
	for (int i = 0; i < p->slot_count; i++) {
		out->items[i].w = r->w[i];
		if (r->node[i] >= 0)
			out->items[i].node = arena_strdup(a, grid_tree_node(g, r->node[i])->id);
	}
}

static void view_plan_row(const struct core *c, const struct control_plan *p,
	const struct control_plan_row *r, struct arena *a, struct api_plan_vehicle *out)
{
	*out = (struct api_plan_vehicle){
		.id = arena_strdup(a, r->vehicle != NULL ? r->vehicle->id : "unknown"),
		.station = arena_strdup(a, r->evse->station->id),
		.evse = r->evse->id,
		.need_wh = r->need_wh,
		.planned_wh = r->planned_wh,
		.short_wh = r->short_wh,
		.reason = r->reason[0] != '\0' ? arena_strdup(a, r->reason) : NULL,
		.has_departs_at = r->departs_at.ms != 0,
		.departs_at = r->departs_at,
		.has_ready_at = r->ready_at.ms != 0,
		.ready_at = r->ready_at,
	};
	out->by = control_followed(c->control, r->evse);
	out->need_by = charge_by_names[r->by];
	view_slots(p, r, control_grid(c->control), a, &out->slots);
}

static const char *plan_sentence(const struct control_plan *p, struct arena *a)
{
	int64_t planned = 0, missing = 0, guessed = 0;
	int short_vans = 0, guessed_vans = 0;
	struct text t;

	for (int i = 0; i < p->row_count; i++) {
		planned += p->rows[i].planned_wh;
		if (p->rows[i].by == CHARGE_BY_GUESS) {
			guessed += p->rows[i].short_wh;
			guessed_vans += p->rows[i].short_wh > 0;
			continue;
		}
		missing += p->rows[i].short_wh;
		short_vans += p->rows[i].short_wh > 0;
	}
	text_init(&t, 190);
	if (p->row_count == 0) {
		text_puts(&t, "No van is plugged in.");
	} else if (short_vans > 0) {
		words_energy(&t, missing);
		text_puts(&t, " will be missing in ");
		words_count(&t, short_vans, "van.", "vans.");
	} else if (guessed_vans > 0) {
		words_energy(&t, guessed);
		text_puts(&t, " may be missing in ");
		words_count(&t, guessed_vans, "van whose charge is not known.",
			"vans whose charge is not known.");
	} else {
		words_count(&t, p->row_count, "van gets ", "vans get ");
		words_energy(&t, planned);
		text_puts(&t, " in time.");
	}
	return arena_text(a, &t);
}

static void fill_money(
	const struct core *c, const struct control_plan *p, struct arena *a, struct api_plan *out)
{
	const struct price_tariff *t =
		c->prices ? prices_in_force(c->prices, clock_wall().ms) : NULL;

	out->method = p->by_rule ? "rule" : "least cost";
	if (!p->has_prices || t == NULL)
		return;
	out->currency = arena_strdup(a, t->row->currency);
	out->has_cost = true;
	out->cost = (double)p->cost / 1e6;
	out->has_demand_cost = true;
	out->demand_cost = (double)p->demand_cost / 1e6;
	out->has_at_once_cost = p->at_once >= 0;
	out->at_once_cost = (double)p->at_once / 1e6;
	out->has_gap = true;
	out->gap = p->gap < 0 ? -1 : (double)p->gap / 1e6;
	out->has_gap_wh = p->gap >= 0;
	out->gap_wh = p->gap_wh;
}

/* Of what the vehicles pay first: what the site would feed in goes first where there is any. */
static void view_prices(const struct control_plan *p, struct arena *a, struct api_plan *out)
{
	out->prices.items = arena_alloc(a, sizeof(*out->prices.items) * (size_t)p->slot_count + 1);
	for (int t = 0; out->prices.items != NULL && t < p->slot_count; t++) {
		const struct flow_part *part = &p->price[(size_t)t * (size_t)p->parts];
		int k = 0;

		while (k + 1 < p->parts && part[k].w == 0)
			k++;
		out->prices.items[out->prices.count++] = (double)part[k].price / 1e6;
	}
}

void view_plan(const struct core *c, struct arena *a, struct api_plan *out)
{
	const struct control_plan *p = c->control != NULL ? control_plan(c->control) : NULL;

	*out = (struct api_plan){.id = "",
		.made_at = clock_wall(),
		.start = clock_wall(),
		.trigger = "",
		.sentence = "There is no plan yet."};
	view_followed(c, a, &out->followed);
	if (p == NULL)
		return;
	out->id = arena_strdup(a, p->id);
	out->made_at = p->made_at;
	out->trigger = arena_strdup(a, p->trigger);
	out->solve_us = p->solve_us;
	out->start = p->start;
	out->slot_s = p->slot_ms / 1000;
	out->sentence = plan_sentence(p, a);
	out->has_planned_wh = true;
	for (int i = 0; i < p->row_count; i++)
		out->planned_wh += p->rows[i].planned_wh;
	fill_money(c, p, a, out);
	if (p->has_prices)
		view_prices(p, a, out);
	out->vehicles.items =
		arena_alloc(a, sizeof(*out->vehicles.items) * (size_t)p->row_count + 1);
	if (out->vehicles.items == NULL)
		return;
	out->vehicles.count = (size_t)p->row_count;
	for (int i = 0; i < p->row_count; i++)
		view_plan_row(c, p, &p->rows[i], a, &out->vehicles.items[i]);
}

/* -- the night ------------------------------------------------------------------------------- */

static bool is_worse(const struct api_vehicle_view *v, const struct api_vehicle_view *than)
{
	if (than == NULL)
		return true;
	bool misses = strcmp(v->state, "will_miss") == 0;
	if (misses != (strcmp(than->state, "will_miss") == 0))
		return misses;
	if (v->has_departs_at != than->has_departs_at)
		return v->has_departs_at;
	return v->has_departs_at && v->departs_at.ms < than->departs_at.ms;
}

static void count_vehicles(const struct api_vehicle_view_list *list, struct words_night *n)
{
	const struct api_vehicle_view *worst = NULL;

	for (size_t i = 0; i < list->count; i++) {
		const struct api_vehicle_view *v = &list->items[i];
		bool misses = strcmp(v->state, "will_miss") == 0;
		bool at_risk = strcmp(v->state, "at_risk") == 0;
		bool away = strcmp(v->state, "away") == 0;
		bool unknown = strcmp(v->state, "unknown") == 0;

		n->vans++;
		n->will_miss += misses;
		n->at_risk += at_risk;
		n->away += away;
		n->unknown += unknown;
		n->ready += strcmp(v->state, "ready") == 0;
		n->on_track += !misses && !at_risk && !away && !unknown;
		if ((misses || at_risk) && is_worse(v, worst))
			worst = v;
		if (!away && v->has_departs_at &&
			(n->first.ms == 0 || v->departs_at.ms < n->first.ms))
			n->first = v->departs_at;
	}
	if (worst == NULL)
		return;
	n->worst = worst->name != NULL ? worst->name : worst->id;
	n->worst_leaves = worst->departs_at;
	n->worst_reason = worst->reason;
}

static void count_stations(
	const struct core *c, const struct view_part *part, struct words_night *n)
{
	for (const struct station *s = c->fleet.stations; s != NULL; s = s->hh.next) {
		if (part != NULL && !part->has(part->arg, s))
			continue;
		n->stations++;
		n->silent += s->session == NULL && s->policy == EVENT_REGISTRATION_ACCEPTED;
		for (int i = 0; i < s->evse_count; i++) {
			const char *state = evse_state(&s->evses[i]);
			n->evses++;
			n->charging += strcmp(state, "charging") == 0;
			n->faulted += strcmp(state, "faulted") == 0;
		}
	}
}

static void count_site(const struct api_node_view_list *nodes, struct words_night *n)
{
	n->site_w = n->limit_w = UNKNOWN_W;
	if (nodes->count == 0)
		return;
	if (nodes->items[0].has_load_w)
		n->site_w = nodes->items[0].load_w;
	n->is_assumed = nodes->items[0].load_source != NULL &&
			strcmp(nodes->items[0].load_source, "worst-case") == 0;
	if (nodes->items[0].has_limit_w)
		n->limit_w = nodes->items[0].limit_w;
}

/* Of these nodes, one is fed by stores and PV. */
static void look_at_grid(
	const struct core *c, const struct api_node_view_list *nodes, struct words_night *n)
{
	for (size_t i = 0; i < nodes->count; i++)
		n->is_island = n->is_island ||
			       (nodes->items[i].limit_source != NULL &&
				       strcmp(nodes->items[i].limit_source, "island") == 0);
	n->is_back = n->is_island && safety_island(control_safety(c->control)).state == ISLAND_BACK;
}

void view_part_say(const struct core *c, const struct view_part *part,
	const struct api_vehicle_view_list *vehicles, const struct api_node_view_list *nodes,
	struct arena *a, const char **sentence, const char **sub)
{
	struct words_night n = {0};
	struct text t;
	wall_t now = clock_wall();

	count_vehicles(vehicles, &n);
	count_stations(c, part, &n);
	count_site(nodes, &n);
	look_at_grid(c, nodes, &n);
	text_init(&t, 190);
	words_sentence(&t, &n, now);
	*sentence = arena_text(a, &t);
	text_init(&t, 290);
	words_sub(&t, &n, now);
	*sub = arena_text(a, &t);
}

void view_say(const struct core *c, const struct api_vehicle_view_list *vehicles,
	const struct api_node_view_list *nodes, struct arena *a, const char **sentence,
	const char **sub)
{
	view_part_say(c, NULL, vehicles, nodes, a, sentence, sub);
}

static void view_stations(const struct core *c, struct arena *a, struct api_station_view_list *out)
{
	size_t count = HASH_COUNT(c->fleet.stations);

	out->items = arena_alloc(a, sizeof(*out->items) * count + 1);
	if (out->items == NULL)
		return;
	for (const struct station *s = c->fleet.stations; s != NULL; s = s->hh.next)
		view_station(c, s, a, &out->items[out->count++]);
}

void view_vehicles(const struct core *c, struct arena *a, struct api_vehicle_view_list *out)
{
	size_t count = HASH_COUNT(c->fleet.vehicles);

	out->items = arena_alloc(a, sizeof(*out->items) * count + 1);
	if (out->items == NULL)
		return;
	for (const struct vehicle *v = c->fleet.vehicles; v != NULL; v = v->hh.next)
		view_vehicle(c, v, a, &out->items[out->count++]);
}

void view_meters(const struct core *c, struct arena *a, struct api_meter_view_list *out)
{
	int count = c->meters != NULL ? meters_count(c->meters) : 0;

	out->items = arena_alloc(a, sizeof(*out->items) * (size_t)count + 1);
	if (out->items == NULL)
		return;
	out->count = (size_t)count;
	for (int i = 0; i < count; i++)
		view_meter(c, i, a, &out->items[i]);
}

void view_overview(const struct core *c, struct arena *a, struct api_overview *out)
{
	*out = (struct api_overview){
		.at = clock_wall(),
		.depot = c->depot->depot,
		.name = c->depot->name,
		.timezone = c->depot->timezone,
		.speed = clock_speed(),
	};
	view_tree(c, a, &out->tree);
	view_stations(c, a, &out->stations);
	view_vehicles(c, a, &out->vehicles);
	view_meters(c, a, &out->meters);
	view_alarms(c, a, &out->alarms);
	view_envelopes(c, VIEW_BLOCKS_FEW, a, &out->envelopes);
	view_say(c, &out->vehicles, &out->tree.nodes, a, &out->sentence, &out->sub);
	view_stations_say(c, a, &out->stations_sentence, &out->stations_sub);
	view_energy_say(c, NULL, &out->tree.nodes, a, &out->energy_sentence, &out->energy_sub);
	view_meters_say(c, &out->meters, a, &out->meters_sentence, &out->meters_sub);
	view_alarms_say(&out->alarms, a, &out->alarms_sentence, &out->alarms_sub);
}
