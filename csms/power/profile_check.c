#include "csms/power/profile_check.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <utlist.h>
#include "csms/station/device.h"
#include "csms/power/holding.h"

#define EXTERNAL OCPP201_CHARGING_PROFILE_PURPOSE_CHARGING_STATION_EXTERNAL_CONSTRAINTS
#define MAXIMUM  OCPP201_CHARGING_PROFILE_PURPOSE_CHARGING_STATION_MAX_PROFILE
#define DEFAULT  OCPP201_CHARGING_PROFILE_PURPOSE_TX_DEFAULT_PROFILE
#define TX       OCPP201_CHARGING_PROFILE_PURPOSE_TX_PROFILE

#define SCHEDULES_MAX 3 /* K15.FR.07 */
#define LIMIT_MOST    1e7 /* W or A: nothing charges at 10 MW */

/* One profile on its way, with all that it is judged by. */
struct judged {
	const struct station *s;
	const struct evse *e; /* NULL: EVSE 0 */
	int64_t evse_id;
	const struct ocpp201_charging_profile *p;
	const struct profile_facts *f;
	bool with_start; /* rides on a RequestStartTransaction */
	char *why; /* 300 */
};

static int no(char *why, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int no(char *why, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, 300, fmt, args);
	va_end(args);
	return -1;
}

/* -- what it is for --------------------------------------------------------------------------- */

static int check_tx(const struct judged *j)
{
	if (j->evse_id < 1)
		return no(j->why, "K01.FR.16: a TxProfile is for one EVSE: evseId above 0");
	if (j->with_start && j->p->transaction_id)
		return no(j->why, "F01.FR.11: the profile of a RequestStartTransaction has no "
				  "transactionId: there is no transaction yet");
	if (!j->with_start && !j->p->transaction_id)
		return no(j->why, "K01.FR.03: a TxProfile names its transactionId");
	return 0;
}

static int check_purpose(const struct judged *j)
{
	if (j->p->charging_profile_purpose == EXTERNAL)
		return no(j->why,
			"K01.FR.22: ChargingStationExternalConstraints are set by others, "
			"never by a CSMS; use ChargingStationMaxProfile");
	if (j->with_start && j->p->charging_profile_purpose != TX)
		return no(
			j->why, "K05.FR.02: only a TxProfile goes with a RequestStartTransaction");
	if (j->evse_id != 0 && !j->e)
		return no(
			j->why, "K01.FR.28: %s has no EVSE %lld", j->s->id, (long long)j->evse_id);
	if (j->p->charging_profile_purpose == TX)
		return check_tx(j);
	if (j->p->transaction_id)
		return no(j->why, "K01.FR.03: only a TxProfile has a transactionId");
	if (j->p->charging_profile_purpose == MAXIMUM && j->evse_id != 0)
		return no(j->why,
			"K01: a ChargingStationMaxProfile is of the whole station: evseId 0");
	return 0;
}

/* -- when it runs ----------------------------------------------------------------------------- */

static int check_kind(const struct judged *j)
{
	const struct ocpp201_charging_profile *p = j->p;
	bool relative = p->charging_profile_kind == OCPP201_CHARGING_PROFILE_KIND_RELATIVE;

	if (relative && p->charging_profile_purpose == MAXIMUM)
		return no(j->why, "K01.FR.38: a ChargingStationMaxProfile is not Relative");
	if (p->charging_profile_kind == OCPP201_CHARGING_PROFILE_KIND_RECURRING &&
		!p->has_recurrency_kind)
		return no(j->why, "K01.FR.13: a Recurring profile has a recurrencyKind");
	if (p->has_valid_from && p->has_valid_to && p->valid_from.ms >= p->valid_to.ms)
		return no(j->why, "K01.FR.36, K01.FR.37: validTo must be after validFrom");
	for (size_t i = 0; i < p->charging_schedule.count; i++) {
		if (relative && p->charging_schedule.items[i].has_start_schedule)
			return no(j->why, "K01.FR.41: a Relative profile has no startSchedule");
		if (!relative && !p->charging_schedule.items[i].has_start_schedule)
			return no(j->why,
				"K01.FR.40: an Absolute or Recurring profile has a startSchedule");
	}
	return 0;
}

/* -- how much --------------------------------------------------------------------------------- */

