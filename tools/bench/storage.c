/*
 * What the storage planner costs in processor time, how near it is proved to be, what HiGHS takes for
 * the same linear problem, and what is lost when its batteries are frozen in whole W and the flow
 * planner plans all others.
 *   bench-storage FOLDER
 *   bench-storage FOLDER VEHICLES   one depot of another size, in words
 * HiGHS comes with python3-scipy; without it that figure is left out with a line on stderr.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "scheduler/flow_peak.h"
#include "scheduler/storage.h"
#include "tools/bench/depot.h"
#include "tools/bench/figure.h"

#define SLOTS   96
#define REPEATS 3
#define PI      3.14159265358979323846
#define MISSING 2000000 /* 2 EUR/kWh */
#define CHARGE  (4 * 1000 * 4000LL) /* 4 EUR/kW, in micro-EUR/kWh and W·slot */

static int failed;

static void complain(const char *what)
{
	fprintf(stderr, "bench-storage: %s\n", what);
	failed = 1;
}

/* -- the depot -------------------------------------------------------------------------------- */

struct place {
	struct depot *depot;
	struct storage_input in;
	struct storage_device *devices;
	int32_t load_w[SLOTS], feed_price[SLOTS];
};

/* Every fourth vehicle gives back: down to 15 kWh below what it came with, 30 kWh if it is large. */
static void make_vehicle(struct storage_device *to, const struct flow_vehicle *v, bool gives)
{
	int64_t spare = (v->max_w > 22000 ? 30000 : 15000) * 4;

	*to = (struct storage_device){.node = v->node,
		.from = v->from,
		.to = v->to,
		.charge_w = v->max_w,
		.discharge_w = gives ? v->max_w : 0,
		.charge_pm = 950,
		.discharge_pm = 947,
		.stored = spare,
		.full = 2 * spare + v->need,
		.need = spare + v->need * 95 / 100,
		.missing = MISSING,
		.wear = 20000};
}

/* At the root: 15 % of a day's need, full in two hours; it ends as it began. */
static struct storage_device battery_of(double need_wh)
{
	int64_t full = (int64_t)(need_wh * 0.15 * 4);
	int32_t w = (int32_t)(need_wh * 0.15 / 2);

	return (struct storage_device){.to = SLOTS,
		.charge_w = w,
		.discharge_w = w,
		.charge_pm = 950,
		.discharge_pm = 947,
		.stored = full / 2,
		.full = full,
		.need = full / 2,
		.missing = MISSING,
		.wear = 5000};
}

static void make_site(struct place *p, double need_wh)
{
	double mean = need_wh / 24, most = 0;

	for (int t = 0; t < SLOTS; t++) {
		double hour = fmod(12 + t / 4.0, 24), sun = sin((hour - 6) * PI / 12);

		p->load_w[t] = (int32_t)(mean * 0.35 * (0.6 + 0.4 * sin((hour - 8) * PI / 12)) -
					 mean * 0.5 * (sun > 0 ? sun : 0));
		p->feed_price[t] = p->depot->price[t].price * 6 / 10;
		most = fmax(most, p->load_w[t] + p->depot->cap_w[t]);
	}
	p->in.charges = 1;
	p->in.charge[0] = (struct storage_charge){NULL, (int32_t)(most / 2), CHARGE};
}

static int make_place(struct place *p, int vehicles)
{
	struct depot *d = depot_make(vehicles, SLOTS, DEPOT_HOURLY, 1);
	double need_wh = 0;

	memset(p, 0, sizeof *p);
	p->depot = d;
	p->devices = calloc((size_t)vehicles + 1, sizeof *p->devices);
	if (!d || !p->devices)
		return -1;
	for (int i = 0; i < vehicles; i++) {
		make_vehicle(&p->devices[i], &d->vehicles[i], i % 4 == 1);
		need_wh += (double)d->vehicles[i].need / 4;
	}
	p->devices[vehicles] = battery_of(need_wh);
	p->in = (struct storage_input){.slots = SLOTS,
		.nodes = d->in.nodes,
		.parent = d->parent,
		.cap_w = d->cap_w,
		.feed_w = d->cap_w,
		.load_w = p->load_w,
		.parts = 1,
		.price = d->price,
		.feed_price = p->feed_price,
		.n = vehicles + 1,
		.devices = p->devices};
	make_site(p, need_wh);
	return 0;
}

static void finish_place(struct place *p)
{
	depot_destroy(p->depot);
	free(p->devices);
}

