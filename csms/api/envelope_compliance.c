/* What became of an envelope: the records of the journal, and what runs now. */
#include <stdio.h>
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_power.h"
#include "csms/power/envelope.h"
#include "csms/power/envelope_measure.h"
#include "db/query.h"
#include "db/query_envelope.h"

#define LIST_MAX 1000

struct compliance {
	struct api_envelope_compliance out;
	struct db_envelope_list found;
	struct db_envelope_record_list records;
	struct envelope_measure m; /* what runs now, or the newest record's time for its minutes */
	bool runs, is_pending;
	const char *decided_by, *error;
	wall_t decided_at;
};

static void compliance_work(struct db_reader *r, struct ask *k)
{
	struct compliance *p = k->state;
	struct db_envelope_filter f = {.id = p->out.id, .limit = 1};

	if (db_query_envelopes(r, &f, k->arena, &p->found) != 0 ||
		db_query_envelope_records(r, p->out.id, LIST_MAX, k->arena, &p->records) != 0) {
		p->error = arena_strdup(k->arena, db_reader_error(r));
		return;
	}
	if (!p->runs && p->records.count) {
		const struct event_envelope_complied *e = p->records.items[0].is;

		p->m = (struct envelope_measure){.node = e->node,
			.point = arena_printf(k->arena, "node/%s/load_w", e->node),
			.from = e->start,
			.to = e->end,
			.limit_w = e->has_limit_w ? e->limit_w : -1,
			.limit_ma = -1, /* its phases are in the record */
			.export_limit_w = e->has_export_limit_w ? e->export_limit_w : -1};
	}
	if (p->m.node != NULL)
		envelope_measure(r, &p->m, k->arena);
	p->error = p->m.failed;
}

static void view_told(struct ask *k, const struct event_envelope_command_list *list,
	struct api_envelope_told_list *out)
{
	out->items = arena_alloc(k->arena, sizeof(*out->items) * (list->count + 1));
	for (size_t i = 0; out->items != NULL && i < list->count; i++)
		out->items[out->count++] = (struct api_envelope_told){
			.evse = list->items[i].evse,
			.at = list->items[i].at,
			.limit_w = list->items[i].limit_w,
			.source = list->items[i].source,
			.node = list->items[i].node,
			.reason = list->items[i].reason,
			.call = list->items[i].call,
		};
}

static void measured_phases(
	struct ask *k, const struct envelope_measure *m, struct api_envelope_phase_list *out)
{
	out->items = arena_alloc(k->arena, sizeof(*out->items) * GRID_PHASES);
	for (int i = 0; out->items != NULL && i < GRID_PHASES; i++)
		if (m->phase[i].measured_s > 0)
			out->items[out->count++] = (struct api_envelope_phase){
				.phase = grid_channel_name((enum grid_channel)(GRID_L1 + i)),
				.measured_s = m->phase[i].measured_s,
				.max_ma = m->phase[i].max_ma,
				.max_at = m->phase[i].max_at,
				.above_s = m->phase[i].above_s,
			};
}

static void recorded_phases(
	struct ask *k, const struct event_envelope_complied *e, struct api_envelope_phase_list *out)
{
	out->items = arena_alloc(k->arena, sizeof(*out->items) * (e->phases.count + 1));
	for (size_t i = 0; out->items != NULL && i < e->phases.count; i++)
		out->items[out->count++] = (struct api_envelope_phase){
			.phase = e->phases.items[i].phase,
			.measured_s = e->phases.items[i].measured_s,
			.max_ma = e->phases.items[i].max_ma,
			.max_at = e->phases.items[i].max_at,
			.above_s = e->phases.items[i].above_s,
		};
}

static void view_running(struct ask *k, const struct compliance *p, struct api_envelope_record *out)
{
	const struct envelope_measure *m = &p->m;
	bool feeds = m->export_limit_w >= 0;

	*out = (struct api_envelope_record){
		.start = m->from,
		.end = m->to,
		.has_limit_w = m->limit_w >= 0,
		.limit_w = m->limit_w,
		.has_limit_ma = m->limit_ma >= 0,
		.limit_ma = m->limit_ma,
		.kept = m->is_kept,
		.unsure = m->is_unsure,
		.measured_s = m->measured_s,
		.estimated_s = m->estimated_s,
		.bounded_s = m->bounded_s,
		.has_bound_max_w = m->bounded_s > 0,
		.bound_max_w = m->bound_max_w,
		.unmeasured_s = m->unmeasured_s,
		.has_mean_w = m->measured_s + m->estimated_s > 0,
		.mean_w = m->mean_w,
		.has_max_w = m->measured_s + m->estimated_s > 0,
		.max_w = m->max_w,
		.has_max_at = m->max_at.ms != 0,
		.max_at = m->max_at,
		.above_s = m->above_s,
		.above_wh = m->above_wh,
		.has_export_limit_w = feeds,
		.export_limit_w = m->export_limit_w,
		.has_export_max_w = feeds,
		.export_max_w = m->export_max_w,
		.has_export_above_s = feeds,
		.export_above_s = m->export_above_s,
		.has_export_above_wh = feeds,
		.export_above_wh = m->export_above_wh,
		.decided_by = p->decided_by,
		.has_decided_at = p->decided_at.ms != 0,
		.decided_at = p->decided_at,
		.vehicles = m->vehicles,
		.command_count = m->command_count,
	};
	measured_phases(k, m, &out->phases);
	view_told(k, &m->commands, &out->commands);
}

