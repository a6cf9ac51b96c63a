/* How likely it is that vehicles leave with what they need: a plan of the journal, simulated on a
 * reader's thread. scheduler/readiness.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/api/ask.h"
#include "csms/api/handlers_fleet.h"
#include "csms/api/plan_load.h"
#include "csms/clock.h"
#include "csms/power/control.h"
#include "csms/plan/fallback.h"
#include "csms/plan/plan_sim.h"
#include "csms/vehicles/chances_report.h"
#include "csms/vehicles/vehicle_charge.h"
#include "csms/words.h"

#define ADVISED  3 /* of those that are not safe, so many are looked at more closely */
#define SAFE_PCT 95

struct looking {
	const char *vehicle, *id;
	double failures_per_day;
	bool ok;
	struct plan_loaded plan;
	struct api_readiness out;
};

/* -- on the reader's thread ------------------------------------------------------------------- */

struct run {
	struct looking *x;
	struct arena *a;
	struct plan_sim sim;
	struct chances_report told;
};

static const char *state_of(const struct api_readiness_vehicle *v)
{
	if (v->short_wh > READINESS_SLACK_WH && !charge_by_is_guess(v->need_by))
		return "short";
	return v->probability * 100 >= SAFE_PCT ? "safe" : "possible";
}

static const char *say(const struct api_readiness_vehicle *v, struct arena *a)
{
	const char *out;
	struct text t;

	text_init(&t, 290);
	if (charge_by_is_guess(v->need_by)) {
		text_printf(&t, "%s: its charge is not known; with %d %% it is ", v->vehicle,
			CHARGE_BY_GUESS_PCT);
		text_printf(&t, "%s%.0f %% sure to leave with what it needs.",
			v->about ? "about " : "", v->probability * 100);
		out = text_ok(&t) ? arena_strdup(a, t.data) : NULL;
		text_finish(&t);
		return out ? out : "";
	}
	text_printf(&t, "%s: %s%.0f %% sure to leave with ", v->vehicle, v->about ? "about " : "",
		v->probability * 100);
	words_energy(&t, v->need_wh);
	text_puts(&t, " more");
	if (strcmp(v->state, "short") == 0) {
		text_puts(&t, "; by the plan ");
		words_energy(&t, v->short_wh);
		text_puts(&t, " will be missing.");
	} else {
		text_puts(&t,
			strcmp(v->state, "safe") == 0 ? "." : ": possible, but not safe enough.");
	}
	out = text_ok(&t) ? arena_strdup(a, t.data) : NULL;
	text_finish(&t);
	return out ? out : "";
}

static void fill(const struct run *r, size_t i, struct api_readiness_vehicle *out)
{
	const struct event_plan_snapshot_vehicle *v =
		&r->x->plan.record.snapshot->vehicles.items[i];

	*out = (struct api_readiness_vehicle){
		.vehicle = v->id,
		.station = v->station,
		.evse = v->evse_id,
		.has_arrives_at = v->from.ms > r->sim.in.plan->start_ms,
		.arrives_at = v->from,
		.has_departs_at = v->has_departs,
		.departs_at = v->departs,
		.need_wh = v->need_wh,
		.short_wh = r->x->plan.record.result->rows.items[i].short_wh,
		.probability = (double)r->sim.met[i] / r->sim.in.samples,
		.need_by = v->need_by,
	};
	out->about = !chances_believed(&r->told, out->probability);
	out->state = state_of(out);
	out->sentence = say(out, r->a);
}

static const char *name_act(const struct run *r, const struct readiness_advice *d,
	const struct api_readiness_vehicle *v)
{
	const struct grid_tree *t = r->sim.in.plan->tree;

	switch (d->act) {
	case READINESS_EARLIER:
		return arena_printf(r->a, "plug %s in an hour earlier", v->vehicle);
	case READINESS_FIRST:
		return arena_printf(r->a, "give %s priority over all others", v->vehicle);
	case READINESS_BAY:
		return arena_printf(r->a, "plug it in at %s, which is free",
			grid_tree_node(t, grid_tree_evse_node(t, d->evse))->id);
	case READINESS_ROOM:
		return arena_printf(
			r->a, "give %s a tenth more power", grid_tree_node(t, d->node)->id);
	default:
		return NULL;
	}
}

static int advise(struct run *r, int i, struct api_readiness_vehicle *v)
{
	struct readiness_advice d;

	/* Before anybody moves vans for a guess. */
	if (charge_by_is_guess(v->need_by)) {
		v->action = "enter what it needs, or connect its telematics";
		return 0;
	}
	if (readiness_advise(&r->sim.in, i, r->sim.met[i], &d))
		return -1;
	if (d.act == READINESS_NOTHING)
		return 0;
	v->action = name_act(r, &d, v);
	v->has_action_probability = true;
	v->action_probability = (double)d.met / r->sim.in.samples;
	return 0;
}

static int least_first(const void *a, const void *b)
{
	const struct api_readiness_vehicle *x = a, *y = b;

	if (x->probability != y->probability)
		return x->probability < y->probability ? -1 : 1;
	return strcmp(x->vehicle, y->vehicle);
}

