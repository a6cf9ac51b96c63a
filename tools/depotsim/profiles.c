#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "tools/depotsim/profiles.h"

#define DAY_MS  INT64_C(86400000)
#define WEEK_MS (7 * DAY_MS)

struct entry {
	int evse_id;
	struct arena *arena; /* owns `profile` */
	struct ocpp201_charging_profile *profile;
};

struct profiles {
	int voltage_v;
	bool amperes;
	int count;
	struct entry entries[PROFILES_MAX_COUNT];
};

/* Where a schedule stands at an instant. */
struct position {
	bool running;
	wall_t from; /* start of this run of the schedule */
	int period;
};

struct profiles *profiles_create(int voltage_v, bool amperes)
{
	struct profiles *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->voltage_v = voltage_v;
	p->amperes = amperes;
	return p;
}

static void entry_drop(struct profiles *p, int i)
{
	arena_destroy(p->entries[i].arena);
	p->count--;
	memmove(&p->entries[i], &p->entries[i + 1], (size_t)(p->count - i) * sizeof p->entries[0]);
}

void profiles_destroy(struct profiles *p)
{
	if (!p)
		return;
	while (p->count)
		entry_drop(p, p->count - 1);
	free(p);
}

int profiles_count(const struct profiles *p)
{
	return p->count;
}

/* A copy by way of the codec: whatever the request held, nothing of its memory stays referenced. */
static struct ocpp201_charging_profile *copy_profile(
	const struct ocpp201_charging_profile *profile, struct arena *a)
{
	struct text json;
	struct schema_error err;
	struct ocpp201_charging_profile *copy = NULL;
	text_init(&json, 0);
	if (schema_encode(&ocpp201_charging_profile_type, profile, &json) == 0)
		copy = schema_decode(&ocpp201_charging_profile_type, json.data, json.len, a, &err);
	text_finish(&json);
	return copy;
}

static const char *check_schedule(const struct ocpp201_charging_profile *profile, bool amperes)
{
	if (profile->charging_schedule.count != 1)
		return "InvalidSchedule"; /* K01.FR.34: no ISO 15118 here */
	const struct ocpp201_charging_schedule *s = &profile->charging_schedule.items[0];
	bool relative = profile->charging_profile_kind == OCPP201_CHARGING_PROFILE_KIND_RELATIVE;
	if (relative == s->has_start_schedule)
		return "InvalidSchedule"; /* K01.FR.40, 41 */
	if (!amperes && s->charging_rate_unit == OCPP201_CHARGING_RATE_UNIT_A)
		return "UnsupportedRateUnit"; /* K01.FR.26 */
	if (s->charging_schedule_period.count > PROFILES_MAX_PERIODS)
		return "TooManyElements";
	int64_t before = -1;
	for (size_t i = 0; i < s->charging_schedule_period.count; i++) {
		const struct ocpp201_charging_schedule_period *at =
			&s->charging_schedule_period.items[i];
		if (at->start_period <= before || (i == 0 && at->start_period != 0))
			return "InvalidSchedule"; /* K01.FR.31, 35 */
		if (at->limit < 0 || at->has_phase_to_use ||
			(at->has_number_phases && (at->number_phases < 1 || at->number_phases > 3)))
			return "InvalidSchedule"; /* K01.FR.19, 20, 48: no phase switching */
		before = at->start_period;
	}
	return NULL;
}

static const char *check_purpose(
	int evse_id, const struct profiles_evse *e, const struct ocpp201_charging_profile *profile)
{
	switch (profile->charging_profile_purpose) {
	case OCPP201_CHARGING_PROFILE_PURPOSE_CHARGING_STATION_EXTERNAL_CONSTRAINTS:
		return "InvalidProfile"; /* K01.FR.22 */
	case OCPP201_CHARGING_PROFILE_PURPOSE_CHARGING_STATION_MAX_PROFILE:
		if (evse_id != 0 ||
			profile->charging_profile_kind == OCPP201_CHARGING_PROFILE_KIND_RELATIVE)
			return "InvalidProfile"; /* K01.FR.38 */
		return NULL;
	case OCPP201_CHARGING_PROFILE_PURPOSE_TX_PROFILE:
		if (evse_id == 0 || !profile->transaction_id)
			return "InvalidProfile"; /* K01.FR.03, 16 */
		if (!e->transaction || strcmp(e->transaction, profile->transaction_id) != 0)
			return "TxNotFound"; /* K01.FR.09, 33 */
		return NULL;
	default:
		return NULL;
	}
}

