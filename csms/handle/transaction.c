/*
 * E01 to E15: transactions. History (the journal) takes every event once, by (station,
 * transaction, seqNo), in whatever order it comes; the present is csms/charging/live.h's (rules 26 to 31). An answer always comes, and only after the event is on disk.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "csms/command.h"
#include "csms/charging/cost.h"
#include "csms/handle/handlers.h"
#include "csms/power/holding.h"
#include "csms/charging/live.h"
#include "csms/log.h"
#include "csms/metering/meters.h"
#include "csms/record.h"
#include "csms/charging/reservation.h"
#include "csms/metering/samples.h"
#include "csms/charging/token_check.h"
#include "csms/charging/unshown.h"
#include "csms/station/unread.h"
#include "csms/metering/values.h"

/* How much more than its rating an EVSE may report before its numbers are not believed. */
#define PLAUSIBLE_FACTOR   1.25
#define PLAUSIBLE_SLACK_WH 2000.0

/* How long it can have charged until now. What was read before a restart is dated by wall clocks,
 * ours as it stands now and as it stood, and either may be wrong: the longer time counts. */
static int64_t charged_ms(const struct transaction *t, wall_t said)
{
	int64_t ours = mono_diff_ms(clock_mono(), t->begin_wh.mono);
	int64_t its = wall_diff_ms(said, t->started);

	return t->is_restored && its > ours ? its : ours;
}

/* A register that runs faster than the EVSE can deliver is a lie or a fault: keep it in the
 * journal, mark it, and do not steer by it. Its time is that until it came, which no clock that is
 * set makes shorter. */
static const char *judge_register(const struct exchange *x, const struct evse *e,
	const struct transaction *t, const struct ocpp201_transaction_event_request *r,
	const struct samples *v)
{
	bool is_before;
	int64_t ms;
	double hours, most, wh;

	if (!e || !v->has_import || !t->begin_wh.at.ms)
		return NULL;
	is_before = r->seq_no < t->register_seq; /* of before the first that we heard */
	ms = is_before ? mono_diff_ms(t->begin_wh.mono, reading_of(0, v->import_at).mono)
		       : charged_ms(t, handle_when(x, r->timestamp));
	hours = fabs((double)ms) / 3600e3;
	wh = is_before ? t->begin_wh.value - v->import_wh : v->import_wh - t->begin_wh.value;
	if (wh < -0.5)
		return "the import register runs backwards";
	most = (double)e->max_w * PLAUSIBLE_FACTOR * hours + PLAUSIBLE_SLACK_WH;
	if (wh > most)
		return "more energy than the EVSE can deliver in that time";
	return NULL;
}

/* -- history ---------------------------------------------------------------------------------- */

static void fill_samples(struct event_transaction_reported *p, const struct samples *v)
{
	p->samples = v->count;
	if (v->has_import) {
		p->has_meter_wh = p->has_meter_at = p->has_first_meter_wh = true;
		p->meter_wh = v->import_wh;
		p->meter_at = v->import_at;
		p->first_meter_wh = v->first_import_wh;
	}
	if (v->has_power) {
		p->has_power_w = true;
		p->power_w = v->power_w;
	}
	if (v->has_soc) {
		p->has_soc_pct = true;
		p->soc_pct = v->soc_pct;
	}
}

