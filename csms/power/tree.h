/*
 * Tree: the scheduler's grid made from the depot's file and the registered stations, and the proof
 * that the safe tails fit it.
 */
#ifndef CSMS_TREE_H
#define CSMS_TREE_H

#include "csms/core.h"
#include "csms/depot_check.h"
#include "scheduler/grid.h"

/* Builds the grid of the depot's nodes and the fleet's EVSEs, with `reg` in place of the station
 * `instead` if that is not NULL, and proves the tails. EVSEs are called "STATION/EVSE". NULL with
 * one line for a person. */
struct grid_tree *tree_build(const struct core *c, const char *instead,
	const struct event_station_registered *reg, char why[300]);

/* tree_build() of another description of the depot; the fault names the node's row, or "nodes". */
struct grid_tree *tree_judge(const struct core *c, struct depot_fault *out);

/* The same from a depot's file alone; the fault names the row of the file, if one is to blame. */
struct grid_tree *tree_build_from_file(
	const struct depot_file *depot, int margin_pct, struct depot_fault *out);

#endif