static bool overlap(
	const struct ocpp201_charging_profile *a, const struct ocpp201_charging_profile *b)
{
	bool a_before = a->has_valid_to && b->has_valid_from && a->valid_to.ms <= b->valid_from.ms;
	bool b_before = b->has_valid_to && a->has_valid_from && b->valid_to.ms <= a->valid_from.ms;
	return !a_before && !b_before;
}

/* K01.FR.06, 39, 52, 53: two profiles that would claim the same place in the stack. */
static bool duplicates(
	const struct entry *there, int evse_id, const struct ocpp201_charging_profile *profile)
{
	const struct ocpp201_charging_profile *other = there->profile;
	if (other->id == profile->id ||
		other->charging_profile_purpose != profile->charging_profile_purpose ||
		other->stack_level != profile->stack_level)
		return false;
	switch (profile->charging_profile_purpose) {
	case OCPP201_CHARGING_PROFILE_PURPOSE_TX_PROFILE:
		return strcmp(other->transaction_id, profile->transaction_id) == 0;
	case OCPP201_CHARGING_PROFILE_PURPOSE_TX_DEFAULT_PROFILE:
		if ((there->evse_id == 0) != (evse_id == 0))
			return true;
		return there->evse_id == evse_id && overlap(other, profile);
	default:
		return there->evse_id == evse_id && overlap(other, profile);
	}
}

const char *profiles_set(struct profiles *p, int evse_id, bool evse_exists,
	const struct profiles_evse *e, const struct ocpp201_charging_profile *profile)
{
	if (!evse_exists)
		return "UnknownEvse"; /* K01.FR.28 */
	if (profile->stack_level > PROFILES_MAX_LEVEL)
		return "InvalidStackLevel";
	const char *why = check_purpose(evse_id, e, profile);
	if (!why)
		why = check_schedule(profile, p->amperes);
	if (why)
		return why;
	int same = -1;
	for (int i = 0; i < p->count; i++) {
		if (duplicates(&p->entries[i], evse_id, profile))
			return "DuplicateProfile";
		if (p->entries[i].profile->id == profile->id)
			same = i;
	}
	if (same < 0 && p->count == PROFILES_MAX_COUNT)
		return "OutOfStorage";
	struct entry made = {.evse_id = evse_id, .arena = arena_create(0)};
	made.profile = made.arena ? copy_profile(profile, made.arena) : NULL;
	if (!made.profile) {
		arena_destroy(made.arena);
		return "OutOfMemory";
	}
	if (same >= 0)
		entry_drop(p, same); /* K01.FR.05 */
	p->entries[p->count++] = made;
	return NULL;
}

static bool clear_matches(
	const struct entry *it, const struct ocpp201_clear_charging_profile_request *req)
{
	if (req->has_charging_profile_id)
		return it->profile->id == req->charging_profile_id;
	const struct ocpp201_clear_charging_profile *c = req->charging_profile_criteria;
	if (!c)
		return false; /* K10.FR.02 */
	if (c->has_evse_id && c->evse_id != it->evse_id)
		return false;
	if (c->has_stack_level && c->stack_level != it->profile->stack_level)
		return false;
	return !c->has_charging_profile_purpose ||
	       c->charging_profile_purpose == it->profile->charging_profile_purpose;
}

int profiles_clear(struct profiles *p, const struct ocpp201_clear_charging_profile_request *req)
{
	int cleared = 0;
	for (int i = p->count - 1; i >= 0; i--) {
		if (clear_matches(&p->entries[i], req)) {
			entry_drop(p, i);
			cleared++;
		}
	}
	return cleared;
}

void profiles_end_transaction(struct profiles *p, const char *transaction)
{
	for (int i = p->count - 1; i >= 0; i--) {
		const struct ocpp201_charging_profile *it = p->entries[i].profile;
		if (it->charging_profile_purpose == OCPP201_CHARGING_PROFILE_PURPOSE_TX_PROFILE &&
			strcmp(it->transaction_id, transaction) == 0)
			entry_drop(p, i);
	}
}