static int check_phases(const struct judged *j, const struct ocpp201_charging_schedule_period *q)
{
	if (q->has_number_phases && (q->number_phases < 1 || q->number_phases > 3))
		return no(j->why, "K01.FR.43: numberPhases is 1, 2 or 3");
	if (!q->has_phase_to_use)
		return 0;
	if (!q->has_number_phases || q->number_phases != 1)
		return no(j->why, "K01.FR.19: phaseToUse goes with numberPhases 1 only");
	if (q->phase_to_use < 1 || q->phase_to_use > 3)
		return no(j->why, "K01.FR.19: phaseToUse is 1, 2 or 3");
	if (!j->f->switches_phases)
		return no(j->why,
			"K01.FR.20: %s does not say that it can switch phases "
			"(ACPhaseSwitchingSupported): leave phaseToUse out",
			j->s->id);
	return 0;
}

/* ChargingSchedulePeriodType, ChargingScheduleType: at most one digit of fraction. */
static bool is_in_tenths(double value)
{
	return fabs(value * 10 - rint(value * 10)) < 1e-6;
}

static int check_periods(const struct judged *j, const struct ocpp201_charging_schedule *q)
{
	int64_t before = -1;

	for (size_t i = 0; i < q->charging_schedule_period.count; i++) {
		const struct ocpp201_charging_schedule_period *at =
			&q->charging_schedule_period.items[i];

		if (i == 0 && at->start_period != 0)
			return no(j->why, "K01.FR.31: the first startPeriod is 0");
		if (at->start_period <= before)
			return no(j->why,
				"K01.FR.35: startPeriods ascend: %lld does not come after %lld",
				(long long)at->start_period, (long long)before);
		if (!(at->limit >= 0 && at->limit <= LIMIT_MOST))
			return no(j->why, "K01: a limit is 0 or more, and no more than 10 MW");
		if (!is_in_tenths(at->limit))
			return no(j->why,
				"ChargingSchedulePeriodType: a limit has one digit behind the "
				"point at most: %g is too fine",
				at->limit);
		if (check_phases(j, at))
			return -1;
		before = at->start_period;
	}
	return 0;
}

/* PeriodsPerSchedule, and in an ISO 15118 session what the vehicle takes (K15.FR.07). */
static int64_t periods_most(const struct judged *j)
{
	int64_t most = j->f->periods, tuples = j->e ? j->e->tx.needs.max_tuples : 0;

	if (j->p->charging_profile_purpose == TX && tuples > 0 && (!most || tuples < most))
		most = tuples;
	return most;
}

static int check_schedule(const struct judged *j, const struct ocpp201_charging_schedule *q)
{
	bool amperes = q->charging_rate_unit == OCPP201_CHARGING_RATE_UNIT_A;
	int64_t most = periods_most(j);

	if (j->f->units && !(j->f->units & (amperes ? DEVICE_UNIT_A : DEVICE_UNIT_W)))
		return no(j->why, "K01.FR.26: %s takes limits in %s only", j->s->id,
			amperes ? "W" : "A");
	if (q->has_duration && q->duration < 1)
		return no(j->why, "K01.FR.12: a duration is at least one second");
	if (most && (int64_t)q->charging_schedule_period.count > most)
		return no(j->why,
			"K15.FR.07, PeriodsPerSchedule: at most %lld periods in a schedule of %s, "
			"not %zu",
			(long long)most, j->s->id, q->charging_schedule_period.count);
	if (q->has_min_charging_rate &&
		!(q->min_charging_rate >= 0 && q->min_charging_rate <= LIMIT_MOST &&
			is_in_tenths(q->min_charging_rate)))
		return no(j->why, "ChargingScheduleType: minChargingRate is 0 or more, with one "
				  "digit behind the point at most");
	return check_periods(j, q);
}

static int check_schedules(const struct judged *j)
{
	const struct ocpp201_charging_schedule_list *all = &j->p->charging_schedule;
	bool negotiates = j->e && j->e->tx.is_open && j->e->tx.needs.at.ms;

	if (all->count > SCHEDULES_MAX)
		return no(j->why, "K15.FR.07: at most three schedules");
	if (all->count > 1 && !(negotiates && j->p->charging_profile_purpose == TX))
		return no(j->why, "K01.FR.34: one schedule; more are for a TxProfile after "
				  "NotifyEVChargingNeeds (ISO 15118)");
	for (size_t i = 0; i < all->count; i++)
		if (check_schedule(j, &all->items[i]))
			return -1;
	return 0;
}

/* -- beside the others ------------------------------------------------------------------------ */

