/* Past plans: their list, one made again, two compared. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/api/ask.h"
#include "csms/api/handlers_power.h"
#include "csms/api/plan_load.h"
#include "csms/clock.h"

/* -- loading ---------------------------------------------------------------------------------- */

static bool load_event(const struct db_journal_event *e, struct arena *a, struct plan_loaded *out)
{
	struct schema_error err;
	int type;

	out->event = db_event_decode(e, a, &type, &err);
	if (out->event == NULL)
		return false;
	out->status = 409;
	return plan_record_read(out->event, a, &out->record, out->why) == 0;
}

bool plan_load_row(
	struct db_reader *r, const struct db_plan *row, struct arena *a, struct plan_loaded *out)
{
	struct db_journal_event *e = NULL;

	out->id = row->id;
	out->trigger = row->trigger;
	out->made_at = row->at;
	out->status = 500;
	snprintf(out->why, sizeof out->why, "the store cannot be read");
	return db_query_event(r, row->seq, a, &e) == 0 && e != NULL && load_event(e, a, out);
}

/* Each plan is a stream of its own, of one event. 1: there is none. */
static int load_stream(
	struct db_reader *r, const char *id, struct arena *a, struct plan_loaded *out)
{
	struct db_journal_filter f = {.stream = arena_printf(a, "plan/%s", id), .limit = 1};
	struct db_journal_page page = {0};

	if (f.stream == NULL || db_query_journal(r, &f, a, &page) != 0)
		return -1;
	if (page.count == 0)
		return 1;
	out->id = id;
	out->made_at = page.items[0].at;
	if (!load_event(&page.items[0], a, out))
		return -1;
	out->trigger = out->event->trigger;
	return 0;
}

bool plan_load(struct db_reader *r, const char *id, struct arena *a, struct plan_loaded *out)
{
	struct db_plan_list list;
	int rc;

	out->status = 500;
	snprintf(out->why, sizeof out->why, "the store cannot be read");
	if (id) {
		rc = load_stream(r, id, a, out);
		if (rc <= 0)
			return rc == 0;
	} else if (db_query_plans(r, 1, a, &list) != 0) {
		return false;
	} else if (list.count) {
		return plan_load_row(r, &list.items[0], a, out);
	}
	out->status = 404;
	snprintf(out->why, sizeof out->why,
		id ? "no such plan is known; GET /api/v1/plans lists them"
		   : "there is no plan yet");
	return false;
}

/* -- the list --------------------------------------------------------------------------------- */

struct listing {
	int64_t limit;
	int rc;
	struct db_plan_list list;
};

static void list_work(struct db_reader *r, struct ask *k)
{
	struct listing *l = k->state;

	l->rc = db_query_plans(r, (int)l->limit, k->arena, &l->list);
}

static void list_finish(struct ask *k)
{
	struct listing *l = k->state;
	struct api_plan_item_list out = {0};

	out.plans.items = arena_alloc(k->arena, sizeof *out.plans.items * l->list.count + 1);
	if (l->rc != 0 || out.plans.items == NULL) {
		ask_problem(k, 500, NULL, "the store cannot be read");
		return;
	}
	out.plans.count = l->list.count;
	for (size_t i = 0; i < l->list.count; i++) {
		const struct db_plan *p = &l->list.items[i];

		out.plans.items[i] = (struct api_plan_item){.id = p->id,
			.made_at = p->at,
			.trigger = p->trigger,
			.vehicles = p->vehicles,
			.solve_us = p->solve_us,
			.short_wh = p->short_wh};
	}
	ask_reply(k, 200, &api_plan_item_list_type, &out);
}

void plans_list(struct ask *k)
{
	struct listing *l = arena_alloc(k->arena, sizeof *l);

	if (l == NULL) {
		ask_problem(k, 503, NULL, "no memory for the query");
		return;
	}
	l->limit = 50;
	if (!ask_int(k, "limit", 1, PLANS_KEPT, &l->limit))
		return;
	k->state = l;
	ask_read(k, list_work, list_finish);
}

