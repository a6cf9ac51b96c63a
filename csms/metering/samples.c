#include "csms/metering/samples.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ENERGY_MAX_WH  1e12 /* a life-time register of a terawatt-hour is none */
#define POWER_MAX_W    1e7
#define CURRENT_MAX_A  1e5
#define MULTIPLIER_MAX 9

static bool is_total(const struct ocpp201_sampled_value *v)
{
	return !v->has_phase;
}

/* Default location is the outlet; what is measured at the grid inlet includes the charger itself. */
static bool is_outlet(const struct ocpp201_sampled_value *v)
{
	return !v->has_location || v->location == OCPP201_LOCATION_OUTLET ||
	       v->location == OCPP201_LOCATION_CABLE;
}

/* Units of OCPP that are thousands of a base unit (2.0.1 part 2, appendix 2). */
static const char *const thousands[] = {"kWh", "kW", "kvarh", "kvar", "kVAh", "kVA", "kV", "kA"};

double samples_value(const struct ocpp201_sampled_value *v)
{
	const struct ocpp201_unit_of_measure *u = v->unit_of_measure;
	double x = v->value;

	if (!u)
		return x;
	if (u->has_multiplier) {
		if (llabs(u->multiplier) > MULTIPLIER_MAX)
			return NAN;
		x *= pow(10, (double)u->multiplier);
	}
	for (size_t i = 0; u->unit && i < sizeof thousands / sizeof *thousands; i++)
		if (strcmp(u->unit, thousands[i]) == 0)
			return x * 1000;
	return x;
}

static void take_energy(struct samples *s, double x, wall_t at)
{
	if (!(x >= 0 && x <= ENERGY_MAX_WH)) {
		s->quarantined = "an energy register out of any range";
		return;
	}
	if (!s->has_import || at.ms < s->import_at.ms)
		s->first_import_wh = x;
	if (!s->has_import || at.ms >= s->import_at.ms) {
		s->import_wh = x;
		s->import_at = at;
	}
	s->has_import = true;
}

static void take_soc(struct samples *s, double x, wall_t at)
{
	if (!(x >= 0 && x <= 100)) {
		s->quarantined = "a state of charge outside 0 to 100 %";
		return;
	}
	if (!s->has_soc || at.ms >= s->soc_at.ms) {
		s->soc_pct = x;
		s->soc_at = at;
	}
	s->has_soc = true;
}

static void take_power(struct samples *s, double x, wall_t at)
{
	if (!(fabs(x) <= POWER_MAX_W)) {
		s->quarantined = "a power out of any range";
		return;
	}
	if (!s->has_power || at.ms >= s->power_at.ms) {
		s->power_w = x;
		s->power_at = at;
	}
	s->has_power = true;
}

/* Place of a phase of the charger, to neutral or not; -1: none, or a value for all. */
static int phase_of(const struct ocpp201_sampled_value *v)
{
	if (!v->has_phase)
		return -1;
	switch (v->phase) {
	case OCPP201_PHASE_L1:
	case OCPP201_PHASE_L1_N:
		return 0;
	case OCPP201_PHASE_L2:
	case OCPP201_PHASE_L2_N:
		return 1;
	case OCPP201_PHASE_L3:
	case OCPP201_PHASE_L3_N:
		return 2;
	default:
		return -1;
	}
}

static void take_currents(struct samples *s, unsigned phases, const double a[3], wall_t at)
{
	if (s->phases && at.ms < s->current_at.ms)
		return;
	for (int p = 0; p < 3; p++)
		if (phases >> p & 1 && !(fabs(a[p]) <= CURRENT_MAX_A)) {
			s->quarantined = "a current out of any range";
			return;
		}
	s->phases = phases;
	memcpy(s->current_a, a, sizeof s->current_a);
	s->current_at = at;
}

static bool measures(const struct ocpp201_sampled_value *v, enum ocpp201_measurand m)
{
	if (!v->has_measurand)
		return m == OCPP201_MEASURAND_ENERGY_ACTIVE_IMPORT_REGISTER;
	return v->measurand == m;
}

/* One meter value: samples of one instant. */
static void read_one(const struct ocpp201_meter_value *m, wall_t now, struct samples *s)
{
	wall_t at = m->timestamp.ms > now.ms ? now : m->timestamp;
	double phases = 0, current[3] = {0};
	bool has_phases = false, has_total = false;
	unsigned carried = 0;

	for (size_t i = 0; i < m->sampled_value.count; i++) {
		const struct ocpp201_sampled_value *v = &m->sampled_value.items[i];
		double x = samples_value(v);

		s->count++;
		if (!is_outlet(v) && !measures(v, OCPP201_MEASURAND_SO_C))
			continue;
		if (measures(v, OCPP201_MEASURAND_ENERGY_ACTIVE_IMPORT_REGISTER) && is_total(v)) {
			take_energy(s, x, at);
		} else if (measures(v, OCPP201_MEASURAND_SO_C)) {
			take_soc(s, x, at);
		} else if (measures(v, OCPP201_MEASURAND_POWER_ACTIVE_IMPORT)) {
			if (is_total(v)) {
				has_total = true;
				take_power(s, x, at);
			} else {
				has_phases = true;
				phases += x;
			}
		} else if (measures(v, OCPP201_MEASURAND_CURRENT_IMPORT) && phase_of(v) >= 0) {
			carried |= 1u << phase_of(v);
			current[phase_of(v)] = x;
		}
	}
	if (carried)
		take_currents(s, carried, current, at);
	if (has_phases && !has_total)
		take_power(s, phases, at);
}

void samples_read(const struct ocpp201_meter_value_list *values, wall_t now, struct samples *out)
{
	memset(out, 0, sizeof *out);
	for (size_t i = 0; i < values->count; i++)
		read_one(&values->items[i], now, out);
}
