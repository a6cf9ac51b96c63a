#include "tools/bench/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "scheduler/limits.h"

#define ROUNDS      6
#define BREACH_W    10000.0 /* over the limit; with its margin some thirty vans go down */
#define ENOUGH_W    1000000.0 /* flows before the first breach */
#define RISE_S      90
#define EVAL_GROUPS 2000
#define EVAL_EVSES  10000
#define EVAL_TIMES  10

static int report(struct crowd *c, double seconds)
{
	struct crowd_run run = {.job = JOB_EVENT, .window = 50, .seconds = seconds};

	return crowd_run(c, &run);
}

/* What flows is what the stations draw; the rest of the site is still. */
static int follow(struct crowd *c, struct meter *m, double seconds)
{
	meter_say(m, crowd_power_w(c) + 1000);
	return report(c, seconds);
}

int guard_breaches(struct crowd *c, struct meter *m, double limit_w, struct histogram *out)
{
	for (int i = 0; crowd_power_w(c) < ENOUGH_W; i++)
		if (i == RISE_S || follow(c, m, 1)) {
			fprintf(stderr, "bench: after %d s only %.0f kW flow\n", i,
				crowd_power_w(c) / 1000);
			return -1;
		}
	for (int i = 0; i < ROUNDS; i++) {
		if (follow(c, m, 0.4))
			return -1;
		meter_say(m, limit_w + BREACH_W + i);
		crowd_watch(c, 0.6, m, out);
	}
	return 0;
}

/* -- the tree alone --------------------------------------------------------------------------- */

static struct grid_tree *make_tree(struct grid_row *row, char (*id)[16])
{
	struct grid_error err;
	int n = EVAL_GROUPS + EVAL_EVSES;

	for (int i = 0; i < n; i++) {
		bool is_evse = i >= EVAL_GROUPS;

		snprintf(id[i], sizeof id[i], "n%d", i);
		row[i] = (struct grid_row){.id = id[i],
			.parent = i ? id[is_evse ? i % EVAL_GROUPS : (i - 1) / 4] : NULL,
			.kind = is_evse ? GRID_EVSE : GRID_FEEDER,
			.rated = !is_evse,
			.rating_w = is_evse ? 0 : 60000,
			.max_w = is_evse ? 22000 : 0};
		if (!is_evse)
			row[i].electric =
				(struct grid_electric){.phase_ma = 80000, .imbalance_ma = 20000};
		else
			row[i].electric.sixths[i % 3] = 6;
	}
	return grid_tree_create(row, n, &err);
}

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

double guard_eval_10k_ms(void)
{
	size_t n = EVAL_GROUPS + EVAL_EVSES;
	struct grid_row *row = calloc(n, sizeof *row);
	char(*id)[16] = calloc(n, sizeof *id);
	int32_t *w = calloc(EVAL_EVSES, sizeof *w);
	struct grid_load *sum = calloc(n, sizeof *sum);
	struct grid_tree *t = row && id && w && sum ? make_tree(row, id) : NULL;
	struct grid_limits *l = t ? grid_limits_create(t) : NULL;
	struct grid_over over[16];
	double best = -1;

	for (int i = 0; w && i < EVAL_EVSES; i++)
		w[i] = i % 7360;
	for (int i = 0; l && i < EVAL_TIMES; i++) {
		double begin = cpu_ms(), took;

		grid_tree_eval(t, l, w, NULL, sum, over, 16);
		took = cpu_ms() - begin;
		best = best < 0 || took < best ? took : best;
	}
	grid_limits_destroy(l);
	grid_tree_destroy(t);
	free(row);
	free(id);
	free(w);
	free(sum);
	return best;
}
