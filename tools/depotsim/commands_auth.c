/* Lists of cards that are kept at the station, and reservations. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "tools/depotsim/station_state.h"

#define ENTRIES_MAX 1000

/* ---- local list: D01, D02 ---- */

static void key_of(enum ocpp201_id_token_enum type, const char *value, char out[60])
{
	snprintf(out, 60, "%s/%.36s", ocpp201_id_token_enum.values[type], value);
	for (char *p = out; *p; p++)
		*p = (char)tolower((unsigned char)*p);
}

static struct local_entry *find(const struct local_list *l, const char *key)
{
	for (int i = 0; i < l->count; i++)
		if (strcmp(l->items[i].key, key) == 0)
			return &l->items[i];
	return NULL;
}

int local_list_says(const struct station *s, enum ocpp201_id_token_enum type, const char *value)
{
	char key[60];
	key_of(type, value, key);
	const struct local_entry *e = find(&s->list, key);
	return e ? e->accepted : -1;
}

/* False: no room, or a Full list says nothing of a card. */
static bool apply(struct local_list *l, const struct ocpp201_authorization_data *d, bool full)
{
	char key[60];
	key_of(d->id_token.type, d->id_token.id_token, key);
	struct local_entry *e = find(l, key);
	if (full && (e || !d->id_token_info))
		return false; /* D01.FR.06: each once, and with its info */
	if (!d->id_token_info) {
		if (e)
			*e = l->items[--l->count];
		return true;
	}
	if (!e) {
		if (l->count == ENTRIES_MAX)
			return false;
		e = &l->items[l->count++];
		memcpy(e->key, key, sizeof e->key);
	}
	e->accepted = d->id_token_info->status == OCPP201_AUTHORIZATION_STATUS_ACCEPTED;
	return true;
}

static enum ocpp201_send_local_list_status take_list(
	struct station *s, const struct ocpp201_send_local_list_request *req)
{
	struct local_list *old = &s->list, fresh = {.version = req->version_number};
	bool full = req->update_type == OCPP201_UPDATE_FULL;
	int64_t most = device_model_number(s->device, "LocalAuthListCtrlr", "ItemsPerMessage", 20);
	if (!full && req->version_number <= old->version)
		return OCPP201_SEND_LOCAL_LIST_STATUS_VERSION_MISMATCH; /* D01.FR.19 */
	if ((int64_t)req->local_authorization_list.count > most)
		return OCPP201_SEND_LOCAL_LIST_STATUS_FAILED;
	fresh.items = calloc(ENTRIES_MAX, sizeof *fresh.items);
	if (!fresh.items)
		return OCPP201_SEND_LOCAL_LIST_STATUS_FAILED;
	if (!full && old->count) {
		memcpy(fresh.items, old->items, (size_t)old->count * sizeof *old->items);
		fresh.count = old->count;
	}
	for (size_t i = 0; i < req->local_authorization_list.count; i++) {
		if (!apply(&fresh, &req->local_authorization_list.items[i], full)) {
			free(fresh.items);
			return OCPP201_SEND_LOCAL_LIST_STATUS_FAILED; /* the old one stays */
		}
	}
	free(old->items);
	*old = fresh;
	return OCPP201_SEND_LOCAL_LIST_STATUS_ACCEPTED;
}

const void *command_send_local_list(struct station *s, const void *request, struct arena *a)
{
	struct ocpp201_send_local_list_response *res = arena_alloc(a, sizeof *res);
	if (res)
		res->status = take_list(s, request);
	return res;
}

const void *command_local_list_version(struct station *s, const void *request, struct arena *a)
{
	struct ocpp201_get_local_list_version_response *res = arena_alloc(a, sizeof *res);
	if (res)
		res->version_number = s->list.version;
	return res;
}

/* ---- reservations: H01 to H04 ---- */

static struct evse *reserved_with(struct station *s, int64_t id)
{
	for (int i = 0; i < s->evse_count; i++)
		if (s->evses[i].reservation.active && s->evses[i].reservation.id == id)
			return &s->evses[i];
	return NULL;
}

static bool is_available(const struct evse *e)
{
	return evse_status(e) == OCPP201_CONNECTOR_STATUS_AVAILABLE;
}

