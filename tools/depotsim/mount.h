/*
 * Mount: what a meter shows that the electrician has not mounted as the drawing says: phases
 * swapped, transformers the wrong way round, another ratio.
 */
#ifndef DEPOTSIM_MOUNT_H
#define DEPOTSIM_MOUNT_H

#include "gen/depot.h"
#include "gen/scenario.h"
#include "tools/depotsim/meter_server.h"

/* Are they meters of the depot, and the phases phases? 0, or -1 with one line for a person. */
int mount_check(
	const struct depot_file *depot, const struct scenario_file *scenario, char why[200]);

/* How the meter is mounted; NULL: as drawn. */
const struct scenario_mount *mount_find(const struct scenario_file *scenario, const char *meter);

/* What it shows of what flows. */
struct meter_values mount_show(const struct scenario_mount *m, const struct meter_values *flows);

#endif
