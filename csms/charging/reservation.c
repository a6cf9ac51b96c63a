#include "csms/charging/reservation.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "csms/command.h"
#include "csms/log.h"
#include "csms/record.h"
#include "csms/stored.h"
#include "db/query_reservation.h"

#define OPEN_MAX   10000 /* reservations in memory */
#define PATIENCE_S 60 /* for the station's own word that the time is over */

struct reservations {
	struct reservation *all; /* uthash by key */
};

static void key_of(const char *station, int64_t id, char out[80])
{
	snprintf(out, 80, "%s/%lld", station, (long long)id);
	for (char *p = out; *p; p++)
		*p = (char)tolower((unsigned char)*p);
}

struct reservation *reservation_find(const struct core *c, const char *station, int64_t id)
{
	char key[80];
	struct reservation *r = NULL;

	key_of(station, id, key);
	if (c->reservations)
		HASH_FIND_STR(c->reservations->all, key, r);
	return r;
}

const struct reservation *reservation_of(const struct core *c, const struct evse *e)
{
	const struct reservation *r = c->reservations ? c->reservations->all : NULL;

	for (; r; r = r->hh.next)
		if (r->evse == e->id && r->state == EVENT_RESERVATION_STATE_ACTIVE &&
			strcasecmp(r->station, e->station->id) == 0)
			return r;
	return NULL;
}

static struct reservation *add(struct core *c, const char *station, int64_t id)
{
	struct reservation *r = reservation_find(c, station, id);

	if (r || !c->reservations || HASH_COUNT(c->reservations->all) >= OPEN_MAX)
		return r;
	r = calloc(1, sizeof *r);
	if (!r)
		return NULL;
	key_of(station, id, r->key);
	snprintf(r->station, sizeof r->station, "%s", station);
	r->id = id;
	r->core = c;
	HASH_ADD_STR(c->reservations->all, key, r);
	return r;
}

static void forget(struct core *c, struct reservation *r)
{
	timer_stop(c->timers, &r->timer);
	HASH_DEL(c->reservations->all, r);
	free(r);
}

static bool is_over(enum event_reservation_state state)
{
	return state != EVENT_RESERVATION_STATE_ASKED && state != EVENT_RESERVATION_STATE_ACTIVE &&
	       state != EVENT_RESERVATION_STATE_UNKNOWN;
}

/* -- the record ------------------------------------------------------------------------------- */

static const char *text(struct arena *a, const char *s)
{
	return s[0] ? arena_strdup(a, s) : NULL;
}

static void journal(struct core *c, const struct reservation *r, const char *actor)
{
	struct arena *a = record_arena(c);
	struct event_reservation_changed *p = a ? arena_alloc(a, sizeof *p) : NULL;
	char id[80];

	if (!p)
		return;
	*p = (struct event_reservation_changed){
		.station_id = arena_strdup(a, r->station),
		.reservation_id = r->id,
		.state = r->state,
		.has_evse_id = r->evse != 0,
		.evse_id = r->evse,
		.connector_type = text(a, r->connector_type),
		.id_token = arena_strdup(a, r->token),
		.id_token_type = arena_strdup(a, r->token_type),
		.group = text(a, r->group),
		.expires = r->expires,
		.transaction_id = text(a, r->transaction_id),
		.note = text(a, r->note),
	};
	snprintf(id, sizeof id, "%s/%lld", r->station, (long long)r->id);
	record_now(c, EVENT_RESERVATION_CHANGED, "reservation", id, p, actor, NULL);
}

/* What a person sees of the EVSE has changed. */
static void touch(struct core *c, const struct reservation *r)
{
	struct station *s = fleet_station(&c->fleet, r->station);

	if (s)
		fleet_touch(&c->fleet, s);
}

/* Takes the new state; one that is over leaves the memory. */
static void move(struct core *c, struct reservation *r, enum event_reservation_state state,
	const char *note, const char *actor)
{
	r->state = state;
	snprintf(r->note, sizeof r->note, "%s", note ? note : "");
	journal(c, r, actor);
	touch(c, r);
	log_info("station %s: reservation %lld for %s: %s%s%s", r->station, (long long)r->id,
		r->token, event_reservation_state_enum.values[state], note ? ": " : "",
		note ? note : "");
	if (is_over(state))
		forget(c, r);
}