/* -- made again ------------------------------------------------------------------------------- */

struct replaying {
	const char *id;
	bool ok;
	struct plan_loaded plan;
	struct api_plan_replay out;
};

static void replay_work(struct db_reader *r, struct ask *k)
{
	struct replaying *x = k->state;
	struct plan_case *c;
	struct plan_fault fault;
	struct plan *p;
	int64_t begin;

	if (!plan_load(r, x->id, k->arena, &x->plan))
		return;
	x->plan.status = 409;
	c = plan_case_create(x->plan.record.snapshot, x->plan.why);
	if (c == NULL)
		return;
	begin = clock_real_us();
	p = plan_solve(plan_case_input(c));
	if (p != NULL) {
		x->out = (struct api_plan_replay){.id = x->plan.id,
			.is_same = plan_record_equals(x->plan.record.result, plan_case_input(c), p),
			.is_sound = plan_check(plan_case_input(c), p, &fault),
			.solve_us = clock_real_us() - begin,
			.cost = (double)p->cost / 1e6,
			.gap = p->gap < 0 ? -1 : (double)p->gap / 1e6};
		x->ok = true;
	}
	snprintf(x->plan.why, sizeof x->plan.why, "no memory to make the plan again");
	plan_destroy(p);
	plan_case_destroy(c);
}

static void replay_finish(struct ask *k)
{
	struct replaying *x = k->state;

	if (x->ok)
		ask_reply(k, 200, &api_plan_replay_type, &x->out);
	else
		ask_problem(k, x->plan.status, NULL, "%s", x->plan.why);
}

void plan_replay_post(struct ask *k)
{
	struct replaying *x = arena_alloc(k->arena, sizeof *x);

	if (x == NULL) {
		ask_problem(k, 503, NULL, "no memory for the query");
		return;
	}
	x->id = k->match.param[0];
	k->state = x;
	ask_read(k, replay_work, replay_finish);
}

/* -- two compared ----------------------------------------------------------------------------- */

struct diffing {
	const char *id, *with;
	bool ok;
	struct plan_loaded now, then;
};

static void diff_work(struct db_reader *r, struct ask *k)
{
	struct diffing *d = k->state;

	if (!plan_load(r, d->id, k->arena, &d->now)) {
		d->then = d->now;
		return;
	}
	d->ok = plan_load(r, d->with, k->arena, &d->then);
}

/* A vehicle nobody knows is the same as long as it stands at the same place. */
static bool is_same_vehicle(
	const struct event_plan_snapshot_vehicle *a, const struct event_plan_snapshot_vehicle *b)
{
	return strcmp(a->id, b->id) == 0 &&
	       (strcmp(a->id, "unknown") != 0 ||
		       (strcmp(a->station, b->station) == 0 && a->evse_id == b->evse_id));
}

static int find(const struct plan_record *in, const struct event_plan_snapshot_vehicle *v)
{
	for (size_t i = 0; i < in->snapshot->vehicles.count; i++)
		if (is_same_vehicle(&in->snapshot->vehicles.items[i], v))
			return (int)i;
	return -1;
}

static int64_t ready_ms(const struct plan_record *p, int i)
{
	int64_t slot = p->result->rows.items[i].ready_slot;

	return slot < -1  ? p->snapshot->start.ms
	       : slot < 0 ? 0
			  : p->snapshot->start.ms + (slot + 1) * p->snapshot->slot_s * 1000;
}

/* False: nothing of it changed by a slot or more. */
static bool compare(const struct plan_record *now, int i, const struct plan_record *then, int j,
	struct api_plan_diff_row *out)
{
	const struct event_plan_snapshot_vehicle *a = &now->snapshot->vehicles.items[i],
						 *b = &then->snapshot->vehicles.items[j];
	const struct event_plan_result_row *x = &now->result->rows.items[i],
					   *y = &then->result->rows.items[j];
	int64_t was = ready_ms(then, j), is = ready_ms(now, i);
	int64_t slot_ms = now->snapshot->slot_s * 1000;