/* H01.FR.11, FR.14: why the EVSE cannot be kept. */
static enum ocpp201_reserve_now_status status_for(const struct evse *e)
{
	if (e->inoperative)
		return OCPP201_RESERVE_NOW_STATUS_UNAVAILABLE;
	return is_available(e) ? OCPP201_RESERVE_NOW_STATUS_ACCEPTED
			       : OCPP201_RESERVE_NOW_STATUS_OCCUPIED;
}

static void end_reservation(struct evse *e)
{
	e->reservation.active = false;
	if (e->told != evse_status(e))
		station_report_connector(e->station, e, false);
}

/* H01.FR.19: an EVSE must be named; ReservationNonEvseSpecific is not offered. */
const void *command_reserve_now(struct station *s, const void *request, struct arena *a)
{
	const struct ocpp201_reserve_now_request *req = request;
	struct ocpp201_reserve_now_response *res = arena_alloc(a, sizeof *res);
	struct evse *e = req->has_evse_id ? station_evse(s, req->evse_id) : NULL;
	struct evse *old = reserved_with(s, req->id);
	if (!res)
		return NULL;
	res->status = OCPP201_RESERVE_NOW_STATUS_REJECTED;
	if (!e || req->has_connector_type || req->expiry_date_time.ms <= station_wall(s).ms)
		return res;
	if (old)
		old->reservation.active = false; /* H01.FR.02: it takes its place */
	res->status = status_for(e);
	if (res->status == OCPP201_RESERVE_NOW_STATUS_ACCEPTED) {
		e->reservation = (struct reservation){
			.active = true, .id = req->id, .until_ms = req->expiry_date_time.ms};
		snprintf(e->reservation.token, sizeof e->reservation.token, "%s",
			req->id_token.id_token);
		if (req->group_id_token)
			snprintf(e->reservation.group, sizeof e->reservation.group, "%s",
				req->group_id_token->id_token);
		station_report_connector(s, e, false);
	}
	if (old && old != e && old->told != evse_status(old))
		station_report_connector(s, old, false);
	return res;
}

const void *command_cancel_reservation(struct station *s, const void *request, struct arena *a)
{
	const struct ocpp201_cancel_reservation_request *req = request;
	struct ocpp201_cancel_reservation_response *res = arena_alloc(a, sizeof *res);
	struct evse *e = reserved_with(s, req->reservation_id);
	if (!res)
		return NULL;
	res->status = e ? OCPP201_CANCEL_RESERVATION_STATUS_ACCEPTED
			: OCPP201_CANCEL_RESERVATION_STATUS_REJECTED; /* H02.FR.01 */
	if (e)
		end_reservation(e);
	return res;
}

static void tell_end(struct evse *e, enum ocpp201_reservation_update_status status)
{
	struct ocpp201_reservation_status_update_request req = {
		.reservation_id = e->reservation.id, .reservation_update_status = status};
	end_reservation(e);
	if (e->station->connected)
		station_call(e->station, OUTBOX_OTHER, "ReservationStatusUpdate",
			&ocpp201_reservation_status_update_request_type, &req);
}

void reservation_step(struct evse *e)
{
	if (!e->reservation.active)
		return;
	if (e->inoperative) /* H01.FR.17 */
		tell_end(e, OCPP201_RESERVATION_UPDATE_STATUS_REMOVED);
	else if (station_wall(e->station).ms >= e->reservation.until_ms) /* H04.FR.01 */
		tell_end(e, OCPP201_RESERVATION_UPDATE_STATUS_EXPIRED);
}

/* Whether the card is of the group, only the central system knows: the station asks it. */
bool reservation_keeps_out(const struct evse *e, const char *token)
{
	return e->reservation.active && !e->reservation.group[0] &&
	       strcasecmp(e->reservation.token, token) != 0;
}

int64_t reservation_use(struct evse *e)
{
	int64_t id = e->reservation.id;
	if (!e->reservation.active || reservation_keeps_out(e, e->tx.token))
		return 0;
	end_reservation(e);
	return id;
}

/* ---- cost: I02 ---- */

const void *command_cost_updated(struct station *s, const void *request, struct arena *a)
{
	return arena_alloc(a, sizeof(struct ocpp201_cost_updated_response));
}
