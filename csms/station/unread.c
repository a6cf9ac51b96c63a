#include "csms/station/unread.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/handle/handlers.h"
#include "csms/log.h"
#include "csms/record.h"
#include "csms/metering/samples.h"
#include "csms/metering/values.h"
#include "gen/loose.h"
#include "gen/ocpp16.h"

/* -- telling ---------------------------------------------------------------------------------- */

/* The kind of a fault: its action and path, whatever the places in lists. */
static unsigned kind_of(const char *action, const struct schema_error *e)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (const char *s = action; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	for (const char *s = e->path; *s; s++)
		if (!isdigit((unsigned char)*s))
			h = (h ^ (unsigned char)*s) * 16777619u;
	return (h ^ h >> 16) & 63;
}

static void journal(struct exchange *x, const struct schema_notes *notes, const char *first)
{
	struct event_parts_unread *p = arena_alloc(x->arena, sizeof *p);

	if (!p)
		return;
	p->action = arena_strdup(x->arena, x->action);
	p->parts = (int64_t)notes->count;
	p->first = first;
	handle_journal(x, EVENT_PARTS_UNREAD, p, x->received);
}

void unread_tell(struct exchange *x, const struct schema_notes *notes)
{
	const struct schema_error *e = &notes->items[0];
	uint64_t kind;
	const char *first;

	if (!notes->count)
		return;
	x->core->metrics.parts_unread += (int64_t)notes->count;
	first = arena_printf(x->arena, "%s: %s", e->path, e->message);
	if (!first)
		return;
	record_verdict(x->core, x->message_id,
		notes->count == 1 ? arena_printf(x->arena, "left out: %s", first)
				  : arena_printf(x->arena, "left out: %s, and %zu more", first,
					    notes->count - 1));
	kind = UINT64_C(1) << kind_of(x->action, e);
	if (x->session->unread & kind)
		return;
	x->session->unread |= kind;
	journal(x, notes, first);
	log_warn("station %s: %s: %zu parts could not be read and were left out: %s",
		x->station->id, x->action, notes->count, first);
}

/* -- reading again ---------------------------------------------------------------------------- */

static const struct loose_message *read_again(
	const struct exchange *x, const char *text, size_t len)
{
	struct schema_notes notes;
	struct schema_error err;

	return schema_decode_lenient(&loose_message_type, text, len, x->arena, &notes, &err);
}

bool unread_token(const struct exchange *x)
{
	const struct loose_message *m =
		x->has_unread ? read_again(x, x->payload, x->payload_len) : NULL;

	return m && m->id_token;
}

/* In 2.0.1 a number, in 1.6 a text that holds one. */
static bool read_value(const char *json, double *out)
{
	bool is_text = *json == '"';
	const char *s = json + is_text;
	char *end;

	if (!strchr("+-.0123456789", *s))
		return false;
	*out = strtod(s, &end);
	return end != s && (is_text ? strcmp(end, "\"") == 0 : !*end);
}

/* A name of which nobody can make anything but a name. */
static bool is_name(const char *s)
{
	return !s || s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				 "0123456789.-_")] == '\0';
}

static bool is_makers(const char *measurand)
{
	return is_name(measurand) && schema_enum_find(&ocpp201_measurand_enum, measurand) < 0 &&
	       schema_enum_find(&ocpp16_measurand_enum, measurand) < 0;
}

/* Names of ours (power_w) are small letters and underscores: nobody else's may be taken for one. */
static bool is_like_ours(const char *s)
{
	return s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

static const char *unit_of(const struct loose_sampled_value *v)
{
	const char *unit = v->unit_of_measure ? v->unit_of_measure->unit : v->unit;

	return unit && strlen(unit) < IMAGE_UNIT_MAX ? unit : "";
}

static void take_one(struct exchange *x, const struct loose_sampled_value *v, int64_t evse,
	struct image_value *out)
{
	struct ocpp201_unit_of_measure unit = {0};
	struct ocpp201_sampled_value as = {.unit_of_measure = &unit};
	bool elsewhere = v->location && strcmp(v->location, "Outlet") != 0;
	char what[61]; /* as long as the name of any measurand may be shown; cut beyond */

	if (!is_makers(v->measurand) || !is_name(v->phase) || !is_name(v->location) ||
		!read_value(v->value, &as.value))
		return;
	if (v->unit_of_measure) {
		unit.has_multiplier = v->unit_of_measure->has_multiplier;
		unit.multiplier = v->unit_of_measure->multiplier;
	}
	snprintf(what, sizeof what, "%s%s%s%s%s%s", is_like_ours(v->measurand) ? "vendor." : "",
		v->measurand, v->phase ? "." : "", v->phase ? v->phase : "", elsewhere ? "." : "",
		elsewhere ? v->location : "");
	out->name = arena_printf(x->arena, "evse/%s/%d/%s", x->station->id, (int)evse, what);
	out->unit = unit_of(v);
	out->value = samples_value(&as); /* in the maker's unit, less its multiplier */
	if (out->name)
		values_keep(x->core, x->station, out, false);
}

static void take_all(struct exchange *x, const struct loose_meter_value_list *values, int64_t evse)
{
	for (size_t i = 0; i < values->count; i++) {
		const struct loose_meter_value *m = &values->items[i];
		struct image_value v = {
			.measured_at = handle_when(x, m->timestamp),
			.received_at = x->received,
			.context = "",
			.source = "station",
		};

		for (size_t j = 0; j < m->sampled_value.count; j++)
			take_one(x, &m->sampled_value.items[j], evse, &v);
	}
}

void unread_measurands(struct exchange *x, const char *text, size_t len, int64_t evse)
{
	const struct loose_message *m;

	if (evse && !station_evse(x->station, evse))
		return;
	m = read_again(x, text, len);
	if (!m)
		return;
	take_all(x, &m->meter_value, evse);
	take_all(x, &m->transaction_data, evse);
}
