/*
 * The course of one charging session: power over time, what its EVSE was told and by whose limit,
 * what the plan that it was first in wanted, and what it cost against what was expected.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_fleet.h"
#include "csms/api/plan_load.h"
#include "csms/view/words_session.h"
#include "db/query.h"
#include "db/query_price.h"

#define POINTS_WANTED 300
#define TOLD_MAX      1000
#define TOLD_LOOKED   5000 /* of the station's setpoints from its begin on */
#define BEFORE_LOOKED 50 /* … and before it: the one that stood then */

struct course {
	const char *station, *id, *error;
	wall_t now, from, to;
	int64_t step_ms;
	struct db_transaction_list found;
	struct db_energy_cost_list cost;
	struct db_series_list power;
	struct db_journal_page before, told;
	const struct event_plan_snapshot *snapshot; /* NULL: why_no_plan */
	const struct event_plan_result_row *row;
	const char *plan;
	wall_t plan_at;
	char why_no_plan[200];
};

/* -- reading, on a reader thread ------------------------------------------------------------- */

/* Steps of whole minutes reach back beyond the raw samples. */
static int64_t step_for(int64_t span_ms)
{
	static const int64_t steps_s[] = {60, 300, 900, 3600, 14400};
	size_t i = 0;

	while (i + 1 < sizeof steps_s / sizeof steps_s[0] &&
		span_ms / 1000 / steps_s[i] > POINTS_WANTED)
		i++;
	return steps_s[i] * 1000;
}

static int read_power(struct db_reader *r, struct ask *k, struct course *q)
{
	const struct db_transaction *t = &q->found.items[0];

	q->from = t->started_at.ms ? t->started_at : t->heard_at;
	q->to = t->open || t->ended_at.ms < q->from.ms ? q->now : t->ended_at;
	q->step_ms = step_for(q->to.ms - q->from.ms);
	if (!t->has_evse)
		return 0;
	return db_query_series(r,
		arena_printf(k->arena, "evse/%s/%" PRId64 "/power_w", t->station, t->evse), q->from,
		q->to, q->step_ms, k->arena, &q->power);
}

/* From the journal's line of its begin on: setpoints of the station, whatever EVSE. */
static int read_told(struct db_reader *r, struct ask *k, struct course *q)
{
	struct db_journal_filter first = {
		.stream = arena_printf(k->arena, "transaction/%s/%s", q->station, q->id),
		.limit = 1};
	struct db_journal_filter f = {.stream = arena_printf(k->arena, "station/%s", q->station),
		.type = "SetpointChanged",
		.limit = TOLD_LOOKED};
	struct db_journal_page begin = {0};

	if (db_query_journal(r, &first, k->arena, &begin) != 0)
		return -1;
	if (begin.count == 0)
		return 0;
	f.from = begin.items[0].seq;
	if (db_query_journal(r, &f, k->arena, &q->told) != 0)
		return -1;
	f.newest_first = true;
	f.limit = BEFORE_LOOKED;
	return db_query_journal(r, &f, k->arena, &q->before);
}

static void read_plan(struct db_reader *r, struct ask *k, struct course *q)
{
	const struct db_transaction *t = &q->found.items[0];
	struct plan_loaded loaded = {0};

	snprintf(q->why_no_plan, sizeof q->why_no_plan, "no plan had it while it was open");
	if (q->cost.count == 0 || q->cost.items[0].estimate_plan == NULL)
		return;
	q->plan = q->cost.items[0].estimate_plan;
	if (!plan_load(r, q->plan, k->arena, &loaded)) {
		snprintf(q->why_no_plan, sizeof q->why_no_plan, "%s", loaded.why);
		return;
	}
	for (size_t i = 0; i < loaded.record.snapshot->vehicles.count; i++) {
		const struct event_plan_snapshot_vehicle *v =
			&loaded.record.snapshot->vehicles.items[i];

		if (strcmp(v->station, t->station) == 0 && v->evse_id == t->evse) {
			q->snapshot = loaded.record.snapshot;
			q->row = &loaded.record.result->rows.items[i];
			q->plan_at = loaded.made_at;
		}
	}
}