/* -- memory ----------------------------------------------------------------------------------- */

struct heap {
	void *taken[4096];
	int n;
};

static void *take(void *arg, size_t bytes)
{
	struct heap *h = arg;

	if (h->n == (int)(sizeof h->taken / sizeof *h->taken))
		return NULL;
	return h->taken[h->n++] = malloc(bytes);
}

static void let_go(struct heap *h)
{
	while (h->n > 0)
		free(h->taken[--h->n]);
}

/* -- frozen ----------------------------------------------------------------------------------- */

/* The whole plan's cost, when the flow planner plans all that cannot give back. Below 0: no plan. */
static double plan_others(const struct place *p, const int32_t *whole, double *w)
{
	const struct storage_input *in = &p->in;
	size_t cells = (size_t)in->nodes * SLOTS;
	int32_t *cap = calloc(cells, sizeof *cap), load[SLOTS];
	struct flow_vehicle *v = calloc((size_t)in->n, sizeof *v);
	int64_t other[SLOTS];
	struct flow_part part[SLOTS][2];
	struct flow_peak peak = {.load = other, .charges = 1};
	struct flow *f = NULL;
	double cost = -1;

	if (cap && v) {
		storage_freeze(in, whole, cap, load);
		for (int t = 0; t < SLOTS; t++) {
			part[t][0] =
				(struct flow_part){p->feed_price[t], load[t] < 0 ? -load[t] : 0};
			part[t][1] = (struct flow_part){in->price[t].price, FLOW_POWER_MAX};
			other[t] = load[t];
		}
		for (int i = 0; i < in->n; i++) {
			const struct storage_device *d = &in->devices[i];
			int64_t need = d->discharge_w ? 0 : (d->need - d->stored) * 1000;

			v[i] = (struct flow_vehicle){d->node, d->from, d->to, d->charge_w, NULL,
				NULL, (need + d->charge_pm - 1) / d->charge_pm, 1,
				{{INT64_MAX, MISSING}}, 0};
		}
		peak.charge[0] = (struct flow_charge){NULL, in->charge[0].paid_w, CHARGE};
		f = flow_create(&(struct flow_input){
			SLOTS, in->nodes, in->parent, cap, 2, *part, in->n, v, 1, 0});
	}
	if (f && flow_peak_solve(f, &peak) == 0) {
		for (int i = 0; i < in->n; i++)
			for (int t = 0; t < SLOTS; t++)
				w[i * SLOTS + t] = in->devices[i].discharge_w ? whole[i * SLOTS + t]
									      : flow_w(f, i, t);
		cost = storage_reckon(in, w);
	}
	flow_destroy(f);
	free(cap);
	free(v);
	return cost;
}

/* -- HiGHS ------------------------------------------------------------------------------------ */

/* For tools/bench/storage.py: numbers only. */
static void write_place(const struct place *p, FILE *f)
{
	const struct storage_input *in = &p->in;

	fprintf(f, "%d %d %d %d %lld\n", in->n, SLOTS, in->nodes, in->charge[0].paid_w,
		(long long)in->charge[0].price);
	for (int v = 0; v < in->nodes; v++)
		fprintf(f, "%d ", in->parent[v]);
	for (int t = 0; t < SLOTS; t++)
		fprintf(f, "\n%d %d %d", in->price[t].price, in->feed_price[t], in->load_w[t]);
	for (int k = 0; k < in->nodes * SLOTS; k++)
		fprintf(f, "\n%d %d", in->cap_w[k], in->feed_w[k]);
	for (int i = 0; i < in->n; i++) {
		const struct storage_device *d = &in->devices[i];

		fprintf(f, "\n%d %d %d %d %d %d %d %lld %lld %lld %lld %d %d", d->node, d->from,
			d->to, d->charge_w, d->discharge_w, d->charge_pm, d->discharge_pm,
			(long long)d->stored, (long long)d->full, (long long)d->least,
			(long long)d->need, d->missing, d->wear);
	}
	fputc('\n', f);
}

/* Cost of the linear problem and the time of its solver. False: there is no HiGHS here, or it did not
 * finish. */
static bool ask_highs(const struct place *p, const char *folder, double *cost, double *ms)
{
	char path[512], command[600];
	FILE *f;
	bool ok;

	snprintf(path, sizeof path, "%s/storage.txt", folder);
	f = fopen(path, "w");
	if (!f)
		return false;
	write_place(p, f);
	fclose(f);
	snprintf(command, sizeof command, "/usr/bin/python3 tools/bench/storage.py '%s'", path);
	f = popen(command, "r");
	if (!f)
		return false;
	ok = fscanf(f, "%lf %lf", cost, ms) == 2;
	return pclose(f) == 0 && ok;
}

