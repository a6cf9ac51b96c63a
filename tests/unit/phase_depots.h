/*
 * Random depots with phases: a day from noon, vans that come in the evening, hourly prices, a tree
 * of feeders with a limit for each phase, chargers rotated well or badly. The same seed gives the
 * same depot.
 */
#ifndef TESTS_PHASE_DEPOTS_H
#define TESTS_PHASE_DEPOTS_H

#include "scheduler/phase_plan.h"

enum phase_rotation { ROTATED, BY_CHANCE, MOSTLY_L1 };

struct phase_depot_kind {
	uint64_t seed;
	int n, slots;
	int share_pct; /* of vehicles on one or two phases */
	enum phase_rotation rotation;
	int32_t imbalance_w; /* 0: no limit */
	double tightness; /* of the site: 1.25 is ample, 0.9 does not serve all */
	bool has_unknown; /* some vehicles on a phase that nobody knows */
	bool has_total; /* the site's total is limited too, below that of its phases */
	int parts; /* of the price, 1 or 2 */
};

struct phase_depot {
	struct phase_input in;
	uint64_t rng;
	int *parent;
	int32_t (*limit_w)[PHASE_CHANNELS];
	int32_t *imbalance_w, (*other_w)[3];
	struct flow_part *price;
	struct phase_vehicle *vehicles;
};

void phase_depot_make(struct phase_depot *d, const struct phase_depot_kind *k);
/* A vehicle leaves, needs something else, or a limit falls; in the depot and the plan alike. */
void phase_depot_change(struct phase_depot *d, struct phase_plan *p);
void phase_depot_finish(struct phase_depot *d);

#endif
