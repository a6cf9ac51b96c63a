/* Chances that were told of departures, held against what happened: csms/vehicles/chances_report.h. */
#include "csms/api/ask.h"
#include "csms/api/handlers_fleet.h"
#include "csms/clock.h"
#include "csms/vehicles/chances_report.h"
#include "scheduler/readiness.h"

struct looking {
	wall_t since;
	struct chances_report report;
	int rc;
};

static void work(struct db_reader *r, struct ask *k)
{
	struct looking *x = k->state;

	x->rc = chances_report_read(r, x->since, k->arena, &x->report);
}

static void fill_bin(
	struct ask *k, const struct chances_report *p, int i, struct api_chance_bin *out)
{
	const struct calibration_bin *b = &p->bins[i];
	struct text t;

	*out = (struct api_chance_bin){
		.from = (double)calibration_from_pm[i] / CALIBRATION_WHOLE,
		.to = (double)calibration_from_pm[i + 1] / CALIBRATION_WHOLE,
		.departures = b->count,
		.unknown = b->unknown,
		.believed = calibration_judge(b) == CALIBRATION_TRUE,
	};
	text_init(&t, 190);
	chances_say_bin(&t, p, i);
	out->sentence = ask_words(k, &t);
	if (b->count == 0)
		return;
	out->has_told_mean = out->has_ready = out->has_low = out->has_high = true;
	out->told_mean = (double)b->told_pm / b->count / CALIBRATION_WHOLE;
	out->ready = (double)b->ready / b->count;
	calibration_interval(b->ready, b->count, &out->low, &out->high);
}

static void finish(struct ask *k)
{
	const struct looking *x = k->state;
	struct api_chance_bin *bins = arena_alloc(k->arena, CALIBRATION_BINS * sizeof *bins);
	struct api_chances out = {.since = x->since,
		.model = READINESS_MODEL,
		.least = CALIBRATION_LEAST,
		.departures = x->report.departures,
		.waiting = x->report.waiting,
		.unknown = x->report.unknown,
		.partial = x->report.is_partial,
		.bins = {CALIBRATION_BINS, bins}};
	struct text t;

	if (x->rc || !bins) {
		ask_problem(k, 503, NULL, "what was told cannot be read now: try again");
		return;
	}
	for (int i = 0; i < CALIBRATION_BINS; i++)
		fill_bin(k, &x->report, i, &bins[i]);
	text_init(&t, 190);
	chances_say(&t, &x->report);
	out.sentence = ask_words(k, &t);
	ask_reply(k, 200, &api_chances_type, &out);
}

void chances_get(struct ask *k)
{
	struct looking *x = arena_alloc(k->arena, sizeof *x);

	if (!x) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	x->since = chances_report_since(clock_wall());
	if (!ask_time(k, "since", &x->since))
		return;
	k->state = x;
	ask_read(k, work, finish);
}
