/*
 * E01 to E15: transactions. History (the journal) takes every event once, by (station,
 * transaction, seqNo), in whatever order it comes; the present (fleet) only moves forward:
 * offline, late and repeated events change history and never turn the live state back (rules 26
 * to 31). An answer always comes, and only after the event is on disk.
 */
#include <stdio.h>
#include <string.h>
#include "csms/claim.h"
#include "csms/command.h"
#include "csms/control.h"
#include "csms/cost.h"
#include "csms/evse_phases.h"
#include "csms/handle/handlers.h"
#include "csms/holding.h"
#include "csms/log.h"
#include "csms/meters.h"
#include "csms/record.h"
#include "csms/reservation.h"
#include "csms/samples.h"
#include "csms/token_check.h"

/* How much more than its rating an EVSE may report before its numbers are not believed. */
#define PLAUSIBLE_FACTOR   1.25
#define PLAUSIBLE_SLACK_WH 2000.0

/* The EVSE of the event: named in it, or the one that holds the transaction (E 1.5: the EVSE is
 * only named once). NULL: not known yet. */
static struct evse *find_evse(struct station *s, const struct ocpp201_transaction_event_request *r)
{
	struct evse *e = r->evse ? station_evse(s, r->evse->id) : NULL;

	for (int i = 0; !e && i < s->evse_count; i++)
		if (strcmp(s->evses[i].tx.id, r->transaction_info.transaction_id) == 0)
			e = &s->evses[i];
	return e;
}

/* Does the event begin to charge with the token that it carries? What ends a transaction may come
 * with the card of somebody else of the group, or with a master pass (C09, C16). */
static bool starts_with_token(const struct ocpp201_transaction_event_request *r)
{
	return r->id_token && r->event_type != OCPP201_TRANSACTION_EVENT_ENDED &&
	       r->trigger_reason != OCPP201_TRIGGER_REASON_STOP_AUTHORIZED &&
	       r->trigger_reason != OCPP201_TRIGGER_REASON_REMOTE_STOP &&
	       r->trigger_reason != OCPP201_TRIGGER_REASON_DEAUTHORIZED;
}

/* The token that the transaction charges with; NULL: the event has none, or nobody registered it. */
static const struct token *token_of(
	struct exchange *x, const struct ocpp201_transaction_event_request *r)
{
	return starts_with_token(r) ? fleet_token(&x->core->fleet,
					      ocpp201_id_token_enum.values[r->id_token->type],
					      r->id_token->id_token)
				    : NULL;
}

/* A register that runs faster than the EVSE can deliver is a lie or a fault: keep it in the
 * journal, mark it, and do not steer by it. */
