/* What is said of all vehicles and their work (csms/view/words_vehicles.h). */
#include <string.h>
#include "csms/vehicles/roster.h"
#include "csms/vehicles/telematics.h"
#include "csms/vehicles/trips.h"
#include "csms/view/view.h"
#include "csms/view/words_vehicles.h"

#define AHEAD_MS INT64_C(129600000) /* the night and the next day: 36 h */

static const char *name_of(const struct api_vehicle_view *v)
{
	return v->name ? v->name : v->id;
}

static void note(int *count, const char **name, const char *who)
{
	if ((*count)++ == 0)
		*name = who;
}

static void count_vehicle(const struct api_vehicle_view *v, wall_t now, struct words_vehicles *n)
{
	n->vehicles++;
	n->here += v->station != NULL;
	n->unknown += !v->has_soc_pct;
	if (strcmp(v->state, "will_miss") == 0)
		note(&n->will_miss, &n->will_miss_name, name_of(v));
	else if (strcmp(v->state, "at_risk") == 0)
		note(&n->at_risk, &n->at_risk_name, name_of(v));
	if (v->has_possible && !v->possible)
		note(&n->impossible, &n->impossible_name, name_of(v));
	if (v->has_departs_at && v->departs_at.ms > now.ms &&
		(!n->first_name || v->departs_at.ms < n->first_at.ms)) {
		n->first_name = name_of(v);
		n->first_at = v->departs_at;
	}
}

/* Vehicles are counted once, however many trips they have. */
static void count_trips(const struct core *c, wall_t now, struct words_vehicles *n)
{
	int with_trip = 0;

	if (!c->trips)
		return;
	for (const struct trip *t = trips_all(c->trips); t; t = t->hh.next) {
		bool is_soon = t->departs.ms > now.ms && t->departs.ms <= now.ms + AHEAD_MS;

		n->trips += is_soon;
		with_trip += is_soon && (!t->prev->next || t->prev->departs.ms <= now.ms);
	}
	n->without_trip = n->vehicles > with_trip ? n->vehicles - with_trip : 0;
}

static void count_rosters(const struct core *c, struct words_vehicles *n)
{
	for (const struct roster *r = c->rosters ? rosters_all(c->rosters) : NULL; r;
		r = r->hh.next)
		if (r->fault[0])
			note(&n->broken_rosters, &n->roster_name, r->id);
}

static void count_aside(const struct core *c, struct words_vehicles *n)
{
	for (int i = 0; c->telematics && i < telematics_source_count(c->telematics); i++) {
		struct telematics_source_view v;

		telematics_source_look(telematics_source_at(c->telematics, i), &v);
		n->aside += v.open_aside;
	}
}

static const char *arena_text(struct arena *a, struct text *t)
{
	const char *s = text_ok(t) && t->data ? arena_strndup(a, t->data, t->len) : "";

	text_finish(t);
	return s;
}

void view_vehicles_say(const struct core *c, const struct api_vehicle_detail_list *list,
	struct arena *a, const char **sentence, const char **sub)
{
	struct words_vehicles n = {0};
	wall_t now = clock_wall();
	struct text t;

	for (size_t i = 0; i < list->count; i++)
		count_vehicle(&list->items[i].vehicle, now, &n);
	count_trips(c, now, &n);
	count_rosters(c, &n);
	count_aside(c, &n);
	text_init(&t, 290);
	words_vehicles_sentence(&t, &n, now);
	*sentence = arena_text(a, &t);
	text_init(&t, 390);
	words_vehicles_sub(&t, &n);
	*sub = arena_text(a, &t);
}

const char *view_vehicle_say(const struct api_vehicle_view *v, struct arena *a)
{
	struct words_vehicle x = {.name = name_of(v),
		.place = v->station ? arena_printf(a, "%s/%d", v->station, (int)v->evse) : NULL,
		.leaves = v->has_departs_at ? v->departs_at : (wall_t){0},
		.now = clock_wall(),
		.target_pct = (int)v->target_pct,
		.is_possible = !v->has_possible || v->possible};
	struct text t;

	text_init(&t, 290);
	words_vehicle_sentence(&t, &x);
	return arena_text(a, &t);
}
