#include "modbus/meter_check.h"

#include <math.h>
#include <string.h>

#define POWER_MAX_W  100e6
#define ENERGY_SLACK 100e3 /* Wh: meters that count in coarse steps */
#define MS_PER_HOUR  3600e3

#define BALANCE_MS    600000 /* shortest window of energy against power */
#define BALANCE_WH    10e3 /* and what must have flown: registers count in up to 1 kWh */
#define BALANCE_SHARE 0.2 /* of it that they may differ */
#define BALANCE_GAP   300000 /* ms between readings over which nothing can be integrated */

#define STILL_MS    60000 /* for so long the same: it hangs, or its registers are coarse … */
#define STILL_STEPS 2 /* … which is told by so many of their steps */

#define FROZEN_LEAST_W 2000 /* less may be what a feeder where nobody charges takes all night */

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
	[METER_QUANTITY_SOC_PCT] = {0, 110},
	[METER_QUANTITY_CAPACITY_WH] = {0, 1e10},
	[METER_QUANTITY_STORED_WH] = {0, 1e10},
	[METER_QUANTITY_CHARGE_MAX_W] = {0, POWER_MAX_W},
	[METER_QUANTITY_DISCHARGE_MAX_W] = {0, POWER_MAX_W},
	[METER_QUANTITY_AVAILABLE_W] = {0, POWER_MAX_W},
	[METER_QUANTITY_STATE] = {0, 65535},
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

/* ---- energy against power ---- */

static void remember_last(struct meter_balance *b, const struct meter_reading *r)
{
	b->last_ms = r->at_ms;
	b->last_w = r->values[METER_QUANTITY_POWER_W].value;
	b->last_wh[0] = r->values[METER_QUANTITY_IMPORT_WH].value;
	b->last_wh[1] = r->values[METER_QUANTITY_EXPORT_WH].value;
}

static void open_window(struct meter_balance *b, const struct meter_reading *r)
{
	b->is_open = true;
	b->from_ms = b->moved_ms = r->at_ms;
	remember_last(b, r);
	b->plus_wh = b->minus_wh = 0;
	b->import = r->values[METER_QUANTITY_IMPORT_WH];
	b->export = r->values[METER_QUANTITY_EXPORT_WH];
}

/* Is the reading one that continues the window? */
static bool continues(const struct meter_balance *b, const struct meter_reading *r)
{
	const struct meter_value *v = r->values;
	return b->is_open && r->at_ms >= b->last_ms && r->at_ms - b->last_ms <= BALANCE_GAP &&
	       v[METER_QUANTITY_IMPORT_WH].quality == b->import.quality &&
	       v[METER_QUANTITY_EXPORT_WH].quality == b->export.quality;
}

static void integrate(struct meter_balance *b, const struct meter_reading *r)
{
	double w = r->values[METER_QUANTITY_POWER_W].value;
	double wh = (b->last_w + w) / 2 * (double)(r->at_ms - b->last_ms) / MS_PER_HOUR;
	*(wh > 0 ? &b->plus_wh : &b->minus_wh) += fabs(wh);
}

/* The greater of the steps that the registers made since the reading before. */
static double leap(const struct meter_balance *b, const struct meter_reading *r)
{
	double import = fabs(r->values[METER_QUANTITY_IMPORT_WH].value - b->last_wh[0]);
	double export = fabs(r->values[METER_QUANTITY_EXPORT_WH].value - b->last_wh[1]);
	return fmax(import, export);
}

/* Until now it said the same for long, and that is not for its registers being coarse: what flowed
 * meanwhile is in one of the two sums and not in the other. */
static bool has_hung(const struct meter_balance *b, double leap_wh)
{
	int64_t still_ms = b->last_ms - b->moved_ms;
	double shown_wh = fabs(b->last_w) * (double)still_ms / MS_PER_HOUR;
	return still_ms >= STILL_MS && fmax(leap_wh, shown_wh) > (STILL_STEPS - 0.5) * b->step_wh;
}

