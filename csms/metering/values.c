#include "csms/metering/values.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/record.h"
#include "csms/metering/samples.h"

#define VALUE_MAX   1e15 /* what is larger was never measured */
#define KEEP_GAP_MS 1000

/* Base units of measurands by the way their names begin (OCPP 2.0.1 part 2, appendix 3). */
static const struct {
	const char *start, *unit;
} units[] = {
	{"Current", "A"},
	{"Energy.Active", "Wh"},
	{"Energy.Reactive", "varh"},
	{"Energy.Apparent", "VAh"},
	{"Frequency", "Hz"},
	{"Power.Reactive", "var"},
	{"Power.Factor", ""},
	{"Power", "W"},
	{"RPM", "1/min"},
	{"SoC", "%"},
	{"Temperature", "\xc2\xb0"
			"C"},
	{"Voltage", "V"},
};

static const char *unit_of(const char *measurand)
{
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (strncmp(measurand, units[i].start, strlen(units[i].start)) == 0)
			return units[i].unit;
	return "";
}

static enum ocpp201_measurand measurand_of(const struct ocpp201_sampled_value *v)
{
	return v->has_measurand ? v->measurand : OCPP201_MEASURAND_ENERGY_ACTIVE_IMPORT_REGISTER;
}

bool values_name(const struct ocpp201_sampled_value *v, char *out, size_t size)
{
	enum ocpp201_measurand m = measurand_of(v);
	bool elsewhere = v->has_location && v->location != OCPP201_LOCATION_OUTLET;

	if (!v->has_phase && !elsewhere && m == OCPP201_MEASURAND_POWER_ACTIVE_IMPORT) {
		snprintf(out, size, "power_w");
		return true;
	}
	if (!v->has_phase && !elsewhere && m == OCPP201_MEASURAND_ENERGY_ACTIVE_IMPORT_REGISTER) {
		snprintf(out, size, "import_wh");
		return true;
	}
	snprintf(out, size, "%s%s%s%s%s", ocpp201_measurand_enum.values[m], v->has_phase ? "." : "",
		v->has_phase ? ocpp201_phase_enum.values[v->phase] : "", elsewhere ? "." : "",
		elsewhere ? ocpp201_location_enum.values[v->location] : "");
	return false;
}

/* Takes the last part of a name off if it is one of the enum's. */
static void take_suffix(char *name, const struct schema_enum *e, char *out, size_t size)
{
	char *dot = strrchr(name, '.');

	if (!dot || schema_enum_find(e, dot + 1) < 0)
		return;
	snprintf(out, size, "%s", dot + 1);
	*dot = '\0';
}

void values_parse(const char *what, struct values_part *out)
{
	*out = (struct values_part){0};
	if (strcmp(what, "power_w") == 0)
		what = "Power.Active.Import";
	else if (strcmp(what, "import_wh") == 0)
		what = "Energy.Active.Import.Register";
	snprintf(out->measurand, sizeof out->measurand, "%s", what);
	take_suffix(out->measurand, &ocpp201_location_enum, out->location, sizeof out->location);
	take_suffix(out->measurand, &ocpp201_phase_enum, out->phase, sizeof out->phase);
	out->unit = unit_of(out->measurand);
}

static bool may_keep(struct station *s, struct image_point *p, wall_t at)
{
	mono_t now = clock_mono();
	int64_t since_ms = mono_diff_ms(now, s->values.filled);

	if (p->kept_at.ms && llabs(at.ms - p->kept_at.ms) < KEEP_GAP_MS)
		return false;
	if (!s->values.filled.us || since_ms >= VALUES_BURST * 1000 / VALUES_PER_S) {
		s->values.room = VALUES_BURST;
		s->values.filled = now;
	} else if (since_ms * VALUES_PER_S >= 1000) {
		s->values.room += (int)(since_ms * VALUES_PER_S / 1000);
		if (s->values.room > VALUES_BURST)
			s->values.room = VALUES_BURST;
		s->values.filled = now;
	}
	if (!s->values.room)
		return false;
	s->values.room--;
	return true;
}

/* The short names of an EVSE are always recorded: by whoever steers by them, who knows no more than
 * the newest of a message, and here with the others that came in it. */