static void course_work(struct db_reader *r, struct ask *k)
{
	struct course *q = k->state;
	struct db_transaction_filter one = {.station = q->station, .id = q->id, .limit = 1};
	struct db_energy_cost_ask cost = {
		.station = q->station, .transaction_id = q->id, .limit = 1};

	if (db_query_transactions(r, &one, k->arena, &q->found) != 0 ||
		(q->found.count > 0 &&
			(db_query_energy_costs(r, &cost, k->arena, &q->cost) != 0 ||
				read_power(r, k, q) != 0 || read_told(r, k, q) != 0)))
		q->error = arena_strdup(k->arena, db_reader_error(r));
	else if (q->found.count > 0)
		read_plan(r, k, q);
}

/* -- the answer ------------------------------------------------------------------------------ */

static void put_power(struct ask *k, const struct course *q, struct api_session_course *out)
{
	out->power.items = arena_alloc(k->arena, (q->power.count + 1) * sizeof *out->power.items);
	for (size_t i = 0; out->power.items && i < q->power.count; i++)
		out->power.items[out->power.count++] = (struct api_session_power){
			.at = q->power.items[i].at, .w = q->power.items[i].mean};
}

static const struct event_setpoint_changed *setpoint_of(
	struct ask *k, const struct db_journal_event *e, int64_t evse)
{
	struct schema_error err;
	int type;
	const struct event_setpoint_changed *s = db_event_decode(e, k->arena, &type, &err);

	return s && s->evse_id == evse ? s : NULL;
}

static void add_told(
	struct api_session_course *out, wall_t at, const struct event_setpoint_changed *s)
{
	out->told.items[out->told.count++] = (struct api_session_told){
		.at = at,
		.limit_w = s->limit_w,
		.has_give_w = s->has_give_w,
		.give_w = s->give_w,
		.source = s->source,
		.node = s->node,
		.reason = s->reason,
	};
}

static void put_told(struct ask *k, const struct course *q, struct api_session_course *out)
{
	int64_t evse = q->found.items[0].evse;

	out->told.items = arena_alloc(k->arena, (TOLD_MAX + 1) * sizeof *out->told.items);
	if (!out->told.items || !q->found.items[0].has_evse)
		return;
	for (size_t i = 0; i < q->before.count && out->told.count == 0; i++) {
		const struct event_setpoint_changed *s = setpoint_of(k, &q->before.items[i], evse);

		if (s && q->before.items[i].at.ms <= q->from.ms)
			add_told(out, q->from, s);
	}
	for (size_t i = 0; i < q->told.count && out->told.count < TOLD_MAX; i++) {
		const struct event_setpoint_changed *s;

		if (q->told.items[i].at.ms > q->to.ms)
			return;
		s = setpoint_of(k, &q->told.items[i], evse);
		if (s && q->told.items[i].at.ms > q->from.ms)
			add_told(out, q->told.items[i].at, s);
	}
	out->told_cut = q->told.count == TOLD_LOOKED || out->told.count == TOLD_MAX;
}

/* What the plan wanted, in stretches of the same power, until the session's end. */
static void put_planned(struct ask *k, const struct course *q, struct api_session_course *out)
{
	int slots = q->snapshot ? (int)q->snapshot->slots : 0, from = 0;
	int64_t slot_ms = q->snapshot ? q->snapshot->slot_s * 1000 : 0;
	int32_t *w = arena_alloc(k->arena, ((size_t)slots + 1) * sizeof *w);

	out->planned.items =
		arena_alloc(k->arena, ((size_t)slots + 1) * sizeof *out->planned.items);
	if (!w || !out->planned.items || slots == 0 || plan_runs_read(q->row->w, slots, w) != 0)
		return;
	for (int t = 1; t <= slots; t++)
		if (t == slots || w[t] != w[t - 1]) {
			out->planned.items[out->planned.count++] = (struct api_session_planned){
				.from = {q->snapshot->start.ms + from * slot_ms},
				.to = {q->snapshot->start.ms + t * slot_ms},
				.w = w[t - 1]};
			from = t;
		}
	while (out->planned.count && out->planned.items[out->planned.count - 1].w == 0)
		out->planned.count--;
}

