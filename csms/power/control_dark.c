/* Power cuts: what a meter with a supply of its own tells of a feeder that has none. */
#include "csms/power/control_private.h"
#include "csms/metering/meters.h"
#include "csms/power/safety.h"

#define GONE_PCT  20 /* of the nominal voltage: less is no power */
#define THERE_PCT 70

/* All phases that the meter tells must be gone, or any there. */
enum ramp_volts control_volts(const struct control *k, const struct meter *m)
{
	static const enum meter_quantity phases[] = {METER_QUANTITY_VOLTAGE_L1_V,
		METER_QUANTITY_VOLTAGE_L2_V, METER_QUANTITY_VOLTAGE_L3_V};
	double nominal = (double)k->core->depot->voltage_v, most = -1, v;

	if (meter_seen_age_ms(m) > k->core->config->control->stale_hold_s * 1000)
		return RAMP_VOLTS_UNKNOWN;
	for (int i = 0; i < 3; i++)
		if (meter_reading_get(&m->seen, phases[i], &v) && v > most)
			most = v;
	if (most < 0)
		return RAMP_VOLTS_UNKNOWN;
	if (most * 100 < nominal * GONE_PCT)
		return RAMP_VOLTS_GONE;
	return most * 100 >= nominal * THERE_PCT ? RAMP_VOLTS_THERE : RAMP_VOLTS_UNKNOWN;
}

bool control_is_dark(const struct control *k, int node)
{
	return k->doubt[node].belief == BELIEF_DARK && k->node_in[node].quality == GUARD_FRESH;
}

bool control_is_dark_evse(const struct control *k, int evse)
{
	for (int v = grid_tree_evse_node(k->tree, evse); v >= 0;
		v = grid_tree_node(k->tree, v)->parent)
		if (control_is_dark(k, v))
			return !control_fed_below(k, v);
	return false;
}

bool control_is_of_before(const struct control *k, int evse)
{
	for (int v = grid_tree_evse_node(k->tree, evse); v >= 0;
		v = grid_tree_node(k->tree, v)->parent) {
		int64_t lit_ms = k->doubt[v].lit_ms;

		if (lit_ms && safety_heard_ms(k->safety, evse) < lit_ms && !control_fed_below(k, v))
			return true;
	}
	return false;
}

/* When the voltage comes back the ramp holds them (scheduler/ramp.h). */
void control_darken(struct control *k, int64_t now_ms)
{
	for (int i = 0; i < k->evses; i++) {
		struct guard_evse_in *in = &k->evse_in[i];

		if (!control_is_dark_evse(k, i))
			continue;
		in->commanded_w = in->wanted_w = in->measured_w = in->uncontrolled_w = 0;
		in->measured_ms = now_ms;
		in->unanswered = in->has_phases = false;
	}
}