/* Length of one round of a recurring schedule; 0: it does not recur. */
static int64_t recurrence_ms(const struct ocpp201_charging_profile *profile)
{
	if (profile->charging_profile_kind != OCPP201_CHARGING_PROFILE_KIND_RECURRING)
		return 0;
	return profile->has_recurrency_kind &&
			       profile->recurrency_kind == OCPP201_RECURRENCY_KIND_WEEKLY
		       ? WEEK_MS
		       : DAY_MS;
}

static bool schedule_from(
	const struct ocpp201_charging_profile *profile, wall_t ready_at, wall_t t, wall_t *from)
{
	const struct ocpp201_charging_schedule *s = &profile->charging_schedule.items[0];
	if (profile->charging_profile_kind == OCPP201_CHARGING_PROFILE_KIND_RELATIVE) {
		*from = ready_at.ms ? ready_at : t; /* K01.FR.42 */
		return t.ms >= from->ms;
	}
	if (t.ms < s->start_schedule.ms)
		return false; /* K01.FR.30 */
	*from = s->start_schedule;
	int64_t round = recurrence_ms(profile);
	if (round)
		from->ms += (t.ms - from->ms) / round * round;
	return true;
}

static struct position locate(
	const struct ocpp201_charging_profile *profile, wall_t ready_at, wall_t t)
{
	struct position at = {0};
	if ((profile->has_valid_from && t.ms < profile->valid_from.ms) ||
		(profile->has_valid_to && t.ms >= profile->valid_to.ms))
		return at; /* K01.FR.36, 37 */
	if (!schedule_from(profile, ready_at, t, &at.from))
		return at;
	const struct ocpp201_charging_schedule *s = &profile->charging_schedule.items[0];
	int64_t offset_ms = t.ms - at.from.ms;
	if (s->has_duration && offset_ms >= s->duration * 1000)
		return at; /* K01.FR.12 */
	at.running = true;
	for (size_t i = 0; i < s->charging_schedule_period.count; i++) {
		if (s->charging_schedule_period.items[i].start_period * 1000 <= offset_ms)
			at.period = (int)i;
	}
	return at;
}

/* K01.FR.49 to 51: the limit in milliwatts over the phases that are in use. */
static int64_t to_mw(const struct profiles *p, const struct ocpp201_charging_profile *profile,
	int period, bool dc, int phases)
{
	const struct ocpp201_charging_schedule *s = &profile->charging_schedule.items[0];
	const struct ocpp201_charging_schedule_period *at =
		&s->charging_schedule_period.items[period];
	double given = at->has_number_phases ? (double)at->number_phases : 3;
	double used = given < phases ? given : phases;
	double mw = at->limit * 1000;
	if (s->charging_rate_unit == OCPP201_CHARGING_RATE_UNIT_A)
		mw *= p->voltage_v * used;
	else if (!dc)
		mw *= used / given;
	return mw < 1e15 ? (int64_t)floor(mw + 1e-6) : PROFILES_NO_LIMIT;
}

struct leader {
	bool found;
	int64_t level;
	int64_t mw;
};

static bool concerns(const struct entry *it, enum ocpp201_charging_profile_purpose purpose,
	const struct profiles_evse *e)
{
	if (it->profile->charging_profile_purpose != purpose)
		return false;
	switch (purpose) {
	case OCPP201_CHARGING_PROFILE_PURPOSE_TX_PROFILE:
		return it->evse_id == e->id && e->transaction &&
		       strcmp(e->transaction, it->profile->transaction_id) == 0;
	case OCPP201_CHARGING_PROFILE_PURPOSE_TX_DEFAULT_PROFILE:
		return it->evse_id == 0 || it->evse_id == e->id; /* K01.FR.14, 15 */
	default:
		return it->evse_id == 0;
	}
}

/* The leading schedule of a purpose: highest level that has a period defined now (K 3.5). */
static struct leader lead(const struct profiles *p, enum ocpp201_charging_profile_purpose purpose,
	const struct profiles_evse *e, wall_t t)
{
	struct leader best = {.mw = PROFILES_NO_LIMIT};
	for (int i = 0; i < p->count; i++) {
		const struct entry *it = &p->entries[i];
		if (!concerns(it, purpose, e))
			continue;
		struct position at = locate(it->profile, e->ready_at, t);
		if (!at.running || (best.found && it->profile->stack_level < best.level))
			continue;
		int64_t mw = to_mw(p, it->profile, at.period, e->dc, e->phases);
		if (best.found && it->profile->stack_level == best.level && mw > best.mw)
			continue;
		best = (struct leader){true, it->profile->stack_level, mw};
	}
	return best;
}