static void put_cost(const struct course *q, struct api_session_course *out)
{
	const struct db_energy_cost *c = q->cost.count ? &q->cost.items[0] : NULL;

	if (c && c->has_estimate) {
		out->has_estimate_kwh = out->has_estimate_cost = out->has_estimated_at = true;
		out->estimate_kwh = (double)c->estimate_wh / 1000;
		out->estimate_cost = (double)c->estimate_micro / 1e6;
		out->estimated_at = c->estimated_at;
		out->estimate_source = c->estimate_source;
		out->has_estimate_guess = out->estimate_guess = c->is_guess;
		out->currency = c->currency;
	}
	if (c && c->has_actual) {
		out->has_energy_cost = out->has_idle_cost = out->has_carbon_cost = true;
		out->has_idle_s = out->has_settled_at = true;
		out->energy_cost = (double)c->energy_micro / 1e6;
		out->idle_cost = (double)c->idle_micro / 1e6;
		out->idle_s = c->idle_s;
		out->carbon_cost = (double)c->internal_micro / 1e6;
		out->settled_at = c->settled_at;
		out->tariff = c->tariff;
		out->currency = c->currency;
		out->price_source = c->source;
	}
}

/* Whose word its EVSE went by, as it was told. */
static const char *ruled(
	struct ask *k, const struct course *q, const struct api_session_course *out)
{
	int64_t rule_ms = 0;
	const char *why = NULL;
	struct text t;

	for (size_t i = 0; i < out->told.count; i++) {
		const struct api_session_told *s = &out->told.items[i];
		wall_t until = i + 1 < out->told.count ? out->told.items[i + 1].at : q->to;

		if (strcmp(s->source, "rule") != 0)
			continue;
		rule_ms += until.ms - s->at.ms;
		why = why ? why : strstr(s->reason, ": ") ? s->reason : NULL;
	}
	text_init(&t, 290);
	words_session_ruled(&t, rule_ms, q->to.ms - q->from.ms, why);
	if (t.len)
		return ask_words(k, &t);
	text_finish(&t);
	return NULL;
}

static void put_words(struct ask *k, const struct course *q, struct api_session_course *out)
{
	const struct db_transaction *t = &q->found.items[0];
	const struct vehicle *v =
		t->vehicle ? fleet_vehicle(&k->api->core->fleet, t->vehicle) : NULL;
	struct words_session s = {
		.who = v && v->name[0] ? v->name : t->vehicle,
		.place = t->has_evse ? arena_printf(k->arena, "%s/%" PRId64, t->station, t->evse)
				     : t->station,
		.is_open = t->open,
		.has_wh = t->has_begin_wh && t->has_meter_wh,
		.wh = (int64_t)t->energy_wh,
		.started = t->started_at,
		.ended = t->ended_at,
		.now = q->now,
		.has_cost = out->has_energy_cost,
		.cost = out->energy_cost + out->idle_cost,
		.idle_cost = out->idle_cost,
		.is_guess = out->estimate_guess,
		.has_expected = out->has_estimate_cost,
		.expected = out->estimate_cost,
		.currency = out->currency,
		.aside = t->quarantined,
		.missing = t->missing,
		.ended_by = t->stopped_reason,
	};
	struct text x;

	text_init(&x, 290);
	words_session_sentence(&x, &s);
	out->sentence = ask_words(k, &x);
	text_init(&x, 590);
	words_session_sub(&x, &s);
	out->sub = ask_words(k, &x);
}

static void course_finish(struct ask *k)
{
	const struct course *q = k->state;
	struct api_session_course out = {0};

	if (q->error != NULL) {
		ask_problem(k, 503, NULL, "the store: %s", q->error);
		return;
	}
	if (q->found.count == 0) {
		ask_problem(k, 404, NULL,
			"there is no such session; GET /api/v1/transactions lists them");
		return;
	}
	out.from = q->from;
	out.to = q->to;
	out.step_s = q->step_ms / 1000;
	out.plan = q->snapshot ? q->plan : NULL;
	out.has_plan_made_at = q->snapshot != NULL;
	out.plan_made_at = q->plan_at;
	out.no_plan = q->snapshot ? NULL : q->why_no_plan;
	put_power(k, q, &out);
	put_told(k, q, &out);
	put_planned(k, q, &out);
	put_cost(q, &out);
	put_words(k, q, &out);
	out.ruled = ruled(k, q, &out);
	ask_reply(k, 200, &api_session_course_type, &out);
}

void session_course_get(struct ask *k)
{
	struct course *q = arena_alloc(k->arena, sizeof *q);

	if (q == NULL) {
		ask_problem(k, 503, NULL, "no memory for the query");
		return;
	}
	q->station = ask_station(k, k->match.param[0]);
	q->id = k->match.param[1];
	q->now = clock_wall();
	k->state = q;
	ask_read(k, course_work, course_finish);
}
