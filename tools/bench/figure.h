/* What the programs of the bench share: processor time, quantiles, and the line of a figure. */
#ifndef TOOLS_BENCH_FIGURE_H
#define TOOLS_BENCH_FIGURE_H

/* Of the process, all its threads. */
double figure_cpu_ms(void);

/* Sorts v[n]; the value below which `share` (0 to 1) of them lie. */
double figure_quantile(double *v, int n, double share);

/* "bench: plan.NAME VALUE UNIT" */
void figure_print_plan(const char *name, double value, const char *unit);

#endif
