/* Meter values of 1.6: numbers as text, measurands and units by default, signed data beside. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "ocpp/v16.h"

#define NUMBER_LENGTH_MAX 64
#define SIGNED_MAX        2500 /* code points of SignedMeterValueType.signedMeterData */

/* A plain decimal number, with a comma too, as some meters write it. */
static bool read_number(const char *s, double *out)
{
	char text[NUMBER_LENGTH_MAX + 1], *end;
	size_t n = strlen(s);

	if (n == 0 || n > NUMBER_LENGTH_MAX || strspn(s, "+-0123456789.,eE ") != n)
		return false;
	for (size_t i = 0; i <= n; i++)
		text[i] = s[i] == ',' ? '.' : s[i];
	*out = strtod(text, &end);
	end += strspn(end, " ");
	return end != text && !*end && isfinite(*out);
}

/* 1.6 prints the unit once as Celcius and once as Celsius. */
static const char *unit_name(enum ocpp16_unit_of_measure u)
{
	return u == OCPP16_UNIT_OF_MEASURE_CELCIUS ? "Celsius"
						   : ocpp16_unit_of_measure_enum.values[u];
}

/* A copy, since the codec knows an absent text by the address of its default. */
static bool set_unit(struct arena *a, struct ocpp201_sampled_value *out, const char *unit)
{
	out->unit_of_measure = arena_alloc(a, sizeof *out->unit_of_measure);
	if (out->unit_of_measure)
		out->unit_of_measure->unit = arena_strdup(a, unit);
	return out->unit_of_measure && out->unit_of_measure->unit;
}

static void set_kinds(const struct ocpp16_sampled_value *in, struct ocpp201_sampled_value *out)
{
	out->has_context = in->has_context;
	if (in->has_context)
		out->context = (enum ocpp201_reading_context)v16_same(&ocpp16_reading_context_enum,
			in->context, &ocpp201_reading_context_enum, OCPP201_READING_CONTEXT_OTHER);
	out->has_phase = in->has_phase;
	if (in->has_phase)
		out->phase = (enum ocpp201_phase)v16_same(
			&ocpp16_phase_enum, in->phase, &ocpp201_phase_enum, OCPP201_PHASE_L1);
	out->has_location = in->has_location;
	if (in->has_location)
		out->location = (enum ocpp201_location)v16_same(&ocpp16_location_enum, in->location,
			&ocpp201_location_enum, OCPP201_LOCATION_OUTLET);
}

/* -1: Temperature and RPM, which 2.0.1 does not have. */
static int measurand_of(const struct ocpp16_sampled_value *in)
{
	if (!in->has_measurand)
		return OCPP201_MEASURAND_ENERGY_ACTIVE_IMPORT_REGISTER;
	return v16_same(&ocpp16_measurand_enum, in->measurand, &ocpp201_measurand_enum, -1);
}

/* 1: taken; 0: 2.0.1 cannot say it; -1: no memory. */
static int take_raw(
	struct arena *a, const struct ocpp16_sampled_value *in, struct ocpp201_sampled_value *out)
{
	int measurand = measurand_of(in);

	memset(out, 0, sizeof *out);
	if (measurand < 0 || !read_number(in->value, &out->value))
		return 0;
	out->has_measurand = true;
	out->measurand = (enum ocpp201_measurand)measurand;
	set_kinds(in, out);
	return in->has_unit && !set_unit(a, out, unit_name(in->unit)) ? -1 : 1;
}

static bool is_signed(const struct ocpp16_sampled_value *in)
{
	return in->has_format && in->format == OCPP16_VALUE_FORMAT_SIGNED_DATA;
}

/* Signed data has no number of its own: it goes with the plain reading of its measurand. */
static int add_signed(struct arena *a, const struct ocpp16_sampled_value *in,
	struct ocpp201_sampled_value_list *list)
{
	int measurand = measurand_of(in);
	size_t points;