/* -- figures ---------------------------------------------------------------------------------- */

struct outcome {
	double seconds, gap, cost, bound, frozen; /* frozen: cost of the whole plan in whole W */
	int iterations;
};

static void check(const struct storage_input *in, const double *w, double slack)
{
	struct storage_fault fault;

	if (!storage_check(in, w, slack, &fault))
		complain(fault.what);
}

static void solve(const struct place *p, struct outcome *out)
{
	static struct heap heap;
	const struct storage_memory memory = {take, &heap};
	size_t cells = (size_t)p->in.n * SLOTS;
	double *w = calloc(cells, sizeof *w), began = figure_cpu_ms();
	int32_t *whole = calloc(cells, sizeof *whole);
	struct storage *s = storage_create(&p->in, &memory);

	if (!s || !w || !whole) {
		complain("no memory");
	} else {
		out->iterations = storage_solve(s, &(struct storage_effort){0});
		out->seconds = (figure_cpu_ms() - began) / 1000;
		out->gap = storage_gap(s);
		out->cost = storage_cost(s);
		out->bound = storage_bound(s);
		for (size_t k = 0; k < cells; k++)
			w[k] = storage_w(s, (int)(k / SLOTS), (int)(k % SLOTS));
		check(&p->in, w, 1e-3);
		if (fabs(storage_reckon(&p->in, w) - out->cost) > 1e-9 * fabs(out->cost))
			complain("its cost is another one");
		storage_round(s, whole);
		out->frozen = plan_others(p, whole, w);
		check(&p->in, w, 2);
	}
	let_go(&heap);
	free(w);
	free(whole);
}

static void measure(const char *folder)
{
	struct outcome o[REPEATS] = {{0}};
	double seconds[REPEATS], cost, ms, own;
	struct place p;

	if (make_place(&p, 1000) != 0) {
		complain("no memory");
		return;
	}
	for (int k = 0; k < REPEATS; k++) {
		solve(&p, &o[k]);
		seconds[k] = o[k].seconds;
		if (!(o[k].gap <= 1e-6))
			complain("not proved");
	}
	own = figure_quantile(seconds, REPEATS, 0.5);
	figure_print_plan("storage_1000x96_s", own, "s");
	figure_print_plan("storage_1000x96_gap_ppb", o[0].gap * 1e9, "ppb");
	figure_print_plan("storage_1000x96_iterations", o[0].iterations, "iterations");
	figure_print_plan("storage_frozen_gap_ppm", (o[0].frozen / o[0].bound - 1) * 1e6, "ppm");
	if (ask_highs(&p, folder, &cost, &ms)) {
		figure_print_plan("storage_highs_1000x96_s", ms / 1000, "s");
		figure_print_plan("storage_ratio_highs_1000x96", ms / 1000 / own, "x");
		figure_print_plan("storage_over_highs_ppb", (o[0].cost / cost - 1) * 1e9, "ppb");
		if (fabs(o[0].cost / cost - 1) > 1e-6)
			complain("HiGHS finds another cost");
	} else {
		fprintf(stderr, "bench-storage: no HiGHS, or it took too long: left out\n");
	}
	finish_place(&p);
}

static void show(const char *folder, int vehicles)
{
	struct outcome o = {0};
	double cost, ms;
	struct place p;

	if (make_place(&p, vehicles) != 0) {
		complain("no memory");
		return;
	}
	solve(&p, &o);
	printf("%d vehicles: %.3f s, %d iterations, cost %.6g EUR, gap %.1e, frozen and planned anew "
	       "%.2e above the bound\n",
		vehicles, o.seconds, o.iterations, o.cost / 4e9, o.gap, o.frozen / o.bound - 1);
	if (ask_highs(&p, folder, &cost, &ms))
		printf("HiGHS %.3f s, cost %.6g EUR, ours %.1e above it\n", ms / 1000, cost / 4e9,
			o.cost / cost - 1);
	finish_place(&p);
}

int main(int argc, char **argv)
{
	if (argc == 2) {
		measure(argv[1]);
	} else if (argc == 3) {
		show(argv[1], atoi(argv[2]));
	} else {
		fprintf(stderr, "usage: bench-storage FOLDER [VEHICLES]\n");
		return 2;
	}
	return failed;
}
