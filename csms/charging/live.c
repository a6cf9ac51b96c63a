#include "csms/charging/live.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/charging/claim.h"
#include "csms/power/control.h"
#include "csms/power/evse_phases.h"
#include "csms/handle/handlers.h"
#include "csms/power/holding.h"
#include "csms/log.h"

typedef struct ocpp201_transaction_event_request event;

static const char *id_of(const event *r)
{
	return r->transaction_info.transaction_id;
}

static bool is_of(const struct transaction *t, const event *r)
{
	return strcmp(t->id, id_of(r)) == 0;
}

struct evse *live_evse(struct station *s, const event *r)
{
	struct evse *e = r->evse ? station_evse(s, r->evse->id) : NULL;

	for (int i = 0; !e && i < s->evse_count; i++)
		if (is_of(&s->evses[i].tx, r) || strcmp(s->evses[i].tx_before, id_of(r)) == 0)
			e = &s->evses[i];
	return e;
}

bool live_starts_with_token(const event *r)
{
	return r->id_token && r->event_type != OCPP201_TRANSACTION_EVENT_ENDED &&
	       r->trigger_reason != OCPP201_TRIGGER_REASON_STOP_AUTHORIZED &&
	       r->trigger_reason != OCPP201_TRIGGER_REASON_REMOTE_STOP &&
	       r->trigger_reason != OCPP201_TRIGGER_REASON_DEAUTHORIZED;
}

const struct token *live_token(const struct exchange *x, const event *r)
{
	return live_starts_with_token(r) ? fleet_token(&x->core->fleet,
						   ocpp201_id_token_enum.values[r->id_token->type],
						   r->id_token->id_token)
					 : NULL;
}

/* When it happened, but not later than we heard of it: a clock that runs ahead must not make all
 * that follows look old. */
static wall_t live_time(const struct exchange *x, const event *r)
{
	return handle_when(x, r->timestamp);
}

/* One of the future is no reason to drop one of now: the clock was set back. */
static void take_newer(struct reading *r, double value, wall_t at)
{
	if (at.ms >= r->at.ms || r->at.ms > clock_wall().ms + CLOCK_STEP_MS)
		*r = reading_of(value, at);
}

/* -- the transaction, wherever it is ------------------------------------------------------------ */

static void take_state(struct transaction *t, const event *r)
{
	if (r->seq_no < t->state_seq)
		return;
	t->state_seq = r->seq_no;
	snprintf(t->charging_state, sizeof t->charging_state, "%s",
		ocpp201_charging_state_enum.values[r->transaction_info.charging_state]);
}

/* Which was read first its number says: clocks are set, ours as well. */
static void take_register(struct transaction *t, const struct samples *m, int64_t seq_no)
{
	if (!m->has_import)
		return;
	if (!t->begin_wh.at.ms || seq_no < t->register_seq) {
		t->begin_wh = reading_of(m->first_import_wh, m->import_at);
		t->register_seq = seq_no;
	}
	take_newer(&t->meter_wh, m->import_wh, m->import_at);
}

static void merge(
	struct exchange *x, struct transaction *t, const event *r, const struct samples *m)
{
	wall_t at = live_time(x, r);

	if (r->seq_no > t->last_seq)
		t->last_seq = r->seq_no;
	if (at.ms > t->last.ms)
		t->last = at;
	/* A clock that was wrong for a while must not move the beginning. */
	if (!t->started.ms || r->seq_no < t->begin_seq) {
		t->started = at;
		t->begin_seq = r->seq_no;
	}
	if (r->transaction_info.has_charging_state)
		take_state(t, r);
	if (live_starts_with_token(r) && r->seq_no >= t->token_seq) {
		t->token_seq = r->seq_no;
		snprintf(t->token, sizeof t->token, "%s", r->id_token->id_token);
		snprintf(t->token_type, sizeof t->token_type, "%s",
			ocpp201_id_token_enum.values[r->id_token->type]);
	}
	if (r->has_cable_max_current && r->seq_no >= t->cable_seq) {
		t->cable_seq = r->seq_no;
		t->cable_max_a = r->cable_max_current;
		t->cable_at = at;
	}
	if (r->has_number_of_phases_used && r->seq_no >= t->phases_seq) {
		t->phases_seq = r->seq_no;
		t->phases_used = r->number_of_phases_used;
	}
	if (r->transaction_info.has_remote_start_id)
		t->remote_start_id = r->transaction_info.remote_start_id;
	if (m)
		take_register(t, m, r->seq_no);
	if (r->event_type == OCPP201_TRANSACTION_EVENT_ENDED) {
		t->is_open = false;
		t->ended = at;
	}
}

