#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tools/depotsim/station_state.h"

#define MAX_SAMPLES 16

/* What one TransactionEvent says beside its type and trigger. */
struct note {
	enum ocpp201_transaction_event type;
	enum ocpp201_trigger_reason trigger;
	bool has_state; /* it changed: chargingState is told (E02.FR.13) */
	bool with_connector, with_token, with_phases;
	bool has_reason;
	enum ocpp201_reason reason;
	enum ocpp201_reading_context context;
	bool register_only;
	int64_t reservation; /* that it uses up (H01.FR.15); 0: none */
};

struct samples {
	int count;
	struct ocpp201_sampled_value items[MAX_SAMPLES];
	struct ocpp201_unit_of_measure units[MAX_SAMPLES];
};

static void add(struct samples *s, enum ocpp201_measurand measurand,
	enum ocpp201_reading_context context, const char *unit, int phase, double value)
{
	static const enum ocpp201_phase phases[] = {
		OCPP201_PHASE_L1, OCPP201_PHASE_L2, OCPP201_PHASE_L3};
	static const enum ocpp201_phase to_neutral[] = {
		OCPP201_PHASE_L1_N, OCPP201_PHASE_L2_N, OCPP201_PHASE_L3_N};
	bool volts = measurand == OCPP201_MEASURAND_VOLTAGE;
	s->units[s->count] = (struct ocpp201_unit_of_measure){.unit = unit};
	s->items[s->count] = (struct ocpp201_sampled_value){
		.value = value,
		.has_context = true,
		.context = context,
		.has_measurand = true,
		.measurand = measurand,
		.has_phase = phase > 0,
		.phase = (volts ? to_neutral : phases)[phase > 0 ? phase - 1 : 0],
		.has_location = true,
		.location = measurand == OCPP201_MEASURAND_SO_C ? OCPP201_LOCATION_EV
								: OCPP201_LOCATION_OUTLET,
		.unit_of_measure = &s->units[s->count],
	};
	s->count++;
}

/* Everything is read from the EVSE's own meter at one instant (J02.FR.02). */
static void read_meter(const struct evse *e, enum ocpp201_reading_context context,
	bool register_only, struct samples *s)
{
	s->count = 0;
	add(s, OCPP201_MEASURAND_ENERGY_ACTIVE_IMPORT_REGISTER, context, "Wh", 0,
		(double)(e->import_mws / MWS_PER_WH));
	if (register_only)
		return;
	add(s, OCPP201_MEASURAND_POWER_ACTIVE_IMPORT, context, "W", 0,
		(double)((e->power_mw + 50) / 100) / 10);
	if (e->dc) {
		if (e->van)
			add(s, OCPP201_MEASURAND_SO_C, context, "Percent", 0,
				battery_soc_permille(&e->van->battery) / 10);
		return;
	}
	for (int i = 0; i < e->phases; i++) {
		int phase = i + 1, used = evse_used_phases(e);
		double amperes =
			i < used ? (double)e->power_mw / 1000 / used / e->station->env->voltage_v
				 : 0;
		add(s, OCPP201_MEASURAND_CURRENT_IMPORT, context, "A", phase,
			(double)(int64_t)(amperes * 10 + 0.5) / 10);
		add(s, OCPP201_MEASURAND_VOLTAGE, context, "V", phase, e->station->env->voltage_v);
	}
}

static void keep_session(struct evse *e)
{
	struct session *r = e->tx.session;
	if (!r)
		return;
	r->end_mws = e->import_mws;
	r->end_wh = e->import_mws / MWS_PER_WH;
	if (e->van)
		r->soc_end = battery_soc_permille(&e->van->battery);
}

