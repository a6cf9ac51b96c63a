/*
 * Telematics units: what vehicles report, in which unit we keep it, between which bounds it is
 * possible, and how the units of sources are converted. Pure tables.
 */
#ifndef CSMS_TELEMATICS_UNITS_H
#define CSMS_TELEMATICS_UNITS_H

#include <stdbool.h>
#include "gen/telematics.h"

#define TELEMATICS_QUANTITIES (TELEMATICS_QUANTITY_LOW_VOLTAGE_V + 1)

struct telematics_quantity_row {
	enum telematics_unit unit; /* that it is kept in */
	const char *sign; /* for people */
	double min, max; /* beyond these it was not measured */
	bool is_place; /* personal: kept for a shorter time, in no rollup */
};
extern const struct telematics_quantity_row telematics_quantities[TELEMATICS_QUANTITIES];

/* Can the unit be converted into that of the quantity? */
bool telematics_unit_fits(enum telematics_unit unit, enum telematics_quantity quantity);

/* Converts; the unit must fit. */
double telematics_convert(
	double value, enum telematics_unit unit, enum telematics_quantity quantity);

#endif
