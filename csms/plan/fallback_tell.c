/* Where a vehicle that falls short could stand, and what is done for it in words. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "csms/power/control.h"
#include "csms/plan/fallback_private.h"
#include "csms/plan/planner_job.h"
#include "csms/record.h"
#include "csms/charging/reservation.h"
#include "csms/station/session.h"
#include "csms/vehicles/bays.h"
#include "csms/words.h"

/* -- where it could stand --------------------------------------------------------------------- */

static bool is_somebodys(const struct core *c, const struct evse *e)
{
	if (bays_vehicle(c, e))
		return true;
	return reservation_of(c, e) != NULL;
}

static bool is_free(const struct core *c, const struct evse *e)
{
	const struct station *s = e->station;
	bool has_free = e->connector_count == 0;

	for (int i = 0; i < e->connector_count; i++)
		has_free |= strcmp(e->connectors[i].status, "Available") == 0 ||
			    e->connectors[i].status[0] == '\0';
	return has_free && !e->tx.is_open && s->session && station_is_accepted(s) &&
	       !s->is_manual && e->grid_evse >= 0 && !is_somebodys(c, e);
}

static bool is_below(const struct grid_tree *t, int evse, int node)
{
	const struct grid_node *n = node >= 0 ? grid_tree_node(t, node) : NULL;

	return n && evse >= n->evse_first && evse < n->evse_end;
}

bool fallback_find_place(struct looking *l, const struct evse *here, const struct vehicle *v)
{
	const struct grid_tree *t = control_grid(l->control);
	struct station *s, *tmp;
	const struct evse *best = NULL;
	int64_t best_score = planner_job_max_w(here, v) + 1; /* no better than here is of no use */

	HASH_ITER (hh, l->core->fleet.stations, s, tmp)
		for (int i = 0; i < s->evse_count; i++) {
			const struct evse *e = &s->evses[i];
			int64_t score;

			if (e == here || !is_free(l->core, e) ||
				(v && (e->is_dc ? v->max_dc_w : v->max_ac_w) <= 0))
				continue;
			score = planner_job_max_w(e, v);
			if (l->full_node >= 0 && !is_below(t, e->grid_evse, l->full_node))
				score += INT32_MAX;
			if (score > best_score) {
				best = e;
				best_score = score;
			}
		}
	if (!best)
		return false;
	snprintf(l->to_station, sizeof l->to_station, "%s", best->station->id);
	l->to_evse = best->id;
	return true;
}

/* -- in words --------------------------------------------------------------------------------- */

static struct schema_strings words_of(struct arena *a, int count,
	const char *(*word)(const struct looking *, int), const struct looking *l)
{
	struct schema_strings out = {0};
	const char **items = arena_alloc(a, ((size_t)count + 1) * sizeof *items);

	for (int i = 0; items && i < count; i++)
		items[out.count++] = arena_strdup(a, word(l, i));
	out.items = items;
	return out;
}

static const char *order_word(const struct looking *l, int i)
{
	return depot_fallback_enum.values[l->order[i]];
}

static const char *tried_word(const struct looking *l, int i)
{
	return l->tried[i];
}

void fallback_journal(const struct looking *l, const struct vehicle *v, const struct outcome *o,
	const char *words)
{
	struct arena *a = record_arena(l->core);
	struct event_fallback_decided *e = a ? arena_alloc(a, sizeof *e) : NULL;
	bool moves = o->choice == EVENT_FALLBACK_CHOICE_NEXT_CHARGER;

	if (!e)
		return;
	*e = (struct event_fallback_decided){.station = arena_strdup(a, l->station),
		.evse_id = l->evse,
		.transaction_id = arena_strdup(a, l->transaction),
		.plan = arena_strdup(a, l->plan),
		.policy = arena_strdup(a, l->policy),
		.version = arena_strdup(a, l->version),
		.order = words_of(a, l->count, order_word, l),
		.need_wh = l->need_wh,
		.short_wh = l->short_wh,
		.has_departs = l->departs.ms != 0,
		.departs = l->departs,
		.choice = o->choice,
		.to_station = moves ? arena_strdup(a, l->to_station) : NULL,
		.has_to_evse = moves,
		.to_evse = l->to_evse,
		.has_until = o->ready.ms != 0,
		.until = o->ready,
		.has_short_after_wh = o->short_wh >= 0,
		.short_after_wh = o->short_wh,
		.has_cost_more = o->choice == EVENT_FALLBACK_CHOICE_PAY_MORE,
		.cost_more = o->cost_more,
		.tried = words_of(a, l->at < l->count ? l->at + 1 : l->count, tried_word, l),
		.why = arena_strdup(a, words)};
	record_now(l->core, EVENT_FALLBACK_DECIDED, "vehicle", v ? v->id : "unknown", e, "planner",
		NULL);
}

/* Of what is missing as it is, the reason beside it tells: one number a line. */
void fallback_say(const struct looking *l, const struct outcome *o, char *out, size_t size)
{
	double is = (double)o->short_wh / 1000;
	char at[WORDS_TIME_SIZE];

	switch (o->choice) {
	case EVENT_FALLBACK_CHOICE_NEXT_CHARGER:
		snprintf(out, size, "Move it to %s/%d: %.1f kWh would be missing there.",
			l->to_station, l->to_evse, is);
		break;
	case EVENT_FALLBACK_CHOICE_PAY_MORE:
		snprintf(out, size,
			"Energy is bought for it at any price: %.1f kWh are missing then; all costs %.2f "
			"more.",
			is, o->cost_more);
		break;
	case EVENT_FALLBACK_CHOICE_DELAY:
		snprintf(out, size, "Let it leave at %s: then it has what it needs.",
			words_hour(o->ready, at));
		break;
	default:
		snprintf(out, size, "Nothing that its class allows would help.");
	}
}

void fallback_note(struct looking *l, const struct outcome *o)
{
	char at[WORDS_TIME_SIZE], *out = l->tried[l->at];
	size_t size = sizeof l->tried[l->at];

	if (l->order[l->at] == DEPOT_FALLBACK_NEXT_CHARGER)
		snprintf(out, size, "next_charger %s/%d: %.1f kWh missing then", l->to_station,
			l->to_evse, (double)o->short_wh / 1000);
	else if (l->order[l->at] == DEPOT_FALLBACK_PAY_MORE)
		snprintf(out, size, "pay_more: %.1f kWh missing then, %.2f more",
			(double)o->short_wh / 1000, o->cost_more);
	else
		snprintf(out, size, "delay: ready %s",
			o->ready.ms ? words_hour(o->ready, at) : "not within four hours more");
}
