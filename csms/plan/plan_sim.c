#include "csms/plan/plan_sim.h"
#include <stdio.h>

#define WORK          24000 /* vehicles times samples */
#define SAMPLES_MOST  400
#define SAMPLES_LEAST 40

static int prepare(
	const struct plan_record *rec, double failures_per_day, struct arena *a, struct plan_sim *s)
{
	const struct plan_input *in = plan_case_input(s->snapshot);
	size_t n = (size_t)in->n, slots = (size_t)in->caps->slots;
	struct readiness_spread *spread = arena_alloc(a, (n + 1) * sizeof *spread);
	int32_t *w = arena_alloc(a, (n * slots + 1) * sizeof *w);
	int samples = WORK / (in->n + 1);

	s->met = arena_alloc(a, (n + 1) * sizeof *s->met);
	if (!spread || !w || !s->met)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct event_plan_snapshot_vehicle *v = &rec->snapshot->vehicles.items[i];

		spread[i] = (struct readiness_spread){v->has_need_spread_wh ? v->need_spread_wh : 0,
			v->has_from_spread_s ? (int32_t)v->from_spread_s : 0};
		if (plan_runs_read(rec->result->rows.items[i].w, (int)slots, &w[i * slots]))
			return -1;
	}
	samples = samples < SAMPLES_LEAST  ? SAMPLES_LEAST
		  : samples > SAMPLES_MOST ? SAMPLES_MOST
					   : samples;
	s->in = (struct readiness_input){
		in, w, spread, failures_per_day, samples, (uint64_t)in->start_ms};
	return 0;
}

int plan_sim_run(const struct plan_record *rec, double failures_per_day, struct arena *a,
	struct plan_sim *out, char why[200])
{
	*out = (struct plan_sim){.snapshot = plan_case_create(rec->snapshot, why)};
	if (!out->snapshot)
		return -1;
	if (prepare(rec, failures_per_day, a, out) == 0 &&
		readiness_run(&out->in, out->met, &out->all) == 0)
		return 0;
	snprintf(why, 200, "no memory for the simulation");
	plan_sim_finish(out);
	return -1;
}

void plan_sim_finish(struct plan_sim *s)
{
	plan_case_destroy(s->snapshot);
	*s = (struct plan_sim){0};
}
