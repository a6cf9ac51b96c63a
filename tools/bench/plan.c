/*
 * What the planner costs in processor time, and what solvers of others take for the same depot.
 *   bench-plan FOLDER BUILD-FOLDER
 * The others are programs of their own: HiGHS (python3-scipy), CLP (bench-clp, built where
 * coinor-libclp-dev is) and LEMON's network simplex (dimacs-solver of liblemon-utils). Who is not
 * installed is left out with a line on stderr.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "scheduler/flow_peak.h"
#include "tools/bench/depot.h"
#include "tools/bench/figure.h"

#define REPEATS 7
#define EVENTS  400

static int failed;

static void complain(const char *what)
{
	fprintf(stderr, "bench-plan: %s\n", what);
	failed = 1;
}

static void check_gap(struct flow *f, const struct flow_input *in)
{
	struct flow_proof *p = flow_certify(f);
	struct flow_fault fault;

	if (!p || p->cost != p->bound)
		complain("a plan is not proved to be the cheapest");
	if (!flow_check(f, in, &fault))
		complain(fault.what);
	flow_proof_destroy(p);
}

/* -- from nothing ----------------------------------------------------------------------------- */

/* Median of several solutions of one depot, each from nothing. */
static double cold_ms(int vehicles, int slots, enum depot_prices prices, double *proof_ms)
{
	double ms[REPEATS] = {0};
	struct depot *d = depot_make(vehicles, slots, prices, 1);

	for (int k = 0; d && k < REPEATS; k++) {
		struct flow *f = flow_create(&d->in);
		double begin = figure_cpu_ms();

		if (!f || flow_solve(f) != 0)
			complain("no plan");
		ms[k] = figure_cpu_ms() - begin;
		begin = figure_cpu_ms();
		if (f && k == 0)
			check_gap(f, &d->in);
		if (k == 0)
			*proof_ms = figure_cpu_ms() - begin;
		flow_destroy(f);
	}
	depot_destroy(d);
	return figure_quantile(ms, REPEATS, 0.5);
}

/* The slowest of three kinds of prices. */
static void bench_cold(int vehicles, int slots, const char *name)
{
	double worst = 0, proof = 0;
	char line[64];

	for (int prices = DEPOT_THREE_RATES; prices <= DEPOT_EACH_SLOT; prices++) {
		double p = 0, ms = cold_ms(vehicles, slots, (enum depot_prices)prices, &p);

		worst = ms > worst ? ms : worst;
		proof = p > proof ? p : proof;
	}
	snprintf(line, sizeof line, "cold_%s_ms", name);
	figure_print_plan(line, worst, "ms");
	snprintf(line, sizeof line, "proof_%s_ms", name);
	figure_print_plan(line, proof, "ms");
}

/* -- one event -------------------------------------------------------------------------------- */

/* By turns a van leaves and another plugs in, a feeder or the site is lowered to 70 % for two hours and
 * let go again; `was` is the depot as it was at first. */
static void make_event(struct depot *d, const struct depot *was, struct flow *f, int k)
{
	bool is_back = k % 2;
	int pair = k / 2, slots = d->in.slots, i = pair * 7 % d->in.n, hours = slots / 12;
	int v = pair % 3 == 1 ? pair * 11 % d->in.nodes : 0;
	int from = pair * 37 % (slots - hours);

	if (pair % 3 == 0) {
		d->vehicles[i].need = is_back ? was->vehicles[i].need : 0;
		flow_set_vehicle(f, i, &d->vehicles[i]);
		return;
	}
	for (int t = from; t < from + hours; t++) {
		int32_t w = was->cap_w[v * slots + t];

		d->cap_w[v * slots + t] = is_back ? w : w / 10 * 7;
		flow_set_cap(f, v, t, t + 1, d->cap_w[v * slots + t]);
	}
}

static void bench_warm(int vehicles, int slots, const char *name)
{
	static double ms[EVENTS];
	struct depot *d = depot_make(vehicles, slots, DEPOT_HOURLY, 1);
	struct depot *was = depot_make(vehicles, slots, DEPOT_HOURLY, 1);
	struct flow *f = d && was ? flow_create(&d->in) : NULL;
	char line[64];

	if (!f || flow_solve(f) != 0) {
		complain("no plan");
	} else {
		for (int k = 0; k < EVENTS; k++) {
			double begin = figure_cpu_ms();

			make_event(d, was, f, k);
			if (flow_solve(f) != 0)
				complain("no plan after an event");
			ms[k] = figure_cpu_ms() - begin;
			if (k % 20 == 0)
				check_gap(f, &d->in);
		}
		snprintf(line, sizeof line, "warm_%s_p99_ms", name);
		figure_print_plan(line, figure_quantile(ms, EVENTS, 0.99), "ms");
	}
	depot_destroy(was);
	flow_destroy(f);
	depot_destroy(d);
}

/* -- demand charge ---------------------------------------------------------------------------- */

