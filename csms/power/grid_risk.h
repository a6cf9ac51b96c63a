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

/* EVSEs that had a rating of power or of phases above them have none any more: -1 with the fault. Their
 * own maximum is none: it holds nobody else back. */
int grid_risk_unguarded(const struct core *c, const struct depot_file *next,
	const struct grid_tree *tree, struct depot_fault *out);

/* Ratings that are gone from nodes with something below them, in words: what is no longer guarded; and
 * meters of chargers that nobody has registered. "" if there are none. */
void grid_risk_warn(const struct core *c, const struct depot_file *next, char out[300]);

/* EVSEs whose safe tail is no power (csms/depot_tails.h), in words; "" if there are none. */
void grid_risk_tails(const struct core *c, char out[300]);
void grid_risk_station(const struct core *c, const struct station *s, char out[300]); /* of one */

#endif
