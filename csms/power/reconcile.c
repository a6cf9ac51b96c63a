#include "csms/power/reconcile.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "csms/station/call.h"
#include "csms/command.h"
#include "csms/power/control.h"
#include "csms/power/holding.h"
#include "csms/log.h"
#include "csms/power/profile_check.h"
#include "csms/record.h"
#include "csms/power/setpoint.h"
#include "csms/power/stack.h"

#define BUSY_MS     5000 /* asked again so much later while other calls wait */
#define REPORT_S    120 /* for the report after its answer */
#define COMPOSITE_S 300 /* of schedule that is compared */
#define SAMPLE_S    5
#define LINES_MAX   200
#define TOLERANCE_W 250 /* amperes are rounded to tenths, W to phases */
#define TOLERANCE   0.05

enum list { MISSING, UNKNOWN, CHANGED, COMPOSITE, MENDED, LISTS };

struct reconcile {
	struct core *core;
	struct station *station;
	enum reconcile_state state, last;
	wall_t at, asked;
	int64_t epoch;
	int64_t request_id; /* 0: none is out */
	int evse; /* whose composite schedule is asked, 0: not yet */
	bool is_supported;
	struct timer timer;
	struct arena *arena, *shown; /* of the lines in the making, and of the last time's */
	const char *lines[LISTS][LINES_MAX];
	int count[LISTS];
	const char *all[LISTS * LINES_MAX];
	int all_count;
};

static void ask_profiles(void *arg);
static void ask_composite(struct reconcile *r);

const char *reconcile_word(enum reconcile_state state)
{
	static const char *const words[] = {
		[RECONCILE_NEVER] = "never asked",
		[RECONCILE_WAITING] = "asking",
		[RECONCILE_AGREES] = "agrees",
		[RECONCILE_DIFFERS] = "differs",
		[RECONCILE_UNSUPPORTED] = "not supported",
		[RECONCILE_UNKNOWN] = "no answer",
	};

	return words[state];
}

void reconcile_look(const struct station *s, struct reconcile_view *out)
{
	const struct reconcile *r = s->reconcile;

	*out = (struct reconcile_view){.state = RECONCILE_NEVER};
	if (!r)
		return;
	*out = (struct reconcile_view){
		.state = r->last ? r->last : r->state,
		.at = r->at,
		.count = r->all_count,
		.lines = r->all,
	};
}

void reconcile_forget(struct station *s)
{
	struct reconcile *r = s->reconcile;

	if (!r)
		return;
	timer_stop(r->core->timers, &r->timer);
	arena_destroy(r->arena);
	arena_destroy(r->shown);
	free(r);
	s->reconcile = NULL;
}

static void note(struct reconcile *r, enum list which, const char *line)
{
	if (line && r->count[which] < LINES_MAX)
		r->lines[which][r->count[which]++] = line;
}

static const char *words_of(struct reconcile *r, const struct holding *h)
{
	const struct ocpp201_charging_profile *p = h->profile;

	return arena_printf(r->arena, "profile %lld (%.60s): %s, level %lld, EVSE %lld",
		(long long)p->id, h->owner[0] ? h->owner : "found there",
		ocpp201_charging_profile_purpose_enum.values[p->charging_profile_purpose],
		(long long)p->stack_level, (long long)h->evse_id);
}

/* -- when ------------------------------------------------------------------------------------- */

void reconcile_soon(struct core *c, struct station *s)
{
	struct reconcile *r = s->reconcile;

	if (c->config->control->reconcile_s == 0)
		return;
	if (!r) {
		r = s->reconcile = calloc(1, sizeof *r);
		if (!r)
			return;
		r->core = c;
		r->station = s;
	}
	r->state = RECONCILE_WAITING;
	r->epoch = s->epoch;
	r->request_id = 0;
	timer_start(c->timers, &r->timer, c->config->control->reconcile_s * 1000, ask_profiles, r);
}

static bool is_over(const struct reconcile *r)
{
	return !r->station->session || r->station->epoch != r->epoch ||
	       !station_is_accepted(r->station);
}

static struct schema_strings list_of(struct arena *a, const struct reconcile *r, enum list which)
{
	const char **items = arena_alloc(a, ((size_t)r->count[which] + 1) * sizeof *items);

	for (int i = 0; items && i < r->count[which]; i++)
		items[i] = arena_printf(a, "%.150s", r->lines[which][i]);
	return (struct schema_strings){items ? (size_t)r->count[which] : 0, items};
}

