/* What the meters of a world show, and how they lie. */
#include <check.h>
#include <math.h>
#include <string.h>
#include "csms/metering/meters.h"
#include "tests/scenario/world_private.h"

#define FROZEN_MS 300000 /* as csms/metering/meters.c gives it to its pollers */
#define JUMP_W    150000.0
#define VOLTS     230 /* of the depots here */

void world_bind_meters(struct world *w)
{
	ck_assert_int_le(meters_count(w->core.meters), METERS_MAX);
	for (int i = 0; i < meters_count(w->core.meters); i++) {
		struct meter_state *m = &w->meters[i];

		meter_history_init(&m->history);
		m->node = meters_at(w->core.meters, i)->node;
	}
}

/* What it shows of what flows. */
static const double factors[] = {
	[WORLD_METER_FINE] = 1,
	[WORLD_METER_SILENT] = 1,
	[WORLD_METER_FROZEN] = 1,
	[WORLD_METER_ZERO] = 0,
	[WORLD_METER_REVERSED] = -1,
	[WORLD_METER_KILO] = 0.001,
	[WORLD_METER_MILLI] = 1000,
	[WORLD_METER_DARK] = 0,
	[WORLD_METER_JUMPING] = 1,
	[WORLD_METER_PLAIN] = 1,
	[WORLD_METER_HUNG] = 1,
	[WORLD_METER_SWAPPED] = 1,
};

static void put_meter(struct world *w, int i)
{
	struct meter_state *m = &w->meters[i];
	struct plant_node n = plant_node_at(w->plant, m->node);
	double power = (double)n.now_mw / 1000;
	struct meter_reading r = {.at_ms = w->now_ms + w->skew_ms};
	double sign = factors[m->how];
	/* Far too much, or as if the depot fed in: the second is the one that could do harm. */
	double jump = m->how != WORLD_METER_JUMPING || w->now_ms / 1000 % 7 ? 0
		      : w->now_ms / 7000 % 2                                ? JUMP_W
									    : -JUMP_W;

	if (!m->poses && m->how != WORLD_METER_DARK)
		m->import_wh += power / 3600;
	if (m->how != WORLD_METER_FROZEN && m->how != WORLD_METER_HUNG) {
		m->frozen_w = power;
		for (int p = 0; p < 3; p++)
			m->frozen_phase_w[p] = (double)n.phase_mw[p] / 1000;
		if (sign > 0)
			m->frozen_wh = m->import_wh;
	}
	if (m->how == WORLD_METER_SILENT || !w->is_alive)
		return;
	if (m->poses) {
		m->pose.at_ms = m->pose.changed_at_ms = w->now_ms + w->skew_ms;
		meters_put(w->core.meters, i, &m->pose);
		return;
	}
	r.values[METER_QUANTITY_POWER_W] =
		(struct meter_value){sign * m->frozen_w + jump, METER_GOOD};
	for (int p = 0; p < 3; p++) {
		int sees = m->how == WORLD_METER_SWAPPED && p < 2 ? 1 - p : p;
		double x = sign * m->frozen_phase_w[sees] + jump / 3;
		double volts = m->how == WORLD_METER_DARK
				       ? 0
				       : VOLTS + (double)(w->now_ms / 1000 * (p + 3) % 17) / 10;

		if (m->how != WORLD_METER_PLAIN && m->how != WORLD_METER_HUNG)
			r.values[METER_QUANTITY_VOLTAGE_L1_V + p] =
				(struct meter_value){volts, METER_GOOD};
		r.values[METER_QUANTITY_POWER_L1_W + p] = (struct meter_value){x, METER_GOOD};
		r.values[METER_QUANTITY_CURRENT_L1_A + p] =
			(struct meter_value){fabs(x) / VOLTS, METER_GOOD};
	}
	r.values[METER_QUANTITY_IMPORT_WH] = (struct meter_value){m->frozen_wh, METER_GOOD};
	meter_history_check(&m->history, &r, FROZEN_MS);
	meters_put(w->core.meters, i, &r);
}

static struct meter_state *find_meter(struct world *w, const char *meter)
{
	for (int i = 0; i < METERS_MAX; i++) {
		const char *id = plant_node_at(w->plant, w->meters[i].node).meter;

		if (id && strcmp(id, meter) == 0)
			return &w->meters[i];
	}
	ck_abort_msg("there is no meter %s", meter);
	return NULL;
}

void world_set_meter(struct world *w, const char *meter, enum world_meter how)
{
	find_meter(w, meter)->how = how;
}

void world_pose_meter(struct world *w, const char *meter, const struct meter_reading *r)
{
	struct meter_state *m = find_meter(w, meter);

	m->poses = r != NULL;
	if (r)
		m->pose = *r;
}

void world_read_meters(struct world *w)
{
	for (int i = 0; i < METERS_MAX && w->meters[i].node >= 0; i++)
		put_meter(w, i);
}
