#include "csms/planner.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "csms/envelope.h"
#include "csms/external.h"
#include "csms/log.h"
#include "csms/record.h"
#include "csms/setpoint.h"
#include "scheduler/plan.h"

#define UNKNOWN_NEED_WH 30000 /* of a vehicle that nobody described */
#define UNKNOWN_SOC     0.1 /* a battery that nobody measured is nearly empty: the worst case */
#define EFFICIENCY      0.9 /* of what is drawn, stored; as battery_default() */
#define UNTAKEN_W       1000 /* offered and not taken by so much: the vehicle's own limit */
#define FULL_MS         3600000 /* a vehicle that stopped by itself is asked again after this */
#define SLOTS_MAX       4000
#define TRIALS_MAX      16

/* One solve: everything it reads is its own, but for the tree, which outlives it. */
struct job {
	const struct grid_tree *tree;
	struct plan_caps caps;
	struct plan_vehicle *vehicles;
	struct control_plan_row *rows; /* what each vehicle of the input is called */
	int32_t *idle_w;
	int count;
	int64_t start_ms, slot_ms;
	int slots;
	char trigger[80];
	struct plan *plan;
	int64_t solve_us;
	bool is_sound; /* plan_check() agreed */
};

/* The same vehicles with and without an envelope. */
struct trial {
	struct job *without, *with;
	planner_try_fn done;
	void *arg;
	bool is_solved;
	struct trial *prev, *next;
};

/* A plan in force. */
struct in_force {
	struct control_plan view;
	struct job *job;
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
	const struct grid_tree *again_tree;
	const struct grid_limits *again_limits;
	int64_t *again_base;
	char again_trigger[80];
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct job *todo, *busy, *done; /* under the lock */
	struct trial *trials; /* utlist, under the lock; those that are not solved yet go last */
	struct trial *trying; /* under the lock: in the thread's hands */
	bool quit;
	struct loop_wake *wake;
};

/* -- the snapshot ----------------------------------------------------------------------------- */

static void job_destroy(struct job *j)
{
	if (!j)
		return;
	plan_destroy(j->plan);
	plan_caps_finish(&j->caps);
	free(j->vehicles);
	free(j->rows);
	free(j->idle_w);
	free(j);
}

static double delivered_wh(const struct transaction *t)
{
	double wh =
		t->meter_wh.at.ms && t->begin_wh.at.ms ? t->meter_wh.value - t->begin_wh.value : 0;

	return wh > 0 ? wh : 0;
}

/* Stored since the vehicle told its needs, as far as the register says. */
static double since_wh(const struct transaction *t)
{
	double wh = t->needs.meter_wh.at.ms ? t->meter_wh.value - t->needs.meter_wh.value : 0;

	return wh > 0 ? wh * EFFICIENCY : 0;
}

/* Energy still to be stored, and what is in the battery, as far as anybody knows. */
static void fill_energy(const struct evse *e, const struct vehicle *v, struct plan_vehicle *out)
{
	double got = delivered_wh(&e->tx) * EFFICIENCY, need;

	if (!v) {
		out->battery = battery_default(0, (int32_t)e->max_w);
		need = UNKNOWN_NEED_WH - got;
	} else {
		double target = (double)v->battery_wh * v->target_pct / 100.0;

		out->battery = battery_default(v->battery_wh, out->max_w);
		if (e->soc_pct.at.ms) {
			out->stored_wh =
				(int64_t)((double)v->battery_wh * e->soc_pct.value / 100.0);
			need = target - (double)out->stored_wh;
		} else {
			need = (v->need_wh >= 0 ? (double)v->need_wh
						: target - (double)v->battery_wh * UNKNOWN_SOC) -
			       got;
			out->stored_wh = (int64_t)(target - need);
		}
		if (out->stored_wh < 0)
			out->stored_wh = 0;
		if (out->stored_wh > v->battery_wh)
			out->stored_wh = v->battery_wh;
	}
	/* What the vehicle itself said goes before what is only guessed. */
	if (e->tx.needs.at.ms && e->tx.needs.energy_wh >= 0 && !(v && e->soc_pct.at.ms)) {
		need = (double)e->tx.needs.energy_wh - since_wh(&e->tx);
		out->stored_wh = v ? (int64_t)((double)v->battery_wh - need) : 0;
		if (out->stored_wh < 0)
			out->stored_wh = 0;
	}
	out->need_wh = need > 0 ? (int64_t)need : 0;
}

