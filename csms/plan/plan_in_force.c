#include "csms/plan/plan_in_force.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/power/control.h"
#include "csms/plan/plan_record.h"
#include "csms/record.h"
#include "csms/power/safety.h"
#include "csms/zone.h"

#define RECORD_LATER_MS 20 /* those that it lowers have been told by then */

/* Rounding of slots and of meters. */
int64_t plan_shown_short(int64_t wh)
{
	return wh < PLANNER_SHOWN_WH ? 0 : wh;
}

static bool is_of_island(const struct core *c, const struct evse *e, enum grid_source why)
{
	return e && c->control && (why == GRID_SOURCE_ISLAND || why == GRID_SOURCE_MINIMUM) &&
	       safety_is_fed_by_island(control_safety(c->control), e);
}

static void explain_short(
	const struct core *c, const struct planner_job *j, int i, char *out, size_t size)
{
	const struct plan_outcome *o = &j->plan->outcome[i];
	int64_t by_limit_wh = o->short_wh - o->own_short_wh;
	double kwh = (double)o->short_wh / 1000;
	char what[130];

	if (!plan_shown_short(o->short_wh))
		return;
	if (o->why_node >= 0 && is_of_island(c, j->rows[i].evse, o->why))
		snprintf(what, sizeof what, "%s (%s; until when is not known)",
			grid_tree_node(j->tree, o->why_node)->id,
			o->why == GRID_SOURCE_MINIMUM ? "the island gives less than its minimum"
						      : grid_source_name(o->why));
	else if (o->why_node >= 0)
		snprintf(what, sizeof what, "%s (%s)", grid_tree_node(j->tree, o->why_node)->id,
			grid_source_name(o->why));
	else
		snprintf(what, sizeof what, "%s", grid_source_name(o->why));
	if (!plan_shown_short(o->own_short_wh) || !plan_shown_short(by_limit_wh) ||
		o->why == o->own_why)
		snprintf(out, size, "%.1f kWh short: %s", kwh,
			plan_shown_short(by_limit_wh) ? what : grid_source_name(o->own_why));
	else
		snprintf(out, size, "%.1f kWh short: %.1f by %s, %.1f by the %s", kwh,
			(double)by_limit_wh / 1000, what, (double)o->own_short_wh / 1000,
			grid_source_name(o->own_why));
}

static void fill_row(const struct core *c, struct plan_in_force *f, int i)
{
	struct planner_job *j = f->job;
	struct control_plan_row *row = &j->rows[i];
	const struct plan_outcome *o = &j->plan->outcome[i];
	int64_t *w = &f->w[(size_t)i * (size_t)j->slots];

	for (int t = 0; t < j->slots; t++)
		w[t] = j->plan->w[(size_t)i * (size_t)j->slots + (size_t)t];
	row->asked = &j->vehicles[i];
	row->w = w;
	row->node = &j->plan->node[(size_t)i * (size_t)j->slots];
	row->source = &j->plan->source[(size_t)i * (size_t)j->slots];
	row->channel = &j->plan->channel[(size_t)i * (size_t)j->slots];
	row->planned_wh = o->planned_wh;
	row->short_wh = plan_shown_short(o->short_wh);
	if (o->ready_slot >= 0)
		row->ready_at.ms = j->start_ms + (o->ready_slot + 1) * j->slot_ms;
	else if (o->ready_slot == -2)
		row->ready_at.ms = j->start_ms;
	explain_short(c, j, i, row->reason, sizeof row->reason);
}

/* -- its record ------------------------------------------------------------------------------- */

