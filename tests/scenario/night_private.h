/*
 * Night, inside: shared by night.c (the depot, its vans and loads) and night_trouble.c (what goes
 * wrong). Nobody else includes this.
 */
#ifndef TESTS_SCENARIO_NIGHT_PRIVATE_H
#define TESTS_SCENARIO_NIGHT_PRIVATE_H

#include "tests/scenario/night.h"

#define NIGHT_VOLTS 230

static inline int night_between(struct night *n, int from, int to)
{
	return from + night_below(n, to - from + 1);
}

static inline bool night_likely(struct night *n, int percent)
{
	return night_below(n, 100) < percent;
}

static inline int64_t night_greater(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* A text that grows; the test ends if it does not fit. */
struct text {
	char *text;
	size_t size, *len;
};

void night_put(struct text t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* night_trouble.c: for a night whose depot is made. */
void night_add_troubles(struct night *n);

#endif