static void journal(struct reconcile *r)
{
	struct arena *a = record_arena(r->core);
	struct event_profiles_differ *p = a ? arena_alloc(a, sizeof *p) : NULL;

	if (!p)
		return;
	p->missing = list_of(a, r, MISSING);
	p->unknown = list_of(a, r, UNKNOWN);
	p->changed = list_of(a, r, CHANGED);
	p->composite = list_of(a, r, COMPOSITE);
	p->mended = list_of(a, r, MENDED);
	record_now(r->core, EVENT_PROFILES_DIFFER, "station", r->station->id, p, "depotd", NULL);
}

/* Shows what came of it, and journals what differed. */
static void finish(struct reconcile *r, enum reconcile_state state)
{
	static const char *const says[] = {
		"missing: ", "not believed: ", "changed: ", "composite: ", "mended: "};

	timer_stop(r->core->timers, &r->timer);
	r->request_id = 0;
	r->all_count = 0;
	for (int k = 0; k < LISTS; k++)
		for (int i = 0; r->arena && i < r->count[k]; i++) {
			const char *line = arena_printf(r->arena, "%s%s", says[k], r->lines[k][i]);

			if (line)
				r->all[r->all_count++] = line;
		}
	if (state == RECONCILE_AGREES && r->all_count)
		state = RECONCILE_DIFFERS;
	r->state = r->last = state;
	r->at = clock_wall();
	if (r->all_count) {
		journal(r);
		log_warn("station %s: holds other charging profiles than believed: %s%s",
			r->station->id, r->all[0], r->all_count > 1 ? " …" : "");
	}
	arena_destroy(r->shown);
	r->shown = r->arena;
	r->arena = NULL;
	memset(r->count, 0, sizeof r->count);
	fleet_touch(&r->core->fleet, r->station);
}

/* -- all profiles ----------------------------------------------------------------------------- */

/* Values as they come back from stations: times in whole seconds, limits with a rounding, phases
 * said where they were left out. */
static bool same_periods(
	const struct ocpp201_charging_schedule *a, const struct ocpp201_charging_schedule *b)
{
	if (a->charging_schedule_period.count != b->charging_schedule_period.count)
		return false;
	for (size_t i = 0; i < a->charging_schedule_period.count; i++) {
		const struct ocpp201_charging_schedule_period *x =
			&a->charging_schedule_period.items[i];
		const struct ocpp201_charging_schedule_period *y =
			&b->charging_schedule_period.items[i];

		if (x->start_period != y->start_period || fabs(x->limit - y->limit) > 0.11 ||
			(x->has_number_phases ? x->number_phases : 3) !=
				(y->has_number_phases ? y->number_phases : 3))
			return false;
	}
	return true;
}

static bool same_time(bool has_a, wall_t a, bool has_b, wall_t b)
{
	return has_a == has_b && (!has_a || a.ms / 1000 == b.ms / 1000);
}

static bool same_profile(
	const struct ocpp201_charging_profile *a, const struct ocpp201_charging_profile *b)
{
	if (a->charging_profile_purpose != b->charging_profile_purpose ||
		a->stack_level != b->stack_level ||
		a->charging_profile_kind != b->charging_profile_kind ||
		!same_time(a->has_valid_from, a->valid_from, b->has_valid_from, b->valid_from) ||
		!same_time(a->has_valid_to, a->valid_to, b->has_valid_to, b->valid_to) ||
		a->charging_schedule.count != b->charging_schedule.count)
		return false;
	for (size_t i = 0; i < a->charging_schedule.count; i++) {
		const struct ocpp201_charging_schedule *x = &a->charging_schedule.items[i];
		const struct ocpp201_charging_schedule *y = &b->charging_schedule.items[i];

		if (x->charging_rate_unit != y->charging_rate_unit ||
			x->has_duration != y->has_duration ||
			(x->has_duration && x->duration != y->duration) ||
			!same_time(x->has_start_schedule, x->start_schedule, y->has_start_schedule,
				y->start_schedule) ||
			!same_periods(x, y))
			return false;
	}
	return true;
}

static void say_again(struct reconcile *r, int64_t evse_id)
{
	struct evse *e = station_evse(r->station, evse_id);
	struct lane *l = e ? control_lane(r->core->control, e) : NULL;

	if (!l || r->station->is_manual)
		return;
	lane_repeat(l, false);
	note(r, MENDED, arena_printf(r->arena, "EVSE %d is told again", e->id));
}

