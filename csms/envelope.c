#include "csms/envelope.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utlist.h>
#include "csms/alarms.h"
#include "csms/control.h"
#include "csms/envelope_private.h"
#include "csms/log.h"
#include "csms/record.h"

#define SHOWN_MS    600000 /* one that is over stays in the lists for so long */
#define LOOK_MS     60000 /* the clock may be set: it is looked at this often, at least */
#define FAR_AWAY_MS INT64_C(4102444800000) /* 2100: nobody means a time after it */

/* -- the record ------------------------------------------------------------------------------- */

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

static void journal_received(struct core *c, const struct held_envelope *h, const char *actor)
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

static void journal_moved(struct core *c, const struct held_envelope *h, enum envelope_event event,
	const char *actor, const char *reason)
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

static void journal_replaced(
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

static void journal_owner(struct core *c, const struct envelope_owner *o)
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

/* -- moves ------------------------------------------------------------------------------------ */

static void tell(struct core *c, const struct held_envelope *h, const char *reason)
{
	for (int i = 0; i < c->envelopes->watcher_count; i++) {
		const char *prefix = c->envelopes->watchers[i].prefix;

		if (strncmp(h->owner, prefix, strlen(prefix)) == 0)
			c->envelopes->watchers[i].fn(c->envelopes->watchers[i].arg, h, reason);
	}
}

/* Guard and planner look again. */
static void changed(struct core *c, const struct held_envelope *h)
{
	char trigger[80];

	snprintf(trigger, sizeof trigger, "envelope of %.40s", h->owner);
	control_evse_changed(c->control, NULL, trigger);
}

void envelope_move(struct held_envelope *h, struct core *c, enum envelope_event event,
	const char *actor, const char *reason)
{
	int next = envelope_next(h->e.state, event);

	if (next < 0)
		return;
	log_info("envelope %s of %s on %s: %s -> %s (%s)", h->id, h->owner, h->node,
		envelope_state_name(h->e.state), envelope_state_name((enum envelope_state)next),
		reason && reason[0] ? reason : envelope_event_name(event));
	h->e.state = (enum envelope_state)next;
	h->moved_at = clock_wall();
	if (event == ENVELOPE_ACCEPT || event == ENVELOPE_KEEP || event == ENVELOPE_REFUSE) {
		snprintf(h->decided_by, sizeof h->decided_by, "%s", actor);
		h->decided_at = h->moved_at;
	}
	if (reason && reason[0])
		snprintf(h->why, sizeof h->why, "%s", reason);
	journal_moved(c, h, event, actor, reason);
	tell(c, h, reason);
	changed(c, h);
}

static bool is_same_word(const struct held_envelope *a, const struct held_envelope *b)
{
	return a->e.owner == b->e.owner && a->e.kind == b->e.kind &&
	       a->e.priority == b->e.priority && strcasecmp(a->node, b->node) == 0 &&
	       strcmp(a->type, b->type) == 0;
}

/* The first block from `now` on that is not the same in `left`. */
static struct envelope_block first_lost(
	const struct envelope *e, const struct envelope_block *left, int count, int64_t now)
{
	for (int i = 0; i < e->count; i++) {
		bool is_kept = false;

		for (int k = 0; k < count && !is_kept; k++)
			is_kept = memcmp(&left[k], &e->blocks[i], sizeof *left) == 0;
		if (!is_kept && e->blocks[i].end_ms > now)
			return e->blocks[i];
	}
	return (struct envelope_block){0};
}

/* Takes what `newer` speaks of out of the older one, from now on: what was, was. */
static void replace(struct core *c, struct held_envelope *old, const struct held_envelope *newer,
	const char *actor)
{
	int64_t now = clock_wall().ms;
	int count = old->e.count;
	struct envelope_block *b;

	b = malloc(((size_t)count + 2 * (size_t)newer->e.count + 1) * sizeof *b);
	if (!b)
		return;
	memcpy(b, old->e.blocks, (size_t)count * sizeof *b);
	for (int i = 0; i < newer->e.count; i++) {
		struct envelope_block by = newer->e.blocks[i];

		if (by.start_ms < now)
			by.start_ms = now;
		count = envelope_blocks_replace(b, count, &by);
	}
	if (count == old->e.count && memcmp(b, old->e.blocks, (size_t)count * sizeof *b) == 0) {
		free(b);
		return;
	}
	old->replaced = first_lost(&old->e, b, count, now);
	free(old->e.blocks);
	old->e.blocks = b;
	old->e.count = count;
	snprintf(old->replaced_by, sizeof old->replaced_by, "%s", newer->id);
	journal_replaced(c, old, newer->id, actor);
	if (count == 0 || b[count - 1].end_ms <= now)
		envelope_move(old, c, ENVELOPE_WITHDRAW, actor, "replaced as a whole");
}

void envelope_take(
	struct core *c, struct held_envelope *h, bool urgent, const char *actor, const char *reason)
{
	struct held_envelope *old, *next;

	h->is_urgent = urgent;
	envelope_move(h, c, h->e.kind == ENVELOPE_FALLBACK ? ENVELOPE_KEEP : ENVELOPE_ACCEPT, actor,
		reason);
	DL_FOREACH_SAFE (c->envelopes->list, old, next)
		if (old != h && !envelope_is_over(old->e.state) &&
			old->e.state != ENVELOPE_RECEIVED && is_same_word(old, h))
			replace(c, old, h, actor);
}

/* -- time ------------------------------------------------------------------------------------- */

static bool same_bound(const struct grid_bound *a, const struct grid_bound *b)
{
	return a->import_w == b->import_w && a->export_w == b->export_w &&
	       a->phase_ma == b->phase_ma;
}

/* Keeps what of it counts now; what counted until now goes on record. */
static void follow_run(struct core *c, struct held_envelope *h, int64_t now)
{
	const struct envelope_block *b = NULL;

	if (h->e.state == ENVELOPE_ACTIVE || h->e.state == ENVELOPE_IN_FALLBACK)
		b = envelope_block_at(&h->e, now);
	if (h->run.start_ms && b && now < h->run.end_ms && same_bound(&b->bound, &h->run.bound)) {
		h->run.end_ms = b->end_ms;
		return;
	}
	if (h->run.start_ms)
		envelope_record_begin(c, h, now < h->run.end_ms ? now : h->run.end_ms);
	h->run = b ? *b : (struct envelope_block){0};
	if (b && now - b->start_ms > LOOK_MS)
		h->run.start_ms = now;
}

static void forget(struct envelopes *all, struct held_envelope *h)
{
	DL_DELETE(all->list, h);
	free(h->e.blocks);
	free(h);
}

static int64_t step_one(struct core *c, struct held_envelope *h, int64_t now)
{
	int64_t obeyed = envelope_obeyed_from(c, h), next;
	int event;

	envelope_place(c, h);
	if (h->e.state == ENVELOPE_RECEIVED && obeyed <= now)
		envelope_take(c, h, true, "depotd", "nobody has answered in time: obeyed first");
	while ((event = envelope_due(&h->e, now)) >= 0)
		envelope_move(h, c, (enum envelope_event)event, "depotd", NULL);
	follow_run(c, h, now);
	if (envelope_is_over(h->e.state))
		return INT64_MAX;
	next = envelope_next_edge(&h->e, now);
	return h->e.state == ENVELOPE_RECEIVED && obeyed < next ? obeyed : next;
}

/* Only from the timer: whoever changes an envelope may be walking the list. */
static void forget_old(struct core *c)
{
	int64_t now = clock_wall().ms;
	struct held_envelope *h, *tmp;

	DL_FOREACH_SAFE (c->envelopes->list, h, tmp) {
		if (!envelope_is_over(h->e.state) || now - h->moved_at.ms <= SHOWN_MS)
			continue;
		if (h->e.state == ENVELOPE_REFUSED)
			alarm_clear(c, ALARM_ENVELOPE_REFUSED, h->node);
		if (h->e.is_silent)
			alarm_clear(c, ALARM_ENVELOPE_FALLBACK, h->node);
		forget(c->envelopes, h);
		c->envelopes->revision++;
	}
}

static void on_time(void *arg)
{
	envelopes_step(arg);
	forget_old(arg);
}

/* A silent provider whose fallback is in force, or who has none, is somebody's business. */
static void tell_silence(struct core *c, const struct held_envelope *h)
{
	const struct envelope_owner *o = envelope_owner(c->envelopes, h->owner);

	if (h->is_grid && !envelope_is_over(h->e.state) && o && o->is_silent)
		alarm_raise(c, ALARM_ENVELOPE_FALLBACK, h->node,
			"%s is silent: %s. Its last limits stand, and its fallback counts.",
			h->owner, o->reason[0] ? o->reason : "no reason known");
}

void envelopes_step(struct core *c)
{
	struct envelopes *all = c->envelopes;
	int64_t now = clock_wall().ms, next = now + LOOK_MS;
	struct held_envelope *h, *tmp;

	if (!c->control)
		return;
	DL_FOREACH_SAFE (all->list, h, tmp) {
		int64_t at = step_one(c, h, now);

		tell_silence(c, h);
		if (at < next)
			next = at;
	}
	all->revision++; /* it is called after every change, and when a block begins or ends */
	envelopes_look_ahead(all, (wall_t){now});
	timer_start(c->timers, &all->timer, next > now ? next - now : 1, on_time, c);
}

/* -- coming ----------------------------------------------------------------------------------- */

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

struct held_envelope *envelope_hold(struct core *c, const char *id)
{
	struct held_envelope *h = NULL;

	if (c->envelopes)
		DL_FOREACH (c->envelopes->list, h)
			if (strcmp(h->id, id) == 0)
				break;
	return h;
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
	struct held_envelope *h;

	if (!c->envelopes || !c->control)
		return refuse(why, "depotd is not ready yet");
	if (envelope_room(c, o->owner, o->is_grid, 1, why))
		return -1;
	h = envelope_draft(c, o, why);
	if (!h)
		return -1;
	ocpp_message_ids_next(&c->ids, h->moved_at.ms, h->id);
	snprintf(id, ENVELOPE_ID_SIZE, "%s", h->id);
	DL_APPEND(c->envelopes->list, h);
	journal_received(c, h, o->actor);
	tell(c, h, NULL);
	envelope_decide(c, h, o->actor);
	envelopes_step(c);
	return 0;
}

/* -- what people and owners do ---------------------------------------------------------------- */

static struct held_envelope *open_one(struct core *c, const char *id, char why[200])
{
	struct held_envelope *h = envelope_hold(c, id);

	if (!h)
		snprintf(why, 200, "there is no open envelope of that id");
	else if (envelope_is_over(h->e.state))
		snprintf(why, 200, "it is %s already", envelope_state_name(h->e.state));
	else
		return h;
	return NULL;
}

int envelope_withdraw(struct core *c, const char *id, const char *actor, const char *reason)
{
	char why[200];
	struct held_envelope *h = open_one(c, id, why);

	if (!h)
		return -1;
	envelope_move(h, c, ENVELOPE_WITHDRAW, actor, reason);
	envelopes_step(c);
	return 0;
}

int envelope_accept(
	struct core *c, const char *id, const char *actor, const char *reason, char why[200])
{
	struct held_envelope *h = open_one(c, id, why);

	if (!h)
		return -1;
	if (h->e.state != ENVELOPE_RECEIVED) {
		snprintf(why, 200, "it is %s: nobody needs to accept it",
			envelope_state_name(h->e.state));
		return -1;
	}
	envelope_take(c, h, false, actor, reason);
	envelopes_step(c);
	return 0;
}

int envelope_refuse(
	struct core *c, const char *id, const char *actor, const char *reason, char why[200])
{
	struct held_envelope *h = open_one(c, id, why);

	if (!h)
		return -1;
	if (h->e.state != ENVELOPE_RECEIVED && !h->is_urgent) {
		snprintf(why, 200,
			"it was accepted%s%s: only its owner may take it back, or an administrator "
			"withdraw it",
			h->decided_by[0] ? " by " : "", h->decided_by);
		return -1;
	}
	envelope_move(h, c, ENVELOPE_REFUSE, actor, reason);
	if (h->is_grid)
		alarm_raise(c, ALARM_ENVELOPE_REFUSED, h->node, "%s has refused a limit of %s: %s",
			actor, h->owner, reason && reason[0] ? reason : "no reason given");
	envelopes_step(c);
	return 0;
}

void envelope_owner_silent(struct core *c, const char *owner, bool is_silent, const char *reason)
{
	struct envelope_owner *o = c->envelopes ? envelope_owner(c->envelopes, owner) : NULL;
	struct held_envelope *h;

	if (!o || o->is_silent == is_silent)
		return;
	o->is_silent = is_silent;
	o->since = clock_wall();
	snprintf(o->reason, sizeof o->reason, "%s", reason ? reason : "");
	log_info("envelopes: %s is %s%s%s", owner, is_silent ? "silent" : "heard again",
		reason ? ": " : "", reason ? reason : "");
	journal_owner(c, o);
	DL_FOREACH (c->envelopes->list, h) {
		if (h->e.owner != o->number)
			continue;
		h->e.is_silent = is_silent;
		if (!is_silent)
			alarm_clear(c, ALARM_ENVELOPE_FALLBACK, h->node);
	}
	envelopes_step(c);
}

void envelopes_watch(struct envelopes *all, const char *owner_prefix, envelope_fn fn, void *arg)
{
	if (all->watcher_count == ENVELOPE_WATCHERS_MAX)
		abort();
	all->watchers[all->watcher_count].prefix = owner_prefix;
	all->watchers[all->watcher_count].fn = fn;
	all->watchers[all->watcher_count++].arg = arg;
}

/* -- looking and life ------------------------------------------------------------------------- */

const struct held_envelope *envelopes_first(const struct core *c)
{
	return c->envelopes ? c->envelopes->list : NULL;
}

const struct held_envelope *envelope_find(const struct core *c, const char *id)
{
	const struct held_envelope *h = envelopes_first(c);

	while (h && strcmp(h->id, id) != 0)
		h = h->next;
	return h;
}

uint64_t envelopes_revision(const struct core *c)
{
	return c->envelopes ? c->envelopes->revision : 0;
}

bool envelopes_owner_is_silent(const struct core *c, const char *owner, wall_t *since)
{
	const struct envelope_owner *o;

	DL_FOREACH (c->envelopes->owners, o)
		if (strcmp(o->name, owner) == 0 && o->is_silent) {
			*since = o->since;
			return true;
		}
	return false;
}

struct envelopes *envelopes_create(struct core *c, char why[300])
{
	struct envelopes *all = calloc(1, sizeof *all);

	snprintf(why, 300,
		"the store's envelopes cannot be read; try `depotctl rebuild --check --data DIR`");
	if (!all)
		return NULL;
	all->core = c;
	c->envelopes = all;
	if (envelopes_restore(all)) {
		envelopes_destroy(all);
		c->envelopes = NULL;
		return NULL;
	}
	/* Time does what it has to when the loop runs: control is not there yet. */
	timer_start(c->timers, &all->timer, 0, on_time, c);
	return all;
}

void envelopes_destroy(struct envelopes *all)
{
	struct held_envelope *h, *tmp;
	struct envelope_owner *o, *next;

	if (!all)
		return;
	timer_stop(all->core->timers, &all->timer);
	envelope_records_stop(all);
	DL_FOREACH_SAFE (all->list, h, tmp)
		forget(all, h);
	DL_FOREACH_SAFE (all->owners, o, next) {
		DL_DELETE(all->owners, o);
		free(o);
	}
	free(all->touched);
	free(all);
}
