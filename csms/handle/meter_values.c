/* J01 meter values outside of a transaction event, and J02 of stations that send them so. */
#include <stdio.h>
#include "csms/control.h"
#include "csms/evse_phases.h"
#include "csms/handle/handlers.h"
#include "csms/meters.h"
#include "csms/record.h"
#include "csms/samples.h"
#include "csms/values.h"

void *handle_meter_values(struct exchange *x, const void *request)
{
	const struct ocpp201_meter_values_request *r = request;
	struct evse *e = station_evse(x->station, r->evse_id);
	struct samples m;
	char point[120];

	samples_read(&r->meter_value, x->received, &m);
	values_take(x->core, x->station, (int)r->evse_id, &r->meter_value, x->received,
		m.quarantined != NULL);
	if (e && m.has_import && !m.quarantined) {
		snprintf(point, sizeof point, "evse/%s/%d/import_wh", x->station->id, e->id);
		record_sample(x->core, point, m.import_at, m.import_wh, 0);
	}
	meters_sampled(
		x->core->meters, x->station->id, (int)r->evse_id, &r->meter_value, x->received);
	if (e)
		evse_phases_take(e, &m);
	if (e && m.has_power && !m.quarantined && m.power_at.ms >= e->power_w.at.ms) {
		e->power_w = (struct reading){m.power_w, m.power_at};
		snprintf(point, sizeof point, "evse/%s/%d/power_w", x->station->id, e->id);
		record_sample(x->core, point, m.power_at, m.power_w, 0);
		fleet_touch(&x->core->fleet, x->station);
		control_load_changed(x->core->control);
	}
	return handle_reported(x, request);
}