static void fill_event(struct exchange *x, struct event_transaction_reported *p,
	const struct ocpp201_transaction_event_request *r, const struct evse *e,
	const struct vehicle *v)
{
	const struct ocpp201_transaction *t = &r->transaction_info;

	p->station_id = arena_strdup(x->arena, x->station->id);
	p->transaction_id = t->transaction_id;
	p->said_at = r->timestamp;
	p->has_said_at = handle_when(x, r->timestamp).ms != r->timestamp.ms;
	p->kind = ocpp201_transaction_event_enum.values[r->event_type];
	p->seq_no = r->seq_no;
	p->trigger = ocpp201_trigger_reason_enum.values[r->trigger_reason];
	p->offline = r->has_offline && r->offline;
	if (e) {
		p->has_evse_id = true;
		p->evse_id = e->id;
	}
	if (r->evse && r->evse->has_connector_id) {
		p->has_connector_id = true;
		p->connector_id = r->evse->connector_id;
	}
	if (r->id_token) {
		p->id_token = r->id_token->id_token;
		p->id_token_type = ocpp201_id_token_enum.values[r->id_token->type];
	}
	p->vehicle_id = v ? arena_strdup(x->arena, v->id) : NULL;
	if (t->has_charging_state)
		p->charging_state = ocpp201_charging_state_enum.values[t->charging_state];
	if (t->has_stopped_reason)
		p->stopped_reason = ocpp201_reason_enum.values[t->stopped_reason];
	if (t->has_remote_start_id) {
		p->has_remote_start_id = true;
		p->remote_start_id = t->remote_start_id;
	}
	p->has_reservation_id = r->has_reservation_id;
	p->reservation_id = r->reservation_id;
	p->has_cable_max_a = r->has_cable_max_current;
	p->cable_max_a = r->cable_max_current;
	p->has_phases_used = r->has_number_of_phases_used;
	p->phases_used = r->number_of_phases_used;
	p->has_charging_s = t->has_time_spent_charging;
	p->charging_s = t->time_spent_charging;
}

static void journal(struct exchange *x, const struct ocpp201_transaction_event_request *r,
	struct event_transaction_reported *p)
{
	struct arena *a = x->arena;
	struct db_event e = {
		.stream = arena_printf(
			a, "transaction/%s/%s", x->station->id, r->transaction_info.transaction_id),
		.expect_version = DB_ANY_VERSION,
		.type = EVENT_TRANSACTION_REPORTED,
		.payload = p,
		.at = handle_when(x, r->timestamp),
		.received = x->received,
		.cause = arena_strdup(a, x->message_id),
		.correlation = r->transaction_info.transaction_id,
		.idem = arena_printf(a, "%lld", (long long)r->seq_no),
		.actor = arena_printf(a, "station:%s", x->station->id),
	};

	if (e.stream && e.cause && e.idem && e.actor)
		record_event(x->core, &e);
}

static void sample_series(struct exchange *x, const struct evse *e, const struct samples *v)
{
	char point[120];

	if (!e)
		return;
	if (v->has_power) {
		snprintf(point, sizeof point, "evse/%s/%d/power_w", e->station->id, e->id);
		record_sample(x->core, point, v->power_at, v->power_w, 0);
	}
	if (v->has_import) {
		snprintf(point, sizeof point, "evse/%s/%d/import_wh", e->station->id, e->id);
		record_sample(x->core, point, v->import_at, v->import_wh, 0);
	}
}

/* -- the handler ------------------------------------------------------------------------------ */

/* Rule 30: every token is judged again, also one that the station let in by itself (E05.FR.01). */
static bool answer_token(struct exchange *x, const struct ocpp201_transaction_event_request *r,
	const struct evse *e, struct ocpp201_transaction_event_response *res,
	struct event_transaction_reported *p)
{
	const struct token_use use = {
		.fleet = &x->core->fleet,
		.depot = x->core->depot,
		.station = x->station,
		.evse = e,
		.transaction_id = r->transaction_info.transaction_id,
		.starts = live_starts_with_token(r),
		.now = x->received,
	};
	struct ocpp201_id_token_info *info;

	if (!r->id_token && !unread_token(x))
		return true;
	info = arena_alloc(x->arena, sizeof *info);
	if (!info)
		return false;
	info->status = OCPP201_AUTHORIZATION_STATUS_INVALID;
	if (r->id_token)
		token_check(&use, r->id_token, x->arena, info);
	if (use.starts)
		cost_add_text(x->core, x->station, x->arena, info);
	res->id_token_info = info;
	p->token_status = ocpp201_authorization_status_enum.values[info->status];
	return true;
}

/* F01 to F03: what was asked for has started or ended. */
static void sign(
	struct exchange *x, const struct ocpp201_transaction_event_request *r, const struct evse *e)
{
	struct command_sign said = {
		.kind = SIGN_TRANSACTION,
		.action = -1,
		.request_id = r->transaction_info.has_remote_start_id
				      ? r->transaction_info.remote_start_id
				      : 0,
		.evse_id = e         ? e->id
			   : r->evse ? r->evse->id
				     : 0,
		.status = ocpp201_transaction_event_enum.values[r->event_type],
		.text = r->transaction_info.transaction_id,
	};

