/* Envelopes and their owners as the store has them, taken up again at a start. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "csms/power/envelope_private.h"
#include "csms/log.h"
#include "db/query_envelope.h"

#define MISSED_MS INT64_C(86400000) /* records are made up for within a day */

struct restore {
	struct envelopes *all;
	struct arena *arena;
	bool failed;
};

static int32_t watts(bool has, int64_t v)
{
	return has && v < GRID_NO_LIMIT ? (int32_t)v : GRID_NO_LIMIT;
}

static bool put_blocks(struct envelope *e, const struct event_envelope_block_list *list)
{
	e->blocks = malloc((list->count + 1) * sizeof *e->blocks);
	for (size_t i = 0; e->blocks && i < list->count; i++) {
		const struct event_envelope_block *b = &list->items[i];

		e->blocks[e->count++] = (struct envelope_block){
			.start_ms = b->start.ms,
			.end_ms = b->end.ms,
			.bound = {watts(b->has_import_w, b->import_w),
				watts(b->has_export_w, b->export_w),
				watts(b->has_phase_ma, b->phase_ma)},
		};
	}
	return e->blocks != NULL;
}

static int state_of(const char *name)
{
	for (int s = 0; s < ENVELOPE_STATE_COUNT; s++)
		if (strcmp(envelope_state_name((enum envelope_state)s), name) == 0)
			return s;
	return -1;
}

/* The block that ran when depotd ended goes on record when it is over, from where it began: depotd
 * may have been gone for a part of it, the limit was not. */
static void find_run(struct held_envelope *h)
{
	bool counts = h->e.state == ENVELOPE_ACTIVE || h->e.state == ENVELOPE_IN_FALLBACK;

	for (int i = 0; counts && i < h->e.count; i++)
		if (h->e.blocks[i].start_ms <= clock_wall().ms &&
			h->e.blocks[i].end_ms > h->moved_at.ms)
			h->run = h->e.blocks[i];
	if (h->run.start_ms && h->run.start_ms < h->moved_at.ms)
		h->run.start_ms = h->moved_at.ms;
}

static void fill(struct held_envelope *h, const struct envelope_owner *o,
	const struct db_envelope *row, enum envelope_state state)
{
	h->e.node = -1; /* found when there is a tree */
	h->e.owner = o->number;
	h->e.kind = strcmp(row->kind, "fallback") == 0 ? ENVELOPE_FALLBACK : ENVELOPE_LIMIT;
	h->e.state = state;
	h->e.priority = (int)row->priority;
	h->e.is_silent = o->is_silent;
	h->e.received_ms = row->received_at.ms;
	snprintf(h->id, sizeof h->id, "%s", row->id);
	snprintf(h->node, sizeof h->node, "%s", row->node);
	snprintf(h->owner, sizeof h->owner, "%s", row->owner);
	snprintf(h->type, sizeof h->type, "%s", row->type ? row->type : "");
	snprintf(h->reference, sizeof h->reference, "%s", row->reference ? row->reference : "");
	snprintf(h->why, sizeof h->why, "%s", row->reason ? row->reason : row->why ? row->why : "");
	h->is_grid = row->grid;
	h->is_urgent = row->urgent;
	h->moved_at = row->moved_at;
	snprintf(h->decided_by, sizeof h->decided_by, "%s", row->decided_by ? row->decided_by : "");
	h->decided_at = row->decided_at;
	snprintf(h->replaced_by, sizeof h->replaced_by, "%s",
		row->replaced_by ? row->replaced_by : "");
	if (row->judged)
		h->effect = (struct envelope_effect){
			.judged_at = row->received_at,
			.late = (int)row->judged->late,
			.shed_wh = row->judged->shed_wh,
			.shed_w = row->judged->shed_w,
		};
	find_run(h);
}

/* What counted of one that ended shortly before depotd did, if it is not on record. */
static bool find_missed(struct held_envelope *h, const struct db_envelope *row, struct db_reader *r,
	struct arena *a)
{
	struct db_envelope_record_list last = {0};

	if (!h->decided_at.ms || h->e.kind == ENVELOPE_FALLBACK)
		return false;
	for (int i = 0; i < h->e.count; i++)
		if (h->e.blocks[i].start_ms < h->moved_at.ms)
			h->run = h->e.blocks[i];
	if (h->run.end_ms > h->moved_at.ms)
		h->run.end_ms = h->moved_at.ms;
	if (h->run.start_ms && h->run.start_ms < h->decided_at.ms)
		h->run.start_ms = h->decided_at.ms;
	return h->run.start_ms && h->run.start_ms < h->run.end_ms &&
	       db_query_envelope_records(r, row->id, 1, a, &last) == 0 &&
	       (!last.count || last.items[0].is->end.ms < h->run.end_ms);
}

static void forget(struct envelopes *all, struct held_envelope *h)
{
	DL_DELETE(all->list, h);
	free(h->e.blocks);
	free(h);
}

static bool put_row(struct envelopes *all, const struct db_envelope *row)
{
	const struct envelope_owner *o = envelope_owner(all, row->owner);
	int state = state_of(row->state);
	struct held_envelope *h = o && state >= 0 ? calloc(1, sizeof *h) : NULL;

	if (!h)
		return false;
	if (!put_blocks(&h->e, row->left ? &row->left->blocks : &row->said->blocks)) {
		free(h);
		return false;
	}
	fill(h, o, row, (enum envelope_state)state);
	DL_PREPEND(all->list, h); /* the newest comes first */
	return true;
}

static void put_missed(struct restore *x, struct db_reader *r)
{
	struct db_envelope_filter f = {.which = DB_ENVELOPES_OVER, .limit = ENVELOPES_MAX};
	struct db_envelope_list list = {0};

	x->failed = db_query_envelopes(r, &f, x->arena, &list) != 0;
	for (size_t i = 0; !x->failed && i < list.count; i++) {
		const struct db_envelope *row = &list.items[i];

		if (wall_diff_ms(clock_wall(), row->moved_at) > MISSED_MS)
			continue;
		x->failed = !put_row(x->all, row);
		if (!x->failed && !find_missed(x->all->list, row, r, x->arena))
			forget(x->all, x->all->list);
	}
}

static void read_all(struct db_reader *r, void *arg)
{
	struct restore *x = arg;
	struct db_envelope_filter f = {.which = DB_ENVELOPES_OPEN, .limit = ENVELOPES_MAX};
	struct db_envelope_owner_list owners = {0};
	struct db_envelope_list list = {0};

	x->failed = db_query_envelope_owners(r, x->arena, &owners) ||
		    db_query_envelopes(r, &f, x->arena, &list);
	for (size_t i = 0; !x->failed && i < owners.count; i++) {
		struct envelope_owner *o = envelope_owner(x->all, owners.items[i].owner);

		if (!o)
			continue;
		o->is_silent = owners.items[i].silent;
		o->since = owners.items[i].at;
		snprintf(o->reason, sizeof o->reason, "%s",
			owners.items[i].reason ? owners.items[i].reason : "");
	}
	for (size_t i = 0; !x->failed && i < list.count; i++)
		x->failed = !put_row(x->all, &list.items[i]);
	if (!x->failed)
		put_missed(x, r);
	if (list.count)
		log_info("envelopes: %zu are taken up again", list.count);
}

int envelopes_restore(struct envelopes *all)
{
	struct restore x = {.all = all, .arena = arena_create(0)};

	x.failed = !x.arena || db_read_now(all->core->db, read_all, &x) || x.failed;
	arena_destroy(x.arena);
	return x.failed ? -1 : 0;
}
