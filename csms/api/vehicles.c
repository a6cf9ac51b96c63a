/* Vehicles and what they are known by: their identities are tokens that name them. */
#include <string.h>
#include <strings.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_fleet.h"
#include "csms/api/token_view.h"
#include "csms/record.h"
#include "csms/vehicles/bays.h"
#include "csms/vehicles/told_soc.h"
#include "csms/vehicles/vehicles.h"
#include "csms/view/view.h"
#include "gen/depot.h"
#include "gen/ocpp201.h"

/* -- looking --------------------------------------------------------------------------------- */

static bool view_identities(const struct core *c, const struct vehicle *v, struct arena *a,
	struct api_token_view_list *out)
{
	size_t count = 0;

	for (const struct token *t = c->fleet.tokens; t != NULL; t = t->hh.next)
		count += t->vehicle == v;
	out->items = arena_alloc(a, sizeof(*out->items) * (count + 1));
	if (out->items == NULL)
		return false;
	for (const struct token *t = c->fleet.tokens; t != NULL; t = t->hh.next)
		if (t->vehicle == v)
			token_view(c->depot, t, a, &out->items[out->count++]);
	return true;
}

static bool view_bays(
	const struct core *c, const struct vehicle *v, struct arena *a, struct schema_strings *out)
{
	const struct depot_bay_list *bays = &c->depot->bays;

	const struct evse *assigned = bays_assigned(c, v);

	out->items = arena_alloc(a, sizeof(*out->items) * (bays->count + 1));
	if (out->items != NULL && assigned != NULL)
		out->items[out->count++] =
			arena_printf(a, "%s/%d", assigned->station->id, assigned->id);
	for (size_t i = 0; out->items != NULL && assigned == NULL && i < bays->count; i++)
		if (strcmp(bays->items[i].vehicle, v->id) == 0)
			out->items[out->count++] = arena_printf(
				a, "%s/%d", bays->items[i].station, (int)bays->items[i].evse);
	return out->items != NULL;
}

static bool view_detail(const struct core *c, const struct vehicle *v, struct arena *a,
	struct api_vehicle_detail *out)
{
	memset(out, 0, sizeof(*out));
	view_vehicle(c, v, a, &out->vehicle);
	out->sentence = view_vehicle_say(&out->vehicle, a);
	out->description = v->row ? schema_text(a, &depot_vehicle_type, v->row) : NULL;
	out->has_changed = true;
	out->changed = vehicle_is_changed(c, v);
	return view_identities(c, v, a, &out->identities) && view_bays(c, v, a, &out->bays);
}

void vehicles_list(struct ask *k)
{
	const struct core *c = k->api->core;
	struct api_vehicle_list list = {0};
	bool ok;

	list.vehicles.items = arena_alloc(
		k->arena, sizeof(*list.vehicles.items) * HASH_COUNT(c->fleet.vehicles) + 1);
	ok = list.vehicles.items != NULL;
	for (const struct vehicle *v = c->fleet.vehicles; ok && v != NULL; v = v->hh.next)
		ok = view_detail(c, v, k->arena, &list.vehicles.items[list.vehicles.count++]);
	if (ok) {
		list.at = clock_wall();
		view_vehicles_say(c, &list.vehicles, k->arena, &list.sentence, &list.sub);
		ask_reply(k, 200, &api_vehicle_list_type, &list);
	} else
		ask_problem(k, 503, NULL, "no memory for the list");
}

static struct vehicle *path_vehicle(struct ask *k)
{
	struct vehicle *v = fleet_vehicle(&k->api->core->fleet, k->match.param[0]);

	if (v == NULL)
		ask_problem(k, 404, NULL, "there is no vehicle \"%.60s\"", k->match.param[0]);
	return v;
}

void vehicle_get(struct ask *k)
{
	const struct vehicle *v = path_vehicle(k);
	struct api_vehicle_detail out;

	if (v == NULL)
		return;
	if (view_detail(k->api->core, v, k->arena, &out))
		ask_reply(k, 200, &api_vehicle_detail_type, &out);
	else
		ask_problem(k, 503, NULL, "no memory for the vehicle");
}

/* -- changing -------------------------------------------------------------------------------- */

/* Every identity must be one, and nobody else's: a mistyped card must not move a vehicle. */
static bool check(struct ask *k, const struct vehicle *v, const struct api_identity_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct api_identity *id = &list->items[i];
		const struct token *t = fleet_token(&k->api->core->fleet, id->type, id->value);
		int type = schema_enum_find(&ocpp201_id_token_enum, id->type);

		if (type < 0 || type == OCPP201_ID_TOKEN_NO_AUTHORIZATION) {
			ask_problem(k, 400, "type",
				"identities[%zu].type: must be ISO14443, ISO15693, eMAID, "
				"MacAddress, Central, KeyCode or Local",
				i);
			return false;
		}
		if (t != NULL && t->vehicle != NULL && t->vehicle != v) {
			ask_problem(k, 409, "value", "identities[%zu]: %s is %s's", i, id->value,
				t->vehicle->id);
			return false;
		}
	}
	return true;
}