/* Learns what a vehicle takes when it is offered more, a battery near full, or a cold one: the plan
 * gives the rest to others. A little more is offered each time, so that it can come back. */
static void learn_takes(struct evse *e, int64_t settle_ms)
{
	int64_t w = (int64_t)e->power_w.value, *takes = &e->tx.takes_w;

	if (strcmp(e->tx.charging_state, "Charging") != 0 || e->told.limit_w <= 0 ||
		wall_diff_ms(e->power_w.at, e->told.at) < settle_ms)
		return;
	if (w < e->told.limit_w - UNTAKEN_W)
		*takes = w + w / 10 + UNTAKEN_W / 2;
	else if (*takes && w > *takes - UNTAKEN_W)
		*takes += *takes / 4 + UNTAKEN_W / 2;
	if (*takes >= e->max_w)
		*takes = 0;
}

static int32_t vehicle_max_w(const struct evse *e, const struct vehicle *v)
{
	int64_t w = e->max_w, own = v ? (e->is_dc ? v->max_dc_w : v->max_ac_w) : 0;

	if (own > 0 && own < w)
		w = own;
	if (e->tx.takes_w && e->tx.takes_w < w)
		w = e->tx.takes_w;
	if (e->tx.needs.max_w && e->tx.needs.max_w < w)
		w = e->tx.needs.max_w;
	return (int32_t)w;
}

/* The earlier of what the depot knows and what the vehicle says. */
static int64_t departure_ms(const struct evse *e, const struct vehicle *v, wall_t now)
{
	int64_t known = v ? vehicle_departure(v, now).ms : 0, said = e->tx.needs.departs_at.ms;

	if (said <= now.ms)
		return known;
	return known && known < said ? known : said;
}

static void add_vehicle(struct job *j, const struct core *c, struct evse *e, wall_t now)
{
	struct vehicle *v = e->tx.vehicle;
	struct plan_vehicle *in = &j->vehicles[j->count];
	struct control_plan_row *row = &j->rows[j->count];
	int64_t cap;

	in->evse = e->grid_evse;
	in->from_ms = now.ms;
	in->depart_ms = departure_ms(e, v, now);
	in->priority = v ? v->priority : 9;
	learn_takes(e, c->config->control->sample_s * 2000);
	in->max_w = vehicle_max_w(e, v);
	cap = external_cap_w(c, e, now, NULL);
	if (cap < in->max_w)
		in->max_w = (int32_t)cap;
	in->min_w = (int32_t)(v && v->min_w > e->min_w ? v->min_w : e->min_w);
	if (in->max_w < in->min_w)
		in->max_w = in->min_w;
	fill_energy(e, v, in);
	if (e->tx.full_at.ms && wall_diff_ms(now, e->tx.full_at) < FULL_MS)
		in->need_wh = 0;
	row->evse = e;
	row->vehicle = v;
	row->need_wh = in->need_wh;
	row->departs_at.ms = in->depart_ms;
	memcpy(row->transaction, e->tx.id, sizeof row->transaction);
	j->count++;
}

static int count_open(const struct core *c)
{
	const struct station *s, *tmp;
	int n = 0;

	HASH_ITER (hh, c->fleet.stations, s, tmp)
		for (int i = 0; i < s->evse_count; i++)
			n += s->evses[i].tx.is_open && s->evses[i].grid_evse >= 0;
	return n;
}

/* Vehicles that are here, and what the other EVSEs hold: 0 W as long as they hear from us. */
static void add_evses(struct job *j, struct core *c, wall_t now)
{
	struct station *s, *tmp;

	HASH_ITER (hh, c->fleet.stations, s, tmp)
		for (int i = 0; i < s->evse_count; i++) {
			struct evse *e = &s->evses[i];
			const struct lane *l = control_lane(c->control, e);

			if (e->grid_evse < 0)
				continue;
			if (e->tx.is_open && !s->is_manual)
				add_vehicle(j, c, e, now);
			j->idle_w[e->grid_evse] = l && (!e->tx.is_open || s->is_manual)
							  ? (int32_t)lane_held_w(l, now)
							  : 0;
		}
}

