/* What becomes of envelopes, as events of the journal: the words of each are copied. */
#include "csms/power/envelope_private.h"
#include "csms/record.h"

static void put_block(struct event_envelope_block *out, const struct envelope_block *b)
{
	*out = (struct event_envelope_block){
		.start = {b->start_ms},
		.end = {b->end_ms},
		.has_import_w = b->bound.import_w != GRID_NO_LIMIT,
		.import_w = b->bound.import_w,
		.has_export_w = b->bound.export_w != GRID_NO_LIMIT,
		.export_w = b->bound.export_w,
		.has_phase_ma = b->bound.phase_ma != GRID_NO_LIMIT,
		.phase_ma = b->bound.phase_ma,
	};
}

/* False: no memory. */
static bool put_blocks(
	struct arena *a, const struct envelope *e, struct event_envelope_block_list *out)
{
	out->items = arena_alloc(a, ((size_t)e->count + 1) * sizeof *out->items);
	out->count = out->items ? (size_t)e->count : 0;
	for (int i = 0; i < e->count && out->items; i++)
		put_block(&out->items[i], &e->blocks[i]);
	return out->items != NULL;
}

static const char *text(struct arena *a, const char *s)
{
	return s && s[0] ? arena_strdup(a, s) : NULL;
}

void envelope_journal_received(struct core *c, const struct held_envelope *h, const char *actor)
{
	struct arena *a = record_arena(c);
	struct event_envelope_received *p = a ? arena_alloc(a, sizeof *p) : NULL;

	if (!p)
		return;
	*p = (struct event_envelope_received){
		.node = arena_strdup(a, h->node),
		.owner = arena_strdup(a, h->owner),
		.type = text(a, h->type),
		.kind = envelope_kind_name(h->e.kind),
		.priority = h->e.priority,
		.grid = h->is_grid,
		.reference = text(a, h->reference),
		.why = text(a, h->why),
	};
	if (put_blocks(a, &h->e, &p->blocks))
		record_now(c, EVENT_ENVELOPE_RECEIVED, "envelope", h->id, p, actor, NULL);
}

void envelope_journal_moved(struct core *c, const struct held_envelope *h,
	enum envelope_event event, const char *actor, const char *reason)
{
	struct arena *a = record_arena(c);
	struct event_envelope_moved *p = a ? arena_alloc(a, sizeof *p) : NULL;

	if (!p)
		return;
	*p = (struct event_envelope_moved){
		.move = envelope_event_name(event),
		.state = envelope_state_name(h->e.state),
		.urgent = h->is_urgent,
		.reason = text(a, reason),
	};
	record_now(c, EVENT_ENVELOPE_MOVED, "envelope", h->id, p, actor, NULL);
}

void envelope_journal_replaced(
	struct core *c, const struct held_envelope *h, const char *by, const char *actor)
{
	struct arena *a = record_arena(c);
	struct event_envelope_replaced *p = a ? arena_alloc(a, sizeof *p) : NULL;

	if (!p)
		return;
	p->by = arena_strdup(a, by);
	if (put_blocks(a, &h->e, &p->blocks))
		record_now(c, EVENT_ENVELOPE_REPLACED, "envelope", h->id, p, actor, NULL);
}

void envelope_journal_owner(struct core *c, const struct envelope_owner *o)
{
	struct arena *a = record_arena(c);
	struct event_envelope_owner_changed *p = a ? arena_alloc(a, sizeof *p) : NULL;

	if (!p)
		return;
	*p = (struct event_envelope_owner_changed){
		.owner = arena_strdup(a, o->name),
		.silent = o->is_silent,
		.reason = text(a, o->reason),
	};
	record_now(c, EVENT_ENVELOPE_OWNER_CHANGED, "envelopeowner", o->name, p, "depotd", NULL);
}