static bool overlap(
	const struct ocpp201_charging_profile *a, const struct ocpp201_charging_profile *b)
{
	return !(a->has_valid_to && b->has_valid_from && a->valid_to.ms <= b->valid_from.ms) &&
	       !(b->has_valid_to && a->has_valid_from && b->valid_to.ms <= a->valid_from.ms);
}

static const char *whose(const struct holding *h)
{
	return h->owner[0] ? h->owner : "somebody else";
}

/* Two profiles that would claim one place in the stack. */
static int check_against(const struct judged *j, const struct holding *h)
{
	const struct ocpp201_charging_profile *p = j->p, *q = h->profile;

	if (p->id == q->id && q->charging_profile_purpose == EXTERNAL)
		return no(j->why,
			"K01.FR.05: id %lld belongs to a ChargingStationExternalConstraints"
			", which cannot be replaced; take another",
			(long long)p->id);
	if (p->id == q->id || p->charging_profile_purpose != q->charging_profile_purpose ||
		p->stack_level != q->stack_level)
		return 0;
	if (p->charging_profile_purpose == TX) {
		if (!p->transaction_id || !q->transaction_id ||
			strcmp(p->transaction_id, q->transaction_id) != 0)
			return 0;
		return no(j->why,
			"K01.FR.39: profile %lld (%s) has stackLevel %lld of that "
			"transaction: replace it by its id, clear it, or take another "
			"stackLevel",
			(long long)q->id, whose(h), (long long)q->stack_level);
	}
	if (p->charging_profile_purpose == DEFAULT && (h->evse_id == 0) != (j->evse_id == 0))
		return no(j->why,
			"%s: profile %lld (%s) is a TxDefaultProfile of stackLevel %lld on "
			"EVSE %lld: a station refuses the two (DuplicateProfile)",
			j->evse_id ? "K01.FR.53" : "K01.FR.52", (long long)q->id, whose(h),
			(long long)q->stack_level, (long long)h->evse_id);
	if (h->evse_id != j->evse_id || !overlap(p, q))
		return 0;
	return no(j->why,
		"K01.FR.06: profile %lld (%s) has that purpose, EVSE and stackLevel in the "
		"same time: replace it by its id, clear it, or take another stackLevel",
		(long long)q->id, whose(h));
}

static int check_others(const struct judged *j)
{
	const struct holding *h;
	int64_t count = 0;
	bool replaces = false;

	DL_FOREACH (j->s->holdings, h) {
		if (check_against(j, h))
			return -1;
		replaces = replaces || h->profile->id == j->p->id;
		count++;
	}
	if (j->p->stack_level < 0 ||
		(j->f->stack_level >= 0 && j->p->stack_level > j->f->stack_level))
		return no(j->why, "ProfileStackLevel: %s takes stackLevels from 0 to %lld",
			j->s->id, (long long)j->f->stack_level);
	if (j->f->entries && !replaces && count >= j->f->entries)
		return no(j->why,
			"Entries: %s holds %lld charging profiles and takes no more: clear "
			"one first",
			j->s->id, (long long)count);
	return 0;
}

static int check_profile(const struct judged *j)
{
	if (check_purpose(j) || check_kind(j) || check_schedules(j))
		return -1;
	return check_others(j);
}

/* -- the other actions ------------------------------------------------------------------------ */

static int check_get(const struct ocpp201_get_charging_profiles_request *r, char *why)
{
	const struct ocpp201_charging_profile_criterion *k = &r->charging_profile;
	bool by_id = k->charging_profile_id.count > 0;
	bool by_field = k->has_charging_profile_purpose || k->has_stack_level ||
			k->charging_limit_source.count > 0;

	if (by_id == by_field)
		return no(why, "K09.FR.03: name either chargingProfileId, or one or more of "
			       "stackLevel, chargingLimitSource and chargingProfilePurpose");
	return 0;
}

static int check_clear(const struct ocpp201_clear_charging_profile_request *r, char *why)
{
	const struct ocpp201_clear_charging_profile *k = r->charging_profile_criteria;
	bool by_field =
		k && (k->has_evse_id || k->has_stack_level || k->has_charging_profile_purpose);

	if (k && k->has_charging_profile_purpose && k->charging_profile_purpose == EXTERNAL)
		return no(why, "K10.FR.06: ChargingStationExternalConstraints are not a CSMS's to "
			       "clear");
	if (r->has_charging_profile_id == by_field)
		return no(why, "K10.FR.02: name either chargingProfileId, or one or more of "
			       "stackLevel, evseId and chargingProfilePurpose");
	return 0;
}