	if (!schema_utf8_check(in->value, strlen(in->value), &points) || points > SIGNED_MAX)
		return 0;
	for (size_t i = 0; i < list->count; i++) {
		struct ocpp201_sampled_value *v = &list->items[i];

		if ((int)v->measurand != measurand || v->signed_meter_value)
			continue;
		v->signed_meter_value = arena_alloc(a, sizeof *v->signed_meter_value);
		if (!v->signed_meter_value)
			return -1;
		*v->signed_meter_value = (struct ocpp201_signed_meter_value){
			.signed_meter_data = in->value,
			.signing_method = "",
			.encoding_method = "",
			.public_key = "",
		};
		return 0;
	}
	return 0;
}

static int take_one(
	struct arena *a, const struct ocpp16_meter_value *in, struct ocpp201_meter_value *out)
{
	struct ocpp201_sampled_value_list *list = &out->sampled_value;

	memset(out, 0, sizeof *out);
	out->timestamp = in->timestamp;
	list->items = arena_alloc(a, (in->sampled_value.count + 1) * sizeof *list->items);
	if (!list->items)
		return -1;
	for (size_t i = 0; i < in->sampled_value.count; i++) {
		const struct ocpp16_sampled_value *v = &in->sampled_value.items[i];
		int taken = is_signed(v) ? 0 : take_raw(a, v, &list->items[list->count]);

		if (taken < 0)
			return -1;
		list->count += (size_t)taken;
	}
	for (size_t i = 0; i < in->sampled_value.count; i++)
		if (is_signed(&in->sampled_value.items[i]) &&
			add_signed(a, &in->sampled_value.items[i], list))
			return -1;
	return 0;
}

/* Room for one more behind the last: v16_add_register(). */
int v16_values(const struct v16_hints *h, const struct ocpp16_meter_value_list *in,
	struct ocpp201_meter_value_list *out)
{
	out->count = 0;
	out->items = arena_alloc(h->arena, (in->count + 1) * sizeof *out->items);
	if (!out->items)
		return -1;
	for (size_t i = 0; i < in->count; i++) {
		if (take_one(h->arena, &in->items[i], &out->items[out->count]))
			return -1;
		out->count += out->items[out->count].sampled_value.count > 0;
	}
	return 0;
}

int v16_add_register(const struct v16_hints *h, struct ocpp201_meter_value_list *list, wall_t at,
	int64_t wh, enum ocpp201_reading_context context)
{
	struct ocpp201_sampled_value *v = arena_alloc(h->arena, sizeof *v);

	if (!v || !set_unit(h->arena, v, "Wh"))
		return -1;
	v->value = (double)wh;
	v->has_context = v->has_measurand = true;
	v->context = context;
	v->measurand = OCPP201_MEASURAND_ENERGY_ACTIVE_IMPORT_REGISTER;
	list->items[list->count++] = (struct ocpp201_meter_value){
		.timestamp = at, .sampled_value = {.count = 1, .items = v}};
	return 0;
}

/* -- what 2.0.1 does not have ------------------------------------------------------------------ */

#define ZERO_C_IN_K 273.15

static double celsius(const struct ocpp16_sampled_value *v, double x)
{
	if (v->has_unit && v->unit == OCPP16_UNIT_OF_MEASURE_K)
		return x - ZERO_C_IN_K;
	if (v->has_unit && v->unit == OCPP16_UNIT_OF_MEASURE_FAHRENHEIT)
		return (x - 32) * 5 / 9;
	return x;
}

void v16_other_values(const struct ocpp16_meter_value_list *in,
	void (*take)(void *arg, const struct v16_other *v), void *arg)
{
	for (size_t i = 0; i < in->count; i++)
		for (size_t j = 0; j < in->items[i].sampled_value.count; j++) {
			const struct ocpp16_sampled_value *v = &in->items[i].sampled_value.items[j];
			struct v16_other out = {.at = in->items[i].timestamp};

			if (measurand_of(v) >= 0 || is_signed(v) ||
				!read_number(v->value, &out.value))
				continue;
			out.measurand = ocpp16_measurand_enum.values[v->measurand];
			if (v->measurand == OCPP16_MEASURAND_TEMPERATURE)
				out.value = celsius(v, out.value);
			if (v->has_location)
				out.location = ocpp16_location_enum.values[v->location];
			if (v->has_context)
				out.context = ocpp16_reading_context_enum.values[v->context];
			take(arg, &out);
		}
}
