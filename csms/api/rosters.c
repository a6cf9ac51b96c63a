/* What vehicles do each week: listed, added, changed, removed. csms/vehicles/roster.h. */
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_fleet.h"
#include "csms/vehicles/roster.h"

void rosters_list(struct ask *k)
{
	const struct core *c = k->api->core;
	const struct roster *all = rosters_all(c->rosters);
	struct api_roster_list list = {.holidays = c->depot->holidays};

	list.rosters.items =
		arena_alloc(k->arena, ((size_t)HASH_COUNT(all) + 1) * sizeof *list.rosters.items);
	for (const struct roster *x = all; x && list.rosters.items; x = x->hh.next)
		list.rosters.items[list.rosters.count++] = (struct api_roster_view){.id = x->id,
			.vehicle = x->row->vehicle,
			.row = schema_text(k->arena, &depot_roster_type, x->row),
			.changed = x->is_changed,
			.trips = roster_trips(c->rosters, x),
			.fault = x->fault[0] ? x->fault : NULL};
	ask_reply(k, 200, &api_roster_list_type, &list);
}

void roster_put(struct ask *k)
{
	const struct depot_roster *row = k->body;
	struct rosters *r = k->api->core->rosters;
	const char *member;
	char why[200];

	if (strcmp(row->id, k->match.param[0]) != 0) {
		ask_problem(k, 400, "id", "id: is %.60s, but the path says %.60s", row->id,
			k->match.param[0]);
		return;
	}
	if (roster_check(k->api->core, row, &member, why)) {
		ask_problem(k, 422, member, "%s: %s", member, why);
		return;
	}
	if (!replay_begin(k->api->replay, k))
		return;
	ask_hold(k);
	if (roster_put_row(r, row, k->who.actor, ask_changed, k) < 0)
		ask_problem(k, 503, NULL, "no memory, or too many rosters");
}

void roster_delete(struct ask *k)
{
	struct rosters *r = k->api->core->rosters;
	const struct roster *x = roster_find(r, k->match.param[0]);

	if (!x || !x->is_changed) {
		ask_problem(k, x ? 409 : 404, NULL,
			x ? "the depot's file has \"%.60s\": remove it there, or change it with "
			    "`until`"
			  : "there is no roster \"%.60s\"; GET /api/v1/rosters lists them",
			k->match.param[0]);
		return;
	}
	if (!replay_begin(k->api->replay, k))
		return;
	ask_hold(k);
	if (roster_remove(r, x->id, k->who.actor, ask_changed, k) < 0)
		ask_problem(k, 503, NULL, "no memory");
}
