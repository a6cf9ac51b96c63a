#include "csms/record.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/alarms.h"
#include "csms/log.h"
#include "csms/mask.h"
#include "csms/station/session.h"

enum waiter_kind { WAITER_REPLY, WAITER_CALL };

/* Something that happens when the turn is on disk. It outlives the batch, which the store frees. */
struct waiter {
	struct waiter *next;
	enum waiter_kind kind;
	char station[49], id[OCPP_ID_SIZE];
	int64_t epoch;
	void (*done)(void *arg, int status, const char *why);
	void *arg;
	size_t len;
	char text[];
};

struct turn {
	struct core *core;
	struct db_batch *batch;
	struct waiter *first, **last;
};

static struct turn *turn_of(struct core *c)
{
	struct turn *t = c->turn;

	if (t)
		return t;
	t = calloc(1, sizeof *t);
	if (!t)
		return NULL;
	t->batch = db_batch_create(c->db);
	if (!t->batch) {
		free(t);
		return NULL;
	}
	t->core = c;
	t->last = &t->first;
	c->turn = t;
	return t;
}

struct arena *record_arena(struct core *c)
{
	struct turn *t = turn_of(c);

	return t ? db_batch_arena(t->batch) : NULL;
}

void record_event(struct core *c, const struct db_event *e)
{
	struct turn *t = turn_of(c);
	struct db_event whole = *e;

	if (!t)
		return;
	if (!whole.correlation && c->request)
		whole.correlation = arena_strdup(db_batch_arena(t->batch), c->request);
	db_batch_event(t->batch, &whole);
}

void record_now(struct core *c, int type, const char *kind, const char *id, const void *payload,
	const char *actor, const char *cause)
{
	struct arena *a = record_arena(c);
	wall_t now = clock_wall();
	struct db_event e = {
		.expect_version = DB_ANY_VERSION,
		.type = type,
		.payload = payload,
		.at = now,
		.received = now,
	};

	if (!a || !payload)
		return;
	if (!cause)
		cause = c->cause;
	e.stream = arena_printf(a, "%s/%s", kind, id);
	e.actor = arena_strdup(a, actor ? actor : "depotd");
	e.cause = cause ? arena_strdup(a, cause) : NULL;
	if (e.stream && e.actor)
		record_event(c, &e);
}

void record_frame(struct core *c, struct station *s, enum db_direction dir, const char *pair,
	const char *action, const char *verdict, const char *text, size_t len)
{
	struct turn *t = turn_of(c);
	const char *kept = t ? mask_secrets(db_batch_arena(t->batch), text, len, &len) : NULL;

	fleet_hear(&c->fleet, s);
	if (kept)
		db_batch_frame(
			t->batch, s->id, dir, clock_wall(), pair, action, verdict, kept, len);
}

void record_verdict(struct core *c, const char *pair, const char *verdict)
{
	if (c->turn)
		db_batch_verdict(c->turn->batch, pair, verdict);
}

void record_sample(struct core *c, const char *point, wall_t at, double value, int quality)
{
	struct turn *t = turn_of(c);

	if (t)
		db_batch_sample(t->batch, point, at, value, quality);
}

void record_reading(
	struct core *c, const char *point, wall_t at, double value, wall_t received, int confidence)
{
	struct turn *t = turn_of(c);

	if (t)
		db_batch_reading(t->batch, point, at, value, received, confidence);
}

static struct waiter *add_waiter(struct core *c, enum waiter_kind kind, size_t len)
{
	struct turn *t = turn_of(c);
	struct waiter *w = t ? malloc(sizeof *w + len) : NULL;

	if (!w)
		return NULL;
	w->next = NULL;
	w->kind = kind;
	w->len = len;
	*t->last = w;
	t->last = &w->next;
	return w;
}

void record_reply(struct core *c, const struct station *s, int64_t epoch, const char *id,
	const char *text, size_t len)
{
	struct waiter *w = add_waiter(c, WAITER_REPLY, len);

	if (!w)
		return;
	snprintf(w->station, sizeof w->station, "%s", s->id);
	snprintf(w->id, sizeof w->id, "%s", id);
	w->epoch = epoch;
	memcpy(w->text, text, len);
}

void record_then(struct core *c, void (*done)(void *arg, int status, const char *why), void *arg)
{
	struct waiter *w = add_waiter(c, WAITER_CALL, 0);

	if (!w) {
		done(arg, DB_FAILED, "out of memory");
		return;
	}
	w->done = done;
	w->arg = arg;
}

/* The station may have gone, or come back on a new connection, while the disk was busy: the answer
 * belongs to the old one then, and the station asks again (OCPP-J 5.3). It goes into the wire log
 * now, when it goes out: the latency there is the one that the station saw. */
static void release_reply(struct core *c, const struct waiter *w, int status)
{
	struct station *s = fleet_station(&c->fleet, w->station);

	if (s)
		session_reply(c, s, w->epoch, w->id, w->text, w->len, status == 0);
}

/* Ends the turn: waiters are told in the order in which they came. */
static void release(struct turn *t, int status, const char *why)
{
	struct waiter *w, *next;

	for (w = t->first; w; w = next) {
		next = w->next;
		if (w->kind == WAITER_CALL)
			w->done(w->arg, status, why);
		else
			release_reply(t->core, w, status);
		free(w);
	}
	free(t);
}

static void tell_recorder(struct core *c)
{
	struct db_stats s;

	db_stats(c->db, &s);
	if (s.is_tight == c->wire_rests)
		return;
	c->wire_rests = s.is_tight;
	alarm_set(c, ALARM_DISK_FULL, "store", s.is_tight,
		"The store's disk is nearly full: messages are no longer recorded.");
	if (s.is_tight)
		log_warn(
			"store: the disk of %s is nearly full: messages are no longer recorded in the "
			"wire log, the journal has the rest of the room; make some",
			c->data_dir ? c->data_dir : "the store");
	else
		log_info("store: there is room again: messages are recorded in the wire log");
}

static void turn_done(void *arg, const struct db_result *r)
{
	struct turn *t = arg;

	tell_recorder(t->core);
	if (r->status)
		log_error("store: a turn was not written: %s", r->why ? r->why : "unknown");
	release(arg, r->status, r->why);
}

void record_turn_end(struct core *c)
{
	struct turn *t = c->turn;

	if (!t)
		return;
	c->turn = NULL;
	if (db_submit(c->db, t->batch, turn_done, t)) {
		c->metrics.turns_refused++;
		release(t, DB_FAILED, "the store's queue is full");
	}
}