static int check_composite(const struct station *s,
	const struct ocpp201_get_composite_schedule_request *r, const struct profile_facts *f,
	char *why)
{
	if (r->evse_id != 0 && !station_evse(s, r->evse_id))
		return no(why, "K08.FR.05: %s has no EVSE %lld", s->id, (long long)r->evse_id);
	if (r->duration < 1)
		return no(why, "K08: a duration is at least one second");
	if (r->has_charging_rate_unit && f->units &&
		!(f->units &
			(r->charging_rate_unit == OCPP201_CHARGING_RATE_UNIT_A ? DEVICE_UNIT_A
									       : DEVICE_UNIT_W)))
		return no(why, "K08.FR.07: %s does not list that chargingRateUnit", s->id);
	return 0;
}

static struct judged judged_set(const struct station *s,
	const struct ocpp201_set_charging_profile_request *r, const struct profile_facts *f,
	char *why)
{
	return (struct judged){.s = s,
		.e = station_evse(s, r->evse_id),
		.evse_id = r->evse_id,
		.p = &r->charging_profile,
		.f = f,
		.why = why};
}

static struct judged judged_start(const struct station *s,
	const struct ocpp201_request_start_transaction_request *r, const struct profile_facts *f,
	char *why)
{
	int64_t evse_id = r->has_evse_id ? r->evse_id : 1; /* any: the station chooses */

	return (struct judged){.s = s,
		.e = station_evse(s, evse_id),
		.evse_id = evse_id,
		.p = r->charging_profile,
		.f = f,
		.with_start = true,
		.why = why};
}

int profile_check(const struct station *s, int action, const void *request,
	const struct profile_facts *f, char why[300])
{
	const struct ocpp201_request_start_transaction_request *start = request;
	struct judged j;

	switch (action) {
	case OCPP201_SET_CHARGING_PROFILE:
		j = judged_set(s, request, f, why);
		return check_profile(&j);
	case OCPP201_REQUEST_START_TRANSACTION:
		j = judged_start(s, request, f, why);
		return start->charging_profile ? check_profile(&j) : 0;
	case OCPP201_CLEAR_CHARGING_PROFILE:
		return check_clear(request, why);
	case OCPP201_GET_CHARGING_PROFILES:
		return check_get(request, why);
	case OCPP201_GET_COMPOSITE_SCHEDULE:
		return check_composite(s, request, f, why);
	default:
		return 0;
	}
}

/* -- the proof -------------------------------------------------------------------------------- */

#define SWITCH                                                                                     \
	"; set the station's control to manual to send profiles of your own, or limit with a "     \
	"ChargingStationMaxProfile"

int64_t profile_period_w(const struct evse *e, enum ocpp201_charging_rate_unit unit,
	const struct ocpp201_charging_schedule_period *p, int voltage_v)
{
	int phases = p->has_number_phases ? (int)p->number_phases : 3;
	double w = p->limit;

	if (unit == OCPP201_CHARGING_RATE_UNIT_A)
		w *= voltage_v * (phases < e->phases ? phases : e->phases);
	return w < 1e12 ? (int64_t)w : INT64_C(1000000000000);
}

static bool is_own_id(const struct station *s, int64_t id)
{
	return (id >= DEFAULT_PROFILE_ID(1) && id <= DEFAULT_PROFILE_ID(s->evse_count)) ||
	       (id >= OWN_PROFILE_ID(1) && id <= OWN_PROFILE_ID(s->evse_count));
}

static bool stays_below(
	const struct ocpp201_charging_profile *p, const struct evse *e, int64_t w, int voltage_v)
{
	for (size_t i = 0; i < p->charging_schedule.count; i++) {
		const struct ocpp201_charging_schedule *q = &p->charging_schedule.items[i];

		for (size_t k = 0; k < q->charging_schedule_period.count; k++)
			if (profile_period_w(e, q->charging_rate_unit,
				    &q->charging_schedule_period.items[k], voltage_v) > w)
				return false;
	}
	return true;
}

