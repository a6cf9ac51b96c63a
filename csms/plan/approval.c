#include "csms/plan/approval.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include "csms/alarms.h"
#include "csms/power/control.h"
#include "csms/record.h"
#include "csms/plan/schedule.h"
#include "csms/words.h"
#include "db/query_log.h"

#define CHANGES_MAX 200 /* told of one plan */

struct approval {
	struct core *core;
	char node[61];
	struct schedule *approved, *refused; /* NULL: none */
	struct schedule *proposed, *remade; /* … and the newest plan that is like it */
	struct approval_given given;
	struct approval_wait wait;
	struct approval_change *changes;
	mono_t since; /* the first of those that wait */
	bool is_deciding; /* an answer is on its way to the disk */
};

struct decision {
	struct approval *approval;
	struct approval_given given;
	bool is_yes;
	void (*done)(void *arg, int status, const char *why);
	void *arg;
};

static int64_t least_wh(const struct approval *a)
{
	return (int64_t)(a->core->config->control->approve_kwh * 1000);
}

static bool is_news(
	const struct approval *a, const struct schedule *newest, const struct schedule *known)
{
	return schedule_is_news(
		newest, known, a->approved, least_wh(a), a->core->config->control->approve_pct);
}

static void put_schedule(struct schedule **at, struct schedule *e)
{
	schedule_destroy(*at);
	*at = e;
}

static void list_changes(struct approval *a, const struct schedule *e)
{
	a->wait.count = 0;
	free(a->changes);
	a->changes = calloc(CHANGES_MAX, sizeof *a->changes);
	a->wait.changes = a->changes;
	for (const struct schedule_row *x = e->rows; x && a->changes && a->wait.count < CHANGES_MAX;
		x = x->hh.next) {
		struct approval_change *c = &a->changes[a->wait.count];

		if (!schedule_change(e, x, a->approved, least_wh(a), c->text, sizeof c->text))
			continue;
		snprintf(c->vehicle, sizeof c->vehicle, "%s", x->vehicle);
		snprintf(c->station, sizeof c->station, "%s", x->station);
		c->evse = x->evse;
		a->wait.count++;
	}
}

/* -- the journal ------------------------------------------------------------------------------ */

static struct schema_strings change_words(const struct approval *a, struct arena *arena)
{
	struct schema_strings out = {0};
	const char **words = arena_alloc(arena, ((size_t)a->wait.count + 1) * sizeof *words);

	for (int i = 0; words && i < a->wait.count; i++) {
		const struct approval_change *c = &a->changes[i];

		words[out.count++] = arena_printf(
			arena, "%s at %s/%d: %s", c->vehicle, c->station, c->evse, c->text);
	}
	out.items = words;
	return out;
}

static void journal_proposed(struct approval *a)
{
	struct arena *arena = record_arena(a->core);
	struct event_plan_proposed *e = arena ? arena_alloc(arena, sizeof *e) : NULL;

	if (!e)
		return;
	*e = (struct event_plan_proposed){
		.node = arena_strdup(arena, a->node),
		.before = a->approved ? arena_strdup(arena, a->approved->plan) : NULL,
		.trigger = arena_strdup(arena, a->wait.trigger),
		.expires = a->wait.expires,
		.then = a->wait.then_rule ? "rule" : "plan",
		.vehicles = a->wait.count,
		.changes = change_words(a, arena),
	};
	record_now(a->core, EVENT_PLAN_PROPOSED, "plan", a->wait.plan, e, "planner", NULL);
}

static void journal_decided(
	struct approval *a, enum event_plan_decision decision, const char *actor, const char *why)
{
	struct arena *arena = record_arena(a->core);
	struct event_plan_decided *e = arena ? arena_alloc(arena, sizeof *e) : NULL;
	bool is_yes = decision == EVENT_PLAN_DECISION_APPROVED;

	if (!e)
		return;
	*e = (struct event_plan_decided){
		.node = arena_strdup(arena, a->node),
		.decision = decision,
		.why = why ? arena_strdup(arena, why) : NULL,
		.before = a->approved ? arena_strdup(arena, a->approved->plan) : NULL,
		.remade = is_yes && a->remade ? arena_strdup(arena, a->remade->plan) : NULL,
		.then = decision != EVENT_PLAN_DECISION_EXPIRED ? NULL
			: a->wait.then_rule                     ? "rule"
								: "plan",
		.changes = change_words(a, arena),
	};
	record_now(a->core, EVENT_PLAN_DECIDED, "plan", a->wait.plan, e, actor, NULL);
}

/* -- what waits ------------------------------------------------------------------------------- */

static void forget_proposal(struct approval *a)
{
	put_schedule(&a->proposed, NULL);
	put_schedule(&a->remade, NULL);
	free(a->changes);
	a->changes = NULL;
	a->wait = (struct approval_wait){0};
}

