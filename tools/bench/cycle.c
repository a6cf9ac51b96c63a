#include "tools/bench/cycle.h"

#include <stdio.h>
#include <stdlib.h>

#include "scheduler/guard.h"
#include "tools/bench/figure.h"

#define EVAL_GROUPS 2000
#define EVAL_EVSES  10000
#define EVAL_TIMES  10
#define CYCLES      120 /* a second each: vans are raised to what is there, then breached */
#define BREACH_AT   60 /* from then on every tenth */
#define WANTED_W    7360

static void make_rows(struct grid_row *row, char (*id)[16])
{
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
}

static int parent_of(int i)
{
	return i >= EVAL_GROUPS ? i % EVAL_GROUPS : i ? (i - 1) / 4 : -1;
}

static struct grid_tree *make_tree(struct grid_row *row, char (*id)[16])
{
	struct grid_error err;

	make_rows(row, id);
	return grid_tree_create(row, EVAL_GROUPS + EVAL_EVSES, &err);
}

double cycle_eval_10k_ms(void)
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
		double begin = figure_cpu_ms(), took;

		grid_tree_eval(t, l, w, NULL, sum, over, 16);
		took = figure_cpu_ms() - begin;
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

/* -- a whole cycle of the guard --------------------------------------------------------------- */

struct depot {
	struct grid_row *row;
	char (*id)[16];
	struct guard_node_in *node;
	struct guard_evse_in *evse;
	struct grid_tree *tree;
	struct guard *guard;
};

static int build(struct depot *d)
{
	size_t n = EVAL_GROUPS + EVAL_EVSES;
	struct guard_config cfg = guard_config_default();
	struct grid_error err;

	d->row = calloc(n, sizeof *d->row);
	d->id = calloc(n, sizeof *d->id);
	d->node = calloc(n * 2, sizeof *d->node);
	d->evse = calloc(EVAL_EVSES, sizeof *d->evse);
	if (!d->row || !d->id || !d->node || !d->evse)
		return -1;
	make_rows(d->row, d->id);
	/* Each node carries four fifths of what is wanted below it, and no phase much more than another. */
	for (int i = 0; i < EVAL_GROUPS; i++)
		d->row[i].rating_w = d->row[i].electric.phase_ma = 0;
	for (int e = EVAL_GROUPS; e < EVAL_GROUPS + EVAL_EVSES; e++)
		for (int v = parent_of(e); v >= 0; v = parent_of(v)) {
			d->row[v].rating_w += WANTED_W * 4 / 5;
			d->row[v].electric.phase_ma += 16000;
		}
	d->tree = grid_tree_create(d->row, EVAL_GROUPS + EVAL_EVSES, &err);
	d->guard = d->tree ? guard_create(d->tree, &cfg) : NULL;
	for (int e = 0; e < EVAL_EVSES; e++) {
		d->evse[e] = (struct guard_evse_in){.connected = true,
			.reachable = true,
			.wanted_w = WANTED_W,
			.min_w = 1380,
			.urgency = e % 10,
			.depart_ms = e * 7919 % 100000};
		d->evse[e].sixths[e % 3] = 6;
		d->evse[e].exact = true;
	}
	return d->guard ? 0 : -1;
}

static void clear(struct depot *d)
{
	guard_destroy(d->guard);
	grid_tree_destroy(d->tree);
	free(d->row);
	free(d->id);
	free(d->node);
	free(d->evse);
}

/* The vans draw what they were allowed; the root has a meter. */
static void obey(struct depot *d, const struct guard_report *r, int64_t now_ms)
{
	int64_t sum = 0;

	for (int e = 0; e < EVAL_EVSES; e++) {
		d->evse[e].commanded_w = d->evse[e].measured_w = r->evse[e].allowed_w;
		d->evse[e].measured_ms = now_ms;
		sum += r->evse[e].allowed_w;
	}
	d->node[0].import_w = sum;
}

static int compare(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return (a > b) - (a < b);
}

int cycle_guard_10k_ms(double *calm_ms, double *breach_ms)
{
	struct depot d = {0};
	double calm[CYCLES];
	int n = 0, lowered = 0;

	*breach_ms = 0;
	if (build(&d)) {
		clear(&d);
		return -1;
	}
	d.node[0].quality = GUARD_FRESH;
	for (int i = 0; i < CYCLES; i++) {
		struct guard_in in = {.now_ms = 1000000 + i * 1000, .node = d.node, .evse = d.evse};
		bool is_breach = i >= BREACH_AT && i % 10 == 0;
		struct guard_report r;
		double begin, took;

		/* Load that nobody controls: half of all the vans must go down. */
		if (is_breach)
			d.node[0].import_w += d.node[0].import_w / 2;
		begin = figure_cpu_ms();
		r = guard_cycle(d.guard, &in);
		took = figure_cpu_ms() - begin;
		if (is_breach) {
			*breach_ms = took > *breach_ms ? took : *breach_ms;
			lowered += r.lowered;
		} else if (i >= BREACH_AT / 2) {
			calm[n++] = took;
		}
		obey(&d, &r, in.now_ms);
	}
	clear(&d);
	qsort(calm, (size_t)n, sizeof *calm, compare);
	*calm_ms = calm[n / 2];
	if (!lowered)
		fputs("bench: the guard lowered nobody\n", stderr);
	return lowered ? 0 : -1;
}
