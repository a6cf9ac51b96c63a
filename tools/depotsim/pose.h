/*
 * Pose: which family of meters a simulated meter is: where it keeps what, and in which form. A
 * register map read backwards. The SDM630 and the SunSpec device are written down here, apart from
 * the files that depotd reads, so that the two can disagree.
 */
#ifndef DEPOTSIM_POSE_H
#define DEPOTSIM_POSE_H

#include "modbus/meter_map.h"

struct pose {
	const struct meter_map *map;
	int first, count; /* addresses that it answers for */
};

/* As `map`, which must outlive the pose; NULL: as an Eastron SDM630. */
void pose_init(struct pose *p, const struct meter_map *map);

/* As a SunSpec device at 40000 with the models 1 and 203. */
void pose_init_sunspec(struct pose *p);

/* What never changes (SunSpec's chain of models), into `registers` (p->count of them). */
void pose_put_constants(const struct pose *p, uint16_t *registers);

/* Values by quantity, as far as the family has them. */
void pose_put(const struct pose *p, const double values[METER_QUANTITIES], uint16_t *registers);

/* W that a storage's registers tell it to draw, for a map with a setpoint. */
double pose_get_setpoint(const struct pose *p, const uint16_t *registers);

#endif
