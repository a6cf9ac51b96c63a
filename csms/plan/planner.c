#include "csms/plan/planner.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "csms/power/control.h"
#include "csms/log.h"
#include "csms/plan/plan_in_force.h"
#include "schemas/thread.h"

#define TRIALS_MAX 16

/* The same vehicles with and without an envelope. */
struct trial {
	struct planner_job *without, *with;
	planner_try_fn done;
	void *arg;
	bool is_solved;
	struct trial *prev, *next;
};

struct planner {
	struct core *core;
	void (*made)(void *arg);
	void *arg;
	struct plan_in_force now;
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
	struct timer done_timer, again_timer;
	struct loop_task done_task, again_task;
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

	thread_stand_back(THREAD_LATER);
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

/* -- back on the loop ------------------------------------------------------------------------- */

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
	plan_in_force_put(&p->now, j);
	p->made(p->arg);
	plan_in_force_record_soon(&p->now);
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

	o->short_wh = plan_shown_short(x->short_wh);
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

static void ask_again(void *arg)
{
	struct planner *p = arg;

	if (!p->ask_again)
		return;
	p->ask_again = false;
	planner_ask(p, &p->again, p->again_trigger);
}

static void on_again(void *arg)
{
	struct planner *p = arg;

	loop_run_alone(p->core->loop, &p->again_task, ask_again, p);
}

static void take_done(void *arg)
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
	if (p->ask_again)
		timer_start(loop_timers(p->core->loop), &p->again_timer, 0, on_again, p);
}

static void on_done(void *arg)
{
	struct planner *p = arg;

	loop_run_alone(p->core->loop, &p->done_task, take_done, p);
}

/* Of a large depot what follows takes milliseconds: in the time that a turn has for timers. */
static void on_wake(void *arg)
{
	struct planner *p = arg;

	timer_start(loop_timers(p->core->loop), &p->done_timer, 0, on_done, p);
}

/* -- public ----------------------------------------------------------------------------------- */

struct planner *planner_create(struct core *c, void (*made)(void *arg), void *arg)
{
	struct planner *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	p->core = p->now.core = c;
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

/* With what each has by the plan in force. */
static struct planner_job *snapshot(struct planner *p, const struct planner_view *v,
	const struct held_envelope *extra, const char *trigger)
{
	struct planner_job *j = planner_job_create(p->core, v, extra, trigger);
	wall_t now = clock_wall();

	for (int i = 0; j && i < j->present; i++) {
		int64_t w = planner_wanted_w(p, j->rows[i].evse, now);

		j->vehicles[i].now_w = w > 0 ? (int32_t)w : 0;
	}
	return j;
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
	p->ask_again = false; /* what was remembered is older than this */
	j = snapshot(p, v, NULL, trigger);
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
	struct trial *t =
		trial_create(snapshot(p, v, NULL, ""), snapshot(p, v, extra, ""), done, arg);

	return t ? try_it(p, t) : -1;
}

int planner_try_edited(
	struct planner *p, const struct planner_edit *x, planner_try_fn done, void *arg)
{
	struct trial *t = trial_create(
		snapshot(p, x->without, NULL, ""), snapshot(p, x->with, NULL, ""), done, arg);

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
	return plan_in_force_row(&p->now, e);
}

void planner_record(struct planner *p)
{
	plan_in_force_record(&p->now);
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
	plan_in_force_drop(&p->now);
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
	if (p->wake) {
		loop_wake_destroy(p->wake);
		timer_stop(loop_timers(p->core->loop), &p->done_timer);
		timer_stop(loop_timers(p->core->loop), &p->again_timer);
		loop_call_off(p->core->loop, &p->done_task);
		loop_call_off(p->core->loop, &p->again_task);
	}
	forget_view(p);
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->changed);
	free(p);
}
