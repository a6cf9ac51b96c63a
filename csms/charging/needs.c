#include "csms/charging/needs.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "csms/station/call.h"
#include "csms/power/control.h"
#include "csms/power/holding.h"
#include "csms/power/setpoint.h"
#include "csms/power/stack.h"
#include "db/query_profile.h"

#define ENERGY_MOST_WH    INT64_C(2000000) /* of a battery that nobody described */
#define DEPARTURE_MOST_MS (7 * INT64_C(86400000))
#define TUPLES_MOST       1024
#define SLACK_MS          60000
#define SLACK_W           1
#define HORIZON_MS        INT64_C(86400000) /* a last period without an end is looked at so far */

/* -- what is believed ------------------------------------------------------------------------- */

static int phases_of(enum ocpp201_energy_transfer_mode mode, const struct evse *e)
{
	int n = mode == OCPP201_ENERGY_TRANSFER_MODE_AC_SINGLE_PHASE ? 1
		: mode == OCPP201_ENERGY_TRANSFER_MODE_AC_TWO_PHASE  ? 2
								     : 3;

	return n < e->phases ? n : e->phases;
}

static int64_t believable(int64_t value, int64_t most)
{
	return value > 0 && value <= most ? value : -1;
}

bool needs_read(const struct core *c, const struct evse *e,
	const struct ocpp201_notify_ev_charging_needs_request *r, wall_t now, struct needs *out)
{
	const struct ocpp201_charging_needs *n = &r->charging_needs;
	const struct ocpp201_ac_charging_parameters *ac = n->ac_charging_parameters;
	const struct ocpp201_dc_charging_parameters *dc = n->dc_charging_parameters;
	const struct vehicle *v = e->tx.vehicle;
	int64_t most_wh = v ? v->battery_wh : ENERGY_MOST_WH, w;

	*out = (struct needs){.at = now, .energy_wh = -1};
	if (r->has_max_schedule_tuples && r->max_schedule_tuples > 0)
		out->max_tuples =
			r->max_schedule_tuples < TUPLES_MOST ? r->max_schedule_tuples : TUPLES_MOST;
	if (n->has_departure_time && n->departure_time.ms > now.ms &&
		n->departure_time.ms <= now.ms + DEPARTURE_MOST_MS)
		out->departs_at = n->departure_time;
	if (ac) {
		out->energy_wh = believable(ac->energy_amount, most_wh);
		w = ac->ev_max_current > 0 && ac->ev_max_current < 10000
			    ? ac->ev_max_current * c->depot->voltage_v *
				      phases_of(n->requested_energy_transfer, e)
			    : 0;
	} else if (dc) {
		out->energy_wh =
			dc->has_energy_amount ? believable(dc->energy_amount, most_wh) : -1;
		w = dc->has_ev_max_power ? dc->ev_max_power : 0;
	} else {
		return false;
	}
	out->max_w = w >= e->min_w && w > 0 ? w : 0; /* less would not charge at all */
	return true;
}

/* -- the answer ------------------------------------------------------------------------------- */

static const struct holding *of_transaction(const struct evse *e)
{
	const struct holding *h, *found = NULL;

	DL_FOREACH (e->station->holdings, h)
		if (h->profile->transaction_id &&
			strcmp(h->profile->transaction_id, e->tx.id) == 0 &&
			h->profile->id != OWN_PROFILE_ID(e->id))
			found = h;
	return found;
}

static bool has_few_periods(const struct holding *h, int64_t most)
{
	for (size_t i = 0; i < h->profile->charging_schedule.count; i++)
		if (most && (int64_t)h->profile->charging_schedule.items[i]
					    .charging_schedule_period.count > most)
			return false;
	return true;
}

/* All that the EVSE can give, in one period, above what the operators may have there. */
static void write_all(struct text *t, const struct evse *e, int64_t level)
{
	char when[WALL_TEXT_SIZE];

	text_printf(t,
		"{\"id\":%d,\"stackLevel\":%lld,\"chargingProfilePurpose\":\"TxProfile\","
		"\"chargingProfileKind\":\"Absolute\",\"transactionId\":",
		OWN_PROFILE_ID(e->id), (long long)level);
	text_put_json(t, e->tx.id);
	text_printf(t,
		",\"chargingSchedule\":[{\"id\":%d,\"startSchedule\":\"%s\",\"chargingRateUnit\":"
		"\"W\",\"chargingSchedulePeriod\":[{\"startPeriod\":0,\"limit\":%lld",
		e->id, wall_format(station_clock_now(&e->station->clock), when),
		(long long)e->max_w);
	if (!e->is_dc && e->phases < 3)
		text_printf(t, ",\"numberPhases\":%d", e->phases);
	text_puts(t, "}]}]}");
}

