/*
 * What the phase plan costs in processor time, how near it is proved to be, and what HiGHS takes for
 * the same linear problem.
 *   bench-phases FOLDER
 *   bench-phases FOLDER VEHICLES SHARE-PERCENT IMBALANCE-W TIGHTNESS SEED   one depot, in words
 * HiGHS comes with python3-scipy; without it that figure is left out with a line on stderr.
 */
#include <stdio.h>
#include <stdlib.h>
#include "tests/unit/phase_depots.h"
#include "tools/bench/figure.h"

#define SEEDS  7
#define EVENTS 200

static int failed;
static int violations;

/* A plan that breaks a limit is no plan: it is counted, and fails the run. */
static void check(const struct phase_plan *p, const struct phase_depot *d)
{
	struct phase_fault fault;

	if (phase_plan_check(p, &d->in, &fault))
		return;
	if (!violations++)
		fprintf(stderr, "bench-phases: %s: node %d, slot %d: %lld, not %lld\n", fault.what,
			fault.node, fault.slot, (long long)fault.got, (long long)fault.limit);
	failed = 1;
}

static double solve(struct phase_plan *p, const struct phase_depot *d, int iterations, int gap_ppm)
{
	const struct phase_effort effort = {.iterations = iterations, .gap_ppm = gap_ppm};
	double began = figure_cpu_ms(), took;

	if (phase_plan_solve(p, &effort) != 0) {
		fprintf(stderr, "bench-phases: no plan\n");
		failed = 1;
	}
	took = figure_cpu_ms() - began;
	check(p, d);
	return took;
}

static struct phase_depot_kind kind_of(int n, int share_pct, int imbalance_w, uint64_t seed)
{
	return (struct phase_depot_kind){.seed = seed,
		.n = n,
		.slots = 96,
		.share_pct = share_pct,
		.imbalance_w = imbalance_w,
		.tightness = 1.25,
		.parts = 1};
}

/* From nothing to a plan that is proved to be within 0.1 %: building counts. */
static void measure_cold(void)
{
	double ms[SEEDS], gap[SEEDS];

	for (int k = 0; k < SEEDS; k++) {
		struct phase_depot_kind kind = kind_of(500, 30, 0, (uint64_t)k + 1);
		struct phase_depot d;
		struct phase_plan *p;

		phase_depot_make(&d, &kind);
		ms[k] = figure_cpu_ms();
		p = phase_plan_create(&d.in);
		ms[k] = figure_cpu_ms() - ms[k];
		ms[k] += solve(p, &d, 6400, 1000);
		gap[k] = phase_plan_gap_ppm(p);
		phase_plan_destroy(p);
		phase_depot_finish(&d);
	}
	figure_print_plan("phases_500x96_ms", figure_quantile(ms, SEEDS, 0.5), "ms");
	figure_print_plan("phases_500x96_most_ms", figure_quantile(ms, SEEDS, 1), "ms");
	figure_print_plan("phases_500x96_gap_ppm", figure_quantile(gap, SEEDS, 1), "ppm");
}

/* A vehicle leaves or changes its mind, or a limit falls: the plan at once, and some more after it. */
static void measure_events(void)
{
	struct phase_depot_kind kind = kind_of(500, 30, 0, 1);
	double ms[EVENTS], after[EVENTS], gap[EVENTS];
	struct phase_depot d;
	struct phase_plan *p;

	phase_depot_make(&d, &kind);
	p = phase_plan_create(&d.in);
	solve(p, &d, 800, 0);
	for (int k = 0; k < EVENTS; k++) {
		phase_depot_change(&d, p);
		ms[k] = solve(p, &d, 0, 0);
		after[k] = solve(p, &d, 100, 100);
		gap[k] = phase_plan_gap_ppm(p);
	}
	figure_print_plan("phases_event_500x96_p50_ms", figure_quantile(ms, EVENTS, 0.5), "ms");
	figure_print_plan("phases_event_500x96_p99_ms", figure_quantile(ms, EVENTS, 0.99), "ms");
	figure_print_plan(
		"phases_event_after_500x96_p50_ms", figure_quantile(after, EVENTS, 0.5), "ms");
	figure_print_plan("phases_event_gap_p50_ppm", figure_quantile(gap, EVENTS, 0.5), "ppm");
	figure_print_plan("phases_event_gap_p99_ppm", figure_quantile(gap, EVENTS, 0.99), "ppm");
	phase_plan_destroy(p);
	phase_depot_finish(&d);
}

/* -- HiGHS ------------------------------------------------------------------------------------ */