/* The limits that stand, but for envelopes: those have their times, and are put in by slots. */
static struct grid_limits *lasting(const struct job *j, const struct grid_limits *limits)
{
	struct grid_limits *l = grid_limits_copy(limits);

	for (int i = 0; l && i < grid_tree_nodes(j->tree); i++) {
		grid_limits_set(l, i, GRID_SOURCE_ENVELOPE, NULL);
		grid_limits_set(l, i, GRID_SOURCE_ENVELOPE_FALLBACK, NULL);
		grid_limits_set(l, i, GRID_SOURCE_OPERATOR, NULL);
	}
	return l;
}

/* The load of the moment, expected to last: the forecast of persistence. */
static int fill_caps(struct job *j, const struct grid_limits *limits, const int64_t *base_w)
{
	struct grid_limits *own = lasting(j, limits);
	int nodes = grid_tree_nodes(j->tree), rc = -1;
	const int32_t **rows = calloc((size_t)nodes, sizeof *rows);
	int32_t *flat = calloc((size_t)nodes * (size_t)j->slots, sizeof *flat);

	if (rows && flat && own) {
		for (int i = 0; i < nodes; i++) {
			if (base_w[i] == GRID_UNKNOWN)
				continue;
			for (int t = 0; t < j->slots; t++)
				flat[(size_t)i * (size_t)j->slots + (size_t)t] =
					(int32_t)(base_w[i] < GRID_NO_LIMIT ? base_w[i]
									    : GRID_NO_LIMIT - 1);
			rows[i] = &flat[(size_t)i * (size_t)j->slots];
		}
		rc = plan_caps_init(&j->caps, j->tree, own, j->slots, rows);
	}
	grid_limits_destroy(own);
	free(rows);
	free(flat);
	return rc;
}

static struct job *job_create(struct core *c, const struct planner_view *v,
	const struct held_envelope *extra, const char *trigger)
{
	const struct grid_tree *tree = v->tree;
	const struct config_control *cfg = c->config->control;
	struct job *j = calloc(1, sizeof *j);
	wall_t now = clock_wall();
	int n = count_open(c);

	if (!j)
		return NULL;
	j->tree = tree;
	j->slot_ms = cfg->slot_s * 1000;
	j->start_ms = now.ms;
	j->slots = (int)(cfg->horizon_h * 3600 / cfg->slot_s);
	if (j->slots > SLOTS_MAX)
		j->slots = SLOTS_MAX;
	snprintf(j->trigger, sizeof j->trigger, "%s", trigger);
	j->vehicles = calloc((size_t)n + 1, sizeof *j->vehicles);
	j->rows = calloc((size_t)n + 1, sizeof *j->rows);
	j->idle_w = calloc((size_t)grid_tree_evses(tree) + 1, sizeof *j->idle_w);
	if (!j->vehicles || !j->rows || !j->idle_w || fill_caps(j, v->limits, v->base_w)) {
		job_destroy(j);
		return NULL;
	}
	envelopes_lower(c->envelopes, tree, &j->caps, j->start_ms, j->slot_ms, extra);
	add_evses(j, c, now);
	return j;
}

/* -- the solve (planner's thread) ------------------------------------------------------------- */

static void job_solve(struct job *j)
{
	struct plan_input in = {
		.tree = j->tree,
		.caps = &j->caps,
		.start_ms = j->start_ms,
		.slot_s = (int)(j->slot_ms / 1000),
		.vehicles = j->vehicles,
		.n = j->count,
		.idle_w = j->idle_w,
	};
	struct plan_fault fault;
	int64_t begin = clock_real_us();

	j->plan = plan_solve(&in);
	j->is_sound = j->plan && plan_check(&in, j->plan, &fault);
	j->solve_us = clock_real_us() - begin;
}

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
	job_solve(t->without);
	job_solve(t->with);
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
		job_solve(p->busy);
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
	job_destroy(f->job);
	free(f->w);
	free(f->row_of);
	memset(f, 0, sizeof *f);
}

static void explain_short(const struct job *j, int i, char *out, size_t size)
{
	const struct plan_outcome *o = &j->plan->outcome[i];

	if (o->short_wh <= 0)
		return;
	if (o->why_node >= 0)
		snprintf(out, size, "%.1f kWh short: %s (%s)", (double)o->short_wh / 1000,
			grid_tree_node(j->tree, o->why_node)->id, grid_source_name(o->why));
	else
		snprintf(out, size, "%.1f kWh short: %s", (double)o->short_wh / 1000,
			grid_source_name(o->why));
}

