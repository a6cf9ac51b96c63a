/* Stations: what is registered, and calls to them. */
#include <stdio.h>
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/command_say.h"
#include "csms/api/handlers_stations.h"
#include "csms/api/reach.h"
#include "csms/api/why.h"
#include "csms/command.h"
#include "csms/depot_check.h"
#include "csms/power/grid_risk.h"
#include "csms/power/rotation.h"
#include "csms/view/view.h"
#include "gen/ocpp201.h"

static struct fleet *fleet_of(struct ask *k)
{
	return &k->api->core->fleet;
}

void stations_list(struct ask *k)
{
	size_t count = HASH_COUNT(fleet_of(k)->stations);
	struct api_station_list list = {.at = clock_wall()};

	list.stations.items = arena_alloc(k->arena, sizeof(*list.stations.items) * count + 1);
	if (list.stations.items == NULL) {
		ask_problem(k, 503, NULL, "no memory for the list");
		return;
	}
	for (const struct station *s = fleet_of(k)->stations; s != NULL; s = s->hh.next)
		view_station(
			k->api->core, s, k->arena, &list.stations.items[list.stations.count++]);
	reach_stations_say(
		&(struct scope){k->api->core, &k->who}, k->arena, &list.sentence, &list.sub);
	ask_reply(k, 200, &api_station_list_type, &list);
}

void station_get(struct ask *k)
{
	struct station *s = ask_path_station(k);
	struct api_station_view view;

	if (s == NULL)
		return;
	view_station(k->api->core, s, k->arena, &view);
	ask_reply(k, 200, &api_station_view_type, &view);
}

/* -- registration ---------------------------------------------------------------------------- */

static const char *root_node(const struct core *c)
{
	for (size_t i = 0; i < c->depot->nodes.count; i++)
		if (c->depot->nodes.items[i].parent == NULL)
			return c->depot->nodes.items[i].id;
	return "";
}

static bool check_evses(struct ask *k, const struct api_evse_put_list *list)
{
	char path[40];

	for (size_t i = 0; i < list->count; i++) {
		const struct api_evse_put *e = &list->items[i];
		const char *wrong = e->id != (int64_t)i + 1 ? "id"
				    : e->min_w > e->max_w   ? "min_w"
				    : e->tail_w > e->max_w  ? "tail_w"
							    : NULL;
		if (wrong == NULL)
			continue;
		snprintf(path, sizeof(path), "evses[%zu].%s", i, wrong);
		ask_problem(k, 400, path, "%s: %s", path,
			wrong[0] == 'i' ? "EVSEs are numbered from 1 without gaps"
					: "must not be above max_w");
		return false;
	}
	return true;
}

static bool put_evses(struct ask *k, const struct api_station_put *put, const struct station *old,
	struct event_evse_list *out)
{
	size_t count = put->evses.items != NULL ? put->evses.count
		       : old != NULL            ? (size_t)old->evse_count
						: 0;

	out->count = count;
	out->items = arena_alloc(k->arena, sizeof(*out->items) * count + 1);
	for (size_t i = 0; i < count && out->items != NULL; i++) {
		if (put->evses.items != NULL) {
			const struct api_evse_put *e = &put->evses.items[i];
			out->items[i] = (struct event_evse){.id = e->id,
				.kind = api_current_enum.values[e->kind],
				.max_w = e->max_w,
				.min_w = e->min_w,
				.phases = e->phases,
				.tail_w = e->tail_w,
				.connectors = e->connectors,
				.rotation = e->has_rotation ? api_rotation_enum.values[e->rotation]
							    : NULL,
				.has_max_a = e->has_max_a,
				.max_a = e->max_a};
		} else {
			out->items[i] = evse_registration(&old->evses[i]);
		}
	}
	return out->items != NULL;
}

/* What is left out stays as it was, or takes its default. */
static bool put_registration(struct ask *k, const struct api_station_put *put,
	const struct station *old, struct event_station_registered *reg)
{
	*reg = (struct event_station_registered){
		.policy = put->has_policy || old == NULL ? (enum event_registration)put->policy
							 : old->policy,
		.security_profile = put->has_security_profile || old == NULL
					    ? put->security_profile
					    : old->security_profile,
		.node = put->node != NULL ? put->node
			: old != NULL     ? old->node
					  : root_node(k->api->core),
		.name = put->name != NULL                     ? put->name
			: old != NULL && old->name[0] != '\0' ? old->name
							      : NULL,
		.serial = put->serial,
		.why = put->why,
		.source = "api",
		.has_control = true,
		.control = put->has_control || old == NULL ? (enum event_control)put->control
			   : old->is_manual                ? EVENT_CONTROL_MANUAL
							   : EVENT_CONTROL_AUTOMATIC,
	};
	return put_evses(k, put, old, &reg->evses);
}

/* What its registration says that is seldom meant. */
static void put_done(void *arg, int status, const char *why)
{
	struct ask *k = arg;
	const struct station *s = fleet_station(fleet_of(k), k->match.param[0]);
	char tails[300] = "", phases[300] = "";

	if (status != 0 || s == NULL) {
		ask_changed(k, status, why);
		return;
	}
	grid_risk_station(k->api->core, s, tails);
	if (tails[0] == '\0')
		rotation_say(k->api->core, s, phases);
	if (tails[0] == '\0' && phases[0] == '\0')
		ask_done(k, NULL);
	else
		ask_done(k,
			arena_printf(k->arena, "Stored. But mind %s.", tails[0] ? tails : phases));
}

