/* What the newest reading of a meter is worth: how old it is, and what is wrong with it. */
#include <math.h>
#include <stdio.h>
#include "csms/clock.h"
#include "csms/metering/meters.h"

#define STILL_MS 60000 /* far less than it takes until it is not believed for that */

/* A few polls may be lost before a meter counts as silent; polls come in real time. */
bool meter_is_fresh(const struct meter *k)
{
	double speed = k->charger ? 1 : clock_speed();
	int64_t patience_ms = (int64_t)((double)(3 * k->row->poll_ms + 5000) * speed);
	bool says_power = k->seen.values[METER_QUANTITY_POWER_W].quality != METER_ABSENT;

	return (says_power ? meter_age_ms(k) : meter_seen_age_ms(k)) <= patience_ms;
}

int64_t meter_age_ms(const struct meter *k)
{
	return k->last_at.ms ? mono_diff_ms(clock_mono(), k->last_mono) : INT64_MAX;
}

int64_t meter_seen_age_ms(const struct meter *k)
{
	return k->seen_at.ms ? mono_diff_ms(clock_mono(), k->seen_mono) : INT64_MAX;
}

int64_t meter_still_ms(const struct meter *k)
{
	return k->last_at.ms ? mono_diff_ms(clock_mono(), k->moved) : INT64_MAX;
}

bool meter_differs(const struct meter_reading *a, const struct meter_reading *b)
{
	for (int q = 0; q < METER_QUANTITIES; q++) {
		bool counts =
			q == METER_QUANTITY_IMPORT_WH || q == METER_QUANTITY_EXPORT_WH ||
			(q >= METER_QUANTITY_POWER_W && q <= METER_QUANTITY_POWER_L3_W) ||
			(q >= METER_QUANTITY_CURRENT_L1_A && q <= METER_QUANTITY_CURRENT_L3_A);
		bool is_in_a = a->values[q].quality != METER_ABSENT;
		bool is_in_b = b->values[q].quality != METER_ABSENT;

		if (counts && (is_in_a != is_in_b || (is_in_a && fabs(a->values[q].value -
									 b->values[q].value) > 0)))
			return true;
	}
	return false;
}

static bool is_suspect(const struct meter_reading *r, enum meter_quantity q)
{
	return r->values[q].quality == METER_SUSPECT;
}

const char *meter_note(const struct meter *k, char out[200])
{
	const struct meter_reading *r = &k->seen;
	int64_t still_ms = r->changed_at_ms ? r->at_ms - r->changed_at_ms : 0;
	double odd = r->odd;
	bool is_odd = odd < 0 || odd > 0;

	out[0] = '\0';
	if (is_odd && odd > 0)
		snprintf(out, 200,
			"its energy registers counted %.3g times what its power adds up to%s: wrong "
			"scale, ratio or register map",
			odd,
			is_suspect(r, METER_QUANTITY_POWER_W)
				? ""
				: ", which is believed, and they are not");
	else if (is_odd)
		snprintf(out, 200,
			"its energy registers count the other way round than its power: wrong sign or "
			"register map");
	else if (is_suspect(r, METER_QUANTITY_POWER_W) && still_ms >= STILL_MS)
		snprintf(out, 200,
			"its power is not believed: nothing that it shows has changed for %lld min",
			(long long)(still_ms / 60000));
	else if (is_suspect(r, METER_QUANTITY_POWER_W))
		snprintf(out, 200, "its power is not believed: no depot carries so much");
	else if (is_suspect(r, METER_QUANTITY_IMPORT_WH) && k->last_at.ms == k->seen_at.ms)
		snprintf(out, 200, "its import register is not believed");
	return out;
}
