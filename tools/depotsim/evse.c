/*
 * The EVSEs of a station: vans that come, plug in and leave, and the power of each second.
 */
#include <stdio.h>
#include <string.h>
#include "tools/depotsim/station_state.h"

#define PLUG_DELAY_MS 10000 /* from the bay to the plug */
#define RATE_GAP_MS   5000 /* between two ChargingRateChanged of one EVSE */
#define MAX_EVSES     100 /* depot.schema */

int evse_used_phases(const struct evse *e)
{
	return !e->dc && e->van && e->van->phases && e->van->phases < e->phases ? e->van->phases
										: e->phases;
}

/* A power of all its phases as one of those in use. */
static int64_t used_part(const struct evse *e, int64_t mw)
{
	return mw * evse_used_phases(e) / e->phases;
}

struct profiles_evse evse_profiles_view(const struct evse *e)
{
	return (struct profiles_evse){
		.id = e->id,
		.dc = e->dc,
		.phases = evse_used_phases(e),
		.max_mw = used_part(e, e->max_mw),
		.transaction = e->tx.active ? e->tx.id : NULL,
		.ready_at = e->tx.ready_at,
	};
}

enum ocpp201_connector_status evse_status(const struct evse *e)
{
	if (e->inoperative)
		return OCPP201_CONNECTOR_STATUS_UNAVAILABLE;
	if (e->plugged)
		return OCPP201_CONNECTOR_STATUS_OCCUPIED;
	return e->reservation.active ? OCPP201_CONNECTOR_STATUS_RESERVED
				     : OCPP201_CONNECTOR_STATUS_AVAILABLE;
}

void evse_take_token(struct evse *e)
{
	const struct van *v = e->van;
	snprintf(e->tx.token, sizeof e->tx.token, "%s", v->token);
	int type = schema_enum_find(&ocpp201_id_token_enum, v->token_type);
	e->tx.token_type = type < 0 ? OCPP201_ID_TOKEN_ISO14443 : (enum ocpp201_id_token_enum)type;
}

/* ---- vans ---- */

static bool may_start(const struct evse *e)
{
	return e->station->boot == BOOT_ACCEPTED && !e->inoperative && !e->tx.active && !e->served;
}

bool station_evse_is_free(const struct station *s, int evse)
{
	return !s->evses[evse].van;
}

void station_van_arrives(struct station *s, int evse, struct van *v, int64_t stored_mws)
{
	struct evse *e = &s->evses[evse];
	int64_t now_ms = s->env->now.ms;
	int efficiency = e->dc ? s->env->efficiency_dc_permille : s->env->efficiency_ac_permille;
	van_arrive(v, stored_mws, e->dc, e->max_mw, efficiency);
	e->van = v;
	e->served = false;
	e->plug_due_ms = s->bay_sensor ? now_ms + PLUG_DELAY_MS : now_ms;
	if (s->bay_sensor && may_start(e))
		tx_start(e, OCPP201_TRIGGER_REASON_EV_DETECTED, OCPP201_CHARGING_STATE_IDLE);
}

void station_van_leaves(struct station *s, int evse)
{
	struct evse *e = &s->evses[evse];
	bool was_plugged = e->plugged;
	e->plugged = false;
	e->power_mw = 0;
	if (was_plugged && !e->inoperative)
		station_report_connector(s, e, false);
	if (e->tx.active && s->bay_sensor) {
		if (was_plugged)
			tx_update(e, OCPP201_TRIGGER_REASON_EV_COMMUNICATION_LOST,
				OCPP201_CHARGING_STATE_IDLE);
		tx_end(e, OCPP201_TRIGGER_REASON_EV_DEPARTED, OCPP201_REASON_EV_DISCONNECTED,
			OCPP201_CHARGING_STATE_IDLE);
	} else if (e->tx.active) {
		tx_end(e, OCPP201_TRIGGER_REASON_EV_COMMUNICATION_LOST,
			OCPP201_REASON_EV_DISCONNECTED, OCPP201_CHARGING_STATE_IDLE);
	}
	e->van = NULL;
	e->served = e->authorizing = false;
}

static void plug_in(struct station *s, struct evse *e)
{
	e->plugged = true;
	/* The driver finds the card within 5 to 20 seconds. */
	e->token_due_ms = s->env->now.ms + 5000 + station_env_random(s->env, 16) * 1000;
	if (!e->inoperative)
		station_report_connector(s, e, false);
	if (e->tx.active) {
		if (e->tx.authorized)
			e->tx.ready_at = station_wall(s);
		tx_update(e, OCPP201_TRIGGER_REASON_CABLE_PLUGGED_IN,
			OCPP201_CHARGING_STATE_EV_CONNECTED);
	}
}

