/* Envelopes as they come: read, bounded, and held from then on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "csms/power/control.h"
#include "csms/power/envelope_private.h"

#define FAR_AWAY_MS INT64_C(4102444800000) /* 2100: nobody means a time after it */

struct envelope_owner *envelope_owner(struct envelopes *all, const char *name)
{
	struct envelope_owner *o;

	DL_FOREACH (all->owners, o)
		if (strcmp(o->name, name) == 0)
			return o;
	o = all->owner_count < envelope_owners_max(name) ? calloc(1, sizeof *o) : NULL;
	if (!o)
		return NULL;
	snprintf(o->name, sizeof o->name, "%s", name);
	o->number = all->owner_count++;
	DL_APPEND(all->owners, o);
	return o;
}

static int refuse(char why[200], const char *words)
{
	snprintf(why, 200, "%s", words);
	return -1;
}

/* Copies those that are not over yet, in the order of time. -1 with one line. */
static int copy_blocks(
	const struct envelope_offer *o, int64_t now, struct envelope *e, char why[200])
{
	int bad;

	if (o->count < 1 || o->count > ENVELOPE_BLOCKS_MAX) {
		snprintf(why, 200, "blocks: must be 1 to %d", ENVELOPE_BLOCKS_MAX);
		return -1;
	}
	e->blocks = malloc(((size_t)o->count + 1) * sizeof *e->blocks);
	if (!e->blocks)
		return refuse(why, "out of memory");
	memcpy(e->blocks, o->blocks, (size_t)o->count * sizeof *e->blocks);
	if (envelope_blocks_order(e->blocks, o->count, &bad)) {
		snprintf(why, 200,
			"blocks[%d]: must end after it starts, limit something to 0 or more, and "
			"overlap no other",
			bad);
		return -1;
	}
	for (int i = 0; i < o->count; i++) {
		if (e->blocks[i].start_ms < 0 || e->blocks[i].end_ms > FAR_AWAY_MS)
			return refuse(why, "blocks: a time before 1970 or after 2100");
		if (e->blocks[i].end_ms > now)
			e->blocks[e->count++] = e->blocks[i];
	}
	return e->count ? 0 : refuse(why, "blocks: all of them are over");
}

static int fill(
	struct core *c, struct held_envelope *h, const struct envelope_offer *o, char why[200])
{
	const struct grid_tree *t = control_grid(c->control);
	struct envelope_owner *owner;
	wall_t now = clock_wall();

	h->e.node = grid_tree_find(t, o->node);
	if (h->e.node < 0) {
		snprintf(why, 200, "node: there is no node \"%.60s\" in the tree", o->node);
		return -1;
	}
	if (o->priority < 0 || o->priority > ENVELOPE_PRIORITY_MAX)
		return refuse(why, "priority: must be 0 to 9");
	if (copy_blocks(o, now.ms, &h->e, why))
		return -1;
	owner = envelope_owner(c->envelopes, o->owner);
	if (!owner)
		return refuse(why, "too many owners of envelopes");
	h->e.owner = owner->number;
	h->e.is_silent = owner->is_silent;
	h->e.kind = o->kind;
	h->e.priority = o->priority;
	h->e.received_ms = now.ms;
	h->is_grid = o->is_grid;
	h->moved_at = now;
	snprintf(h->node, sizeof h->node, "%s", grid_tree_node(t, h->e.node)->id);
	snprintf(h->owner, sizeof h->owner, "%s", owner->name);
	snprintf(h->type, sizeof h->type, "%s", o->type ? o->type : "");
	snprintf(h->reference, sizeof h->reference, "%s", o->reference ? o->reference : "");
	snprintf(h->why, sizeof h->why, "%s", o->why ? o->why : "");
	return 0;
}

struct held_envelope *envelope_draft(struct core *c, const struct envelope_offer *o, char why[200])
{
	struct held_envelope *h = calloc(1, sizeof *h);

	if (h && fill(c, h, o, why) == 0)
		return h;
	if (!h)
		refuse(why, "out of memory");
	envelope_draft_free(h);
	return NULL;
}

void envelope_draft_free(struct held_envelope *h)
{
	if (h)
		free(h->e.blocks);
	free(h);
}

int envelope_receive(
	struct core *c, const struct envelope_offer *o, char id[ENVELOPE_ID_SIZE], char why[200])
{
	struct held_envelope *h, *waits = NULL;
	bool is_full;

	if (!c->envelopes || !c->control)
		return refuse(why, "depotd is not ready yet");
	is_full = envelope_room(c, o->owner, o->is_grid, 1, why) != 0;
	if (is_full)
		waits = envelope_that_waits(c, o, why);
	if (is_full && !waits)
		return -1;
	h = envelope_draft(c, o, why);
	if (!h)
		return -1;
	if (waits)
		envelope_give_way(c, waits, h->owner);
	ocpp_message_ids_next(&c->ids, h->moved_at.ms, h->id);
	snprintf(id, ENVELOPE_ID_SIZE, "%s", h->id);
	DL_APPEND(c->envelopes->list, h);
	envelope_journal_received(c, h, o->actor);
	envelope_tell(c, h, NULL);
	envelope_decide(c, h, o->actor);
	envelopes_step(c);
	return 0;
}