static const char *judge(const struct evse *e, const struct transaction *t, const struct samples *v)
{
	double hours, most, wh;

	if (v->quarantined)
		return v->quarantined;
	if (!e || !v->has_import || !t->begin_wh.at.ms)
		return NULL;
	hours = (double)wall_diff_ms(v->import_at, t->begin_wh.at) / 3600e3;
	wh = v->import_wh - t->begin_wh.value;
	if (hours < 0) { /* out of order: of before the first that we heard */
		hours = -hours;
		wh = -wh;
	}
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
		.at = r->timestamp,
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

/* -- the present ------------------------------------------------------------------------------ */

static bool newer(const struct reading *r, wall_t at)
{
	return at.ms >= r->at.ms;
}

static void take_readings(struct exchange *x, struct evse *e, const struct samples *v)
{
	struct transaction *t = &e->tx;

	evse_phases_take(e, v);
	if (v->has_power && newer(&e->power_w, v->power_at))
		e->power_w = (struct reading){v->power_w, v->power_at};
	if (v->has_soc && newer(&e->soc_pct, v->soc_at)) {
		e->soc_pct = (struct reading){v->soc_pct, v->soc_at};
		if (t->vehicle) {
			t->vehicle->soc_pct = e->soc_pct;
			fleet_touch_vehicle(&x->core->fleet, t->vehicle);
		}
	}
	if (!v->has_import)
		return;
	if (!t->begin_wh.at.ms)
		t->begin_wh = (struct reading){v->first_import_wh, v->import_at};
	if (newer(&t->meter_wh, v->import_at))
		t->meter_wh = (struct reading){v->import_wh, v->import_at};
}

/* When it happened, but not later than we heard of it: a clock that runs ahead must not make all
 * that follows look old. */
static wall_t live_time(const struct exchange *x, const struct ocpp201_transaction_event_request *r)
{
	return r->timestamp.ms > x->received.ms ? x->received : r->timestamp;
}

/* A transaction that the EVSE does not show yet. True if it belongs to the present. */
static bool begin(
	struct exchange *x, struct evse *e, const struct ocpp201_transaction_event_request *r)
{
	struct transaction *t = &e->tx;

	if (t->id[0] && live_time(x, r).ms < t->last.ms)
		return false; /* an old one, delivered late */
	if (t->is_open)
		claim_end(x->core, e);
	memset(t, 0, sizeof *t);
	snprintf(t->id, sizeof t->id, "%s", r->transaction_info.transaction_id);
	t->evse = e;
	t->started = live_time(x, r);
	t->last_seq = -1;
	t->is_open = true;
	if (r->transaction_info.has_remote_start_id)
		holding_transaction_began(x->core, e, t->id, r->transaction_info.remote_start_id);
	e->soc_pct = (struct reading){0};
	claim_begin(x->core, e);
	return true;
}

static void end(
	struct exchange *x, struct evse *e, const struct ocpp201_transaction_event_request *r)
{
	e->tx.is_open = false;
	e->tx.ended = live_time(x, r);
	e->power_w = (struct reading){0, live_time(x, r)};
	claim_end(x->core, e);
	log_info("station %s: transaction %s on EVSE %d ended", e->station->id, e->tx.id, e->id);
}

static void take_state(struct exchange *x, struct transaction *t,
	const struct ocpp201_transaction_event_request *r)
{
	enum ocpp201_charging_state state = r->transaction_info.charging_state;

	snprintf(t->charging_state, sizeof t->charging_state, "%s",
		ocpp201_charging_state_enum.values[state]);
	if (state == OCPP201_CHARGING_STATE_SUSPENDED_EV)
		t->full_at = live_time(x, r);
	else if (state == OCPP201_CHARGING_STATE_CHARGING)
		t->full_at.ms = 0;
}

static void take_token(
	struct exchange *x, struct evse *e, const struct ocpp201_transaction_event_request *r)
{
	struct transaction *t = &e->tx;

	snprintf(t->token, sizeof t->token, "%s", r->id_token->id_token);
	snprintf(t->token_type, sizeof t->token_type, "%s",
		ocpp201_id_token_enum.values[r->id_token->type]);
	claim_token(x->core, e, token_of(x, r));
}

/* Moves the live state by an event that is newer than what it shows. */
static void apply(struct exchange *x, struct evse *e,
	const struct ocpp201_transaction_event_request *r, const struct samples *m, bool believed)
{
	struct transaction *t = &e->tx;
	char state[sizeof t->charging_state];
	struct vehicle *before = t->vehicle;
	bool had_soc = e->soc_pct.at.ms != 0;
	bool is_fresh = strcmp(t->id, r->transaction_info.transaction_id) != 0;

	if (is_fresh && !begin(x, e, r))
		return;
	if (r->seq_no <= t->last_seq)
		return;
	t->last_seq = r->seq_no;
	if (live_time(x, r).ms > t->last.ms)
		t->last = live_time(x, r);
	memcpy(state, t->charging_state, sizeof state);
	if (r->transaction_info.has_charging_state)
		take_state(x, t, r);
	if (starts_with_token(r))
		take_token(x, e, r);
	if (believed)
		take_readings(x, e, m);
	if (r->event_type == OCPP201_TRANSACTION_EVENT_ENDED)
		end(x, e, r);
	fleet_touch(&x->core->fleet, x->station);
	if (strcmp(state, t->charging_state) != 0 || before != t->vehicle || is_fresh ||
		r->event_type != OCPP201_TRANSACTION_EVENT_UPDATED ||
		had_soc != (e->soc_pct.at.ms != 0))
		control_evse_changed(
			x->core->control, e, ocpp201_trigger_reason_enum.values[r->trigger_reason]);
	control_load_changed(x->core->control);
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
		.starts = starts_with_token(r),
		.now = x->received,
	};
	struct ocpp201_id_token_info *info;

	if (!r->id_token)
		return true;
	info = arena_alloc(x->arena, sizeof *info);
	if (!info)
		return false;
	token_check(&use, r->id_token, x->arena, info);
	if (use.starts)
		cost_add_text(x->core, x->station, x->arena, info);
	res->id_token_info = info;
	p->token_status = ocpp201_authorization_status_enum.values[info->status];
	return true;
}

/* F01 to F03: what was asked for has started or ended. */
static void sign(struct exchange *x, const struct ocpp201_transaction_event_request *r)
{
	struct command_sign said = {
		.kind = SIGN_TRANSACTION,
		.action = -1,
		.request_id = r->transaction_info.has_remote_start_id
				      ? r->transaction_info.remote_start_id
				      : 0,
		.evse_id = r->evse ? r->evse->id : 0,
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

	if (v && (v != before || starts_with_token(r)) && e->tx.last_seq == r->seq_no &&
		strcmp(e->tx.id, r->transaction_info.transaction_id) == 0)
		p->vehicle_id = arena_strdup(x->arena, v->id);
}

void *handle_transaction_event(struct exchange *x, const void *request)
{
	const struct ocpp201_transaction_event_request *r = request;
	struct ocpp201_transaction_event_response *res = arena_alloc(x->arena, sizeof *res);
	struct event_transaction_reported *p = arena_alloc(x->arena, sizeof *p);
	struct evse *e = find_evse(x->station, r);
	const struct token *token = token_of(x, r);
	struct samples m;
	const struct vehicle *before;
	bool is_same = e && strcmp(e->tx.id, r->transaction_info.transaction_id) == 0;

	if (!res || !p || !answer_token(x, r, e, res, p))
		return NULL;
	samples_read(&r->meter_value, x->received, &m);
	fill_event(x, p, r, e, token ? token->vehicle : NULL);
	fill_samples(p, &m);
	p->quarantined = is_same ? judge(e, &e->tx, &m) : m.quarantined;
	if (p->quarantined)
		log_warn("station %s: transaction %s: %s: not used", x->station->id,
			r->transaction_info.transaction_id, p->quarantined);
	journal(x, r, p);
	if (r->event_type == OCPP201_TRANSACTION_EVENT_ENDED)
		holding_transaction_ended(x->core, x->station, r->transaction_info.transaction_id);
	if (!p->quarantined)
		sample_series(x, e, &m);
	if (!p->quarantined && e)
		meters_sampled(
			x->core->meters, x->station->id, e->id, &r->meter_value, x->received);
	if (e) {
		before = is_same ? e->tx.vehicle : NULL;
		apply(x, e, r, &m, !p->quarantined);
		note_vehicle(x, e, r, before, p);
		cost_event(x, e, r, res);
	}
	if (r->has_reservation_id)
		reservation_used(
			x->core, x->station, r->reservation_id, r->transaction_info.transaction_id);
	sign(x, r);
	return res;
}
