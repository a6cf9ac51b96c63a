#include "csms/approval.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "csms/alarms.h"
#include "csms/control.h"
#include "csms/record.h"
#include "scheduler/flow.h"

#define KEY_SIZE    (49 + 12 + UTF8_SIZE(36)) /* station/evse and transaction */
#define CHANGES_MAX 200 /* told of one plan */
#define SUBJECT     "plan"

struct row {
	char key[KEY_SIZE], vehicle[61], station[49];
	int evse;
	int64_t need_wh;
	wall_t ready, departs; /* ms 0: not, not known */
	int64_t lacks_wh; /* what was approved when it was made gives it less before it leaves */
	int64_t most_w;
	int64_t *w; /* [slots of its edition] */
	UT_hash_handle hh;
};

/* A plan's schedule of the vehicles that somebody is asked for. */
struct edition {
	char plan[37], trigger[80];
	wall_t made_at, start;
	int64_t slot_ms;
	int slots;
	double cost; /* of its energy, by its own prices */
	double dearer; /* … that what was approved when it was made costs more */
	struct row *rows;
};

struct approval {
	struct core *core;
	struct edition *approved, *refused; /* NULL: none */
	struct edition *proposed, *remade; /* … and the newest plan that is like it */
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

/* -- editions --------------------------------------------------------------------------------- */

static void edition_destroy(struct edition *e)
{
	struct row *r, *next;

	if (!e)
		return;
	HASH_ITER (hh, e->rows, r, next) {
		HASH_DEL(e->rows, r);
		free(r->w);
		free(r);
	}
	free(e);
}

static void put_edition(struct edition **at, struct edition *e)
{
	edition_destroy(*at);
	*at = e;
}

static void write_key(const char *station, int evse, const char *transaction, char out[KEY_SIZE])
{
	snprintf(out, KEY_SIZE, "%s/%d %s", station, evse, transaction);
}

static int add_row(struct edition *e, const struct control_plan_row *from)
{
	struct row *r = calloc(1, sizeof *r);

	if (!r)
		return -1;
	r->w = malloc((size_t)e->slots * sizeof *r->w);
	if (!r->w) {
		free(r);
		return -1;
	}
	memcpy(r->w, from->w, (size_t)e->slots * sizeof *r->w);
	for (int t = 0; t < e->slots; t++)
		r->most_w = r->w[t] > r->most_w ? r->w[t] : r->most_w;
	write_key(from->evse->station->id, from->evse->id, from->transaction, r->key);
	snprintf(
		r->vehicle, sizeof r->vehicle, "%s", from->vehicle ? from->vehicle->id : "unknown");
	snprintf(r->station, sizeof r->station, "%s", from->evse->station->id);
	r->evse = from->evse->id;
	r->need_wh = from->need_wh;
	r->ready = from->ready_at;
	r->departs = from->departs_at;
	HASH_ADD_STR(e->rows, key, r);
	return 0;
}

/* NULL: no memory. */
static struct edition *edition_create(const struct control_plan *p,
	bool (*is_asked)(const void *arg, const struct evse *e), const void *arg)
{
	struct edition *e = calloc(1, sizeof *e);
	int rc = e ? 0 : -1;

	if (rc)
		return NULL;
	snprintf(e->plan, sizeof e->plan, "%s", p->id);
	snprintf(e->trigger, sizeof e->trigger, "%s", p->trigger);
	e->made_at = p->made_at;
	e->start = p->start;
	e->slot_ms = p->slot_ms;
	e->slots = p->slot_count;
	for (int i = 0; i < p->row_count && rc == 0; i++)
		if (is_asked(arg, p->rows[i].evse))
			rc = add_row(e, &p->rows[i]);
	if (rc == 0)
		return e;
	edition_destroy(e);
	return NULL;
}

static const struct row *find(const struct edition *e, const char *key)
{
	const struct row *r = NULL;

	if (e)
		HASH_FIND_STR(e->rows, key, r);
	return r;
}

static int64_t w_at(const struct edition *e, const struct row *r, wall_t at)
{
	int64_t slot = wall_diff_ms(at, e->start);

	slot = slot < 0 ? -1 : slot / e->slot_ms;
	return slot >= 0 && slot < e->slots ? r->w[slot] : -1;
}

static wall_t end_of(const struct edition *e)
{
	return wall_add_ms(e->start, e->slot_ms * e->slots);
}

/* -- what differs ----------------------------------------------------------------------------- */

/* How far the energy of two schedules is apart from `now` on, as it adds up. */
struct gap {
	int64_t most_wh; /* below 0: the newer one is behind */
	int64_t last_wh; /* in the end */
};

static struct gap gap_of(const struct edition *a, const struct row *x, const struct edition *b,
	const struct row *y, wall_t now)
{
	struct gap g = {0};
	wall_t end = end_of(a).ms < end_of(b).ms ? end_of(a) : end_of(b);
	double sum = 0;

	for (wall_t t = now; t.ms < end.ms; t = wall_add_ms(t, a->slot_ms)) {
		int64_t p = w_at(a, x, t), q = w_at(b, y, t);

		sum += (double)((p > 0 ? p : 0) - (q > 0 ? q : 0)) * (double)a->slot_ms / 3.6e6;
		if (llabs((int64_t)sum) > llabs(g.most_wh))
			g.most_wh = (int64_t)sum;
	}
	g.last_wh = (int64_t)sum;
	return g;
}

/* Slots begin when a plan is made, so what is switched moves by up to a slot. */
static int64_t tolerance_wh(const struct approval *a, const struct edition *e, const struct row *x)
{
	int64_t least = (int64_t)(a->core->config->control->approve_kwh * 1000);
	int64_t slots = 2 * x->most_w * e->slot_ms / 3600000;

	return slots > least ? slots : least;
}

/* What vehicles pay first: what the site would feed in goes first where there is any. */
static double price_at(const struct control_plan *p, int64_t slot)
{
	const struct flow_part *part;
	int k = 0;

	if (!p->has_prices || slot < 0 || slot >= p->slot_count)
		return 0;
	part = &p->price[slot * p->parts];
	while (k + 1 < p->parts && part[k].w == 0)
		k++;
	return part[k].price;
}

/* W·ms that the schedule gives from `now` to the departure, and what they cost by the prices of `p`
 * (in their unit times W·ms). */
static double energy_of(const struct edition *e, const struct row *r, const struct row *who,
	const struct control_plan *p, wall_t now, double *cost)
{
	wall_t end = end_of(e);
	double sum = 0;

	if (who->departs.ms && who->departs.ms < end.ms)
		end = who->departs;
	*cost = 0;
	for (wall_t t = now; t.ms < end.ms; t = wall_add_ms(t, e->slot_ms)) {
		int64_t w = w_at(e, r, t), left_ms = wall_diff_ms(end, t);
		double part = (double)(left_ms < e->slot_ms ? left_ms : e->slot_ms);

		if (w <= 0)
			continue;
		sum += (double)w * part;
		*cost += (double)w * part * price_at(p, wall_diff_ms(t, p->start) / p->slot_ms);
	}
	return sum;
}

/* Holds the newest plan against what is approved: what that gives each vehicle less, and what it costs
 * more for those to whom it gives as much. */
static void measure(const struct approval *a, struct edition *newest, const struct control_plan *p)
{
	for (struct row *x = newest->rows; x; x = x->hh.next) {
		const struct row *y = find(a->approved, x->key);
		double cost, before = 0;
		double wh = energy_of(newest, x, x, p, p->made_at, &cost) / 3.6e6;

		newest->cost += cost;
		if (y)
			wh -= energy_of(a->approved, y, x, p, p->made_at, &before) / 3.6e6;
		x->lacks_wh = (int64_t)wh;
		if (y && x->lacks_wh <= tolerance_wh(a, newest, x))
			newest->dearer += before - cost;
	}
}

/* Is there more to say than by `known` (NULL: nothing)? Vehicles that lack more, or more money. Plans of
 * equal cost may change places among vehicles: that is no news. */
static bool is_news(
	const struct approval *a, const struct edition *newest, const struct edition *known)
{
	double whole =
		a->approved && a->approved->cost > newest->cost ? a->approved->cost : newest->cost;
	double bearable = whole * (double)a->core->config->control->approve_pct / 100;

	for (const struct row *x = newest->rows; x; x = x->hh.next) {
		const struct row *y = find(known, x->key);

		if (x->lacks_wh > (y ? y->lacks_wh : 0) + tolerance_wh(a, newest, x))
			return true;
	}
	return newest->dearer > (known ? known->dearer : 0) + bearable && newest->dearer > 0;
}

static const char *clock_of(wall_t at, char out[16])
{
	time_t s = (time_t)(at.ms / 1000);
	struct tm tm;

	localtime_r(&s, &tm);
	strftime(out, 16, "%H:%M", &tm);
	return out;
}

static void say_change(
	const struct row *x, const struct row *y, const struct gap *g, struct approval_change *out)
{
	char now[16], was[16];
	int n;

	snprintf(out->vehicle, sizeof out->vehicle, "%s", x->vehicle);
	snprintf(out->station, sizeof out->station, "%s", x->station);
	out->evse = x->evse;
	if (!y) {
		snprintf(out->text, sizeof out->text, "new: %.1f kWh%s%s",
			(double)x->need_wh / 1000, x->ready.ms ? ", ready " : ", not all of it",
			x->ready.ms ? clock_of(x->ready, now) : "");
		return;
	}
	n = snprintf(out->text, sizeof out->text, "%.1f kWh %s", (double)llabs(g->most_wh) / 1000,
		g->most_wh < 0 ? "later" : "earlier");
	if (llabs(g->last_wh) * 2 > llabs(g->most_wh))
		n = snprintf(out->text, sizeof out->text, "%.1f kWh %s",
			(double)llabs(g->last_wh) / 1000, g->last_wh < 0 ? "less" : "more");
	if (x->ready.ms && y->ready.ms)
		snprintf(out->text + n, sizeof out->text - (size_t)n, ", ready %s instead of %s",
			clock_of(x->ready, now), clock_of(y->ready, was));
}

static void list_changes(struct approval *a, const struct edition *e, wall_t now)
{
	struct gap g;

	a->wait.count = 0;
	free(a->changes);
	a->changes = calloc(CHANGES_MAX, sizeof *a->changes);
	a->wait.changes = a->changes;
	for (const struct row *x = e->rows; x && a->changes && a->wait.count < CHANGES_MAX;
		x = x->hh.next) {
		const struct row *y = find(a->approved, x->key);

		g = y ? gap_of(e, x, a->approved, y, now) : (struct gap){0};
		if (y ? llabs(g.most_wh) > tolerance_wh(a, e, x) : x->most_w > 0)
			say_change(x, y, &g, &a->changes[a->wait.count++]);
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
	put_edition(&a->proposed, NULL);
	put_edition(&a->remade, NULL);
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
		alarm_clear(a->core, ALARM_PLAN_WAITS, SUBJECT);
}

/* Takes the edition. */
static void propose(struct approval *a, struct edition *e, wall_t now)
{
	const struct config_control *cfg = a->core->config->control;
	wall_t since = a->wait.since;
	char until[16];

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
	list_changes(a, e, now);
	journal_proposed(a);
	alarm_raise(a->core, ALARM_PLAN_WAITS, SUBJECT,
		"A plan that changes %d %s waits for a yes or no until %s; then %s counts.",
		a->wait.count, a->wait.count == 1 ? "vehicle" : "vehicles",
		clock_of(a->wait.expires, until),
		a->wait.then_rule ? "the plain rule" : "the plan that was approved last");
}

void approval_plan_made(struct approval *a, const struct control_plan *p,
	bool (*is_asked)(const void *arg, const struct evse *e), const void *arg)
{
	struct edition *e = p ? edition_create(p, is_asked, arg) : NULL;
	wall_t now = clock_wall();

	if (!e)
		return;
	measure(a, e, p);
	if (a->is_deciding) { /* a plan follows each answer */
		edition_destroy(e);
	} else if (!e->rows) {
		close_proposal(a, EVENT_PLAN_DECISION_WITHDRAWN, "nobody must be asked any more");
		edition_destroy(e);
	} else if (!is_news(a, e, NULL)) {
		close_proposal(a, EVENT_PLAN_DECISION_WITHDRAWN,
			"the newest plan is no better than the approved one any more");
		edition_destroy(e);
	} else if (a->proposed && !is_news(a, e, a->proposed)) {
		put_edition(&a->remade, e);
	} else if (!a->proposed && a->refused && !is_news(a, e, a->refused)) {
		edition_destroy(e);
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
		put_edition(&a->approved, NULL);
}

int64_t approval_w(const struct approval *a, const struct evse *e, wall_t now)
{
	char key[KEY_SIZE];
	const struct row *r;

	if (!a->approved)
		return -1;
	write_key(e->station->id, e->id, e->tx.id, key);
	r = find(a->approved, key);
	return r ? w_at(a->approved, r, now) : -1;
}

/* -- decisions -------------------------------------------------------------------------------- */

static void in_force(struct approval *a, const struct decision *d)
{
	if (!a->proposed || strcmp(a->wait.plan, d->given.plan) != 0)
		return; /* its time was over meanwhile */
	if (d->is_yes) {
		put_edition(&a->approved, a->remade ? a->remade : a->proposed);
		if (a->remade)
			a->remade = NULL;
		else
			a->proposed = NULL;
		put_edition(&a->refused, NULL);
		a->given = d->given;
	} else {
		put_edition(&a->refused, a->proposed);
		a->proposed = NULL;
	}
	forget_proposal(a);
	alarm_clear(a->core, ALARM_PLAN_WAITS, SUBJECT);
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

struct approval *approval_create(struct core *c)
{
	struct approval *a = calloc(1, sizeof *a);

	if (a)
		a->core = c;
	return a;
}

void approval_destroy(struct approval *a)
{
	if (!a)
		return;
	edition_destroy(a->approved);
	edition_destroy(a->refused);
	edition_destroy(a->proposed);
	edition_destroy(a->remade);
	free(a->changes);
	free(a);
}
