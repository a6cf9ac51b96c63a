/*
 * Solves a minimum-cost flow in the DIMACS form with CLP; prints its processor time and the cost. The
 * better one of primal simplex and CLP's own choice counts; reading and building do not.
 */
#include <coin/Clp_C_Interface.h>
#include <stdio.h>
#include <stdlib.h>
#include "tools/bench/figure.h"

struct network {
	int nodes, arcs;
	CoinBigIndex *begin; /* [arcs + 1] */
	int *row; /* [2 * arcs] */
	double *value, *low, *high, *price, *supply;
};

static int allocate(struct network *n)
{
	size_t arcs = (size_t)n->arcs;

	n->begin = calloc(arcs + 1, sizeof *n->begin);
	n->row = calloc(2 * arcs, sizeof *n->row);
	n->value = calloc(2 * arcs, sizeof *n->value);
	n->low = calloc(arcs, sizeof *n->low);
	n->high = calloc(arcs, sizeof *n->high);
	n->price = calloc(arcs, sizeof *n->price);
	n->supply = calloc((size_t)n->nodes, sizeof *n->supply);
	return n->begin && n->row && n->value && n->low && n->high && n->price && n->supply ? 0
											    : -1;
}

static int read_network(struct network *n, FILE *f)
{
	char line[128];
	int k = 0, a, b;
	double low, high, price;

	while (fgets(line, sizeof line, f)) {
		if (sscanf(line, "p min %d %d", &n->nodes, &n->arcs) == 2) {
			if (allocate(n) != 0)
				return -1;
		} else if (sscanf(line, "n %d %lf", &a, &price) == 2) {
			n->supply[a - 1] = price;
		} else if (sscanf(line, "a %d %d %lf %lf %lf", &a, &b, &low, &high, &price) == 5) {
			n->row[2 * k] = a - 1;
			n->row[2 * k + 1] = b - 1;
			n->value[2 * k] = 1;
			n->value[2 * k + 1] = -1;
			n->low[k] = low;
			n->high[k] = high;
			n->price[k++] = price;
			n->begin[k] = 2 * k;
		}
	}
	return n->nodes && k == n->arcs ? 0 : -1;
}

static double solve(const struct network *n, int (*how)(Clp_Simplex *), double *cost)
{
	Clp_Simplex *m = Clp_newModel();
	double begin;

	Clp_setLogLevel(m, 0);
	Clp_loadProblem(m, n->arcs, n->nodes, n->begin, n->row, n->value, n->low, n->high, n->price,
		n->supply, n->supply);
	begin = figure_cpu_ms();
	how(m);
	begin = figure_cpu_ms() - begin;
	*cost = Clp_getObjValue(m);
	if (Clp_status(m) != 0)
		begin = -1;
	Clp_deleteModel(m);
	return begin;
}

static void release(struct network *n)
{
	free(n->begin);
	free(n->row);
	free(n->value);
	free(n->low);
	free(n->high);
	free(n->price);
	free(n->supply);
}

int main(int argc, char **argv)
{
	struct network n = {0};
	FILE *f = argc == 2 ? fopen(argv[1], "r") : NULL;
	double primal = -1, own = -1, cost = 0;

	if (f && read_network(&n, f) == 0) {
		primal = solve(&n, Clp_initialPrimalSolve, &cost);
		own = solve(&n, Clp_initialSolve, &cost);
	}
	if (f)
		fclose(f);
	release(&n);
	if (primal < 0 || own < 0) {
		fprintf(stderr, "bench-clp: no solution of the depot that is named, DEPOT.min\n");
		return 1;
	}
	printf("ms %.3f\ncost %.3f\n", primal < own ? primal : own, cost);
	return 0;
}
