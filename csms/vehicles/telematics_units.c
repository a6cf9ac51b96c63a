#include "csms/vehicles/telematics_units.h"

#include <stddef.h>

enum dimension {
	SWITCH,
	PART,
	ENERGY,
	POWER,
	LENGTH,
	SPEED,
	ANGLE,
	WARMTH,
	PRESSURE,
	VOLTAGE,
	CURRENT,
	TIME
};

/* value * scale + offset is in the first unit of its dimension. 1 mile = 1.609344 km and
 * 1 psi = 6.894757 kPa (NIST SP 811, appendix B). */
static const struct {
	enum dimension dimension;
	double scale, offset;
} units[] = {
	[TELEMATICS_UNIT_BOOL] = {SWITCH, 1, 0},
	[TELEMATICS_UNIT_PCT] = {PART, 1, 0},
	[TELEMATICS_UNIT_FRACTION] = {PART, 100, 0},
	[TELEMATICS_UNIT_MILLI_PCT] = {PART, 1e-3, 0},
	[TELEMATICS_UNIT_WH] = {ENERGY, 1, 0},
	[TELEMATICS_UNIT_KWH] = {ENERGY, 1e3, 0},
	[TELEMATICS_UNIT_W] = {POWER, 1, 0},
	[TELEMATICS_UNIT_KW] = {POWER, 1e3, 0},
	[TELEMATICS_UNIT_KM] = {LENGTH, 1, 0},
	[TELEMATICS_UNIT_M] = {LENGTH, 1e-3, 0},
	[TELEMATICS_UNIT_MILE] = {LENGTH, 1.609344, 0},
	[TELEMATICS_UNIT_KM_H] = {SPEED, 1, 0},
	[TELEMATICS_UNIT_MILE_H] = {SPEED, 1.609344, 0},
	[TELEMATICS_UNIT_M_S] = {SPEED, 3.6, 0},
	[TELEMATICS_UNIT_KNOT] = {SPEED, 1.852, 0},
	[TELEMATICS_UNIT_DEG] = {ANGLE, 1, 0},
	[TELEMATICS_UNIT_C] = {WARMTH, 1, 0},
	[TELEMATICS_UNIT_MILLI_C] = {WARMTH, 1e-3, 0},
	[TELEMATICS_UNIT_F] = {WARMTH, 5.0 / 9, -160.0 / 9},
	[TELEMATICS_UNIT_KELVIN] = {WARMTH, 1, -273.15},
	[TELEMATICS_UNIT_KPA] = {PRESSURE, 1, 0},
	[TELEMATICS_UNIT_PA] = {PRESSURE, 1e-3, 0},
	[TELEMATICS_UNIT_HPA] = {PRESSURE, 0.1, 0},
	[TELEMATICS_UNIT_BAR] = {PRESSURE, 100, 0},
	[TELEMATICS_UNIT_PSI] = {PRESSURE, 6.894757, 0},
	[TELEMATICS_UNIT_V] = {VOLTAGE, 1, 0},
	[TELEMATICS_UNIT_MV] = {VOLTAGE, 1e-3, 0},
	[TELEMATICS_UNIT_A] = {CURRENT, 1, 0},
	[TELEMATICS_UNIT_MIN] = {TIME, 1, 0},
	[TELEMATICS_UNIT_S] = {TIME, 1.0 / 60, 0},
	[TELEMATICS_UNIT_H] = {TIME, 60, 0},
};

#define Q(name) [TELEMATICS_QUANTITY_##name]
#define U(name) TELEMATICS_UNIT_##name
#define CELSIUS                                                                                    \
	"\xc2\xb0"                                                                                 \
	"C"

/* unit, sign, least, most, place. Tyres: gauge pressure; lorries go to 10 bar. */
const struct telematics_quantity_row telematics_quantities[TELEMATICS_QUANTITIES] = {
	Q(SOC_PCT) = {U(PCT), "%", 0, 100, false},
	Q(ENERGY_WH) = {U(WH), "Wh", 0, 5e6, false},
	Q(HEALTH_PCT) = {U(PCT), "%", 0, 110, false},
	Q(RANGE_KM) = {U(KM), "km", 0, 3000, false},
	Q(ODOMETER_KM) = {U(KM), "km", 0, 1e7, false},
	Q(LATITUDE) = {U(DEG), "\xc2\xb0", -90, 90, true},
	Q(LONGITUDE) = {U(DEG), "\xc2\xb0", -180, 180, true},
	Q(SPEED_KM_H) = {U(KM_H), "km/h", 0, 300, true},
	Q(BATTERY_C) = {U(C), CELSIUS, -60, 150, false},
	Q(AMBIENT_C) = {U(C), CELSIUS, -70, 80, false},
	Q(CABIN_C) = {U(C), CELSIUS, -70, 110, false},
	Q(PLUGGED) = {U(BOOL), "", 0, 1, false},
	Q(CHARGING) = {U(BOOL), "", 0, 1, false},
	Q(CHARGE_W) = {U(W), "W", -4e6, 4e6, false},
	Q(CHARGE_LIMIT_PCT) = {U(PCT), "%", 0, 100, false},
	Q(CHARGE_LEFT_MIN) = {U(MIN), "min", 0, 100000, false},
	Q(TYRE_FRONT_LEFT_KPA) = {U(KPA), "kPa", 0, 1500, false},
	Q(TYRE_FRONT_RIGHT_KPA) = {U(KPA), "kPa", 0, 1500, false},
	Q(TYRE_REAR_LEFT_KPA) = {U(KPA), "kPa", 0, 1500, false},
	Q(TYRE_REAR_RIGHT_KPA) = {U(KPA), "kPa", 0, 1500, false},
	Q(IGNITION) = {U(BOOL), "", 0, 1, false},
	Q(LOW_VOLTAGE_V) = {U(V), "V", 0, 60, false},
};

bool telematics_unit_fits(enum telematics_unit unit, enum telematics_quantity quantity)
{
	return units[unit].dimension == units[telematics_quantities[quantity].unit].dimension;
}

double telematics_convert(
	double value, enum telematics_unit unit, enum telematics_quantity quantity)
{
	enum telematics_unit own = telematics_quantities[quantity].unit;

	if (unit == own)
		return value;
	return (value * units[unit].scale + units[unit].offset - units[own].offset) /
	       units[own].scale;
}