static bool is_named(const struct api_identity_list *list, const struct token *t)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i].type, t->type) == 0 &&
			strcasecmp(list->items[i].value, t->value) == 0)
			return true;
	return false;
}

/* The token as it is, but for whose it is. -1 with one line. */
static int bind(struct ask *k, const struct token *t, const struct api_identity *id,
	const char *vehicle, char why[300])
{
	struct event_token_changed e = {.status = "Accepted", .vehicle_id = vehicle};

	if (t != NULL)
		token_event(t, k->arena, &e);
	else {
		e.type = id->type;
		e.value = id->value;
	}
	e.vehicle_id = vehicle;
	e.source = "api";
	return core_put_token(k->api->core, &e, k->who.actor, NULL, NULL, why);
}

void identities_put(struct ask *k)
{
	const struct api_identities_put *put = k->body;
	const struct api_identity_list *list = &put->identities;
	struct core *c = k->api->core;
	struct vehicle *v = path_vehicle(k);
	char why[300];
	int rc = 0;

	if (v == NULL || !check(k, v, list) || !replay_begin(k->api->replay, k))
		return;
	ask_hold(k);
	for (const struct token *t = c->fleet.tokens; t != NULL && rc == 0; t = t->hh.next)
		if (t->vehicle == v && !is_named(list, t))
			rc = bind(k, t, NULL, "", why);
	for (size_t i = 0; i < list->count && rc == 0; i++)
		rc = bind(k, fleet_token(&c->fleet, list->items[i].type, list->items[i].value),
			&list->items[i], v->id, why);
	if (rc != 0)
		ask_problem(k, 422, NULL, "%s", why);
	else
		record_then(c, ask_changed, k);
}

void vehicle_put_row(struct ask *k)
{
	const struct depot_vehicle *row = k->body;
	const char *member, *check = ask_query(k, "check");
	bool is_check = check && strcmp(check, "0") != 0;
	char why[300];
	int rc;

	if (strcmp(row->id, k->match.param[0]) != 0) {
		ask_problem(k, 400, "id", "id: is %.60s, but the path says %.60s", row->id,
			k->match.param[0]);
		return;
	}
	rc = is_check ? vehicle_check(k->api->core, row, &member, why) : 0;
	if (is_check && rc == 0)
		ask_done(k, "good: nothing was changed");
	if (rc)
		ask_problem(k, rc, member, "%s%s%s", member ? member : "", member ? ": " : "", why);
	if (is_check || !replay_begin(k->api->replay, k))
		return;
	ask_hold(k);
	rc = vehicle_put(k->api->core, row, k->who.actor, ask_changed, k, &member, why);
	if (rc)
		ask_problem(k, rc, member, "%s%s%s", member ? member : "", member ? ": " : "", why);
}

void vehicle_delete(struct ask *k)
{
	struct vehicle *v = path_vehicle(k);
	char why[300];
	int rc;

	if (v == NULL || !replay_begin(k->api->replay, k))
		return;
	ask_hold(k);
	rc = vehicle_remove(k->api->core, v, k->who.actor, ask_changed, k, why);
	if (rc)
		ask_problem(k, rc, NULL, "%s", why);
}

/* What waits for the disk. */
struct telling {
	struct api_vehicle_soc_reply reply;
	char say[300];
};

static void told(void *arg, int status, const char *why)
{
	struct ask *k = arg;
	const struct telling *x = k->state;

	if (status != 0)
		ask_problem(k, 503, NULL, "it could not be written: %s", why ? why : "try again");
	else
		ask_reply(k, 200, &api_vehicle_soc_reply_type, &x->reply);
}

void vehicle_soc_post(struct ask *k)
{
	const struct api_vehicle_soc_post *post = k->body;
	struct vehicle *v = path_vehicle(k);
	struct telling *x = v ? arena_alloc(k->arena, sizeof *x) : NULL;
	enum told_soc_end end;

	if (v == NULL)
		return;
	if (x == NULL) {
		ask_problem(k, 503, NULL, "no memory for the reading");
		return;
	}
	if (!replay_begin(k->api->replay, k))
		return;
	ask_hold(k);
	end = told_soc_take(k->api->core, v, post->pct, post->has_at ? post->at : clock_wall(),
		k->who.actor, x->say);
	if (end == TOLD_SOC_REFUSED || end == TOLD_SOC_FAILED) {
		ask_problem(k, end == TOLD_SOC_REFUSED ? 422 : 503,
			end == TOLD_SOC_REFUSED ? "at" : NULL, "%s%s",
			end == TOLD_SOC_REFUSED ? "at: " : "", x->say);
		return;
	}
	x->reply = (struct api_vehicle_soc_reply){end == TOLD_SOC_COUNTS, x->say};
	k->state = x;
	record_then(k->api->core, told, k);
}