static void on_time_over(void *arg)
{
	struct reservation *r = arg;

	move(r->core, r, EVENT_RESERVATION_STATE_EXPIRED,
		"its time is over; the station did not say so", "depotd");
}

static void watch(struct core *c, struct reservation *r)
{
	int64_t left_ms = wall_diff_ms(r->expires, clock_wall()) + PATIENCE_S * 1000;

	timer_start(c->timers, &r->timer, left_ms > 0 ? left_ms : 0, on_time_over, r);
}

/* -- asking ----------------------------------------------------------------------------------- */

static int refuse(struct schema_error *err, const char *path, const char *words)
{
	err->fault = SCHEMA_BAD_RANGE;
	snprintf(err->path, sizeof err->path, "%s", path);
	snprintf(err->message, sizeof err->message, "%s", words);
	return -1;
}

int reservation_check(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err)
{
	const struct ocpp201_reserve_now_request *r = request;

	(void)c;
	if (r->has_evse_id && !station_evse(s, r->evse_id))
		return refuse(err, "evseId", "the station has no such EVSE");
	if (r->expiry_date_time.ms <= clock_wall().ms)
		return refuse(err, "expiryDateTime", "must be in the future");
	return 0;
}

static void take_request(struct reservation *r, const struct ocpp201_reserve_now_request *q)
{
	r->evse = q->has_evse_id ? (int)q->evse_id : 0;
	r->expires = q->expiry_date_time;
	snprintf(r->connector_type, sizeof r->connector_type, "%s",
		q->has_connector_type ? ocpp201_connector_enum.values[q->connector_type] : "");
	snprintf(r->token, sizeof r->token, "%s", q->id_token.id_token);
	snprintf(r->token_type, sizeof r->token_type, "%s",
		ocpp201_id_token_enum.values[q->id_token.type]);
	snprintf(r->group, sizeof r->group, "%s",
		q->group_id_token ? q->group_id_token->id_token : "");
	r->transaction_id[0] = '\0';
}

void reservation_asked(struct core *c, struct station *s,
	const struct ocpp201_reserve_now_request *q, const char *actor)
{
	struct reservation *r = add(c, s->id, q->id);

	if (!r)
		return;
	take_request(r, q);
	watch(c, r);
	move(c, r, EVENT_RESERVATION_STATE_ASKED, NULL, actor);
}

void reservation_lost(struct core *c, struct station *s, int64_t id, const char *why)
{
	struct reservation *r = reservation_find(c, s->id, id);

	if (r && r->state == EVENT_RESERVATION_STATE_ASKED)
		move(c, r, EVENT_RESERVATION_STATE_UNKNOWN, why, "depotd");
}

/* H01.FR.02: the id of a reservation that is there replaces it. */
static void reserved(struct core *c, struct station *s, const struct ocpp201_reserve_now_request *q,
	const struct ocpp201_reserve_now_response *res, const char *actor)
{
	struct reservation *r = reservation_find(c, s->id, q->id);
	bool was_active = r && r->state == EVENT_RESERVATION_STATE_ACTIVE;
	bool is_taken = res->status == OCPP201_RESERVE_NOW_STATUS_ACCEPTED;

	if (was_active && !is_taken)
		return; /* the old one stays */
	r = add(c, s->id, q->id);
	if (!r)
		return;
	take_request(r, q);
	watch(c, r);
	move(c, r, is_taken ? EVENT_RESERVATION_STATE_ACTIVE : EVENT_RESERVATION_STATE_REFUSED,
		is_taken ? NULL : ocpp201_reserve_now_status_enum.values[res->status], actor);
}

/* H02: Rejected says that the station knows no such reservation. */
static void cancelled(struct core *c, struct reservation *r, bool is_done, const char *actor)
{
	if (r && is_done)
		move(c, r, EVENT_RESERVATION_STATE_CANCELLED, NULL, actor);
	else if (r)
		move(c, r, EVENT_RESERVATION_STATE_REMOVED, "the station does not know it", actor);
}

