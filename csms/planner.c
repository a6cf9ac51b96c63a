#include "csms/planner.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "csms/control.h"
#include "csms/log.h"
#include "csms/plan_record.h"
#include "csms/planner_job.h"
#include "csms/record.h"
#include "csms/safety.h"
#include "csms/setpoint.h"

#define TRIALS_MAX 16

/* The same vehicles with and without an envelope. */
struct trial {
	struct planner_job *without, *with;
	planner_try_fn done;
	void *arg;
	bool is_solved;
	struct trial *prev, *next;
};

/* A plan in force. */
struct in_force {
	struct control_plan view;
	struct planner_job *job;
	int64_t *w; /* [row][slot] */
	int *row_of; /* [evses of the tree], -1: none */
	int evses;
};

struct planner {
	struct core *core;
	void (*made)(void *arg);
	void *arg;
	struct in_force now;
	bool ask_again;
	struct planner_view again; /* with loads of our own */
	char again_trigger[80];
	mono_t asked, asked_again; /* of what has not come yet; us 0: nothing */
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct planner_job *todo, *busy, *done; /* under the lock */
	struct trial *trials; /* utlist, under the lock; those that are not solved yet go last */
	struct trial *trying; /* under the lock: in the thread's hands */
	bool quit;
	struct loop_wake *wake;
};

/* -- the planner's thread ----------------------------------------------------------------------- */

/* The oldest that is not solved; under the lock. */
static struct trial *next_trial(const struct planner *p)
{
	struct trial *t = p->trials;

	while (t && t->is_solved)
		t = t->next;
	return t;
}

/* Under the lock, which it lets go of for the work. */
static void try_one(struct planner *p, struct trial *t)
{
	p->trying = t;
	pthread_mutex_unlock(&p->lock);
	planner_job_solve(t->without);
	planner_job_solve(t->with);
	pthread_mutex_lock(&p->lock);
	t->is_solved = true;
	p->trying = NULL;
	pthread_cond_broadcast(&p->changed);
	loop_wake_send(p->wake);
}

