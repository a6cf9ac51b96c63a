/* How a meter is read, as text: of two rows that read the same it is the same. */
#include "csms/metering/meters.h"

/* What counts unwritten counts the same written down. */
static void write_out(
	struct depot_meter *row, struct depot_meter_tcp *tcp, struct depot_meter_rtu *rtu)
{
	row->has_unit = row->has_ratio = row->has_reversed = true;
	row->has_sunspec_model = row->has_sunspec_instance = true;
	if (row->tcp) {
		*tcp = *row->tcp;
		tcp->has_port = true;
		row->tcp = tcp;
	}
	if (row->rtu) {
		*rtu = *row->rtu;
		rtu->has_baud = rtu->has_parity = rtu->has_stop_bits = true;
		row->rtu = rtu;
	}
}

char *meter_wire(struct arena *a, const struct depot_meter *of)
{
	struct depot_meter row = *of;
	struct depot_meter_tcp tcp;
	struct depot_meter_rtu rtu;

	write_out(&row, &tcp, &rtu);
	row.name = NULL;
	row.has_poll_ms = row.has_timeout_ms = false;
	return schema_text(a, &depot_meter_type, &row);
}