/* Places of the vehicles that advice is for: the one that was asked for, or the least likely. */
static int fill_all(struct run *r)
{
	struct api_readiness *out = &r->x->out;
	const char *only = r->x->vehicle;
	size_t n = (size_t)r->sim.in.plan->n;
	bool *done = arena_alloc(r->a, n + 1);

	out->vehicles.items = arena_alloc(r->a, (n + 1) * sizeof *out->vehicles.items);
	if (!out->vehicles.items || !done)
		return -1;
	for (int k = 0; k < ADVISED; k++) {
		int worst = -1;

		for (size_t i = 0; i < n; i++)
			if (!done[i] &&
				(!only || strcmp(only, r->x->plan.record.snapshot->vehicles.items[i]
							       .id) == 0) &&
				r->sim.met[i] * 100 < SAFE_PCT * r->sim.in.samples &&
				(worst < 0 || r->sim.met[i] < r->sim.met[worst]))
				worst = (int)i;
		if (worst < 0)
			break;
		done[worst] = true;
	}
	for (size_t i = 0; i < n; i++) {
		struct api_readiness_vehicle *v = &out->vehicles.items[out->vehicles.count];

		fill(r, i, v);
		if (only && strcmp(only, v->vehicle) != 0)
			continue;
		if (done[i] && advise(r, (int)i, v))
			return -1;
		out->vehicles.count++;
	}
	qsort(out->vehicles.items, out->vehicles.count, sizeof *out->vehicles.items, least_first);
	return 0;
}

static void sum_up(struct run *r)
{
	struct api_readiness *out = &r->x->out;
	int unsafe = 0, n = r->sim.in.plan->n;

	for (int i = 0; i < n; i++)
		unsafe += r->sim.met[i] * 100 < SAFE_PCT * r->sim.in.samples;
	out->plan = r->x->plan.id;
	out->made_at = r->x->plan.made_at;
	out->samples = r->sim.in.samples;
	out->all = (double)r->sim.all / r->sim.in.samples;
	out->sentence = n == 0 ? "No van is in the plan."
			: unsafe == 0
				? arena_printf(r->a, "All of %d are safe; all together %.0f %%.", n,
					  out->all * 100)
				: arena_printf(r->a, "%d of %d %s not safe enough.", unsafe, n,
					  unsafe == 1 ? "is" : "are");
}

static void work(struct db_reader *db, struct ask *k)
{
	struct looking *x = k->state;
	struct run r = {.x = x, .a = k->arena};
	int64_t begin = clock_real_us();

	if (!plan_load(db, x->id, k->arena, &x->plan))
		return;
	x->plan.status = 500;
	if (chances_report_read(db, chances_report_since(clock_wall()), k->arena, &r.told))
		snprintf(x->plan.why, sizeof x->plan.why, "the store cannot be read");
	else if (plan_sim_run(&x->plan.record, x->failures_per_day, k->arena, &r.sim,
			 x->plan.why) == 0 &&
		 fill_all(&r) == 0) {
		sum_up(&r);
		x->ok = true;
	} else if (!x->plan.why[0]) {
		snprintf(x->plan.why, sizeof x->plan.why, "no memory for the answer");
	}
	x->out.solve_us = clock_real_us() - begin;
	plan_sim_finish(&r.sim);
}

/* -- on the loop ------------------------------------------------------------------------------ */

/* What is done now for those who fall short, by the policy of their class. */
static void fill_fallbacks(struct ask *k, struct api_readiness *out)
{
	const struct core *c = k->api->core;

	for (size_t i = 0; i < out->vehicles.count; i++) {
		struct api_readiness_vehicle *v =
			(struct api_readiness_vehicle *)(uintptr_t)&out->vehicles.items[i];
		const struct vehicle *known = fleet_vehicle(&c->fleet, v->vehicle);

		if (known && known->evse &&
			fallback_words(control_fallbacks(c->control), known->evse)[0])
			v->fallback = arena_strdup(k->arena,
				fallback_words(control_fallbacks(c->control), known->evse));
	}
}

static void finish(struct ask *k)
{
	struct looking *x = k->state;

	if (x->ok && !x->id)
		fill_fallbacks(k, &x->out);

	if (!x->ok)
		ask_problem(k, x->plan.status, NULL, "%s", x->plan.why);
	else if (x->vehicle && x->out.vehicles.count == 0)
		ask_problem(k, 404, "vehicle",
			"%.60s is not in that plan: it is neither plugged in nor expected",
			x->vehicle);
	else
		ask_reply(k, 200, &api_readiness_type, &x->out);
}

void readiness_get(struct ask *k)
{
	struct looking *x = arena_alloc(k->arena, sizeof *x);

	if (!x) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	x->vehicle = ask_query(k, "vehicle");
	x->id = ask_query(k, "plan");
	x->failures_per_day = k->api->core->config->trips->charger_failures_per_day;
	k->state = x;
	ask_read_alone(k, work, finish);
}
