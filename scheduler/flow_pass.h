/*
 * A pass of the flow planner: all that is dear at one price goes to what is cheap, as far as it can.
 * flow_search.c finds the ways, flow_push.c goes them, flow_solve.c says for which price and whom.
 */
#ifndef SCHEDULER_FLOW_PASS_H
#define SCHEDULER_FLOW_PASS_H

#include "scheduler/flow_private.h"

struct flow_pass {
	int *vehicle, n; /* list */
	const int *node; /* ascending */
	int nodes;
	int32_t limit; /* prices below it are cheap; above the last level: all are */
	bool is_first; /* energy of which nothing is said yet goes anywhere cheap, missing is no end */
};

/* What vehicle i wants to be rid of in this pass. */
static inline int64_t flow_surplus(const struct flow *f, const struct flow_pass *p, int i)
{
	if (p->is_first)
		return f->need[i] - f->sum[i] - f->missing[i];
	return f->missing[i] ? f->missing[i] - flow_may_miss(f, i, p->limit) : 0;
}

/* What of it may be missing besides. */
static inline int64_t flow_room_to_miss(const struct flow *f, const struct flow_pass *p, int i)
{
	int64_t may = p->is_first ? 0 : flow_may_miss(f, i, p->limit) - f->missing[i];

	return may > 0 ? may : 0;
}

/* Pushes all that the layers lead on. Returns how much. */
int64_t flow_push(struct flow *f, const struct flow_pass *p);

/* Moves all that can be moved. -1: no memory. */
int flow_pass_run(struct flow *f, struct flow_pass *p);

/* After a pass: puts the vehicles that only higher prices concern behind the others; their number. */
int flow_pass_split(struct flow *f, struct flow_pass *p);

#endif
