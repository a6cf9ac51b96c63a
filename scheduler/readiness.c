#include "scheduler/readiness.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS 86400000.0

/* -- chance ----------------------------------------------------------------------------------- */

/* S. Vigna's splitmix64: each draw has a number of its own, so that one more vehicle changes nothing
 * for the others. */
static uint64_t mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

enum draw { DRAW_NEED, DRAW_NEED_2, DRAW_ARRIVE, DRAW_ARRIVE_2, DRAW_FAIL, DRAW_COUNT };

/* In (0, 1). */
static double uniform(const struct readiness_input *in, int sample, int i, enum draw what)
{
	uint64_t n = ((uint64_t)sample * 1000003u + (uint64_t)i) * DRAW_COUNT + what;

	return ((double)(mix(mix(in->seed) ^ n) >> 11) + 0.5) / 9007199254740992.0;
}

/* G. Box and M. Muller, 1958. */
static double normal(const struct readiness_input *in, int sample, int i, enum draw what)
{
	double u = uniform(in, sample, i, what), v = uniform(in, sample, i, what + 1);

	return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

/* -- one sample ------------------------------------------------------------------------------- */

/* Stored by the plan in force until `until_ms`, and never more than is needed. */
static int64_t stored_by(const struct readiness_input *in, int i, int64_t until_ms)
{
	const struct plan_input *p = in->plan;
	int64_t slot_ms = (int64_t)p->slot_s * 1000, w_ms = 0;

	for (int t = 0; t < p->caps->slots; t++) {
		int64_t lasts = t == 0 && p->first_s ? (int64_t)p->first_s * 1000 : slot_ms;
		int64_t ms = until_ms - (p->start_ms + (t + 1) * slot_ms - lasts);

		if (ms <= 0)
			break;
		w_ms += (int64_t)in->w[(size_t)i * (size_t)p->caps->slots + (size_t)t] *
			(ms < lasts ? ms : lasts);
	}
	return w_ms / 3600000 * p->vehicles[i].battery.efficiency_pm / 1000;
}

/* When its charger fails, counted from when it is there; INT64_MAX: not while it matters. */
static int64_t fails_at(
	const struct readiness_input *in, int sample, int i, const struct plan_vehicle *v)
{
	int64_t from = v->from_ms > in->plan->start_ms ? v->from_ms : in->plan->start_ms;
	double days;

	if (in->failures_per_day <= 0)
		return INT64_MAX;
	days = -log(uniform(in, sample, i, DRAW_FAIL)) / in->failures_per_day;
	return days < 40 ? from + (int64_t)(days * DAY_MS) : INT64_MAX;
}

static void draw_vehicle(
	const struct readiness_input *in, int sample, int i, struct plan_vehicle *v)
{
	const struct readiness_spread *s = &in->spread[i];
	int64_t most = v->battery.capacity_wh > 0 ? v->battery.capacity_wh : INT64_MAX / 4;

	if (s->need_wh > 0) {
		int64_t more = (int64_t)((double)s->need_wh * normal(in, sample, i, DRAW_NEED));

		v->need_wh += more;
		v->stored_wh -= more; /* so much less was in it */
	}
	v->need_wh = v->need_wh < 0 ? 0 : v->need_wh > most ? most : v->need_wh;
	v->stored_wh = v->stored_wh < 0 ? 0 : v->stored_wh > most ? most : v->stored_wh;
	if (s->arrive_s > 0 && v->from_ms > in->plan->start_ms)
		v->from_ms +=
			(int64_t)((double)s->arrive_s * 1000 * normal(in, sample, i, DRAW_ARRIVE));
}

struct sample {
	struct plan_vehicle *v;
	int64_t *missing; /* [vehicle] for certain, whatever is planned: its charger fails */
};

static void draw(const struct readiness_input *in, int sample, struct sample *out)
{
	const struct plan_input *p = in->plan;
	int64_t end = p->start_ms + (int64_t)p->caps->slots * p->slot_s * 1000;

	memcpy(out->v, p->vehicles, (size_t)p->n * sizeof *out->v);
	for (int i = 0; i < p->n; i++) {
		struct plan_vehicle *v = &out->v[i];
		int64_t fails, leaves = v->depart_ms > p->start_ms ? v->depart_ms : end, got;

		draw_vehicle(in, sample, i, v);
		out->missing[i] = 0;
		fails = fails_at(in, sample, i, v);
		if (fails >= leaves)
			continue;
		got = stored_by(in, i, fails);
		if (got < v->need_wh) {
			out->missing[i] = v->need_wh - got;
			v->need_wh = got;
		}
	}
}

static int run_one(const struct readiness_input *in, struct sample *s, int *met, int *all)
{
	struct plan_input p = *in->plan;
	struct plan *made;
	bool is_all = true;

	p.vehicles = s->v;
	p.prices = NULL; /* what it costs does not matter once something went wrong, */
	p.calm_pm = 0; /* nor how often it pauses */
	p.is_sample = true;
	made = plan_solve(&p);
	if (!made)
		return -1;
	for (int i = 0; i < p.n; i++) {
		bool ok = made->outcome[i].short_wh + s->missing[i] <= READINESS_SLACK_WH;

		met[i] += ok;
		is_all = is_all && ok;
	}
	*all += is_all;
	plan_destroy(made);
	return 0;
}

int readiness_run(const struct readiness_input *in, int *met, int *all)
{
	size_t n = (size_t)in->plan->n;
	struct sample s = {calloc(n + 1, sizeof *s.v), calloc(n + 1, sizeof *s.missing)};
	int rc = s.v && s.missing && in->samples > 0 && in->samples <= READINESS_SAMPLES_MAX ? 0
											     : -1;

	memset(met, 0, n * sizeof *met);
	*all = 0;
	for (int k = 0; rc == 0 && k < in->samples; k++) {
		draw(in, k, &s);
		rc = run_one(in, &s, met, all);
	}
	free(s.v);
	free(s.missing);
	return rc;
}