/* 1 EUR/kW above a third of the site's limit. */
static void bench_demand(void)
{
	double ms[REPEATS] = {0};
	struct flow_peak p = {.charges = 1};
	struct depot *d = depot_make(1000, 96, DEPOT_HOURLY, 1);

	for (int k = 0; d && k < REPEATS; k++) {
		struct flow *f = flow_create(&d->in);
		double begin = figure_cpu_ms();

		/* Micro-EUR a W, in the flow's unit of micro-EUR/kWh for one W in one slot. */
		p.charge[0].price = 1000 * 4000LL;
		p.charge[0].paid = d->cap_w[0] / 3;
		if (!f || flow_peak_solve(f, &p) != 0 || p.cost != p.bound)
			complain("no proved plan with a demand charge");
		ms[k] = figure_cpu_ms() - begin;
		flow_destroy(f);
	}
	depot_destroy(d);
	figure_print_plan("demand_1000x96_ms", figure_quantile(ms, REPEATS, 0.5), "ms");
	figure_print_plan("demand_1000x96_solves", p.solves, "solves");
}

/* -- memory ----------------------------------------------------------------------------------- */

/* In a process of its own: what it holds at most, its depot included. */
static void bench_memory(void)
{
	struct rusage use;
	int status = 1;
	pid_t child = fork();

	if (child == 0) {
		struct depot *d = depot_make(10000, 288, DEPOT_HOURLY, 1);
		struct flow *f = d ? flow_create(&d->in) : NULL;

		_exit(f && flow_solve(f) == 0 ? 0 : 1);
	}
	if (child < 0 || wait4(child, &status, 0, &use) != child || status != 0)
		complain("no plan of 10,000 vehicles and 288 slots");
	else
		figure_print_plan("rss_10000x288_mb", (double)use.ru_maxrss / 1024, "MB");
}

/* -- solvers of others ------------------------------------------------------------------------ */

struct other {
	const char *name, *program;
	bool is_built; /* lies in the build folder */
	const char *time, *cost; /* what stands before its figures */
	double unit_ms;
};

/* Its time in ms, below 0: it is not there or failed. */
static double ask(const struct other *o, const char *build, const char *file, flow_value cost)
{
	char command[1024], line[256];
	double ms = -1, found = -1;
	FILE *in;

	snprintf(command, sizeof command, "%s%s%s %s 2>&1", o->is_built ? build : "",
		o->is_built ? "/" : "", o->program, file);
	in = popen(command, "r");
	while (in && fgets(line, sizeof line, in)) {
		const char *at = strstr(line, o->time);

		if (at)
			ms = strtod(at + strlen(o->time), NULL) * o->unit_ms;
		at = strstr(line, o->cost);
		if (at)
			found = strtod(at + strlen(o->cost), NULL);
	}
	if (!in || pclose(in) != 0 || ms < 0) {
		fprintf(stderr, "bench-plan: no %s; its ratio is left out\n", o->name);
		return -1;
	}
	if (found - (double)cost > 1e-9 * (double)cost ||
		(double)cost - found > 1e-9 * (double)cost)
		complain("another solver finds another cost");
	return ms;
}

static void bench_others(const char *folder, const char *build)
{
	static const struct other others[] = {
		{"highs", "/usr/bin/python3 tools/bench/highs.py", false, "ms ", "cost ", 1},
		{"clp", "bench-clp", true, "ms ", "cost ", 1},
		{"lemon", "dimacs-solver -long", false,
			"Run NetworkSimplex: u: ", "Min flow cost: ", 1000},
	};
	struct depot *d = depot_make(500, 96, DEPOT_HOURLY, 1);
	double own, proof = 0;
	char file[512], line[64];
	struct flow *f = d ? flow_create(&d->in) : NULL;

	snprintf(file, sizeof file, "%s/depot.min", folder);
	if (!f || flow_solve(f) != 0 || depot_write_dimacs(d, file) != 0) {
		complain("no depot for other solvers");
	} else {
		own = cold_ms(500, 96, DEPOT_HOURLY, &proof);
		figure_print_plan("cold_500x96_ms", own, "ms");
		for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
			double ms = ask(&others[k], build, file, flow_cost(f));

			if (ms < 0)
				continue;
			snprintf(line, sizeof line, "%s_500x96_ms", others[k].name);
			figure_print_plan(line, ms, "ms");
			snprintf(line, sizeof line, "ratio_%s_500x96", others[k].name);
			figure_print_plan(line, ms / own, "times");
		}
		unlink(file);
	}
	flow_destroy(f);
	depot_destroy(d);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: bench-plan FOLDER BUILD-FOLDER\n");
		return 2;
	}
	bench_memory(); /* first: a child begins with what its parent holds */
	bench_cold(1000, 96, "1000x96");
	bench_cold(10000, 96, "10000x96");
	bench_cold(10000, 288, "10000x288");
	bench_warm(1000, 96, "1000x96");
	bench_warm(10000, 96, "10000x96");
	bench_demand();
	bench_others(argv[1], argv[2]);
	return failed;
}
