/* J01 meter values outside of a transaction event, and J02 of stations that send them so. */
#include <stdio.h>
#include "csms/handle/handlers.h"
#include "csms/charging/live.h"
#include "csms/metering/meters.h"
#include "csms/record.h"
#include "csms/metering/samples.h"
#include "csms/station/unread.h"
#include "csms/metering/values.h"

static void sample_series(struct exchange *x, const struct evse *e, const struct samples *m)
{
	char point[120];

	if (m->has_import) {
		snprintf(point, sizeof point, "evse/%s/%d/import_wh", x->station->id, e->id);
		record_sample(x->core, point, m->import_at, m->import_wh, 0);
	}
	if (m->has_power) {
		snprintf(point, sizeof point, "evse/%s/%d/power_w", x->station->id, e->id);
		record_sample(x->core, point, m->power_at, m->power_w, 0);
	}
}

static void fill_times(
	struct event_meter_values_reported *p, const struct ocpp201_meter_value_list *values)
{
	for (size_t i = 0; i < values->count; i++) {
		wall_t at = values->items[i].timestamp;

		if (!p->has_from || at.ms < p->from.ms)
			p->from = at;
		if (!p->has_to || at.ms > p->to.ms)
			p->to = at;
		p->has_from = p->has_to = true;
	}
}

/* What is kept is little: the series have the samples. */
static bool journal(
	struct exchange *x, const struct ocpp201_meter_values_request *r, const struct samples *m)
{
	struct event_meter_values_reported *p = arena_alloc(x->arena, sizeof *p);

	if (!p || !values_signed(&r->meter_value, x->arena, &p->signed_))
		return false;
	p->evse_id = r->evse_id;
	p->samples = m->count;
	fill_times(p, &r->meter_value);
	p->has_meter_wh = p->has_meter_at = p->has_first_meter_wh = m->has_import;
	p->meter_wh = m->import_wh;
	p->meter_at = m->import_at;
	p->first_meter_wh = m->first_import_wh;
	p->has_power_w = m->has_power;
	p->power_w = m->power_w;
	p->has_soc_pct = m->has_soc;
	p->soc_pct = m->soc_pct;
	p->quarantined = m->quarantined;
	handle_journal(x, EVENT_METER_VALUES_REPORTED, p, x->received);
	return true;
}

/* The message says no time of its own: its newest reading tells. */
static wall_t newest(const struct ocpp201_meter_value_list *values)
{
	wall_t at = {0};

	for (size_t i = 0; i < values->count; i++)
		if (values->items[i].timestamp.ms > at.ms)
			at = values->items[i].timestamp;
	return at;
}

void *handle_meter_values(struct exchange *x, const void *request)
{
	const struct ocpp201_meter_values_request *r = request;
	struct evse *e = station_evse(x->station, r->evse_id);
	const struct ocpp201_meter_value_list *values;
	struct samples m;

	x->is_by_our_clock =
		station_clock_is_ours_now(&x->station->clock, newest(&r->meter_value), x->received);
	values = handle_values(x, &r->meter_value);
	if (!values)
		return NULL;
	samples_read(values, x->received, &m);
	values_take(
		x->core, x->station, (int)r->evse_id, values, x->received, m.quarantined != NULL);
	if (x->has_unread)
		unread_measurands(x, x->payload, x->payload_len, r->evse_id);
	if (e && !m.quarantined)
		sample_series(x, e, &m);
	meters_sampled(x->core->meters, x->station->id, (int)r->evse_id, values, x->received);
	if (e)
		live_measured(x, e, &m);
	return journal(x, r, &m)
		       ? arena_alloc(x->arena, sizeof(struct ocpp201_meter_values_response))
		       : NULL;
}
