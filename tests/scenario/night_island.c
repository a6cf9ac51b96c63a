#include "tests/scenario/night_island.h"
#include <math.h>
#include <stdio.h>
#include "modbus/meter_map.h"

#define STORE_PCT 80
#define VOLTS     230

static void pose_meter(
	struct world *w, const struct night *n, int node, const struct meter_reading *reading)
{
	char meter[24];

	snprintf(meter, sizeof meter, "m-%s", n->nodes[node].id);
	world_pose_meter(w, meter, reading);
}

static struct meter_reading shown(const int64_t phase_mw[3], int volts)
{
	struct meter_reading out = {.at_ms = 0};
	double sum = 0;

	for (int p = 0; p < 3; p++) {
		double w = volts ? (double)phase_mw[p] / 1000 : 0;

		sum += w;
		out.values[METER_QUANTITY_VOLTAGE_L1_V + p] =
			(struct meter_value){volts, METER_GOOD};
		out.values[METER_QUANTITY_POWER_L1_W + p] = (struct meter_value){w, METER_GOOD};
		out.values[METER_QUANTITY_CURRENT_L1_A + p] =
			(struct meter_value){fabs(w) / VOLTS, METER_GOOD};
	}
	out.values[METER_QUANTITY_POWER_W] = (struct meter_value){sum, METER_GOOD};
	return out;
}

void night_step_island(struct world *w, const struct night *n, const struct trouble *t)
{
	struct plant_node site = plant_node_at(world_plant(w), 0),
			  store = plant_node_at(world_plant(w), t->target);
	struct meter_reading grid = shown(site.phase_mw, 0), fed;
	int64_t phase_mw[3];

	for (int p = 0; p < 3; p++)
		phase_mw[p] = store.phase_mw[p] - site.phase_mw[p];
	fed = shown(phase_mw, VOLTS);
	fed.values[METER_QUANTITY_SOC_PCT] = (struct meter_value){STORE_PCT, METER_GOOD};
	pose_meter(w, n, 0, &grid);
	pose_meter(w, n, t->target, &fed);
}

void night_end_island(struct world *w, const struct night *n, const struct trouble *t)
{
	pose_meter(w, n, 0, NULL);
	pose_meter(w, n, t->target, NULL);
}
