/* Reservations: asked for, cancelled, listed. csms/charging/reservation.h keeps them. */
#include <stdlib.h>
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_stations.h"
#include "csms/command.h"
#include "csms/record.h"
#include "csms/charging/reservation.h"
#include "csms/charging/token_check.h"
#include "db/query.h"
#include "db/query_reservation.h"

#define LIST_MAX 1000

/* What an ask is about, while it waits for the station and for the store. */
struct order {
	struct db_reservation_filter filter;
	struct db_reservation_list found;
	const char *error;
	const char *failure; /* what became of the command, NULL: it was answered */
};

/* -- looking --------------------------------------------------------------------------------- */

static void view(const struct db_reservation *r, struct api_reservation_view *out)
{
	*out = (struct api_reservation_view){
		.id = r->id,
		.station = r->station,
		.state = r->state,
		.has_evse = r->evse != 0,
		.evse = r->evse,
		.connector_type = r->connector_type,
		.token = r->token,
		.token_type = r->token_type,
		.group = r->group,
		.expires = r->expires,
		.transaction = r->transaction_id,
		.note = r->note,
		.made_at = r->made_at,
		.changed_at = r->changed_at,
	};
}

static void work(struct db_reader *r, struct ask *k)
{
	struct order *o = k->state;

	if (db_query_reservations(r, &o->filter, k->arena, &o->found) != 0)
		o->error = arena_strdup(k->arena, db_reader_error(r));
}

static void list_finish(struct ask *k)
{
	const struct order *o = k->state;
	struct api_reservation_list list = {0};

	list.reservations.items =
		arena_alloc(k->arena, sizeof(*list.reservations.items) * o->found.count + 1);
	if (o->error != NULL || list.reservations.items == NULL) {
		ask_problem(k, 503, NULL, "the store: %s", o->error ? o->error : "no memory");
		return;
	}
	list.reservations.count = o->found.count;
	for (size_t i = 0; i < o->found.count; i++)
		view(&o->found.items[i], &list.reservations.items[i]);
	ask_reply(k, 200, &api_reservation_list_type, &list);
}

static struct order *order_of(struct ask *k)
{
	struct order *o = arena_alloc(k->arena, sizeof(*o));

	k->state = o;
	if (o == NULL)
		ask_problem(k, 503, NULL, "no memory for the query");
	return o;
}

void reservations_list(struct ask *k)
{
	const char *state = ask_query(k, "state");
	int64_t limit = 100;
	struct order *o;

	if (!ask_int(k, "limit", 1, LIST_MAX, &limit) || !(o = order_of(k)))
		return;
	o->filter.station = ask_station(k, ask_query(k, "station"));
	o->filter.limit = (int)limit;
	o->filter.open = state != NULL && strcmp(state, "open") == 0;
	o->filter.state = o->filter.open ? NULL : state;
	ask_read(k, work, list_finish);
}

/* -- asking ---------------------------------------------------------------------------------- */

static void one_finish(struct ask *k)
{
	const struct order *o = k->state;
	struct api_reservation_view out;

	if (o->error != NULL || o->found.count == 0) {
		ask_problem(k, 503, NULL, "the store: %s",
			o->error ? o->error : "the reservation is not there");
		return;
	}
	view(&o->found.items[0], &out);
	ask_reply(k, 200, &api_reservation_view_type, &out);
}

static void on_durable(void *arg, int status, const char *why)
{
	struct ask *k = arg;
	const struct order *o = k->state;

	if (status != 0)
		ask_problem(k, 503, NULL, "the store: %s", why);
	else if (o->failure != NULL)
		ask_problem(k, 504, NULL, "the station did not answer: %s", o->failure);
	else
		ask_read(k, work, one_finish);
}

static void on_answered(void *arg, const struct command *command)
{
	struct ask *k = arg;
	struct order *o = k->state;
	struct command_view v;
	struct station *s;

	if (k->api == NULL) { /* the API ended meanwhile */
		ask_problem(k, 503, NULL, "depotd ends");
		return;
	}
	command_look(command, &v);
	s = fleet_station(&k->api->core->fleet, v.station);
	if (v.outcome != EVENT_CALL_OUTCOME_ANSWERED) {
		o->failure = arena_strdup(k->arena, v.error_text ? v.error_text : "no answer");
		if (s != NULL && strcmp(v.action, "ReserveNow") == 0)
			reservation_lost(k->api->core, s, o->filter.id, o->failure);
	}
	record_then(k->api->core, on_durable, k);
}

