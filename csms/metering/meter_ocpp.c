#include "csms/metering/meter_ocpp.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/metering/samples.h"

#define PREFIX   "ocpp:"
#define EVSE_MAX 100

bool meter_ocpp_parse(const char *id, struct meter_ocpp_name *out)
{
	struct meter_ocpp_name name = {.evse = 0};
	size_t len, prefix = sizeof PREFIX - 1;
	const char *slash;
	char *end;
	long evse;

	if (strncmp(id, PREFIX, prefix) != 0)
		return false;
	id += prefix;
	slash = strrchr(id, '/');
	len = slash ? (size_t)(slash - id) : strlen(id);
	if (len == 0 || len >= sizeof name.station)
		return false;
	memcpy(name.station, id, len);
	if (slash) {
		evse = strtol(slash + 1, &end, 10);
		if (end == slash + 1 || *end || evse < 1 || evse > EVSE_MAX)
			return false;
		name.evse = (int)evse;
	}
	*out = name;
	return true;
}

/* Place of a phase: 0 none (a total), 1..3; -1: one that says nothing about a phase's current or
 * power (between phases, neutral). */
static int phase_of(const struct ocpp201_sampled_value *v)
{
	static const int places[] = {
		[OCPP201_PHASE_L1] = 1,
		[OCPP201_PHASE_L2] = 2,
		[OCPP201_PHASE_L3] = 3,
		[OCPP201_PHASE_N] = -1,
		[OCPP201_PHASE_L1_N] = 1,
		[OCPP201_PHASE_L2_N] = 2,
		[OCPP201_PHASE_L3_N] = 3,
		[OCPP201_PHASE_L1_L2] = -1,
		[OCPP201_PHASE_L2_L3] = -1,
		[OCPP201_PHASE_L3_L1] = -1,
	};

	return v->has_phase ? places[v->phase] : 0;
}

/* What a measurand becomes: the quantity of the total, then that of L1; -1: there is none. */
static const struct measurand_row {
	enum ocpp201_measurand measurand;
	int total, first;
	double sign;
} rows[] = {
	{OCPP201_MEASURAND_POWER_ACTIVE_IMPORT, METER_QUANTITY_POWER_W, METER_QUANTITY_POWER_L1_W,
		1},
	{OCPP201_MEASURAND_POWER_ACTIVE_EXPORT, METER_QUANTITY_POWER_W, METER_QUANTITY_POWER_L1_W,
		-1},
	{OCPP201_MEASURAND_CURRENT_IMPORT, -1, METER_QUANTITY_CURRENT_L1_A, 1},
	{OCPP201_MEASURAND_CURRENT_EXPORT, -1, METER_QUANTITY_CURRENT_L1_A, -1},
	{OCPP201_MEASURAND_VOLTAGE, -1, METER_QUANTITY_VOLTAGE_L1_V, 1},
	{OCPP201_MEASURAND_FREQUENCY, METER_QUANTITY_FREQUENCY_HZ, -1, 1},
	{OCPP201_MEASURAND_ENERGY_ACTIVE_IMPORT_REGISTER, METER_QUANTITY_IMPORT_WH, -1, 1},
	{OCPP201_MEASURAND_ENERGY_ACTIVE_EXPORT_REGISTER, METER_QUANTITY_EXPORT_WH, -1, 1},
	{OCPP201_MEASURAND_SO_C, METER_QUANTITY_SOC_PCT, -1, 1},
};

static const struct measurand_row *row_of(const struct ocpp201_sampled_value *v)
{
	enum ocpp201_measurand m =
		v->has_measurand ? v->measurand : OCPP201_MEASURAND_ENERGY_ACTIVE_IMPORT_REGISTER;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].measurand == m)
			return &rows[i];
	return NULL;
}

/* Import and export of one instant are two samples of one signed quantity. */
static void take(struct meter_value *to, double value, double sign)
{
	to->value = to->quality == METER_GOOD ? to->value + sign * value : sign * value;
	to->quality = METER_GOOD;
}

static void take_sample(const struct ocpp201_sampled_value *v, struct meter_value *out)
{
	const struct measurand_row *row = row_of(v);
	int phase = phase_of(v);
	double x = samples_value(v);
	int quantity;

	if (!row || phase < 0 || !isfinite(x))
		return;
	quantity = phase == 0 ? row->total : row->first < 0 ? -1 : row->first + phase - 1;
	if (quantity >= 0)
		take(&out[quantity], x, row->sign);
}

static bool is_at_inlet(const struct ocpp201_sampled_value *v)
{
	return v->has_location && v->location == OCPP201_LOCATION_INLET;
}

static bool is_at_outlet(const struct ocpp201_sampled_value *v)
{
	return !v->has_location || v->location == OCPP201_LOCATION_OUTLET ||
	       v->location == OCPP201_LOCATION_CABLE;
}

/* Of the main meter, what is said of the inlet goes before what is said of nowhere. */
static void take_all(
	const struct ocpp201_meter_value *m, int evse, struct meter_value out[METER_QUANTITIES])
{
	struct meter_value inlet[METER_QUANTITIES] = {0};

	for (size_t i = 0; i < m->sampled_value.count; i++) {
		const struct ocpp201_sampled_value *v = &m->sampled_value.items[i];

		if (is_at_outlet(v) || (v->has_measurand && v->measurand == OCPP201_MEASURAND_SO_C))
			take_sample(v, out);
		else if (evse == 0 && is_at_inlet(v))
			take_sample(v, inlet);
	}
	for (int q = 0; q < METER_QUANTITIES; q++)
		if (inlet[q].quality == METER_GOOD)
			out[q] = inlet[q];
}

/* Power by phase from current and voltage where it is not said: never too little, since no power
 * factor is above 1. */
static void derive_power(struct meter_value *v, int voltage_v)
{
	double sum = 0;
	int phases = 0;

	for (int i = 0; i < 3; i++) {
		struct meter_value *w = &v[METER_QUANTITY_POWER_L1_W + i];
		const struct meter_value *a = &v[METER_QUANTITY_CURRENT_L1_A + i];
		const struct meter_value *u = &v[METER_QUANTITY_VOLTAGE_L1_V + i];

		if (w->quality != METER_GOOD && a->quality == METER_GOOD)
			*w = (struct meter_value){
				a->value * (u->quality == METER_GOOD ? u->value : voltage_v),
				METER_GOOD};
		if (w->quality != METER_GOOD)
			continue;
		sum += w->value;
		phases++;
	}
	if (v[METER_QUANTITY_POWER_W].quality != METER_GOOD && phases > 0)
		v[METER_QUANTITY_POWER_W] = (struct meter_value){sum, METER_GOOD};
}

bool meter_ocpp_read(const struct ocpp201_meter_value_list *values, int evse, int voltage_v,
	wall_t now, struct meter_reading *out)
{
	bool is_found = false;

	for (size_t i = 0; i < values->count; i++) {
		const struct ocpp201_meter_value *m = &values->items[i];
		struct meter_reading r = {
			.at_ms = m->timestamp.ms > now.ms ? now.ms : m->timestamp.ms};

		take_all(m, evse, r.values);
		derive_power(r.values, voltage_v);
		if (r.values[METER_QUANTITY_POWER_W].quality != METER_GOOD ||
			(is_found && r.at_ms < out->at_ms))
			continue;
		*out = r;
		is_found = true;
	}
	return is_found;
}
