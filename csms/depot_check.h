/*
 * Depot check: what the rows of depot.schema cannot say of a depot's description: references,
 * uniqueness, times, zones. Whether the tree is one and safe is the grid's to judge (csms/power/tree.h).
 */
#ifndef CSMS_DEPOT_CHECK_H
#define CSMS_DEPOT_CHECK_H

#include "gen/depot.h"

struct depot_fault {
	char path[120]; /* "nodes[3].meter" */
	char text[300]; /* one sentence for a person: what is wrong and what to do */
};

/* 0, or -1 and the first fault. */
int depot_check(const struct depot_file *d, struct depot_fault *out);

/* A vehicle's class is one of the depot's, where it lists any (`class` NULL: it has none). False: one line
 * that names those. */
bool depot_knows_class(const struct depot_file *d, const char *class, char why[300]);

/* A station's identity: identifierString without ':', and more than dots, of which every client and
 * proxy makes another path. 0, or -1 with one line. */
int depot_check_identity(const char *id, char why[300]);

#endif