/* A register that is not there takes no part, nor does the flow that it would count. */
static void conclude(struct meter_balance *b, const struct meter_reading *r)
{
	double counted = 0, drawn = 0, flown = 0;
	if (b->import.quality == METER_GOOD) {
		counted += r->values[METER_QUANTITY_IMPORT_WH].value - b->import.value;
		drawn += b->plus_wh;
		flown += b->plus_wh;
	}
	if (b->export.quality == METER_GOOD) {
		counted -= r->values[METER_QUANTITY_EXPORT_WH].value - b->export.value;
		drawn -= b->minus_wh;
		flown += b->minus_wh;
	}
	if (r->at_ms - b->from_ms < BALANCE_MS || fmax(flown, fabs(counted)) < BALANCE_WH)
		return;
	bool is_odd = fabs(counted - drawn) > BALANCE_SHARE * fmax(flown, fabs(counted));
	b->odd = 0;
	if (is_odd)
		b->odd = fabs(drawn) > 1 ? counted / drawn : counted;
	b->is_power_low = is_odd && counted > drawn;
	open_window(b, r);
}

static void continue_window(struct meter_balance *b, const struct meter_reading *r)
{
	double leap_wh = leap(b, r);
	double change_w = fabs(r->values[METER_QUANTITY_POWER_W].value - b->last_w);
	bool moves = leap_wh > 0 || change_w > 0;
	if (moves && has_hung(b, leap_wh))
		b->settles_ms = r->at_ms + STILL_MS; /* its registers may come later */
	if (leap_wh > 0 && (b->step_wh <= 0 || leap_wh < b->step_wh))
		b->step_wh = leap_wh;
	if (r->at_ms < b->settles_ms) {
		open_window(b, r);
		return;
	}
	integrate(b, r);
	remember_last(b, r);
	if (moves)
		b->moved_ms = r->at_ms;
	if (r->at_ms - b->moved_ms < STILL_MS)
		conclude(b, r);
}

static void check_balance(struct meter_balance *b, struct meter_reading *r)
{
	struct meter_value *v = r->values;
	bool has_energy = v[METER_QUANTITY_IMPORT_WH].quality == METER_GOOD ||
			  v[METER_QUANTITY_EXPORT_WH].quality == METER_GOOD;
	if (v[METER_QUANTITY_POWER_W].quality != METER_GOOD || !has_energy) {
		b->is_open = false;
	} else if (r->is_rebased || !continues(b, r)) {
		open_window(b, r);
	} else {
		continue_window(b, r);
	}
	r->odd = b->odd;
	if (fpclassify(b->odd) == FP_ZERO)
		return;
	int last = b->is_power_low ? METER_QUANTITY_POWER_L3_W : -1;
	for (int q = METER_QUANTITY_POWER_W; q < METER_QUANTITIES; q++) {
		bool is_energy = q == METER_QUANTITY_IMPORT_WH || q == METER_QUANTITY_EXPORT_WH;
		if ((q <= last || is_energy) && v[q].quality == METER_GOOD)
			v[q].quality = METER_SUSPECT;
	}
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

/* Real load is never the same to the digit for minutes; none at all is, as is a small standby, and
 * many a meter tells nothing else that would move (no voltages, energy in whole kWh). */
static bool carries_load(const struct meter_reading *r)
{
	double w;

	return meter_reading_get(r, METER_QUANTITY_POWER_W, &w) && fabs(w) > FROZEN_LEAST_W;
}

static void check_frozen(struct meter_history *h, struct meter_reading *r, int64_t frozen_ms)
{
	if (!h->has_previous || !is_same(h->previous, r->values))
		h->changed_at_ms = r->at_ms;
	h->has_previous = true;
	memcpy(h->previous, r->values, sizeof(h->previous));
	r->changed_at_ms = h->changed_at_ms;
	if (frozen_ms <= 0 || r->at_ms - h->changed_at_ms < frozen_ms || !carries_load(r))
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
	check_balance(&h->balance, r);
	check_frozen(h, r, frozen_ms);
}
