/*
 * The guard of a running depotd measured: from the meter's answer that shows a breach to each
 * lowering on the wire.
 */
#ifndef BENCH_GUARD_H
#define BENCH_GUARD_H

#include "tools/bench/crowd.h"
#include "tools/bench/meter.h"

#define GUARD_EVSES 500

struct guard_figures {
	struct histogram lowerings; /* latencies */
	int fewest, most; /* vans lowered by one breach */
};

/* Stations that are up and have begun their transactions; `limit_w` is the site's. All of them are
 * brought to charge, then breached again and again. 0, or -1 with a line on stderr. */
int guard_breaches(struct crowd *c, struct meter *m, double limit_w, struct guard_figures *out);

#endif