static void write_vehicle(FILE *f, const struct phase_vehicle *v)
{
	fprintf(f, "%d %d %d %d %lld %d", v->flow.node, v->flow.from, v->flow.to, v->flow.max_w,
		(long long)v->flow.need, v->flow.tier[0].price);
	for (int a = 0; a < 3; a++)
		fprintf(f, " %d", v->sixths[a]);
	fputc('\n', f);
}

/* For tools/bench/phases.py: numbers only. */
static void write_depot(const struct phase_depot *d, FILE *f)
{
	const struct phase_input *in = &d->in;

	fprintf(f, "%d %d %d\n", in->n, in->slots, in->nodes);
	for (int v = 0; v < in->nodes; v++)
		fprintf(f, "%d ", in->parent[v]);
	for (int t = 0; t < in->slots; t++)
		fprintf(f, "\n%d %d %d %d %d", in->price[t].price,
			in->imbalance_w ? in->imbalance_w[t] : FLOW_POWER_MAX, in->other_w[t][0],
			in->other_w[t][1], in->other_w[t][2]);
	for (int k = 0; k < in->nodes * in->slots; k++)
		fprintf(f, "\n%d %d %d %d", in->limit_w[k][0], in->limit_w[k][1], in->limit_w[k][2],
			in->limit_w[k][3]);
	fputc('\n', f);
	for (int i = 0; i < in->n; i++)
		write_vehicle(f, &in->vehicles[i]);
}

/* Cost of the linear problem and the time of its solver. False: there is no HiGHS here. */
static bool ask_highs(const struct phase_depot *d, const char *folder, double *cost, double *ms)
{
	char path[512], command[600];
	FILE *f;
	bool ok;

	snprintf(path, sizeof path, "%s/phases.txt", folder);
	f = fopen(path, "w");
	if (!f)
		return false;
	write_depot(d, f);
	fclose(f);
	snprintf(command, sizeof command, "python3 tools/bench/phases.py '%s'", path);
	f = popen(command, "r");
	if (!f)
		return false;
	ok = fscanf(f, "%lf %lf", cost, ms) == 2;
	return pclose(f) == 0 && ok;
}

static void compare(const char *folder)
{
	struct phase_depot_kind kind = kind_of(500, 30, 0, 1);
	struct phase_depot d;
	struct phase_plan *p;
	double cost, ms, own;

	phase_depot_make(&d, &kind);
	p = phase_plan_create(&d.in);
	own = solve(p, &d, 6400, 1000);
	if (ask_highs(&d, folder, &cost, &ms)) {
		figure_print_plan("phases_highs_500x96_ms", ms, "ms");
		figure_print_plan("phases_ratio_highs_500x96", ms / own, "x");
		figure_print_plan("phases_over_highs_500x96_ppm",
			((double)phase_plan_cost(p) / cost - 1) * 1e6, "ppm");
	} else {
		fprintf(stderr, "bench-phases: no python3 with scipy here: HiGHS left out\n");
	}
	phase_plan_destroy(p);
	phase_depot_finish(&d);
}

/* One depot, step by step, for docs/planning.md. */
static void show(const char *folder, char **arg)
{
	struct phase_depot_kind kind =
		kind_of(atoi(arg[0]), atoi(arg[1]), atoi(arg[2]), (uint64_t)atoi(arg[4]));
	struct phase_depot d;
	struct phase_plan *p;
	double cost = 0, ms = 0, total;
	bool has_highs;

	kind.tightness = atof(arg[3]);
	phase_depot_make(&d, &kind);
	has_highs = ask_highs(&d, folder, &cost, &ms);
	p = phase_plan_create(&d.in);
	total = solve(p, &d, 0, 0);
	if (has_highs)
		printf("HiGHS %.0f ms, cost %.6g\n", ms, cost);
	for (int done = 0, more; done <= 6400; done += more) {
		printf("%5d iterations %8.2f ms: proved %7d ppm", done, total,
			phase_plan_gap_ppm(p));
		if (has_highs)
			printf(", above HiGHS %9.1f ppm",
				((double)phase_plan_cost(p) / cost - 1) * 1e6);
		printf("\n");
		more = done ? done : 100;
		total += solve(p, &d, more, 0);
	}
	phase_plan_destroy(p);
	phase_depot_finish(&d);
}

int main(int argc, char **argv)
{
	if (argc != 2 && argc != 7) {
		fprintf(stderr, "bench-phases FOLDER [VEHICLES SHARE-PERCENT IMBALANCE-W TIGHTNESS "
				"SEED]\n");
		return 2;
	}
	if (argc == 7) {
		show(argv[1], argv + 2);
		return failed;
	}
	measure_cold();
	measure_events();
	compare(argv[1]);
	figure_print_plan("phases_violations", violations, "plans");
	return failed;
}