static void start(struct transaction *t, const char *id)
{
	memset(t, 0, sizeof *t);
	snprintf(t->id, sizeof t->id, "%s", id);
	t->last_seq = t->state_seq = t->token_seq = -1;
	t->cable_seq = t->phases_seq = -1;
	t->begin_seq = INT64_MAX;
	t->is_open = true;
}

/* -- without an EVSE ---------------------------------------------------------------------------- */

static struct unplaced *find_unplaced(struct station *s, const char *id)
{
	for (int i = 0; s->unplaced && i < LIVE_UNPLACED_MAX; i++)
		if (s->unplaced[i].tx.id[0] && strcmp(s->unplaced[i].tx.id, id) == 0)
			return &s->unplaced[i];
	return NULL;
}

struct unplaced *live_room(struct station *s, const char *transaction_id)
{
	struct unplaced *u;

	if (!s->unplaced)
		s->unplaced = calloc(LIVE_UNPLACED_MAX, sizeof *s->unplaced);
	if (!s->unplaced)
		return NULL;
	u = &s->unplaced[0];
	for (int i = 1; i < LIVE_UNPLACED_MAX; i++)
		if (s->unplaced[i].tx.last.ms < u->tx.last.ms)
			u = &s->unplaced[i];
	memset(u, 0, sizeof *u);
	start(&u->tx, transaction_id);
	return u;
}

void live_keep(struct exchange *x, const event *r, const struct samples *m)
{
	struct unplaced *u = find_unplaced(x->station, id_of(r));

	if (!u)
		u = live_room(x->station, id_of(r));
	if (!u)
		return;
	merge(x, &u->tx, r, m);
	if (m && m->has_power)
		take_newer(&u->power_w, m->power_w, m->power_at);
	if (m && m->has_soc)
		take_newer(&u->soc_pct, m->soc_pct, m->soc_at);
}

/* -- at its EVSE -------------------------------------------------------------------------------- */

static void show_soc(struct exchange *x, struct evse *e)
{
	struct vehicle *v = e->tx.vehicle;

	if (!v || v->soc_pct.at.ms >= e->soc_pct.at.ms)
		return;
	v->soc_pct = e->soc_pct;
	fleet_touch_vehicle(&x->core->fleet, v);
}

static void take_readings(struct exchange *x, struct evse *e, const struct samples *v)
{
	evse_phases_take(e, v);
	if (v->has_power && e->tx.is_open)
		take_newer(&e->power_w, v->power_w, v->power_at);
	if (v->has_soc)
		take_newer(&e->soc_pct, v->soc_pct, v->soc_at);
	if (v->has_import)
		take_newer(&e->import_wh, v->import_wh, v->import_at);
	show_soc(x, e);
}

void live_measured(struct exchange *x, struct evse *e, const struct samples *m)
{
	bool had_soc = e->soc_pct.at.ms != 0;

	evse_phases_take(e, m);
	if (m->quarantined)
		return;
	if (m->has_power)
		take_newer(&e->power_w, m->power_w, m->power_at);
	if (m->has_import)
		take_newer(&e->import_wh, m->import_wh, m->import_at);
	/* A vehicle's that stands there now, not the one before it. */
	if (m->has_soc && (!e->tx.is_open || m->soc_at.ms >= e->tx.started.ms)) {
		take_newer(&e->soc_pct, m->soc_pct, m->soc_at);
		if (e->tx.is_open)
			show_soc(x, e);
	}
	fleet_touch(&x->core->fleet, e->station);
	if (e->tx.is_open && !had_soc && e->soc_pct.at.ms)
		control_evse_changed(x->core->control, e, "state of charge");
	if (m->has_power)
		control_load_changed(x->core->control);
}

/* What was said of it before its EVSE was known. */
static void take_unplaced(struct exchange *x, struct evse *e, struct unplaced *u)
{
	e->tx = u->tx;
	if (u->power_w.at.ms)
		take_newer(&e->power_w, u->power_w.value, u->power_w.at);
	if (e->tx.meter_wh.at.ms)
		take_newer(&e->import_wh, e->tx.meter_wh.value, e->tx.meter_wh.at);
	e->soc_pct = u->soc_pct;
	memset(u, 0, sizeof *u);
	claim_token(x->core, e, fleet_token(&x->core->fleet, e->tx.token_type, e->tx.token));
}

/*
 * A transaction that the EVSE does not show yet. True if it belongs to the present: an EVSE has one
 * transaction at a time (E01), so the one that began later is the newer one, also where the end of
 * the one before it overlaps; and what has been replaced never comes back.
 */