/* Sends the command; the ask is answered when it is, or at once when it cannot start. */
static bool send(struct ask *k, struct station *s, const char *action,
	const struct schema_struct *type, const void *request, const char *why)
{
	struct command_request req = {.action = action,
		.actor = k->who.actor,
		.why = why,
		.answered = on_answered,
		.arg = k};
	struct schema_error err;
	struct text t;
	char id[37];
	int rc = -1;

	text_init(&t, 0);
	if (schema_encode(type, request, &t) == 0) {
		req.payload = t.data;
		rc = command_start(k->api->core, s, &req, id, &err);
		if (rc != 0 && err.fault == SCHEMA_OK)
			ask_problem(k, 409, NULL, "%s", err.message);
		else if (rc != 0)
			ask_schema_problem(k, &err, "");
	} else {
		ask_problem(k, 503, NULL, "no memory");
	}
	text_finish(&t);
	return rc == 0;
}

/* The token must be one that could charge there; false after a problem. */
static bool check_token(struct ask *k, const struct station *s, const struct evse *e,
	const struct ocpp201_id_token *token, struct ocpp201_id_token_info *info)
{
	const struct core *c = k->api->core;
	const struct token_use use = {.fleet = &c->fleet,
		.depot = c->depot,
		.station = s,
		.evse = e,
		.now = clock_wall()};

	token_check(&use, token, k->arena, info);
	if (info->status == OCPP201_AUTHORIZATION_STATUS_ACCEPTED)
		return true;
	ask_problem(k, 422, "token", "token: %s is %s at station %s", token->id_token,
		ocpp201_authorization_status_enum.values[info->status], s->id);
	return false;
}

/* The words of the body that must be OCPP's; false after a problem. */
static bool read_words(struct ask *k, const struct api_reservation_post *post,
	struct ocpp201_reserve_now_request *out)
{
	int type = schema_enum_find(&ocpp201_id_token_enum, post->token_type);
	int connector = post->connector_type
				? schema_enum_find(&ocpp201_connector_enum, post->connector_type)
				: 0;

	if (type < 0 || connector < 0) {
		ask_problem(k, 400, type < 0 ? "token_type" : "connector_type",
			"%s is no word of OCPP 2.0.1 for that",
			type < 0 ? post->token_type : post->connector_type);
		return false;
	}
	if (post->has_evse && post->connector_type != NULL) {
		ask_problem(
			k, 422, "connector_type", "give an EVSE or a type of connector, not both");
		return false;
	}
	out->id_token = (struct ocpp201_id_token){.id_token = post->token, .type = type};
	out->has_connector_type = post->connector_type != NULL;
	out->connector_type = connector;
	return true;
}

static void no_station(struct ask *k, const char *id)
{
	ask_problem(k, 404, "station", "there is no station \"%.48s\"", id);
}

void reservation_post(struct ask *k)
{
	const struct api_reservation_post *post = k->body;
	struct core *c = k->api->core;
	struct station *s = fleet_station(&c->fleet, post->station);
	struct ocpp201_reserve_now_request q = {.expiry_date_time = post->expires,
		.has_evse_id = post->has_evse,
		.evse_id = post->evse};
	struct ocpp201_id_token group = {.id_token = post->group, .type = OCPP201_ID_TOKEN_CENTRAL};
	struct ocpp201_id_token_info info;
	const struct evse *e = s != NULL && post->has_evse ? station_evse(s, post->evse) : NULL;
	struct order *o;

	if (s == NULL) {
		no_station(k, post->station);
		return;
	}
	if (!read_words(k, post, &q))
		return;
	if (post->has_evse && e == NULL) {
		ask_problem(
			k, 422, "evse", "evse: station %s has EVSEs 1 to %d", s->id, s->evse_count);
		return;
	}
	if (!check_token(k, s, e, &q.id_token, &info) || !replay_begin(k->api->replay, k) ||
		!(o = order_of(k)))
		return;
	q.id = command_next_request_id(c);
	q.group_id_token = post->group != NULL ? &group : info.group_id_token;
	o->filter = (struct db_reservation_filter){
		.station = arena_strdup(k->arena, s->id), .id = q.id, .limit = 1};
	ask_hold(k);
	if (send(k, s, "ReserveNow", &ocpp201_reserve_now_request_type, &q, post->why))
		reservation_asked(c, s, &q, k->who.actor);
}

void reservation_delete(struct ask *k)
{
	struct station *s = fleet_station(&k->api->core->fleet, k->match.param[0]);
	struct ocpp201_cancel_reservation_request q = {
		.reservation_id = strtoll(k->match.param[1], NULL, 10)};
	struct order *o;

	if (s == NULL) {
		no_station(k, k->match.param[0]);
		return;
	}
	if (reservation_find(k->api->core, s->id, q.reservation_id) == NULL) {
		ask_problem(k, 404, NULL,
			"there is no open reservation %.20s; GET /api/v1/reservations?state=open "
			"lists them",
			k->match.param[1]);
		return;
	}
	if (!replay_begin(k->api->replay, k) || !(o = order_of(k)))
		return;
	o->filter = (struct db_reservation_filter){
		.station = arena_strdup(k->arena, s->id), .id = q.reservation_id, .limit = 1};
	ask_hold(k);
	send(k, s, "CancelReservation", &ocpp201_cancel_reservation_request_type, &q, NULL);
}