static void clear(struct reconcile *r, const struct holding *h)
{
	struct schema_error err;
	char payload[60];

	snprintf(
		payload, sizeof payload, "{\"chargingProfileId\":%lld}", (long long)h->profile->id);
	if (call_queue_add(r->core, r->station,
		    &(struct call_request){.action = "ClearChargingProfile",
			    .payload = payload,
			    .actor = "control",
			    .why = "it lies above what keeps the limits of the tree",
			    .by_control = true},
		    NULL, &err) == 0)
		note(r, MENDED,
			arena_printf(
				r->arena, "profile %lld is cleared", (long long)h->profile->id));
}

/* On an automatic station what leads depotd's own; on a manual one what depotd once left there. */
static bool is_in_the_way(const struct reconcile *r, const struct holding *h)
{
	if (r->station->is_manual)
		return holding_is_own(h) && strcmp(h->owner, "depotd") == 0;
	for (int i = 0; i < r->station->evse_count; i++)
		if (holding_leads(h, &r->station->evses[i]))
			return true;
	return false;
}

/* What was believed and not reported is gone; what changed since it was asked is none of this. */
static void settle(struct reconcile *r)
{
	int64_t gone[HOLDINGS_MAX];
	size_t count = 0;
	struct holding *h;

	DL_FOREACH (r->station->holdings, h) {
		if (h->is_seen || h->at.ms >= r->asked.ms || count >= HOLDINGS_MAX)
			continue;
		note(r, MISSING, words_of(r, h));
		gone[count++] = h->profile->id;
		if (holding_is_own(h))
			say_again(r, h->evse_id);
	}
	holding_drop(r->core, r->station, gone, count, "not reported");
	DL_FOREACH (r->station->holdings, h)
		if (is_in_the_way(r, h))
			clear(r, h);
}

static void take_one(struct station *s, struct reconcile *r,
	const struct ocpp201_report_charging_profiles_request *q,
	const struct ocpp201_charging_profile *p)
{
	struct holding *old = holding_find(s, p->id), *h;
	bool is_known = old != NULL;
	bool is_new = old && r && old->at.ms >= r->asked.ms; /* it was said since */
	bool same = is_known && old->evse_id == q->evse_id && same_profile(old->profile, p);

	if (is_new || same) {
		old->is_seen = true;
		return;
	}
	h = holding_put(s, q->evse_id, p, q->charging_limit_source, NULL, clock_wall());
	if (!h)
		return;
	h->is_seen = true;
	if (r)
		note(r, is_known ? CHANGED : UNKNOWN, words_of(r, h));
	if (r && is_known && holding_is_own(h))
		say_again(r, h->evse_id);
}

void reconcile_reported(
	struct core *c, struct station *s, const struct ocpp201_report_charging_profiles_request *q)
{
	struct reconcile *r = s->reconcile;

	if (r && (!r->request_id || r->request_id != q->request_id))
		r = NULL;
	for (size_t i = 0; i < q->charging_profile.count; i++)
		take_one(s, r, q, &q->charging_profile.items[i]);
	fleet_touch(&c->fleet, s);
	if (!r || q->tbc)
		return;
	r->request_id = 0;
	settle(r);
	ask_composite(r);
}

static void on_late(void *arg)
{
	finish(arg, RECONCILE_UNKNOWN);
}

static void on_profiles(void *arg, const struct call_result *x)
{
	struct reconcile *r = arg;
	const struct ocpp201_get_charging_profiles_response *res = x->response_struct;

	if (r->state != RECONCILE_WAITING || !r->arena || is_over(r))
		return;
	if (x->outcome == EVENT_CALL_OUTCOME_ERROR) {
		r->is_supported = false; /* NotSupported, NotImplemented: it cannot say */
		ask_composite(r);
	} else if (x->outcome != EVENT_CALL_OUTCOME_ANSWERED || !res) {
		finish(r, RECONCILE_UNKNOWN);
	} else if (res->status == OCPP201_GET_CHARGING_PROFILE_STATUS_NO_PROFILES) {
		settle(r);
		ask_composite(r);
	} else {
		timer_start(r->core->timers, &r->timer, REPORT_S * 1000, on_late, r);
	}
}