	*out = (struct api_plan_diff_row){.vehicle = a->id,
		.station = a->station,
		.evse = a->evse_id,
		.change = "changed",
		.planned_wh = x->planned_wh - y->planned_wh,
		.short_wh = x->short_wh - y->short_wh,
		.need_wh = a->need_wh - b->need_wh,
		.has_ready_s = was && is,
		.ready_s = (is - was) / 1000,
		.has_departs_s = a->has_departs && b->has_departs,
		.departs_s = (a->departs.ms - b->departs.ms) / 1000};
	return out->short_wh || !was != !is || llabs(is - was) >= slot_ms ||
	       (out->has_departs_s && out->departs_s) || a->evse != b->evse;
}

static void add_gone(const struct diffing *d, struct api_plan_diff *out)
{
	const struct plan_record *then = &d->then.record;

	for (size_t j = 0; j < then->snapshot->vehicles.count; j++) {
		const struct event_plan_snapshot_vehicle *v = &then->snapshot->vehicles.items[j];

		if (find(&d->now.record, v) < 0)
			out->rows.items[out->rows.count++] =
				(struct api_plan_diff_row){.vehicle = v->id,
					.station = v->station,
					.evse = v->evse_id,
					.change = "left",
					.planned_wh = -then->result->rows.items[j].planned_wh,
					.short_wh = -then->result->rows.items[j].short_wh,
					.need_wh = -v->need_wh};
	}
}

static void diff_finish(struct ask *k)
{
	struct diffing *d = k->state;
	const struct plan_record *now = &d->now.record, *then = &d->then.record;
	struct api_plan_diff out;
	size_t n;

	if (!d->ok) {
		ask_problem(k, d->then.status, NULL, "%s", d->then.why);
		return;
	}
	n = now->snapshot->vehicles.count + then->snapshot->vehicles.count;
	out = (struct api_plan_diff){.id = d->now.id,
		.with = d->then.id,
		.made_at = d->now.made_at,
		.with_made_at = d->then.made_at,
		.trigger = d->now.trigger,
		.cost = (double)(now->result->cost - then->result->cost) / 1e6,
		.short_wh = now->result->short_wh - then->result->short_wh};
	out.rows.items = arena_alloc(k->arena, sizeof *out.rows.items * n + 1);
	for (size_t i = 0; out.rows.items && i < now->snapshot->vehicles.count; i++) {
		const struct event_plan_snapshot_vehicle *v = &now->snapshot->vehicles.items[i];
		struct api_plan_diff_row *row = &out.rows.items[out.rows.count];
		int j = find(then, v);

		if (j >= 0) {
			out.rows.count += compare(now, (int)i, then, j, row);
			continue;
		}
		*row = (struct api_plan_diff_row){.vehicle = v->id,
			.station = v->station,
			.evse = v->evse_id,
			.change = "came",
			.planned_wh = now->result->rows.items[i].planned_wh,
			.short_wh = now->result->rows.items[i].short_wh,
			.need_wh = v->need_wh};
		out.rows.count++;
	}
	if (out.rows.items)
		add_gone(d, &out);
	ask_reply(k, 200, &api_plan_diff_type, &out);
}

void plan_diff_get(struct ask *k)
{
	struct diffing *d = arena_alloc(k->arena, sizeof *d);

	if (d == NULL) {
		ask_problem(k, 503, NULL, "no memory for the query");
		return;
	}
	d->id = k->match.param[0];
	d->with = ask_query(k, "with");
	if (d->with == NULL) {
		ask_problem(k, 400, "with", "with: the id of the earlier plan");
		return;
	}
	k->state = d;
	ask_read(k, diff_work, diff_finish);
}
