/*
 * Samples: what a list of OCPP meter values says about energy, power and state of charge, in Wh,
 * W, A and per cent, whatever units, multipliers and phases it came in (J02, MeterValueType).
 */
#ifndef CSMS_SAMPLES_H
#define CSMS_SAMPLES_H

#include "gen/ocpp201.h"

struct samples {
	int count; /* sampled values seen */
	bool has_import, has_power, has_soc;
	double first_import_wh; /* oldest import register */
	double import_wh; /* newest */
	wall_t import_at;
	double power_w; /* newest, sum of phases where no total is there */
	wall_t power_at;
	double soc_pct;
	wall_t soc_at;
	unsigned phases; /* bits: currents of these phases of the charger were told together */
	double current_a[3]; /* newest */
	wall_t current_at;
	const char *quarantined; /* why a number was not believed, NULL: all were */
};

/* `now` bounds the times: a sample from a clock that runs ahead counts as taken now, so that it can
 * neither block later ones nor outlive them in the series. */
void samples_read(const struct ocpp201_meter_value_list *values, wall_t now, struct samples *out);

/* A sampled value in its base unit (Wh, W, %, A, V); NaN if its multiplier is absurd. */
double samples_value(const struct ocpp201_sampled_value *v);

#endif