static void *work(void *arg)
{
	struct planner *p = arg;

	pthread_mutex_lock(&p->lock);
	while (!p->quit) {
		if (!p->todo && next_trial(p)) {
			try_one(p, next_trial(p));
			continue;
		}
		if (!p->todo) {
			pthread_cond_wait(&p->changed, &p->lock);
			continue;
		}
		p->busy = p->todo;
		p->todo = NULL;
		pthread_mutex_unlock(&p->lock);
		planner_job_solve(p->busy);
		pthread_mutex_lock(&p->lock);
		p->done = p->busy;
		p->busy = NULL;
		pthread_cond_broadcast(&p->changed);
		loop_wake_send(p->wake);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* -- the plan in force (loop) ----------------------------------------------------------------- */

static void drop(struct in_force *f)
{
	planner_job_destroy(f->job);
	free(f->w);
	free(f->row_of);
	memset(f, 0, sizeof *f);
}

/* What shows as 0.0 kWh is no shortage: rounding of slots and of meters. */
static int64_t shown_short(int64_t wh)
{
	return wh < PLANNER_SHOWN_WH ? 0 : wh;
}

static bool is_of_island(const struct core *c, const struct evse *e, enum grid_source why)
{
	return e && c->control && (why == GRID_SOURCE_ISLAND || why == GRID_SOURCE_MINIMUM) &&
	       safety_is_fed_by_island(control_safety(c->control), e);
}

static void explain_short(
	const struct core *c, const struct planner_job *j, int i, char *out, size_t size)
{
	const struct plan_outcome *o = &j->plan->outcome[i];
	int64_t by_limit_wh = o->short_wh - o->own_short_wh;
	double kwh = (double)o->short_wh / 1000;
	char what[130];

	if (!shown_short(o->short_wh))
		return;
	if (o->why_node >= 0 && is_of_island(c, j->rows[i].evse, o->why))
		snprintf(what, sizeof what, "%s (%s; until when is not known)",
			grid_tree_node(j->tree, o->why_node)->id,
			o->why == GRID_SOURCE_MINIMUM ? "the island gives less than its minimum"
						      : grid_source_name(o->why));
	else if (o->why_node >= 0)
		snprintf(what, sizeof what, "%s (%s)", grid_tree_node(j->tree, o->why_node)->id,
			grid_source_name(o->why));
	else
		snprintf(what, sizeof what, "%s", grid_source_name(o->why));
	if (!shown_short(o->own_short_wh) || !shown_short(by_limit_wh) || o->why == o->own_why)
		snprintf(out, size, "%.1f kWh short: %s", kwh,
			shown_short(by_limit_wh) ? what : grid_source_name(o->own_why));
	else
		snprintf(out, size, "%.1f kWh short: %.1f by %s, %.1f by the %s", kwh,
			(double)by_limit_wh / 1000, what, (double)o->own_short_wh / 1000,
			grid_source_name(o->own_why));
}

static void fill_row(const struct core *c, struct in_force *f, int i)
{
	struct planner_job *j = f->job;
	struct control_plan_row *row = &j->rows[i];
	const struct plan_outcome *o = &j->plan->outcome[i];
	int64_t *w = &f->w[(size_t)i * (size_t)j->slots];

	for (int t = 0; t < j->slots; t++)
		w[t] = j->plan->w[(size_t)i * (size_t)j->slots + (size_t)t];
	row->w = w;
	row->node = &j->plan->node[(size_t)i * (size_t)j->slots];
	row->source = &j->plan->source[(size_t)i * (size_t)j->slots];
	row->channel = &j->plan->channel[(size_t)i * (size_t)j->slots];
	row->planned_wh = o->planned_wh;
	row->short_wh = shown_short(o->short_wh);
	if (o->ready_slot >= 0)
		row->ready_at.ms = j->start_ms + (o->ready_slot + 1) * j->slot_ms;
	else if (o->ready_slot == -2)
		row->ready_at.ms = j->start_ms;
	explain_short(c, j, i, row->reason, sizeof row->reason);
}

static void put_in_force(struct planner *p, struct planner_job *j)
{
	struct in_force *f = &p->now;
	int64_t *w = calloc((size_t)j->count * (size_t)j->slots + 1, sizeof *w);
	int evses = grid_tree_evses(j->tree);
	int *row_of = malloc(((size_t)evses + 1) * sizeof *row_of);

	if (!w || !row_of) {
		free(w);
		free(row_of);
		planner_job_destroy(j);
		return;
	}
	drop(f);
	f->job = j;
	f->w = w;
	f->row_of = row_of;
	f->evses = evses;
	memset(row_of, -1, (size_t)evses * sizeof *row_of);
	ocpp_message_ids_next(&p->core->ids, clock_wall().ms, f->view.id);
	f->view.made_at = clock_wall();
	f->view.start.ms = j->start_ms;
	f->view.slot_ms = j->slot_ms;
	f->view.slot_count = j->slots;
	f->view.solve_us = j->solve_us;
	snprintf(f->view.trigger, sizeof f->view.trigger, "%s", j->trigger);
	f->view.row_count = j->present;
	f->view.rows = j->rows;
	f->view.by_rule = j->plan->by_rule;
	f->view.has_prices = j->prices.part != NULL;
	f->view.told = j->prices.part ? &j->told : NULL;
	f->view.price = j->prices.part;
	f->view.parts = j->prices.parts;
	f->view.cost = j->plan->cost;
	f->view.demand_cost = j->plan->demand_cost;
	f->view.gap = j->plan->gap;
	for (int i = 0; i < j->count; i++) {
		fill_row(p->core, f, i);
		if (i < j->present)
			row_of[j->vehicles[i].evse] = i;
	}
}

static void journal(struct planner *p)
{
	struct arena *a = record_arena(p->core);
	struct event_plan_made *e = a ? arena_alloc(a, sizeof *e) : NULL;
	const struct control_plan *v = &p->now.view;
	struct text snapshot, result;

	if (!e)
		return;
	text_init(&snapshot, 0);
	text_init(&result, 0);
	if (plan_record_write(p->now.job, &snapshot, &result) == 0) {
		e->trigger = arena_strdup(a, v->trigger);
		e->vehicles = v->row_count;
		e->slots = v->slot_count;
		e->slot_ms = v->slot_ms;
		e->start = v->start;
		e->solve_us = v->solve_us;
		e->short_wh = p->now.job->plan->short_wh;
		e->snapshot = arena_strdup(a, snapshot.data);
		e->result = arena_strdup(a, result.data);
		e->has_cost = e->has_gap = e->has_by_rule = true;
		e->cost = (double)p->now.job->plan->cost / 1e6;
		e->gap = (double)p->now.job->plan->gap / 1e6;
		e->by_rule = p->now.job->plan->by_rule;
		record_now(p->core, EVENT_PLAN_MADE, "plan", v->id, e, "planner", NULL);
	}
	text_finish(&snapshot);
	text_finish(&result);
}

static void finish_job(struct planner *p, struct planner_job *j)
{
	if (!j->is_sound) {
		log_error("planner: a plan for %d vehicles failed its check; the old one stays",
			j->count);
		planner_job_destroy(j);
		return;
	}
	p->asked = p->ask_again ? p->asked_again : (mono_t){0};
	p->asked_again.us = 0;
	p->core->metrics.plans++;
	p->core->metrics.plan_us_sum += j->solve_us;
	put_in_force(p, j);
	journal(p);
	p->made(p->arg);
}

/* Greatest power that the plan gives up in a slot, all vehicles together. */
static int64_t shed_w(const struct planner_job *a, const struct planner_job *b)
{
	int64_t most = 0;

	for (int t = 0; t < a->slots; t++) {
		int64_t less = 0;

		for (int i = 0; i < a->count; i++) {
			size_t at = (size_t)i * (size_t)a->slots + (size_t)t;

			less += a->plan->w[at] - b->plan->w[at];
		}
		most = less > most ? less : most;
	}
	return most;
}

static void fill_outcome(const struct planner_job *j, int i, struct planner_outcome *o)
{
	const struct plan_outcome *x = &j->plan->outcome[i];

	o->short_wh = shown_short(x->short_wh);
	if (x->ready_slot >= 0)
		o->ready_at.ms = j->start_ms + (x->ready_slot + 1) * j->slot_ms;
	else if (x->ready_slot == -2)
		o->ready_at.ms = j->start_ms;
}

static void trial_destroy(struct trial *t)
{
	planner_job_destroy(t->without);
	planner_job_destroy(t->with);
	free(t);
}

/* Tells what came of it; it is in no list any more. */
static void finish_trial(struct trial *t)
{
	struct planner_job *a = t->without, *b = t->with;
	struct planner_trial out = {0};

	if (t->is_solved && a->is_sound && b->is_sound)
		out.rows = calloc((size_t)a->count + 1, sizeof *out.rows);
	for (int i = 0; out.rows && i < a->count; i++) {
		out.rows[i].row = &a->rows[i];
		fill_outcome(a, i, &out.rows[i].without);
		fill_outcome(b, i, &out.rows[i].with);
	}
	out.count = a->count;
	if (out.rows) {
		out.shed_w = shed_w(a, b);
		out.cost_without = a->plan->cost + a->plan->demand_cost;
		out.cost_with = b->plan->cost + b->plan->demand_cost;
	}
	t->done(t->arg, out.rows ? &out : NULL);
	free(out.rows);
	trial_destroy(t);
}

static struct trial *take_solved(struct planner *p)
{
	struct trial *t;

	pthread_mutex_lock(&p->lock);
	t = p->trials && p->trials->is_solved ? p->trials : NULL;
	if (t)
		DL_DELETE(p->trials, t);
	pthread_mutex_unlock(&p->lock);
	return t;
}

static void on_wake(void *arg)
{
	struct planner *p = arg;
	struct trial *t;
	struct planner_job *j;

	pthread_mutex_lock(&p->lock);
	j = p->done;
	p->done = NULL;
	pthread_mutex_unlock(&p->lock);
	if (j)
		finish_job(p, j);
	while ((t = take_solved(p)))
		finish_trial(t);
	if (p->ask_again) {
		p->ask_again = false;
		planner_ask(p, &p->again, p->again_trigger);
	}
}

/* -- public ----------------------------------------------------------------------------------- */

struct planner *planner_create(struct core *c, void (*made)(void *arg), void *arg)
{
	struct planner *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	p->core = c;
	p->made = made;
	p->arg = arg;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->changed, NULL);
	if (!c->loop)
		return p;
	p->wake = loop_wake_create(c->loop, on_wake, p);
	p->has_thread = p->wake && pthread_create(&p->thread, NULL, work, p) == 0;
	if (!p->has_thread) {
		planner_destroy(p);
		return NULL;
	}
	return p;
}

static void forget_view(struct planner *p)
{
	free((int64_t *)(uintptr_t)p->again.base_w);
	free((void *)(uintptr_t)p->again.base_phase_w);
	grid_limits_destroy((struct grid_limits *)(uintptr_t)p->again.limits);
	p->again = (struct planner_view){0};
}

/* All of it is copied: who asks may look elsewhere before it is its turn. */
static void remember(struct planner *p, const struct planner_view *v, const char *trigger)
{
	size_t nodes = (size_t)grid_tree_nodes(v->tree);
	int64_t *base_w = malloc(nodes * sizeof *base_w);
	int64_t(*phase_w)[GRID_PHASES] = malloc(nodes * sizeof *phase_w);
	struct grid_limits *limits = grid_limits_copy(v->limits);

	p->ask_again = base_w && phase_w && limits;
	if (p->ask_again) {
		memcpy(base_w, v->base_w, nodes * sizeof *base_w);
		memcpy(phase_w, v->base_phase_w, nodes * sizeof *phase_w);
		snprintf(p->again_trigger, sizeof p->again_trigger, "%s", trigger);
	}
	forget_view(p);
	p->again = (struct planner_view){
		v->tree, limits, base_w, (const int64_t(*)[GRID_PHASES])phase_w};
}

/* Times of the oldest that is not answered, and of the oldest after that. */
static void note_asked(struct planner *p, bool is_again)
{
	mono_t *at = p->asked.us ? &p->asked_again : &p->asked;

	if (!at->us && !is_again)
		*at = clock_mono();
}

mono_t planner_asked(const struct planner *p)
{
	return p->asked;
}

void planner_ask(struct planner *p, const struct planner_view *v, const char *trigger)
{
	bool is_busy;
	struct planner_job *j;

	note_asked(p, v == &p->again);
	pthread_mutex_lock(&p->lock);
	is_busy = p->todo || p->busy || p->done;
	pthread_mutex_unlock(&p->lock);
	if (is_busy && v == &p->again)
		p->ask_again = true;
	else if (is_busy)
		remember(p, v, trigger);
	if (is_busy)
		return;
	j = planner_job_create(p->core, v, NULL, trigger);
	if (!j)
		return;
	if (!p->has_thread) {
		planner_job_solve(j);
		finish_job(p, j);
		return;
	}
	pthread_mutex_lock(&p->lock);
	p->todo = j;
	pthread_cond_signal(&p->changed);
	pthread_mutex_unlock(&p->lock);
}

/* Takes the jobs; NULL: no memory. */
static struct trial *trial_create(
	struct planner_job *without, struct planner_job *with, planner_try_fn done, void *arg)
{
	struct trial *t = without && with ? calloc(1, sizeof *t) : NULL;

	if (!t) {
		planner_job_destroy(without);
		planner_job_destroy(with);
		return NULL;
	}
	t->without = without;
	t->with = with;
	t->done = done;
	t->arg = arg;
	return t;
}

static int try_it(struct planner *p, struct trial *t)
{
	struct trial *other;
	int waiting = 0;

	pthread_mutex_lock(&p->lock);
	DL_COUNT(p->trials, other, waiting);
	pthread_mutex_unlock(&p->lock);
	if (waiting >= TRIALS_MAX) {
		trial_destroy(t);
		return -1;
	}
	if (!p->has_thread) {
		planner_job_solve(t->without);
		planner_job_solve(t->with);
		t->is_solved = true;
		finish_trial(t);
		return 0;
	}
	pthread_mutex_lock(&p->lock);
	DL_APPEND(p->trials, t);
	pthread_cond_signal(&p->changed);
	pthread_mutex_unlock(&p->lock);
	return 0;
}

int planner_try(struct planner *p, const struct planner_view *v, const struct held_envelope *extra,
	planner_try_fn done, void *arg)
{
	struct trial *t = trial_create(planner_job_create(p->core, v, NULL, ""),
		planner_job_create(p->core, v, extra, ""), done, arg);

	return t ? try_it(p, t) : -1;
}

int planner_try_edited(
	struct planner *p, const struct planner_edit *x, planner_try_fn done, void *arg)
{
	struct trial *t = trial_create(planner_job_create(p->core, x->without, NULL, ""),
		planner_job_create(p->core, x->with, NULL, ""), done, arg);

	if (!t)
		return -1;
	x->edit(t->with, x->how);
	return try_it(p, t);
}

const struct control_plan *planner_plan(const struct planner *p)
{
	return p->now.job ? &p->now.view : NULL;
}

const struct control_plan_row *planner_row(const struct planner *p, const struct evse *e)
{
	const struct control_plan_row *row;
	int i;

	if (!p->now.job || !e->tx.is_open || e->grid_evse < 0 || e->grid_evse >= p->now.evses)
		return NULL;
	i = p->now.row_of[e->grid_evse];
	row = i >= 0 ? &p->now.view.rows[i] : NULL;
	return row && strcmp(row->transaction, e->tx.id) == 0 ? row : NULL;
}

int64_t planner_wanted_w(const struct planner *p, const struct evse *e, wall_t now)
{
	const struct control_plan_row *row = planner_row(p, e);
	int64_t slot;

	if (!row)
		return -1;
	slot = wall_diff_ms(now, p->now.view.start) / p->now.view.slot_ms;
	if (slot < 0 || slot >= p->now.view.slot_count)
		return -1;
	return row->w[slot];
}

/* Waits until the thread has let go of the tree. */
void planner_forget(struct planner *p)
{
	struct trial *trials, *t, *next;

	pthread_mutex_lock(&p->lock);
	planner_job_destroy(p->todo);
	p->todo = NULL;
	trials = p->trials;
	p->trials = NULL;
	while (p->busy || p->trying)
		pthread_cond_wait(&p->changed, &p->lock);
	planner_job_destroy(p->done);
	p->done = NULL;
	pthread_mutex_unlock(&p->lock);
	DL_FOREACH_SAFE (trials, t, next) {
		t->is_solved = false; /* its vehicles may have moved */
		DL_DELETE(trials, t);
		finish_trial(t);
	}
	p->ask_again = false;
	p->asked.us = p->asked_again.us = 0;
	drop(&p->now);
}

void planner_destroy(struct planner *p)
{
	if (!p)
		return;
	planner_forget(p);
	if (p->has_thread) {
		pthread_mutex_lock(&p->lock);
		p->quit = true;
		pthread_cond_broadcast(&p->changed);
		pthread_mutex_unlock(&p->lock);
		pthread_join(p->thread, NULL);
	}
	if (p->wake)
		loop_wake_destroy(p->wake);
	forget_view(p);
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->changed);
	free(p);
}