static void fill_row(struct in_force *f, int i)
{
	struct job *j = f->job;
	struct control_plan_row *row = &j->rows[i];
	const struct plan_outcome *o = &j->plan->outcome[i];
	int64_t *w = &f->w[(size_t)i * (size_t)j->slots];

	for (int t = 0; t < j->slots; t++)
		w[t] = j->plan->w[(size_t)i * (size_t)j->slots + (size_t)t];
	row->w = w;
	row->node = &j->plan->node[(size_t)i * (size_t)j->slots];
	row->planned_wh = o->planned_wh;
	row->short_wh = o->short_wh;
	if (o->ready_slot >= 0)
		row->ready_at.ms = j->start_ms + (o->ready_slot + 1) * j->slot_ms;
	else if (o->ready_slot == -2)
		row->ready_at.ms = j->start_ms;
	explain_short(j, i, row->reason, sizeof row->reason);
}

static void put_in_force(struct planner *p, struct job *j)
{
	struct in_force *f = &p->now;
	int64_t *w = calloc((size_t)j->count * (size_t)j->slots + 1, sizeof *w);
	int evses = grid_tree_evses(j->tree);
	int *row_of = malloc(((size_t)evses + 1) * sizeof *row_of);

	if (!w || !row_of) {
		free(w);
		free(row_of);
		job_destroy(j);
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
	f->view.row_count = j->count;
	f->view.rows = j->rows;
	for (int i = 0; i < j->count; i++) {
		fill_row(f, i);
		row_of[j->vehicles[i].evse] = i;
	}
}

/* Snapshot and result as JSON, powers as [slots, W] runs. */
static void write_plan(const struct job *j, struct text *snapshot, struct text *result)
{
	text_puts(snapshot, "[");
	text_puts(result, "[");
	for (int i = 0; i < j->count; i++) {
		const struct plan_vehicle *v = &j->vehicles[i];
		const int32_t *w = &j->plan->w[(size_t)i * (size_t)j->slots];

		text_printf(snapshot,
			"%s{\"evse\":\"%s/%d\",\"depart_ms\":%lld,\"need_wh\":%lld,"
			"\"stored_wh\":%lld,\"max_w\":%d,\"min_w\":%d,\"priority\":%d}",
			i ? "," : "", j->rows[i].evse->station->id, j->rows[i].evse->id,
			(long long)v->depart_ms, (long long)v->need_wh, (long long)v->stored_wh,
			v->max_w, v->min_w, v->priority);
		text_puts(result, i ? ",[" : "[");
		for (int t = 0, from = 0; t < j->slots; t++)
			if (t + 1 == j->slots || w[t + 1] != w[t]) {
				text_printf(
					result, "%s[%d,%d]", from ? "," : "", t + 1 - from, w[t]);
				from = t + 1;
			}
		text_puts(result, "]");
	}
	text_puts(snapshot, "]");
	text_puts(result, "]");
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
	write_plan(p->now.job, &snapshot, &result);
	if (text_ok(&snapshot) && text_ok(&result)) {
		e->trigger = arena_strdup(a, v->trigger);
		e->vehicles = v->row_count;
		e->slots = v->slot_count;
		e->slot_ms = v->slot_ms;
		e->start = v->start;
		e->solve_us = v->solve_us;
		e->short_wh = p->now.job->plan->short_wh;
		e->snapshot = arena_strdup(a, snapshot.data);
		e->result = arena_strdup(a, result.data);
		record_now(p->core, EVENT_PLAN_MADE, "plan", v->id, e, "planner", NULL);
	}
	text_finish(&snapshot);
	text_finish(&result);
}

static void finish_job(struct planner *p, struct job *j)
{
	if (!j->is_sound) {
		log_error("planner: a plan for %d vehicles failed its check; the old one stays",
			j->count);
		job_destroy(j);
		return;
	}
	p->core->metrics.plans++;
	p->core->metrics.plan_us_sum += j->solve_us;
	put_in_force(p, j);
	journal(p);
	p->made(p->arg);
}

/* Greatest power that the plan gives up in a slot, all vehicles together. */
static int64_t shed_w(const struct job *a, const struct job *b)
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

static void fill_outcome(const struct job *j, int i, struct planner_outcome *o)
{
	const struct plan_outcome *x = &j->plan->outcome[i];

	o->short_wh = x->short_wh;
	if (x->ready_slot >= 0)
		o->ready_at.ms = j->start_ms + (x->ready_slot + 1) * j->slot_ms;
	else if (x->ready_slot == -2)
		o->ready_at.ms = j->start_ms;
}

static void trial_destroy(struct trial *t)
{
	job_destroy(t->without);
	job_destroy(t->with);
	free(t);
}

/* Tells what came of it; it is in no list any more. */
static void finish_trial(struct trial *t)
{
	struct job *a = t->without, *b = t->with;
	struct planner_trial out = {0};

	if (t->is_solved && a->is_sound && b->is_sound)
		out.rows = calloc((size_t)a->count + 1, sizeof *out.rows);
	for (int i = 0; out.rows && i < a->count; i++) {
		out.rows[i].row = &a->rows[i];
		fill_outcome(a, i, &out.rows[i].without);
		fill_outcome(b, i, &out.rows[i].with);
	}
	out.count = a->count;
	if (out.rows)
		out.shed_w = shed_w(a, b);
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
	struct job *j;

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
		planner_ask(p, p->again_tree, p->again_limits, p->again_base, p->again_trigger);
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

static void remember(struct planner *p, const struct grid_tree *tree,
	const struct grid_limits *limits, const int64_t *base_w, const char *trigger)
{
	size_t bytes = (size_t)grid_tree_nodes(tree) * sizeof *base_w;

	if (base_w != p->again_base) {
		free(p->again_base);
		p->again_base = malloc(bytes);
		if (!p->again_base)
			return;
		memcpy(p->again_base, base_w, bytes);
		snprintf(p->again_trigger, sizeof p->again_trigger, "%s", trigger);
	}
	p->again_tree = tree;
	p->again_limits = limits;
	p->ask_again = true;
}

void planner_ask(struct planner *p, const struct grid_tree *tree, const struct grid_limits *limits,
	const int64_t *base_w, const char *trigger)
{
	bool is_busy;
	struct job *j;

	pthread_mutex_lock(&p->lock);
	is_busy = p->todo || p->busy || p->done;
	pthread_mutex_unlock(&p->lock);
	if (is_busy) {
		remember(p, tree, limits, base_w, trigger);
		return;
	}
	j = job_create(p->core, &(struct planner_view){tree, limits, base_w}, NULL, trigger);
	if (!j)
		return;
	if (!p->has_thread) {
		job_solve(j);
		finish_job(p, j);
		return;
	}
	pthread_mutex_lock(&p->lock);
	p->todo = j;
	pthread_cond_signal(&p->changed);
	pthread_mutex_unlock(&p->lock);
}

int planner_try(struct planner *p, const struct planner_view *v, const struct held_envelope *extra,
	planner_try_fn done, void *arg)
{
	struct trial *t = calloc(1, sizeof *t), *other;
	int waiting = 0;

	pthread_mutex_lock(&p->lock);
	DL_COUNT(p->trials, other, waiting);
	pthread_mutex_unlock(&p->lock);
	if (!t || waiting >= TRIALS_MAX) {
		free(t);
		return -1;
	}
	t->done = done;
	t->arg = arg;
	t->without = job_create(p->core, v, NULL, "");
	t->with = job_create(p->core, v, extra, "");
	if (!t->without || !t->with) {
		trial_destroy(t);
		return -1;
	}
	if (!p->has_thread) {
		job_solve(t->without);
		job_solve(t->with);
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
	job_destroy(p->todo);
	p->todo = NULL;
	trials = p->trials;
	p->trials = NULL;
	while (p->busy || p->trying)
		pthread_cond_wait(&p->changed, &p->lock);
	job_destroy(p->done);
	p->done = NULL;
	pthread_mutex_unlock(&p->lock);
	DL_FOREACH_SAFE (trials, t, next) {
		t->is_solved = false; /* its vehicles may have moved */
		DL_DELETE(trials, t);
		finish_trial(t);
	}
	p->ask_again = false;
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
	free(p->again_base);
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->changed);
	free(p);
}