/* C13: alone, the station believes its list; a card that is not in it may charge (C15). */
static bool is_barred(const struct station *s, const struct van *v)
{
	int type = schema_enum_find(&ocpp201_id_token_enum, v->token_type);
	return type >= 0 && local_list_says(s, (enum ocpp201_id_token_enum)type, v->token) == 0;
}

static void present_token(struct station *s, struct evse *e)
{
	if (!e->van->token || reservation_keeps_out(e, e->van->token))
		return;
	if (!s->connected && is_barred(s, e->van))
		return;
	if (!s->connected) {
		/* OfflineTxForUnknownIdEnabled: charge now, ask later (C15) */
		evse_take_token(e);
		tx_authorized(e, OCPP201_TRIGGER_REASON_AUTHORIZED);
		return;
	}
	evse_take_token(e);
	struct ocpp201_authorize_request req = {
		.id_token = {.id_token = e->tx.token, .type = e->tx.token_type}};
	struct outbox_item *it =
		station_call(s, OUTBOX_OTHER, "Authorize", &ocpp201_authorize_request_type, &req);
	e->authorizing = it != NULL;
	if (it)
		it->evse_id = e->id;
}

static void step_van(struct station *s, struct evse *e)
{
	int64_t now_ms = s->env->now.ms;
	reservation_step(e);
	if (e->reserved_by_remote && now_ms >= e->remote_until_ms)
		e->reserved_by_remote = false; /* EVConnectionTimeOut */
	if (!e->van)
		return;
	if (!e->plugged && now_ms >= e->plug_due_ms)
		plug_in(s, e);
	if (e->plugged && may_start(e))
		tx_start(e, OCPP201_TRIGGER_REASON_CABLE_PLUGGED_IN,
			OCPP201_CHARGING_STATE_EV_CONNECTED);
	if (e->plugged && e->tx.active && !e->tx.authorized && !e->served && !e->authorizing &&
		now_ms >= e->token_due_ms)
		present_token(s, e);
}

void evse_step_vans(struct station *s)
{
	for (int i = 0; i < s->evse_count; i++)
		step_van(s, &s->evses[i]);
}

/* ---- power ---- */

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The limit that a charger with troubles really keeps. */
static int64_t follow(const struct station *s, struct evse *e)
{
	int64_t second = s->env->now.ms / 1000, most = e->limit_mw;

	if (s->trouble.ignores_profiles)
		return e->max_mw;
	e->past_mw[second % (STATION_LATE_MAX_S + 1)] = e->limit_mw;
	for (int i = 1; i <= s->trouble.late_s && i <= STATION_LATE_MAX_S; i++)
		if (e->past_mw[(second - i) % (STATION_LATE_MAX_S + 1)] > most)
			most = e->past_mw[(second - i) % (STATION_LATE_MAX_S + 1)];
	return most > 0 && most < s->trouble.floor_w * 1000 ? s->trouble.floor_w * 1000 : most;
}

/* What the EVSE may give and what the van would take, before the station's own maximum. */
static int64_t wanted_mw(struct station *s, struct evse *e)
{
	struct profiles_evse view = evse_profiles_view(e);
	int64_t max_mw = used_part(e, e->max_mw);
	e->limit_mw = least(max_mw, profiles_evse_mw(s->profiles, &view, station_wall(s)));
	e->followed_mw = follow(s, e);
	if (!e->plugged || !e->tx.active || !e->tx.authorized)
		return 0;
	int64_t limit = least(e->followed_mw, max_mw);
	return limit < used_part(e, e->min_mw) ? 0
					       : least(limit, battery_wants_mw(&e->van->battery));
}

/* ChargingStationMaxProfile holds for the sum: equal shares, what one leaves the others take. */
static void share(struct station *s, int64_t *wanted)
{
	int64_t cap = s->trouble.ignores_profiles
			      ? PROFILES_NO_LIMIT
			      : profiles_station_mw(s->profiles, station_wall(s));
	int64_t sum = 0;
	for (int i = 0; i < s->evse_count; i++)
		sum += wanted[i];
	if (sum <= cap)
		return;
	bool settled[MAX_EVSES] = {false};
	for (int open = s->evse_count; open > 0;) {
		int64_t part = cap / open;
		bool found = false;
		for (int i = 0; i < s->evse_count; i++) {
			if (settled[i] || wanted[i] > part)
				continue;
			settled[i] = found = true;
			cap -= wanted[i];
			open--;
		}
		if (found)
			continue;
		for (int i = 0; i < s->evse_count; i++) {
			if (!settled[i]) {
				s->evses[i].limit_mw = least(s->evses[i].limit_mw, part);
				wanted[i] = part < s->evses[i].min_mw ? 0 : part;
			}
		}
		return;
	}
}

