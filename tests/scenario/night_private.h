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

static inline bool night_has_more(const struct night *n)
{
	return n->seed >= NIGHT_MORE_FROM;
}

/* night_more.c: what later nights have besides, from a chance of its own: earlier ones stay as they
 * were. Before the nodes are written; when the other troubles are there. */
void night_choose_demand(struct night *n);
void night_add_more(struct night *n);

struct trouble *night_add_trouble(struct night *n, enum trouble_kind kind, int least_s, int most_s);
int night_some_node(struct night *n, bool (*is_so)(const struct night_node *v));
bool night_has_meter(const struct night_node *v);
bool night_has_evses(const struct night_node *v);
/* A meter has one trouble at a time, and depotd one death. */
bool night_is_taken(const struct night *n, const struct trouble *t);

/* night_trouble.c: for a night whose depot is made. */
void night_add_troubles(struct night *n);

#endif
