#include "csms/plan/expected.h"
#include <math.h>
#include <string.h>
#include <time.h>
#include <utlist.h>
#include "csms/vehicles/bays.h"
#include "csms/vehicles/trips_private.h"
#include "csms/vehicles/vehicles.h"

#define SOON_MS     (15 * INT64_C(60000)) /* who is late comes in so long */
#define GIVEN_UP_MS (3 * INT64_C(3600000)) /* … and who is that late comes we do not know when */
#define SPREAD_S    1200 /* of a return, where nothing is learnt yet */
#define FEW         3 /* arrivals of a weekday that are no habit yet */
#define AWAY_MS     (8 * INT64_C(86400000)) /* it has other habits now */
#define FRESH_S     3600 /* a state of charge told on the way */

struct expected {
	struct vehicle *vehicle;
	struct evse *evse;
	wall_t arrives;
	int64_t spread_s;
	const struct trip *trip; /* that it comes from; NULL: by habit */
};

/* -- when ------------------------------------------------------------------------------------- */

static int64_t spread_of(const struct trips_habit *h, int64_t else_s)
{
	double s = h->n > FEW ? sqrt(h->m2 / (h->n - 1)) : 0;

	return s > 60 ? (int64_t)s : else_s;
}

/* The trip that it is on; NULL: none that we know. */
static const struct trip *under_way(const struct duty *d, wall_t now)
{
	const struct trip *t, *found = NULL;

	DL_FOREACH (d->trips, t)
		if (t->departs.ms <= now.ms && !t->is_settling)
			found = t;
	return found;
}

static bool by_trip(const struct duty *d, wall_t now, struct expected *x)
{
	double late_s = d->late.n > FEW ? d->late.mean : 0;

	x->trip = under_way(d, now);
	if (!x->trip || x->trip->returns.ms + GIVEN_UP_MS < now.ms)
		return false;
	x->arrives = wall_add_ms(x->trip->returns, (int64_t)(late_s * 1000));
	if (x->arrives.ms < now.ms + SOON_MS)
		x->arrives.ms = now.ms + SOON_MS;
	x->spread_s = spread_of(&d->late, SPREAD_S);
	return true;
}

/* Today or tomorrow, at the usual time of that weekday. */
static bool by_habit(const struct duty *d, wall_t now, struct expected *x)
{
	time_t t = (time_t)(now.ms / 1000);
	struct tm today;

	if (d->arrived.ms + AWAY_MS < now.ms)
		return false;
	localtime_r(&t, &today);
	for (int k = 0; k <= 1; k++) {
		struct tm at = today;
		const struct trips_habit *h = &d->weekday[(today.tm_wday + k) % 7];

		if (h->n < FEW)
			continue;
		at.tm_mday += k;
		at.tm_hour = 0;
		at.tm_min = (int)(h->mean / 60);
		at.tm_sec = 0;
		at.tm_isdst = -1;
		x->arrives.ms = (int64_t)mktime(&at) * 1000;
		x->spread_s = spread_of(h, SPREAD_S);
		if (x->arrives.ms > now.ms)
			return true;
		/* Late, but within what is usual. */
		if (x->arrives.ms + 2 * x->spread_s * 1000 > now.ms) {
			x->arrives.ms = now.ms + SOON_MS;
			return true;
		}
	}
	return false;
}

/* -- where ------------------------------------------------------------------------------------ */

static struct evse *bay_of(const struct core *c, const struct duty *d)
{
	struct evse *e = bays_of(c, d->id);
	const struct station *s =
		!e && d->last_station[0] ? fleet_station(&c->fleet, d->last_station) : NULL;

	return s ? station_evse(s, d->last_evse) : e;
}

/* Somebody stands there and has not left by then, or is expected there too. */
static bool is_taken(const struct core *c, const struct evse *e, wall_t now, wall_t arrives,
	const struct control_plan_row *rows, int count)
{
	const struct vehicle *v = e->tx.vehicle;
	wall_t leaves = v ? trips_departure(c, v, now) : (wall_t){0};

	if (e->tx.is_open && (!leaves.ms || leaves.ms > arrives.ms))
		return true;
	for (int i = 0; i < count; i++)
		if (rows[i].evse == e)
			return true;
	return false;
}

