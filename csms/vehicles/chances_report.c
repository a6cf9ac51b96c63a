#include "csms/vehicles/chances_report.h"
#include <math.h>
#include <string.h>
#include "csms/clock.h"
#include "scheduler/readiness.h"

#define DAY_MS   INT64_C(86400000)
#define SINCE_MS (180 * DAY_MS)
#define OVER_MS  (DAY_MS / 4) /* how it ended is known by then, or never */

wall_t chances_report_since(wall_t now)
{
	return wall_add_ms(now, -SINCE_MS);
}

static bool is_same(const struct db_chance *a, const struct db_chance *b)
{
	return a->departs.ms == b->departs.ms && strcmp(a->vehicle, b->vehicle) == 0;
}

static bool is_waiting(const struct db_chance *x, wall_t now)
{
	return !x->is_over && x->departs.ms + OVER_MS > now.ms;
}

static void count(struct calibration_bin *b, const struct db_chance *x)
{
	if (!x->has_ready) {
		b->unknown++;
		return;
	}
	b->count++;
	b->ready += x->ready;
	b->told_pm += x->chance_pm;
}

void chances_report_add(struct chances_report *p, const struct db_chance_list *list, wall_t now)
{
	bool seen[CALIBRATION_BINS];

	for (size_t i = 0; i < list->count; i++) {
		const struct db_chance *x = &list->items[i];
		int bin = calibration_bin_of((int)x->chance_pm);

		if (i == 0 || !is_same(x, &list->items[i - 1])) {
			memset(seen, 0, sizeof seen);
			p->departures++;
			p->waiting += is_waiting(x, now);
			p->unknown += !is_waiting(x, now) && !x->has_ready;
		}
		if (!seen[bin] && !is_waiting(x, now))
			count(&p->bins[bin], x);
		seen[bin] = true;
	}
	p->is_partial = p->is_partial || list->count >= DB_CHANCES_MOST;
}

int chances_report_read(
	struct db_reader *r, wall_t since, struct arena *a, struct chances_report *out)
{
	struct db_chance_list list;

	*out = (struct chances_report){0};
	if (db_query_chances(r, since, READINESS_MODEL, a, &list))
		return -1;
	chances_report_add(out, &list, clock_wall());
	return 0;
}

bool chances_believed(const struct chances_report *p, double chance)
{
	int bin = calibration_bin_of((int)(chance * CALIBRATION_WHOLE + 1e-6));

	return calibration_judge(&p->bins[bin]) == CALIBRATION_TRUE;
}

/* -- words ------------------------------------------------------------------------------------ */

void chances_say_bin(struct text *t, const struct chances_report *p, int bin)
{
	static const char *const verdicts[] = {
		[CALIBRATION_TRUE] = "The chance may be believed.",
		[CALIBRATION_BOLD] = "The chance says too much.",
		[CALIBRATION_SHY] = "The chance says too little.",
	};
	const struct calibration_bin *b = &p->bins[bin];
	enum calibration_verdict verdict = calibration_judge(b);

	if (verdict == CALIBRATION_FEW) {
		text_printf(t, "Not enough nights yet: %d of %d departures.", b->count,
			CALIBRATION_LEAST);
		return;
	}
	text_printf(t, "Of %d departures told %d to %d %%, %.0f %% were ready. %s", b->count,
		calibration_from_pm[bin] / 10, calibration_from_pm[bin + 1] / 10,
		100.0 * b->ready / b->count, verdicts[verdict]);
}

void chances_say(struct text *t, const struct chances_report *p)
{
	int fullest = CALIBRATION_BINS - 1;

	for (int i = 0; i < CALIBRATION_BINS; i++)
		if (p->bins[i].count > p->bins[fullest].count)
			fullest = i;
	chances_say_bin(t, p, fullest);
}