static void view_record(
	struct ask *k, const struct db_envelope_record *r, struct api_envelope_record *out)
{
	const struct event_envelope_complied *e = r->is;

	*out = (struct api_envelope_record){
		.start = e->start,
		.end = e->end,
		.has_limit_w = e->has_limit_w,
		.limit_w = e->limit_w,
		.has_limit_ma = e->has_limit_ma,
		.limit_ma = e->limit_ma,
		.kept = e->kept,
		.unsure = e->unsure,
		.measured_s = e->measured_s,
		.estimated_s = e->estimated_s,
		.bounded_s = e->bounded_s,
		.has_bound_max_w = e->has_bound_max_w,
		.bound_max_w = e->bound_max_w,
		.unmeasured_s = e->unmeasured_s,
		.has_mean_w = e->measured_s + e->estimated_s > 0,
		.mean_w = e->mean_w,
		.has_max_w = e->measured_s + e->estimated_s > 0,
		.max_w = e->max_w,
		.has_max_at = e->has_max_at,
		.max_at = e->max_at,
		.above_s = e->above_s,
		.above_wh = e->above_wh,
		.has_export_limit_w = e->has_export_limit_w,
		.export_limit_w = e->export_limit_w,
		.has_export_max_w = e->has_export_max_w,
		.export_max_w = e->export_max_w,
		.has_export_above_s = e->has_export_above_s,
		.export_above_s = e->export_above_s,
		.has_export_above_wh = e->has_export_above_wh,
		.export_above_wh = e->export_above_wh,
		.decided_by = e->decided_by,
		.has_decided_at = e->has_decided_at,
		.decided_at = e->decided_at,
		.vehicles = e->vehicles,
		.command_count = e->command_count,
		.has_seq = true,
		.seq = r->seq,
		.hash = r->hash,
	};
	recorded_phases(k, e, &out->phases);
	view_told(k, &e->commands, &out->commands);
}

/* Of a minute's worst sample (csms/power/control_show.c); NULL: all of it was measured. */
static const char *quality_name(int quality)
{
	static const char *const names[] = {NULL, "estimated", "bound", "unknown"};

	return quality < 0 || quality > 3 ? "unknown" : names[quality];
}

static void view_minutes(
	struct ask *k, const struct db_series_list *list, struct api_envelope_minute_list *out)
{
	out->items = arena_alloc(k->arena, sizeof(*out->items) * (list->count + 1));
	for (size_t i = 0; out->items != NULL && i < list->count; i++)
		out->items[out->count++] = (struct api_envelope_minute){
			.at = list->items[i].at,
			.mean_w = list->items[i].mean,
			.max_w = list->items[i].max,
			.quality = quality_name(list->items[i].quality),
		};
}

static void compliance_finish(struct ask *k)
{
	struct compliance *p = k->state;
	struct api_envelope_compliance *out = &p->out;
	size_t room = p->records.count + 2;

	out->records.items = arena_alloc(k->arena, sizeof(*out->records.items) * room);
	if (p->error != NULL || out->records.items == NULL) {
		ask_problem(k, 503, NULL, "the store: %s", p->error ? p->error : "no memory");
		return;
	}
	if (!p->found.count) {
		ask_problem(k, 404, NULL, "there is no envelope of that id");
		return;
	}
	out->node = p->found.items[0].node;
	out->owner = p->found.items[0].owner;
	out->state = p->found.items[0].state;
	out->pending = p->is_pending;
	if (p->runs)
		view_running(k, p, &out->records.items[out->records.count++]);
	for (size_t i = 0; i < p->records.count; i++)
		view_record(k, &p->records.items[i], &out->records.items[out->records.count++]);
	view_minutes(k, &p->m.minutes, &out->minutes);
	ask_reply(k, 200, &api_envelope_compliance_type, out);
}

void envelope_compliance_get(struct ask *k)
{
	const struct core *c = k->api->core;
	const struct held_envelope *h = envelope_find(c, k->match.param[0]);
	struct compliance *p = arena_alloc(k->arena, sizeof(*p));

	if (p == NULL) {
		ask_problem(k, 503, NULL, "no memory for the query");
		return;
	}
	*p = (struct compliance){.out = {.id = k->match.param[0]}};
	p->runs = h != NULL && h->run.start_ms != 0 && h->e.node >= 0;
	p->is_pending = envelope_record_is_made(c, k->match.param[0]);
	if (p->runs) {
		envelope_measure_init(&p->m, c, h->e.node, (wall_t){h->run.start_ms}, clock_wall(),
			&h->run.bound, k->arena);
		p->decided_by = h->decided_by[0] ? arena_strdup(k->arena, h->decided_by) : NULL;
		p->decided_at = h->decided_at;
	}
	k->state = p;
	ask_read(k, compliance_work, compliance_finish);
}
