/*
 * New plans of a running depotd measured: from a request of an operator, that a van leaves earlier, to
 * each lowering that makes room for it, and to its own rise, at the stations' sockets.
 */
#ifndef BENCH_REPLAN_H
#define BENCH_REPLAN_H

#include "tools/bench/crowd.h"
#include "tools/bench/server.h"

#define REPLAN_EVSES 500

struct replan_figures {
	struct histogram lowered, raised;
	int events; /* that lowered somebody */
};

/* Stations that are up and have begun their transactions, of a server with vans. 0, or -1 with a line
 * on stderr. */
int replan_events(const struct server *s, struct crowd *c, struct replan_figures *out);

#endif
