#include "csms/vehicles/vehicle_charge.h"
#include <math.h>
#include <string.h>
#include "csms/vehicles/trips.h"
#include "csms/vehicles/vehicles.h"

#define SOC_AGE_S  900 /* a vehicle's own word on its charge counts for so long … */
#define SOC_DAY_S  86400 /* … and from before it was plugged in, with what it took since */
#define TOLD_S     3600 /* … but not what a person read so long before that: it drove since */
#define SETTLE_MS  60000 /* from an offer to the vehicle's taking it */
#define DRAWS_W    1000 /* less is a battery's own electronics */
#define NEAR_PCT   3 /* batteries tell whole per cents, and stop a little early */
#define ASK_MS     3600000 /* so often it is asked again … */
#define ASK_FOR_MS 180000 /* … for so long */

const char *const charge_by_names[CHARGE_BY_COUNT] = {
	[CHARGE_BY_CHARGER] = "charger",
	[CHARGE_BY_TELEMATICS] = "telematics",
	[CHARGE_BY_MOVED] = "moved",
	[CHARGE_BY_NEEDS] = "vehicle",
	[CHARGE_BY_DESCRIBED] = "description",
	[CHARGE_BY_FULL] = "full",
	[CHARGE_BY_GUESS] = "guess",
	[CHARGE_BY_TRIP] = "trip",
	[CHARGE_BY_PERSON] = "person",
};

bool charge_by_is_known(enum charge_by by)
{
	return by <= CHARGE_BY_NEEDS || by == CHARGE_BY_FULL || by == CHARGE_BY_PERSON;
}

bool charge_by_is_guess(const char *name)
{
	return name && strcmp(name, charge_by_names[CHARGE_BY_GUESS]) == 0;
}

/* It was read off the vehicle where it stands, or as it came. */
static bool is_persons_word(const struct evse *e, const struct vehicle_soc *soc)
{
	return soc->is_told && wall_diff_ms(e->tx.started, soc->at) < TOLD_S * 1000;
}

bool vehicle_charge_told(const struct core *c, const struct evse *e, const struct vehicle *v,
	wall_t now, struct vehicle_charge *out)
{
	struct vehicle_soc soc = {0};
	bool has_soc;
	double pct;

	if (!v)
		return false;
	has_soc = vehicle_soc(v, now, SOC_DAY_S, &soc);
	if (has_soc && is_persons_word(e, &soc)) {
		*out = (struct vehicle_charge){CHARGE_BY_PERSON, soc.pct, soc.source};
		return true;
	}
	if (e->soc_pct.at.ms) {
		*out = (struct vehicle_charge){CHARGE_BY_CHARGER, e->soc_pct.value, "charger"};
		return true;
	}
	if (has_soc && !soc.is_told &&
		(soc.is_reckoned || wall_diff_ms(now, soc.at) < SOC_AGE_S * 1000)) {
		*out = (struct vehicle_charge){CHARGE_BY_TELEMATICS, soc.pct, soc.source};
		return true;
	}
	pct = trips_moved_soc(c, v);
	if (pct < 0)
		return false;
	*out = (struct vehicle_charge){CHARGE_BY_MOVED, pct, "charger before it was moved"};
	return true;
}

/* A reading from after it said that it takes no more, of less than it is to leave with. */
static bool is_contradicted(
	const struct evse *e, const struct vehicle *v, double target_pct, wall_t now)
{
	struct vehicle_soc soc;

	return v && vehicle_soc(v, now, 0, &soc) && soc.at.ms > e->tx.full_at.ms &&
	       soc.pct < target_pct - NEAR_PCT;
}

struct vehicle_charge vehicle_charge_of(const struct core *c, const struct evse *e,
	const struct vehicle *v, double target_pct, wall_t now)
{
	struct vehicle_charge out = {CHARGE_BY_GUESS, -1, NULL};
	bool is_told = vehicle_charge_told(c, e, v, now, &out);

	if (e->tx.full_at.ms && !is_contradicted(e, v, target_pct, now))
		out.by = CHARGE_BY_FULL;
	else if (is_told)
		return out;
	else if (e->tx.needs.at.ms && e->tx.needs.energy_wh >= 0)
		out.by = CHARGE_BY_NEEDS;
	else if (v && v->need_wh >= 0)
		out.by = CHARGE_BY_DESCRIBED;
	return out;
}

/* -- it takes no more ------------------------------------------------------------------------- */

/* Power enough to charge with; a station that was told nothing gives what it has. */
static bool is_offered(const struct evse *e)
{
	return e->told.limit_w < 0 || (e->told.limit_w > 0 && e->told.limit_w >= e->min_w);
}

/* Or gives back. */
static bool draws(const struct evse *e, wall_t since)
{
	return e->power_w.at.ms > since.ms && fabs(e->power_w.value) >= DRAWS_W;
}

/* What it says of itself counts; a little power in that state is no charging. */
static bool draws_again(const struct evse *e)
{
	bool is_measured = e->power_w.at.ms > e->tx.full_at.ms;

	return draws(e, e->tx.full_at) ||
	       (!is_measured && strcmp(e->tx.charging_state, "Charging") == 0);
}

bool vehicle_charge_watch(struct evse *e, wall_t now)
{
	struct transaction *t = &e->tx;

	if (!t->is_open)
		return false;
	if (t->full_at.ms) {
		if (!draws_again(e))
			return false;
		t->full_at = t->refuses_at = (wall_t){0};
		return true;
	}
	if (strcmp(t->charging_state, "SuspendedEV") != 0 || !is_offered(e) ||
		(t->refuses_at.ms && draws(e, t->refuses_at))) {
		t->refuses_at = (wall_t){0};
		return false;
	}
	if (!t->refuses_at.ms || t->refuses_at.ms > now.ms)
		t->refuses_at = now;
	if (wall_diff_ms(now, t->refuses_at) < SETTLE_MS)
		return false;
	t->full_at = now;
	return true;
}

bool vehicle_charge_is_asked(const struct evse *e, wall_t now)
{
	int64_t for_ms = wall_diff_ms(now, e->tx.full_at);

	return e->tx.full_at.ms && for_ms >= 0 && for_ms % ASK_MS >= ASK_MS - ASK_FOR_MS;
}