/* -- with how much ---------------------------------------------------------------------------- */

/* In the battery when it comes, and how sure that is. */
static int64_t stored_wh(const struct core *c, const struct duty *d, const struct expected *x,
	const struct trip_need *need, wall_t now, struct control_plan_row *row)
{
	const struct vehicle *v = x->vehicle;
	double battery = (double)v->battery_wh, wh = -1, left = 1;
	struct consumption use = {0};
	struct vehicle_soc soc;

	row->need_spread_wh = trips_need_spread_wh(v, false);
	row->by = v->need_wh >= 0 ? CHARGE_BY_DESCRIBED : CHARGE_BY_GUESS;
	if (x->trip) {
		trips_predict(c, v, &x->trip, 1, &use);
		if (vehicle_soc(v, now, FRESH_S, &soc)) {
			left = (double)wall_diff_ms(x->trip->returns, now) /
			       (double)wall_diff_ms(x->trip->returns, x->trip->departs);
			left = left < 0 ? 0 : left > 1 ? 1 : left;
			wh = battery * soc.pct / 100 - left * use.kwh * 1000;
		} else if (d->left_soc_at.ms && d->left.ms < x->trip->returns.ms) {
			wh = battery * d->left_soc_pct / 100 - use.kwh * 1000;
		}
		if (wh >= 0) {
			row->need_spread_wh = (int64_t)(left * consumption_spread(&use) * 1000);
			row->by = CHARGE_BY_TRIP;
		}
	}
	if (wh < 0)
		wh = v->need_wh >= 0 ? (double)(need->target_wh - v->need_wh)
				     : battery * CHARGE_BY_GUESS_PCT / 100;
	return wh < 0 ? 0 : wh > battery ? v->battery_wh : (int64_t)wh;
}

static void fill_one(const struct core *c, const struct duty *d, const struct expected *x,
	wall_t now, struct plan_vehicle *in, struct control_plan_row *row)
{
	struct vehicle *v = x->vehicle;
	const struct evse *e = x->evse;
	int64_t max_w = e->max_w, own = e->is_dc ? v->max_dc_w : v->max_ac_w;
	struct trip_need need;

	trips_need(c, v, x->arrives, &need);
	*in = (struct plan_vehicle){
		.evse = e->grid_evse,
		.from_ms = x->arrives.ms,
		.depart_ms = need.departs.ms > x->arrives.ms ? need.departs.ms : 0,
		.max_w = (int32_t)(own > 0 && own < max_w ? own : max_w),
		.min_w = (int32_t)(v->min_w > e->min_w ? v->min_w : e->min_w),
	};
	in->priority = trips_priority(c, v, &in->worth);
	if (in->max_w < in->min_w)
		in->max_w = in->min_w;
	in->battery = battery_default(v->battery_wh, in->max_w);
	*row = (struct control_plan_row){.evse = x->evse, .vehicle = v};
	in->stored_wh = stored_wh(c, d, x, &need, now, row);
	in->need_wh = need.target_wh > in->stored_wh ? need.target_wh - in->stored_wh : 0;
	row->need_wh = in->need_wh;
	row->from_spread_s = x->spread_s;
	row->departs_at.ms = in->depart_ms;
}

int expected_fill(const struct core *c, wall_t now, wall_t until, struct plan_vehicle *vehicles,
	struct control_plan_row *rows, int room)
{
	int n = 0;

	for (const struct duty *d = c->trips ? c->trips->duties : NULL; d && n < room;
		d = d->hh.next) {
		struct expected x = {.vehicle = fleet_vehicle(&c->fleet, d->id)};

		if (!x.vehicle || x.vehicle->evse || !(x.evse = bay_of(c, d)) ||
			x.evse->grid_evse < 0 || x.evse->station->is_manual)
			continue;
		if (d->trips ? !by_trip(d, now, &x) : !by_habit(d, now, &x))
			continue;
		if (x.arrives.ms >= until.ms || is_taken(c, x.evse, now, x.arrives, rows, n))
			continue;
		fill_one(c, d, &x, now, &vehicles[n], &rows[n]);
		n++;
	}
	return n;
}
