/*
 * Chargers as meters: what a station's main meter (evseId 0) or the meter of an EVSE says in
 * MeterValues or TransactionEvent (J01, J02), as a reading like that of a Modbus meter. A node of
 * the tree names one as "ocpp:CP-1" or "ocpp:CP-1/2". Pure.
 */
#ifndef CSMS_METER_OCPP_H
#define CSMS_METER_OCPP_H

#include "gen/ocpp201.h"
#include "modbus/meter_map.h"

struct meter_ocpp_name {
	char station[49];
	int evse; /* 0: the station's main meter */
};

/* Is this the name of a charger's meter? */
bool meter_ocpp_parse(const char *id, struct meter_ocpp_name *out);

/* The newest meter value of the list that says something about power, by itself or by currents and
 * voltages (`voltage_v` where it names none), with its time (never later than `now`) as at_ms.
 * `evse` 0 also takes what is measured at the inlet; others only what leaves by the outlet. False:
 * none. */
bool meter_ocpp_read(const struct ocpp201_meter_value_list *values, int evse, int voltage_v,
	wall_t now, struct meter_reading *out);

#endif