static int admit_profile(const struct station *s, int64_t evse_id,
	const struct ocpp201_charging_profile *p, int voltage_v, char *why)
{
	const struct evse *e = station_evse(s, evse_id);

	if (is_own_id(s, p->id))
		return no(why,
			"profile id %lld is one that depotd keeps in %s itself: take another",
			(long long)p->id, s->id);
	if (p->charging_profile_purpose == MAXIMUM || p->charging_profile_purpose == EXTERNAL)
		return 0; /* only ever lowers */
	if (p->charging_profile_purpose == DEFAULT)
		return no(why,
			"depotd keeps the TxDefaultProfiles of %s itself, so that no limit of "
			"the tree is exceeded" SWITCH,
			s->id);
	if (p->stack_level >= OWN_PROFILE_LEVEL)
		return no(why,
			"stackLevel %lld would displace the TxProfile by which depotd keeps the "
			"limits of the tree" SWITCH,
			(long long)p->stack_level);
	if (!e || !stays_below(p, e, e->tail_w, voltage_v))
		return no(why,
			"a TxProfile on an automatic station is for one EVSE and stays at or "
			"below its safe tail" SWITCH);
	return 0;
}

/* Could it match one of the two that depotd keeps in each EVSE? */
static int admit_clear(
	const struct station *s, const struct ocpp201_clear_charging_profile_request *r, char *why)
{
	const struct ocpp201_clear_charging_profile *k = r->charging_profile_criteria;
	bool hits_default, hits_own;

	if (r->has_charging_profile_id)
		return is_own_id(s, r->charging_profile_id)
			       ? no(why, "profile %lld is one that depotd keeps in %s" SWITCH,
					 (long long)r->charging_profile_id, s->id)
			       : 0;
	if (k && k->has_evse_id && k->evse_id == 0)
		return 0;
	hits_default =
		!k || !k->has_charging_profile_purpose || k->charging_profile_purpose == DEFAULT;
	hits_own = !k || !k->has_charging_profile_purpose || k->charging_profile_purpose == TX;
	if (k && k->has_stack_level) {
		hits_default = hits_default && k->stack_level == DEFAULT_PROFILE_LEVEL;
		hits_own = hits_own && k->stack_level == OWN_PROFILE_LEVEL;
	}
	if (hits_default || hits_own)
		return no(why,
			"that would clear profiles by which depotd keeps the limits of the tree"
			": name the profile's id, or set the station's control to manual");
	return 0;
}

int profile_admit(
	const struct station *s, int action, const void *request, int voltage_v, char why[300])
{
	const struct ocpp201_set_charging_profile_request *set = request;
	const struct ocpp201_request_start_transaction_request *start = request;

	if (s->is_manual)
		return 0;
	switch (action) {
	case OCPP201_SET_CHARGING_PROFILE:
		return admit_profile(s, set->evse_id, &set->charging_profile, voltage_v, why);
	case OCPP201_REQUEST_START_TRANSACTION:
		return start->charging_profile
			       ? admit_profile(s, start->has_evse_id ? start->evse_id : 0,
					 start->charging_profile, voltage_v, why)
			       : 0;
	case OCPP201_CLEAR_CHARGING_PROFILE:
		return admit_clear(s, request, why);
	default:
		return 0;
	}
}

/* -- rows of commands ------------------------------------------------------------------------- */

struct profile_facts profile_facts(const struct core *c, const struct station *s)
{
	return (struct profile_facts){
		.periods = device_fact(s, DEVICE_PROFILE_PERIODS, 0),
		.stack_level = device_fact(s, DEVICE_PROFILE_STACK_LEVEL, -1),
		.entries = device_fact(s, DEVICE_PROFILES_LIMIT, 0),
		.units = device_fact(s, DEVICE_PROFILE_UNITS, 0),
		.switches_phases = device_fact(s, DEVICE_PHASE_SWITCHING, 0) != 0,
		.voltage_v = (int)c->depot->voltage_v,
	};
}

static int check_command(const struct core *c, const struct station *s, int action,
	const void *request, struct schema_error *err)
{
	struct profile_facts f = profile_facts(c, s);
	char why[300];

	memset(err, 0, sizeof *err);
	if (profile_admit(s, action, request, f.voltage_v, why) == 0 &&
		profile_check(s, action, request, &f, why) == 0)
		return 0;
	snprintf(err->message, sizeof err->message, "%s", why);
	return -1;
}

#define ROW(name, action)                                                                          \
	int name(const struct core *c, const struct station *s, const void *request,               \
		struct schema_error *err)                                                          \
	{                                                                                          \
		return check_command(c, s, action, request, err);                                  \
	}

ROW(profile_check_set, OCPP201_SET_CHARGING_PROFILE)
ROW(profile_check_clear, OCPP201_CLEAR_CHARGING_PROFILE)
ROW(profile_check_get, OCPP201_GET_CHARGING_PROFILES)
ROW(profile_check_composite, OCPP201_GET_COMPOSITE_SCHEDULE)
ROW(profile_check_start, OCPP201_REQUEST_START_TRANSACTION)
