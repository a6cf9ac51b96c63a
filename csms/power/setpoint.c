#include "csms/power/setpoint.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/station/call.h"
#include "csms/power/control.h"
#include "csms/station/device.h"
#include "csms/power/envelope_apply.h"
#include "csms/power/evse_phases.h"
#include "csms/power/holding.h"
#include "csms/log.h"
#include "csms/record.h"
#include "csms/station/session.h"
#include "csms/plan/storage_case.h"

#define IDLE_LEASES    4 /* default profiles are kept in flash: written less often */
#define LEAN_LEASE_MS  60000 /* what a battery of ours makes room for ends soon after depotd */
#define RISE_LEAST_W   500
#define FIRST_WAIT_MS  10000 /* for the plan of a vehicle that has just come */
#define NEEDS_WAIT_MS  10000 /* of the 60 s that ISO 15118 gives */
#define BOOT_WAIT_MS   3000 /* who connects may be about to say that its power was gone */
#define RETRY_FIRST_MS 2000
#define ANSWER_S       8 /* the guard cannot wait half a minute for a station that is silent */
#define RETRY_MOST_MS  60000
#define BACK_S         10800 /* a station's clock may be set back by so much */
#define UNKNOWN_BACK_S 604800 /* … or ours be ahead, where nobody knows the station's */
#define UNKNOWN_MS     INT64_C(86400000) /* … or behind it: less than the tail holds for so long */

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t greater(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

void lane_init(struct lane *l, struct core *c, struct evse *e)
{
	memset(l, 0, sizeof *l);
	l->core = c;
	l->evse = e;
	l->pending_w = -1;
}

/* -- what is held ----------------------------------------------------------------------------- */

/* What it comes to on the phases that are reckoned with now. Said in A it holds for each phase; of W
 * a station may make more on fewer phases, so it counts whole. */
static int64_t spread_w(const struct lane *l, const struct held *h)
{
	int now = evse_phases_count(l->evse);

	if (l->evse->is_dc || !h->phases || h->phases == now || (now < h->phases && !h->in_amperes))
		return h->w;
	return h->w * now / h->phases;
}

/* For how long it has been told at `t`, by the clock that its station goes by. */
static int64_t age_ms(const struct lane *l, const struct held *h, mono_t t)
{
	const struct station_clock *c = &l->evse->station->clock;

	if (!c->is_known)
		return mono_diff_ms(t, h->start);
	return wall_diff_ms(station_clock_now(c), h->its_start) + mono_diff_ms(t, clock_mono());
}

/* The limit of a held profile at that age: see the header for its three steps. */
static int64_t held_at_age(const struct lane *l, const struct held *h, int64_t age)
{
	int64_t w = spread_w(l, h), tail_w = l->evse->tail_w;

	if (age < -h->back_s * 1000)
		return l->evse->max_w; /* not in force yet, by a clock that was set back */
	if (station_clock_is_doubtful(&l->evse->station->clock))
		return greater(w, tail_w); /* by a clock that is far ahead both steps are over */
	if (age < h->lease_ms)
		return w;
	return age < h->tail_ms ? smaller(w, tail_w) : tail_w;
}

/* … at `t`. By a clock of which one message has told so far it may be over already: an idle EVSE that
 * was told to take nothing then has its tail. */
static int64_t held_at(const struct lane *l, const struct held *h, mono_t t)
{
	int64_t age = age_ms(l, h, t),
		ahead_ms = station_clock_perhaps_ahead_ms(&l->evse->station->clock);

	return greater(held_at_age(l, h, age), held_at_age(l, h, age + ahead_ms));
}

static bool has_own(const struct lane *l)
{
	return l->own.lease_ms && l->evse->tx.is_open &&
	       strcmp(l->transaction, l->evse->tx.id) == 0;
}

int64_t lane_held_w(const struct lane *l, mono_t now)
{
	if (l->evse->station->is_manual)
		return l->evse->max_w;
	if (has_own(l))
		return held_at(l, &l->own, now);
	if (l->dflt.lease_ms)
		return held_at(l, &l->dflt, now);
	/* Never told by this depotd. A station that was never here draws nothing; one with a vehicle
	 * does what it likes until its default profile is in. */
	return l->evse->tx.is_open ? l->evse->max_w : 0;
}

static int64_t lease_ms(const struct lane *l)
{
	return l->core->config->control->lease_s * 1000;
}

int64_t lane_bound_w(const struct lane *l, mono_t now)
{
	int64_t w = greater(lane_held_w(l, now), lane_held_w(l, mono_add_ms(now, 1000)));

	/* Out of reach it gets to its tail by itself; what others are given now lasts a lease, also if
	 * nobody is there to take it back. */
	if (!l->evse->station->session)
		w = greater(w, lane_held_w(l, mono_add_ms(now, lease_ms(l))));
	if (l->pending_w >= 0 && !l->pending_default)
		w = greater(w, l->pending_w);
	if (l->unsure)
		w = greater(w, l->unsure_w);
	if (holding_overrides(l->evse))
		w = greater(w, l->evse->max_w);
	return w;
}

/* Above its tail it stands on room that goes with a battery, and holds that for too long. */
static bool outlasts_stores(const struct lane *l)
{
	return l->leans && l->own.lease_ms > LEAN_LEASE_MS && !l->own.give_w && !l->want.give_w &&
	       spread_w(l, &l->own) > l->evse->tail_w;
}

static bool half_over(const struct lane *l, const struct held *h, mono_t now)
{
	if (h->until_known && l->evse->station->clock.is_known)
		return true;
	return !h->lease_ms || age_ms(l, h, now) >= h->lease_ms / 2;
}

static bool default_is_due(const struct lane *l, mono_t now)
{
	return l->say_default || (!l->evse->tx.is_open && half_over(l, &l->dflt, now));
}

static int64_t held_give_w(const struct lane *l, mono_t now)
{
	return has_own(l) && age_ms(l, &l->own, now) < l->own.lease_ms ? l->own.give_w : 0;
}

/* What it gives back is to begin, to end, or to be another power. */
static bool gives_otherwise(const struct lane *l)
{
	int64_t more = l->want.give_w - l->own.give_w;

	return more && (more >= RISE_LEAST_W || more <= -RISE_LEAST_W || !l->want.give_w);
}

/* It has just begun; one that begins in the time to come, by a clock that is ahead, has not. */
static bool is_fresh(const struct transaction *t)
{
	int64_t for_ms = wall_diff_ms(clock_wall(), t->started);

	return for_ms >= 0 && for_ms < FIRST_WAIT_MS;
}

static bool own_is_due(const struct lane *l, mono_t now)
{
	int64_t own = spread_w(l, &l->own);

	if (!l->evse->tx.is_open)
		return false;
	/* An offer of nothing ends the negotiation: worth waiting a moment for the plan. */
	if (now.us < l->needs_by.us && l->want.limit_w == 0 && lane_held_w(l, now) == 0)
		return false;
	/* The default says the same until the plan is there; a vehicle of ISO 15118 would be offered
	 * nothing before it has told what it needs (K15.FR.17). */
	if (!has_own(l) && !l->unsure && l->want.limit_w == 0 && l->dflt.lease_ms &&
		held_at(l, &l->dflt, now) == 0 && is_fresh(&l->evse->tx))
		return false;
	if (!has_own(l) || l->say_own || l->unsure || half_over(l, &l->own, now))
		return true;
	if (gives_otherwise(l) || outlasts_stores(l))
		return true;
	if (l->own.phases && !l->own.in_amperes && l->own.phases != evse_phases_count(l->evse))
		return true; /* W that were divided by other phases */
	/* A rise of little use is not worth a message and a change of power in the vehicle. */
	if (l->want.limit_w > own && own > 0 && l->want.limit_w - own < RISE_LEAST_W)
		return false;
	return own != l->want.limit_w;
}

bool lane_is_due(const struct lane *l, mono_t now)
{
	bool lowers = l->want.limit_w < lane_held_w(l, now) || l->want.give_w < held_give_w(l, now);

	if (l->evse->station->is_manual)
		return false;
	if (l->pending_w >= 0 || now.us < (lowers ? l->lower_at : l->retry_at).us)
		return false;
	return default_is_due(l, now) || own_is_due(l, now);
}

bool lane_is_unanswered(const struct lane *l)
{
	return l->unsure && l->failures > 0;
}

void lane_repeat(struct lane *l, bool booted)
{
	l->say_default = l->say_own = true;
	l->pending_w = -1;
	l->failures = 0;
	l->retry_at.us = l->lower_at.us = 0;
	if (booted)
		l->own.lease_ms = 0;
	else
		l->retry_at = mono_add_ms(clock_mono(), BOOT_WAIT_MS);
}

void lane_time_changed(struct lane *l)
{
	l->say_default = l->say_own = true;
}

void lane_needs(struct lane *l, mono_t now)
{
	l->say_own = true;
	l->needs_by = mono_add_ms(now, NEEDS_WAIT_MS);
	l->retry_at.us = l->lower_at.us = 0;
}

void lane_take_over(struct lane *l)
{
	lane_repeat(l, true);
	l->unsure = true;
	l->unsure_w = l->evse->max_w;
}

void lane_restore(struct lane *l)
{
	const struct setpoint *told = &l->evse->told;

	if (told->limit_w < 0)
		return;
	l->say_default = l->say_own = true;
	l->dflt = (struct held){.lease_ms = 1};
	l->own = (struct held){
		.w = greater(told->limit_w, l->evse->tail_w), .lease_ms = INT64_MAX / 4};
	snprintf(l->transaction, sizeof l->transaction, "%s", l->evse->tx.id);
}

/* -- sending ---------------------------------------------------------------------------------- */

/* A breaker is rated in A, and so is a limit where the station takes it: W become A at a voltage that
 * only the station knows. */
static bool speaks_amperes(const struct lane *l)
{
	int64_t units = device_fact(l->evse->station, DEVICE_PROFILE_UNITS, 0);

	return !l->evse->is_dc && (units & DEVICE_UNIT_A) &&
	       (l->phases_limited || !(units & DEVICE_UNIT_W));
}

/* A limit in W is shared by the phases that the period names, three by default (K01.FR.49): an EVSE
 * with fewer would draw a third of it. One in A holds for each phase; tenths, rounded down (K01,
 * ChargingSchedulePeriodType.limit). */
/* OCPP 2.0.1 has no word for giving back. A station whose vendor declared one is told in the words of
 * 2.1 (ChargingSchedulePeriod.setpoint, dischargeLimit: below 0), in CustomData of the first period:
 * when the lease is over nothing flows back any more. One that does not know it sees a limit of 0. */
static void write_giving(struct text *t, const struct lane *l, int64_t give_w)
{
	const struct depot_discharge *d = storage_evse(l->core, l->evse);

	if (!d || !d->vendor)
		return;
	text_puts(t, ",\"customData\":{\"vendorId\":");
	text_put_json(t, d->vendor);
	text_printf(t, ",\"setpoint\":%lld,\"dischargeLimit\":%lld}", (long long)-give_w,
		(long long)-give_w);
}

static void write_period(struct text *t, const struct lane *l, bool in_amperes, int64_t start_s,
	int64_t w, int phases, int64_t give_w)
{
	int64_t tenths = w * 10 / (l->core->depot->voltage_v * phases);

	text_printf(t, "{\"startPeriod\":%lld,\"limit\":", (long long)start_s);
	if (in_amperes)
		text_printf(t, "%lld.%lld", (long long)(tenths / 10), (long long)(tenths % 10));
	else
		text_printf(t, "%lld", (long long)w);
	if (!l->evse->is_dc && phases < 3)
		text_printf(t, ",\"numberPhases\":%d", phases);
	if (give_w > 0)
		write_giving(t, l, give_w);
	text_putc(t, '}');
}

static int own_phases(const struct evse *e)
{
	return e->is_dc ? GRID_PHASES : e->phases;
}

/* Periods that the vehicle and the station take; two are enough for all that is said here. */
static bool takes_one_period(const struct lane *l, bool is_own)
{
	return is_own && (l->evse->tx.needs.max_tuples == 1 ||
				 device_fact(l->evse->station, DEVICE_PROFILE_PERIODS, 0) == 1);
}

/* K01: absolute, by the station's own clock, W, first period at 0, and the tail at the end; a period
 * that changes nothing is left out. It begins in the past: by a clock that is set back one that begins
 * now is not in force yet, and has taken the place of the one that was. Where one period is all that is taken (K15.FR.07) it ends with the lease, and the
 * default profile, which is never above the tail, takes over; one below the tail just stays. */
static void write_schedule(struct text *t, const struct lane *l, const struct held *h, bool is_own)
{
	char when[WALL_TEXT_SIZE];
	int64_t tail = l->evse->tail_w, last = h->w * own_phases(l->evse) / h->phases;
	int64_t steps[2] = {smaller(last, tail), tail};
	bool one = takes_one_period(l, is_own);

	text_printf(t, "\"chargingSchedule\":[{\"id\":%d,\"startSchedule\":\"%s\",", l->evse->id,
		wall_format(wall_add_ms(h->its_start, -h->back_s * 1000), when));
	if (one && (last > tail || h->give_w))
		text_printf(t, "\"duration\":%lld,", (long long)(h->back_s + h->lease_ms / 1000));
	text_printf(t, "\"chargingRateUnit\":\"%s\",\"chargingSchedulePeriod\":[",
		h->in_amperes ? "A" : "W");
	write_period(t, l, h->in_amperes, 0, h->w, h->phases, h->give_w);
	for (int i = 0; i < 2 && !one; i++) {
		int64_t begin_ms = i ? h->tail_ms : h->lease_ms;

		if (steps[i] == last && (i > 0 || !h->give_w)) /* giving back ends with the lease */
			continue;
		last = steps[i];
		text_putc(t, ',');
		/* A tail is proven for all phases of the EVSE. */
		write_period(t, l, h->in_amperes, h->back_s + begin_ms / 1000, last,
			own_phases(l->evse), 0);
	}
	text_puts(t, "]}]");
}

static void write_request(struct text *t, const struct lane *l, const struct held *h, bool is_own)
{
	text_printf(t,
		"{\"evseId\":%d,\"chargingProfile\":{\"id\":%d,\"stackLevel\":%d,"
		"\"chargingProfilePurpose\":\"%s\",\"chargingProfileKind\":\"Absolute\",",
		l->evse->id, is_own ? OWN_PROFILE_ID(l->evse->id) : DEFAULT_PROFILE_ID(l->evse->id),
		is_own ? OWN_PROFILE_LEVEL : DEFAULT_PROFILE_LEVEL,
		is_own ? "TxProfile" : "TxDefaultProfile");
	if (is_own) {
		text_puts(t, "\"transactionId\":");
		text_put_json(t, l->evse->tx.id);
		text_putc(t, ',');
	}
	write_schedule(t, l, h, is_own);
	text_puts(t, "}}");
}

/* What goes with a call until its answer: the lane may be gone by then, its EVSE may not. */
struct sent {
	struct core *core;
	char station[49], transaction[UTF8_SIZE(36)];
	int evse;
	struct held held;
	bool is_own;
	struct setpoint want;
};

static void journal(const struct lane *l, const struct sent *s)
{
	struct arena *a = record_arena(l->core);
	struct event_setpoint_changed *p = a ? arena_alloc(a, sizeof *p) : NULL;

	if (!p)
		return;
	p->evse_id = s->evse;
	p->limit_w = s->want.limit_w;
	p->has_give_w = s->want.give_w > 0;
	p->give_w = s->want.give_w;
	p->source = arena_strdup(a, s->want.source);
	p->node = s->want.node[0] ? arena_strdup(a, s->want.node) : NULL;
	p->reason = arena_strdup(a, s->want.reason);
	p->profile_id = s->is_own ? OWN_PROFILE_ID(s->evse) : DEFAULT_PROFILE_ID(s->evse);
	p->transaction_id = s->is_own ? arena_strdup(a, s->transaction) : NULL;
	record_now(l->core, EVENT_SETPOINT_CHANGED, "station", s->station, p, "depotd", NULL);
}

static void accepted(struct lane *l, const struct sent *s)
{
	struct setpoint *told = &l->evse->told;
	bool changed = told->limit_w != s->want.limit_w || told->give_w != s->want.give_w ||
		       strcmp(told->source, s->want.source) != 0 ||
		       strcmp(told->node, s->want.node) != 0;

	l->failures = 0;
	/* A default says nothing of the transaction's profile, which ends with its transaction. */
	if (s->is_own || !l->evse->tx.is_open)
		l->unsure = false;
	if (s->is_own) {
		l->say_own = false;
		l->own = s->held;
		snprintf(l->transaction, sizeof l->transaction, "%s", s->transaction);
	} else {
		l->say_default = false;
		l->dflt = s->held;
	}
	if (!s->is_own && l->evse->tx.is_open)
		return; /* under a transaction the default is of no effect: its own profile follows */
	*told = s->want;
	told->at = clock_wall();
	if (changed) {
		journal(l, s);
		fleet_touch(&l->core->fleet, l->evse->station);
	}
}

void lane_spread(struct lane *l)
{
	struct setpoint *told = &l->evse->told;
	int64_t w;
	struct sent s;
	int phases;

	if (!has_own(l) || !l->own.in_amperes || l->evse->station->is_manual)
		return;
	w = spread_w(l, &l->own);
	phases = evse_phases_count(l->evse);
	if (told->limit_w == w)
		return;
	s = (struct sent){.evse = l->evse->id, .is_own = true};
	told->limit_w = w;
	snprintf(told->reason, sizeof told->reason,
		"the same current as before, which is now known to be of %d phase%s", phases,
		phases == 1 ? "" : "s");
	s.want = *told;
	snprintf(s.station, sizeof s.station, "%s", l->evse->station->id);
	snprintf(s.transaction, sizeof s.transaction, "%s", l->transaction);
	journal(l, &s);
	fleet_touch(&l->core->fleet, l->evse->station);
}

/* Refused: the old one stands. Lost or late: either may. Try again, more and more slowly. */
static void failed(struct lane *l, const struct sent *s, bool known)
{
	int64_t wait = RETRY_FIRST_MS << (l->failures < 6 ? l->failures : 6);
	mono_t now = clock_mono();

	if (!known && s->is_own) {
		int64_t w = greater(lane_held_w(l, now), s->held.w);

		l->unsure_w = l->unsure ? greater(l->unsure_w, w) : w;
		l->unsure = true;
	}
	l->failures++;
	l->retry_at = mono_add_ms(now, smaller(wait, RETRY_MOST_MS));
	l->lower_at = mono_add_ms(now, RETRY_FIRST_MS);
	log_warn("station %s: EVSE %d did not take a limit of %lld W%s", s->station, s->evse,
		(long long)s->held.w, known ? "" : " (no answer)");
}

static bool was_accepted(const struct call_result *r)
{
	const struct ocpp201_set_charging_profile_response *p = r->response_struct;

	return r->outcome == EVENT_CALL_OUTCOME_ANSWERED && p &&
	       p->status == OCPP201_CHARGING_PROFILE_STATUS_ACCEPTED;
}

static void on_answer(void *arg, const struct call_result *r)
{
	struct sent *s = arg;
	struct station *st = fleet_station(&s->core->fleet, s->station);
	struct evse *e = st ? station_evse(st, s->evse) : NULL;
	struct lane *l = e ? control_lane(s->core->control, e) : NULL;

	if (l) {
		l->pending_w = -1;
		if (was_accepted(r))
			accepted(l, s);
		else
			failed(l, s,
				r->outcome == EVENT_CALL_OUTCOME_ANSWERED ||
					r->outcome == EVENT_CALL_OUTCOME_ERROR ||
					r->outcome == EVENT_CALL_OUTCOME_CANCELLED);
		control_lane_settled(s->core->control);
	}
	free(s);
}

/* What gives back keeps its lease, and one that lies at its tail has nothing to lose. */
static int64_t own_lease_ms(const struct lane *l)
{
	int64_t ms = lease_ms(l);

	if (l->leans && !l->want.give_w && l->want.limit_w > l->evse->tail_w)
		ms = smaller(ms, LEAN_LEASE_MS);
	return envelopes_lease_ms(l->core->envelopes, clock_wall(), ms);
}

static struct sent *prepare(const struct lane *l, mono_t now)
{
	struct sent *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->core = l->core;
	s->is_own = l->evse->tx.is_open && !l->say_default;
	s->evse = l->evse->id;
	snprintf(s->station, sizeof s->station, "%s", l->evse->station->id);
	snprintf(s->transaction, sizeof s->transaction, "%s", l->evse->tx.id);
	if (s->is_own) {
		s->want = l->want;
		s->held = (struct held){
			.w = l->want.limit_w,
			.give_w = l->want.give_w,
			.lease_ms = own_lease_ms(l),
			.phases = evse_phases_count(l->evse),
		};
	} else {
		s->want.limit_w = 0;
		snprintf(s->want.source, sizeof s->want.source, "idle");
		snprintf(s->want.reason, sizeof s->want.reason,
			"no vehicle; the safe tail of %lld W follows when depotd is silent",
			(long long)l->evse->tail_w);
		s->held = (struct held){
			.lease_ms = IDLE_LEASES * lease_ms(l), .phases = own_phases(l->evse)};
	}
	/* By a clock that is ahead of what we take it for, the lease would be over when it begins. */
	s->held.until_known = s->is_own && !l->evse->station->clock.is_known && !s->held.give_w &&
			      s->held.w < l->evse->tail_w;
	if (s->held.until_known)
		s->held.lease_ms = greater(s->held.lease_ms, UNKNOWN_MS);
	s->held.tail_ms = s->held.lease_ms + greater(s->held.lease_ms, lease_ms(l));
	s->held.start = now;
	s->held.its_start = station_clock_now(&l->evse->station->clock);
	s->held.back_s = l->evse->station->clock.is_known ? BACK_S : UNKNOWN_BACK_S;
	s->held.in_amperes = speaks_amperes(l);
	return s;
}

int lane_send(struct lane *l, mono_t now)
{
	struct sent *s = prepare(l, now);
	struct schema_error err;
	struct text t;
	int rc = -1;

	if (!s)
		return -1;
	text_init(&t, 0);
	write_request(&t, l, &s->held, s->is_own);
	if (text_ok(&t)) {
		struct call_request req = {
			.action = "SetChargingProfile",
			.payload = t.data,
			.actor = l->want.source[0] ? l->want.source : "control",
			.why = s->want.reason,
			.timeout_s = ANSWER_S,
			.urgent = s->is_own && (s->held.w < lane_held_w(l, now) ||
						       s->held.give_w < held_give_w(l, now)),
			.by_control = true,
			.done = on_answer,
			.arg = s,
		};
		l->pending_w = s->held.w;
		l->pending_default = !s->is_own;
		rc = call_queue_add(l->core, l->evse->station, &req, NULL, &err);
		if (rc)
			l->pending_w = -1;
	}
	text_finish(&t);
	if (rc)
		free(s);
	return rc;
}
