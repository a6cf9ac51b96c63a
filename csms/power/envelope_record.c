/*
 * Records of compliance: when what counted of an envelope is over, what was measured meanwhile goes
 * into the journal, whose hash chain shows if it is changed later.
 */
#include "csms/power/envelope_measure.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "csms/power/control.h"
#include "csms/power/envelope_private.h"
#include "csms/log.h"
#include "csms/record.h"

#define SETTLE_MS 20000 /* the last samples are in the store by then */

struct envelope_record {
	struct core *core; /* NULL: envelopes ended meanwhile */
	struct timer timer;
	struct arena *arena;
	struct envelope_measure m;
	const char *id, *owner, *decided_by;
	wall_t decided_at;
	bool is_reading;
	struct envelope_record *prev, *next;
};

static void record_free(struct envelope_record *r)
{
	if (r->core) {
		timer_stop(r->core->timers, &r->timer);
		DL_DELETE(r->core->envelopes->records, r);
	}
	arena_destroy(r->arena);
	free(r);
}

static void list_phases(
	const struct envelope_measure *m, struct arena *a, struct event_envelope_phase_list *out)
{
	out->items = arena_alloc(a, GRID_PHASES * sizeof *out->items);
	for (int i = 0; out->items && i < GRID_PHASES; i++) {
		const struct envelope_phase *x = &m->phase[i];

		if (x->measured_s > 0)
			out->items[out->count++] = (struct event_envelope_phase){
				.phase = grid_channel_name((enum grid_channel)(GRID_L1 + i)),
				.measured_s = x->measured_s,
				.max_ma = x->max_ma,
				.max_at = x->max_at,
				.above_s = x->above_s,
			};
	}
}

static void journal(struct envelope_record *r)
{
	struct arena *a = record_arena(r->core);
	struct event_envelope_complied *p = a ? arena_alloc(a, sizeof *p) : NULL;
	bool feeds = r->m.export_limit_w >= 0;

	if (!p)
		return;
	*p = (struct event_envelope_complied){
		.node = arena_strdup(a, r->m.node),
		.owner = arena_strdup(a, r->owner),
		.start = r->m.from,
		.end = r->m.to,
		.has_limit_w = r->m.limit_w >= 0,
		.limit_w = r->m.limit_w,
		.has_limit_ma = r->m.limit_ma >= 0,
		.limit_ma = r->m.limit_ma,
		.kept = r->m.is_kept,
		.has_unsure = true,
		.unsure = r->m.is_unsure,
		.measured_s = r->m.measured_s,
		.has_estimated_s = true,
		.estimated_s = r->m.estimated_s,
		.has_bounded_s = true,
		.bounded_s = r->m.bounded_s,
		.has_bound_max_w = r->m.bounded_s > 0,
		.bound_max_w = r->m.bound_max_w,
		.has_unmeasured_s = true,
		.unmeasured_s = r->m.unmeasured_s,
		.mean_w = r->m.mean_w,
		.max_w = r->m.max_w,
		.has_max_at = r->m.max_at.ms != 0,
		.max_at = r->m.max_at,
		.above_s = r->m.above_s,
		.above_wh = r->m.above_wh,
		.has_export_limit_w = feeds,
		.export_limit_w = r->m.export_limit_w,
		.has_export_max_w = feeds,
		.export_max_w = r->m.export_max_w,
		.has_export_above_s = feeds,
		.export_above_s = r->m.export_above_s,
		.has_export_above_wh = feeds,
		.export_above_wh = r->m.export_above_wh,
		.decided_by = r->decided_by ? arena_strdup(a, r->decided_by) : NULL,
		.has_decided_at = r->decided_at.ms != 0,
		.decided_at = r->decided_at,
		.command_count = r->m.command_count,
	};
	list_phases(&r->m, a, &p->phases);
	p->vehicles.items = arena_alloc(a, (r->m.vehicles.count + 1) * sizeof *p->vehicles.items);
	p->commands.items = arena_alloc(a, (r->m.commands.count + 1) * sizeof *p->commands.items);
	if (!p->vehicles.items || !p->commands.items)
		return;
	for (size_t i = 0; i < r->m.vehicles.count; i++)
		p->vehicles.items[p->vehicles.count++] = arena_strdup(a, r->m.vehicles.items[i]);
	for (size_t i = 0; i < r->m.commands.count; i++) {
		struct event_envelope_command c = r->m.commands.items[i];

		c.evse = arena_strdup(a, c.evse);
		c.source = arena_strdup(a, c.source);
		c.node = c.node ? arena_strdup(a, c.node) : NULL;
		c.reason = arena_strdup(a, c.reason);
		c.call = c.call ? arena_strdup(a, c.call) : NULL;
		p->commands.items[p->commands.count++] = c;
	}
	record_now(r->core, EVENT_ENVELOPE_COMPLIED, "envelope", r->id, p, "depotd", NULL);
}

static void work(struct db_reader *db, void *arg)
{
	struct envelope_record *r = arg;

	envelope_measure(db, &r->m, r->arena);
}

static void done(void *arg)
{
	struct envelope_record *r = arg;

	r->is_reading = false;
	if (r->core && r->m.failed)
		log_error("envelope %s: its record cannot be made: %s", r->id, r->m.failed);
	else if (r->core)
		journal(r);
	record_free(r);
}

static void on_settled(void *arg)
{
	struct envelope_record *r = arg;

	r->is_reading = true;
	if (db_read(r->core->db, work, done, r)) { /* too much waits for the store: later */
		r->is_reading = false;
		timer_start(r->core->timers, &r->timer, SETTLE_MS, on_settled, r);
	}
}

static bool fill(struct envelope_record *r, const struct held_envelope *h, int64_t end_ms)
{
	const struct grid_tree *t = control_grid(r->core->control);
	int node = grid_tree_find(t, h->node);
	wall_t from = {h->run.start_ms}, to = {end_ms};

	if (node < 0 || end_ms <= h->run.start_ms)
		return false;
	envelope_measure_init(&r->m, r->core, node, from, to, &h->run.bound, r->arena);
	r->id = arena_strdup(r->arena, h->id);
	r->owner = arena_strdup(r->arena, h->owner);
	r->decided_by = h->decided_by[0] ? arena_strdup(r->arena, h->decided_by) : NULL;
	r->decided_at = h->decided_at;
	return r->id && r->owner && r->m.node;
}

bool envelope_record_is_made(const struct core *c, const char *id)
{
	const struct envelope_record *r;

	if (c->envelopes)
		DL_FOREACH (c->envelopes->records, r)
			if (r->id && strcmp(r->id, id) == 0)
				return true;
	return false;
}

void envelope_record_begin(struct core *c, const struct held_envelope *h, int64_t end_ms)
{
	struct envelope_record *r = calloc(1, sizeof *r);

	if (!r)
		return;
	r->arena = arena_create(0);
	r->core = c;
	DL_APPEND(c->envelopes->records, r);
	if (!r->arena || !fill(r, h, end_ms)) {
		record_free(r);
		return;
	}
	timer_start(c->timers, &r->timer, SETTLE_MS, on_settled, r);
}

void envelope_records_stop(struct envelopes *all)
{
	struct envelope_record *r, *next;

	DL_FOREACH_SAFE (all->records, r, next) {
		if (!r->is_reading) {
			record_free(r);
			continue;
		}
		DL_DELETE(all->records, r); /* its reader frees it */
		r->core = NULL;
	}
}
