/* Batteries that can give back: what is planned, who is told, the emergency stop. */
#include <stdio.h>
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_power.h"
#include "csms/money/prices.h"
#include "csms/plan/discharge.h"
#include "csms/plan/storage_plan.h"
#include "csms/power/stores.h"

#define WH_PER_MS 3600000.0

/* -- looking ---------------------------------------------------------------------------------- */

static void view_discharge(const struct core *c, struct arena *a, struct api_discharge_view *out)
{
	const struct discharge_stop *s = discharge_look(c->discharge);

	out->stopped = s->is_stopped;
	out->has_since = s->since.ms != 0;
	out->since = s->since;
	out->actor = s->actor[0] ? arena_strdup(a, s->actor) : NULL;
	out->why = s->why[0] ? arena_strdup(a, s->why) : NULL;
}

static void view_told(
	const struct core *c, const struct storage_row *r, struct api_storage_battery *out)
{
	struct station *s = fleet_station((struct fleet *)&c->fleet, r->station);
	const struct evse *e = s ? station_evse(s, r->evse) : NULL;

	if (!e || e->told.limit_w < 0)
		return;
	out->has_told_w = out->has_told_at = true;
	out->told_w = e->told.give_w > 0 ? -e->told.give_w : e->told.limit_w;
	out->told_at = e->told.at;
}

static void view_store(const struct core *c, const struct storage_row *r, struct arena *a,
	struct api_storage_battery *out)
{
	struct store_view s;

	if (!c->control || !stores_look(c->control, r->id, &s))
		return;
	out->has_told_w = s.is_on;
	out->told_w = s.w;
	out->has_told_at = s.at.ms != 0;
	out->told_at = s.at;
	if (!out->note && s.note[0])
		out->note = arena_strdup(a, s.note);
}

static void view_battery(const struct core *c, const struct storage_case *k,
	const struct storage_row *r, struct arena *a, struct api_storage_battery *out)
{
	const int32_t *w = &k->w[(size_t)r->device * (size_t)k->in.slots];
	double gives = 0, takes = 0, per = (double)k->slot_ms / WH_PER_MS;
	wall_t now = clock_wall();

	*out = (struct api_storage_battery){.id = arena_strdup(a, r->id),
		.kind = r->is_vehicle ? "vehicle" : "store",
		.station = r->is_vehicle ? arena_strdup(a, r->station) : NULL,
		.has_evse = r->is_vehicle,
		.evse = r->evse,
		.now_w = storage_case_w(k, r, now.ms),
		.note = storage_plan_untold(c->storage, r, now),
		.stored_wh = r->stored_wh,
		.stored_source = arena_strdup(a, r->source),
		.stored_at = r->read_at,
		.full_wh = r->full_wh,
		.least_wh = r->least_wh,
		.need_wh = r->need_wh,
		.wear_kwh = r->wear / 1e6};
	out->w.items = arena_alloc(a, (size_t)k->in.slots * sizeof *out->w.items + 1);
	for (int t = 0; t < k->in.slots; t++) {
		gives += w[t] < 0 ? -w[t] * per : 0;
		takes += w[t] > 0 ? w[t] * per : 0;
		if (out->w.items)
			out->w.items[out->w.count++] = w[t];
	}
	out->gives_wh = (int64_t)gives;
	out->takes_wh = (int64_t)takes;
	if (r->is_vehicle)
		view_told(c, r, out);
	else
		view_store(c, r, a, out);
}

static void view_plan_of(const struct core *c, const struct storage_case *k, struct arena *a,
	struct api_storage_view *out)
{
	double hours;

	out->has_made_at = out->has_start = out->has_slot_s = out->has_solve_us = true;
	out->has_cost = out->has_cost_without = out->has_worth = out->has_gap = true;
	out->made_at.ms = out->start.ms = k->start_ms;
	out->slot_s = k->slot_ms / 1000;
	out->solve_us = k->solve_us;
	out->currency = k->currency[0] ? arena_strdup(a, k->currency) : NULL;
	out->cost = k->cost;
	out->cost_without = k->without;
	out->worth = k->without - k->cost;
	out->gap = k->cost - k->bound;
	out->batteries.items = arena_alloc(a, (size_t)k->count * sizeof *out->batteries.items + 1);
	for (int i = 0; out->batteries.items && i < k->count; i++)
		view_battery(c, k, &k->rows[i], a, &out->batteries.items[out->batteries.count++]);
	hours = (double)k->in.slots * (double)k->slot_ms / WH_PER_MS;
	if (out->worth < 0.005)
		out->sentence = arena_printf(
			a, "Giving back is not worth its wear in the next %.0f hours.", hours);
	else
		out->sentence =
			arena_printf(a, "Giving back is worth %.2f %s in the next %.0f hours.",
				out->worth, k->currency, hours);
}

void storage_get(struct ask *k)
{
	const struct core *c = k->api->core;
	const struct storage_case *newest = storage_plan_newest(c->storage);
	struct api_storage_view out = {
		.sentence =
			prices_currency(c->prices)
				? "No battery here can give energy back: the site has none, and no "
				  "vehicle that is plugged in may."
				: "Without a tariff nothing is known of what giving back is worth."};

	view_discharge(c, k->arena, &out.discharge);
	if (newest)
		view_plan_of(c, newest, k->arena, &out);
	ask_reply(k, 200, &api_storage_view_type, &out);
}

/* -- the emergency stop ----------------------------------------------------------------------- */

void discharge_stop_post(struct ask *k)
{
	const struct api_discharge_post *post = k->body;
	struct core *c = k->api->core;

	if (!c->discharge) {
		ask_problem(k, 503, NULL, "depotd is starting; try again");
		return;
	}
	ask_hold(k);
	discharge_stop(c->discharge, k->who.actor, post->why, ask_changed, k);
}

void discharge_release_post(struct ask *k)
{
	const struct api_discharge_post *post = k->body;
	struct core *c = k->api->core;

	if (!c->discharge || !discharge_look(c->discharge)->is_stopped) {
		ask_problem(
			k, 409, NULL, "discharging is not stopped: there is nothing to release");
		return;
	}
	ask_hold(k);
	discharge_release(c->discharge, k->who.actor, post->why, ask_changed, k);
}
