/*
 * The guard measured: from the meter's answer that shows a breach to each lowering on the wire, and
 * what evaluating a tree costs.
 */
#ifndef BENCH_GUARD_H
#define BENCH_GUARD_H

#include "tools/bench/crowd.h"
#include "tools/bench/meter.h"

#define GUARD_EVSES 500

/* Stations that are up and have begun their transactions; `limit_w` is the site's. 0 and the
 * latencies in *out, or -1 with a line on stderr. */
int guard_breaches(struct crowd *c, struct meter *m, double limit_w, struct histogram *out);

/* ms of processor time that grid_tree_eval() takes on 10,000 EVSEs, at best of some; -1: no memory. */
double guard_eval_10k_ms(void);

#endif