static void record(struct plan_in_force *f)
{
	struct arena *a = record_arena(f->core);
	struct event_plan_made *e = a ? arena_alloc(a, sizeof *e) : NULL;
	const struct control_plan *v = &f->view;
	struct text snapshot, result;

	if (!e)
		return;
	text_init(&snapshot, 0);
	text_init(&result, 0);
	if (plan_record_write(f->job, &snapshot, &result) == 0) {
		e->trigger = arena_strdup(a, v->trigger);
		e->vehicles = v->row_count;
		e->slots = v->slot_count;
		e->slot_ms = v->slot_ms;
		e->start = v->start;
		e->solve_us = v->solve_us;
		e->short_wh = f->job->plan->short_wh;
		e->snapshot = arena_strdup(a, snapshot.data);
		e->result = arena_strdup(a, result.data);
		e->has_cost = e->has_gap = e->has_by_rule = true;
		e->cost = (double)f->job->plan->cost / 1e6;
		e->gap = (double)f->job->plan->gap / 1e6;
		e->by_rule = f->job->plan->by_rule;
		e->has_night = true;
		e->night = zone_night(v->made_at);
		record_now(f->core, EVENT_PLAN_MADE, "plan", v->id, e, "planner", NULL);
	}
	text_finish(&snapshot);
	text_finish(&result);
}

void plan_in_force_record(struct plan_in_force *f)
{
	timer_stop(f->core->timers, &f->record);
	loop_call_off(f->core->loop, &f->record_task);
	if (!f->is_unrecorded)
		return;
	f->is_unrecorded = false;
	record(f);
}

static void record_it(void *arg)
{
	plan_in_force_record(arg);
}

static void on_record(void *arg)
{
	struct plan_in_force *f = arg;

	loop_run_alone(f->core->loop, &f->record_task, record_it, f);
}

void plan_in_force_record_soon(struct plan_in_force *f)
{
	if (!f->core->loop)
		plan_in_force_record(f);
	else if (f->is_unrecorded)
		timer_start(f->core->timers, &f->record, RECORD_LATER_MS, on_record, f);
}

/* -- in force ---------------------------------------------------------------------------------- */

void plan_in_force_drop(struct plan_in_force *f)
{
	plan_in_force_record(f);
	planner_job_destroy(f->job);
	free(f->w);
	free(f->row_of);
	*f = (struct plan_in_force){.core = f->core};
}

void plan_in_force_put(struct plan_in_force *f, struct planner_job *j)
{
	int64_t *w = calloc((size_t)j->count * (size_t)j->slots + 1, sizeof *w);
	int evses = grid_tree_evses(j->tree);
	int *row_of = malloc(((size_t)evses + 1) * sizeof *row_of);

	if (!w || !row_of) {
		free(w);
		free(row_of);
		planner_job_destroy(j);
		return;
	}
	plan_in_force_drop(f);
	f->job = j;
	f->w = w;
	f->row_of = row_of;
	f->evses = evses;
	memset(row_of, -1, (size_t)evses * sizeof *row_of);
	ocpp_message_ids_next(&f->core->ids, clock_wall().ms, f->view.id);
	f->view.made_at = clock_wall();
	f->view.start.ms = j->start_ms;
	f->view.slot_ms = j->slot_ms;
	f->view.first_s = j->first_s;
	f->view.slot_count = j->slots;
	f->view.solve_us = j->solve_us;
	snprintf(f->view.trigger, sizeof f->view.trigger, "%s", j->trigger);
	f->view.row_count = j->present;
	f->view.rows = j->rows;
	f->view.by_rule = j->plan->by_rule;
	f->view.has_prices = j->prices.part != NULL;
	f->view.told = j->prices.part ? &j->told : NULL;
	f->view.price = j->prices.part;
	f->view.parts = j->prices.parts;
	f->view.cost = j->plan->cost;
	f->view.demand_cost = j->plan->demand_cost;
	f->view.at_once = j->plan->short_wh > 0 ? -1 : j->plan->at_once;
	f->view.gap = j->plan->gap;
	f->view.gap_wh = j->plan->gap_wh;
	for (int i = 0; i < j->count; i++) {
		fill_row(f->core, f, i);
		if (i < j->present)
			row_of[j->vehicles[i].evse] = i;
	}
	f->is_unrecorded = true;
}

const struct control_plan_row *plan_in_force_row(
	const struct plan_in_force *f, const struct evse *e)
{
	const struct control_plan_row *row;
	int i;

	if (!f->job || !e->tx.is_open || e->grid_evse < 0 || e->grid_evse >= f->evses)
		return NULL;
	i = f->row_of[e->grid_evse];
	row = i >= 0 ? &f->view.rows[i] : NULL;
	return row && strcmp(row->transaction, e->tx.id) == 0 ? row : NULL;
}