/* It waits no longer, and no person said so. */
static void close_proposal(struct approval *a, enum event_plan_decision decision, const char *why)
{
	if (!a->proposed)
		return;
	journal_decided(a, decision, "planner", why);
	forget_proposal(a);
	if (decision != EVENT_PLAN_DECISION_SUPERSEDED)
		alarm_clear(a->core, ALARM_PLAN_WAITS, a->node);
}

/* Takes the edition. */
static void propose(struct approval *a, struct schedule *e, wall_t now)
{
	const struct config_control *cfg = a->core->config->control;
	wall_t since = a->wait.since;
	char until[WORDS_TIME_SIZE];

	if (a->proposed)
		close_proposal(a, EVENT_PLAN_DECISION_SUPERSEDED, "another plan takes its place");
	else
		a->since = clock_mono();
	a->proposed = e;
	a->wait = (struct approval_wait){.made_at = e->made_at,
		.since = since.ms ? since : now,
		.then_rule = cfg->approve_then == CONFIG_APPROVE_THEN_RULE};
	a->wait.expires = wall_add_ms(a->wait.since, cfg->approve_min * 60000);
	snprintf(a->wait.plan, sizeof a->wait.plan, "%s", e->plan);
	snprintf(a->wait.trigger, sizeof a->wait.trigger, "%s", e->trigger);
	list_changes(a, e);
	journal_proposed(a);
	alarm_raise(a->core, ALARM_PLAN_WAITS, a->node,
		"A plan that changes %d %s at %s waits for a yes or no until %s; then %s counts.",
		a->wait.count, a->wait.count == 1 ? "vehicle" : "vehicles", a->node,
		words_hour(a->wait.expires, until),
		a->wait.then_rule ? "the plain rule" : "the plan that was approved last");
}

void approval_plan_made(struct approval *a, const struct control_plan *p,
	bool (*is_asked)(const void *arg, const struct evse *e), const void *arg)
{
	struct schedule *e = p ? schedule_create(p, is_asked, arg) : NULL;
	wall_t now = clock_wall();

	if (!e)
		return;
	schedule_measure(e, a->approved, p, least_wh(a));
	if (a->is_deciding) { /* a plan follows each answer */
		schedule_destroy(e);
	} else if (!e->rows) {
		close_proposal(a, EVENT_PLAN_DECISION_WITHDRAWN, "nobody must be asked any more");
		schedule_destroy(e);
	} else if (!is_news(a, e, NULL)) {
		close_proposal(a, EVENT_PLAN_DECISION_WITHDRAWN,
			"the newest plan is no better than the approved one any more");
		schedule_destroy(e);
	} else if (a->proposed && !is_news(a, e, a->proposed)) {
		put_schedule(&a->remade, e);
	} else if (!a->proposed && a->refused && !is_news(a, e, a->refused)) {
		schedule_destroy(e);
	} else {
		propose(a, e, now);
	}
}

void approval_tick(struct approval *a)
{
	bool then_rule = a->wait.then_rule;

	if (!a->proposed || a->is_deciding ||
		mono_diff_ms(clock_mono(), a->since) <
			a->core->config->control->approve_min * 60000)
		return;
	close_proposal(a, EVENT_PLAN_DECISION_EXPIRED, "nobody answered in time");
	if (then_rule)
		put_schedule(&a->approved, NULL);
}

int64_t approval_w(const struct approval *a, const struct evse *e, wall_t now)
{
	char key[SCHEDULE_KEY_SIZE];
	const struct schedule_row *r;

	if (!a->approved)
		return -1;
	schedule_key(e->station->id, e->id, e->tx.id, key);
	r = schedule_find(a->approved, key);
	return r ? schedule_w(a->approved, r, now) : -1;
}

/* -- decisions -------------------------------------------------------------------------------- */

static void in_force(struct approval *a, const struct decision *d)
{
	if (!a->proposed || strcmp(a->wait.plan, d->given.plan) != 0)
		return; /* its time was over meanwhile */
	if (d->is_yes) {
		put_schedule(&a->approved, a->remade ? a->remade : a->proposed);
		if (a->remade)
			a->remade = NULL;
		else
			a->proposed = NULL;
		put_schedule(&a->refused, NULL);
		a->given = d->given;
	} else {
		put_schedule(&a->refused, a->proposed);
		a->proposed = NULL;
	}
	forget_proposal(a);
	alarm_clear(a->core, ALARM_PLAN_WAITS, a->node);
}

static void on_stored(void *arg, int status, const char *why)
{
	struct decision *d = arg;
	struct approval *a = d->approval;

	a->is_deciding = false;
	if (status == 0)
		in_force(a, d);
	d->done(d->arg, status, why);
	control_evse_changed(
		a->core->control, NULL, d->is_yes ? "a plan was approved" : "a plan was rejected");
	free(d);
}

