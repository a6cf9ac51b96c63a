#include "tools/bench/figure.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

double figure_cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double figure_quantile(double *v, int n, double share)
{
	qsort(v, (size_t)n, sizeof *v, by_size);
	return v[(int)(share * (n - 1) + 0.5)];
}

void figure_print_plan(const char *name, double value, const char *unit)
{
	printf("bench: plan.%s %.4g %s\n", name, value, unit);
	fflush(stdout);
}