void station_put(struct ask *k)
{
	const struct api_station_put *put = k->body;
	const char *id = k->match.param[0];
	const struct station *old = fleet_station(fleet_of(k), id);
	struct event_station_registered reg;
	char why[300];

	if (depot_check_identity(id, why) != 0) {
		ask_problem(k, 422, NULL, "%s", why);
		return;
	}
	if (old == NULL && put->evses.items == NULL) {
		ask_problem(k, 400, "evses",
			"evses: a new station needs its EVSEs, for example "
			"[{\"id\":1,\"kind\":\"ac\",\"max_w\":22000}]");
		return;
	}
	if (old != NULL && put->has_security_profile &&
		put->security_profile < old->security_profile && put->why == NULL) {
		ask_problem(k, 422, "why",
			"why: say why %s may come on a lower security profile again; it is kept in the "
			"journal",
			id);
		return;
	}
	if (!check_evses(k, &put->evses) || !replay_begin(k->api->replay, k))
		return;
	if (!put_registration(k, put, old, &reg)) {
		ask_problem(k, 503, NULL, "no memory for the registration");
		return;
	}
	ask_hold(k);
	if (core_put_station(
		    k->api->core, id, &reg, put->password, k->who.actor, put_done, k, why) != 0)
		ask_problem(k, 422, NULL, "%s", why);
}

void station_delete(struct ask *k)
{
	struct station *s = ask_path_station(k);
	const char *reason;
	char why[300];

	if (s == NULL || !ask_why(k, &reason) || !replay_begin(k->api->replay, k))
		return;
	ask_hold(k);
	if (core_remove_station(k->api->core, s, k->who.actor, reason, ask_changed, k, why) != 0)
		ask_problem(k, 409, NULL, "%s", why);
}

/* -- calls ----------------------------------------------------------------------------------- */

static const char *outcome_name(enum event_call_outcome outcome)
{
	return event_call_outcome_enum.values[outcome];
}

static void call_done(void *arg, const struct command *k)
{
	struct command_view v;

	command_look(k, &v);
	ask_reply(arg, 200, &api_call_reply_type,
		&(struct api_call_reply){
			.call_id = v.call_id,
			.outcome = outcome_name(v.outcome),
			.action = v.action,
			.response = v.response,
			.error_code = v.error_code,
			.error_text = v.error_text,
			.took_ms = v.took_ms,
		});
}

static bool check_action(struct ask *k, const char *name)
{
	const struct schema_action *a =
		schema_action_find(ocpp201_actions, OCPP201_ACTION_COUNT, name);

	if (a != NULL && (a->sender & SCHEMA_FROM_CSMS) != 0)
		return true;
	ask_problem(k, 400, "action",
		a == NULL ? "action: OCPP 2.0.1 has no action \"%.50s\"; mind upper and lower case"
			  : "action: %.50s is sent by stations, not to them",
		name);
	return false;
}

/* The reason for the journal, with the key by which the client knows the command. */
static const char *call_why(struct ask *k, const char *why)
{
	if (k->idem[0] == '\0')
		return why;
	return arena_printf(k->arena, "%.120s%s(key %.70s)", why != NULL ? why : "",
		why != NULL ? " " : "", k->idem);
}

/* A call that could not be queued: its payload is wrong, or the station cannot take it now. */
static void call_refuse(struct ask *k, const struct schema_error *err)
{
	if (err->fault != SCHEMA_OK)
		ask_schema_problem(k, err, "payload");
	else
		ask_problem(k, 409, NULL, "%s", err->message);
}

static void call_reply_async(struct ask *k, const struct command *queued)
{
	struct command_view v;

	command_look(queued, &v);
	ask_reply(k, 202, &api_call_reply_type,
		&(struct api_call_reply){
			.call_id = v.call_id, .outcome = "queued", .action = v.action});
}

static void call(struct ask *k)
{
	const struct api_call_post *post = k->body;
	const char *async = ask_query(k, "async");
	bool waits = async == NULL || strcmp(async, "1") != 0;
	struct station *s = ask_path_station(k);
	struct schema_error err = {0};
	char id[37];

	if (s == NULL || !check_action(k, post->action))
		return;
	if (s->session == NULL) {
		ask_problem(k, 409, NULL, "%s is not connected; try again when it is back", s->id);
		return;
	}
	if (!replay_begin(k->api->replay, k))
		return;
	struct command_request req = {
		.action = post->action,
		.payload = post->payload,
		.timeout_s = post->has_timeout_s ? (int)post->timeout_s : 0,
		.actor = k->who.actor,
		.why = call_why(k, post->why),
		.answered = waits ? call_done : NULL,
		.arg = waits ? k : NULL,
	};
	if (waits)
		ask_hold(k);
	if (command_start(k->api->core, s, &req, id, &err) != 0)
		call_refuse(k, &err);
	else if (!waits)
		call_reply_async(k, command_find(k->api->core, id));
}

void station_call(struct ask *k)
{
	const struct api_call_post *p = k->body;

	ask_judged(k, &(struct command_wish){p->action, p->payload, p->force, call});
}