	command_sign(x->core, x->station, &said);
}

/* The event says which vehicle it is when this event made it known: by card, by bay, by itself. The
 * payload is read when the turn ends, so it may still be filled. */
static void note_vehicle(struct exchange *x, const struct evse *e,
	const struct ocpp201_transaction_event_request *r, const struct vehicle *before,
	struct event_transaction_reported *p)
{
	const struct vehicle *v = e->tx.vehicle;

	if (v && strcmp(e->tx.id, r->transaction_info.transaction_id) == 0 &&
		(v != before || (live_starts_with_token(r) && e->tx.token_seq == r->seq_no)))
		p->vehicle_id = arena_strdup(x->arena, v->id);
}

/* What the EVSE showed before, and what the event is of. */
static void note_open(
	struct exchange *x, const struct ocpp201_transaction_event_request *r, const char *replaced)
{
	if (replaced[0])
		unshown_heard(x->core, x->station, replaced, false);
	unshown_heard(x->core, x->station, r->transaction_info.transaction_id,
		r->event_type == OCPP201_TRANSACTION_EVENT_ENDED);
}

void *handle_transaction_event(struct exchange *x, const void *request)
{
	const struct ocpp201_transaction_event_request *r = request;
	struct ocpp201_transaction_event_response *res = arena_alloc(x->arena, sizeof *res);
	struct event_transaction_reported *p = arena_alloc(x->arena, sizeof *p);
	struct evse *e = live_evse(x->station, r);
	const struct token *token = live_token(x, r);
	const struct ocpp201_meter_value_list *values;
	struct samples m;
	const char *register_fault;
	const struct vehicle *before;
	char shown[sizeof e->tx.id];
	bool is_same = e && strcmp(e->tx.id, r->transaction_info.transaction_id) == 0;

	snprintf(shown, sizeof shown, "%s", e && e->tx.is_open && !is_same ? e->tx.id : "");
	if (!res || !p || !answer_token(x, r, e, res, p))
		return NULL;
	if ((!r->has_offline || !r->offline) && (!is_same || r->seq_no > e->tx.last_seq))
		handle_time(x, r->timestamp);
	values = handle_values(x, &r->meter_value);
	if (!values)
		return NULL;
	samples_read(values, x->received, &m);
	fill_event(x, p, r, e, token ? token->vehicle : NULL);
	fill_samples(p, &m);
	if (!values_signed(&r->meter_value, x->arena, &p->signed_))
		return NULL;
	register_fault = is_same ? judge_register(x, e, &e->tx, r, &m) : NULL;
	p->quarantined = m.quarantined ? m.quarantined : register_fault;
	if (p->quarantined)
		log_warn("station %s: transaction %s: %s: not used", x->station->id,
			r->transaction_info.transaction_id, p->quarantined);
	journal(x, r, p);
	if (r->event_type == OCPP201_TRANSACTION_EVENT_ENDED)
		holding_transaction_ended(x->core, x->station, r->transaction_info.transaction_id);
	/* The power beside it still counts: nothing hides what an EVSE draws from the guard. */
	m.has_import = m.has_import && !register_fault;
	if (!m.quarantined)
		sample_series(x, e, &m);
	if (e)
		values_take(
			x->core, x->station, e->id, values, x->received, p->quarantined != NULL);
	if (e && x->has_unread)
		unread_measurands(x, x->payload, x->payload_len, e->id);
	if (!m.quarantined && e)
		meters_sampled(x->core->meters, x->station->id, e->id, values, x->received);
	if (e) {
		before = is_same ? e->tx.vehicle : NULL;
		live_apply(x, e, r, m.quarantined ? NULL : &m);
		note_vehicle(x, e, r, before, p);
		cost_event(x, e, r, res);
	} else {
		live_keep(x, r, m.quarantined ? NULL : &m);
	}
	if (r->has_reservation_id)
		reservation_used(
			x->core, x->station, r->reservation_id, r->transaction_info.transaction_id);
	note_open(x, r, shown);
	sign(x, r, e);
	return res;
}
