/*
 * Told state of charge: what a person read from a vehicle's dashboard. It is a reading like those of
 * telematics, of the source "told by NAME", journalled (VehicleSocTold), and counts as long as nobody
 * tells a newer one: the time of the event decides, not who says it. Loop thread only.
 */
#ifndef CSMS_TOLD_SOC_H
#define CSMS_TOLD_SOC_H

#include "csms/core.h"

#define TOLD_SOC_BY "told by " /* before the name, in a reading's source */

/* Reads what was told before the start; after vehicles and transactions. -1 with one line. */
int told_socs_restore(struct core *c, char why[300]);

enum told_soc_end {
	TOLD_SOC_COUNTS,
	TOLD_SOC_LATE, /* something newer is known: kept as history */
	TOLD_SOC_REFUSED, /* its time cannot be */
	TOLD_SOC_FAILED, /* no memory */
};

/* Takes it into the turn. `say` gets a sentence for who told it, whatever became of it. */
enum told_soc_end told_soc_take(
	struct core *c, struct vehicle *v, double pct, wall_t at, const char *actor, char say[300]);

#endif
