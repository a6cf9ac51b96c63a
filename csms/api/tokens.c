/* Tokens: cards, keys and vehicle identities that may charge. */
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_fleet.h"
#include "csms/api/token_view.h"
#include "csms/charging/token_check.h"
#include "gen/ocpp201.h"

void token_view(const struct depot_file *d, const struct token *t, struct arena *a,
	struct api_token_view *out)
{
	struct event_token_changed e;

	token_event(t, a, &e);
	*out = (struct api_token_view){
		.type = e.type,
		.value = e.value,
		.status = e.status,
		.group = e.group,
		.vehicle = e.vehicle_id,
		.has_expires = e.has_expires,
		.expires = e.expires,
		.has_is_master_pass = true,
		.is_master_pass = token_is_master_pass(d, t),
		.kind = e.kind,
		.evses = e.evses,
		.nodes = e.nodes,
		.windows = e.windows,
		.has_priority = e.has_priority,
		.priority = e.priority,
		.language = e.language,
		.language2 = e.language2,
		.message = e.message,
	};
}

/* The token of the path; NULL after a 404. */
static struct token *path_token(struct ask *k)
{
	struct token *t = fleet_token(&k->api->core->fleet, k->match.param[0], k->match.param[1]);

	if (t == NULL)
		ask_problem(
			k, 404, NULL, "there is no such token; GET /api/v1/tokens lists them all");
	return t;
}

void tokens_list(struct ask *k)
{
	const struct core *c = k->api->core;
	const struct token *tokens = c->fleet.tokens;
	struct api_token_list list = {0};

	list.tokens.items =
		arena_alloc(k->arena, sizeof(*list.tokens.items) * HASH_COUNT(tokens) + 1);
	if (list.tokens.items == NULL) {
		ask_problem(k, 503, NULL, "no memory for the list");
		return;
	}
	for (const struct token *t = tokens; t != NULL; t = t->hh.next)
		token_view(c->depot, t, k->arena, &list.tokens.items[list.tokens.count++]);
	ask_reply(k, 200, &api_token_list_type, &list);
}

void token_get(struct ask *k)
{
	const struct token *t = path_token(k);
	struct api_token_view view;

	if (t == NULL)
		return;
	token_view(k->api->core->depot, t, k->arena, &view);
	ask_reply(k, 200, &api_token_view_type, &view);
}

/* The names in the path, as a token may bear them. */
static bool check_path(struct ask *k)
{
	size_t points = 0;
	const char *value = k->match.param[1];

	if (schema_enum_find(&ocpp201_id_token_enum, k->match.param[0]) < 0) {
		ask_problem(k, 400, "type",
			"type: must be Central, eMAID, ISO14443, ISO15693, KeyCode, Local, "
			"MacAddress or NoAuthorization");
		return false;
	}
	if (!schema_utf8_check(value, strlen(value), &points) || points > 36) {
		ask_problem(k, 400, "value", "value: must have at most 36 characters");
		return false;
	}
	return true;
}

void token_put(struct ask *k)
{
	const struct api_token_put *put = k->body;
	struct event_token_changed t = {
		.type = k->match.param[0],
		.value = k->match.param[1],
		.status = put->status,
		.group = put->group,
		.vehicle_id = put->vehicle,
		.has_expires = put->has_expires,
		.expires = put->expires,
		.kind = put->kind,
		.evses = put->evses,
		.nodes = put->nodes,
		.windows = put->windows,
		.has_priority = put->has_priority,
		.priority = put->priority,
		.language = put->language,
		.language2 = put->language2,
		.message = put->message,
		.source = "api",
	};
	char why[300];

	if (!check_path(k) || !replay_begin(k->api->replay, k))
		return;
	ask_hold(k);
	if (core_put_token(k->api->core, &t, k->who.actor, ask_changed, k, why) != 0)
		ask_problem(k, 422, NULL, "%s", why);
}

void token_delete(struct ask *k)
{
	struct token *t = path_token(k);
	char why[300];

	if (t == NULL || !replay_begin(k->api->replay, k))
		return;
	ask_hold(k);
	if (core_remove_token(k->api->core, t, k->who.actor, ask_changed, k, why) != 0)
		ask_problem(k, 409, NULL, "%s", why);
}
