#include "csms/power/envelope.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utlist.h>
#include "csms/alarms.h"
#include "csms/power/control.h"
#include "csms/power/envelope_private.h"
#include "csms/log.h"
#include "csms/stored.h"

#define SHOWN_MS 600000 /* one that is over stays in the lists for so long */
#define LOOK_MS  60000 /* the clock may be set: it is looked at this often, at least */

/* -- moves ------------------------------------------------------------------------------------ */

void envelope_tell(struct core *c, const struct held_envelope *h, const char *reason)
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
	envelope_journal_moved(c, h, event, actor, reason);
	envelope_tell(c, h, reason);
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
	envelope_journal_replaced(c, old, newer->id, actor);
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

/* -- what people and owners do ---------------------------------------------------------------- */

struct held_envelope *envelope_hold(struct core *c, const char *id)
{
	struct held_envelope *h = NULL;

	if (c->envelopes)
		DL_FOREACH (c->envelopes->list, h)
			if (strcmp(h->id, id) == 0)
				break;
	return h;
}

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
	envelope_journal_owner(c, o);
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

	stored_unreadable("envelopes", why);
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
