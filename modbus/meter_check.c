#include "modbus/meter_check.h"

#include <math.h>
#include <string.h>

#define POWER_MAX_W  100e6
#define ENERGY_SLACK 100e3 /* Wh: meters that count in coarse steps */
#define MS_PER_HOUR  3600e3

/* Bounds of believable values. Wide on purpose: they catch a wrong word order, scale or address,
 * not a busy day. Zero always passes: a dead phase has no frequency. */
static const struct bound_row {
	double low, high;
} bounds[METER_QUANTITIES] = {
	[METER_QUANTITY_POWER_W] = {-POWER_MAX_W, POWER_MAX_W},
	[METER_QUANTITY_POWER_L1_W] = {-POWER_MAX_W, POWER_MAX_W},
	[METER_QUANTITY_POWER_L2_W] = {-POWER_MAX_W, POWER_MAX_W},
	[METER_QUANTITY_POWER_L3_W] = {-POWER_MAX_W, POWER_MAX_W},
	[METER_QUANTITY_VOLTAGE_L1_V] = {0, 60e3},
	[METER_QUANTITY_VOLTAGE_L2_V] = {0, 60e3},
	[METER_QUANTITY_VOLTAGE_L3_V] = {0, 60e3},
	[METER_QUANTITY_CURRENT_L1_A] = {-100e3, 100e3},
	[METER_QUANTITY_CURRENT_L2_A] = {-100e3, 100e3},
	[METER_QUANTITY_CURRENT_L3_A] = {-100e3, 100e3},
	[METER_QUANTITY_FREQUENCY_HZ] = {40, 70},
	[METER_QUANTITY_IMPORT_WH] = {0, 1e13},
	[METER_QUANTITY_EXPORT_WH] = {0, 1e13},
};

void meter_history_init(struct meter_history *h)
{
	memset(h, 0, sizeof(*h));
}

static void check_bounds(struct meter_reading *r)
{
	for (int q = 0; q < METER_QUANTITIES; q++) {
		struct meter_value *v = &r->values[q];
		bool is_zero = fpclassify(v->value) == FP_ZERO;
		bool is_within = v->value >= bounds[q].low && v->value <= bounds[q].high;
		if (v->quality == METER_GOOD && !is_zero && !is_within)
			v->quality = METER_SUSPECT;
	}
}

/* Can a register go from one value to the other in that time? */
static bool is_step_plausible(double from_wh, int64_t from_ms, double to_wh, int64_t to_ms)
{
	double hours = to_ms > from_ms ? (double)(to_ms - from_ms) / MS_PER_HOUR : 0;
	double rise = to_wh - from_wh;
	return rise >= 0 && rise <= ENERGY_SLACK + POWER_MAX_W * hours;
}

static void believe(struct meter_energy *e, double wh, int64_t ms)
{
	*e = (struct meter_energy){.has_last = true, .last_wh = wh, .last_ms = ms};
}

/* True if the register begins anew with this value. */
static bool check_energy(struct meter_energy *e, struct meter_value *v, int64_t ms)
{
	if (v->quality != METER_GOOD)
		return false;
	if (!e->has_last || is_step_plausible(e->last_wh, e->last_ms, v->value, ms)) {
		believe(e, v->value, ms);
		return false;
	}
	bool is_consistent =
		e->odd_count > 0 && is_step_plausible(e->odd_wh, e->odd_ms, v->value, ms);
	e->odd_count = is_consistent ? e->odd_count + 1 : 1;
	e->odd_wh = v->value;
	e->odd_ms = ms;
	if (e->odd_count >= METER_REBASE_READINGS) {
		believe(e, v->value, ms);
		return true;
	}
	v->quality = METER_SUSPECT;
	return false;
}

static bool is_same(const struct meter_value *a, const struct meter_value *b)
{
	for (int q = 0; q < METER_QUANTITIES; q++) {
		bool has_a = a[q].quality != METER_ABSENT, has_b = b[q].quality != METER_ABSENT;
		if (has_a != has_b)
			return false;
		if (has_a && memcmp(&a[q].value, &b[q].value, sizeof(double)) != 0)
			return false;
	}
	return true;
}

static void check_frozen(struct meter_history *h, struct meter_reading *r, int64_t frozen_ms)
{
	if (!h->has_previous || !is_same(h->previous, r->values))
		h->changed_at_ms = r->at_ms;
	h->has_previous = true;
	memcpy(h->previous, r->values, sizeof(h->previous));
	r->changed_at_ms = h->changed_at_ms;
	if (frozen_ms <= 0 || r->at_ms - h->changed_at_ms < frozen_ms)
		return;
	for (int q = 0; q < METER_QUANTITIES; q++) {
		if (r->values[q].quality == METER_GOOD)
			r->values[q].quality = METER_SUSPECT;
	}
}

void meter_history_check(struct meter_history *h, struct meter_reading *r, int64_t frozen_ms)
{
	struct meter_value *import = &r->values[METER_QUANTITY_IMPORT_WH];
	struct meter_value *export = &r->values[METER_QUANTITY_EXPORT_WH];
	check_bounds(r);
	bool import_anew = check_energy(&h->import, import, r->at_ms);
	bool export_anew = check_energy(&h->export, export, r->at_ms);
	r->is_rebased = import_anew || export_anew;
	check_frozen(h, r, frozen_ms);
}