static bool begin(struct exchange *x, struct evse *e, const event *r)
{
	struct transaction *t = &e->tx;
	struct unplaced *u = find_unplaced(x->station, id_of(r));
	wall_t at = live_time(x, r);
	/* Told as it happens while nobody else is there: the present, whatever its clock says. */
	bool is_now = !t->is_open && r->event_type == OCPP201_TRANSACTION_EVENT_STARTED &&
		      !(r->has_offline && r->offline);

	if (u && u->tx.started.ms < at.ms)
		at = u->tx.started;
	if (strcmp(e->tx_before, id_of(r)) == 0 || (t->id[0] && at.ms < t->started.ms && !is_now))
		return false; /* an old one, delivered late */
	if (t->is_open)
		claim_end(x->core, e);
	memcpy(e->tx_before, t->id, sizeof e->tx_before);
	start(t, id_of(r));
	e->soc_pct = (struct reading){0};
	if (e->power_w.at.ms > at.ms) /* by a clock that was set back: its readings are newer */
		e->power_w = reading_of(e->power_w.value, at);
	if (u)
		take_unplaced(x, e, u);
	t->evse = e;
	claim_begin(x->core, e);
	return true;
}

static void end(struct exchange *x, struct evse *e)
{
	wall_t at = e->tx.ended.ms > e->power_w.at.ms ? e->tx.ended : e->power_w.at;

	e->power_w = reading_of(0, at);
	claim_end(x->core, e);
	log_info("station %s: transaction %s on EVSE %d ended", e->station->id, e->tx.id, e->id);
}

/* It was given up as lost, and its station tells of it again: it goes on. */
static void find_again(struct core *c, struct evse *e)
{
	struct transaction *t = &e->tx;

	t->is_open = true;
	t->is_lost = false;
	t->ended = (wall_t){0};
	e->power_w.at = (wall_t){0}; /* that it draws nothing was ours */
	claim_begin(c, e);
	claim_token(c, e, fleet_token(&c->fleet, t->token_type, t->token));
	log_warn("station %s: transaction %s on EVSE %d was given up as lost, and goes on",
		e->station->id, t->id, e->id);
}

/* A vehicle pauses since it was told to, or charges again since it may: what the plan in force says has
 * come true, and asks for no other. */
static bool is_as_told(const struct evse *e, const char *before)
{
	const char *now = e->tx.charging_state;

	if (e->told.limit_w < 0)
		return false;
	if (strcmp(now, "SuspendedEVSE") == 0)
		return strcmp(before, "Charging") == 0 && e->told.limit_w < e->min_w;
	return strcmp(now, "Charging") == 0 && strcmp(before, "SuspendedEVSE") == 0 &&
	       e->told.limit_w > 0 && e->told.limit_w >= e->min_w;
}

void live_apply(struct exchange *x, struct evse *e, const event *r, const struct samples *m)
{
	struct transaction *t = &e->tx;
	char state[sizeof t->charging_state];
	struct vehicle *before = t->vehicle;
	bool had_soc = e->soc_pct.at.ms != 0, was_open;
	bool is_fresh = !is_of(t, r), is_found, was_full = t->full_at.ms != 0;
	bool has_news;
	int64_t remote;

	if (is_fresh && !begin(x, e, r))
		return;
	is_found = t->is_lost && r->seq_no > t->last_seq &&
		   r->event_type != OCPP201_TRANSACTION_EVENT_ENDED;
	if (is_found)
		find_again(x->core, e);
	was_open = is_fresh || t->is_open;
	remote = is_fresh ? 0 : t->remote_start_id;
	memcpy(state, t->charging_state, sizeof state);
	merge(x, t, r, m);
	if (t->remote_start_id != remote)
		holding_transaction_began(x->core, e, t->id, t->remote_start_id);
	if (t->is_open && live_starts_with_token(r) && t->token_seq == r->seq_no)
		claim_token(x->core, e, live_token(x, r));
	if (m)
		take_readings(x, e, m);
	if (was_open && !t->is_open)
		end(x, e);
	fleet_touch(&x->core->fleet, x->station);
	has_news = before != t->vehicle || is_fresh || is_found ||
		   r->event_type != OCPP201_TRANSACTION_EVENT_UPDATED ||
		   had_soc != (e->soc_pct.at.ms != 0) || was_full != (t->full_at.ms != 0);
	if (has_news || (strcmp(state, t->charging_state) != 0 && !is_as_told(e, state)))
		control_evse_changed(
			x->core->control, e, ocpp201_trigger_reason_enum.values[r->trigger_reason]);
	control_load_changed(x->core->control);
}
