/*
 * Readiness: how likely it is that each vehicle of a plan leaves with what it needs, when vehicles
 * come earlier or later, need more or less than was thought, and chargers fail.
 *
 * A simulation: each sample draws all of that, and plans anew with what is then known, as depotd
 * would. A vehicle whose charger fails has what the plan in force had given it by then, and no more.
 * The same seed draws the same, so that two runs that differ in one thing show what that thing does.
 * Pure; any thread; some milliseconds a sample at a thousand vehicles.
 */
#ifndef SCHEDULER_READINESS_H
#define SCHEDULER_READINESS_H

#include "scheduler/plan.h"

#define READINESS_SAMPLES_MAX 10000

/* Counts up when what is drawn changes: what an older one told says nothing of this one. */
#define READINESS_MODEL 1

/* Beside each vehicle of the plan's input. Standard deviations. */
struct readiness_spread {
	int64_t need_wh;
	int32_t arrive_s; /* of from_ms; who is here is here */
};

struct readiness_input {
	const struct plan_input *plan;
	const int32_t *w; /* [vehicle][slot] the plan in force */
	const struct readiness_spread *spread; /* [vehicle] */
	double failures_per_day; /* of a charger */
	int samples; /* 1..READINESS_SAMPLES_MAX */
	uint64_t seed;
};

/* Fills met[vehicle] with the samples in which its need was met, and `all` with those in which all
 * were. 0, or -1: no memory, or input outside its bounds. */
int readiness_run(const struct readiness_input *in, int *met, int *all);

/* What may be done for a vehicle. */
enum readiness_act {
	READINESS_NOTHING, /* that would help by a hundredth or more */
	READINESS_EARLIER, /* it is plugged in an hour earlier */
	READINESS_FIRST, /* it goes before all others */
	READINESS_BAY, /* at another EVSE, which is free */
	READINESS_ROOM, /* a tenth more at a node above it */
};

struct readiness_advice {
	enum readiness_act act;
	int evse, node; /* of BAY, of ROOM */
	int met; /* of the samples, then */
};

/* The one that raises the samples in which vehicle `i` has its need most; `met` is what they are
 * without. 0 or -1 as above. */
int readiness_advise(
	const struct readiness_input *in, int i, int met, struct readiness_advice *out);

/* Less than this missing is nothing that a driver notices. */
#define READINESS_SLACK_WH 200

#endif