static enum ocpp201_charging_state charging_state(const struct evse *e)
{
	if (!e->plugged)
		return OCPP201_CHARGING_STATE_IDLE;
	if (!e->tx.authorized)
		return OCPP201_CHARGING_STATE_EV_CONNECTED;
	if (e->power_mw > 0)
		return OCPP201_CHARGING_STATE_CHARGING;
	if (battery_is_full(&e->van->battery) || e->limit_mw >= used_part(e, e->min_mw))
		return OCPP201_CHARGING_STATE_SUSPENDED_EV;
	return OCPP201_CHARGING_STATE_SUSPENDED_EVSE;
}

static bool rate_changed(const struct station *s, const struct evse *e)
{
	int64_t percent =
		device_model_number(s->device, "SmartChargingCtrlr", "LimitChangeSignificance", 10);
	int64_t change = e->power_mw - e->tx.told_mw;
	if (change < 0)
		change = -change;
	return !s->env->bare_changes && e->power_mw > 0 && change * 100 > e->tx.told_mw * percent &&
	       s->env->now.ms - e->tx.told_at_ms >= RATE_GAP_MS;
}

static void tell_changes(struct station *s, struct evse *e)
{
	int64_t now_ms = s->env->now.ms;
	enum ocpp201_charging_state state = charging_state(e);
	int64_t interval =
		device_model_number(s->device, "SampledDataCtrlr", "TxUpdatedInterval", 60) * 1000;
	if (state != e->tx.state)
		tx_update(e, OCPP201_TRIGGER_REASON_CHARGING_STATE_CHANGED, state);
	else if (rate_changed(s, e))
		tx_update(e, OCPP201_TRIGGER_REASON_CHARGING_RATE_CHANGED, state);
	if (interval > 0 && now_ms >= e->tx.next_sample_ms) {
		tx_sample(e, false);
		e->tx.next_sample_ms += interval;
		if (e->tx.next_sample_ms <= now_ms)
			e->tx.next_sample_ms = now_ms + interval;
	}
}

void evse_step_power(struct station *s)
{
	int64_t wanted[MAX_EVSES];
	for (int i = 0; i < s->evse_count; i++)
		wanted[i] = wanted_mw(s, &s->evses[i]);
	share(s, wanted);
	for (int i = 0; i < s->evse_count; i++) {
		struct evse *e = &s->evses[i];
		/* With less than its own least the van pauses (but not in its last second). */
		bool too_little =
			e->van && e->followed_mw < e->van->min_mw && !s->trouble.ignores_profiles;
		e->power_mw = too_little ? 0 : wanted[i];
		if (e->power_mw > e->limit_mw)
			s->env->report->disobeyed_seconds++;
		if (e->tx.active)
			tell_changes(s, e);
		e->import_mws += e->power_mw;
		if (e->van && e->plugged)
			van_charge(e->van, e->power_mw);
	}
}

void evse_power_off(struct station *s)
{
	for (int i = 0; i < s->evse_count; i++) {
		s->evses[i].power_mw = 0;
		/* when it comes back it begins with what it holds then */
		memset(s->evses[i].past_mw, 0, sizeof s->evses[i].past_mw);
	}
}

/* ---- looking ---- */

int64_t station_power_mw(const struct station *s)
{
	int64_t sum = 0;
	for (int i = 0; i < s->evse_count; i++)
		sum += s->evses[i].power_mw;
	return sum;
}

int64_t station_evse_power_mw(const struct station *s, int evse)
{
	return s->evses[evse].power_mw;
}

int64_t station_evse_limit_mw(const struct station *s, int evse)
{
	return s->evses[evse].limit_mw;
}

int64_t station_evse_import_mws(const struct station *s, int evse)
{
	return s->evses[evse].import_mws;
}

void station_add_phases(const struct station *s, int64_t phase_mw[3])
{
	for (int i = 0; i < s->evse_count; i++) {
		const struct evse *e = &s->evses[i];
		int64_t left = e->power_mw;
		int used = evse_used_phases(e);
		for (int k = 0; k < used; k++) {
			int64_t part = left / (used - k);
			phase_mw[e->place[k]] += part;
			left -= part;
		}
	}
}