void reservation_answered(
	struct core *c, struct station *s, int action, const void *request, const void *response)
{
	char actor[80];

	snprintf(actor, sizeof actor, "station:%s", s->id);
	if (action == OCPP201_RESERVE_NOW) {
		reserved(c, s, request, response, actor);
	} else {
		const struct ocpp201_cancel_reservation_request *q = request;
		const struct ocpp201_cancel_reservation_response *res = response;

		cancelled(c, reservation_find(c, s->id, q->reservation_id),
			res->status == OCPP201_CANCEL_RESERVATION_STATUS_ACCEPTED, actor);
	}
}

/* -- what the station reports ------------------------------------------------------------------ */

static void sign(struct core *c, struct station *s, int64_t id, const char *status)
{
	const struct command_sign said = {
		.kind = SIGN_RESERVATION, .action = -1, .request_id = id, .status = status};

	command_sign(c, s, &said);
}

void reservation_reported(
	struct core *c, struct station *s, int64_t id, enum ocpp201_reservation_update_status st)
{
	struct reservation *r = reservation_find(c, s->id, id);
	bool expired = st == OCPP201_RESERVATION_UPDATE_STATUS_EXPIRED;
	char actor[80];

	snprintf(actor, sizeof actor, "station:%s", s->id);
	if (r)
		move(c, r,
			expired ? EVENT_RESERVATION_STATE_EXPIRED : EVENT_RESERVATION_STATE_REMOVED,
			NULL, actor);
	sign(c, s, id, ocpp201_reservation_update_status_enum.values[st]);
}

void reservation_used(struct core *c, struct station *s, int64_t id, const char *transaction_id)
{
	struct reservation *r = reservation_find(c, s->id, id);
	char actor[80];

	if (!r)
		return;
	snprintf(actor, sizeof actor, "station:%s", s->id);
	snprintf(r->transaction_id, sizeof r->transaction_id, "%s", transaction_id);
	move(c, r, EVENT_RESERVATION_STATE_USED, NULL, actor);
	sign(c, s, id, "Used");
}

/* -- life ------------------------------------------------------------------------------------- */

static void put_row(struct core *c, const struct db_reservation *row)
{
	struct reservation *r = add(c, row->station, row->id);
	int state = schema_enum_find(&event_reservation_state_enum, row->state);

	if (!r || state < 0)
		return;
	r->state = (enum event_reservation_state)state;
	r->evse = (int)row->evse;
	r->expires = row->expires;
	snprintf(r->connector_type, sizeof r->connector_type, "%s",
		row->connector_type ? row->connector_type : "");
	snprintf(r->token, sizeof r->token, "%s", row->token);
	snprintf(r->token_type, sizeof r->token_type, "%s", row->token_type);
	snprintf(r->group, sizeof r->group, "%s", row->group ? row->group : "");
	if (r->state == EVENT_RESERVATION_STATE_ASKED)
		move(c, r, EVENT_RESERVATION_STATE_UNKNOWN, "depotd ended before the answer",
			"depotd");
	watch(c, r);
}

static void read_open(struct db_reader *db, void *arg)
{
	struct stored *x = arg;
	struct db_reservation_filter f = {.open = true, .limit = OPEN_MAX};
	struct db_reservation_list list = {0};

	x->failed = db_query_reservations(db, &f, x->arena, &list) != 0;
	for (size_t i = 0; i < list.count; i++)
		put_row(x->core, &list.items[i]);
}

struct reservations *reservations_create(struct core *c, char why[300])
{
	c->reservations = calloc(1, sizeof *c->reservations);
	if (!c->reservations)
		snprintf(why, 300, "out of memory");
	else if (stored_read(c, read_open, NULL, "reservations", why) == 0)
		return c->reservations;
	reservations_destroy(c->reservations);
	c->reservations = NULL;
	return NULL;
}

void reservations_destroy(struct reservations *all)
{
	struct reservation *r, *tmp;

	if (!all)
		return;
	HASH_ITER (hh, all->all, r, tmp) {
		timer_stop(r->core->timers, &r->timer);
		HASH_DEL(all->all, r);
		free(r);
	}
	free(all);
}
