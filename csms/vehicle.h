/* Vehicle: what depotd knows of one of its vehicles. Owned by the fleet (csms/fleet.h); how it is
 * described belongs to csms/vehicles/vehicles.h. */
#ifndef CSMS_VEHICLE_H
#define CSMS_VEHICLE_H

#include <uthash.h>
#include "csms/evse.h"

struct telemetry; /* csms/vehicles/telematics.h */
struct depot_vehicle;

struct vehicle {
	char id[61], name[UTF8_SIZE(100)];
	int phases; /* that it charges with on AC, 0: not known */
	int64_t battery_wh, max_ac_w, max_dc_w, min_w, need_wh; /* need_wh -1: from the battery */
	int target_pct, priority;
	int departs_min; /* minutes after local midnight, -1: not daily */
	wall_t departs_at; /* once; ms 0: none */
	struct reading soc_pct;
	struct evse *evse; /* where its open transaction is; NULL: away */
	const struct depot_vehicle *row; /* how it is described; csms/vehicles/vehicles.h */
	struct arena *arena; /* of a row that people changed; NULL: the depot's file has it */
	struct telemetry
		*telemetry; /* csms/vehicles/telematics.h; owned, NULL: it never reported */
	uint64_t revision;
	UT_hash_handle hh;
	struct vehicle *next; /* of those that are gone */
};

#endif