/* All sources are all profiles; a criterion there must be (K09.FR.03). */
static void ask_profiles(void *arg)
{
	struct reconcile *r = arg;
	struct station *s = r->station;
	struct schema_error err;
	struct holding *h;
	char payload[160];

	if (is_over(r))
		return;
	arena_destroy(r->arena); /* of one that a lost connection cut short */
	r->arena = call_queue_length(s->calls) > 0 ? NULL : arena_create(0);
	if (!r->arena) {
		timer_start(r->core->timers, &r->timer, BUSY_MS, ask_profiles, r);
		return;
	}
	memset(r->count, 0, sizeof r->count);
	DL_FOREACH (s->holdings, h)
		h->is_seen = false;
	r->is_supported = true;
	r->asked = clock_wall();
	r->evse = 0;
	r->request_id = command_next_request_id(r->core);
	snprintf(payload, sizeof payload,
		"{\"requestId\":%lld,\"chargingProfile\":{\"chargingLimitSource\":"
		"[\"EMS\",\"Other\",\"SO\",\"CSO\"]}}",
		(long long)r->request_id);
	if (call_queue_add(r->core, s,
		    &(struct call_request){.action = "GetChargingProfiles",
			    .payload = payload,
			    .actor = "reconcile",
			    .why = "what it holds after the reconnect",
			    .done = on_profiles,
			    .arg = r},
		    NULL, &err))
		finish(r, RECONCILE_UNKNOWN);
}

/* -- composite schedules ----------------------------------------------------------------------- */

static int64_t said_w(
	const struct ocpp201_composite_schedule *q, const struct evse *e, int voltage_v, wall_t t)
{
	int64_t s = wall_diff_ms(t, q->schedule_start) / 1000, w = -1;

	for (size_t i = 0; s >= 0 && i < q->charging_schedule_period.count; i++)
		if (q->charging_schedule_period.items[i].start_period <= s)
			w = profile_period_w(e, q->charging_rate_unit,
				&q->charging_schedule_period.items[i], voltage_v);
	return w;
}

/* Far apart at one instant and a little before and after it: no matter of clocks. */
static bool is_apart(const struct stack *k, const struct ocpp201_composite_schedule *q,
	int voltage_v, wall_t t, int64_t *said, int64_t *believed)
{
	*said = said_w(q, k->evse, voltage_v, t);
	if (*said < 0)
		return false;
	for (int64_t off = -SAMPLE_S; off <= SAMPLE_S; off += SAMPLE_S) {
		int64_t w = stack_w(k, wall_add_ms(t, off * 1000), NULL);

		*believed = w;
		if (fabs((double)(w - (*said < k->max_w ? *said : k->max_w))) <=
			TOLERANCE_W + TOLERANCE * (double)w)
			return false;
	}
	return true;
}

static void compare(struct reconcile *r, const struct ocpp201_composite_schedule *q)
{
	struct evse *e = station_evse(r->station, r->evse);
	int voltage_v = (int)r->core->depot->voltage_v;
	int64_t said, believed;
	struct stack k;

	if (!e || stack_init(&k, r->core, r->station, e, r->arena))
		return;
	for (int64_t s = 2 * SAMPLE_S; s < q->duration && s < COMPOSITE_S; s += SAMPLE_S) {
		wall_t t = wall_add_ms(q->schedule_start, s * 1000);

		if (!is_apart(&k, q, voltage_v, t, &said, &believed))
			continue;
		note(r, COMPOSITE,
			arena_printf(r->arena,
				"EVSE %d: it says %lld W after %lld s, believed were %lld W", e->id,
				(long long)said, (long long)s, (long long)believed));
		return;
	}
}

static void on_composite(void *arg, const struct call_result *x)
{
	struct reconcile *r = arg;
	const struct ocpp201_get_composite_schedule_response *res = x->response_struct;

	if (r->state != RECONCILE_WAITING || !r->arena || is_over(r))
		return;
	if (x->outcome != EVENT_CALL_OUTCOME_ANSWERED) {
		finish(r, r->is_supported ? RECONCILE_AGREES : RECONCILE_UNSUPPORTED);
		return;
	}
	if (res && res->status == OCPP201_GENERIC_STATUS_ACCEPTED && res->schedule)
		compare(r, res->schedule);
	ask_composite(r);
}

/* The next EVSE's, or the end. */
static void ask_composite(struct reconcile *r)
{
	struct schema_error err;
	char payload[80];

	timer_stop(r->core->timers, &r->timer);
	if (r->evse >= r->station->evse_count) {
		finish(r, r->is_supported ? RECONCILE_AGREES : RECONCILE_UNSUPPORTED);
		return;
	}
	r->evse++;
	snprintf(payload, sizeof payload, "{\"evseId\":%d,\"duration\":%d}", r->evse, COMPOSITE_S);
	if (call_queue_add(r->core, r->station,
		    &(struct call_request){.action = "GetCompositeSchedule",
			    .payload = payload,
			    .actor = "reconcile",
			    .why = "what it makes of its profiles",
			    .done = on_composite,
			    .arg = r},
		    NULL, &err))
		finish(r, RECONCILE_UNKNOWN);
}