int approval_decide(struct approval *a, const struct approval_wish *w, char why[200])
{
	struct decision *d;

	if (a->is_deciding) {
		snprintf(why, 200, "somebody has just answered; look at GET /api/v1/plan");
		return 409;
	}
	if (!a->proposed || strcmp(w->plan, a->wait.plan) != 0) {
		if (a->proposed)
			snprintf(why, 200,
				"that plan does not wait for an answer; %s does: look at GET "
				"/api/v1/plan",
				a->wait.plan);
		else
			snprintf(why, 200, "no plan waits for an answer");
		return 409;
	}
	d = calloc(1, sizeof *d);
	if (!d) {
		snprintf(why, 200, "out of memory");
		return 503;
	}
	*d = (struct decision){a, {.at = clock_wall()}, w->is_yes, w->done, w->arg};
	snprintf(d->given.plan, sizeof d->given.plan, "%s", w->plan);
	snprintf(d->given.actor, sizeof d->given.actor, "%s", w->actor);
	snprintf(d->given.why, sizeof d->given.why, "%s", w->why);
	journal_decided(a, w->is_yes ? EVENT_PLAN_DECISION_APPROVED : EVENT_PLAN_DECISION_REJECTED,
		w->actor, w->why);
	a->is_deciding = true;
	record_then(a->core, on_stored, d);
	return 0;
}

const struct approval_wait *approval_waits(const struct approval *a)
{
	return a && a->proposed ? &a->wait : NULL;
}

const struct approval_given *approval_given(const struct approval *a)
{
	return a && a->approved ? &a->given : NULL;
}

/* -- life ------------------------------------------------------------------------------------- */

struct restoring {
	struct approval *approval;
	struct arena *arena;
};

/* The plan is the first event of its stream. */
static struct schedule *load(struct db_reader *r, struct restoring *x, const char *plan)
{
	struct db_journal_filter f = {
		.stream = arena_printf(x->arena, "plan/%s", plan), .limit = 1};
	struct db_journal_page page = {0};
	const struct event_plan_made *made;
	struct schema_error err;
	int type;

	if (!f.stream || db_query_journal(r, &f, x->arena, &page) != 0 || page.count == 0)
		return NULL;
	made = db_event_decode(&page.items[0], x->arena, &type, &err);
	return made && type == EVENT_PLAN_MADE ? schedule_restore(x->approval->core, plan, made)
					       : NULL;
}

static void take(struct db_reader *r, struct restoring *x, const struct db_journal_event *e,
	const struct event_plan_decided *d)
{
	struct approval *a = x->approval;
	const char *plan = e->stream + strlen("plan/");

	a->approved = load(r, x, d->remade ? d->remade : plan);
	a->given.at = e->at;
	snprintf(a->given.plan, sizeof a->given.plan, "%s", plan);
	snprintf(a->given.actor, sizeof a->given.actor, "%s", e->actor ? e->actor : "");
	snprintf(a->given.why, sizeof a->given.why, "%s", d->why ? d->why : "");
}

/* Older ones name no node: they were for all. */
static bool is_mine(const struct approval *a, const struct event_plan_decided *d)
{
	return !d->node || strcasecmp(d->node, a->node) == 0;
}

/* The newest answer that counts: a yes, or the rule after none. */
static void read_decided(struct db_reader *r, void *arg)
{
	struct restoring *x = arg;
	struct db_journal_filter f = {.type = "PlanDecided", .newest_first = true, .limit = 200};
	struct db_journal_page page = {0};

	if (db_query_journal(r, &f, x->arena, &page) != 0)
		return;
	for (size_t i = 0; i < page.count; i++) {
		struct schema_error err;
		int type;
		const struct event_plan_decided *d =
			db_event_decode(&page.items[i], x->arena, &type, &err);

		if (!d || type != EVENT_PLAN_DECIDED || !is_mine(x->approval, d))
			continue;
		if (d->decision == EVENT_PLAN_DECISION_APPROVED)
			take(r, x, &page.items[i], d);
		if (d->decision == EVENT_PLAN_DECISION_APPROVED ||
			(d->then && strcmp(d->then, "rule") == 0))
			return;
	}
}

struct approval *approval_create(struct core *c, const char *node)
{
	struct approval *a = calloc(1, sizeof *a);

	if (!a)
		return NULL;
	a->core = c;
	snprintf(a->node, sizeof a->node, "%s", node);
	return a;
}

struct approval *approval_restore(struct core *c, const char *node)
{
	struct restoring x = {approval_create(c, node), arena_create(0)};

	if (x.approval && x.arena)
		db_read_now(c->db, read_decided, &x);
	arena_destroy(x.arena);
	return x.approval;
}

const char *approval_node(const struct approval *a)
{
	return a->node;
}

void approval_destroy(struct approval *a)
{
	if (!a)
		return;
	schedule_destroy(a->approved);
	schedule_destroy(a->refused);
	schedule_destroy(a->proposed);
	schedule_destroy(a->remade);
	free(a->changes);
	free(a);
}