int64_t profiles_evse_mw(const struct profiles *p, const struct profiles_evse *e, wall_t t)
{
	struct leader tx = lead(p, OCPP201_CHARGING_PROFILE_PURPOSE_TX_PROFILE, e, t);
	if (!tx.found)
		tx = lead(p, OCPP201_CHARGING_PROFILE_PURPOSE_TX_DEFAULT_PROFILE, e, t);
	struct leader external = lead(
		p, OCPP201_CHARGING_PROFILE_PURPOSE_CHARGING_STATION_EXTERNAL_CONSTRAINTS, e, t);
	return tx.mw < external.mw ? tx.mw : external.mw;
}

int64_t profiles_station_mw(const struct profiles *p, wall_t t)
{
	struct profiles_evse station = {.dc = !p->amperes, .phases = 3};
	return lead(p, OCPP201_CHARGING_PROFILE_PURPOSE_CHARGING_STATION_MAX_PROFILE, &station, t)
		.mw;
}

static void sooner(wall_t *next, wall_t t, int64_t candidate_ms)
{
	if (candidate_ms > t.ms && candidate_ms < next->ms)
		next->ms = candidate_ms;
}

static void entry_next_change(
	const struct ocpp201_charging_profile *profile, wall_t ready_at, wall_t t, wall_t *next)
{
	const struct ocpp201_charging_schedule *s = &profile->charging_schedule.items[0];
	wall_t from;
	if (profile->has_valid_from)
		sooner(next, t, profile->valid_from.ms);
	if (profile->has_valid_to)
		sooner(next, t, profile->valid_to.ms);
	if (!schedule_from(profile, ready_at, t, &from)) {
		sooner(next, t, s->has_start_schedule ? s->start_schedule.ms : ready_at.ms);
		return;
	}
	if (recurrence_ms(profile))
		sooner(next, t, from.ms + recurrence_ms(profile));
	if (s->has_duration)
		sooner(next, t, from.ms + s->duration * 1000);
	for (size_t i = 0; i < s->charging_schedule_period.count; i++)
		sooner(next, t, from.ms + s->charging_schedule_period.items[i].start_period * 1000);
}

wall_t profiles_next_change(
	const struct profiles *p, const struct profiles_evse *e, wall_t t, wall_t horizon)
{
	wall_t next = horizon;
	for (int i = 0; i < p->count; i++)
		entry_next_change(p->entries[i].profile, e->ready_at, t, &next);
	return next;
}

static bool get_matches(
	const struct entry *it, const struct ocpp201_get_charging_profiles_request *req)
{
	const struct ocpp201_charging_profile_criterion *c = &req->charging_profile;
	if (req->has_evse_id && req->evse_id != it->evse_id)
		return false; /* K09.FR.04, 05 */
	if (c->charging_profile_id.items) {
		for (size_t i = 0; i < c->charging_profile_id.count; i++) {
			if (c->charging_profile_id.items[i] == it->profile->id)
				return true;
		}
		return false;
	}
	if (c->has_stack_level && c->stack_level != it->profile->stack_level)
		return false;
	if (c->has_charging_profile_purpose &&
		c->charging_profile_purpose != it->profile->charging_profile_purpose)
		return false;
	for (size_t i = 0; i < c->charging_limit_source.count; i++) {
		if (c->charging_limit_source.items[i] == OCPP201_CHARGING_LIMIT_SOURCE_CSO)
			return true;
	}
	return c->charging_limit_source.count == 0;
}

const struct ocpp201_charging_profile *profiles_match(const struct profiles *p, int index,
	const struct ocpp201_get_charging_profiles_request *req, int *evse_id, int *next)
{
	for (int i = index; i < p->count; i++) {
		if (get_matches(&p->entries[i], req)) {
			*evse_id = p->entries[i].evse_id;
			*next = i + 1;
			return p->entries[i].profile;
		}
	}
	return NULL;
}
