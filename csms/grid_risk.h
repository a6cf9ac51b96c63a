/*
 * Grid risk: what a change of the tree would make depotd blind or deaf to, though every sum of the
 * new description is right: load that only a meter knows of, and limits of others.
 */
#ifndef CSMS_GRID_RISK_H
#define CSMS_GRID_RISK_H

#include "csms/core.h"
#include "csms/depot_check.h"
#include "scheduler/grid.h"

/* `next` with its tree in place of what is in force. 0, or -1 with the fault. */
int grid_risk_check(const struct core *c, const struct depot_file *next,
	const struct grid_tree *tree, struct depot_fault *out);

#endif