static void send_event(struct evse *e, const struct note *n)
{
	struct station *s = e->station;
	struct transaction *tx = &e->tx;
	struct samples samples;
	bool register_only = n->register_only ||
			     (s->env->bare_changes && n->context == OCPP201_READING_CONTEXT_OTHER);
	read_meter(e, n->context, register_only, &samples);
	struct ocpp201_meter_value value = {
		.timestamp = station_wall(s),
		.sampled_value = {.count = (size_t)samples.count, .items = samples.items},
	};
	struct ocpp201_evse where = {
		.id = e->id, .has_connector_id = n->with_connector, .connector_id = 1};
	struct ocpp201_id_token token = {.id_token = tx->token, .type = tx->token_type};
	struct ocpp201_transaction_event_request req = {
		.event_type = n->type,
		.meter_value = {.count = 1, .items = &value},
		.timestamp = station_wall(s),
		.trigger_reason = n->trigger,
		.seq_no = tx->seq_no++,
		.has_number_of_phases_used = n->with_phases,
		.number_of_phases_used = evse_used_phases(e),
		.transaction_info =
			{
				.transaction_id = tx->id,
				.has_charging_state = n->has_state,
				.charging_state = tx->state,
				.has_stopped_reason = n->has_reason,
				.stopped_reason = n->reason,
				.has_remote_start_id = tx->has_remote_start && n->with_token,
				.remote_start_id = tx->remote_start_id,
			},
		.has_reservation_id = n->reservation != 0,
		.reservation_id = n->reservation,
		.evse = n->with_connector || tx->seq_no == 1 ? &where : NULL,
		.id_token = n->with_token ? &token : NULL,
	};
	if (!register_only) {
		tx->told_mw = e->power_mw;
		tx->told_at_ms = s->env->now.ms;
	}
	keep_session(e);
	for (int copies = s->trouble.doubles_events ? 2 : 1; copies > 0; copies--) {
		struct outbox_item *it = station_call(s, OUTBOX_TRANSACTION, "TransactionEvent",
			&ocpp201_transaction_event_request_type, &req);
		if (!it)
			return;
		it->evse_id = e->id;
		snprintf(it->transaction, sizeof it->transaction, "%s", tx->id);
	}
}

static void open_session(struct evse *e)
{
	struct station *s = e->station;
	struct session *r = e->tx.session = report_session(s->env->report);
	if (!r)
		return;
	snprintf(r->station, sizeof r->station, "%s", s->config->id);
	snprintf(r->transaction, sizeof r->transaction, "%s", e->tx.id);
	snprintf(r->vehicle, sizeof r->vehicle, "%s", e->van ? e->van->id : "");
	r->evse = e->id;
	r->started = s->env->now;
	r->begin_mws = e->import_mws;
	r->begin_wh = e->import_mws / MWS_PER_WH;
	r->soc_begin = e->van ? battery_soc_permille(&e->van->battery) : 0;
}

/* A RequestStartTransaction that came before the van starts this transaction (F02). */
static bool take_remote_start(struct evse *e)
{
	struct transaction *tx = &e->tx;
	if (!e->reserved_by_remote)
		return false;
	e->reserved_by_remote = false;
	tx->authorized = tx->has_remote_start = true;
	tx->remote_start_id = e->remote_start_id;
	tx->token_type = e->remote_token_type;
	memcpy(tx->token, e->remote_token, sizeof tx->token);
	return true;
}

void tx_start(
	struct evse *e, enum ocpp201_trigger_reason trigger, enum ocpp201_charging_state state)
{
	struct station *s = e->station;
	struct transaction *tx = &e->tx;
	*tx = (struct transaction){.active = true, .state = state};
	/* Never the same again, over all runs (E02.FR.08). */
	snprintf(tx->id, sizeof tx->id, "%s-%08x", s->env->run, ++s->env->transactions);
	int64_t sample_ms =
		device_model_number(s->device, "SampledDataCtrlr", "TxUpdatedInterval", 60) * 1000;
	tx->next_sample_ms = s->env->now.ms + sample_ms;
	open_session(e);
	bool remote = take_remote_start(e);
	tx->connector_told = e->plugged;
	if (remote && e->plugged)
		tx->ready_at = station_wall(s);
	send_event(e, &(struct note){
			      .type = OCPP201_TRANSACTION_EVENT_STARTED,
			      .trigger = remote ? OCPP201_TRIGGER_REASON_REMOTE_START : trigger,
			      .has_state = true,
			      .with_connector = e->plugged,
			      .with_token = remote,
			      .context = OCPP201_READING_CONTEXT_TRANSACTION_BEGIN,
			      .register_only = true,
		      });
	if (remote && e->remote_profile) {
		struct profiles_evse view = evse_profiles_view(e);
		e->remote_profile->transaction_id = tx->id;
		profiles_set(s->profiles, e->id, true, &view, e->remote_profile);
	}
	arena_destroy(e->remote_arena);
	e->remote_arena = NULL;
	e->remote_profile = NULL;
}

