/* What the newest reading of a meter is worth: how old it is, and what is wrong with it. */
#include <stdio.h>
#include "csms/clock.h"
#include "csms/meters.h"

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

static bool is_suspect(const struct meter_reading *r, enum meter_quantity q)
{
	return r->values[q].quality == METER_SUSPECT;
}

const char *meter_note(const struct meter *k, char out[200])
{
	const struct meter_reading *r = &k->seen;
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
	else if (is_suspect(r, METER_QUANTITY_POWER_W))
		snprintf(out, 200,
			"its power is not believed: impossible, or nothing has changed for minutes");
	else if (is_suspect(r, METER_QUANTITY_IMPORT_WH) && k->last_at.ms == k->seen_at.ms)
		snprintf(out, 200, "its import register is not believed");
	return out;
}