static void say_manual(struct core *c, struct evse *e)
{
	const struct holding *h = of_transaction(e);
	struct schema_error err;
	struct text t;

	text_init(&t, 0);
	text_printf(&t, "{\"evseId\":%d,\"chargingProfile\":", e->id);
	if (h && has_few_periods(h, e->tx.needs.max_tuples))
		schema_encode(&ocpp201_charging_profile_type, h->profile, &t);
	else
		write_all(&t, e, h ? h->profile->stack_level + 1 : 0);
	text_putc(&t, '}');
	if (text_ok(&t))
		call_queue_add(c, e->station,
			&(struct call_request){.action = "SetChargingProfile",
				.payload = t.data,
				.actor = h ? h->owner : "depotd",
				.why = "the vehicle told what it needs",
				.urgent = true,
				.by_control = !h},
			NULL, &err);
	text_finish(&t);
}

void needs_answer(struct core *c, struct evse *e)
{
	struct lane *l = control_lane(c->control, e);

	if (!e->tx.is_open)
		return;
	if (e->station->is_manual)
		say_manual(c, e);
	else if (l)
		lane_needs(l, clock_mono());
	control_evse_changed(c->control, e, "charging needs");
}

/* -- the vehicle's schedule ------------------------------------------------------------------- */

static double asked_w(const struct evse *e, enum ocpp201_charging_rate_unit unit,
	const struct ocpp201_charging_schedule_period *p, int voltage_v)
{
	int named = p->has_number_phases && p->number_phases > 0 ? (int)p->number_phases : 3;
	int used = named < e->phases ? named : e->phases;

	if (unit == OCPP201_CHARGING_RATE_UNIT_A)
		return p->limit * voltage_v * used;
	return e->is_dc ? p->limit : p->limit * used / named;
}

/* A step may come a little later or sooner than it was said, but nothing before the beginning counts:
 * what ruled then is of no more concern. */
static int64_t allowed_w(const struct stack *k, wall_t base, wall_t t, wall_t *until)
{
	wall_t back = wall_add_ms(t, -SLACK_MS);
	int64_t w = stack_w(k, t, until),
		before = stack_w(k, back.ms < base.ms ? base : back, NULL);
	int64_t after = stack_w(k, wall_add_ms(t, SLACK_MS), NULL);

	w = w > before ? w : before;
	return w > after ? w : after;
}

static bool stays_within(
	const struct stack *k, wall_t base, wall_t from, wall_t end, double w, char why[200])
{
	wall_t next;

	for (wall_t t = from; t.ms < end.ms; t = next) {
		int64_t most = allowed_w(k, base, t, &next);
		char when[WALL_TEXT_SIZE];

		if (w > (double)(most + SLACK_W)) {
			snprintf(why, 200, "%.0f W at %s, where %lld W are allowed", w,
				wall_format(t, when), (long long)most);
			return false;
		}
	}
	return true;
}

bool needs_allow(const struct core *c, const struct evse *e, wall_t time_base,
	const struct ocpp201_charging_schedule *q, char why[200])
{
	const struct ocpp201_charging_schedule_period_list *all = &q->charging_schedule_period;
	wall_t base = q->has_start_schedule ? q->start_schedule : time_base;
	struct arena *a = arena_create(0);
	struct stack k;
	bool is_within = a && stack_init(&k, c, e->station, e, a) == 0;

	for (size_t i = 0; is_within && i < all->count; i++) {
		int64_t last = q->has_duration ? q->duration * 1000
					       : all->items[i].start_period * 1000 + HORIZON_MS;
		wall_t from = wall_add_ms(base, all->items[i].start_period * 1000);
		wall_t end = wall_add_ms(
			base, i + 1 < all->count ? all->items[i + 1].start_period * 1000 : last);

		is_within = stays_within(&k, base, from, end,
			asked_w(e, q->charging_rate_unit, &all->items[i], (int)c->depot->voltage_v),
			why);
	}
	arena_destroy(a);
	return is_within;
}

/* -- start ------------------------------------------------------------------------------------ */

struct restore {
	struct core *core;
	struct arena *arena;
	bool failed;
};

static void put_row(struct restore *w, const struct db_needs *row)
{
	const struct station *s = fleet_station(&w->core->fleet, row->station);
	struct evse *e = s ? station_evse(s, row->evse) : NULL;

	if (!e || !e->tx.is_open || !row->transaction_id ||
		strcmp(row->transaction_id, e->tx.id) != 0)
		return;
	e->tx.needs = (struct needs){.at = row->at,
		.max_tuples = row->max_tuples > 0 ? row->max_tuples : 0,
		.departs_at = row->departs_at,
		.energy_wh = row->energy_wh,
		.max_w = row->max_w > 0 ? row->max_w : 0};
}

static void read_rows(struct db_reader *db, void *arg)
{
	struct restore *w = arg;
	struct db_needs_list list = {0};

	if (db_query_needs(db, w->arena, &list))
		w->failed = true;
	for (size_t i = 0; i < list.count; i++)
		put_row(w, &list.items[i]);
}

int needs_restore(struct core *c)
{
	struct restore w = {.core = c, .arena = arena_create(0)};

	if (!w.arena || db_read_now(c->db, read_rows, &w))
		w.failed = true;
	arena_destroy(w.arena);
	return w.failed ? -1 : 0;
}