void tx_update(
	struct evse *e, enum ocpp201_trigger_reason trigger, enum ocpp201_charging_state state)
{
	struct transaction *tx = &e->tx;
	bool tell_connector = e->plugged && !tx->connector_told;
	bool tell_phases = state == OCPP201_CHARGING_STATE_CHARGING && !e->dc && !tx->phases_told;
	bool changed = state != tx->state;
	tx->state = state;
	tx->connector_told = tx->connector_told || tell_connector;
	tx->phases_told = tx->phases_told || tell_phases;
	send_event(e, &(struct note){
			      .type = OCPP201_TRANSACTION_EVENT_UPDATED,
			      .trigger = trigger,
			      .has_state = changed,
			      .with_connector = tell_connector,
			      .with_phases = tell_phases,
			      .context = OCPP201_READING_CONTEXT_OTHER,
		      });
}

void tx_authorized(struct evse *e, enum ocpp201_trigger_reason trigger)
{
	struct transaction *tx = &e->tx;
	tx->authorized = true;
	if (e->plugged && !tx->ready_at.ms)
		tx->ready_at = station_wall(e->station);
	send_event(e, &(struct note){
			      .type = OCPP201_TRANSACTION_EVENT_UPDATED,
			      .trigger = trigger,
			      .with_token = true,
			      .reservation = reservation_use(e),
			      .context = OCPP201_READING_CONTEXT_OTHER,
		      });
}

void tx_end(struct evse *e, enum ocpp201_trigger_reason trigger, enum ocpp201_reason reason,
	enum ocpp201_charging_state state)
{
	struct transaction *tx = &e->tx;
	bool changed = state != tx->state;
	tx->state = state;
	e->power_mw = 0;
	send_event(e, &(struct note){
			      .type = OCPP201_TRANSACTION_EVENT_ENDED,
			      .trigger = trigger,
			      .has_state = changed,
			      .has_reason = true,
			      .reason = reason,
			      .context = OCPP201_READING_CONTEXT_TRANSACTION_END,
			      .register_only = true,
		      });
	if (tx->session)
		tx->session->ended = e->station->env->now;
	tx->session = NULL;
	tx->active = tx->authorized = false;
	e->served = e->van != NULL;
	profiles_end_transaction(e->station->profiles, tx->id);
}

void tx_sample(struct evse *e, bool triggered)
{
	send_event(e, &(struct note){
			      .type = OCPP201_TRANSACTION_EVENT_UPDATED,
			      .trigger = triggered ? OCPP201_TRIGGER_REASON_TRIGGER
						   : OCPP201_TRIGGER_REASON_METER_VALUE_PERIODIC,
			      .has_state = triggered, /* F06.FR.07 */
			      .context = triggered ? OCPP201_READING_CONTEXT_TRIGGER
						   : OCPP201_READING_CONTEXT_SAMPLE_PERIODIC,
		      });
}

void tx_meter_values(struct evse *e)
{
	struct samples samples;
	read_meter(e, OCPP201_READING_CONTEXT_TRIGGER, false, &samples);
	struct ocpp201_meter_value value = {
		.timestamp = station_wall(e->station),
		.sampled_value = {.count = (size_t)samples.count, .items = samples.items},
	};
	struct ocpp201_meter_values_request req = {
		.evse_id = e->id, .meter_value = {.count = 1, .items = &value}};
	station_call(e->station, OUTBOX_TRIGGERED, "MeterValues",
		&ocpp201_meter_values_request_type, &req);
}