void values_keep(struct core *c, struct station *s, const struct image_value *v, bool is_steered_by)
{
	bool is_new = !image_find(&c->image, v->name);
	struct image_point *p;

	if (!(fabs(v->value) <= VALUE_MAX))
		return;
	p = image_put(&c->image, v, s->values.points < VALUES_POINTS_MAX);
	if (!p) {
		c->metrics.values_dropped++;
		return;
	}
	s->values.points += is_new;
	if (is_steered_by) {
		if (!v->is_suspect)
			record_sample(c, v->name, v->measured_at, v->value, 0);
		return;
	}
	if (!may_keep(s, p, v->measured_at)) {
		c->metrics.values_dropped++;
		return;
	}
	p->kept_at = v->measured_at;
	record_sample(c, v->name, v->measured_at, v->value, v->is_suspect);
}

static void take_one(struct core *c, struct station *s, int evse,
	const struct ocpp201_sampled_value *v, struct image_value *out)
{
	char what[80], name[IMAGE_NAME_MAX + 60];
	bool is_short = values_name(v, what, sizeof what);

	snprintf(name, sizeof name, "evse/%s/%d/%s", s->id, evse, what);
	out->name = name;
	out->value = samples_value(v);
	out->unit = unit_of(ocpp201_measurand_enum.values[measurand_of(v)]);
	out->context = v->has_context ? ocpp201_reading_context_enum.values[v->context] : "";
	values_keep(c, s, out, is_short && evse > 0);
}

void values_take_other(struct core *c, struct station *s, int evse, const char *measurand,
	const char *location, struct image_value *v)
{
	bool elsewhere = location && strcmp(location, "Outlet") != 0;
	char name[IMAGE_NAME_MAX + 60];

	if (evse && !station_evse(s, evse))
		return;
	snprintf(name, sizeof name, "evse/%s/%d/%s%s%s", s->id, evse, measurand,
		elsewhere ? "." : "", elsewhere ? location : "");
	v->name = name;
	v->unit = unit_of(measurand);
	values_keep(c, s, v, false);
}

void values_take(struct core *c, struct station *s, int evse,
	const struct ocpp201_meter_value_list *values, wall_t now, bool suspect)
{
	if (evse && !station_evse(s, evse))
		return;
	for (size_t i = 0; i < values->count; i++) {
		const struct ocpp201_meter_value *m = &values->items[i];
		struct image_value v = {
			.measured_at = m->timestamp.ms > now.ms ? now : m->timestamp,
			.received_at = now,
			.is_suspect = suspect,
			.source = "station",
		};

		for (size_t j = 0; j < m->sampled_value.count; j++)
			take_one(c, s, evse, &m->sampled_value.items[j], &v);
	}
}

static void fill_signed(const struct ocpp201_meter_value *m, const struct ocpp201_sampled_value *v,
	struct event_signed_reading *out)
{
	double x = samples_value(v);

	*out = (struct event_signed_reading){
		.at = m->timestamp,
		.context = v->has_context ? ocpp201_reading_context_enum.values[v->context] : NULL,
		.measurand = ocpp201_measurand_enum.values[measurand_of(v)],
		.has_value = fabs(x) <= VALUE_MAX,
		.value = x,
		.data = v->signed_meter_value->signed_meter_data,
		.method = v->signed_meter_value->signing_method,
		.encoding = v->signed_meter_value->encoding_method,
		.key = v->signed_meter_value->public_key,
	};
}

bool values_signed(const struct ocpp201_meter_value_list *values, struct arena *a,
	struct event_signed_reading_list *out)
{
	for (size_t i = 0; i < values->count; i++) {
		const struct ocpp201_meter_value *m = &values->items[i];

		for (size_t j = 0; j < m->sampled_value.count; j++) {
			const struct ocpp201_sampled_value *v = &m->sampled_value.items[j];

			if (!v->signed_meter_value || out->count == VALUES_SIGNED_MAX)
				continue;
			if (!out->items)
				out->items = arena_alloc(a, VALUES_SIGNED_MAX * sizeof *out->items);
			if (!out->items)
				return false;
			fill_signed(m, v, &out->items[out->count++]);
		}
	}
	return true;
}

void values_forget(struct core *c, struct station *s)
{
	char prefix[80];

	snprintf(prefix, sizeof prefix, "evse/%s/", s->id);
	image_forget(&c->image, prefix);
	s->values.points = 0;
}
